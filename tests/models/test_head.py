"""The output layer is found in every network, and a new one takes its place."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from ftgui.core.errors import FtguiError
from ftgui.models import architectures
from ftgui.models.construction import construct, skeleton
from ftgui.models.head import output_layer, replace_output_layer


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 5))


def weights(model: nn.Module) -> torch.Tensor:
    weight = model.get_submodule(output_layer(model)).weight
    assert isinstance(weight, torch.Tensor)
    return weight.detach().clone()


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "maxvit_t", "vit_b_16", "mobilenet_v3_small"])
def test_a_new_output_layer_has_the_old_ones_inputs_and_its_own_classes(name: str) -> None:
    model = skeleton(name, 1000)
    old = model.get_submodule(output_layer(model))
    path = replace_output_layer(model, 3, seed=0)
    new = model.get_submodule(path)
    assert path == architectures.get(name).head
    assert type(new) is type(old)
    assert new.weight.shape == (3, *old.weight.shape[1:])
    assert (new.bias is None) == (old.bias is None)


def test_the_seed_alone_decides_the_new_layer() -> None:
    models = [network() for _ in range(3)]
    torch.manual_seed(1)
    replace_output_layer(models[0], 3, seed=7)
    torch.manual_seed(2)
    replace_output_layer(models[1], 3, seed=7)
    replace_output_layer(models[2], 3, seed=8)
    assert torch.equal(weights(models[0]), weights(models[1]))
    assert not torch.equal(weights(models[0]), weights(models[2]))


def test_the_global_random_numbers_go_on_as_if_nothing_had_been_drawn() -> None:
    model = network()
    torch.manual_seed(5)
    expected = torch.rand(4)
    torch.manual_seed(5)
    replace_output_layer(model, 3, seed=7)
    assert torch.equal(torch.rand(4), expected)


def test_nothing_but_the_output_layer_is_touched() -> None:
    model = network()
    before = copy.deepcopy(model[0].state_dict())
    replace_output_layer(model, 3, seed=0)
    assert all(torch.equal(before[key], tensor) for key, tensor in model[0].state_dict().items())
    assert model(torch.ones(2, 4)).shape == (2, 3)


def test_a_linear_layer_is_initialised_as_linear_layers_are() -> None:
    model = network()
    replace_output_layer(model, 3, seed=7)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        assert torch.equal(weights(model), nn.Linear(8, 3).weight.detach())


def test_squeezenets_convolution_is_initialised_as_squeezenet_does_and_it_counts_its_classes() -> None:
    model = construct("squeezenet1_1", 1000)
    path = replace_output_layer(model, 40, seed=0)
    layer = model.get_submodule(path)
    assert isinstance(layer, nn.Conv2d)
    assert isinstance(layer.bias, torch.Tensor)
    assert layer.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert not layer.bias.any()
    assert model.num_classes == 40
    assert model.eval()(torch.zeros(1, 3, 64, 64)).shape == (1, 40)


def test_type_and_mode_of_the_old_layer_are_kept() -> None:
    model = network().double().eval()
    path = replace_output_layer(model, 3, seed=0)
    assert weights(model).dtype is torch.float64
    assert not model.get_submodule(path).training
    assert all(parameter.requires_grad for parameter in model.get_submodule(path).parameters())


def test_an_output_layer_of_another_kind_is_refused() -> None:
    with pytest.raises(FtguiError, match="is a BatchNorm1d"):
        replace_output_layer(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)), 2, seed=0)


def test_a_network_without_parameters_is_refused() -> None:
    with pytest.raises(FtguiError, match="nothing that could learn"):
        output_layer(nn.ReLU())
