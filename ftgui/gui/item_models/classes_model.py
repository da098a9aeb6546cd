"""The classes of a dataset as a table: how many pictures of each are on which side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ftgui.gui.item_models.columns import header_data
from ftgui.gui.widgets.text import tip
from ftgui.gui.words import natural

if TYPE_CHECKING:
    from ftgui.jobs.scan import ClassCount

Index = QModelIndex | QPersistentModelIndex
SHARES_ROLE = int(Qt.ItemDataRole.UserRole) + 1
"""The counts of train, val and test over those of the largest class, for a bar."""
NAME_ROLE = SHARES_ROLE + 1


@dataclass(frozen=True)
class Column:
    """What a column is called and what it shows."""

    title: str
    text: Callable[[ClassCount], str]
    key: Callable[[ClassCount], Any]
    side: str = ""
    help: str = ""
    is_number: bool = False


def _total(entry: ClassCount) -> int:
    return entry.train + entry.val + entry.test


COLUMNS = (
    Column("Class", lambda entry: entry.name, lambda entry: natural(entry.name)),
    Column("Train", lambda entry: f"{entry.train:,}", lambda entry: entry.train, "train", is_number=True),
    Column("Val", lambda entry: f"{entry.val:,}", lambda entry: entry.val, "val", is_number=True),
    Column("Test", lambda entry: f"{entry.test:,}", lambda entry: entry.test, "test", is_number=True),
    Column("", lambda _: "", _total, "bar", "All pictures of the class beside the largest one's."),
)
BAR = len(COLUMNS) - 1


class ClassesModel(QAbstractTableModel):
    """The classes in their natural order, until another column sorts them."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._classes: list[ClassCount] = []
        self._largest = 1
        self._sorted_by = (0, Qt.SortOrder.AscendingOrder)

    def set_classes(self, classes: Sequence[ClassCount]) -> None:
        """Show these, sorted as those before were."""
        self.beginResetModel()
        self._classes = list(classes)
        self._largest = max(map(_total, classes), default=1) or 1
        self._sort()
        self.endResetModel()

    def name(self, row: int) -> str:
        return self._classes[row].name

    def row_of(self, name: str) -> int:
        """Return the row of a class, -1 where there is none."""
        return next((row for row, entry in enumerate(self._classes) if entry.name == name), -1)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        before = [self._classes[index.row()].name for index in self.persistentIndexList()]
        self._sorted_by = (column, order)
        self._sort()
        rows = {entry.name: row for row, entry in enumerate(self._classes)}
        for index, name in zip(self.persistentIndexList(), before, strict=True):
            self.changePersistentIndex(index, self.index(rows[name], index.column()))
        self.layoutChanged.emit()

    def _sort(self) -> None:
        column, order = self._sorted_by
        key = COLUMNS[column].key
        if column > 0:  # those that are alike in it stand as ever
            self._classes.sort(key=COLUMNS[0].key)
        self._classes.sort(key=key, reverse=order == Qt.SortOrder.DescendingOrder)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else len(self._classes)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        return header_data(COLUMNS, section, orientation, role)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry, column = self._classes[index.row()], COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(entry)
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(entry.name)
        if role == SHARES_ROLE:
            return tuple(count / self._largest for count in (entry.train, entry.val, entry.test))
        return entry.name if role == NAME_ROLE else None
