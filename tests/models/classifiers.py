"""Each of torchvision's classifiers at its own size, the largest too, in little memory and time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
import torch
import torchvision
from torch import nn

from ftgui.models import architectures
from ftgui.models.construction import _MetaTensors
from ftgui.models.head import replace_output_layer, seeded
from ftgui.models.identify import recognise
from ftgui.models.pretrained import load_pretrained
from ftgui.models.stages import Stage, find_stages
from ftgui.models.weights import WeightsFile
from tests import samples
from tests.models.lively import calibrate, crop_of, pictures, redraw

Entries = dict[str, torch.Tensor]
Shape = tuple[int, ...]

QUICK = (
    "alexnet",
    "convnext_tiny",
    "efficientnet_b0",
    "googlenet",
    "inception_v3",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "regnet_y_400mf",
    "resnet18",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
)
"""The smallest of most families, those that are quick: what tests go through each time."""
ALL = [
    pytest.param(name, marks=[] if name in QUICK else [pytest.mark.long]) for name in architectures.names()
]
"""For ``params`` of a fixture or ``parametrize``."""
WITH_AUXILIARY_HEADS = ("googlenet", "inception_v3")
CLASSES = 5

_SHARED = 2**16
"""Elements from which on tensors of one shape are one tensor."""


@dataclass(frozen=True)
class Classifier:
    """One of them, and what the program makes of it. Each part is made when it is first asked for."""

    name: str

    @property
    def size(self) -> dict[str, int]:
        """What a vision transformer is built with for pictures of ``crop_of``."""
        return {"image_size": crop_of(self.name)} if self.name.startswith("vit_") else {}

    @cached_property
    def own(self) -> nn.Module:
        """torchvision's network of 1,000 classes, lively, in eval mode, for pictures of ``crop_of``."""
        model = torchvisions(self.name, num_classes=1000, **without_auxiliary_heads(self.name), **self.size)
        model.load_state_dict(drawn_entries(model), assign=True)
        with seeded(1), samples.one_thread(), torch.no_grad():
            calibrate(model, self.name, batches=1)
        return model.eval()

    @cached_property
    def tuned(self) -> nn.Module:
        """The same, read as a weights file and with a new output layer, as training finds it."""
        file = file_of(self.own.state_dict())
        model = load_pretrained(file, recognise(file)).eval()
        replace_output_layer(model, CLASSES, seed=0)
        return model

    @cached_property
    def bare(self) -> nn.Module:
        """torchvision's network without memory, for pictures of its own size, auxiliary heads off."""
        return torchvisions(self.name, num_classes=CLASSES, **without_auxiliary_heads(self.name))

    @cached_property
    def crop(self) -> int:
        """The side of its own pictures, as the program takes it from a file that is not torchvision's."""
        return recognise(file_of(self.bare.state_dict())).preprocessing.crop

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """Found for its own pictures."""
        return find_stages(self.bare, self.crop)

    @cached_property
    def pictures(self) -> torch.Tensor:
        """Two pictures, of two classes."""
        return pictures(self.name)[:2]


def torchvisions(name: str, **options: Any) -> nn.Module:
    """Return what ``torchvision.models.get_model`` does, without memory."""
    if name in WITH_AUXILIARY_HEADS:
        options = {"init_weights": False} | options  # or torchvision warns
    with _MetaTensors():
        model: nn.Module = torchvision.models.get_model(name, weights=None, **options)
    return model


def without_auxiliary_heads(name: str) -> dict[str, Any]:
    return {"aux_logits": False} if name in WITH_AUXILIARY_HEADS else {}


def filled_entries(model: nn.Module) -> Entries:
    """Return a ``state_dict`` with the names, shapes and types of a network without memory, and one number.

    What is said of ``drawn_entries`` holds here too, but drawing takes longer.
    """
    return _with_memory(model, lambda _part, _entry, shape: torch.full(shape, 0.5))


def drawn_entries(model: nn.Module) -> Entries:
    """Return a ``state_dict`` of random weights for a network without memory.

    Large tensors of one shape are the same tensor, so even the largest network takes some 100 MB, in memory
    and on disk. Its layers differ all the same: by their scales, shifts and biases.
    """
    with seeded(1), samples.one_thread(), torch.no_grad():
        return _with_memory(model, _drawn)


def _with_memory(model: nn.Module, make: Callable[[nn.Module, str, Shape], torch.Tensor]) -> Entries:
    entries: Entries = model.state_dict()
    made: dict[Shape, torch.Tensor] = {}
    for path, part in model.named_modules():
        for entry, parameter in part.named_parameters(recurse=False):
            shape = tuple(parameter.shape)
            if shape not in made or parameter.numel() < _SHARED:
                made[shape] = make(part, entry, shape)
            entries[f"{path}.{entry}" if path else entry] = made[shape]
    for key, tensor in entries.items():
        if tensor.is_meta:  # statistics of norms; other buffers hold their numbers already
            entries[key] = torch.full(tensor.shape, float(key.endswith("running_var")))
    return entries


def _drawn(part: nn.Module, entry: str, shape: Shape) -> torch.Tensor:
    parameter = nn.Parameter(torch.full(shape, 2.0))
    redraw(part, entry, parameter)
    return parameter.data


def file_of(entries: Mapping[str, torch.Tensor]) -> WeightsFile:
    """Return what reading a file of these entries gives."""
    return WeightsFile(
        path="w.pth", sha256="0" * 64, size_bytes=1, layout="state_dict", entries=dict(entries), notes=()
    )
