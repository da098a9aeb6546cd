"""Learning rates of single stages are typed beside the stages' names."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ftgui.gui.widgets.stage_rates import StageRates

NAMES = ("stem", "layer1", "head")


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    """What holds the widgets: pytest-qt does not, and a child dies with its parent."""
    made = QWidget()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def rates(page: QWidget, qtbot: QtBot) -> StageRates:
    made = StageRates(10.0)
    QVBoxLayout(page).addWidget(made)
    made.set_stages(NAMES, after=page)
    made.show_rates({}, ("frozen", "0.1", "1"))
    page.show()
    qtbot.waitUntil(page.isVisible)
    return made


def edits(rates: StageRates) -> dict[str, QLineEdit]:
    return {edit.objectName(): edit for edit in rates.findChildren(QLineEdit)}


def test_each_stage_has_an_edit_that_shows_what_the_plan_has_in_mind(rates: StageRates) -> None:
    assert {name: edit.placeholderText() for name, edit in edits(rates).items()} == {
        "stage_lr_0": "frozen",
        "stage_lr_1": "0.1",
        "stage_lr_2": "1",
    }
    assert [edit.accessibleName() for edit in edits(rates).values()] == [
        f"Learning rate of {name}" for name in NAMES
    ]


def test_a_multiple_typed_or_taken_away_is_told_with_its_stage(rates: StageRates, qtbot: QtBot) -> None:
    told: list[tuple[str, object]] = []
    rates.changed.connect(lambda name, multiple: told.append((name, multiple)))
    edit = edits(rates)["stage_lr_1"]
    qtbot.keyClicks(edit, "5")
    edit.clear()
    edits(rates)["stage_lr_0"].setText("0")
    assert told == [("layer1", 5.0), ("layer1", None), ("stem", 0.0)]


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("11", "Choose a number from 0 to 10."),
        ("-1", "Choose a number from 0 to 10."),
        ("x", "“x” is not a number."),
    ],
)
def test_what_cannot_be_a_multiple_is_said_with_its_stage(
    rates: StageRates, qtbot: QtBot, typed: str, why: str
) -> None:
    with qtbot.waitSignal(rates.problem_changed):
        edits(rates)["stage_lr_2"].setText(typed)
    assert rates.problem() == f"head: {why}"
    assert rates.problem() in [label.text() for label in rates.findChildren(QLabel) if label.isVisible()]
    with qtbot.waitSignal(rates.problem_changed):
        edits(rates)["stage_lr_2"].setText("1")
    assert rates.problem() == ""


def test_another_strategys_rates_take_the_place_of_what_was_typed(rates: StageRates) -> None:
    edits(rates)["stage_lr_0"].setText("nonsense")
    rates.show_rates({"layer1": 0.5}, ("frozen", "0.1", "1"))
    assert [edit.text() for edit in edits(rates).values()] == ["nonsense", "0.5", ""]
    rates.show_rates({}, ("frozen", "0.1", "1"), forget_typing=True)
    assert [edit.text() for edit in edits(rates).values()] == ["", "", ""]
    assert rates.problem() == ""


def test_another_network_has_edits_of_its_own(rates: StageRates, page: QWidget) -> None:
    edits(rates)["stage_lr_0"].setText("0.5")
    rates.set_stages(("stem", "head"), after=page)
    assert sorted(edits(rates)) == ["stage_lr_0", "stage_lr_1"]
    assert edits(rates)["stage_lr_0"].text() == ""
    rates.set_stages(("a", "b", "c", "d"), after=page)
    assert sorted(edits(rates)) == [f"stage_lr_{number}" for number in range(4)]
    assert edits(rates)["stage_lr_3"].accessibleName() == "Learning rate of d"
