"""The table of runs: its widths, its sorting and its keys."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QWidget

from ftgui.gui.item_models.run_columns import COLUMNS
from ftgui.gui.item_models.runs_filter import RunsFilter
from ftgui.gui.item_models.runs_model import MAY_MOVE, NAME
from ftgui.gui.widgets.tables import DotDelegate, NameDelegate, RunsTable, style_table

TICK_WIDTH, NAME_WIDTH, LEAST_WIDTH = 36, 112, 100
FIT_MS = 100
"""After rows came or changed: many do so at once."""


class SortableRuns(RunsTable):
    """Sorted by a click on a title; Delete asks for its rows to go."""

    delete_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fit_timer = QTimer(self)
        self._fit_timer.setSingleShot(True)
        self._fit_timer.setInterval(FIT_MS)
        self._fit_timer.timeout.connect(self.fit)
        self.verticalScrollBar().valueChanged.connect(self.fit_soon)

    @Slot()
    def fit_soon(self) -> None:
        """Make columns wide enough for what is seen now."""
        if not self._fit_timer.isActive():
            self._fit_timer.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Delete):
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)

    @Slot(int, Qt.SortOrder)
    def show_arrow(self, column: int, _order: Qt.SortOrder) -> None:
        """Make room for the arrow in the title of a column that the table is sorted by."""
        header = self.horizontalHeader()
        header.setSortIndicatorShown(column >= 0)
        if column >= 0 and column != self.wide_column:
            header.resizeSection(column, max(header.sectionSize(column), header.sectionSizeHint(column)))
            self.fit()


def make_runs_table(proxy: RunsFilter, parent: QWidget | None = None) -> SortableRuns:
    """Return the table of the runs that ``proxy`` lets through."""
    table = SortableRuns(parent)
    style_table(table, object_name="runs_table", accessible_name=table.tr("Runs"))
    table.setModel(proxy)
    table.setItemDelegateForColumn(0, DotDelegate(table))
    table.setItemDelegateForColumn(NAME, NameDelegate(table))
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)  # F2 and the double click ask for it
    table.setSortingEnabled(True)
    proxy.sort(-1)
    header = table.horizontalHeader()
    header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
    header.setSortIndicatorShown(False)  # room for an arrow only where one is
    header.setResizeContentsPrecision(0)  # of the rows that are seen, or a thousand are looked through
    for number in range(len(COLUMNS)):
        table.setColumnWidth(number, TICK_WIDTH)  # and as wide as needed from then on
    table.setColumnWidth(NAME, NAME_WIDTH)
    table.wide_column, table.least_width = MAY_MOVE, LEAST_WIDTH
    header.sortIndicatorChanged.connect(table.show_arrow)
    for changed in (proxy.rowsInserted, proxy.dataChanged, proxy.layoutChanged):
        changed.connect(table.fit_soon)
    return table
