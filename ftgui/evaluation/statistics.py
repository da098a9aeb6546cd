"""How sure a figure is, and a difference between two ways of training.

All of it is about the pictures: what others of the same kind would have shown of *these* networks. Two seeds
of one way differ, too, and may do so significantly (T. G. Dietterich, "Approximate statistical tests for
comparing supervised classification learning algorithms", Neural Computation 10 (1998)). How much of a
difference is due to the seeds, only more seeds tell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Z_95 = 1.959963984540054
"""Two-sided 95 % quantile of the normal distribution."""


def wilson_interval(accuracy: float, count: int, z: float = Z_95) -> tuple[float, float]:
    """Return the interval that holds the true accuracy with 95 % confidence, from ``count`` pictures.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    Unlike the usual ± it stays within 0 and 1 and is honest for few pictures.
    """
    if count <= 0:
        return 0.0, 1.0
    denominator = 1 + z * z / count
    centre = accuracy + z * z / (2 * count)
    spread = z * math.sqrt(accuracy * (1 - accuracy) / count + z * z / (4 * count * count))
    return max(0.0, (centre - spread) / denominator), min(1.0, (centre + spread) / denominator)


def mcnemar_p(only_first: int, only_second: int) -> float:
    """Return McNemar's exact two-sided p: could two networks be equally good, and differ as they do?

    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12 (1947); exact, so a sign test, instead of his χ². ``only_first`` and ``only_second``
    count the pictures that one of them alone got right; those on which both agree say nothing. What is too
    small for a float is 0.

    Raises:
        ValueError: a count is negative.
    """
    if min(only_first, only_second) < 0:
        raise ValueError(f"pictures are counted from 0: {only_first}, {only_second}")
    if abs(only_first - only_second) <= 1:
        return 1.0  # the two tails meet; what is computed below would be a rounding away from it
    fewer, total = min(only_first, only_second), only_first + only_second
    orders = math.lgamma(total + 1) - math.lgamma(fewer + 1) - math.lgamma(total - fewer + 1)
    return min(1.0, 2 * math.exp(orders - total * math.log(2)) * _tail(fewer, total))


def _tail(fewer: int, total: int) -> float:
    """Return by how much "``fewer`` heads or less" is likelier than just ``fewer``, in ``total`` throws."""
    summed = term = 1.0
    for heads in range(fewer, 0, -1):
        term *= heads / (total - heads + 1)
        if summed + term == summed:
            break  # they only get smaller, and faster and faster
        summed += term
    return summed


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the order given: of all questions asked, which may be answered yes?

    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
    (1979). If those up to 0.05 are called different, the chance of a single wrong one among them is at most
    0.05, however the p-values depend on each other.

    Raises:
        ValueError: a p-value is not within 0 and 1.
    """
    _refuse_impossible(p_values)
    adjusted, largest = [0.0] * len(p_values), 0.0
    for before, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, (len(p_values) - before) * p_values[place])
        adjusted[place] = min(1.0, largest)
    return adjusted


def merged_p(p_values: Sequence[float]) -> float:
    """Return one p-value for several of the same question: about twice their median.

    K/k times the k-th smallest of K, k being half of K, rounded up. B. Rüger, "Das maximale Signifikanzniveau
    des Tests: „Lehne H0 ab, wenn k unter n gegebenen Tests zur Ablehnung führen“", Metrika 25 (1978); V. Vovk
    and R. Wang, "Combining p-values via averaging", Biometrika 107 (2020). It holds whatever the dependence:
    the seeds of a comparison are judged on the same pictures, so methods for independent ones (Fisher's,
    Stouffer's) would claim too much.

    Raises:
        ValueError: there is none, or one is not within 0 and 1.
    """
    _refuse_impossible(p_values)
    if not p_values:
        raise ValueError("there is no p-value to merge")
    count, rank = len(p_values), (len(p_values) + 1) // 2
    return min(1.0, count / rank * sorted(p_values)[rank - 1])


def _refuse_impossible(p_values: Sequence[float]) -> None:
    """Raise ValueError for what is no p-value. nan is none, and would be sorted anywhere."""
    for p_value in p_values:
        if not 0 <= p_value <= 1:
            raise ValueError(f"a p-value is within 0 and 1, not {p_value}")


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return which (cost, accuracy) points no other one beats, cheapest first; equal ones in the order given.

    A point beats another that is no cheaper and no more accurate, and differs from it. V. Pareto, "Manuale di
    economia politica" (1906).

    Raises:
        ValueError: a number is nan.
    """
    if any(math.isnan(number) for point in points for number in point):
        raise ValueError("nan is neither cheap nor accurate")
    front: list[int] = []
    for place in sorted(range(len(points)), key=lambda place: (points[place][0], -points[place][1])):
        best = points[front[-1] if front else place]
        if points[place][1] > best[1] or points[place] == best:
            front.append(place)
    return front
