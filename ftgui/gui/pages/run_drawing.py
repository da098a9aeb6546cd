"""What the plots of the Training page draw of the runs that are ticked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from PySide6.QtCore import QCoreApplication

from ftgui.evaluation.statistics import wilson_interval
from ftgui.gui.item_models.runs_model import RunRow, RunsModel
from ftgui.gui.plot_data import KEPT, XY, Band, PlotView, Smoother, Smoothing, make_band, seed_groups
from ftgui.gui.widgets.cost_plot import COST_COLUMNS, CostPoint, cost_row, with_front
from ftgui.gui.widgets.live_plot import NO_POINTS, AxisKind, LivePlot
from ftgui.gui.widgets.plot_saving import Row
from ftgui.gui.widgets.taking_along import Table
from ftgui.gui.words import strategy_words
from ftgui.runs.costs import spared_seconds
from ftgui.runs.history import Measure, RunHistory, RunState, Side

SIDES: tuple[Side, ...] = ("train", "val")
POINT_COLUMNS = ("run", "side", "epoch", "seconds", "value")


@dataclass(frozen=True)
class Group:
    """Runs that differ in nothing but their seed."""

    rows: tuple[RunRow, ...]
    name: str

    @property
    def run_id(self) -> str:
        return f"seeds of {self.rows[0].number}"


@dataclass
class _Costs:
    """Points of accuracy against cost: of runs that ended they are made once."""

    made: dict[int, tuple[tuple[object, ...], CostPoint | None]] = field(default_factory=dict)

    def point(self, row: RunRow) -> CostPoint | None:
        history = row.history
        known = len(history.epochs), history.ended, history.outline
        stamp = (history, history.name, row.colour, *known)
        if row.number not in self.made or self.made[row.number][0] != stamp:
            self.made[row.number] = stamp, cost_point(row)
        return self.made[row.number][1]


class RunDrawing:
    """Draws runs into one plot a measure, as the view says: smoothed, and those of several seeds as bands."""

    def __init__(self, plots: dict[Measure, LivePlot], runs: RunsModel) -> None:
        self._plots, self._runs = plots, runs
        self.over: AxisKind = "epochs"
        self.view = PlotView()
        self._groups: tuple[Group, ...] = ()
        self._smoothers: dict[int, dict[tuple[Side, Measure, Smoothing], Smoother]] = {}
        """By the row's number."""
        self._costs = _Costs()
        for measure, plot in plots.items():
            plot.set_numbers(partial(self._table, measure))

    def draw_all(self) -> None:
        """Draw every run that is ticked, and nothing else."""
        self._groups = groups_of(self._runs.rows) if self.view.bands else ()
        drawn = {row.number for row in self._runs.rows if _is_drawn(row)}
        for number in {*self._smoothers, *self._costs.made} - drawn:
            self._forget(number)
        for measure, plot in self._plots.items():
            wanted = {group.run_id for group in self._groups} | {str(row.number) for row in self._alone()}
            for run_id in {*plot.run_ids()} - wanted:
                plot.remove_run(run_id)
            for row in self._alone():
                self.draw(row, measure)
            for group in self._groups:
                self._draw_group(group, measure)

    def draw(self, row: RunRow, measure: Measure) -> None:
        """Draw one run anew; one that is part of a band is drawn with the others."""
        plot, run_id, history = self._plots[measure], str(row.number), row.history
        if not _is_drawn(row) or self._is_grouped(row):
            plot.remove_run(run_id)
            if not _is_drawn(row):
                self._forget(row.number)
            return
        train, val = self._measured(row, measure)
        shown = self._smoothed(row, measure, (train, val))
        beneath = (NO_POINTS, NO_POINTS) if self.view.smoothing == "off" else (train, val)
        plot.set_run(run_id, history.name, row.colour, *shown, beneath)
        plot.set_best(run_id, *self._best(row, measure))

    def _best(self, row: RunRow, measure: Measure) -> list[tuple[float, float]]:
        """Return where a run's best epoch stands, as measured; nowhere before there is one."""
        best = row.history.best
        value = None if best is None else getattr(best, f"val_{measure}")
        if best is None or value is None:
            return []
        return [(float(best.epoch) if self.over == "epochs" else best.total_seconds, value)]

    def _draw_group(self, group: Group, measure: Measure) -> None:
        measured = [self._measured(row, measure) for row in group.rows]
        pairs = zip(group.rows, measured, strict=True)
        shown = [self._smoothed(row, measure, curves) for row, curves in pairs]
        train, val = _with_points(shown, 0), _with_points(shown, 1)
        learned, judged = make_band(train), make_band(val)
        beneath = (NO_POINTS, NO_POINTS)
        if self.view.smoothing != "off":
            beneath = _mean(make_band(_with_points(measured, 0))), _mean(make_band(_with_points(measured, 1)))
        plot, colour = self._plots[measure], group.rows[0].colour
        around = judged if len(judged.xs) else learned
        plot.set_run(group.run_id, group.name, colour, _mean(learned), _mean(judged), beneath, around)
        plot.set_best(group.run_id, *(point for row in group.rows for point in self._best(row, measure)))

    def _measured(self, row: RunRow, measure: Measure) -> tuple[XY, XY]:
        train, val = (row.curves.series(side, measure, self.over) for side in SIDES)
        return train, val

    def _smoothed(self, row: RunRow, measure: Measure, curves: tuple[XY, XY]) -> tuple[XY, XY]:
        if self.view.smoothing == "off":
            return curves
        train, val = (
            (xs, self._smoother(row, side, measure).smoothed(ys))
            for side, (xs, ys) in zip(SIDES, curves, strict=True)
        )
        return train, val

    def _smoother(self, row: RunRow, side: Side, measure: Measure) -> Smoother:
        made, key = self._smoothers.setdefault(row.number, {}), (side, measure, self.view.smoothing)
        if key not in made:
            made[key] = Smoother(KEPT[self.view.smoothing])
        return made[key]

    def _forget(self, number: int) -> None:
        """Keep nothing that was made of a run that is not drawn any more: it may have left."""
        self._smoothers.pop(number, None)
        self._costs.made.pop(number, None)

    def _alone(self) -> list[RunRow]:
        return [row for row in self._runs.rows if _is_drawn(row) and not self._is_grouped(row)]

    def _is_grouped(self, row: RunRow) -> bool:
        return any(row is each for group in self._groups for each in group.rows)

    # Numbers ----------------------------------------------------------------------------------------------

    def cost_points(self) -> tuple[CostPoint, ...]:
        """Return a point for each run that is ticked and has ended an epoch."""
        points = (self._costs.point(row) for row in self._runs.rows if _is_drawn(row))
        return with_front([point for point in points if point is not None])

    def _table(self, measure: Measure) -> Table:
        """Return the numbers behind what a plot shows."""
        if self._plots[measure].shows_cost():
            return Table("cost", ("run", *COST_COLUMNS), map(cost_row, self.cost_points()))
        return Table(measure, POINT_COLUMNS, self._numbers(measure))

    def _numbers(self, measure: Measure) -> Iterator[Row]:
        """Yield a row of ``POINT_COLUMNS`` for each point of the runs that are ticked, as measured."""
        for row in filter(_is_drawn, self._runs.rows):
            for side in SIDES:
                for epoch in row.history.epochs:
                    value = getattr(epoch, f"{side}_{measure}")
                    if value is not None:
                        yield row.history.name, side, epoch.epoch, epoch.total_seconds, value


def groups_of(rows: Sequence[RunRow]) -> tuple[Group, ...]:
    """Return which of the runs that are ticked and done differ in nothing but their seed."""
    done = [row for row in rows if _is_drawn(row) and row.history.state is RunState.DONE]
    configs = [row.history.started.config if row.history.started else None for row in done]
    grouped = [tuple(done[place] for place in places) for places in seed_groups(configs)]
    titles = Counter(_title(each[0].history) for each in grouped)
    return tuple(Group(each, _group_name(each, titles)) for each in grouped)


def _group_name(rows: tuple[RunRow, ...], titles: Counter[str]) -> str:
    """Return "Freeze extractor × 3 seeds"; the first run's name tells strategies apart that are called so."""
    title = _title(rows[0].history)
    seeds = {row.history.started.config.seed for row in rows if row.history.started}
    words = QCoreApplication.translate("RunDrawing", "{title} × {count} seeds")
    named = words.format(title=title, count=len(seeds))
    return named if titles[title] == 1 else f"{named} ({rows[0].history.name} …)"


def _title(history: RunHistory) -> str:
    return strategy_words(history.started.config) if history.started else ""


def _is_drawn(row: RunRow) -> bool:
    return row.shown and row.history.started is not None


def _with_points(curves: Sequence[tuple[XY, XY]], side: int) -> list[XY]:
    return [curve[side] for curve in curves if len(curve[side][0])]


def _mean(band: Band) -> XY:
    return band.xs, band.mean


def cost_point(row: RunRow) -> CostPoint | None:
    """Return what a run took so far and its best accuracy; None before its first epoch has ended.

    What the features took that it found kept is added once it has ended; where nobody knows: "at least".
    """
    history, best = row.history, row.history.best
    if best is None or history.started is None:
        return None
    spared = spared_seconds(history.ended) if history.ended is not None else 0.0
    pictures = history.started.val_pictures
    low, high = wilson_interval(best.val_accuracy, pictures)
    return CostPoint(
        name=history.name,
        colour=row.colour,
        seconds=(history.told_seconds or 0.0) + (spared or 0.0),
        accuracy=best.val_accuracy,
        low=low,
        high=high,
        at_least=spared is None,
        pictures=pictures or None,
        note=QCoreApplication.translate("RunDrawing", "best epoch (optimistic)"),
    )
