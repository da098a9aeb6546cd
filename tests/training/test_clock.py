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


def test_what_a_run_took_before_it_was_resumed_counts(time: Time) -> None:
    run = RunClock()
    time.now += 2
    with run.phase("training"):
        time.now += 5
    run.add_earlier(100.0, {"training": 60.0, "proof": 1.0}, 0.0)
    assert run.seconds == pytest.approx(107)
    assert run.phase_seconds == {"training": pytest.approx(65), "proof": pytest.approx(1)}
    with run.phase("training"):
        time.now += 3
        run.add_pause(1)
    assert run.seconds == pytest.approx(109)
    assert run.phase_seconds["training"] == pytest.approx(67)


def test_an_earlier_part_that_is_counted_within_a_phase_is_not_that_phases(time: Time) -> None:
    run = RunClock()
    with run.phase("building"):
        time.now += 2
    run.add_earlier(100.0, {}, 0.0)
    assert run.phase_seconds == {"building": pytest.approx(2)}


def test_what_a_run_was_spared_adds_up_unless_nobody_knows_some_of_it() -> None:
    clock = RunClock()
    assert clock.spared_seconds == 0.0
    clock.spare(2.0)
    clock.add_earlier(100.0, {}, 3.0)
    assert clock.spared_seconds == 5.0
    clock.spare(None)
    clock.spare(1.0)
    assert clock.spared_seconds is None


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


def test_what_was_done_before_a_run_was_resumed_is_not_left() -> None:
    """Two of three epochs: one is left, and the pace is that of this process alone."""
    pace = Pace(epochs=3, train_pictures=12, val_pictures=6)
    pace.add_earlier(24, 12)
    assert (pace.trained, pace.pictures_per_second, pace.seconds_left) == (0, 0, 0)
    pace.add_trained(4, 2.0)
    assert pace.pictures_per_second == 2
    assert pace.seconds_left == pytest.approx(8 * 0.5 + 6 * 0.5 / 3)
    pace.add_trained(8, 4.0)
    pace.add_validated(6, 1.2)
    assert pace.seconds_left == 0


def test_seconds_of_before_a_run_was_resumed_are_told_apart() -> None:
    clock = RunClock()
    clock.add_earlier(3.0, {"training": 2.0}, 0.0)
    with clock.phase("training"):
        pass
    assert clock.phase_seconds["training"] >= 2.0
    assert clock.seconds_here("training") == pytest.approx(clock.phase_seconds["training"] - 2.0)
    assert clock.seconds_here("decoding") == 0.0
