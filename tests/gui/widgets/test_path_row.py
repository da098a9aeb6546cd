"""A path is typed or chosen, said once, and commented on below."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from ftgui.gui.widgets.path_row import PathRow


@pytest.fixture
def row(qtbot: QtBot) -> PathRow:
    made = PathRow(object_name="dataset_path", button_name="choose_dataset", accessible_name="Folder")
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def heard(row: PathRow) -> list[str]:
    paths: list[str] = []
    row.path_entered.connect(paths.append)
    return paths


def test_a_path_is_said_when_enter_is_pressed_and_not_before(
    row: PathRow, heard: list[str], qtbot: QtBot
) -> None:
    qtbot.keyClicks(row.edit, "/photos ")
    assert heard == []
    qtbot.keyClick(row.edit, Qt.Key.Key_Return)
    assert heard == ["/photos"]


def test_the_same_path_is_said_once(row: PathRow, heard: list[str], qtbot: QtBot) -> None:
    row.enter_path("/photos")
    for _ in range(2):
        qtbot.keyClick(row.edit, Qt.Key.Key_Return)
    assert heard == ["/photos"]
    row.enter_path("/others")
    assert heard == ["/photos", "/others"]


def test_a_path_the_program_shows_is_not_said(row: PathRow, heard: list[str], qtbot: QtBot) -> None:
    row.set_path("/photos")
    qtbot.keyClick(row.edit, Qt.Key.Key_Return)
    assert (row.path(), heard) == ("/photos", [])


def test_typing_is_not_disturbed_by_the_state_shown_again(row: PathRow, qtbot: QtBot) -> None:
    row.set_path("/photos")
    qtbot.keyClicks(row.edit, "/bees")
    row.set_path("/photos")
    assert row.path() == "/photos/bees"
    row.set_path("/else")
    assert row.path() == "/else"


def test_the_button_asks_to_choose(row: PathRow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(row.choose_clicked):
        qtbot.mouseClick(row.button, Qt.MouseButton.LeftButton)


def test_scripts_and_screen_readers_find_edit_and_button(row: PathRow) -> None:
    assert (row.edit.objectName(), row.button.objectName()) == ("dataset_path", "choose_dataset")
    assert row.edit.accessibleName() == "Folder"
    assert row.button.accessibleName() == "Choose: Folder"


def _shown_labels(row: PathRow) -> list[str]:
    return [label.text() for label in row.findChildren(QLabel) if label.isVisible()]


def test_facts_and_status_are_shown_while_there_is_something_to_say(row: PathRow) -> None:
    assert _shown_labels(row) == []
    row.set_facts("244 train · 2 classes")
    row.set_status("error", "There is no such folder.")
    assert _shown_labels(row) == ["244 train · 2 classes", "There is no such folder."]
    assert row.status() == ("error", "There is no such folder.")
    row.clear_notes()
    assert _shown_labels(row) == []


def test_a_name_that_looks_like_markup_is_shown_as_it_is(row: PathRow) -> None:
    row.set_status("ok", "<b>bees</b>")
    label = next(label for label in row.findChildren(QLabel) if label.text() == "<b>bees</b>")
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_a_long_sentence_wraps_instead_of_making_the_row_wide(row: PathRow) -> None:
    row.resize(300, row.height())
    wide = row.minimumSizeHint().width()
    row.set_status("warning", "a sentence that goes on and on " * 10)
    assert row.minimumSizeHint().width() <= wide + 20
    assert row.heightForWidth(300) > row.heightForWidth(3000)
