"""How much memory may be taken without pushing others out."""

from __future__ import annotations

from pathlib import Path

import psutil

CGROUP = Path("/sys/fs/cgroup")
"""Where Linux says what a container may use; psutil sees the whole machine."""

PIXEL_SHARE = 0.25
"""Share of the available memory for one store of pixels: train, val and the activations each want some."""


def available_memory() -> int:
    """Return how many bytes can be taken now: the machine's free memory or the container's, if less."""
    free = int(psutil.virtual_memory().available)
    try:
        limit = int((CGROUP / "memory.max").read_text())
        used = int((CGROUP / "memory.current").read_text()) - _given_back_on_demand()
    except (OSError, ValueError):  # no container, or one without a limit ("max")
        return free
    return max(min(free, limit - used), 0)


def _given_back_on_demand() -> int:
    """Return the bytes of files that the system remembers: counted as used, they go when others need them."""
    lines = (CGROUP / "memory.stat").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0)


def default_budget() -> int:
    """Return the bytes that a store of pixels takes unless told otherwise."""
    return int(available_memory() * PIXEL_SHARE)
