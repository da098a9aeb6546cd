"""The download of official weights: started, cancelled, how fast it goes, and where the file is."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from ftgui.gui.sessions.errand import Errand

if TYPE_CHECKING:
    from ftgui.models.catalog import CatalogRow

PACE_SECONDS = 4.0
"""The speed is that of the last so many seconds."""


class Pace:
    """How fast bytes arrive just now."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def see(self, done: int) -> None:
        """Take note of how many bytes there are by now."""
        now = self._clock()
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()  # it began anew
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] <= now - PACE_SECONDS:
            self._seen.popleft()

    @property
    def bytes_per_second(self) -> float:
        """0 where nothing is known, or nothing arrives."""
        if len(self._seen) < 2:
            return 0.0
        (since, before), (now, done) = self._seen[0], self._seen[-1]
        return (done - before) / (now - since) if now > since else 0.0

    def seconds_left(self, total: int | None) -> float | None:
        """Return how long the rest takes at this speed, where that can be said."""
        speed = self.bytes_per_second
        return (total - self._seen[-1][1]) / speed if total is not None and speed else None


class Fetching(Errand):
    """Owns the download that goes on, if one does. What arrived of one that was cut short is kept.

    ``progressed`` tells a ``Progress`` of ``core.download``.
    """

    done = Signal(str)
    """The path of the file, whole and checked."""
    cancelled = Signal()
    """What was asked for is not wanted any more; neither ``done`` nor ``failed`` is said of it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("weights", parent)
        self._cancel = threading.Event()
        self.row: CatalogRow | None = None
        """What is, or was last, downloaded."""
        self.pace = Pace()

    @property
    def is_ending(self) -> bool:
        return self._cancel.is_set()

    def start(self, row: CatalogRow) -> None:
        """Download a row of the catalogue. One at a time."""
        if self.is_active:
            return
        self._cancel = threading.Event()
        self.row, self.pace = row, Pace()
        self._run(_work(row, self._cancel))

    def cancel(self) -> None:
        """End the download within a fraction of a second, even where nothing arrives."""
        self._cancel.set()

    def _is_answer(self, item: object) -> bool:
        return isinstance(item, Path)

    def _tell(self, answer: object) -> None:
        self.done.emit(str(answer))

    def _tell_cancelled(self) -> None:
        self.cancelled.emit()

    def _note(self, item: Any) -> None:
        self.pace.see(item.done)
        super()._note(item)


def _work(row: CatalogRow, cancel: threading.Event) -> Callable[[], Generator[object, None, None]]:
    def work() -> Generator[object, None, None]:
        from ftgui.jobs.fetch import fetch  # off the GUI thread: it brings what speaks to the web

        yield from fetch(row.architecture, row.weights.name, cancel)

    return work
