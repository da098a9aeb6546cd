"""Networks made by torchvision: with random weights, or as skeletons without memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torchvision.models import get_model

from ftgui.models import fingerprint

_WITH_AUXILIARY_HEADS = ("googlenet", "inception_v3")


def construct(
    name: str, num_classes: int, image_size: int | None = None, *, auxiliary: bool = False
) -> nn.Module:
    """Return torchvision's ``name`` with random weights, drawn from torch's global generator.

    GoogLeNet's and Inception's auxiliary heads are off unless asked for, as torchvision has them; so is
    their own change of the input, which is part of their preprocessing here. ``image_size`` matters to
    vision transformers alone (224 unless said).
    """
    options: dict[str, Any] = {"num_classes": num_classes}
    if name in _WITH_AUXILIARY_HEADS:
        options |= {"aux_logits": auxiliary, "transform_input": False, "init_weights": True}
    if image_size is not None and name.startswith("vit_"):
        options["image_size"] = image_size
    model: nn.Module = get_model(name, weights=None, **options)
    return model


def skeleton(
    name: str, num_classes: int, image_size: int | None = None, *, auxiliary: bool = False
) -> nn.Module:
    """Return a network whose tensors are on the meta device: names and shapes, no memory, little time."""
    with _MetaTensors():
        return construct(name, num_classes, image_size, auxiliary=auxiliary)


class _MetaTensors(TorchFunctionMode):
    """Puts what modules allocate for parameters and buffers on the meta device.

    ``torch.device("meta")`` would also catch the arithmetic on small tensors by which RegNets find their
    widths, and they fail by it.
    """

    _allocators: frozenset[Callable[..., torch.Tensor]] = frozenset({torch.empty, torch.zeros, torch.ones})

    _fillers: frozenset[Callable[..., torch.Tensor]] = frozenset(
        {torch.Tensor.normal_, torch.Tensor.uniform_, torch.Tensor.fill_, torch.Tensor.zero_}
    )
    """What there is nothing to fill with, yet would take more than half of the time."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options = kwargs or {}
        if func in self._fillers and args[0].is_meta:
            return args[0]
        return func(*args, **(options | {"device": "meta"} if func in self._allocators else options))


def shapes_of(model: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the shape of every entry of a network's ``state_dict``, in its order."""
    return fingerprint.shapes_of(model.state_dict())
