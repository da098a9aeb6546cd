"""Stop and pause, at each moment at which someone may press the button."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from ftgui.jobs.train import train
from ftgui.runs.history import RunState, open_run
from ftgui.training import loops
from ftgui.training import trainer as trainer_module
from ftgui.training.control import RunControl
from ftgui.training.events import (
    BatchEnded,
    CheckpointSaved,
    EpochEnded,
    PhaseProgress,
    Reason,
    RunEnded,
    RunStarted,
    TrainingEvent,
)
from tests.fixtures import Drawn, run_small

Moment = Callable[[TrainingEvent], bool]


def run_until(
    moment: Moment, act: Callable[[RunControl], None], config: Any, out: Path
) -> list[TrainingEvent]:
    """Train, and at the first event of ``moment`` act."""
    control, events, acted = RunControl(), [], False
    for event in train(config, out, control):
        events.append(event)
        if not acted and moment(event):
            acted = True
            act(control)
    assert acted
    return events


def first_batch_of(epoch: int) -> Moment:
    return lambda event: isinstance(event, BatchEnded) and event.epoch == epoch


def during(phase: str, occurrence: int = 1) -> Moment:
    """Return the moment of the phase's n-th beginning."""
    counts = iter(range(1, 1000))
    return lambda event: (
        isinstance(event, PhaseProgress)
        and event.phase == phase
        and 0 < event.done < event.total
        and next(counts) == occurrence
    )


def end_of(events: list[TrainingEvent]) -> RunEnded:
    assert isinstance(events[-1], RunEnded)
    return events[-1]


def kinds(events: list[TrainingEvent], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When each step of the optimizer was taken."""
    taken: list[float] = []
    real = trainer_module.train_step

    def step(*arguments: Any) -> Any:
        taken.append(time.perf_counter())
        return real(*arguments)

    monkeypatch.setattr(trainer_module, "train_step", step)
    return taken


pytestmark = pytest.mark.usefixtures("small_crops")


def test_a_stop_in_the_first_epoch_judges_and_keeps_what_there_is(
    drawn: Drawn, tmp_path: Path, steps: list[float]
) -> None:
    events = run_until(first_batch_of(1), RunControl.stop, drawn.config(), tmp_path / "run")
    end = end_of(events)
    assert len(steps) == 1, "not one batch more"
    assert (end.reason, end.best_epoch) == (Reason.STOPPED, 1)
    assert end.best_val_accuracy is not None
    assert end.frozen_changed == 0, "and it is proven as well"
    (epoch,) = kinds(events, EpochEnded)
    assert not epoch.complete
    assert epoch.is_best
    state = torch.load(tmp_path / "run" / "best.pth", weights_only=True)
    assert state["fc.weight"].shape == (3, 1024)
    assert not end.reason.is_failure


def test_a_later_stop_keeps_the_best_epoch_before_it(
    drawn: Drawn, tmp_path: Path, steps: list[float]
) -> None:
    events = run_until(first_batch_of(2), RunControl.stop, drawn.config(), tmp_path / "run")
    end = end_of(events)
    assert len(steps) == 3 + 1
    assert (end.reason, end.best_epoch, end.epochs) == (Reason.STOPPED, 1, 1)
    assert [e.epoch for e in kinds(events, EpochEnded)] == [1]
    assert [e.epoch for e in kinds(events, CheckpointSaved)] == [1]
    assert "epoch 1" in end.message


def test_a_stop_while_the_first_epoch_is_judged_judges_it_to_its_end(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "EVALUATION_BATCH", 2)
    events = run_until(during("validation"), RunControl.stop, drawn.config(), tmp_path / "run")
    assert (end_of(events).reason, end_of(events).best_epoch) == (Reason.STOPPED, 1)
    (epoch,) = kinds(events, EpochEnded)
    assert epoch.complete, "all of its pictures were learned from"
    assert len(kinds(events, PhaseProgress)) > 3


def test_a_stop_while_a_later_epoch_is_judged_ends_at_once(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "EVALUATION_BATCH", 2)
    moment = during("validation", occurrence=3)  # two batches of the first epoch's three end in between
    events = run_until(moment, RunControl.stop, drawn.config(), tmp_path / "run")
    assert (end_of(events).reason, end_of(events).best_epoch) == (Reason.STOPPED, 1)
    assert [e.epoch for e in kinds(events, EpochEnded)] == [1]
    assert max(e.epoch for e in kinds(events, BatchEnded)) == 2


@pytest.mark.parametrize(
    ("strategy", "phase"), [("full", "decoding pictures"), ("freeze", "computing frozen stages")]
)
def test_a_stop_while_pictures_are_decoded_ends_cleanly(
    drawn: Drawn, tmp_path: Path, strategy: str, phase: str
) -> None:
    """The decoder's threads end as well: the harness looks for them."""
    config = drawn.config(strategy=strategy)
    events = run_until(during(phase), RunControl.stop, config, tmp_path / "run")
    end = end_of(events)
    assert (end.reason, end.best_epoch, end.frozen_changed) == (Reason.STOPPED, None, None)
    assert not kinds(events, RunStarted)
    assert not (tmp_path / "run" / "best.pth").exists()
    assert open_run(tmp_path / "run").state is RunState.STOPPED


def test_a_stop_before_the_first_batch_has_nothing_to_keep_and_says_so(
    drawn: Drawn, tmp_path: Path, steps: list[float]
) -> None:
    moment: Moment = lambda event: isinstance(event, RunStarted)  # noqa: E731
    events = run_until(moment, RunControl.stop, drawn.config(), tmp_path / "run")
    assert steps == []
    assert end_of(events).reason == Reason.STOPPED
    assert "No weights were kept." in end_of(events).message
    assert not (tmp_path / "run" / "best.pth").exists()


class Elsewhere:
    """A run in a thread of its own, as the window has it."""

    def __init__(self, config: Any, out: Path, pause_at: Moment) -> None:
        self.control = RunControl()
        self.events: list[TrainingEvent] = []
        self.holds = threading.Event()
        self._pause_at = pause_at
        self._thread = threading.Thread(target=self._run, args=(config, out), daemon=True)
        self._thread.start()

    def _run(self, config: Any, out: Path) -> None:
        for event in train(config, out, self.control):
            self.events.append(event)
            if not self.holds.is_set() and self._pause_at(event):
                self.control.pause()
                self.holds.set()

    def join(self) -> list[TrainingEvent]:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.events


@pytest.fixture
def paused(drawn: Drawn, tmp_path: Path) -> Iterator[Callable[..., Elsewhere]]:
    """Start a run that pauses itself at a moment, and wait until it does."""
    started: list[Elsewhere] = []

    def start(moment: Moment, **changes: Any) -> Elsewhere:
        run = Elsewhere(drawn.config(**changes), tmp_path / "run", moment)
        started.append(run)
        assert run.holds.wait(60)
        return run

    yield start
    for run in started:
        run.control.stop()
        run.join()


PAUSE = 0.4


def test_a_pause_holds_and_goes_on_where_it_was(
    paused: Callable[..., Elsewhere], steps: list[float], drawn: Drawn, tmp_path: Path
) -> None:
    undisturbed = run_small(drawn.config(), tmp_path / "undisturbed")
    steps.clear()
    run = paused(first_batch_of(2))
    count = len(run.events)
    time.sleep(PAUSE)
    assert len(steps) == 3 + 1, "no batch advances"
    assert len(run.events) == count
    run.control.resume()
    end = end_of(run.join())
    assert end.reason == Reason.COMPLETED
    assert len(steps) == 9
    assert steps[4] - steps[3] >= PAUSE
    figures = [(e.train_loss, e.val_loss) for e in kinds(run.events, EpochEnded)]
    assert figures == [(e.train_loss, e.val_loss) for e in kinds(undisturbed, EpochEnded)]


def test_no_clock_counts_a_pause(paused: Callable[..., Elsewhere]) -> None:
    run = paused(first_batch_of(1))
    began = time.perf_counter()
    time.sleep(PAUSE)
    run.control.resume()
    end = end_of(run.join())
    outside = time.perf_counter() - began
    assert PAUSE <= end.paused_seconds <= outside
    assert sum(end.phase_seconds.values()) <= end.seconds + end.phase_seconds["writing"] + 0.01
    epoch = kinds(run.events, EpochEnded)[0]
    assert epoch.train_seconds + end.paused_seconds <= outside + end.seconds
    assert end.pictures_per_second is not None
    assert end.pictures_per_second * end.phase_seconds["training"] >= 3 * 24 * 0.99


def test_a_stop_wakes_a_paused_run(paused: Callable[..., Elsewhere]) -> None:
    run = paused(first_batch_of(1))
    run.control.stop()
    assert end_of(run.join()).reason == Reason.STOPPED


@pytest.mark.parametrize(
    ("strategy", "phase"), [("full", "decoding pictures"), ("freeze", "computing frozen stages")]
)
def test_decoding_can_be_paused(paused: Callable[..., Elsewhere], strategy: str, phase: str) -> None:
    run = paused(during(phase), strategy=strategy)
    count = len(run.events)
    time.sleep(0.1)
    assert len(run.events) == count
    run.control.resume()
    assert end_of(run.join()).reason == Reason.COMPLETED


def test_a_run_that_is_dropped_in_the_middle_leaves_a_folder_that_opens(drawn: Drawn, tmp_path: Path) -> None:
    """As when the window closes: its worker closes the generator."""
    events = train(drawn.config(), tmp_path / "run")
    for event in events:
        if isinstance(event, BatchEnded) and event.epoch == 2:
            break
    events.close()  # type: ignore[attr-defined]
    history = open_run(tmp_path / "run")
    assert history.state is RunState.INTERRUPTED
    assert [e.epoch for e in history.epochs] == [1]
    assert (tmp_path / "run" / "best.pth").is_file()
