"""Intervals by drawing the pictures again: how much a mean over them, or a difference of two, is due to them.

Apart from the other statistics, which the window needs before numpy is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

DRAWN_AT_ONCE = 2**20
"""Numbers that are held at a time: 16 MB with their copy."""

AGRESTI_MIN = {-1.0: 0.5, 0.0: 1.0, 1.0: 0.5}
"""Pictures that only the second is right of, both or none, and only the first."""

Values = npt.NDArray[np.bool_ | np.integer | np.floating]
"""A number a picture (N,), or a row of them a seed (S, N)."""


def bootstrap_interval(
    values: Values, rounds: int = 10_000, seed: int = 0, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the interval that holds the true mean over pictures with about this confidence.

    The percentile interval of B. Efron, "Bootstrap methods: another look at the jackknife", Annals of
    Statistics 7 (1979), and "Nonparametric standard errors and confidence intervals", Canadian Journal of
    Statistics 9 (1981). ``values`` are (N,) or (S, N), seeds by pictures, and the interval has their unit. A
    picture is drawn with all its seeds: they make no new pictures. The same ``seed`` gives the same interval
    with the same numpy.

    Where all pictures have the same value it has no width, which is no certainty: ``wilson_interval`` tells
    what is known then. Whether pictures were got right takes, over S seeds, S + 1 values at most; time grows
    with ``rounds`` times the distinct ones, memory does not.

    Raises:
        ValueError: there is no picture, a value is not finite, ``rounds`` is below 1 or ``confidence`` not
            between 0 and 1.
    """
    return _interval(_mean_of_seeds(values), rounds, seed, confidence, {})


def difference_interval(
    first: Values, second: Values, rounds: int = 10_000, seed: int = 0, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the interval of how much more accurate the first is: ``bootstrap_interval`` of first − second.

    Both are bool (N,) or (S, N), whether a picture was got right, of the same pictures in the same order. A
    picture is drawn for both at once: what is hard for both does not widen the interval.

    Two pictures' worth is added to what is drawn from, half a picture to each way in which two can be right
    and wrong (A. Agresti and Y. Min, "Simple improved confidence intervals for comparing matched
    proportions", Statistics in Medicine 24 (2005)): where few pictures tell the two apart, those that were
    not seen count most, and an interval without width would claim to know them.

    Raises:
        ValueError: their shapes differ, or as ``bootstrap_interval``.
    """
    if first.shape != second.shape:
        raise ValueError(f"these cannot be of the same pictures: {first.shape} and {second.shape}")
    differences = _mean_of_seeds(np.subtract(first, second, dtype=np.float64))
    return _interval(differences, rounds, seed, confidence, AGRESTI_MIN)


def _interval(
    values: npt.NDArray[np.float64], rounds: int, seed: int, confidence: float, more: Mapping[float, float]
) -> tuple[float, float]:
    if rounds < 1 or not 0 < confidence < 1:
        raise ValueError(f"no interval can be made of {rounds} rounds and a confidence of {confidence}")
    means = _resampled_means(values, rounds, seed, more)
    outside = (1 - confidence) / 2
    low, high = np.quantile(means, (outside, 1 - outside))
    return float(low), float(high)


def _mean_of_seeds(values: Values) -> npt.NDArray[np.float64]:
    """Return a number a picture, float64 (N,).

    Each picture has as many seeds as any other, so the mean over all that was drawn is the mean of the drawn
    pictures' own means: averaging before drawing changes nothing.
    """
    if values.ndim not in (1, 2) or not values.size:
        raise ValueError(f"seeds by pictures are needed, and at least one of each, not {values.shape}")
    means: npt.NDArray[np.float64] = np.atleast_2d(values).mean(axis=0, dtype=np.float64)
    if not np.isfinite(means).all():
        raise ValueError("a value is not finite")
    return means


def _resampled_means(
    values: npt.NDArray[np.float64], rounds: int, seed: int, more: Mapping[float, float]
) -> npt.NDArray[np.float64]:
    """Return the means (rounds,) of as many pictures as there are, drawn from them with replacement.

    How often each distinct value is drawn is multinomial, so that is drawn, and not N pictures a round.
    ``more`` are values that may be drawn besides, as if they had been seen so many times.
    """
    levels, counts = np.unique(np.concatenate([values, [*more]]), return_counts=True)
    weights = counts.astype(np.float64)
    for level, weight in more.items():
        weights[levels == level] += weight - 1.0
    generator, likelihoods = np.random.default_rng(seed), weights / weights.sum()
    at_once = max(1, DRAWN_AT_ONCE // len(levels))
    sizes = [min(at_once, rounds - done) for done in range(0, rounds, at_once)]
    sums = [generator.multinomial(len(values), likelihoods, size) @ levels for size in sizes]
    means: npt.NDArray[np.float64] = np.concatenate(sums) / len(values)
    return means
