"""Where the labels of figures go, so that none covers another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ftgui.runs.report_svg import line


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return places near the ``wanted`` ones, in their order, ``gap`` apart and within ``low`` and ``high``.

    Where there is no room for so many, they share what there is.
    """
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    groups: list[
        tuple[float, int]
    ] = []  # the sum of where the first of a group would be, and how many it has
    for place in order:
        groups.append((wanted[place], 1))
        while len(groups) > 1 and _first(groups[-2]) + groups[-2][1] * gap > _first(groups[-1]):
            (sum_1, count_1), (sum_2, count_2) = groups[-2:]
            groups[-2:] = [(sum_1 + sum_2 - count_1 * count_2 * gap, count_1 + count_2)]
    places = [_first(group) + step * gap for group in groups for step in range(group[1])]
    kept = _within(places, gap, low, high)
    return [kept[order.index(place)] for place in range(len(wanted))]


def _first(group: tuple[float, int]) -> float:
    return group[0] / group[1]


def _within(places: list[float], gap: float, low: float, high: float) -> list[float]:
    """Return rising places pushed into their bounds, without coming nearer to each other than ``gap``."""
    rising = [max(place, low + step * gap) for step, place in enumerate(places)]
    last = len(rising) - 1
    return [min(place, high - (last - step) * gap) for step, place in enumerate(rising)]


@dataclass(frozen=True)
class Box:
    """An upright rectangle."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def nearest(self, point: tuple[float, float]) -> tuple[float, float]:
        """Return the point of the rectangle, a little within, that is nearest to ``point``."""
        x = min(max(point[0], self.left), self.right)
        return x, min(max(point[1], self.top + 4), self.bottom - 4)

    def overlap(self, other: Box) -> float:
        """Return the area that both cover."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, across) * max(0.0, down)

    def holds(self, other: Box) -> bool:
        """Whether ``other`` lies within."""
        beyond = other.left < self.left or other.top < self.top
        return not (beyond or other.right > self.right or other.bottom > self.bottom)


BESIDE = 16.0
"""Pixels up to which a label stands beside its point; from there on a line leads to it."""
ROUNDS = 2
DISTANCES = (10.0, 20.0, 34.0, 50.0, 70.0, 95.0, 125.0, 160.0, 200.0, 250.0)
DIRECTIONS = (
    (1, 0),
    (-1, 0),
    (1, -1),
    (1, 1),
    (-1, -1),
    (-1, 1),
    (0, -1),
    (0, 1),
    (2, -1),
    (2, 1),
    (-2, 1),
    (-2, -1),
)


def place_labels(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    taken: Sequence[Box],
    room: Box,
) -> list[Box]:
    """Return where a label beside each point goes, within ``room`` and clear of each other and what is taken.

    The nearest place of those that cover the least, so that in a crowd some stand further off, and a line
    leads to them. Each is looked at again once the others have a place.
    """
    spots = [Box(x - 7, y - 7, 14, 14) for x, y in points]
    placed: dict[int, Box] = {}
    for number in [*sorted(range(len(points)), key=points.__getitem__)] * ROUNDS:
        placed.pop(number, None)
        leaders = [small for other, box in placed.items() for small in _leader_boxes(points[other], box)]
        crossing = [*placed.values(), *(spot for other, spot in enumerate(spots) if other != number)]
        crowd = _Crowd([*placed.values()], [*taken, *leaders], crossing)
        placed[number] = crowd.best(points[number], sizes[number], room)
    return [placed[number] for number in range(len(points))]


@dataclass(frozen=True)
class _Crowd:
    """What a label finds around it."""

    labels: Sequence[Box]
    taken: Sequence[Box]
    crossing: Sequence[Box]
    """What a line to the label had better not cross."""

    def best(self, point: tuple[float, float], size: tuple[float, float], room: Box) -> Box:
        """Return the best place for a label within ``room``."""
        best, least = Box(*point, *size), math.inf
        for box in filter(room.holds, _around(point, size)):
            away = math.dist(point, box.nearest(point))
            if away < least and (cost := away + self._cost(box, point)) < least:
                best, least = box, cost
        return best

    def _cost(self, box: Box, point: tuple[float, float]) -> float:
        """Return how much a label and the line to it cover; covering other labels is worst."""
        crossed = sum(small.overlap(other) for small in _leader_boxes(point, box) for other in self.crossing)
        labels = sum(box.overlap(other) for other in self.labels)
        return 20 * labels + 10 * crossed + sum(box.overlap(other) for other in self.taken)


def _leader_boxes(point: tuple[float, float], box: Box) -> list[Box]:
    """Return small boxes along the line from a point to its label, where there is one."""
    (x1, y1), (x2, y2) = point, box.nearest(point)
    length = math.dist(point, (x2, y2))
    if length <= BESIDE:
        return []
    steps = max(3, int(length / 6))
    shares = [step / steps for step in range(2, steps)]
    return [Box(x1 + (x2 - x1) * share - 2, y1 + (y2 - y1) * share - 2, 4, 4) for share in shares]


def _around(point: tuple[float, float], size: tuple[float, float]) -> Iterator[Box]:
    """Yield places for a label, the nearest first."""
    (x, y), (width, height) = point, size
    for distance in DISTANCES:
        for right, down in DIRECTIONS:
            left = x + distance * right if right > 0 else x + distance * right - width
            top = y + distance * down - (height if down < 0 else 0)
            yield Box(left if right else x - width / 2, top if down else y - height / 2, width, height)


def leader(place: tuple[float, float], box: Box) -> Markup:
    """Return a thin line to a label that stands off its point; nothing to one beside it."""
    end = box.nearest(place)
    return line(*place, *end, "leader") if math.dist(place, end) > BESIDE else Markup("")
