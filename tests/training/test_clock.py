"""Where a run's time goes, on a clock that the test moves."""

from __future__ import annotations

from contextlib import suppress

import pytest

from ftgui.training import clock
from ftgui.training.clock import Pace, RunClock


class Time:
    """Stands in for the ``time`` module: nothing passes unless told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    standing = Time()
    monkeypatch.setattr(clock, "time", standing)
    return standing


def test_the_clock_leaves_pauses_out(time: Time) -> None:
    run = RunClock()
    time.now += 5
    run.add_pause(3)
    assert run.seconds == pytest.approx(2)
    assert run.paused_seconds == pytest.approx(3)


def test_a_phase_is_timed_without_the_pauses_in_it(time: Time) -> None:
    run = RunClock()
    with run.phase("training"):
        time.now += 5
        run.add_pause(3)
    assert run.phase_seconds == {"training": pytest.approx(2)}


def test_a_phase_adds_up_and_one_that_fails_counts(time: Time) -> None:
    run = RunClock()
    with run.phase("training"):
        time.now += 5
    with suppress(ZeroDivisionError), run.phase("training"):
        time.now += 1
        raise ZeroDivisionError
    with run.phase("writing"):
        time.now += 2
    assert run.phase_seconds == {"training": pytest.approx(6), "writing": pytest.approx(2)}


def test_before_the_first_picture_there_is_no_pace() -> None:
    pace = Pace(epochs=2, train_pictures=10, val_pictures=4)
    assert pace.pictures_per_second == 0
    assert pace.seconds_left == 0


def test_before_any_validation_a_validation_picture_counts_a_third() -> None:
    pace = Pace(epochs=2, train_pictures=12, val_pictures=6)
    pace.add_trained(4, 2.0)
    assert pace.pictures_per_second == 2
    assert pace.seconds_left == pytest.approx((24 - 4) * 0.5 + 12 * 0.5 / 3)


def test_after_a_validation_its_own_pace_counts() -> None:
    pace = Pace(epochs=2, train_pictures=12, val_pictures=6)
    pace.add_trained(12, 6.0)
    pace.add_validated(6, 1.2)
    assert pace.seconds_left == pytest.approx(12 * 0.5 + 6 * 0.2)


def test_at_the_end_nothing_is_left() -> None:
    pace = Pace(epochs=1, train_pictures=3, val_pictures=1)
    pace.add_trained(3, 1.0)
    pace.add_validated(1, 1.0)
    assert pace.seconds_left == 0
    pace.add_validated(1, 1.0)
    assert pace.seconds_left == 0, "and never less than nothing"
