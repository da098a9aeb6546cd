"""What pretraining and checking share: the architecture, and pixels made ready as torchvision does it.

ShuffleNet V2 x0.5 because it has BatchNorm (so there is something to see about norms), few and clearly
named stages, 1.5 MB of weights, and runs about 800 pictures a second through two cores at 224 px.
"""

from __future__ import annotations

import os

import torch
from torch import Tensor, nn
from torchvision.models import get_model

ARCHITECTURE = "shufflenet_v2_x0_5"
WEIGHTS_NAME = f"{ARCHITECTURE}-drawn.pth"
THREADS = min(2, os.cpu_count() or 1)

_MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
_STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def fresh(classes: int, seed: int) -> nn.Module:
    """The architecture with random weights."""
    torch.manual_seed(seed)
    model: nn.Module = get_model(ARCHITECTURE, num_classes=classes)
    return model.to(memory_format=torch.channels_last)


def normalised(pixels: Tensor) -> Tensor:
    """Floats of 0 to 1 to what ImageNet models expect."""
    return ((pixels - _MEAN) / _STD).contiguous(memory_format=torch.channels_last)
