"""How far each stage had moved by the end of each epoch: a row a stage, a column an epoch."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ftgui.core.round_steps import round_step
from ftgui.gui import theme
from ftgui.gui.widgets.heat_layout import (
    AIR,
    AXIS,
    HEAD,
    LOWEST_ROW,
    NOTE,
    ROW,
    HeatLayout,
    HeatRow,
    Lines,
    lay_out,
    note_height,
)
from ftgui.gui.widgets.heat_scale import join_pen
from ftgui.gui.widgets.naming import name_widget

LABEL_ROOM = 38.0
MIDDLE = Qt.AlignmentFlag.AlignVCenter
KEYS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


@dataclass(frozen=True)
class Place:
    """What the pointer or the keyboard points at: a row, and the epochs from ``first`` to ``last``."""

    row: int
    first: int
    last: int


class HeatMap(QWidget):
    """Painted by hand. Arrow keys go from cell to cell, as the pointer does; ``pointed`` says where."""

    pointed = Signal(object)
    """A ``Place``, or None."""

    def __init__(
        self, *, object_name: str = "", accessible_name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        name_widget(self, object_name=object_name, accessible_name=accessible_name)
        self._rows: tuple[HeatRow, ...] = ()
        self._headings: tuple[str, ...] = ()
        self._lines: Lines = ()
        self._epochs = 1
        self._shown: tuple[object, ...] = ()
        """What tells whether there is something new to show: rows grow where they are."""
        self._cursor: tuple[int, int] | None = None
        """The row and the epoch pointed at."""
        self._layout: HeatLayout | None = None
        font = self.font()
        font.setPixelSize(12)
        self.setFont(font)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        theme.signals.changed.connect(self.update)

    # What is shown ----------------------------------------------------------------------------------------

    def set_rows(
        self,
        rows: tuple[HeatRow, ...],
        epochs: int,
        headings: tuple[str, ...] = (),
        beside: Lines = (),
    ) -> None:
        """Show ``rows``, from the input on, with room for ``epochs``; ``headings`` stand over the words.

        ``beside`` are the words of another map: room is left for them too, so that both line up.
        """
        lines = (headings, *(row.words for row in rows), *beside)
        counts = tuple(len(row.values) for row in rows)
        shown = rows, counts, epochs, headings, lines
        if shown == self._shown:
            return
        height = self._height_for(ROW)
        self._rows, self._epochs, self._headings, self._lines = rows, epochs, headings, lines
        self._shown, self._layout = shown, None
        if self._cursor is not None and not self._has(*self._cursor):
            self._cursor = None
        self.setAccessibleDescription("; ".join(f"{row.name}: {', '.join(row.words)}" for row in rows))
        if height != self._height_for(ROW):
            self.updateGeometry()
        self._point(self._cursor)

    def rows(self) -> tuple[HeatRow, ...]:
        return self._rows

    def places(self) -> HeatLayout:
        """Return where everything stands at the present size."""
        if self._layout is None:
            self._layout = lay_out(self.fontMetrics(), self._rows, self._lines, self._epochs, self.size())
        return self._layout

    def pointed_at(self) -> Place | None:
        """Return what the pointer or the keyboard points at."""
        if self._cursor is None:
            return None
        columns = self.places().columns
        return Place(self._cursor[0], *columns.span(columns.of(self._cursor[1])))

    def sizeHint(self) -> QSize:
        return QSize(480, self._height_for(ROW))

    def minimumSizeHint(self) -> QSize:
        return QSize(280, self._height_for(LOWEST_ROW))

    def _height_for(self, row: int) -> int:
        return HEAD + len(self._rows) * row + AXIS + note_height(self.places().columns)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size() != event.oldSize():
            self._layout = None
            self.updateGeometry()

    # Pointing ---------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hit = self.places().hit(event.position(), len(self._rows))
        self._point(None if hit is None else (hit[0], self.places().columns.span(hit[1])[0]))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._point(None)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() is not Qt.FocusReason.MouseFocusReason:
            self._point(self._cursor or self._newest())

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._point(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to the next cell, with Home and End to the first and the last epoch."""
        cursor, key = self._cursor or self._newest(), Qt.Key(event.key())
        if cursor is None:
            super().keyPressEvent(event)
        elif key in KEYS:
            down, right = KEYS[key]
            self._go(cursor[0] + down, cursor[1] + right * self.places().columns.group)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._go(cursor[0], 1 if key is Qt.Key.Key_Home else self.places().columns.epochs)
        else:
            super().keyPressEvent(event)

    def _has(self, row: int, epoch: int) -> bool:
        return row < len(self._rows) and epoch <= self.places().columns.epochs

    def _go(self, row: int, epoch: int) -> None:
        last = self.places().columns.epochs
        self._point((min(max(row, 0), len(self._rows) - 1), min(max(epoch, 1), last)))

    def _newest(self) -> tuple[int, int] | None:
        """Return the newest cell of the first row."""
        return (0, max(1, *(len(row.values) for row in self._rows))) if self._rows else None

    def _point(self, cell: tuple[int, int] | None) -> None:
        self._cursor = cell
        self.update()
        self.pointed.emit(self.pointed_at())

    # Painting ---------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        if not self._rows:
            return
        from ftgui.gui.widgets.heat_cells import paint_cells

        painter, places = QPainter(self), self.places()
        paint_cells(painter, places, self._rows, self.width())
        for number, row in enumerate(self._rows):
            _paint_join(painter, places, number, row)
            self._paint_name_and_words(painter, places, number, row)
        painter.setPen(QColor(theme.current().muted))
        _paint_words(painter, places, self._headings, QRectF(0, 0, 0, HEAD - 2))
        self._paint_axis(painter, places)
        self._paint_cursor(painter, places)

    def _paint_name_and_words(self, painter: QPainter, places: HeatLayout, number: int, row: HeatRow) -> None:
        rect, width = places.cell(number, 0), places.names - AIR
        name = self.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideMiddle, int(width) + 1)
        painter.setPen(QColor(theme.current().text))
        painter.drawText(QRectF(0, rect.top(), width + 2, rect.height()), MIDDLE, name)
        painter.setPen(QColor(theme.current().muted if row.values.is_blank else theme.current().text))
        _paint_words(painter, places, row.words, rect)

    def _paint_axis(self, painter: QPainter, places: HeatLayout) -> None:
        """Number the epochs, and say so where a column stands for several."""
        top, columns = places.cell(len(self._rows), 0).top(), places.columns
        painter.drawText(QRectF(0, top, places.names, AXIS), MIDDLE, self.tr("epoch"))
        for epoch in epoch_labels(columns.epochs, columns.width / columns.group):
            x = places.cell(0, columns.of(epoch)).center().x()
            label = QRectF(x - 30, top, 60, AXIS)
            painter.drawText(label, Qt.AlignmentFlag.AlignCenter, f"{epoch:,}")
        if columns.group > 1:
            note = self.tr("A column is {count} epochs and shows the largest movement of them.")
            area = QRectF(places.names, top + AXIS - 2, self.width(), NOTE)
            painter.drawText(area, MIDDLE, note.format(count=columns.group))

    def _paint_cursor(self, painter: QPainter, places: HeatLayout) -> None:
        if self._cursor is None:
            return
        rect = places.fill(self._cursor[0], places.columns.of(self._cursor[1]))
        tokens = theme.current()
        painter.setPen(QPen(QColor(tokens.accent if self.hasFocus() else tokens.text), 2))
        painter.drawRect(rect.adjusted(-1, -1, 1, 1))


def epoch_labels(epochs: int, pixels: float) -> list[int]:
    """Return the epochs to number where each has so many pixels: the first, and round ones with room."""
    step = int(max(1.0, round_step(LABEL_ROOM / pixels)))
    return [
        1,
        *(epoch for epoch in range(step, epochs + 1, step) if (epoch - 1) * pixels >= LABEL_ROOM * 0.9),
    ]


def _paint_join(painter: QPainter, places: HeatLayout, number: int, row: HeatRow) -> None:
    if 1 < row.joins <= places.columns.epochs:
        rect = places.cell(number, places.columns.of(row.joins))
        painter.setPen(join_pen())
        painter.drawLine(QPointF(round(rect.left()), rect.top()), QPointF(round(rect.left()), rect.bottom()))


def _paint_words(painter: QPainter, places: HeatLayout, words: tuple[str, ...], line: QRectF) -> None:
    """Paint words right-aligned in their columns, figures under figures; those after the first are muted."""
    left = places.words_left
    side = Qt.AlignmentFlag.AlignRight | MIDDLE
    for width, text in zip(places.words, words, strict=False):
        painter.drawText(QRectF(left, line.top(), width, line.height()), int(side), text)
        painter.setPen(QColor(theme.current().muted))
        left += width
