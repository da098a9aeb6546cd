"""Pause, go on and stop, from another thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from ftgui.training.control import RunControl


class Waiter:
    """A thread that waits while paused, and what it was told."""

    def __init__(self, control: RunControl) -> None:
        self.seconds: list[float] = []
        wait = lambda: self.seconds.append(control.wait_while_paused())  # noqa: E731
        self._thread = threading.Thread(target=wait, daemon=True)
        self._thread.start()

    @property
    def waits(self) -> bool:
        self._thread.join(0.05)
        return self._thread.is_alive()

    def end(self) -> float:
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self.seconds[0]


def test_at_first_nothing_is_asked_for() -> None:
    control = RunControl()
    assert not control.paused
    assert not control.stopping
    assert control.wait_while_paused() == 0.0


@pytest.mark.parametrize("end", [RunControl.resume, RunControl.stop])
def test_a_pause_holds_until_another_thread_ends_it(end: Callable[[RunControl], None]) -> None:
    control = RunControl()
    control.pause()
    began = time.perf_counter()
    waiter = Waiter(control)
    assert waiter.waits
    assert control.paused
    end(control)
    assert 0.05 <= waiter.end() <= time.perf_counter() - began
    assert not control.paused


def test_a_stop_is_for_good() -> None:
    control = RunControl()
    control.stop()
    control.pause()
    assert control.stopping
    assert not control.paused, "a stopped run must not fall asleep"
    control.resume()
    assert control.stopping
