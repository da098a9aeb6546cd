"""What a strategy costs by itself: what its runs found kept, or others did for all, is charged to it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from ftgui.runs.history import RunHistory
from ftgui.training.events import RunEnded

DECODING = "decoding"


@dataclass(frozen=True)
class Charge:
    """Seconds to be added to those of a run for what it found done; below 0 for what it did for others."""

    seconds: float
    is_known: bool
    """False where nobody knows what the features took that it found kept."""


@dataclass(frozen=True)
class Cost:
    """Seconds of a run that finds nothing kept."""

    seconds: float
    """The median over its runs: one of them may have had the computer to itself, another not."""
    lowest: float
    highest: float
    is_known: bool
    """False where nobody knows what the features took that were found kept: it takes at least this."""


def cost_of(mine: Sequence[RunHistory], everyone: Sequence[RunHistory]) -> Cost:
    """Return what a strategy costs, by its own runs and by all runs of the comparison, all of them ended.

    Runs that were spared nobody knows what count only where there are no others.
    """
    charged = [
        (_ended(run).seconds + charge.seconds, charge.is_known)
        for run in mine
        for charge in [charge_of(run, everyone)]
    ]
    known = [seconds for seconds, is_known in charged if is_known]
    seconds = known or [each for each, _ in charged]
    return Cost(
        seconds=statistics.median(seconds),
        lowest=min(seconds),
        highest=max(seconds),
        is_known=bool(known),
    )


def charge_of(run: RunHistory, everyone: Sequence[RunHistory]) -> Charge:
    """Return what a run is charged beside its own seconds.

    Pictures are decoded once for all runs: whoever does so pays for all, so each is charged the same for it;
    nothing, where they were decoded before the comparison. Features that it found kept are charged at what
    computing them took, whichever run did.
    """
    decoding = max((_decoding(each) for each in everyone if has_decoded(each)), default=0.0)
    spared = spared_seconds(_ended(run))
    return Charge(decoding - _decoding(run) + (spared or 0.0), is_known=spared is not None)


def spared_seconds(ended: RunEnded) -> float | None:
    """Return what the features that a run found kept took to compute; None where nobody knows."""
    if ended.spared_seconds is None and not ended.counters.get("cache_hits", 0):
        return 0.0  # written before this was looked at, but there was nothing to be spared
    return ended.spared_seconds


def has_decoded(run: RunHistory) -> bool:
    """Whether a run decoded all pictures itself."""
    started = run.started
    every = started.train_pictures + started.val_pictures if started is not None else 1
    return _ended(run).counters.get("decoded_pictures", 0) >= every


def _decoding(run: RunHistory) -> float:
    return _ended(run).phase_seconds.get(DECODING, 0.0)


def _ended(run: RunHistory) -> RunEnded:
    assert run.ended is not None
    return run.ended
