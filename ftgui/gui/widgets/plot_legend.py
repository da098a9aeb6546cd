"""What the curves of a plot are: one dot a run, and which line is validation."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ftgui.gui import theme
from ftgui.gui.theme import RunColour

HEIGHT = 18
LONGEST = 150
"""Pixels after which a run's name is cut in its middle: names of one strategy differ at their ends."""
WHOLE = 10_000


@dataclass(frozen=True)
class LegendEntry:
    """A run as the legend shows it."""

    name: str
    colour: RunColour


class PlotLegend(QWidget):
    """Painted by hand, in one line. What does not fit is counted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: tuple[LegendEntry, ...] = ()
        self._lines: tuple[tuple[str, Qt.PenStyle], ...] = ()
        font = self.font()
        font.setPixelSize(12)
        self.setFont(font)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.signals.changed.connect(self.update)

    def set_entries(self, entries: tuple[LegendEntry, ...]) -> None:
        if entries != self._entries:
            self._entries = entries
            self.setAccessibleDescription(", ".join(entry.name for entry in entries))
            self.update()

    def set_lines(self, lines: tuple[tuple[str, Qt.PenStyle], ...]) -> None:
        """Say what solid and dotted lines stand for."""
        if lines != self._lines:
            self._lines = lines
            self.update()

    def entries(self) -> tuple[LegendEntry, ...]:
        return self._entries

    def sizeHint(self) -> QSize:
        return QSize(120, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_entries(painter, self._paint_lines(painter, self.width()))

    def height_for_all(self, width: int) -> int:
        """Return the room that ``paint_all`` needs."""
        return HEIGHT * (1 + max((line for line, _ in self._flow(width)), default=0))

    def paint_all(self, painter: QPainter, width: int) -> None:
        """Paint it ``width`` wide with all its entries, in as many lines as that takes."""
        self._paint_lines(painter, width)
        for entry, (line, left) in zip(self._entries, self._flow(width), strict=True):
            painter.save()
            painter.translate(0, line * HEIGHT)
            self._paint_entry(painter, left, entry, WHOLE)
            painter.restore()

    def _flow(self, width: int) -> list[tuple[int, float]]:
        """Return the line and the left end of each entry; the first line has less room."""
        places, line, left = [], 0, 2.0
        taken = sum(self.fontMetrics().horizontalAdvance(label) + 43 for label, _ in self._lines)
        for entry in self._entries:
            if left > 2.0 and left + self._width_of(entry, WHOLE) > width - (0 if line else taken):
                line, left = line + 1, 2.0
            places.append((line, left))
            left += self._width_of(entry, WHOLE)
        return places

    def _paint_lines(self, painter: QPainter, width: float) -> float:
        """Paint the right end and return where it begins."""
        muted = QColor(theme.current().muted)
        right = float(width)
        for label, style in reversed(self._lines):
            long = self.fontMetrics().horizontalAdvance(label)
            painter.setPen(muted)
            painter.drawText(QRectF(right - long, 0, long, HEIGHT), Qt.AlignmentFlag.AlignVCenter, label)
            painter.setPen(QPen(muted, 1.4, style))
            painter.drawLine(QPointF(right - long - 29, HEIGHT / 2), QPointF(right - long - 6, HEIGHT / 2))
            right -= long + 29 + 14
        return right

    def _paint_entries(self, painter: QPainter, right: float) -> None:
        left = 2.0
        for position, entry in enumerate(self._entries):
            width = self._width_of(entry)
            rest = len(self._entries) - position
            if left + width > right - (30 if rest > 1 else 0):
                painter.setPen(QColor(theme.current().muted))
                painter.drawText(QRectF(left, 0, 40, HEIGHT), Qt.AlignmentFlag.AlignVCenter, f"+{rest}")
                return
            self._paint_entry(painter, left, entry)
            left += width

    def _label_of(self, entry: LegendEntry, longest: int) -> str:
        return self.fontMetrics().elidedText(entry.name, Qt.TextElideMode.ElideMiddle, longest)

    def _width_of(self, entry: LegendEntry, longest: int = LONGEST) -> float:
        return 17.0 + self.fontMetrics().horizontalAdvance(self._label_of(entry, longest)) + 16.0

    def _paint_entry(
        self, painter: QPainter, left: float, entry: LegendEntry, longest: int = LONGEST
    ) -> None:
        label = self._label_of(entry, longest)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.run_colour(entry.colour))
        painter.drawEllipse(QPointF(left + 5, HEIGHT / 2), 5, 5)
        painter.setPen(QColor(theme.current().muted))
        painter.drawText(QRectF(left + 17, 0, WHOLE, HEIGHT), Qt.AlignmentFlag.AlignVCenter, label)
