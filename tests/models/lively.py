"""Networks of every family of torchvision's classifiers, with features that vary from picture to picture."""

from __future__ import annotations

import copy
import functools

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from ftgui.models import architectures
from ftgui.models.head import seeded
from tests import samples

FEW = ("densenet121", "efficientnet_b0", "resnet18", "swin_t")
"""What tests go through each time."""
OTHERS = (
    "alexnet",
    "convnext_tiny",
    "efficientnet_v2_s",
    "googlenet",
    "inception_v3",
    "maxvit_t",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "regnet_x_400mf",
    "regnet_y_400mf",
    "resnext50_32x4d",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "swin_v2_t",
    "vgg11_bn",
    "vit_b_32",
)
EACH = [*FEW, *(pytest.param(name, marks=pytest.mark.long) for name in OTHERS)]
"""For ``parametrize``: at least one of every family."""

_CROPS = {"inception_v3": 107, "maxvit_t": 224, "regnet_y_128gf": 32, "vit_h_14": 56}
"""Of networks that pictures of 64 pixels do not go through, or only slowly."""


def crop_of(name: str) -> int:
    return _CROPS.get(name, 64)


def family_of(name: str) -> str:
    """Return the module of torchvision that a classifier comes from, such as ``densenet``."""
    return str(torchvision.models.get_model_builder(name).__module__).rpartition(".")[2]


def pictures(name: str, first: int = 50, count: int = 1) -> torch.Tensor:
    """Return drawn pictures as a network sees them, ``count`` of each of three classes."""
    side = crop_of(name)
    numbers = range(first, first + count)
    drawn = [samples.draw_picture(label, number) for number in numbers for label in range(3)]
    arrays = np.stack([np.asarray(picture.resize((side, side))) for picture in drawn])
    return (torch.from_numpy(arrays).permute(0, 3, 1, 2).float() / 255 - 0.45) / 0.22


def lively(name: str) -> nn.Module:
    """Return a network of five classes in eval mode, made lively."""
    return copy.deepcopy(_lively(name))


@functools.lru_cache(maxsize=len(FEW))
def _lively(name: str) -> nn.Module:
    with seeded(0):
        model = architectures.build(name, 5, crop_of(name))
    return enlivened(model, name)


def enlivened(model: nn.Module, name: str) -> nn.Module:
    """Return a network with random weights none of which is 0 or as good as 0, in eval mode.

    torchvision's own random weights leave much of a network without a say (a layer scale of 1e-6, a head of
    zeros), and what is shown with such a network holds of nothing. Norms get statistics of drawn pictures.
    """
    with seeded(1), samples.one_thread(), torch.no_grad():
        for part in model.modules():
            for entry, parameter in part.named_parameters(recurse=False):
                redraw(part, entry, parameter)
        calibrate(model, name)
    return model.eval()


def redraw(part: nn.Module, entry: str, parameter: nn.Parameter) -> None:
    """Draw a module's own parameter anew, but for a temperature, from torch's global generator."""
    if entry == "logit_scale":
        return
    if entry in ("class_token", "pos_embedding"):
        parameter.normal_(0, 0.5)
    elif parameter.ndim > 1:
        parameter.normal_(0, (2 / parameter[0].numel()) ** 0.5)
    elif isinstance(part, nn.BatchNorm2d):  # mostly above 0, or a deep network blows the last bit up
        parameter.uniform_(0.4, 0.8)
    elif entry == "weight":
        parameter.uniform_(0.5, 1.5)
    else:
        parameter.normal_(0, 0.1)


def calibrate(model: nn.Module, name: str, batches: int = 2) -> None:
    """Give a network's norms the statistics of drawn pictures, and leave it in train mode."""
    norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # the plain mean of all batches
    model.train()
    for batch in range(batches) if norms else ():
        model(pictures(name, 4 * batch, 4))
    for norm in norms:
        norm.momentum = 0.1


def assert_varies(features: torch.Tensor) -> None:
    """Fail where features are nearly the same for different pictures."""
    flat = features.detach().float().flatten(1)
    spread = flat.std(dim=0).mean() / flat.abs().mean()
    assert spread > 0.02, f"these features differ by {spread:.1e} of their size only"


class Undecided(nn.Module):
    """Takes a path that depends on the data."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x) if x.sum() > 0 else x
