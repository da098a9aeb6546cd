"""How sure a figure is."""

from __future__ import annotations

import math

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
