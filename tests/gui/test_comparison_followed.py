"""A comparison that goes on, as the session follows it and the Training page tells of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.gui.sessions.training import TrainingSession
from ftgui.jobs.compare_control import CompareControl
from ftgui.jobs.compare_events import ComparedRunStarted, ComparisonEnded, ComparisonStarted, Planned
from ftgui.runs import store
from ftgui.runs.comparison import RUNS
from ftgui.runs.history import RunHistory, RunState
from ftgui.training.events import Reason
from tests.gui.conftest import OpenWindow
from tests.gui.driving import PATIENCE, cells, click, the, wait_idle, words_of
from tests.gui.scripted import Gate, ScriptedJob, Step, scripted_job
from tests.gui.test_comparing import TWO, comparison, result, start
from tests.results import progress
from tests.runs.drawn_diff import draw_run

STOPPED = {"reason": Reason.STOPPED, "message": "It was stopped."}


def gone_on_with(*steps: Step) -> ScriptedJob:
    """A comparison that goes on with its first run, and then does this."""
    planned = tuple(Planned(name=entry.name, entry=entry, is_done=False) for entry in TWO)
    began = ComparedRunStarted(
        name=TWO[0].name,
        strategy=TWO[0].strategy,
        seed=0,
        lr=None,
        number=1,
        total=2,
        goes_on=True,
        progress=progress(0, 2, unknown=2),
        seconds=None,
    )
    return scripted_job(
        ComparisonStarted(folder="", runs=planned, progress=progress(0, 2, unknown=2)), began, *steps
    )


def ended_session(qtbot: QtBot, job: ScriptedJob, folder: Path) -> tuple[TrainingSession, list[RunHistory]]:
    """Follow a comparison to its end; return the session and the histories of its runs."""
    session, followed = TrainingSession(job), []
    session.run_began.connect(lambda history, _: followed.append(history))
    session.compare(None, folder)
    qtbot.waitUntil(lambda: not session.is_active, timeout=PATIENCE)
    session.shutdown()
    return session, followed


# How its runs stand -----------------------------------------------------------------------------------------


def test_a_run_that_cannot_go_on_stands_as_it_does_on_the_disk(qtbot: QtBot, tmp_path: Path) -> None:
    draw_run(tmp_path / RUNS / TWO[0].name, ended=STOPPED)
    broken = gone_on_with(FtguiError("The pictures are gone.", "Put them back."))
    _, (history,) = ended_session(qtbot, broken, tmp_path)
    assert history.state is RunState.STOPPED
    assert history.ended is not None
    assert history.ended.message == "It was stopped."
    assert len(history.epochs) == 2, "what it told before is there"


def test_a_run_left_without_a_word_stands_as_before_though_the_comparison_goes_on(
    qtbot: QtBot, tmp_path: Path
) -> None:
    draw_run(tmp_path / RUNS / TWO[0].name, ended=STOPPED)
    script = comparison()._scripts[0]
    left = [step for step in script if type(step).__name__ == "ComparedRunEnded"][:1]
    _, histories = ended_session(qtbot, gone_on_with(*left, *script[-1:]), tmp_path)
    assert [history.state for history in histories] == [RunState.STOPPED]


def test_a_run_whose_folder_cannot_be_read_is_followed_from_its_beginning(
    qtbot: QtBot, tmp_path: Path
) -> None:
    run = draw_run(tmp_path / RUNS / TWO[0].name, ended=STOPPED)
    (run.folder / store.EVENTS).write_text("no event\nnor this\n", encoding="utf-8")
    end = ComparisonEnded(reason="stopped", message="", folder="", report=None, result=result())
    session, (history,) = ended_session(qtbot, gone_on_with(end), tmp_path)
    assert (history.name, history.epochs) == (TWO[0].name, [])
    assert session.history is history


def test_no_run_is_lost_for_a_figure_of_the_window_that_cannot_be_written(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_folder: Path, _seconds: float) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(store, "add_window_pause", refuse)
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    window = ready_window(comparison())
    start(qtbot, window)
    wait_idle(qtbot, window)
    assert cells(window, "State") == ["done", "done"]
    assert not words_of(window, "message")


# What is told of it -----------------------------------------------------------------------------------------


def test_while_it_prepares_nobody_is_asked_to_choose_pictures(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window(scripted_job(gate := Gate(), *comparison()._scripts[0]))
    start(qtbot, window)
    qtbot.waitUntil(gate.reached.is_set, timeout=PATIENCE)
    assert words_of(window, "progress_sentence") == "Getting ready to compare …"
    gate.open()
    wait_idle(qtbot, window)
    assert words_of(window, "progress_sentence") == "Training is complete."


def test_beside_its_run_stands_how_long_all_take(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window(comparison(first := Gate(), second := Gate()))
    start(qtbot, window)
    qtbot.waitUntil(
        lambda: words_of(window, "progress_sentence").endswith(" · in all about 4 s left"), timeout=PATIENCE
    )
    first.open()
    qtbot.waitUntil(lambda: words_of(window, "run_name") == "full-seed0 (2 of 2)", timeout=PATIENCE)
    qtbot.waitUntil(lambda: words_of(window, "progress_sentence").startswith("epoch"), timeout=PATIENCE)
    assert " in all " not in words_of(window, "progress_sentence"), "nothing follows the last"
    second.open()
    wait_idle(qtbot, window)


def test_skipping_names_the_run_that_is_shown(qtbot: QtBot, ready_window: OpenWindow) -> None:
    named: list[str | None] = []

    class Named(CompareControl):
        def skip(self, name: str | None = None) -> None:
            named.append(name)

    window = ready_window(comparison(gate := Gate()))
    start(qtbot, window)
    skip = the(window, QAbstractButton, "skip_button")
    qtbot.waitUntil(skip.isVisible, timeout=PATIENCE)
    qtbot.waitUntil(lambda: words_of(window, "run_name").startswith("freeze-seed0"), timeout=PATIENCE)
    window.training._control = Named()
    click(qtbot, window, "skip_button")
    assert named == ["freeze-seed0"]
    gate.open()
    wait_idle(qtbot, window)
