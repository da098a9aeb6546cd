"""The two files of a row table (``core/rows``): how they begin, how they are read, how they are written."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROWS, INDEX, LOCK = "rows.bin", "index.bin", ".lock"
MAGIC = b"ftgrows1"
HEADER = struct.Struct("<8s8sQQ")
COUNT_AT = HEADER.size - 8
ENTRY = np.dtype([("name", "V16"), ("crc", "<u4")])
READ_BYTES = 2**20


class Header(NamedTuple):
    """What ``index.bin`` begins with."""

    magic: bytes
    identity: bytes
    """Drawn at random when a table begins; tells it from one that was in its place before."""
    row_bytes: int
    rows: int
    """How many rows count."""


def begin(folder: Path, row_bytes: int) -> None:
    """Put the files of an empty table in ``folder``. Who has opened those that were there keeps them."""
    for name in (ROWS, INDEX):
        (folder / name).unlink(missing_ok=True)
    with (folder / ROWS).open("xb"), (folder / INDEX).open("xb", buffering=0) as index:
        write_at(index, 0, HEADER.pack(MAGIC, secrets.token_bytes(8), row_bytes, 0))


def read_header(index: FileIO) -> Header | None:
    """Return the header of an index, or None where there is no whole one of this format."""
    content = index.read(HEADER.size)
    if len(content) < HEADER.size or not content.startswith(MAGIC):
        return None
    return Header(*HEADER.unpack(content))


def is_table(folder: Path) -> bool:
    """Return whether a folder is a row table's, as far as a look at its files tells.

    Rows whose index a power cut took count, or they would never be deleted.
    """
    with suppress(OSError), (folder / INDEX).open("rb", buffering=0) as index:  # then the others tell
        if read_header(index) is not None:
            return True
    return (folder / ROWS).is_file() and (folder / LOCK).is_file()


def write_count(index: FileIO, count: int) -> None:
    """Let so many rows count."""
    write_at(index, COUNT_AT, count.to_bytes(8, "little"))


def write_at(stream: FileIO, at: int, content: bytes | memoryview) -> None:
    """Write all of ``content`` from the byte ``at`` on; a single ``write`` may write less."""
    stream.seek(at)
    left = memoryview(content)
    while left:
        left = left[stream.write(left) or 0 :]


def read_rows(stream: FileIO, row_bytes: int, numbers: Sequence[int]) -> Iterator[tuple[int, memoryview]]:
    """Yield each row's number and bytes, good until the next; fewer bytes where the file does not give them.

    ``numbers`` ascend. The rows are read, not mapped: where a disk fails, a read fails, but a mapping ends
    the program. Those that lie side by side are read at once, since most are small.
    """
    most = max(1, READ_BYTES // row_bytes)
    buffer = memoryview(bytearray(min(most, len(numbers)) * row_bytes))
    start = 0
    while start < len(numbers):
        end = start + 1
        while end < len(numbers) and end < start + most and numbers[end] == numbers[end - 1] + 1:
            end += 1
        size = _read_at(stream, numbers[start] * row_bytes, buffer[: (end - start) * row_bytes])
        for at, number in enumerate(numbers[start:end]):
            yield number, buffer[at * row_bytes : min((at + 1) * row_bytes, size)]
        start = end


def _read_at(stream: FileIO, at: int, buffer: memoryview) -> int:
    """Read from the byte ``at`` on; return how many bytes came."""
    try:
        stream.seek(at)
        return stream.readinto(buffer) or 0
    except OSError:
        return 0
