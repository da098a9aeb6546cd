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
    entries = {name: tensor.detach().to("cpu", copy=True) for name, tensor in model.state_dict().items()}
    with atomic_writer(path) as stream:
        torch.save(entries, stream)


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
