"""``ftgui forecast``: what strategies would take here, in words or as one JSON object."""

from __future__ import annotations

import argparse
from contextlib import closing

import msgspec

from ftgui.cli.training import Words, config_from, stopped_by_ctrl_c
from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.core.loading import load_torch
from ftgui.freezing.strategies import STRATEGIES
from ftgui.runs.comparison import make_plan_of
from ftgui.runs.forecast import forecast_words
from ftgui.training.control import RunControl
from ftgui.training.events import RunForecast
from ftgui.training.forecast import NoForecast


def forecast_command(arguments: argparse.Namespace) -> int:
    """Say what runs would take, from a few timed steps; nothing is written but what was timed."""
    config = config_from(arguments)
    plan = make_plan_of(config, arguments.strategies or tuple(STRATEGIES), (config.seed,), ())
    configs = [plan.config_of(entry) for entry in plan.entries()]
    load_torch()
    from ftgui.jobs.forecast import forecasts

    told: list[RunForecast] = []
    missing: list[NoForecast] = []
    with stopped_by_ctrl_c(control := RunControl()), closing(Words()) as words:
        for event in forecasts(configs, control):
            if isinstance(event, RunForecast):
                told.append(event)
            elif isinstance(event, NoForecast):
                missing.append(event)
            elif not arguments.json:
                words.event(event)
    if control.stopping:
        raise FtguiError("The forecast was stopped.")
    if arguments.json:
        why = {each.strategy: each.hint for each in missing}
        forecasts_told = [msgspec.to_builtins(each) for each in told]
        print(records.to_json_line({"forecasts": forecasts_told, "no_forecast": why}))
        return 0
    for each in told:
        print(f"{each.strategy:9} {forecast_words(each)}")
    for none in missing:
        print(f"{none.strategy:9} no forecast: {none.hint}")
    return 0
