"""What several runs take one after the other: what is computed once for all is paid once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ftgui.core.settings import EngineSettings, write_settings
from ftgui.runs.comparison import ComparisonPlan, make_plan_of
from ftgui.runs.forecast import runs_of_plan, seconds_by_strategy
from ftgui.training.config import TrainConfig
from ftgui.training.events import RunForecast


def told(strategy: str, *, views: int = 0, passing: float = 0.0, training: float) -> RunForecast:
    """Five seconds of decoding, ``passing`` of views through frozen stages, and ``training``."""
    seconds = 5.0 + passing + training
    return RunForecast(
        strategy=strategy,
        seconds=seconds,
        low=seconds * 0.5,
        high=seconds * 2,
        epoch_seconds=1.0,
        phase_seconds={"decoding": 5.0, "frozen pass": passing, "training": training},
        decoded_pictures=100,
        prefix_forwards=views,
    )


TOLD = {
    each.strategy: each
    for each in (
        told("freeze", views=200, passing=8.0, training=1.0),
        told("thaw", views=200, passing=8.0, training=20.0),
        told("partial", views=200, passing=6.0, training=10.0),
        told("full", training=40.0),
    )
}


def plan(*strategies: str, seeds: tuple[int, ...] = (0,), **changes: Any) -> ComparisonPlan:
    return make_plan_of(TrainConfig(dataset="d", weights="w", **changes), strategies, seeds)


def seconds(asked: ComparisonPlan, told: dict[str, RunForecast] = TOLD) -> list[float]:
    return [run.seconds for run in runs_of_plan(asked, told)]


def test_pictures_are_decoded_once_and_stages_that_are_frozen_alike_passed_once() -> None:
    runs = runs_of_plan(plan("freeze", "thaw", "partial", "full"), TOLD)
    assert [run.seconds for run in runs] == pytest.approx([5 + 8 + 1, 20, 6 + 10, 40])
    assert [run.decoded_pictures for run in runs] == [100, 0, 0, 0]
    assert [run.prefix_forwards for run in runs] == [200, 0, 200, 0]
    for run in runs:
        assert (run.low, run.high) == pytest.approx((run.seconds * 0.5, run.seconds * 2))
        assert run.seconds == pytest.approx(sum(run.phase_seconds.values()))


def test_later_seeds_find_all_of_it() -> None:
    assert seconds(plan("freeze", "full", seeds=(0, 1))) == pytest.approx([14, 40, 1, 40])


def test_what_a_strategy_alone_needs_decoded_is_paid_by_it() -> None:
    few = msgspec.structs.replace(TOLD["freeze"], decoded_pictures=20)
    assert seconds(plan("freeze", "full"), TOLD | {"freeze": few}) == pytest.approx([14, 40 + 4])


def test_where_nothing_is_kept_each_run_pays_all_of_it() -> None:
    whole = [14.0, 45.0, 14.0, 45.0]
    assert seconds(plan("freeze", "full", seeds=(0, 1), cache="off")) == pytest.approx(whole)
    write_settings(EngineSettings(cache_gb=0))
    assert seconds(plan("freeze", "full", seeds=(0, 1))) == pytest.approx(whole)


def test_runs_that_are_done_and_strategies_of_which_nothing_is_told_are_left_out() -> None:
    asked = plan("freeze", "scratch", "full", seeds=(0, 1))
    runs = runs_of_plan(asked, TOLD, {"freeze-seed0"})
    assert [run.strategy for run in runs] == ["full", "freeze", "full"]


def test_the_means_of_the_strategies_add_up_to_what_all_runs_take() -> None:
    runs = runs_of_plan(plan("freeze", "full", seeds=(0, 1)), TOLD)
    means = seconds_by_strategy(runs)
    assert means == pytest.approx({"freeze": 7.5, "full": 40.0})
    assert 2 * sum(means.values()) == pytest.approx(sum(run.seconds for run in runs))
