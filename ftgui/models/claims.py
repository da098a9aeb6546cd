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
from pathlib import Path
from typing import IO, Any

import torch

from ftgui.core.errors import FtguiError

_SAVE_STATE_DICT = "Where it was made, save it with torch.save(model.state_dict(), “weights.pth”)."

_OPCODES = frozenset(
    """
    PROTO STOP MARK GLOBAL REDUCE NEWOBJ BUILD BINPERSID BINGET LONG_BINGET BINPUT LONG_BINPUT NONE NEWTRUE
    NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE SHORT_BINSTRING EMPTY_TUPLE TUPLE TUPLE1
    TUPLE2 TUPLE3 EMPTY_LIST APPEND APPENDS EMPTY_DICT SETITEM SETITEMS EMPTY_SET
    """.split()  # noqa: SIM905  one name a line would fill a page
)
"""All that torch.save writes and torch's own safe reader takes; none runs, imports or allocates anything."""

_INERT = frozenset(
    {
        "collections.OrderedDict",
        "collections.Counter",
        "collections.defaultdict",
        "torch.nn.parameter.Parameter",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_parameter_with_state",
        "torch.Size",
        "torch.device",
        "_codecs.encode",
        "builtins.set",
        "__builtin__.set",
    }
)
_UNREADABLE = (pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError, AttributeError)
_REBUILD = frozenset({"torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"})
_STORAGES = {
    "torch.storage.UntypedStorage": torch.uint8,
    "torch.FloatStorage": torch.float32,
    "torch.DoubleStorage": torch.float64,
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.LongStorage": torch.int64,
    "torch.IntStorage": torch.int32,
    "torch.ShortStorage": torch.int16,
    "torch.CharStorage": torch.int8,
    "torch.ByteStorage": torch.uint8,
    "torch.BoolStorage": torch.bool,
}
_OF_NETWORKS = ("torch.nn.", "torchvision.", "timm.", "__main__.")


class Claims:
    """Which storages a pickle names, in bytes, as it states them."""

    def __init__(self) -> None:
        self.storage_bytes: dict[str, int] = {}


def read_claims(path: Path, stream: IO[bytes]) -> Claims:
    """Read one pickle from where ``stream`` stands, and leave it at the pickle's end.

    Raises:
        FtguiError: it holds more than tensors, numbers and words; a tensor claims more than its storage;
            or it is cut short.
    """
    try:
        content = _one_pickle(path, stream)
        reader = _ClaimsReader(path, content)
        reader.load()
        return reader.claims
    except _UNREADABLE as error:
        raise FtguiError(
            f"“{path.name}” is damaged: its list of weights cannot be read.",
            "Download or copy it again.",
            f"{type(error).__name__}: {error}",
        ) from error


def _one_pickle(path: Path, stream: IO[bytes]) -> bytes:
    """Return one pickle's bytes after a look at each of its instructions."""
    start = stream.tell()
    names: set[str] = set()
    for opcode, argument, position in pickletools.genops(stream):
        if opcode.name not in _OPCODES:
            raise _not_tensors(path, f"instruction {opcode.name}")
        if opcode.name == "LONG_BINPUT" and isinstance(argument, int) and argument > (position or 0):
            raise ValueError("a memo index beyond the pickle's length")
        if opcode.name == "GLOBAL":
            names.add(str(argument).replace(" ", "."))
    _refuse_foreign_names(path, names)
    end = stream.tell()
    stream.seek(start)
    return stream.read(end - start)


def _refuse_foreign_names(path: Path, names: set[str]) -> None:
    foreign = sorted(name for name in names if not _is_known(name))
    if not foreign:
        return
    if any(name.startswith(_OF_NETWORKS) for name in foreign):
        raise FtguiError(
            f"“{path.name}” holds a whole network as a Python object, and opening one can run any code.",
            _SAVE_STATE_DICT,
            ", ".join(foreign),
        )
    if all(name.startswith("torch.") for name in foreign):
        raise FtguiError(
            f"“{path.name}” holds tensors of a kind that ftgui does not read (quantized or sparse ones).",
            "Save the weights as ordinary 32-bit or 16-bit tensors.",
            ", ".join(foreign),
        )
    raise _not_tensors(path, ", ".join(foreign))


def _is_known(name: str) -> bool:
    return name in _INERT or name in _REBUILD or name in _STORAGES or _is_dtype(name)


def _is_dtype(name: str) -> bool:
    return name.startswith("torch.") and isinstance(vars(torch).get(name[6:]), torch.dtype)


def _not_tensors(path: Path, details: str) -> FtguiError:
    return FtguiError(
        f"“{path.name}” holds more than weights: Python objects, which are not opened as they can run code.",
        _SAVE_STATE_DICT,
        details,
    )


class _Storage:
    """A storage's claim: how many elements it says it has."""

    def __init__(self, elements: int) -> None:
        self.elements = elements


class _Inert(dict[Any, Any]):
    """Stands for every other thing: takes whatever a pickle does to it and does nothing."""

    def __new__(cls, *_arguments: object) -> _Inert:
        return super().__new__(cls)

    def __init__(self, *_arguments: object) -> None:
        super().__init__()

    def __setstate__(self, _state: object) -> None: ...

    def __hash__(self) -> int:  # type: ignore[override]  # a pickle may use one as a key
        return id(self)


class _ClaimsReader(pickle.Unpickler):
    """Reads a pickle whose instructions and names have been looked at; makes nothing but claims."""

    def __init__(self, path: Path, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="latin-1")
        self._path = path
        self.claims = Claims()

    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if full in _STORAGES:
            return _STORAGES[full]
        return self._tensor if full in _REBUILD else _Inert

    def persistent_load(self, claim: Any) -> _Storage:
        if claim[0] == "module":
            raise _not_tensors(self._path, "a module with its source")
        kind, dtype, key, _location, elements, *_view = claim
        if kind != "storage" or not isinstance(dtype, torch.dtype) or not _is_count(elements):
            raise ValueError("an unreadable storage")
        size = elements * dtype.itemsize
        if self.claims.storage_bytes.setdefault(str(key), size) != size:
            raise ValueError("one storage with two sizes")
        return _Storage(elements)

    def _tensor(self, storage: _Storage, offset: int, size: Any, stride: Any, *_rest: object) -> _Inert:
        if not (isinstance(storage, _Storage) and _is_count(offset) and len(size) == len(stride)):
            raise ValueError("an unreadable tensor")
        if not all(map(_is_count, (*size, *stride))):
            raise ValueError("a tensor of no size")
        if not _fits(storage.elements, offset, tuple(size), tuple(stride)):
            raise FtguiError(
                f"“{self._path.name}” claims more weights than it has bytes for.",
                "No program that saves weights writes such a file: do not use it.",
                f"shape {size}, {storage.elements} elements stored",
            )
        return _Inert()


def _fits(stored: int, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    """Whether a tensor is dense (no element stands for many) and lies within its storage."""
    elements = math.prod(size)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if elements else offset
    return elements <= stored and (not elements or last < stored)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**62
