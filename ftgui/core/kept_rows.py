"""Row tables that share a budget. What goes wrong on disk is said, not raised: all can be computed again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ftgui.core.rows import Bytes, RowTable, make_room


@dataclass(frozen=True)
class RowPlace:
    """Where tables of one sort are kept."""

    folder: Path
    budget_bytes: int
    """Of all tables there and in ``beside`` together."""
    beside: tuple[Path, ...] = ()
    """Folders of tables of other sorts."""
    share: float = 1.0
    """Of the budget, for a single table."""

    @property
    def table_bytes(self) -> int:
        """The most that one table may take."""
        return int(self.budget_bytes * self.share)

    def make_room(self, keep: Collection[Path]) -> None:
        """Let the least recently used tables but these go where all together are too large."""
        make_room((self.folder, *self.beside), self.budget_bytes, keep)


class KeptRows:
    """A table of rows in a folder of its own, as far as disk and budget allow; from any thread.

    ``what`` is kept, and what does not fit is ``again`` something: "Features" are computed again. ``notes``
    holds the sentences for the user. ``open`` comes first.
    """

    def __init__(self, place: RowPlace, name: str, what: str, again: str) -> None:
        self.notes: list[str] = []
        self.folder = place.folder / name
        self._place = place
        self._what, self._again = what, again
        self._row_bytes = 1
        self._most = place.table_bytes
        self._found = False
        self._table: RowTable | None = None

    def open(self, row_bytes: int) -> None:
        """Take in the rows that are there, of so many bytes each."""
        self._row_bytes = row_bytes
        try:
            self._table = RowTable(self.folder, row_bytes)
        except OSError as error:
            self.note_unwritable(error)

    def find(self, names: Sequence[bytes]) -> npt.NDArray[np.int64]:
        """Return the row of each name, -1 where there is none."""
        table = self._table
        if table is not None:
            try:
                numbers = table.find(names)
                table.mapped()  # not every file system lets a file be mapped
                self._found = self._found or bool((numbers >= 0).any())
                return numbers
            except OSError as error:
                self._note(f"{self._what} cannot be read from the disk", error)
                self.release()
                self._table = None
        return np.full(len(names), -1, np.int64)

    def knows(self, name: bytes) -> bool:
        """Return whether ``find`` finds the name, unless its row is damaged."""
        table = self._table
        return table is not None and table.knows(name)

    def rows(self) -> Bytes:
        """Return all rows, uint8 (rows, bytes), mapped into memory."""
        table = self._table
        return table.mapped() if table is not None else np.empty((0, self._row_bytes), np.uint8)

    def leave(self, others: int) -> None:
        """Leave so many bytes of the budget to another table."""
        self._most = max(min(self._place.table_bytes, self._place.budget_bytes - others), 0)

    def bytes_with(self, count: int) -> int:
        """Return the bytes of the table with so many rows more."""
        return (count + (len(self._table) if self._table is not None else 0)) * self._row_bytes

    def make_room_for(self, count: int) -> None:
        """Begin anew where so many rows do not fit beside those that are there, of which none was found.

        They are of pictures that nobody asks for now, and rows do not go one by one. More rows than the
        budget allows make nothing go.
        """
        table = self._writable
        if table is None or self._found:
            return
        if self._fit(len(table) + count) or not self._fit(count):
            return
        try:
            table.clear()
        except OSError as error:
            self.note_unwritable(error)
            self.release()

    @property
    def takes_more(self) -> bool:
        """Whether ``add`` keeps anything."""
        return self._writable is not None

    @property
    def _writable(self) -> RowTable | None:
        """The table, if rows may be added to it."""
        table = self._table
        return table if table is not None and table.is_writable else None

    def _fit(self, count: int) -> bool:
        """Return whether the budget allows for so many rows in the table."""
        return count * self._row_bytes <= self._most

    def add(self, names: Sequence[bytes], rows: Bytes) -> npt.NDArray[np.int64]:
        """Keep rows, uint8 (N, bytes), as far as disk and budget allow; return their numbers or -1."""
        table = self._writable
        if table is None:
            return np.full(len(names), -1, np.int64)
        if not self._fit(len(table) + len(names)):
            self._note(f"The {self._what.lower()} of these pictures are more than the cache on disk may hold")
            self.release()
            return np.full(len(names), -1, np.int64)
        try:
            return table.add(names, rows)
        except OSError as error:
            self.note_unwritable(error)
            self.release()
            return np.full(len(names), -1, np.int64)

    def close(self) -> None:
        """Let others write, and let the least recently used tables go where all together are too large."""
        self.release()
        self._place.make_room(keep=(self.folder,))

    def release(self) -> None:
        """Write no more, so that others may; what is written can still be read."""
        if self._table is not None:
            self._table.close()

    def note_unwritable(self, error: OSError) -> None:
        """Say that nothing can be kept."""
        self._note(f"{self._what} cannot be kept on disk", error)

    def _note(self, words: str, error: OSError | None = None) -> None:
        reason = f": {error.strerror or error}" if error else ""
        sentence = f"{words}{reason}. What does not fit into memory is {self._again} again each time."
        if sentence not in self.notes:
            self.notes.append(sentence)
