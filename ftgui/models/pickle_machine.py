"""A machine that follows a pickle of tensors and makes notes in the place of objects.

It knows the few instructions that torch.save writes, and what they are written for. Whatever else a pickle
can say is refused, whether it would do harm or not: a thing is called only by its name, only a mapping is
filled and only a list grows, and a state is given only to what is stood in for, or to a mapping whose methods
it does not hide.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from ftgui.models.pickled_names import (
    MAPPINGS,
    OTHERS,
    OTHERS_MAPPINGS,
    PARAMETERS,
    REBUILD,
    STAND_INS,
    STORAGES,
)

_MOST_MEMO = 2**25
_MOST_DIMENSIONS = 64
"""Of a tensor, as torch has it."""
_MOST_PARTS = 100
"""Of a key, tuples in tuples counted through."""
_MOST_NAMES = 10_000
"""Of those that are stood in for, called or handed on. torch.save writes a name once."""
_MOST_COPIED = 1_000_000
"""Elements of the containers that calls are given. Old files make each OrderedDict so, of its pairs."""


class UnknownError(Exception):
    """The pickle does what no pickle of tensors does."""


class OverclaimError(Exception):
    """A tensor claims more than its storage has."""


class Claims:
    """Which storages a pickle names, in bytes, as it states them, and how much its tensors use of them."""

    def __init__(self) -> None:
        self.storage_bytes: dict[str, int] = {}
        self.tensor_bytes = 0
        self.entries = 0
        """How often a tensor stands under a key."""
        self.may_be_hidden = False
        """Something that is stood in for has a state: what tensors are in it will not be seen again."""


@dataclass(frozen=True)
class _Name:
    """What a name stands for, not called yet."""

    full: str


@dataclass(frozen=True)
class _Storage:
    """A storage's claim: how many elements it says it has."""

    elements: int
    dtype: torch.dtype


class _List:
    """A list, and how long it is."""

    def __init__(self) -> None:
        self.length = 0


@dataclass(frozen=True, eq=False)
class _Thing:
    """What was made: of which kind, so that it is known what may be done to it."""

    kind: str


class _Mapping:
    """A mapping: its keys that are words, as far as it was filled in plain sight."""

    def __init__(self, *, is_in_sight: bool = True) -> None:
        self.words: set[str] = set()
        self.length = 0
        self.is_in_sight = is_in_sight

    @property
    def is_empty(self) -> bool:
        return self.is_in_sight and not self.words


class Machine:
    """Follows one pickle; what its tensors claim is in ``claims``."""

    def __init__(self) -> None:
        self.claims = Claims()
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []
        """The stacks under each mark."""
        self._memo: dict[int, Any] = {}
        self._copied = 0
        self._names = 0

    def follow(self, opcode: str, argument: Any) -> None:
        """Follow one instruction.

        Raises:
            UnknownError: torch.save does not write it, or not so.
            OverclaimError: a tensor claims more than its storage.
            ValueError, LookupError, TypeError: it makes no sense where it stands.
        """
        if opcode in _VALUES:
            self._stack.append(argument)
        elif opcode in _MAKERS:
            self._stack.append(_MAKERS[opcode]())
        elif opcode in _STEPS:
            _STEPS[opcode](self, argument)
        elif opcode != "STOP" and (opcode != "PROTO" or self._stack or self._below):
            raise UnknownError(f"instruction {opcode}")

    def mark(self, _argument: None) -> None:
        self._below.append(self._stack)
        self._stack = []

    def name(self, argument: str) -> None:
        if argument in STAND_INS or argument in OTHERS_MAPPINGS:
            self._count_name()
        self._stack.append(_Name(argument))

    def get(self, index: int) -> None:
        self._stack.append(self._memo[index])

    def put(self, index: int) -> None:
        if index > _MOST_MEMO:
            raise ValueError("a memo index beyond reason")
        self._memo[index] = self._stack[-1]

    def pair_up(self, count: int) -> None:
        """Make a tuple of the last ``count`` values."""
        if len(self._stack) < count:
            raise ValueError("more is used than there is")
        self._stack[-count:] = [tuple(self._stack[-count:])]

    def tuple_to_mark(self, _argument: None) -> None:
        items = self._to_mark()
        self._stack.append(tuple(items))

    def append(self, _argument: None) -> None:
        self._grow([self._stack.pop()])

    def append_all(self, _argument: None) -> None:
        self._grow(self._to_mark())

    def set_item(self, _argument: None) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._fill([key, value])

    def set_items(self, _argument: None) -> None:
        self._fill(self._to_mark())

    def call(self, _argument: None) -> None:
        arguments, called = self._stack.pop(), self._stack.pop()
        if not isinstance(called, _Name) or type(arguments) is not tuple:
            raise UnknownError("a call of what has no name")
        self._stack.append(self._made(called.full, arguments))

    def make(self, _argument: None) -> None:
        """Make an object of a class: so torch.save writes what is stood in for, and no tensor."""
        arguments, kind = self._stack.pop(), self._stack.pop()
        full = kind.full if isinstance(kind, _Name) else "no class"
        if type(arguments) is not tuple or not (full in MAPPINGS or full in STAND_INS):
            raise UnknownError(f"an object of {full}")
        self._stack.append(self._made(full, arguments))

    def build(self, _argument: None) -> None:
        state, top = self._stack.pop(), self._stack[-1]
        if isinstance(top, _Mapping):
            words = state.words if isinstance(state, _Mapping) and state.is_in_sight else None
            if words is None or any(hasattr(OrderedDict, word) for word in words):
                raise UnknownError("a mapping whose methods may be hidden")
        elif not _is_of_kind(top, "stand-in"):
            raise UnknownError("a state of what takes none")
        else:
            self.claims.may_be_hidden = True

    def storage(self, _argument: None) -> None:
        claim = self._stack.pop()
        if type(claim) is tuple and claim[:1] == ("module",):
            raise UnknownError("a module with its source")
        kind, name, key, _location, elements, *view = claim
        dtype = STORAGES.get(name.full) if isinstance(name, _Name) else None
        if kind != "storage" or dtype is None or type(key) is not str or not _is_count(elements) or any(view):
            raise ValueError("an unreadable storage")
        size = elements * dtype.itemsize
        if self.claims.storage_bytes.setdefault(key, size) != size:
            raise ValueError("one storage with two sizes")
        self._stack.append(_Storage(elements, dtype))

    def _made(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Return the note of what comes out of a call."""
        if name in REBUILD:
            return self._tensor(*arguments)
        if name in PARAMETERS:
            if not _is_of_kind(arguments[0], "tensor"):
                raise UnknownError("a parameter of no tensor")
            return arguments[0]
        self._copied += sum(_length(argument) for argument in arguments)
        if self._copied > _MOST_COPIED:
            raise UnknownError("containers that are copied again and again")
        if name in MAPPINGS:
            return _Mapping(is_in_sight=not arguments)
        if name == "_codecs.encode" and not (type(arguments[0]) is str and arguments[1:] in _LATIN):
            raise UnknownError("a word that is encoded in another way than bytes are written")
        if name not in STAND_INS and name not in OTHERS:
            raise UnknownError(f"a call of {name}")
        self._count_name()
        return _Thing("stand-in" if name in STAND_INS else "other")

    def _tensor(
        self, storage: Any, offset: Any, size: Any, stride: Any, _learns: Any = False, hooks: Any = None,
        attributes: Any = None,
    ) -> _Thing:  # fmt: skip
        if not (isinstance(storage, _Storage) and _is_count(offset) and type(size) is type(stride) is tuple):
            raise ValueError("an unreadable tensor")
        if (
            len(size) != len(stride)
            or len(size) > _MOST_DIMENSIONS
            or not all(map(_is_count, (*size, *stride)))
        ):
            raise ValueError("a tensor of no size")
        extras = (hooks, attributes)
        if not all(more is None or (isinstance(more, _Mapping) and more.is_empty) for more in extras):
            raise UnknownError("a tensor with hooks, or a view that is negated or conjugated")
        if not _fits(storage.elements, offset, size, stride):
            raise OverclaimError(f"shape {size}, {storage.elements} elements stored")
        self.claims.tensor_bytes += math.prod(size) * storage.dtype.itemsize
        return _Thing("tensor")

    def _count_name(self) -> None:
        """torch goes through all that it may call for each name, and for each thing that is stood in for."""
        self._names += 1
        if self._names > _MOST_NAMES:
            raise UnknownError("names without end")

    def _fill(self, items: list[Any]) -> None:
        mapping = self._stack[-1]
        if not isinstance(mapping, _Mapping) or len(items) % 2:
            raise ValueError("something that is no mapping is filled")
        for key in items[::2]:
            if not _can_be_key(key):
                raise UnknownError("a key of no kind")
            if type(key) is str:
                mapping.words.add(key)
        mapping.length += len(items) // 2
        self.claims.entries += sum(_is_of_kind(value, "tensor") for value in items[1::2])

    def _grow(self, items: list[Any]) -> None:
        top = self._stack[-1]
        if not isinstance(top, _List):
            raise TypeError("something that is no list grows")
        top.length += len(items)

    def _to_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._below.pop()
        return items


_VALUES = frozenset(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINSTRING"))
_MAKERS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": _List,
    "EMPTY_DICT": _Mapping,
}
_STEPS: dict[str, Callable[[Machine, Any], None]] = {
    "MARK": Machine.mark,
    "GLOBAL": Machine.name,
    "BINGET": Machine.get,
    "LONG_BINGET": Machine.get,
    "BINPUT": Machine.put,
    "LONG_BINPUT": Machine.put,
    "TUPLE": Machine.tuple_to_mark,
    "TUPLE1": lambda machine, _: machine.pair_up(1),
    "TUPLE2": lambda machine, _: machine.pair_up(2),
    "TUPLE3": lambda machine, _: machine.pair_up(3),
    "APPEND": Machine.append,
    "APPENDS": Machine.append_all,
    "SETITEM": Machine.set_item,
    "SETITEMS": Machine.set_items,
    "REDUCE": Machine.call,
    "NEWOBJ": Machine.make,
    "BUILD": Machine.build,
    "BINPERSID": Machine.storage,
}
INSTRUCTIONS = frozenset({"PROTO", "STOP", *_VALUES, *_MAKERS, *_STEPS})
"""All that torch.save writes and torch's own safe reader takes."""
_LATIN = (("latin1",), ("latin-1",))
_SCALARS = (str, int, float, bool, type(None))


def _is_of_kind(value: Any, kind: str) -> bool:
    return isinstance(value, _Thing) and value.kind == kind


def _can_be_key(key: Any) -> bool:
    """Whether it is a word, a number, a thing, or a few of these in tuples. More are hashed without end."""
    open_, seen = [key], 0
    while open_:
        part = open_.pop()
        seen += 1
        if seen > _MOST_PARTS or not (type(part) in (tuple, *_SCALARS) or isinstance(part, _Thing)):
            return False
        open_ += part if type(part) is tuple else ()
    return True


def _length(value: Any) -> int:
    """Return how many elements a copy of a container has."""
    if isinstance(value, _List | _Mapping):
        return value.length
    return len(value) if isinstance(value, str | tuple) else 0


def _fits(stored: int, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    """Whether a tensor is dense (no element stands for many) and lies within its storage."""
    elements = math.prod(size)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if elements else offset
    return elements <= stored and (not elements or last < stored)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**62
