"""The stages found in a network are those that a person would draw, and together they are the network."""

from __future__ import annotations

import copy
import math

import pytest
import torch
import torchvision
from torch import nn

from ftgui.core.errors import FtguiError
from ftgui.models import architectures
from ftgui.models.construction import skeleton
from ftgui.models.stages import Stage, find_stages
from ftgui.models.tracing import measure, trace
from tests.models.lively import Undecided
from tests.models.stage_checks import assert_one_tensor_crosses


def crop_of(name: str) -> int:
    return 299 if name == "inception_v3" else 224


def stages_of(name: str, num_classes: int = 5) -> tuple[Stage, ...]:
    return find_stages(skeleton(name, num_classes), crop_of(name))


def test_the_stem_of_a_vision_transformer_holds_its_class_token_and_positions() -> None:
    assert stages_of("vit_b_32")[0].entries == (
        "class_token",
        "conv_proj.weight",
        "conv_proj.bias",
        "encoder.pos_embedding",
    )


def test_the_head_takes_the_dropout_before_it_and_leaves_wide_layers_to_the_extractor() -> None:
    *_, wide, head = stages_of("vgg11")
    assert [path for path in head.inner if path.startswith("classifier.")] == ["classifier.5", "classifier.6"]
    assert wide.modules == ("classifier.0", "classifier.3")


def test_dropout_goes_with_the_layer_it_is_meant_for() -> None:
    *_, convolutions, wide, _ = stages_of("alexnet")
    assert "classifier.0" in wide.inner
    assert "classifier.0" not in convolutions.inner


def test_parents_whose_parts_run_in_one_stage_belong_to_it() -> None:
    stages = {stage.name: stage for stage in stages_of("resnet18")}
    assert {"layer3", "layer3.0", "layer3.1.conv2"} <= set(stages["layer3"].inner)
    stages = {stage.name: stage for stage in stages_of("vit_b_32")}
    assert "encoder" not in {path for stage in stages.values() for path in stage.inner}


def test_costs_are_multiply_adds() -> None:
    """ResNet-18 at 224 pixels: the stem's convolution is 118 of 1,814 million, the head half of one."""
    stages = stages_of("resnet18", 1000)
    assert stages[0].cost_share == pytest.approx(118.0 / 1814.1, rel=1e-3)
    assert stages[-1].cost_share == pytest.approx(0.512 / 1814.1, rel=1e-3)


@pytest.mark.parametrize("name", ["resnet18", "vit_b_32", "swin_t", "densenet121", "squeezenet1_1"])
def test_the_measured_cost_is_what_torchvision_publishes(name: str) -> None:
    published = torchvision.models.get_model_weights(name)["DEFAULT"].meta["_ops"]
    costs = measure(trace(skeleton(name, 1000)), 224).costs
    assert sum(costs.values()) / 2e9 == pytest.approx(published, rel=0.01)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5"])
def test_train_mode_gives_the_same_stages_and_nothing_is_touched(name: str) -> None:
    model = architectures.build(name, 5)
    model.train()
    next(model.children()).eval()
    modes = {path: part.training for path, part in model.named_modules()}
    before = copy.deepcopy(model.state_dict())
    in_train = find_stages(model, 224)
    assert modes == {path: part.training for path, part in model.named_modules()}
    assert all(torch.equal(before[key], tensor) for key, tensor in model.state_dict().items())
    in_eval = find_stages(model.eval(), 224)
    assert [(s.name, s.entries) for s in in_train] == [(s.name, s.entries) for s in in_eval]


def test_the_number_of_classes_does_not_change_the_stages() -> None:
    few, many = stages_of("resnet18", 2), stages_of("resnet18", 1000)
    assert [s.name for s in few] == [s.name for s in many]
    assert [s.entries for s in few] == [s.entries for s in many]


def test_a_plain_small_network_has_stages_too() -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(8, 2),
    )
    stages = find_stages(model, 16)
    assert [(stage.name, stage.modules) for stage in stages] == [
        ("stem", ("0", "1")),
        ("3", ("3", "4")),
        ("head", ("9",)),
    ]
    assert "8" in stages[-1].inner


def test_a_network_of_one_layer_is_all_head() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2))
    assert [stage.name for stage in find_stages(model, 8)][-1] == "head"
    assert sum(len(stage.entries) for stage in find_stages(model, 8)) == 2


class Twice(nn.Module):
    """Uses one convolution at the beginning and at the end: no cut between is clean."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Conv2d(3, 3, 3, padding=1)
        self.middle = nn.Conv2d(3, 3, 3, stride=2, padding=1)
        self.fc = nn.Linear(3, 2)
        self.unused = nn.Parameter(torch.zeros(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.shared(self.middle(self.shared(x)))
        return self.fc(x.mean((2, 3)))  # type: ignore[no-any-return]


def test_a_module_used_twice_is_never_in_two_stages() -> None:
    model = Twice()
    stages = find_stages(model, 16)
    assert [stage.modules for stage in stages] == [("shared", "middle"), ("fc",)]
    assert sorted(e for s in stages for e in s.entries) == sorted(model.state_dict())


class Skipping(nn.Module):
    """Carries the first layer's result past the second, so that two tensors cross between them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, stride=2, padding=1)
        self.third = nn.Conv2d(4, 4, 3, stride=2, padding=1)
        self.scale = nn.Parameter(torch.ones(1))
        self.fc = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.first(x)
        third = self.third(self.second(first)) * self.scale + first[:, :, ::4, ::4]
        return self.fc(third.mean((2, 3)))  # type: ignore[no-any-return]


def test_no_stage_ends_where_two_tensors_cross() -> None:
    stages = find_stages(Skipping(), 16)
    assert [stage.modules for stage in stages] == [("first",), ("second", "third"), ("fc",)]
    assert_one_tensor_crosses(Skipping(), stages)


def test_a_parameter_that_the_network_itself_holds_belongs_to_the_stage_that_uses_it() -> None:
    assert next(iter(Skipping().state_dict())) == "scale"
    assert "scale" in find_stages(Skipping(), 16)[1].entries


def test_a_network_that_cannot_be_traced_is_refused() -> None:
    with pytest.raises(FtguiError, match="cannot be taken apart into stages"):
        find_stages(Undecided(), 8)


def test_pictures_that_do_not_go_through_are_refused() -> None:
    with pytest.raises(FtguiError, match="Pictures of 100 × 100 pixels do not go through"):
        find_stages(skeleton("vit_b_32", 3), 100)


def test_stochastic_depth_stays_a_module_so_that_train_mode_still_drops() -> None:
    graph = trace(skeleton("efficientnet_b0", 2).eval()).nodes
    called = {str(node.target) for node in graph if node.op == "call_module"}
    assert "features.2.1.stochastic_depth" in called
    assert math.isclose(
        skeleton("efficientnet_b0", 2).get_submodule("features.2.1.stochastic_depth").p, 0.025
    )
