"""Which columns of a table are shown: a menu on its titles."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QTableView


class ColumnChooser(QObject):
    """Shows and hides the columns of a table. Some always stay; a column is known by its title."""

    changed = Signal(object)
    """The titles of the columns that are hidden now."""

    def __init__(
        self, table: QTableView, titles: Sequence[str], always: Collection[str], object_name: str
    ) -> None:
        super().__init__(table)
        self._table, self._titles = table, tuple(titles)
        self.menu = QMenu(table)
        self.menu.setObjectName(object_name)
        for title in self._titles:
            if title not in always:
                self._add(title)
        header = table.horizontalHeader()
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._on_asked)

    def hide(self, titles: Collection[str]) -> None:
        """Hide the columns of these titles, as far as they may be hidden, and show the others."""
        for action in self.menu.actions():
            action.setChecked(action.text() not in titles)

    def hidden(self) -> tuple[str, ...]:
        return tuple(action.text() for action in self.menu.actions() if not action.isChecked())

    def _add(self, title: str) -> None:
        action = QAction(title, self.menu)
        action.setCheckable(True)
        action.setChecked(True)
        action.toggled.connect(self._on_toggled)
        self.menu.addAction(action)

    @Slot(QPoint)
    def _on_asked(self, place: QPoint) -> None:
        self.menu.popup(self._table.horizontalHeader().mapToGlobal(place))

    @Slot()
    def _on_toggled(self) -> None:
        hidden = self.hidden()
        for number, title in enumerate(self._titles):
            self._table.setColumnHidden(number, title in hidden)
        self.changed.emit(hidden)
