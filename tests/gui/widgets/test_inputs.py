"""Inputs take what people write, say what they do not take, and stay still under the wheel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QSpinBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ftgui.gui.widgets.inputs import CalmComboBox, CalmSpinBox, LearningRateEdit, NumberEdit, number_text
from ftgui.gui.widgets.setting_form import SettingForm
from ftgui.gui.widgets.setting_input import SettingInput, input_for
from ftgui.training.config import SETTING_BY_NAME, SETTINGS, TrainConfig

TYPED = tuple(setting for setting in SETTINGS if setting.kind != "text")
"""Settings that are typed or picked; stages are chosen on a map."""


@pytest.fixture
def edit(qtbot: QtBot) -> LearningRateEdit:
    made = LearningRateEdit(0.01)
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize(
    ("typed", "number"), [("0.01", 0.01), ("1e-5", 1e-05), ("0,05", 0.05), (" 3 ", 3.0), ("1E-3", 0.001)]
)
def test_a_number_is_taken_as_people_write_it(
    edit: LearningRateEdit, qtbot: QtBot, typed: str, number: float
) -> None:
    qtbot.keyClicks(edit, typed)
    assert edit.value() == number
    assert edit.problem() == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.01, "0.01"), (1e-05, "1e-05"), (3.0, "3"), (0.1, "0.1"), (0.0, "0"), (7e8, "700000000")],
)
def test_a_number_is_shown_the_short_way(edit: LearningRateEdit, value: float, text: str) -> None:
    edit.set_value(value)
    assert edit.text() == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_shown_reads_back_as_the_same_number(value: float) -> None:
    assert float(number_text(value)) == value


def test_an_empty_field_stands_for_the_default_that_it_shows(edit: LearningRateEdit, qtbot: QtBot) -> None:
    assert edit.value() is None
    assert edit.placeholderText() == "0.01 (default)"
    edit.set_value(0.5)
    with qtbot.waitSignal(edit.value_changed) as blocker:
        edit.clear()
    assert blocker.args == [None]


@pytest.mark.parametrize("typed", ["abc", "-1", "1000", "nan", "inf", "1,2,3"])
def test_what_cannot_be_taken_is_said_and_the_last_good_number_stays(
    edit: LearningRateEdit, qtbot: QtBot, typed: str
) -> None:
    edit.set_value(0.2)
    heard: list[object] = []
    edit.value_changed.connect(heard.append)
    with qtbot.waitSignal(edit.problem_changed) as blocker:
        edit.setText(typed)
    assert blocker.args == [edit.problem()]
    assert edit.problem() == edit.toolTip() != ""
    assert edit.property("invalid") is True
    assert (edit.value(), heard) == (0.2, [])


@pytest.mark.parametrize("typed", ["inf", "-inf", "nan"])
def test_a_number_without_bounds_is_still_a_number(qtbot: QtBot, typed: str) -> None:
    made = NumberEdit()
    qtbot.addWidget(made)
    made.setText(typed)
    assert (made.value(), made.problem() != "") == (None, True)


def test_a_number_that_must_be_there_is_missed(qtbot: QtBot) -> None:
    made = NumberEdit(may_be_empty=False)
    qtbot.addWidget(made)
    made.set_value(0.1)
    made.clear()
    assert (made.value(), made.problem()) == (0.1, "A number is needed here.")


def test_a_problem_is_over_once_the_number_is_good_again(edit: LearningRateEdit, qtbot: QtBot) -> None:
    edit.set_help("What it is for.")
    edit.setText("abc")
    with qtbot.waitSignal(edit.problem_changed) as blocker:
        edit.setText("0.3")
    assert blocker.args == [""]
    assert (edit.value(), edit.toolTip(), edit.property("invalid")) == (0.3, "What it is for.", False)


def test_a_number_set_by_the_program_makes_no_signal(edit: LearningRateEdit) -> None:
    heard: list[object] = []
    edit.value_changed.connect(heard.append)
    edit.set_value(0.3)
    assert (edit.text(), heard) == ("0.3", [])


def test_typing_is_not_disturbed_by_being_told_the_number_just_typed(
    edit: LearningRateEdit, qtbot: QtBot
) -> None:
    """A page shows its session's state after each change, thus also in the middle of a number."""
    edit.value_changed.connect(edit.set_value)
    qtbot.keyClicks(edit, "0.050")
    assert edit.text() == "0.050"


def test_what_is_wrong_stays_to_be_corrected_when_the_page_shows_its_state_again(
    edit: LearningRateEdit,
) -> None:
    edit.set_value(0.3)
    edit.setText("abc")
    edit.set_value(0.3)
    assert edit.text() == "abc"
    edit.reset(0.3)
    assert (edit.text(), edit.problem()) == ("0.3", "")


def _turn_wheel(widget: QWidget) -> None:
    place = QPointF(widget.rect().center())
    turn = QWheelEvent(
        place,
        widget.mapToGlobal(place),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, turn)


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    """What holds the widgets: pytest-qt does not, and a child dies with its parent."""
    made = QWidget()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def controls(page: QWidget, qtbot: QtBot) -> tuple[CalmSpinBox, CalmComboBox]:
    layout = QVBoxLayout(page)
    spin, combo = CalmSpinBox(0, 10, object_name="spin"), CalmComboBox(("a", "b", "c"), object_name="combo")
    spin.setValue(5)
    combo.setCurrentIndex(1)
    for control in (spin, combo):
        layout.addWidget(control)
    page.show()
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    return spin, combo


def test_the_wheel_changes_nothing_that_was_not_chosen_first(
    controls: tuple[CalmSpinBox, CalmComboBox],
) -> None:
    spin, combo = controls
    combo.setFocus()
    _turn_wheel(spin)
    assert spin.value() == 5
    spin.setFocus()
    _turn_wheel(combo)
    assert combo.currentText() == "b"


def test_the_wheel_turns_what_has_the_focus(controls: tuple[CalmSpinBox, CalmComboBox]) -> None:
    spin, combo = controls
    spin.setFocus()
    _turn_wheel(spin)
    assert spin.value() == 6
    combo.setFocus()
    _turn_wheel(combo)
    assert combo.currentText() == "a"


@pytest.mark.parametrize("setting", TYPED, ids=lambda setting: setting.name)
def test_each_setting_of_the_table_has_an_input_that_shows_its_default(qtbot: QtBot, setting: object) -> None:
    made = input_for(setting)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    assert made.value() == made.setting.default
    control = made.findChild(QWidget, made.setting.object_name or made.setting.name)
    assert control is made.control
    assert control.accessibleName() == made.setting.label
    assert control.toolTip() == made.setting.help


@pytest.mark.parametrize("setting", TYPED, ids=lambda setting: setting.name)
def test_an_input_takes_the_ends_of_its_settings_range(qtbot: QtBot, setting: object) -> None:
    made = input_for(setting)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    ends = made.setting.choices or (made.setting.minimum, made.setting.maximum)
    for value in ends:
        made.set_value(value)
        assert made.value() == value
        made.setting.check(made.value())


def _made(qtbot: QtBot, name: str) -> SettingInput:
    made = input_for(SETTING_BY_NAME[name])
    qtbot.addWidget(made)
    return made


def test_a_choice_made_by_hand_is_said(qtbot: QtBot) -> None:
    made = _made(qtbot, "device")
    assert isinstance(made.control, QComboBox)
    with qtbot.waitSignal(made.changed) as blocker:
        qtbot.keyClick(made.control, Qt.Key.Key_Down)
    assert blocker.args == ["cpu"]


def test_a_whole_number_typed_by_hand_is_said(qtbot: QtBot) -> None:
    made = _made(qtbot, "epochs")
    assert isinstance(made.control, QSpinBox)
    made.control.selectAll()
    with qtbot.waitSignal(made.changed, check_params_cb=lambda value: value == 25):
        qtbot.keyClicks(made.control, "25")
    assert made.value() == 25


def test_a_whole_number_left_alone_is_the_default_that_fits(qtbot: QtBot) -> None:
    made = _made(qtbot, "views")
    assert made.value() is None
    made.set_default(2)
    assert isinstance(made.control, QSpinBox)
    assert made.control.text() == "2 (default)"
    with qtbot.waitSignal(made.changed) as blocker:
        qtbot.keyClick(made.control, Qt.Key.Key_Up)
    assert blocker.args == [1]


def test_a_choice_left_alone_says_what_that_means(qtbot: QtBot) -> None:
    made = _made(qtbot, "init")
    assert isinstance(made.control, QComboBox)
    assert (made.control.currentText(), made.value()) == ("the strategy's", None)
    with qtbot.waitSignal(made.changed) as blocker:
        qtbot.keyClick(made.control, Qt.Key.Key_End)
    assert blocker.args == ["random"]
    with qtbot.waitSignal(made.changed) as blocker:
        qtbot.keyClick(made.control, Qt.Key.Key_Home)
    assert blocker.args == [None]
    made.set_value("pretrained")
    assert made.value() == "pretrained"
    made.set_value(None)
    assert (made.control.currentText(), made.value()) == ("the strategy's", None)


def test_an_empty_number_says_what_that_means(qtbot: QtBot) -> None:
    stop, clip, thaw = (_made(qtbot, name) for name in ("early_stop", "clip_grad", "thaw_epoch"))
    assert isinstance(stop.control, QSpinBox)
    assert isinstance(clip.control, NumberEdit)
    assert isinstance(thaw.control, QSpinBox)
    assert (stop.control.text(), clip.control.placeholderText()) == ("off", "off")
    thaw.set_default(5)
    assert thaw.control.text() == "5 (half of the epochs)"
    assert [made.value() for made in (stop, clip, thaw)] == [None, None, None]


def test_a_note_stands_below_its_input(qtbot: QtBot) -> None:
    made, note = _made(qtbot, "norm"), QLabel("because")
    made.add_note(note)
    made.show()
    assert note.isVisible()
    assert note.y() >= made.control.geometry().bottom()


def test_a_wrong_number_is_explained_below_its_input(qtbot: QtBot) -> None:
    made = _made(qtbot, "momentum")
    made.show()
    assert isinstance(made.control, NumberEdit)
    with qtbot.waitSignal(made.problem_changed):
        made.control.setText("7")
    assert made.problem() == "Choose a number from 0 to 0.999."
    assert made.problem() in [label.text() for label in made.findChildren(QLabel)]


def test_a_form_tells_its_settings_apart_by_name(qtbot: QtBot) -> None:
    form = SettingForm(TYPED)
    qtbot.addWidget(form)
    with qtbot.waitSignal(form.changed) as blocker:
        form.inputs["lr"].control.setText("0.5")  # type: ignore[union-attr]
    assert blocker.args == ["lr", 0.5]
    with qtbot.waitSignal(form.problem_changed) as blocker:
        form.inputs["momentum"].control.setText("x")  # type: ignore[union-attr]
    assert blocker.args == ["momentum", "“x” is not a number."]
    assert form.problems() == {"momentum": "“x” is not a number."}


def test_a_form_begins_with_the_defaults_of_a_run_and_can_be_filled(qtbot: QtBot) -> None:
    form = SettingForm(TYPED)
    qtbot.addWidget(form)
    default = TrainConfig(dataset="", weights="")
    assert form.values() == {setting.name: getattr(default, setting.name) for setting in TYPED}
    form.set_values({"epochs": 3, "lr": None, "norm": "adapt", "unknown": 1})
    assert (form.values()["epochs"], form.values()["norm"]) == (3, "adapt")
