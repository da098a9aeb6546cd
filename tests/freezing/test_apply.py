"""A plan on a network: gradients, modes, learning rates, and what may move in the end."""

from __future__ import annotations

import itertools

import pytest
import torch
import torchvision
from torch import nn
from torchvision.ops import StochasticDepth

from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.plan import make_plan
from ftgui.models.head import replace_output_layer
from ftgui.models.stages import find_stages
from tests.freezing.tiny import HEAD, MIDDLE, STAGES, STEM, tiny_network

STRATEGIES = ("freeze", "lr-zero", "small-lr", "full")
NORMS = ("locked", "adapt", "trainable")
STAYING = list(itertools.product(("freeze", "lr-zero"), NORMS))
LR = 0.5

WEIGHTS_OF_NORMS = {
    "stem.norm.weight",
    "stem.norm.bias",
    "middle.group.weight",
    "middle.group.bias",
    "middle.norm.weight",
    "middle.norm.bias",
}
STATISTICS = {
    "stem.norm.running_mean",
    "stem.norm.running_var",
    "stem.norm.num_batches_tracked",
    "middle.norm.running_mean",
    "middle.norm.running_var",
    "middle.norm.num_batches_tracked",
}
CONVOLUTIONS = {"stem.conv.weight", "middle.conv.weight", "middle.conv.bias"}

EVERYTHING = set(STEM) | set(MIDDLE) | set(HEAD)

FROZEN = {
    "locked": CONVOLUTIONS | WEIGHTS_OF_NORMS | STATISTICS,
    "adapt": CONVOLUTIONS | WEIGHTS_OF_NORMS,
    "trainable": CONVOLUTIONS,
}
"""What stays in the two stages before the head where they stay, by hand."""


def applied(strategy: str, norm: str = "locked", mult: float = 0.1) -> AppliedPlan:
    plan = make_plan(strategy, ("stem", "middle", "head"), backbone_lr_mult=mult, norm=norm)  # type: ignore[arg-type]
    return AppliedPlan(tiny_network(), plan, STAGES)


def step(plan: AppliedPlan, optimizer: torch.optim.Optimizer) -> None:
    plan.train_mode()
    optimizer.zero_grad(set_to_none=True)
    plan.model(torch.randn(6, 3, 9, 9)).square().sum().backward()
    optimizer.step()


def moved_by_training(plan: AppliedPlan, kind: str = "sgd") -> set[str]:
    """Take three steps with everything that could move a weight, and return what did move."""
    groups = plan.parameter_groups(LR)
    optimizer: torch.optim.Optimizer = (
        torch.optim.SGD(groups, momentum=0.9, weight_decay=0.1)
        if kind == "sgd"
        else torch.optim.AdamW(groups, weight_decay=0.1)
    )
    before = {name: tensor.clone() for name, tensor in plan.model.state_dict().items()}
    for _ in range(3):
        step(plan, optimizer)
    after = plan.model.state_dict()
    return {name for name in after if not torch.equal(before[name], after[name])}


def learning_rates(plan: AppliedPlan) -> dict[str, float]:
    """Return the learning rate of each parameter that an optimizer would hold."""
    names = {id(parameter): name for name, parameter in plan.model.named_parameters()}
    return {names[id(p)]: group["lr"] for group in plan.parameter_groups(LR) for p in group["params"]}


def with_gradient(plan: AppliedPlan) -> set[str]:
    return {name for name, p in plan.model.named_parameters() if p.requires_grad}


def test_the_tiny_network_is_as_its_stages_say() -> None:
    model = tiny_network()
    assert set(STEM) | set(MIDDLE) | set(HEAD) == set(model.state_dict())
    assert set(STEM) | set(MIDDLE) == CONVOLUTIONS | WEIGHTS_OF_NORMS | STATISTICS
    assert sum(stage.parameters for stage in STAGES) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("norm", NORMS)
def test_freezing_leaves_gradients_to_the_head_and_to_norms_that_may_train(norm: str) -> None:
    norms = WEIGHTS_OF_NORMS if norm == "trainable" else set()
    assert with_gradient(applied("freeze", norm)) == {*HEAD, *norms}


@pytest.mark.parametrize(("strategy", "norm"), [*itertools.product(("lr-zero", "small-lr", "full"), NORMS)])
def test_every_other_strategy_pays_for_all_gradients(strategy: str, norm: str) -> None:
    everything = CONVOLUTIONS | WEIGHTS_OF_NORMS | set(HEAD)
    assert with_gradient(applied(strategy, norm)) == everything


@pytest.mark.parametrize("norm", ["locked", "adapt"])
@pytest.mark.parametrize(("strategy", "extractor"), [("lr-zero", 0.0), ("small-lr", 0.05), ("full", 0.5)])
def test_the_extractor_has_its_own_learning_rate(strategy: str, extractor: float, norm: str) -> None:
    rates = learning_rates(applied(strategy, norm))
    assert rates == {
        **dict.fromkeys(CONVOLUTIONS | WEIGHTS_OF_NORMS, pytest.approx(extractor)),
        **dict.fromkeys(HEAD, LR),
    }


@pytest.mark.parametrize("norm", ["locked", "adapt"])
def test_a_frozen_extractor_is_in_no_group(norm: str) -> None:
    assert learning_rates(applied("freeze", norm)) == dict.fromkeys(HEAD, LR)


def test_norms_that_may_train_do_so_at_the_rate_of_the_head_where_the_rest_is_frozen() -> None:
    assert learning_rates(applied("freeze", "trainable")) == dict.fromkeys(WEIGHTS_OF_NORMS | set(HEAD), LR)


def test_norms_that_may_train_do_so_at_the_rate_of_the_head_where_the_rest_is_at_0() -> None:
    assert learning_rates(applied("lr-zero", "trainable")) == {
        **dict.fromkeys(CONVOLUTIONS, 0.0),
        **dict.fromkeys(WEIGHTS_OF_NORMS | set(HEAD), LR),
    }


@pytest.mark.parametrize("norm", ["locked", "adapt"])
def test_stages_that_learn_train_their_norms_as_usual(norm: str) -> None:
    """The policy is for the stages that stay."""
    everything = set(applied("full").model.state_dict())
    assert applied("full", norm).moving_entries() == everything
    assert moved_by_training(applied("full", norm)) == everything
    assert moved_by_training(applied("small-lr", norm)) == everything


@pytest.mark.parametrize(("strategy", "norm"), STAYING)
def test_the_frozen_entries_are_those_written_down_here(strategy: str, norm: str) -> None:
    plan = applied(strategy, norm)
    assert plan.frozen_entries() == FROZEN[norm]
    assert plan.moving_entries() == set(plan.model.state_dict()) - FROZEN[norm]


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
@pytest.mark.parametrize(("strategy", "norm"), STAYING)
def test_just_the_others_move_in_training(strategy: str, norm: str, kind: str) -> None:
    assert moved_by_training(applied(strategy, norm), kind) == EVERYTHING - FROZEN[norm]


def test_a_multiplier_of_0_freezes_as_much_as_lr_zero() -> None:
    assert applied("small-lr", mult=0.0).frozen_entries() == FROZEN["locked"]
    assert moved_by_training(applied("small-lr", mult=0.0)) == set(HEAD)


@pytest.mark.parametrize(
    ("strategy", "norm", "count"),
    [
        ("freeze", "locked", 15),
        ("lr-zero", "locked", 15),
        ("freeze", "adapt", 15),
        ("freeze", "trainable", 15 + 24),
        ("lr-zero", "trainable", 15 + 24),
        ("small-lr", "locked", 295),
        ("full", "locked", 295),
    ],
)
def test_the_numbers_that_can_change_are_counted(strategy: str, norm: str, count: int) -> None:
    """The head has 4 x 3 weights and 3 biases, each of the three norms 4 + 4."""
    assert applied(strategy, norm).trainable_parameters() == count


@pytest.mark.parametrize(("strategy", "norm"), STAYING)
def test_stages_that_stay_are_held_in_eval_mode_after_every_call_of_train(strategy: str, norm: str) -> None:
    plan = applied(strategy, norm)
    for _ in range(2):
        plan.model.train()
        plan.train_mode()
        modes = {name: module.training for name, module in plan.model.named_modules()}
        assert modes["stem.norm"] == modes["middle.norm"] == (norm != "locked")
        assert not modes["middle.drop"], "Dropout of a frozen stage is off"
        assert modes["head.drop"], "and that of the head is on"
        assert modes["head.fc"]


@pytest.mark.parametrize("strategy", ["small-lr", "full"])
def test_stages_that_learn_are_in_train_mode_throughout(strategy: str) -> None:
    plan = applied(strategy)
    plan.model.eval()
    plan.train_mode()
    assert all(module.training for module in plan.model.modules())


def test_what_a_frozen_network_says_before_its_head_does_not_depend_on_the_batch() -> None:
    """Neither BatchNorm's batch statistics nor Dropout get in the way: it is what may be kept in a cache."""
    plan = applied("freeze")
    pictures = torch.randn(5, 3, 9, 9)
    extractor = nn.Sequential(plan.model.stem, plan.model.middle)  # type: ignore[arg-type]
    plan.train_mode()
    together = extractor(pictures)
    plan.model.eval()
    assert torch.equal(together, extractor(pictures))


def test_in_a_real_network_batchnorm_dropout_and_stochastic_depth_stay_quiet_where_it_stays() -> None:
    model = torchvision.models.efficientnet_b0(weights=None)
    replace_output_layer(model, 3, seed=0)
    stages = find_stages(model, 224)
    plan = AppliedPlan(model, make_plan("lr-zero", tuple(s.name for s in stages)), stages)
    plan.train_mode()
    kinds = (nn.BatchNorm2d, nn.Dropout, StochasticDepth)
    awake = [n for n, m in model.named_modules() if isinstance(m, kinds) and m.training]
    assert awake == ["classifier.0"], "only the head's Dropout is awake"
    asleep = {type(m) for m in model.modules() if isinstance(m, kinds) and not m.training}
    assert asleep == {nn.BatchNorm2d, StochasticDepth}


def test_in_a_real_network_all_but_the_new_layer_is_frozen() -> None:
    model = torchvision.models.mobilenet_v2(weights=None)
    replace_output_layer(model, 2, seed=0)
    stages = find_stages(model, 224)
    plan = AppliedPlan(model, make_plan("freeze", tuple(s.name for s in stages)), stages)
    assert plan.moving_entries() == {"classifier.1.weight", "classifier.1.bias"}
    assert with_gradient(plan) == {"classifier.1.weight", "classifier.1.bias"}
