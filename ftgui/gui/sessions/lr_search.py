"""The search for a learning rate: started, cancelled, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Generator
from threading import Lock

from PySide6.QtCore import QObject, Signal

from ftgui.gui.sessions.errand import Errand
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import PhaseProgress


class LrSearch(Errand):
    """Owns the search that goes on, if one does. Nothing of it is kept.

    ``progressed`` tells a ``PhaseProgress``.
    """

    found = Signal(object)
    """An ``LrFound``; not said of a search that was cancelled."""

    def __init__(self, engine: Lock | None = None, parent: QObject | None = None) -> None:
        super().__init__("learning rates", parent)
        self._engine = engine or Lock()
        self._control = RunControl()

    @property
    def is_ending(self) -> bool:
        return self._control.stopping

    def start(self, config: TrainConfig) -> None:
        """Search as a run of ``config`` would learn. One at a time."""
        self._control = RunControl()
        self._run(_work(config, self._control, self._engine))

    def cancel(self) -> None:
        """End the search after its batch."""
        self._control.stop()

    def _is_answer(self, item: object) -> bool:
        return not isinstance(item, PhaseProgress)

    def _tell(self, answer: object) -> None:
        self.found.emit(answer)


def _work(
    config: TrainConfig, control: RunControl, engine: Lock
) -> Callable[[], Generator[object, None, None]]:
    def work() -> Generator[object, None, None]:
        from ftgui.jobs.lr_find import find_learning_rate  # in the worker's thread: it brings torch
        from ftgui.training.lr_finder import LrFound

        with engine:
            for item in find_learning_rate(config, control):
                if isinstance(item, PhaseProgress | LrFound):
                    yield item

    return work
