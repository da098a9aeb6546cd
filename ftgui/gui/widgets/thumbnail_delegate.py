"""How a picture looks in the grid: its thumbnail, its name, and what is marked of it."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QStaticText
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ftgui.gui import theme
from ftgui.gui.item_models.pictures_model import FILE_ROLE, SHOWN_ROLE, Shown
from ftgui.gui.sessions.thumbnails import Thumbnails
from ftgui.gui.widgets.grid_geometry import CELL, EDGE, name_rect, thumbnail_rect
from ftgui.gui.widgets.icons import icon_font, letter

Index = QModelIndex | QPersistentModelIndex

RADIUS = 6.0
NAME_PIXELS = 11
PADDING = 5
"""Left and right of a name."""
MOST_NAMES = 2_000
"""That are kept laid out."""
BADGE = 8.5
"""The radius of a mark."""
FADED = 0.35
"""How much is seen of a picture that is left out."""

GLYPHS = {"problem": "exclamation-thick", "excluded": "minus-thick", "info": "information-variant"}


class Look(NamedTuple):
    """How a cell stands out from others."""

    is_selected: bool = False
    is_hovered: bool = False
    has_focus: bool = False
    """The keyboard is there."""


def badge_colours(mark: str) -> tuple[QColor, QColor]:
    """Return the colour of a mark, and that of the glyph on it."""
    tokens = theme.current()
    match mark:
        case "problem":
            return QColor(tokens.slow), QColor(theme.LIGHT.text)  # amber is bright in both themes
        case "excluded":
            return QColor(tokens.muted), QColor(tokens.card)
    return QColor(tokens.accent), QColor(tokens.accent_text)


class Names:
    """Names of files in one line each, cut in the middle where there is no room; laid out once each."""

    def __init__(self, font: QFont) -> None:
        self.font = QFont(font)
        self.font.setPixelSize(NAME_PIXELS)
        self._metrics = QFontMetrics(self.font)
        self._laid_out: OrderedDict[str, QStaticText] = OrderedDict()

    def placed(self, place: QRect, name: str) -> tuple[QStaticText, QRectF]:
        """Return a name and where it goes, in the middle of ``place``."""
        text = self._text(name)
        size = text.size()
        left = place.x() + (place.width() - size.width()) / 2
        return text, QRectF(QPointF(left, place.y() + (place.height() - size.height()) / 2), size)

    def _text(self, name: str) -> QStaticText:
        text = self._laid_out.get(name)
        if text is None:
            room = CELL.width() - 2 * PADDING
            text = QStaticText(self._metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room))
            text.setTextFormat(Qt.TextFormat.PlainText)
            text.prepare(font=self.font)
            self._laid_out[name] = text
            if len(self._laid_out) > MOST_NAMES:
                self._laid_out.popitem(last=False)
        return text


class ThumbnailDelegate(QStyledItemDelegate):
    """Paints a cell with what ``thumbnails`` has of it. ``State_HasFocus`` shows where the keyboard is."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._names = Names(QFont())

    def set_font(self, font: QFont) -> None:
        """Write names in ``font``, smaller."""
        self._names = Names(font)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return CELL

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint_cell(
            painter, option.rect, index.data(SHOWN_ROLE), index.data(FILE_ROLE), look(option.state)
        )

    def paint_cell(self, painter: QPainter, cell: QRect, shown: Shown, file: str, look: Look) -> None:
        """Paint a cell, with a painter that smooths edges."""
        picture = thumbnail_rect(cell)
        self._paint_picture(painter, picture, file, is_out=shown.mark == "excluded")
        if look.is_selected or look.is_hovered:
            _paint_ring(painter, picture, is_selected=look.is_selected)
        if shown.mark in GLYPHS:
            _paint_badge(painter, picture, shown.mark)
        self._paint_name(painter, name_rect(cell), shown, look)

    def _paint_picture(self, painter: QPainter, place: QRect, file: str, *, is_out: bool) -> None:
        """Round corners are the thumbnail's own; until it is there, a plain field holds its place."""
        density = painter.device().devicePixelRatioF()
        image = self._thumbnails.get((file, round(EDGE * density)))
        is_there = image is not None and not image.isNull()
        if not is_there:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.current().chip))
            painter.drawRoundedRect(place, RADIUS, RADIUS)
        if image is None:
            return
        if is_out:
            painter.setOpacity(FADED)
        if is_there:
            painter.drawImage(place, image)
        else:
            painter.setPen(QColor(theme.current().muted))
            painter.setFont(icon_font(32))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, letter("image-broken-variant"))
        if is_out:
            painter.setOpacity(1.0)

    def _paint_name(self, painter: QPainter, place: QRect, shown: Shown, look: Look) -> None:
        tokens = theme.current()
        text, where = self._names.placed(place, shown.name)
        if look.has_focus:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.accent))
            painter.drawRoundedRect(where.adjusted(-PADDING, -1, PADDING, 1), 4, 4)
        ink = tokens.text if look.is_selected else tokens.muted
        painter.setPen(QColor(tokens.accent_text if look.has_focus else ink))
        painter.setFont(self._names.font)
        painter.drawStaticText(where.topLeft(), text)
        if shown.mark == "excluded":  # by hand: a static text would strike out somewhere else
            middle = round(where.center().y()) + 0.5
            painter.drawLine(QPointF(where.left(), middle), QPointF(where.right(), middle))


def look(state: QStyle.StateFlag) -> Look:
    """Return what of a style's state is to be seen."""
    flags = QStyle.StateFlag
    wanted = (flags.State_Selected, flags.State_MouseOver, flags.State_HasFocus)
    return Look(*(bool(state & flag) for flag in wanted))


def _paint_ring(painter: QPainter, picture: QRect, *, is_selected: bool) -> None:
    """A ring a little outside of what is selected, a fainter one around what is under the pointer."""
    tokens = theme.current()
    painter.setPen(QPen(QColor(tokens.accent if is_selected else tokens.line_strong), 1 + is_selected))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(picture).adjusted(-3, -3, 3, 3), RADIUS + 3, RADIUS + 3)


def _paint_badge(painter: QPainter, picture: QRect, mark: str) -> None:
    """A dot with a sign in the upper right corner, set off from the picture by a line."""
    fill, ink = badge_colours(mark)
    centre = QPointF(picture.right() + 1 - BADGE - 4, picture.top() + BADGE + 4)
    painter.setPen(QPen(QColor(theme.current().card), 1.5))
    painter.setBrush(fill)
    painter.drawEllipse(centre, BADGE, BADGE)
    painter.setPen(ink)
    painter.setFont(icon_font(11))
    around = QRectF(centre.x() - BADGE, centre.y() - BADGE, 2 * BADGE, 2 * BADGE)
    painter.drawText(around, Qt.AlignmentFlag.AlignCenter, letter(GLYPHS[mark]))
