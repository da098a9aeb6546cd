"""What is seen as a picture: on the clipboard, as PNG at twice the pixels, or as SVG; and numbers as CSV."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QImageWriter,
    QPainter,
    QRegion,
)
from PySide6.QtWidgets import QFileDialog, QGraphicsView, QWidget

from ftgui.core.errors import FtguiError
from ftgui.core.files import cannot_write, write_bytes, write_text
from ftgui.gui import settings, theme
from ftgui.gui.widgets.card import PADDING
from ftgui.gui.widgets.plot_legend import PlotLegend

SCALE = 2
TITLE_PIXELS, NOTE_PIXELS = 15, 12
TITLE_ROOM, AIR = 28, 8

Row = Sequence[str | float | int | None]


class Piece(ABC):
    """A part of a picture."""

    @abstractmethod
    def size(self) -> QSize: ...

    @abstractmethod
    def paint(self, painter: QPainter) -> None:
        """Paint from 0, 0 on."""


class ViewPiece(Piece):
    """A plot as it is seen, as lines and text and not as pixels where the picture is made of such."""

    def __init__(self, view: QGraphicsView) -> None:
        self._view = view

    def size(self) -> QSize:
        return self._view.viewport().size()

    def paint(self, painter: QPainter) -> None:
        exported = [item for item in self._view.scene().items() if hasattr(item, "setExportMode")]
        for item in exported:
            item.setExportMode(True, {"antialias": True, "resolutionScale": 1.0})
        area = self._view.viewport().rect()
        try:
            self._view.render(painter, QRectF(area), area)
        finally:
            for item in exported:
                item.setExportMode(False)


class WidgetPiece(Piece):
    """A widget with what is in it, on the colour of cards; no higher than it needs to be."""

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget

    def size(self) -> QSize:
        return self._widget.size().boundedTo(QSize(self._widget.width(), self._widget.sizeHint().height()))

    def paint(self, painter: QPainter) -> None:
        area = QRegion(QRect(QPoint(), self.size()))
        self._widget.render(painter, QPoint(), area, QWidget.RenderFlag.DrawChildren)


class LegendPiece(Piece):
    """A legend, in as many lines as it takes to name all."""

    def __init__(self, legend: PlotLegend, width: int) -> None:
        self._legend, self._width = legend, width

    def size(self) -> QSize:
        return QSize(self._width, self._legend.height_for_all(self._width))

    def paint(self, painter: QPainter) -> None:
        painter.setFont(self._legend.font())
        self._legend.paint_all(painter, self._width)


@dataclass(frozen=True)
class Picture:
    """A title with a note beside it, and pieces below each other."""

    title: str
    note: str
    pieces: tuple[Piece, ...]

    def size(self) -> QSize:
        sizes = [piece.size() for piece in self.pieces]
        across = max(self._title_width(), *(size.width() for size in sizes), 1)
        down = TITLE_ROOM + sum(AIR + size.height() for size in sizes)
        return QSize(across + 2 * PADDING, down + 2 * PADDING - AIR)

    def paint(self, painter: QPainter) -> None:
        """Paint all of it from 0, 0 on."""
        tokens = theme.current()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        painter.fillRect(QRectF(0, 0, self.size().width(), self.size().height()), QColor(tokens.card))
        painter.translate(PADDING, PADDING - 2)
        self._paint_title(painter)
        top = TITLE_ROOM
        for piece in self.pieces:
            painter.save()
            painter.translate(0, top)
            piece.paint(painter)
            painter.restore()
            top += piece.size().height() + AIR

    def _paint_title(self, painter: QPainter) -> None:
        left = 0.0
        for text, font, colour in self._words():
            painter.setFont(font)
            painter.setPen(QColor(colour))
            width = QFontMetricsF(font).horizontalAdvance(text)
            painter.drawText(QRectF(left, 0, width + 2, 20), Qt.AlignmentFlag.AlignBottom, text)
            left += width + 10

    def _words(self) -> tuple[tuple[str, QFont, str], ...]:
        bold, plain = QGuiApplication.font(), QGuiApplication.font()
        bold.setPixelSize(TITLE_PIXELS)
        bold.setWeight(QFont.Weight.DemiBold)
        plain.setPixelSize(NOTE_PIXELS)
        return (self.title, bold, theme.current().text), (self.note, plain, theme.current().muted)

    def _title_width(self) -> int:
        return int(sum(QFontMetricsF(font).horizontalAdvance(text) + 10 for text, font, _ in self._words()))

    def image(self) -> QImage:
        """Return it with ``SCALE`` times the pixels in each direction."""
        image = QImage(self.size() * SCALE, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(SCALE)
        painter = QPainter(image)
        self.paint(painter)
        painter.end()
        return image

    def png(self) -> bytes:
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(buffer, b"PNG").write(self.image())
        return bytes(buffer.data().data())

    def svg(self) -> bytes:
        from PySide6.QtSvg import QSvgGenerator  # here: seldom needed

        buffer, generator = QBuffer(), QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
        generator.setOutputDevice(buffer)
        generator.setTitle(self.title)
        generator.setSize(self.size())
        generator.setViewBox(QRectF(0, 0, self.size().width(), self.size().height()))
        generator.setResolution(round(QGuiApplication.primaryScreen().logicalDotsPerInch()))
        painter = QPainter(generator)
        self.paint(painter)
        painter.end()
        return bytes(buffer.data().data())


def copy_picture(picture: Picture) -> None:
    """Put it on the clipboard."""
    QGuiApplication.clipboard().setImage(picture.image())


def save_picture(parent: QWidget, picture: Picture, name: str) -> None:
    """Ask for a file and write the picture there; the user may give up.

    Raises:
        FtguiError: it cannot be written, or the name says neither PNG nor SVG.
    """
    path = _ask(parent, parent.tr("Save as picture"), name, (("PNG", ".png"), ("SVG", ".svg")))
    if path is None:
        return
    if path.suffix.lower() not in (".png", ".svg"):
        raise FtguiError(
            f"A picture is saved as .png or .svg, not as “{path.suffix}”.", "Give the file another name."
        )
    content = picture.svg() if path.suffix.lower() == ".svg" else picture.png()
    try:
        write_bytes(path, content)
    except OSError as error:
        raise cannot_write(path, "the picture", error) from error


def save_numbers(parent: QWidget, columns: Row, rows: Iterable[Row], name: str) -> None:
    """Ask for a file and write a table there as CSV, UTF-8; None is an empty field.

    Raises:
        FtguiError: it cannot be written.
    """
    path = _ask(parent, parent.tr("Save the numbers"), name, (("CSV", ".csv"),))
    if path is None:
        return
    try:
        write_text(path, csv_text(columns, rows))
    except OSError as error:
        raise cannot_write(path, "the table", error) from error


def csv_text(columns: Row, rows: Iterable[Row]) -> str:
    """Return a table as CSV; floats with as many digits as they have."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _ask(parent: QWidget, title: str, name: str, kinds: tuple[tuple[str, str], ...]) -> Path | None:
    """Return the file that the user wants to be written, or None. Where it exists, the user said yes to it.

    Raises:
        FtguiError: the user left the ending away, and with it there is such a file: of that nobody asked.
    """
    start = Path(settings.read_text("last_export", str(Path.home()))) / f"{name}{kinds[0][1]}"
    filters = {f"{kind} (*{suffix})": suffix for kind, suffix in kinds}
    chosen, kind = QFileDialog.getSaveFileName(parent, title, str(start), ";;".join(filters))
    if not chosen:
        return None
    path = Path(chosen)
    if not path.suffix:
        path = path.with_name(path.name + filters.get(kind, kinds[0][1]))
        if path.exists():
            raise FtguiError(f"“{path}” exists already, and nothing was written.", "Choose another name.")
    settings.write("last_export", str(path.parent))
    return path
