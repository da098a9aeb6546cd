"""Results of comparisons by hand, for tests of what is said of them."""

from __future__ import annotations

from typing import Any

import msgspec

from ftgui.freezing.strategies import STRATEGIES
from ftgui.runs.progress import Progress
from ftgui.runs.results import PairResult, StrategyResult


def strategy_result(name: str, accuracy: float = 0.9, **changes: Any) -> StrategyResult:
    """Return a strategy of one seed that was judged on 100 pictures, with an interval of ten points."""
    whole = StrategyResult(
        strategy=name,
        title=STRATEGIES[name].title,
        lr=0.01,
        runs=(f"{name}-seed0",),
        accuracy=accuracy,
        lowest=accuracy,
        highest=accuracy,
        low=accuracy - 0.05,
        high=accuracy + 0.05,
        pictures=100,
        seconds=4.0,
    )
    return msgspec.structs.replace(whole, **changes)


def pair_result(first: StrategyResult, second: StrategyResult, **changes: Any) -> PairResult:
    """Return a pair as it is made of two strategies, without a difference, with an interval of ten points."""
    difference = first.accuracy - second.accuracy
    whole = PairResult(
        first=first.strategy,
        second=second.strategy,
        difference=difference,
        low=difference - 0.05,
        high=difference + 0.05,
        pictures=first.pictures,
        seeds=(),
        p=1.0,
        p_holm=1.0,
        differs=False,
        cost_ratio=first.seconds / second.seconds,
        words="",
    )
    return msgspec.structs.replace(whole, **changes)


def progress(done: int, total: int, seconds_left: float | None = None, unknown: int = 0) -> Progress:
    return Progress(done=done, total=total, seconds_left=seconds_left, unknown=unknown)
