"""A list of pictures and their classes, as a table in a text file: ``path,label`` a line."""

from __future__ import annotations

import csv
import io
import os
import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ftgui.core.errors import FtguiError
from ftgui.data.layout import TEST_NAMES, TRAIN_NAMES, VAL_NAMES
from ftgui.data.walk import PICTURE_SUFFIXES, is_text, join, suffix_of

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
NUMBER_NAMES = frozenset({"", "id", "index", "idx", "no", "nr", "number", "row", "image_id", "unnamed:_0"})
"""Columns that number the lines: no classes."""
SIDES = {
    **dict.fromkeys(("", *TRAIN_NAMES, "training"), "train"),
    **dict.fromkeys((*VAL_NAMES, "dev"), "val"),
    **dict.fromkeys((*TEST_NAMES, "testing"), "test"),
}
"""What a list calls the parts of a split."""
MAX_BYTES = 500_000_000
_DELIMITERS = ("\t", ";", ",")


class Row(NamedTuple):
    """One line of a list."""

    path: str
    label: str
    side: str
    """What a third column says of the split, in small letters; "" where there is none."""


class NoClassesError(FtguiError):
    """A list names pictures alone."""


class Start:
    """The folder at which the paths of a list begin."""

    def __init__(self, folder: Path) -> None:
        self._real = os.path.realpath(folder)
        spellings = (posixpath.normpath(folder.absolute().as_posix()), self._real.replace(os.sep, "/"))
        self._above = tuple(f"{spelling.rstrip('/')}/" for spelling in spellings)

    def relative(self, path: str, base: str = "") -> str | None:
        """Return the one way to write a path from here, through ``..`` where it leads out of the folder.

        ``base`` is the folder in this one that a relative path begins in. None where there is no way:
        it is on another drive.
        """
        if not (path.startswith("/") or os.path.splitdrive(path)[0]):
            return posixpath.normpath(join(base, path))
        path = posixpath.normpath(path)
        for above in self._above:
            if path.startswith(above):
                return path[len(above) :]
        try:  # from the real folder: that is where ".." leads up from
            return os.path.relpath(path, self._real).replace(os.sep, "/")
        except ValueError:
            return None


def is_list(name: str) -> bool:
    """Whether a file may be a list, by its name."""
    return suffix_of(name) in LIST_SUFFIXES


def is_list_file(file: Path) -> bool:
    """Whether there is a file that may be a list, by its name."""
    return is_list(file.name) and exists(file)


def exists(file: Path) -> bool:
    """Whether there is such a file; no name is too long or too odd to ask."""
    try:
        return file.is_file()
    except (OSError, ValueError):
        return False


def read_rows(file: Path) -> list[Row]:
    """Read a list: a path and a label a line, parted by commas, semicolons or tabs, in a ``.txt`` by spaces.

    A first line that names its columns decides which they are; paths have forward slashes. Lines that are
    empty or begin with ``#`` are passed over.

    Raises:
        NoClassesError: no line has a label.
        FtguiError: it cannot be read, is no text, or a line has no label.
    """
    lines = _lines(file)
    table = list(_cells(file, lines))
    if not table:
        raise FtguiError(f"“{file.name}” lists no pictures.", _HOW_TO)
    columns = _columns(table[0][1])
    if columns is None:
        columns = Columns(0, 1)
    else:
        table = table[1:]
    label_at, side_at = columns.label, _side_column(table, columns.sides)
    if table and not any(_cell(cells, label_at) for _, cells in table):
        raise NoClassesError(f"“{file.name}” says no classes.", _HOW_TO)
    return [_row(file, number, cells, columns.path, label_at, side_at) for number, cells in table]


_HOW_TO = "Write a picture a line: its path, a comma, its class."


class Columns(NamedTuple):
    """Where the cells of a line stand."""

    path: int
    label: int | None
    sides: tuple[int, ...] = ()
    """Those that may say the split."""


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
    path = _first(names, PATH_NAMES - {"name"})
    path = _first(names, PATH_NAMES) if path is None else path
    label = _first(names, LABEL_NAMES)
    if (path is None and label is None) or any(suffix_of(cell) in PICTURE_SUFFIXES for cell in cells):
        return None
    sides = tuple(number for number, name in enumerate(names) if name in SIDE_NAMES)
    others = [number for number in range(len(names)) if number not in (path, label, *sides)]
    told = [number for number in others if names[number] not in NUMBER_NAMES]
    if path is None:
        path = next(iter(told or others), None)
    elif label is None:
        label = next(iter(told), None)
    return None if path is None else Columns(path, label, sides)


def _first(names: Sequence[str], known: frozenset[str]) -> int | None:
    return next((number for number, name in enumerate(names) if name in known), None)


def _side_column(table: Sequence[tuple[int, list[str]]], columns: Sequence[int]) -> int | None:
    """Return the first of ``columns`` in which a part of a split is named; a ``fold`` may be a number."""
    for column in columns:
        values = {_cell(cells, column).casefold() for _, cells in table}
        if (values - {""}) & SIDES.keys():
            return column
    return None


def _cell(cells: Sequence[str], column: int | None) -> str:
    return cells[column] if column is not None and len(cells) > column else ""


def _row(
    file: Path, number: int, cells: Sequence[str], path_at: int, label_at: int | None, side_at: int | None
) -> Row:
    path, label = _cell(cells, path_at).replace("\\", "/"), _cell(cells, label_at)
    if not path or not label:
        raise FtguiError(
            f"Line {number} of “{file.name}” has no path or no class.", _HOW_TO, ", ".join(cells)
        )
    if not is_text(path) or not is_text(label):
        raise FtguiError(f"Line {number} of “{file.name}” is no valid text.", _HOW_TO)
    return Row(path.removeprefix("./"), label, _cell(cells, side_at).casefold())
