"""The drawing part of a plot of runs: their curves, and a line where the pointer is."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QWidget

from ftgui.gui import theme
from ftgui.gui.plot_data import XY, Band
from ftgui.gui.theme import RunColour
from ftgui.gui.widgets.live_plot import NO_POINTS
from ftgui.gui.widgets.plot_canvas import PlotCanvas
from ftgui.gui.widgets.run_curve import RunCurve

STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class RunCanvas(PlotCanvas):
    """Draws runs by their ids. The arrow keys go from point to point, as the pointer does."""

    pointed = Signal(object)
    """The x under the pointer, or None where it left; the line is there already."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.x_axis.set_kind("epochs")
        self.runs: dict[str, RunCurve] = {}
        self._is_log = False
        self._pointer = pg.InfiniteLine(angle=90, movable=False)
        self._pointer.hide()
        self.addItem(self._pointer, ignoreBounds=True)
        self.hovered.connect(self._on_hovered)
        theme.signals.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_run(
        self,
        run_id: str,
        name: str,
        colour: RunColour,
        train: XY,
        val: XY,
        beneath: tuple[XY, XY] = (NO_POINTS, NO_POINTS),
        band: Band | None = None,
    ) -> None:
        """Show a run, or its newer points; see ``LivePlot.set_run``."""
        run = self.runs.get(run_id)
        if run is None:
            run = self.runs[run_id] = RunCurve(self, name, colour, is_log=self._is_log)
        run.set_style(name, colour)
        run.set_points(train, val, beneath, band)

    def remove_run(self, run_id: str) -> None:
        self.runs.pop(run_id).remove()

    def set_log(self, is_log: bool) -> None:
        """Make y logarithmic; what is not above 0 is left out."""
        self._is_log = is_log
        self.y_axis.set_kind("log" if is_log else "number")
        for run in self.runs.values():
            run.set_log(is_log)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = STEPS.get(Qt.Key(event.key()))
        if step is None or not self.runs:
            super().keyPressEvent(event)
            return
        every = sorted({float(x) for run in self.runs.values() for x in run.points()[0]})
        if not every:
            return
        now = self._pointer.value() if self._pointer.isVisible() else every[-1] - step * 1e-9
        ahead = [x for x in every if (x - now) * step > 0]
        self.hovered.emit(min(ahead, key=lambda x: abs(x - now)) if ahead else float(now))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.hovered.emit(None)

    def _on_hovered(self, x: float | None) -> None:
        shown = x is not None and bool(self.runs)
        if shown:
            self._pointer.setPos(self._snap(x or 0.0))
        self._pointer.setVisible(shown)
        self.pointed.emit(x)

    def _snap(self, x: float) -> float:
        """Return the point of any run that is nearest to ``x``."""
        every = (run.points()[0] for run in self.runs.values())
        near = [float(xs[abs(xs - x).argmin()]) for xs in every if len(xs)]
        return min(near, key=lambda each: abs(each - x), default=x)

    def _on_theme_changed(self) -> None:
        self.recolour()
        self._pointer.setPen(pg.mkPen(theme.current().line_strong))
        for run in self.runs.values():
            run.recolour()
