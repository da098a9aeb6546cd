"""What is loaded once the window is on the screen, so that it is there before the user can need it."""

from __future__ import annotations

import gc
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtGui import QWindow

from ftgui.core.loading import load_torch
from ftgui.gui.sessions.worker import LatestTask


class Opening(QObject):
    """Waits until a window is painted, then loads what draws curves and after that the engine.

    Not a moment earlier, nor both at once: Python runs one thread at a time, so the window would wait for
    what is being loaded.
    """

    painted = Signal()
    """The window is on the screen."""
    engine_loaded = Signal()
    """Or it cannot be: who needs it next is told why."""

    def __init__(self, parts: tuple[Callable[[], object], ...], parent: QObject | None = None) -> None:
        """``parts`` of the window are made when curves can be drawn, one at a turn of the event loop."""
        super().__init__(parent)
        self._parts = list(parts)
        self._plots = LatestTask("plots", self)
        self._engine = LatestTask("engine", self)
        # One that fails is not the end: who needs what is missing says so.
        for task, then in ((self._plots, self._on_plots), (self._engine, self._on_engine)):
            task.done.connect(then)
            task.failed.connect(then)

    def watch(self, window: QWindow) -> None:
        """Begin when ``window`` comes to the screen, which it may have done."""
        if window.isExposed():
            QTimer.singleShot(0, self._begin)
        else:
            window.installEventFilter(self)

    def shutdown(self) -> None:
        self._parts.clear()
        self._plots.shutdown()
        self._engine.shutdown()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Expose and isinstance(watched, QWindow) and watched.isExposed():
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._begin)  # within this event the window is painted
        return False

    @Slot()
    def _begin(self) -> None:
        self.painted.emit()
        self._plots.ask(_load_plots)

    @Slot(object)
    def _on_plots(self, _answer: object) -> None:
        QTimer.singleShot(0, self._make_next_part)

    @Slot()
    def _make_next_part(self) -> None:
        if self._parts:
            self._parts.pop(0)()
            QTimer.singleShot(0, self._make_next_part)
        else:
            self._engine.ask(_load_engine)

    @Slot(object)
    def _on_engine(self, _answer: object) -> None:
        self.engine_loaded.emit()


def _load_plots() -> object:
    from ftgui.gui.widgets import run_canvas

    return run_canvas


def _load_engine() -> object:
    """Import all that a run needs, and have the search for garbage leave it alone from then on.

    torch brings 300,000 objects, all to stay. Looking through them takes 0.2 to 0.4 s, in which the window
    stands still, and happens five times while they are loaded and now and then ever after.
    """
    gc.disable()
    try:
        load_torch()
        from ftgui.jobs import inspect, machine, train

        return inspect, machine, train
    finally:
        gc.freeze()
        gc.enable()
