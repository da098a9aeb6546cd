"""The cache on disk, measured and emptied off the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from ftgui.core.errors import FtguiError
from ftgui.gui.sessions.worker import LatestTask

if TYPE_CHECKING:
    from ftgui.jobs.cache import Emptied, Kept


@dataclass(frozen=True)
class _Measure:
    root: Path

    def __call__(self) -> Kept:
        from ftgui.jobs.cache import measure  # off the GUI thread: it brings NumPy and SQLite

        return measure(self.root)


@dataclass(frozen=True)
class _Empty:
    root: Path

    def __call__(self) -> Emptied:
        from ftgui.jobs.cache import empty

        return empty(self.root)


class Keeping(QObject):
    """Says how much is kept in a cache folder, and empties it, whoever looks on."""

    measured = Signal(object)
    """How much is kept (``jobs.cache.Kept``) in the folder asked for last."""
    emptied = Signal(object)
    """What came of emptying (``jobs.cache.Emptied``)."""
    failed = Signal(object)
    """An FtguiError: neither should fail."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._measuring = LatestTask("cache size", self)
        self._emptying = LatestTask("cache emptying", self)
        self._is_emptying = False
        self._measuring.done.connect(self.measured)
        self._measuring.failed.connect(self.failed)
        self._emptying.done.connect(self._on_emptied)
        self._emptying.failed.connect(self._on_failed)

    @property
    def is_emptying(self) -> bool:
        return self._is_emptying

    def measure(self, root: Path) -> None:
        """Find out how much is kept in ``root``; what was asked before is forgotten."""
        self._measuring.ask(_Measure(root))

    def empty(self, root: Path) -> None:
        """Empty the cache in ``root``. One at a time."""
        self._measuring.forget()  # what it finds is not so any more
        if not self._is_emptying:
            self._is_emptying = True
            self._emptying.ask(_Empty(root))

    def shutdown(self) -> None:
        """Wait until the threads are gone; what is being emptied is emptied to the end."""
        self._measuring.shutdown()
        self._emptying.shutdown()

    @Slot(object)
    def _on_emptied(self, emptied: Emptied) -> None:
        self._is_emptying = False
        self.emptied.emit(emptied)

    @Slot(object)
    def _on_failed(self, error: FtguiError) -> None:
        self._is_emptying = False
        self.failed.emit(error)
