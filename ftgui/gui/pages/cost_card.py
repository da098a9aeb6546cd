"""Accuracy against cost of the strategies of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.cost_plot import COST_COLUMNS, CostPlot, CostPoint, cost_row
from ftgui.gui.widgets.plot_menu import MenuButton, PlotMenu
from ftgui.gui.widgets.plot_saving import Picture
from ftgui.gui.widgets.taking_along import Table, TakingAlong
from ftgui.runs.results import StrategyResult

HEIGHT = 300


class CostCard(Card):
    """A dot a strategy, as ``CostPlot`` draws it, to be looked at and taken along."""

    failed = Signal(object)
    """An FtguiError: a picture or numbers could not be written."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", object_name="comparison_cost_card", parent=parent)
        self.set_title(self.tr("Accuracy against cost"))
        self.plot = CostPlot(
            self.tr("accuracy"),
            object_name="comparison_cost",
            accessible_name=self.tr("Accuracy against cost"),
            empty_text=self.tr("A strategy stands here once it has all of its runs."),
        )
        self.plot.setFixedHeight(HEIGHT)
        self._taking = TakingAlong(self.picture, self._table, self)
        self._taking.failed.connect(self.failed)
        button = MenuButton(
            self.tr("Accuracy against cost: saving it"), self._make_menu, object_name="comparison_cost_menu"
        )
        self.plot.menu_requested.connect(button.open_at)
        self.add_corner(button)
        self.add(self.plot)

    def show_strategies(
        self, results: Sequence[StrategyResult], colours: Mapping[str, int], *, is_optimistic: bool = False
    ) -> None:
        """Show these; a strategy's seconds are those of a run that finds nothing kept.

        ``is_optimistic``: something was chosen by the very pictures that the accuracies are of.
        """
        note = self.tr("optimistic") if is_optimistic else ""
        self.plot.set_points(
            [
                CostPoint(
                    name=each.strategy,
                    colour=colours[each.strategy],
                    seconds=each.seconds,
                    accuracy=each.accuracy,
                    low=each.low,
                    high=each.high,
                    at_least=not each.is_cost_known,
                    pictures=each.pictures,
                    note=note,
                    is_on_front=each.is_on_front,
                )
                for each in results
            ]
        )

    def picture(self) -> Picture:
        """Return what is seen, with its title."""
        return Picture(self.tr("Accuracy against cost"), self.plot.note(), self.plot.pieces())

    def _make_menu(self) -> PlotMenu:
        return self._taking.make_menu("comparison_cost_menu")

    def _table(self) -> Table:
        return Table(self.tr("cost"), ("strategy", *COST_COLUMNS), map(cost_row, self.plot.points()))
