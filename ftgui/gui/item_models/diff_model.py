"""Two runs held against each other, for Qt's views: a table of lines, and a list of pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from ftgui.gui.item_models.columns import header_data
from ftgui.gui.widgets.text import tip
from ftgui.gui.words import percent_words

if TYPE_CHECKING:
    from ftgui.runs.diff_answers import Answer, Disagreement

Index = QModelIndex | QPersistentModelIndex
DISAGREEMENT_ROLE = int(Qt.ItemDataRole.UserRole) + 1
"""The ``Disagreement`` of a row."""
FILE_ROLE = DISAGREEMENT_ROLE + 1
"""Where its file is, as a string."""


@dataclass(frozen=True)
class Column:
    """What a column is called and what it shows of a line."""

    title: str
    text: Callable[[Any], str]
    help: str = ""
    is_number: bool = False


SETTING_COLUMNS = (
    Column("", lambda line: line.title),
    Column("A", lambda line: line.first),
    Column("B", lambda line: line.second),
)
FIGURE_COLUMNS = (
    Column("", lambda line: line.title),
    Column("A", lambda line: line.first, is_number=True),
    Column("B", lambda line: line.second, is_number=True),
    Column("From A to B", lambda line: line.difference, "How far B is from A", is_number=True),
)


class LinesModel(QAbstractTableModel):
    """Lines as they were given, each a row."""

    def __init__(self, columns: tuple[Column, ...], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = columns
        self._lines: tuple[Any, ...] = ()

    def set_lines(self, lines: Sequence[Any]) -> None:
        self.beginResetModel()
        self._lines = tuple(lines)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line, column = self._lines[index.row()], self._columns[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.text(line)
            case Qt.ItemDataRole.ToolTipRole:
                return tip((getattr(line, "help", "") if index.column() == 0 else "") or column.text(line))
            case Qt.ItemDataRole.TextAlignmentRole if column.is_number:
                return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        return header_data(self._columns, section, orientation, role)


class DisagreementsModel(QAbstractListModel):
    """Pictures to which two runs give different answers."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = Path()
        self.rows: tuple[Disagreement, ...] = ()

    def set_rows(self, root: Path, rows: Sequence[Disagreement]) -> None:
        """Show these and no others; they lie below ``root``."""
        self.beginResetModel()
        self._root, self.rows = root, tuple(rows)
        self.endResetModel()

    def file(self, row: int) -> Path:
        """Return where the file of a row is."""
        return self._root / self.rows[row].path

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.path
            case Qt.ItemDataRole.ToolTipRole:
                return tip("\n".join((row.path, *answer_lines(row))))
            case Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join((row.path.rpartition("/")[2], row.label, *answer_lines(row)))
        if role == DISAGREEMENT_ROLE:
            return row
        return str(self.file(index.row())) if role == FILE_ROLE else None


def answer_words(answer: Answer) -> str:
    """Return "cat 89 %"."""
    return f"{answer.predicted} {percent_words(answer.probability)}"


def answer_lines(row: Disagreement) -> tuple[str, str]:
    """Return what both runs say of a picture: "A says cat (89 %): right"."""
    first, second = (
        f"{name} says {answer.predicted} ({percent_words(answer.probability)}): "
        f"{'right' if answer.is_right else 'wrong'}"
        for name, answer in (("A", row.first), ("B", row.second))
    )
    return first, second
