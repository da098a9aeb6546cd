"""The menus, as a table: what each entry is called, its key, and what it asks the window for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu


@dataclass(frozen=True)
class Entry:
    """One entry of a menu."""

    name: str
    """Its ``objectName``, ``action_`` and this; and the handler's key."""
    title: str
    keys: str = ""
    group: str = ""
    """Entries of one group are alternatives: one of them is ticked."""
    separator: bool = False
    """A line above it."""
    is_menu: bool = False
    """It opens a menu, which somebody else fills."""


MENUS: dict[str, tuple[Entry, ...]] = {
    "&File": (
        Entry("new_project", "&New project", "Ctrl+N"),
        Entry("open_project", "Open pro&ject…", "Ctrl+Shift+N"),
        Entry("recent", "&Recent projects", is_menu=True),
        Entry("save_project", "&Save project as…", "Ctrl+S"),
        Entry("open_dataset", "Choose &pictures…", "Ctrl+O", separator=True),
        Entry("open_weights", "Choose &weights…", "Ctrl+Shift+O"),
        Entry("open_catalog", "Offi&cial weights…", "Ctrl+Shift+W"),
        Entry("open_demo", "Open the &demo"),
        Entry("open_run", "&Add a run from disk…", separator=True),
        Entry("open_comparison", "Open a c&omparison…"),
        Entry("export", "&Export…", "Ctrl+E"),
        Entry("settings", "Settin&gs…", "Ctrl+,", separator=True),
        Entry("quit", "&Quit", "Ctrl+Q", separator=True),
    ),
    "&Run": (
        Entry("train", "&Train", "Ctrl+Return"),
        Entry("compare", "Co&mpare…", "Ctrl+Shift+Return"),
        Entry("pause", "&Pause or resume", "Ctrl+Space"),
        Entry("stop", "&Stop", "Ctrl+."),
        Entry("skip", "S&kip to the comparison's next run"),
        Entry("continue", "&Continue the selected run"),
        Entry("find_lr", "Find a &learning rate…", separator=True),
        Entry("show_folder", "Show the run's &folder", separator=True),
    ),
    "&View": (
        Entry("theme_system", "As the &system", group="theme"),
        Entry("theme_light", "&Light", group="theme"),
        Entry("theme_dark", "&Dark", group="theme"),
    ),
    "&Help": (
        Entry("strategies", "What the &strategies do"),
        Entry("about", "&About ftgui"),
    ),
}


def fill_menus(window: QMainWindow, handlers: dict[str, Callable[[], object]]) -> dict[str, QAction]:
    """Make the window's menus; ``handlers`` has a bound method for each entry's name."""
    actions: dict[str, QAction] = {}
    groups: dict[str, QActionGroup] = {}
    for title, entries in MENUS.items():
        menu = window.menuBar().addMenu(window.tr(title))
        for entry in entries:
            if entry.separator:
                menu.addSeparator()
            if entry.is_menu:
                actions[entry.name] = _add_menu(menu, entry)
                continue
            action = QAction(window.tr(entry.title), window)
            action.setObjectName(f"action_{entry.name}")
            action.setShortcut(QKeySequence(entry.keys))
            action.triggered.connect(handlers[entry.name])
            if entry.group:
                action.setCheckable(True)
                groups.setdefault(entry.group, QActionGroup(window)).addAction(action)
            menu.addAction(action)
            actions[entry.name] = action
    return actions


def _add_menu(menu: QMenu, entry: Entry) -> QAction:
    inner = QMenu(menu.tr(entry.title), menu)
    inner.setObjectName(f"menu_{entry.name}")
    inner.menuAction().setObjectName(f"action_{entry.name}")
    return menu.addMenu(inner)
