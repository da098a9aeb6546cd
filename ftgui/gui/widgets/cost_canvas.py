"""The drawing part of accuracy against cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QWidget

from ftgui.gui import theme
from ftgui.gui.widgets.cost_plot import CostPoint
from ftgui.gui.widgets.plot_canvas import PlotCanvas
from ftgui.runs.report_axes import is_wide

DOT, RING = 11, 15
REACH = 14.0
"""Pixels from a dot within which it is pointed at."""
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: 1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: -1}


class CostCanvas(PlotCanvas):
    """Dots with whiskers and the front. Arrow keys go from the cheapest to the dearest."""

    pointed = Signal(object)
    """The ``CostPoint`` under the pointer, or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: tuple[CostPoint, ...] = ()
        self._pointed: CostPoint | None = None
        self._is_log = False
        self._end = 0.0
        """Where the x axis ends when all is shown."""
        self._fitted: list[list[float]] = []
        """The range that shows all; another one is the user's."""
        self.front = pg.PlotDataItem()
        self._whiskers: list[pg.ErrorBarItem] = []
        self.dots = pg.ScatterPlotItem(size=DOT, antialias=True)
        self._ring = pg.ScatterPlotItem(size=RING + 4, antialias=True)
        self.addItem(self.front, ignoreBounds=True)
        self.addItem(self._ring, ignoreBounds=True)
        self.addItem(self.dots, ignoreBounds=True)
        self.setLimits(yMin=-0.02, yMax=1.02, minYRange=0.04)
        self.reset_requested.connect(self.reset_view)
        theme.signals.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_points(self, points: Sequence[CostPoint]) -> None:
        """Show these points, of which there is at least one.

        The user's own zoom stays, unless other runs are shown or the axis is another.
        """
        before = self._is_log, sorted(point.name for point in self._points)
        is_zoomed = self.viewRange() != self._fitted
        self._points = tuple(points)
        self._is_log = is_wide([point.seconds for point in points])
        self.x_axis.set_kind("log seconds" if self._is_log else "seconds")
        self.x_axis.set_words(self.tr("seconds, logarithmic") if self._is_log else self.tr("seconds"))
        if not is_zoomed or before != (self._is_log, sorted(point.name for point in points)):
            self.reset_view()
        self._draw()
        name = self._pointed.name if self._pointed is not None else None
        self._point(next((point for point in points if point.name == name), None))

    def reset_view(self) -> None:
        """Show all points with their whiskers, and air around them."""
        if not self._points:
            return
        xs = [self._x(point.seconds) for point in self._points]
        low, high = min(point.low for point in self._points), max(point.high for point in self._points)
        air = 0.08 * (max(xs) - min(xs)) or (0.3 if self._is_log else max(0.2 * xs[0], 0.5))
        first = min(xs) - air
        self._end = max(xs) + air
        self.setXRange(first if self._is_log else max(first, 0.0), self._end, padding=0)
        self.setYRange(max(low - 0.02, -0.02), min(high + 0.02, 1.02), padding=0)
        self._fitted = self.viewRange()

    def _x(self, seconds: float) -> float:
        return math.log10(seconds) if self._is_log else seconds

    def _draw(self) -> None:
        self.front.setData(*self._front_line())
        self.front.setPen(pg.mkPen(theme.current().line_strong, width=1.5))
        for whisker in self._whiskers:
            self.removeItem(whisker)
        self._whiskers = [self._whisker(point) for point in self._points]
        self.dots.setData([self._spot(point) for point in self._points])

    def _front_line(self) -> tuple[list[float], list[float]]:
        """Return the corners of the step line, which goes on to the right for whoever has more time."""
        xs: list[float] = []
        ys: list[float] = []
        for seconds, y in sorted((p.seconds, p.accuracy) for p in self._points if p.is_on_front):
            x = self._x(seconds)
            xs += [x, x] if xs else [x]
            ys += [ys[-1], y] if ys else [y]
        end = max(self._end, *xs) if xs else 0.0
        return ([*xs, end], [*ys, ys[-1]]) if xs else ([], [])

    def _whisker(self, point: CostPoint) -> pg.ErrorBarItem:
        whisker = pg.ErrorBarItem(
            x=np.array([self._x(point.seconds)]),
            y=np.array([point.accuracy]),
            top=np.array([point.high - point.accuracy]),
            bottom=np.array([point.accuracy - point.low]),
            pen=pg.mkPen(theme.run_colour(point.colour), width=1.5),
        )
        whisker.setZValue(-1)
        self.addItem(whisker, ignoreBounds=True)
        return whisker

    def _spot(self, point: CostPoint) -> dict[str, Any]:
        """Return a dot: full on the front, else hollow; a triangle to the right where it may cost more."""
        colour = theme.run_colour(point.colour)
        return {
            "pos": (self._x(point.seconds), point.accuracy),
            "symbol": "t2" if point.at_least else "o",
            "brush": pg.mkBrush(colour if point.is_on_front else theme.current().card),
            "pen": pg.mkPen(colour, width=2),
        }

    # Pointing ---------------------------------------------------------------------------------------------

    def _on_mouse_moved(self, position: Any) -> None:
        near = [(self._distance(point, position), point) for point in self._points]
        close = [(distance, point) for distance, point in near if distance <= REACH]
        self._point(min(close, key=lambda each: each[0])[1] if close else None)

    def _distance(self, point: CostPoint, position: QPointF) -> float:
        place = self.getViewBox().mapViewToScene(QPointF(self._x(point.seconds), point.accuracy))
        return math.hypot(place.x() - position.x(), place.y() - position.y())

    def leaveEvent(self, event: Any) -> None:
        super().leaveEvent(event)
        self._point(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._point(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = STEPS.get(Qt.Key(event.key()))
        if step is None or not self._points:
            super().keyPressEvent(event)
            return
        every = sorted(self._points, key=lambda point: (point.seconds, point.accuracy))
        now = every.index(self._pointed) if self._pointed is not None else -1 if step > 0 else len(every)
        self._point(every[min(max(now + step, 0), len(every) - 1)])

    def _point(self, point: CostPoint | None) -> None:
        if point is self._pointed:
            return
        self._pointed = point
        self._ring.setData(*(([], []) if point is None else ([self._x(point.seconds)], [point.accuracy])))
        self.pointed.emit(point)

    def _on_theme_changed(self) -> None:
        self.recolour()
        self._ring.setPen(pg.mkPen(theme.current().text, width=1.5))
        self._ring.setBrush(pg.mkBrush(None))
        if self._points:
            self._draw()
