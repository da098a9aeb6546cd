"""Which bytes lie in which file, and what those bytes turned out to be: looked at once, known ever after.

A file is taken to hold what it held when its size, its times and its inode are what they were; then it need
not even be opened. What was found out about a picture is kept by its content, so a folder that was moved or
copied is known, too. The index is a SQLite database in the cache folder, which any number of programs may
use at a time; without it everything is looked at again, and nothing else changes.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from types import TracebackType

from ftgui.core.errors import first_line
from ftgui.core.memory import uncollected

FILE_NAME = "pictures.sqlite3"
VERSION = 1
"""Of the tables. One of another version begins anew."""
MAX_FILES = 3_000_000
"""Files that are remembered; of the folders that were not looked at for longest, all are forgotten."""
FINE_TICK, COARSE_TICK = 20_000_000, 2_000_000_000
"""How far apart two changes of a file are, in ns, that a file system's clock tells apart."""
PATIENCE_SECONDS = 5.0
"""How long another program may keep the index to itself."""

TABLE_NAMES = ("roots", "files", "facts")
TABLES = """
CREATE TABLE IF NOT EXISTS roots (id INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, used REAL NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    root INTEGER NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
    ctime INTEGER NOT NULL, inode INTEGER NOT NULL, content BLOB NOT NULL, facts BLOB,
    version INTEGER NOT NULL, PRIMARY KEY (root, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (content BLOB PRIMARY KEY, version INTEGER NOT NULL, facts BLOB NOT NULL)
WITHOUT ROWID;
"""


Stamp = tuple[int, int, int, int]
"""What tells whether a file is still what it was: size, times of writing and of change in ns, and inode."""

KnownFile = tuple[str, int, int, int, int, bytes, bytes | None]
"""A file as it was last looked at: its path; its stamp; its content, the BLAKE2b of its bytes in 16 bytes (as
``core.hashing.content_name``); and what was found out about that content, if anything was.

Plain tuples, as the database gives them: there may be 100,000.
"""


def stamp_of(path: str | os.PathLike[str]) -> Stamp:
    """Return a file's stamp.

    Raises:
        OSError: there is no such file, or it may not be asked for.
    """
    status = os.stat(path)  # noqa: PTH116  five times faster than Path
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino & 0x7FFF_FFFF_FFFF_FFFF


def is_settled(stamp: Stamp, now: int) -> bool:
    """Whether a file that changed again after ``now``, in ns, would have another stamp.

    Clocks of file systems tick every few milliseconds, those that know no fractions every second or two.
    """
    tick = COARSE_TICK if stamp[1] % 10**9 == 0 else FINE_TICK
    return max(stamp[1], stamp[2]) < now - tick


class ContentIndex:
    """The index in ``folder``. What goes wrong with it is kept in ``trouble``, and never stops anybody.

    ``version`` is that of the facts: what was found out by another one is not known. May be used from any
    thread, by one at a time. Without a folder it knows nothing and keeps nothing.
    """

    def __init__(self, folder: Path | None, version: int = 0) -> None:
        self.trouble = ""
        self.folder = folder
        self.version = version
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        if folder is not None:
            with self._forgiving():
                folder.mkdir(parents=True, exist_ok=True)
                self._connection = _opened(folder / FILE_NAME)

    def __enter__(self) -> ContentIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; nothing is known any more."""
        with self._forgiving():
            if self._connection is not None:
                self._connection.close()
        self._connection = None

    def files(self, root: str) -> dict[str, KnownFile]:
        """Return what is known of the files below ``root``, by their paths relative to it."""
        with self._forgiving() as connection:
            if connection is not None:
                _note_use(connection, root)
                with uncollected():
                    rows = connection.execute(
                        "SELECT path, size, mtime, ctime, inode, content, CASE version WHEN ? THEN facts END"
                        " FROM files WHERE root = (SELECT id FROM roots WHERE path = ?)",
                        (self.version, root),
                    ).fetchall()
                return {row[0]: row for row in rows}
        return {}

    def facts(self, content: bytes) -> bytes | None:
        """Return what is known of a content, wherever it lay."""
        with self._forgiving() as connection:
            if connection is not None:
                row = connection.execute(
                    "SELECT facts FROM facts WHERE content = ? AND version = ?", (content, self.version)
                ).fetchone()
                return None if row is None else bytes(row[0])
        return None

    def remember(self, root: str, files: Sequence[KnownFile]) -> None:
        """Keep what files below ``root`` hold and are."""
        with self._forgiving() as connection:
            if connection is None:
                return
            with _transaction(connection):
                number = _root_number(connection, root)
                connection.executemany(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    ((number, *known, self.version) for known in files),
                )
                connection.executemany(
                    "INSERT OR REPLACE INTO facts VALUES (?, ?, ?)",
                    ((known[5], self.version, known[6]) for known in files if known[6] is not None),
                )

    def make_room(self, most: int = MAX_FILES) -> None:
        """Forget the folders that were not looked at for longest, until at most so many files are known."""
        with self._forgiving() as connection:
            if connection is None:
                return
            total = connection.execute("SELECT COUNT(*) FROM files").fetchone()[0]
            if total <= most:
                return
            with _transaction(connection):
                for number, count in connection.execute(
                    "SELECT roots.id, COUNT(files.path) FROM roots LEFT JOIN files ON files.root = roots.id"
                    " GROUP BY roots.id ORDER BY roots.used"
                ).fetchall():
                    if total <= most:
                        break
                    connection.execute("DELETE FROM files WHERE root = ?", (number,))
                    connection.execute("DELETE FROM roots WHERE id = ?", (number,))
                    total -= count
                connection.execute("DELETE FROM facts WHERE content NOT IN (SELECT content FROM files)")

    @contextmanager
    def _forgiving(self) -> Iterator[sqlite3.Connection | None]:
        """Give the connection to one thread; what fails is noted, and the index is not used any more."""
        with self._lock:
            try:
                yield self._connection
            except (sqlite3.Error, OSError) as error:
                self.trouble = first_line(error)
                self._give_up(delete=_is_damage(error))

    def _give_up(self, *, delete: bool) -> None:
        with suppress(sqlite3.Error, OSError):
            if self._connection is not None:
                self._connection.close()
            if delete and self.folder is not None:
                (self.folder / FILE_NAME).unlink(missing_ok=True)
        self._connection = None


def _opened(path: Path) -> sqlite3.Connection:
    """Open the database; one that is damaged, or of another version, begins anew."""
    try:
        return _connected(path)
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise
        path.unlink()
        return _connected(path)


def _is_damage(error: Exception) -> bool:
    """Whether the file is at fault; one that is locked, or has no room to grow, is not."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=PATIENCE_SECONDS, check_same_thread=False, isolation_level=None
    )
    try:
        connection.execute("PRAGMA synchronous = OFF")  # a power cut may cost the index, nothing else
        if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            with _transaction(connection):
                _begin_anew(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _begin_anew(connection: sqlite3.Connection) -> None:
    """Make the tables, unless another program did so at this moment."""
    if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
        return
    for name in TABLE_NAMES:
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    for statement in TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Be the only one who writes, for one piece of work that counts wholly or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _root_number(connection: sqlite3.Connection, root: str) -> int:
    """Return the number of a folder, which is known from now on."""
    connection.execute(
        "INSERT INTO roots (path, used) VALUES (?, ?) ON CONFLICT (path) DO NOTHING", (root, time.time())
    )
    return int(connection.execute("SELECT id FROM roots WHERE path = ?", (root,)).fetchone()[0])


def _note_use(connection: sqlite3.Connection, root: str) -> None:
    """Note that a folder is looked at now; where another program writes, it was used before all the same."""
    with suppress(sqlite3.OperationalError):
        connection.execute("UPDATE roots SET used = ? WHERE path = ?", (time.time(), root))
