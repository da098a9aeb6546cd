"""Pictures to which two runs give different answers: each with its class and both answers beside it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QListView, QStyleOptionViewItem, QWidget

from ftgui.gui import theme
from ftgui.gui.item_models.diff_model import (
    DISAGREEMENT_ROLE,
    FILE_ROLE,
    DisagreementsModel,
    answer_words,
)
from ftgui.gui.sessions.thumbnails import Thumbnails
from ftgui.gui.widgets.grid_geometry import EDGE
from ftgui.gui.widgets.icons import icon_font, letter
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.thumbnail_delegate import Index, Look, ThumbnailDelegate, look

LEAST_WIDTH = 280
"""Of a cell: as many stand side by side as this lets."""
PADDING = 8
BETWEEN = 8
"""Two cells, across and down."""
HEIGHT = EDGE + 2 * PADDING + BETWEEN
GAP = 12
"""Between a picture and what is said of it."""
LINES = (22, 22, 26, 26)
"""Heights of the lines beside a picture: its class, its name, both answers."""
MARK = 16
"""Across the tick or cross before an answer."""
LETTER = 18
"""Across the letter that stands for a run."""
SMALL = 11
MARKS = {True: ("check-bold", "ok"), False: ("close-thick", "error")}


class DisagreementDelegate(ThumbnailDelegate):
    """Paints a picture and what two runs say of it: right has a tick and wrong a cross, not only a colour."""

    columns = 1
    """The list says how many fit, and how large that makes a cell with its share of the gaps."""
    cell = QSize(LEAST_WIDTH, HEIGHT)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return self.cell

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        cell = self._without_gaps(option.rect, index.row() % self.columns)
        _paint_ground(painter, cell, look(option.state))
        picture = QRect(cell.left() + PADDING, cell.top() + PADDING, EDGE, EDGE)
        self._paint_picture(painter, picture, index.data(FILE_ROLE), is_out=False)
        row = index.data(DISAGREEMENT_ROLE)
        left = picture.right() + GAP
        lines = _lines(QRect(left, picture.top(), cell.right() - left - PADDING, EDGE))
        tokens = theme.current()
        _write(painter, lines[0], row.label, tokens.text, QFont.Weight.DemiBold)
        _write(painter, lines[1], row.path.rpartition("/")[2], tokens.muted, pixels=SMALL)
        for name, place, answer in (("A", lines[2], row.first), ("B", lines[3], row.second)):
            _paint_answer(painter, place, name, answer_words(answer), is_right=answer.is_right)
        painter.restore()

    def _without_gaps(self, rect: QRect, column: int) -> QRect:
        """Take off a cell's share of the gaps: there are none before the first column and after the last."""
        left, right = (BETWEEN * gaps // self.columns for gaps in (column, self.columns - 1 - column))
        return rect.adjusted(left, 0, -right - 1, -BETWEEN - 1)


def _lines(place: QRect) -> list[QRect]:
    tops = [place.top() + sum(LINES[:number]) for number in range(len(LINES))]
    return [QRect(place.left(), top, place.width(), height) for top, height in zip(tops, LINES, strict=True)]


def _paint_ground(painter: QPainter, cell: QRect, how: Look) -> None:
    tokens = theme.current()
    ring = tokens.accent if how.has_focus else tokens.line
    painter.setPen(QColor(ring))
    ground = tokens.selection if how.is_selected else tokens.hover if how.is_hovered else tokens.card
    painter.setBrush(QColor(ground))
    painter.drawRoundedRect(cell, 8, 8)


def _paint_answer(painter: QPainter, place: QRect, name: str, words: str, *, is_right: bool) -> None:
    """Paint the letter of a run, a tick or a cross, and what it says."""
    tokens, middle = theme.current(), place.center().y()
    badge = QRect(place.left(), middle - LETTER // 2 + 1, LETTER, LETTER)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.chip))
    painter.drawRoundedRect(badge, 5, 5)
    _write(painter, badge, name, tokens.muted, QFont.Weight.DemiBold, SMALL, Qt.AlignmentFlag.AlignHCenter)
    glyph, ink = MARKS[is_right]
    painter.setPen(QColor(getattr(tokens, ink)))
    painter.setFont(icon_font(MARK - 1))
    sign = QRect(badge.right() + 7, middle - MARK // 2 + 1, MARK, MARK)
    painter.drawText(sign, Qt.AlignmentFlag.AlignCenter, letter(glyph))
    _write(painter, place.adjusted(sign.right() + 6 - place.left(), 0, 0, 0), words, tokens.text)


def _write(
    painter: QPainter,
    place: QRect,
    words: str,
    ink: str,
    weight: QFont.Weight = QFont.Weight.Normal,
    pixels: int = theme.FONT_PIXELS,
    side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    """Write one line, cut in the middle where there is no room: both ends of a file's name tell something."""
    font = QFont(theme.FONT_FAMILY)
    font.setPixelSize(pixels)
    font.setWeight(weight)
    painter.setFont(font)
    painter.setPen(QColor(ink))
    shown = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideMiddle, place.width())
    painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, shown)


class DisagreementList(QListView):
    """As tall as its pictures: the page around it scrolls. Its owner calls ``shutdown`` before it goes."""

    opened = Signal(int)
    """The row that was double-clicked, or on which Enter was pressed."""
    moved = Signal(QRect)
    """The keyboard went to what is in this part of the list."""

    def __init__(self, thumbnails: Thumbnails | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        name_widget(
            self, object_name="disagreement_list", accessible_name=self.tr("Pictures they disagree on")
        )
        self.pictures = DisagreementsModel(self)
        self._thumbnails = thumbnails or Thumbnails(self)
        self._delegate = DisagreementDelegate(self._thumbnails, self)
        self.setItemDelegate(self._delegate)
        self.setModel(self.pictures)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QListView.SelectionMode.SingleSelection)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._thumbnails.arrived.connect(self._on_arrived)
        self.pictures.modelReset.connect(self._fit)
        self.selectionModel().currentChanged.connect(self._on_current)
        self.doubleClicked.connect(self._on_double_clicked)
        theme.signals.changed.connect(self.viewport().update)

    def shutdown(self) -> None:
        """End the threads that make thumbnails."""
        self._thumbnails.shutdown()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        self._want_what_is_seen()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    @Slot()
    def _fit(self) -> None:
        """Share the width among as many columns as fit, and be as tall as all of the rows."""
        width = self.viewport().width() - 1  # Qt wraps a line that fills the width to the last pixel
        columns = self._delegate.columns = max(1, width // LEAST_WIDTH)
        self._delegate.cell = QSize(max(1, width // columns), HEIGHT)
        rows = -(-self.pictures.rowCount() // columns)
        self.setFixedHeight(rows * HEIGHT)
        self.scheduleDelayedItemsLayout()

    def _want_what_is_seen(self) -> None:
        seen, columns = self.viewport().visibleRegion().boundingRect(), self._delegate.columns
        first, end = seen.top() // HEIGHT * columns, (seen.bottom() // HEIGHT + 1) * columns
        edge = round(EDGE * self.devicePixelRatioF())
        rows = range(max(0, first), min(end, self.pictures.rowCount()))
        self._thumbnails.want([(str(self.pictures.file(row)), edge) for row in rows])

    @Slot(object)
    def _on_arrived(self, _requests: object) -> None:
        self.viewport().update()

    @Slot(QModelIndex)
    def _on_current(self, current: QModelIndex) -> None:
        if current.isValid():
            self.moved.emit(self.visualRect(current))

    @Slot(QModelIndex)
    def _on_double_clicked(self, index: QModelIndex) -> None:
        self.opened.emit(index.row())
