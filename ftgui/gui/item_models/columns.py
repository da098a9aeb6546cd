"""What a table says at the head of a column, made from a table of columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from PySide6.QtCore import Qt


class Titled(Protocol):
    """A column, as far as its head is concerned."""

    @property
    def title(self) -> str: ...
    @property
    def help(self) -> str: ...
    @property
    def is_number(self) -> bool: ...


def header_data(columns: Sequence[Titled], section: int, orientation: Qt.Orientation, role: int) -> Any:
    """Return what ``headerData`` of a model of these columns does: numbers stand at the right."""
    if orientation != Qt.Orientation.Horizontal:
        return None
    column = columns[section]
    match role:
        case Qt.ItemDataRole.DisplayRole:
            return column.title
        case Qt.ItemDataRole.ToolTipRole:
            return column.help or None
        case Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
    return None
