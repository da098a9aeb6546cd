"""The arithmetic of a run: what was asked for, or the fastest on this computer, measured once."""

from __future__ import annotations

import math
from collections.abc import Generator

import msgspec

from ftgui.core.errors import FtguiError
from ftgui.core.preprocessing import Preprocessing
from ftgui.core.settings import recall, remember
from ftgui.freezing.apply import AppliedPlan
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig
from ftgui.training.devices import DeviceChoice
from ftgui.training.events import PhaseProgress, Timing, TrainingEvent
from ftgui.training.precision import Arithmetic
from ftgui.training.tuning import Measured, choose, measure

Timings = tuple[Timing, ...]


def settle_arithmetic(
    config: TrainConfig,
    applied: AppliedPlan,
    preprocessing: Preprocessing,
    device: DeviceChoice,
    clock: RunClock,
) -> Generator[TrainingEvent, None, tuple[TrainConfig, Timings]]:
    """Return the config with precision and layout written out, and what they were chosen by.

    Measured the first time that an architecture is used on this computer, outside of the run's seconds, and
    remembered: the same seed is to give the same result again.

    Raises:
        FtguiError: the device cannot compute what was asked for.
    """
    if config.precision == "fp16" and device.name != "cuda":
        raise FtguiError(
            "fp16 needs a GPU of CUDA's kind.", "Choose auto, or bf16, which is as small and safer."
        )
    if "auto" not in (config.precision, config.layout):
        return config, ()
    key = _key(config, preprocessing, device)
    timings = _recalled(key)
    chosen = choose(timings, config.precision, config.layout)
    if chosen is None:
        timings, is_lasting = yield from _measured(applied, preprocessing, device, clock)
        if is_lasting:
            remember("arithmetic", key, {"timings": msgspec.to_builtins(timings)})
        chosen = choose(timings, config.precision, config.layout)
    if chosen is None:  # asked for by name, and not among the candidates of this device
        precision = "fp32" if config.precision == "auto" else config.precision
        layout = "contiguous" if config.layout == "auto" else config.layout
        return msgspec.structs.replace(config, precision=precision, layout=layout), timings
    return msgspec.structs.replace(config, precision=chosen.precision, layout=chosen.layout), timings


def _key(config: TrainConfig, preprocessing: Preprocessing, device: DeviceChoice) -> str:
    """Return all that the timings depend on."""
    computer = Arithmetic(device.torch_device, "fp32", preprocessing).computer
    return f"{config.architecture} {preprocessing.crop} {computer}"


def _recalled(key: str) -> Timings:
    try:
        timings = msgspec.convert((recall("arithmetic", key) or {}).get("timings", ()), Timings)
    except msgspec.ValidationError:  # another version's, or edited by hand
        return ()
    rates = [rate for timing in timings for rate in (timing.forward, timing.step)]
    return timings if all(0 < rate < math.inf for rate in rates) else ()


def _measured(
    applied: AppliedPlan, preprocessing: Preprocessing, device: DeviceChoice, clock: RunClock
) -> Generator[TrainingEvent, None, Measured]:
    steps = measure(applied, device.torch_device, preprocessing)
    while True:
        try:
            with clock.aside():
                done, total = next(steps)
        except StopIteration as end:
            measured: Measured = end.value
            return measured
        yield PhaseProgress(phase="trying this computer's arithmetic", done=done, total=total)
