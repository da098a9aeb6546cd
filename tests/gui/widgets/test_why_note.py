"""“Why?” opens a note and folds it, and is not there where there is nothing to say."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel
from pytestqt.qtbot import QtBot

from ftgui.gui.widgets.why_note import WhyNote


@pytest.fixture
def note(qtbot: QtBot) -> WhyNote:
    made = WhyNote("Measured: 0.9.", about="Freeze extractor", object_name="why_freeze")
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    return made


def test_the_note_is_opened_and_folded_by_a_click_and_by_keys(note: WhyNote, qtbot: QtBot) -> None:
    button, label = note.findChild(QAbstractButton, "why_freeze"), note.findChild(QLabel)
    assert isinstance(button, QAbstractButton)
    assert isinstance(label, QLabel)
    seen = [label.isVisible()]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    seen.append(label.isVisible())
    button.setFocus()
    for _ in range(2):
        qtbot.keyClick(button, Qt.Key.Key_Space)
        seen.append(label.isVisible())
    assert seen == [False, True, False, True]


def test_screen_readers_hear_what_the_note_is_about_and_once_it_is_open_what_it_says(note: WhyNote) -> None:
    button = note.findChild(QAbstractButton, "why_freeze")
    assert isinstance(button, QAbstractButton)
    assert button.text() == "Why?"
    assert button.accessibleName() == "Why? Freeze extractor"
    assert button.accessibleDescription() == ""
    button.click()
    assert button.accessibleDescription() == "Measured: 0.9."
    note.set_text("Measured: 0.8.")
    assert button.accessibleDescription() == "Measured: 0.8."


def test_without_words_there_is_no_button(note: WhyNote) -> None:
    note.set_text("")
    assert not note.isVisible()
    note.set_text("Measured: 0.8.")
    assert note.isVisible()
