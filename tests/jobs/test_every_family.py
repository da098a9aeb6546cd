"""Every strategy on the smallest member of each of torchvision's 17 families: ten steps at two pictures."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torchvision

from ftgui.core.process import give_freed_memory_back
from ftgui.training import keeping
from ftgui.training.checkpoint import CHECKPOINT, read_checkpoint
from ftgui.training.config import TrainConfig
from ftgui.training.events import BatchEnded, CheckpointSaved, EpochEnded
from ftgui.training.trainer import Trainer
from tests import samples
from tests.freezing.training import (
    Network,
    Stores,
    differing,
    learn,
    make_trainer,
    stores,
)
from tests.freezing.training import folder as folder

pytestmark = pytest.mark.long  # many runs


@dataclass(frozen=True)
class Member:
    """The smallest network of a family, and the smallest pictures that its norms can tell apart in twos."""

    size: int
    head: tuple[str, ...]
    image_size: int | None = None
    """The size that a vision transformer is built for."""
    large: bool = False
    """Too large to be quick: it gets two threads, and is marked long but for ``freeze``."""


FAMILIES = {
    "alexnet": Member(64, ("classifier.6.weight", "classifier.6.bias"), large=True),
    "convnext_tiny": Member(32, ("classifier.2.weight", "classifier.2.bias"), large=True),
    "densenet121": Member(64, ("classifier.weight", "classifier.bias")),
    "efficientnet_b0": Member(48, ("classifier.1.weight", "classifier.1.bias")),
    "googlenet": Member(48, ("fc.weight", "fc.bias")),
    "inception_v3": Member(75, ("fc.weight", "fc.bias")),
    "maxvit_t": Member(224, ("classifier.5.weight",), large=True),  # of one size alone, and without a bias
    "mnasnet0_5": Member(48, ("classifier.1.weight", "classifier.1.bias")),
    "mobilenet_v2": Member(48, ("classifier.1.weight", "classifier.1.bias")),
    "mobilenet_v3_small": Member(48, ("classifier.3.weight", "classifier.3.bias")),
    "regnet_y_400mf": Member(48, ("fc.weight", "fc.bias")),
    "resnet18": Member(48, ("fc.weight", "fc.bias")),
    "shufflenet_v2_x0_5": Member(48, ("fc.weight", "fc.bias")),
    "squeezenet1_1": Member(32, ("classifier.1.weight", "classifier.1.bias")),
    "swin_t": Member(32, ("head.weight", "head.bias"), large=True),
    "vgg11": Member(32, ("classifier.6.weight", "classifier.6.bias"), large=True),
    "vit_b_32": Member(64, ("heads.head.weight", "heads.head.bias"), image_size=64, large=True),
}
STRATEGIES = ("freeze", "lr-zero", "small-lr", "partial", "thaw", "full", "scratch")
EPOCHS, STEPS = 2, 5
SETTINGS = {"epochs": EPOCHS, "batch_size": 2, "lr": 0.001, "thaw_epoch": 2}


def case(architecture: str, strategy: str) -> object:
    """Return the parameters of a test, marked where they take long."""
    takes_long = FAMILIES[architecture].large and strategy != "freeze"
    return pytest.param(architecture, strategy, marks=[pytest.mark.long] if takes_long else [])


CASES = [case(*names) for names in itertools.product(FAMILIES, STRATEGIES)]
QUICK = [architecture for architecture, member in FAMILIES.items() if not member.large]


_NETWORKS: dict[str, Network] = {}
"""The last one that was asked for: several at once would take gigabytes."""


def network(folder: Path, architecture: str) -> Network:
    if architecture not in _NETWORKS:
        _NETWORKS.clear()
        give_freed_memory_back()
        member = FAMILIES[architecture]
        _NETWORKS[architecture] = Network(folder, architecture, member.size, image_size=member.image_size)
    return _NETWORKS[architecture]


def pictures(folder: Path, architecture: str) -> Stores:
    return stores(folder, FAMILIES[architecture].size, train=2 * STEPS, val=2)


@pytest.fixture(autouse=True, scope="module")
def memory_given_back() -> Iterator[None]:
    yield
    _NETWORKS.clear()
    give_freed_memory_back()


def test_the_families_are_all_that_torchvision_has() -> None:
    def family(architecture: str) -> str:
        return torchvision.models.get_model_builder(architecture).__module__

    everything = torchvision.models.list_models(module=torchvision.models)
    assert {family(architecture) for architecture in FAMILIES} == {family(name) for name in everything}
    assert len(FAMILIES) == 17


@pytest.mark.parametrize(("architecture", "strategy"), CASES)
def test_every_strategy_works_for_every_family(folder: Path, architecture: str, strategy: str) -> None:
    member, own = FAMILIES[architecture], network(folder, architecture)
    how: dict[str, Any] = {"keep": (1,) if strategy == "thaw" else (), "threads": 2 if member.large else 1}
    learned = learn(own, pictures(folder, architecture), strategy=strategy, **how, **SETTINGS)
    applied, moved = learned.trainer.applied, learned.moved()
    assert len(learned.rates) == EPOCHS * STEPS
    assert None not in {loss for e in learned.ended for loss in (e.train_loss, e.val_loss)}, "all are finite"
    assert moved >= set(member.head)
    if strategy in ("freeze", "lr-zero"):
        assert moved == set(member.head)
        return
    if strategy == "thaw":
        assert learned.moved(epoch=1) == set(member.head)
    kept = applied.stages[:-2] if strategy == "partial" else ()
    still = [stage.name for stage in applied.stages if not moved & set(stage.entries)]
    assert still == [stage.name for stage in kept], "every stage that is to learn has moved, and no other"
    assert applied.frozen_entries() == {name for stage in kept for name in stage.entries}


@pytest.mark.parametrize("architecture", QUICK)
def test_every_family_can_be_resumed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, architecture: str
) -> None:
    monkeypatch.setattr(keeping, "save_weights", lambda *_: None)
    monkeypatch.setattr(keeping, "SAVE_EVERY", 0.0)
    config = TrainConfig(dataset="", weights="", **SETTINGS)
    own, few = network(folder, architecture), stores(folder, FAMILIES[architecture].size, train=4, val=2)
    with samples.one_thread():
        straight = make_trainer(own, few, config, folder=tmp_path)
        list(straight.run())
        (tmp_path / CHECKPOINT).unlink()
        resumed = make_trainer(own, few, config, folder=tmp_path)
        take_up(resumed, make_trainer(own, few, config, folder=tmp_path))
        list(resumed.run())
    assert resumed.model is not straight.model
    assert differing(resumed.model.state_dict(), straight.model.state_dict()) == set()


def take_up(trainer: Trainer, earlier: Trainer) -> None:
    """Run ``earlier`` into its second epoch, drop it there, and let ``trainer`` have its checkpoint."""
    ended, kept = [], None
    for event in earlier.run():
        if isinstance(event, EpochEnded):
            ended.append(event)
        if isinstance(event, CheckpointSaved):
            kept = event
        if isinstance(event, BatchEnded) and event.epoch == 2:
            break
    trainer.resume(read_checkpoint(earlier.folder / CHECKPOINT), ended, kept)
