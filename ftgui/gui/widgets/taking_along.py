"""What a menu asks of a page that can be taken along: its picture, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from ftgui.core.errors import FtguiError
from ftgui.gui.widgets.plot_menu import Offers, PlotMenu
from ftgui.gui.widgets.plot_saving import Picture, Row, copy_picture, save_numbers, save_picture


@dataclass(frozen=True)
class Table:
    """The numbers behind a picture."""

    name: str
    """That of a file of either, unless the user gives another."""
    columns: Row
    rows: Iterable[Row]


class TakingAlong(QObject):
    """Copies and saves what ``picture`` and ``table`` return at that moment."""

    failed = Signal(object)
    """An FtguiError: a picture or numbers could not be written."""

    def __init__(self, picture: Callable[[], Picture], table: Callable[[], Table], page: QWidget) -> None:
        super().__init__(page)
        self._picture, self._table, self._page = picture, table, page

    def make_menu(self, name: str) -> PlotMenu:
        """Return a menu of this object name that asks for all of it and for nothing else."""
        menu = PlotMenu(name, Offers(), self._page)
        self.serve(menu)
        return menu

    def serve(self, menu: PlotMenu) -> None:
        """Do what ``menu`` asks for of it."""
        menu.copy_requested.connect(self._copy)
        menu.picture_requested.connect(self._save_picture)
        menu.points_requested.connect(self._save_numbers)

    @Slot()
    def _copy(self) -> None:
        copy_picture(self._picture())

    @Slot()
    def _save_picture(self) -> None:
        try:
            save_picture(self._page, self._picture(), self._table().name)
        except FtguiError as error:
            self.failed.emit(error)

    @Slot()
    def _save_numbers(self) -> None:
        table = self._table()
        try:
            save_numbers(self._page, table.columns, table.rows, table.name)
        except FtguiError as error:
            self.failed.emit(error)
