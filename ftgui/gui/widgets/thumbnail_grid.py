"""A grid of thumbnails that scrolls smoothly through any number of pictures.

It is a QListView, whose selection, keyboard and words for screen readers it keeps, with a layout of its own.
For 100,000 pictures Qt's takes 0.4 to 1.3 s of the event loop whenever they are set, 0.2 to 0.4 s whenever
the width changes and about 1 s for Ctrl+A. A QTableView, each line of the grid a row, is as fast as this, but
selects rectangles instead of a range, and loses what is selected whenever the number of columns changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from ftgui.gui import theme
from ftgui.gui.item_models.pictures_model import PicturesModel
from ftgui.gui.sessions.thumbnails import Request, Thumbnails
from ftgui.gui.widgets.grid_geometry import EDGE, GridGeometry
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.thumbnail_delegate import Look, ThumbnailDelegate

Index = QModelIndex | QPersistentModelIndex
Move = QAbstractItemView.CursorAction
Hint = QAbstractItemView.ScrollHint


class ThumbnailGrid(QListView):
    """Shows the pictures of ``pictures``. Whoever owns it calls ``shutdown`` before it goes."""

    selection_changed = Signal()
    opened = Signal(int)
    """The row that was double-clicked, or on which Enter was pressed."""
    context_menu_requested = Signal(int, QPoint)
    """A row, -1 where there is none, and where on the screen."""

    def __init__(self, thumbnails: Thumbnails | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        name_widget(self, object_name="thumbnail_grid", accessible_name=self.tr("Pictures"))
        self.pictures = PicturesModel(self)
        self._thumbnails = thumbnails or Thumbnails(self)
        self._delegate = ThumbnailDelegate(self._thumbnails, self)
        self._geometry = GridGeometry.fit(0, 0)
        self._asked: object = None
        """Of what was last told what is wanted, so as not to tell it again."""
        self._in_view: dict[Request, int] = {}
        """The rows that are seen, by what is shown in them."""
        self._hovered = -1
        self._delegate.set_font(self.font())
        self.setItemDelegate(self._delegate)
        self.setModel(self.pictures)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        # Then Qt moves what is seen when it is scrolled, and has only what comes into view painted.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._connect()

    def _connect(self) -> None:
        self._thumbnails.arrived.connect(self._on_arrived)
        self.entered.connect(self._on_entered)
        self.viewportEntered.connect(self._on_left)
        theme.signals.changed.connect(self.viewport().update)

    # For those who use it ---------------------------------------------------------------------------------

    def selected_rows(self) -> list[int]:
        """Return the rows that are selected, from the first on."""
        return sorted(row for span in _spans(self.selectionModel().selection()) for row in span)

    def current_row(self) -> int:
        """Return the row where the keyboard is, -1 where there is none."""
        return self.currentIndex().row()

    def select_row(self, row: int) -> None:
        """Select a row alone, and scroll to it."""
        self.setCurrentIndex(self.pictures.index(row))

    def reload(self) -> None:
        """Read all files anew: they may have changed."""
        self._thumbnails.forget()
        self._asked = None
        self.viewport().update()

    def shutdown(self) -> None:
        """End the threads that make thumbnails."""
        self._thumbnails.shutdown()

    # Where things are -------------------------------------------------------------------------------------

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def visualRect(self, index: Index) -> QRect:
        return self._rect(index.row()) if index.isValid() else QRect()

    def indexAt(self, point: QPoint) -> QModelIndex:
        row = self._geometry.at(self._to_grid(point))
        return QModelIndex() if row is None else self.pictures.index(row)

    def scrollTo(
        self,
        index: Index,
        hint: Hint = Hint.EnsureVisible,
    ) -> None:
        bar, rect, room = self.verticalScrollBar(), self.visualRect(index), self.viewport().height()
        if not rect.isValid():
            return
        if hint == Hint.PositionAtCenter:
            bar.setValue(bar.value() + rect.center().y() - room // 2)
        elif hint == Hint.PositionAtTop or rect.top() < 0:
            bar.setValue(bar.value() + rect.top())
        elif hint == Hint.PositionAtBottom or rect.bottom() >= room:
            bar.setValue(bar.value() + rect.bottom() + 1 - room)

    def _rect(self, row: int) -> QRect:
        return self._geometry.cell(row).translated(0, -self.verticalOffset())

    def _to_grid(self, point: QPoint) -> QPoint:
        return point + QPoint(0, self.verticalOffset())

    def _rows_within(self, rect: QRect, around: int = 0) -> range:
        """Return the rows in a part of what is seen, and ``around`` pixels beyond."""
        top = rect.top() + self.verticalOffset()
        return self._geometry.between(top - around, top + rect.height() - 1 + around)

    # Layout -----------------------------------------------------------------------------------------------

    def doItemsLayout(self) -> None:
        QAbstractItemView.doItemsLayout(self)  # past QListView's own, which goes through all rows

    def dataChanged(self, top_left: Index, bottom_right: Index, roles: Sequence[int] = ()) -> None:
        QAbstractItemView.dataChanged(self, top_left, bottom_right, roles)  # which paints no more than these
        self._asked = None  # what is shown of a row may be another file

    def updateGeometries(self) -> None:
        """Fit the columns to the width; the line that was at the top stays there."""
        before, bar = self._geometry, self.verticalScrollBar()
        top, rest = divmod(bar.value(), before.down)
        self._geometry = GridGeometry.fit(self.pictures.rowCount(), self.viewport().width())
        room = self.viewport().height()
        bar.setSingleStep(self._geometry.down // 3)
        bar.setPageStep(room)
        bar.setRange(0, max(0, self._geometry.height - room))
        if self._geometry.columns != before.columns and self._geometry.count == before.count:
            bar.setValue(top * before.columns // self._geometry.columns * self._geometry.down + rest)
        QAbstractItemView.updateGeometries(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        QAbstractItemView.resizeEvent(self, event)
        self.viewport().update()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().scroll(dx, dy)

    def reset(self) -> None:
        super().reset()
        self._asked, self._hovered = None, -1
        self.verticalScrollBar().setValue(0)
        self.selection_changed.emit()

    # Painting ---------------------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._delegate.set_font(self.font())

    def paintEvent(self, event: QPaintEvent) -> None:
        self.executeDelayedItemsLayout()
        with self._thumbnails.held():
            painter, offset = QPainter(self.viewport()), self.verticalOffset()
            painter.fillRect(event.rect(), QColor(theme.current().card))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(0, -offset)
            self._paint_cells(painter, event.region().translated(0, offset))
            painter.end()
            self._want_what_is_seen()

    def _paint_cells(self, painter: QPainter, region: QRegion) -> None:
        """Paint what lies in a part of the grid."""
        around = region.boundingRect()
        rows = self._geometry.between(around.top(), around.bottom())
        selected = self._selected_within(rows)
        focused = self.current_row() if self.hasFocus() else -1
        for row in rows:
            cell = self._geometry.cell(row)
            if region.intersects(cell):
                look = Look(row in selected, row == self._hovered, row == focused)
                self._delegate.paint_cell(
                    painter, cell, self.pictures.shown(row), self.pictures.file(row), look
                )

    def _selected_within(self, rows: range) -> set[int]:
        spans = _spans(self.selectionModel().selection())
        return {row for span in spans for row in _overlap(span, rows)}

    def _want_what_is_seen(self) -> None:
        """Ask for the thumbnails in view, and after them for half a page each way."""
        edge = round(EDGE * self.devicePixelRatioF())
        seen = self._rows_within(self.viewport().rect())
        near = self._rows_within(self.viewport().rect(), self.viewport().height() // 2)
        if (seen, near, edge) == self._asked:
            return
        self._asked = (seen, near, edge)
        self._in_view = {(self.pictures.file(row), edge): row for row in seen}
        around = [row for row in near if row not in seen]
        self._thumbnails.want([*self._in_view, *((self.pictures.file(row), edge) for row in around)])

    @Slot(object)
    def _on_arrived(self, requests: list[Request]) -> None:
        rows = (self._in_view.get(request) for request in requests)
        for row in rows:
            if row is not None:
                self.viewport().update(self._rect(row))

    # Selecting --------------------------------------------------------------------------------------------

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Select what lies in between in reading order, as in a text; ``rect`` goes from where it began."""
        ends = [self._geometry.nearest(self._to_grid(end)) for end in (rect.topLeft(), rect.bottomRight())]
        first, last = (self.pictures.index(end if end is not None else -1) for end in ends)
        self.selectionModel().select(QItemSelection(first, last), command)

    def selectAll(self) -> None:
        """As one range: QListView would ask of each row whether it is hidden."""
        ends = self.pictures.index(0), self.pictures.index(self.pictures.rowCount() - 1)
        self.selectionModel().select(QItemSelection(*ends), QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.selection_changed.emit()

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region, seen = QRegion(), self._rows_within(self.viewport().rect())
        for span in _spans(selection):
            for row in _overlap(span, seen):
                region += self._rect(row)
        return region

    # Keyboard and mouse -----------------------------------------------------------------------------------

    def moveCursor(self, action: Move, modifiers: Qt.KeyboardModifier) -> QModelIndex:  # noqa: ARG002
        grid, row = self._geometry, self.current_row()
        if not grid.count:
            return QModelIndex()
        if row < 0:
            return self.pictures.index(0)
        page = grid.lines_in(self.viewport().height())
        match action:
            case Move.MoveLeft | Move.MovePrevious:
                row -= 1
            case Move.MoveRight | Move.MoveNext:
                row += 1
            case Move.MoveUp:
                row = grid.above(row)
            case Move.MoveDown:
                row = grid.below(row)
            case Move.MovePageUp:
                row = grid.above(row, page)
            case Move.MovePageDown:
                row = grid.below(row, page)
            case Move.MoveHome:
                row = 0
            case Move.MoveEnd:
                row = grid.count - 1
        return self.pictures.index(min(max(row, 0), grid.count - 1))

    def keyboardSearch(self, search: str) -> None:
        """Letters are no search here."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_row() >= 0:
            self.opened.emit(self.current_row())
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit(index.row())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            index, place = self.currentIndex(), self.visualRect(self.currentIndex()).center()
        else:
            index, place = self.indexAt(event.pos()), event.pos()
        self.context_menu_requested.emit(index.row(), self.viewport().mapToGlobal(place))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._on_left()

    @Slot(QModelIndex)
    def _on_entered(self, index: QModelIndex) -> None:
        self._hover(index.row())

    @Slot()
    def _on_left(self) -> None:
        self._hover(-1)

    def _hover(self, row: int) -> None:
        if row == self._hovered:
            return
        for changed in (row, self._hovered):
            if changed >= 0:
                self.viewport().update(self._rect(changed))
        self._hovered = row


def _spans(selection: QItemSelection) -> Iterator[range]:
    spans: list[QItemSelectionRange] = [selection.at(place) for place in range(selection.size())]
    return (range(span.top(), span.bottom() + 1) for span in spans)


def _overlap(one: range, other: range) -> range:
    return range(max(one.start, other.start), min(one.stop, other.stop))
