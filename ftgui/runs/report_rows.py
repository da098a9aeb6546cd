"""The rows of the report's tables, every figure as it is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from markupsafe import Markup

from ftgui.freezing.strategies import STRATEGIES
from ftgui.runs import report_words as words
from ftgui.runs.comparison import RUNS, ComparisonFile, ComparisonPlan
from ftgui.runs.history import RunHistory
from ftgui.runs.report_drawn import Drawn, bar_parts, entries_of, slot_of
from ftgui.runs.report_maps import stage_bar
from ftgui.runs.results import ComparisonResult, PairResult, RunResult, StrategyResult
from ftgui.training.config import SETTINGS, plain

BAD_STATES, GOOD_STATES = ("failed", "interrupted"), ("done",)


@dataclass(frozen=True)
class StrategyRow:
    """A strategy in the main table; ``cells`` are empty where not all its seeds are done."""

    slot: int
    name: str
    title: str
    bar: Markup
    cells: tuple[tuple[str, str], ...]
    """A figure each, and what is said small below it."""
    missing: str
    """How much of it is done, where that is not all."""
    is_on_front: bool


@dataclass(frozen=True)
class RunRow:
    """A run in the table of all."""

    slot: int
    name: str
    state: str
    kind: str
    """"good", "bad" or "" for the state."""
    cells: tuple[str, ...]
    frozen: str
    is_spoilt: bool
    """Whether something that had to stay frozen changed."""
    message: str


@dataclass(frozen=True)
class PairRow:
    """Two strategies."""

    slots: tuple[int, int]
    names: tuple[str, str]
    words: str
    cells: tuple[str, ...]
    seeds: tuple[str, ...]
    differs: bool
    is_unsettled: bool


STRATEGY_COLUMNS = (
    "accuracy",
    "lowest – highest",
    "time",
    "later runs",
    "an epoch",
    "learns",
    "moved",
    "memory",
    "learning rate",
)
RUN_COLUMNS = ("learning rate", "accuracy", "best epoch", "time")
PAIR_COLUMNS = ("difference", "95 % interval", "p", "p (Holm)", "cost")


def strategy_rows(
    plan: ComparisonPlan, result: ComparisonResult, drawn: Sequence[Drawn]
) -> list[StrategyRow]:
    """Return a row a strategy, in the order asked for."""
    known = {strategy.strategy: strategy for strategy in result.strategies}
    firsts = {strategy.name: strategy.runs[0] for strategy in drawn}
    return [_strategy_row(plan, result, name, known.get(name), firsts.get(name)) for name in plan.strategies]


def _strategy_row(
    plan: ComparisonPlan,
    result: ComparisonResult,
    name: str,
    strategy: StrategyResult | None,
    first: RunHistory | None,
) -> StrategyRow:
    parts = bar_parts(first) if first else ()
    return StrategyRow(
        slot=slot_of(plan, name),
        name=name,
        title=STRATEGIES[name].title if name in STRATEGIES else name,
        bar=stage_bar(f"bar-{slot_of(plan, name)}", name, parts) if parts else Markup(""),
        cells=_strategy_cells(strategy, entries_of(first)) if strategy else (),
        missing="" if strategy else _missing(name, result),
        is_on_front=strategy is not None and strategy.is_on_front,
    )


def _strategy_cells(strategy: StrategyResult, entries: int | None) -> tuple[tuple[str, str], ...]:
    seeds = len(strategy.runs)
    return (
        (words.accuracy(strategy.accuracy), words.span(strategy.low, strategy.high)),
        (words.span(strategy.lowest, strategy.highest), "") if seeds > 1 else (words.NONE, "one seed"),
        (strategy.bound + words.duration(strategy.seconds), ""),
        (words.duration(strategy.later_seconds), ""),
        (words.duration(strategy.seconds_per_epoch), ""),
        _part(strategy.trainable_parameters, strategy.parameters),
        _part(strategy.moved_tensors, entries),
        (words.memory(strategy.peak_memory_mb), ""),
        (plain(strategy.lr), f"best of {strategy.tries}" if strategy.tries > 1 else ""),
    )


def _part(some: int | None, everything: int | None) -> tuple[str, str]:
    return words.count(some), "" if some is None or everything is None else f"of {words.count(everything)}"


def _missing(strategy: str, result: ComparisonResult) -> str:
    """Return "1 of 3 runs is done"."""
    states = [run.state for run in result.runs if run.strategy == strategy]
    done = states.count("done")
    return f"{done} of {words.counted(len(states), 'run')} {'is' if done == 1 else 'are'} done"


def run_rows(plan: ComparisonPlan, runs: Sequence[RunResult]) -> list[RunRow]:
    """Return a row a run."""
    return [
        RunRow(
            slot=slot_of(plan, run.strategy),
            name=run.name,
            state=run.state,
            kind="good" if run.state in GOOD_STATES else "bad" if run.state in BAD_STATES else "",
            cells=(
                words.NONE if run.lr is None else plain(run.lr),
                _with_interval(run),
                words.NONE if run.best_epoch is None else f"{run.best_epoch:,} of {run.epochs:,}",
                words.duration(run.seconds),
            ),
            frozen=_frozen(run),
            is_spoilt=bool(run.frozen_changed),
            message=run.message,
        )
        for run in runs
    ]


def _with_interval(run: RunResult) -> str:
    """Return "0.941 (0.89 – 0.97) of 153"."""
    if run.accuracy is None or run.low is None or run.high is None or run.pictures is None:
        return words.accuracy(run.accuracy)
    return f"{words.accuracy(run.accuracy)} ({words.span(run.low, run.high)}) of {run.pictures:,}"


def _frozen(run: RunResult) -> str:
    """Return what the bit-for-bit comparison of what was frozen came to."""
    if run.frozen_changed is None or run.frozen_tensors is None:
        return words.NONE
    if not run.frozen_tensors:
        return "nothing frozen"
    return f"{run.frozen_changed:,} of {run.frozen_tensors:,} changed"


def pair_rows(plan: ComparisonPlan, pairs: Sequence[PairResult]) -> list[PairRow]:
    """Return a row a pair of strategies."""
    return [
        PairRow(
            slots=(slot_of(plan, pair.first), slot_of(plan, pair.second)),
            names=(pair.first, pair.second),
            words=pair.words,
            cells=(
                words.points(pair.difference),
                f"{words.points(pair.low)} to {words.points(pair.high)}",
                words.p_value(pair.p),
                words.p_value(pair.p_holm),
                f"× {_ratio(pair.cost_ratio)}" if pair.cost_ratio is not None else "–",
            ),
            seeds=tuple(
                f"seed {seed.seed}: {seed.only_first:,} / {seed.only_second:,}, p {words.p_value(seed.p)}"
                for seed in pair.seeds
            ),
            differs=pair.differs,
            is_unsettled=pair.is_unsettled,
        )
        for pair in pairs
    ]


def _ratio(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 9.95 else f"{ratio:.1f}" if ratio >= 0.995 else f"{ratio:.2g}"


def setting_rows(comparison: ComparisonFile) -> list[tuple[str, str]]:
    """Return what all runs shared, in words: every setting, those left alone with what that means."""
    config, plan = comparison.plan.config, comparison.plan
    rates = ", ".join(map(plain, plan.lrs)) if plan.lrs else "each strategy's own"
    rows = [
        ("Pictures", config.dataset),
        ("Pretrained weights", config.weights),
        ("Seeds", ", ".join(map(str, plan.seeds))),
        ("Learning rates", rates),
    ]
    if config.architecture is not None:
        rows.append(("Architecture", config.architecture))
    if config.classes is not None:
        rows.append(("Classes", f"{config.classes:,}"))
    shown = [setting for setting in SETTINGS if setting.name not in ("lr", "seed")]
    rows += [(setting.label, _setting(getattr(config, setting.name), setting.unset)) for setting in shown]
    return [*rows, ("Left out", words.counted(len(config.exclude), "picture"))]


def _setting(value: object, unset: str) -> str:
    if value is None:
        return unset
    return plain(value) if isinstance(value, int | float) else str(value)


def when_words(folder: Path, comparison: ComparisonFile, names: Iterable[str]) -> str:
    """Return from when to when runs were made, in this computer's time; empty where none has begun."""
    times = [time for name in names for time in _times_of(folder, comparison, name)]
    if not times:
        return ""
    first, last = min(times).astimezone(), max(times).astimezone()
    start, end = f"{first:%Y-%m-%d %H:%M}", f"{last:%Y-%m-%d %H:%M}"
    if start == end:
        return start
    return f"{start} to {end[11:] if end[:10] == start[:10] else end}"


def _times_of(folder: Path, comparison: ComparisonFile, name: str) -> list[datetime]:
    """Return when a run began and ended, by its files where an older ftgui did not write it down."""
    if name in comparison.times:
        return [datetime.fromisoformat(time) for time in comparison.times[name]]
    told = [folder / RUNS / name / file for file in ("config.json", "split.json", "events.jsonl")]
    return [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in told if path.is_file()]
