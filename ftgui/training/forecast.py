"""How long a run will take and how much memory it will need, composed from what its parts take here.

Each part is timed once: decoding, a pass through frozen stages, a step behind them. All strategies consist of
the same few, so that a comparison of seven needs no more than three passes and steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ftgui.training.events import RunForecast, RunWarning

LOW, HIGH = 0.8, 1.3
"""Of what is forecast, the range in which runs end: parts were timed with nothing beside them."""
SLACK_SECONDS = 0.3
"""More or less, however short: what is written, and what else happens once."""
STEP_OF_FORWARD = 3.0
"""A step is a forward pass and a backward pass, which costs twice as much."""


class NoForecast(RunWarning, frozen=True, kw_only=True):
    """Nothing can be said of a strategy; ``hint`` says why."""

    strategy: str

    @classmethod
    def of(cls, strategy: str, why: str) -> NoForecast:
        return cls(strategy=strategy, message=f"Nothing can be forecast of “{strategy}”.", hint=why)


@dataclass(frozen=True)
class Leg:
    """Epochs that go the same way."""

    line: int
    """The stages before the ice line, which are computed once."""
    epochs: int
    numbers: int
    """That get gradients."""


@dataclass(frozen=True)
class Work:
    """What a run is going to do."""

    strategy: str
    legs: tuple[Leg, ...]
    head_line: int
    """The stages before the head."""
    train_pictures: int
    val_pictures: int
    batch_size: int
    decode: int
    """Pictures to be decoded."""
    views: Mapping[int, int]
    """By line, views to go through the stages before it."""
    is_folded: bool = True
    """Whether pictures that go through the whole network are judged by one whose norms are folded."""
    weight_bytes: int = 0
    """Of the whole network."""
    moving_bytes: int = 0
    """Of what may move, sooner or later."""
    kept_bytes: int = 0
    """Pixels and features that are held in memory."""
    fits: bool = True
    """Whether all that is computed once can be kept. Otherwise a part is computed in each epoch, and nothing
    is said."""


@dataclass(frozen=True)
class Rates:
    """What this computer does of it, pictures or views a second, and the bytes that that needs at once."""

    decoding: float | None = None
    passing: Mapping[int, float] = field(default_factory=dict)
    """By line, through the stages before it."""
    learning: Mapping[tuple[int, int], float] = field(default_factory=dict)
    """By line and learning numbers, through what comes behind it and back."""
    pass_bytes: int | None = 0
    """None: not known."""
    step_bytes: int | None = 0


def obstacle_to_forecast(work: Work, rates: Rates) -> str:
    """Return why nothing can be said of a run, a sentence; empty where something can."""
    needed = {line for line, views in work.views.items() if views}
    needed |= {work.head_line for leg in work.legs if leg.line == 0 and work.is_folded}
    if not work.fits:
        return "What is computed once does not fit into the cache, and a part would be in every epoch."
    if work.decode and rates.decoding is None:
        return "No picture could be decoded."
    if not needed <= rates.passing.keys():
        return "A pass through the frozen stages could not be timed: the memory is not enough."
    if any((leg.line, leg.numbers) not in rates.learning for leg in work.legs):
        return "Steps could not be timed: the memory is not enough."
    return ""


def forecast(
    work: Work, rates: Rates, *, spent: float, again: float, base_bytes: int | None = None
) -> RunForecast | None:
    """Return what a run will take; None where there is an ``obstacle_to_forecast``.

    Args:
        work: what it does.
        rates: how fast.
        spent: seconds that it took to get ready for it.
        again: seconds in which the network is built once more, to prove what stayed frozen.
        base_bytes: what the process takes before any of it. None: nothing is said about memory.
    """
    if obstacle_to_forecast(work, rates):
        return None
    parts = {"preparing": spent, **_phases(work, rates), "proof": again}
    seconds = sum(parts.values())
    return RunForecast(
        strategy=work.strategy,
        seconds=seconds,
        low=max(0.0, seconds * LOW - SLACK_SECONDS),
        high=seconds * HIGH + SLACK_SECONDS,
        epoch_seconds=max(_epoch_seconds(work, rates, leg) for leg in work.legs),
        memory_mb=_memory_mb(work, rates, base_bytes),
        phase_seconds=parts,
        decoded_pictures=work.decode,
        prefix_forwards=sum(work.views.values()),
    )


def _phases(work: Work, rates: Rates) -> dict[str, float]:
    return {
        "decoding": work.decode / rates.decoding if rates.decoding else 0.0,
        "frozen pass": sum(views / rates.passing[line] for line, views in work.views.items() if views),
        "training": sum(leg.epochs * _train_seconds(work, rates, leg) for leg in work.legs),
        "validation": sum(leg.epochs * _val_seconds(work, rates, leg) for leg in work.legs),
    }


def _epoch_seconds(work: Work, rates: Rates, leg: Leg) -> float:
    return _train_seconds(work, rates, leg) + _val_seconds(work, rates, leg)


def _train_seconds(work: Work, rates: Rates, leg: Leg) -> float:
    """Return what learning takes in an epoch: a batch that is not full is counted as if it were."""
    batch = min(work.batch_size, work.train_pictures)
    whole = math.ceil(work.train_pictures / batch) if leg.line == work.head_line else None
    pictures = whole * batch if whole else work.train_pictures
    return pictures / rates.learning[leg.line, leg.numbers]


def _val_seconds(work: Work, rates: Rates, leg: Leg) -> float:
    if leg.line == 0 and work.is_folded:
        return work.val_pictures / rates.passing[work.head_line]
    return work.val_pictures / (STEP_OF_FORWARD * rates.learning[leg.line, leg.numbers])


def _memory_mb(work: Work, rates: Rates, base_bytes: int | None) -> float | None:
    """Return the most memory at once: while it learns, while it passes, or while it proves."""
    if base_bytes is None or rates.pass_bytes is None or rates.step_bytes is None:
        return None
    # Beside the network: where it began, the weights before an epoch, and the best ones.
    held = work.weight_bytes + 2 * work.moving_bytes + work.kept_bytes
    learning = held + rates.step_bytes
    passing = work.weight_bytes + work.kept_bytes + rates.pass_bytes
    proving = held + 3 * work.weight_bytes
    return (base_bytes + max(learning, passing, proving)) / 1e6
