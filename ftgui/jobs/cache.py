"""The cache on disk: how much it takes, and emptying it while others use it.

What ftgui keeps there is row tables (``core/rows``) and the index of pictures (``data/content_index``).
Nothing else in the folder is looked at or touched: it may be one that holds the user's own things, too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from ftgui.core import row_files
from ftgui.core.rows import make_room
from ftgui.data.content_index import FILE_NAME, PATIENCE_SECONDS, TABLE_NAMES

FEATURES, PIXELS = "features", "pixels"
"""The folders of tables in the cache folder."""


class Kept(NamedTuple):
    """How many bytes the cache takes on disk."""

    pixels: int
    """Decoded pictures."""
    features: int
    """Of frozen stages."""
    found_out: int
    """About pictures: the index."""

    @property
    def total(self) -> int:
        return sum(self)


class Emptied(NamedTuple):
    """What came of emptying the cache, in bytes."""

    freed: int
    in_use: int
    """Stay, as they are being written at this moment."""
    stuck: int
    """Stay, as they cannot be deleted."""


def measure(root: Path) -> Kept:
    """Return how much the cache in ``root`` takes; what cannot be looked at counts as nothing."""
    tables = {name: sum(map(_table_bytes, _tables(root / name))) for name in (PIXELS, FEATURES)}
    return Kept(tables[PIXELS], tables[FEATURES], _index_bytes(root / FILE_NAME))


def empty(root: Path) -> Emptied:
    """Delete all that the cache in ``root`` holds, but what is being written at this moment.

    Who reads a table keeps its rows, and who has opened the index goes on with an empty one.
    """
    freed = make_room((root / PIXELS, root / FEATURES), 0)
    staying = [table for name in (PIXELS, FEATURES) for table in _tables(root / name)]
    written = [table for table in staying if _is_written(table)]
    stuck = [table for table in staying if table not in written]
    from_index, index_in_use, index_stuck = _empty_index(root / FILE_NAME)
    return Emptied(
        freed=freed + from_index,
        in_use=sum(map(_table_bytes, written)) + index_in_use,
        stuck=sum(map(_table_bytes, stuck)) + index_stuck,
    )


def _tables(folder: Path) -> Iterator[Path]:
    """Find the tables among the folders in ``folder``."""
    with suppress(OSError):
        yield from [path for path in folder.iterdir() if row_files.is_table(path)]


def _table_bytes(table: Path) -> int:
    size = 0
    with suppress(OSError):  # another program deletes it
        for path in table.iterdir():
            size += _file_bytes(path)
    return size


def _file_bytes(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def _is_written(table: Path) -> bool:
    """Return whether somebody writes a table, here or in another program."""
    lock = FileLock(table / row_files.LOCK, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return False
    lock.release()
    return False


def _index_bytes(path: Path) -> int:
    if not path.is_file():
        return 0
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE_SECONDS)) as connection:
            is_ours = _is_index(connection)
    except sqlite3.OperationalError:  # locked: ftgui writes it
        is_ours = True
    except sqlite3.Error:
        is_ours = False
    if not is_ours:
        return 0
    return _file_bytes(path) + _file_bytes(path.with_name(f"{FILE_NAME}-journal"))


def _empty_index(path: Path) -> tuple[int, int, int]:
    """Forget what the index knows; return the bytes freed, in use and stuck.

    The file stays: programs may have it open, and one that writes into a deleted file still puts its journal
    beside the new file of that name, which SQLite would then take for that file's own and damage it.
    """
    before = _index_bytes(path)
    if not before:
        return 0, 0, 0
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE_SECONDS, isolation_level=None)) as connection:
            if not _is_index(connection):
                return 0, 0, 0
            connection.execute("PRAGMA synchronous = OFF")  # as the index itself: a power cut may cost it
            connection.execute("BEGIN EXCLUSIVE")
            for name in TABLE_NAMES:
                connection.execute(f"DELETE FROM {name}")
            connection.execute("COMMIT")
            connection.execute("VACUUM")
    except sqlite3.Error as error:
        left, is_busy = _index_bytes(path), _is_busy(error)
        return max(before - left, 0), left if is_busy else 0, 0 if is_busy else left
    return max(before - _file_bytes(path), 0), 0, 0


def _is_index(connection: sqlite3.Connection) -> bool:
    """Return whether a database is ftgui's index of pictures, and not another program's."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {name for (name,) in rows} == set(TABLE_NAMES)


def _is_busy(error: sqlite3.Error) -> bool:
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
