"""The live run, without a window around it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.gui.sessions.training import TrainingSession, TrainingState
from ftgui.runs.history import RunHistory, RunState
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import Reason, RunEnded
from tests.gui.driving import PATIENCE
from tests.gui.scripted import (
    Gate,
    ScriptedJob,
    batch,
    ended,
    epoch,
    open_all_gates,
    scripted_job,
    started,
    whole_run,
)

CONFIG = TrainConfig(dataset="pictures", weights="resnet18.pth")


class Session:
    """A session that notes its states and how its runs ended."""

    def __init__(self, job: ScriptedJob) -> None:
        self.session = TrainingSession(job)
        self.states: list[TrainingState] = []
        self.ended: list[RunHistory] = []
        self.failures: list[FtguiError] = []
        self.session.state_changed.connect(self.states.append)
        self.session.run_ended.connect(self.ended.append)
        self.session.failed.connect(self.failures.append)


@pytest.fixture
def make_session(qtbot: QtBot) -> Generator[type[Session], None, None]:
    made: list[Session] = []

    class Made(Session):
        def __init__(self, job: ScriptedJob) -> None:
            super().__init__(job)
            made.append(self)

    yield Made
    open_all_gates()
    for each in made:
        each.session.shutdown()
    made.clear()


def test_a_run_goes_from_idle_to_running_and_back(
    qtbot: QtBot, make_session: type[Session], tmp_path: Path
) -> None:
    notes = make_session(scripted_job(*whole_run()))
    session = notes.session
    assert session.state is TrainingState.IDLE
    with qtbot.waitSignal(session.run_ended, timeout=PATIENCE):
        history = session.start(CONFIG, tmp_path / "run", "freeze")
        assert session.is_active
    assert notes.states == [TrainingState.RUNNING, TrainingState.IDLE]
    assert notes.ended == [history]
    assert history is session.history
    assert history.state is RunState.DONE
    assert notes.failures == []


def test_the_job_gets_the_config_and_the_folder_it_was_asked_for(
    qtbot: QtBot, make_session: type[Session], tmp_path: Path
) -> None:
    job = scripted_job(*whole_run())
    session = make_session(job).session
    with qtbot.waitSignal(session.run_ended, timeout=PATIENCE):
        session.start(CONFIG, tmp_path / "run", "freeze")
    assert job.calls[0].config is CONFIG
    assert job.calls[0].folder == tmp_path / "run"


def test_pause_resume_and_stop_change_the_state_in_turn(
    qtbot: QtBot, make_session: type[Session], tmp_path: Path
) -> None:
    gate = Gate()
    notes = make_session(scripted_job(started(), gate, batch(1, 1), epoch(1), ended()))
    session = notes.session
    with qtbot.waitSignal(session.run_ended, timeout=PATIENCE):
        session.start(CONFIG, tmp_path / "run", "freeze")
        session.toggle_pause()
        session.toggle_pause()
        session.toggle_pause()
        session.stop()
        session.stop()
        session.toggle_pause()
    state = TrainingState
    assert notes.states == [
        *(state.RUNNING, state.PAUSED, state.RUNNING, state.PAUSED, state.STOPPING, state.IDLE)
    ]
    assert notes.ended[0].state is RunState.STOPPED


def test_pause_and_stop_mean_nothing_where_no_run_goes_on(qtbot: QtBot, make_session: type[Session]) -> None:
    notes = make_session(scripted_job(*whole_run()))
    notes.session.toggle_pause()
    notes.session.stop()
    assert notes.states == []


def test_stopping_one_run_does_not_stop_the_next(
    qtbot: QtBot, make_session: type[Session], tmp_path: Path
) -> None:
    notes = make_session(scripted_job(*whole_run()))
    session = notes.session
    with qtbot.waitSignal(session.run_ended, timeout=PATIENCE):
        session.start(CONFIG, tmp_path / "first", "freeze")
        session.stop()
    with qtbot.waitSignal(session.run_ended, timeout=PATIENCE):
        session.start(CONFIG, tmp_path / "second", "freeze 2")
    assert [history.state for history in notes.ended] == [RunState.STOPPED, RunState.DONE]


def test_a_job_that_raises_in_words_is_a_failed_run_told_of_once(
    qtbot: QtBot, make_session: type[Session], tmp_path: Path
) -> None:
    error = FtguiError("The disk is full.", "Make room.")
    notes = make_session(scripted_job(started(), error))
    with qtbot.waitSignal(notes.session.run_ended, timeout=PATIENCE):
        notes.session.start(CONFIG, tmp_path / "run", "freeze")
    assert notes.failures == [error]
    assert notes.ended[0].state is RunState.FAILED
    assert notes.ended[0].ended == RunEnded(
        reason=Reason.FAILED, message="The disk is full.", hint="Make room."
    )


@pytest.mark.parametrize("reason", list(Reason))
def test_a_failure_is_told_of_for_the_reasons_that_are_failures(
    reason: Reason, qtbot: QtBot, make_session: type[Session], tmp_path: Path
) -> None:
    notes = make_session(scripted_job(started(), ended(reason, "So it is.", "Do this.")))
    with qtbot.waitSignal(notes.session.run_ended, timeout=PATIENCE):
        notes.session.start(CONFIG, tmp_path / "run", "freeze")
    told = [(failure.message, failure.hint, failure.details) for failure in notes.failures]
    assert told == ([("So it is.", "Do this.", str(tmp_path / "run"))] if reason.is_failure else [])


def test_the_session_is_idle_by_the_time_it_says_that_the_run_ended(
    qtbot: QtBot, make_session: type[Session], tmp_path: Path
) -> None:
    notes = make_session(scripted_job(*whole_run()))
    session, active = notes.session, []
    session.run_ended.connect(lambda _history: active.append(session.is_active))
    with qtbot.waitSignal(session.run_ended, timeout=PATIENCE):
        session.start(CONFIG, tmp_path / "run", "freeze")
    assert active == [False]


def test_shutdown_stops_a_paused_run_and_waits_for_it(
    qtbot: QtBot, make_session: type[Session], tmp_path: Path
) -> None:
    job = scripted_job(started(), Gate(), batch(1, 1), ended())
    session = make_session(job).session
    session.start(CONFIG, tmp_path / "run", "freeze")
    qtbot.waitUntil(lambda: bool(job.played), timeout=PATIENCE)
    session.toggle_pause()
    session.shutdown()
    assert job.played == ["RunStarted", "RunEnded"]
    control: RunControl = job.calls[0].control
    assert control.stopping
