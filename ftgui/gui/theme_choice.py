"""The theme that the user chooses in the View menu: put on at once, and remembered."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from ftgui.gui import settings, theme


def choose_system() -> None:
    _choose("system")


def choose_light() -> None:
    _choose("light")


def choose_dark() -> None:
    _choose("dark")


def _choose(choice: theme.Choice) -> None:
    settings.write("theme", choice)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.choose_theme(app, choice)
