"""Files that are whole or not there at all, and nothing of the user's written over."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ftgui.core.errors import FtguiError


@contextmanager
def atomic_writer(path: Path) -> Iterator[IO[bytes]]:
    """Open ``path`` for writing so that a reader sees the old file or the new one, never half of one.

    The bytes go through a Python handle to a temporary file beside ``path``, are flushed to the disk and
    renamed over it. Handing libraries the handle, not the path, keeps their failures an ``OSError`` and
    the good file that was there before untouched.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` atomically."""
    with atomic_writer(path) as stream:
        stream.write(content)


def write_text(path: Path, content: str) -> None:
    """Write ``content`` to ``path`` atomically, UTF-8 with plain newlines on every system."""
    write_bytes(path, content.encode("utf-8"))


def new_folder(path: Path, what: str) -> Path:
    """Make the folder ``path`` for ``what`` ("the run"), refusing one that already holds anything.

    Raises:
        FtguiError: it is a file, holds something already, or cannot be made or written to.
    """
    try:
        if path.exists() and not path.is_dir():
            raise FtguiError(f"“{path}” is a file, so {what} cannot go there.", "Choose a folder.")
        if path.is_dir() and any(path.iterdir()):
            raise FtguiError(
                f"The folder “{path}” already holds something, and ftgui never writes over it.",
                "Choose a new or an empty folder.",
            )
        path.mkdir(parents=True, exist_ok=True)
        descriptor, probe = tempfile.mkstemp(prefix=".ftgui-", dir=path)
        os.close(descriptor)
        Path(probe).unlink()
    except OSError as error:
        raise cannot_write(path, what, error) from error
    return path


def cannot_write(path: Path, what: str, error: OSError) -> FtguiError:
    """Put a failed write in words."""
    return FtguiError(
        f"{what[:1].upper()}{what[1:]} cannot be written to “{path}”: {error.strerror or error}.",
        "Choose a folder you may write to, on a disk with room.",
        str(error),
    )


def unused_path(parent: Path, name: str) -> Path:
    """Return ``parent/name``, or the first of ``name-2``, ``name-3``, … that does not exist."""
    candidate, number = parent / name, 2
    while candidate.exists():
        candidate = parent / f"{name}-{number}"
        number += 1
    return candidate
