"""torchvision's image classifiers: their names, their official weights, and how to build one.

What is known of them is read from ``resources/architectures.json``, which ``tools/make_architectures.py``
makes from torchvision itself; torch is imported only to build one.
"""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING

import msgspec

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.core.paths import RESOURCES
from ftgui.core.preprocessing import Preprocessing

if TYPE_CHECKING:
    from torch import nn

IMAGENET_CLASSES = 1000


class OfficialWeights(msgspec.Struct, frozen=True, kw_only=True):
    """One file that torchvision publishes for an architecture."""

    name: str
    sha256_prefix: str
    """The first digits of the file's SHA-256, as its published name carries them."""
    is_default: bool
    file: str
    """What it is called on torchvision's server and in torch.hub's folder."""
    file_mb: float
    """Its size as torchvision states it, in units of 2^20 bytes."""
    parameters: int
    gflops: float
    """Multiply-adds of one picture of the size it was evaluated with, in units of 10^9."""
    accuracy: float | None
    """Top-1 on ImageNet's validation pictures, in percent; None where it has no trained output layer."""
    recipe: str
    """Address of a page that says how it was trained."""
    licence: str
    """Address of its licence where that is one of its own, else ""."""
    preprocessing: Preprocessing


class Architecture(msgspec.Struct, frozen=True, kw_only=True):
    """One classifier of torchvision."""

    name: str
    title: str
    fingerprint: str
    head: str
    """Module path of the output layer."""
    head_region: str
    """The module around it that holds no other entries: whoever replaces one may replace the other."""
    weights: tuple[OfficialWeights, ...]
    entry_count: int
    """How many entries identify it (see ``fingerprint``)."""
    sample: dict[str, str]
    """Some of them, with their shapes ("64x3x7x7"): enough to find the nearest without building any."""


class ArchitectureTable(records.Record, frozen=True, kw_only=True):
    """The whole of ``architectures.json``."""

    torchvision: str
    """The version it was made from."""
    architectures: tuple[Architecture, ...]


@functools.cache
def _table() -> dict[str, Architecture]:
    table = records.read_json(RESOURCES / "architectures.json", ArchitectureTable)
    return {architecture.name: architecture for architecture in table.architectures}


def names() -> tuple[str, ...]:
    """Return torchvision's names of all classifiers, in alphabetical order."""
    return tuple(_table())


def get(name: str) -> Architecture:
    """Return what is known of an architecture.

    Raises:
        FtguiError: there is none of this name; close ones are named.
    """
    try:
        return _table()[name]
    except KeyError:
        raise _unknown(name) from None


def _unknown(name: str) -> FtguiError:
    plain = name.lower().replace("-", "").replace(" ", "_")
    close = difflib.get_close_matches(plain, names(), n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(close)}?" if close else "Use a name of torchvision's, such as resnet18."
    return FtguiError(f"There is no architecture “{name}”.", hint)


def build(name: str, num_classes: int, image_size: int | None = None) -> nn.Module:
    """Return a network with random weights, drawn from torch's global generator; see ``construct``.

    Raises:
        FtguiError: there is no architecture of this name.
    """
    from ftgui.models.construction import construct

    return construct(get(name).name, num_classes, image_size)
