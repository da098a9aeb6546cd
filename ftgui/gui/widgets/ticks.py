"""Where ticks stand, and how seconds on an axis are said."""

from __future__ import annotations

import math

from ftgui.core.round_steps import STEPS, round_step

LEAST_TICKS = 3
TIMES = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18_000, 36_000, 86_400)
"""Seconds at which an axis of powers is numbered, as people count them."""


def seconds_text(seconds: float) -> str:
    """Return seconds on an axis: 45, or 1:30 from a minute on."""
    if seconds < 60:
        return f"{seconds:.0f}"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return up to ``most`` values from ``low`` to ``high`` (above 0) to number on a logarithmic axis.

    Powers of ten, with 2 and 5 between them where there is room; within less than that, round numbers.
    """
    choices = (_steps(low, high, STEPS), _steps(low, high, (1.0,)))
    for ticks in choices:
        if LEAST_TICKS <= len(ticks) <= most:
            return ticks
    if len(choices[0]) < LEAST_TICKS:
        return _even(low, high, round_step((high - low) / max(most, 1)))
    powers = choices[1] if len(choices[1]) > 1 else choices[0]
    return powers[:: math.ceil(len(powers) / max(most, 1))]


def _steps(low: float, high: float, steps: tuple[float, ...]) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = (step * 10.0**power for power in range(first, last + 1) for step in steps)
    return [value for value in every if low <= value <= high]


def _even(low: float, high: float, step: float) -> list[float]:
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1) if number]


def plain_text(value: float) -> str:
    """Return a number as people read it on an axis: 0.002, 15, 300000; powers where it is far too long."""
    if not 1e-5 <= value < 1e6:
        power = math.floor(math.log10(value) + 1e-9)
        return f"{value / 10.0**power:.2g}e{power}"
    return f"{value:.7f}".rstrip("0").rstrip(".")


def time_ticks(low: float, high: float, most: int) -> list[float]:
    """Return seconds from ``low`` to ``high`` to number on a logarithmic axis; see ``TIMES``."""
    if low < TIMES[0] or high > TIMES[-1]:
        return log_ticks(low, high, most)
    ticks = [float(seconds) for seconds in TIMES if low <= seconds <= high]
    if len(ticks) < LEAST_TICKS:
        return log_ticks(low, high, most)
    return ticks[:: math.ceil(len(ticks) / max(most, 1))]
