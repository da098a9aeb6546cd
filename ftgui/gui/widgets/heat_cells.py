"""The cells of a heat map, painted as one picture a row: there may be thousands of them, ten times a second.

Imported when there is something to paint: numpy is not needed to open the window.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from ftgui.gui import theme
from ftgui.gui.widgets.amounts import Amounts
from ftgui.gui.widgets.heat_layout import Columns, HeatLayout, HeatRow
from ftgui.gui.widgets.heat_scale import heat_pixels

Pixels = npt.NDArray[np.uint32]
NOTHING = np.uint32(0)
"""See-through."""


def paint_cells(painter: QPainter, places: HeatLayout, rows: tuple[HeatRow, ...], width: int) -> None:
    """Paint what is known of all rows, and in grey the epochs that are still to come."""
    shown, columns = _columns_of_pixels(places, width)
    lines = np.zeros((len(rows), width), dtype=np.uint32)
    lines[:, shown] = cell_pixels([row.values for row in rows], places.columns)[:, columns]
    data = lines.tobytes()  # the image only looks at it
    image = QImage(data, width, len(rows), 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
    for number in range(len(rows)):
        cell = places.fill(number, 0)
        line = image.copy(0, number, width, 1)  # an SVG would take the whole image for a part of it
        painter.drawImage(QRectF(0, cell.top(), width, cell.height()), line)


def cell_pixels(rows: list[Amounts], columns: Columns) -> Pixels:
    """Return the colour of each cell, shape (len(rows), columns.count)."""
    most = np.array([column_amounts(amounts, columns) for amounts in rows])
    counts = np.array([[columns.epochs if row.is_blank else len(row)] for row in rows])
    is_to_come = np.arange(columns.count) * columns.group >= counts
    ground = np.where(is_to_come, np.uint32(QColor(theme.current().chip).rgba()), NOTHING)
    known = ~np.isnan(most)
    ground[known] = heat_pixels(most[known])
    return ground


def column_amounts(amounts: Amounts, columns: Columns) -> npt.NDArray[np.float64]:
    """Return what each column shows, nan for nothing, shape (columns.count,).

    Of several epochs it is the largest, so that 0 is said only of all of them.
    """
    numbers = amounts.numbers()[: columns.epochs]
    found = np.full(columns.count, np.nan)
    if len(numbers):
        starts = np.arange(0, len(numbers), columns.group)
        found[: len(starts)] = np.fmax.reduceat(numbers, starts)
    return found


def _columns_of_pixels(places: HeatLayout, width: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return which pixels from the left belong to a cell, and the column of each of these."""
    columns = np.arange(places.columns.count)
    left = places.names + columns * places.columns.width
    first = np.rint(left).astype(np.intp)
    last = np.rint(left + places.columns.width).astype(np.intp) - places.gap
    of_pixel = np.full(width, -1, dtype=np.intp)
    for column, start, end in zip(columns, first, last, strict=True):
        of_pixel[start:end] = column
    (shown,) = np.nonzero(of_pixel >= 0)
    return shown, of_pixel[shown]
