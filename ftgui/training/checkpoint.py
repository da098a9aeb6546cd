"""Weights on disk: written whole, read back as plain tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from ftgui.core.errors import FtguiError
from ftgui.core.files import atomic_writer

BEST = "best.pth"


def save_weights(path: Path, model: nn.Module) -> None:
    """Write a plain ``state_dict``, on the CPU and in fp32, atomically.

    Through a Python handle: ``torch.save(obj, path)`` that fails destroys the good file already there.

    Raises:
        OSError: the disk is full or cannot be written to.
    """
    entries = model.state_dict()  # with its ``_metadata``, without which MNASNets do not load
    for name, tensor in entries.items():
        entries[name] = tensor.detach().to("cpu", copy=True)
    write_state_dict(path, entries)


def write_state_dict(path: Path, entries: Mapping[str, torch.Tensor]) -> None:
    """Write weights atomically.

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


def read_state_dict(path: Path) -> Mapping[str, torch.Tensor]:
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
