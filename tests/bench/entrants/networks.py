"""What the rivals share: torchvision's networks and loaders, used as their documentation shows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import torch
import torchvision
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from tests.bench.entrants.job import Job

State = Mapping[str, torch.Tensor]
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def pretrained(job: Job) -> nn.Module:
    """Return the network of the weights file, its old output layer included."""
    state = torch.load(job.weights, map_location="cpu", weights_only=True)
    *_, bias = state.values()
    model = torchvision.models.get_model(job.architecture, weights=None, num_classes=len(bias))
    model.load_state_dict(state)
    return model


def output_layer(model: nn.Module) -> str:
    """Return the path of the last linear layer: the output layer of torchvision's networks used here."""
    return [path for path, part in model.named_modules() if isinstance(part, nn.Linear)][-1]


def replace_output_layer(model: nn.Module, new: nn.Module | None = None, classes: int = 0) -> nn.Module:
    """Put ``new``, or a linear layer of so many classes, in the output layer's place; return it."""
    path = output_layer(model)
    old = model.get_submodule(path)
    assert isinstance(old, nn.Linear)
    layer = new or nn.Linear(old.in_features, classes)
    model.set_submodule(path, layer)
    return layer


def features(model: nn.Module) -> int:
    """Return how many numbers go into the output layer."""
    layer = model.get_submodule(output_layer(model))
    assert isinstance(layer, nn.Linear)
    return layer.in_features


def changed_of_extractor(job: Job, after: State) -> tuple[int, int]:
    """Return how many entries of the extractor differ between the weights file and ``after``, of how many.

    The extractor is all but the output layer, with the names that the whole network has.
    """
    model = pretrained(job)
    head = output_layer(model) + "."
    before = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith(head)}
    return differing(before, after), len(before)


def differing(before: State, after: State) -> int:
    """Return how many entries of ``before`` differ in any bit in ``after``."""
    return sum(not same_bits(tensor, after[name]) for name, tensor in before.items())


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    one, other = one.detach().cpu().contiguous(), other.detach().cpu().contiguous()
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return torch.equal(one.reshape(-1).view(torch.uint8), other.reshape(-1).view(torch.uint8))


def plain_transform() -> transforms.Compose:
    """The usual centre crop, which nothing is drawn for."""
    return transforms.Compose(
        [
            transforms.Resize(256),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )


def random_transform() -> transforms.Compose:
    """The tutorial's augmentation."""
    return transforms.Compose(
        [
            transforms.RandomResizedCrop(224),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )


def loaders(job: Job, train: transforms.Compose, workers: int | None = None) -> dict[str, DataLoader]:
    """Return a loader for ``train``, shuffled, and one for ``val``, each with worker processes."""
    folder, workers = Path(job.data), workers or os.cpu_count() or 1
    return {
        "train": DataLoader(
            datasets.ImageFolder(folder / "train", train), job.batch_size, shuffle=True, num_workers=workers
        ),
        "val": DataLoader(
            datasets.ImageFolder(folder / "val", plain_transform()), job.batch_size, num_workers=workers
        ),
    }
