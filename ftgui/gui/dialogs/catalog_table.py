"""The table of the catalogue, and the field that searches it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLineEdit, QWidget

from ftgui.gui.item_models.catalog_model import COLUMNS, ROW_ROLE, CatalogModel, CatalogSearch
from ftgui.gui.widgets.icons import icon
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.tables import RingedTable, style_table, widen_to_titles
from ftgui.models.catalog import CatalogRow, Kept

LEAST_WIDTHS = {"On disk": 112}
"""Of columns that may come to say more than they do now."""
PADDING = 24
"""Of a cell, left and right together."""


class CatalogTable(RingedTable):
    """All official weights, one of them selected. A ring shows the focus to who came with the keyboard."""

    row_changed = Signal()
    """Another row is selected, or none."""

    def __init__(self, kept: Kept, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = CatalogModel(kept, self)
        self._found = CatalogSearch(self._model, self)
        style_table(self, object_name="catalog_table", accessible_name=self.tr("Official weights"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setModel(self._found)
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self._set_widths()
        self.selectionModel().selectionChanged.connect(self.row_changed)
        self.select_first()

    def row(self) -> CatalogRow | None:
        """Return the row that is selected."""
        chosen = self.selectionModel().selectedRows()
        return chosen[0].data(ROW_ROLE) if chosen else None

    def counts(self) -> tuple[int, int]:
        """Return how many rows are shown, and how many there are."""
        return self._found.rowCount(), self._model.rowCount()

    def kept_path(self, row: CatalogRow) -> Path | None:
        """Return where the file of ``row`` is, None where it is not on this computer."""
        return self._model.kept.path(row) if self._model.kept.has(row) else None

    def show_kept(self, kept: Kept) -> None:
        """Show what is on this computer now."""
        self._model.set_kept(kept)
        self.row_changed.emit()

    def search(self, text: str) -> None:
        self._found.set_words(text)
        self._keep_selected()

    def show_only_here(self, only_here: bool) -> None:
        self._found.set_only_here(only_here)
        self._keep_selected()

    def select_first(self) -> None:
        if self._found.rowCount():
            self.selectRow(0)
            self.scrollToTop()

    def _keep_selected(self) -> None:
        """What was selected stays so where it still is there."""
        if self.row() is None:
            self.select_first()
        else:
            self.scrollTo(self.currentIndex())
        self.row_changed.emit()

    def wanted_width(self) -> int:
        """Return the pixels across in which no text is cut, a scroll bar beside it."""
        others = sum(self.columnWidth(column) for column in range(1, self.horizontalHeader().count()))
        frame = 2 * self.frameWidth() + self.verticalScrollBar().sizeHint().width()
        return self._text_width(0) + others + frame

    def _text_width(self, column: int) -> int:
        """Return what all texts of a column need; Qt's own answer is of the rows in view alone."""
        texts = (self._model.index(row, column).data() for row in range(self._model.rowCount()))
        return max(map(self.fontMetrics().horizontalAdvance, texts)) + PADDING

    def _set_widths(self) -> None:
        header = self.horizontalHeader()
        for number, column in enumerate(COLUMNS):
            least = LEAST_WIDTHS.get(column.title, 0)
            self.setColumnWidth(number, max(least, self._text_width(number)))
        header.setSortIndicatorShown(False)  # room for an arrow only where one is
        widen_to_titles(self)
        header.setSortIndicatorShown(True)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.sortIndicatorChanged.connect(self._on_sorted)

    def _on_sorted(self, column: int, _order: Qt.SortOrder) -> None:
        """Make room for the arrow beside a column's title."""
        header = self.horizontalHeader()
        if column > 0:
            header.resizeSection(column, max(header.sectionSize(column), header.sectionSizeHint(column)))


class SearchField(QLineEdit):
    """A field to search with; the down key goes on to what was found."""

    left_downwards = Signal()

    def __init__(self, placeholder: str, *, object_name: str, accessible_name: str) -> None:
        super().__init__()
        name_widget(self, object_name=object_name, accessible_name=accessible_name)
        self.setPlaceholderText(placeholder)
        self.setClearButtonEnabled(True)
        self.setAcceptDrops(False)
        self.addAction(icon("magnify", "muted"), QLineEdit.ActionPosition.LeadingPosition)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.left_downwards.emit()
        else:
            super().keyPressEvent(event)
