"""Weights on disk: written whole, read back as plain tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from ftgui.core.errors import FtguiError
from ftgui.core.files import atomic_writer
from ftgui.core.records import FORMAT_VERSION, refuse_newer

BEST = "best.pth"
"""The weights of the best epoch: a plain ``state_dict``."""
CHECKPOINT = "checkpoint.pth"
"""What it takes to resume from the last epoch that ended."""


def save_weights(path: Path, model: nn.Module, moved: Mapping[str, torch.Tensor] | None = None) -> None:
    """Write a plain ``state_dict``, on the CPU and in fp32, atomically; ``moved`` instead of its own entries.

    Through a Python handle: ``torch.save(obj, path)`` that fails destroys the good file already there.

    Raises:
        OSError: the disk is full or cannot be written to.
    """
    entries = model.state_dict()  # with its ``_metadata``, without which MNASNets do not load
    entries.update(moved or {})
    for name, tensor in entries.items():  # each on its own, in the usual order of memory
        entries[name] = tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
    write_state_dict(path, entries)


def write_state_dict(path: Path, entries: Mapping[str, Any]) -> None:
    """Write weights, or what holds some, atomically.

    Raises:
        OSError: the disk is full or cannot be written to.
    """
    try:
        with atomic_writer(path) as stream:
            torch.save(entries, stream)
    except RuntimeError as error:  # torch's zip writer buries what the stream raised under its own
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise


def read_state_dict(path: Path) -> dict[str, Any]:
    """Read weights that ftgui wrote.

    Raises:
        FtguiError: the file is missing or damaged.
    """
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=False)
    except Exception as error:  # a damaged file raises whatever its bytes lead to
        raise FtguiError(
            f"The trained weights “{path}” cannot be read.",
            "Train again; if that happens often, check the disk.",
            str(error),
        ) from error
    if not isinstance(loaded, dict):
        raise FtguiError(f"“{path}” holds no weights.", "Choose a run folder that ftgui wrote.")
    return loaded


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A run at an epoch's edge: with the run's config and weights file, all that it takes to go on.

    Random numbers, orders and views need no keeping: each epoch draws its own from (seed, epoch).
    """

    epoch: int
    """Epochs that ended."""
    moving: Mapping[str, torch.Tensor]
    """The entries that the plan lets move; all others are the weights file's."""
    optimizer: dict[str, Any]
    scaler: dict[str, Any] = {}
    """Of fp16; empty in other arithmetic."""
    seconds: float
    phase_seconds: dict[str, float]
    spared_seconds: float | None = None
    """See ``RunEnded``."""
    counters: dict[str, int] = {}
    """Of ``passages.Counters``."""


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, atomically.

    Raises:
        OSError: the disk is full or cannot be written to.
    """
    write_state_dict(path, {"format_version": FORMAT_VERSION, **msgspec.structs.asdict(checkpoint)})


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint that ftgui wrote; tensors are on the CPU.

    Raises:
        FtguiError: the file is missing or damaged, or a newer ftgui's.
    """
    fields = dict(read_state_dict(path))
    refuse_newer(fields, str(path))
    fields.pop("format_version", None)
    try:
        return Checkpoint(**fields)
    except TypeError as error:
        raise FtguiError(f"“{path}” is no checkpoint of a run.", "Train again.", str(error)) from error
