"""Which project is open, and what is kept of it: written soon after it changes, off the GUI thread."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ftgui.core import files
from ftgui.core.errors import FtguiError
from ftgui.data.left_out import copy_left_out
from ftgui.gui.item_models.runs_model import RunRow, RunsModel
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.sessions.runs import RunsSession, listed
from ftgui.gui.sessions.worker import LatestTask
from ftgui.gui.words import is_over
from ftgui.runs.library import bring_in, is_there
from ftgui.runs.project import (
    PROJECT,
    PROJECT_RUNS,
    Claim,
    ProjectFile,
    as_listed,
    each_once,
    is_damaged,
    is_text,
    keep_aside,
    named_from,
    place_of,
    read_project,
    write_project,
)

logger = logging.getLogger(__name__)

SOON_MS = 400
"""After a change, in which others may follow: then all are written at once."""


class ProjectKeeper(QObject):
    """Owns the project's folder; what is in it belongs to ``ProjectSession`` and to the model of runs.

    A project that was not saved yet has its pictures' lists and its runs in the user's own folder, and no
    ``project.json``.
    """

    opened = Signal()
    """Another project is open, or this one has a folder of its own now."""
    failed = Signal(object)
    """An FtguiError: the project cannot be written."""

    def __init__(
        self,
        project: ProjectSession,
        runs: RunsModel,
        reader: RunsSession,
        unsaved: tuple[Path, Path],
        parent: QObject | None = None,
    ) -> None:
        """``unsaved``: the folder of a project that was not saved yet, and that of its runs."""
        super().__init__(parent)
        self._project, self._runs, self._reader = project, runs, reader
        self._unsaved = unsaved
        self.folder, self.runs_folder = unsaved
        self.is_saved = False
        self.comparisons: tuple[str, ...] = ()
        self.removed: tuple[str, ...] = ()
        self._written: ProjectFile | None = None
        self._claim: Claim | None = None
        """Held while a saved project is open."""
        self._told: set[str] = set()
        """Folders that cannot stand in ``project.json``, which the user knows."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SOON_MS)
        self._timer.timeout.connect(self._write_soon)
        self._write = LatestTask("project", self)
        self._write.done.connect(self._on_written)
        self._write.failed.connect(self.failed)
        project.changed.connect(self.note)
        runs.kept_changed.connect(self.note)
        self._place(*unsaved, is_saved=False)

    # Intents ------------------------------------------------------------------------------------------

    def start_new(self) -> None:
        """Begin an empty project, which has no folder of its own before it is saved."""
        self._leave()
        self._hold(None)
        self._settle(*self._unsaved, is_saved=False)
        self._project.restore(ProjectFile())
        self.opened.emit()

    def open(self, folder: Path) -> Path | None:
        """Open the project in ``folder``; its runs come into the table one after another.

        Returns:
            Where a damaged ``project.json`` was kept aside; None where it could be read.

        Raises:
            FtguiError: there is no project, it is open in another window, or a newer ftgui wrote it; the one
                that is open stays open.
        """
        self._leave()
        claim = self._claimed(folder)
        try:
            kept = keep_aside(folder) if is_damaged(folder) else None
            read = ProjectFile() if kept is not None else read_project(folder)
        except FtguiError:
            if claim is not self._claim:
                claim.give_back()
            raise
        self._hold(claim)
        self._settle(folder, folder / PROJECT_RUNS, is_saved=True)
        self.comparisons, self.removed = read.comparisons, read.removed
        self._written = None if kept is not None else read
        self._project.restore(read)
        self._reader.load(folder, read)
        self.opened.emit()
        return kept

    def save_as(self, folder: Path) -> dict[Path, Path]:
        """Give the project the new folder ``folder``; return where each run lies now.

        Runs of a project that was not saved yet move in. Those of a saved one stay where they are, which
        still is a project, and this one refers to them. Killed half-way, the new folder is a project
        with the runs that are there already.

        Raises:
            FtguiError: the folder holds something already or cannot be written to.
        """
        files.new_folder(folder, "the project")
        claim = Claim(folder)
        try:
            lies = self._move_to(folder)
        except FtguiError:
            claim.give_back()
            raise
        self._hold(claim)
        self.opened.emit()
        return lies

    def _move_to(self, folder: Path) -> dict[Path, Path]:
        with suppress(FtguiError):  # the old folder may be gone: all there is to keep is written to this one
            self.flush()
        as_it_is = self.record(folder)
        write_project(folder, as_it_is)
        copy_left_out(self.folder, folder)
        places = [row.history.folder for row in self._runs.rows]
        lies = {} if self.is_saved else bring_in(places, self.runs_folder, folder)
        for row in self._runs.rows:
            row.history.folder = lies.get(row.history.folder, row.history.folder)
        self._place(folder, folder / PROJECT_RUNS, is_saved=True)
        self.comparisons, self.removed = as_it_is.comparisons, as_it_is.removed
        self._written = self.record()
        write_project(folder, self._written)
        return lies

    @Slot()
    def note(self) -> None:
        """Write the project soon: it changed."""
        if self.is_saved:
            self._timer.start()

    def add_comparison(self, folder: Path) -> None:
        """Have all runs of a comparison elsewhere, those to come too, in the project."""
        name = as_listed(folder, self.folder)
        if name not in self.comparisons and not folder.is_relative_to(self.runs_folder):
            self.comparisons += (name,)
            self.note()

    def has_comparison(self, folder: Path | None) -> bool:
        """Whether all runs of the comparison in ``folder`` are in the project, those to come too."""
        return folder is not None and as_listed(folder, self.folder) in self.comparisons

    def leave_out(self, folders: list[Path]) -> None:
        """Do not find these runs again when the project is opened."""
        self.removed += tuple(as_listed(folder, self.folder) for folder in folders)
        self.note()

    def flush(self) -> None:
        """Write what was not written yet, at once.

        Raises:
            FtguiError: it cannot be written.
        """
        self._timer.stop()
        self._write.shutdown()
        record = self.record()
        if self.is_saved and record != self._written:
            write_project(self.folder, record)
            self._written = record

    def shutdown(self) -> None:
        """Write what was not written yet. Nobody is left to be told that this failed: it is logged."""
        try:
            self.flush()
        except FtguiError as error:
            logger.warning(
                "The project in %s was not written: %s", ascii(str(self.folder)), ascii(str(error))
            )
        except Exception:  # the other threads still have to end
            logger.exception("The project was not written")
        self._hold(None)

    # Answers ------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What the project is called; "" before it is saved."""
        return self.folder.name if self.is_saved else ""

    def record(self, folder: Path | None = None) -> ProjectFile:
        """Return what is kept, as it is written in ``folder``, the project's own unless said."""
        home = folder or self.folder
        runs = (
            *(listed(row, home) for row in self._runs.rows if not _never_was(row)),
            *(named_from(run, self.folder, home) for run in self._reader.waiting),
            *(named_from(run, self.folder, home) for run, _ in self._reader.lost),
        )
        return self._project.record(
            runs=tuple(run for run in each_once(runs, home) if is_text(run.folder)),
            comparisons=self._names_from(self.comparisons, home),
            removed=self._names_from(self.removed, home),
        )

    # ----------------------------------------------------------------------------------------------------

    def _claimed(self, folder: Path) -> Claim:
        """Return the claim on a project, which is here already if this one is read once more."""
        if self._claim is not None and self._claim.folder == folder:
            return self._claim
        return Claim(folder)

    def _hold(self, claim: Claim | None) -> None:
        if self._claim is not None and self._claim is not claim:
            self._claim.give_back()
        self._claim = claim

    def _settle(self, folder: Path, runs_folder: Path, *, is_saved: bool) -> None:
        """Go to another folder, with an empty table."""
        self.is_saved = False  # what is taken away now is not taken out of the project
        self._reader.forget()
        self._runs.clear()
        self.comparisons, self.removed, self._written = (), (), None
        self._place(folder, runs_folder, is_saved=is_saved)

    def _place(self, folder: Path, runs_folder: Path, *, is_saved: bool) -> None:
        self.folder, self.runs_folder, self.is_saved = folder, runs_folder, is_saved
        self._runs.home, self._runs.finds_again = runs_folder, is_saved
        self._project.pictures.set_project(folder)

    def _names_from(self, names: Iterable[str], home: Path) -> tuple[str, ...]:
        """Return names of folders as a project in ``home`` has them, those that are text."""
        return tuple(filter(is_text, (as_listed(place_of(name, self.folder), home) for name in names)))

    def _leave(self) -> None:
        """Write what was not written yet. Where that cannot be, it is said: the user is not held there."""
        try:
            self.flush()
        except FtguiError as error:
            self.failed.emit(
                FtguiError(
                    self.tr("What you changed last could not be kept in “{file}”.").format(
                        file=self.folder / PROJECT
                    ),
                    self.tr("The project is there as it was written before, if its folder is."),
                    str(error),
                )
            )

    def _tell_unnamed(self) -> None:
        """Say once which runs the project cannot remember."""
        folders = {str(row.history.folder) for row in self._runs.rows}
        new = sorted(each for each in folders - self._told if not is_text(each))
        self._told.update(new)
        if new:
            name = Path(new[0]).name.encode("utf-8", "replace").decode()
            self.failed.emit(
                FtguiError(
                    self.tr(
                        "The project cannot remember the run “{name}”: its folder's name is no text."
                    ).format(name=name),
                    self.tr("Rename the folder to have it kept."),
                    "\n".join(map(ascii, new)),
                )
            )

    @Slot()
    def _write_soon(self) -> None:
        self._tell_unnamed()
        record = self.record()
        if self.is_saved and record != self._written:
            self._write.ask(partial(_written, self.folder, record))

    @Slot(object)
    def _on_written(self, record: ProjectFile) -> None:
        self._written = record


def _never_was(row: RunRow) -> bool:
    """Return whether a run failed before it had a folder."""
    history = row.history
    return history.started is None and is_over(history) and not is_there(history.folder)


def _written(folder: Path, record: ProjectFile) -> ProjectFile:
    write_project(folder, record)
    return record
