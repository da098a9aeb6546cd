"""Where the parts of a heat map stand: names, a column an epoch or several, words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QFontMetrics

from ftgui.gui.widgets.amounts import Amounts

NARROWEST, WIDEST = 4.0, 160.0
"""Pixels of a column: with less, epochs are put together; with more, a short run would be all slabs."""
LOWEST_ROW, ROW, HIGHEST_ROW = 16, 26, 30
HEAD, AXIS, NOTE = 20, 20, 16
LONGEST_NAME = 150
AIR = 14

Lines = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class HeatRow:
    """One stage."""

    name: str
    values: Amounts
    """An item an epoch, from the first on. None: there is nothing to tell."""
    words: tuple[str, ...] = ()
    """What stands to the right, a column each."""
    joins: int = 1
    """The first epoch in which it learns; above 1 a line is drawn before it."""


@dataclass(frozen=True)
class Columns:
    """How epochs are spread over the room there is."""

    epochs: int
    group: int
    """Epochs in a column: 1 as long as they fit."""
    width: float

    @property
    def count(self) -> int:
        return math.ceil(self.epochs / self.group)

    def of(self, epoch: int) -> int:
        """Return the column of an epoch."""
        return (epoch - 1) // self.group

    def span(self, column: int) -> tuple[int, int]:
        """Return the first and the last epoch of a column."""
        return column * self.group + 1, min((column + 1) * self.group, self.epochs)


def spread(epochs: int, room: float) -> Columns:
    """Return columns for so many epochs that fit into ``room`` pixels."""
    epochs, room = max(epochs, 1), max(room, NARROWEST)
    group = max(1, math.ceil(epochs * NARROWEST / room))
    return Columns(epochs, group, min(WIDEST, room / math.ceil(epochs / group)))


@dataclass(frozen=True)
class HeatLayout:
    """The places for one size of the widget."""

    names: float
    """Width of the names, the air after them included."""
    words: tuple[float, ...]
    columns: Columns
    row_height: float

    @property
    def words_left(self) -> float:
        return self.names + self.columns.count * self.columns.width

    def cell(self, row: int, column: int) -> QRectF:
        """Return a cell's place, the gap between cells included."""
        width, height = self.columns.width, self.row_height
        return QRectF(self.names + column * width, HEAD + row * height, width, height)

    def fill(self, row: int, column: int) -> QRectF:
        """Return what is painted of a cell, on whole pixels so that no edge is blurred."""
        rect = self.cell(row, column)
        left, right = round(rect.left()), round(rect.right())
        top, bottom = round(rect.top()), round(rect.bottom())
        return QRectF(left, top + 1, right - left - self.gap, bottom - top - 2)

    @property
    def gap(self) -> int:
        """Pixels between two cells of a row."""
        return 1 if self.columns.width >= 8 else 0

    def hit(self, position: QPointF, rows: int) -> tuple[int, int] | None:
        """Return the row and the column at a place of the widget."""
        row = math.floor((position.y() - HEAD) / self.row_height)
        column = math.floor((position.x() - self.names) / self.columns.width)
        return (row, column) if 0 <= row < rows and 0 <= column < self.columns.count else None


def lay_out(
    metrics: QFontMetrics, rows: tuple[HeatRow, ...], lines: Lines, epochs: int, size: QSize
) -> HeatLayout:
    """Return the places for ``size``: names and words (``lines``) take what they need, epochs the rest."""
    longest = max((metrics.horizontalAdvance(row.name) for row in rows), default=0)
    names = float(min(longest, LONGEST_NAME) + AIR)
    words = _word_widths(metrics, lines)
    columns = _columns(rows, epochs, size.width() - names - sum(words) - 1)
    room = size.height() - HEAD - AXIS - note_height(columns)
    height = min(max(room / max(len(rows), 1), LOWEST_ROW), HIGHEST_ROW)
    return HeatLayout(names, words, columns, height)


def _columns(rows: tuple[HeatRow, ...], epochs: int, room: float) -> Columns:
    """Keep room for the epochs to come, unless so many of them would squeeze those that there are."""
    columns = spread(epochs, room)
    return columns if columns.group == 1 else spread(max((len(row.values) for row in rows), default=1), room)


def _word_widths(metrics: QFontMetrics, lines: Lines) -> tuple[float, ...]:
    count = max((len(line) for line in lines), default=0)
    return tuple(
        float(AIR + max(metrics.horizontalAdvance(line[i]) for line in lines if i < len(line)))
        for i in range(count)
    )


def note_height(columns: Columns) -> int:
    """Return the room for the line that says that a column stands for several epochs."""
    return NOTE if columns.group > 1 else 0
