"""Steps that people count by: of an axis of a plot, in the window and in a report."""

from __future__ import annotations

import math

STEPS = (1.0, 2.0, 5.0)


def round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5, 10, 20 … (0.5, 0.2 …) that is not below ``least``."""
    if least <= 0 or not math.isfinite(least):
        return 1.0
    magnitude = 10.0 ** math.floor(math.log10(least))
    return next((step * magnitude for step in STEPS if step * magnitude >= least * 0.999), 10.0 * magnitude)
