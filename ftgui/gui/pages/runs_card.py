"""The runs there are: a table, and what can be done with the one that is selected."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from ftgui.gui.item_models.runs_model import COLUMNS, SORT_ROLE, RunRow, RunsModel
from ftgui.gui.theme import RunColour
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.tables import DotDelegate, RunsTable, style_table, widen_to_titles
from ftgui.gui.widgets.text import Text, tip
from ftgui.gui.words import is_over
from ftgui.runs.history import RunHistory, obstacle_to_resuming

WIDTHS = {"": 36, "Name": 92, "Time": 92, "Frozen changed": 112, "State": 84}
HEADER_STRETCH = QHeaderView.ResizeMode.Stretch


class RunsCard(Card):
    """Shows the model of runs; asks for what its buttons say."""

    export_requested = Signal(object)
    """The history of the run to export."""
    continue_requested = Signal(object)
    """The history of the run to go on with."""
    possible_changed = Signal()
    """Another run is selected, or something else can be done with it now."""

    def __init__(self, runs: RunsModel, parent: QWidget | None = None) -> None:
        super().__init__("", parent=parent)
        self.set_title(self.tr("Runs"))
        self._runs = runs
        self._busy = ""
        self._exporting = False
        self.continue_button = Button(self.tr("Continue"), icon_name="play", object_name="continue_button")
        self.continue_button.setAccessibleName(self.tr("Go on with the selected run"))
        self.export_button = Button(
            self.tr("Export…"), icon_name="export-variant", object_name="export_button"
        )
        self.export_button.setAccessibleName(self.tr("Export the selected run"))
        self._proxy = QSortFilterProxyModel(self)
        self.table = self._make_table()
        self.add_beside_title(Text(self.tr("tick to overlay"), "muted"))
        self.add_corner(self.continue_button)
        self.add_corner(self.export_button)
        self.add(self.table, 1)
        self._connect()
        self.show_possible()

    # What the page asks -----------------------------------------------------------------------------------

    def add_run(self, history: RunHistory, colour: RunColour | None = None) -> RunRow:
        """Put a run in the table and select it."""
        row = self._runs.add(history, colour)
        self.select(history)
        return row

    def select(self, history: RunHistory) -> None:
        """Select a run that is in the table."""
        number = next(n for n, row in enumerate(self._runs.rows) if row.history is history)
        self.table.selectRow(self._proxy.mapFromSource(self._runs.index(number, 1)).row())
        self.table.scrollTo(self.table.currentIndex())

    def selected_run(self) -> RunHistory | None:
        """Return the run that is selected, the first of several."""
        chosen = self.table.selectionModel().selectedRows()
        return self._runs.rows[self._proxy.mapToSource(chosen[0]).row()].history if chosen else None

    def set_exporting(self, exporting: bool) -> None:
        """Say that an export is being written: the next has to wait for it."""
        self._exporting = exporting
        self.show_possible()

    def set_busy(self, why: str) -> None:
        """Say in a sentence why no run can go on now; "" where one can."""
        self._busy = why
        self.show_possible()

    def show_possible(self) -> None:
        """Offer what can be done with the selected run; a tooltip says why not."""
        for button, obstacle in (
            (self.export_button, self._export_obstacle()),
            (self.continue_button, self._continue_obstacle()),
        ):
            button.setEnabled(not obstacle)
            button.setToolTip(tip(obstacle))
        self.possible_changed.emit()

    # Making -----------------------------------------------------------------------------------------------

    def _make_table(self) -> QTableView:
        table = RunsTable()
        style_table(table, object_name="runs_table", accessible_name=self.tr("Runs"))
        self._proxy.setSourceModel(self._runs)
        self._proxy.setSortRole(SORT_ROLE)
        table.setModel(self._proxy)
        table.setItemDelegateForColumn(0, DotDelegate(table))
        table.setSortingEnabled(True)
        self._proxy.sort(-1)
        header = table.horizontalHeader()
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        for number, column in enumerate(COLUMNS):
            table.setColumnWidth(number, WIDTHS.get(column.title, 64))
        header.setSortIndicatorShown(False)  # room for an arrow only where one is
        widen_to_titles(table)
        header.setSectionResizeMode(2, HEADER_STRETCH)
        return table

    def _connect(self) -> None:
        self.table.selectionModel().selectionChanged.connect(self.show_possible)
        self.table.doubleClicked.connect(self._on_double_clicked)
        self.table.horizontalHeader().sortIndicatorChanged.connect(self._on_sorted)
        self.export_button.clicked.connect(self._on_export)
        self.continue_button.clicked.connect(self._on_continue)

    # What happens -----------------------------------------------------------------------------------------

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

    def _continue_obstacle(self) -> str:
        """Return why the selected run cannot go on now; empty where it can."""
        history = self.selected_run()
        if history is None:
            return self.tr("Select a run in the table first.")
        if not is_over(history):
            return self.tr("This run still goes on.")
        obstacle = obstacle_to_resuming(history)
        if obstacle:
            return self.tr("This run cannot go on: {obstacle}.").format(obstacle=obstacle)
        return self._busy

    def _on_sorted(self, column: int, _order: Qt.SortOrder) -> None:
        header = self.table.horizontalHeader()
        header.setSortIndicatorShown(column >= 0)
        if column >= 0 and header.sectionResizeMode(column) is not HEADER_STRETCH:
            header.resizeSection(column, max(header.sectionSize(column), header.sectionSizeHint(column)))

    def _on_export(self) -> None:
        history = self.selected_run()
        if history is not None:
            self.export_requested.emit(history)

    def _on_continue(self) -> None:
        history = self.selected_run()
        if history is not None:
            self.continue_requested.emit(history)

    def _on_double_clicked(self, index: QModelIndex) -> None:
        """A double click anywhere in a row shows or hides its curves."""
        if index.column() == 0:
            return
        tick = self._runs.index(self._proxy.mapToSource(index).row(), 0)
        shown = self._runs.rows[tick.row()].shown
        state = Qt.CheckState.Unchecked if shown else Qt.CheckState.Checked
        self._runs.setData(tick, state, Qt.ItemDataRole.CheckStateRole)
