"""The stages found in a network are those that a person would draw, and together they are the network."""

from __future__ import annotations

import copy
import math
import re

import pytest
import torch
import torchvision
from torch import nn

from ftgui.core.errors import FtguiError
from ftgui.models import architectures
from ftgui.models.construction import skeleton
from ftgui.models.head import output_layer
from ftgui.models.stages import Stage, find_stages
from ftgui.models.tracing import measure, trace
from tests.models.lively import Undecided

SMALLEST = (
    "alexnet",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "efficientnet_v2_s",
    "googlenet",
    "inception_v3",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "regnet_x_400mf",
    "regnet_y_400mf",
    "resnet18",
    "resnext50_32x4d",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "swin_t",
    "swin_v2_t",
    "vgg11",
    "vgg11_bn",
    "vit_b_32",
)


def crop_of(name: str) -> int:
    return 299 if name == "inception_v3" else 224


def stages_of(name: str, num_classes: int = 5) -> tuple[Stage, ...]:
    return find_stages(skeleton(name, num_classes), crop_of(name))


def names_of(name: str) -> list[str]:
    return [stage.name for stage in stages_of(name)]


@pytest.mark.parametrize("name", SMALLEST)
def test_stages_are_the_whole_network_in_order(name: str) -> None:
    check(name)


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(set(architectures.names()) - set(SMALLEST)))
def test_stages_of_all_other_classifiers_too(name: str) -> None:
    check(name)


def check(name: str) -> None:
    model = skeleton(name, 5)
    stages = find_stages(model, crop_of(name))
    assert 5 <= len(stages) <= 8
    _check_names(stages)
    _check_entries(model, stages)
    _check_modules(model, stages)
    _check_head(model, stages[-1])
    _check_boundaries(model, stages)
    assert sum(stage.cost_share for stage in stages) == pytest.approx(1)
    assert all(stage.cost_share > 0 for stage in stages)


def _check_names(stages: tuple[Stage, ...]) -> None:
    names = [stage.name for stage in stages]
    assert (names[0], names[-1]) == ("stem", "head")
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"\w[\w.-]*", name) for name in names)


def _check_entries(model: nn.Module, stages: tuple[Stage, ...]) -> None:
    entries = [entry for stage in stages for entry in stage.entries]
    assert sorted(entries) == sorted(model.state_dict())
    parameters = dict(model.named_parameters())
    for stage in stages:
        assert stage.parameters == sum(parameters[e].numel() for e in stage.entries if e in parameters) > 0


def _check_modules(model: nn.Module, stages: tuple[Stage, ...]) -> None:
    for stage in stages:
        assert set(stage.modules) <= set(stage.inner)
        for path in stage.modules:
            keys = {f"{path}.{key}" for key in model.get_submodule(path).state_dict()}
            assert keys
            assert keys <= set(stage.entries)
    leaves = {path for path, part in model.named_modules() if path and not list(part.children())}
    called = [path for stage in stages for path in stage.inner if path in leaves]
    assert len(called) == len(set(called))
    random = {
        p for p in leaves if isinstance(model.get_submodule(p), nn.Dropout | torchvision.ops.StochasticDepth)
    }
    assert random <= set(called)


def _check_head(model: nn.Module, head: Stage) -> None:
    assert head.modules == (output_layer(model),)
    assert head.boundary == ""


def _check_boundaries(model: nn.Module, stages: tuple[Stage, ...]) -> None:
    """One tensor crosses: what runs after a boundary needs nothing from before it but that, and weights."""
    nodes = trace(model).nodes
    position = {node.name: index for index, node in enumerate(nodes)}
    for stage in stages[:-1]:
        last = position[stage.boundary]
        needed = {
            value
            for node in nodes[last + 1 :]
            for value in node.all_input_nodes
            if position[value.name] <= last
        }
        assert {value.name for value in needed if value.op != "get_attr"} == {stage.boundary}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet18", "stem layer1 layer2 layer3 layer4 head"),
        ("mobilenet_v2", "stem features.2-3 features.4-6 features.7-13 features.14-18 head"),
        ("squeezenet1_1", "stem features.3-4 features.6-7 features.9-12 head"),
        ("vgg11", "stem features.3 features.6-8 features.11-13 features.16-18 classifier.0-3 head"),
        ("swin_t", "stem features.1 features.2-3 features.4-5 features.6-7 head"),
        ("regnet_y_400mf", "stem block1 block2 block3 block4 head"),
        (
            "vit_b_32",
            "stem encoder_layer_0-2 encoder_layer_3-5 encoder_layer_6-8 encoder_layer_9-11 head",
        ),
    ],
)
def test_stages_are_named_as_people_call_them(name: str, expected: str) -> None:
    assert names_of(name) == expected.split()


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
    _check_boundaries(Skipping(), stages)


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
