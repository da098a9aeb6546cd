"""What a comparison says of each strategy, as a table: a column is an entry in a table of columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ftgui.gui.item_models.columns import header_data
from ftgui.gui.time_words import brief_words
from ftgui.gui.widgets.tables import COLOUR_ROLE
from ftgui.gui.words import count_words, duration_words
from ftgui.runs.results import ComparisonResult, StrategyResult
from ftgui.training.config import plain

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column:
    """What a column is called and what it shows."""

    title: str
    text: Callable[[StrategyResult], str]
    help: str = ""
    is_number: bool = True


def _spread(each: StrategyResult) -> str:
    return f"{each.lowest:.3f} – {each.highest:.3f}" if len(each.runs) > 1 else ""


def _later(each: StrategyResult) -> str:
    return "" if each.later_seconds is None else duration_words(each.later_seconds)


def _rate(each: StrategyResult) -> str:
    return plain(each.lr) + (f" of {each.tries}" if each.tries > 1 else "")


def _or_blank(words: Callable[[Any], str], value: Any) -> str:
    return "" if value is None else words(value)


COLUMNS: tuple[Column, ...] = (
    Column("", lambda _: "", is_number=False),
    Column("Strategy", lambda e: e.title, is_number=False),
    Column("Accuracy", lambda e: f"{e.accuracy:.3f}", "Mean over the seeds"),
    Column(
        "95 % interval",
        lambda e: f"{e.low:.2f} – {e.high:.2f}",
        "Where the true accuracy lies with 95 % confidence, given so many pictures (Wilson)",
    ),
    Column("Seeds", _spread, "Lowest and highest over the seeds"),
    Column(
        "Time",
        lambda e: e.bound + duration_words(e.seconds),
        "Of a run that finds nothing kept, the median over the seeds, without decoding where all pictures "
        "had been decoded before; ≥ where nobody knows what its frozen stages took, kept from before",
    ),
    Column(
        "Again",
        _later,
        "Of the runs after the first, on average, as they were: what is frozen may have been kept",
    ),
    Column(
        "An epoch",
        lambda e: _or_blank(brief_words, e.seconds_per_epoch),
        "Learning and judging, the median epoch",
    ),
    Column("Rate", _rate, "The learning rate of the output layer, and of how many tried it was the best"),
    Column("Learning", lambda e: _or_blank(count_words, e.trainable_parameters), "Parameters that may move"),
    Column("Moved", lambda e: _or_blank("{:,}".format, e.moved_tensors), "Parameters and buffers that did"),
    Column(
        "Memory",
        lambda e: _or_blank(lambda mb: f"{mb / 1000:.1f} GB", e.peak_memory_mb),
        "The most that the program needed during a run of it, the median over the seeds",
    ),
)


class StrategiesModel(QAbstractTableModel):
    """A row a strategy, in the order of the plan, which is that of their colours."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[StrategyResult, ...] = ()
        self._colours: dict[str, int] = {}

    def set_result(self, result: ComparisonResult, colours: dict[str, int]) -> None:
        """Show what a comparison says of its strategies."""
        self.beginResetModel()
        self._rows, self._colours = result.strategies, colours
        self.endResetModel()

    def blank_columns(self) -> tuple[int, ...]:
        """Return the columns that say nothing of any strategy, as those about seeds where there is one."""
        return tuple(
            number
            for number, column in enumerate(COLUMNS)
            if column.title and not any(column.text(row) for row in self._rows)
        )

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self._rows[index.row()], COLUMNS[index.column()]
        if role == COLOUR_ROLE:
            return self._colours.get(row.strategy) if index.column() == 0 else None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.text(row)
            case Qt.ItemDataRole.TextAlignmentRole if column.is_number:
                return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            case Qt.ItemDataRole.CheckStateRole if index.column() == 0:
                return Qt.CheckState.Checked
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) & ~Qt.ItemFlag.ItemIsUserCheckable

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        return header_data(COLUMNS, section, orientation, role)
