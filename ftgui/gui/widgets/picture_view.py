"""A picture shown large, and a row of small ones."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ftgui.gui import theme
from ftgui.gui.widgets.icons import icon_font, letter
from ftgui.gui.widgets.naming import name_widget

MOST_TIMES = 3.0
"""A small picture is shown this many times as large, not more: larger, it is a blur."""
GAP = 8
"""Between small pictures."""


def fitted(pixels: QSize, room: QSize) -> QSize:
    """Return how large to show a picture of so many pixels in a room."""
    if pixels.isEmpty() or room.isEmpty():
        return QSize()
    fits = min(room.width() / pixels.width(), room.height() / pixels.height())
    scale = min(fits, MOST_TIMES)
    return QSize(max(1, round(pixels.width() * scale)), max(1, round(pixels.height() * scale)))


class PictureView(QWidget):
    """Shows a picture as large as there is room, or says why it cannot be shown."""

    def __init__(
        self, *, object_name: str = "", accessible_name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        name_widget(self, object_name=object_name, accessible_name=accessible_name)
        self.setMinimumSize(240, 200)
        self._image, self._pixels, self._words = QImage(), QSize(), ""
        self._scaled = QImage()
        theme.signals.changed.connect(self.update)

    def show_image(self, image: QImage, pixels: QSize) -> None:
        """Show a picture of ``pixels``, of which ``image`` may have fewer."""
        self._show(image, pixels, "")

    def show_words(self, words: str) -> None:
        """Show a sentence, with a sign of a broken picture, instead of one."""
        self._show(QImage(), QSize(), words)

    def clear(self) -> None:
        self._show(QImage(), QSize(), "")

    def _show(self, image: QImage, pixels: QSize, words: str) -> None:
        self._image, self._pixels, self._words, self._scaled = image, pixels, words, QImage()
        self.setAccessibleDescription(words)
        self.update()

    def image(self) -> QImage:
        """Return what is shown; null where nothing is."""
        return self._image

    def words(self) -> str:
        """Return what is said instead of a picture."""
        return self._words

    def shown_size(self) -> QSize:
        """Return how large the picture is on the screen."""
        return fitted(self._pixels, self.size())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        if not self._image.isNull():
            self._paint_image(painter)
        elif self._words:
            self._paint_words(painter)
        painter.end()

    def _paint_image(self, painter: QPainter) -> None:
        """Scaled once for a size, and finely: a painter would leave out pixels."""
        size, density = self.shown_size(), self.devicePixelRatioF()
        if self._scaled.size() != size * density:
            self._scaled = self._image.scaled(
                size * density,
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            self._scaled.setDevicePixelRatio(density)
        place = QRect(QPoint(), size)
        place.moveCenter(self.rect().center())
        painter.drawImage(place.topLeft(), self._scaled)

    def _paint_words(self, painter: QPainter) -> None:
        middle = self.rect().center()
        painter.setPen(QColor(theme.current().muted))
        painter.setFont(icon_font(48))
        above = QRect(0, middle.y() - 70, self.width(), 60)
        painter.drawText(above, Qt.AlignmentFlag.AlignCenter, letter("image-broken-variant"))
        painter.setFont(self.font())
        below = QRect(24, middle.y() - 4, self.width() - 48, 80)
        top = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(below, int(top | Qt.TextFlag.TextWordWrap), self._words)


class PictureStrip(QWidget):
    """Small pictures side by side, as many as there is room for."""

    def __init__(self, height: int, *, object_name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        name_widget(self, object_name=object_name)
        self.setFixedHeight(height)
        self._images: Sequence[QImage] = ()
        theme.signals.changed.connect(self.update)

    def show_images(self, images: Sequence[QImage]) -> None:
        self._images = images
        self.update()

    def images(self) -> Sequence[QImage]:
        return self._images

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        left = 0
        for image in self._images:
            width = round(image.width() * self.height() / image.height())
            if left + width > self.width():
                break
            painter.drawImage(QRect(left, 0, width, self.height()), image)
            left += width + GAP
        painter.end()
