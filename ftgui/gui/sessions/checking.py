"""The check of the pictures: in the background, one folder at a time, out of a run's way."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ftgui.data.dataset import Dataset
from ftgui.data.findings import Finding
from ftgui.gui.sessions.errand import Errand
from ftgui.gui.sessions.shown import ShownPictures, shown_pictures

if TYPE_CHECKING:
    from ftgui.jobs.scan import ScanReport


@dataclass(frozen=True)
class Checked:
    """What a check found."""

    dataset: Dataset
    report: ScanReport
    by_path: dict[str, tuple[Finding, ...]]
    """The findings of each picture that has any."""
    left_out: frozenset[str]
    """When the check began."""
    shown: ShownPictures
    """Marked by all that."""


class Checking(Errand):
    """Owns the check that goes on, if one does; a new one takes the place of one that is not done.

    ``progressed`` tells how many pictures are done, of how many.
    """

    done = Signal(object)
    """A ``Checked``; not said of a check that was stopped."""
    stopped = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("check", parent)
        self._stop, self._go_on = Event(), Event()
        self._go_on.set()
        self._next: tuple[Dataset, frozenset[str]] | None = None
        self.active_changed.connect(self._start_next)

    @property
    def is_ending(self) -> bool:
        return self._stop.is_set()

    @property
    def is_held(self) -> bool:
        return not self._go_on.is_set()

    def start(self, dataset: Dataset, left_out: frozenset[str]) -> None:
        """Check these pictures, as soon as a check of others has let go."""
        if self.is_active:
            self._next = dataset, left_out
            self._stop.set()
        else:
            self._next, self._stop = None, Event()
            self._run(partial(_work, dataset, left_out, self._stop, self._go_on))

    def cancel(self) -> None:
        """End the check; what it found out by then is known to the next."""
        self._next = None
        self._stop.set()

    def hold(self, held: bool) -> None:
        """Wait while a run needs the processor."""
        if held:
            self._go_on.clear()
        else:
            self._go_on.set()

    def _start_next(self) -> None:
        if not self.is_active and self._next is not None:
            self.start(*self._next)

    def _is_answer(self, item: object) -> bool:
        return isinstance(item, Checked)

    def _tell(self, answer: object) -> None:
        self.done.emit(answer)

    def _tell_cancelled(self) -> None:
        self.stopped.emit()


WAIT_SECONDS = 0.1
"""Between two looks at whether a check that is held was stopped."""


def _work(
    dataset: Dataset, left_out: frozenset[str], stop: Event, go_on: Event
) -> Generator[object, None, None]:
    from ftgui.jobs.scan import check

    report: ScanReport | None = None

    def checking() -> Generator[tuple[int, int], None, None]:
        nonlocal report
        report = yield from check(dataset)

    with closing(checking()) as progress:
        for state in progress:
            while not stop.is_set() and not go_on.wait(WAIT_SECONDS):
                pass
            if stop.is_set():
                return
            yield state
    assert report is not None
    by_path = _by_path(report.findings)
    yield Checked(dataset, report, by_path, left_out, shown_pictures(dataset, by_path, left_out))


def _by_path(findings: tuple[Finding, ...]) -> dict[str, tuple[Finding, ...]]:
    found: dict[str, tuple[Finding, ...]] = {}
    for finding in findings:
        found[finding.path] = (*found.get(finding.path, ()), finding)
    return found
