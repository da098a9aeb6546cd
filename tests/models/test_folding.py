"""A folded copy says what the network says in eval mode, with fewer norms, and is a copy."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import fx, nn

from ftgui.models.folding import folded
from ftgui.models.head import seeded
from ftgui.models.splitting import Halves
from ftgui.models.stages import find_stages
from tests import samples
from tests.models.lively import EACH, assert_varies, crop_of, lively, pictures

REMAINING = {"densenet121": 62, "maxvit_t": 11}
"""How many BatchNorms no convolution can take, since they come before theirs; 0 in all other networks."""
WITHOUT = ("alexnet", "convnext_tiny", "squeezenet1_1", "swin_t", "swin_v2_t", "vit_b_32")
"""Networks that have no BatchNorm in the first place."""

Prefix = fx.GraphModule


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with samples.one_thread(), torch.no_grad():
        yield


def prefix_of(model: nn.Module, name: str, dtype: torch.dtype = torch.float32) -> Prefix:
    """Return all of a network before its head; the network itself is brought to a type."""
    stages = find_stages(model, crop_of(name))
    return Halves(model.to(dtype), stages, len(stages) - 1).prefix


def norms_in(network: nn.Module) -> int:
    return sum(isinstance(part, nn.BatchNorm2d) for part in network.modules())


def distance(features: torch.Tensor, expected: torch.Tensor) -> float:
    """Return the largest difference as a share of the largest feature."""
    return float((features - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("name", EACH)
def test_a_folded_network_says_the_same_with_no_norm_that_a_convolution_can_take(name: str) -> None:
    prefix, inputs = prefix_of(lively(name), name), pictures(name)
    before = copy.deepcopy(prefix.state_dict())
    network = folded(prefix)
    assert (norms_in(prefix) > 0) == (name not in WITHOUT)
    assert norms_in(network) == REMAINING.get(name, 0)
    expected = prefix(inputs)
    assert_varies(expected)
    assert distance(network(inputs), expected) < 1e-5
    assert all(torch.equal(before[entry], tensor) for entry, tensor in prefix.state_dict().items())
    assert not storages(network) & storages(prefix)


def storages(network: nn.Module) -> set[int]:
    return {tensor.untyped_storage().data_ptr() for tensor in network.state_dict().values()}


@pytest.mark.parametrize("name", EACH)
def test_folding_is_exact_algebra(name: str) -> None:
    """In numbers of 64 bits what is left of any difference is nothing."""
    prefix, inputs = prefix_of(lively(name), name, torch.float64), pictures(name).double()
    assert distance(folded(prefix)(inputs), prefix(inputs)) < 1e-12


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_features_in_half_the_bits_are_nearly_the_same(name: str, layout: torch.memory_format) -> None:
    prefix, inputs = prefix_of(lively(name), name), pictures(name)
    network = folded(prefix, torch.bfloat16, layout)
    features, expected = network(inputs), prefix(inputs)
    assert features.dtype == torch.bfloat16
    alike = torch.cosine_similarity(features.float().flatten(1), expected.flatten(1))
    assert alike.min() > 0.998
    assert not torch.equal(features.float(), expected)
    check_form(network, layout)


def check_form(network: nn.Module, layout: torch.memory_format) -> None:
    """Fail where a number with a point is in other bits, or a filter lies otherwise in memory."""
    for entry, tensor in network.state_dict().items():
        assert tensor.dtype in (torch.bfloat16, torch.int64), entry
        assert tensor.ndim != 4 or tensor.is_contiguous(memory_format=layout), entry


def test_indices_stay_whole_numbers() -> None:
    prefix = prefix_of(lively("swin_t"), "swin_t")
    state = folded(prefix, torch.bfloat16).state_dict()
    indices = [entry for entry in state if entry.endswith("relative_position_index")]
    assert len(indices) == 12
    for entry in indices:
        assert state[entry].dtype == torch.int64
        assert torch.equal(state[entry], prefix.state_dict()[entry])


def test_what_the_network_learns_later_does_not_arrive_in_the_copy() -> None:
    model, inputs = lively("resnet18"), pictures("resnet18")
    network = folded(prefix_of(model, "resnet18"))
    before = network(inputs)
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.mul_(2)
    assert torch.equal(network(inputs), before)
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_the_copy_is_in_eval_mode_and_the_network_stays_in_its_own() -> None:
    model, inputs = lively("efficientnet_b0"), pictures("efficientnet_b0")
    expected = prefix_of(model, "efficientnet_b0")(inputs)
    model.train()
    network = folded(prefix_of(model, "efficientnet_b0"))
    assert distance(network(inputs), expected) < 1e-5
    assert all(part.training for part in model.modules())
    assert not any(part.training for part in network.modules())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pictures_come_in_any_type_and_layout(dtype: torch.dtype) -> None:
    prefix, inputs = prefix_of(lively("resnet18"), "resnet18"), pictures("resnet18")
    network = folded(prefix, dtype, torch.channels_last)
    expected = network(inputs)
    assert expected.dtype == dtype
    assert torch.equal(network(inputs.contiguous(memory_format=torch.channels_last)), expected)
    assert torch.equal(network(inputs.to(dtype)), expected)


def test_an_empty_prefix_only_brings_pictures_into_its_form() -> None:
    model, inputs = lively("resnet18"), pictures("resnet18")
    prefix = Halves(model, find_stages(model, 64), 0).prefix
    assert torch.equal(folded(prefix, torch.bfloat16)(inputs), inputs.bfloat16())


class Row(nn.Sequential):
    """Layers in a row; four channels in the middle."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__(*layers)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d) and part.running_var is not None:
                part.running_mean = torch.tensor([0.3, -0.2, 0.1, 0.5])
                part.running_var = torch.tensor([0.01, 0.1, 2.0, 0.5])
            if isinstance(part, nn.BatchNorm2d) and part.affine:
                part.weight.data = torch.tensor([0.5, -1.5, 1.0, 2.0])
                part.bias.data = torch.tensor([0.2, -0.4, 0.0, 1.0])


def conv(into: int = 3, **options: object) -> nn.Conv2d:
    with seeded(into):
        return nn.Conv2d(into, 4, 3, **options)  # type: ignore[arg-type]


def check(model: nn.Module, norms: int) -> None:
    """Fail where the folded copy of a small network says something else or has not so many norms."""
    prefix, inputs = fx.symbolic_trace(model.eval()), pictures("resnet18")
    network = folded(prefix)
    assert norms_in(network) == norms
    assert distance(network(inputs), model(inputs)) < 1e-5


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_a_norm_with_or_without_scales_goes_into_a_convolution_with_or_without_bias(
    bias: bool, affine: bool, eps: float
) -> None:
    check(Row(conv(bias=bias), nn.BatchNorm2d(4, eps=eps, affine=affine), nn.ReLU(inplace=True)), norms=0)


def test_a_norm_goes_into_convolutions_of_every_kind() -> None:
    check(Row(conv(), conv(4, groups=4, bias=False), nn.BatchNorm2d(4)), norms=0)
    check(Row(conv(stride=2, padding=1, padding_mode="reflect"), nn.BatchNorm2d(4)), norms=0)
    check(Row(conv(dilation=2), nn.BatchNorm2d(4), conv(4), nn.BatchNorm2d(4)), norms=0)


def test_a_norm_without_statistics_stays() -> None:
    check(Row(conv(), nn.BatchNorm2d(4, track_running_stats=False)), norms=1)


def test_a_norm_before_its_convolution_stays() -> None:
    check(Row(conv(), nn.ReLU(), nn.BatchNorm2d(4), conv(4, padding=1)), norms=1)


def test_what_is_used_twice_stays() -> None:
    both, norm = conv(), nn.BatchNorm2d(4)
    norms = Row(nn.BatchNorm2d(4), nn.BatchNorm2d(4))

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = both, norms[0]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.conv(x)
            return self.norm(y) + y  # type: ignore[no-any-return]

    check(Residual(), norms=1)
    same = conv(4, padding=1)
    check(Row(conv(), same, norm, same, nn.BatchNorm2d(4)), norms=2)
    check(Row(conv(), norm, conv(4), norm), norms=1)


class Penalised(nn.Module):
    """Uses a convolution's filters once more, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = conv(), Row(nn.BatchNorm2d(4))[0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.first(x)) + self.first.weight.sum()  # type: ignore[no-any-return]


def test_filters_that_are_read_elsewhere_stay() -> None:
    check(Penalised(), norms=1)


class Doubling(nn.Conv2d):
    """Does more than a convolution."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002
        return super().forward(input) * input.mean()


def test_a_layer_that_is_more_than_a_convolution_takes_no_norm() -> None:
    model = Row(Doubling(3, 4, 3), nn.BatchNorm2d(4)).eval()
    tracer = fx.Tracer()
    tracer.is_leaf_module = lambda *_: True  # type: ignore[method-assign,assignment]
    network = folded(fx.GraphModule(model, tracer.trace(model)))
    inputs = pictures("resnet18").contiguous()  # as the folded network makes them first
    assert norms_in(network) == 1
    assert torch.equal(network(inputs), model(inputs))
