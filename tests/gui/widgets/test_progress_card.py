"""The card of the live run shows its state and asks for pause, resume and stop."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QLabel, QProgressBar, QToolButton
from pytestqt.qtbot import QtBot

from ftgui.gui.widgets.progress_card import ProgressCard, ProgressState
from ftgui.gui.widgets.text import Chip, ElidedText


@pytest.fixture
def card(qtbot: QtBot) -> ProgressCard:
    made = ProgressCard()
    qtbot.addWidget(made)
    made.resize(700, 80)
    made.show()
    return made


def _click(card: ProgressCard, name: str, qtbot: QtBot) -> None:
    button = card.findChild(QToolButton, name)
    assert button is not None
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize(
    ("state", "can_ask"),
    [
        ("idle", False),
        ("running", True),
        ("paused", True),
        ("stopping", False),
        ("done", False),
        ("failed", False),
    ],
)
def test_only_a_live_run_can_be_paused_and_stopped(
    card: ProgressCard, state: ProgressState, can_ask: bool
) -> None:
    card.set_state(state)
    assert (card.pause_button.isEnabled(), card.stop_button.isEnabled()) == (can_ask, can_ask)
    assert card.state() == state


def test_pause_becomes_resume_and_back(card: ProgressCard, qtbot: QtBot) -> None:
    card.set_state("running")
    with qtbot.waitSignal(card.pause_requested):
        _click(card, "pause_button", qtbot)
    assert card.state() == "running", "only the page says that the run is paused"
    card.set_state("paused")
    assert card.pause_button.accessibleName() == card.pause_button.toolTip() == "Resume"
    with qtbot.waitSignal(card.resume_requested):
        _click(card, "pause_button", qtbot)
    card.set_state("running")
    assert card.pause_button.accessibleName() == "Pause"


def test_stop_is_asked_for_also_while_paused(card: ProgressCard, qtbot: QtBot) -> None:
    card.set_state("paused")
    with qtbot.waitSignal(card.stop_requested):
        _click(card, "stop_button", qtbot)


@pytest.mark.parametrize(("fraction", "value"), [(0.0, 0), (0.5, 500), (1.0, 1000), (-3.0, 0), (1.7, 1000)])
def test_the_bar_shows_how_much_is_done(card: ProgressCard, fraction: float, value: int) -> None:
    bar = card.findChild(QProgressBar, "progress")
    assert bar is not None
    card.set_progress("epoch 5 of 10", fraction)
    assert (bar.value(), bar.maximum()) == (value, 1000)
    assert card.sentence() == "epoch 5 of 10"


def test_unknown_progress_moves_until_the_run_ends(card: ProgressCard) -> None:
    card.set_state("running")
    card.set_progress("reading weights", None)
    assert card.bar.maximum() == 0
    card.set_state("failed")
    assert card.bar.maximum() > 0


def test_the_best_so_far_is_shown_once_there_is_one(card: ProgressCard) -> None:
    chip = card.findChild(Chip, "best_chip")
    assert chip is not None
    assert not chip.isVisible()
    card.set_best("best 0.928 at epoch 6")
    assert (chip.isVisible(), chip.text()) == (True, "best 0.928 at epoch 6")


def test_a_sentence_too_long_is_cut_and_kept_as_tooltip(card: ProgressCard) -> None:
    words = "a sentence that goes on and on " * 10
    card.set_progress(words, 0.1)
    card.grab()
    label = card.findChild(ElidedText, "progress_sentence")
    assert label is not None
    assert words in label.toolTip()
    assert card.minimumSizeHint().width() < 500


def test_what_changes_many_times_a_second_moves_nothing_around_it(
    card: ProgressCard,
) -> None:
    """Each new layout of the page would cost as much as painting it."""
    card.set_state("running")
    card.set_progress("epoch 1 of 10", 0.1)
    QApplication.sendPostedEvents()
    asked: list[str] = []

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.LayoutRequest:
                asked.append(watched.objectName())
            return False

    watch = Watch()
    card.installEventFilter(watch)
    card.set_state("running")
    card.set_progress("epoch 2 of 10 and a good deal longer than before", 0.2)
    QApplication.sendPostedEvents()
    card.removeEventFilter(watch)
    assert asked == []
    label = card.findChild(QLabel, "progress_sentence")
    assert label is not None
    assert label.text() == label.accessibleName() == "epoch 2 of 10 and a good deal longer than before"
