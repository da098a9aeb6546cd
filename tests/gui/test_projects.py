"""Projects in the window: kept as they change, opened as they were, saved without losing anything."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.gui import settings
from ftgui.gui.main_window import MainWindow
from ftgui.gui.sessions import runs as runs_session
from ftgui.runs import brief
from ftgui.runs.history import RunHistory
from ftgui.runs.project import PROJECT, ListedRun, ProjectFile, read_project, write_project
from ftgui.runs.store import EVENTS, SUMMARY
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from tests.gui.conftest import OpenWindow
from tests.gui.driving import PATIENCE, cells, click, curves, drop, the, wait_idle, words_of
from tests.gui.scripted import Gate, batch, ended, epoch, scripted_job, started, whole_run


def make_run(folder: Path, *accuracies: float) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    for _ in scripted_job(*whole_run(*accuracies), stored=True)(
        TrainConfig(dataset="", weights=""), folder, RunControl()
    ):
        pass
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with three runs, one of them elsewhere."""
    folder = tmp_path / "ants and bees"
    for name in ("first", "second"):
        make_run(folder / "runs" / name, 0.8, 0.9)
    outside = make_run(tmp_path / "server" / "third", 0.7)
    runs = (
        ListedRun(folder=str(outside), name="from the server", colour=4),
        ListedRun(folder="runs/first", colour=2, shown=True),
    )
    write_project(
        folder,
        ProjectFile(strategy="full", settings={"epochs": 7}, stage_lr={"full": {"stem": 2.0}}, runs=runs),
    )
    return folder


def open_project(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    with qtbot.waitSignal(window.reader.loaded, timeout=PATIENCE):
        window.projects.open(folder)


def save_as(window: MainWindow, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(folder), ""))
    the(window, QAction, "action_save_project").trigger()


# Opening ----------------------------------------------------------------------------------------------------


def test_a_project_stands_as_it_was_kept(qtbot: QtBot, open_window: OpenWindow, project: Path) -> None:
    window = open_window()
    open_project(qtbot, window, project)
    assert cells(window, "Name") == ["from the server", "first", "second"]
    assert [row.colour for row in window.runs.rows] == [4, 2, 2]
    assert [row.shown for row in window.runs.rows] == [False, True, False]
    qtbot.waitUntil(lambda: len(curves(window, "accuracy_plot")) == 2, timeout=PATIENCE)
    assert window.project.state.strategy == "full"
    assert window.project.setting("epochs") == 7
    assert window.project.state.stage_lr == {"full": {"stem": 2.0}}
    assert window.windowTitle() == "ants and bees – ftgui"
    selected = window.page.runs_card.selected_run()
    assert selected is not None
    assert selected.name == "first", "the last one that is shown"


def test_a_project_that_is_dropped_opens(qtbot: QtBot, open_window: OpenWindow, project: Path) -> None:
    window = open_window()
    with qtbot.waitSignal(window.reader.loaded, timeout=PATIENCE):
        assert drop(window, project)
    assert window.keeper.folder == project


def test_only_runs_that_are_shown_or_looked_at_are_read_whole(
    qtbot: QtBot, open_window: OpenWindow, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brief, "READ_AT_ONCE", 0)
    events = project / "runs" / "second" / EVENTS
    content = events.read_bytes()
    events.write_bytes(b"nobody reads this")
    os.utime(events, (0, 0))
    window = open_window()
    open_project(qtbot, window, project)
    assert cells(window, "Best val acc") == ["0.700", "0.900", "0.900"]
    assert [row.history.is_brief for row in window.runs.rows] == [True, False, True]
    events.write_bytes(content)
    window.page.runs_card.select(window.runs.rows[2].history)
    assert not window.runs.rows[2].history.is_brief, "it is looked at"
    window.runs.show([0], True)
    assert not window.runs.rows[0].history.is_brief, "its curves are drawn"
    qtbot.waitUntil(lambda: len(curves(window, "accuracy_plot")) == 4, timeout=PATIENCE)


def test_a_long_run_is_completed_off_the_gui_thread(
    qtbot: QtBot, open_window: OpenWindow, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brief, "READ_AT_ONCE", 0)
    monkeypatch.setattr("ftgui.gui.sessions.runs.AT_ONCE_BYTES", 0)
    window = open_window()
    open_project(qtbot, window, project)
    history = window.runs.rows[2].history
    with qtbot.waitSignal(window.reader.completed, timeout=PATIENCE):
        window.page.runs_card.select(history)
        assert history.is_brief
        assert not window.page.runs_card.export_button.isEnabled()
    assert history.kept is not None
    assert window.page.runs_card.export_button.isEnabled()


def test_runs_that_are_gone_are_said_and_not_forgotten(
    qtbot: QtBot, open_window: OpenWindow, project: Path, tmp_path: Path
) -> None:
    (tmp_path / "server").rename(tmp_path / "switched off")
    window = open_window()
    open_project(qtbot, window, project)
    assert words_of(window, "message") == "1 run of this project cannot be read: “third”."
    assert cells(window, "Name") == ["first", "second"]
    window.project.set_setting("epochs", 9)
    window.close()
    kept = read_project(project)
    assert kept.settings == {"epochs": 9}
    names = {run.folder: run.name for run in kept.runs}
    assert names[str(tmp_path / "server" / "third")] == "from the server"


def test_pictures_and_weights_that_are_gone_are_said_and_not_forgotten(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    kept = ProjectFile(dataset=str(tmp_path / "gone"), weights=str(tmp_path / "gone.pth"), classes=7)
    write_project(folder, kept)
    window = open_window()
    open_project(qtbot, window, folder)
    qtbot.waitUntil(lambda: not window.project.is_looking, timeout=PATIENCE)
    assert the(window, QLineEdit, "dataset_path").text() == kept.dataset
    assert window.project.pictures.state.looked.error is not None
    assert window.project.state.weights.error is not None
    window.project.set_setting("epochs", 9)
    window.close()
    again = read_project(folder)
    assert (again.dataset, again.weights, again.classes) == (kept.dataset, kept.weights, 7)


def test_a_newer_project_is_refused_and_the_one_that_is_open_stays(
    qtbot: QtBot, open_window: OpenWindow, project: Path, tmp_path: Path
) -> None:
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / PROJECT).write_text('{"format_version": 99}', encoding="utf-8")
    window = open_window()
    open_project(qtbot, window, project)
    window.projects.open(newer)
    assert "newer ftgui" in words_of(window, "message")
    assert window.keeper.folder == project
    assert len(cells(window, "Name")) == 3
    assert (newer / PROJECT).read_text(encoding="utf-8") == '{"format_version": 99}'


def test_a_damaged_project_shows_its_runs_and_keeps_the_file_aside(
    qtbot: QtBot, open_window: OpenWindow, project: Path
) -> None:
    (project / PROJECT).write_text('{"runs": [', encoding="utf-8")
    window = open_window()
    window.projects.open(project)
    assert "is damaged" in words_of(window, "message")
    qtbot.waitUntil(lambda: cells(window, "Name") == ["first", "second"], timeout=PATIENCE)
    assert (project / "project-damaged.json").read_text(encoding="utf-8") == '{"runs": ['


def test_a_new_project_is_empty_and_forgets_nothing_of_the_one_before(
    qtbot: QtBot, open_window: OpenWindow, project: Path
) -> None:
    window = open_window()
    open_project(qtbot, window, project)
    before = read_project(project)
    the(window, QAction, "action_new_project").trigger()
    assert cells(window, "Name") == []
    assert curves(window, "accuracy_plot") == []
    assert window.project.setting("epochs") == 10
    assert window.windowTitle() == "ftgui"
    after = read_project(project)
    assert (after.settings, after.strategy) == (before.settings, before.strategy)
    assert len(after.runs) == 3


def test_where_no_run_can_be_found_all_that_is_kept_of_them_stays(
    qtbot: QtBot, open_window: OpenWindow, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(*_args: object) -> list[ListedRun]:
        raise FtguiError("The disk is gone.")

    kept = read_project(project).runs
    monkeypatch.setattr(runs_session, "listed_runs", found)
    window = open_window()
    open_project(qtbot, window, project)
    window.project.set_setting("epochs", 9)
    window.close()
    assert read_project(project).settings == {"epochs": 9}
    assert read_project(project).runs == kept


def test_a_run_whose_folder_nobody_may_look_into_is_lost_and_no_other(
    qtbot: QtBot, open_window: OpenWindow, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(folder: Path) -> RunHistory:
        if folder.name == "third":
            raise PermissionError(13, "Permission denied")
        return brief.read_brief(folder)

    monkeypatch.setattr(runs_session, "read_brief", read)
    window = open_window()
    open_project(qtbot, window, project)
    assert words_of(window, "message") == "1 run of this project cannot be read: “third”."
    assert cells(window, "Name") == ["first", "second"]
    assert [run.name for run in window.keeper.record().runs] == ["", "", "from the server"]


def test_a_run_of_a_strategy_of_tomorrow_is_called_by_its_name(
    qtbot: QtBot, open_window: OpenWindow, project: Path
) -> None:
    for name in (EVENTS, SUMMARY):
        file = project / "runs" / "first" / name
        content = file.read_bytes()
        assert b"freeze" in content
        file.write_bytes(content.replace(b'"freeze"', b'"of tomorrow"'))
    window = open_window()
    open_project(qtbot, window, project)
    assert cells(window, "What may move")[1] == "of tomorrow"
    assert len(window.keeper.record().runs) == 3


def test_runs_that_do_not_get_into_the_table_stay_in_the_project(
    qtbot: QtBot, open_window: OpenWindow, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_runs: object) -> list[object]:
        raise RuntimeError("the table is broken")

    window = open_window()
    monkeypatch.setattr(window.runs, "add_all", broken)
    with qtbot.capture_exceptions() as errors:
        open_project(qtbot, window, project)
    assert len(errors) == 1
    assert [run.name for run in window.keeper.record().runs] == ["from the server", "", ""]


def test_a_run_that_is_damaged_is_said_once_and_its_buttons_say_why(
    qtbot: QtBot, open_window: OpenWindow, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brief, "READ_AT_ONCE", 0)
    events = project / "runs" / "second" / EVENTS
    events.write_bytes(b"damaged\nall of it\n")
    os.utime(events, (0, 0))
    window = open_window()
    open_project(qtbot, window, project)
    card = window.page.runs_card
    card.select(window.runs.rows[2].history)
    assert "cannot be read" in words_of(window, "message")
    assert "“second” cannot be read." in card.export_button.toolTip()
    window.messages.clear()
    for row in (1, 2):
        card.select(window.runs.rows[row].history)
    assert window.messages.message() == ""


# Keeping ----------------------------------------------------------------------------------------------------


def test_what_changes_is_written_soon(qtbot: QtBot, open_window: OpenWindow, project: Path) -> None:
    window = open_window()
    open_project(qtbot, window, project)
    window.project.set_strategy("thaw")
    window.runs.setData(window.runs.index(1, 1), "the good one")
    window.runs.show([2], True)

    def is_written() -> bool:
        kept = read_project(project)
        told = [(run.name, run.shown) for run in kept.runs]
        return kept.strategy == "thaw" and told == [
            ("from the server", False),
            ("the good one", True),
            ("", True),
        ]

    qtbot.waitUntil(is_written, timeout=PATIENCE)


def test_a_project_that_cannot_be_written_is_said(
    qtbot: QtBot, open_window: OpenWindow, project: Path
) -> None:
    window = open_window()
    open_project(qtbot, window, project)
    project.rename(project.with_name("moved away"))
    window.project.set_setting("epochs", 3)
    qtbot.waitUntil(lambda: "cannot be written" in words_of(window, "message"), timeout=PATIENCE)
    project.with_name("moved away").rename(project)


# Saving -----------------------------------------------------------------------------------------------------


def test_saving_moves_the_runs_of_an_unsaved_project_in_and_no_others(
    qtbot: QtBot,
    ready_window: OpenWindow,
    finished_run: Path,
    runs_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    earlier = make_run(runs_folder / "of another day")
    window = ready_window(scripted_job(*whole_run(), stored=True))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    window.add_run(finished_run)
    made = window.runs.rows[0].history.folder
    window.runs.setData(window.runs.index(0, 1), "mine")
    save_as(window, tmp_path / "saved", monkeypatch)
    assert not made.exists()
    assert window.runs.rows[0].history.folder == tmp_path / "saved" / "runs" / made.name
    assert (tmp_path / "saved" / "runs" / made.name / EVENTS).is_file()
    assert earlier.exists()
    assert finished_run.exists()
    kept = read_project(tmp_path / "saved")
    assert [(run.folder, run.name) for run in kept.runs] == [
        (f"runs/{made.name}", "mine"),
        (str(finished_run), ""),
    ]
    assert window.windowTitle() == "saved – ftgui"
    assert window.keeper.runs_folder == tmp_path / "saved" / "runs"


def test_what_is_left_out_follows_the_project(
    qtbot: QtBot, ready_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = ready_window()
    window.project.pictures.leave_out(["ants/0.jpg"], True)
    save_as(window, tmp_path / "saved", monkeypatch)
    window.project.pictures.leave_out(["bees/1.jpg"], True)
    the(window, QAction, "action_new_project").trigger()
    open_project(qtbot, window, tmp_path / "saved")
    qtbot.waitUntil(
        lambda: window.project.pictures.state.exclude == ("ants/0.jpg", "bees/1.jpg"), timeout=PATIENCE
    )


def test_saving_writes_over_nothing(
    open_window: OpenWindow, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    before = sorted(pictures.rglob("*"))
    save_as(window, pictures, monkeypatch)
    assert "already holds something" in words_of(window, "message")
    assert sorted(pictures.rglob("*")) == before
    assert not window.keeper.is_saved


def test_nothing_is_saved_opened_or_begun_while_a_run_goes_on(
    qtbot: QtBot,
    ready_window: OpenWindow,
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = ready_window(scripted_job(started(), batch(1, 1), gate := Gate(), epoch(1), ended()))
    click(qtbot, window, "train_button")
    save_as(window, tmp_path / "saved", monkeypatch)
    assert words_of(window, "message") == "A run is going on."
    assert not (tmp_path / "saved").exists()
    window.messages.clear()
    drop(window, project)
    assert words_of(window, "message") == "A run is going on."
    window.messages.clear()
    the(window, QAction, "action_new_project").trigger()
    assert words_of(window, "message") == "A run is going on."
    assert len(window.runs.rows) == 1
    gate.open()
    wait_idle(qtbot, window)


def test_lost_runs_of_the_project_are_named_where_they_were_when_it_is_saved_elsewhere(
    qtbot: QtBot, open_window: OpenWindow, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "runs" / "first").rename(tmp_path / "away")
    window = open_window()
    open_project(qtbot, window, project)
    save_as(window, tmp_path / "saved", monkeypatch)
    named = {run.folder for run in read_project(tmp_path / "saved").runs}
    assert str(project / "runs" / "first") in named


def test_a_project_whose_folder_is_gone_can_be_saved_elsewhere_and_left(
    qtbot: QtBot, open_window: OpenWindow, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    for leave in (False, True):
        open_project(qtbot, window, project)
        project.rename(tmp_path / "moved away")
        window.project.set_setting("epochs", 8)
        if leave:
            the(window, QAction, "action_new_project").trigger()
            assert str(project / PROJECT) in words_of(window, "message")
            assert cells(window, "Name") == []
        else:
            save_as(window, tmp_path / "saved", monkeypatch)
            assert read_project(tmp_path / "saved").settings == {"epochs": 8}
            assert len(cells(window, "Name")) == 3
        (tmp_path / "moved away").rename(project)


@pytest.mark.skipif(sys.platform != "linux", reason="only there are names that are no text")
def test_a_run_whose_name_is_no_text_is_said_and_the_rest_is_kept(
    qtbot: QtBot, open_window: OpenWindow, project: Path, tmp_path: Path
) -> None:
    window = open_window()
    open_project(qtbot, window, project)
    no_text = tmp_path / os.fsdecode(b"caf\xe9")
    make_run(tmp_path / "cafe", 0.8).rename(no_text)
    window.add_run(no_text)
    qtbot.waitUntil(lambda: "“caf?”" in words_of(window, "message"), timeout=PATIENCE)
    window.project.set_setting("epochs", 9)
    window.close()
    assert read_project(project).settings == {"epochs": 9}
    assert len(read_project(project).runs) == 3


# Remembering ------------------------------------------------------------------------------------------------


def test_projects_that_were_open_lately_are_in_a_menu_and_those_gone_are_grey(
    qtbot: QtBot, open_window: OpenWindow, project: Path, tmp_path: Path
) -> None:
    window = open_window()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_project(tmp_path / name, ProjectFile())
        open_project(qtbot, window, tmp_path / name)
    open_project(qtbot, window, project)
    (tmp_path / "a" / PROJECT).unlink()
    menu = the(window, QMenu, "menu_recent")
    menu.aboutToShow.emit()
    told = [(action.text(), action.isEnabled()) for action in menu.actions()]
    assert told == [("ants and bees", True), ("b", True), ("a", False)]
    with qtbot.waitSignal(window.reader.loaded, timeout=PATIENCE):
        menu.actions()[1].trigger()
    assert window.keeper.folder == tmp_path / "b"


def test_the_program_begins_with_the_project_that_was_open_last(
    qtbot: QtBot, open_window: OpenWindow, project: Path
) -> None:
    first = open_window()
    open_project(qtbot, first, project)
    first.close()
    second = open_window()
    assert second.keeper.name == "", "only where the program asks for it"
    with qtbot.waitSignal(second.reader.loaded, timeout=PATIENCE):
        second.projects.open_last()
    assert second.keeper.folder == project
    the(second, QAction, "action_new_project").trigger()
    assert settings.read_text("last_project") == ""


def test_a_project_is_open_in_one_window_alone_and_in_another_once_it_was_left(
    qtbot: QtBot, open_window: OpenWindow, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = open_window(), open_window()
    open_project(qtbot, first, project)
    open_project(qtbot, first, project)
    second.projects.open(project)
    assert words_of(second, "message") == "The project “ants and bees” is open in another window."
    assert second.keeper.name == ""
    save_as(first, tmp_path / "copy", monkeypatch)
    open_project(qtbot, second, project)
    first.projects.open(project)
    assert first.keeper.folder == tmp_path / "copy", "the one that is open stays, and is still held"
    the(second, QAction, "action_new_project").trigger()
    second.projects.open(tmp_path / "copy")
    assert words_of(second, "message") == "The project “copy” is open in another window."
    first.close()
    open_project(qtbot, second, tmp_path / "copy")
    second.close()
    assert sorted(path.name for path in project.iterdir()) == ["project.json", "runs"], "nothing stays behind"


def test_a_project_that_is_refused_can_be_opened_elsewhere(
    qtbot: QtBot, open_window: OpenWindow, project: Path
) -> None:
    as_it_is = (project / PROJECT).read_text(encoding="utf-8")
    (project / PROJECT).write_text('{"format_version": 99}', encoding="utf-8")
    first, second = open_window(), open_window()
    first.projects.open(project)
    assert "newer ftgui" in words_of(first, "message")
    (project / PROJECT).write_text(as_it_is, encoding="utf-8")
    open_project(qtbot, second, project)


# Taking runs away -------------------------------------------------------------------------------------------


def test_a_run_elsewhere_leaves_the_project_and_stays_on_the_disk(
    qtbot: QtBot, open_window: OpenWindow, project: Path, tmp_path: Path
) -> None:
    window = open_window()
    open_project(qtbot, window, project)
    window.desk.remove([window.runs.rows[0].history])
    window.close()
    assert (tmp_path / "server" / "third" / EVENTS).is_file()
    assert [run.folder for run in read_project(project).runs] == ["runs/first", "runs/second"]
