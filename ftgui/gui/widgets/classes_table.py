"""The table of classes, with a bar for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ftgui.gui import theme
from ftgui.gui.item_models.classes_model import BAR, COLUMNS, SHARES_ROLE, ClassesModel
from ftgui.gui.widgets.tables import RingedTable, style_table, widen_to_titles

if TYPE_CHECKING:
    from ftgui.jobs.scan import ClassCount

Index = QModelIndex | QPersistentModelIndex
BAR_HEIGHT, BAR_WIDTH, GAP = 6.0, 70, 1.0
ROW_HEIGHT = 28
NUMBER_WIDTH = 52
LEAST_WITH_BAR = 270
"""Pixels across in which the bar leaves room for names."""


class ClassesTable(RingedTable):
    """One class may be chosen; choosing it again lets go of it."""

    class_chosen = Signal(object)
    """The name of the class, or None for all."""

    def __init__(self, *, object_name: str = "classes_table", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ClassesModel(self)
        self._chosen: str | None = None
        style_table(self, object_name=object_name, accessible_name=self.tr("Classes"))
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setModel(self._model)
        self.setItemDelegateForColumn(BAR, BarDelegate(self))
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        header = self.horizontalHeader()
        for number, column in enumerate(COLUMNS):
            if column.is_number:
                self.setColumnWidth(number, NUMBER_WIDTH)
        self.setColumnWidth(BAR, BAR_WIDTH)
        header.setSortIndicatorShown(False)  # room for an arrow only where one is
        widen_to_titles(self)
        header.setSortIndicatorShown(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clicked.connect(self._on_clicked)
        self.activated.connect(self._on_clicked)

    def set_classes(self, classes: Sequence[ClassCount], sides: Sequence[str]) -> None:
        """Show these classes, and of the sides those that there are."""
        self._model.set_classes(classes)
        for number, column in enumerate(COLUMNS):
            if column.is_number:
                self.setColumnHidden(number, column.side not in sides)
        self.choose(self._chosen)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setColumnHidden(BAR, self.width() < LEAST_WITH_BAR)

    def choose(self, name: str | None) -> None:
        """Show which class is chosen, without a signal."""
        row = -1 if name is None else self._model.row_of(name)
        self._chosen = name if row >= 0 else None
        if row >= 0:
            self.selectRow(row)
        else:
            self.clearSelection()

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        name = self._model.name(index.row())
        self.choose(None if name == self._chosen else name)
        self.class_chosen.emit(self._chosen)


class BarDelegate(QStyledItemDelegate):
    """Draws train, val and test one after the other, as long as the class is large."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        tokens = theme.current()
        room = QRectF(option.rect).adjusted(6, 0, -10, 0)
        left, top = room.left(), room.center().y() - BAR_HEIGHT / 2
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for share, colour in zip(
            index.data(SHARES_ROLE), (tokens.accent, tokens.ice, tokens.handle), strict=True
        ):
            width = share * room.width()
            if width > 0:
                painter.setBrush(QColor(colour))
                painter.drawRect(QRectF(left, top, max(width - GAP, 1.0), BAR_HEIGHT))
                left += width
        painter.restore()
