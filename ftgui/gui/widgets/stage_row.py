"""A stage as a row of the stage map: its columns, and how they are painted."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen

from ftgui.gui import theme
from ftgui.gui.widgets.stage_bar import Segment, paint_segment

AIR = 12
"""Between columns."""
BLOCK_WIDTH = 12
SIZE_WIDTH = 68
COST_WIDTH = 40
LEAST_RATE = 40
"""Width of the column of learning rates, where all are short."""

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class StageRow:
    """One stage as the map draws it."""

    segment: Segment
    """Its ``weight`` is its share of the cost."""
    size: str
    """Its parameters, in words."""
    rate: str
    """Its learning rate, in words: "frozen", "× 0.1"."""


@dataclass(frozen=True)
class Columns:
    """Where the columns of a row lie, from the right: names take the room that is left."""

    left: float
    right: float
    rate_width: float
    """Of the longest learning rate."""

    @classmethod
    def for_rows(
        cls, rows: tuple[StageRow, ...], metrics: QFontMetrics, left: float, right: float
    ) -> Columns:
        """Return the columns between ``left`` and ``right`` in which these rows have room."""
        longest = max((metrics.horizontalAdvance(row.rate) for row in rows), default=0)
        return cls(left, right, max(longest, LEAST_RATE))

    def block(self, row: QRectF) -> QRectF:
        return QRectF(self.left, row.top() + 1.5, BLOCK_WIDTH, row.height() - 3)

    def name(self, row: QRectF) -> QRectF:
        left = self.block(row).right() + 10
        return QRectF(left, row.top(), self.size(row).left() - left, row.height())

    def size(self, row: QRectF) -> QRectF:
        return self._before(self.cost(row), SIZE_WIDTH)

    def cost(self, row: QRectF) -> QRectF:
        return self._before(self.rate(row), COST_WIDTH)

    def rate(self, row: QRectF) -> QRectF:
        return QRectF(self.right - self.rate_width, row.top(), self.rate_width, row.height())

    def _before(self, column: QRectF, width: float) -> QRectF:
        return QRectF(column.left() - AIR - width, column.top(), width, column.height())


def small(font: QFont, pixels: int = 12) -> QFont:
    """Return a font for the second voice."""
    made = QFont(font)
    made.setPixelSize(pixels)
    return made


def paint_header(painter: QPainter, columns: Columns, line: QRectF, font: QFont) -> None:
    """Paint what the columns are."""
    painter.setFont(small(font, 11))
    painter.setPen(QColor(theme.current().muted))
    for place, side, words in (
        (columns.name(line), LEFT, _tr("Stage")),
        (columns.size(line), RIGHT, _tr("Parameters")),
        (columns.cost(line), LEFT, _tr("Cost")),
        (columns.rate(line), RIGHT, _tr("Rate")),
    ):
        painter.drawText(place, side, words)


def paint_row(
    painter: QPainter, columns: Columns, row: StageRow, rect: QRectF, font: QFont, cost: float
) -> None:
    """Paint a stage; the bar of the greatest ``cost``, 1, is as long as its column."""
    tokens = theme.current()
    paint_segment(painter, columns.block(rect), row.segment)
    painter.setFont(font)
    painter.setPen(QColor(tokens.text))
    name, middle = columns.name(rect), Qt.TextElideMode.ElideMiddle
    shown = painter.fontMetrics().elidedText(row.segment.name, middle, int(name.width()))
    painter.drawText(name, LEFT, shown)
    painter.drawText(columns.rate(rect), RIGHT, row.rate)
    painter.setFont(small(font))
    painter.setPen(QColor(tokens.muted))
    painter.drawText(columns.size(rect), RIGHT, row.size)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.line_strong))
    bar = columns.cost(rect)
    bar = QRectF(bar.left(), rect.center().y() - 3, max(2.0, bar.width() * cost), 6)
    painter.drawRoundedRect(bar, min(3.0, bar.width() / 2), 3)


def paint_grip(painter: QPainter, rect: QRectF, words: str, colour: QColor, fill: QColor) -> None:
    """Paint a line across ``rect`` and, in its middle, what to take hold of."""
    y = round(rect.center().y())
    painter.setPen(QPen(colour, 2))
    painter.drawLine(int(rect.left()), y, int(rect.right()), y)
    painter.setFont(small(painter.font(), 11))
    width = painter.fontMetrics().horizontalAdvance(words) + 34
    grip = QRectF(rect.center().x() - width / 2, y - 9, width, 18)
    painter.setPen(QPen(colour, 1))
    painter.setBrush(fill)
    painter.drawRoundedRect(grip, 9, 9)
    painter.drawText(grip.adjusted(22, 0, -8, 0), Qt.AlignmentFlag.AlignCenter, words)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for column in range(2):
        for dot in range(3):
            painter.drawEllipse(QRectF(grip.left() + 10 + 5 * column, grip.top() + 4 + 4 * dot, 2, 2))


def _tr(words: str) -> str:
    return QCoreApplication.translate("StageMap", words)
