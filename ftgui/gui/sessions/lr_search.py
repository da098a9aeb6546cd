"""The search for a learning rate: started, cancelled, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from ftgui.core.errors import FtguiError
from ftgui.gui.sessions.worker import WorkerThread
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import PhaseProgress

if TYPE_CHECKING:
    from ftgui.training.lr_finder import LrFound


class LrSearch(QObject):
    """Owns the search that goes on, if one does. Nothing of it is kept."""

    active_changed = Signal()
    """A search began or ended."""
    progressed = Signal(object)
    """A ``PhaseProgress``."""
    found = Signal(object)
    """An ``LrFound``; not said of a search that was cancelled."""
    failed = Signal(object)
    """An FtguiError; nor this."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = WorkerThread("learning rates", self)
        self._thread.progressed.connect(self._on_item)
        self._thread.failed.connect(self._on_failed)
        self._thread.finished.connect(self._on_finished)
        self._control = RunControl()
        self._answer: LrFound | FtguiError | None = None

    @property
    def is_active(self) -> bool:
        return self._thread.is_running

    def start(self, config: TrainConfig) -> None:
        """Search as a run of ``config`` would learn. One at a time."""
        self._control, self._answer = RunControl(), None
        self._thread.start(_work(config, self._control))
        self.active_changed.emit()

    def cancel(self) -> None:
        """End the search after its batch."""
        self._control.stop()

    def shutdown(self) -> None:
        """Cancel, and wait until the thread is gone."""
        self._control.stop()
        self._thread.shutdown()

    @Slot(object)
    def _on_item(self, item: PhaseProgress | LrFound) -> None:
        if isinstance(item, PhaseProgress):
            self.progressed.emit(item)
        else:
            self._answer = item

    @Slot(object)
    def _on_failed(self, error: FtguiError) -> None:
        self._answer = error

    @Slot()
    def _on_finished(self) -> None:
        """Tell the answer once another search, or a run, may start."""
        answer, self._answer = self._answer, None
        self.active_changed.emit()
        if self._control.stopping:
            return
        if isinstance(answer, FtguiError):
            self.failed.emit(answer)
        elif answer is not None:
            self.found.emit(answer)


def _work(config: TrainConfig, control: RunControl) -> Callable[[], Generator[object, None, None]]:
    def work() -> Generator[object, None, None]:
        from ftgui.jobs.lr_find import find_learning_rate  # in the worker's thread: it brings torch
        from ftgui.training.lr_finder import LrFound

        for item in find_learning_rate(config, control):
            if isinstance(item, PhaseProgress | LrFound):
                yield item

    return work
