"""What moved in several runs, beside each other: the maps of their weights on one scale of colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ftgui.gui import theme
from ftgui.gui.item_models.runs_model import RunRow
from ftgui.gui.moved_words import cell_words, heat_row
from ftgui.gui.stages_told import StagesTold, Told, epochs_told, room_for
from ftgui.gui.theme import RunColour
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.heat_map import HeatMap, Place
from ftgui.gui.widgets.heat_scale import HeatLegend
from ftgui.gui.widgets.plot_saving import Piece, WidgetPiece
from ftgui.gui.widgets.text import ElidedText, SteadyText, Text
from ftgui.gui.words import strategy_words
from ftgui.runs.history import RunHistory
from ftgui.training.events import StageInfo

MOST = 12
NARROWEST = 284
AIR_ACROSS, AIR_DOWN = 24, 18
"""Pixels between the maps."""


@dataclass(frozen=True)
class Shown:
    """A run with what is told of it."""

    row: RunRow
    told: Told


class Dot(QWidget):
    """A run's colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour: RunColour = 0
        self.setFixedSize(12, 14)
        theme.signals.changed.connect(self.update)

    def set_colour(self, colour: RunColour) -> None:
        self._colour = colour
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.run_colour(self._colour))
        painter.drawEllipse(QPointF(6, 7), 5, 5)


class RunColumn(QWidget):
    """The map of one run below its colour, its name and its strategy."""

    read = Signal(str)
    """What there is to say of the cell pointed at; "" where none is."""

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row: RunRow | None = None
        self._told: Told = {}
        self._dot = Dot()
        self._name = ElidedText("", "section")
        self._strategy = ElidedText("", "muted")
        self._nothing = Text(self.tr("Nothing was measured yet."), "muted")
        self.map = HeatMap(object_name=f"moved_beside_map_{number + 1}")
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._dot)
        head.addWidget(self._name, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self._strategy)
        column.addSpacing(6)
        column.addWidget(self.map)
        column.addWidget(self._nothing)
        column.addStretch(1)
        self.setMinimumWidth(NARROWEST)

    def show_run(self, shown: Shown, epochs: int) -> None:
        """Show a run with room for ``epochs``, as many as in the other columns."""
        history, self.row, self._told = shown.row.history, shown.row, shown.told
        self._dot.set_colour(shown.row.colour)
        self._name.setText(history.name)
        self._strategy.setText(strategy_words(history.started.config) if history.started else "")
        self.map.setAccessibleName(self.tr("How far the weights of “{run}” moved").format(run=history.name))
        rows = tuple(heat_row(each, shown.told[each.name], "weights") for each in _stages(history))
        rows = rows if epochs_told(shown.told) else ()
        self.map.set_rows(rows, epochs, (self.tr("moved by"),))
        self.map.setFixedHeight(self.map.sizeHint().height())  # so that rows are as high in all columns
        self.map.setVisible(bool(rows))
        self._nothing.setVisible(not rows)
        self.show()

    def show_none(self) -> None:
        """Show no run, and keep nothing of the one that was shown."""
        self.row, self._told = None, {}
        self.hide()

    @Slot(object)
    def read_out(self, place: Place | None) -> None:
        """Say what the cell pointed at shows."""
        if place is None or self.row is None:
            self.read.emit("")
            return
        stage = _stages(self.row.history)[place.row]
        words = cell_words(stage, self._told[stage.name], "weights", place.first, place.last)
        self.read.emit(f"{self.row.history.name} · {words}")


class ColumnsScroll(QScrollArea):
    """As many columns beside each other as there is room for, the others below them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.columns: list[RunColumn] = []
        self._arranged = (0, 0)
        """For how many columns there is room across, and how many of all are shown."""
        self.maps = QWidget()
        self.maps.setProperty("role", "page")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(AIR_ACROSS)
        self._grid.setVerticalSpacing(AIR_DOWN)
        column = QVBoxLayout(self.maps)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._grid)
        column.addStretch(1)
        self.setWidgetResizable(True)
        self.setWidget(self.maps)

    def show_first(self, count: int) -> None:
        """Show so many of the columns, as wide as each other."""
        self._arrange(self._across(), count)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(self._across(), self._arranged[1])

    def _across(self) -> int:
        return max(1, (self.viewport().width() + AIR_ACROSS) // (NARROWEST + AIR_ACROSS))

    def _arrange(self, across: int, count: int) -> None:
        if self._arranged == (across, count):
            return
        self._arranged = across, count
        for number, column in enumerate(self.columns):
            self._grid.addWidget(column, number // across, number % across)
        for number in range(self._grid.columnCount()):
            self._grid.setColumnStretch(number, int(number < min(across, count)))
        for column in self.columns[count:]:
            column.show_none()


class MapsBeside(Card):
    """A column a run: up to ``MOST`` of those that are ticked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", object_name="moved_beside", parent=parent)
        self.set_title(self.tr("How far the weights moved"))
        self._legend = HeatLegend(object_name="heat_legend_beside")
        self.add_corner(self._legend)
        self._told: dict[int, tuple[RunHistory, StagesTold]] = {}
        self._note = Text("", "muted", object_name="moved_beside_note")
        self._scroll = ColumnsScroll()
        self.add(self._note)
        self.add(self._scroll, 1)
        self._read_out = SteadyText("muted", object_name="moved_beside_readout")
        self.add(self._read_out)
        self._on_pointed("")

    def show_runs(self, rows: Sequence[RunRow]) -> None:
        """Show the runs that are ticked, in the order of the table; ``rows`` are those."""
        taken = fitting(rows)
        shown = [Shown(row, self._follow(row).told()) for row in taken]
        epochs = max((room_for(each.row.history, each.told) for each in shown), default=1)
        for number, each in enumerate(shown):
            self._column(number).show_run(each, epochs)
        self._scroll.show_first(len(shown))
        kept = {row.number for row in taken}
        self._told = {number: told for number, told in self._told.items() if number in kept}
        joins = (stage.from_epoch for each in shown for stage in _stages(each.row.history) if stage.learns)
        self._legend.set_joins(any(1 < epoch <= epochs for epoch in joins))
        self._note.setText(self._words(rows, taken))
        self._note.setVisible(bool(self._note.text()))

    def forget(self, row: RunRow) -> None:
        """Keep nothing of a run that is not ticked any more: it may have left."""
        self._told.pop(row.number, None)
        for column in self._scroll.columns:
            if column.row is row:
                column.show_none()

    def pieces(self) -> tuple[Piece, ...]:
        """Return what a picture of it is made of."""
        return WidgetPiece(self._legend), WidgetPiece(self._scroll.maps)

    def runs(self) -> tuple[RunRow, ...]:
        """Return the runs whose maps are there."""
        return tuple(column.row for column in self._scroll.columns if column.row)

    def _words(self, rows: Sequence[RunRow], taken: Sequence[RunRow]) -> str:
        if not rows:
            return self.tr("No run is ticked in the table of the Training page.")
        if len(taken) == len(rows):
            return ""
        strategies = len({_strategy(row) for row in taken})
        each = len(taken) // strategies
        if strategies == 1:
            words = self.tr("The first {shown} of {count} ticked runs.")
        elif each == 1:
            words = self.tr("One run a strategy: {shown} of {count} ticked runs.")
        else:
            words = self.tr("Up to {each} runs a strategy: {shown} of {count} ticked runs.")
        hint = self.tr("Untick some on the Training page.")
        return f"{words.format(each=each, shown=len(taken), count=len(rows))} {hint}"

    def _follow(self, row: RunRow) -> StagesTold:
        if row.number not in self._told or self._told[row.number][0] is not row.history:
            self._told[row.number] = row.history, StagesTold(row.history)
        return self._told[row.number][1]

    def _column(self, number: int) -> RunColumn:
        if number == len(self._scroll.columns):
            column = RunColumn(number, self._scroll.maps)
            column.map.pointed.connect(column.read_out)
            column.read.connect(self._on_pointed)
            self._scroll.columns.append(column)
        return self._scroll.columns[number]

    @Slot(str)
    def _on_pointed(self, words: str) -> None:
        self._read_out.setText(words or self.tr("Point at a cell, or use the arrow keys."))


def _stages(history: RunHistory) -> tuple[StageInfo, ...]:
    return history.started.stages if history.started is not None else ()


def fitting(rows: Sequence[RunRow], most: int = MOST) -> list[RunRow]:
    """Return the runs that are shown of those that are ticked: where not all fit, as many of each strategy.

    So all strategies are seen before any is seen twice, each with its first seeds.
    """
    if len(rows) <= most:
        return list(rows)
    by_strategy: dict[str, list[RunRow]] = {}
    for row in rows:
        by_strategy.setdefault(_strategy(row), []).append(row)
    each = max(1, most // len(by_strategy))
    taken = {row.number for mine in by_strategy.values() for row in sorted(mine, key=_seed)[:each]}
    return [row for row in rows if row.number in taken][:most]


def _strategy(row: RunRow) -> str:
    return strategy_words(row.history.started.config) if row.history.started else ""


def _seed(row: RunRow) -> int:
    return row.history.started.config.seed if row.history.started else 0
