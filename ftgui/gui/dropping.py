"""What is dropped onto the window: which path, and what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from PySide6.QtCore import QMimeData

from ftgui.data.lists import is_list
from ftgui.runs.comparison import COMPARISON
from ftgui.runs.project import is_project
from ftgui.runs.store import EVENTS


def dropped_path(mime: QMimeData) -> Path | None:
    """Return the one local file or folder that is dropped; None for anything else."""
    urls = mime.urls()
    return Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None


def kind_of(path: Path) -> Literal["project", "run", "comparison", "dataset", "weights"]:
    """Return what a path is taken for: a project, a run or a comparison, pictures, or a weights file."""
    if not path.is_dir():
        return "dataset" if is_list(path.name) else "weights"
    if is_project(path):
        return "project"
    if (path / COMPARISON).is_file():
        return "comparison"
    return "run" if (path / EVENTS).is_file() else "dataset"
