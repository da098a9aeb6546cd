"""A comparison that says what its runs will take before the first of them begins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ftgui.core.errors import FtguiError
from ftgui.jobs.compare_control import CompareControl
from ftgui.jobs.compare_events import CompareEvent, ComparisonStarted
from ftgui.jobs.forecast import forecasts
from ftgui.runs.comparison import read_comparison
from ftgui.runs.forecast import runs_of_plan, seconds_by_strategy
from ftgui.training.events import RunForecast, RunWarning


def forecast_first(events: Iterator[CompareEvent], control: CompareControl) -> Iterator[CompareEvent]:
    """Yield a comparison's events and, once it is known that it can be, what each strategy will take.

    Nothing is timed where ``control`` knows of all that are left.
    """
    for event in events:
        yield event
        if isinstance(event, ComparisonStarted):
            yield from _forecast(event, control)


def _forecast(begun: ComparisonStarted, control: CompareControl) -> Iterator[CompareEvent]:
    plan = read_comparison(Path(begun.folder)).plan
    left = {run.entry.strategy: run.entry for run in reversed(begun.runs) if not run.is_done}
    if left.keys() <= control.forecast.keys():
        return
    told: dict[str, RunForecast] = {}
    try:
        configs = [plan.config_of(left[name]) for name in plan.strategies if name in left]
        for each in forecasts(configs, control.next_run()):
            if isinstance(each, RunForecast):
                told[each.strategy] = each
            yield each
        done = {run.name for run in begun.runs if run.is_done}
        control.forecast = seconds_by_strategy(runs_of_plan(plan, told, done))
    except FtguiError as error:  # the runs say for themselves what they die of
        yield RunWarning(message="Nothing can be forecast.", hint=str(error))
