"""The part of a download that has arrived: its bytes, their hash, and which version of the file it is of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from ftgui.core import files

BLOCK = 2**20
"""Bytes that are read, and hashed, at once."""


def part_path(target: Path) -> Path:
    """Return where the bytes of ``target`` lie until they are all there."""
    return target.with_name(f"{target.name}.part")


class Hasher:
    """The SHA-256 of bytes as they come."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self.size = 0

    def add(self, content: bytes) -> None:
        self._sha256.update(content)
        self.size += len(content)

    def read(self, path: Path) -> Iterator[int]:
        """Add what a file holds, yielding the bytes so far after each block."""
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                self.add(block)
                yield self.size

    def matches(self, prefix: str) -> bool:
        """Whether the digest begins with ``prefix``."""
        return self._sha256.hexdigest().startswith(prefix)


class Part:
    """The file beside the target, open for more between ``with`` and its end; ``finish`` makes it the target.

    ``hasher`` is to have read what was there from before. An empty part is not left behind.
    """

    def __init__(self, target: Path) -> None:
        self.path = part_path(target)
        self.hasher = Hasher()
        self._target = target
        self._version = self.path.with_name(f"{self.path.name}.version")
        self._stream: IO[bytes] | None = None

    def __enter__(self) -> Part:
        self._stream = self.path.open("ab")
        return self

    def __exit__(self, *_exception: object) -> None:
        self._close()
        if self._stream is not None and self.path.exists() and not self.path.stat().st_size:
            self._delete()

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        return self.hasher.size

    def matches(self, prefix: str) -> bool:
        return self.size > 0 and self.hasher.matches(prefix)

    def range_headers(self) -> dict[str, str]:
        """Return what asks for the rest, if it still is of the same version."""
        if not self.size:
            return {}
        headers = {"Range": f"bytes={self.size}-"}
        with suppress(OSError, UnicodeError):
            if version := self._version.read_text("latin-1").strip():
                headers["If-Range"] = version
        return headers

    def name_version(self, name: str) -> None:
        """Keep what the server calls this version of the file by."""
        files.write_bytes(self._version, name.encode("latin-1", "replace"))

    def write(self, content: bytes) -> None:
        assert self._stream is not None
        self._stream.write(content)
        self.hasher.add(content)

    def empty(self) -> None:
        """Forget what has arrived."""
        assert self._stream is not None
        self._stream.truncate(0)
        self.hasher = Hasher()

    def finish(self) -> None:
        """Become the target. What had its name and is another file keeps its bytes, under another name."""
        assert self._stream is not None
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        if self._target.exists():
            self._target.replace(files.unused_path(self._target.parent, f"{self._target.name}.other"))
        self.path.replace(self._target)
        self._version.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._stream is not None:
            with suppress(OSError):  # of a full disk, said already when it was written to
                self._stream.close()

    def _delete(self) -> None:
        for path in (self.path, self._version):
            path.unlink(missing_ok=True)
