"""The loss against rising learning rates, as the learning rate finder measured it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from ftgui.gui import theme
from ftgui.gui.widgets.plot_canvas import PlotCanvas, QuietAxis

if TYPE_CHECKING:
    from ftgui.training.lr_finder import LrTrial

DOT = 10


class RateAxis(QuietAxis):
    """An axis of powers of ten; what is drawn on it are their exponents."""

    def __init__(self) -> None:
        super().__init__("bottom")

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:  # noqa: ARG002
        return [(1.0, 0.0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: ARG002
        return [power_text(round(value)) for value in values]


def power_text(exponent: int) -> str:
    """Return a power of ten in full: "0.001", "10"."""
    return f"{10.0**exponent:.{max(0, -exponent)}f}"


class RatePlot(PlotCanvas):
    """Single batches as faint dots, their running mean as a line, what is suggested as a mark on it."""

    def __init__(
        self, *, object_name: str = "", accessible_name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        self.setAccessibleName(accessible_name)
        self._use_rate_axis()
        self.batches = pg.ScatterPlotItem(size=5, antialias=True)
        self.curve = pg.PlotDataItem(antialias=True)
        self._mark = pg.InfiniteLine(angle=90, movable=False)
        self.dot = pg.ScatterPlotItem(size=DOT, antialias=True)
        for item in (self._mark, self.batches, self.curve, self.dot):
            self.addItem(item, ignoreBounds=True)
        self.reset_requested.connect(self.reset_view)
        self._view: tuple[float, float, float, float] = (-5.0, 1.0, 0.0, 1.0)
        self._on_theme_changed()
        theme.signals.changed.connect(self._on_theme_changed)

    def _use_rate_axis(self) -> None:
        font = self.x_axis.style["tickFont"]
        self.x_axis = RateAxis()
        self.x_axis.setTickFont(font)
        self.getPlotItem().setAxisItems({"bottom": self.x_axis})
        self.x_axis.setZValue(-1000)

    def show_trials(self, trials: Sequence[LrTrial], suggestion: float | None) -> None:
        """Show the trials, of which there is at least one, and mark the learning rate suggested."""
        rates = [math.log10(trial.lr) for trial in trials]
        smoothed = [trial.smoothed_loss for trial in trials]
        self.batches.setData(rates, [trial.loss for trial in trials])
        self.curve.setData(rates, smoothed)
        low, high = min(trial.loss for trial in trials), max(smoothed)
        room = max(high - low, 1e-3 * max(abs(high), 1.0))
        self._view = (rates[0], max(rates[-1], rates[0] + 1), low - 0.06 * room, high + 0.06 * room)
        marked = [trial for trial in trials if suggestion is not None and trial.lr == suggestion]
        self._mark.setVisible(bool(marked))
        self.dot.setData([math.log10(t.lr) for t in marked], [t.smoothed_loss for t in marked])
        if marked:
            self._mark.setPos(math.log10(marked[0].lr))
        self.reset_view()

    def reset_view(self) -> None:
        """Show all of the running mean; single batches may lie far above what is shown."""
        first, last, low, high = self._view
        self.setXRange(first, last, padding=0.03)
        self.setYRange(low, high, padding=0)

    def _on_theme_changed(self) -> None:
        self.recolour()
        tokens = theme.current()
        faint = QColor(tokens.faint)
        faint.setAlphaF(0.6)
        self.batches.setPen(pg.mkPen(None))
        self.batches.setBrush(pg.mkBrush(faint))
        self.curve.setPen(pg.mkPen(theme.run_colour(0), width=2))
        self._mark.setPen(pg.mkPen(tokens.muted, width=1, style=Qt.PenStyle.DashLine))
        self.dot.setBrush(pg.mkBrush(tokens.accent))
        self.dot.setPen(pg.mkPen(tokens.card, width=2))
