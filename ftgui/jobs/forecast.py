"""Forecast: what runs are going to take, from a few timed steps, before any of them is started."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec
import torch

from ftgui.core.errors import FtguiError
from ftgui.core.memory import resident_bytes
from ftgui.core.settings import recall, remember
from ftgui.freezing.apply import AppliedPlan
from ftgui.jobs.passing import make_passages
from ftgui.jobs.prepare import Prepared, filled_in, prepare
from ftgui.jobs.words import explain
from ftgui.models.head import seeded
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig, check_config
from ftgui.training.control import RunControl
from ftgui.training.devices import free_memory
from ftgui.training.events import PhaseProgress, RunForecast, TrainingEvent
from ftgui.training.forecast import NoForecast, forecast, obstacle_to_forecast
from ftgui.training.foresight import known_rates, measured_rates, work_of
from ftgui.training.loops import step_of
from ftgui.training.passages import Passages
from ftgui.training.precision import drawn_pictures

PHASE = "timing a few steps"
BASE = f"a process that computes with torch {torch.__version__}"
WINDOW = "PySide6.QtWidgets"
"""The module that a process with a window has loaded; it takes more memory for that."""
FEW = 2


def forecasts(configs: Sequence[TrainConfig], control: RunControl | None = None) -> Iterator[TrainingEvent]:
    """Yield progress, and a ``RunForecast`` for each of configs that differ only in what may move.

    What was timed once on this computer is remembered. Of a config of which nothing can be said a
    ``NoForecast`` says why; after a stop nothing is said of any.

    Raises:
        FtguiError: the dataset, the weights or the settings do not do, or the memory is not enough.
    """
    try:
        yield from _forecasts(configs, control or RunControl())
    except Exception as error:
        raise explain(error, configs[0]) from error


def _forecasts(configs: Sequence[TrainConfig], control: RunControl) -> Iterator[TrainingEvent]:
    clock = RunClock()
    prepared = yield from prepare(configs[0], clock, control=control)
    try:
        base = _base_that_computes(prepared)
        for number, config in enumerate(configs):
            if control.stopping:
                return
            progress = PhaseProgress(phase=PHASE, done=number, total=len(configs))
            yield progress
            try:
                planned = _with_plan(prepared, config)
            except FtguiError as error:
                yield NoForecast.of(config.strategy, str(error))
                continue
            yield from _told(planned, clock, control, base, progress)
        yield PhaseProgress(phase=PHASE, done=len(configs), total=len(configs))
    finally:
        free_memory(prepared.device.name)


def _base_that_computes(prepared: Prepared) -> int:
    """Return the memory of a process that has the network and has computed, which loads what computes.

    Measured once on a computer: what was taken since then and given back stays with the process.
    """
    known = _known_base()
    weights = sum(tensor.nbytes for tensor in prepared.applied.model.state_dict().values())
    if known is None:
        arithmetic = prepared.on_device()
        pictures = drawn_pictures(arithmetic.preprocessing.crop, FEW)
        free_memory(prepared.device.name)  # what trying the arithmetic took is no part of what a run takes
        with seeded(0):
            step_of(copy.deepcopy(prepared.applied.model).train(), arithmetic)(arithmetic.inputs(pictures))
        known = max(resident_bytes() - int(weights), 1)
        remember("memory", _base_key(), {"base_bytes": known})
    return known + int(weights)


def _base_key() -> str:
    return f"{BASE}, with a window" if WINDOW in sys.modules else BASE


def _known_base() -> int | None:
    known: object = (recall("memory", _base_key()) or {}).get("base_bytes")
    return known if isinstance(known, int) and known > 0 else None


def _with_plan(prepared: Prepared, config: TrainConfig) -> Prepared:
    """Return the same with another plan on the same network.

    Raises:
        FtguiError: there is no such plan for it.
    """
    applied, recognition = prepared.applied, prepared.recognition
    check_config(config)
    plan = config.plan(tuple(stage.name for stage in applied.stages))
    filled = msgspec.structs.replace(
        filled_in(config, len(prepared.class_names), recognition, plan),
        precision=prepared.config.precision,
        layout=prepared.config.layout,
    )
    return replace(prepared, config=filled, applied=AppliedPlan(applied.model, plan, applied.stages))


def _told(
    prepared: Prepared, clock: RunClock, control: RunControl, base: int, progress: PhaseProgress
) -> Iterator[TrainingEvent]:
    passages, config = make_passages(prepared, clock), prepared.config
    work = work_of(passages, config)
    for rates in measured_rates(passages, work):
        if rates is not None:
            spent, again = _once(clock)
            base_bytes = _on_cpu(passages, base)
            told = forecast(work, rates, spent=spent, again=again, base_bytes=base_bytes)
            yield told or NoForecast.of(work.strategy, obstacle_to_forecast(work, rates))
            return
        yield progress
        if control.stopping:
            return


def forecast_by_known(passages: Passages, config: TrainConfig, clock: RunClock) -> RunForecast | None:
    """Return what a run that is about to begin will take; None where a part was never timed here."""
    spent, again = _once(clock)
    with clock.phase("building"):  # what it asks of the frozen stages the run needs, too
        work = work_of(passages, config)
        rates = known_rates(passages, work)
        base = max(resident_bytes(), (_known_base() or 0) + work.weight_bytes)
        return forecast(work, rates, spent=spent, again=again, base_bytes=_on_cpu(passages, base))


def _once(clock: RunClock) -> tuple[float, float]:
    """Return the seconds of getting ready, and those of building the network once more for the proof."""
    phases = clock.phase_seconds
    return phases.get("reading", 0.0) + phases.get("building", 0.0), phases.get("building", 0.0)


def _on_cpu(passages: Passages, base: int) -> int | None:
    """Return what is taken to begin with; on a GPU another memory counts, of which nothing is said."""
    return base if passages.arithmetic.device.type == "cpu" else None
