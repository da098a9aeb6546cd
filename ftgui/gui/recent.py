"""The projects that were open lately, as a menu."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from ftgui.gui import settings
from ftgui.runs.project import is_project

MOST = 8


def note_recent(folder: Path) -> None:
    """Have a project come first among those that were open lately, and be opened at the next start."""
    lately = [str(folder), *(each for each in settings.read_lines("recent_projects") if each != str(folder))]
    settings.write("recent_projects", "\n".join(lately[:MOST]))
    settings.write("last_project", str(folder))


class RecentMenu(QObject):
    """Fills a menu with them whenever it opens; those that are gone are greyed."""

    chosen = Signal(object)
    """The folder of a project."""

    def __init__(self, menu: QMenu) -> None:
        super().__init__(menu)
        self._menu = menu
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self._fill)
        menu.triggered.connect(self._on_triggered)

    @Slot()
    def _fill(self) -> None:
        self._menu.clear()
        for folder in map(Path, settings.read_lines("recent_projects")):
            action = self._menu.addAction(folder.name.replace("&", "&&"))
            action.setData(str(folder))
            action.setToolTip(str(folder))
            action.setEnabled(is_project(folder))
        if self._menu.isEmpty():
            self._menu.addAction(self.tr("None yet")).setEnabled(False)

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        self.chosen.emit(Path(action.data()))
