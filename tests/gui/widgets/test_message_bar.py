"""Messages say what is wrong, what to do, and the details to who asks."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.gui.widgets.message_bar import MessageBar

ERROR = FtguiError("The disk is full.", "Make room and resume.", "OSError: 28")


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    """What holds the widgets: pytest-qt does not, and a child dies with its parent."""
    made = QWidget()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def bar(page: QWidget) -> MessageBar:
    page.resize(500, 300)
    made = MessageBar(parent=page)
    made.resize(480, 250)
    page.show()
    return made


def _part(bar: MessageBar, name: str) -> QWidget:
    part = bar.findChild(QWidget, name)
    assert isinstance(part, QWidget)
    return part


def _click(bar: MessageBar, name: str, qtbot: QtBot) -> None:
    button = _part(bar, name)
    assert isinstance(button, QAbstractButton)
    assert button.isVisible()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_it_is_hidden_until_there_is_something_to_say(bar: MessageBar) -> None:
    assert not bar.isVisible()
    bar.show_error(ERROR)
    assert bar.isVisible()
    assert (bar.message(), bar.hint()) == ("The disk is full.", "Make room and resume.")
    assert bar.property("kind") == "error"
    assert bar.accessibleName() == "The disk is full. Make room and resume."


def test_details_wait_until_they_are_asked_for(bar: MessageBar, qtbot: QtBot) -> None:
    bar.show_error(ERROR)
    details = _part(bar, "message_details")
    assert isinstance(details, QPlainTextEdit)
    assert not details.isVisible()
    _click(bar, "message_details_button", qtbot)
    assert (details.isVisible(), details.toPlainText()) == (True, "OSError: 28")
    _click(bar, "message_copy_button", qtbot)
    assert QApplication.clipboard().text() == "The disk is full.\nMake room and resume.\nOSError: 28"


def test_a_new_message_begins_with_its_details_closed(bar: MessageBar, qtbot: QtBot) -> None:
    bar.show_error(ERROR)
    _click(bar, "message_details_button", qtbot)
    bar.show_error(FtguiError("Another.", "", "more"))
    assert not _part(bar, "message_details").isVisible()
    bar.show_info("All is well.")
    assert not _part(bar, "message_details_button").isVisible()
    assert not _part(bar, "hint").isVisible()


def test_closing_it_is_said_and_clearing_it_is_not(bar: MessageBar, qtbot: QtBot) -> None:
    closed: list[bool] = []
    bar.closed.connect(lambda: closed.append(True))
    bar.show_warning("12 pictures could not be read.")
    bar.clear()
    assert (bar.isVisible(), bar.message(), closed) == (False, "", [])
    bar.show_warning("12 pictures could not be read.")
    _click(bar, "message_close_button", qtbot)
    assert (bar.isVisible(), closed) == (False, [True])


def test_an_action_is_offered_where_one_helps(bar: MessageBar, qtbot: QtBot) -> None:
    bar.show_error(ERROR)
    assert not _part(bar, "message_action").isVisible()
    bar.show_error(ERROR, action="Choose another folder…")
    with qtbot.waitSignal(bar.action_clicked):
        _click(bar, "message_action", qtbot)
