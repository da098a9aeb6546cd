"""The classic transfer learning tutorial beside ftgui: its frozen network drifts, and ``adapt`` is that.

The tutorial freezes by ``requires_grad = False`` alone. Its loop is written here from its description: a
ResNet-18 whose parameters need no gradient but for a new ``fc``; SGD over ``fc`` (0.001, momentum 0.9), a
tenth of that every 7 epochs; 25 epochs of batches of 4, each with a training phase in ``model.train()`` and
a validation phase in ``model.eval()``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR

from ftgui.training.loops import epoch_batches
from tests import samples
from tests.freezing.training import (
    CLASSES,
    Learned,
    Network,
    State,
    Stores,
    differing,
    learn,
    stores,
)
from tests.freezing.training import folder as folder

SIZE, EPOCHS, SEED = 64, 25, 3
SETTINGS: dict[str, Any] = {
    "strategy": "freeze",
    "epochs": EPOCHS,
    "batch_size": 4,
    "lr": 0.001,
    "momentum": 0.9,
    "weight_decay": 0.0,
    "schedule": "step",
    "augment": "none",
    "seed": SEED,
}
"""The same in ftgui's words, but for the norms."""

Batch = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Tutorial:
    """What the tutorial's loop did."""

    start: State
    end: State
    losses: list[tuple[float, float]]
    """Of training and validation, an epoch each."""
    rates: list[float]


def train_model(
    model: nn.Module,
    criterion: nn.Module,
    optimizer: torch.optim.Optimizer,
    scheduler: StepLR,
    batches: dict[str, Callable[[int], list[Batch]]],
    num_epochs: int,
) -> tuple[list[tuple[float, float]], list[float]]:
    """Train as the tutorial does; return what it prints, and the learning rates."""
    losses, rates = [], []
    for epoch in range(1, num_epochs + 1):
        rates.append(optimizer.param_groups[0]["lr"])
        means = {}
        for phase in ("train", "val"):
            if phase == "train":
                model.train()
            else:
                model.eval()
            running_loss, count = 0.0, 0
            for inputs, labels in batches[phase](epoch):
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    loss = criterion(model(inputs), labels)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                running_loss += loss.item() * len(labels)
                count += len(labels)
            if phase == "train":
                scheduler.step()
            means[phase] = running_loss / count
        losses.append((means["train"], means["val"]))
    return losses, rates


@functools.cache
def network(folder: Path) -> Network:
    return Network(folder, "resnet18", SIZE)


def pictures(folder: Path) -> Stores:
    return stores(folder, SIZE, train=12, val=8, augment="none")


@functools.cache
def tutorial(folder: Path) -> Tutorial:
    """Run the tutorial on the weights file's network and the same batches as ftgui's."""
    model = pretrained(folder)
    for parameter in model.parameters():
        parameter.requires_grad = False
    torch.manual_seed(SEED)
    model.fc = nn.Linear(model.fc.in_features, CLASSES)
    start = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.fc.parameters(), lr=0.001, momentum=0.9)
    with samples.one_thread():
        losses, rates = train_model(
            model,
            nn.CrossEntropyLoss(),
            optimizer,
            StepLR(optimizer, step_size=7, gamma=0.1),
            {
                "train": functools.partial(training_batches, folder),
                "val": lambda _: validation_batches(folder),
            },
            EPOCHS,
        )
    return Tutorial(start, dict(model.state_dict()), losses, rates)


def pretrained(folder: Path) -> Any:
    """Return torchvision's own ResNet-18 with the file's weights, its old output layer included."""
    from torchvision.models import resnet18

    entries = network(folder).file.entries
    model = resnet18(weights=None, num_classes=len(entries["fc.bias"]))
    model.load_state_dict(entries)
    return model


def training_batches(folder: Path, epoch: int) -> list[Batch]:
    store = pictures(folder).train
    batches = epoch_batches(len(store.pictures), 4, SEED, epoch)
    assert {len(batch) for batch in batches} == {4}, "no tail of one, which ftgui would fold"
    return [(pictures(folder).normalised(b.tolist()), store.labels[torch.from_numpy(b)]) for b in batches]


def validation_batches(folder: Path) -> list[Batch]:
    store = pictures(folder).val
    return [(pictures(folder).normalised(range(len(store.pictures)), val=True), store.labels)]


@functools.cache
def ftgui(folder: Path, norm: str) -> Learned:
    return learn(network(folder), pictures(folder), norm=norm, **SETTINGS)


def is_statistic(name: str) -> bool:
    return name.endswith(("running_mean", "running_var", "num_batches_tracked"))


def test_both_begin_with_the_same_bits(folder: Path) -> None:
    assert differing(tutorial(folder).start, ftgui(folder, "adapt").start) == set()


def test_the_tutorials_frozen_network_drifts(folder: Path) -> None:
    """All 20 BatchNorms' means, variances and counters move, though none of their parameters learns."""
    moved = differing(tutorial(folder).start, tutorial(folder).end)
    statistics = {name for name in tutorial(folder).start if is_statistic(name)}
    assert len(statistics) == 60
    assert moved == statistics | {"fc.weight", "fc.bias"}


def test_the_drift_is_large_enough_to_matter(folder: Path) -> None:
    """The same features would no longer come out for the same picture."""
    drifted = pretrained(folder).eval()
    before = drifted(validation_batches(folder)[0][0])
    end = tutorial(folder).end
    drifted.load_state_dict({name: t for name, t in end.items() if is_statistic(name)}, strict=False)
    after = drifted(validation_batches(folder)[0][0])
    assert (after - before).abs().max() > 0.01 * before.abs().max()


def test_locked_norms_do_not_drift(folder: Path) -> None:
    assert ftgui(folder, "locked").moved() == {"fc.weight", "fc.bias"}


def test_adapting_norms_reproduce_the_tutorial_bit_for_bit(folder: Path) -> None:
    """Weights and statistics, after 25 epochs and three steps of the learning rate."""
    assert differing(tutorial(folder).end, ftgui(folder, "adapt").end) == set()


def test_its_losses_and_learning_rates_are_the_tutorials_too(folder: Path) -> None:
    told = ftgui(folder, "adapt").ended
    assert [e.lr for e in told] == pytest.approx(tutorial(folder).rates, rel=1e-12)
    assert tutorial(folder).rates[::7] == pytest.approx([1e-3, 1e-4, 1e-5, 1e-6])
    losses = [(e.train_loss, e.val_loss) for e in told]
    assert losses == [pytest.approx(pair, rel=1e-6) for pair in tutorial(folder).losses]


def test_locked_norms_lead_elsewhere(folder: Path) -> None:
    """So the equality is one of the drift too."""
    assert differing(tutorial(folder).end, ftgui(folder, "locked").end) >= {"fc.weight", "fc.bias"}
