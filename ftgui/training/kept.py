"""Features on disk, for the next run whose frozen stages are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.core.rows import Bytes, RowTable, make_room
from ftgui.training.prefix import Prefix, Shape

ABOUT = "about.json"


class About(records.Record, frozen=True, kw_only=True):
    """``about.json``: whose features a table holds."""

    architecture: str
    stages: tuple[str, ...]
    shape: Shape


class KeptFeatures:
    """The features of one prefix, in a folder of their own; what goes wrong on disk is said, not raised.

    ``notes`` holds the sentences for the user.
    """

    def __init__(self, place: FeaturePlace, prefix: Prefix) -> None:
        self.notes: list[str] = []
        self._found = False
        self._place = place
        self._table: RowTable | None = None
        self.folder = place.folder / f"{prefix.architecture}-{prefix.stages[-1].name}-{prefix.name}"
        self.shape = self._shape(prefix)
        try:
            self._table = RowTable(self.folder, self.shape.bytes)
        except OSError as error:
            self._note("Features cannot be kept on disk", error)

    def _shape(self, prefix: Prefix) -> Shape:
        """Return the features' shape as it was written down, or found out now and written down."""
        try:
            return records.read_json(self.folder / ABOUT, About).shape
        except FtguiError:  # there is none yet, or none that can be read
            shape = prefix.shape()
        about = About(
            architecture=prefix.architecture, stages=tuple(s.name for s in prefix.stages), shape=shape
        )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            records.write_json(self.folder / ABOUT, about)
        except OSError as error:
            self._note("Features cannot be kept on disk", error)
        return shape

    def find(self, names: Sequence[bytes]) -> npt.NDArray[np.int64]:
        """Return the row of each name, -1 where there is none."""
        if self._table is not None:
            try:
                numbers = self._table.find(names)
                self._table.mapped()  # not every file system lets a file be mapped
                self._found = self._found or bool((numbers >= 0).any())
                return numbers
            except OSError as error:
                self._note("Features cannot be read from the disk", error)
                self._give_up()
                self._table = None
        return np.full(len(names), -1, np.int64)

    def rows(self) -> Bytes:
        """Return all rows, uint8 (rows, bytes), mapped into memory."""
        return self._table.mapped() if self._table is not None else np.empty((0, self.shape.bytes), np.uint8)

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
            self._note("Features cannot be kept on disk", error)
            self._give_up()

    @property
    def takes_more(self) -> bool:
        """Whether ``add`` keeps anything."""
        return self._writable is not None

    @property
    def _writable(self) -> RowTable | None:
        """The table, if rows may be added to it."""
        return self._table if self._table is not None and self._table.is_writable else None

    def _fit(self, count: int) -> bool:
        """Return whether the budget allows for so many rows in the table."""
        return count * self.shape.bytes <= self._place.budget_bytes

    def add(self, names: Sequence[bytes], rows: Bytes) -> npt.NDArray[np.int64]:
        """Keep rows, uint8 (N, bytes), as far as disk and budget allow; return their numbers or -1."""
        table = self._writable
        if table is None:
            return np.full(len(names), -1, np.int64)
        if not self._fit(len(table) + len(names)):
            self._note("The features of these pictures are more than the cache on disk may hold")
            self._give_up()
            return np.full(len(names), -1, np.int64)
        try:
            return table.add(names, rows)
        except OSError as error:
            self._note("Features cannot be kept on disk", error)
            self._give_up()
            return np.full(len(names), -1, np.int64)

    def close(self) -> None:
        """Let others write, and let the least recently used tables go where all together are too large."""
        self._give_up()
        make_room(self._place.folder, self._place.budget_bytes, keep=(self.folder,))

    def _give_up(self) -> None:
        """Write no more; what is written can still be read."""
        if self._table is not None:
            self._table.close()

    def _note(self, words: str, error: OSError | None = None) -> None:
        reason = f": {error.strerror or error}" if error else ""
        sentence = f"{words}{reason}. What does not fit into memory is computed again each time."
        if sentence not in self.notes:
            self.notes.append(sentence)


@dataclass(frozen=True)
class FeaturePlace:
    """Where the features of all prefixes are kept."""

    folder: Path
    budget_bytes: int

    def open(self, prefix: Prefix) -> KeptFeatures:
        return KeptFeatures(self, prefix)
