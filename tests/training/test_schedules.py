"""Learning rates at each step: one factor for all groups, and a ramp for those that join later."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ftgui.training.config import TrainConfig
from ftgui.training.optimizers import make_optimizer
from ftgui.training.schedules import Moment, joining_factor, lr_factor, set_learning_rates

SCHEDULES = ("constant", "step", "cosine")


def config(**changes: Any) -> TrainConfig:
    return TrainConfig(dataset="d", weights="w", **changes)


def group(waiting: float, joined: float | None = None, joins: int = 1) -> dict[str, Any]:
    joined = waiting if joined is None else joined
    return {
        "params": [torch.nn.Parameter(torch.ones(2))],
        "lr": waiting,
        "weight_decay": 0.0,
        "stage": "stem",
        "joins": joins,
        "lr_waiting": waiting,
        "lr_joined": joined,
    }


def rates(settings: TrainConfig, now: Moment, *groups: dict[str, Any]) -> list[float]:
    """Return what a fresh optimizer's groups are set to at a moment."""
    optimizer = make_optimizer(groups, settings)  # type: ignore[arg-type]
    set_learning_rates(optimizer, settings, now)
    return [g["lr"] for g in optimizer.param_groups]


def by_epoch(settings: TrainConfig, *epochs: int) -> list[float]:
    """Return the factor at the first step of each epoch; where there is no warm-up it is that of all."""
    return [lr_factor(settings, Moment(epoch, 1, 4)) for epoch in epochs]


# Schedules without a warm-up -------------------------------------------------------------------------------


def test_the_constant_schedule_is_constant() -> None:
    assert set(by_epoch(config(schedule="constant", epochs=20), *range(1, 21))) == {1.0}


def test_the_step_schedule_falls_to_a_tenth_every_seven_epochs() -> None:
    factors = by_epoch(config(schedule="step", epochs=25), 1, 7, 8, 14, 15, 21, 22, 25)
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_the_cosine_is_half_of_a_wave_and_its_last_epoch_still_learns() -> None:
    root = math.sqrt(0.5)
    factors = by_epoch(config(schedule="cosine", epochs=4), 1, 2, 3, 4)
    assert factors == pytest.approx([1, (1 + root) / 2, 0.5, (1 - root) / 2])


@given(st.sampled_from(SCHEDULES), st.integers(1, 200), st.integers(1, 9), st.data())
def test_without_a_warm_up_a_factor_is_the_same_throughout_an_epoch(
    schedule: str, epochs: int, batches: int, data: st.DataObject
) -> None:
    settings = config(schedule=schedule, epochs=epochs)
    epoch = data.draw(st.integers(1, epochs))
    steps = {lr_factor(settings, Moment(epoch, batch, batches)) for batch in range(1, batches + 1)}
    assert len(steps) == 1


# Warm-up ---------------------------------------------------------------------------------------------------


def test_a_warm_up_rises_step_by_step_and_ends_at_1() -> None:
    settings = config(schedule="constant", epochs=6, warmup_epochs=2)
    steps = [lr_factor(settings, Moment(epoch, batch, 4)) for epoch in (1, 2) for batch in (1, 2, 3, 4)]
    assert steps == pytest.approx([0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0])
    assert lr_factor(settings, Moment(3, 1, 4)) == 1.0


def test_the_cosine_falls_over_the_epochs_that_a_warm_up_leaves() -> None:
    """Two of six are warm-up: from the third on it is the cosine of four."""
    root = math.sqrt(0.5)
    factors = by_epoch(config(schedule="cosine", epochs=6, warmup_epochs=2), 3, 4, 5, 6)
    assert factors == pytest.approx([1, (1 + root) / 2, 0.5, (1 - root) / 2])


def test_the_steps_of_seven_epochs_begin_after_a_warm_up() -> None:
    factors = by_epoch(config(schedule="step", epochs=25, warmup_epochs=2), 3, 9, 10, 16, 17)
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01])


def test_a_warm_up_may_take_all_epochs_and_more() -> None:
    for schedule in SCHEDULES:
        whole = config(schedule=schedule, epochs=2, warmup_epochs=2)
        assert lr_factor(whole, Moment(2, 4, 4)) == pytest.approx(1.0)
        longer = config(schedule=schedule, epochs=2, warmup_epochs=8)
        assert lr_factor(longer, Moment(2, 4, 4)) == pytest.approx(0.25)


@given(st.sampled_from(SCHEDULES), st.integers(1, 300), st.integers(0, 20), st.integers(1, 9), st.data())
def test_a_factor_is_above_0_and_never_above_1_and_falls_once_it_has_risen(
    schedule: str, epochs: int, warmup: int, batches: int, data: st.DataObject
) -> None:
    settings = config(schedule=schedule, epochs=epochs, warmup_epochs=warmup)
    epoch = data.draw(st.integers(1, epochs))
    now = [lr_factor(settings, Moment(epoch, batch, batches)) for batch in range(1, batches + 1)]
    assert all(0 < factor <= 1 for factor in now)
    if epoch < epochs:
        after = lr_factor(settings, Moment(epoch + 1, 1, batches))
        assert after > now[-1] if epoch < warmup else after <= now[-1]
    if epoch <= warmup:
        assert now == sorted(now)


# An lr of 0 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("warmup", [0, 3])
def test_an_lr_of_0_stays_0_at_every_step_and_others_keep_their_share(
    schedule: str, kind: str, warmup: int
) -> None:
    settings = config(optimizer=kind, schedule=schedule, epochs=30, warmup_epochs=warmup)
    optimizer = make_optimizer([group(0.0), group(0.001), group(0.01)], settings)  # type: ignore[list-item]
    for epoch in range(1, 31):
        for batch in (1, 2, 3):
            set_learning_rates(optimizer, settings, Moment(epoch, batch, 3))
            zero, small, large = (g["lr"] for g in optimizer.param_groups)
            assert zero == 0.0
            assert small == pytest.approx(large / 10)
            assert large == pytest.approx(0.01 * lr_factor(settings, Moment(epoch, batch, 3)))


@given(
    st.sampled_from(SCHEDULES),
    st.integers(1, 50),
    st.integers(0, 60),
    st.integers(1, 60),
    st.integers(1, 9),
    st.data(),
)
def test_an_lr_of_0_stays_0_whenever_it_joins(
    schedule: str, epochs: int, warmup: int, joins: int, batches: int, data: st.DataObject
) -> None:
    settings = config(schedule=schedule, epochs=epochs, warmup_epochs=warmup)
    now = Moment(data.draw(st.integers(1, epochs)), data.draw(st.integers(1, batches)), batches)
    zero, head = rates(settings, now, group(0.0, joins=joins), group(0.5))
    assert zero == 0.0
    assert 0 < head <= 0.5


def test_factors_do_not_multiply_up() -> None:
    settings = config(schedule="cosine", epochs=4)
    optimizer = make_optimizer([group(1.0)], settings)  # type: ignore[list-item]
    for _ in range(3):
        set_learning_rates(optimizer, settings, Moment(3, 1, 4))
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.5)
    set_learning_rates(optimizer, settings, Moment(1, 1, 4))
    assert optimizer.param_groups[0]["lr"] == 1.0


# What joins later ------------------------------------------------------------------------------------------


def test_what_joins_rises_over_its_first_epoch() -> None:
    steps = [joining_factor(3, 0, Moment(3, batch, 4)) for batch in (1, 2, 3, 4)]
    assert steps == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert joining_factor(3, 0, Moment(4, 1, 4)) == 1.0


def test_what_joins_rises_over_as_many_epochs_as_the_warm_up() -> None:
    steps = [joining_factor(3, 2, Moment(epoch, batch, 2)) for epoch in (3, 4, 5) for batch in (1, 2)]
    assert steps == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 1.0])


def test_what_is_there_from_the_first_epoch_does_not_join() -> None:
    assert {joining_factor(1, 3, Moment(epoch, 1, 8)) for epoch in (1, 2, 5)} == {1.0}


def test_before_it_joins_a_group_has_the_rate_that_it_waits_at() -> None:
    """0, but for norms that may learn meanwhile: they come down to the extractor's rate at once."""
    settings = config(schedule="constant", epochs=9)
    late, norms, head = group(0.0, 0.05, joins=3), group(0.5, 0.05, joins=3), group(0.5)
    found = {
        (epoch, batch): rates(settings, Moment(epoch, batch, 4), late, norms, head)
        for epoch, batch in ((1, 1), (2, 4), (3, 1), (3, 4), (4, 1), (9, 4))
    }
    assert found == {
        (1, 1): [0.0, 0.5, 0.5],
        (2, 4): [0.0, 0.5, 0.5],
        (3, 1): [pytest.approx(0.0125), pytest.approx(0.05), 0.5],
        (3, 4): [pytest.approx(0.05), pytest.approx(0.05), 0.5],
        (4, 1): [pytest.approx(0.05), pytest.approx(0.05), 0.5],
        (9, 4): [pytest.approx(0.05), pytest.approx(0.05), 0.5],
    }


def test_what_has_joined_follows_the_schedule_of_the_others() -> None:
    """The third of four epochs of a cosine is at a half, and the second of four steps of the ramp too."""
    settings = config(schedule="cosine", epochs=4)
    found = rates(settings, Moment(3, 2, 4), group(0.0, 0.1, joins=3), group(1.0))
    assert found == pytest.approx([0.1 * 0.5 * 0.5, 0.5])


def test_a_warm_up_that_goes_on_holds_for_what_joins_in_it() -> None:
    """A group that joins at the second of four epochs of warm-up has a half of that, times its own start."""
    settings = config(schedule="constant", epochs=9, warmup_epochs=4)
    late, head = rates(settings, Moment(2, 4, 4), group(0.0, 0.1, joins=2), group(1.0))
    assert head == pytest.approx(0.5)
    assert late == pytest.approx(0.1 * 0.5 * 0.25)


@given(st.integers(2, 20), st.integers(0, 5), st.integers(1, 9), st.data())
def test_a_ramp_never_falls_and_ends_at_1(joins: int, warmup: int, batches: int, data: st.DataObject) -> None:
    epochs = range(joins, joins + max(1, warmup) + 1)
    ramp = [
        joining_factor(joins, warmup, Moment(e, b, batches)) for e in epochs for b in range(1, batches + 1)
    ]
    assert ramp == sorted(ramp)
    assert ramp[-1] == 1.0
    assert 0 < ramp[0] <= 1.0


def test_a_moment_counts_the_step_itself() -> None:
    assert Moment(1, 4, 4).epochs_since(1) == 1.0
    assert Moment(3, 1, 4).epochs_since(1) == 2.25
    assert Moment(3, 1, 4).epochs_since(3) == 0.25
