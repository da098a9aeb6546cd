"""What a menu asks of a page that can be taken along: its picture, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from ftgui.core.errors import FtguiError
from ftgui.gui.widgets.plot_menu import Offers, PlotMenu
from ftgui.gui.widgets.plot_saving import Picture, Row, copy_picture, save_numbers, save_picture


class TakingAlong(QObject):
    """Copies and saves what ``picture`` and ``numbers`` return at that moment."""

    failed = Signal(object)
    """An FtguiError: a picture or numbers could not be written."""

    def __init__(
        self,
        name: str,
        picture: Callable[[], Picture],
        columns: Row,
        numbers: Callable[[], Iterable[Row]],
        page: QWidget,
    ) -> None:
        """``name`` is that of a file unless the user gives another."""
        super().__init__(page)
        self._name, self._picture, self._page = name, picture, page
        self._columns, self._numbers = columns, numbers

    def make_menu(self, name: str) -> PlotMenu:
        """Return a menu of this object name that asks for all of it."""
        menu = PlotMenu(name, Offers(), self._page)
        menu.copy_requested.connect(self._copy)
        menu.picture_requested.connect(self._save_picture)
        menu.points_requested.connect(self._save_numbers)
        return menu

    @Slot()
    def _copy(self) -> None:
        copy_picture(self._picture())

    @Slot()
    def _save_picture(self) -> None:
        try:
            save_picture(self._page, self._picture(), self._name)
        except FtguiError as error:
            self.failed.emit(error)

    @Slot()
    def _save_numbers(self) -> None:
        try:
            save_numbers(self._page, self._columns, self._numbers(), self._name)
        except FtguiError as error:
            self.failed.emit(error)
