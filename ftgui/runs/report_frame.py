"""The room of a plot in the report, and quiet axes around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from ftgui.runs import report_axes as axes
from ftgui.runs.report_axes import Scale
from ftgui.runs.report_labels import Box
from ftgui.runs.report_svg import joined, line, text

LEAST_SPAN = 0.04
"""Of an axis of accuracies: less would make much of nothing."""


@dataclass(frozen=True)
class Frame:
    """The room of a plot and its axes."""

    size: tuple[float, float]
    x: Scale
    y: Scale
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    x_title: str
    y_title: str

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point is drawn."""
        return self.x(x), self.y(y)

    @property
    def room(self) -> Box:
        """What lies between the axes."""
        return Box(self.x.start, self.y.end, self.x.end - self.x.start, self.y.start - self.y.end)

    @property
    def whole(self) -> Box:
        """The same and what is beside it on the right."""
        return Box(self.x.start, self.y.end, self.size[0] - self.x.start, self.y.start - self.y.end)


def draw_axes(frame: Frame) -> Markup:
    """Return quiet axes: faint lines across, a base line, and what they are of."""
    left, right, base = frame.x.start, frame.x.end, frame.y.start
    across = [line(left, frame.y(value), right, frame.y(value), "grid") for value, _ in frame.y_ticks]
    beside = [text(left - 8, frame.y(value) + 4, said, anchor="end") for value, said in frame.y_ticks]
    below = [text(frame.x(value), base + 18, said, anchor="middle") for value, said in frame.x_ticks]
    notches = [line(frame.x(value), base, frame.x(value), base + 4, "axis") for value, _ in frame.x_ticks]
    named = (
        text((left + right) / 2, base + 38, frame.x_title, "title", "middle"),
        text(left - 34, frame.y.end - 12, frame.y_title, "title"),
    )
    return joined(*across, line(left, base, right, base, "axis"), *notches, *beside, *below, *named)


def accuracy_axis(
    values: Sequence[float], start: float, end: float
) -> tuple[Scale, tuple[tuple[float, str], ...]]:
    """Return a scale for accuracies, from round value to round value, with its ticks."""
    low, high = min(values), max(values)
    if high - low < LEAST_SPAN:
        low, high = (low + high - LEAST_SPAN) / 2, (low + high + LEAST_SPAN) / 2
    scale = axes.widened(low, high, 6, floor=0.0, ceiling=1.0)
    return replace(scale, start=start, end=end), with_words(axes.nice_ticks(scale.low, scale.high, 6))


def with_words(ticks: Sequence[float]) -> tuple[tuple[float, str], ...]:
    """Return ticks, each with what it says."""
    return tuple((tick, axes.tick_text(tick, ticks)) for tick in ticks)


def time_axis(
    values: Sequence[float], start: float, end: float
) -> tuple[Scale, tuple[tuple[float, str], ...]]:
    """Return a scale for seconds, logarithmic where they lie far apart, with its ticks."""
    most = max(3, int((end - start) / 75))
    if axes.is_wide(values):
        scale = Scale(min(values) / 1.6, max(values) * 1.6, start, end, log=True)
        ticks = axes.log_time_ticks(scale.low, scale.high, most)
    else:
        scale = Scale(0.0, max(max(values) * 1.08, 1e-3), start, end)
        ticks = axes.time_ticks(scale.low, scale.high, most)
    return scale, tuple((tick, axes.time_text(tick)) for tick in ticks)
