"""What the curves of a plot say under the pointer, written beside it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ftgui.gui import theme
from ftgui.gui.theme import RunColour

LINE, ACROSS, DOWN = 17, 9, 6
"""Pixels of a line, and of air at the sides and at the top and the bottom."""
MARK, COLUMN_GAP = 16, 14
"""Pixels of a run's colour with what is to its right, and between columns."""
LONGEST, SHORTEST = 170, 76
"""Pixels of a name; it is cut in its middle, as names of one strategy differ at their ends."""
AWAY = 16
"""Pixels from the pointer."""
MIDDLE = Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class ReadLine:
    """A run: what it is called, and a figure for each column, "" where there is none."""

    name: str
    colour: RunColour
    figures: tuple[str, ...]


@dataclass(frozen=True)
class Read:
    """All that is to be written: where, over which columns, and a line a run."""

    title: str = ""
    heads: tuple[str, ...] = ()
    lines: tuple[ReadLine, ...] = ()

    def without_blanks(self) -> Read:
        """Return it without the columns in which no run has a figure."""
        kept = [n for n in range(len(self.heads)) if any(line.figures[n] for line in self.lines)]
        lines = (
            ReadLine(each.name, each.colour, tuple(each.figures[n] for n in kept)) for each in self.lines
        )
        return Read(self.title, tuple(self.heads[n] for n in kept), tuple(lines))

    def words(self) -> str:
        """Return it as a sentence."""
        return f"{self.title}: {'; '.join(map(self._line_words, self.lines))}" if self.lines else ""

    def _line_words(self, line: ReadLine) -> str:
        pairs = zip(self.heads, line.figures, strict=True)
        return f"{line.name} {', '.join(f'{head} {figure}' for head, figure in pairs if figure)}"


class ReadOut(QWidget):
    """Lies upon a plot and is painted by hand, as it follows the pointer. What has no room is counted."""

    def __init__(self, plot: QWidget) -> None:
        super().__init__(plot)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        font = self.font()
        font.setPixelSize(12)
        self.setFont(font)
        self._bold = QFont(font)
        self._bold.setWeight(QFont.Weight.DemiBold)
        self._read = Read()
        self._columns: tuple[int, ...] = ()
        self._shown = 0
        """Lines that there is room for."""
        self.hide()
        theme.signals.changed.connect(self.update)

    @property
    def read(self) -> Read:
        """What it says, nothing while it is hidden."""
        return Read() if self.isHidden() else self._read

    @property
    def lines(self) -> tuple[ReadLine, ...]:
        """Those that can be seen."""
        return self.read.lines[: self._shown]

    def show_read(self, read: Read, pointer: QPoint, line: int, room: QRect) -> None:
        """Write it within ``room``, beside ``pointer`` and the ``line`` at the x that is read.

        Nothing where no run says anything.
        """
        self.setVisible(bool(read.lines))
        if not read.lines:
            return
        self._read = read.without_blanks()
        self._columns = self._column_widths()
        first, last = min(pointer.x(), line) - AWAY, max(pointer.x(), line) + AWAY
        left, right = first - room.left(), room.right() - last
        shortest, longest = self._name_widths()
        fits_beside = self._width(shortest) <= max(left, right)
        width = min(self._width(longest), max(left, right) if fits_beside else room.width())
        above, below = pointer.y() - room.top() - AWAY, room.bottom() - pointer.y() - AWAY
        height = self._height(room.height() if fits_beside else max(above, below))
        if fits_beside:
            x = last if width <= right else first - width
            y = pointer.y() - height // 2
        else:
            x = pointer.x() - width // 2
            y = pointer.y() + AWAY if below >= above else pointer.y() - AWAY - height
        self.setGeometry(
            _within(x, room.left(), room.right() - width),
            _within(y, room.top(), room.bottom() - height),
            width,
            height,
        )
        self.update()

    def _column_widths(self) -> tuple[int, ...]:
        figures = zip(*(line.figures for line in self._read.lines), strict=True)
        pairs = zip(self._read.heads, figures, strict=True)
        return tuple(_widest(self.fontMetrics(), (head, *column)) for head, column in pairs)

    def _name_widths(self) -> tuple[int, int]:
        """Return the least room for names and the title over them, and the room that suits them.

        It suits all runs, seen or not, so that it does not change with their order.
        """
        names = _widest(self.fontMetrics(), tuple(line.name for line in self._read.lines))
        title = QFontMetrics(self._bold).horizontalAdvance(self._read.title) - MARK
        return max(title, min(names + 1, SHORTEST)), max(title, min(names + 1, LONGEST))

    def _width(self, name: int) -> int:
        return 2 * ACROSS + MARK + name + sum(COLUMN_GAP + column for column in self._columns)

    def _height(self, most: int) -> int:
        """Settle how many lines are shown in ``most`` pixels, and return how many it takes."""
        count, room = len(self._read.lines), max(1, (most - 2 * DOWN) // LINE - 1)
        self._shown = count if count <= room else max(1, room - 1)
        return 2 * DOWN + LINE * (1 + min(count, room))

    # Painting ---------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        tokens, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.line_strong), 1.0))
        painter.setBrush(QColor(tokens.card))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setPen(QColor(tokens.muted))
        self._paint_figures(painter, DOWN, self._read.heads)
        painter.setPen(QColor(tokens.text))
        for number, line in enumerate(self.lines, start=1):
            self._paint_line(painter, DOWN + number * LINE, line)
        if self._shown < len(self._read.lines):
            self._paint_rest(painter)
        painter.setPen(QColor(tokens.text))
        painter.setFont(self._bold)
        painter.drawText(QRectF(ACROSS, DOWN, self.width(), LINE), MIDDLE, self._read.title)

    def _paint_line(self, painter: QPainter, top: int, line: ReadLine) -> None:
        pen, room = painter.pen(), self.width() - self._width(0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.run_colour(line.colour))
        painter.drawEllipse(QPointF(ACROSS + 5, top + LINE / 2), 4.5, 4.5)
        painter.setPen(pen)
        name = self.fontMetrics().elidedText(line.name, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(QRectF(ACROSS + MARK, top, room + 2, LINE), MIDDLE, name)
        self._paint_figures(painter, top, line.figures)

    def _paint_figures(self, painter: QPainter, top: int, figures: tuple[str, ...]) -> None:
        """Paint a figure a column, each at its column's right end."""
        right = self.width() - ACROSS
        for figure, width in zip(reversed(figures), reversed(self._columns), strict=True):
            area = QRectF(right - width - COLUMN_GAP, top, width + COLUMN_GAP, LINE)
            painter.drawText(area, MIDDLE | Qt.AlignmentFlag.AlignRight, figure)
            right -= width + COLUMN_GAP

    def _paint_rest(self, painter: QPainter) -> None:
        top = DOWN + (self._shown + 1) * LINE
        if top + LINE <= self.height():
            words = self.tr("and {count} more").format(count=f"{len(self._read.lines) - self._shown:,}")
            painter.setPen(QColor(theme.current().muted))
            painter.drawText(QRectF(ACROSS + MARK, top, self.width(), LINE), MIDDLE, words)


def _widest(metrics: QFontMetrics, texts: tuple[str, ...]) -> int:
    return max(map(metrics.horizontalAdvance, texts))


def _within(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))
