"""The catalogue of official weights as a table, and the search through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)

from ftgui.gui.catalog_words import SearchText, find_words
from ftgui.gui.item_models.columns import header_data
from ftgui.gui.widgets.icons import icon
from ftgui.gui.words import count_words, natural
from ftgui.models import catalog
from ftgui.models.catalog import CatalogRow, Kept

Index = QModelIndex | QPersistentModelIndex
SORT_ROLE = int(Qt.ItemDataRole.UserRole) + 1
ROW_ROLE = SORT_ROLE + 1
"""The ``CatalogRow`` of a cell."""

IS_HERE, IS_RECOMMENDED = "on disk", "recommended"


@dataclass(frozen=True)
class Column:
    """What a column is called, what it shows and by what it sorts."""

    title: str
    text: Callable[[CatalogRow, Kept], str]
    key: Callable[[CatalogRow, Kept], Any]
    help: str = ""
    is_number: bool = False


def _weights(row: CatalogRow, _kept: Kept) -> str:
    is_best = row.weights.is_default and row.has_choice
    return f"{row.weights.name} · {IS_RECOMMENDED}" if is_best else row.weights.name


def _accuracy(row: CatalogRow, _kept: Kept) -> str:
    return "–" if row.weights.accuracy is None else f"{row.weights.accuracy:.1f}"


def _here(row: CatalogRow, kept: Kept) -> str:
    if kept.has(row):
        return IS_HERE
    share = kept.share(row)
    return f"{share * 100:.0f} % arrived" if share else ""


COLUMNS: tuple[Column, ...] = (
    Column(
        "Network", lambda row, _: row.title, lambda row, _: (natural(row.title), not row.weights.is_default)
    ),
    Column(
        "Weights",
        _weights,
        lambda row, _: row.weights.name,
        "Torchvision's name of the file. Where there are several for a network, it recommends one",
    ),
    Column(
        "Accuracy %",
        _accuracy,
        lambda row, _: row.weights.accuracy or 0.0,
        "How many of ImageNet's validation pictures are named rightly at the first guess (top-1)",
        is_number=True,
    ),
    Column(
        "Size MB",
        lambda row, _: f"{row.weights.file_mb:,.1f}",
        lambda row, _: row.weights.file_mb,
        "Of the file to download",
        is_number=True,
    ),
    Column(
        "Parameters",
        lambda row, _: count_words(row.weights.parameters),
        lambda row, _: row.weights.parameters,
        "The numbers that a network is made of",
        is_number=True,
    ),
    Column(
        "GFLOPs",
        lambda row, _: (
            f"{row.weights.gflops:,.2f}" if row.weights.gflops < 10 else f"{row.weights.gflops:,.1f}"
        ),
        lambda row, _: row.weights.gflops,
        "What one picture costs, in thousand million multiplications and additions: time goes with it",
        is_number=True,
    ),
    Column(
        "On disk",
        _here,
        lambda row, kept: 2.0 if kept.has(row) else kept.share(row),
        "Whether the file is on this computer, where torch.hub keeps its downloads",
    ),
)
HERE = next(number for number, column in enumerate(COLUMNS) if column.title == "On disk")


class CatalogModel(QAbstractTableModel):
    """All official weights, in the catalogue's order."""

    def __init__(self, kept: Kept, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows = catalog.rows()
        self.kept = kept

    def set_kept(self, kept: Kept) -> None:
        """Show what is on this computer now."""
        self.kept = kept
        self.dataChanged.emit(self.index(0, HERE), self.index(len(self.rows) - 1, HERE))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], COLUMNS[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.text(row, self.kept)
            case Qt.ItemDataRole.TextAlignmentRole if column.is_number:
                return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            case Qt.ItemDataRole.DecorationRole if index.column() == HERE and self.kept.has(row):
                return icon("check", "ok")
            case Qt.ItemDataRole.ToolTipRole:
                return str(self.kept.path(row)) if self.kept.has(row) else row.weights.file
        if role == SORT_ROLE:
            return column.key(row, self.kept)
        return row if role == ROW_ROLE else None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        return header_data(COLUMNS, section, orientation, role)


class CatalogSearch(QSortFilterProxyModel):
    """The rows that a search finds, sorted by what they are rather than by how it is written."""

    def __init__(self, model: CatalogModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._texts = [SearchText(row) for row in model.rows]
        self._words: tuple[str, ...] = ()
        self._only_here = False
        self.setSourceModel(model)

    def set_words(self, text: str) -> None:
        """Show the rows that have all the words of ``text``."""
        self._words = find_words(text)
        self.invalidate()

    def set_only_here(self, only_here: bool) -> None:
        """Show the rows whose file is on this computer alone."""
        self._only_here = only_here
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:  # noqa: ARG002
        if self._only_here and not self._model.kept.has(self._model.rows[source_row]):
            return False
        return self._texts[source_row].has(self._words)

    def lessThan(self, left: Index, right: Index) -> bool:
        """Python's own comparison: keys are tuples and numbers alike."""
        return bool(left.data(SORT_ROLE) < right.data(SORT_ROLE))
