"""The colours of movement: ice where not one bit moved, else warmer the further, on a logarithmic scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ftgui.gui import theme
from ftgui.gui.widgets.naming import name_widget

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LOWEST, HIGHEST = 1e-6, 1.0
"""The ends of the scale; what lies beyond has the colour of the end."""

RAMPS = {
    "light": ("#fbe6b5", "#f0b440", "#b8690f", "#5e2d05"),
    "dark": ("#4a3510", "#9a6a17", "#e5ac48", "#fff0cf"),
}
"""From little to much. Lightness runs one way, and no kind of colour blindness takes any for ice."""

BAR_WIDTH, SWATCH, HEIGHT, GAP = 72, 12, 18, 6


def share_of_scale(value: float) -> float:
    """Return where a value above 0 lies between the ends of the scale, 0 to 1."""
    decades = math.log10(HIGHEST / LOWEST)
    return min(1.0, max(0.0, math.log10(max(value, LOWEST) / LOWEST) / decades))


def heat_colour(value: float) -> QColor:
    """Return the colour of a movement in the current theme; ice for exactly 0 alone."""
    tokens = theme.current()
    if value == 0:
        return QColor(tokens.ice)
    ramp = RAMPS[tokens.name]
    place = share_of_scale(value) * (len(ramp) - 1)
    index = min(int(place), len(ramp) - 2)
    return _between(QColor(ramp[index]), QColor(ramp[index + 1]), place - index)


def heat_pixels(values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint32]:
    """Return the colours of many movements as pixels (0xAARRGGBB), each as ``heat_colour`` has it."""
    import numpy as np  # here: what the window needs to open does without

    tokens = theme.current()
    shades = [QColor(colour) for colour in RAMPS[tokens.name]]
    ramp = np.array([[shade.red(), shade.green(), shade.blue()] for shade in shades], dtype=float)
    share = np.log10(np.maximum(values, LOWEST) / LOWEST) / math.log10(HIGHEST / LOWEST)
    place = np.clip(share, 0.0, 1.0) * (len(ramp) - 1)
    index = np.minimum(place.astype(int), len(ramp) - 2)
    colours = ramp[index] + (ramp[index + 1] - ramp[index]) * (place - index)[:, np.newaxis]
    red, green, blue = np.rint(colours).astype(np.uint32).T
    pixels = np.uint32(0xFF000000) | (red << 16) | (green << 8) | blue
    return np.where(values == 0, np.uint32(QColor(tokens.ice).rgba()), pixels).astype(np.uint32)


def _between(one: QColor, other: QColor, share: float) -> QColor:
    pairs = ((one.red(), other.red()), (one.green(), other.green()), (one.blue(), other.blue()))
    return QColor(*(round(a + (b - a) * share) for a, b in pairs))


def movement_words(value: float) -> str:
    """Return "0" for exactly nothing, else a share with two figures: "0.0031 %", "38 %", "1,200 %"."""
    if value == 0:
        return "0"
    percent = value * 100
    if percent < LOWEST * 100:
        return "< 0.0001 %"
    if percent >= 9.95:
        return f"{percent:,.0f} %"
    places = 1 - math.floor(math.log10(percent))
    return f"{percent:.{places}f} %"


class HeatLegend(QWidget):
    """What the colours stand for, in one line; ``set_joins`` adds the line where a stage joins."""

    def __init__(self, *, object_name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        name_widget(self, object_name=object_name)
        font = self.font()
        font.setPixelSize(12)
        self.setFont(font)
        self._joins = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.signals.changed.connect(self.update)
        self._describe()

    def set_joins(self, joins: bool) -> None:
        """Say whether a stage joins later than the first epoch."""
        if joins != self._joins:
            self._joins = joins
            self._describe()
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        words = sum(metrics.horizontalAdvance(text) for text in (self._still(), *self._ends()))
        joins = metrics.horizontalAdvance(self._joined()) + 26 if self._joins else 0
        return QSize(joins + SWATCH + BAR_WIDTH + words + 3 * GAP + 16, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left = self._paint_joins(painter) if self._joins else 0.0
        left = _paint_swatch(painter, QRectF(left, 3, SWATCH, SWATCH), QColor(theme.current().ice))
        left = self._paint_word(painter, left + GAP, self._still()) + 16
        low, high = self._ends()
        left = self._paint_word(painter, left, low) + GAP
        bar = QRectF(left, 3, BAR_WIDTH, SWATCH)
        _paint_swatch(painter, bar, _gradient(bar))
        self._paint_word(painter, bar.right() + GAP, high)

    def _paint_joins(self, painter: QPainter) -> float:
        painter.setPen(join_pen())
        painter.drawLine(QPointF(2, 2), QPointF(2, HEIGHT - 2))
        return self._paint_word(painter, 8, self._joined()) + 18

    def _paint_word(self, painter: QPainter, left: float, text: str) -> float:
        """Paint ``text`` and return where it ends."""
        width = self.fontMetrics().horizontalAdvance(text)
        painter.setPen(QColor(theme.current().muted))
        painter.drawText(QRectF(left, 0, width + 2, HEIGHT), Qt.AlignmentFlag.AlignVCenter, text)
        return left + width

    def _still(self) -> str:
        return self.tr("0 exactly")

    def _joined(self) -> str:
        return self.tr("joins")

    def _ends(self) -> tuple[str, str]:
        return f"{LOWEST * 100:g} %", movement_words(HIGHEST)

    def _describe(self) -> None:
        low, high = self._ends()
        words = self.tr(
            "Ice blue: 0 exactly. Warm colours: from {low} to {high}, darker or brighter is more."
        )
        self.setAccessibleName(self.tr("What the colours stand for"))
        self.setAccessibleDescription(words.format(low=low, high=high))


def join_pen() -> QPen:
    """Return the pen of the line before a stage's first epoch of learning."""
    pen = QPen(QColor(theme.current().text), 2.0)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def _gradient(bar: QRectF) -> QLinearGradient:
    gradient = QLinearGradient(bar.topLeft(), bar.topRight())
    ramp = RAMPS[theme.current().name]
    for index, colour in enumerate(ramp):
        gradient.setColorAt(index / (len(ramp) - 1), QColor(colour))
    return gradient


def _paint_swatch(painter: QPainter, rect: QRectF, fill: QColor | QLinearGradient) -> float:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.drawRoundedRect(rect, 3, 3)
    return rect.right()
