"""Choosing what may move and how it learns, and what of it Train would run."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QScrollArea, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from ftgui.gui.main_window import MainWindow
from ftgui.training.config import SETTINGS, Setting, TrainConfig
from tests.gui.conftest import OpenWindow
from tests.gui.driving import PATIENCE, choose, click, the, type_over, wait_idle, words_of
from tests.gui.scripted import scripted_job, whole_run

STRATEGIES = {
    "strategy_freeze": "freeze",
    "strategy_small_lr": "small-lr",
    "strategy_partial": "partial",
    "strategy_thaw": "thaw",
    "strategy_full": "full",
    "strategy_lr_zero": "lr-zero",
    "strategy_scratch": "scratch",
}
"""The cards from the top, and what each chooses."""

FOLDED = ("strategy_thaw", "strategy_full", "strategy_lr_zero", "strategy_scratch")
"""Those one click away."""

OTHER_VALUES: dict[str, Any] = {
    "epochs": 25,
    "batch_size": 4,
    "lr": 0.0025,
    "device": "cpu",
    "backbone_lr_mult": 0.05,
    "thaw_epoch": 4,
    "split_seed": 8,
    "norm": "adapt",
    "optimizer": "adamw",
    "momentum": 0.5,
    "weight_decay": 0.003,
    "schedule": "step",
    "warmup_epochs": 2,
    "clip_grad": 1.5,
    "label_smoothing": 0.1,
    "class_weights": "balanced",
    "early_stop": 3,
    "early_stop_monitor": "val_accuracy",
    "early_stop_min_delta": 0.01,
    "augment": "standard",
    "views": 3,
    "val_fraction": 0.35,
    "seed": 7,
    "precision": "bf16",
    "layout": "channels_last",
    "cache": "off",
    "init": "random",
}
"""For each setting with an input a value that is not its default."""

CARDS = {"backbone_lr_mult": "strategy_small_lr", "thaw_epoch": "strategy_thaw"}
"""Settings whose input stands on a strategy's card."""


def test_each_strategy_is_chosen_by_a_click_and_runs(qtbot: QtBot, ready_window: OpenWindow) -> None:
    job = scripted_job(*whole_run(0.8))
    window = ready_window(job)
    click(qtbot, window, "more_strategies")
    for card, strategy in reversed(STRATEGIES.items()):
        click(qtbot, window, card)
        assert [name for name in STRATEGIES if the(window, QAbstractButton, name).isChecked()] == [card]
        click(qtbot, window, "train_button")
        wait_idle(qtbot, window)
        assert job.calls[-1].config.strategy == strategy


def test_strategies_are_chosen_by_keys_like_radio_buttons(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    chosen = ["freeze"]
    window.project.changed.connect(lambda: chosen.append(window.project.config().strategy))
    the(window, QAbstractButton, "strategy_freeze").setFocus()
    for key in [Qt.Key.Key_Down] * len(STRATEGIES) + [Qt.Key.Key_Up]:
        qtbot.keyClick(window.focusWidget(), key)
    assert chosen == [*STRATEGIES.values(), "lr-zero"], "the last one is the end"
    the(window, QAbstractButton, "strategy_freeze").setFocus()
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Space)
    assert chosen[-1] == "freeze"


def test_the_multiplier_is_asked_for_only_where_it_counts(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    click(qtbot, window, "more_strategies")
    shown = []
    for card in STRATEGIES:
        click(qtbot, window, card)
        multiplier = the(window, QLineEdit, "backbone_lr_mult")
        if multiplier.isVisible():
            shown.append(card)
            assert the(window, QAbstractButton, card).isAncestorOf(multiplier)
    assert shown == ["strategy_small_lr", "strategy_thaw"]


def test_the_other_strategies_are_one_click_away(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    cards = {name: the(window, QAbstractButton, name) for name in STRATEGIES}
    assert [name for name, card in cards.items() if not card.isVisible()] == [*FOLDED]
    title = the(window, QAbstractButton, "more_strategies").accessibleName()
    assert title == "Thaw later · Everything · Learning rate 0 · From scratch"
    click(qtbot, window, "more_strategies")
    assert all(card.isVisible() for card in cards.values())


def test_the_fold_opens_for_a_strategy_that_the_session_chose_and_says_so_when_closed(
    qtbot: QtBot, open_window: OpenWindow
) -> None:
    window = open_window()
    more, scratch = (the(window, QAbstractButton, name) for name in ("more_strategies", "strategy_scratch"))
    window.project.set_strategy("scratch")
    assert scratch.isVisible()
    click(qtbot, window, "more_strategies")
    assert not scratch.isVisible()
    assert more.text() == more.accessibleDescription() == "From scratch is chosen · 3 more"
    window.project.set_setting("epochs", 3)
    assert not scratch.isVisible(), "it was folded on purpose"
    window.project.set_strategy("freeze")
    assert more.text().startswith("Thaw later · ")


def test_what_a_strategy_costs_is_read_on_the_chosen_card_and_asked_of_the_others(
    qtbot: QtBot, open_window: OpenWindow
) -> None:
    window = open_window()
    freeze, small = (the(window, QAbstractButton, f"strategy_{name}") for name in ("freeze", "small_lr"))
    assert any("the cheapest way. The first to try" in words for words in _labels(freeze))
    assert freeze.toolTip() == ""
    assert "Pays the whole backward pass. Choose it when" in small.toolTip()
    assert not any("Pays the whole" in words for words in _labels(small))


def test_the_thaw_is_half_of_the_epochs_until_it_is_given(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    click(qtbot, window, "more_strategies")
    click(qtbot, window, "strategy_thaw")
    card, thaw = the(window, QAbstractButton, "strategy_thaw"), the(window, QSpinBox, "thaw_epoch")
    assert thaw.text() == "5 (half of the epochs)"
    type_over(qtbot, the(window, QSpinBox, "epochs"), "20")
    assert thaw.text() == "10 (half of the epochs)"
    assert "Output layer first; the extractor joins at epoch 10, at × 0.1" in _labels(card)
    type_over(qtbot, thaw, "4")
    assert "Output layer first; the extractor joins at epoch 4, at × 0.1" in _labels(card)
    assert window.project.config().thaw_epoch == 4


def test_a_thaw_after_the_last_epoch_is_warned_of(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window()
    click(qtbot, window, "more_strategies")
    click(qtbot, window, "strategy_thaw")
    assert words_of(window, "stage_map_status") == ""
    type_over(qtbot, the(window, QSpinBox, "thaw_epoch"), "11")
    words = "The run ends after epoch 10, before the extractor joins."
    assert words_of(window, "stage_map_status") == words


def test_a_strategys_own_settings_are_kept_while_another_does_not_look_at_them(
    qtbot: QtBot, open_window: OpenWindow
) -> None:
    window = open_window()
    click(qtbot, window, "strategy_small_lr")
    type_over(qtbot, the(window, QLineEdit, "backbone_lr_mult"), "0.3")
    click(qtbot, window, "strategy_freeze")
    assert _differences(window.project.config()) == {}
    click(qtbot, window, "more_strategies")
    click(qtbot, window, "strategy_thaw")
    assert _differences(window.project.config()) == {"backbone_lr_mult": 0.3}
    assert the(window, QLineEdit, "backbone_lr_mult").text() == "0.3"


def test_the_multiplier_reaches_the_cards_sentence_and_the_config(
    qtbot: QtBot, open_window: OpenWindow
) -> None:
    window = open_window()
    click(qtbot, window, "strategy_small_lr")
    card = the(window, QAbstractButton, "strategy_small_lr")
    assert "Extractor at × 0.1, output layer at × 1" in _labels(card)
    type_over(qtbot, the(window, QLineEdit, "backbone_lr_mult"), "0.025")
    assert "Extractor at × 0.025, output layer at × 1" in _labels(card)
    assert window.project.config().backbone_lr_mult == 0.025


def test_typing_the_multiplier_leaves_its_card_chosen(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    click(qtbot, window, "strategy_small_lr")
    edit = the(window, QLineEdit, "backbone_lr_mult")
    edit.setFocus()
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_Left):
        qtbot.keyClick(edit, key)
    assert window.project.config().strategy == "small-lr"


def test_the_learning_rate_left_alone_is_the_strategys_own(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    rate = the(window, QLineEdit, "learning_rate")
    assert rate.text() == ""
    click(qtbot, window, "more_strategies")
    said = {}
    for card in STRATEGIES:
        click(qtbot, window, card)
        said[card] = rate.placeholderText()
    assert said == dict.fromkeys(STRATEGIES, "0.01 (default)") | {"strategy_full": "0.001 (default)"}
    click(qtbot, window, "strategy_full")
    click(qtbot, window, "more_settings")
    choose(qtbot, the(window, QComboBox, "optimizer"), "adamw")
    assert rate.placeholderText() == "0.0001 (default)"
    click(qtbot, window, "strategy_freeze")
    assert rate.placeholderText() == "0.001 (default)"
    assert window.project.config().lr is None


@pytest.mark.parametrize(
    "setting", [setting for setting in SETTINGS if setting.kind != "text"], ids=lambda setting: setting.name
)
def test_a_setting_shows_its_default_and_takes_another_value_to_the_config(
    setting: Setting, qtbot: QtBot, open_window: OpenWindow
) -> None:
    window = open_window()
    if setting.name in CARDS:
        click(qtbot, window, "more_strategies")
        click(qtbot, window, CARDS[setting.name])
    elif not setting.basic:
        click(qtbot, window, "more_settings")
    widget = the(window, QWidget, setting.object_name or setting.name)
    assert _shown_value(widget, setting) == setting.default
    value = OTHER_VALUES[setting.name]
    assert value != setting.default
    if isinstance(widget, QComboBox):
        choose(qtbot, widget, value)
    else:
        type_over(qtbot, widget, str(value))
    assert _differences(window.project.config()) == {setting.name: value}
    assert _shown_value(widget, setting) == value


def test_a_setting_put_back_is_the_default_again(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    epochs, rate = the(window, QSpinBox, "epochs"), the(window, QLineEdit, "learning_rate")
    type_over(qtbot, epochs, "3")
    type_over(qtbot, rate, "0.5")
    assert _differences(window.project.config()) == {"epochs": 3, "lr": 0.5}
    type_over(qtbot, epochs, "10")
    type_over(qtbot, rate, "")
    assert _differences(window.project.config()) == {}
    assert rate.placeholderText() == "0.01 (default)"


@pytest.mark.parametrize("text", ["0.0500", "1e-10", ".5", "0,05"])
def test_a_number_is_not_rewritten_while_it_is_typed(
    text: str, qtbot: QtBot, open_window: OpenWindow
) -> None:
    window = open_window()
    rate = the(window, QLineEdit, "learning_rate")
    type_over(qtbot, rate, text)
    assert window.project.config().lr == float(text.replace(",", "."))
    assert rate.text() == text


@pytest.mark.parametrize("text", ["fast", "-1", "nan"])
def test_a_learning_rate_that_cannot_be_read_blocks_train_and_says_why(
    text: str, qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window()
    rate, train = the(window, QLineEdit, "learning_rate"), the(window, QAbstractButton, "train_button")
    type_over(qtbot, rate, text)
    assert not train.isEnabled()
    said = words_of(window, "ready_line")
    assert "is not a number" in said or "Choose a number from 0 to 100." in said
    assert said.startswith("Learning rate: ")
    beside = said.removeprefix("Learning rate: ")
    assert _labels(window).count(beside) == 1, "the sentence does not stand below the input as well"
    type_over(qtbot, rate, "0.02")
    assert train.isEnabled()
    assert words_of(window, "ready_line") == "Ready: 10 epochs, batch 32, lr 0.02"


def test_a_multiplier_that_cannot_be_read_blocks_train(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window()
    click(qtbot, window, "strategy_small_lr")
    type_over(qtbot, the(window, QLineEdit, "backbone_lr_mult"), "slow")
    assert not the(window, QAbstractButton, "train_button").isEnabled()
    assert "“slow” is not a number." in words_of(window, "ready_line")
    click(qtbot, window, "strategy_freeze")
    assert the(window, QAbstractButton, "train_button").isEnabled(), "freezing has no use for it"


def test_views_left_alone_say_what_augmentation_makes_of_them(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    click(qtbot, window, "more_settings")
    views, augment = the(window, QSpinBox, "views"), the(window, QComboBox, "augment")
    said = [views.text()]
    for name in ("none", "standard"):
        choose(qtbot, augment, name)
        said.append(views.text())
    assert said == ["2 (default)", "1 (default)", "4 (default)"]


def test_more_settings_come_into_view_when_they_are_opened(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    window.resize(1000, 640)
    click(qtbot, window, "more_settings")
    area = next(a for a in window.findChildren(QScrollArea) if a.isAncestorOf(the(window, QSpinBox, "seed")))

    def seen(name: str) -> bool:
        widget = the(window, QWidget, name)
        top = widget.mapTo(area.viewport(), widget.rect().topLeft()).y()
        return 0 <= top <= area.viewport().height() - widget.height()

    qtbot.waitUntil(lambda: seen("more_settings") and seen("norm_policy"), timeout=PATIENCE)


def test_what_is_half_typed_is_not_lost_when_something_else_changes(
    qtbot: QtBot, open_window: OpenWindow
) -> None:
    window = open_window()
    rate = the(window, QLineEdit, "learning_rate")
    type_over(qtbot, rate, "1e")
    click(qtbot, window, "strategy_small_lr")
    assert rate.text() == "1e"


def test_settings_that_do_not_go_together_block_train_and_say_why(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window()
    click(qtbot, window, "more_settings")
    choose(qtbot, the(window, QComboBox, "init"), "random")
    said = words_of(window, "ready_line")
    assert "would keep random weights as they are" in said
    assert words_of(window, "stage_map_status") == said, "nor is it said beside what cannot be"
    assert not the(window, QAbstractButton, "train_button").isEnabled()
    click(qtbot, window, "strategy_small_lr")
    assert the(window, QAbstractButton, "train_button").isEnabled()
    assert words_of(window, "stage_map_status") == ""


def test_scratch_does_not_start_from_the_files_weights(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window()
    click(qtbot, window, "more_settings")
    choose(qtbot, the(window, QComboBox, "init"), "pretrained")
    window.project.set_strategy("scratch")
    assert "“From scratch” starts from random weights." in words_of(window, "ready_line")
    choose(qtbot, the(window, QComboBox, "init"), "the strategy's")
    assert the(window, QAbstractButton, "train_button").isEnabled()
    assert window.project.config().init is None


def test_train_runs_exactly_what_the_left_side_says(qtbot: QtBot, ready_window: OpenWindow) -> None:
    job = scripted_job(*whole_run(0.8))
    window = ready_window(job)
    type_over(qtbot, the(window, QSpinBox, "class_count"), "5")
    type_over(qtbot, the(window, QSpinBox, "epochs"), "3")
    type_over(qtbot, the(window, QLineEdit, "learning_rate"), "0.02")
    click(qtbot, window, "more_strategies")
    click(qtbot, window, "strategy_lr_zero")
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert job.calls[0].config == TrainConfig(
        dataset=the(window, QLineEdit, "dataset_path").text(),
        weights=the(window, QLineEdit, "weights_path").text(),
        strategy="lr-zero",
        architecture="resnet18",
        classes=5,
        epochs=3,
        lr=0.02,
    )


def _shown_value(widget: QWidget, setting: Setting) -> Any:
    """Return the value that a control shows, as the config would have it; None for the default that fits."""
    if isinstance(widget, QComboBox):
        return None if widget.currentText() == setting.unset else widget.currentText()
    if isinstance(widget, QSpinBox):
        is_default = setting.default is None and widget.value() == widget.minimum()
        return None if is_default else widget.value()
    assert isinstance(widget, QLineEdit)
    return float(widget.text()) if widget.text() else None


def _differences(config: TrainConfig) -> dict[str, Any]:
    """Return the settings of ``config`` that are not at their default."""
    plain = {setting.name: getattr(config, setting.name) for setting in SETTINGS}
    return {s.name: plain[s.name] for s in SETTINGS if plain[s.name] != s.default}


def _labels(widget: QWidget | MainWindow) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisible()]
