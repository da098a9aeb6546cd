"""Loading torch: seconds that every run needs and none is charged for."""

from __future__ import annotations

import gc
import importlib
import time
from threading import Lock

_lock = Lock()
_seconds: float | None = None


def load_torch() -> None:
    """Import torch and torchvision, unless that was done. The first time it takes seconds."""
    global _seconds  # noqa: PLW0603  of this process, as the modules are
    with _lock:
        if _seconds is None:
            began = time.perf_counter()
            for name in ("torch", "torchvision"):
                importlib.import_module(name)
            gc.freeze()  # or the next full collection looks through all that torch is made of, in vain
            _seconds = time.perf_counter() - began


def torch_loading_seconds() -> float:
    """Return how long ``load_torch`` took; 0 where torch came some other way."""
    return _seconds or 0.0
