"""Cards, buttons, chips, tables: the small things in between."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTableView, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from ftgui.gui import theme
from ftgui.gui.widgets.buttons import Button, Disclosure, Segments
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.icons import IconButton
from ftgui.gui.widgets.tables import COLOUR_ROLE, DotDelegate, Tabs, is_shown, style_table, widen_to_titles
from ftgui.gui.widgets.text import Chip, Text, tip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/photos/ants", "/photos/ants"),
        ("/photos/<b>ants</b>", "<p>/photos/&lt;b&gt;ants&lt;/b&gt;</p>"),
        ("ants, " * 20, f"<p>{'ants, ' * 20}</p>"),
        ("", ""),
    ],
)
def test_a_tooltip_takes_no_name_for_markup_and_wraps_a_long_one(text: str, shown: str) -> None:
    assert tip(text) == shown


def test_a_numbered_card_counts_its_title_and_a_titleless_one_leaves_no_gap(qtbot: QtBot) -> None:
    numbered, plain = Card("Pictures", number=1), Card()
    for card in (numbered, plain):
        qtbot.addWidget(card)
        card.add(QPushButton("x"))
        card.show()
    assert [label.text() for label in numbered.findChildren(QLabel)] == ["1  Pictures"]
    assert plain.sizeHint().height() < numbered.sizeHint().height() - 15
    assert numbered.accessibleName() == "Pictures"


def test_a_corner_widget_stands_on_the_line_of_the_title(qtbot: QtBot) -> None:
    card, corner = Card("Loss"), Chip("epochs")
    qtbot.addWidget(card)
    card.add_corner(corner)
    card.resize(300, 100)
    card.show()
    title = card.findChildren(QLabel)[0]
    middles = [widget.mapTo(card, widget.rect().center()) for widget in (title, corner)]
    assert abs(middles[0].y() - middles[1].y()) <= 2
    assert middles[1].x() > 200


def test_segments_have_one_choice_and_say_what_the_user_chose(qtbot: QtBot) -> None:
    segments = Segments((("epochs", "Epochs"), ("seconds", "Seconds")), object_name="over")
    qtbot.addWidget(segments)
    segments.show()
    assert segments.choice() == "epochs"
    button = segments.findChild(QPushButton, "over_seconds")
    with qtbot.waitSignal(segments.chosen) as blocker:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert (blocker.args, segments.choice()) == (["seconds"], "seconds")
    heard: list[str] = []
    segments.chosen.connect(heard.append)
    segments.set_choice("epochs")
    assert (segments.choice(), heard) == ("epochs", [])


def test_a_disclosure_opens_what_is_below_it(qtbot: QtBot) -> None:
    content = QLabel("more")
    disclosure = Disclosure("more settings", content, object_name="more_settings")
    qtbot.addWidget(disclosure)
    disclosure.show()
    assert not content.isVisible()
    with qtbot.waitSignal(disclosure.toggled):
        button = disclosure.findChild(QPushButton, "more_settings")
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert (content.isVisible(), disclosure.is_open()) == (True, True)
    disclosure.set_open(False)
    assert not content.isVisible()


def test_an_icon_button_tells_its_purpose_to_those_who_cannot_see_it(qtbot: QtBot) -> None:
    button = IconButton("pause", "Pause", object_name="pause_button")
    qtbot.addWidget(button)
    assert (button.accessibleName(), button.toolTip(), button.text()) == ("Pause", "Pause", "")
    assert not button.icon().isNull()


def test_a_buttons_words_are_its_own_without_blanks_for_the_icon(qtbot: QtBot) -> None:
    button = Button("Train", kind="primary", icon_name="play", object_name="train_button")
    qtbot.addWidget(button)
    assert (button.text(), button.objectName()) == ("Train", "train_button")


def test_a_chip_with_nothing_to_say_is_not_there(qtbot: QtBot) -> None:
    chip = Chip()
    qtbot.addWidget(chip)
    assert not chip.isVisibleTo(None)
    chip.set_text("≈ 6 s")
    assert chip.isVisible()


def test_the_corner_of_the_tabs_is_on_their_middle_line(qtbot: QtBot) -> None:
    tabs = Tabs(object_name="pages")
    qtbot.addWidget(tabs)
    chip = Chip("CPU")
    for title in ("Training", "Results"):
        tabs.addTab(QWidget(), title)
    tabs.set_corner(chip)
    tabs.resize(600, 300)
    tabs.show()
    middle = chip.mapTo(tabs, chip.rect().center()).y()
    assert abs(middle - tabs.tabBar().geometry().center().y()) <= 2


def test_tabs_may_die_while_python_still_knows_their_parts(qtbot: QtBot) -> None:
    """An ``event`` override that asked for the corner ended the process here: destroying calls it too."""
    tabs, chip = Tabs(), Chip("CPU")
    tabs.addTab(QWidget(), "Training")
    tabs.set_corner(chip)
    tabs.show()
    with qtbot.waitSignal(chip.destroyed):
        tabs.deleteLater()
    assert not isValid(tabs)


@pytest.fixture
def table(qtbot: QtBot, qapp: QApplication) -> QTableView:
    theme.apply_theme(qapp, theme.LIGHT)
    view = QTableView()
    qtbot.addWidget(view)
    model = QStandardItemModel(2, 2, view)
    for row in range(2):
        dot = QStandardItem()
        dot.setData(row, COLOUR_ROLE)
        dot.setCheckable(True)
        dot.setCheckState(Qt.CheckState.Checked)
        model.setItem(row, 0, dot)
        model.setItem(row, 1, QStandardItem("run"))
    style_table(view, object_name="runs_table", accessible_name="Runs")
    view.setModel(model)
    view.setItemDelegateForColumn(0, DotDelegate(view))
    view.resize(300, 200)
    view.show()
    return view


def _cell(view: QTableView, row: int) -> QRect:
    return view.visualRect(view.model().index(row, 0))


def test_a_click_on_a_runs_dot_hides_and_shows_it(table: QTableView, qtbot: QtBot) -> None:
    index = table.model().index(1, 0)
    for shown in (False, True):
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=_cell(table, 1).center())
        assert is_shown(index) is shown
    assert is_shown(table.model().index(0, 0))


def test_a_runs_dot_has_its_colour_and_is_a_ring_when_hidden(table: QTableView) -> None:
    def pixels() -> int:
        image = table.viewport().grab(_cell(table, 1)).toImage()
        colours = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
        return sum(colour.name() == theme.LIGHT.run_colours[1].lower() for colour in colours)

    full = pixels()
    table.model().setData(table.model().index(1, 0), Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert 0 < pixels() < full / 2


def test_the_table_selects_whole_rows_and_lets_tab_move_on(table: QTableView) -> None:
    table.selectRow(0)
    assert len(table.selectionModel().selectedRows()) == 1
    assert not table.tabKeyNavigation()
    assert (table.objectName(), table.accessibleName()) == ("runs_table", "Runs")


def test_columns_are_widened_until_their_titles_can_be_read(table: QTableView) -> None:
    model = table.model()
    model.setHeaderData(0, Qt.Orientation.Horizontal, "x")
    model.setHeaderData(1, Qt.Orientation.Horizontal, "A title longer than its column")
    table.setColumnWidth(0, 150)
    table.setColumnWidth(1, 40)
    widen_to_titles(table)
    assert table.columnWidth(0) == 150
    words = table.fontMetrics().horizontalAdvance("A title longer than its column")
    assert table.columnWidth(1) > 0.9 * words


def test_a_label_that_wraps_asks_for_a_line_and_not_for_the_height_of_a_word_a_line(qtbot: QtBot) -> None:
    label = Text("a sentence of many words that would be very tall were each on its own line", wrap=True)
    qtbot.addWidget(label)
    assert label.minimumSizeHint().height() <= 2 * label.fontMetrics().height()
