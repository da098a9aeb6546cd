"""What a pickle of tensors claims, read without making any tensor or object of it.

``torch.load(weights_only=True)`` runs no foreign code, but it believes the sizes that a pickle states: a
file of 1.6 KB may claim a tensor of 10^12 elements, or a storage longer than the bytes that are there.
So the pickle is read twice: here first, where every name it calls stands for something inert and only the
claims are noted; then, if they add up, by torch.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import torch

from ftgui.core.errors import FtguiError
from ftgui.models.pickled_names import REBUILD, STORAGES, Inert, not_tensors, refuse_foreign, stands_for

MAX_INSTRUCTIONS = 1_000_000
"""Some 30 make a tensor. The largest of torchvision's networks with its optimizer's state needs 200,000."""
MAX_PICKLE_BYTES = 2**25
"""Hundreds of times as long as the list of the largest network's entries."""
_MOST_VIEWS = 16
"""How many times over the tensors of a file may use its storages. Shared weights are used twice."""

_OPCODES = frozenset(
    """
    PROTO STOP MARK GLOBAL REDUCE NEWOBJ BUILD BINPERSID BINGET LONG_BINGET BINPUT LONG_BINPUT NONE NEWTRUE
    NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE SHORT_BINSTRING EMPTY_TUPLE TUPLE TUPLE1
    TUPLE2 TUPLE3 EMPTY_LIST APPEND APPENDS EMPTY_DICT SETITEM SETITEMS EMPTY_SET
    """.split()  # noqa: SIM905  one name a line would fill a page
)
"""All that torch.save writes and torch's own safe reader takes; none runs, imports or allocates anything."""

_UNREADABLE = (
    pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError, AttributeError, RecursionError,
)  # fmt: skip
_DO_NOT_USE = "No program that saves weights writes such a file: do not use it."


class Claims:
    """Which storages a pickle names, in bytes, as it states them, and how much its tensors use of them."""

    def __init__(self) -> None:
        self.storage_bytes: dict[str, int] = {}
        self.tensor_bytes = 0


def read_claims(path: Path, stream: IO[bytes]) -> Claims:
    """Read one pickle from where ``stream`` stands, and leave it at the pickle's end.

    Raises:
        FtguiError: it holds more than tensors, numbers and words; a tensor claims more than its storage;
            it lists more than any network has; or it is cut short.
    """
    try:
        content = _one_pickle(path, stream)
        reader = _ClaimsReader(path, content)
        reader.load()
    except _UNREADABLE as error:
        raise FtguiError(
            f"“{path.name}” is damaged: its list of weights cannot be read.",
            "Download or copy it again.",
            f"{type(error).__name__}: {error}",
        ) from error
    if reader.claims.tensor_bytes > _MOST_VIEWS * sum(reader.claims.storage_bytes.values()):
        raise _claims_too_much(path, "the same bytes are used by many tensors")
    return reader.claims


def _one_pickle(path: Path, stream: IO[bytes]) -> bytes:
    """Return one pickle's bytes after a look at each of its instructions."""
    start, content = stream.tell(), io.BytesIO(stream.read(MAX_PICKLE_BYTES))
    names: set[str] = set()
    for number, (opcode, argument, position) in enumerate(_instructions(path, content)):
        if opcode.name not in _OPCODES:
            raise not_tensors(path, f"instruction {opcode.name}")
        if number > MAX_INSTRUCTIONS:
            raise too_many_entries(path)
        if opcode.name == "LONG_BINPUT" and isinstance(argument, int) and argument > (position or 0):
            raise ValueError("a memo index beyond the pickle's length")
        if opcode.name == "GLOBAL":
            names.add(str(argument).replace(" ", "."))
    refuse_foreign(path, names)
    stream.seek(start + content.tell())
    return content.getvalue()[: content.tell()]


def _instructions(
    path: Path, content: io.BytesIO
) -> Iterator[tuple[pickletools.OpcodeInfo, Any, int | None]]:
    try:
        yield from pickletools.genops(content)
    except ValueError:
        if content.getbuffer().nbytes == MAX_PICKLE_BYTES:  # it goes on behind what was read
            raise too_many_entries(path) from None
        raise


def too_many_entries(path: Path) -> FtguiError:
    """Return what is said of a file that lists more entries than can be looked through."""
    return FtguiError(
        f"“{path.name}” lists far more entries than any network for pictures has.",
        "Choose the file that holds the network's weights alone.",
    )


def _claims_too_much(path: Path, details: str) -> FtguiError:
    return FtguiError(f"“{path.name}” claims more weights than it has bytes for.", _DO_NOT_USE, details)


class _Storage:
    """A storage's claim: how many elements it says it has."""

    def __init__(self, elements: int, dtype: torch.dtype) -> None:
        self.elements = elements
        self.dtype = dtype


class _ClaimsReader(pickle.Unpickler):
    """Reads a pickle whose instructions and names have been looked at; makes nothing but claims."""

    def __init__(self, path: Path, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="latin-1")
        self._path = path
        self.claims = Claims()

    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if full in STORAGES:
            return STORAGES[full]
        return self._tensor if full in REBUILD else stands_for(full)

    def persistent_load(self, claim: Any) -> _Storage:
        if claim[0] == "module":
            raise not_tensors(self._path, "a module with its source")
        kind, dtype, key, _location, elements, *_view = claim
        if kind != "storage" or not isinstance(dtype, torch.dtype) or not _is_count(elements):
            raise ValueError("an unreadable storage")
        size = elements * dtype.itemsize
        if self.claims.storage_bytes.setdefault(str(key), size) != size:
            raise ValueError("one storage with two sizes")
        return _Storage(elements, dtype)

    def _tensor(self, storage: _Storage, offset: int, size: Any, stride: Any, *_rest: object) -> Inert:
        if not (isinstance(storage, _Storage) and _is_count(offset) and len(size) == len(stride)):
            raise ValueError("an unreadable tensor")
        if not all(map(_is_count, (*size, *stride))):
            raise ValueError("a tensor of no size")
        if not _fits(storage.elements, offset, tuple(size), tuple(stride)):
            raise _claims_too_much(self._path, f"shape {size}, {storage.elements} elements stored")
        self.claims.tensor_bytes += math.prod(size) * storage.dtype.itemsize
        return Inert()


def _fits(stored: int, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    """Whether a tensor is dense (no element stands for many) and lies within its storage."""
    elements = math.prod(size)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if elements else offset
    return elements <= stored and (not elements or last < stored)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**62
