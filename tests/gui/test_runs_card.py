"""The table of runs in the window: found, named, laid side by side and taken away."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock
from PySide6.QtCore import QFile, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QMenu, QMessageBox
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.gui.main_window import MainWindow
from ftgui.runs.store import EVENTS, LOCK
from tests.gui.conftest import OpenWindow
from tests.gui.driving import (
    PATIENCE,
    cells,
    click,
    click_cell,
    column,
    curves,
    runs_table,
    the,
    wait_idle,
    words_of,
)
from tests.gui.scripted import Gate, batch, ended, epoch, scripted_job, started
from tests.gui.test_projects import make_run


@pytest.fixture
def window(open_window: OpenWindow, runs_folder: Path, tmp_path: Path) -> MainWindow:
    """A window with two runs of its own and one from elsewhere."""
    window = open_window()
    for place in (runs_folder / "ants", runs_folder / "bees", tmp_path / "elsewhere" / "wasps"):
        window.add_run(make_run(place, 0.8))
    return window


def select(window: MainWindow, *rows: int) -> None:
    table = runs_table(window)
    table.clearSelection()
    flags = table.selectionModel().SelectionFlag
    for row in rows:
        table.selectionModel().select(table.model().index(row, 1), flags.Select | flags.Rows)
    table.setFocus()


def test_typing_into_the_filter_keeps_what_is_meant_and_counts(qtbot: QtBot, window: MainWindow) -> None:
    edit = the(window, QLineEdit, "runs_filter")
    qtbot.keyClicks(edit, "bees done")
    assert cells(window, "Name") == ["bees"]
    assert words_of(window, "runs_hint") == "1 of 3 runs"
    the(window, QAction, "runs_filter_clear").trigger()
    assert len(cells(window, "Name")) == 3
    assert words_of(window, "runs_hint") == "tick to overlay"


def test_a_run_that_begins_is_seen_whatever_the_filter_says(qtbot: QtBot, window: MainWindow) -> None:
    the(window, QLineEdit, "runs_filter").setText("ants")
    window.page.runs_card.select(window.runs.rows[2].history)
    assert len(cells(window, "Name")) == 3
    assert window.page.runs_card.selected_run() is window.runs.rows[2].history


def test_f2_renames_the_run_and_not_its_folder(qtbot: QtBot, window: MainWindow, runs_folder: Path) -> None:
    select(window, 1)
    qtbot.keyClick(runs_table(window), Qt.Key.Key_F2)
    edit = the(window, QLineEdit, "run_name_edit")
    edit.selectAll()
    qtbot.keyClicks(edit, "the good one")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: cells(window, "Name") == ["ants", "the good one", "wasps"], timeout=PATIENCE)
    assert (runs_folder / "bees" / EVENTS).is_file()


def test_a_double_click_edits_the_name_and_elsewhere_hides_the_curves(
    qtbot: QtBot, window: MainWindow
) -> None:
    card = window.page.runs_card
    card.table.doubleClicked.emit(card.table.model().index(0, column("Best val acc")))
    assert [row.shown for row in window.runs.rows] == [False, True, True]
    card.table.doubleClicked.emit(card.table.model().index(0, column("Name")))
    assert the(window, QLineEdit, "run_name_edit").text() == "ants"
    assert [row.shown for row in window.runs.rows] == [False, True, True]


def test_two_runs_and_no_other_number_can_be_laid_side_by_side(qtbot: QtBot, window: MainWindow) -> None:
    button = the(window, QAbstractButton, "diff_button")
    for rows, enabled in (((), False), ((0,), False), ((0, 2), True), ((0, 1, 2), False)):
        select(window, *rows)
        assert button.isEnabled() == enabled
        assert bool(button.toolTip()) != enabled
    asked: list[tuple[object, object]] = []
    card = window.page.runs_card
    card.diff_requested.disconnect(window.desk.diff)
    card.diff_requested.connect(lambda *both: asked.append(both))
    select(window, 2, 0)
    click(qtbot, window, "diff_button")
    assert asked == [(window.runs.rows[0].history, window.runs.rows[2].history)], "from the top"


def test_own_runs_go_to_the_bin_once_that_is_confirmed(
    qtbot: QtBot, window: MainWindow, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[str] = []

    def to_the_bin(path: str) -> tuple[bool, str]:
        moved.append(path)
        return True, ""

    monkeypatch.setattr(QFile, "moveToTrash", to_the_bin)
    for name, gone in (("keep", False), ("move_to_bin", True)):
        select(window, 0, 1)
        qtbot.keyClick(runs_table(window), Qt.Key.Key_Delete)
        box = the(window, QMessageBox, "bin_question")
        assert box.text() == "Move 2 runs to the bin?"
        assert "“ants”, “bees”" in box.informativeText()
        assert "MB" in box.informativeText()
        qtbot.mouseClick(the(box, QAbstractButton, name), Qt.MouseButton.LeftButton)
        assert (cells(window, "Name") == ["wasps"]) == gone
        qtbot.waitUntil(lambda: window.findChild(QMessageBox, "bin_question") is None, timeout=PATIENCE)
    assert moved == [str(runs_folder / "ants"), str(runs_folder / "bees")]
    assert len(curves(window, "accuracy_plot")) == 2, "of the one that is left"


def test_where_there_is_no_bin_nothing_is_deleted(
    qtbot: QtBot, window: MainWindow, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFile, "moveToTrash", lambda _path: (False, ""))
    select(window, 0)
    qtbot.keyClick(runs_table(window), Qt.Key.Key_Delete)
    box = the(window, QMessageBox, "bin_question")
    qtbot.mouseClick(the(box, QAbstractButton, "move_to_bin"), Qt.MouseButton.LeftButton)
    assert words_of(window, "message") == "“ants” cannot be moved to the bin."
    assert len(cells(window, "Name")) == 3
    assert (runs_folder / "ants" / EVENTS).is_file()


def test_delete_takes_a_run_from_elsewhere_out_of_the_table_and_nothing_else(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    select(window, 2)
    qtbot.keyClick(runs_table(window), Qt.Key.Key_Delete)
    assert cells(window, "Name") == ["ants", "bees"]
    assert (tmp_path / "elsewhere" / "wasps" / EVENTS).is_file()


def test_a_run_that_goes_on_can_neither_leave_nor_go_to_the_bin(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    steps = (started(), batch(1, 1), gate := Gate(), epoch(1), ended())
    window = ready_window(scripted_job(*steps, stored=True))
    click(qtbot, window, "train_button")
    menu = window.page.runs_card.menu
    menu.look()
    assert not menu.entries["remove"].isEnabled()
    assert not menu.entries["bin"].isEnabled()
    qtbot.keyClick(runs_table(window), Qt.Key.Key_Delete)
    assert window.findChild(QMessageBox, "bin_question") is None
    gate.open()
    wait_idle(qtbot, window)
    menu.look()
    assert menu.entries["bin"].isEnabled()


def test_a_run_that_failed_before_it_had_a_folder_keeps_its_place_and_can_only_leave(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = ready_window(scripted_job(FtguiError("The disk is full.")))
    for _ in range(2):
        click(qtbot, window, "train_button")
        wait_idle(qtbot, window)
    first, second = (row.history.folder for row in window.runs.rows)
    assert first != second
    assert window.keeper.record().runs == ()
    menu = window.page.runs_card.menu
    select(window, 0)
    menu.look()
    assert (menu.entries["remove"].isEnabled(), menu.entries["bin"].isEnabled()) == (True, False)
    qtbot.keyClick(runs_table(window), Qt.Key.Key_Delete)
    assert [row.history.folder for row in window.runs.rows] == [second]


def test_what_another_program_writes_does_not_go_to_the_bin(
    qtbot: QtBot, window: MainWindow, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[str] = []
    monkeypatch.setattr(QFile, "moveToTrash", lambda path: (not moved.append(path), ""))  # type: ignore[func-returns-value]
    select(window, 0, 1)
    qtbot.keyClick(runs_table(window), Qt.Key.Key_Delete)
    with FileLock(runs_folder / "ants" / LOCK):
        click(qtbot, the(window, QMessageBox, "bin_question"), "move_to_bin")
    assert moved == [str(runs_folder / "bees")]
    assert cells(window, "Name") == ["ants", "wasps"]
    assert words_of(window, "message") == "Another program is writing “ants”, so it stays."


def test_the_menu_of_rows_offers_what_can_be_done(qtbot: QtBot, window: MainWindow) -> None:
    menu = window.page.runs_card.menu
    offered = {}
    for rows in ((0,), (0, 1), (0, 2)):
        select(window, *rows)
        menu.look()
        offered[rows] = {name for name, action in menu.entries.items() if not action.isEnabled()}
    assert offered == {
        (0,): {"continue", "diff"},
        (0, 1): {"rename", "folder", "continue"},
        (0, 2): {"rename", "folder", "continue", "bin"},
    }
    menu.entries["toggle"].trigger()
    assert [row.shown for row in window.runs.rows] == [False, True, False]


def test_columns_are_chosen_in_a_menu_and_remembered(qtbot: QtBot, open_window: OpenWindow) -> None:
    first = open_window()
    assert runs_table(first).isColumnHidden(column("Frozen changed"))
    menu = the(first, QMenu, "runs_columns_menu")
    titles = [action.text() for action in menu.actions()]
    assert "Name" not in titles
    for action in menu.actions():
        if action.text() in ("Frozen changed", "Memory"):
            action.trigger()
    first.close()
    second = open_window()
    hidden = [title for title in titles if runs_table(second).isColumnHidden(column(title))]
    assert hidden == ["Memory"]


def test_no_cell_is_cut_but_the_words_of_what_may_move(qtbot: QtBot, window: MainWindow) -> None:
    table = runs_table(window)
    window.runs.setData(window.runs.index(0, 1), "small-lr-seed1-lr0.001")
    window.resize(1000, 640)
    wide = column("What may move")

    def is_wide_enough() -> bool:
        return all(
            table.columnWidth(number) >= table.sizeHintForColumn(number)
            for number in range(table.model().columnCount())
            if number != wide and not table.isColumnHidden(number)
        )

    qtbot.waitUntil(is_wide_enough, timeout=PATIENCE)
    click_cell(qtbot, window, 0, "Name")
    assert cells(window, "Name")[0] == "small-lr-seed1-lr0.001"
