"""A list of pictures and their classes, as a table in a text file: ``path,label`` a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ftgui.core.errors import FtguiError
from ftgui.data.walk import is_text, suffix_of

LIST_SUFFIXES = (".csv", ".tsv", ".txt")
PATH_NAMES = frozenset(
    {
        "path",
        "file",
        "filename",
        "file_name",
        "filepath",
        "file_path",
        "image",
        "image_path",
        "picture",
        "name",
    }
)
LABEL_NAMES = frozenset({"label", "class", "category", "target", "class_name", "label_name", "species"})
SIDE_NAMES = frozenset({"split", "set", "subset", "partition", "fold"})
MAX_BYTES = 500_000_000
_DELIMITERS = ("\t", ";", ",")


class Row(NamedTuple):
    """One line of a list."""

    path: str
    label: str
    side: str
    """What a third column says of the split, in small letters; "" where there is none."""


def is_list(name: str) -> bool:
    """Whether a file may be a list, by its name."""
    return suffix_of(name) in LIST_SUFFIXES


def read_rows(file: Path) -> list[Row]:
    """Read a list: a path and a label a line, parted by commas, semicolons or tabs, in a ``.txt`` by spaces.

    A first line that names its columns decides which they are; paths have forward slashes. Lines that are
    empty or begin with ``#`` are passed over.

    Raises:
        FtguiError: it cannot be read, is no text, or a line has no label.
    """
    lines = _lines(file)
    table = list(_cells(file, lines))
    if not table:
        raise FtguiError(f"“{file.name}” lists no pictures.", _HOW_TO)
    columns = _columns(table[0][1])
    if columns is None:
        columns = (0, 1, None)
    else:
        table = table[1:]
    return [_row(file, number, cells, columns) for number, cells in table]


_HOW_TO = "Write a picture a line: its path, a comma, its class."
Columns = tuple[int, int, int | None]
"""Where the path, the label and the split stand."""


def _lines(file: Path) -> list[str]:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise FtguiError(f"“{file.name}” is too large for a list of pictures.", _HOW_TO)
        content = file.read_bytes()
    except OSError as error:
        raise FtguiError(
            f"The list “{file}” cannot be read: {error.strerror or error}.",
            "Check that it exists and that you may read it.",
            str(error),
        ) from error
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise FtguiError(
            f"The list “{file.name}” is no UTF-8 text.", "Save it as UTF-8.", str(error)
        ) from error
    if "\0" in text:
        raise FtguiError(f"“{file.name}” is no text.", _HOW_TO)
    return text.splitlines()


def _cells(file: Path, lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each line that says something, from 1 on, and its cells."""
    told = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not told:
        return
    delimiter = next((sign for sign in _DELIMITERS if sign in told[0][1]), None)
    if delimiter is None:
        for number, line in told:
            yield number, [cell.strip() for cell in line.strip().rsplit(None, 1)]
        return
    try:
        for number, line in told:
            (cells,) = csv.reader(io.StringIO(line), delimiter=delimiter, skipinitialspace=True)
            yield number, [cell.strip() for cell in cells]
    except (csv.Error, ValueError) as error:
        raise FtguiError(f"“{file.name}” is no table that ftgui can read.", _HOW_TO, str(error)) from error


def _columns(cells: Sequence[str]) -> Columns | None:
    """Return which columns a first line names; None where it is a line like any other."""
    names = [cell.casefold().replace(" ", "_") for cell in cells]
    path, label, side = (_first(names, known) for known in (PATH_NAMES, LABEL_NAMES, SIDE_NAMES))
    if label is None or path == label:
        return None
    return (path if path is not None else 0, label, side)


def _first(names: Sequence[str], known: frozenset[str]) -> int | None:
    return next((number for number, name in enumerate(names) if name in known), None)


def _row(file: Path, number: int, cells: Sequence[str], columns: Columns) -> Row:
    path_at, label_at, side_at = columns
    if len(cells) <= max(path_at, label_at) or not cells[path_at] or not cells[label_at]:
        raise FtguiError(
            f"Line {number} of “{file.name}” has no path or no class.", _HOW_TO, ", ".join(cells)
        )
    path, label = cells[path_at].replace("\\", "/"), cells[label_at]
    if not is_text(path) or not is_text(label):
        raise FtguiError(f"Line {number} of “{file.name}” is no valid text.", _HOW_TO)
    side = cells[side_at].casefold() if side_at is not None and len(cells) > side_at else ""
    return Row(path.removeprefix("./"), label, side)
