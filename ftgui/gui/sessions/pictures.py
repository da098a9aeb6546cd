"""The pictures to train on: the folder, what is in it, what is wrong in it, and what is left out of it."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Dataset
from ftgui.data.findings import KINDS, Finding, Kind
from ftgui.data.left_out import write_left_out
from ftgui.gui.sessions.checking import Checked, Checking
from ftgui.gui.sessions.looked import Looked
from ftgui.gui.sessions.questions import List, Opened
from ftgui.gui.sessions.shown import ShownPictures
from ftgui.gui.sessions.worker import LatestTask

if TYPE_CHECKING:
    from ftgui.jobs.scan import ScanReport


TOLD_SECONDS = 0.2
"""Between two times that the progress of a check is told: each lays out and paints a part of the window."""


@dataclass
class PicturesState:
    """Plain values; ``PicturesSession`` alone changes them."""

    looked: Looked = field(default_factory=Looked)
    dataset: Dataset | None = None
    report: ScanReport | None = None
    """Of the pictures that are not left out."""
    whole_report: ScanReport | None = None
    """Of all pictures."""
    by_path: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    """What was found of single pictures."""
    left_out: frozenset[str] = frozenset()
    exclude: tuple[str, ...] = ()
    """The same, as a run takes it."""
    shown: ShownPictures = field(default_factory=ShownPictures)
    progress: tuple[int, int] | None = None
    """How many pictures the check looked at, of how many; None while none goes on."""


class PicturesSession(QObject):
    """Owns the state; who shows pictures calls its intent methods and shows what it says."""

    changed = Signal()
    pictures_changed = Signal()
    """``shown`` is another list."""
    marked = Signal()
    """Other marks stand in ``shown``, of the same pictures."""
    progressed = Signal()
    """The check went on."""
    failed = Signal(object)
    """An FtguiError that is not about the folder itself."""

    def __init__(self, project: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = PicturesState()
        self._project = project
        self._told_at = 0.0
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._on_turn)
        self._list = LatestTask("scan", self)
        self._list.done.connect(self._on_listed)
        self._list.failed.connect(self._on_list_failed)
        self._check = Checking(self)
        self._check.progressed.connect(self._on_progress)
        self._check.done.connect(self._on_checked)
        self._check.failed.connect(self._on_check_failed)
        self._check.stopped.connect(self._on_check_stopped)

    # Intents ------------------------------------------------------------------------------------------

    def set_folder(self, path: str) -> None:
        """Take this folder, or list, and look into it: names first, then every file."""
        self._check.cancel()
        self._turn.stop()
        self.state = PicturesState(Looked(path, looking=bool(path)))
        self.pictures_changed.emit()
        if path:
            self._list.ask(List(path, self._project))
        else:
            self._list.forget()
        self.changed.emit()

    def set_project(self, folder: Path) -> None:
        """Keep what is left out in another project's folder from now on."""
        self._project = folder

    def check_again(self) -> None:
        """Look into the folder once more: files may have come, gone or changed."""
        if self.state.dataset is not None:
            self._list.ask(List(self.state.looked.path, self._project))

    def stop_check(self) -> None:
        """End the check; the next one goes on from there."""
        self._check.cancel()

    def hold_check(self, held: bool) -> None:
        """Let the check wait while a run needs the processor."""
        self._check.hold(held)

    def leave_out(self, paths: Collection[str], left_out: bool) -> None:
        """Leave pictures out of training, or use them again. Their files stay untouched."""
        before = self.state.left_out
        self.state.left_out = before.union(paths) if left_out else before.difference(paths)
        if self.state.left_out == before or self.state.dataset is None:
            return
        try:
            write_left_out(self._project, self.state.dataset.root, self.state.left_out)
        except FtguiError as error:
            self.failed.emit(error)
        self.state.exclude = tuple(sorted(self.state.left_out))
        self.state.shown.mark(paths, self.state.by_path, self.state.left_out)
        self._report()
        self.marked.emit()
        self.changed.emit()

    def shutdown(self) -> None:
        self._turn.stop()
        for task in (self._list, self._check):
            task.shutdown()

    # Answers ------------------------------------------------------------------------------------------

    @property
    def is_checking(self) -> bool:
        return self.state.progress is not None

    @property
    def is_held(self) -> bool:
        """Whether the check waits for a run to end."""
        return self._check.is_held

    def findings(self) -> tuple[Finding, ...]:
        """Return what was found of the pictures that are not left out, the gravest first."""
        return self.state.report.findings if self.state.report else ()

    def lost_count(self) -> int:
        """Return how many pictures cannot be used."""
        return len({each.path for each in self.findings() if KINDS[each.kind].weight == "lost"})

    def kinds_of_pictures(self) -> frozenset[Kind]:
        """Return the kinds of findings that are of pictures, and not of classes or of what is ignored."""
        at = self.state.shown.at
        return frozenset(each.kind for each in self.findings() if each.path in at)

    def pictures_of(self, kind: str) -> frozenset[str]:
        """Return the pictures that findings of a kind have to do with."""
        at = self.state.shown.at
        paths = (p for each in self.findings() if each.kind == kind for p in (each.path, *each.others))
        return frozenset(path for path in paths if path in at)

    def sides(self) -> tuple[str, ...]:
        """Return the parts of the data that have pictures; "train" alone where the folder has no split."""
        dataset = self.state.dataset
        return tuple(side for side, pictures in dataset.sides if pictures) if dataset else ("train",)

    @property
    def root(self) -> Path:
        """The folder in which the pictures' paths begin."""
        return Path(self.state.dataset.root if self.state.dataset else ".")

    def _report(self) -> None:
        from ftgui.jobs.scan import without

        whole, dataset = self.state.whole_report, self.state.dataset
        if whole is not None and dataset is not None:
            self.state.report = without(whole, dataset, self.state.left_out)

    # What the tasks found -------------------------------------------------------------------------------

    @Slot(object)
    def _on_listed(self, opened: Opened) -> None:
        state = self.state
        state.looked.looking = False
        state.dataset, state.whole_report, state.left_out = opened.dataset, opened.report, opened.left_out
        state.exclude = tuple(sorted(opened.left_out))
        is_known = list(state.shown.at) == list(opened.shown.at)
        state.shown = opened.shown
        self._report()
        if is_known:
            self.marked.emit()
        else:
            self.pictures_changed.emit()
        # What was looked at before, and is what it was, is known at once.
        self._check.start(opened.dataset, opened.left_out)
        state.progress = (0, len(opened.shown.rows))
        self._turn.start()

    @Slot(object)
    def _on_list_failed(self, error: FtguiError) -> None:
        self.state.looked.looking = False
        self.state.looked.error = error
        self.changed.emit()

    @Slot(object)
    def _on_progress(self, progress: tuple[int, int]) -> None:
        if self.state.progress is None:
            return
        self.state.progress = progress
        now = time.monotonic()
        if now - self._told_at >= TOLD_SECONDS:
            self._told_at = now
            self.progressed.emit()

    @Slot(object)
    def _on_checked(self, checked: Checked) -> None:
        if checked.dataset is not self.state.dataset:
            return
        self.state.whole_report, self.state.by_path = checked.report, checked.by_path
        self.state.shown = checked.shown
        now = self.state.left_out
        self.state.shown.mark(now ^ checked.left_out, checked.by_path, now)
        self._report()
        self.marked.emit()
        self._turn.start()

    @Slot()
    def _on_turn(self) -> None:
        """Tell of a change whose pictures are shown already: both at once would hold the window up."""
        if not self._check.is_active:
            self.state.progress = None
        self.changed.emit()

    @Slot(object)
    def _on_check_failed(self, error: FtguiError) -> None:
        self._on_check_stopped()
        self.failed.emit(error)

    @Slot()
    def _on_check_stopped(self) -> None:
        self.state.progress = None
        self.changed.emit()
