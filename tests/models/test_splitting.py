"""A network cut in two is the same network: in what it says, what it draws, what it learns, and in memory."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch
import torchvision
from torch import fx, nn
from torch.nn import functional
from torchvision.ops import StochasticDepth

from ftgui.core.errors import FtguiError
from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.plan import FreezePlan, StagePlan
from ftgui.models import architectures, splitting
from ftgui.models.construction import skeleton
from ftgui.models.head import seeded
from ftgui.models.splitting import Halves
from ftgui.models.stages import Stage, find_stages
from ftgui.models.tracing import trace
from tests import samples
from tests.models.lively import (
    EACH,
    FEW,
    OTHERS,
    Undecided,
    crop_of,
    enlivened,
    family_of,
    lively,
    pictures,
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with samples.one_thread():
        yield


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[nn.Module]:
    """A list that grows with every network that is traced for a cut."""
    seen: list[nn.Module] = []

    def counted(model: nn.Module) -> object:
        seen.append(model)
        return trace(model)

    monkeypatch.setattr(splitting, "trace", counted)
    return seen


def stages_of(model: nn.Module, name: str) -> tuple[Stage, ...]:
    return find_stages(model, crop_of(name))


def applied(model: nn.Module, stages: tuple[Stage, ...], line: int) -> AppliedPlan:
    """Return a plan by which all from the line on learns, and nothing before it."""
    plans = (
        StagePlan(stage=stage.name, in_optimizer=index >= line, lr_mult=float(index >= line))
        for index, stage in enumerate(stages)
    )
    return AppliedPlan(model, FreezePlan(strategy="partial", stages=tuple(plans)), stages)


def drawn(network: nn.Module, inputs: torch.Tensor, seed: int) -> torch.Tensor:
    """Return what a network says with the random numbers of a seed."""
    torch.manual_seed(seed)
    answers: torch.Tensor = network(inputs)
    return answers


def test_every_family_of_torchvisions_classifiers_is_cut_and_folded_here() -> None:
    assert {family_of(name) for name in (*FEW, *OTHERS)} == {
        family_of(name) for name in architectures.names()
    }


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("where", ["in the middle", "before the head"])
def test_a_suffix_draws_and_learns_as_the_whole_network_does_over_a_frozen_prefix(
    name: str, where: str
) -> None:
    whole, inputs = lively(name), pictures(name)
    stages = stages_of(whole, name)
    line = len(stages) // 2 if where == "in the middle" else len(stages) - 1
    cut = copy.deepcopy(whole)
    for model in (whole, cut):
        applied(model, stages, line).start_epoch(1)
    halves = Halves(cut, stages, line)
    with torch.no_grad():
        features = halves.prefix(inputs)
    given = features.clone()
    expected, answers = drawn(whole, inputs, 7), drawn(halves.suffix, features, 7)
    for logits in (expected, answers):
        functional.cross_entropy(logits, torch.tensor([0, 1, 2])).backward()
    assert torch.equal(answers, expected)
    assert torch.equal(features, given), "the suffix wrote into what it was given"
    assert_same_learning(cut, whole)
    assert is_random(halves.suffix) == (not torch.equal(drawn(halves.suffix, features, 8), expected))


def assert_same_learning(model: nn.Module, other: nn.Module) -> None:
    """Fail where gradients or statistics differ in a bit, or all gradients are 0."""
    gradients = {name: p.grad for name, p in other.named_parameters() if p.grad is not None}
    assert all(gradient.any() for gradient in gradients.values())
    for name, parameter in model.named_parameters():
        if name in gradients:
            assert parameter.grad is not None, name
            assert torch.equal(parameter.grad, gradients[name]), name
        else:
            assert parameter.grad is None, name
    expected = dict(other.named_buffers())
    assert all(torch.equal(buffer, expected[name]) for name, buffer in model.named_buffers())


def is_random(network: nn.Module) -> bool:
    return any(isinstance(part, nn.Dropout | StochasticDepth) and part.p > 0 for part in network.modules())


def with_functional_dropout(name: str) -> nn.Module:
    """Return a network that draws nowhere else."""
    options = {"drop_rate": 0.3} if name == "densenet121" else {"dropout": 0.2, "attention_dropout": 0.2}
    with seeded(0):
        model: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=5, **options)
    for part in model.modules():
        if isinstance(part, nn.Dropout | StochasticDepth):
            part.p = 0.0
    return enlivened(model, name)


@pytest.mark.parametrize("name", ["densenet121", "swin_t"])
@pytest.mark.parametrize("cut_in_train_mode", [False, True])
def test_dropout_that_is_called_as_a_function_drops_in_train_mode_and_not_in_eval_mode(
    name: str, cut_in_train_mode: bool, traced: list[nn.Module]
) -> None:
    model, inputs = with_functional_dropout(name), pictures(name)
    stages = stages_of(model, name)
    plan = applied(model, stages, 2)
    model.train(cut_in_train_mode)  # all of it, what is before the line too
    halves = Halves(model, stages, 2)
    prefix, suffix = halves.prefix, halves.suffix
    for epoch in (1, 2, 3):
        plan.start_epoch(epoch)
        features = prefix(inputs)
        expected = drawn(model, inputs, epoch)
        assert not torch.equal(expected, drawn(model, inputs, epoch + 1))
        assert torch.equal(drawn(suffix, features, epoch), expected)
        model.eval()
        assert torch.equal(suffix(features), model(inputs))
    assert len(traced) <= 3, "once for each set of modes: all in train mode, the suffix in train mode, eval"


def test_modes_that_are_set_on_the_suffix_reach_what_tells_functions_its_mode() -> None:
    model, inputs = with_functional_dropout("swin_t"), pictures("swin_t")
    stages = stages_of(model, "swin_t")
    halves = Halves(model, stages, 2)
    features = halves.prefix(inputs)
    halves.suffix.train()
    assert not torch.equal(drawn(halves.suffix, features, 1), drawn(halves.suffix, features, 2))
    assert torch.equal(halves.prefix(inputs), features)
    assert not any(model.get_submodule(path).training for stage in stages[:2] for path in stage.inner)
    halves.suffix.eval()
    assert torch.equal(drawn(halves.suffix, features, 1), drawn(halves.suffix, features, 2))


def test_a_network_is_traced_once_where_nothing_in_it_asks_for_its_mode(traced: list[nn.Module]) -> None:
    model, inputs = lively("mobilenet_v2"), pictures("mobilenet_v2")
    halves = Halves(model.train(), stages_of(model, "mobilenet_v2"), 3)
    for _ in range(3):
        halves.suffix(halves.prefix(inputs))
        model.train(not model.training)
    assert len(traced) == 1


def test_both_halves_hold_the_networks_own_modules_parameters_and_buffers() -> None:
    model = lively("densenet121")
    halves = Halves(model, stages_of(model, "densenet121"), 3)
    assert isinstance(halves.prefix, fx.GraphModule)
    parts = [part for half in (halves.prefix, halves.suffix) for part in half.modules()]
    leaves = {id(part) for part in model.modules() if not list(part.children()) and part.state_dict()}
    assert leaves <= set(map(id, parts))
    for kind in ("parameters", "buffers"):
        own = {id(tensor) for tensor in getattr(model, kind)()}
        before, after = (
            {id(tensor) for tensor in getattr(half, kind)()} for half in (halves.prefix, halves.suffix)
        )
        assert before
        assert after
        assert before | after == own
        assert not before & after


def test_what_the_network_learns_later_the_halves_know() -> None:
    model, inputs = lively("resnet18"), pictures("resnet18")
    halves = Halves(model, stages_of(model, "resnet18"), 3)
    before = halves.suffix(halves.prefix(inputs))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.1)
    after = halves.suffix(halves.prefix(inputs))
    assert not torch.equal(before, after)
    assert torch.equal(after, model(inputs))


def test_an_empty_half_hands_on_what_it_is_given() -> None:
    model, inputs = lively("resnet18"), pictures("resnet18")
    stages = stages_of(model, "resnet18")
    assert Halves(model, stages, 0).prefix(inputs) is inputs
    assert Halves(model, stages, len(stages)).suffix(inputs) is inputs


class Dropping(nn.Module):
    """A stage that tells functions its mode, in a place where it is not seen at once."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, 4, 3, stride=2, padding=1) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([functional.dropout(conv(x), 0.5, self.training) for conv in self.convs], dim=1)


@pytest.mark.parametrize("learning", ["the stage and the head", "the head"])
def test_a_stage_inside_the_suffix_drops_if_it_learns(learning: str) -> None:
    with seeded(0):
        model = nn.Sequential(Dropping(3), Dropping(8), Dropping(8), nn.Flatten(), nn.Linear(8 * 16, 3))
    stages = find_stages(model, 32)
    assert [stage.name for stage in stages] == ["stem", "1", "2", "head"]
    halves = Halves(model, stages, 1)
    inputs = torch.linspace(-1, 1, 3 * 3 * 32 * 32).mul(99).sin().view(3, 3, 32, 32)
    applied(model, stages, 2 if learning == "the stage and the head" else 3).start_epoch(1)
    features = halves.prefix(inputs)
    assert torch.equal(drawn(halves.suffix, features, 1), drawn(model, inputs, 1))
    drops = not torch.equal(drawn(halves.suffix, features, 1), drawn(halves.suffix, features, 2))
    assert drops == (learning == "the stage and the head")
    middle = Halves(model, stages, 2).prefix(inputs)
    assert middle.all(), "what stays has dropped something"


def test_a_network_that_has_not_the_stages_boundary_is_not_cut() -> None:
    stages = find_stages(skeleton("alexnet", 3), 64)
    with pytest.raises(FtguiError, match="cannot be cut where its stages meet"):
        Halves(lively("resnet18"), stages, 2)


def test_a_network_that_cannot_be_traced_is_not_cut() -> None:
    with pytest.raises(FtguiError, match="cannot be taken apart"):
        Halves(Undecided(), (), 0)
