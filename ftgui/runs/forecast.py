"""What was forecast of a run, refined while it goes on, and in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from ftgui.runs.report_words import NONE, duration, memory
from ftgui.training.config import TrainConfig
from ftgui.training.events import EpochEnded, RunForecast

LEFT_LOW, LEFT_HIGH = 0.92, 1.1
"""Of what is left, where some of it was seen to happen."""


def refined(told: RunForecast, config: TrainConfig, epochs: Sequence[EpochEnded]) -> RunForecast:
    """Return a forecast as it stands after some epochs of the run: what is left goes on as they went.

    Epochs after an extractor joined are not like those before it; until there are some, they are as was
    forecast.
    """
    if not epochs:
        return told
    left = config.epochs - len(epochs)
    joins = config.joining_epoch if told.strategy == "thaw" else 1
    before = [e for e in epochs if e.epoch < joins]
    after = [e for e in epochs if e.epoch >= joins]
    still_before = max(0, min(joins - 1, config.epochs) - len(before))
    per_after = _mean(after) if after else told.epoch_seconds
    rest = still_before * _mean(before) + (left - still_before) * per_after
    end = told.phase_seconds.get("proof", 0.0)
    now = epochs[-1].total_seconds
    return msgspec.structs.replace(
        told,
        seconds=now + rest + end,
        low=now + rest * LEFT_LOW,
        high=now + (rest + end) * LEFT_HIGH,
        epoch_seconds=per_after,
    )


def _mean(epochs: Sequence[EpochEnded]) -> float:
    spent = [epoch.train_seconds + epoch.val_seconds for epoch in epochs]
    return sum(spent) / len(spent) if spent else 0.0


def range_words(low: float, high: float) -> str:
    """Return "5 – 8 s", "68 – 105 s", "1.8 – 3 min" or "1.1 – 1.6 h"; one figure where both are alike."""
    unit, size = next((unit, size) for unit, size, upto in _UNITS if high < upto)
    first, last = (_rough(seconds / size, whole=unit == "s") for seconds in (low, high))
    return f"{last} {unit}" if first == last else f"{first} – {last} {unit}"


_UNITS = (("s", 1, 120.0), ("min", 60, 5400.0), ("h", 3600, math.inf))
"""Names of units, their seconds, and up to how many seconds they are used."""


def _rough(amount: float, *, whole: bool) -> str:
    """Return an amount as one says it of what is not known exactly: "1.8", "12"."""
    if whole or amount >= 9.95:
        return f"{max(amount, 1):.0f}"
    return f"{amount:.1f}".removesuffix(".0")


def forecast_words(told: RunForecast) -> str:
    """Return "5 – 8 s in all, 0.6 s an epoch, about 1.1 GB of memory"."""
    words = f"{range_words(told.low, told.high)} in all, {duration(told.epoch_seconds)} an epoch"
    return words if told.memory_mb is None else f"{words}, about {memory(told.memory_mb) or NONE} of memory"


def cache_words(told: RunForecast) -> str:
    """Return what of it an earlier run has done already; nothing where that is nothing."""
    passes = "frozen pass" in told.phase_seconds
    if told.decoded_pictures == 0 and told.prefix_forwards == 0 and passes:
        return "Pictures and frozen stages are on the disk already."
    return "Pictures are on the disk already." if told.decoded_pictures == 0 else ""


def judged_words(told: RunForecast, seconds: float) -> str:
    """Return what came of a forecast: "forecast 5 – 8 s, took 6.2 s"."""
    return f"forecast {range_words(told.low, told.high)}, took {duration(seconds)}"
