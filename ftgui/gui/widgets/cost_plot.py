"""Accuracy against cost: a point for each run or way of training, and the front that no other one beats.

Like ``LivePlot`` it opens without pyqtgraph and numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from ftgui.evaluation.statistics import pareto_front
from ftgui.gui.theme import RunColour
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.plot_legend import LegendEntry, PlotLegend
from ftgui.gui.widgets.plot_saving import LegendPiece, Piece, Row, ViewPiece
from ftgui.gui.widgets.text import SteadyText, Text
from ftgui.gui.words import duration_words

if TYPE_CHECKING:
    from ftgui.gui.widgets.cost_canvas import CostCanvas

LEGEND_FROM = 170
"""Pixels of height from which there is room for a legend; each dot can be read out without."""
LEAST_SECONDS = 1e-3
"""A logarithmic axis knows no 0."""
COST_COLUMNS = ("seconds", "at_least", "accuracy", "low", "high", "pictures", "note")
"""Of ``cost_row``, after the name."""


@dataclass(frozen=True)
class CostPoint:
    """What something cost and what it brought."""

    name: str
    colour: RunColour
    seconds: float
    """``LEAST_SECONDS`` where less is given."""
    accuracy: float
    low: float
    """With ``high`` the accuracy's interval."""
    high: float
    at_least: bool = False
    """The seconds are a lower bound: it may have cost more."""
    pictures: int | None = None
    """That the accuracy is of; None where nobody knows."""
    note: str = ""
    """What is to be said of the accuracy, such as that it is optimistic."""
    is_on_front: bool = False
    """No other point is as accurate for less; see ``with_front``."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "seconds", max(self.seconds, LEAST_SECONDS))


def with_front(points: Sequence[CostPoint]) -> tuple[CostPoint, ...]:
    """Return the points, each saying whether no other beats it: not of one that may have cost more."""
    known = [place for place, point in enumerate(points) if not point.at_least]
    front = pareto_front([(points[place].seconds, points[place].accuracy) for place in known])
    on_it = {known[each] for each in front}
    return tuple(replace(point, is_on_front=place in on_it) for place, point in enumerate(points))


def cost_words(point: CostPoint) -> str:
    """Return "freeze: 0.952 (0.906 – 0.976) of 153, best epoch (optimistic), in 4.2 s"."""
    at_least = "at least " if point.at_least else ""
    interval = f"{point.accuracy:.3f} ({point.low:.3f} – {point.high:.3f})"
    pictures = "" if point.pictures is None else f" of {point.pictures:,}"
    note = f", {point.note}," if point.note else ""
    return f"{point.name}: {interval}{pictures}{note} in {at_least}{duration_words(point.seconds)}"


def cost_row(point: CostPoint) -> Row:
    """Return a point as a row of a table: its name, and ``COST_COLUMNS``."""
    interval = point.accuracy, point.low, point.high
    return point.name, point.seconds, int(point.at_least), *interval, point.pictures, point.note


class CostPlot(QWidget):
    """A scatter with whiskers, its legend, and a line that reads out the point pointed at."""

    menu_requested = Signal(object)
    """Where on the screen, a QPoint."""

    def __init__(
        self,
        y_words: str = "",
        *,
        object_name: str = "",
        accessible_name: str = "",
        empty_text: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """Make a plot whose y axis is called ``y_words``: "best accuracy" unless said."""
        super().__init__(parent)
        name_widget(self, object_name=object_name, accessible_name=accessible_name)
        self._y_words = y_words or self.tr("best accuracy")
        self._canvas: CostCanvas | None = None
        self._points: tuple[CostPoint, ...] = ()
        self._empty = Text(empty_text or self.tr("No run has ended an epoch yet."), "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._read_out = SteadyText("muted", object_name=f"{object_name}_readout" if object_name else "")
        self._legend = PlotLegend()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._stack, 1)
        column.addWidget(self._read_out)
        column.addWidget(self._legend)
        self._on_pointed(None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._legend.setVisible(event.size().height() >= LEGEND_FROM)

    @property
    def canvas(self) -> CostCanvas:
        """What is drawn on, made when it is first asked for."""
        if self._canvas is None:
            from ftgui.gui.widgets.cost_canvas import CostCanvas

            self._canvas = CostCanvas()
            self._canvas.setAccessibleName(self.accessibleName() or self.tr("Accuracy against cost"))
            self._stack.addWidget(self._canvas)
            self._canvas.pointed.connect(self._on_pointed)
            self._canvas.menu_requested.connect(self.menu_requested)
        return self._canvas

    def set_points(self, points: Sequence[CostPoint]) -> None:
        """Show these and no others; what is the same is left alone."""
        if tuple(points) == self._points:
            return
        self._points = tuple(points)
        self.setAccessibleDescription(". ".join(map(cost_words, self._points)))
        entries = dict.fromkeys(LegendEntry(point.name, point.colour) for point in self._points)
        self._legend.set_entries(tuple(entries))
        if self._points:
            self.canvas.y_axis.set_words(self._axis_words())
            self.canvas.set_note(self.note())
            self.canvas.set_points(self._points)
        self._stack.setCurrentWidget(self.canvas if self._points else self._empty)
        self._on_pointed(None)

    def points(self) -> tuple[CostPoint, ...]:
        return self._points

    def note(self) -> str:
        """Return what is to be said of the accuracies."""
        return " · ".join(dict.fromkeys(point.note for point in self._points if point.note))

    def _axis_words(self) -> str:
        """Return "accuracy, n = 153", without n where it is not the same for all."""
        (count, *others) = {point.pictures for point in self._points}
        return self._y_words if others or count is None else f"{self._y_words}, n = {count:,}"

    def set_empty_text(self, text: str) -> None:
        self._empty.setText(text)

    def pieces(self) -> tuple[Piece, ...]:
        """Return what a picture of it is made of; none where there is nothing to see."""
        if not self._points:
            return ()
        return ViewPiece(self.canvas), LegendPiece(self._legend, self.canvas.viewport().width())

    @Slot(object)
    def _on_pointed(self, point: CostPoint | None) -> None:
        self._read_out.setText(self._hint() if point is None else cost_words(point))

    def _hint(self) -> str:
        if not self._points:
            return ""
        return self.tr("The line is the best that so much time has bought. Point at a dot to read it.")
