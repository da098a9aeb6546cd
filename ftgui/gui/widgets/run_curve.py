"""The curves of one run in one plot, or of several runs as one band."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QGraphicsPathItem

from ftgui.gui import theme
from ftgui.gui.plot_data import XY, Band
from ftgui.gui.theme import RunColour
from ftgui.gui.widgets.live_plot import NO_POINTS

WIDE_UP_TO = 200
"""Points up to which lines are 2 wide. Beyond 1 they cost some thirty times more (290 ms for 5,000)."""
DASHED_UP_TO = 1000
SAMPLES_A_PIXEL = 1.0
"""Of more only the lowest and the highest are drawn."""
PALE, FILL = 0.35, 0.16
"""Opacity of what was measured beneath what is smoothed, and of a band."""
CORNERS = 2000
"""Of a band: of more points the lowest and the highest of several are drawn."""

Points = tuple[NDArray[np.float64], NDArray[np.float64]]
LineKind = Literal["val", "train"]


class Line:
    """One line, as wide as its number of points allows; a single point is a dot or a ring.

    A pale one shows what was measured beneath a line that is smoothed.
    """

    def __init__(self, plot: pg.PlotWidget, kind: LineKind, *, is_pale: bool = False) -> None:
        self._is_train = kind == "train"
        self._is_pale = is_pale
        self._look: tuple[str, int, str] | None = None
        self.item = pg.PlotDataItem(antialias=True, symbolSize=7)
        self.item.curve.setSegmentedLineMode("off")
        self.item.setZValue(-2 if is_pale else 0)
        plot.addItem(self.item)
        self.item.setDownsampling(auto=True, method="peak")  # after the plot has set its own, which is none
        self.item.opts["autoDownsampleFactor"] = SAMPLES_A_PIXEL

    def set_points(self, points: Points, colour: QColor) -> None:
        self.item.setData(*points)
        self.set_look(colour)

    def set_look(self, colour: QColor) -> None:
        """Dress the line for its colour and length; what is already so is left alone."""
        x, _ = self.item.getOriginalDataset()
        count = 0 if x is None else len(x)
        tier = 1 if count == 1 else 2 if count <= WIDE_UP_TO else 3 if count <= DASHED_UP_TO else 4
        look = (colour.name(), tier, theme.current().card)
        if look == self._look:
            return
        self._look = look
        self.item.setPen(self._pen(colour, tier))
        self.item.setSymbol("o" if tier == 1 and not self._is_pale else None)
        self.item.setSymbolPen(pg.mkPen(colour, width=1.5))
        self.item.setSymbolBrush(pg.mkBrush(theme.current().card if self._is_train else colour))

    def _pen(self, colour: QColor, tier: int) -> QPen:
        pen = _train_pen(colour, tier) if self._is_train else _val_pen(colour, tier)
        if self._is_pale:
            pen.setColor(_see_through(colour, PALE))
            pen.setWidthF(1.0)
        return pen


class RunCurve:
    """Validation as a solid line, training as a dotted one, the best point as a dot: all in one colour."""

    def __init__(self, plot: pg.PlotWidget, name: str, colour: RunColour, *, is_log: bool = False) -> None:
        self.name = name
        self.colour = colour
        self._plot = plot
        self._is_log = is_log
        self._curves: dict[LineKind, Points] = {"train": _copied(NO_POINTS), "val": _copied(NO_POINTS)}
        self._beneath = dict(self._curves)
        self._best_point: tuple[float, float] | None = None
        self._band: tuple[NDArray[np.float64], ...] = ()
        self._lines = {kind: Line(plot, kind) for kind in self._curves}
        self._pale: dict[LineKind, Line] = {}
        self._fill: QGraphicsPathItem | None = None
        self._best = pg.ScatterPlotItem(size=10, antialias=True)
        plot.addItem(self._best)
        self.recolour()

    def set_points(
        self, train: XY, val: XY, beneath: tuple[XY, XY] = (NO_POINTS, NO_POINTS), band: Band | None = None
    ) -> None:
        """Show these points, copied as what was given may grow; see ``LivePlot.set_run``."""
        self._curves = {"train": _copied(train), "val": _copied(val)}
        self._beneath = {"train": _copied(beneath[0]), "val": _copied(beneath[1])}
        self._band = () if band is None else tuple(map(np.array, (band.xs, band.low, band.high)))
        self._draw()

    def set_log(self, is_log: bool) -> None:
        """Draw the exponents of ten of all ys. What is not above 0 has none and is left out."""
        if is_log != self._is_log:
            self._is_log = is_log
            self._draw()
            self.set_best(self._best_point)

    def _draw(self) -> None:
        colour = theme.run_colour(self.colour)
        for kind, line in self._lines.items():
            line.set_points(self._placed(self._curves[kind]), colour)
        for kind, points in self._beneath.items():
            if kind not in self._pale and len(points[0]):
                self._pale[kind] = Line(self._plot, kind, is_pale=True)
            if kind in self._pale:
                self._pale[kind].set_points(self._placed(points), colour)
        self._draw_band()

    def _draw_band(self) -> None:
        if self._fill is None and self._band:
            self._fill = QGraphicsPathItem()
            self._fill.setPen(QPen(Qt.PenStyle.NoPen))
            self._fill.setBrush(_see_through(theme.run_colour(self.colour), FILL))
            self._fill.setZValue(-3)
            self._plot.addItem(self._fill)
        if self._fill is not None:
            around = self._outline() if self._band else _copied(NO_POINTS)
            self._fill.setPath(pg.arrayToQPath(*around))

    def _outline(self) -> Points:
        """Return the corners around the band."""
        xs, low, high = self._band
        group = max(1, -(-2 * len(xs) // CORNERS))
        starts = np.arange(0, len(xs), group)
        lowest = self._placed((xs[starts], np.minimum.reduceat(low, starts)))
        highest = self._placed((xs[starts], np.maximum.reduceat(high, starts)))
        return np.r_[lowest[0], highest[0][::-1]], np.r_[lowest[1], highest[1][::-1]]

    def _placed(self, points: Points) -> Points:
        """Return where points stand on the axes."""
        if not self._is_log:
            return points
        shown = points[1] > 0
        return points[0][shown], np.log10(points[1][shown])

    def set_best(self, point: tuple[float, float] | None) -> None:
        self._best_point = point
        x, y = _copied(NO_POINTS if point is None else ([point[0]], [point[1]]))
        self._best.setData(*self._placed((x, y)))

    def set_style(self, name: str, colour: RunColour) -> None:
        self.name = name
        if colour != self.colour:
            self.colour = colour
            self.recolour()

    def has_train(self) -> bool:
        return len(self._curves["train"][0]) > 0

    def points(self) -> Points:
        """Return the points that a reader means: validation, or training where there is no validation."""
        val = self._curves["val"]
        return val if len(val[0]) else self._curves["train"]

    def value_at(self, x: float) -> float | None:
        """Return the value nearest to ``x``, or None where the run has none."""
        xs, ys = self.points()
        if not len(xs):
            return None
        value = float(ys[int(np.argmin(np.abs(xs - x)))])
        return value if np.isfinite(value) else None

    def range_at(self, x: float) -> tuple[float, float] | None:
        """Return from where to where the band goes nearest to ``x``, or None where there is none."""
        if not self._band or not len(self._band[0]):
            return None
        place = int(np.argmin(np.abs(self._band[0] - x)))
        return float(self._band[1][place]), float(self._band[2][place])

    def recolour(self) -> None:
        colour = theme.run_colour(self.colour)
        for line in (*self._lines.values(), *self._pale.values()):
            line.set_look(colour)
        if self._fill is not None:
            self._fill.setBrush(_see_through(colour, FILL))
        self._best.setBrush(pg.mkBrush(colour))
        self._best.setPen(pg.mkPen(theme.current().card, width=2))

    def remove(self) -> None:
        lines = (line.item for line in (*self._lines.values(), *self._pale.values()))
        for item in (*lines, self._best, *([self._fill] if self._fill is not None else ())):
            self._plot.removeItem(item)


def _copied(xy: XY) -> Points:
    return np.array(xy[0], dtype=float), np.array(xy[1], dtype=float)


def _see_through(colour: QColor, opacity: float) -> QColor:
    pale = QColor(colour)
    pale.setAlphaF(opacity)
    return pale


def _val_pen(colour: QColor, tier: int) -> QPen:
    pen: QPen = pg.mkPen(colour, width=2 if tier <= 2 else 1)
    return pen


def _train_pen(colour: QColor, tier: int) -> QPen:
    """Dots cost more than lines do: very long curves are thin and pale instead."""
    if tier == 4:
        return _val_pen(_see_through(colour, 0.45), tier)
    pen = _val_pen(colour, tier)
    pen.setStyle(Qt.PenStyle.CustomDashLine)
    pen.setDashPattern([1.6, 2.0] if tier <= 2 else [3.0, 3.0])
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen
