"""Rows of one size on disk, found by name: what was computed once and may be asked for by any later run.

A table is a folder of two files. ``rows.bin`` holds the rows one after the other, so that it can be mapped
into memory. ``index.bin`` says of each row, in the same order, whose it is and what its bytes add up to; its
header says how many of them count. That number is written last, so what a crash or a full disk left half
written does not count, and is written over.

A row that counts is never moved, cut off or written over: programs that read may have it mapped. A table
that has to begin anew begins with new files; who mapped the old ones keeps them.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import weakref
import zlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from io import FileIO
from mmap import ACCESS_READ, mmap
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from filelock import FileLock

from ftgui.core import row_files
from ftgui.core.row_files import ENTRY, HEADER, INDEX, LOCK, ROWS

Bytes = npt.NDArray[np.uint8]


def row_name(*parts: object) -> bytes:
    """Return the name of what ``parts`` (texts, numbers) say, 16 bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        encoded = str(part).encode()
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.digest()


class RowTable:
    """Rows of ``row_bytes`` bytes by name, in a folder that is the table's own.

    Any number of programs read; the first to ask writes. A second writer finds the table read-only, and so
    does everyone in a folder that cannot be written to: what they compute they keep to themselves. A table
    that was written with another ``row_bytes``, or whose files are not what they should be, counts as empty
    and begins anew with the first ``add``. Threads of one program may share a table.

    Raises:
        OSError: the folder cannot be made, or its files cannot be read.
    """

    def __init__(self, folder: Path, row_bytes: int) -> None:
        assert row_bytes > 0
        self.folder = folder
        self.row_bytes = row_bytes
        self._guard = RLock()
        self._rows: FileIO | None = None
        self._written: tuple[FileIO, FileIO] | None = None
        self._forget()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:  # a file; or a folder that make_room deleted at this moment
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / LOCK, thread_local=False)
        with suppress(OSError, NotImplementedError):  # held by another program, or no place for a lock
            self._lock.acquire(timeout=0)
        try:
            self.refresh()
        except BaseException:
            self.close()
            raise
        with suppress(OSError):
            os.utime(folder / INDEX)  # make_room asks when it was used last

    def _forget(self) -> None:
        """Know of no rows."""
        if self._rows is not None:
            self._rows.close()
        self._rows = None
        self._identity = b""
        self._numbers: dict[bytes, int] = {}
        self._crcs: array[int] = array("I")
        self._doubtful: set[int] = set()
        self._map: Bytes = np.empty((0, self.row_bytes), np.uint8)

    @property
    def is_writable(self) -> bool:
        """Whether ``add`` may be called. It stays so until the table is closed."""
        return self._lock.is_locked

    def __enter__(self) -> RowTable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let another program write. What is there can be read as before, as long as the table is kept."""
        with self._guard:
            self._close_written()
            self._lock.release()

    def _close_written(self) -> None:
        for stream in self._written or ():
            stream.close()
        self._written = None

    def __len__(self) -> int:
        """Return how many rows there are, as in ``mapped``."""
        return len(self._crcs)

    def __contains__(self, name: bytes) -> bool:
        """Return whether ``find`` finds the name."""
        return bool(self.find([name])[0] >= 0)

    def knows(self, name: bytes) -> bool:
        """Return whether there is a row of the name, damaged or not: what ``find`` would look at."""
        return name in self._numbers

    def add(self, names: Sequence[bytes], rows: Bytes) -> npt.NDArray[np.int64]:
        """Append rows, uint8 (len(names), row_bytes). Of two rows with one name, the later is found.

        Returns:
            The rows' numbers, int64 (len(names),).

        Raises:
            OSError: the disk is full or cannot be written to; the table stays as it was.
        """
        assert self.is_writable
        assert rows.dtype == np.uint8
        assert rows.shape == (len(names), self.row_bytes)
        if len(names) == 0:
            return np.empty(0, np.int64)
        rows = np.ascontiguousarray(rows)
        entries = np.empty(len(names), ENTRY)
        entries["name"] = np.frombuffer(b"".join(names), "V16")
        entries["crc"] = [zlib.crc32(row) for row in rows]
        with self._guard:
            rows_file, index = self._files_to_write()
            first = len(self._crcs)
            try:
                row_files.write_at(rows_file, first * self.row_bytes, rows.data.cast("B"))
                row_files.write_at(index, HEADER.size + first * ENTRY.itemsize, entries.tobytes())
            except BaseException:
                with suppress(OSError):  # give the room back; what does not count nobody has mapped
                    rows_file.truncate(first * self.row_bytes)
                raise
            row_files.write_count(index, first + len(names))
            self._take(entries)
        return np.arange(first, first + len(names))

    def clear(self) -> None:
        """Begin anew, without a row. Arrays that ``mapped`` returned stay good.

        Raises:
            OSError: the old files cannot be deleted, or new ones not be made.
        """
        assert self.is_writable
        with self._guard:
            self._close_written()
            self._forget()
            row_files.begin(self.folder, self.row_bytes)
            self._read_index()

    def mapped(self) -> Bytes:
        """Return all rows, mapped into memory, uint8 (rows, row_bytes), read-only.

        ``find`` says which of them to use: rows that a later one of the same name replaced, and damaged
        ones, are among them. The array stays good when the table grows or is deleted.
        """
        with self._guard:
            count = len(self._crcs)
            if len(self._map) != count:
                assert self._rows is not None
                content = mmap(self._rows.fileno(), count * self.row_bytes, access=ACCESS_READ)
                self._map = np.frombuffer(content, np.uint8).reshape(count, self.row_bytes)
            return self._map

    def find(self, names: Iterable[bytes]) -> npt.NDArray[np.int64]:
        """Return the number of each name's row, int64 (names,), -1 where there is none or it is damaged.

        A row's bytes are compared with its checksum when it is found for the first time.
        """
        names = list(names)
        with self._guard:
            found = list(map(self._numbers.get, names, itertools.repeat(-1)))
            damaged = self._check(sorted(self._doubtful.intersection(found)))
            for at, number in enumerate(found if damaged else ()):
                if number in damaged:
                    self._numbers.pop(names[at], None)
                    found[at] = -1
        return np.array(found, np.int64)

    def refresh(self) -> None:
        """Take in what another program appended since the table was opened.

        Where that program began the table anew, its rows take the place of those that were known, and
        numbers found before mean nothing any more.

        Raises:
            OSError: the files cannot be read.
        """
        with self._guard:
            self._read_index()

    def _check(self, numbers: Sequence[int]) -> set[int]:
        """Compare rows, in ascending order, with their checksums; return the damaged ones."""
        if not numbers:
            return set()
        assert self._rows is not None
        rows = row_files.read_rows(self._rows, self.row_bytes, numbers)
        damaged = {number for number, row in rows if zlib.crc32(row) != self._crcs[number]}
        self._doubtful.difference_update(numbers)
        return damaged

    def _read_index(self) -> int:
        """Take in the rows that are not known yet; return how many there are by the header."""
        try:
            with (self.folder / INDEX).open("rb", buffering=0) as index:
                header = row_files.read_header(index)
                if header is None or header.row_bytes != self.row_bytes:
                    return 0
                if header.identity != self._identity:
                    rows = (self.folder / ROWS).open("rb", buffering=0)
                    weakref.finalize(self, rows.close)
                    self._forget()
                    self._identity, self._rows = header.identity, rows
                assert self._rows is not None
                known = len(self._crcs)
                room = os.fstat(self._rows.fileno()).st_size // self.row_bytes
                index.seek(HEADER.size + known * ENTRY.itemsize)
                content = index.read(max(min(header.rows, room) - known, 0) * ENTRY.itemsize)
        except FileNotFoundError:
            return 0
        whole = len(content) // ENTRY.itemsize
        self._take(np.frombuffer(content[: whole * ENTRY.itemsize], ENTRY))
        return header.rows

    def _take(self, entries: npt.NDArray[np.void]) -> None:
        """Let rows count that are on the disk behind those that do already."""
        numbers = range(len(self._crcs), len(self._crcs) + len(entries))
        self._crcs.extend(entries["crc"].tolist())
        self._doubtful.update(numbers)
        self._numbers.update(zip(entries["name"].tolist(), numbers, strict=True))

    def _files_to_write(self) -> tuple[FileIO, FileIO]:
        """Return the files of rows and of the index, ready for the next row.

        The header is asked each time: an ``add`` that was interrupted may have come through or not.
        """
        if self._written is None:
            if self._rows is None:
                row_files.begin(self.folder, self.row_bytes)
            rows = (self.folder / ROWS).open("r+b", buffering=0)
            try:
                self._written = rows, (self.folder / INDEX).open("r+b", buffering=0)
            except BaseException:
                rows.close()
                raise
        if self._read_index() > len(self._crcs):  # rows that a power cut took, which the header still counts
            row_files.write_count(self._written[1], len(self._crcs))
        return self._written


def make_room(folders: Path | Collection[Path], budget_bytes: int, keep: Collection[Path] = ()) -> int:
    """Delete whole tables in ``folders``, least recently used first, until all take at most ``budget_bytes``.

    A table is used when it is opened and when it grows. Those in ``keep`` and those that are being written
    stay, and so do those that cannot be deleted (as on Windows, where another program reads them). Who has
    mapped one that goes keeps its rows; the disk has their room again when it lets go.

    Returns:
        The bytes freed.
    """
    kept = {path.resolve() for path in keep}
    tables = sorted(itertools.chain(*map(_tables, [folders] if isinstance(folders, Path) else folders)))
    excess = sum(table.size for table in tables) - budget_bytes
    freed = 0
    for table in tables:
        if freed < excess and table.folder.resolve() not in kept:
            freed += _delete(table.folder)
    return freed


class _Table(NamedTuple):
    used: int
    size: int
    folder: Path


def _tables(folder: Path) -> Iterator[_Table]:
    """Find the tables among the folders in ``folder``, with when they were used and the bytes they take."""
    try:
        paths = list(folder.iterdir())
    except OSError:
        return
    for path in paths:
        with suppress(OSError):  # another program deletes it
            if row_files.is_table(path):
                files = {file.name: file.stat() for file in path.iterdir() if file.is_file()}
                used = max((files[name].st_mtime_ns for name in (ROWS, INDEX) if name in files), default=0)
                yield _Table(used, sum(file.st_size for file in files.values()), path)


def _delete(folder: Path) -> int:
    """Delete a table, with all that is in its folder, unless it is being written; return the bytes freed."""
    freed = 0
    lock = FileLock(folder / LOCK, thread_local=False)
    try:
        lock.acquire(timeout=0)
        for path in _files_to_delete(folder):
            size = path.stat().st_size
            path.unlink()
            freed += size
    except (OSError, NotImplementedError):
        return freed
    finally:
        lock.release()
    with suppress(OSError):
        if os.name != "posix":  # now that it is let go: here an open file cannot be deleted
            (folder / LOCK).unlink(missing_ok=True)
        folder.rmdir()
    return freed


def _files_to_delete(folder: Path) -> list[Path]:
    """Return a table's files: the rows first, since they may be in use, and the lock last.

    On POSIX the lock goes while it is held: who opened it meanwhile sees that it is there no more.
    """
    first, last = folder / ROWS, folder / LOCK
    between = sorted(path for path in folder.iterdir() if path.is_file() and path not in (first, last))
    return [*([first] if first.exists() else []), *between, *([last] if os.name == "posix" else [])]
