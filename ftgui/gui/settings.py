"""What the window remembers between two starts, behind one typed table.

A new process reads INI values as strings (``False`` comes back as ``'false'``), so nothing reads QSettings
but the functions here.
"""

from __future__ import annotations

from typing import Literal, cast

from PySide6.QtCore import QByteArray, QSettings

from ftgui.gui.theme import Choice

Name = Literal[
    "theme",
    "geometry",
    "last_dataset",
    "last_weights",
    "last_export",
    "last_project",
    "last_project_place",
    "recent_projects",
    "hidden_columns",
]


def open_settings() -> QSettings:
    """Return the window's settings file."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "ftgui", "window")


def read_text(name: Name, default: str = "") -> str:
    value = open_settings().value(name, default)
    return value if isinstance(value, str) else default


def read_lines(name: Name, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return a list, which is kept as a line an item."""
    return tuple(filter(None, read_text(name, "\n".join(default)).split("\n")))


def read_bytes(name: Name) -> QByteArray:
    value = open_settings().value(name)
    return value if isinstance(value, QByteArray) else QByteArray()


def write(name: Name, value: str | QByteArray) -> None:
    open_settings().setValue(name, value)


def read_theme() -> Choice:
    """Return the theme chosen, ``system`` where none or nonsense is."""
    text = read_text("theme", "system")
    return cast("Choice", text) if text in ("system", "light", "dark") else "system"
