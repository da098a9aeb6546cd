"""Comparison folders made of drawn events: nothing is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from ftgui.core.preprocessing import Preprocessing
from ftgui.evaluation.statistics import holm, mcnemar_p, merged_p, pareto_front, wilson_interval
from ftgui.freezing.strategies import STRATEGIES
from ftgui.runs.comparison import RUNS, ComparisonFile, ComparisonPlan, Entry
from ftgui.runs.history import RunHistory, open_run
from ftgui.runs.results import (
    ComparisonResult,
    HeldEqual,
    PairResult,
    RunResult,
    SeedPair,
    StrategyResult,
)
from ftgui.runs.store import RunStore
from ftgui.training.config import TrainConfig
from ftgui.training.events import EpochEnded, Reason, RunEnded, RunStarted, StageInfo, StageMoved

STAGES = ("stem", "layer1", "layer2", "layer3", "layer4", "head")
VERSIONS = {"ftgui": "0.3.0", "torch": "2.14.1", "python": "3.11.9"}
PICTURES = 153
LEARNS_FROM = {"freeze": 5, "lr-zero": 5, "partial": 3, "thaw": 0, "small-lr": 0, "full": 0, "scratch": 0}
"""The first stage that moves."""


@dataclass(frozen=True)
class Shape:
    """How the runs of a strategy go."""

    ends_at: float
    """Its validation accuracy."""
    starts_at: float
    seconds: float
    """An epoch."""
    before: float = 1.0
    """Seconds until the first batch, at the first seed."""


SHAPES = {
    "freeze": Shape(0.952, 0.86, 0.03, 3.1),
    "small-lr": Shape(0.926, 0.80, 7.2, 1.0),
    "partial": Shape(0.931, 0.85, 1.3, 2.5),
    "thaw": Shape(0.939, 0.86, 4.6, 2.0),
    "full": Shape(0.930, 0.74, 7.1, 0.9),
    "lr-zero": Shape(0.952, 0.86, 6.5, 0.9),
    "scratch": Shape(0.695, 0.52, 7.4, 0.8),
}


def plan_of(
    *strategies: str, seeds: Sequence[int] = (0,), lrs: Sequence[float] = (), **settings: object
) -> ComparisonPlan:
    """Return a plan for pictures and weights that are nowhere."""
    given = {
        "dataset": "/photos/ants-and-bees",
        "weights": "/weights/mobilenet_v2.pth",
        "epochs": 5,
    } | settings
    return ComparisonPlan(
        config=TrainConfig(split_seed=seeds[0], **given),  # type: ignore[arg-type]
        strategies=strategies,
        seeds=tuple(seeds),
        lrs=tuple(lrs),
    )


def draw_comparison(
    folder: Path,
    plan: ComparisonPlan,
    *,
    skipped: Sequence[str] = (),
    waiting: Sequence[str] = (),
    reasons: dict[str, Reason] | None = None,
) -> ComparisonFile:
    """Write the run folders of a comparison, those skipped or waiting aside; return what is known."""
    for entry in plan.entries():
        if entry.name not in (*skipped, *waiting):
            draw_run(folder, plan, entry, (reasons or {}).get(entry.name, Reason.COMPLETED))
    return ComparisonFile(
        plan=plan, versions=VERSIONS, skipped=tuple(skipped), result=result_of(folder, plan, tuple(skipped))
    )


def draw_run(folder: Path, plan: ComparisonPlan, entry: Entry, reason: Reason = Reason.COMPLETED) -> None:
    """Write one run folder."""
    store = RunStore(folder / RUNS / entry.name, VERSIONS)
    config = plan.config_of(entry)
    epochs = drawn_epochs(entry, config.epochs, breaks=reason is Reason.NAN_LOSS)
    store.record(started(config))
    for epoch in epochs:
        store.record(epoch)
        for moved in moves(entry.strategy, epoch.epoch, config.epochs):
            store.record(moved)
    store.record(ended(epochs, reason, entry.strategy))
    store.close()


def started(config: TrainConfig) -> RunStarted:
    first = LEARNS_FROM[config.strategy]
    mults = {"small-lr": 0.1, "thaw": 0.1, "lr-zero": 0.0}
    stages = tuple(
        StageInfo(
            name=name,
            parameters=1000 * (number + 1),
            cost_share=0.02 if name == "head" else 0.196,
            learns=number >= first,
            lr_mult=1.0 if name == "head" else mults.get(config.strategy, float(number >= first)),
            in_optimizer=number >= first or config.strategy == "lr-zero",
            from_epoch=config.joining_epoch if config.strategy == "thaw" and name != "head" else 1,
        )
        for number, name in enumerate(STAGES)
    )
    return RunStarted(
        run="/runs",
        config=config,
        architecture="mobilenet_v2",
        class_names=("ants", "bees"),
        preprocessing=Preprocessing(),
        weights_sha256="ab" * 32,
        stages=stages,
        device="cpu",
        device_why="no CUDA or Apple GPU found",
        precision="bf16",
        threads=2,
        train_pictures=245,
        val_pictures=PICTURES,
        parameters=2_226_434,
        trainable_parameters=2562 if config.strategy in ("freeze", "lr-zero") else 2_226_434,
        frozen_tensors=300 if first == 5 else 0,
    )


def drawn_epochs(entry: Entry, count: int, *, breaks: bool = False) -> list[EpochEnded]:
    """Return epochs that rise to where the strategy ends, each seed a little different."""
    shape, best, epochs = SHAPES[entry.strategy], 0.0, []
    for number in range(1, count + 1):
        wave = 0.012 * math.sin(2.1 * number + 3.3 * entry.seed + len(entry.strategy))
        there = 1 - math.exp(-3.0 * (number - 1) / max(1, count - 1))
        right = round(PICTURES * min(1.0, shape.starts_at + (shape.ends_at - shape.starts_at) * there + wave))
        accuracy, nan = right / PICTURES, breaks and number == count
        before = shape.before if entry.seed == 0 else 0.25
        epochs.append(
            EpochEnded(
                epoch=number,
                train_loss=None if nan else 0.75 - 0.68 * there + wave,
                train_accuracy=min(1.0, accuracy + 0.04),
                val_loss=None if nan else 0.15 + 1.6 * (1 - accuracy) + wave,
                val_accuracy=accuracy,
                lr=0.01,
                frozen_tensors=300,
                is_best=accuracy > best,
                train_seconds=shape.seconds * 0.8,
                val_seconds=shape.seconds * 0.2,
                total_seconds=before + shape.seconds * number * (1 + 0.03 * entry.seed),
            )
        )
        best = max(best, accuracy)
    return epochs


def moves(strategy: str, epoch: int, epochs: int) -> list[StageMoved]:
    """Return how far each stage has gone: exactly nowhere before the ice line."""
    joins = max(2, (epochs + 1) // 2) if strategy == "thaw" else 1
    told = []
    for number, name in enumerate(STAGES):
        still = number < LEARNS_FROM[strategy] or (name != "head" and epoch < joins)
        slow = 0.1 if strategy in ("small-lr", "thaw") and name != "head" else 1.0
        far = (
            0.0
            if still
            else 0.004 * slow * 2.4**number * math.sqrt(epoch if name == "head" else epoch - joins + 1)
        )
        statistics = None if name == "head" else far * 3
        entries = 2 if name == "head" else 60
        told.append(
            StageMoved(
                epoch=epoch,
                stage=name,
                weights=far,
                statistics=statistics,
                changed=0 if still else entries,
                entries=entries,
            )
        )
    return told


MESSAGES = {
    Reason.COMPLETED: "Training is complete.",
    Reason.STOPPED: "Training was stopped.",
    Reason.NAN_LOSS: "The loss is no longer a finite number.",
    Reason.FAILED: "The disk is full.",
    Reason.PROOF_FAILED: "1 of 300 frozen entries changed.",
}


def ended(epochs: Sequence[EpochEnded], reason: Reason, strategy: str) -> RunEnded:
    best = max(epochs, key=lambda epoch: (epoch.val_accuracy, -epoch.epoch), default=None)
    frozen = strategy in ("freeze", "lr-zero")
    return RunEnded(
        reason=reason,
        message=MESSAGES[reason],
        best_epoch=best.epoch if best else None,
        best_val_accuracy=best.val_accuracy if best else None,
        epochs=len(epochs),
        seconds=epochs[-1].total_seconds + 0.4 if epochs else 0.5,
        peak_memory_mb=612.0 if frozen else 1890.0,
        frozen_tensors=300 if frozen else 0,
        frozen_changed=1 if reason is Reason.PROOF_FAILED else 0,
        moved_tensors=2 if frozen else 302,
    )


def result_of(folder: Path, plan: ComparisonPlan, skipped: tuple[str, ...] = ()) -> ComparisonResult:
    """Return a result made from run folders, drawn or real: right enough to look at."""
    histories = {e.name: open_run(folder / RUNS / e.name) for e in plan.entries() if _is_there(folder, e)}
    runs = tuple(_run(entry, histories.get(entry.name), skipped) for entry in plan.entries())
    strategies = _marked([s for name in plan.strategies if (s := _strategy(plan, name, runs, histories))])
    first = next((history.started for history in histories.values() if history.started), None)
    return ComparisonResult(
        measure="last epoch",
        measure_words="Accuracies are those of the last epoch's weights on the validation pictures.",
        optimistic="The learning rate was chosen by the same pictures, so accuracies may be a little high."
        if plan.lrs
        else "",
        pictures=first.val_pictures if first else 0,
        dataset=Path(plan.config.dataset).name,
        class_names=first.class_names if first else (),
        train_pictures=first.train_pictures if first else 0,
        architecture=first.architecture if first else "",
        device=first.device if first else "",
        arithmetic=first.arithmetic if first else "",
        runs=runs,
        strategies=tuple(strategies),
        pairs=_pairs(strategies),
        held_equal=(
            HeldEqual(what="Pictures", value="245 to learn from, 153 to judge on, list 3fa4c0", equal=True),
            HeldEqual(what="Order of batches and views, by seed", value="50 batches compared", equal=True),
            HeldEqual(what="New output layer, by seed", value="SHA-256 abab…", equal=True),
            HeldEqual(what="Arithmetic", value="bf16; fp32 in scratch-seed0", equal=False),
        ),
        sentences=_sentences(strategies),
    )


def _is_there(folder: Path, entry: Entry) -> bool:
    return (folder / RUNS / entry.name).is_dir()


def _run(entry: Entry, history: RunHistory | None, skipped: tuple[str, ...]) -> RunResult:
    named = {"name": entry.name, "strategy": entry.strategy, "seed": entry.seed}
    if history is None or history.started is None:
        return RunResult(**named, state="skipped" if entry.name in skipped else "waiting")  # type: ignore[arg-type]
    last, end = history.epochs[-1] if history.epochs else None, history.ended
    low, high = wilson_interval(last.val_accuracy, PICTURES) if last else (None, None)
    return RunResult(
        **named,  # type: ignore[arg-type]
        lr=history.started.config.head_lr,
        state=str(history.state),
        accuracy=last.val_accuracy if last else None,
        low=low,
        high=high,
        best_epoch=end.best_epoch if end else None,
        epochs=len(history.epochs),
        seconds=end.seconds if end else None,
        seconds_per_epoch=last.train_seconds + last.val_seconds if last else None,
        peak_memory_mb=end.peak_memory_mb if end else None,
        trainable_parameters=history.started.trainable_parameters,
        parameters=history.started.parameters,
        moved_tensors=end.moved_tensors if end else None,
        frozen_tensors=end.frozen_tensors if end else None,
        frozen_changed=end.frozen_changed if end else None,
        message=f"{end.message} {end.hint}".strip() if end else "",
    )


def _strategy(
    plan: ComparisonPlan, name: str, runs: Sequence[RunResult], histories: dict[str, RunHistory]
) -> StrategyResult | None:
    """Return a strategy at its best learning rate; None where a seed of it is missing."""
    mine = [run for run in runs if run.strategy == name]
    if any(run.state != "done" or run.accuracy is None for run in mine):
        return None
    best = max(mine, key=_accuracy).lr
    kept = [run for run in mine if run.lr == best]
    accuracies, first = [_accuracy(run) for run in kept], kept[0]
    mean = sum(accuracies) / len(accuracies)
    pictures = next(h.started.val_pictures for h in histories.values() if h.started)
    low, high = wilson_interval(mean, pictures)
    return StrategyResult(
        strategy=name,
        title=STRATEGIES[name].title,
        lr=best or 0.0,
        tries=len(plan.lrs) or 1,
        runs=tuple(run.name for run in kept),
        accuracy=mean,
        lowest=min(accuracies),
        highest=max(accuracies),
        low=low,
        high=high,
        pictures=pictures,
        seconds=first.seconds or 0.0,
        later_seconds=_mean([run.seconds or 0.0 for run in kept[1:]]),
        seconds_per_epoch=first.seconds_per_epoch,
        peak_memory_mb=first.peak_memory_mb,
        trainable_parameters=first.trainable_parameters,
        parameters=first.parameters,
        moved_tensors=first.moved_tensors,
    )


def _accuracy(run: RunResult) -> float:
    return run.accuracy or 0.0


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _marked(strategies: list[StrategyResult]) -> list[StrategyResult]:
    import msgspec

    front = pareto_front([(strategy.seconds, strategy.accuracy) for strategy in strategies])
    replace: Callable[..., StrategyResult] = msgspec.structs.replace
    return [replace(strategy, is_on_front=place in front) for place, strategy in enumerate(strategies)]


def _pairs(strategies: Sequence[StrategyResult]) -> tuple[PairResult, ...]:
    """Return all pairs, with counts that fit their difference."""
    pairs = list(combinations(strategies, 2))
    counts = [_only(first, second) for first, second in pairs]
    merged = [
        merged_p([mcnemar_p(*count)] * len(first.runs))
        for count, (first, _) in zip(counts, pairs, strict=True)
    ]
    made = zip(pairs, counts, merged, holm(merged), strict=True)
    return tuple(_pair(first, second, count, p, p_holm) for (first, second), count, p, p_holm in made)


def _only(first: StrategyResult, second: StrategyResult) -> tuple[int, int]:
    difference = round((first.accuracy - second.accuracy) * first.pictures)
    return 4 + max(0, difference), 4 + max(0, -difference)


def _pair(
    first: StrategyResult, second: StrategyResult, count: tuple[int, int], p: float, p_holm: float
) -> PairResult:
    difference = first.accuracy - second.accuracy
    names = f"“{first.title}” and “{second.title}”"
    shown = (
        f"{names} differ"
        if p_holm <= 0.05
        else f"{first.pictures} pictures show no difference between {names}"
    )
    return PairResult(
        first=first.strategy,
        second=second.strategy,
        difference=difference,
        low=difference - 0.04,
        high=difference + 0.04,
        pictures=first.pictures,
        seeds=tuple(
            SeedPair(seed=s, only_first=count[0], only_second=count[1], p=mcnemar_p(*count), p_holm=p_holm)
            for s in range(len(first.runs))
        ),
        p=p,
        p_holm=p_holm,
        differs=p_holm <= 0.05,
        cost_ratio=first.seconds / second.seconds,
        words=f"{shown}.",
    )


def _sentences(strategies: Sequence[StrategyResult]) -> tuple[str, ...]:
    if not strategies:
        return ()
    best = max(strategies, key=lambda strategy: strategy.accuracy)
    return (
        f"“{best.title}” was the most accurate, with {best.accuracy:.3f} ({best.low:.3f} – {best.high:.3f}).",
        f"{best.pictures} pictures tell differences of about 6 points from chance; smaller ones they cannot.",
    )
