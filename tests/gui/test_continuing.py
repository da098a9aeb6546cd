"""Going on with a run that was stopped: in its row of the table, with its curves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QProgressBar
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.gui.app import create_window
from ftgui.gui.main_window import MainWindow
from ftgui.runs.history import RunState, open_run
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import EpochEnded, Reason, TrainingEvent
from tests import fixtures
from tests.fixtures import Drawn
from tests.gui.conftest import OpenWindow, end
from tests.gui.driving import PATIENCE, cells, click, click_cell, curve, curves, the, wait_idle, words_of
from tests.gui.scripted import (
    Gate,
    ScriptedJob,
    batch,
    ended,
    epoch,
    scripted_job,
    scripted_jobs,
    started,
    whole_run,
)

drawn, small_crops = fixtures.drawn, fixtures.small_crops

MINUTES = 240_000
"""Milliseconds that a real run may take where many others share the cores."""

STOPPED = (started(), batch(1, 2), epoch(1, 0.7), epoch(2, 0.8), ended(Reason.STOPPED, seconds=9.0))
AGAIN = (started(resumed_after=2), batch(3, 2), epoch(3, 0.9), ended(seconds=14.0))


def test_a_stopped_run_goes_on_in_its_row_with_its_curves(qtbot: QtBot, ready_window: OpenWindow) -> None:
    begun, last = Gate(), Gate()
    again = (begun, started(resumed_after=2), batch(3, 1), last, *AGAIN[1:])
    job = scripted_jobs(STOPPED, again, stored=True)
    window = ready_window(job)
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    history, folder = window.training.history, job.calls[0].folder
    click(qtbot, window, "continue_button")
    assert window.training.history is history
    assert (cells(window, "State"), cells(window, "Time")) == (["preparing"], ["3.0 s"])
    assert words_of(window, "progress_sentence") == "getting ready …"
    assert the(window, QProgressBar, "progress").property("kind") == "preparing"
    begun.open()
    qtbot.waitUntil(lambda: cells(window, "State") == ["training"], timeout=PATIENCE)
    last.open()
    wait_idle(qtbot, window)
    assert [(call.config, call.folder) for call in job.calls[1:]] == [(None, folder)]
    assert cells(window, "Name") == ["freeze"]
    assert cells(window, "State") == ["done"]
    assert (cells(window, "Best val acc"), cells(window, "Time")) == (["0.900"], ["14 s"])
    assert curve(window, "accuracy_plot", solid=True).points == ((1.0, 0.7), (2.0, 0.8), (3.0, 0.9))
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert summary["window_longest_pause_seconds"] == window.training.longest_pause_seconds


def test_what_a_run_does_anew_is_drawn_anew(qtbot: QtBot, ready_window: OpenWindow) -> None:
    """Killed in its third epoch, it goes on after its first, of which there is a checkpoint."""
    killed = (started(), epoch(1, 0.7), epoch(2, 0.8), batch(3, 1))
    again = (started(resumed_after=1), epoch(2, 0.85), ended())
    window = ready_window(scripted_jobs(killed, again))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert cells(window, "State") == ["interrupted"]
    click(qtbot, window, "continue_button")
    wait_idle(qtbot, window)
    assert curve(window, "accuracy_plot", solid=True).points == ((1.0, 0.7), (2.0, 0.85))


def test_a_run_from_the_disk_goes_on_by_the_menu(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    folder = tmp_path / "run of yesterday"
    _play(scripted_job(*STOPPED, stored=True), folder)
    window = open_window(scripted_job(*AGAIN, stored=True))
    window.add_run(folder)
    assert cells(window, "State") == ["stopped"]
    the(window, QAction, "action_continue").trigger()
    wait_idle(qtbot, window)
    assert cells(window, "State") == ["done"]
    assert [each.epoch for each in open_run(folder).epochs] == [1, 2, 3]


def test_a_run_is_offered_to_go_on_only_where_it_can_and_says_why_not(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    gate = Gate()
    window = ready_window(
        scripted_jobs(
            STOPPED, whole_run(0.8), (started(), ended(Reason.NAN_LOSS)), (started(), gate, *whole_run()[1:])
        )
    )
    assert _offered(window) == (False, "Select a run in the table first.")
    for _ in range(3):
        click(qtbot, window, "train_button")
        wait_idle(qtbot, window)
    said = []
    for row in range(3):
        click_cell(qtbot, window, row, "Name")
        said.append(_offered(window))
    assert said == [
        (True, ""),
        (False, "This run cannot go on: it is complete."),
        (False, "This run cannot go on: its loss was no longer a finite number."),
    ]
    click(qtbot, window, "train_button")
    assert _offered(window) == (False, "This run still goes on.")
    click_cell(qtbot, window, 0, "Name")
    assert _offered(window) == (False, "Another run goes on.")
    gate.open()
    wait_idle(qtbot, window)
    assert _offered(window) == (True, "")


def test_a_run_that_cannot_go_on_after_all_stands_as_it_stood(qtbot: QtBot, ready_window: OpenWindow) -> None:
    error = FtguiError("The weights file is not the one that this run began with.", "Put that file back.")
    window = ready_window(scripted_jobs(STOPPED, (error,), AGAIN))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    before = [cells(window, title) for title in ("Time", "Frozen changed", "State")]
    click(qtbot, window, "continue_button")
    wait_idle(qtbot, window)
    assert words_of(window, "message") == error.message
    assert [cells(window, title) for title in ("Time", "Frozen changed", "State")] == before
    assert before[-1] == ["stopped"]
    click(qtbot, window, "continue_button")
    assert words_of(window, "message") == "", "it begins with a clean slate"
    wait_idle(qtbot, window)
    assert cells(window, "State") == ["done"]


def test_a_run_that_fails_once_it_goes_on_has_failed(qtbot: QtBot, ready_window: OpenWindow) -> None:
    again = (started(resumed_after=2), FtguiError("The disk is full.", "Make room."))
    window = ready_window(scripted_jobs(STOPPED, again))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    click(qtbot, window, "continue_button")
    wait_idle(qtbot, window)
    assert cells(window, "State") == ["failed"]
    assert window.training.history is not None
    assert [each.epoch for each in window.training.history.epochs] == [1, 2]


def test_a_continued_run_can_be_stopped_and_goes_on_once_more(qtbot: QtBot, ready_window: OpenWindow) -> None:
    again = (started(resumed_after=2), batch(3, 1), Gate(), batch(3, 2), ended())
    window = ready_window(scripted_jobs(STOPPED, again, AGAIN))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    click(qtbot, window, "continue_button")
    qtbot.waitUntil(lambda: cells(window, "State") == ["training"], timeout=PATIENCE)
    click(qtbot, window, "stop_button")
    wait_idle(qtbot, window)
    assert cells(window, "State") == ["stopped"]
    click(qtbot, window, "continue_button")
    wait_idle(qtbot, window)
    assert cells(window, "State") == ["done"]
    assert len(curves(window, "loss_plot")) == 2


@pytest.mark.usefixtures("small_crops")
def test_a_real_run_that_was_stopped_ends_as_if_it_never_had_been(
    qtbot: QtBot, tmp_path: Path, drawn: Drawn
) -> None:
    window = create_window(runs_folder=tmp_path / "runs")
    try:
        window.show()
        config = drawn.config(epochs=100)  # of a few milliseconds each, and the window looks every 50
        history = window.training.start(config, tmp_path / "stopped", "stopped")
        window.page.add_run(history)

        def stop_after_an_epoch() -> None:
            if history.epochs:
                window.training.stop()

        window.training.updated.connect(stop_after_an_epoch)
        qtbot.waitUntil(lambda: not window.training.is_active, timeout=MINUTES)
        assert history.state is RunState.STOPPED
        assert 1 <= len(history.epochs) < 100
        window.training.updated.disconnect(stop_after_an_epoch)
        click(qtbot, window, "continue_button")
        qtbot.waitUntil(lambda: not window.training.is_active, timeout=MINUTES)
        assert words_of(window, "message") == ""
        assert cells(window, "State") == ["done"]
    finally:
        end(window)
    whole = fixtures.run_small(config, tmp_path / "whole")
    assert _figures(history.epochs) == _figures(whole)


def _figures(events: list[EpochEnded] | list[TrainingEvent]) -> list[tuple[float | None, ...]]:
    epochs = [event for event in events if isinstance(event, EpochEnded)]
    return [(each.epoch, each.train_loss, each.val_loss, each.val_accuracy) for each in epochs]


def _play(job: ScriptedJob, folder: Path) -> None:
    for _ in job(TrainConfig(dataset="", weights="", epochs=3), folder, RunControl()):
        pass


def _offered(window: MainWindow) -> tuple[bool, str]:
    """Return whether the run may go on, and the button's tooltip; the menu must agree."""
    button = the(window, QAbstractButton, "continue_button")
    assert the(window, QAction, "action_continue").isEnabled() == button.isEnabled()
    return button.isEnabled(), button.toolTip()
