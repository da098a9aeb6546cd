"""How this process treats its threads and its memory; decided once, before torch is loaded."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from contextlib import suppress
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Of glibc's ``mallopt``, from malloc.h."""


def settle_process() -> None:
    """Make this process a good place for training. Call it first of all."""
    load_c10_before_qt()
    wait_asleep()
    keep_freed_memory()


def load_c10_before_qt() -> None:
    """On Windows, have torch's ``c10.dll`` loaded before Qt's libraries; torch itself comes later.

    The other way round its initialisation fails (WinError 1114), as others report. Not tried by us.
    """
    torch = importlib.util.find_spec("torch") if sys.platform == "win32" else None
    if torch is not None and torch.origin is not None:
        with suppress(OSError):  # torch says more of it when it is loaded
            ctypes.CDLL(str(Path(torch.origin).parent / "lib" / "c10.dll"))


def wait_asleep() -> None:
    """Have OpenMP's threads sleep between two pieces of work. Only before torch is loaded does it matter.

    By default they spin, burning the cores that they wait on. On a machine that does nothing else that gains
    little; beside a window, or beside any other program, each waits for the other's time slice: on two cores
    shared with other work, a forward pass was measured five times as fast with threads that sleep.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def keep_freed_memory() -> None:
    """Have glibc keep large freed blocks for the next batch instead of giving each back to the system.

    A training step frees and takes gigabytes of activations. Each time they come back from the system they
    are zeroed page by page: more than half of a step's time, measured with MobileNet V2 on two cores. One
    arena for all threads, since those of other threads cannot hold blocks of this size.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        for option, value in ((M_ARENA_MAX, 1), (M_TRIM_THRESHOLD, 2**31 - 1), (M_MMAP_THRESHOLD, 2**30)):
            mallopt(option, value)


def give_freed_memory_back() -> None:
    """Return to the system what is kept and not needed, as after a run."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
