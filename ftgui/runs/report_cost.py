"""Accuracy against cost as SVG: a point a strategy, and the front that no other one beats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ftgui.runs import report_words as words
from ftgui.runs.report_frame import Frame, accuracy_axis, draw_axes, time_axis
from ftgui.runs.report_labels import Box, leader, place_labels
from ftgui.runs.report_svg import arrow, dot, element, figure, line, path, text, text_width

LABEL_HEIGHT = 28.0


@dataclass(frozen=True)
class CostPoint:
    """A strategy in the figure of accuracy against cost."""

    slot: int
    """Its colour."""
    name: str
    seconds: float
    accuracy: float
    low: float
    high: float
    is_on_front: bool
    at_least: bool = False
    """Whether nobody knows what its frozen stages took, kept from before."""

    @property
    def time(self) -> str:
        return ("≥ " if self.at_least else "") + words.duration(self.seconds)


def cost_figure(points: Sequence[CostPoint], y_title: str, size: tuple[float, float] = (1040, 400)) -> Markup:
    """Return accuracy against seconds, a point a strategy with its interval, and the front as a step line."""
    frame = _cost_frame(points, y_title, size)
    places = [frame.at(point.seconds, point.accuracy) for point in points]
    return figure(
        "cost",
        size,
        "Accuracy against cost",
        " ".join(_cost_words(point) for point in points),
        draw_axes(frame),
        _front(points, frame),
        *(_whisker(point, frame) for point in points),
        *_cost_labels(points, places, frame),
        *(_cost_dot(point, place) for point, place in zip(points, places, strict=True)),
    )


def _cost_frame(points: Sequence[CostPoint], y_title: str, size: tuple[float, float]) -> Frame:
    bottom, left, right = size[1] - 46, 56.0, size[0] - 30
    ends = [value for point in points for value in (point.low, point.high)]
    y, y_ticks = accuracy_axis(ends, bottom, 34.0)
    x, x_ticks = time_axis([point.seconds for point in points], left, right)
    scale = ", logarithmic" if x.log else ""
    return Frame(size, x, y, x_ticks, y_ticks, f"time of a run that finds nothing kept{scale}", y_title)


def _cost_words(point: CostPoint) -> str:
    front = "; on the front" if point.is_on_front else ""
    interval = f"{words.accuracy(point.accuracy)} ({words.span(point.low, point.high)})"
    return f"{point.name}: {interval} in {point.time}{front}."


def _front(points: Sequence[CostPoint], frame: Frame) -> Markup:
    """Return the best accuracy that so much time has bought, as a step line."""
    front = sorted((point.seconds, point.accuracy) for point in points if point.is_on_front)
    if not front:
        return Markup("")
    corners = [frame.at(*front[0])]
    for seconds, accuracy in front[1:]:
        corners += [(frame.x(seconds), corners[-1][1]), frame.at(seconds, accuracy)]
    corners.append((frame.x.end, corners[-1][1]))
    return element("path", d=path(corners), class_="front")


def _whisker(point: CostPoint, frame: Frame) -> Markup:
    """Return the interval of a point."""
    x, low, high = frame.x(point.seconds), frame.y(point.low), frame.y(point.high)
    caps = (line(x - 4, low, x + 4, low, "whisker"), line(x - 4, high, x + 4, high, "whisker"))
    return element("g", line(x, low, x, high, "whisker"), *caps, class_=f"s{point.slot}")


def _cost_dot(point: CostPoint, place: tuple[float, float]) -> Markup:
    if point.at_least:
        mark = arrow(*place, 8, "point hollow", _cost_words(point))
    else:
        mark = dot(*place, 6, "point" if point.is_on_front else "point hollow", _cost_words(point))
    return element("g", mark, class_=f"s{point.slot}")


def _cost_labels(
    points: Sequence[CostPoint], places: Sequence[tuple[float, float]], frame: Frame
) -> list[Markup]:
    said = [(p.name, f"{words.accuracy(p.accuracy)} · {p.time}") for p in points]
    sizes = [(max(text_width(name, 13), text_width(more, 11.5)), LABEL_HEIGHT) for name, more in said]
    boxes = place_labels(places, sizes, _taken(points, places, frame), frame.room)
    leaders = [leader(place, box) for place, box in zip(places, boxes, strict=True)]
    labels = [_label(*all_) for all_ in zip(said, places, boxes, strict=True)]
    return [*leaders, *labels]


def _taken(points: Sequence[CostPoint], places: Sequence[tuple[float, float]], frame: Frame) -> list[Box]:
    """Return what labels must not cover: points, intervals and the front."""
    taken = [Box(x - 9, y - 9, 18, 18) for x, y in places]
    for point, (x, _) in zip(points, places, strict=True):
        top, bottom = frame.y(point.high), frame.y(point.low)
        taken.append(Box(x - 6, top - 2, 12, bottom - top + 4))
    front = sorted((p.seconds, p.accuracy) for p in points if p.is_on_front)
    for (seconds, accuracy), (following, _) in zip(front, [*front[1:], (math.inf, 0.0)], strict=True):
        x, y = frame.at(seconds, accuracy)
        taken.append(Box(x, y - 2, frame.x(following) - x, 4))
    return taken


def _label(said: tuple[str, str], place: tuple[float, float], box: Box) -> Markup:
    x, anchor = (box.right, "end") if box.right < place[0] else (box.left, None)
    lines = (text(x, box.top + 11, said[0], "name", anchor), text(x, box.top + 25, said[1], "tick", anchor))
    return element("g", *lines, class_="halo")
