"""What was forecast of runs: put together for several, refined while one goes on, and in words."""

from __future__ import annotations

import math
import statistics
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from ftgui.core.settings import read_settings
from ftgui.data.augmentations import view_count
from ftgui.freezing.plan import default_freeze_until
from ftgui.freezing.strategies import STRATEGIES
from ftgui.runs.comparison import ComparisonPlan
from ftgui.runs.report_words import duration, memory
from ftgui.training.config import TrainConfig
from ftgui.training.events import EpochEnded, RunForecast, RunStarted

LEFT_LOW, LEFT_HIGH = 0.92, 1.1
"""Of what is left, where some of it was seen to happen."""
FILLED_IN = ("architecture", "preprocessing", "classes", "device", "precision", "layout")
"""Settings that are found out when a run begins, where they were left alone."""


def runs_of_plan(
    plan: ComparisonPlan, told: Mapping[str, RunForecast], done: Container[str] = ()
) -> list[RunForecast]:
    """Return what each run of a comparison takes that is not ``done``, by name, one after the other.

    Those of strategies of which nothing is told are left out.

    Raises:
        FtguiError: the user's settings cannot be read.
    """
    left = [entry.strategy for entry in plan.entries() if entry.name not in done]
    known = [told[strategy] for strategy in left if strategy in told]
    keeps = plan.config.cache == "on" and read_settings().cache_place is not None
    return list(_sharing(known)) if keeps else known


def _sharing(told: Iterable[RunForecast]) -> Iterator[RunForecast]:
    """Yield what runs take where each finds on the disk what those before it decoded and passed.

    Each is told as if it was the only one. All have the same pictures, and frozen passes that are alike in
    views and seconds go through the same stages.
    """
    decoded, passed = 0, set[tuple[int, float]]()
    for each in told:
        phases = dict(each.phase_seconds)
        frozen = each.prefix_forwards, phases.get("frozen pass", 0.0)
        is_passed, left = frozen in passed, max(0, each.decoded_pictures - decoded)
        passed.add(frozen)
        decoded = max(decoded, each.decoded_pictures)
        if is_passed:
            phases["frozen pass"] = 0.0
        if each.decoded_pictures:
            phases["decoding"] = phases.get("decoding", 0.0) * left / each.decoded_pictures
        spared = sum(each.phase_seconds.values()) - sum(phases.values())
        share = 1.0 - spared / each.seconds if each.seconds else 1.0
        yield msgspec.structs.replace(
            each,
            seconds=each.seconds * share,
            low=each.low * share,
            high=each.high * share,
            phase_seconds=phases,
            decoded_pictures=left,
            prefix_forwards=0 if is_passed else each.prefix_forwards,
        )


def seconds_by_strategy(runs: Iterable[RunForecast]) -> dict[str, float]:
    """Return what a run of each strategy takes in the mean, so that all of them add up to what all take."""
    seconds: dict[str, list[float]] = {}
    for run in runs:
        seconds.setdefault(run.strategy, []).append(run.seconds)
    return {strategy: statistics.fmean(each) for strategy, each in seconds.items()}


def is_run_of(asked: TrainConfig, started: RunStarted) -> bool:
    """Whether a run that has begun is one of these settings: whatever its seed and its learning rate."""
    names = tuple(stage.name for stage in started.stages)
    ours, theirs = _written_out(asked, names), _written_out(started.config, names)
    left_alone = {name: getattr(theirs, name) for name in FILLED_IN if getattr(ours, name) in (None, "auto")}
    return msgspec.structs.replace(ours, **left_alone) == theirs


def _written_out(config: TrainConfig, stages: tuple[str, ...]) -> TrainConfig:
    """Return a config with what its defaults mean, and without what decides no time."""
    reads_line = "freeze_until" in STRATEGIES[config.strategy].reads
    return msgspec.structs.replace(
        config,
        dataset=str(Path(config.dataset).expanduser().absolute()),
        weights=str(Path(config.weights).expanduser().absolute()),
        views=view_count(config.augment, config.views),
        thaw_epoch=config.joining_epoch,
        freeze_until=config.freeze_until or (default_freeze_until(stages) if reads_line else None),
        init=config.starting_weights,
        lr=None,
        seed=0,
        split_seed=None,
    )


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
    """Return "5 – 8 s", "1.8 – 3 min", "1.1 – 1.6 h", "up to 3 s" or "under 1 s"; one figure where both are
    alike.
    """
    if high < 1:
        return "under 1 s"
    unit, size = next((unit, size) for unit, size, upto in _UNITS if high < upto)
    first, last = (_rough(seconds / size, whole=unit == "s") for seconds in (low, high))
    if first == last:
        return f"{last} {unit}"
    return f"up to {last} {unit}" if first == "0" else f"{first} – {last} {unit}"


_UNITS = (("s", 1, 120.0), ("min", 60, 5400.0), ("h", 3600, math.inf))
"""Names of units, their seconds, and up to how many seconds they are used."""


def _rough(amount: float, *, whole: bool) -> str:
    """Return an amount as one says it of what is not known exactly: "1.8", "12"."""
    if whole or amount >= 9.95:
        return f"{amount:.0f}"
    return f"{amount:.1f}".removesuffix(".0")


def forecast_words(told: RunForecast) -> str:
    """Return "5 – 8 s in all, 0.6 s an epoch, about 1.1 GB of memory"."""
    return ", ".join((f"{range_words(told.low, told.high)} in all", *more_words(told)))


def more_words(told: RunForecast) -> tuple[str, ...]:
    """Return "0.6 s an epoch" and, where it is known, "about 1.1 GB of memory"."""
    epoch = f"{duration(told.epoch_seconds)} an epoch"
    return (epoch,) if told.memory_mb is None else (epoch, f"about {memory(told.memory_mb)} of memory")


def cache_words(told: RunForecast) -> str:
    """Return what of it an earlier run has done already; nothing where that is nothing."""
    passes = "frozen pass" in told.phase_seconds
    if told.decoded_pictures == 0 and told.prefix_forwards == 0 and passes:
        return "Pictures and frozen stages are on the disk already."
    return "Pictures are on the disk already." if told.decoded_pictures == 0 else ""


def judged_words(told: RunForecast, seconds: float) -> str:
    """Return what came of a forecast: "forecast 5 – 8 s, took 6.2 s"."""
    return f"forecast {range_words(told.low, told.high)}, took {duration(seconds)}"
