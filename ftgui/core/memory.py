"""How much memory this process needs and has needed, and when it is not to be tidied up."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil


def peak_memory_mb() -> float:
    """Return the highest resident memory of this process, in MB (10^6 bytes): see ``forget_peak``."""
    if sys.platform == "win32":
        return float(psutil.Process().memory_info().peak_wset) / 1e6
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def resident_bytes() -> int:
    """Return the memory that this process takes now."""
    return int(psutil.Process().memory_info().rss)


def forget_peak() -> None:
    """Let ``peak_memory_mb`` count from now on, where the system can: Linux forgets its peak when told so."""
    with suppress(OSError):  # no such file elsewhere, and a sandbox may forbid it
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


@contextmanager
def uncollected() -> Iterator[None]:
    """Have no garbage looked for within the block, in which much is made and nothing thrown away.

    Making 100,000 tuples has the collector look through all there is, again and again, in vain.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
