"""What moved in several runs, beside each other: the maps of their weights on one scale of colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ftgui.gui import theme
from ftgui.gui.item_models.runs_model import RunRow
from ftgui.gui.moved_words import amount_words, cell_words
from ftgui.gui.stages_told import StagesTold, StageTold, Told, epochs_told
from ftgui.gui.theme import RunColour
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.heat_layout import HeatRow
from ftgui.gui.widgets.heat_map import HeatMap, Place
from ftgui.gui.widgets.heat_scale import HeatLegend
from ftgui.gui.widgets.plot_saving import Piece, WidgetPiece
from ftgui.gui.widgets.text import ElidedText, SteadyText, Text
from ftgui.gui.words import is_over, strategy_words
from ftgui.runs.history import RunHistory
from ftgui.training.events import StageInfo

MOST = 6
NARROWEST = 284


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
        rows = tuple(_heat_row(stage, shown.told[stage.name]) for stage in _stages(history))
        rows = rows if epochs_told(shown.told) else ()
        self.map.set_rows(rows, epochs, (self.tr("moved by"),))
        self.map.setFixedHeight(self.map.sizeHint().height())  # so that rows are as high in all columns
        self.map.setVisible(bool(rows))
        self._nothing.setVisible(not rows)
        self.show()

    @Slot(object)
    def read_out(self, place: Place | None) -> None:
        """Say what the cell pointed at shows."""
        if place is None or self.row is None:
            self.read.emit("")
            return
        stage = _stages(self.row.history)[place.row]
        words = cell_words(stage, self._told[stage.name], "weights", place.first, place.last)
        self.read.emit(f"{self.row.history.name} · {words}")


def _heat_row(stage: StageInfo, told: StageTold) -> HeatRow:
    joins = stage.from_epoch if stage.learns else 1
    return HeatRow(name=stage.name, values=told.weights, words=(amount_words(told, "weights"),), joins=joins)


class MapsBeside(Card):
    """A column a run: up to ``MOST`` of those that are ticked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", object_name="moved_beside", parent=parent)
        self.set_title(self.tr("How far the weights moved"))
        self._legend = HeatLegend(object_name="heat_legend_beside")
        self.add_corner(self._legend)
        self._told: dict[int, tuple[RunHistory, StagesTold]] = {}
        self._note = Text("", "muted", object_name="moved_beside_note")
        self._columns: list[RunColumn] = []
        self.maps = QWidget()
        self.maps.setProperty("role", "page")
        self._row = QHBoxLayout(self.maps)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(24)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.maps)
        self.add(self._note)
        self.add(scroll, 1)
        self._read_out = SteadyText("muted", object_name="moved_beside_readout")
        self.add(self._read_out)
        self._on_pointed("")

    def show_runs(self, rows: Sequence[RunRow]) -> None:
        """Show the runs that are ticked, in the order of the table; ``rows`` are those."""
        shown = [Shown(row, self._follow(row).told()) for row in rows[:MOST]]
        epochs = max((_room(each) for each in shown), default=1)
        for number, each in enumerate(shown):
            self._column(number).show_run(each, epochs)
        for column in self._columns[len(shown) :]:
            column.hide()
        joins = (stage.from_epoch for each in shown for stage in _stages(each.row.history) if stage.learns)
        self._legend.set_joins(any(1 < epoch <= epochs for epoch in joins))
        self._note.setText(self._words(len(rows)))
        self._note.setVisible(bool(self._note.text()))

    def pieces(self) -> tuple[Piece, ...]:
        """Return what a picture of it is made of."""
        return WidgetPiece(self._legend), WidgetPiece(self.maps)

    def runs(self) -> tuple[RunRow, ...]:
        """Return the runs whose maps are there."""
        return tuple(column.row for column in self._columns if not column.isHidden() and column.row)

    def _words(self, ticked: int) -> str:
        if not ticked:
            return self.tr("No run is ticked in the table of the Training page.")
        if ticked > MOST:
            words = self.tr("The first {most} of {count} ticked runs. Untick some on the Training page.")
            return words.format(most=MOST, count=ticked)
        return ""

    def _follow(self, row: RunRow) -> StagesTold:
        if row.number not in self._told or self._told[row.number][0] is not row.history:
            self._told[row.number] = row.history, StagesTold(row.history)
        return self._told[row.number][1]

    def _column(self, number: int) -> RunColumn:
        if number == len(self._columns):
            column = RunColumn(number)
            column.map.pointed.connect(column.read_out)
            column.read.connect(self._on_pointed)
            self._columns.append(column)
            self._row.addWidget(column, 1)
        return self._columns[number]

    @Slot(str)
    def _on_pointed(self, words: str) -> None:
        self._read_out.setText(words or self.tr("Point at a cell, or use the arrow keys."))


def _stages(history: RunHistory) -> tuple[StageInfo, ...]:
    return history.started.stages if history.started is not None else ()


def _room(shown: Shown) -> int:
    history = shown.row.history
    told = epochs_told(shown.told)
    return told if is_over(history) or history.started is None else max(told, history.started.config.epochs)
