"""Records on disk: JSON that says which version of the format it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ftgui.core import files
from ftgui.core.errors import FtguiError

FORMAT_VERSION = 1
"""Raised when a file's meaning changes. An older one is read, a newer one refused by name."""

T = TypeVar("T")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the records that are files of their own; ``format_version`` comes first in each."""

    format_version: int = FORMAT_VERSION


def to_json(record: object, *, indent: int = 2) -> str:
    """Return a record, or a plain dict, as JSON text that ends in a newline."""
    return msgspec.json.format(msgspec.json.encode(record), indent=indent).decode() + "\n"


def to_json_line(record: object) -> str:
    """Return a record as one line of JSON without its newline."""
    return msgspec.json.encode(record).decode()


def write_json(path: Path, record: object) -> None:
    """Write a record atomically."""
    files.write_text(path, to_json(record))


def read_json(path: Path, kind: type[T]) -> T:
    """Read a record of ``kind``.

    Raises:
        FtguiError: there is no such file, it is not of this kind, or a newer ftgui wrote it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FtguiError(f"“{path}” cannot be read: {error.strerror}.", details=str(error)) from error
    return from_json(content, kind, str(path))


def from_json(content: bytes, kind: type[T], name: str) -> T:
    """Read a record of ``kind`` from JSON bytes; ``name`` says in an error where they came from."""
    try:
        plain: Any = msgspec.json.decode(content)
        refuse_newer(plain, name)
        return msgspec.convert(plain, kind)
    except msgspec.MsgspecError as error:
        raise FtguiError(f"“{name}” is not a file that ftgui wrote.", details=str(error)) from error


def refuse_newer(plain: object, name: str) -> None:
    """Raise FtguiError where decoded JSON says that a newer ftgui wrote it."""
    version = plain.get("format_version", FORMAT_VERSION) if isinstance(plain, dict) else FORMAT_VERSION
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise FtguiError(
            f"“{name}” was written by a newer ftgui (format {version}; this one reads up to "
            f"{FORMAT_VERSION}).",
            "Update ftgui to open it.",
        )
