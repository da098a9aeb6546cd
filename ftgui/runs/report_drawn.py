"""From runs to what the report's figures draw: curves over seeds, maps of movement, bars of stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ftgui.runs.comparison import ComparisonPlan
from ftgui.runs.costs import charge_of
from ftgui.runs.history import Measure, RunHistory, Side
from ftgui.runs.report_cost import CostPoint
from ftgui.runs.report_maps import BarPart, Cell, Row
from ftgui.runs.report_plots import Curve, CurvePoint
from ftgui.runs.results import ComparisonResult, StrategyResult
from ftgui.training.events import EpochEnded, StageInfo, StageMoved


@dataclass(frozen=True)
class Drawn:
    """A strategy and those of its runs that its curves are made of."""

    slot: int
    """Its colour."""
    name: str
    runs: tuple[RunHistory, ...]
    """With an epoch at least, in the order of the seeds."""


def drawn_strategies(
    plan: ComparisonPlan, result: ComparisonResult, histories: dict[str, RunHistory]
) -> list[Drawn]:
    """Return the strategies in the order asked for, those without an epoch aside.

    Of several learning rates the one that counts, or, until that is known, the first one with an epoch.
    """
    counted = {strategy.strategy: strategy.runs for strategy in result.strategies}
    drawn = []
    for slot, name in enumerate(plan.strategies):
        names = counted.get(name) or _begun(plan, name, histories)
        runs = tuple(histories[run] for run in names if run in histories and histories[run].epochs)
        if runs:
            drawn.append(Drawn(slot, name, runs))
    return drawn


def _begun(plan: ComparisonPlan, strategy: str, histories: dict[str, RunHistory]) -> tuple[str, ...]:
    """Return the names of a strategy's runs, a seed each, at the first learning rate with an epoch."""
    entries = [entry for entry in plan.entries() if entry.strategy == strategy]
    rates = [entry.lr for entry in entries if entry.name in histories and histories[entry.name].epochs]
    return tuple(entry.name for entry in entries if rates and entry.lr == rates[0])


def cost_points(plan: ComparisonPlan, strategies: Sequence[StrategyResult]) -> list[CostPoint]:
    """Return a point a strategy; its seconds are what a run of it costs by itself."""
    return [
        CostPoint(
            slot=slot_of(plan, strategy.strategy),
            name=strategy.strategy,
            seconds=max(strategy.seconds, 1e-3),
            accuracy=strategy.accuracy,
            low=strategy.low,
            high=strategy.high,
            is_on_front=strategy.is_on_front,
            at_least=not strategy.is_cost_known,
        )
        for strategy in strategies
    ]


def slot_of(plan: ComparisonPlan, strategy: str) -> int:
    """Return a strategy's colour."""
    return plan.strategies.index(strategy) if strategy in plan.strategies else len(plan.strategies)


def over_epochs(strategies: Sequence[Drawn], side: Side, measure: Measure) -> list[Curve]:
    """Return a curve a strategy: the mean over its seeds, with lowest and highest. Training is dashed.

    Where runs ended early, the mean goes on with the others.
    """
    return [
        Curve(
            slot=drawn.slot,
            name=drawn.name,
            points=_over_seeds([_values(run, side, measure) for run in drawn.runs]),
            is_dashed=side == "train",
            is_labelled=side == "val",
            marks=_best(drawn.runs, measure) if side == "val" else (),
        )
        for drawn in strategies
    ]


def _values(run: RunHistory, side: Side, measure: Measure) -> dict[int, float | None]:
    return {epoch.epoch: getattr(epoch, f"{side}_{measure}") for epoch in run.epochs}


def _over_seeds(runs: Sequence[dict[int, float | None]]) -> tuple[CurvePoint, ...]:
    """Return the mean over runs at each epoch that one of them has; a gap where one is not finite."""
    points = []
    for epoch in sorted(set().union(*runs)):
        values = [run[epoch] for run in runs if epoch in run]
        finite = [value for value in values if value is not None]
        if len(finite) < len(values):
            points.append(CurvePoint(epoch, None))
        else:
            points.append(CurvePoint(epoch, sum(finite) / len(finite), min(finite), max(finite)))
    return tuple(points)


def _best(runs: Sequence[RunHistory], measure: Measure) -> tuple[CurvePoint, ...]:
    """Return each run's best epoch."""
    best = [epoch for run in runs if (epoch := run.best)]
    return tuple(CurvePoint(epoch.epoch, getattr(epoch, f"val_{measure}")) for epoch in best)


def over_seconds(strategies: Sequence[Drawn], everyone: Sequence[RunHistory]) -> list[Curve]:
    """Return the validation accuracy over seconds, a curve a run, as if each found nothing kept.

    ``everyone`` are the runs of the comparison that are done: what they did for others is charged to these.
    """
    return [
        Curve(
            slot=drawn.slot,
            name=drawn.name,
            points=tuple(_at_second(epoch, charge) for epoch in run.epochs),
            is_labelled=not number,
            is_faint=number > 0,
            marks=tuple(_at_second(epoch, charge) for epoch in [run.best] if epoch),
        )
        for drawn in strategies
        for number, run in enumerate(drawn.runs)
        for charge in [charge_of(run, everyone).seconds if run.ended else 0.0]
    ]


def _at_second(epoch: EpochEnded, charge: float) -> CurvePoint:
    return CurvePoint(max(epoch.total_seconds + charge, 0.0), epoch.val_accuracy)


def map_rows(run: RunHistory) -> tuple[Row, ...]:
    """Return how far each stage moved in a run, from the input to the head; none where nothing was told."""
    rates = {stage.name: stage.rate for stage in run.started.stages} if run.started else {}
    rows = [Row(name, rates[name], tuple(map(_cell, told))) for name, told in run.told.items()]
    return tuple(rows) if any(row.cells for row in rows) else ()


def _cell(moved: StageMoved) -> Cell:
    """Return a cell; where weights stayed and norm statistics did not, these are what moved."""
    amount = moved.statistics if moved.weights == 0 else moved.weights
    return Cell(moved.epoch, amount, moved.changed, moved.entries)


def bar_parts(run: RunHistory) -> tuple[BarPart, ...]:
    """Return a run's stages for the small bar, wider where there is more to compute."""
    stages = run.started.stages if run.started else ()
    return tuple(
        BarPart(stage.name, max(stage.cost_share, 0.03), _kind(stage), f"{stage.name}: {stage.rate}")
        for stage in stages
    )


def _kind(stage: StageInfo) -> str:
    if not stage.learns:
        return "ice"
    return "slow" if stage.lr_mult < 1 or stage.from_epoch > 1 else "learning"


def entries_of(run: RunHistory | None) -> int | None:
    """Return how many parameters and buffers a network has; None where no epoch told."""
    last = [told[-1].entries for told in run.told.values() if told] if run else []
    return sum(last) or None
