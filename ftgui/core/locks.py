"""Files that say that somebody writes here: one at a time, of all programs, holds such a lock."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ftgui.core.errors import FtguiError


class HeldLock:
    """A lock that is held from now on until it is given back, by whatever thread.

    Its file is there for as long.

    Raises:
        FtguiError: ``busy``; somebody holds it already, in this program or another.
        OSError: it cannot be held: nobody may write there, or this disk knows no locks.
    """

    def __init__(self, path: Path, busy: FtguiError) -> None:
        self._path = path
        self._lock = FileLock(path, thread_local=False)  # a generator may be closed by another thread
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise busy from error
        except NotImplementedError as error:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), str(path)) from error

    def give_back(self) -> None:
        """Let others hold it; without effect where it was given back before."""
        if not self._lock.is_locked:
            return
        if os.name == "posix":  # while it is held: who opened it meanwhile sees that it is there no more
            self._remove()
        self._lock.release()
        if os.name != "posix":  # here an open file cannot be deleted, and another program may hold it by now
            self._remove()

    def _remove(self) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


@contextmanager
def held(path: Path, busy: FtguiError) -> Iterator[None]:
    """Hold a lock within the block.

    Raises:
        FtguiError, OSError: as ``HeldLock``.
    """
    lock = HeldLock(path, busy)
    try:
        yield
    finally:
        lock.give_back()


def is_held(path: Path) -> bool:
    """Return whether somebody holds a lock, in this program or another; nothing is made or taken away."""
    try:
        if not path.is_file():
            return False
    except (OSError, ValueError):  # nobody may look
        return False
    try:
        with FileLock(path, thread_local=False).acquire(timeout=0):
            return False
    except NotImplementedError:  # a file that was left where the disk knows no locks
        return False
    except OSError:  # somebody holds it; or it may not be opened, so it is another user's
        return True
