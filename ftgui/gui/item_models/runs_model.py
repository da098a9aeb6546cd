"""The runs of this window as a table."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
    Slot,
)

from ftgui.gui.following import RunCurves
from ftgui.gui.item_models.columns import header_data
from ftgui.gui.item_models.run_columns import COLUMNS, column_of
from ftgui.gui.theme import RunColour
from ftgui.gui.widgets.tables import COLOUR_ROLE
from ftgui.gui.words import is_over, strategy_words
from ftgui.runs.history import RunHistory
from ftgui.runs.library import is_there

Index = QModelIndex | QPersistentModelIndex
NAME, MAY_MOVE = column_of("Name"), column_of("What may move")
DRAWN_AT_ONCE = 6
"""Of rows that are ticked together; the others follow, some at each turn of the event loop."""
TURN_SECONDS = 0.05


@dataclass
class RunRow:
    """A run as the window shows it."""

    history: RunHistory
    colour: RunColour
    number: int
    """No other run of this window has the same."""
    shown: bool = True
    unreadable: bool = False
    """Whether the rest of it could not be read when somebody looked at it."""
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
class ReadRun:
    """A run that was read from the disk, and how a project says it is shown. None: as the next one."""

    history: RunHistory
    colour: RunColour | None = None
    shown: bool = True


def name_column() -> int:
    """Return the column of the runs' names, for lists that show nothing else."""
    return NAME


class RunsModel(QAbstractTableModel):
    """Rows of runs, in the order they were made. Ticks say which are drawn."""

    shown_changed = Signal(object)
    """The row whose tick changed, that left the table, or whose curves are known only now."""
    kept_changed = Signal()
    """Something that a project keeps is another: which runs there are, a name, a tick."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[RunRow] = []
        self.home: Path | None = None
        """The folder of the project's own runs. Those may go to the bin; others are not the project's."""
        self.finds_again = False
        """Whether runs in ``home`` are found whenever the project is opened: then they cannot just leave."""
        self._numbers = itertools.count()
        self._later: deque[RunRow] = deque()
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._tell_next)

    # Rows -------------------------------------------------------------------------------------------------

    def add(self, history: RunHistory, colour: RunColour | None = None) -> RunRow:
        """Append a run; unless one is given, it gets the next colour."""
        return self.add_all((ReadRun(history, colour),))[0]

    def add_all(self, runs: Sequence[ReadRun]) -> list[RunRow]:
        """Append runs."""
        first = len(self.rows)
        new = [self._row(run) for run in runs]
        if new:
            self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
            self.rows += new
            self.endInsertRows()
            self.kept_changed.emit()
        return new

    def _row(self, run: ReadRun) -> RunRow:
        number = next(self._numbers)
        return RunRow(run.history, number if run.colour is None else run.colour, number, run.shown)

    def take(self, history: RunHistory, colour: RunColour) -> RunRow:
        """Return the row of a run: where its folder is in the table already, it is told anew there."""
        for number, row in enumerate(self.rows):
            if row.history.folder == history.folder:
                history.name = row.history.name
                self.rows[number] = RunRow(history, row.colour, row.number, row.shown)
                self._tell_row(number)
                return self.rows[number]
        return self.add(history, colour)

    def remove(self, histories: Collection[RunHistory]) -> None:
        """Take runs out of the table; nothing on the disk is touched."""
        gone = {id(history) for history in histories}
        left = [row for row in self.rows if id(row.history) in gone]
        for number in reversed(range(len(self.rows))):
            if id(self.rows[number].history) in gone:
                self.beginRemoveRows(QModelIndex(), number, number)
                del self.rows[number]
                self.endRemoveRows()
        self._tell_left(left)

    def clear(self) -> None:
        """Begin anew, with the first colour."""
        self._later.clear()
        self.beginResetModel()
        left, self.rows = self.rows, []
        self.endResetModel()
        self._tell_left(left)
        self._numbers = itertools.count()

    def _tell_left(self, rows: list[RunRow]) -> None:
        for row in rows:
            if row.shown:
                row.shown = False
                self.shown_changed.emit(row)
        if rows:
            self.kept_changed.emit()

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

    def is_unreadable(self, history: RunHistory) -> bool:
        row = self.row_of(history)
        return row is not None and row.unreadable

    def row_of(self, history: RunHistory) -> RunRow | None:
        """Return the row of a run; None where it is not in the table."""
        return next((row for row in self.rows if row.history is history), None)

    # What may be done -------------------------------------------------------------------------------------

    def is_own(self, history: RunHistory) -> bool:
        """Whether a run lies in the project's own folder."""
        return self.home is not None and history.folder.is_relative_to(self.home)

    def can_go_to_bin(self, history: RunHistory) -> bool:
        return is_over(history) and self.is_own(history) and is_there(history.folder)

    def can_leave(self, history: RunHistory) -> bool:
        """Whether a run may be taken out of the table and stay where it is, if it is anywhere."""
        is_found_again = self.finds_again and self.is_own(history) and is_there(history.folder)
        return is_over(history) and not is_found_again

    def show(self, rows: Sequence[int], shown: bool) -> None:
        """Show or hide the curves of rows."""
        changed = [number for number in rows if self.rows[number].shown != shown]
        for number in changed:
            self.rows[number].shown = shown
            self.dataChanged.emit(self.index(number, 0), self.index(number, 0))
        told = [self.rows[number] for number in changed]
        for row in told[:DRAWN_AT_ONCE]:
            self.shown_changed.emit(row)
        self.tell_later(told[DRAWN_AT_ONCE:])
        if changed:
            self.kept_changed.emit()

    def tell_later(self, rows: Iterable[RunRow]) -> None:
        """Have rows drawn, or taken away, one after another: thousands would hold the window up."""
        self._later.extend(rows)
        self._turn.start()

    @Slot()
    def _tell_next(self) -> None:
        began = perf_counter()
        while self._later and perf_counter() - began < TURN_SECONDS:
            self.shown_changed.emit(self._later.popleft())
        if self._later:
            self._turn.start()

    # What Qt asks -----------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], COLUMNS[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                return row.said[index.column()][0]
            case Qt.ItemDataRole.TextAlignmentRole if column.is_number:
                return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            case Qt.ItemDataRole.ToolTipRole:
                return _tip(row.history, index.column())
            case Qt.ItemDataRole.CheckStateRole if index.column() == 0:
                return Qt.CheckState.Checked if row.shown else Qt.CheckState.Unchecked
            case Qt.ItemDataRole.AccessibleTextRole if index.column() == 0:
                return "shown" if row.shown else "hidden"
        return row.colour if role == COLOUR_ROLE and index.column() == 0 else None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == 0:
            row.shown = Qt.CheckState(value) == Qt.CheckState.Checked
            self.dataChanged.emit(index, index)
            self.shown_changed.emit(row)
        elif role == Qt.ItemDataRole.EditRole and index.column() == NAME:
            self._rename(index.row(), str(value).strip())
        else:
            return False
        self.kept_changed.emit()
        return True

    def _rename(self, number: int, name: str) -> None:
        """Call a run otherwise; without a name it is called what its folder is."""
        row = self.rows[number]
        row.history.name = name or row.history.folder.name
        row.said = row.look()
        self._tell_row(number)
        if row.shown:
            self.shown_changed.emit(row)

    def _tell_row(self, number: int) -> None:
        self.dataChanged.emit(self.index(number, 0), self.index(number, len(COLUMNS) - 1))

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.column() == 0:
            return flags | Qt.ItemFlag.ItemIsUserCheckable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == NAME else flags

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return COLUMNS[section].head
        return header_data(COLUMNS, section, orientation, role)


def _tip(history: RunHistory, column: int) -> str:
    if column == MAY_MOVE:
        return strategy_words(history.started.config) if history.started else ""
    return str(history.folder)
