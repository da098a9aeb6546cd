"""What the runs of a comparison show together, made from nothing but their folders."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from ftgui.evaluation.bootstrap import difference_interval
from ftgui.evaluation.statistics import holm, mcnemar_p, merged_p, pareto_front, wilson_interval
from ftgui.freezing.strategies import STRATEGIES
from ftgui.runs.comparison import ComparisonFile, ComparisonPlan, Entry
from ftgui.runs.comparison_words import (
    costs_apart,
    measure_words,
    optimistic_words,
    pair_words,
    sentences,
)
from ftgui.runs.costs import cost_of, has_decoded
from ftgui.runs.held_equal import held_equal
from ftgui.runs.history import RunHistory, RunState
from ftgui.runs.predictions import TEST_PREDICTIONS, Predictions
from ftgui.runs.reading import RunsRead
from ftgui.runs.results import (
    ComparisonResult,
    Measure,
    PairResult,
    RunResult,
    SeedPair,
    StrategyResult,
)
from ftgui.runs.store import LAST_PREDICTIONS
from ftgui.training.events import Reason

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class ComparedRun:
    """One run, as far as it got."""

    entry: Entry
    history: RunHistory | None
    judged: Predictions | None = None
    """By the comparison's measure."""
    is_skipped: bool = False

    @property
    def is_done(self) -> bool:
        """Whether it counts: it went through all of its epochs, and something can be said of each picture."""
        ended = self.history.ended if self.history else None
        whole = ended is not None and ended.reason in (Reason.COMPLETED, Reason.EARLY_STOPPED)
        return whole and self.judged is not None and bool(self.judged.paths)


def result_of(folder: Path, comparison: ComparisonFile, read: RunsRead | None = None) -> ComparisonResult:
    """Return everything that is known of a comparison; ``read`` knows what was read of its runs before."""
    read, plan = read or RunsRead(folder), comparison.plan
    runs = [
        ComparedRun(entry, read.history(entry), is_skipped=entry.name in comparison.skipped)
        for entry in plan.entries()
    ]
    measure = measure_of(runs, read)
    runs = [_judged(run, measure, read) for run in runs]
    found = [result for name in plan.strategies if (result := _strategy(plan, name, runs, measure))]
    strategies = _with_front(found)
    pairs = tuple(_pairs(strategies, {run.entry.name: run for run in runs}))
    return _with_facts(
        ComparisonResult(
            measure=measure,
            measure_words=measure_words(measure, len(plan.seeds)),
            optimistic=optimistic_words(plan, measure, [each.tries for each in strategies]),
            pictures=strategies[0].pictures if strategies else 0,
            runs=tuple(_run_result(run) for run in runs),
            strategies=strategies,
            pairs=pairs,
            is_decoding_seen=any(has_decoded(history) for history in _done(runs)),
            sentences=(*sentences(strategies, pairs), *left_out_sentences(plan, runs, strategies)),
        ),
        runs,
        read,
    )


def left_out_sentences(
    plan: ComparisonPlan, runs: Sequence[ComparedRun], strategies: Sequence[StrategyResult]
) -> Iterator[str]:
    """Say which strategies are left out though nothing more comes of them, and why."""
    told = {each.strategy for each in strategies}
    for name in plan.strategies:
        mine = [run for run in runs if run.entry.strategy == name]
        if name in told or not mine or not _is_over(runs, name) or all(run.is_skipped for run in mine):
            continue
        reasons = {run.history.ended.reason for run in mine if run.history and run.history.ended}
        skipped = sum(run.is_skipped and not run.is_done for run in mine)
        why = "its runs were not judged on the same pictures"
        if Reason.NAN_LOSS in reasons:
            why = "its loss was no longer a finite number"
        elif reasons & {Reason.FAILED, Reason.PROOF_FAILED}:
            why = "a run of it failed"
        elif skipped:
            why = f"{skipped} of its {len(mine)} runs {'was' if skipped == 1 else 'were'} skipped"
        yield f"`{name}` is left out: {why}."
    tables = {run.judged.paths for run in runs if run.judged and run.is_done}
    if len(tables) > 1 and len(told) > 1:
        yield "Not all runs were judged on the same pictures: only those that were are compared."


def measure_of(runs: Sequence[ComparedRun], read: RunsRead) -> Measure:
    """Return what accuracies are of: test pictures where every run that is done was judged on some."""
    done = [run.entry for run in runs if run.history and run.history.state is RunState.DONE]
    tested = [read.predictions(entry, TEST_PREDICTIONS) for entry in done]
    return "test" if tested and all(each is not None and each.paths for each in tested) else "last epoch"


def _judged(run: ComparedRun, measure: Measure, read: RunsRead) -> ComparedRun:
    if run.history is None:
        return run
    name = TEST_PREDICTIONS if measure == "test" else LAST_PREDICTIONS
    return replace(run, judged=read.predictions(run.entry, name))


def _with_facts(result: ComparisonResult, runs: Sequence[ComparedRun], read: RunsRead) -> ComparisonResult:
    """Add what the runs have in common."""
    begun = [found for run in runs if run.history and (found := read.evidence(run.entry))]
    if not begun:
        return result
    started = begun[0].started
    return msgspec.structs.replace(
        result,
        dataset=Path(started.config.dataset).name,
        class_names=started.class_names,
        train_pictures=started.train_pictures,
        architecture=started.architecture,
        device=started.device,
        arithmetic=started.arithmetic,
        held_equal=held_equal(begun),
    )


# A run ------------------------------------------------------------------------------------------------------


def _run_result(run: ComparedRun) -> RunResult:
    entry, history = run.entry, run.history
    result = RunResult(
        name=entry.name, strategy=entry.strategy, seed=entry.seed, lr=entry.lr, state=_state(run)
    )
    if history is None:
        return result
    started, ended, last = history.started, history.ended, history.epochs[-1] if history.epochs else None
    if ended is not None:
        result = msgspec.structs.replace(
            result, reason=ended.reason.value, message=ended.message, seconds=ended.seconds
        )
    if started is None:
        return result
    low, high = _interval(run.judged if run.is_done else None)
    return msgspec.structs.replace(
        result,
        lr=started.config.head_lr,
        accuracy=run.judged.accuracy if run.judged and run.is_done else None,
        low=low,
        high=high,
        pictures=len(run.judged.paths) if run.judged and run.is_done else None,
        last_val_accuracy=last.val_accuracy if last else None,
        last_val_loss=last.val_loss if last else None,
        best_val_accuracy=history.kept.val_accuracy if history.kept else None,
        best_epoch=history.kept.epoch if history.kept else None,
        train_accuracy=last.train_accuracy if last else None,
        epochs=len(history.epochs),
        seconds=history.told_seconds,
        seconds_per_epoch=seconds_per_epoch(history),
        peak_memory_mb=ended.peak_memory_mb if ended else None,
        trainable_parameters=started.trainable_parameters,
        parameters=started.parameters,
        moved_tensors=ended.moved_tensors if ended else None,
        frozen_tensors=ended.frozen_tensors if ended else None,
        frozen_changed=ended.frozen_changed if ended else None,
    )


def _state(run: ComparedRun) -> str:
    if run.is_skipped and not run.is_done:
        return "skipped"
    return "waiting" if run.history is None else run.history.state.value


def _interval(judged: Predictions | None) -> tuple[float, float] | tuple[None, None]:
    return wilson_interval(judged.accuracy, len(judged.paths)) if judged else (None, None)


def seconds_per_epoch(history: RunHistory) -> float | None:
    """Return the median of what its epochs took, learning and judging."""
    taken = [epoch.train_seconds + epoch.val_seconds for epoch in history.epochs]
    return statistics.median(taken) if taken else None


# A strategy -------------------------------------------------------------------------------------------------


def _strategy(
    plan: ComparisonPlan, name: str, runs: Sequence[ComparedRun], measure: Measure
) -> StrategyResult | None:
    """Return what a strategy reached at the learning rate that did best; None until all is done."""
    tries = [_of(runs, name, lr) for lr in plan.lrs or (None,)]
    whole = [done for done in tries if len(done) == len(plan.seeds)]
    if not whole or (len(whole) < len(tries) and not _is_over(runs, name)):
        return None
    best = max(whole, key=_validated)
    if len({run.judged.paths for run in best if run.judged}) > 1:
        return None  # a seed's runs were judged on other pictures: nothing can be said of their mean
    mine = _done(best)
    cost = cost_of(mine, _done(runs))
    results = [_run_result(run) for run in best]
    accuracies = [result.accuracy or 0.0 for result in results]
    mean, count = statistics.fmean(accuracies), results[0].pictures or 0
    low, high = wilson_interval(mean, count)
    later = [result.seconds or 0.0 for result in results[1:]]
    return StrategyResult(
        strategy=name,
        title=STRATEGIES[name].title,
        lr=results[0].lr or 0.0,
        tries=len(whole),
        runs=tuple(result.name for result in results),
        accuracy=mean,
        lowest=min(accuracies),
        highest=max(accuracies),
        low=low,
        high=high,
        pictures=count,
        best_val_accuracy=_mean([result.best_val_accuracy for result in results]),
        train_accuracy=_mean([result.train_accuracy for result in results]),
        seconds=cost.seconds,
        seconds_lowest=cost.lowest,
        seconds_highest=cost.highest,
        is_cost_known=cost.is_known,
        later_seconds=statistics.fmean(later) if later else None,
        seconds_per_epoch=_mean([result.seconds_per_epoch for result in results]),
        peak_memory_mb=_median([result.peak_memory_mb for result in results]),
        trainable_parameters=results[0].trainable_parameters,
        parameters=results[0].parameters,
        moved_tensors=_most([moved_entries(history, measure) for history in mine]),
    )


def moved_entries(run: RunHistory, measure: Measure) -> int | None:
    """Return how many entries differ from where they started, in the weights that are measured.

    The proof counts them in ``best.pth``; after the last epoch it is what each stage told.
    """
    told = [stages[-1] for stages in run.told.values() if stages]
    if measure == "test" or not told:
        return run.ended.moved_tensors if run.ended else None
    return sum(moved.changed for moved in told)


def _done(runs: Sequence[ComparedRun]) -> list[RunHistory]:
    return [run.history for run in runs if run.is_done and run.history is not None]


def _most(values: Sequence[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)


def _of(runs: Sequence[ComparedRun], strategy: str, lr: float | None) -> list[ComparedRun]:
    """Return the runs that count of one strategy and learning rate, a seed each."""
    return [run for run in runs if (run.entry.strategy, run.entry.lr) == (strategy, lr) and run.is_done]


def _is_over(runs: Sequence[ComparedRun], strategy: str) -> bool:
    """Whether nothing more comes of a strategy: each of its runs is done, was skipped or broke."""
    mine = [run for run in runs if run.entry.strategy == strategy]
    return all(run.is_skipped or _has_ended(run.history) for run in mine)


def _has_ended(history: RunHistory | None) -> bool:
    """Whether a run ended by itself: one that was stopped goes on."""
    ended = history.ended if history else None
    return ended is not None and ended.reason is not Reason.STOPPED


def _validated(runs: Sequence[ComparedRun]) -> tuple[float, float]:
    """Return what a learning rate is chosen by: validation accuracy after the last epoch, then its loss."""
    last = [run.history.epochs[-1] for run in runs if run.history is not None]
    accuracy = statistics.fmean(epoch.val_accuracy for epoch in last)
    losses = [math.inf if epoch.val_loss is None else epoch.val_loss for epoch in last]
    return accuracy, -statistics.fmean(losses)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _with_front(strategies: Sequence[StrategyResult]) -> tuple[StrategyResult, ...]:
    known = [each for each in strategies if each.is_cost_known]
    front = {known[n].strategy for n in pareto_front([(each.seconds, each.accuracy) for each in known])}
    return tuple(msgspec.structs.replace(each, is_on_front=each.strategy in front) for each in strategies)


# A pair -----------------------------------------------------------------------------------------------------


def _pairs(strategies: Sequence[StrategyResult], runs: Mapping[str, ComparedRun]) -> Iterator[PairResult]:
    """Yield each two strategies that were judged on the same pictures."""
    tables = {each.strategy: _table(each, runs) for each in strategies}
    both = [(a, b) for a, b in combinations(strategies, 2) if tables[a.strategy][0] == tables[b.strategy][0]]
    counted = [_discordant(tables[a.strategy][1], tables[b.strategy][1]) for a, b in both]
    by_seed = [[mcnemar_p(*counts) for counts in seeds] for seeds in counted]
    adjusted = list(zip(*(holm(ps) for ps in zip(*by_seed, strict=True)), strict=True))
    together = [merged_p(ps) for ps in by_seed]
    for number, ((a, b), p_holm) in enumerate(zip(both, holm(together), strict=True)):
        first, second = tables[a.strategy][1], tables[b.strategy][1]
        low, high = difference_interval(first, second)
        seeds = tuple(
            SeedPair(
                seed=runs[name].entry.seed, only_first=only_first, only_second=only_second, p=p, p_holm=q
            )
            for name, (only_first, only_second), p, q in zip(
                a.runs, counted[number], by_seed[number], adjusted[number], strict=True
            )
        )
        is_shown = p_holm < SIGNIFICANT and not low <= 0.0 <= high
        pair = PairResult(
            first=a.strategy,
            second=b.strategy,
            difference=a.accuracy - b.accuracy,
            low=low,
            high=high,
            pictures=first.shape[1],
            seeds=seeds,
            p=together[number],
            p_holm=p_holm,
            differs=is_shown and _agree(seeds),
            is_unsettled=is_shown and not _agree(seeds),
            cost_ratio=_ratio(a, b),
            is_cost_apart=costs_apart(a, b),
            words="",
        )
        yield msgspec.structs.replace(pair, words=pair_words(pair))


def _ratio(one: StrategyResult, other: StrategyResult) -> float | None:
    """Return how many times dearer one strategy is than another, where both costs are known."""
    if not (one.is_cost_known and other.is_cost_known and other.seconds > 0):
        return None
    return one.seconds / other.seconds


def _agree(seeds: Sequence[SeedPair]) -> bool:
    """Whether every seed says the same: the tests are of these networks, and know nothing of seeds' noise."""
    signs = {(pair.only_first > pair.only_second) - (pair.only_first < pair.only_second) for pair in seeds}
    return len(signs) == 1


Table = tuple[tuple[str, ...], npt.NDArray[np.bool_]]
"""The pictures of a strategy's runs and whether each run was right of each, (seeds, pictures)."""


def _table(strategy: StrategyResult, runs: Mapping[str, ComparedRun]) -> Table:
    judged = [found for name in strategy.runs if (found := runs[name].judged)]
    return judged[0].paths, np.array([each.correct for each in judged], dtype=np.bool_)


def _discordant(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return, for each seed, of how many pictures only the first was right, and only the second."""
    pairs = zip(first, second, strict=True)
    return [(int((a & ~b).sum()), int((b & ~a).sum())) for a, b in pairs]
