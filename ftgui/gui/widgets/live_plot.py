"""Curves of runs over epochs or seconds, overlaid, one colour a run.

What draws them is loaded when there is something to draw, or before that while nothing else is to be done:
pyqtgraph and numpy take longer to load than all the rest of the window.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from ftgui.gui.theme import RunColour
from ftgui.gui.widgets.buttons import Segments
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.plot_legend import LegendEntry, PlotLegend
from ftgui.gui.widgets.text import Text

if TYPE_CHECKING:
    from ftgui.gui.widgets.run_canvas import RunCanvas
    from ftgui.gui.widgets.run_curve import RunCurve

AxisKind = Literal["epochs", "seconds"]
XY = tuple[Sequence[float], Sequence[float]]
NO_POINTS: XY = ((), ())


class LivePlot(Card):
    """A card with a plot and its legend. It draws when it is told to: the page keeps the pace."""

    x_chosen = Signal(str)
    """What the user wants x to be: "epochs" or "seconds"."""

    def __init__(
        self, title: str, *, object_name: str = "", empty_text: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(title, object_name=object_name, parent=parent)
        self._title_words = title
        self._canvas: RunCanvas | None = None
        self._x_kind: AxisKind = "epochs"
        self._x_range: tuple[float, float] | None = None
        self._y_is_share = False
        self._over = Segments(
            (("epochs", self.tr("epochs")), ("seconds", self.tr("seconds"))),
            object_name=f"{object_name}_over",
            accessible_name=self.tr("{title}: what runs along the bottom").format(title=title),
        )
        self._over.chosen.connect(self.x_chosen)
        self.add_corner(self._over)
        self._legend = PlotLegend()
        self._empty = Text(empty_text or self.tr("Curves appear here while a run trains."), "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self.add(self._stack, 1)
        self.add(self._legend)
        self.setMinimumSize(240, 180)

    @property
    def canvas(self) -> RunCanvas:
        """What is drawn on, made when it is first asked for."""
        if self._canvas is None:
            self._canvas = self._make_canvas()
        return self._canvas

    def make_ready(self) -> None:
        """Make what is drawn on now, so that the first curve need not wait for it."""
        self.canvas.ensurePolished()

    def _make_canvas(self) -> RunCanvas:
        from ftgui.gui.widgets.run_canvas import RunCanvas

        canvas = self._canvas = RunCanvas()
        canvas.setAccessibleName(self._title_words)
        self._stack.addWidget(canvas)
        QWidget.setTabOrder(_focus_before(self._empty), canvas)  # as if it had been there from the start
        canvas.pointed.connect(self._refresh_legend)
        canvas.reset_requested.connect(self.reset_view)
        self._set_up(canvas)
        return canvas

    def _set_up(self, canvas: RunCanvas) -> None:
        canvas.x_axis.set_kind(self._x_kind)
        if self._y_is_share:
            canvas.setLimits(yMin=-0.02, yMax=1.02, minYRange=0.1)
        self.reset_view()

    def set_run(
        self, run_id: str, name: str, colour: RunColour, train: XY = NO_POINTS, val: XY = NO_POINTS
    ) -> None:
        """Show a run, or its newer points; ``train`` and ``val`` are each (xs, ys) and may be empty."""
        self.canvas.set_run(run_id, name, colour, train, val)
        self._refresh_legend()

    def set_best(self, run_id: str, point: tuple[float, float] | None) -> None:
        """Mark the best (x, y) of a run that is shown."""
        run = self._runs.get(run_id)
        if run is not None:
            run.set_best(point)

    def remove_run(self, run_id: str) -> None:
        if run_id in self._runs:
            self.canvas.remove_run(run_id)
            self._refresh_legend()

    def clear(self) -> None:
        for run_id in self.run_ids():
            self.remove_run(run_id)

    def run_ids(self) -> tuple[str, ...]:
        return tuple(self._runs)

    @property
    def _runs(self) -> dict[str, RunCurve]:
        return self._canvas.runs if self._canvas is not None else {}

    def set_x_kind(self, kind: AxisKind) -> None:
        """Say what x is: "epochs" or "seconds". The points are the page's to change."""
        self._x_kind = kind
        self._over.set_choice(kind)
        if self._canvas is not None:
            self._canvas.x_axis.set_kind(kind)

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
        self._y_is_share = True
        if self._canvas is not None:
            self._set_up(self._canvas)

    def reset_view(self) -> None:
        """Show everything again."""
        if self._canvas is not None:
            self._canvas.enableAutoRange()
            if self._x_range is not None:
                self._canvas.setXRange(*self._x_range, padding=0.04)

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


def _focus_before(widget: QWidget) -> QWidget:
    """Return the last widget before this one that the Tab key goes to."""
    before = widget.previousInFocusChain()
    while before is not None and before is not widget:
        if before.focusPolicy() & Qt.FocusPolicy.TabFocus:
            return before
        before = before.previousInFocusChain()
    return widget


def _value_text(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
