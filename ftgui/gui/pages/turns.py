"""When a page is painted while events come in: ten times a second, and not all of it at once."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Slot

REPAINT_MS = 100
"""Events come faster than eyes follow."""


class Turns(QObject):
    """Has the parts of a page shown one after another, each at a turn of the event loop of its own.

    So a click in between waits for one part at most. The last part is shown when those before it show the
    same: where something came in between, it is left to the next round, which shows all of them at one turn.
    So each part is painted once a round at most, and at every second round at least.
    """

    def __init__(self, parts: tuple[Callable[[], None], ...], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._waiting: list[Callable[[], None]] = []
        """The parts of this round that are still to be shown."""
        self._told = self._shown = 0
        """How often there was news, and how much of it this round shows."""
        self._is_behind = False
        """Whether the last part does not show yet what the others do."""
        self._rounds = QTimer(self)
        self._rounds.setInterval(REPAINT_MS)
        self._rounds.timeout.connect(self._begin)
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._show_next)

    def tell(self) -> None:
        """Say that there is something new to show."""
        self._told += 1

    def start(self) -> None:
        self._rounds.start()

    def stop(self) -> None:
        self._rounds.stop()

    def show_all(self) -> None:
        """Show all parts now."""
        self._next.stop()
        self._waiting.clear()
        self._is_behind = False
        self._shown = self._told
        for part in self._parts:
            part()

    @Slot()
    def _begin(self) -> None:
        if self._shown == self._told or self._waiting:
            return
        if self._is_behind:
            self.show_all()
        else:
            self._shown, self._waiting = self._told, [*self._parts]
            self._show_next()

    @Slot()
    def _show_next(self) -> None:
        part = self._waiting.pop(0)
        if self._waiting:
            part()
            self._next.start()
        elif self._shown == self._told:
            part()
        else:
            self._is_behind = True
