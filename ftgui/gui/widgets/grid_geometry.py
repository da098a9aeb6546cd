"""Where the cells of a grid are, by arithmetic alone: a hundred thousand of them take no longer than ten."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize

EDGE = 96
"""Of a thumbnail."""
INSET = 4
"""Of a thumbnail in its cell: room for the ring around it."""
NAME_HEIGHT = 18
"""Of the line below it."""
CELL = QSize(EDGE + 2 * INSET, EDGE + 2 * INSET + NAME_HEIGHT)
GAP, MOST_GAP = 4, 20
"""Between cells, least and most: what a row has left over is shared out so far."""
ROW_GAP = 6


def thumbnail_rect(cell: QRect) -> QRect:
    """Return where in a cell its picture is."""
    return QRect(cell.x() + INSET, cell.y() + INSET, EDGE, EDGE)


def name_rect(cell: QRect) -> QRect:
    """Return where in a cell its name is."""
    return QRect(cell.x(), cell.bottom() - NAME_HEIGHT + 1, cell.width(), NAME_HEIGHT)


@dataclass(frozen=True)
class GridGeometry:
    """``count`` cells, row after row from the top left, in columns that fit a width."""

    count: int
    columns: int
    across: int
    """From one column to the next, in pixels."""

    @classmethod
    def fit(cls, count: int, width: int) -> GridGeometry:
        """Return as many columns as ``width`` has room for, at least one."""
        columns = max(1, (width + GAP) // (CELL.width() + GAP))
        spare = (width - columns * CELL.width()) // (columns - 1) if columns > 1 else GAP
        return cls(count, columns, CELL.width() + min(MOST_GAP, spare))

    @property
    def down(self) -> int:
        """From one line of cells to the next, in pixels."""
        return CELL.height() + ROW_GAP

    @property
    def height(self) -> int:
        """Of the whole grid."""
        lines = -(-self.count // self.columns)
        return max(0, lines * self.down - ROW_GAP)

    def cell(self, number: int) -> QRect:
        line, column = divmod(number, self.columns)
        return QRect(QPoint(column * self.across, line * self.down), CELL)

    def at(self, point: QPoint) -> int | None:
        """Return the cell at a point, None between them and beyond."""
        number = self.nearest(point)
        return number if number is not None and self.cell(number).contains(point) else None

    def nearest(self, point: QPoint) -> int | None:
        """Return the cell at or near a point, None where there are no cells."""
        if not self.count:
            return None
        line, column = max(0, point.y()) // self.down, max(0, point.x()) // self.across
        return min(line * self.columns + min(column, self.columns - 1), self.count - 1)

    def between(self, top: int, bottom: int) -> range:
        """Return the cells of the lines from ``top`` down to ``bottom``, a part of them being enough."""
        first, last = max(0, top) // self.down, max(-1, bottom) // self.down
        return range(min(first * self.columns, self.count), min((last + 1) * self.columns, self.count))

    def lines_in(self, height: int) -> int:
        """Return how many whole lines a height shows, at least one."""
        return max(1, (height + ROW_GAP) // self.down)

    def above(self, number: int, lines: int = 1) -> int:
        """Return the cell so many lines up, in the first line at most."""
        return number - min(lines, number // self.columns) * self.columns

    def below(self, number: int, lines: int = 1) -> int:
        """Return the cell so many lines down; the last one where the last line is too short for it."""
        last_line = (self.count - 1) // self.columns
        steps = min(lines, last_line - number // self.columns)
        return min(number + steps * self.columns, self.count - 1)
