"""Cards are radio buttons: one is chosen, by pointer or keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QButtonGroup, QLabel, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ftgui.gui import theme
from ftgui.gui.widgets.stage_bar import Segment
from ftgui.gui.widgets.strategy_card import StrategyCard
from ftgui.gui.widgets.text import Chip


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    """What holds the widgets: pytest-qt does not, and a child dies with its parent."""
    made = QWidget()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def cards(page: QWidget, qtbot: QtBot) -> tuple[StrategyCard, ...]:
    layout = QVBoxLayout(page)
    group = QButtonGroup(page)
    segments = (Segment("stem", 1, "frozen"), Segment("head", 1, "learning"))
    made = tuple(
        StrategyCard(f"Way {i}", "What moves", segments, object_name=f"strategy_{i}") for i in range(3)
    )
    for card in made:
        group.addButton(card)
        layout.addWidget(card)
    made[0].setChecked(True)
    page.resize(360, 400)
    page.show()
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    return made


def _chosen(cards: tuple[StrategyCard, ...]) -> list[bool]:
    return [card.isChecked() for card in cards]


def test_a_click_anywhere_on_a_card_chooses_it_alone(cards: tuple[StrategyCard, ...], qtbot: QtBot) -> None:
    with qtbot.waitSignal(cards[1].clicked):
        label = next(child for child in cards[1].findChildren(QWidget) if child.property("role") == "strong")
        qtbot.mouseClick(label, Qt.MouseButton.LeftButton)
    assert _chosen(cards) == [False, True, False]
    qtbot.mouseClick(cards[1], Qt.MouseButton.LeftButton)
    assert _chosen(cards) == [False, True, False]


def test_arrow_keys_and_space_choose(cards: tuple[StrategyCard, ...], qtbot: QtBot) -> None:
    cards[0].setFocus()
    qtbot.keyClick(cards[0], Qt.Key.Key_Down)
    assert cards[1].hasFocus()
    qtbot.keyClick(cards[1], Qt.Key.Key_Space)
    assert _chosen(cards) == [False, True, False]
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Up):
        qtbot.keyClick(QApplication.focusWidget(), key)
    assert _chosen(cards) == [True, False, False]


def test_arrow_keys_go_to_cards_that_are_folded_away(cards: tuple[StrategyCard, ...], qtbot: QtBot) -> None:
    cards[1].hide()
    cards[1].toggled.connect(cards[1].setVisible)
    cards[0].setFocus()
    qtbot.keyClick(cards[0], Qt.Key.Key_Down)
    assert _chosen(cards) == [False, True, False]
    assert cards[1].hasFocus()


def test_what_a_way_costs_stands_on_the_chosen_card_and_in_the_tooltip_of_others(
    page: QWidget, qtbot: QtBot
) -> None:
    card = StrategyCard("Way", "What moves", details="It costs much.")
    QVBoxLayout(page).addWidget(card)
    page.show()
    details = next(label for label in card.findChildren(QLabel) if label.text() == "It costs much.")
    assert (details.isVisible(), card.toolTip()) == (False, "It costs much.")
    card.setChecked(True)
    assert (details.isVisible(), card.toolTip()) == (True, "")
    assert card.accessibleDescription() == "What moves · It costs much."


def test_an_input_moves_to_the_card_that_it_is_given_to(
    cards: tuple[StrategyCard, ...], qtbot: QtBot
) -> None:
    shared = QLineEdit()
    cards[0].add_input(shared)
    assert shared.isVisible()
    cards[1].add_input(shared)
    assert not shared.isVisible()
    assert cards[1].isAncestorOf(shared)
    qtbot.mouseClick(cards[1], Qt.MouseButton.LeftButton)
    assert shared.isVisible()


def test_the_extra_input_is_shown_only_while_its_card_is_chosen(
    cards: tuple[StrategyCard, ...], qtbot: QtBot
) -> None:
    extra = QLineEdit()
    cards[1].add_input(extra)
    assert not extra.isVisible()
    low = cards[1].sizeHint().height()
    qtbot.mouseClick(cards[1], Qt.MouseButton.LeftButton)
    assert extra.isVisible()
    assert cards[1].sizeHint().height() > low
    qtbot.mouseClick(cards[2], Qt.MouseButton.LeftButton)
    assert not extra.isVisible()


def test_keys_pressed_in_the_extra_input_do_not_move_the_choice(
    cards: tuple[StrategyCard, ...], qtbot: QtBot
) -> None:
    extra = QLineEdit()
    cards[0].add_input(extra)
    extra.setFocus()
    qtbot.keyClick(extra, Qt.Key.Key_Down)
    assert extra.hasFocus()
    assert _chosen(cards) == [True, False, False]


def test_the_cost_is_shown_once_it_is_known(cards: tuple[StrategyCard, ...]) -> None:
    chip = cards[0].findChildren(Chip)[0]
    assert not chip.isVisible()
    cards[0].set_cost("≈ 6 s")
    assert (chip.isVisible(), chip.text()) == (True, "≈ 6 s")
    assert cards[0].accessibleDescription() == "What moves · ≈ 6 s"


def test_a_card_is_named_by_its_title(cards: tuple[StrategyCard, ...]) -> None:
    assert (cards[2].accessibleName(), cards[2].objectName()) == ("Way 2", "strategy_2")


def test_the_chosen_card_looks_chosen_in_both_themes(
    cards: tuple[StrategyCard, ...], qapp: QApplication
) -> None:
    for tokens in (theme.DARK, theme.LIGHT):
        theme.apply_theme(qapp, tokens)
        inner = [card.grab().toImage().pixelColor(7, card.height() // 2).name() for card in cards[:2]]
        assert inner == [tokens.selection, tokens.card]
