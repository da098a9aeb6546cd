"""A network's fingerprint: its entries' names and shapes, less what differs between files of one network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Protocol

Shapes = Mapping[str, tuple[int, ...]]

_AUXILIARY_HEADS = ("aux1.", "aux2.", "AuxLogits.")
_COUNTER = "num_batches_tracked"
_SIZED_BY_THE_PICTURE = "encoder.pos_embedding"


class Shaped(Protocol):
    """What has a shape, as a tensor has."""

    @property
    def shape(self) -> Iterable[int]: ...


def shapes_of(entries: Mapping[str, Shaped]) -> dict[str, tuple[int, ...]]:
    """Return the shape of every entry, in their order."""
    return {key: tuple(tensor.shape) for key, tensor in entries.items()}


def is_auxiliary(key: str) -> bool:
    """Whether an entry belongs to a head that only training from scratch uses (GoogLeNet, Inception)."""
    return key.startswith(_AUXILIARY_HEADS)


def is_counter(key: str) -> bool:
    """Whether an entry is BatchNorm's count of batches, which files from before 2018 lack."""
    return key.rpartition(".")[2] == _COUNTER


def is_under(key: str, path: str) -> bool:
    """Whether an entry belongs to the module ``path``."""
    return key.startswith(path + ".")


def identifying(shapes: Shapes, head: str) -> dict[str, tuple[int, ...]]:
    """Return the entries that are the same in every file of one network, whatever it was trained for.

    The output layer's go with the classes, a vision transformer's position embedding with the picture's
    size, counters and auxiliary heads may be there or not.
    """
    return {
        key: tuple(shape)
        for key, shape in shapes.items()
        if not (is_under(key, head) or is_counter(key) or is_auxiliary(key) or key == _SIZED_BY_THE_PICTURE)
    }


def fingerprint(shapes: Shapes, head: str) -> str:
    """Return the SHA-256 of a network's identifying entries as 64 hex digits, in any order the same."""
    return fingerprint_of(identifying(shapes, head))


def fingerprint_of(entries: Shapes) -> str:
    """Return the fingerprint of a network of these identifying entries."""
    lines = sorted(f"{key} {shape_text(shape)}" for key, shape in entries.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def shape_text(shape: Iterable[int]) -> str:
    """Return a shape as people write it ("64x3x7x7")."""
    return "x".join(map(str, shape))
