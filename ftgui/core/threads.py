"""How torch's worker threads wait: asleep, so that the window and other programs get the processor."""

from __future__ import annotations

import os


def wait_asleep() -> None:
    """Have OpenMP's threads sleep between two pieces of work. Only before torch is loaded does it matter.

    By default they spin, burning the cores that they wait on. On a machine that does nothing else that gains
    little; beside a window, or beside any other program, each waits for the other's time slice: on two cores
    shared with other work, a forward pass was measured five times as fast with threads that sleep.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
