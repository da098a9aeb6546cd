"""Axes of the report's figures: where values lie, where ticks stand and how they are said."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ftgui.core.round_steps import STEPS, round_step

TIME_STEPS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)
"""Seconds that people count by; what is smaller or larger goes by ``round_step``."""
LOG_FROM = 10.0
"""The largest value over the smallest from which an axis of costs is logarithmic."""


@dataclass(frozen=True)
class Scale:
    """From values to pixels. What lies beyond an end is drawn at it."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = map(self._along, (self.low, self.high, min(self.high, max(self.low, value))))
        share = (value - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)

    def _along(self, value: float) -> float:
        return math.log10(value) if self.log else value


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most ``most`` round values from ``low`` to ``high``, both within."""
    if not high > low:
        return [low]
    step = round_step((high - low) / most)
    return multiples(low, high, step)


def multiples(low: float, high: float, step: float) -> list[float]:
    """Return the multiples of ``step`` within, rid of what floats add to them."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def widened(low: float, high: float, most: int, floor: float = -math.inf, ceiling: float = math.inf) -> Scale:
    """Return a scale, without its pixels, whose ends are round values around ``low`` and ``high``."""
    if high - low < 1e-9:
        low, high = low - 0.01, high + 0.01
    step = round_step((high - low) / most)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return Scale(max(floor, float(f"{low:.12g}")), min(ceiling, float(f"{high:.12g}")), 0.0, 1.0)


def tick_text(value: float, ticks: Sequence[float]) -> str:
    """Return a tick with as many decimals as its neighbours need."""
    gaps = [second - first for first, second in itertools.pairwise(ticks)]
    least = min(gaps, default=abs(value) or 1.0)
    decimals = max(0, -math.floor(math.log10(least) + 1e-9)) if least > 0 else 0
    return f"{value:,.{decimals}f}".replace("-", "−")


def epoch_ticks(first: int, last: int, most: int) -> list[float]:
    """Return whole epochs: the first, and round ones."""
    step = max(1.0, round_step(max(1, last - first) / most))
    round_ones = multiples(first, last, step)
    return round_ones if round_ones and round_ones[0] - first < step / 2 else [float(first), *round_ones]


def is_wide(values: Sequence[float]) -> bool:
    """Whether an axis of these costs is logarithmic."""
    return bool(values) and min(values) > 0 and max(values) > LOG_FROM * min(values)


def time_ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most ``most`` round seconds from ``low`` to ``high``, evenly apart."""
    least = (high - low) / most if high > low else 1.0
    known = least <= TIME_STEPS[-1] and least > TIME_STEPS[0] / 2
    step = next(step for step in TIME_STEPS if step >= least * 0.999) if known else round_step(least)
    return multiples(low, high, step if step < 3600 else 3600 * round_step(step / 3600))


def log_time_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round seconds from ``low`` to ``high``, each some times the one before, at most ``most``."""
    places = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    below = [step * 10.0**place for place in places for step in STEPS if place < 1 or step * 10**place < 30]
    fine = [second for second in below if second < 30] + [30.0, 60, 120, 300, 600, 1200, 3600, 7200, 18000]
    coarse = [10.0**place for place in places if place < 1] + [10.0, 60, 600, 3600, 36000, 360_000]
    for candidates in (fine, coarse):
        ticks = [float(f"{tick:.12g}") for tick in candidates if low <= tick <= high]
        if len(ticks) <= most and (len(ticks) > 1 or candidates is coarse):
            return ticks
    return ticks[:: math.ceil(len(ticks) / most)]


def time_text(seconds: float) -> str:
    """Return a round time as a tick says it: "0.5 s", "30 s", "1 min", "1:15 min", "2 h"."""
    if seconds < 60:
        return f"{seconds:g} s"
    if seconds % 60:
        return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"
    return f"{seconds / 3600:g} h" if seconds % 3600 == 0 else f"{seconds / 60:g} min"


def thinned(count: int, most: int) -> list[int]:
    """Return at most ``most`` places of ``count``, evenly spread, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(place * (count - 1) / (most - 1)) for place in range(most)})
