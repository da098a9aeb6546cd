"""Long lists of names in groups, folded until someone looks: which entries match and which do not."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QTreeView, QWidget

from ftgui.gui.widgets.naming import name_widget

Group = tuple[str, Sequence[str]]
"""What the names have in common, and the names."""
MOST_ROWS = 12


class EntriesTree(QTreeView):
    """Groups with their counts. Those that say that something is wrong are for the caller to put first."""

    def __init__(
        self, *, object_name: str = "", accessible_name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        name_widget(self, object_name=object_name, accessible_name=accessible_name)
        self._shown: tuple[Group, ...] = ()
        self._names = QStandardItemModel(self)
        self.setModel(self._names)
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)  # or each of a thousand rows is measured
        self.setIndentation(16)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.expanded.connect(self._fit)
        self.collapsed.connect(self._fit)
        self._fit()

    def set_groups(self, groups: tuple[Group, ...]) -> None:
        """Show ``groups``, folded; what is shown already stays as it is, opened or not."""
        if groups == self._shown:
            return
        self._shown = groups
        self._names.clear()
        for title, names in groups:
            row = QStandardItem(f"{title} ({len(names):,})")
            row.appendRows([_name(name) for name in names])
            self._names.appendRow(row)
        self._fit()

    def titles(self) -> tuple[str, ...]:
        """Return the groups' lines, such as "Missing (2)"."""
        return tuple(self._names.item(row).text() for row in range(self._names.rowCount()))

    def _fit(self) -> None:
        """Be as tall as what is open, up to a few rows."""
        rows, row = self._names.rowCount(), max(16, self.sizeHintForRow(0))
        opened = (self._names.item(row) for row in range(rows) if self.isExpanded(self._names.index(row, 0)))
        self.setFixedHeight(row * min(MOST_ROWS, rows + sum(item.rowCount() for item in opened)) + 6)


def _name(name: str) -> QStandardItem:
    item = QStandardItem(name)
    item.setToolTip(name)
    return item
