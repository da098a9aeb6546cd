"""A run in the window: curves, progress, the table, pause and stop, and what goes wrong."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QThread, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.gui import main_window, theme
from ftgui.gui.main_window import MainWindow
from ftgui.gui.sessions.training import TrainingState
from ftgui.gui.widgets.live_plot import LivePlot
from ftgui.runs.history import RunHistory, RunState
from ftgui.training.events import Reason, RunWarning
from tests.gui.conftest import OpenWindow, make_ready
from tests.gui.driving import (
    PATIENCE,
    cells,
    click,
    click_cell,
    click_header,
    curve,
    curves,
    runs_table,
    the,
    type_path,
    wait_idle,
    words_of,
)
from tests.gui.scripted import (
    Gate,
    batch,
    ended,
    epoch,
    phase,
    scripted_job,
    scripted_jobs,
    started,
    whole_run,
)

BUTTONS = ("train_button", "pause_button", "stop_button", "export_button", "continue_button")


def test_a_run_draws_the_curves_of_training_and_validation(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window(
        scripted_job(
            *(started(), batch(1, 1), batch(1, 2), epoch(1, 0.7, loss=0.8)),
            *(batch(2, 1), batch(2, 2), epoch(2, 0.9, loss=0.4), ended()),
        )
    )
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert curve(window, "loss_plot", solid=False).points == ((1.0, 0.8), (2.0, 0.4))
    assert curve(window, "loss_plot", solid=True).points == ((1.0, 0.4), (2.0, 0.2))
    assert curve(window, "accuracy_plot", solid=False).points == ((1.0, 0.75), (2.0, 0.75))
    assert curve(window, "accuracy_plot", solid=True).points == ((1.0, 0.7), (2.0, 0.9))


def test_curves_can_be_seen_over_seconds_in_both_plots_at_once(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window(scripted_job(started(), epoch(1, 0.7), epoch(2, 0.8), ended()))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    click(qtbot, window, "loss_plot_over_seconds")
    for plot in ("loss_plot", "accuracy_plot"):
        assert [x for x, _ in curve(window, plot, solid=True).points] == [1.5, 3.0]
        assert [x for x, _ in curve(window, plot, solid=False).points] == [1.5, 3.0]
    click(qtbot, window, "accuracy_plot_over_epochs")
    for plot in ("loss_plot", "accuracy_plot"):
        assert [x for x, _ in curve(window, plot, solid=True).points] == [1.0, 2.0]
    assert the(window, QAbstractButton, "loss_plot_over_epochs").isChecked()


def test_the_training_curve_grows_within_an_epoch(qtbot: QtBot, ready_window: OpenWindow) -> None:
    early, half = Gate(), Gate()
    window = ready_window(
        scripted_job(
            *(started(), epoch(1, loss=0.8), batch(2, 1, 4, loss=0.66), early),
            *(batch(2, 2, 4, loss=0.6), half, ended(Reason.STOPPED)),
        )
    )
    click(qtbot, window, "train_button")
    _wait_for_words(qtbot, window, "progress_sentence", _batch_words(1, 4, epoch=2))
    assert curve(window, "loss_plot", solid=False).points == ((1.0, 0.8),), "too early to mean anything"
    early.open()
    _wait_for_words(qtbot, window, "progress_sentence", _batch_words(2, 4, epoch=2))
    assert curve(window, "loss_plot", solid=False).points == ((1.0, 0.8), (1.5, 0.6))
    half.open()
    wait_idle(qtbot, window)
    assert curve(window, "loss_plot", solid=False).points == ((1.0, 0.8),), "an epoch that never ended"


def test_the_x_axis_begins_at_the_first_epoch_once_every_run_shown_has_one(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    gate = Gate()
    window = ready_window(scripted_jobs(whole_run(0.8), (started(), batch(1, 1), gate, epoch(1), ended())))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert _first_x(window) == 1
    click(qtbot, window, "train_button")
    qtbot.waitUntil(lambda: _first_x(window) == 0, timeout=PATIENCE)
    gate.open()
    wait_idle(qtbot, window)
    assert _first_x(window) == 1


def test_a_zoom_of_the_users_own_outlives_the_next_epoch(qtbot: QtBot, ready_window: OpenWindow) -> None:
    gate = Gate()
    window = ready_window(scripted_job(started(), epoch(1), gate, batch(2, 2), epoch(2, 0.9), ended()))
    click(qtbot, window, "train_button")
    qtbot.waitUntil(lambda: len(curves(window, "loss_plot")) == 2, timeout=PATIENCE)
    the(window, LivePlot, "loss_plot").canvas.setXRange(3, 4, padding=0)
    gate.open()
    wait_idle(qtbot, window)
    assert _x_range(window) == [3, 4]


def test_the_plots_say_what_to_do_while_there_is_nothing_to_see(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, weights: Path
) -> None:
    window = open_window(scripted_job(*whole_run(), stored=True))
    assert _plots_say(window) == "Curves appear here while a run trains."
    assert words_of(window, "progress_sentence") == "Choose pictures and weights on the left to begin."
    make_ready(qtbot, window, pictures, weights)
    assert _plots_say(window) == "Press Train."
    assert words_of(window, "progress_sentence") == "All is ready: press Train."
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert _plots_say(window) == ""
    click_cell(qtbot, window, 0, "")
    assert _plots_say(window) == "No run is ticked in the table below."
    click_cell(qtbot, window, 0, "")
    assert _plots_say(window) == ""


def test_the_demo_is_offered_while_nothing_else_was_begun(
    qtbot: QtBot, open_window: OpenWindow, finished_run: Path, pictures: Path
) -> None:
    window = open_window()
    demo = the(window, QAbstractButton, "open_demo_button")
    assert demo.isVisible()
    type_path(qtbot, window, "dataset_path", pictures)
    assert not demo.isVisible()
    type_path(qtbot, window, "dataset_path", "")
    assert demo.isVisible()
    window.add_run(finished_run)
    assert not demo.isVisible()


def test_the_demo_is_one_click_away(
    qtbot: QtBot, open_window: OpenWindow, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main_window, "demo_weights", lambda: weights)
    window = open_window()
    click(qtbot, window, "open_demo_button")
    qtbot.waitUntil(the(window, QAbstractButton, "train_button").isEnabled, timeout=PATIENCE)
    assert not the(window, QAbstractButton, "open_demo_button").isVisible()


def test_the_bar_takes_its_colour_from_how_the_run_stands(qtbot: QtBot, ready_window: OpenWindow) -> None:
    preparing, training = Gate(), Gate()
    window = ready_window(scripted_job(preparing, started(), batch(1, 1), training, batch(1, 2), ended()))
    bar = the(window, QProgressBar, "progress")
    kinds = [bar.property("kind")]
    click(qtbot, window, "train_button")
    kinds.append(bar.property("kind"))
    preparing.open()
    _wait_for_words(qtbot, window, "progress_sentence", _batch_words(1))
    kinds.append(bar.property("kind"))
    click(qtbot, window, "stop_button")
    kinds.append(bar.property("kind"))
    wait_idle(qtbot, window)
    kinds.append(bar.property("kind"))
    assert kinds == ["idle", "preparing", "running", "stopping", "stopped"]


def test_the_last_validation_still_has_its_share_of_the_bar(qtbot: QtBot, ready_window: OpenWindow) -> None:
    """The script's epochs take a third of their time for validation."""
    gate = Gate()
    epochs = [event for number in range(1, 10) for event in (batch(number, 2), epoch(number))]
    window = ready_window(scripted_job(started(), *epochs, batch(10, 2), gate, epoch(10), ended()))
    bar = the(window, QProgressBar, "progress")
    click(qtbot, window, "train_button")
    _wait_for_words(qtbot, window, "progress_sentence", _batch_words(2, epoch=10))
    assert bar.value() == pytest.approx((9 + 2 / 3) / 10 * bar.maximum(), abs=1)
    gate.open()
    wait_idle(qtbot, window)
    assert bar.value() == bar.maximum()


def test_the_progress_line_says_what_goes_on_from_the_first_moment_to_the_last(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    gates = [Gate() for _ in range(5)]
    window = ready_window(
        scripted_job(
            *(gates[0], phase("decoding pictures", 3, 8), gates[1], started()),
            *(batch(1, 1, 4, seconds_left=38.2), gates[2], phase("validating", 1, 3), gates[3]),
            *(epoch(1, 0.928), gates[4], ended(message="Training is complete.")),
        )
    )
    bar = the(window, QProgressBar, "progress")
    click(qtbot, window, "train_button")
    assert words_of(window, "run_name") == "freeze"
    assert words_of(window, "progress_sentence") == "getting ready …"
    assert bar.maximum() == 0, "the bar shows that something goes on, and no figure that nobody knows"
    for gate, words, done in (
        (gates[0], "decoding pictures 3 of 8", 3 / 8),
        (gates[1], "epoch 1 of 10 · 38 s left · batch 1 of 4 · 312 pictures/s", 0.75 * 0.25 / 10),
        (gates[2], "epoch 1 of 10 · 38 s left · validating · 312 pictures/s", 0.75 * 0.25 / 10),
    ):
        gate.open()
        _wait_for_words(qtbot, window, "progress_sentence", words)
        assert bar.value() == pytest.approx(done * bar.maximum(), abs=1)
    assert words_of(window, "best_chip") == ""
    gates[3].open()
    _wait_for_words(qtbot, window, "best_chip", "best 0.928 (0.86 – 0.96) of 100 at epoch 1")
    gates[4].open()
    wait_idle(qtbot, window)
    assert words_of(window, "progress_sentence") == "Training is complete."
    assert bar.value() == bar.maximum() > 0


def test_a_run_is_a_row_of_figures(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window(scripted_job(*whole_run(0.7, 0.9, 0.8, seconds=72.0, val_pictures=100)))
    click(qtbot, window, "strategy_small_lr")
    click(qtbot, window, "train_button")
    assert cells(window, "State") == ["preparing"]
    wait_idle(qtbot, window)
    titles = ("Name", "What may move", "Best val acc", "Time", "State")
    assert {title: cells(window, title) for title in titles} == {
        "Name": ["small-lr"],
        "What may move": ["Small learning rate × 0.1"],
        "Best val acc": ["0.900"],
        "Time": ["1 min 12 s"],
        "State": ["done"],
    }
    assert cells(window, "95 % interval") == ["0.83–0.94 of 100"]
    assert cells(window, "Learning") == ["1,026"]
    assert cells(window, "Frozen changed") == ["0 of 120"]
    assert cells(window, "Memory") == ["1.2 GB"]


def test_each_button_can_be_pressed_exactly_when_it_means_something(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    gate, last = Gate(), Gate()
    window = ready_window(scripted_job(started(), batch(1, 1), epoch(1), gate, batch(2, 1), last, ended()))
    assert _enabled(window) == {"train_button"}
    click(qtbot, window, "train_button")
    assert _enabled(window) == {"pause_button", "stop_button"}
    qtbot.waitUntil(lambda: cells(window, "Best val acc") == ["0.800"], timeout=PATIENCE)
    assert _enabled(window) == {"pause_button", "stop_button"}
    click(qtbot, window, "pause_button")
    assert _enabled(window) == {"pause_button", "stop_button"}
    click(qtbot, window, "stop_button")
    assert window.training.state is TrainingState.STOPPING
    assert _enabled(window) == set()
    assert words_of(window, "progress_sentence") == "stopping after this batch …"
    wait_idle(qtbot, window)
    assert _enabled(window) == {"train_button", "export_button", "continue_button"}


@pytest.mark.parametrize("by", ["button", "menu"])
def test_a_pause_holds_the_run_until_it_is_resumed(by: str, qtbot: QtBot, ready_window: OpenWindow) -> None:
    gate = Gate()
    job = scripted_job(started(), batch(1, 1), gate, batch(1, 2), epoch(1), ended())
    window = ready_window(job)

    def toggle() -> None:
        if by == "button":
            click(qtbot, window, "pause_button")
        else:
            the(window, QAction, "action_pause").trigger()

    click(qtbot, window, "train_button")
    _wait_for_words(qtbot, window, "progress_sentence", _batch_words(1))
    toggle()
    assert the(window, QAbstractButton, "pause_button").accessibleName() == "Resume"
    assert words_of(window, "progress_sentence") == _batch_words(1, left="paused")
    gate.open()
    qtbot.waitUntil(job.holding.is_set, timeout=PATIENCE)
    QApplication.processEvents()
    assert job.played == ["RunStarted", "BatchEnded"]
    assert window.training.state is TrainingState.PAUSED
    toggle()
    assert the(window, QAbstractButton, "pause_button").accessibleName() == "Pause"
    wait_idle(qtbot, window)
    assert job.played == [
        *("RunStarted", "BatchEnded", "BatchEnded", "CheckpointSaved", "EpochEnded", "RunEnded")
    ]
    assert cells(window, "State") == ["done"]


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_stop_ends_the_run_with_the_best_weights_so_far(
    paused: bool, qtbot: QtBot, ready_window: OpenWindow
) -> None:
    gate = Gate()
    job = scripted_job(started(), batch(1, 1), epoch(1, 0.8), gate, batch(2, 1), epoch(2, 0.9), ended())
    window = ready_window(job)
    click(qtbot, window, "train_button")
    qtbot.waitUntil(lambda: cells(window, "Best val acc") == ["0.800"], timeout=PATIENCE)
    if paused:
        click(qtbot, window, "pause_button")
        gate.open()
        qtbot.waitUntil(job.holding.is_set, timeout=PATIENCE)
    click(qtbot, window, "stop_button")
    wait_idle(qtbot, window)
    assert cells(window, "State") == ["stopped"]
    assert cells(window, "Best val acc") == ["0.800"]
    assert (
        words_of(window, "progress_sentence")
        == "Training was stopped. The best weights, of epoch 1, are kept."
    )
    assert words_of(window, "best_chip") == "best 0.800 (0.71 – 0.87) of 100 at epoch 1"
    assert "BatchEnded" not in job.played[3:]


def test_no_second_run_starts_while_one_goes_on(qtbot: QtBot, ready_window: OpenWindow) -> None:
    gate = Gate()
    job = scripted_job(started(), gate, *whole_run())
    window = ready_window(job)
    click(qtbot, window, "train_button")
    train = the(window, QAbstractButton, "train_button")
    qtbot.mouseClick(train, Qt.MouseButton.LeftButton)
    qtbot.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    the(window, QAction, "action_train").trigger()
    window.train()
    click(qtbot, window, "strategy_small_lr")
    assert not train.isEnabled()
    assert words_of(window, "ready_line") == "A run is going on; the next can start when it ends."
    gate.open()
    wait_idle(qtbot, window)
    assert len(job.calls) == 1
    assert len(cells(window, "Name")) == 1
    assert train.isEnabled()


def test_what_is_set_up_during_a_run_does_not_touch_the_run(qtbot: QtBot, ready_window: OpenWindow) -> None:
    gate = Gate()
    job = scripted_job(started(), gate, *whole_run())
    window = ready_window(job)
    click(qtbot, window, "train_button")
    click(qtbot, window, "strategy_small_lr")
    gate.open()
    wait_idle(qtbot, window)
    assert cells(window, "What may move") == ["Freeze extractor"]
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert cells(window, "What may move") == ["Freeze extractor", "Small learning rate × 0.1"]


def test_runs_overlay_each_in_a_colour_and_a_folder_of_its_own(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    job = scripted_job(*whole_run(), stored=True)
    window = ready_window(job)
    for _ in range(2):
        click(qtbot, window, "train_button")
        wait_idle(qtbot, window)
    colours = [theme.run_colour(number).name() for number in (0, 1)]
    for plot in ("loss_plot", "accuracy_plot"):
        drawn = curves(window, plot)
        assert [each.colour for each in drawn if each.solid] == colours
        assert [each.colour for each in drawn if not each.solid] == colours
    assert cells(window, "Name") == ["freeze", "freeze 2"]
    assert len({call.folder for call in job.calls}) == 2


def test_an_unticked_runs_curves_go_and_come_back_with_the_tick(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window(scripted_job(*whole_run(), stored=True))
    for _ in range(2):
        click(qtbot, window, "train_button")
        wait_idle(qtbot, window)
    first, second = (theme.run_colour(number).name() for number in (0, 1))
    click_cell(qtbot, window, 0, "")
    for plot in ("loss_plot", "accuracy_plot"):
        assert {each.colour for each in curves(window, plot)} == {second}
    click_cell(qtbot, window, 0, "")
    for plot in ("loss_plot", "accuracy_plot"):
        assert {each.colour for each in curves(window, plot)} == {first, second}


def test_an_unticked_run_stays_hidden_while_it_goes_on(qtbot: QtBot, ready_window: OpenWindow) -> None:
    gate = Gate()
    window = ready_window(
        scripted_job(started(), epoch(1), gate, batch(2, 1), epoch(2, 0.9), ended(), stored=True)
    )
    click(qtbot, window, "train_button")
    qtbot.waitUntil(lambda: len(curves(window, "loss_plot")) == 2, timeout=PATIENCE)
    click_cell(qtbot, window, 0, "")
    gate.open()
    wait_idle(qtbot, window)
    assert curves(window, "loss_plot") == []


SORTED_BY = {
    "Best val acc": ["freeze", "freeze 3", "freeze 2"],  # 0.9281, 0.9283, 0.9284: the same three digits
    "Time": ["freeze 3", "freeze", "freeze 2"],  # 5.0 s, 12 s, 3 min 20 s: as text 12, 3, 5
    "Learning": ["freeze", "freeze 2", "freeze 3"],  # 900, 11.2 M, 25.6 M: as text 11, 25, 900
    "Name": ["freeze", "freeze 2", "freeze 3"],
}


def test_runs_sort_by_their_figures_as_numbers(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window(
        scripted_jobs(
            whole_run(0.9281, seconds=12.0, trainable=900),
            whole_run(0.9284, seconds=200.0, trainable=11_200_000),
            whole_run(0.9283, seconds=5.0, trainable=25_600_000),
        )
    )
    for _ in range(3):
        click(qtbot, window, "train_button")
        wait_idle(qtbot, window)
    for title, names in SORTED_BY.items():
        click_header(qtbot, window, title)
        ascending = runs_table(window).horizontalHeader().sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
        assert cells(window, "Name") == (names if ascending else names[::-1]), title
        click_header(qtbot, window, title)
        assert cells(window, "Name") == (names[::-1] if ascending else names), f"{title}, the other way"


def test_a_tick_hides_the_run_it_stands_beside_in_a_sorted_table(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window(scripted_jobs(whole_run(0.5), whole_run(0.9), stored=True))
    for _ in range(2):
        click(qtbot, window, "train_button")
        wait_idle(qtbot, window)
    click_header(qtbot, window, "Best val acc")
    if cells(window, "Name")[0] == "freeze":
        click_header(qtbot, window, "Best val acc")
    assert cells(window, "Name") == ["freeze 2", "freeze"]
    click_cell(qtbot, window, 0, "")
    assert {each.colour for each in curves(window, "loss_plot")} == {theme.run_colour(0).name()}


def test_only_a_run_that_ended_with_a_best_epoch_can_be_exported(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window(
        scripted_jobs(
            (started(), batch(1, 1), ended(Reason.NAN_LOSS, "The loss is no number any more.")),
            whole_run(0.8),
        )
    )
    export = the(window, QAbstractButton, "export_button")
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert not export.isEnabled(), "it kept no weights"
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert export.isEnabled(), "the run that was made last is the one selected"
    click_cell(qtbot, window, 0, "Name")
    assert not export.isEnabled()
    click_cell(qtbot, window, 1, "Name")
    assert export.isEnabled()


def test_export_and_the_folder_are_offered_where_they_are_possible_and_say_why_not(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    gate = Gate()
    window = ready_window(
        scripted_jobs(
            (started(), gate, ended(Reason.NAN_LOSS, "The loss is no number any more.")), whole_run(0.8)
        )
    )
    assert _possible(window) == (False, False, "Select a run in the table first.")
    click(qtbot, window, "train_button")
    assert _possible(window) == (False, True, "This run still goes on.")
    gate.open()
    wait_idle(qtbot, window)
    assert _possible(window) == (False, True, "This run kept no weights.")
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert _possible(window) == (True, True, "")


def _possible(window: MainWindow) -> tuple[bool, bool, str]:
    """Return whether export and the folder are offered, and the button's tooltip; the menu must agree."""
    button = the(window, QAbstractButton, "export_button")
    assert the(window, QAction, "action_export").isEnabled() == button.isEnabled()
    return button.isEnabled(), the(window, QAction, "action_show_folder").isEnabled(), button.toolTip()


def test_the_keyboard_sees_where_it_is(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window()
    table = runs_table(window)
    table.setFocus(Qt.FocusReason.TabFocusReason)
    assert table.property("ring") is True
    qtbot.keyClick(table, Qt.Key.Key_Tab)
    assert table.property("ring") is False
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert table.hasFocus()
    assert table.property("ring") is False, "nobody came with the keyboard"


def test_a_tick_leaves_the_selection_as_it_is(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window(scripted_jobs(whole_run(0.5), whole_run(0.9), stored=True))
    for _ in range(2):
        click(qtbot, window, "train_button")
        wait_idle(qtbot, window)
    chosen = [index.row() for index in runs_table(window).selectionModel().selectedRows()]
    assert chosen == [1]
    click_cell(qtbot, window, 0, "")
    assert len(curves(window, "loss_plot")) == 2, "the tick did not take"
    assert [index.row() for index in runs_table(window).selectionModel().selectedRows()] == chosen


def test_a_run_that_cannot_begin_says_why_and_leaves_the_window_usable(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window(
        scripted_jobs((FtguiError("The disk is full.", "Make room.", "ENOSPC"),), whole_run(0.8))
    )
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    bar = the(window, QWidget, "message_bar")
    assert bar.isVisible()
    assert words_of(window, "message") == "The disk is full."
    assert words_of(window, "hint") == "Make room."
    assert cells(window, "State") == ["failed"]
    assert the(window, QProgressBar, "progress").value() == 0
    click(qtbot, window, "train_button")
    assert not bar.isVisible(), "the next run begins with a clean slate"
    wait_idle(qtbot, window)
    assert cells(window, "State") == ["failed", "done"]


def test_a_run_that_could_not_begin_does_not_share_its_curves_with_the_next(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window(scripted_jobs((FtguiError("The disk is full."),), whole_run(0.8)))
    for _ in range(2):
        click(qtbot, window, "train_button")
        wait_idle(qtbot, window)
    before = curves(window, "loss_plot")
    assert len(before) == 2
    click_cell(qtbot, window, 0, "")
    assert curves(window, "loss_plot") == before


def test_a_defect_is_owned_up_to_with_its_details_and_no_traceback_in_sight(
    qtbot: QtBot, ready_window: OpenWindow, expected_log: Callable[..., None]
) -> None:
    expected_log("Work off the GUI thread failed", logger="ftgui.gui.sessions.worker", level=logging.ERROR)
    window = ready_window(scripted_job(started(), batch(1, 1), ValueError("tensor 3 of 4")))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert words_of(window, "message") == "Something went wrong inside ftgui: tensor 3 of 4."
    assert words_of(window, "hint") == "Please report it, with the details."
    assert cells(window, "State") == ["failed"]
    seen = [label.text() for label in window.findChildren(QLabel) if label.isVisible()]
    assert not any("Traceback" in text or "ValueError" in text for text in seen)
    details = the(window, QPlainTextEdit, "message_details")
    assert not details.isVisible()
    click(qtbot, window, "message_details_button")
    assert details.isVisible()
    assert "ValueError: tensor 3 of 4" in details.toPlainText()
    click(qtbot, window, "message_close_button")
    assert not the(window, QWidget, "message_bar").isVisible()
    assert the(window, QAbstractButton, "train_button").isEnabled()


@pytest.mark.parametrize("reason", [Reason.FAILED, Reason.NAN_LOSS, Reason.PROOF_FAILED])
def test_a_run_that_ends_in_failure_says_why_in_the_message_bar(
    reason: Reason, qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window(
        scripted_job(started(), batch(1, 1), epoch(1), ended(reason, "It went wrong.", "Do it otherwise."))
    )
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert words_of(window, "message") == "It went wrong."
    assert words_of(window, "hint") == "Do it otherwise."
    assert the(window, QWidget, "message_bar").property("kind") == "error"
    assert cells(window, "State") == ["failed"]
    assert words_of(window, "progress_sentence") == "It went wrong."


def test_a_run_that_stopped_improving_is_done_before_its_last_epoch(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window(scripted_job(started(), batch(1, 1), epoch(1), ended(Reason.EARLY_STOPPED)))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert cells(window, "State") == ["done early"]
    bar = the(window, QProgressBar, "progress")
    assert (bar.value(), bar.property("kind")) == (bar.maximum(), "done")


@pytest.mark.parametrize("reason", [Reason.COMPLETED, Reason.STOPPED])
def test_a_run_that_ends_well_needs_no_message(
    reason: Reason, qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window(scripted_job(started(), batch(1, 1), epoch(1), ended(reason)))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert not the(window, QWidget, "message_bar").isVisible()


def test_a_warning_of_the_run_stands_in_the_message_bar_and_the_run_goes_on(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    warning = RunWarning(message="“ants/3.jpg” is left out: it is cut short.", hint="Copy it again.")
    window = ready_window(scripted_job(started(), warning, batch(1, 1), epoch(1), ended()))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert words_of(window, "message") == warning.message
    assert words_of(window, "hint") == warning.hint
    assert the(window, QWidget, "message_bar").property("kind") == "warning"
    assert cells(window, "State") == ["done"]


def test_a_run_that_breaks_off_without_a_word_is_interrupted(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window(scripted_job(started(), batch(1, 1), epoch(1)))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert window.training.history is not None
    assert window.training.history.state is RunState.INTERRUPTED
    assert cells(window, "State") == ["interrupted"]
    assert _enabled(window) == {"train_button", "export_button", "continue_button"}


def test_events_are_taken_in_on_the_gui_thread_and_made_on_another(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_in: set[int] = set()
    apply = RunHistory.apply

    def noting(history: RunHistory, event: object) -> None:
        taken_in.add(threading.get_ident())
        apply(history, event)

    monkeypatch.setattr(RunHistory, "apply", noting)
    job = scripted_job(*whole_run())
    window = ready_window(job)
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert taken_in == {threading.get_ident()}
    assert job.calls[0].thread != threading.get_ident()


def test_a_flood_of_batches_is_painted_ten_times_a_second_and_ends_right(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: dict[str, int] = {"loss_plot": 0, "accuracy_plot": 0}
    set_run = LivePlot.set_run

    def counting(plot: LivePlot, *args: object, **kwargs: object) -> None:
        painted[plot.objectName()] += 1
        set_run(plot, *args, **kwargs)

    monkeypatch.setattr(LivePlot, "set_run", counting)
    flood = [batch(1, number, 5000, loss=5000 / number) for number in range(1, 5001)]
    window = ready_window(scripted_job(started(), *flood, epoch(1, 0.8), ended()))
    began = time.monotonic()
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    rounds = (time.monotonic() - began) / 0.095  # a timer may be 5 % early
    most = rounds + 5  # and at the beginning and the end
    assert 1 <= painted["loss_plot"] <= most
    assert 1 <= painted["accuracy_plot"] <= most
    history = window.training.history
    assert history is not None
    assert history.batch == flood[-1]
    assert curve(window, "loss_plot", solid=False).points == ((1.0, 0.5),)
    assert words_of(window, "progress_sentence") == "Training is complete."
    assert cells(window, "State") == ["done"]


def test_a_window_that_stands_still_is_found_out_and_the_summary_says_for_how_long(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    gate = Gate()
    window = ready_window(scripted_job(started(), batch(1, 1), gate, epoch(1), ended(), stored=True))
    click(qtbot, window, "train_button")
    _wait_for_words(qtbot, window, "progress_sentence", _batch_words(1))
    QTimer.singleShot(0, _block_for_300_ms)
    qtbot.waitUntil(lambda: window.training.longest_pause_seconds >= 0.28, timeout=PATIENCE)
    gate.open()
    wait_idle(qtbot, window)
    assert window.training.history is not None
    said = _summary(window.training.history.folder)["window_longest_pause_seconds"]
    assert 0.28 <= said == window.training.longest_pause_seconds < 5
    click(qtbot, window, "train_button")
    assert window.training.longest_pause_seconds == 0.0, "each run is measured anew"
    wait_idle(qtbot, window)


def _block_for_300_ms() -> None:
    QThread.msleep(300)


def _summary(folder: Path) -> dict[str, float]:
    content: dict[str, float] = json.loads((folder / "summary.json").read_text("utf-8"))
    return content


def _batch_words(number: int, of: int = 2, *, epoch: int = 1, left: str = "4.0 s left") -> str:
    return f"epoch {epoch} of 10 · {left} · batch {number} of {of} · 312 pictures/s"


def _x_range(window: MainWindow) -> list[float]:
    """Return the first and the last x that the loss plot shows."""
    found: list[float] = the(window, LivePlot, "loss_plot").canvas.getViewBox().viewRange()[0]
    return found


def _first_x(window: MainWindow) -> int:
    return round(_x_range(window)[0])


def _plots_say(window: MainWindow) -> str:
    """Return what stands in the place of the curves, the same in both plots."""
    plots = [the(window, LivePlot, name) for name in ("loss_plot", "accuracy_plot")]
    said = {plot.empty_text() for plot in plots}
    assert len(said) == 1
    return said.pop()


def _enabled(window: MainWindow) -> set[str]:
    """Return which of the buttons can be pressed, and see that the menu agrees."""
    enabled = {name for name in BUTTONS if the(window, QAbstractButton, name).isEnabled()}
    for name in ("train", "pause", "stop", "continue", "export"):
        action = the(window, QAction, f"action_{name}")
        assert action.isEnabled() == (f"{name}_button" in enabled), f"the menu does not agree on {name}"
    return enabled


def _wait_for_words(qtbot: QtBot, window: MainWindow, name: str, words: str) -> None:
    def said() -> None:
        assert words_of(window, name) == words

    qtbot.waitUntil(said, timeout=PATIENCE)
