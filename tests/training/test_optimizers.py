"""Optimizers and the step they take: what an lr of 0 has to survive."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from ftgui.core.preprocessing import Preprocessing
from ftgui.training.config import TrainConfig
from ftgui.training.optimizers import learn_from, make_optimizer, make_scaler, take_step
from ftgui.training.precision import Arithmetic

KINDS = ("sgd", "adamw")
CPU = torch.device("cpu")
DEVICES = pytest.mark.parametrize("device", [None, CPU], ids=["one by one", "fused"])
"""Of both ways in which parameters can be stepped; runs on the CPU step them in one kernel."""
BAD = (1e30, math.inf, -math.inf, math.nan)
FP16 = Arithmetic(CPU, "fp16", Preprocessing(resize=8, crop=8, name="tiny"))


def config(**changes: Any) -> TrainConfig:
    return TrainConfig(dataset="d", weights="w", **changes)


def group(lr: float, *numbers: float, decay: float = 0.0) -> dict[str, Any]:
    """Return a group of one parameter."""
    return {
        "params": [torch.nn.Parameter(torch.tensor(numbers or (1.0, 1.0)))],
        "lr": lr,
        "weight_decay": decay,
    }


def parameter(group: dict[str, Any]) -> torch.nn.Parameter:
    found: torch.nn.Parameter = group["params"][0]
    return found


def with_gradient(group: dict[str, Any], *gradient: float) -> dict[str, Any]:
    parameter(group).grad = torch.tensor(gradient)
    return group


def bits(tensor: torch.Tensor) -> bytes:
    return tensor.detach().numpy().tobytes()


def stepped(
    kind: str,
    clip: float | None,
    *groups: dict[str, Any],
    steps: int = 1,
    device: torch.device | None = CPU,
) -> list[torch.Tensor]:
    """Return the parameters after steps with the gradients that they hold."""
    optimizer = make_optimizer(groups, config(optimizer=kind), device)  # type: ignore[arg-type]
    held = [None if (grad := parameter(g).grad) is None else grad.clone() for g in groups]
    for _ in range(steps):
        for g, gradient in zip(groups, held, strict=True):
            parameter(g).grad = None if gradient is None else gradient.clone()
        take_step(optimizer, clip)
    return [parameter(g).detach() for g in groups]


# Making one ------------------------------------------------------------------------------------------------


def test_sgd_has_the_momentum_asked_for_and_each_groups_own_decay() -> None:
    groups = [group(0.0, decay=0.3), group(0.1)]
    optimizer = make_optimizer(groups, config(momentum=0.8))  # type: ignore[arg-type]
    assert type(optimizer) is torch.optim.SGD
    assert [(g["lr"], g["momentum"], g["weight_decay"]) for g in optimizer.param_groups] == [
        (0.0, 0.8, 0.3),
        (0.1, 0.8, 0.0),
    ]


def test_adamw_has_each_groups_own_rate_and_decay() -> None:
    optimizer = make_optimizer([group(0.1, decay=0.3), group(0.2)], config(optimizer="adamw"))  # type: ignore[list-item]
    assert type(optimizer) is torch.optim.AdamW
    assert [(g["lr"], g["weight_decay"]) for g in optimizer.param_groups] == [(0.1, 0.3), (0.2, 0.0)]


def test_what_a_group_brings_besides_stays_with_it() -> None:
    """Schedules read from it when a stage joins and at which rate."""
    late = group(0.0) | {"stage": "stem", "joins": 3, "lr_waiting": 0.0, "lr_joined": 0.05}
    for kind in KINDS:
        (kept,) = make_optimizer([late], config(optimizer=kind)).param_groups  # type: ignore[list-item]
        assert {name: kept[name] for name in ("stage", "joins", "lr_waiting", "lr_joined")} == {
            "stage": "stem",
            "joins": 3,
            "lr_waiting": 0.0,
            "lr_joined": 0.05,
        }


# Clipping --------------------------------------------------------------------------------------------------


def test_gradients_are_shortened_to_the_length_asked_for() -> None:
    """(3, 4) is 5 long; at 1 it is (0.6, 0.8)."""
    (moved,) = stepped("sgd", 1.0, with_gradient(group(0.5), 3.0, 4.0))
    torch.testing.assert_close(moved, torch.tensor([1 - 0.3, 1 - 0.4]))


def test_gradients_of_all_groups_are_shortened_together() -> None:
    """(3) and (4) are 5 long together; at 1 they are 0.6 and 0.8, whatever the rates."""
    first, second = stepped(
        "sgd", 1.0, with_gradient(group(0.5, 1.0), 3.0), with_gradient(group(0.1, 1.0), 4.0)
    )
    torch.testing.assert_close(first, torch.tensor([1 - 0.5 * 0.6]))
    torch.testing.assert_close(second, torch.tensor([1 - 0.1 * 0.8]))


def test_gradients_that_are_short_enough_are_left_alone() -> None:
    for clip in (5.5, None):
        (moved,) = stepped("sgd", clip, with_gradient(group(0.5), 3.0, 4.0))
        torch.testing.assert_close(moved, torch.tensor([1 - 1.5, 1 - 2.0]))


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("clip", [1.0, None])
@pytest.mark.parametrize("kind", KINDS)
@DEVICES
def test_a_gradient_at_lr_0_does_not_change_the_others_steps_by_a_bit(
    kind: str, clip: float | None, bad: float, device: torch.device | None
) -> None:
    """However it explodes."""
    alone = stepped(kind, clip, with_gradient(group(0.5), 3.0, 4.0), steps=3, device=device)[0]
    zero, beside = stepped(
        kind,
        clip,
        with_gradient(group(0.0), bad, 1.0),
        with_gradient(group(0.5), 3.0, 4.0),
        steps=3,
        device=device,
    )
    assert bits(beside) == bits(alone)
    assert bits(zero) == bits(torch.ones(2)), "nor does it move what is at 0"


@given(
    st.sampled_from(KINDS),
    st.floats(width=32),
    st.floats(width=32),
    st.sampled_from((None, 1e-6, 1.0, 1e6)),
    st.sampled_from((0.0, 0.1)),
    st.sampled_from((None, CPU)),
)
def test_no_bit_of_what_is_at_lr_0_moves(
    kind: str,
    number: float,
    gradient: float,
    clip: float | None,
    decay: float,
    device: torch.device | None,
) -> None:
    before = torch.tensor([number, -0.0])
    at_zero = with_gradient(group(0.0, number, -0.0, decay=decay), gradient, gradient)
    after, _ = stepped(kind, clip, at_zero, with_gradient(group(0.5), 3.0, 4.0), steps=2, device=device)
    assert bits(after) == bits(before)


@pytest.mark.parametrize("kind", KINDS)
@DEVICES
def test_minus_zero_stays_minus_zero_at_lr_0(kind: str, device: torch.device | None) -> None:
    """Adding 0 times a gradient would make it 0.0: another bit, though the same number."""
    still = with_gradient(group(0.0, -0.0, -0.0, decay=0.1), 1.0, -1.0)
    (after,) = stepped(kind, None, still, steps=2, device=device)
    assert bits(after) == bits(torch.tensor([-0.0, -0.0]))


def test_a_step_without_any_gradient_moves_nothing() -> None:
    for kind in KINDS:
        (after,) = stepped(kind, 1.0, group(0.5, decay=0.1))
        assert bits(after) == bits(torch.ones(2))


@DEVICES
def test_what_waits_at_0_begins_without_momentum_when_it_joins(device: torch.device | None) -> None:
    """Gradients from before its thaw must not carry it along."""
    late, other = group(0.0, 1.0), group(0.5, 1.0)
    optimizer = make_optimizer([late, other], config(momentum=0.9), device)  # type: ignore[list-item]
    for _ in range(3):
        with_gradient(late, 100.0)
        take_step(optimizer, None)
    optimizer.param_groups[0]["lr"] = 0.5
    with_gradient(late, 1.0)
    take_step(optimizer, None)
    assert parameter(late).item() == pytest.approx(1 - 0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_one_kernel_for_all_steps_them_as_one_by_one(kind: str) -> None:
    """But for the last places."""
    ends = [
        stepped(
            kind,
            1.0,
            with_gradient(group(0.5, 1.0, 3.0, decay=0.1), 3.0, 4.0),
            with_gradient(group(0.01), 1.0, -1.0),
            steps=4,
            device=device,
        )
        for device in (None, CPU)
    ]
    for one, other in zip(*ends, strict=True):
        torch.testing.assert_close(one, other)
    assert make_optimizer([group(0.5)], config(optimizer=kind), CPU).defaults["fused"]  # type: ignore[list-item]


# A loss that is no number ----------------------------------------------------------------------------------


RISING, FALLING = [0.1 * n for n in range(40)], [0.5 - 0.1 * n for n in range(40)]


def learned(
    kind: str,
    clip: float | None,
    factors: Sequence[float],
    *,
    scaled: bool,
    device: torch.device | None = CPU,
) -> list[bytes]:
    """Return two parameters' bits after each step by a loss that is so many times a sum of squares."""
    groups = [group(0.1, *RISING, decay=0.1), group(0.05, *FALLING)]
    optimizer = make_optimizer(groups, config(optimizer=kind), device)  # type: ignore[arg-type]
    scaler = make_scaler(FP16, optimizer) if scaled else None
    ends = []
    for factor in factors:
        optimizer.zero_grad()
        loss = torch.stack([(parameter(g) ** 2).sum() for g in groups]).sum() * factor
        soil_memory()
        learn_from(loss, optimizer, clip, scaler)
        ends.append(b"".join(bits(parameter(g)) for g in groups))
    return ends


def soil_memory() -> None:
    """Leave large numbers where memory was given back: what is taken there and not filled shows."""
    held = [torch.full((len(RISING),), 1e9) for _ in range(200)]
    del held


WAYS = pytest.mark.parametrize(
    ("device", "scaled"),
    [(None, False), (CPU, False), (CPU, True)],
    ids=["one by one", "fused", "fused, scaled as in fp16"],
)


@WAYS
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("clip", [0.5, None])
@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_that_is_not_finite_takes_no_step_and_leaves_no_trace(
    kind: str, clip: float | None, bad: float, device: torch.device | None, scaled: bool
) -> None:
    """Neither in the weights nor in what the optimizer remembers: the next steps are what they would be."""
    found = learned(kind, clip, (1.0, bad, 1.0, bad, bad, 2.0), scaled=scaled, device=device)
    wanted = learned(kind, clip, (1.0, 1.0, 2.0), scaled=scaled, device=device)
    assert found == [wanted[0], wanted[0], wanted[1], wanted[1], wanted[1], wanted[2]]
    assert len(set(wanted)) == 3, "the others did move"


@WAYS
@pytest.mark.parametrize("kind", KINDS)
def test_a_first_loss_that_is_not_finite_moves_nothing(
    kind: str, device: torch.device | None, scaled: bool
) -> None:
    start = bits(torch.tensor(RISING)) + bits(torch.tensor(FALLING))
    assert learned(kind, None, (math.nan,), scaled=scaled, device=device) == [start]


@pytest.mark.parametrize("kind", KINDS)
def test_steps_that_fp16_skips_at_first_leave_no_momentum(kind: str) -> None:
    """It begins at a scale that is too large on purpose, and skips until one fits."""
    found = learned(kind, 0.5, (math.inf, math.inf, 1.0, 2.0), scaled=True)
    assert found[2:] == learned(kind, 0.5, (1.0, 2.0), scaled=True)


def test_other_arithmetic_needs_no_scale() -> None:
    optimizer = make_optimizer([group(0.1)], config(), CPU)  # type: ignore[list-item]
    for precision in ("fp32", "bf16"):
        assert make_scaler(Arithmetic(CPU, precision, FP16.preprocessing), optimizer) is None
    assert make_scaler(FP16, optimizer) is not None


@pytest.mark.parametrize("clip", [0.5, None])
@pytest.mark.parametrize("kind", KINDS)
def test_scaled_gradients_step_as_plain_ones(kind: str, clip: float | None) -> None:
    """By powers of two, there and back: no bit of theirs is lost, and clipping sees their real length."""
    factors = (1.0, 0.5, 2.0)
    assert learned(kind, clip, factors, scaled=True) == learned(kind, clip, factors, scaled=False)


class Asked(TorchDispatchMode):
    """Counts how often a number is taken from the device: that waits for all that is under way."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def __torch_dispatch__(  # type: ignore[no-untyped-def]
        self, function: Any, types: Any, arguments: Any = (), keywords: Any = None
    ):
        self.times += function is torch.ops.aten._local_scalar_dense.default
        return function(*arguments, **(keywords or {}))


@pytest.mark.parametrize("clip", [0.5, None])
@pytest.mark.parametrize("kind", KINDS)
def test_whether_a_step_is_taken_is_not_asked_by_the_host(kind: str, clip: float | None) -> None:
    with Asked() as fused:
        learned(kind, clip, (1.0, math.nan, 1.0), scaled=False)
    assert fused.times == 0
    with Asked() as one_by_one:
        learned(kind, clip, (1.0, math.nan, 1.0), scaled=False, device=None)
    assert one_by_one.times >= 3, "or asking is not seen here"
