"""The learning rate finder in the window: the search, its cancel, and what is done with its answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QProgressBar, QWidget
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.gui import theme
from ftgui.gui.app import create_window
from ftgui.gui.dialogs.lr_finder import LrFinderDialog, rounded
from ftgui.gui.main_window import MainWindow
from ftgui.gui.widgets.rate_plot import RatePlot, power_text
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import PhaseProgress, RunWarning
from ftgui.training.lr_finder import LrFound, LrTrial
from tests import fixtures
from tests.fixtures import Drawn
from tests.gui.conftest import OpenWindow, end, replace_job
from tests.gui.driving import PATIENCE, click, runs_table, the, type_path, wait_idle, words_of
from tests.gui.scripted import Gate, ended, epoch, scripted_job, started, whole_run

drawn, small_crops = fixtures.drawn, fixtures.small_crops

MINUTES = 240_000
"""Milliseconds that a real search may take where many others share the cores."""

FALLING = (2.0, 2.0, 1.9, 1.2, 0.6, 0.5, 3.0)
"""Losses over rising learning rates; they fall most steeply at the fourth."""


def found(*losses: float, suggested: int | None = None) -> LrFound:
    """An answer over learning rates from 0.0001 up, ten times the one before each; ``suggested`` is one."""
    trials = tuple(
        LrTrial(lr=0.000123 * 10**number, loss=loss + 0.1, smoothed_loss=loss)
        for number, loss in enumerate(losses)
    )
    return LrFound(
        strategy="freeze",
        trials=trials,
        suggestion=None if suggested is None else trials[suggested].lr,
    )


class ScriptedSearch:
    """Takes the place of ``find_learning_rate``: plays its steps, until it is told to stop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *steps: Any) -> None:
        self._steps = steps
        self.configs: list[TrainConfig] = []
        self.ended = threading.Event()
        replace_job(monkeypatch, "lr_find", find_learning_rate=self)

    def __call__(self, config: TrainConfig, control: RunControl) -> Iterator[Any]:
        self.configs.append(config)
        self.ended.clear()
        try:
            for step in self._steps:
                if isinstance(step, Gate):
                    step.hold(control)
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield step
                if control.stopping:
                    return
        finally:
            self.ended.set()


ANSWER = found(*FALLING, suggested=3)


def test_a_learning_rate_is_found_and_used(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    search = ScriptedSearch(
        monkeypatch,
        *(
            PhaseProgress(phase="reading weights", done=0, total=1),
            RunWarning(message="A picture is broken."),
        ),
        *(PhaseProgress(phase="trying learning rates", done=15, total=60), gate, ANSWER),
    )
    window = ready_window()
    config = window.project.config()
    _find(window)
    dialog = _dialog(window)
    assert dialog.isVisible()
    assert not dialog.isModal()
    qtbot.waitUntil(
        lambda: words_of(dialog, "lr_phase") == "trying learning rates 15 of 60", timeout=PATIENCE
    )
    bar = the(dialog, QProgressBar, "lr_progress")
    assert (bar.value(), bar.maximum()) == (15, 60)
    assert not the(dialog, QWidget, "lr_plot").isVisible()
    gate.open()
    _wait_for_answer(qtbot, window)
    assert words_of(dialog, "lr_sentence") == (
        "The loss falls most steeply at 0.12: a good learning rate to start with."
    )
    use = the(dialog, QAbstractButton, "lr_use_button")
    assert (use.text(), use.hasFocus()) == ("Use 0.12", True)
    qtbot.mouseClick(use, Qt.MouseButton.LeftButton)
    assert window.project.config().lr == 0.12
    assert the(window, QLineEdit, "learning_rate").text() == "0.12"
    assert not dialog.isVisible()
    assert search.configs == [config]


def test_the_curve_is_drawn_over_powers_of_ten_with_the_suggestion_on_it(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    ScriptedSearch(monkeypatch, ANSWER)
    window = ready_window()
    _find(window)
    _wait_for_answer(qtbot, window)
    plot = the(_dialog(window), RatePlot, "lr_plot")
    rates = [float(np.log10(trial.lr)) for trial in ANSWER.trials]
    assert [list(axis) for axis in plot.curve.getOriginalDataset()] == [rates, list(FALLING)]
    assert [list(axis) for axis in plot.batches.getData()] == [rates, [loss + 0.1 for loss in FALLING]]
    assert [list(axis) for axis in plot.dot.getData()] == [[rates[3]], [1.2]]
    (left, right), (low, high) = plot.getViewBox().viewRange()
    assert left < rates[0] < rates[-1] < right
    assert low < 0.5 < 3.0 < high
    assert [power_text(power) for power in (-5, -1, 0, 1)] == ["0.00001", "0.1", "1", "10"]


def test_the_curve_follows_the_theme(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    ScriptedSearch(monkeypatch, ANSWER)
    window = ready_window()
    the(window, QAction, "action_theme_light").trigger()
    _find(window)
    _wait_for_answer(qtbot, window)
    plot = the(_dialog(window), RatePlot, "lr_plot")
    light = plot.curve.opts["pen"].color().name()
    the(window, QAction, "action_theme_dark").trigger()
    assert (light, plot.curve.opts["pen"].color().name()) == (
        *(tokens.run_colours[0].lower() for tokens in (theme.LIGHT, theme.DARK)),
    )


def test_a_loss_that_never_falls_leaves_nothing_to_use(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    ScriptedSearch(monkeypatch, found(2.0, 2.1, 2.2, 2.3, 2.4))
    window = ready_window()
    _find(window)
    _wait_for_answer(qtbot, window)
    dialog = _dialog(window)
    assert words_of(dialog, "lr_sentence").startswith("No learning rate brought the loss down.")
    assert not the(dialog, QAbstractButton, "lr_use_button").isVisible()
    assert the(dialog, QWidget, "lr_plot").isVisible()
    click(qtbot, dialog, "lr_close_button")
    assert not dialog.isVisible()
    assert window.project.config().lr is None


def test_a_search_that_fails_says_why_where_it_was_asked_for(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    ScriptedSearch(monkeypatch, FtguiError("The memory is not enough.", "Choose a smaller batch size."))
    window = ready_window()
    _find(window)
    dialog = _dialog(window)
    _wait_for_answer(qtbot, window)
    assert words_of(dialog, "lr_sentence") == "The memory is not enough. Choose a smaller batch size."
    assert the(dialog, QWidget, "lr_sentence").property("kind") == "error"
    assert the(dialog, QAbstractButton, "lr_close_button").text() == "Close"
    assert the(window, QAbstractButton, "train_button").isEnabled()


@pytest.mark.parametrize("by", ["button", "escape", "closing it"])
def test_closing_the_dialog_cancels_the_search(
    by: str, qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    search = ScriptedSearch(monkeypatch, gate, ANSWER)
    window = ready_window()
    _find(window)
    dialog = _dialog(window)
    qtbot.waitUntil(gate.reached.is_set, timeout=PATIENCE)
    if by == "button":
        click(qtbot, dialog, "lr_close_button")
    elif by == "escape":
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    else:
        dialog.close()
    assert not dialog.isVisible()
    qtbot.waitUntil(lambda: not window.search.is_active, timeout=PATIENCE)
    assert search.ended.is_set()
    assert the(window, QAbstractButton, "train_button").isEnabled()
    assert window.findChildren(LrFinderDialog) == []


def test_training_waits_for_the_search_and_the_search_for_training(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    searching, training = Gate(), Gate()
    search = ScriptedSearch(monkeypatch, searching, ANSWER)
    job = scripted_job(started(), epoch(1), training, ended())
    window = ready_window(job)
    find, train = the(window, QAction, "action_find_lr"), the(window, QAction, "action_train")
    assert (find.isEnabled(), train.isEnabled()) == (True, True)
    _find(window)
    assert (find.isEnabled(), train.isEnabled()) == (False, False)
    assert not the(window, QAbstractButton, "train_button").isEnabled()
    for start in (window.train, window.find_learning_rate):
        start()
    searching.open()
    _wait_for_answer(qtbot, window)
    click(qtbot, window, "train_button")
    assert (find.isEnabled(), train.isEnabled()) == (False, False)
    window.find_learning_rate()
    training.open()
    wait_idle(qtbot, window)
    assert (find.isEnabled(), train.isEnabled()) == (True, True)
    assert (len(search.configs), len(job.calls)) == (1, 1)


def test_a_stopped_run_goes_on_only_once_the_search_is_over(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    ScriptedSearch(monkeypatch, gate, ANSWER)
    window = ready_window(scripted_job(started(), epoch(1)))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    go_on = the(window, QAbstractButton, "continue_button")
    assert go_on.isEnabled()
    _find(window)
    assert (go_on.isEnabled(), go_on.toolTip()) == (False, "A learning rate is being looked for.")
    gate.open()
    _wait_for_answer(qtbot, window)
    assert go_on.isEnabled()


def test_a_second_search_takes_the_place_of_the_first(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    ScriptedSearch(monkeypatch, ANSWER)
    window = ready_window()
    for _ in range(2):
        _find(window)
        _wait_for_answer(qtbot, window)
    assert [dialog.isVisible() for dialog in window.findChildren(LrFinderDialog)] == [True]


def test_there_is_nothing_to_search_with_before_all_is_ready(open_window: OpenWindow) -> None:
    window = open_window()
    assert not the(window, QAction, "action_find_lr").isEnabled()
    window.find_learning_rate()
    assert window.findChildren(LrFinderDialog) == []
    assert not window.search.is_active


@pytest.mark.parametrize("is_done", [False, True], ids=["during the search", "after it"])
def test_closing_the_window_closes_the_finder_and_ends_the_search(
    is_done: bool, qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    search = ScriptedSearch(monkeypatch, *(() if is_done else (gate,)), ANSWER)
    window = ready_window(scripted_job(*whole_run()))
    _find(window)
    qtbot.waitUntil(search.ended.is_set if is_done else gate.reached.is_set, timeout=PATIENCE)
    dialog = _dialog(window)
    assert window.close()
    assert not window.isVisible()
    assert not dialog.isVisible()
    assert not window.search.is_active
    assert search.ended.is_set()


def test_a_learning_rate_is_said_with_the_two_figures_that_are_known() -> None:
    assert [rounded(rate) for rate in (0.0031622, 0.01, 1.2345, 0.00012345)] == [0.0032, 0.01, 1.2, 0.00012]


@pytest.mark.usefixtures("small_crops")
def test_a_real_search_suggests_a_learning_rate_and_writes_nothing(
    qtbot: QtBot, tmp_path: Any, drawn: Drawn
) -> None:
    window = create_window(runs_folder=tmp_path / "runs")
    try:
        window.show()
        type_path(qtbot, window, "dataset_path", drawn.data)
        type_path(qtbot, window, "weights_path", drawn.weights)
        qtbot.waitUntil(the(window, QAbstractButton, "train_button").isEnabled, timeout=MINUTES)
        window.project.set_setting("batch_size", 8)
        _find(window)
        dialog = _dialog(window)
        qtbot.waitUntil(lambda: words_of(dialog, "lr_sentence") != "", timeout=MINUTES)
        qtbot.waitUntil(lambda: not window.search.is_active, timeout=MINUTES)
        assert words_of(dialog, "lr_sentence").startswith("The loss falls most steeply at")
        click(qtbot, dialog, "lr_use_button")
        rate = window.project.config().lr
        assert rate is not None
        assert 1e-5 <= rate <= 10
        assert not (tmp_path / "runs").exists()
        assert runs_table(window).model().rowCount() == 0
    finally:
        end(window)


# ------------------------------------------------------------------------------------------------------------


def _find(window: MainWindow) -> None:
    the(window, QAction, "action_find_lr").trigger()


def _dialog(window: MainWindow) -> LrFinderDialog:
    (dialog,) = [each for each in window.findChildren(LrFinderDialog) if each.isVisible()]
    return dialog


def _wait_for_answer(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until the search is over and its dialog says so."""
    qtbot.waitUntil(lambda: words_of(_dialog(window), "lr_sentence") != "", timeout=PATIENCE)
    assert not window.search.is_active
    assert QApplication.activeModalWidget() is None
