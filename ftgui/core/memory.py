"""How much memory this process has needed."""

from __future__ import annotations

import sys

import psutil


def peak_memory_mb() -> float:
    """Return the highest resident memory of this process since it began, in MB (10^6 bytes)."""
    if sys.platform == "win32":
        return float(psutil.Process().memory_info().peak_wset) / 1e6
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
