"""How the one who started a run speaks to it: pause, go on, stop."""

from __future__ import annotations

import threading
import time


class RunControl:
    """Pause and stop flags that the training loop looks at before every batch.

    Safe to call from any thread. Stopping a paused run wakes it.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._go = threading.Event()
        self._go.set()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    @property
    def paused(self) -> bool:
        return not self._go.is_set()

    def pause(self) -> None:
        if not self.stopping:
            self._go.clear()

    def resume(self) -> None:
        self._go.set()

    def stop(self) -> None:
        self._stop.set()
        self._go.set()

    def wait_while_paused(self) -> float:
        """Block while paused; return the seconds that took, which no clock of the run may count."""
        if self._go.is_set():
            return 0.0
        began = time.perf_counter()
        self._go.wait()
        return time.perf_counter() - began
