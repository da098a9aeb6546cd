"""What a run takes, put together from its parts: sums that can be checked by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ftgui.training.events import RunForecast
from ftgui.training.forecast import HIGH, LOW, SLACK_SECONDS, Leg, Rates, Work, forecast, obstacle_to_forecast

HEAD_NUMBERS, ALL_NUMBERS = 10, 1000
RATES = Rates(
    decoding=50.0,
    passing={2: 40.0, 4: 20.0},
    learning={(4, HEAD_NUMBERS): 1000.0, (0, ALL_NUMBERS): 5.0, (2, 500): 10.0},
    pass_bytes=300,
    step_bytes=2000,
)
FREEZE = Work(
    strategy="freeze",
    legs=(Leg(4, 10, HEAD_NUMBERS),),
    head_line=4,
    train_pictures=100,
    val_pictures=60,
    batch_size=20,
    decode=160,
    views={4: 260},
)
FULL = dataclasses.replace(FREEZE, strategy="full", legs=(Leg(0, 10, ALL_NUMBERS),), views={})


def told(work: Work, rates: Rates = RATES, **given: Any) -> RunForecast:
    found = forecast(work, rates, **({"spent": 0.0, "again": 0.0} | given))
    assert found is not None
    return found


def test_a_frozen_run_decodes_passes_once_and_then_only_its_head_learns() -> None:
    frozen = told(FREEZE)
    assert frozen.phase_seconds["decoding"] == pytest.approx(160 / 50)
    assert frozen.phase_seconds["frozen pass"] == pytest.approx(260 / 20)
    assert frozen.phase_seconds["training"] == pytest.approx(10 * 100 / 1000)
    assert frozen.phase_seconds["validation"] == pytest.approx(10 * 60 / 3000)
    assert frozen.seconds == pytest.approx(sum(frozen.phase_seconds.values()))
    assert frozen.epoch_seconds == pytest.approx(100 / 1000 + 60 / 3000)


def test_what_an_earlier_run_left_is_not_paid_again() -> None:
    warm = told(dataclasses.replace(FREEZE, decode=0, views={4: 0}))
    assert warm.phase_seconds["decoding"] == warm.phase_seconds["frozen pass"] == 0
    assert (warm.decoded_pictures, warm.prefix_forwards) == (0, 0)
    # and then nobody need know how fast that would be
    unknown = dataclasses.replace(RATES, decoding=None, passing={})
    assert told(dataclasses.replace(FREEZE, decode=0, views={4: 0}), unknown).seconds == warm.seconds


def test_where_everything_learns_pictures_are_judged_by_the_folded_network() -> None:
    full = told(FULL)
    assert full.phase_seconds["training"] == pytest.approx(10 * 100 / 5)
    assert full.phase_seconds["validation"] == pytest.approx(10 * 60 / 20)
    plain = told(dataclasses.replace(FULL, is_folded=False))
    assert plain.phase_seconds["validation"] == pytest.approx(10 * 60 / 15)


def test_thawing_is_some_epochs_of_one_and_some_of_the_other() -> None:
    thaw = told(dataclasses.replace(FREEZE, legs=(Leg(4, 4, HEAD_NUMBERS), Leg(0, 6, ALL_NUMBERS))))
    frozen, full = told(FREEZE), told(FULL)
    for phase in ("training", "validation"):
        expected = 0.4 * frozen.phase_seconds[phase] + 0.6 * full.phase_seconds[phase]
        assert thaw.phase_seconds[phase] == pytest.approx(expected)
    assert thaw.phase_seconds["frozen pass"] == frozen.phase_seconds["frozen pass"]
    assert thaw.epoch_seconds == full.epoch_seconds  # the dearer one


def test_a_last_batch_of_a_head_costs_as_much_as_a_full_one() -> None:
    few = dataclasses.replace(FREEZE, train_pictures=101)
    assert told(few).phase_seconds["training"] == pytest.approx(10 * 120 / 1000)


@pytest.mark.parametrize(
    ("work", "rates", "why"),
    [
        (FREEZE, dataclasses.replace(RATES, decoding=None), "No picture could be decoded"),
        (FREEZE, dataclasses.replace(RATES, passing={2: 1.0}), "frozen stages could not be timed"),
        (FREEZE, dataclasses.replace(RATES, learning={(0, ALL_NUMBERS): 5.0}), "Steps could not be timed"),
        (dataclasses.replace(FREEZE, fits=False), RATES, "does not fit into the cache"),
    ],
    ids=["decoding", "pass", "steps", "room"],
)
def test_where_nothing_can_be_said_it_is_said_why(work: Work, rates: Rates, why: str) -> None:
    assert forecast(work, rates, spent=1.0, again=1.0) is None
    assert why in obstacle_to_forecast(work, rates)
    assert obstacle_to_forecast(FREEZE, RATES) == ""


def test_the_range_holds_the_figure_and_what_was_spent_already_counts() -> None:
    full = told(FULL, spent=2.0, again=0.5)
    assert full.phase_seconds["preparing"] == 2.0
    assert full.phase_seconds["proof"] == 0.5
    assert full.low == pytest.approx(full.seconds * LOW - SLACK_SECONDS)
    assert full.high == pytest.approx(full.seconds * HIGH + SLACK_SECONDS)
    assert told(dataclasses.replace(FREEZE, decode=0, views={4: 0}, val_pictures=1)).low >= 0


def test_memory_is_that_of_the_most_demanding_moment() -> None:
    def memory(work: Work, rates: Rates = RATES) -> float | None:
        return told(work, rates, base_bytes=10_000).memory_mb

    heavy = dataclasses.replace(FULL, weight_bytes=100, moving_bytes=100, kept_bytes=7)
    assert memory(heavy) == pytest.approx((10_000 + 100 + 200 + 7 + 2000) / 1e6)
    light = dataclasses.replace(RATES, step_bytes=1, pass_bytes=5000)
    assert memory(heavy, light) == pytest.approx((10_000 + 100 + 7 + 5000) / 1e6)
    proving = dataclasses.replace(RATES, step_bytes=1, pass_bytes=1)
    assert memory(heavy, proving) == pytest.approx((10_000 + 100 + 200 + 7 + 300) / 1e6)
    assert memory(heavy, dataclasses.replace(RATES, step_bytes=None)) is None
    assert told(heavy).memory_mb is None
