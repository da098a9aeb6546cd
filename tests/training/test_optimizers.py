"""Optimizers and schedules: what an lr of 0 has to survive."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ftgui.training.config import TrainConfig
from ftgui.training.optimizers import lr_factor, make_optimizer, set_lr_factor

SCHEDULES = ("constant", "step", "cosine")


def groups(*rates: float) -> list[dict[str, Any]]:
    return [{"params": [torch.nn.Parameter(torch.ones(2))], "lr": rate} for rate in rates]


def config(**changes: Any) -> TrainConfig:
    return TrainConfig(dataset="d", weights="w", **changes)


def test_the_constant_schedule_is_constant() -> None:
    assert {lr_factor("constant", epoch, 20) for epoch in range(1, 21)} == {1.0}


def test_the_step_schedule_falls_to_a_tenth_every_seven_epochs() -> None:
    factors = [lr_factor("step", epoch, 25) for epoch in (1, 7, 8, 14, 15, 21, 22, 25)]
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_the_cosine_is_half_of_a_wave_and_its_last_epoch_still_learns() -> None:
    factors = [lr_factor("cosine", epoch, 4) for epoch in range(1, 5)]
    root = math.sqrt(0.5)
    assert factors == pytest.approx([1, (1 + root) / 2, 0.5, (1 - root) / 2])


@given(st.sampled_from(SCHEDULES), st.integers(1, 500), st.data())
def test_a_factor_is_above_0_and_never_above_1_and_never_rises(
    schedule: str, epochs: int, data: st.DataObject
) -> None:
    epoch = data.draw(st.integers(1, epochs))
    factor = lr_factor(schedule, epoch, epochs)
    assert 0 < factor <= 1 or (schedule == "step" and epoch > 7 * 300)
    assert lr_factor(schedule, epoch + 1, max(epochs, epoch + 1)) <= 1
    assert lr_factor(schedule, 1, epochs) == 1
    if epoch > 1:
        assert factor <= lr_factor(schedule, epoch - 1, epochs)


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_an_lr_of_0_stays_0_in_every_epoch(schedule: str, kind: str) -> None:
    optimizer = make_optimizer(groups(0.0, 0.001, 0.01), config(optimizer=kind))
    for epoch in range(1, 31):
        factor = lr_factor(schedule, epoch, 30)
        set_lr_factor(optimizer, factor)
        rates = [group["lr"] for group in optimizer.param_groups]
        assert rates[0] == 0.0
        assert rates[1:] == pytest.approx([0.001 * factor, 0.01 * factor])


def test_factors_do_not_multiply_up() -> None:
    optimizer = make_optimizer(groups(1.0), config())
    for _ in range(3):
        set_lr_factor(optimizer, 0.5)
    assert optimizer.param_groups[0]["lr"] == 0.5
    set_lr_factor(optimizer, 1.0)
    assert optimizer.param_groups[0]["lr"] == 1.0


def test_sgd_has_the_momentum_and_weight_decay_asked_for() -> None:
    optimizer = make_optimizer(groups(0.0, 0.1), config(momentum=0.8, weight_decay=0.3))
    assert type(optimizer) is torch.optim.SGD
    assert [(g["momentum"], g["weight_decay"]) for g in optimizer.param_groups] == [(0.8, 0.3)] * 2


def test_adamw_has_the_weight_decay_asked_for() -> None:
    optimizer = make_optimizer(groups(0.1), config(optimizer="adamw", weight_decay=0.3))
    assert type(optimizer) is torch.optim.AdamW
    assert optimizer.param_groups[0]["weight_decay"] == 0.3
