"""The curves of one run in one plot."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from ftgui.gui import theme
from ftgui.gui.theme import RunColour
from ftgui.gui.widgets.live_plot import XY

WIDE_UP_TO = 200
"""Points up to which lines are 2 wide. Beyond 1 they cost some thirty times more (290 ms for 5,000)."""
DASHED_UP_TO = 1000
SAMPLES_A_PIXEL = 1.0
"""Of more only the lowest and the highest are drawn."""


class Line:
    """One line, as wide as its number of points allows; a single point is a dot or a ring."""

    def __init__(self, plot: pg.PlotWidget, *, is_train: bool) -> None:
        self._is_train = is_train
        self._look: tuple[str, int, str] | None = None
        self.item = pg.PlotDataItem(antialias=True, symbolSize=7)
        self.item.curve.setSegmentedLineMode("off")
        plot.addItem(self.item)
        self.item.setDownsampling(auto=True, method="peak")  # after the plot has set its own, which is none
        self.item.opts["autoDownsampleFactor"] = SAMPLES_A_PIXEL

    def set_points(self, xy: XY, colour: QColor) -> None:
        x, y = xy
        self.item.setData(
            np.array(x, dtype=float), np.array(y, dtype=float)
        )  # copies: what was given may grow
        self.set_look(colour)

    def set_look(self, colour: QColor) -> None:
        """Dress the line for its colour and length; what is already so is left alone."""
        count = len(self.points()[0])
        tier = 1 if count == 1 else 2 if count <= WIDE_UP_TO else 3 if count <= DASHED_UP_TO else 4
        look = (colour.name(), tier, theme.current().card)
        if look == self._look:
            return
        self._look = look
        self.item.setPen(_train_pen(colour, tier) if self._is_train else _val_pen(colour, tier))
        self.item.setSymbol("o" if tier == 1 else None)
        self.item.setSymbolPen(pg.mkPen(colour, width=1.5))
        self.item.setSymbolBrush(pg.mkBrush(theme.current().card if self._is_train else colour))

    def points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        x, y = self.item.getOriginalDataset()
        return (np.empty(0), np.empty(0)) if x is None or y is None else (x, y)


class RunCurve:
    """Validation as a solid line, training as a dotted one, the best point as a dot: all in one colour."""

    def __init__(self, plot: pg.PlotWidget, name: str, colour: RunColour) -> None:
        self.name = name
        self.colour = colour
        self._plot = plot
        self._train = Line(plot, is_train=True)
        self._val = Line(plot, is_train=False)
        self._best = pg.ScatterPlotItem(size=10, antialias=True)
        plot.addItem(self._best)
        self.recolour()

    def set_points(self, train: XY, val: XY) -> None:
        colour = theme.run_colour(self.colour)
        self._train.set_points(train, colour)
        self._val.set_points(val, colour)

    def set_best(self, point: tuple[float, float] | None) -> None:
        if point is None:
            self._best.setData([], [])
        else:
            self._best.setData([point[0]], [point[1]])

    def set_style(self, name: str, colour: RunColour) -> None:
        self.name = name
        if colour != self.colour:
            self.colour = colour
            self.recolour()

    def has_train(self) -> bool:
        return len(self._train.points()[0]) > 0

    def points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the points that a reader means: validation, or training where there is no validation."""
        val = self._val.points()
        return val if len(val[0]) else self._train.points()

    def value_at(self, x: float) -> float | None:
        """Return the value nearest to ``x``, or None where the run has none."""
        xs, ys = self.points()
        if not len(xs):
            return None
        value = float(ys[int(np.argmin(np.abs(xs - x)))])
        return value if np.isfinite(value) else None

    def recolour(self) -> None:
        colour = theme.run_colour(self.colour)
        for line in (self._train, self._val):
            line.set_look(colour)
        self._best.setBrush(pg.mkBrush(colour))
        self._best.setPen(pg.mkPen(theme.current().card, width=2))

    def remove(self) -> None:
        for item in (self._train.item, self._val.item, self._best):
            self._plot.removeItem(item)


def _val_pen(colour: QColor, tier: int) -> QPen:
    pen: QPen = pg.mkPen(colour, width=2 if tier <= 2 else 1)
    return pen


def _train_pen(colour: QColor, tier: int) -> QPen:
    """Dots cost more than lines do: very long curves are thin and pale instead."""
    if tier == 4:
        pale = QColor(colour)
        pale.setAlphaF(0.45)
        return _val_pen(pale, tier)
    pen = _val_pen(colour, tier)
    pen.setStyle(Qt.PenStyle.CustomDashLine)
    pen.setDashPattern([1.6, 2.0] if tier <= 2 else [3.0, 3.0])
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen
