"""The runs of this window as a table: a column is an entry in a table of columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from ftgui.evaluation.statistics import wilson_interval
from ftgui.gui.following import RunCurves
from ftgui.gui.item_models.columns import header_data
from ftgui.gui.theme import RunColour
from ftgui.gui.widgets.tables import COLOUR_ROLE
from ftgui.gui.words import count_words, duration_words, strategy_words
from ftgui.runs.history import RunHistory
from ftgui.training.events import Reason

Index = QModelIndex | QPersistentModelIndex
SORT_ROLE = int(Qt.ItemDataRole.UserRole) + 2


@dataclass
class RunRow:
    """A run as the window shows it."""

    history: RunHistory
    colour: RunColour
    number: int
    """No other run of this window has the same."""
    shown: bool = True
    curves: RunCurves = field(init=False, repr=False)
    said: list[tuple[str, Any]] = field(init=False, repr=False)
    """The text and the key of each column when it was last looked at: a painting asks for them many times."""

    def __post_init__(self) -> None:
        self.curves = RunCurves(self.history)
        self.said = self.look()

    def look(self) -> list[tuple[str, Any]]:
        """Return what there is to say now."""
        return [(column.text(self.history), column.key(self.history)) for column in COLUMNS]


@dataclass(frozen=True)
class Column:
    """What a column is called, what it shows and by what it sorts."""

    title: str
    text: Callable[[RunHistory], str]
    key: Callable[[RunHistory], Any]
    help: str = ""
    is_number: bool = False


def _nothing(_history: RunHistory) -> str:
    return ""


def _best(history: RunHistory) -> float | None:
    return history.best.val_accuracy if history.best else None


def _interval(history: RunHistory) -> str:
    best, started = history.best, history.started
    if best is None or started is None:
        return ""
    low, high = wilson_interval(best.val_accuracy, started.val_pictures)
    return f"{low:.2f} – {high:.2f}"


def _seconds(history: RunHistory) -> float | None:
    if history.ended is not None:
        return history.ended.seconds
    return history.epochs[-1].total_seconds if history.epochs else None


def _learning(history: RunHistory) -> int | None:
    return history.started.trainable_parameters if history.started else None


def _state(history: RunHistory) -> str:
    """Return where a run stands; a run that found nothing better any more is done before its last epoch."""
    early = history.ended is not None and history.ended.reason is Reason.EARLY_STOPPED
    return "done early" if early else history.state.value


def _changed(history: RunHistory) -> str:
    ended = history.ended
    if ended is None or ended.frozen_changed is None:
        return ""
    return f"{ended.frozen_changed:,} of {ended.frozen_tensors:,}" if ended.frozen_tensors else "–"


def _memory(history: RunHistory) -> float | None:
    return history.ended.peak_memory_mb if history.ended else None


def _strategy(history: RunHistory) -> str:
    return strategy_words(history.started.config) if history.started else ""


def _or_blank(words: Callable[[Any], str], value: Any) -> str:
    return "" if value is None else words(value)


COLUMNS: tuple[Column, ...] = (
    Column("", _nothing, _nothing, "Tick to show its curves"),
    Column("Name", lambda h: h.name, lambda h: h.name.lower()),
    Column("What may move", _strategy, _strategy),
    Column(
        "Best val acc",
        lambda h: _or_blank("{:.3f}".format, _best(h)),
        _best,
        "Of the best epoch, on the validation pictures. Chosen on the same pictures, so a little high",
        is_number=True,
    ),
    Column(
        "95 % interval",
        _interval,
        _best,
        "Where the true accuracy lies with 95 % confidence, given so many pictures (Wilson)",
        is_number=True,
    ),
    Column("Time", lambda h: _or_blank(duration_words, _seconds(h)), _seconds, is_number=True),
    Column(
        "Learning",
        lambda h: _or_blank(count_words, _learning(h)),
        _learning,
        "Parameters that may move",
        is_number=True,
    ),
    Column(
        "Frozen changed",
        _changed,
        lambda h: h.ended.frozen_changed if h.ended else None,
        "Frozen entries that differ, bit for bit, between the weights file and best.pth: 0 is the proof",
        is_number=True,
    ),
    Column(
        "Memory",
        lambda h: _or_blank(lambda mb: f"{mb / 1000:.1f} GB", _memory(h)),
        _memory,
        "The most memory that the program needed during the run (on Windows and macOS: up to its end)",
        is_number=True,
    ),
    Column("State", _state, _state),
)


def name_column() -> int:
    """Return the column of the runs' names, for lists that show nothing else."""
    return next(number for number, column in enumerate(COLUMNS) if column.title == "Name")


class RunsModel(QAbstractTableModel):
    """Rows of runs, in the order they were made. Ticks say which are drawn."""

    shown_changed = Signal(object)
    """The row whose tick changed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[RunRow] = []

    def add(self, history: RunHistory, colour: RunColour | None = None) -> RunRow:
        """Append a run; unless one is given, it gets the next colour."""
        row = RunRow(history, len(self.rows) if colour is None else colour, len(self.rows))
        self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows))
        self.rows.append(row)
        self.endInsertRows()
        return row

    def take(self, history: RunHistory, colour: RunColour) -> RunRow:
        """Return the row of a run: where its folder is in the table already, it is told anew there."""
        for number, row in enumerate(self.rows):
            if row.history.folder == history.folder:
                self.rows[number] = RunRow(history, row.colour, row.number, row.shown)
                self.dataChanged.emit(self.index(number, 0), self.index(number, len(COLUMNS) - 1))
                return self.rows[number]
        return self.add(history, colour)

    def refresh(self, history: RunHistory) -> None:
        """Show what changed in a run."""
        for number, row in enumerate(self.rows):
            if row.history is history:
                before, row.said = row.said, row.look()
                for column, (old, new) in enumerate(zip(before, row.said, strict=True)):
                    if old != new:
                        self.dataChanged.emit(self.index(number, column), self.index(number, column))

    def has_folder(self, folder: object) -> bool:
        return any(row.history.folder == folder for row in self.rows)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], COLUMNS[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.said[index.column()][0]
            case Qt.ItemDataRole.TextAlignmentRole if column.is_number:
                return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            case Qt.ItemDataRole.ToolTipRole:
                return _strategy(row.history) if column.text is _strategy else str(row.history.folder)
            case Qt.ItemDataRole.CheckStateRole if index.column() == 0:
                return Qt.CheckState.Checked if row.shown else Qt.CheckState.Unchecked
            case Qt.ItemDataRole.AccessibleTextRole if index.column() == 0:
                return "shown" if row.shown else "hidden"
        if role == COLOUR_ROLE and index.column() == 0:
            return row.colour
        if role == SORT_ROLE:
            key = row.said[index.column()][1]
            return -1 if key is None else key
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != 0:
            return False
        row = self.rows[index.row()]
        row.shown = Qt.CheckState(value) == Qt.CheckState.Checked
        self.dataChanged.emit(index, index)
        self.shown_changed.emit(row)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == 0 else flags

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        return header_data(COLUMNS, section, orientation, role)
