"""What a strategy costs by itself: what its runs found kept, or others did for all, is charged to it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from ftgui.runs.history import RunHistory
from ftgui.training.events import RunEnded, StageInfo

DECODING, PASS = "decoding", "frozen pass"


@dataclass(frozen=True)
class Charge:
    """Seconds to be added to those of a run for what it found done; below 0 for what it did for others."""

    seconds: float
    is_known: bool
    """False where its frozen stages were kept from before: then nobody saw what they take."""


@dataclass(frozen=True)
class Cost:
    """Seconds of a run that finds nothing kept."""

    seconds: float
    """The median over its runs: one of them may have had the computer to itself, another not."""
    lowest: float
    highest: float
    is_known: bool
    """False where its frozen stages were kept from before: it takes at least this."""


def cost_of(mine: Sequence[RunHistory], everyone: Sequence[RunHistory]) -> Cost:
    """Return what a strategy costs, by its own runs and by all runs of the comparison, all of them ended."""
    charges = [charge_of(run, everyone) for run in mine]
    seconds = [_ended(run).seconds + charge.seconds for run, charge in zip(mine, charges, strict=True)]
    return Cost(
        seconds=statistics.median(seconds),
        lowest=min(seconds),
        highest=max(seconds),
        is_known=all(charge.is_known for charge in charges),
    )


def charge_of(run: RunHistory, everyone: Sequence[RunHistory]) -> Charge:
    """Return what a run is charged beside its own seconds.

    Pictures are decoded once for all runs: whoever does so pays for all, so each is charged the same for it;
    nothing, where they were decoded before the comparison. Where its frozen stages were kept already, because
    another run has the same ones, what that one took to compute them is added.
    """
    decoding = max((_phase(each, DECODING) for each in everyone if has_decoded(each)), default=0.0)
    seconds = decoding - _phase(run, DECODING)
    given = frozen_at_first(run)
    if not given or _has_computed(run):
        return Charge(seconds, is_known=True)
    passes = [
        _phase(each, PASS) for each in everyone if frozen_at_first(each) == given and _has_computed(each)
    ]
    return Charge(seconds + max(passes, default=0.0), is_known=bool(passes))


def has_decoded(run: RunHistory) -> bool:
    """Whether a run decoded all pictures itself."""
    started = run.started
    every = started.train_pictures + started.val_pictures if started is not None else 1
    return _ended(run).counters.get("decoded_pictures", 0) >= every


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


def _has_computed(run: RunHistory) -> bool:
    """Whether a run sent the pictures through its frozen stages itself.

    One that was stopped finds what it computed when it goes on.
    """
    counters = _ended(run).counters
    return counters.get("prefix_forwards", 0) >= counters.get("cache_hits", 0)


def _phase(run: RunHistory, name: str) -> float:
    return _ended(run).phase_seconds.get(name, 0.0)


def _ended(run: RunHistory) -> RunEnded:
    assert run.ended is not None
    return run.ended
