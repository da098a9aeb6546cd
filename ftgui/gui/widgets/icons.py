"""Icons drawn from a font in the theme's colours, which are looked up each time an icon is painted."""

from __future__ import annotations

import functools
import importlib.util
import json
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtWidgets import QToolButton, QWidget

from ftgui.core.errors import FtguiError
from ftgui.gui.theme import current
from ftgui.gui.widgets.naming import name_widget

Ink = Literal["text", "muted", "accent", "accent_text", "ok", "warn", "error"]


def _file_of_qtawesome(pattern: str) -> Path:
    """Return a file of qtawesome's, which holds the font and its table; it is found, but not imported.

    Importing it brings a second face of Qt, and its first icon loads a dozen fonts: together that took a
    tenth of the time until the window is on the screen. Its own icons also keep the colour they were made
    with, and these follow the theme.
    """
    package = importlib.util.find_spec("qtawesome")
    folders = package.submodule_search_locations if package is not None else None
    for file in (file for folder in folders or () for file in Path(folder, "fonts").glob(pattern)):
        return file
    raise FtguiError("The font of the icons is missing.", "Install ftgui again.", pattern)


@functools.cache
def _font_family() -> str:
    """Load the font of Material Design Icons, once, and return what it is called."""
    file = _file_of_qtawesome("materialdesignicons6-webfont-*.ttf")
    return QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(file)))[0]


@functools.cache
def _code_points() -> dict[str, str]:
    """Return the hexadecimal code point of each glyph by its name."""
    table: dict[str, str] = json.loads(
        _file_of_qtawesome("materialdesignicons6-webfont-charmap-*.json").read_bytes()
    )
    return table


def icon_font(pixels: int) -> QFont:
    """Return the font that icons are letters of."""
    font = QFont()
    font.setFamily(_font_family())
    font.setPixelSize(pixels)
    return font


def letter(name: str) -> str:
    """Return the letter that draws the icon ``name`` of Material Design Icons."""
    return chr(int(_code_points()[name], 16))


class _GlyphEngine(QIconEngine):
    """Paints one glyph."""

    def __init__(self, glyph: str, ink: Ink) -> None:
        super().__init__()
        self._glyph = glyph
        self._ink = ink

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:  # noqa: ARG002
        disabled = mode == QIcon.Mode.Disabled
        painter.save()
        painter.setPen(QColor(getattr(current(), "faint" if disabled else self._ink)))
        painter.setFont(icon_font(round(rect.height() * 0.96)))
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
    return QIcon(_GlyphEngine(letter(name), ink))


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
        self._shown_as = "", ""
        self.setIconSize(QSize(pixels, pixels))
        name_widget(self, object_name=object_name)
        self.show_as(icon_name, label)

    def show_as(self, icon_name: str, label: str) -> None:
        """Become another button, as pause becomes resume."""
        if (icon_name, label) == self._shown_as:
            return  # a new icon would have the whole page laid out anew
        self._shown_as = icon_name, label
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
