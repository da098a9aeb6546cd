"""Different roads that must end in the same place, bit for bit; and a show, each time, that they need not.

The same batches, fp32, nothing cached. Each network has something that would part the roads if it stirred:
BatchNorm, Dropout or StochasticDepth in what stays, Dropout in the head.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from torch import nn
from torchvision.ops import StochasticDepth

from ftgui.core.process import give_freed_memory_back
from ftgui.freezing.apply import AppliedPlan
from ftgui.training.config import TrainConfig
from ftgui.training.optimizers import make_optimizer, take_step
from tests.freezing.training import (
    Network,
    State,
    differing,
    learn,
    make_trainer,
    stores,
)
from tests.freezing.training import folder as folder

pytestmark = pytest.mark.long  # many runs

EPOCHS = 3
CLIP = 0.25
LR = {"sgd": 0.02, "adamw": 0.002}


@dataclass(frozen=True)
class Subject:
    """A network to compare roads on."""

    size: int
    last_before_head: str
    restless: tuple[type[nn.Module], ...]
    """What in the extractor would change its features, or itself, in train mode."""
    head_drops: bool
    """Whether the head has Dropout of its own."""


SUBJECTS = {
    "mobilenet_v2": Subject(48, "features.14-18", (nn.BatchNorm2d,), True),
    "efficientnet_b0": Subject(48, "features.6-8", (nn.BatchNorm2d, StochasticDepth), True),
    "squeezenet1_1": Subject(32, "features.9-12", (), True),
    "alexnet": Subject(64, "classifier.1-4", (nn.Dropout,), False),
    "swin_t": Subject(32, "features.6-7", (StochasticDepth,), False),
}
WITH_CLIPPING = [(name, clip) for name in SUBJECTS for clip in (None, CLIP)]
RESTLESS = [(name, kind) for name, subject in SUBJECTS.items() for kind in subject.restless]
QUICK = ("mobilenet_v2", "efficientnet_b0")


@dataclass(frozen=True)
class Ended:
    """Where a run ended, and all it told on the way but for seconds."""

    end: State
    kept: dict[int, State]
    figures: list[tuple[Any, ...]]
    heads: frozenset[str]
    """The entries of the output layer."""


@pytest.fixture(autouse=True, scope="module")
def memory_given_back() -> Iterator[None]:
    """Forget the large networks that the tests here share."""
    yield
    network.cache_clear()
    frozen.cache_clear()
    give_freed_memory_back()


@functools.cache
def network(folder: Path, architecture: str) -> Network:
    return Network(folder, architecture, SUBJECTS[architecture].size)


def run(folder: Path, architecture: str, **settings: Any) -> Ended:
    """Train for three epochs of two batches of four."""
    optimizer = settings.get("optimizer", "sgd")
    settings = {"epochs": EPOCHS, "batch_size": 4, "weight_decay": 0.1, "lr": LR[optimizer]} | settings
    pictures = stores(folder, SUBJECTS[architecture].size, train=8, val=4)
    learned = learn(network(folder, architecture), pictures, **settings)
    heads = frozenset(learned.trainer.applied.stages[-1].entries)
    return Ended(learned.end, learned.kept, learned.figures(), heads)


@functools.cache
def frozen(folder: Path, architecture: str, clip_grad: float | None = None) -> Ended:
    return run(folder, architecture, strategy="freeze", clip_grad=clip_grad)


def assert_same(first: Ended, second: Ended) -> None:
    assert differing(first.end, second.end) == set()
    assert first.figures == second.figures, "and every epoch's loss and accuracy were the same"


# Freeze and lr-zero ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("architecture", "clip_grad"), WITH_CLIPPING)
def test_lr_zero_ends_as_freeze(folder: Path, architecture: str, clip_grad: float | None) -> None:
    zero = run(folder, architecture, strategy="lr-zero", clip_grad=clip_grad)
    assert_same(zero, frozen(folder, architecture, clip_grad))
    start = network(folder, architecture).initial(TrainConfig(dataset="", weights="")).state_dict()
    assert differing(dict(start), zero.end) == zero.heads, "the head learned, and nothing else did"


@pytest.mark.parametrize("schedule", ["constant", "step"])
@pytest.mark.parametrize("architecture", QUICK)
def test_lr_zero_ends_as_freeze_with_adamw(folder: Path, architecture: str, schedule: str) -> None:
    settings = {"optimizer": "adamw", "schedule": schedule, "clip_grad": CLIP, "warmup_epochs": 1}
    zero = run(folder, architecture, strategy="lr-zero", **settings)
    assert_same(zero, run(folder, architecture, strategy="freeze", **settings))


@pytest.mark.parametrize("architecture", SUBJECTS)
def test_clipping_shortens_the_heads_steps(folder: Path, architecture: str) -> None:
    """Or it would be no wonder that it makes no difference between the two."""
    assert differing(frozen(folder, architecture, CLIP).end, frozen(folder, architecture).end)


@pytest.mark.parametrize("architecture", ["mobilenet_v2", "squeezenet1_1"])
def test_gradients_at_lr_0_would_have_counted(folder: Path, architecture: str) -> None:
    """The extractor's gradients are there, and are long enough to have shortened the head's."""
    pictures = stores(folder, SUBJECTS[architecture].size, train=8, val=4)
    config = TrainConfig(dataset="", weights="", strategy="lr-zero")
    trainer = make_trainer(network(folder, architecture), pictures, config)
    head = set(trainer.applied.stages[-1].entries)
    trainer.applied.start_epoch(1)
    logits = trainer.model(pictures.normalised(range(4)))
    trainer.objective(logits, pictures.train.labels[:4]).backward()  # type: ignore[no-untyped-call]
    gradients = {name: p.grad for name, p in trainer.model.named_parameters() if p.grad is not None}
    assert sum(float(g.norm()) ** 2 for name, g in gradients.items() if name not in head) > CLIP**2
    optimizer = make_optimizer(trainer.applied.parameter_groups(0.01), config)
    length = sum(float(g.norm()) ** 2 for name, g in gradients.items() if name in head) ** 0.5
    take_step(optimizer, CLIP)
    after = sum(float(g.norm()) ** 2 for name, g in gradients.items() if name in head) ** 0.5
    assert after == pytest.approx(min(length, CLIP), rel=1e-4), "the head's gradients alone were counted"


@contextmanager
def stirring(kind: type[nn.Module], *, in_head: bool = False, awake: bool = True) -> Iterator[None]:
    """Let modules of a kind be awake, or not, in the extractor or in the head, whatever the plan says."""
    real = AppliedPlan.start_epoch

    def start_epoch(applied: AppliedPlan, epoch: int) -> None:
        real(applied, epoch)
        for stage in applied.stages[-1:] if in_head else applied.stages[:-1]:
            for path in stage.inner:
                if isinstance(applied.model.get_submodule(path), kind):
                    applied.model.get_submodule(path).training = awake

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AppliedPlan, "start_epoch", start_epoch)
        yield


@pytest.mark.parametrize(
    ("architecture", "kind"),
    [(name, kind) for name, subject in SUBJECTS.items() for kind in subject.restless],
)
def test_what_sleeps_in_the_extractor_would_have_led_elsewhere(
    folder: Path, architecture: str, kind: type[nn.Module]
) -> None:
    """Awake, BatchNorm, Dropout and StochasticDepth each change what the head learns."""
    with stirring(kind):
        woken = run(folder, architecture, strategy="freeze")
    assert differing(woken.end, frozen(folder, architecture).end) >= woken.heads


@pytest.mark.parametrize("architecture", [name for name, subject in SUBJECTS.items() if subject.head_drops])
def test_the_dropout_of_the_head_acts(folder: Path, architecture: str) -> None:
    """So both roads drew the same random numbers for it."""
    with stirring(nn.Dropout, in_head=True, awake=False):
        lulled = run(folder, architecture, strategy="freeze")
    assert differing(lulled.end, frozen(folder, architecture).end) == lulled.heads


# The other presets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", ["locked", "adapt", "trainable"])
@pytest.mark.parametrize("architecture", ["efficientnet_b0", "squeezenet1_1"])
def test_a_small_lr_of_0_ends_as_lr_zero(folder: Path, architecture: str, norm: str) -> None:
    small = run(folder, architecture, strategy="small-lr", backbone_lr_mult=0.0, norm=norm, clip_grad=CLIP)
    assert_same(small, run(folder, architecture, strategy="lr-zero", norm=norm, clip_grad=CLIP))


def test_a_small_lr_above_0_ends_elsewhere(folder: Path) -> None:
    small = run(folder, "efficientnet_b0", strategy="small-lr", backbone_lr_mult=0.01)
    zero = run(folder, "efficientnet_b0", strategy="lr-zero")
    assert differing(small.end, zero.end) == set(zero.end)


@pytest.mark.parametrize("norm", ["locked", "adapt", "trainable"])
@pytest.mark.parametrize("architecture", QUICK)
def test_partial_with_the_line_at_the_head_ends_as_freeze(folder: Path, architecture: str, norm: str) -> None:
    line = SUBJECTS[architecture].last_before_head
    partial = run(folder, architecture, strategy="partial", freeze_until=line, norm=norm)
    assert_same(partial, run(folder, architecture, strategy="freeze", norm=norm))


def test_partial_with_the_line_a_stage_earlier_ends_elsewhere(folder: Path) -> None:
    partial = run(folder, "mobilenet_v2", strategy="partial")
    assert differing(partial.end, frozen(folder, "mobilenet_v2").end) > partial.heads


@pytest.mark.parametrize("norm", ["locked", "adapt", "trainable"])
@pytest.mark.parametrize("architecture", QUICK)
def test_thaw_is_freeze_until_its_epoch(folder: Path, architecture: str, norm: str) -> None:
    settings = {"norm": norm, "keep": (1, 2), "clip_grad": CLIP, "warmup_epochs": 1}
    thaw = run(folder, architecture, strategy="thaw", thaw_epoch=EPOCHS, **settings)
    freeze = run(folder, architecture, strategy="freeze", **settings)
    for epoch in (1, 2):
        assert differing(thaw.kept[epoch], freeze.kept[epoch]) == set()
    assert thaw.figures[:2] == freeze.figures[:2]
    assert differing(thaw.end, freeze.end) > thaw.heads, "and from then on it is not"


def test_a_thaw_that_never_comes_ends_as_freeze(folder: Path) -> None:
    thaw = run(folder, "efficientnet_b0", strategy="thaw", thaw_epoch=EPOCHS + 1)
    assert_same(thaw, frozen(folder, "efficientnet_b0"))
