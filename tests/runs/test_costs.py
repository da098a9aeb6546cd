"""What a strategy costs by itself, whatever its runs found kept and whoever went first."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from ftgui.runs.costs import Cost, cost_of, frozen_at_first, has_decoded
from ftgui.runs.history import RunHistory
from ftgui.training.events import Reason, RunEnded
from tests.runs.drawn_comparison import PICTURES, plan_of, started

EVERY = 245 + PICTURES
"""To learn from, and to judge on."""


def run(
    strategy: str,
    seconds: float,
    *,
    forwards: int = 0,
    hits: int = 0,
    decoding: float = 0.0,
    decoded: int = 0,
    computing: float = 0.0,
    seed: int = 0,
) -> RunHistory:
    """A run that has ended."""
    plan = plan_of("freeze", "small-lr", "thaw", "partial", seeds=(0, 1, 2))
    entry = next(e for e in plan.entries() if (e.strategy, e.seed) == (strategy, seed))
    history = RunHistory(entry.name, Path(entry.name))
    history.apply(started(plan.config_of(entry)))
    history.apply(
        RunEnded(
            reason=Reason.COMPLETED,
            message="",
            seconds=seconds,
            counters={"prefix_forwards": forwards, "cache_hits": hits, "decoded_pictures": decoded},
            phase_seconds={"decoding": decoding, "frozen pass": computing},
        )
    )
    return history


def known(*seconds: float) -> Cost:
    """A cost of these runs, lowest first."""
    middle = statistics.median(seconds)
    return Cost(middle, min(seconds), max(seconds), is_known=True)


def test_a_run_that_found_what_another_computed_is_charged_for_it() -> None:
    cold = run("freeze", 9.0, forwards=500, computing=7.0)
    warm = run("freeze", 1.0, hits=500, seed=1)
    assert cost_of([cold, warm], [cold, warm]) == known(8.0, 9.0)
    assert cost_of([warm, cold], [warm, cold]) == known(8.0, 9.0), "whatever their order"


def test_the_median_seed_counts_and_not_one_beside_which_the_computer_had_other_things_to_do() -> None:
    runs = [run("small-lr", seconds, seed=seed) for seed, seconds in enumerate((70.0, 20.0, 22.0))]
    assert cost_of(runs, runs) == known(20.0, 22.0, 70.0)


def test_what_one_run_decodes_for_all_is_charged_to_every_strategy() -> None:
    first = run("freeze", 10.0, decoding=4.0, decoded=EVERY, forwards=9)
    second = run("small-lr", 50.0, decoding=0.5)
    assert cost_of([first], [first, second]) == known(10.0)
    assert cost_of([second], [first, second]) == known(53.5)


def test_where_pictures_were_decoded_before_nobody_is_charged_for_some_of_them() -> None:
    first, second = run("small-lr", 50.0, decoding=0.5, decoded=EVERY - 1), run("partial", 20.0)
    assert not any(map(has_decoded, (first, second)))
    assert cost_of([first], [first, second]) == known(49.5)
    assert cost_of([second], [first, second]) == known(20.0)


def test_frozen_stages_that_another_strategy_computed_are_charged_to_who_found_them() -> None:
    freeze = run("freeze", 9.0, forwards=500, computing=7.0)
    thaw = run("thaw", 30.0, forwards=20, hits=500, computing=0.5)
    assert frozen_at_first(freeze) == frozen_at_first(thaw) != ()
    assert cost_of([thaw], [freeze, thaw]) == known(37.0)


def test_of_frozen_stages_that_were_kept_before_nobody_knows_what_they_take() -> None:
    freeze, partial = run("freeze", 1.0, hits=500), run("partial", 12.0, forwards=500, computing=5.0)
    assert frozen_at_first(partial) != frozen_at_first(freeze)
    assert cost_of([freeze], [freeze, partial]) == Cost(1.0, 1.0, 1.0, is_known=False)
    assert cost_of([partial], [freeze, partial]) == known(12.0)


def test_a_run_that_went_on_with_what_it_had_computed_is_charged_for_it_once_and_seen() -> None:
    went_on = run("partial", 36.0, forwards=643, hits=643, computing=6.7)
    assert cost_of([went_on], [went_on]) == known(36.0)
    later = run("partial", 29.0, hits=643, seed=1)
    assert cost_of([later], [went_on, later]).seconds == pytest.approx(35.7)


def test_a_run_that_found_most_of_it_kept_does_not_show_what_it_takes() -> None:
    thaw = run("thaw", 30.0, forwards=20, hits=500, computing=0.5)
    assert not cost_of([thaw], [thaw, run("freeze", 1.0, hits=500)]).is_known


def test_where_everything_learns_nothing_is_taken_as_given() -> None:
    assert frozen_at_first(run("small-lr", 1.0)) == ()
    assert frozen_at_first(not_begun()) == ()


def not_begun() -> RunHistory:
    """A run that has not begun."""
    return RunHistory("none", Path("none"))
