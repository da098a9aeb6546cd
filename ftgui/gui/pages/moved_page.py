"""What moved: for one run, how far each stage had gone by the end of each epoch, and what was proven."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from ftgui.gui.item_models.runs_model import RunRow, RunsModel, name_column
from ftgui.gui.moved_words import cell_words, heat_row, moved_summary
from ftgui.gui.pages.moved_beside import MOST, MapsBeside
from ftgui.gui.pages.turns import REPAINT_MS
from ftgui.gui.sessions.training import TrainingSession, TrainingState
from ftgui.gui.stages_told import StagesTold, Told, room_for
from ftgui.gui.widgets.card import PADDING, Card
from ftgui.gui.widgets.heat_layout import HeatRow, Lines
from ftgui.gui.widgets.heat_map import HeatMap, Place
from ftgui.gui.widgets.heat_scale import HeatLegend
from ftgui.gui.widgets.inputs import CalmComboBox
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.plot_menu import MenuButton, PlotMenu
from ftgui.gui.widgets.plot_saving import Picture, Row, WidgetPiece
from ftgui.gui.widgets.taking_along import Table, TakingAlong
from ftgui.gui.widgets.text import ElidedText, StatusLine, Text
from ftgui.gui.words import strategy_words
from ftgui.runs.history import Part, RunHistory
from ftgui.training.events import RunStarted

WIDEST_NAME = 320
COLUMNS = ("run", "stage", "epoch", "weights", "statistics")


class MovedPage(QWidget):
    """Shows the run that it is told to; asks for another."""

    run_chosen = Signal(object)
    """The history that the user wants to see."""
    failed = Signal(object)
    """An ``FtguiError``: a picture or numbers could not be written."""

    def __init__(self, session: TrainingSession, runs: RunsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("moved_page")
        self._session, self._runs = session, runs
        self._history: RunHistory | None = None
        self._told: StagesTold | None = None
        self._dirty = True
        self._shown: tuple[object, ...] = ()
        self.chooser = CalmComboBox(object_name="moved_run", accessible_name=self.tr("Run"))
        self.chooser.setModel(runs)
        self.chooser.setModelColumn(name_column())
        self.chooser.setMaximumWidth(WIDEST_NAME)
        self.chooser.setSizeAdjustPolicy(CalmComboBox.SizeAdjustPolicy.AdjustToContents)
        self.beside = QCheckBox(self.tr("Beside each other"))
        name_widget(
            self.beside,
            object_name="moved_side_by_side",
            accessible_name=self.tr("Show the ticked runs beside each other"),
        )
        tip = self.tr("The maps of up to {most} of the runs that are ticked on the Training page.")
        self.beside.setToolTip(tip.format(most=MOST))
        self._taking = TakingAlong(self.picture, self._table, self)
        self._taking.failed.connect(self.failed)
        self._button = MenuButton(self.tr("Save what moved"), self._make_menu, object_name="moved_menu")
        self._maps_beside = MapsBeside()
        self._strategy = ElidedText("", "muted", object_name="moved_strategy")
        self._summary = StatusLine(object_name="moved_summary")
        self._weights = MapCard(self.tr("How far the weights moved"), "weights")
        self._statistics = MapCard(self.tr("Running statistics of the norms"), "statistics")
        self._weights.add_legend()
        self._no_norms = Text(
            self.tr("The norms of this network, if it has any, keep no running statistics."), "muted"
        )
        self._no_norms.setIndent(PADDING)
        self._stack = QStackedWidget()
        self._content = QStackedWidget()
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(REPAINT_MS)
        self._timer.timeout.connect(self._repaint)
        self._session.updated.connect(self._on_updated)
        self._session.state_changed.connect(self._on_state_changed)
        self._runs.shown_changed.connect(self._on_shown_changed)
        self.beside.toggled.connect(self._on_beside)
        self.chooser.activated.connect(self._on_chosen)
        self._repaint()

    def show_run(self, history: RunHistory) -> None:
        """Show this run."""
        if history is not self._history:
            self._history, self._told = history, StagesTold(history)
            self._on_updated()

    def show_none(self) -> None:
        """Show no run: there is none any more."""
        self._history, self._told, self._shown = None, None, ()
        self._stack.setCurrentIndex(0)

    def _lay_out(self) -> None:
        head = Card()
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(self.chooser)
        line.addWidget(self._strategy, 1)
        line.addWidget(self.beside)
        line.addWidget(self._button)
        head.add(line)
        head.add(self._summary)
        self._maps = maps = QWidget()
        maps.setProperty("role", "page")
        column = QVBoxLayout(maps)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        for card in (self._weights, self._statistics):
            column.addWidget(card)
        column.addWidget(self._no_norms)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(maps)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(head)
        self._content.addWidget(scroll)
        self._content.addWidget(self._maps_beside)
        column.addWidget(self._content, 1)
        self._stack.addWidget(self._empty_card())
        self._stack.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 10, 0, 0)
        outer.addWidget(self._stack)

    def _empty_card(self) -> Card:
        empty = Text(
            self.tr("Train, or add a run from disk, to see what moves."), "muted", object_name="moved_empty"
        )
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        card = Card()
        card.add(empty, 1)
        return card

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._repaint()

    @Slot()
    def _on_updated(self) -> None:
        self._dirty = True
        if not self._session.is_active:
            self._repaint()

    @Slot(object)
    def _on_state_changed(self, state: TrainingState) -> None:
        if state is TrainingState.IDLE:
            self._timer.stop()
        else:
            self._timer.start()
        self._on_updated()

    @Slot(object)
    def _on_shown_changed(self, row: RunRow) -> None:
        if not row.shown:
            self._maps_beside.forget(row)
            self._shown = ()  # which knows the run, too
        if self.beside.isChecked():
            self._on_updated()

    @Slot(bool)
    def _on_beside(self, beside: bool) -> None:
        """Show the ticked runs beside each other, or one of all."""
        self.chooser.setEnabled(not beside)
        self._strategy.setText("")
        self._summary.setVisible(not beside)
        self._content.setCurrentIndex(int(beside))
        self._dirty, self._shown = True, ()
        self._repaint()

    @Slot()
    def _repaint(self) -> None:
        """Show what changed; what nobody looks at waits until somebody does."""
        if not self._dirty or not self.isVisible():
            return
        self._dirty = False
        if self._history is None or self._told is None or self._shown == self._stamp():
            return
        self._shown = self._stamp()
        self._stack.setCurrentIndex(1)
        if self.beside.isChecked():
            self._maps_beside.show_runs(self._ticked())
            return
        told = self._told.told()
        self._show_head(self._history, told)
        self._show_maps(self._history, told)

    def _stamp(self) -> tuple[object, ...]:
        """Return what tells whether anything that is seen has changed."""
        if self.beside.isChecked():
            return tuple((row.number, row.colour, *_stamp(row.history)) for row in self._ticked())
        return () if self._history is None else _stamp(self._history)

    def _ticked(self) -> list[RunRow]:
        return [row for row in self._runs.rows if row.shown]

    def _show_head(self, history: RunHistory, told: Told) -> None:
        shown = next((n for n, row in enumerate(self._runs.rows) if row.history is history), -1)
        self.chooser.setCurrentIndex(shown)
        self._strategy.setText(strategy_words(history.started.config) if history.started else "")
        self._summary.set_status(*moved_summary(history, told))

    def _show_maps(self, history: RunHistory, told: Told) -> None:
        cards = (self._weights, self._statistics)
        for card in cards:
            card.take(history.started, told)
        lines = tuple(line for card in cards for line in card.lines())
        for card in cards:
            card.draw(room_for(history, told), lines)
        self._no_norms.setVisible(self._statistics.isHidden() and not self._weights.isHidden())

    @Slot(int)
    def _on_chosen(self, number: int) -> None:
        self.run_chosen.emit(self._runs.rows[number].history)

    # Taking it along --------------------------------------------------------------------------------------

    def picture(self) -> Picture:
        """Return what is seen: the maps of one run, or of several beside each other."""
        if self.beside.isChecked():
            return Picture(self.tr("How far the weights moved"), "", self._maps_beside.pieces())
        name = self._history.name if self._history is not None else ""
        cards = [card for card in (self._weights, self._statistics) if not card.isHidden()]
        return Picture(name, self._strategy.text(), tuple(WidgetPiece(card) for card in cards))

    def _make_menu(self) -> PlotMenu:
        return self._taking.make_menu("moved_menu")

    def _table(self) -> Table:
        histories = [self._history] if self._history is not None else []
        if self.beside.isChecked():
            histories = [row.history for row in self._maps_beside.runs()]
        return Table(self.tr("moved"), COLUMNS, moved_numbers(histories))


def moved_numbers(histories: Iterable[RunHistory]) -> Iterator[Row]:
    """Yield a row of ``COLUMNS`` for each stage and epoch; None where there is nothing that could move."""
    for history in histories:
        for moved in history.moved:
            yield history.name, moved.stage, moved.epoch, moved.weights, moved.statistics


def _stamp(history: RunHistory) -> tuple[object, ...]:
    """Return what tells whether anything of this page has changed: most events are of batches."""
    return history, history.name, history.started, history.state, len(history.epochs), len(history.moved)


class MapCard(Card):
    """One part of the network as a map, and a line that reads out the cell pointed at."""

    def __init__(self, title: str, part: Part, parent: QWidget | None = None) -> None:
        super().__init__(title, parent=parent)
        self._part: Part = part
        self._started: RunStarted | None = None
        self._told: Told = {}
        self._rows: tuple[HeatRow, ...] = ()
        self._legend: HeatLegend | None = None
        self.map = HeatMap(object_name=f"{part}_heat_map", accessible_name=title)
        self._words = Text("", "muted", object_name=f"{part}_readout")
        self.add(self.map)
        self.add(self._words)
        self.map.pointed.connect(self._on_pointed)

    def add_legend(self) -> None:
        """Say at the title's end what the colours stand for."""
        self._legend = HeatLegend(object_name="heat_legend")
        self.add_corner(self._legend)

    def take(self, started: RunStarted | None, told: Told) -> None:
        """Take what is told of a run, before it is drawn."""
        self._started, self._told = started, told
        self._rows = self._make_rows()

    def lines(self) -> Lines:
        """Return the words at the ends of the rows, and what stands over them."""
        return (self._headings(), *(row.words for row in self._rows))

    def draw(self, epochs: int, beside: Lines) -> None:
        """Draw what was taken, with room for the words of the maps beside; hide where there is nothing."""
        self.setVisible(bool(self._rows))
        self.map.set_rows(self._rows, epochs, self._headings(), beside)
        if self._legend is not None:
            self._legend.set_joins(any(1 < row.joins <= epochs for row in self._rows))

    def _headings(self) -> tuple[str, ...]:
        by, entries = self.tr("moved by"), self.tr("entries")
        return (by, entries) if self._part == "weights" else (by,)

    def _make_rows(self) -> tuple[HeatRow, ...]:
        """Return a row a stage, none at all where nothing was measured or no stage has this part."""
        measured = [told.of(self._part) for told in self._told.values() if told.events]
        if not measured or (self._part == "statistics" and all(each.is_blank for each in measured)):
            return ()
        stages = self._started.stages if self._started is not None else ()
        entries = self._part == "weights"
        return tuple(heat_row(each, self._told[each.name], self._part, entries=entries) for each in stages)

    @Slot(object)
    def _on_pointed(self, place: Place | None) -> None:
        self._words.setText(self._hint() if place is None else self._read_out(place))

    def _read_out(self, place: Place) -> str:
        assert self._started is not None
        stage = self._started.stages[place.row]
        return cell_words(stage, self._told[stage.name], self._part, place.first, place.last)

    def _hint(self) -> str:
        if self._part == "statistics":
            return self.tr("The mean and variance that batch norms remember of the pictures they saw.")
        return self.tr("Relative to where each stage began. Point at a cell, or use the arrow keys.")
