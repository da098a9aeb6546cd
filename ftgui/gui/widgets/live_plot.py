"""Curves of runs over epochs or seconds, overlaid, one colour a run."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QWidget

from ftgui.gui import theme
from ftgui.gui.theme import RunColour
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.plot_canvas import AxisKind, PlotCanvas
from ftgui.gui.widgets.plot_legend import LegendEntry, PlotLegend
from ftgui.gui.widgets.run_curve import NO_POINTS, XY, RunCurve
from ftgui.gui.widgets.text import Text


class LivePlot(Card):
    """A card with a plot and its legend. It draws when it is told to: the page keeps the pace."""

    def __init__(
        self, title: str, *, object_name: str = "", empty_text: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(title, object_name=object_name, parent=parent)
        self._runs: dict[str, RunCurve] = {}
        self._x_range: tuple[float, float] | None = None
        self.canvas = PlotCanvas()
        self.canvas.setAccessibleName(title)
        self.canvas.x_axis.set_kind("epochs")
        self._legend = PlotLegend()
        self._pointer = pg.InfiniteLine(angle=90, movable=False)
        self._pointer.hide()
        self.canvas.addItem(self._pointer, ignoreBounds=True)
        self._empty = Text(empty_text or self.tr("Curves appear here while a run trains."), "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self._on_theme_changed()

    def _lay_out(self) -> None:
        for page in (self._empty, self.canvas):
            self._stack.addWidget(page)
        self.add(self._stack, 1)
        self.add(self._legend)
        self.setMinimumSize(240, 180)

    def _connect(self) -> None:
        self.canvas.hovered.connect(self._on_hovered)
        self.canvas.reset_requested.connect(self.reset_view)
        theme.signals.changed.connect(self._on_theme_changed)

    def set_run(
        self, run_id: str, name: str, colour: RunColour, train: XY = NO_POINTS, val: XY = NO_POINTS
    ) -> None:
        """Show a run, or its newer points; ``train`` and ``val`` are each (xs, ys) and may be empty."""
        run = self._runs.get(run_id)
        if run is None:
            run = self._runs[run_id] = RunCurve(self.canvas, name, colour)
        run.set_style(name, colour)
        run.set_points(train, val)
        self._refresh_legend()

    def set_best(self, run_id: str, point: tuple[float, float] | None) -> None:
        """Mark the best (x, y) of a run that is shown."""
        if run_id in self._runs:
            self._runs[run_id].set_best(point)

    def remove_run(self, run_id: str) -> None:
        run = self._runs.pop(run_id, None)
        if run is not None:
            run.remove()
            self._refresh_legend()

    def clear(self) -> None:
        for run_id in self.run_ids():
            self.remove_run(run_id)

    def run_ids(self) -> tuple[str, ...]:
        return tuple(self._runs)

    def set_x_kind(self, kind: AxisKind) -> None:
        """Say what x is: "epochs" or "seconds". The points are the page's to change."""
        self.canvas.x_axis.set_kind(kind)

    def set_x_range(self, first: float, last: float) -> None:
        """Keep room for a run's whole length, so that curves grow to the right instead of being squeezed."""
        self._x_range = (first, max(last, first + 1))
        self.reset_view()

    def follow_x(self) -> None:
        """Let x follow the points again."""
        self._x_range = None
        self.reset_view()

    def set_y_range_unit(self) -> None:
        """For shares such as accuracy: never outside 0 to 1, and noise is not blown up to fill the plot."""
        self.canvas.setLimits(yMin=-0.02, yMax=1.02, minYRange=0.1)

    def reset_view(self) -> None:
        """Show everything again."""
        self.canvas.enableAutoRange()
        if self._x_range is not None:
            self.canvas.setXRange(*self._x_range, padding=0.04)

    def set_empty_text(self, text: str) -> None:
        self._empty.setText(text)

    def empty_text(self) -> str:
        """Return what stands in the place of the curves, "" where there are some."""
        return self._empty.text() if self._stack.currentWidget() is self._empty else ""

    def _refresh_legend(self, x: float | None = None) -> None:
        entries = tuple(
            LegendEntry(run.name, run.colour, _value_text(None if x is None else run.value_at(x)))
            for run in self._runs.values()
        )
        self._legend.set_entries(entries)
        has_train = any(run.has_train() for run in self._runs.values())
        self._legend.set_lines(self._line_words() if has_train else ())
        self._stack.setCurrentWidget(self.canvas if entries else self._empty)

    def _line_words(self) -> tuple[tuple[str, Qt.PenStyle], ...]:
        return ((self.tr("val"), Qt.PenStyle.SolidLine), (self.tr("train"), Qt.PenStyle.DotLine))

    def _on_hovered(self, x: float | None) -> None:
        shown = x is not None and bool(self._runs)
        if shown:
            self._pointer.setPos(self._snap(x or 0.0))
        self._pointer.setVisible(shown)
        self._refresh_legend(x)

    def _snap(self, x: float) -> float:
        """Return the point of any run that is nearest to ``x``."""
        every = (run.points()[0] for run in self._runs.values())
        near = [float(xs[abs(xs - x).argmin()]) for xs in every if len(xs)]
        return min(near, key=lambda each: abs(each - x), default=x)

    def _on_theme_changed(self) -> None:
        self.canvas.recolour()
        self._pointer.setPen(pg.mkPen(theme.current().line_strong))
        for run in self._runs.values():
            run.recolour()


def _value_text(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
