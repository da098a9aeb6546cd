"""What a strategy costs by itself, whatever its runs found kept and whoever went first."""

from __future__ import annotations

import statistics
from pathlib import Path

from ftgui.runs.costs import Cost, cost_of, has_decoded
from ftgui.runs.history import RunHistory
from ftgui.training.events import Reason, RunEnded
from tests.runs.drawn_comparison import PICTURES, plan_of, started

EVERY = 245 + PICTURES
"""To learn from, and to judge on."""


def run(
    strategy: str,
    seconds: float,
    *,
    spared: float | None = 0.0,
    hits: int = 0,
    decoding: float = 0.0,
    decoded: int = 0,
    seed: int = 0,
) -> RunHistory:
    """A run that has ended."""
    plan = plan_of("freeze", "small-lr", "full", "partial", seeds=(0, 1, 2))
    entry = next(e for e in plan.entries() if (e.strategy, e.seed) == (strategy, seed))
    history = RunHistory(entry.name, Path(entry.name))
    history.apply(started(plan.config_of(entry)))
    history.apply(
        RunEnded(
            reason=Reason.COMPLETED,
            message="",
            seconds=seconds,
            spared_seconds=spared,
            counters={"cache_hits": hits, "decoded_pictures": decoded},
            phase_seconds={"decoding": decoding},
        )
    )
    return history


def known(*seconds: float) -> Cost:
    """A cost of these runs, lowest first."""
    middle = statistics.median(seconds)
    return Cost(middle, min(seconds), max(seconds), is_known=True)


def test_a_run_is_charged_what_the_features_took_that_it_found_kept() -> None:
    cold = run("freeze", 9.0, spared=0.0)
    warm = run("freeze", 1.0, spared=7.0, seed=1)
    assert cost_of([cold, warm], [cold, warm]) == known(8.0, 9.0)
    assert cost_of([warm], [warm]) == known(8.0), "whoever computed them, and when"


def test_the_median_seed_counts_and_not_one_beside_which_the_computer_had_other_things_to_do() -> None:
    runs = [run("small-lr", seconds, seed=seed) for seed, seconds in enumerate((70.0, 20.0, 22.0))]
    assert cost_of(runs, runs) == known(20.0, 22.0, 70.0)


def test_what_one_run_decodes_for_all_is_charged_to_every_strategy() -> None:
    first = run("freeze", 10.0, decoding=4.0, decoded=EVERY)
    second = run("small-lr", 50.0, decoding=0.5)
    assert cost_of([first], [first, second]) == known(10.0)
    assert cost_of([second], [first, second]) == known(53.5)


def test_where_pictures_were_decoded_before_nobody_is_charged_for_some_of_them() -> None:
    first, second = run("small-lr", 50.0, decoding=0.5, decoded=EVERY - 1), run("partial", 20.0)
    assert not any(map(has_decoded, (first, second)))
    assert cost_of([first], [first, second]) == known(49.5)
    assert cost_of([second], [first, second]) == known(20.0)


def test_where_nobody_knows_what_its_runs_were_spared_a_cost_is_the_least_that_it_is() -> None:
    runs = [run("freeze", seconds, spared=None, hits=500, seed=int(seconds)) for seconds in (1.0, 2.0)]
    assert cost_of(runs, runs) == Cost(1.5, 1.0, 2.0, is_known=False)
    full = run("full", 12.0, spared=0.0)
    assert cost_of([full], [*runs, full]) == known(12.0)


def test_runs_of_which_it_is_known_count_alone() -> None:
    runs = [run("freeze", 1.0, spared=None, hits=500), run("freeze", 2.0, spared=7.0, seed=1)]
    assert cost_of(runs, runs) == known(9.0)


def test_a_run_of_before_this_was_looked_at_was_spared_nothing_if_it_found_nothing() -> None:
    old = run("small-lr", 9.0, spared=None, hits=0)
    assert cost_of([old], [old]) == known(9.0)
