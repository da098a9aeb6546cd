"""The runs of a project read off the GUI thread: in brief first, whole once somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from ftgui.core.errors import FtguiError
from ftgui.gui.item_models.runs_model import ReadRun, RunRow, RunsModel
from ftgui.gui.sessions.worker import WorkerThread
from ftgui.runs.brief import read_brief
from ftgui.runs.history import RunHistory, open_run
from ftgui.runs.library import listed_runs
from ftgui.runs.project import ListedRun, ProjectFile, as_listed, named_from
from ftgui.runs.store import EVENTS

BATCH = 20
"""Runs that are put into the table at once: some milliseconds of the GUI thread's time."""
AT_ONCE_BYTES = 200_000
"""Of events that are read at once where somebody looks at a run: quicker than another thread would begin."""


@dataclass(frozen=True)
class Reading:
    """Some runs of a project: those that could be read, and those that could not."""

    read: tuple[tuple[ListedRun, RunHistory], ...]
    lost: tuple[tuple[ListedRun, FtguiError], ...]


@dataclass(frozen=True)
class Found:
    """Which runs a project has; before any of them is read."""

    runs: tuple[ListedRun, ...]


@dataclass(frozen=True)
class Whole:
    """All there is to say of a run that was read in brief; None where it cannot be read."""

    history: RunHistory
    whole: RunHistory | None
    error: FtguiError | None = None


class RunsSession(QObject):
    """Fills the model of runs, and completes a history in it as soon as its run is shown or asked for."""

    loaded = Signal(object)
    """All runs of a project are in the table but those that could not be read: (``ListedRun``, error)s."""
    completed = Signal(object)
    """A history that was read in brief and is whole now."""
    failed = Signal(object)

    def __init__(self, runs: RunsModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs = runs
        self.waiting: tuple[ListedRun, ...] = ()
        """Of a project that is being read: what is not in the table yet, by its whole path. What reading
        did not get to stays here, and so in the project."""
        self.lost: list[tuple[ListedRun, FtguiError]] = []
        """What a project lists and could not be read, by its whole path."""
        self._load = WorkerThread("runs", self)
        self._load.progressed.connect(self._on_read)
        self._load.failed.connect(self.failed)
        self._load.finished.connect(self._on_loaded)
        self._complete = WorkerThread("run", self)
        self._complete.progressed.connect(self._on_whole)
        self._complete.failed.connect(self.failed)
        self._complete.finished.connect(self._complete_more)
        self._asked: list[RunHistory] = []
        self._stopped = False
        self._to_draw: list[RunRow] = []
        runs.shown_changed.connect(self._on_shown)

    # Intents ------------------------------------------------------------------------------------------

    def load(self, folder: Path, project: ProjectFile) -> None:
        """Put the runs of the project in ``folder`` into the table, which is to be empty."""
        self.forget()
        self.waiting, self._stopped = _by_path(project.runs, folder), False
        self._load.start(self._reading(folder, project))

    def complete(self, history: RunHistory) -> None:
        """Read the rest of a run: at once where that is little, else off the GUI thread."""
        is_asked = any(each is history for each in self._asked)
        if not history.is_brief or is_asked or self._runs.is_unreadable(history):
            return
        if _is_little(history.folder):
            self._take(_read_whole(history))
            return
        self._asked.append(history)
        self._complete_more()

    def forget(self) -> None:
        """Leave what is being read, and what could not be."""
        self._stopped = True
        self._load.shutdown()
        self._complete.shutdown()
        self.waiting, self.lost, self._asked, self._to_draw = (), [], [], []

    def shutdown(self) -> None:
        self._stopped, self._to_draw = True, []
        self._load.shutdown()
        self._complete.shutdown()

    @property
    def is_loading(self) -> bool:
        return self._load.is_running

    # Reading ------------------------------------------------------------------------------------------

    def _reading(self, folder: Path, project: ProjectFile) -> Callable[[], Generator[object, None, None]]:
        def work() -> Generator[object, None, None]:
            listed = _by_path(listed_runs(folder, project), folder)
            yield Found(listed)
            for first in range(0, len(listed), BATCH):
                if self._stopped:
                    return
                yield _read(listed[first : first + BATCH])

        return work

    @Slot(object)
    def _on_read(self, item: Found | Reading) -> None:
        if isinstance(item, Found):
            self.waiting = item.runs
            return
        rows = self._runs.add_all([_named(listed, history) for listed, history in item.read])
        self.lost += item.lost
        done = {listed.folder for listed, _ in (*item.read, *item.lost)}  # only now: nothing is in no place
        self.waiting = tuple(run for run in self.waiting if run.folder not in done)
        self._to_draw += [row for row in rows if row.shown]

    @Slot()
    def _on_loaded(self) -> None:
        self.loaded.emit(tuple(self.lost))
        self._runs.tell_later(self._to_draw)
        self._to_draw = []

    @Slot(object)
    def _on_shown(self, row: RunRow) -> None:
        if row.shown:
            self.complete(row.history)

    @Slot()
    def _complete_more(self) -> None:
        if self._asked and not self._complete.is_running:
            self._complete.start(self._completing(tuple(self._asked)))

    def _completing(self, histories: Sequence[RunHistory]) -> Callable[[], Generator[object, None, None]]:
        def work() -> Generator[object, None, None]:
            for history in histories:
                if self._stopped:
                    return
                yield _read_whole(history)

        return work

    @Slot(object)
    def _on_whole(self, item: Whole) -> None:
        self._asked = [each for each in self._asked if each is not item.history]
        self._take(item)

    def _take(self, item: Whole) -> None:
        if item.whole is None:
            row = self._runs.row_of(item.history)
            if row is not None:
                row.unreadable = True
            self.failed.emit(item.error)
        elif item.history.is_brief:
            item.history.complete(item.whole)
            self._runs.refresh(item.history)
            row = self._runs.row_of(item.history)
            if row is not None and row.shown:
                self._runs.shown_changed.emit(row)
            self.completed.emit(item.history)


def _by_path(runs: Iterable[ListedRun], project: Path) -> tuple[ListedRun, ...]:
    """Return runs of a project by their whole paths: these hold wherever the project is saved."""
    return tuple(named_from(run, project, Path()) for run in runs)


def _read(listed: Sequence[ListedRun]) -> Reading:
    """Read runs whole where their curves are drawn, else in brief."""
    read: list[tuple[ListedRun, RunHistory]] = []
    lost: list[tuple[ListedRun, FtguiError]] = []
    for run in listed:
        place = Path(run.folder)
        try:
            read.append((run, open_run(place) if run.shown else read_brief(place)))
        except (FtguiError, OSError, ValueError) as error:
            lost.append((run, _as_said(place, error)))
    return Reading(tuple(read), tuple(lost))


def _read_whole(history: RunHistory) -> Whole:
    try:
        return Whole(history, open_run(history.folder))
    except (FtguiError, OSError, ValueError) as error:
        return Whole(history, None, _as_said(history.folder, error))


def _as_said(folder: Path, error: FtguiError | OSError | ValueError) -> FtguiError:
    if isinstance(error, FtguiError):
        return error
    why = error.strerror if isinstance(error, OSError) and error.strerror else error
    return FtguiError(f"The run “{folder}” cannot be read: {why}.", details=str(error))


def _named(listed: ListedRun, history: RunHistory) -> ReadRun:
    history.name = listed.name or history.name
    return ReadRun(history, listed.colour, listed.shown)


def _is_little(folder: Path) -> bool:
    try:
        return (folder / EVENTS).stat().st_size <= AT_ONCE_BYTES
    except OSError:
        return True


def listed(row: RunRow, project: Path) -> ListedRun:
    """Return what the project in ``project`` keeps of a row."""
    history = row.history
    return ListedRun(
        folder=as_listed(history.folder, project),
        name="" if history.name == history.folder.name else history.name,
        colour=row.colour if isinstance(row.colour, int) else None,
        shown=row.shown,
    )
