"""What a strategy costs by itself: what its runs found kept, or others did for all, is charged to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ftgui.runs.history import RunHistory
from ftgui.training.events import RunEnded, StageInfo

DECODING, PASS = "decoding", "frozen pass"


@dataclass(frozen=True)
class Cost:
    """Seconds of a run that finds nothing kept."""

    seconds: float
    is_known: bool
    """False where its frozen stages were kept from before: then nobody saw what they take."""


def cost_of(mine: Sequence[RunHistory], everyone: Sequence[RunHistory]) -> Cost:
    """Return what a strategy costs, by its own runs and by all runs of the comparison, all of them ended.

    Of its own the one counts that computed most. Pictures are decoded once for all runs: whoever does so pays
    for all, so every strategy is charged the same for it. Where its frozen stages were kept already, because
    another strategy has the same ones, what that one took to compute them is added.
    """
    first = max(mine, key=lambda run: _ended(run).counters.get("prefix_forwards", 0))
    ended = _ended(first)
    decoding = max(_ended(run).phase_seconds.get(DECODING, 0.0) for run in everyone)
    seconds = ended.seconds - ended.phase_seconds.get(DECODING, 0.0) + decoding
    if not ended.counters.get("cache_hits"):
        return Cost(seconds, is_known=True)
    passes = [
        _ended(run).phase_seconds.get(PASS, 0.0)
        for run in everyone
        if frozen_at_first(run) == frozen_at_first(first) and not _ended(run).counters.get("cache_hits")
    ]
    return Cost(seconds + max(passes, default=0.0), is_known=bool(passes))


def frozen_at_first(run: RunHistory) -> tuple[str, ...]:
    """Return the stages, from the input on, that a run's first epoch takes as given."""
    names: list[str] = []
    for stage in run.started.stages if run.started else ():
        if _learns_at_first(stage):
            break
        names.append(stage.name)
    return tuple(names)


def _learns_at_first(stage: StageInfo) -> bool:
    return stage.in_optimizer and stage.from_epoch == 1


def _ended(run: RunHistory) -> RunEnded:
    assert run.ended is not None
    return run.ended
