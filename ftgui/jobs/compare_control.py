"""How the one who started a comparison speaks to it."""

from __future__ import annotations

from collections.abc import Mapping
from threading import RLock

from ftgui.training.control import RunControl


class CompareControl:
    """Pause and stop for the comparison as a whole, skip for the run that goes on. From any thread."""

    def __init__(self, forecast: Mapping[str, float] | None = None, *, with_skipped: bool = False) -> None:
        self.forecast: Mapping[str, float] = forecast or {}
        """Seconds that a run of a strategy is thought to take; what is not in it is told by its first run.

        May be replaced while the comparison goes on.
        """
        self.with_skipped = with_skipped
        """Whether what was skipped before is wanted after all."""
        # Ctrl-C is handled in the midst of whatever the main thread does, which may be ``next_run``: a lock
        # that the same thread cannot take twice would never be let go.
        self._lock = RLock()
        self._run = RunControl()
        self._name = ""
        self._stopping = self._skipping = self._paused = False

    @property
    def stopping(self) -> bool:
        return self._stopping

    @property
    def skipping(self) -> bool:
        """Whether the run that goes on is to be left out."""
        return self._skipping

    @property
    def paused(self) -> bool:
        return self._paused

    def pause(self) -> None:
        with self._lock:
            self._paused = not self._stopping
            self._run.pause()

    def resume(self) -> None:
        with self._lock:
            self._paused = False
            self._run.resume()

    def stop(self) -> None:
        with self._lock:
            self._stopping, self._paused = True, False
            self._run.stop()

    def skip(self, name: str | None = None) -> None:
        """End the run that goes on, and leave it out of the comparison. Where that is paused, it stays so.

        With a ``name``, only if that is what goes on: whoever looks on is a little behind.
        """
        with self._lock:
            if name in (None, self._name):
                self._skipping = True
                self._run.stop()

    def next_run(self, name: str = "") -> RunControl:
        """Return what a run that begins now listens to, or another part of the comparison, without a name.

        Whoever pauses between two runs pauses the next.
        """
        with self._lock:
            self._run, self._name, self._skipping = RunControl(), name, False
            if self._stopping:
                self._run.stop()
            elif self._paused:
                self._run.pause()
            return self._run
