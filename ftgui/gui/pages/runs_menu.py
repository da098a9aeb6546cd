"""What can be done with rows of runs, as a table from which their menu is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QTableView


@dataclass(frozen=True)
class RowEntry:
    """One entry of the menu of rows."""

    name: str
    """Its ``objectName``, ``row_`` and this; and the key of its handler."""
    title: str
    keys: str = ""
    separator: bool = False
    """A line above it."""


ROW_ENTRIES: tuple[RowEntry, ...] = (
    RowEntry("toggle", "Show or hide &curves"),
    RowEntry("rename", "&Rename", "F2"),
    RowEntry("folder", "Show the &folder"),
    RowEntry("export", "&Export…", separator=True),
    RowEntry("continue", "C&ontinue"),
    RowEntry("diff", "Compare the &two…"),
    RowEntry("remove", "Remove from the &table", separator=True),
    RowEntry("bin", "Move to the &bin…"),
)

Handler = Callable[[], object]
Possible = Callable[[], bool]


class RowsMenu(QMenu):
    """The menu of a table's rows. ``doers`` has a bound method for each entry, and whether it can be done."""

    def __init__(self, table: QTableView, doers: dict[str, tuple[Handler, Possible]]) -> None:
        super().__init__(table)
        self.setObjectName("runs_menu")
        self._possible = {name: possible for name, (_, possible) in doers.items()}
        self.entries: dict[str, QAction] = {}
        for entry in ROW_ENTRIES:
            if entry.separator:
                self.addSeparator()
            self._add(entry, table, doers[entry.name][0])
        self.aboutToShow.connect(self.look)

    def _add(self, entry: RowEntry, table: QTableView, handler: Handler) -> None:
        action = QAction(self.tr(entry.title), self)
        action.setObjectName(f"row_{entry.name}")
        action.triggered.connect(handler)
        if entry.keys:
            action.setShortcut(QKeySequence(entry.keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            table.addAction(action)
        self.addAction(action)
        self.entries[entry.name] = action

    def look(self) -> None:
        """Offer what can be done now."""
        for name, action in self.entries.items():
            action.setEnabled(self._possible[name]())
