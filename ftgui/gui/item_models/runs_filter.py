"""The rows of the table as they are sorted and found."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal

from ftgui.gui.item_models.run_columns import SEARCHED, column_of
from ftgui.gui.item_models.runs_model import RunRow, RunsModel

Index = QModelIndex | QPersistentModelIndex
_SEARCHED = tuple(map(column_of, SEARCHED))


class RunsFilter(QSortFilterProxyModel):
    """Sorts by what a column's figures mean, with blanks last either way; keeps rows that have all words."""

    found_changed = Signal()
    """Other words are looked for."""

    def __init__(self, runs: RunsModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs = runs
        self._words: tuple[str, ...] = ()
        self.setSourceModel(runs)

    def look_for(self, text: str) -> None:
        """Keep the rows in whose name, strategy or state each word of ``text`` stands."""
        self._words = tuple(text.casefold().split())
        self.invalidate()
        self.found_changed.emit()

    @property
    def is_filtering(self) -> bool:
        return bool(self._words)

    def row_at(self, row: int) -> RunRow:
        """Return what stands in a row of the screen."""
        return self._runs.rows[self.mapToSource(self.index(row, 0)).row()]

    def lessThan(self, left: Index, right: Index) -> bool:
        column = left.column()
        first, second = (self._runs.rows[index.row()].said[column][1] for index in (left, right))
        if _is_blank(first) or _is_blank(second):
            last_is_less = self.sortOrder() is Qt.SortOrder.DescendingOrder
            return _is_blank(first) != _is_blank(second) and _is_blank(first) == last_is_less
        return bool(first < second)

    def filterAcceptsRow(self, row: int, _parent: Index) -> bool:
        said = self._runs.rows[row].said
        where = [said[column][0].casefold() for column in _SEARCHED] if self._words else ()
        return all(any(word in text for text in where) for word in self._words)


def _is_blank(key: object) -> bool:
    return key is None or key == ""
