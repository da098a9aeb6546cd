"""How the one who started a comparison speaks to it."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

from ftgui.training.control import RunControl


class CompareControl:
    """Pause and stop for the comparison as a whole, skip for the run that goes on. From any thread."""

    def __init__(self, forecast: Mapping[str, float] | None = None) -> None:
        self.forecast: Mapping[str, float] = forecast or {}
        """Seconds that a run of a strategy is thought to take; what is not in it is told by its first run.

        May be replaced while the comparison goes on.
        """
        self._lock = Lock()
        self._run = RunControl()
        self._stopping = self._skipping = False

    @property
    def stopping(self) -> bool:
        return self._stopping

    @property
    def skipping(self) -> bool:
        """Whether the run that goes on is to be left out."""
        return self._skipping

    @property
    def paused(self) -> bool:
        return self._run.paused

    def pause(self) -> None:
        with self._lock:
            self._run.pause()

    def resume(self) -> None:
        with self._lock:
            self._run.resume()

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
            self._run.stop()

    def skip(self) -> None:
        """End the run that goes on, and leave it out of the comparison."""
        with self._lock:
            self._skipping = True
            self._run.stop()

    def next_run(self) -> RunControl:
        """Return what a run that begins now listens to. Whoever pauses between two runs pauses the next."""
        with self._lock:
            before, self._run, self._skipping = self._run, RunControl(), False
            if self._stopping:
                self._run.stop()
            elif before.paused:
                self._run.pause()
            return self._run
