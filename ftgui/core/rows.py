"""Rows of one size on disk, found by name: what was computed once and may be asked for by any later run.

A table is a folder of two files. ``rows.bin`` holds the rows one after the other, so that it can be mapped
into memory; ``index.bin`` says of each row, in the same order, whose it is and what its bytes add up to. A row
counts once its index entry is whole: what a crash or a power cut left behind it is written over.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

ROWS, INDEX, LOCK = "rows.bin", "index.bin", ".lock"
ENTRY = np.dtype([("name", "V16"), ("crc", "<u4")])

Bytes = npt.NDArray[np.uint8]


def row_name(*parts: object) -> bytes:
    """Return the name of what ``parts`` (texts, numbers) say, 16 bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        encoded = str(part).encode()
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.digest()


class RowTable:
    """Rows of ``row_bytes`` bytes by name. Any number of programs read; the first to ask writes.

    A second writer finds the table read-only: what it computes it keeps to itself.
    """

    def __init__(self, folder: Path, row_bytes: int) -> None:
        self.folder = folder
        self.row_bytes = row_bytes
        self._rows: dict[bytes, int] = {}
        self._crc: list[int] = []
        self._checked: set[int] = set()
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / LOCK)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            pass
        self._read_index()

    @property
    def is_writable(self) -> bool:
        return self._lock.is_locked

    def __enter__(self) -> RowTable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let another program write."""
        self._lock.release()

    def __contains__(self, name: bytes) -> bool:
        return name in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, names: Sequence[bytes], rows: Bytes) -> None:
        """Append rows, uint8 (len(names), row_bytes).

        Raises:
            OSError: the disk is full or cannot be written to; the table stays as it was.
        """
        assert self.is_writable
        entries = np.zeros(len(names), ENTRY)
        for number, (name, row) in enumerate(zip(names, rows, strict=True)):
            entries[number] = (name, zlib.crc32(row))
        at = len(self._crc)
        with _opened(self.folder / ROWS) as stream:
            stream.truncate(at * self.row_bytes)
            stream.seek(at * self.row_bytes)
            stream.write(np.ascontiguousarray(rows).data)
            stream.flush()
        with _opened(self.folder / INDEX) as stream:
            stream.truncate(at * ENTRY.itemsize)
            stream.seek(at * ENTRY.itemsize)
            stream.write(entries.tobytes())
        self._take(entries)

    def mapped(self) -> Bytes:
        """Return all rows, mapped into memory, uint8 (rows, row_bytes); not to be written to."""
        count = len(self._crc)
        if count == 0:
            return np.empty((0, self.row_bytes), np.uint8)
        return np.memmap(self.folder / ROWS, np.uint8, "r", shape=(count, self.row_bytes))

    def find(self, names: Iterable[bytes]) -> npt.NDArray[np.int64]:
        """Return the number of each name's row, -1 where there is none or its bytes are not what they were."""
        rows = self.mapped()
        return np.array([self._checked_row(name, rows) for name in names], np.int64)

    def _checked_row(self, name: bytes, rows: Bytes) -> int:
        number = self._rows.get(name, -1)
        if number >= 0 and number not in self._checked:
            if zlib.crc32(rows[number]) != self._crc[number]:
                del self._rows[name]
                return -1
            self._checked.add(number)
        return number

    def _read_index(self) -> None:
        try:
            content = (self.folder / INDEX).read_bytes()
            room = (self.folder / ROWS).stat().st_size // self.row_bytes
        except FileNotFoundError:
            return
        whole = min(len(content) // ENTRY.itemsize, room)
        self._take(np.frombuffer(content, ENTRY, whole))

    def _take(self, entries: npt.NDArray[np.void]) -> None:
        for entry in entries:
            self._rows[bytes(entry["name"])] = len(self._crc)
            self._crc.append(int(entry["crc"]))


def _opened(path: Path):  # type: ignore[no-untyped-def]
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    return os.fdopen(descriptor, "r+b")
