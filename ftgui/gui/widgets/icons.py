"""Icons drawn from a font in the theme's colours, which are looked up each time an icon is painted."""

from __future__ import annotations

from typing import Literal

import qtawesome
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtWidgets import QToolButton, QWidget

from ftgui.gui.theme import current
from ftgui.gui.widgets.naming import name_widget

Ink = Literal["text", "muted", "accent", "accent_text", "ok", "warn", "error"]


class _GlyphEngine(QIconEngine):
    """Paints one glyph. qtawesome's own icons keep the colour they were made with; these follow the theme."""

    def __init__(self, glyph: str, ink: Ink) -> None:
        super().__init__()
        self._glyph = glyph
        self._ink = ink

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:  # noqa: ARG002
        disabled = mode == QIcon.Mode.Disabled
        painter.save()
        painter.setPen(QColor(getattr(current(), "faint" if disabled else self._ink)))
        painter.setFont(qtawesome.font("mdi6", round(rect.height() * 0.96)))
        painter.drawText(rect, _place(rect), self._glyph)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self._glyph, self._ink)


def _place(rect: QRect) -> Qt.AlignmentFlag:
    """In a rect wider than tall the rest is the gap before a button's text."""
    side = Qt.AlignmentFlag.AlignLeft if rect.width() > rect.height() else Qt.AlignmentFlag.AlignHCenter
    return side | Qt.AlignmentFlag.AlignVCenter


def icon(name: str, ink: Ink = "text") -> QIcon:
    """Return the icon ``name`` of Material Design Icons (``"play"``). It follows the theme by itself."""
    return QIcon(_GlyphEngine(qtawesome.charmap(f"mdi6.{name}"), ink))


class IconButton(QToolButton):
    """A button that is only an icon: it must be named for those who cannot see it."""

    def __init__(
        self,
        icon_name: str,
        label: str,
        *,
        object_name: str = "",
        ink: Ink = "text",
        pixels: int = 18,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._ink: Ink = ink
        self.setIconSize(QSize(pixels, pixels))
        name_widget(self, object_name=object_name)
        self.show_as(icon_name, label)

    def show_as(self, icon_name: str, label: str) -> None:
        """Become another button, as pause becomes resume."""
        self.setIcon(icon(icon_name, self._ink))
        self.setToolTip(label)
        self.setAccessibleName(label)


class IconLabel(QWidget):
    """An icon that is only looked at."""

    def __init__(self, pixels: int = 14, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = QIcon()
        self.setFixedSize(pixels, pixels + 2)

    def set_icon(self, name: str, ink: Ink = "text") -> None:
        self._icon = icon(name, ink)
        self.update()

    def paintEvent(self, event: object) -> None:  # noqa: ARG002
        painter = QPainter(self)
        self._icon.paint(painter, self.rect())
        painter.end()
