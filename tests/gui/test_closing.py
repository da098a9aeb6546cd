"""Closing the window: asked about while a run goes on, and nothing left running afterwards."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QThread
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from ftgui.gui.main_window import MainWindow
from ftgui.gui.sessions.training import TrainingState
from ftgui.jobs.scan import list_pictures
from tests.gui.conftest import OpenWindow, replace_listing
from tests.gui.driving import PATIENCE, answer, cells, click, the, type_path, wait_idle, words_of
from tests.gui.scripted import Gate, batch, ended, epoch, scripted_job, started, whole_run
from tests.harness.process import run_python


def test_an_idle_window_closes_at_once(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window()
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert window.close()
    assert not window.isVisible()
    assert window.findChildren(QMessageBox) == []


def test_closing_during_a_run_asks_and_going_on_keeps_the_run(qtbot: QtBot, ready_window: OpenWindow) -> None:
    gate = Gate()
    window = ready_window(scripted_job(started(), batch(1, 1), gate, epoch(1), ended()))
    click(qtbot, window, "train_button")
    assert not window.close()
    assert window.isVisible()
    box = the(window, QMessageBox, "close_question")
    assert box.isVisible()
    assert box.text() == "Stop training and close the window?"
    answer(qtbot, window, "go_on")
    assert window.isVisible()
    assert window.training.state is TrainingState.RUNNING
    gate.open()
    wait_idle(qtbot, window)
    assert cells(window, "State") == ["done"]
    assert window.isVisible()


def test_escape_means_going_on(qtbot: QtBot, ready_window: OpenWindow) -> None:
    gate = Gate()
    window = ready_window(scripted_job(started(), gate, *whole_run()))
    click(qtbot, window, "train_button")
    window.close()
    qtbot.keyClick(the(window, QMessageBox, "close_question"), Qt.Key.Key_Escape)
    assert window.training.state is TrainingState.RUNNING
    assert window.isVisible()
    gate.open()
    wait_idle(qtbot, window)


def test_closing_twice_asks_once(qtbot: QtBot, ready_window: OpenWindow) -> None:
    gate = Gate()
    window = ready_window(scripted_job(started(), gate, *whole_run()))
    click(qtbot, window, "train_button")
    window.close()
    window.close()
    assert len(window.findChildren(QMessageBox)) == 1
    answer(qtbot, window, "go_on")
    gate.open()
    wait_idle(qtbot, window)


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_stop_and_close_lets_the_run_end_and_then_closes_with_no_thread_left(
    paused: bool, qtbot: QtBot, ready_window: OpenWindow
) -> None:
    gate = Gate()
    job = scripted_job(started(), epoch(1, 0.8), gate, batch(2, 1), ended(), stored=True)
    window = ready_window(job)
    click(qtbot, window, "train_button")
    qtbot.waitUntil(lambda: cells(window, "Best val acc") == ["0.800"], timeout=PATIENCE)
    if paused:
        click(qtbot, window, "pause_button")
    window.close()
    answer(qtbot, window, "stop_and_close")
    assert window.isVisible(), "the window stays until the run has kept its weights"
    assert words_of(window, "message").startswith("Stopping; the window closes")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=PATIENCE)
    assert job.played[-1] == "RunEnded"
    assert (job.calls[0].folder / "summary.json").is_file()
    assert _running(window) == []


def test_a_run_that_ends_while_the_question_stands_closes_on_yes(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    gate = Gate()
    window = ready_window(scripted_job(started(), gate, *whole_run()))
    click(qtbot, window, "train_button")
    window.close()
    gate.open()
    wait_idle(qtbot, window)
    assert window.isVisible(), "nobody has answered yet"
    answer(qtbot, window, "stop_and_close")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=PATIENCE)
    assert cells(window, "State") == ["done"]


def test_a_window_that_still_looks_into_a_folder_ends_its_thread_when_it_closes(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    replace_listing(monkeypatch, lambda root: (gate.hold(), list_pictures(root))[1])
    window = open_window()
    type_path(qtbot, window, "dataset_path", pictures)
    qtbot.waitUntil(gate.reached.is_set, timeout=PATIENCE)
    threading.Timer(0.05, gate.open).start()
    assert window.close()
    assert _running(window) == []


def test_the_window_comes_back_where_and_as_large_as_it_was(open_window: OpenWindow) -> None:
    first = open_window()
    as_made = first.geometry()
    first.setGeometry(1, 47, first.minimumWidth(), 666)
    first.close()
    second = open_window()
    assert second.geometry() == first.geometry() != as_made


def test_a_new_process_finds_what_the_last_one_left(open_window: OpenWindow) -> None:
    window = open_window()
    window.setGeometry(1, 47, window.minimumWidth(), 666)
    the(window, QAction, "action_theme_dark").trigger()
    window.close()
    script = (
        "from ftgui.gui.app import create_window\n"
        "from ftgui.gui import theme\n"
        "window = create_window()\n"
        "window.show()\n"
        "print(window.geometry().getRect(), theme.current().name)\n"
    )
    done = run_python("-W", "error", "-c", script)
    assert done.stdout.strip() == f"{window.geometry().getRect()} dark", done.stderr


def _running(window: MainWindow) -> list[QThread]:
    """Return the threads of a window's sessions that still run."""
    found = [thread for thread in window.findChildren(QThread) if thread.isRunning()]
    pictures = window.project.pictures
    busy = (window.training, window.desk.export_task, pictures._list, pictures._check)
    return [*found, *(each._thread._thread for each in busy if each._thread.is_running)]
