"""What holds of the stages of every network."""

from __future__ import annotations

import re

import pytest
import torchvision
from torch import nn

from ftgui.models.head import output_layer
from ftgui.models.stages import Stage
from ftgui.models.tracing import trace

Stages = tuple[Stage, ...]


def assert_whole(model: nn.Module, stages: Stages) -> None:
    """Fail where stages are not the whole of a network, each of its parts in one of them, and in order."""
    _check_names(stages)
    _check_entries(model, stages)
    _check_modules(model, stages)
    _check_head(model, stages[-1])
    assert_one_tensor_crosses(model, stages)
    assert sum(stage.parameters for stage in stages) == sum(p.numel() for p in model.parameters())
    assert sum(stage.cost_share for stage in stages) == pytest.approx(1)
    assert all(stage.cost_share > 0 for stage in stages)


def _check_names(stages: Stages) -> None:
    names = [stage.name for stage in stages]
    assert (names[0], names[-1]) == ("stem", "head")
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"\w[\w.-]*", name) for name in names)


def _check_entries(model: nn.Module, stages: Stages) -> None:
    entries = [entry for stage in stages for entry in stage.entries]
    assert sorted(entries) == sorted(model.state_dict())
    parameters = dict(model.named_parameters())
    for stage in stages:
        assert stage.parameters == sum(parameters[e].numel() for e in stage.entries if e in parameters) > 0


def _check_modules(model: nn.Module, stages: Stages) -> None:
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


def assert_one_tensor_crosses(model: nn.Module, stages: Stages) -> None:
    """Fail where what runs after a boundary needs anything from before it but that tensor, and weights."""
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
