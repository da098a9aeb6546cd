"""The stage map in the window: the plan of what is chosen, and the line that chooses by being dragged."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui.main_window import MainWindow
from ftgui.gui.widgets.stage_map import StageMap
from tests.gui.conftest import OpenWindow
from tests.gui.driving import PATIENCE, bring_into_view, click, says, the, type_over, wait_idle, words_of
from tests.gui.scripted import STAGES, scripted_job, whole_run

PLANS = {
    "freeze": (["frozen", "frozen", "frozen", "learning"], ["frozen", "frozen", "frozen", "× 1"]),
    "small-lr": (["slow", "slow", "slow", "learning"], ["× 0.1", "× 0.1", "× 0.1", "× 1"]),
    "partial": (["frozen", "frozen", "learning", "learning"], ["frozen", "frozen", "× 1", "× 1"]),
    "thaw": (["slow", "slow", "slow", "learning"], ["× 0.1 from 5"] * 3 + ["× 1"]),
    "full": (["learning"] * 4, ["× 1"] * 4),
    "lr-zero": (["zero", "zero", "zero", "learning"], ["× 0", "× 0", "× 0", "× 1"]),
    "scratch": (["learning"] * 4, ["× 1"] * 4),
}
"""For each strategy the states and the learning rates of the stages."""


def stage_map(window: MainWindow) -> StageMap:
    return the(window, StageMap, "stage_map")


def states(window: MainWindow) -> list[str]:
    return [row.segment.state for row in stage_map(window).rows()]


def rates(window: MainWindow) -> list[str]:
    return [row.rate for row in stage_map(window).rows()]


def drag_line(qtbot: QtBot, window: MainWindow, frozen: int, *, let_go: bool = True) -> None:
    """Drag the ice line below the first ``frozen`` stages."""
    shown = stage_map(window)
    bring_into_view(shown)
    start, stages = shown.line_rect().center(), shown.row_rects()
    height = start.y() + (frozen - shown.ice_line()) * stages[0].height()
    qtbot.mousePress(shown, Qt.MouseButton.LeftButton, pos=start.toPoint())
    qtbot.mouseMove(shown, QPoint(int(start.x()), int((start.y() + height) / 2)))
    qtbot.mouseMove(shown, QPoint(int(start.x()), int(height)))
    if let_go:
        qtbot.mouseRelease(shown, Qt.MouseButton.LeftButton, pos=QPoint(int(start.x()), int(height)))


def test_without_a_network_there_is_a_map_without_stages(open_window: OpenWindow) -> None:
    window = open_window()
    assert stage_map(window).isVisible()
    assert stage_map(window).rows() == ()
    assert not the(window, QWidget, "more_rates").isVisible()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_map_draws_the_plan_that_train_would_run(strategy: str, ready_window: OpenWindow) -> None:
    window = ready_window()
    window.project.set_strategy(strategy)
    assert (states(window), rates(window)) == PLANS[strategy]
    assert [row.segment.name for row in stage_map(window).rows()] == [*STAGES]


def test_the_heads_parameters_are_those_of_the_classes_asked_for(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    """The file's head has 1,000 parameters for 1,000 classes."""
    window = ready_window()
    sizes = [[row.size for row in stage_map(window).rows()]]
    type_over(qtbot, the(window, QWidget, "class_count"), "7")
    sizes.append([row.size for row in stage_map(window).rows()])
    assert sizes == [["1,000", "1,000", "1,000", "2"], ["1,000", "1,000", "1,000", "7"]]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_dragging_the_line_freezes_up_to_there_whatever_was_chosen(
    strategy: str, qtbot: QtBot, ready_window: OpenWindow
) -> None:
    job = scripted_job(*whole_run(0.8))
    window = ready_window(job)
    window.project.set_strategy(strategy)
    drag_line(qtbot, window, 1)
    assert the(window, QAbstractButton, "strategy_partial").isChecked()
    assert states(window) == ["frozen", "learning", "learning", "learning"]
    assert says(window, "layer1 to head learn", whole=True)
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert (job.calls[-1].config.strategy, job.calls[-1].config.freeze_until) == ("partial", "stem")


def test_a_line_that_is_held_shows_what_would_be_and_chooses_nothing(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window()
    click(qtbot, window, "strategy_small_lr")
    drag_line(qtbot, window, 2, let_go=False)
    assert states(window) == ["frozen", "frozen", "learning", "learning"]
    assert window.project.config().strategy == "small-lr"
    qtbot.keyClick(stage_map(window), Qt.Key.Key_Escape)
    assert (states(window), rates(window)) == PLANS["small-lr"]
    assert window.project.config().strategy == "small-lr"


def test_keys_move_the_line_and_the_focus_stays_on_the_map(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window()
    stage_map(window).setFocus()
    said = []
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        qtbot.keyClick(QApplication.focusWidget(), key)
        said.append(window.project.config().freeze_until)
    assert said == ["stem", "layer1", "layer2", "layer1"]


def test_the_map_comes_into_view_with_the_strategy_that_says_to_drag_its_line(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window()
    window.resize(1000, 640)
    shown = stage_map(window)
    area = next(a for a in window.findChildren(QScrollArea) if a.isAncestorOf(shown))

    def is_seen(widget: QWidget) -> bool:
        top = widget.mapTo(area.viewport(), QPoint(0, 0)).y()
        return 0 <= top <= area.viewport().height() - widget.height()

    assert not is_seen(shown)
    click(qtbot, window, "strategy_partial")
    qtbot.waitUntil(
        lambda: is_seen(shown) and is_seen(the(window, QWidget, "strategy_partial")), timeout=PATIENCE
    )


def test_a_line_is_remembered_while_another_strategy_is_looked_at(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window()
    drag_line(qtbot, window, 1)
    click(qtbot, window, "strategy_freeze")
    assert window.project.config().freeze_until is None
    click(qtbot, window, "strategy_partial")
    assert window.project.config().freeze_until == "stem"


# A learning rate for each stage ---------------------------------------------------------------------------


def rate_edit(window: MainWindow, number: int) -> QLineEdit:
    return the(window, QLineEdit, f"stage_lr_{number}")


def test_a_rate_typed_for_a_stage_reaches_the_map_the_card_and_the_run(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    job = scripted_job(*whole_run(0.8))
    window = ready_window(job)
    click(qtbot, window, "more_rates")
    assert [rate_edit(window, n).placeholderText() for n in range(4)] == ["frozen", "frozen", "frozen", "1"]
    type_over(qtbot, rate_edit(window, 2), "0.5")
    type_over(qtbot, rate_edit(window, 0), "0")
    assert states(window) == ["zero", "frozen", "slow", "learning"]
    assert the(window, QAbstractButton, "more_rates").text() == "A learning rate for each stage · 2 set"
    assert says(window, "set by you: stem ×\u00a00, layer2 ×\u00a00.5")
    assert [rate_edit(window, n).placeholderText() for n in range(4)] == ["frozen", "frozen", "frozen", "1"]
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert job.calls[-1].config.stage_lr == {"stem": 0.0, "layer2": 0.5}
    type_over(qtbot, rate_edit(window, 2), "")
    assert window.project.config().stage_lr == {"stem": 0.0}


def test_each_strategy_keeps_the_rates_given_under_it(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window()
    click(qtbot, window, "more_rates")
    type_over(qtbot, rate_edit(window, 1), "0.5")
    click(qtbot, window, "strategy_small_lr")
    assert [rate_edit(window, n).placeholderText() for n in range(4)] == ["0.1", "0.1", "0.1", "1"]
    assert (rate_edit(window, 1).text(), window.project.config().stage_lr) == ("", {})
    click(qtbot, window, "strategy_freeze")
    assert (rate_edit(window, 1).text(), window.project.config().stage_lr) == ("0.5", {"layer1": 0.5})


@pytest.mark.parametrize(
    ("typed", "why"), [("11", "Choose a number from 0 to 10."), ("fast", "“fast” is not a number.")]
)
def test_a_rate_that_cannot_be_blocks_train_and_says_why(
    typed: str, why: str, qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window()
    train = the(window, QAbstractButton, "train_button")
    click(qtbot, window, "more_rates")
    type_over(qtbot, rate_edit(window, 1), typed)
    assert not train.isEnabled()
    assert words_of(window, "ready_line") == f"layer1: {why}"
    type_over(qtbot, rate_edit(window, 1), "0.5")
    assert train.isEnabled()


def test_what_was_wrong_under_one_strategy_is_not_in_the_way_of_another(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window()
    click(qtbot, window, "more_rates")
    type_over(qtbot, rate_edit(window, 1), "fast")
    click(qtbot, window, "strategy_small_lr")
    assert the(window, QAbstractButton, "train_button").isEnabled()
    assert rate_edit(window, 1).text() == ""


def test_a_network_in_which_nothing_would_learn_blocks_train(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window()
    click(qtbot, window, "more_rates")
    type_over(qtbot, rate_edit(window, 3), "0")
    assert not the(window, QAbstractButton, "train_button").isEnabled()
    assert words_of(window, "ready_line").startswith("Nothing would learn.")
    assert states(window) == ["unknown"] * 4
    type_over(qtbot, rate_edit(window, 3), "")
    assert the(window, QAbstractButton, "train_button").isEnabled()


def test_tab_goes_through_the_card_as_it_is_read(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window()
    click(qtbot, window, "more_rates")
    click(qtbot, window, "more_strategies")
    below = ["stage_map", "more_rates", *(f"stage_lr_{number}" for number in range(4))]
    multiplier = "backbone_lr_mult"  # which both of these have
    for _ in range(2):
        assert _tabbed(qtbot, window, "strategy_thaw") == ["thaw_epoch", multiplier, "why_thaw", *below]
        small_lr = [multiplier, "why_small_lr", "more_strategies", *below]
        assert _tabbed(qtbot, window, "strategy_small_lr") == small_lr


def _tabbed(qtbot: QtBot, window: MainWindow, card: str) -> list[str]:
    """Click a card and press Tab up to the last stage; return where that led."""
    click(qtbot, window, card)
    visited: list[str] = []
    while len(visited) < 12 and visited[-1:] != ["stage_lr_3"]:
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        visited.append(window.focusWidget().objectName())
    return visited
