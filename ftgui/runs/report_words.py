"""Figures as the report says them."""

from __future__ import annotations

import math

from ftgui.evaluation.statistics import wilson_interval

NONE = "–"
"""For what is not known, or not yet."""
LEAST_MOVEMENT = 1e-6


def accuracy(value: float | None) -> str:
    """Return "0.952"."""
    return NONE if value is None else f"{value:.3f}"


def accuracy_of(value: float, pictures: int) -> str:
    """Return an accuracy with its 95 % interval (Wilson) and its n: "0.952 (0.91 – 0.98) of 153"."""
    if not pictures:
        return accuracy(value)
    low, high = wilson_interval(value, pictures)
    return f"{accuracy(value)} ({low:.2f} – {high:.2f}) of {pictures:,}"


def span(low: float | None, high: float | None) -> str:
    """Return "0.935 – 0.967"."""
    return NONE if low is None or high is None else f"{low:.3f} – {high:.3f}"


def points(difference: float) -> str:
    """Return a difference of accuracies in points of a hundred, signed: "+2.6", "−0.7", "0.0"."""
    text = f"{abs(difference) * 100:.1f}"
    return text if float(text) == 0 else f"{'−' if difference < 0 else '+'}{text}"


def p_value(p: float) -> str:
    """Return "0.012", or "< 0.001"."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def duration(seconds: float | None) -> str:
    """Return "14 ms", "5.4 s", "38 s", "3 min 12 s" or "1 h 4 min"."""
    if seconds is None:
        return NONE
    if seconds < 0.095:
        return f"{max(seconds * 1000, 1):.0f} ms" if seconds else "0 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return (
        f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
    )


def count(number: int | None) -> str:
    """Return "1,026", "12.4 k" or "11.2 M"."""
    if number is None:
        return NONE
    if number < 10_000:
        return f"{number:,}"
    shown, unit = (number / 1e6, "M") if number >= 999_950 else (number / 1e3, "k")
    return f"{shown:.1f}".removesuffix(".0") + f" {unit}"


def some_of(some: int | None, everything: int | None) -> str:
    """Return "2 of 314", or what of it is known."""
    return count(some) if some is None or everything is None else f"{count(some)} of {count(everything)}"


def memory(megabytes: float | None) -> str:
    """Return "612 MB" or "1.9 GB"."""
    if megabytes is None:
        return NONE
    return f"{megabytes:,.0f} MB" if megabytes < 999.5 else f"{megabytes / 1000:.1f} GB"


def counted(number: int, one: str, many: str = "") -> str:
    """Return "1 run" or "1,000 runs"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(words: list[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def movement(value: float | None) -> str:
    """Return "0 exactly", or a share with two figures: "0.0031 %", "38 %", "1,200 %"."""
    if value is None:
        return "not finite"
    percent = value * 100
    if value == 0:
        return "0 exactly"
    if value < LEAST_MOVEMENT:
        return "< 0.0001 %"
    if percent >= 9.95:
        return f"{percent:,.0f} %"
    return f"{percent:.{1 - math.floor(math.log10(percent))}f} %"
