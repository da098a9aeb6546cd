"""How a comparison is spoken to: pause and stop are for all of it, skip for one run, from any thread."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from ftgui.jobs import compare_control
from ftgui.jobs.compare import compare
from ftgui.jobs.compare_control import CompareControl
from ftgui.jobs.compare_events import ComparedRunStarted
from ftgui.runs.comparison import read_comparison
from ftgui.training.control import RunControl
from ftgui.training.events import BatchEnded
from tests.fixtures import Drawn, small_pictures
from tests.jobs.comparing import small_plan

PATIENCE = 10.0


def test_whoever_pauses_between_two_runs_pauses_the_next() -> None:
    control = CompareControl()
    control.pause()
    assert control.paused
    run = control.next_run()
    assert run.paused
    control.resume()
    assert not run.paused


def test_a_stop_ends_the_run_and_all_that_would_follow() -> None:
    control = CompareControl()
    run = control.next_run()
    control.stop()
    assert run.stopping
    assert control.stopping
    assert control.next_run().stopping


def test_a_skip_ends_one_run_alone() -> None:
    control = CompareControl()
    run = control.next_run()
    control.skip()
    assert run.stopping
    assert control.skipping
    assert not control.next_run().stopping
    assert not control.skipping
    assert not control.stopping


def test_whoever_skips_a_run_that_is_paused_finds_the_next_one_paused() -> None:
    control = CompareControl()
    run = control.next_run()
    control.pause()
    control.skip()
    assert run.stopping
    assert not run.paused, "it has to wake up to end"
    assert control.paused
    assert control.next_run().paused
    control.resume()
    assert not control.paused
    assert not control.next_run().paused


def test_nothing_is_paused_that_was_stopped() -> None:
    control = CompareControl()
    control.pause()
    control.stop()
    assert not control.paused
    control.pause()
    assert not control.paused
    assert not control.next_run().paused


def test_a_skip_that_names_another_run_comes_too_late() -> None:
    control = CompareControl()
    control.next_run("freeze-seed0")
    run = control.next_run("full-seed0")
    control.skip("freeze-seed0")
    assert not control.skipping
    assert not run.stopping
    control.skip("full-seed0")
    assert control.skipping
    assert run.stopping
    assert not control.next_run().stopping
    control.skip("full-seed0")
    assert not control.skipping, "what goes on is no run"


def test_ctrl_c_in_the_midst_of_the_beginning_of_a_run_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal's handler runs in the very thread that it interrupts."""
    control, runs = CompareControl(), []

    def interrupted() -> RunControl:
        control.stop()
        return RunControl()

    monkeypatch.setattr(compare_control, "RunControl", interrupted)
    thread = Thread(target=lambda: runs.append(control.next_run()), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), "it waits for itself"
    assert [run.stopping for run in runs] == [True]


def test_a_comparison_skips_a_run_by_the_name_it_told(drawn: Drawn, tmp_path: Path) -> None:
    control, named = CompareControl(), ""
    with small_pictures():
        for event in compare(small_plan(drawn, ("freeze", "lr-zero"), (0,)), tmp_path / "out", control):
            if isinstance(event, ComparedRunStarted):
                before, named = named, event.name
                control.skip(before)
            if isinstance(event, BatchEnded) and named == "lr-zero-seed0":
                control.skip(named)
    assert read_comparison(tmp_path / "out").skipped == ("lr-zero-seed0",)
