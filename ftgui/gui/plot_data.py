"""What is done to curves before they are drawn: smoothing, and one band for runs that differ in their seed.

Knows neither Qt nor, until there is a band to make, numpy: the window opens before both are needed.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from ftgui.training.config import TrainConfig

Smoothing = Literal["off", "light", "medium", "strong"]
XY = tuple[Sequence[float], Sequence[float]]

KEPT: dict[Smoothing, float] = {"off": 0.0, "light": 0.6, "medium": 0.8, "strong": 0.93}
"""How much of the mean so far stays when a point comes in: about 2, 5 and 14 points count."""


@dataclass(frozen=True)
class PlotView:
    """How curves are looked at."""

    smoothing: Smoothing = "off"
    bands: bool = False
    """Runs that differ in nothing but their seed are drawn as one."""


class Smoother:
    """The exponential moving average of a curve that grows: each point is taken in once.

    Its bias towards 0 at the start is corrected: D. P. Kingma and J. Ba, "Adam: a method for stochastic
    optimization", ICLR (2015), section 3. So the first point stays what it is, and a constant stays constant.
    """

    def __init__(self, kept: float) -> None:
        """Keep the share ``kept`` of the mean so far at each point, 0 to below 1."""
        self._kept = kept
        self._taken = array("d")
        self._smoothed = array("d")
        self._now = (0.0, 0.0)
        """The uncorrected mean, and the weight that all points so far have in it."""
        self._before: tuple[float, float] | None = None
        """The same before the last point, where that is known."""

    def smoothed(self, ys: Sequence[float]) -> array[float]:
        """Return ``ys`` smoothed, not to be changed. What is not finite stays and counts for nothing.

        ``ys`` is what was given last, longer: then only what is new is gone through. Its last point may be
        another, as that of an epoch that goes on is. Anything else begins anew.
        """
        new = array("d", ys)
        if new.tobytes() == self._taken.tobytes():
            return self._smoothed
        self._cut_to(self._common(new))
        rest = new[len(self._taken) :]
        self._take(rest[:-1])
        self._before = self._now if rest else None
        self._take(rest[-1:])
        return self._smoothed

    def _common(self, new: array[float]) -> int:
        """Return how many of the points taken hold still: all, all but the last, or none."""
        but_last = 0 if self._before is None else len(self._taken) - 1
        for count in (len(self._taken), but_last):
            if 0 < count <= len(new) and new[:count].tobytes() == self._taken[:count].tobytes():
                return count
        return 0

    def _cut_to(self, count: int) -> None:
        """Forget all points, or the last one."""
        if count < len(self._taken):
            self._now = self._before if count and self._before is not None else (0.0, 0.0)
            self._taken, self._smoothed = (
                self._taken[:count],
                self._smoothed[:count],
            )  # the old was given away

    def _take(self, ys: array[float]) -> None:
        """Go through points: in one loop, as there may be a million of them in all curves."""
        (mean, weight), kept, rest = self._now, self._kept, 1 - self._kept
        append, isfinite = self._smoothed.append, math.isfinite
        for y in ys:
            if isfinite(y):
                mean, weight = kept * mean + rest * y, kept * weight + rest
                append(mean / weight)
            else:
                append(y)
        self._taken.extend(ys)
        self._now = mean, weight


def seed_groups(configs: Sequence[TrainConfig | None]) -> list[tuple[int, ...]]:
    """Return the places of runs that differ in nothing but their seed, two seeds at least, in order.

    Their split is the same, as in a comparison; or each one's follows its seed, which changed both then.
    """
    alike: dict[bytes, list[tuple[int, TrainConfig]]] = {}
    for place, config in enumerate(configs):
        if config is not None:
            alike.setdefault(_all_but_the_seed(config), []).append((place, config))
    groups = [group for members in alike.values() for group in _by_split(members)]
    return sorted(tuple(place for place, _ in group) for group in groups)


def _all_but_the_seed(config: TrainConfig) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(config, seed=0, split_seed=None))


def _by_split(members: list[tuple[int, TrainConfig]]) -> list[list[tuple[int, TrainConfig]]]:
    splits: dict[int, list[tuple[int, TrainConfig]]] = {}
    for member in members:
        splits.setdefault(member[1].splitting_seed, []).append(member)
    groups = [group for group in splits.values() if _seeds(group) > 1]
    left = [group[0] for group in splits.values() if _seeds(group) == 1]
    follow = [member for member in left if member[1].splitting_seed == member[1].seed]
    return [*groups, follow] if _seeds(follow) > 1 else groups


def _seeds(members: list[tuple[int, TrainConfig]]) -> int:
    return len({config.seed for _, config in members})


@dataclass(frozen=True)
class Band:
    """Several curves as one: at each x their mean, and the lowest and the highest of them."""

    xs: Sequence[float] = ()
    mean: Sequence[float] = ()
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def make_band(curves: Sequence[XY]) -> Band:
    """Return the band of curves, from where all have begun to where the first ends.

    Farther on the mean would jump to what is left. Where one has no point of its own, as over seconds, it is
    taken to run straight between its points. Each curve's xs rise. No curve, or one without points: no band.
    """
    if not curves or any(not len(xs) for xs, _ in curves):
        return Band()
    import numpy as np  # here: the window opens without it

    every = np.unique(np.concatenate([np.asarray(xs, dtype=float) for xs, _ in curves]))
    first, last = max(xs[0] for xs, _ in curves), min(xs[-1] for xs, _ in curves)
    shared = every[(every >= first) & (every <= last)]
    values = np.array([np.interp(shared, np.asarray(xs, float), np.asarray(ys, float)) for xs, ys in curves])
    bounds = (values.mean(axis=0), values.min(axis=0), values.max(axis=0))
    return Band(*(array("d", each.tobytes()) for each in (shared, *bounds)))
