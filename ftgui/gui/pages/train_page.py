"""The right side: curves, the live run, and the runs there are."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QSortFilterProxyModel, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QSplitter, QTableView, QVBoxLayout, QWidget

from ftgui.gui.item_models.runs_model import COLUMNS, SORT_ROLE, RunRow, RunsModel
from ftgui.gui.sessions.training import TrainingSession, TrainingState
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.live_plot import LivePlot
from ftgui.gui.widgets.progress_card import ProgressCard, ProgressState
from ftgui.gui.widgets.tables import DotDelegate, RunsTable, style_table, widen_to_titles
from ftgui.gui.widgets.text import Text
from ftgui.gui.words import best_words, is_over, progress_words
from ftgui.runs.history import Measure, RunHistory, RunState

REPAINT_MS = 100
"""Events come faster than eyes follow; what they changed is painted ten times a second."""
WIDTHS = {"": 40, "Name": 96, "What may move": 200, "Time": 100, "Changed": 84, "State": 84}
HEADER_STRETCH = QHeaderView.ResizeMode.Stretch


class TrainPage(QWidget):
    """Shows one ``TrainingSession`` and the model of runs; asks for pause, stop and export."""

    export_requested = Signal(object)
    """The history of the run to export."""
    demo_requested = Signal()
    possible_changed = Signal()
    """What can be done with the selected run may be something else now."""

    def __init__(self, session: TrainingSession, runs: RunsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.runs = runs
        self._dirty = False
        self._room = (0, 0)
        self._ready = self._blank = False
        self._exporting = False
        self.loss_plot = LivePlot(self.tr("Loss"), object_name="loss_plot")
        self.accuracy_plot = LivePlot(self.tr("Accuracy"), object_name="accuracy_plot")
        self.accuracy_plot.set_y_range_unit()
        self.progress = ProgressCard()
        self.export_button = Button(
            self.tr("Export…"), icon_name="export-variant", object_name="export_button"
        )
        self.export_button.setAccessibleName(self.tr("Export the selected run"))
        self.table = self._make_table()
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(REPAINT_MS)
        self._connect()
        self._show_state()

    # What the window asks ---------------------------------------------------------------------------------

    def add_run(self, history: RunHistory) -> None:
        """Put a run in the table, select it and draw its curves."""
        row = self.runs.add(history)
        self._draw(row)
        source = self.runs.index(len(self.runs.rows) - 1, 1)
        self.table.selectRow(self._proxy.mapFromSource(source).row())
        self.table.scrollTo(self.table.currentIndex())

    def selected_run(self) -> RunHistory | None:
        """Return the run that is selected, the first of several."""
        chosen = self.table.selectionModel().selectedRows()
        return self.runs.rows[self._proxy.mapToSource(chosen[0]).row()].history if chosen else None

    def set_setup(self, *, ready: bool, blank: bool) -> None:
        """Say whether Train may be pressed, and whether nothing at all was filled in yet."""
        self._ready, self._blank = ready, blank
        self._show_emptiness()

    def set_exporting(self, exporting: bool) -> None:
        """Say that an export is being written: the next has to wait for it."""
        self._exporting = exporting
        self._on_selection()

    # Making -----------------------------------------------------------------------------------------------

    def _make_table(self) -> QTableView:
        table = RunsTable()
        style_table(table, object_name="runs_table", accessible_name=self.tr("Runs"))
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSourceModel(self.runs)
        self._proxy.setSortRole(SORT_ROLE)
        table.setModel(self._proxy)
        table.setItemDelegateForColumn(0, DotDelegate(table))
        table.setSortingEnabled(True)
        self._proxy.sort(-1)
        table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        for number, column in enumerate(COLUMNS):
            table.setColumnWidth(number, WIDTHS.get(column.title, 64))
        table.horizontalHeader().setSortIndicatorShown(False)  # room for an arrow only where one is
        widen_to_titles(table)
        table.horizontalHeader().setSectionResizeMode(2, HEADER_STRETCH)
        return table

    def _lay_out(self) -> None:
        plots = QHBoxLayout()
        plots.setSpacing(10)
        plots.addWidget(self.loss_plot, 1)
        plots.addWidget(self.accuracy_plot, 1)
        runs = Card(self.tr("Runs"))
        runs.add_beside_title(Text(self.tr("tick to overlay"), "muted"))
        runs.add_corner(self.export_button)
        runs.add(self.table, 1)
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(plots, 1)
        column.addWidget(self.progress)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(10)
        splitter.addWidget(top)
        splitter.addWidget(runs)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setSizes([560, 260])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 10, 0, 0)
        outer.addWidget(splitter)

    def _connect(self) -> None:
        self._session.updated.connect(self._on_updated)
        self._session.state_changed.connect(self._on_state_changed)
        self._session.run_ended.connect(self._on_run_ended)
        self.progress.pause_requested.connect(self._session.toggle_pause)
        self.progress.resume_requested.connect(self._session.toggle_pause)
        self.progress.stop_requested.connect(self._session.stop)
        self.progress.demo_requested.connect(self.demo_requested)
        self._timer.timeout.connect(self._repaint)
        self.runs.shown_changed.connect(self._draw)
        self.table.selectionModel().selectionChanged.connect(self._on_selection)
        self.table.doubleClicked.connect(self._on_double_clicked)
        self.table.horizontalHeader().sortIndicatorChanged.connect(self._on_sorted)
        self.export_button.clicked.connect(self._on_export)

    # What happens -----------------------------------------------------------------------------------------

    @Slot()
    def _on_updated(self) -> None:
        self._dirty = True

    @Slot(object)
    def _on_state_changed(self, state: TrainingState) -> None:
        if state is TrainingState.IDLE:
            self._timer.stop()
        else:
            self._timer.start()
        self._dirty = True
        self._repaint()

    @Slot(object)
    def _on_run_ended(self, _history: RunHistory) -> None:
        self._dirty = True
        self._repaint()

    @Slot()
    def _repaint(self) -> None:
        if not self._dirty:
            return
        self._dirty = False
        self._show_state()
        history = self._session.history
        if history is not None:
            self.runs.refresh(history)
            for row in self.runs.rows:
                if row.history is history:
                    self._draw(row)

    @Slot(object)
    def _draw(self, row: RunRow) -> None:
        _draw_run(self.loss_plot, row, "loss")
        _draw_run(self.accuracy_plot, row, "accuracy")
        self._keep_room()
        self._show_emptiness()

    def _keep_room(self) -> None:
        """Make the x axes as long as the longest run shown, and begin where curves begin.

        Only where that is new, for it undoes the user's own zoom.
        """
        shown = [row.history for row in self.runs.rows if row.shown]
        in_first_epoch = any(h.state is RunState.TRAINING and not h.epochs for h in shown)
        room = (0 if in_first_epoch else 1, max(map(_epochs, shown), default=1))
        if room != self._room:
            self._room = room
            for plot in (self.loss_plot, self.accuracy_plot):
                plot.set_x_range(*room)

    def _show_emptiness(self) -> None:
        """Say what to do where there is nothing to see yet."""
        for plot in (self.loss_plot, self.accuracy_plot):
            plot.set_empty_text(self._empty_words())
        self.progress.offer_demo(self._blank and not self.runs.rows)
        if self._session.history is None:
            words = self.tr("All is ready: press Train.")
            if not self._ready:
                words = self.tr("Choose pictures and weights on the left to begin.")
            self.progress.set_progress(words, 0.0)

    def _empty_words(self) -> str:
        if self.runs.rows and not any(row.shown for row in self.runs.rows):
            return self.tr("No run is ticked in the table below.")
        if self._ready and not self.runs.rows:
            return self.tr("Press Train.")
        return self.tr("Curves appear here while a run trains.")

    def _show_state(self) -> None:
        history, state = self._session.history, self._session.state
        if history is None:
            self.progress.set_run("")
            self._show_emptiness()
        else:
            paused, stopping = state is TrainingState.PAUSED, state is TrainingState.STOPPING
            self.progress.set_run(history.name)
            self.progress.set_progress(progress_words(history, paused, stopping), _fraction(history))
            self.progress.set_best(best_words(history))
        self.progress.set_state(_progress_state(state, history))
        self._on_selection()

    def _on_selection(self) -> None:
        obstacle = self._export_obstacle()
        self.export_button.setEnabled(not obstacle)
        self.export_button.setToolTip(obstacle)
        self.possible_changed.emit()

    def _export_obstacle(self) -> str:
        """Return why nothing can be exported now; empty where it can."""
        history = self.selected_run()
        if history is None:
            return self.tr("Select a run in the table first.")
        if not is_over(history):
            return self.tr("This run still goes on.")
        if history.kept is None:
            return self.tr("This run kept no weights.")
        return self.tr("An export is being written.") if self._exporting else ""

    def _on_sorted(self, column: int, _order: Qt.SortOrder) -> None:
        header = self.table.horizontalHeader()
        header.setSortIndicatorShown(column >= 0)
        if column >= 0 and header.sectionResizeMode(column) is not HEADER_STRETCH:
            header.resizeSection(column, max(header.sectionSize(column), header.sectionSizeHint(column)))

    def _on_export(self) -> None:
        history = self.selected_run()
        if history is not None:
            self.export_requested.emit(history)

    def _on_double_clicked(self, index: QModelIndex) -> None:
        """A double click anywhere in a row shows or hides its curves."""
        if index.column() == 0:
            return
        tick = self.runs.index(self._proxy.mapToSource(index).row(), 0)
        shown = self.runs.rows[tick.row()].shown
        state = Qt.CheckState.Unchecked if shown else Qt.CheckState.Checked
        self.runs.setData(tick, state, Qt.ItemDataRole.CheckStateRole)


def _draw_run(plot: LivePlot, row: RunRow, measure: Measure) -> None:
    history, run_id = row.history, str(row.colour)
    if not row.shown or history.started is None:
        plot.remove_run(run_id)
        return
    val, best = history.series("val", measure), history.best
    plot.set_run(run_id, history.name, row.colour, history.series("train", measure), val)
    value = None if best is None else getattr(best, f"val_{measure}")
    plot.set_best(run_id, None if best is None or value is None else (float(best.epoch), value))


def _epochs(history: RunHistory) -> int:
    return history.started.config.epochs if history.started else 1


def _fraction(history: RunHistory) -> float | None:
    """Return how much is done; None, which shows that something goes on, where nobody can say."""
    if history.started is None and history.ended is None:
        phase = history.progress
        return phase.done / phase.total if phase and phase.total > 1 else None
    return history.fraction


def _progress_state(state: TrainingState, history: RunHistory | None) -> ProgressState:
    match state:
        case TrainingState.RUNNING:
            return "preparing" if history is None or history.started is None else "running"
        case TrainingState.PAUSED:
            return "paused"
        case TrainingState.STOPPING:
            return "stopping"
    if history is None:
        return "idle"
    return _END_STATES.get(history.state, "done")


_END_STATES: dict[RunState, ProgressState] = {
    RunState.STOPPED: "stopped",
    RunState.FAILED: "failed",
    RunState.INTERRUPTED: "failed",
}
