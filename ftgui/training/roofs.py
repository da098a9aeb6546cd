"""What this computer can do at best: parts of a run on drawn numbers, with nothing else beside them.

Measured the first time that they are needed, outside of a run's seconds, and remembered. What a run will take
follows from the same figures.
"""

from __future__ import annotations

import copy
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from ftgui.core.settings import recall, remember
from ftgui.models.head import seeded
from ftgui.training.clock import RunClock
from ftgui.training.devices import is_out_of_memory
from ftgui.training.feeds import Passage
from ftgui.training.footprint import peak_bytes
from ftgui.training.loops import step_of
from ftgui.training.precision import Arithmetic, drawn_pictures, wait_for
from ftgui.training.prefix import Prefix

ROUNDS = 3
"""Timed batches, after one that warms up."""
ENOUGH_SECONDS = 4.0
"""Of timed batches: fewer have to do where they are slow."""


class Roof(NamedTuple):
    """What one piece of work takes."""

    rate: float
    """Pictures, or views, a second."""
    peak_bytes: int
    """What it needs at once beside the weights; 0 where an older ftgui did not ask."""


@dataclass
class Roofs:
    """Pictures a second of a network in an arithmetic."""

    architecture: str
    arithmetic: Arithmetic
    clock: RunClock
    _keys: dict[float, str] = field(default_factory=dict)
    _computer: str = field(init=False)

    def __post_init__(self) -> None:
        self._computer = self.arithmetic.computer  # small heads are timed on one thread of it

    def reached(self, roof: float | None, rate: float) -> float | None:
        """Return a roof, or the rate that a run reached where that is higher, and remember it: the computer
        was busy with other things when it was measured.
        """
        if roof is None or rate <= roof:
            return roof
        if roof in self._keys:
            key = self._keys[roof]
            known = self._known(key)
            self._keep(key, Roof(rate, known.peak_bytes if known else 0))
        return rate

    def of_pass(self, prefix: Prefix, rows: int) -> float | None:
        """Return how fast views go through frozen stages, ``rows`` at once, bytes to features.

        None where it cannot be found out.
        """
        return _rate(self.passing(prefix, rows))

    def passing(self, prefix: Prefix, rows: int) -> Roof | None:
        """Return the same, and what it needs."""

        def make() -> Callable[[], object]:
            return partial(prefix.forward, drawn_pictures(self.arithmetic.preprocessing.crop, rows))

        return self._roof(_pass_name(prefix, rows), rows, make)

    def known_pass(self, prefix: Prefix, rows: int) -> Roof | None:
        """Return it where it is known; nothing is measured."""
        return self._known(self._key(_pass_name(prefix, rows)))

    def of_steps(self, passage: Passage, line: int, batch_size: int) -> float | None:
        """Return how fast what is left of the network learns: forward, backward, step of a copy.

        None where it cannot be found out.
        """
        return _rate(self.learning(passage, line, batch_size))

    def learning(self, passage: Passage, line: int, batch_size: int) -> Roof | None:
        """Return the same, and what it needs, gradients and momentum included."""
        numbers = sum(p.numel() for p in passage.network.parameters() if p.requires_grad)
        count = min(batch_size, len(passage.train.labels))

        def make() -> Callable[[], object]:
            inputs = passage.train.blank(count)
            step = step_of(copy.deepcopy(passage.network), passage.arithmetic)
            return lambda: step(inputs)

        return self._roof(_step_name(line, numbers, count), count, make)

    def known_steps(self, line: int, numbers: int, count: int) -> Roof | None:
        """Return it for so many learning ``numbers`` where it is known; nothing is measured."""
        return self._known(self._key(_step_name(line, numbers, count)))

    def _roof(self, name: str, pictures: int, make: Callable[[], Callable[[], object]]) -> Roof | None:
        key = self._key(name)
        known = self._known(key)
        if known is not None:
            return known
        try:
            with self.clock.aside(), seeded(0):  # what is drawn here must not be missed by the run
                work = make()
                peak = peak_bytes(work)  # the first time, which warms it up, too
                seconds = self._seconds(work)
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):  # of a copy and its gradients, which the run does without
                return None
            raise
        roof = Roof(pictures / statistics.median(seconds), peak)
        self._keep(key, roof)
        return roof

    def _seconds(self, work: Callable[[], object]) -> list[float]:
        """Return what each timed batch takes."""
        seconds: list[float] = []
        while len(seconds) < ROUNDS and sum(seconds) < ENOUGH_SECONDS:
            began = time.perf_counter()
            work()
            wait_for(self.arithmetic.device)
            seconds.append(time.perf_counter() - began)
        return seconds

    def _keep(self, key: str, roof: Roof) -> None:
        self._keys[roof.rate] = key
        remember("roofs", key, {"pictures_per_second": roof.rate, "peak_bytes": roof.peak_bytes})

    def _known(self, key: str) -> Roof | None:
        facts = recall("roofs", key) or {}
        rate, peak = facts.get("pictures_per_second"), facts.get("peak_bytes", 0)
        if not isinstance(rate, float) or not 0 < rate < math.inf:
            return None
        self._keys[rate] = key
        return Roof(rate, peak if isinstance(peak, int) and peak > 0 else 0)

    def _key(self, name: str) -> str:
        arithmetic = self.arithmetic
        kind = f"{arithmetic.precision} {arithmetic.layout}"
        return f"{self.architecture} {arithmetic.preprocessing.crop} {self._computer} {kind}: {name}"


def _rate(roof: Roof | None) -> float | None:
    return roof.rate if roof is not None else None


def _pass_name(prefix: Prefix, rows: int) -> str:
    return f"{prefix.line} stages up to {prefix.stages[-1].boundary}, {rows} at once"


def _step_name(line: int, numbers: int, count: int) -> str:
    return f"steps behind {line} stages, {numbers} numbers, {count} at once"
