"""A project that is opened again shows what its runs were compared for, as they stand now."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QTableView
from pytestqt.qtbot import QtBot

from ftgui.gui.main_window import MainWindow
from ftgui.jobs.compare_control import CompareControl
from ftgui.runs.comparing import result_of
from ftgui.runs.comparison import COMPARISON, RUNS, read_comparison, write_comparison
from ftgui.runs.project import PROJECT_RUNS, ProjectFile, write_project
from tests.gui.conftest import OpenWindow
from tests.gui.driving import PATIENCE, cells, click, the, wait_idle, words_of
from tests.gui.scripted import ScriptedJob
from tests.gui.test_comparing import comparison
from tests.runs.drawn_comparison import plan_of
from tests.runs.drawn_runs import Told, draw_runs

GOOD, FAIR = [True] * 40, [True] * 38 + [False] * 2
WHOLE = {"full-seed0": Told(GOOD), "freeze-seed0": Told(FAIR)}


def draw_comparison(folder: Path, runs: dict[str, Told], when: float, skipped: tuple[str, ...] = ()) -> Path:
    """Write a comparison of two runs, as it stood at this time."""
    folder.mkdir(parents=True)
    made = msgspec.structs.replace(draw_runs(folder, plan_of("full", "freeze"), runs), skipped=skipped)
    write_comparison(folder, msgspec.structs.replace(made, result=result_of(folder, made)))
    os.utime(folder / COMPARISON, (when, when))
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two comparisons, one of which is not finished."""
    folder = tmp_path / "project"
    folder.mkdir()
    write_project(folder, ProjectFile())
    draw_comparison(folder / PROJECT_RUNS / "first", WHOLE, when=1_000.0)
    draw_comparison(folder / PROJECT_RUNS / "second", {"full-seed0": Told(GOOD)}, when=2_000.0)
    return folder


def opened(
    qtbot: QtBot, open_window: OpenWindow, project: Path, job: ScriptedJob | None = None
) -> MainWindow:
    window = open_window(job)
    window.projects.open(project)
    qtbot.waitUntil(lambda: window.comparison.folder is not None, timeout=PATIENCE)
    return window


def test_the_newest_comparison_is_shown_and_goes_on(
    qtbot: QtBot, open_window: OpenWindow, project: Path
) -> None:
    window = opened(qtbot, open_window, project, job=(job := comparison()))
    assert window.comparison.folder == project / PROJECT_RUNS / "second"
    assert window.page.isVisible(), "the page that was shown stays"
    assert len(cells(window, "Name")) == 3
    window._tabs.setCurrentWidget(window.comparison)
    assert words_of(window, "comparison_state") == "1 of 2 runs done."
    click(qtbot, window, "continue_comparison")
    wait_idle(qtbot, window)
    assert job.calls[0].folder == project / PROJECT_RUNS / "second"


def test_another_comparison_of_the_project_can_be_chosen(
    qtbot: QtBot, open_window: OpenWindow, project: Path
) -> None:
    window = opened(qtbot, open_window, project)
    window._tabs.setCurrentWidget(window.comparison)
    choice = the(window, QComboBox, "comparison_choice")
    assert [choice.itemText(place) for place in range(2)] == ["second", "first"]
    choice.setCurrentIndex(1)
    choice.activated.emit(1)
    first = project / PROJECT_RUNS / "first"
    qtbot.waitUntil(lambda: window.comparison.folder == first, timeout=PATIENCE)
    assert the(window, QTableView, "strategies_table").model().rowCount() == 2
    assert len(cells(window, "Name")) == 3, "its runs are in the table already"


def test_a_run_that_was_deleted_since_is_not_counted(
    qtbot: QtBot, open_window: OpenWindow, project: Path
) -> None:
    first = project / PROJECT_RUNS / "first"
    shutil.rmtree(first / RUNS / "freeze-seed0")
    os.utime(first / COMPARISON, (3_000.0, 3_000.0))
    window = opened(qtbot, open_window, project)
    window._tabs.setCurrentWidget(window.comparison)
    assert words_of(window, "comparison_state") == "1 of 2 runs done."
    stored = read_comparison(first).result
    assert stored is not None
    assert [run.state for run in stored.runs] == ["done", "done"], "and nothing was written"


def test_a_comparison_that_cannot_be_read_leaves_the_next_to_be_shown(
    qtbot: QtBot, open_window: OpenWindow, project: Path
) -> None:
    (project / PROJECT_RUNS / "second" / COMPARISON).write_text("{", encoding="utf-8")
    window = opened(qtbot, open_window, project)
    assert window.comparison.folder == project / PROJECT_RUNS / "first"


def test_another_project_has_no_comparison_of_this_one(
    qtbot: QtBot, open_window: OpenWindow, project: Path
) -> None:
    window = opened(qtbot, open_window, project)
    window.projects.start_new()
    assert window.comparison.folder is None
    window._tabs.setCurrentWidget(window.comparison)
    assert not the(window, QComboBox, "comparison_choice").isVisible()


def test_what_was_skipped_is_trained_after_all(qtbot: QtBot, open_window: OpenWindow, project: Path) -> None:
    third = project / PROJECT_RUNS / "third"
    draw_comparison(third, {"full-seed0": Told(GOOD)}, when=4_000.0, skipped=("freeze-seed0",))
    window = opened(qtbot, open_window, project, job=(job := comparison()))
    window._tabs.setCurrentWidget(window.comparison)
    assert the(window, QAbstractButton, "continue_comparison").text() == "Train the skipped"
    click(qtbot, window, "continue_comparison")
    wait_idle(qtbot, window)
    (call,) = job.calls
    assert isinstance(call.control, CompareControl)
    assert call.control.with_skipped
    assert call.config == read_comparison(third).plan


def test_going_on_leaves_out_what_was_skipped(qtbot: QtBot, open_window: OpenWindow, project: Path) -> None:
    window = opened(qtbot, open_window, project, job=(job := comparison()))
    window._tabs.setCurrentWidget(window.comparison)
    click(qtbot, window, "continue_comparison")
    wait_idle(qtbot, window)
    assert isinstance(job.calls[0].control, CompareControl)
    assert not job.calls[0].control.with_skipped
