"""File dialogs: each asks for one thing, opens where the last one was found, and remembers."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from ftgui.gui import settings

WEIGHTS_SUFFIXES = (".pth", ".pt", ".th", ".tar", ".ckpt", ".bin", ".safetensors")


def choose_dataset(parent: QWidget) -> str:
    """Ask for a folder of pictures; return its path, "" where the user gave up."""
    start = settings.read_text("last_dataset", str(Path.home()))
    path = QFileDialog.getExistingDirectory(parent, parent.tr("Choose the folder of pictures"), start)
    if path:
        settings.write("last_dataset", path)
    return path


def choose_weights(parent: QWidget) -> str:
    """Ask for a weights file; return its path, "" where the user gave up."""
    start = settings.read_text("last_weights", str(Path.home()))
    kinds = f"{parent.tr('Weights')} ({' '.join(f'*{suffix}' for suffix in WEIGHTS_SUFFIXES)})"
    path, _ = QFileDialog.getOpenFileName(
        parent, parent.tr("Choose the weights file"), start, f"{kinds};;{parent.tr('All files')} (*)"
    )
    if path:
        settings.write("last_weights", str(Path(path).parent))
    return path


def choose_project(parent: QWidget) -> Path | None:
    """Ask for the folder of a project."""
    start = settings.read_text("last_project_place", str(Path.home()))
    path = QFileDialog.getExistingDirectory(parent, parent.tr("Choose the folder of a project"), start)
    if not path:
        return None
    settings.write("last_project_place", str(Path(path).parent))
    return Path(path)


def choose_new_project(parent: QWidget) -> Path | None:
    """Ask for a new folder for the project."""
    start = Path(settings.read_text("last_project_place", str(Path.home()))) / parent.tr("my-project")
    path, _ = QFileDialog.getSaveFileName(
        parent, parent.tr("A new folder for the project"), str(start), options=QFileDialog.Option.ShowDirsOnly
    )
    if not path:
        return None
    settings.write("last_project_place", str(Path(path).parent))
    return Path(path)


def choose_run(parent: QWidget, runs_folder: Path) -> Path | None:
    """Ask for the folder of a run."""
    path = QFileDialog.getExistingDirectory(parent, parent.tr("Choose a run folder"), str(runs_folder))
    return Path(path) if path else None


def choose_comparison(parent: QWidget, folder: Path) -> Path | None:
    """Ask for the folder of a comparison."""
    path = QFileDialog.getExistingDirectory(parent, parent.tr("Choose a comparison's folder"), str(folder))
    return Path(path) if path else None


def choose_export(parent: QWidget, run: str) -> Path | None:
    """Ask for a new folder for the export of the run called ``run``."""
    start = Path(settings.read_text("last_export", str(Path.home()))) / f"{run}-export"
    path, _ = QFileDialog.getSaveFileName(
        parent, parent.tr("A new folder for the export"), str(start), options=QFileDialog.Option.ShowDirsOnly
    )
    if not path:
        return None
    settings.write("last_export", str(Path(path).parent))
    return Path(path)
