"""What a strategy costs by itself, whatever its runs found kept and whoever went first."""

from __future__ import annotations

from pathlib import Path

from ftgui.runs.costs import Cost, cost_of, frozen_at_first
from ftgui.runs.history import RunHistory
from ftgui.training.events import Reason, RunEnded
from tests.runs.drawn_comparison import plan_of, started


def run(
    strategy: str,
    seconds: float,
    *,
    forwards: int = 0,
    hits: int = 0,
    decoding: float = 0.0,
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
            counters={"prefix_forwards": forwards, "cache_hits": hits},
            phase_seconds={"decoding": decoding, "frozen pass": computing},
        )
    )
    return history


def test_of_its_runs_the_one_counts_that_computed_what_the_others_found() -> None:
    cold, warm = run("freeze", 9.0, forwards=500, computing=7.0), run("freeze", 1.0, hits=500, seed=1)
    assert cost_of([cold, warm], [cold, warm]) == Cost(9.0, is_known=True)
    assert cost_of([warm, cold], [warm, cold]) == Cost(9.0, is_known=True), "whatever their order"


def test_what_one_run_decodes_for_all_is_charged_to_every_strategy() -> None:
    first, second = run("freeze", 10.0, decoding=4.0, forwards=9), run("small-lr", 50.0, decoding=0.5)
    assert cost_of([first], [first, second]).seconds == 10.0
    assert cost_of([second], [first, second]).seconds == 53.5
    assert cost_of([second], [second]).seconds == 50.0


def test_frozen_stages_that_another_strategy_computed_are_charged_to_who_found_them() -> None:
    freeze = run("freeze", 9.0, forwards=500, computing=7.0)
    thaw = run("thaw", 30.0, forwards=20, hits=500, computing=0.5)
    assert frozen_at_first(freeze) == frozen_at_first(thaw) != ()
    assert cost_of([thaw], [freeze, thaw]) == Cost(37.0, is_known=True)


def test_of_frozen_stages_that_were_kept_before_nobody_knows_what_they_take() -> None:
    freeze, partial = run("freeze", 1.0, hits=500), run("partial", 12.0, forwards=500, computing=5.0)
    assert frozen_at_first(partial) != frozen_at_first(freeze)
    assert cost_of([freeze], [freeze, partial]) == Cost(1.0, is_known=False)
    assert cost_of([partial], [freeze, partial]) == Cost(12.0, is_known=True)


def test_where_everything_learns_nothing_is_taken_as_given() -> None:
    assert frozen_at_first(run("small-lr", 1.0)) == ()
    assert frozen_at_first(not_begun()) == ()


def not_begun() -> RunHistory:
    """A run that has not begun."""
    return RunHistory("none", Path("none"))
