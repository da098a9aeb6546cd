"""The report's curves as SVG, over epochs or seconds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from markupsafe import Markup

from ftgui.runs import report_axes as axes
from ftgui.runs import report_words as words
from ftgui.runs.report_axes import Scale
from ftgui.runs.report_frame import Frame, accuracy_axis, draw_axes, time_axis, with_words
from ftgui.runs.report_labels import Box, leader, place_labels, spread
from ftgui.runs.report_svg import dot, element, figure, line, path, shortened, text, text_width

MOST_POINTS, MOST_HOVERS = 400, 40
"""Of a curve: beyond these, points are left out of its line and of what the mouse finds."""
LINE_HEIGHT, LABEL_GAP, LONGEST_NAME = 15.0, 14.0, 130.0
LOG_LOSS_FROM = 50.0
"""The largest loss over the smallest from which their axis is logarithmic."""


@dataclass(frozen=True)
class CurvePoint:
    """A point of a curve; None where there is no finite number, which leaves a gap."""

    x: float
    y: float | None
    low: float | None = None
    high: float | None = None
    """Over the seeds."""


@dataclass(frozen=True)
class Curve:
    """A line in a figure."""

    slot: int
    """Its colour."""
    name: str
    points: tuple[CurvePoint, ...]
    is_dashed: bool = False
    is_labelled: bool = True
    is_faint: bool = False
    marks: tuple[CurvePoint, ...] = ()
    """Best epochs."""

    @property
    def drawn(self) -> list[CurvePoint]:
        """The points that a line of this length shows."""
        return [self.points[place] for place in axes.thinned(len(self.points), MOST_POINTS)]

    @property
    def end(self) -> CurvePoint | None:
        """The last point that there is."""
        return next((point for point in reversed(self.points) if point.y is not None), None)


def curve_figure(
    key: str,
    curves: Sequence[Curve],
    titles: tuple[str, str, str],
    *,
    kind: Literal["accuracy", "loss"] = "accuracy",
    over: Literal["epochs", "seconds"] = "epochs",
    size: tuple[float, float] = (510, 330),
) -> Markup:
    """Return curves with their names at their ends. ``titles``: of the figure, below x and above y.

    Curves are named where they end, so that nobody needs to tell colours apart.
    """
    frame = _curve_frame(curves, titles, kind, over, size)
    return figure(
        key,
        size,
        titles[0],
        _curves_words(curves, kind),
        draw_axes(frame),
        *(_band(curve, frame) for curve in curves),
        *(_line(curve, frame) for curve in curves),
        *(_hovers(curve, frame, over) for curve in curves),
        *(_labels_beside if over == "seconds" else _labels_at_the_edge)(curves, frame),
    )


def _curve_frame(
    curves: Sequence[Curve], titles: tuple[str, str, str], kind: str, over: str, size: tuple[float, float]
) -> Frame:
    named = [text_width(curve.name) for curve in curves if curve.is_labelled]
    right, bottom = size[0] - min(LONGEST_NAME, max(named, default=0.0)) - 22, size[1] - 46
    xs = [point.x for curve in curves for point in curve.points] or [1.0]
    values = [value for curve in curves for p in curve.points for value in (p.y, p.low, p.high)]
    ys = [value for value in values if value is not None and math.isfinite(value)] or [0.0, 1.0]
    axis: _Axis = accuracy_axis if kind == "accuracy" else _loss_axis
    y, y_ticks = axis(ys, bottom, 34.0)
    x, x_ticks = (_epoch_axis if over == "epochs" else time_axis)(xs, 56.0, right)
    scale = ", logarithmic" if x.log else ""
    return Frame(
        size, x, y, x_ticks, y_ticks, titles[1] + scale, titles[2] + (", logarithmic" if y.log else "")
    )


_Axis = Callable[[Sequence[float], float, float], tuple[Scale, tuple[tuple[float, str], ...]]]


def _epoch_axis(
    values: Sequence[float], start: float, end: float
) -> tuple[Scale, tuple[tuple[float, str], ...]]:
    first, last = int(min(values)), int(max(values))
    ticks = axes.epoch_ticks(first, last, max(2, int((end - start) / 42)))
    scale = Scale(float(min(first, last - 1)), float(last), start + 12, end - 6)
    return scale, tuple((tick, f"{tick:,.0f}") for tick in ticks)


def _loss_axis(
    values: Sequence[float], start: float, end: float
) -> tuple[Scale, tuple[tuple[float, str], ...]]:
    """Return a scale for losses, logarithmic where a run exploded."""
    low, high = min(values), max(values)
    if low > 0 and high > LOG_LOSS_FROM * low:
        scale = Scale(low / 1.2, high * 1.2, start, end, log=True)
        places = range(math.ceil(math.log10(scale.low)), math.floor(math.log10(scale.high)) + 1)
        kept = [10.0**place for place in places][:: max(1, math.ceil(len(places) / 6))]
        return scale, tuple((tick, f"{tick:,g}" if tick < 1e6 else f"{tick:.0e}") for tick in kept)
    scale = axes.widened(0.0 if low < high / 3 else low, high, 6, floor=0.0)
    return replace(scale, start=start, end=end), with_words(axes.nice_ticks(scale.low, scale.high, 6))


def _curves_words(curves: Sequence[Curve], kind: str) -> str:
    """Return how the curves end, as sentences."""
    ends = [(curve, curve.end) for curve in curves if curve.is_labelled]
    return (
        " ".join(f"{c.name} ends at {_amount(end.y)}." for c, end in ends if end)
        or f"No {kind} is known yet."
    )


def _amount(value: float | None) -> str:
    return words.NONE if value is None else f"{value:.3f}"


def _runs_of(points: Sequence[CurvePoint]) -> list[list[CurvePoint]]:
    """Return the stretches of points between gaps."""
    stretches: list[list[CurvePoint]] = [[]]
    for point in points:
        if point.y is None:
            stretches.append([])
        else:
            stretches[-1].append(point)
    return [stretch for stretch in stretches if stretch]


def _line(curve: Curve, frame: Frame) -> Markup:
    style = "curve dashed" if curve.is_dashed else "curve faint" if curve.is_faint else "curve"
    stretches = _runs_of(curve.drawn)
    lines = [path([frame.at(p.x, p.y or 0.0) for p in stretch]) for stretch in stretches if len(stretch) > 1]
    alone = [dot(*frame.at(s[0].x, s[0].y or 0.0), 2.5, "bead") for s in stretches if len(s) == 1]
    drawn = [element("path", d="".join(lines), class_=style)] if lines else []
    return element("g", *drawn, *alone, class_=f"s{curve.slot}")


def _band(curve: Curve, frame: Frame) -> Markup:
    """Return the room between the lowest and the highest seed; nothing where they are the same."""
    bands = []
    for stretch in _runs_of(curve.drawn):
        edges = [(p.x, p.low, p.high) for p in stretch if p.low is not None and p.high is not None]
        if len(edges) > 1 and any(low < high for _, low, high in edges):
            around = [frame.at(x, high) for x, _, high in edges] + [
                frame.at(x, low) for x, low, _ in edges[::-1]
            ]
            bands.append(path(around) + "Z")
    if not bands:
        return Markup("")
    return element("g", element("path", d="".join(bands), class_="band"), class_=f"s{curve.slot}")


def _hovers(curve: Curve, frame: Frame, over: str) -> Markup:
    """Return what the mouse finds on a curve, and its best epochs as rings."""
    kept = [curve.points[place] for place in axes.thinned(len(curve.points), MOST_HOVERS)]
    found = [
        dot(*frame.at(point.x, point.y), 6, "hover", _point_words(curve, point, over))
        for point in kept
        if point.y is not None
    ]
    rings = [
        dot(
            *frame.at(mark.x, mark.y),
            4,
            "ring",
            f"{_point_words(curve, mark, over)} · the best epoch of a run",
        )
        for mark in curve.marks
        if mark.y is not None
    ]
    return element("g", *found, *rings, class_=f"s{curve.slot}")


def _point_words(curve: Curve, point: CurvePoint, over: str) -> str:
    where = f"epoch {point.x:,.0f}" if over == "epochs" else words.duration(point.x)
    side = ", training" if curve.is_dashed else ""
    seeds = f" ({words.span(point.low, point.high)} over seeds)" if point.low != point.high else ""
    return f"{curve.name}{side}, {where}: {_amount(point.y)}{seeds}"


def _labels_at_the_edge(curves: Sequence[Curve], frame: Frame) -> list[Markup]:
    """Return the names of curves that end at the same x, to the right of them, none upon another."""
    ends = _ends(curves)
    places = [frame.at(end.x, end.y or 0.0) for _, end in ends]
    heights = spread([y for _, y in places], LABEL_GAP, frame.y.end, frame.y.start)
    labels = []
    for (curve, _), (x, y), height in zip(ends, places, heights, strict=True):
        away = abs(height - y) > 3 or frame.x.end - x > 8
        drawn = [line(x + 5, y, frame.x.end + 12, height, "leader")] if away else []
        name = text(frame.x.end + 15, height + 4, shortened(curve.name, LONGEST_NAME), "name")
        labels.append(element("g", *drawn, name, class_=f"s{curve.slot}"))
    return labels


def _ends(curves: Sequence[Curve]) -> list[tuple[Curve, CurvePoint]]:
    return [(curve, end) for curve in curves if curve.is_labelled and (end := curve.end)]


def _labels_beside(curves: Sequence[Curve], frame: Frame) -> list[Markup]:
    """Return the names of curves that end anywhere, beside their ends and clear of what is drawn."""
    ends = _ends(curves)
    names = [shortened(curve.name, LONGEST_NAME) for curve, _ in ends]
    places = [frame.at(end.x, end.y or 0.0) for _, end in ends]
    sizes = [(text_width(name, 13), LINE_HEIGHT) for name in names]
    boxes = place_labels(places, sizes, _along(curves, frame), frame.whole)
    drawn = [leader(place, box) for place, box in zip(places, boxes, strict=True)]
    for name, place, box in zip(names, places, boxes, strict=True):
        x, anchor = (box.right, "end") if box.right < place[0] else (box.left, None)
        drawn.append(element("g", text(x, box.top + 12, name, "name", anchor), class_="halo"))
    return drawn


def _along(curves: Sequence[Curve], frame: Frame) -> list[Box]:
    """Return boxes along all lines, as what labels must not cover."""
    marks = [frame.at(mark.x, mark.y or 0.0) for curve in curves for mark in curve.marks]
    boxes = [Box(x - 6, y - 6, 12, 12) for x, y in marks]
    for curve in (curve for curve in curves if curve.is_labelled):
        kept = [
            point
            for place in axes.thinned(len(curve.points), 12)
            if (point := curve.points[place]).y is not None
        ]
        places = [frame.at(point.x, point.y or 0.0) for point in kept]
        for (x1, y1), (x2, y2) in itertools.pairwise(places):
            middle = ((x1 + 3 * x2) / 4, (y1 + 3 * y2) / 4), ((x1 + x2) / 2, (y1 + y2) / 2)
            boxes += [Box(x - 5, y - 5, 10, 10) for x, y in ((x2, y2), *middle)]
    return boxes
