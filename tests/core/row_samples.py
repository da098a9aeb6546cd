"""Tables of rows that say by themselves whose they are, and a program beside this one that writes one."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from ftgui.core.rows import Bytes, RowTable, row_name

WIDTH = 24
POSIX = pytest.mark.skipif(os.name != "posix", reason="Windows does not let an open file be deleted")


def names_of(*numbers: int) -> list[bytes]:
    return [row_name(number) for number in numbers]


def content(names: Sequence[bytes], salt: int = 0, width: int = WIDTH) -> Bytes:
    """Rows that follow from their names, so that a row says by itself whose it is."""
    made = [hashlib.shake_128(name + bytes([salt])).digest(width) for name in names]
    return np.frombuffer(b"".join(made), np.uint8).reshape(len(names), width)


def write(folder: Path, *numbers: int, width: int = WIDTH) -> None:
    with RowTable(folder, width) as table:
        table.add(names_of(*numbers), content(names_of(*numbers), width=width))


def found(table: RowTable, names: Sequence[bytes]) -> dict[bytes, bytes]:
    """What the table says of names: the bytes of those that it finds."""
    numbers = table.find(names)
    mapped = table.mapped()
    return {name: mapped[at].tobytes() for name, at in zip(names, numbers, strict=True) if at >= 0}


def expected(*numbers: int, salt: int = 0) -> dict[bytes, bytes]:
    names = names_of(*numbers)
    return {name: row.tobytes() for name, row in zip(names, content(names, salt), strict=True)}


HOLD = """
import sys
from pathlib import Path
import numpy as np
from ftgui.core.rows import RowTable, row_name
with RowTable(Path(sys.argv[1]), 24) as table:
    print(table.is_writable, flush=True)
    for line in sys.stdin:
        number = int(line)
        table.add([row_name(number)], np.full((1, 24), number, np.uint8))
        print(len(table), flush=True)
"""


@contextmanager
def another_program(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A program that has the table open; it adds a row for each number that it is told."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield child
    finally:
        child.communicate(timeout=60)


def tell(child: subprocess.Popen[str], line: str) -> str:
    assert child.stdin is not None
    child.stdin.write(line + "\n")
    child.stdin.flush()
    return answer(child)


def answer(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()
