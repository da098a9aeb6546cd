"""Optimizers and the step they take: what an lr of 0 has to survive."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ftgui.training.config import TrainConfig
from ftgui.training.optimizers import make_optimizer, take_step

KINDS = ("sgd", "adamw")
BAD = (1e30, math.inf, -math.inf, math.nan)


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


def stepped(kind: str, clip: float | None, *groups: dict[str, Any], steps: int = 1) -> list[torch.Tensor]:
    """Return the parameters after steps with the gradients that they hold."""
    optimizer = make_optimizer(groups, config(optimizer=kind))  # type: ignore[arg-type]
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
def test_a_gradient_at_lr_0_does_not_change_the_others_steps_by_a_bit(
    kind: str, clip: float | None, bad: float
) -> None:
    """However it explodes."""
    alone = stepped(kind, clip, with_gradient(group(0.5), 3.0, 4.0), steps=3)[0]
    zero, beside = stepped(
        kind, clip, with_gradient(group(0.0), bad, 1.0), with_gradient(group(0.5), 3.0, 4.0), steps=3
    )
    assert bits(beside) == bits(alone)
    assert bits(zero) == bits(torch.ones(2)), "nor does it move what is at 0"


@given(
    st.sampled_from(KINDS),
    st.floats(width=32),
    st.floats(width=32),
    st.sampled_from((None, 1e-6, 1.0, 1e6)),
    st.sampled_from((0.0, 0.1)),
)
def test_no_bit_of_what_is_at_lr_0_moves(
    kind: str, number: float, gradient: float, clip: float | None, decay: float
) -> None:
    before = torch.tensor([number, -0.0])
    at_zero = with_gradient(group(0.0, number, -0.0, decay=decay), gradient, gradient)
    after, _ = stepped(kind, clip, at_zero, with_gradient(group(0.5), 3.0, 4.0), steps=2)
    assert bits(after) == bits(before)


@pytest.mark.parametrize("kind", KINDS)
def test_minus_zero_stays_minus_zero_at_lr_0(kind: str) -> None:
    """Adding 0 times a gradient would make it 0.0: another bit, though the same number."""
    (after,) = stepped(kind, None, with_gradient(group(0.0, -0.0, -0.0, decay=0.1), 1.0, -1.0), steps=2)
    assert bits(after) == bits(torch.tensor([-0.0, -0.0]))


def test_a_step_without_any_gradient_moves_nothing() -> None:
    for kind in KINDS:
        (after,) = stepped(kind, 1.0, group(0.5, decay=0.1))
        assert bits(after) == bits(torch.ones(2))


def test_what_waits_at_0_begins_without_momentum_when_it_joins() -> None:
    """Gradients from before its thaw must not carry it along."""
    late, other = group(0.0, 1.0), group(0.5, 1.0)
    optimizer = make_optimizer([late, other], config(momentum=0.9))  # type: ignore[list-item]
    for _ in range(3):
        with_gradient(late, 100.0)
        take_step(optimizer, None)
    optimizer.param_groups[0]["lr"] = 0.5
    with_gradient(late, 1.0)
    take_step(optimizer, None)
    assert parameter(late).item() == pytest.approx(1 - 0.5)
