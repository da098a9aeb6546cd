"""How seconds on an axis are said."""

from __future__ import annotations


def seconds_text(seconds: float) -> str:
    """Return seconds on an axis: 45, or 1:30 from a minute on."""
    if seconds < 60:
        return f"{seconds:.0f}"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
