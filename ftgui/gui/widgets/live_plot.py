"""Curves of runs over epochs or seconds, overlaid, one colour a run.

What draws them is loaded when there is something to draw, or before that while nothing else is to be done:
pyqtgraph and numpy take longer to load than all the rest of the window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from ftgui.gui.plot_data import XY, Band, PlotView
from ftgui.gui.theme import RunColour
from ftgui.gui.widgets.buttons import Segments
from ftgui.gui.widgets.card import PADDING, Card
from ftgui.gui.widgets.cost_plot import CostPlot, CostPoint
from ftgui.gui.widgets.plot_legend import LegendEntry, PlotLegend
from ftgui.gui.widgets.plot_menu import MenuButton, Offers, PlotMenu
from ftgui.gui.widgets.plot_saving import LegendPiece, Picture, ViewPiece
from ftgui.gui.widgets.taking_along import Table, TakingAlong
from ftgui.gui.widgets.text import Text

if TYPE_CHECKING:
    from ftgui.gui.widgets.run_canvas import RunCanvas
    from ftgui.gui.widgets.run_curve import RunCurve

AxisKind = Literal["epochs", "seconds"]
NO_POINTS: XY = ((), ())
GAP = 8
"""Pixels between what stands on the title's line."""


class LivePlot(Card):
    """A card with a plot and its legend. It draws when it is told to: the page keeps the pace."""

    x_chosen = Signal(str)
    """What the user wants x to be: "epochs" or "seconds"; "cost" for accuracy against cost."""
    smoothing_chosen = Signal(str)
    bands_chosen = Signal(bool)
    failed = Signal(object)
    """An ``FtguiError``: a picture or numbers could not be written."""

    def __init__(
        self,
        title: str,
        *,
        object_name: str = "",
        empty_text: str = "",
        log: bool = False,
        cost: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """Make an empty plot; ``log`` offers a logarithmic scale, ``cost`` accuracy against cost."""
        super().__init__(title, object_name=object_name, parent=parent)
        self._title_words = title
        self._canvas: RunCanvas | None = None
        self._x_kind: AxisKind = "epochs"
        self._x_range: tuple[float, float] | None = None
        self._y_is_share = self._is_log = self._is_narrow = False
        self._view = PlotView()
        self._cost: CostPlot | None = None
        self._offers_log = log
        self._numbers: Callable[[], Table] | None = None
        self._taking = TakingAlong(self.picture, self._table, self)
        self._taking.failed.connect(self.failed)
        self._over = Segments(
            (
                ("epochs", self.tr("epochs")),
                ("seconds", self.tr("seconds")),
                *((("cost", self.tr("cost")),) if cost else ()),
            ),
            object_name=f"{object_name}_over",
            accessible_name=self.tr("{title}: what runs along the bottom").format(title=title),
        )
        self._over.chosen.connect(self.x_chosen)
        self.add_corner(self._over)
        words = self.tr("{title}: how it is drawn, and saving it").format(title=title)
        self._button = MenuButton(words, self._make_menu, object_name=f"{object_name}_menu")
        self.add_corner(self._button)
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

        canvas = self._canvas = RunCanvas(object_name=self.objectName())
        canvas.setAccessibleName(self._title_words)
        self._stack.addWidget(canvas)
        QWidget.setTabOrder(_focus_before(self._empty), canvas)  # as if it had been there from the start
        canvas.reset_requested.connect(self.reset_view)
        canvas.menu_requested.connect(self._button.open_at)
        self._set_up(canvas)
        return canvas

    def _set_up(self, canvas: RunCanvas) -> None:
        canvas.x_axis.set_kind(self._x_kind)
        canvas.set_log(self._is_log)
        canvas.set_note(self._note())
        if self._y_is_share:
            canvas.setLimits(yMin=-0.02, yMax=1.02, minYRange=0.1)
        self.reset_view()

    def set_run(
        self,
        run_id: str,
        name: str,
        colour: RunColour,
        train: XY = NO_POINTS,
        val: XY = NO_POINTS,
        beneath: tuple[XY, XY] = (NO_POINTS, NO_POINTS),
        band: Band | None = None,
    ) -> None:
        """Show a run, or its newer points; ``train`` and ``val`` are each (xs, ys) and may be empty.

        ``beneath`` are both as measured, drawn pale, where they are smoothed; ``band`` goes around ``val``.
        """
        self.canvas.set_run(run_id, name, colour, train, val, beneath, band)
        self._refresh_legend()

    def set_best(self, run_id: str, *points: tuple[float, float]) -> None:
        """Mark the best (x, y) of a run that is shown; of a band's runs, that of each."""
        run = self._runs.get(run_id)
        if run is not None:
            run.set_best(points)

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
        if not self.shows_cost():
            self._over.set_choice(kind)
        if self._canvas is not None:
            self._canvas.x_axis.set_kind(kind)

    # How it is drawn --------------------------------------------------------------------------------------

    def set_view(self, view: PlotView) -> None:
        """Say how the curves are drawn that this plot is given."""
        self._view = view
        self._show_view()

    @Slot(bool)
    def set_log(self, is_log: bool) -> None:
        """Make y logarithmic or not; values that are not above 0 are left out then."""
        self._is_log = is_log
        if self._canvas is not None:
            self._canvas.set_log(is_log)
            self.reset_view()
        self._show_view()

    def _show_view(self) -> None:
        if self._canvas is not None:
            self._canvas.set_note(self._note())
            self._canvas.y_axis.set_words(self._title_words if self._is_narrow else "")
        if self._button.has_menu():
            self._button.plot_menu().show_view(self._view)
            self._button.plot_menu().show_log(self._is_log)

    def _note(self) -> str:
        """Return what is written on the plot."""
        smoothed = self.tr("smoothed, pale: as measured") if self._view.smoothing != "off" else ""
        return " · ".join(filter(None, (smoothed, self.tr("logarithmic") if self._is_log else "")))

    def _make_menu(self) -> PlotMenu:
        offers = Offers(curves=True, log=self._offers_log, points=self._numbers is not None)
        menu = PlotMenu(f"{self.objectName()}_menu", offers, self)
        menu.show_view(self._view)
        menu.show_log(self._is_log)
        menu.smoothing_chosen.connect(self.smoothing_chosen)
        menu.bands_chosen.connect(self.bands_chosen)
        menu.log_chosen.connect(self.set_log)
        self._taking.serve(menu)
        return menu

    # Accuracy against cost --------------------------------------------------------------------------------

    def set_cost(self, points: Sequence[CostPoint] | None) -> None:
        """Show accuracy against cost in place of the curves; None shows the curves again."""
        if points is None:
            self._over.set_choice(self._x_kind)
            self._refresh_legend()
            return
        self._over.set_choice("cost")
        self.cost.set_points(points)
        self._legend.hide()
        self._show_in_stack(self.cost)

    @property
    def cost(self) -> CostPlot:
        """The scatter, made when it is first asked for."""
        if self._cost is None:
            self._cost = CostPlot(object_name=f"{self.objectName()}_cost", accessible_name=self.tr("Cost"))
            self._cost.menu_requested.connect(self._button.open_at)
            self._stack.addWidget(self._cost)
            QWidget.setTabOrder(self._button, self._cost)
        return self._cost

    def shows_cost(self) -> bool:
        return self._over.choice() == "cost"

    # Taking it along --------------------------------------------------------------------------------------

    def picture(self) -> Picture:
        """Return what is seen, with its title and what all curves are."""
        if self.shows_cost():
            return Picture(self.tr("Accuracy against cost"), self.cost.note(), self.cost.pieces())
        over = {"epochs": self.tr("over epochs"), "seconds": self.tr("over seconds")}[self._x_kind]
        if self._canvas is None or not self._runs:
            return Picture(self._title_words, self.empty_text(), ())
        self._canvas.hovered.emit(None)
        legend = LegendPiece(self._legend, self._canvas.viewport().width())
        return Picture(self._title_words, over, (ViewPiece(self._canvas), legend))

    def set_numbers(self, numbers: Callable[[], Table]) -> None:
        """Say where the numbers behind what is seen come from: only then they can be saved."""
        self._numbers = numbers

    def _table(self) -> Table:
        return self._numbers() if self._numbers is not None else Table(self._title_words.lower(), (), ())

    # What is seen of it -----------------------------------------------------------------------------------

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

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Where title and choices have no room beside each other, show the one that is needed.

        The title then stands along the axis.
        """
        parts = (self._title, self._over, self._button)
        needed = sum(part.sizeHint().width() for part in parts) + 2 * PADDING + 2 * GAP
        self._is_narrow = needed > self.width()
        is_empty = self._stack.currentWidget() is self._empty
        self._title.setVisible(is_empty or not self._is_narrow)
        self._over.setVisible(not is_empty or not self._is_narrow)
        self._show_view()

    def _refresh_legend(self) -> None:
        entries = tuple(LegendEntry(run.name, run.colour) for run in self._runs.values())
        self._legend.set_entries(entries)
        has_train = any(run.has_train() for run in self._runs.values())
        self._legend.set_lines(self._line_words() if has_train else ())
        if not self.shows_cost():
            self._legend.show()
            self._show_in_stack(self.canvas if entries else self._empty)

    def _show_in_stack(self, widget: QWidget) -> None:
        if self._stack.currentWidget() is not widget:
            self._stack.setCurrentWidget(widget)
            self._fit()

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
