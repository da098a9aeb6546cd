"""A plan on a network: gradients, modes, and what may move in the end."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
import torchvision
from torch import nn
from torchvision.ops import StochasticDepth

from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.plan import make_plan
from ftgui.models.head import replace_output_layer
from ftgui.models.stages import find_stages
from tests.freezing.tiny import (
    CONVOLUTIONS,
    EVERYTHING,
    EXTRACTOR,
    HEAD,
    MIDDLE,
    MIDDLE_BIASES,
    MIDDLE_NORMS,
    MIDDLE_WEIGHTS,
    STAGES,
    STATISTICS,
    STEM,
    STEM_NORMS,
    STEM_STATISTICS,
    STEM_WEIGHTS,
    WEIGHTS_OF_NORMS,
    applied,
    names_of,
    tiny_network,
)

NORMS = ("locked", "adapt", "trainable")
STAYING = list(itertools.product(("freeze", "lr-zero"), NORMS))
LR, DECAY = 0.5, 0.25

FROZEN = {
    "locked": CONVOLUTIONS | WEIGHTS_OF_NORMS | STATISTICS,
    "adapt": CONVOLUTIONS | WEIGHTS_OF_NORMS,
    "trainable": CONVOLUTIONS,
}
"""What stays in the two stages before the head where both stay, by hand."""
FROZEN_STEM = {
    "locked": STEM_WEIGHTS | STEM_NORMS | STEM_STATISTICS,
    "adapt": STEM_WEIGHTS | STEM_NORMS,
    "trainable": STEM_WEIGHTS,
}
"""What stays where the first alone stays, as partial has it in this network."""


def optimizer_of(plan: AppliedPlan, kind: str = "sgd") -> torch.optim.Optimizer:
    """Return one with everything that could move a weight."""
    groups: Any = plan.parameter_groups(LR, DECAY)
    return torch.optim.SGD(groups, momentum=0.9) if kind == "sgd" else torch.optim.AdamW(groups)


def learn(plan: AppliedPlan, optimizer: torch.optim.Optimizer, epoch: int, steps: int = 3) -> set[str]:
    """Take an epoch's steps as training takes them, and return which entries they moved."""
    before = snapshot(plan)
    optimizer.zero_grad(set_to_none=True)
    plan.start_epoch(epoch)
    for group in optimizer.param_groups:
        group["lr"] = group["lr_joined"] if epoch >= group["joins"] else group["lr_waiting"]
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        plan.model(torch.randn(6, 3, 9, 9)).square().sum().backward()
        optimizer.step()
    return moved_since(before, plan)


def snapshot(plan: AppliedPlan) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in plan.model.state_dict().items()}


def moved_since(before: dict[str, torch.Tensor], plan: AppliedPlan) -> set[str]:
    after = plan.model.state_dict()
    return {name for name in after if not torch.equal(before[name], after[name])}


def moved_by_training(plan: AppliedPlan, kind: str = "sgd") -> set[str]:
    return learn(plan, optimizer_of(plan, kind), epoch=1)


def with_gradient(plan: AppliedPlan) -> set[str]:
    return {name for name, p in plan.model.named_parameters() if p.requires_grad}


def modes(plan: AppliedPlan) -> dict[str, bool]:
    """Return which leaf modules are in train mode."""
    return {name: m.training for name, m in plan.model.named_modules() if not list(m.children())}


def test_the_tiny_network_is_as_its_stages_say() -> None:
    model = tiny_network()
    assert set(STEM) | set(MIDDLE) | set(HEAD) == set(model.state_dict())
    assert set(STEM) | set(MIDDLE) == CONVOLUTIONS | WEIGHTS_OF_NORMS | STATISTICS
    assert sum(stage.parameters for stage in STAGES) == sum(p.numel() for p in model.parameters())


# Gradients -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", NORMS)
def test_freezing_leaves_gradients_to_the_head_and_to_norms_that_may_train(norm: str) -> None:
    norms = WEIGHTS_OF_NORMS if norm == "trainable" else set()
    assert with_gradient(applied("freeze", norm)) == {*HEAD, *norms}


@pytest.mark.parametrize(
    ("strategy", "norm"), [*itertools.product(("lr-zero", "small-lr", "full", "scratch"), NORMS)]
)
def test_where_all_is_in_the_optimizer_all_gradients_are_paid_for(strategy: str, norm: str) -> None:
    assert with_gradient(applied(strategy, norm)) == EXTRACTOR | set(HEAD)


@pytest.mark.parametrize("norm", NORMS)
def test_partial_leaves_gradients_to_what_lies_behind_its_line(norm: str) -> None:
    norms = STEM_NORMS if norm == "trainable" else set()
    behind = MIDDLE_WEIGHTS | MIDDLE_BIASES | MIDDLE_NORMS | set(HEAD)
    assert with_gradient(applied("partial", norm)) == behind | norms


@pytest.mark.parametrize("norm", NORMS)
def test_gradients_come_with_the_thaw_and_not_before(norm: str) -> None:
    plan = applied("thaw", norm)
    before = set(HEAD) | (WEIGHTS_OF_NORMS if norm == "trainable" else set())
    assert with_gradient(plan) == before, "from the start"
    found = []
    for epoch in (1, 2, 3, 4):
        plan.start_epoch(epoch)
        found.append(with_gradient(plan))
    assert found == [before, before, EXTRACTOR | set(HEAD), EXTRACTOR | set(HEAD)]
    plan.start_epoch(1)
    assert with_gradient(plan) == before, "and go again where a run begins anew"


# What moves ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", NORMS)
def test_stages_that_learn_train_their_norms_as_usual(norm: str) -> None:
    """The policy is for the stages that stay."""
    for strategy in ("small-lr", "full", "scratch"):
        assert applied(strategy, norm).moving_entries() == EVERYTHING
        assert moved_by_training(applied(strategy, norm)) == EVERYTHING


@pytest.mark.parametrize(("strategy", "norm"), STAYING)
def test_the_frozen_entries_are_those_written_down_here(strategy: str, norm: str) -> None:
    plan = applied(strategy, norm)
    assert plan.frozen_entries() == plan.frozen_entries(1) == plan.frozen_entries(9) == FROZEN[norm]
    assert plan.moving_entries() == EVERYTHING - FROZEN[norm]


@pytest.mark.parametrize("norm", NORMS)
def test_partial_keeps_what_lies_before_its_line(norm: str) -> None:
    plan = applied("partial", norm)
    assert plan.frozen_entries() == plan.frozen_entries(1) == FROZEN_STEM[norm]
    assert plan.moving_entries() == EVERYTHING - FROZEN_STEM[norm]


@pytest.mark.parametrize("norm", NORMS)
def test_thaw_keeps_what_freeze_keeps_up_to_its_epoch_and_in_the_end_nothing(norm: str) -> None:
    plan = applied("thaw", norm)
    assert [plan.frozen_entries(epoch) for epoch in (1, 2, 3, 4)] == [
        FROZEN[norm],
        FROZEN[norm],
        set(),
        set(),
    ]
    assert plan.frozen_entries() == set()
    assert plan.moving_entries() == EVERYTHING


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
@pytest.mark.parametrize(("strategy", "norm"), STAYING)
def test_just_the_others_move_in_training(strategy: str, norm: str, kind: str) -> None:
    assert moved_by_training(applied(strategy, norm), kind) == EVERYTHING - FROZEN[norm]


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
@pytest.mark.parametrize("norm", NORMS)
def test_just_what_lies_behind_the_line_moves_in_partial(norm: str, kind: str) -> None:
    assert moved_by_training(applied("partial", norm), kind) == EVERYTHING - FROZEN_STEM[norm]


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
@pytest.mark.parametrize("norm", NORMS)
def test_before_the_thaw_just_the_others_move_and_from_then_on_everything(norm: str, kind: str) -> None:
    plan = applied("thaw", norm)
    optimizer = optimizer_of(plan, kind)
    moved = [learn(plan, optimizer, epoch) for epoch in (1, 2, 3, 4)]
    rest = EVERYTHING - FROZEN[norm]
    assert moved == [rest, rest, EVERYTHING, EVERYTHING]


def test_what_joins_later_is_in_the_optimizer_from_the_start() -> None:
    """A group added to an optimizer that runs breaks or misleads schedules."""
    plan = applied("thaw")
    optimizer = optimizer_of(plan)
    names = names_of(plan)
    held = [names[id(p)] for group in optimizer.param_groups for p in group["params"]]
    assert sorted(held) == sorted(EXTRACTOR | set(HEAD))
    groups = list(optimizer.param_groups)
    for epoch in (1, 2, 3):
        learn(plan, optimizer, epoch)
        assert all(now is before for now, before in zip(optimizer.param_groups, groups, strict=True))


def test_a_multiplier_of_0_freezes_as_much_as_lr_zero() -> None:
    assert applied("small-lr", mult=0.0).frozen_entries() == FROZEN["locked"]
    assert moved_by_training(applied("small-lr", mult=0.0)) == set(HEAD)
    late = applied("thaw", mult=0.0)
    assert late.frozen_entries() == late.frozen_entries(9) == FROZEN["locked"]
    assert learn(late, optimizer_of(late), epoch=9) == set(HEAD)


def test_no_gradient_may_be_held_when_an_epoch_starts_and_none_is_left_to_move_what_is_frozen() -> None:
    """What a step finds on a parameter it moves, frozen or not: the trainer drops it at the epoch's edge."""
    for held in (True, False):
        plan = applied("full")
        optimizer = optimizer_of(plan)
        learn(plan, optimizer, epoch=1)
        frozen = AppliedPlan(plan.model, applied("freeze").plan, STAGES)
        if not held:
            optimizer.zero_grad(set_to_none=True)
        frozen.start_epoch(2)
        before = snapshot(frozen)
        optimizer.step()
        assert moved_since(before, frozen) == (EXTRACTOR | set(HEAD) if held else set())


@pytest.mark.parametrize(
    ("strategy", "norm", "count"),
    [
        ("freeze", "locked", 15),
        ("lr-zero", "locked", 15),
        ("freeze", "adapt", 15),
        ("freeze", "trainable", 15 + 24),
        ("lr-zero", "trainable", 15 + 24),
        ("small-lr", "locked", 295),
        ("partial", "locked", 15 + 164),
        ("partial", "trainable", 15 + 164 + 8),
        ("thaw", "locked", 295),
        ("full", "locked", 295),
        ("scratch", "locked", 295),
    ],
)
def test_the_numbers_that_can_change_are_counted(strategy: str, norm: str, count: int) -> None:
    """The head has 4 x 3 weights and 3 biases, each of the three norms 4 + 4."""
    assert applied(strategy, norm).trainable_parameters() == count


# Modes -----------------------------------------------------------------------------------------------------

AWAKE = {"stem.norm", "middle.norm", "middle.group"}
"""What the norm policy wakes in stages that stay."""
OF_HEAD = {"pool", "flat", "head.drop", "head.fc"}


def awake(plan: AppliedPlan) -> set[str]:
    return {name for name, training in modes(plan).items() if training}


@pytest.mark.parametrize(("strategy", "norm"), STAYING)
def test_stages_that_stay_are_held_in_eval_mode_after_every_call_of_train(strategy: str, norm: str) -> None:
    plan = applied(strategy, norm)
    for epoch in (1, 2):
        plan.model.train()
        plan.start_epoch(epoch)
        assert awake(plan) == OF_HEAD | (AWAKE if norm != "locked" else set()), "Dropout that stays is off"


@pytest.mark.parametrize("norm", NORMS)
def test_partial_holds_what_lies_before_its_line_in_eval_mode(norm: str) -> None:
    plan = applied("partial", norm)
    plan.start_epoch(1)
    behind = {"middle.conv", "middle.group", "middle.norm", "middle.drop"} | OF_HEAD
    assert awake(plan) == behind | ({"stem.norm"} if norm != "locked" else set())


@pytest.mark.parametrize("norm", NORMS)
def test_a_stage_wakes_with_its_thaw(norm: str) -> None:
    plan = applied("thaw", norm)
    asleep = OF_HEAD | (AWAKE if norm != "locked" else set())
    found = []
    for epoch in (1, 2, 3, 4, 1):
        plan.model.eval()
        plan.start_epoch(epoch)
        found.append(awake(plan))
    everything = set(modes(plan))
    assert found == [asleep, asleep, everything, everything, asleep]


@pytest.mark.parametrize("strategy", ["small-lr", "full", "scratch"])
def test_stages_that_learn_are_in_train_mode_throughout(strategy: str) -> None:
    plan = applied(strategy)
    plan.model.eval()
    plan.start_epoch(1)
    assert all(module.training for module in plan.model.modules())


def test_what_a_frozen_network_says_before_its_head_does_not_depend_on_the_batch() -> None:
    """Neither BatchNorm's batch statistics nor Dropout get in the way: it is what may be kept in a cache."""
    plan = applied("freeze")
    pictures = torch.randn(5, 3, 9, 9)
    extractor = nn.Sequential(plan.model.stem, plan.model.middle)  # type: ignore[arg-type]
    plan.start_epoch(1)
    together = extractor(pictures)
    plan.model.eval()
    assert torch.equal(together, extractor(pictures))


def test_in_a_real_network_batchnorm_dropout_and_stochastic_depth_stay_quiet_where_it_stays() -> None:
    model = torchvision.models.efficientnet_b0(weights=None)
    replace_output_layer(model, 3, seed=0)
    stages = find_stages(model, 224)
    plan = AppliedPlan(model, make_plan("lr-zero", tuple(s.name for s in stages)), stages)
    plan.start_epoch(1)
    kinds = (nn.BatchNorm2d, nn.Dropout, StochasticDepth)
    restless = [n for n, m in model.named_modules() if isinstance(m, kinds) and m.training]
    assert restless == ["classifier.0"], "only the head's Dropout is awake"
    asleep = {type(m) for m in model.modules() if isinstance(m, kinds) and not m.training}
    assert asleep == {nn.BatchNorm2d, StochasticDepth}


def test_in_a_real_network_all_but_the_new_layer_is_frozen() -> None:
    model = torchvision.models.mobilenet_v2(weights=None)
    replace_output_layer(model, 2, seed=0)
    stages = find_stages(model, 224)
    plan = AppliedPlan(model, make_plan("freeze", tuple(s.name for s in stages)), stages)
    assert plan.moving_entries() == {"classifier.1.weight", "classifier.1.bias"}
    assert with_gradient(plan) == {"classifier.1.weight", "classifier.1.bias"}
