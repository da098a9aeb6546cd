"""Two runs held against each other off the GUI thread, where files may take their time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from ftgui.gui.sessions.worker import LatestTask
from ftgui.runs.history import RunHistory


@dataclass(frozen=True)
class Compare:
    """Reads what two runs wrote and holds it against each other."""

    first: RunHistory
    second: RunHistory

    def __call__(self) -> object:
        from ftgui.runs.diff import diff_of

        return diff_of(self.first, self.second)


class DiffSession(QObject):
    """Asks for the diff of two runs."""

    done = Signal(object)
    """A ``RunDiff``."""
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._task = LatestTask("diff", self)
        self._task.done.connect(self.done)
        self._task.failed.connect(self.failed)

    def start(self, first: RunHistory, second: RunHistory) -> None:
        """Hold two runs against each other as they stand now; one of them may go on meanwhile."""
        self._task.ask(Compare(as_it_is(first), as_it_is(second)))

    def shutdown(self) -> None:
        """Wait for what is being read."""
        self._task.shutdown()


def as_it_is(history: RunHistory) -> RunHistory:
    """Return a run that stays as it is now, for another thread to look at."""
    return replace(
        history,
        epochs=[*history.epochs],
        moved=[*history.moved],
        warnings=[*history.warnings],
    )
