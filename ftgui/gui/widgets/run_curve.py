"""The curves of one run in one plot, or of several runs as one band."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Reading:
    """What the curves of a run say at an x; None where they say nothing there."""

    val: float | None
    train: float | None
    around: tuple[float, float] | None = None
    """The lowest and the highest of several seeds."""

    @property
    def is_something(self) -> bool:
        return self.val is not None or self.train is not None


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
    """Validation as a solid line, training as a dotted one, best points as dots: all in one colour."""

    def __init__(self, plot: pg.PlotWidget, name: str, colour: RunColour, *, is_log: bool = False) -> None:
        self.name = name
        self.colour = colour
        self._plot = plot
        self._is_log = is_log
        self._curves: dict[LineKind, Points] = {"train": _copied(NO_POINTS), "val": _copied(NO_POINTS)}
        self._beneath = dict(self._curves)
        self._best_points: tuple[tuple[float, float], ...] = ()
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
            self.set_best(self._best_points)

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

    def set_best(self, points: Sequence[tuple[float, float]]) -> None:
        """Mark the best epoch: of several seeds, that of each."""
        self._best_points = tuple(points)
        self._best.setData(*self._placed(_copied(([x for x, _ in points], [y for _, y in points]))))

    def set_style(self, name: str, colour: RunColour) -> None:
        self.name = name
        if colour != self.colour:
            self.colour = colour
            self.recolour()

    @property
    def is_smoothed(self) -> bool:
        return any(len(xs) for xs, _ in self._beneath.values())

    def has_train(self) -> bool:
        return len(self._curves["train"][0]) > 0

    def points(self) -> Points:
        """Return the points that a reader means: validation, or training where there is no validation."""
        val = self._curves["val"]
        return val if len(val[0]) else self._curves["train"]

    def read(self, x: float) -> Reading:
        """Return what is nearest to ``x``: nothing where the run had not begun, or was over."""
        val, train = (_value_near(*self._curves[kind], x) for kind in ("val", "train"))
        xs, *bounds = self._band or (np.array([]),)
        around = [value for ys in bounds if (value := _value_near(xs, ys, x)) is not None]
        return Reading(val, train, (around[0], around[1]) if len(around) == 2 else None)

    def distance(self, reading: Reading, y: float) -> float:
        """Return how far a place at height ``y``, as it is drawn, is from what was read."""
        drawn = [self._height(value) for value in (reading.val, reading.train) if value is not None]
        return min((abs(height - y) for height in drawn), default=math.inf)

    def _height(self, value: float) -> float:
        if not self._is_log:
            return value
        return math.log10(value) if value > 0 else math.inf

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


def _value_near(xs: NDArray[np.float64], ys: NDArray[np.float64], x: float) -> float | None:
    """Return the y whose x is nearest; a curve says nothing farther away than half a step from its ends."""
    if not len(xs):
        return None
    steps = (xs[0], xs[0]) if len(xs) == 1 else (xs[1] - xs[0], xs[-1] - xs[-2])
    if not xs[0] - steps[0] / 2 <= x <= xs[-1] + steps[1] / 2:
        return None
    value = float(ys[int(np.argmin(np.abs(xs - x)))])
    return value if math.isfinite(value) else None


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
