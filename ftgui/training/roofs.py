"""What this computer can do at best: parts of a run on drawn numbers, with nothing else beside them.

Measured the first time that they are needed, outside of a run's seconds, and remembered.
"""

from __future__ import annotations

import copy
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from ftgui.core.settings import recall, remember
from ftgui.models.head import seeded
from ftgui.training.clock import RunClock
from ftgui.training.devices import is_out_of_memory
from ftgui.training.feeds import Passage
from ftgui.training.loops import step_of
from ftgui.training.precision import Arithmetic, drawn_pictures, wait_for
from ftgui.training.prefix import Prefix

ROUNDS = 3
"""Timed batches, after one that warms up."""


@dataclass
class Roofs:
    """Pictures a second of a network in an arithmetic."""

    architecture: str
    arithmetic: Arithmetic
    clock: RunClock
    _keys: dict[float, str] = field(default_factory=dict)

    def reached(self, roof: float | None, rate: float) -> float | None:
        """Return a roof, or the rate that a run reached where that is higher, and remember it: the computer
        was busy with other things when it was measured.
        """
        if roof is None or rate <= roof:
            return roof
        if roof in self._keys:
            self._keep(self._keys[roof], rate)
        return rate

    def of_pass(self, prefix: Prefix, rows: int) -> float | None:
        """Return how fast views go through frozen stages, ``rows`` at once, bytes to features.

        None where it cannot be found out.
        """

        def make() -> Callable[[], object]:
            return partial(prefix.forward, drawn_pictures(self.arithmetic.preprocessing.crop, rows))

        stages = f"{prefix.line} stages up to {prefix.stages[-1].boundary}"
        return self._rate(f"{stages}, {rows} at once", rows, make)

    def of_steps(self, passage: Passage, line: int, batch_size: int) -> float | None:
        """Return how fast what is left of the network learns: forward, backward, step of a copy.

        None where it cannot be found out.
        """
        learning = sum(p.numel() for p in passage.network.parameters() if p.requires_grad)
        count = min(batch_size, len(passage.train.labels))
        name = f"steps behind {line} stages, {learning} numbers, {count} at once"

        def make() -> Callable[[], object]:
            inputs = passage.train.blank(count)
            step = step_of(copy.deepcopy(passage.network), passage.arithmetic)
            return lambda: step(inputs)

        return self._rate(name, count, make)

    def _rate(self, name: str, pictures: int, make: Callable[[], Callable[[], object]]) -> float | None:
        key = self._key(name)
        known = self._known(key)
        if known is not None:
            return known
        try:
            with self.clock.aside(), seeded(0):  # what is drawn here must not be missed by the run
                seconds = self._seconds(make())
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):  # of a copy and its gradients, which the run does without
                return None
            raise
        rate = pictures / statistics.median(seconds)
        self._keep(key, rate)
        return rate

    def _seconds(self, work: Callable[[], object]) -> list[float]:
        """Return what each timed batch takes."""
        seconds = []
        for _ in range(ROUNDS + 1):
            began = time.perf_counter()
            work()
            wait_for(self.arithmetic.device)
            seconds.append(time.perf_counter() - began)
        return seconds[1:]

    def _keep(self, key: str, rate: float) -> None:
        self._keys[rate] = key
        remember("roofs", key, {"pictures_per_second": rate})

    def _known(self, key: str) -> float | None:
        rate = (recall("roofs", key) or {}).get("pictures_per_second")
        if not isinstance(rate, float) or not 0 < rate < math.inf:
            return None
        self._keys[rate] = key
        return rate

    def _key(self, name: str) -> str:
        arithmetic = self.arithmetic
        kind = f"{arithmetic.precision} {arithmetic.layout}"
        return f"{self.architecture} {arithmetic.preprocessing.crop} {arithmetic.computer} {kind}: {name}"
