"""The heat map: what a cell says, how epochs share columns, and how it is read with pointer and keys."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ftgui.gui import theme
from ftgui.gui.theme import DARK, LIGHT, Tokens
from ftgui.gui.widgets.amounts import Amounts
from ftgui.gui.widgets.heat_cells import column_amounts
from ftgui.gui.widgets.heat_layout import NARROWEST, WIDEST, Columns, HeatRow, spread
from ftgui.gui.widgets.heat_map import HeatMap, Place, epoch_labels
from ftgui.gui.widgets.heat_scale import RAMPS, HeatLegend, heat_colour, heat_pixels, movement_words

BOTH = pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])

SEES = {
    "all colours": np.eye(3),
    "no red": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "no green": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "no blue": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}
"""What somebody sees of linear red, green and blue, after Machado and others (2009)."""


@pytest.fixture(autouse=True)
def _light_again(qapp: QApplication) -> Iterator[None]:
    theme.apply_theme(qapp, LIGHT)
    yield
    theme.apply_theme(qapp, LIGHT)


@pytest.fixture
def heat_map(qtbot: QtBot) -> HeatMap:
    """A map of three stages over four epochs; the middle one joins at the third."""
    made = HeatMap(object_name="heat_map", accessible_name="What moved")
    qtbot.addWidget(made)
    made.set_rows(
        (
            HeatRow("stem", Amounts((0.0, 0.0, 0.0, 0.0)), ("0", "0 of 6")),
            HeatRow("layer1", Amounts((0.0, 0.0, 1e-3, 2e-3)), ("0.20 %", "9 of 18"), joins=3),
            HeatRow("head", Amounts((None, None, None, None)), ("no norms", "2 of 2")),
        ),
        epochs=4,
        headings=("moved by", "entries"),
    )
    made.resize(700, 160)
    made.show()
    qtbot.waitExposed(made)
    return made


# Colours ----------------------------------------------------------------------------------------------------


@BOTH
def test_only_exactly_nothing_is_ice(tokens: Tokens, qapp: QApplication) -> None:
    theme.apply_theme(qapp, tokens)
    assert heat_colour(0.0) == QColor(tokens.ice)
    assert heat_colour(-0.0) == QColor(tokens.ice)
    assert heat_colour(5e-324) == QColor(RAMPS[tokens.name][0]), "the least number there is, is no ice"
    assert heat_colour(50.0) == QColor(RAMPS[tokens.name][-1])


@BOTH
@pytest.mark.parametrize("sees", SEES)
def test_whoever_looks_tells_ice_from_movement_and_much_from_little(
    tokens: Tokens, sees: str, qapp: QApplication
) -> None:
    theme.apply_theme(qapp, tokens)
    shades = [_seen(heat_colour(10.0**power), sees) for power in range(-6, 1)]
    ice, card = _seen(heat_colour(0.0), sees), _seen(QColor(tokens.card), sees)
    assert min(float(np.linalg.norm(shade - ice)) for shade in shades) > 40
    assert min(float(np.linalg.norm(shade - card)) for shade in (ice, *shades)) > 14
    lightness = [float(shade[0]) for shade in shades]
    assert lightness == sorted(lightness, reverse=tokens is LIGHT), "lightness runs one way"
    assert min(abs(np.diff(lightness))) > 6, "a decade is a step that can be seen"


@BOTH
def test_many_cells_have_the_colours_that_each_would_have(tokens: Tokens, qapp: QApplication) -> None:
    theme.apply_theme(qapp, tokens)
    values = np.array([0.0, -0.0, 5e-324, *np.logspace(-8, 2, 4001), 1e-6, 1.0])
    for value, pixel in zip(values, heat_pixels(values), strict=True):
        assert _differ(QColor(int(pixel)), heat_colour(float(value))) <= (0 if value == 0 else 1), value


def test_movement_is_said_with_two_figures_and_nothing_as_nothing() -> None:
    values = (0.0, 1e-9, 1e-6, 3.14e-5, 0.004, 0.0312, 0.3812, 1.0, 12.34)
    assert [movement_words(value) for value in values] == [
        *("0", "< 0.0001 %", "0.00010 %", "0.0031 %", "0.40 %", "3.1 %", "38 %", "100 %", "1,234 %")
    ]


# Columns ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epochs", [1, 10, 100, 1000])
def test_every_epoch_has_its_column_and_columns_fill_the_room(epochs: int) -> None:
    columns = spread(epochs, 640)
    spans = [columns.span(column) for column in range(columns.count)]
    assert [e for first, last in spans for e in range(first, last + 1)] == [*range(1, epochs + 1)]
    assert [columns.of(e) for e in range(1, epochs + 1)] == sorted(
        columns.of(e) for e in range(1, epochs + 1)
    )
    assert all(first <= e <= last for e in (1, epochs) for first, last in [columns.span(columns.of(e))])
    assert NARROWEST <= columns.width <= WIDEST
    assert columns.count * columns.width <= 640 + 1e-6
    assert (columns.group > 1) == (epochs * NARROWEST > 640), "epochs are put together only where they must"


def test_epochs_put_together_are_still_only_if_all_of_them_are() -> None:
    amounts = Amounts((0.0, 0.0, 0.0, 1e-9, 0.0, None, None, None))
    found = {group: column_amounts(amounts, Columns(10, group, 4.0)).tolist() for group in (2, 3)}
    nothing = pytest.approx(float("nan"), nan_ok=True)
    assert found == {2: [0.0, 1e-9, 0.0, nothing, nothing], 3: [0.0, 1e-9, nothing, nothing]}


def test_a_long_run_begins_with_the_epochs_there_are(heat_map: HeatMap) -> None:
    """Room for 1,000 epochs would make one sliver of the first three."""
    heat_map.set_rows((HeatRow("stem", Amounts((0.0, 0.0, 0.0))),), epochs=1000)
    assert (heat_map.places().columns.group, heat_map.places().columns.count) == (1, 3)
    heat_map.set_rows((HeatRow("stem", Amounts((0.0, 0.0, 0.0))),), epochs=30)
    assert heat_map.places().columns.count == 30, "a shorter one keeps room for those to come"


def test_epochs_are_numbered_from_the_first_with_room_between() -> None:
    assert epoch_labels(4, 96.0) == [1, 2, 3, 4]
    assert epoch_labels(10, 20.0) == [1, 4, 6, 8, 10]
    assert epoch_labels(1000, 0.68) == [1, *range(100, 1001, 100)]


def test_maps_above_each_other_line_up_whatever_their_words(heat_map: HeatMap, qtbot: QtBot) -> None:
    other = HeatMap(object_name="other")
    qtbot.addWidget(other)
    other.resize(heat_map.size())
    lines = (("moved by", "entries"), *(row.words for row in heat_map.rows()))
    row = HeatRow("layer1", Amounts((0.0,)), ("0",))
    other.set_rows((row,), epochs=4, headings=("moved by",), beside=lines)
    assert other.places().columns == heat_map.places().columns
    assert other.places().names == heat_map.places().names


# What is painted --------------------------------------------------------------------------------------------


def test_cells_are_painted_in_the_colours_of_their_values(heat_map: HeatMap) -> None:
    image = heat_map.grab().toImage()
    assert [_cell_colour(heat_map, image, 0, column) for column in range(4)] == [QColor(LIGHT.ice)] * 4
    assert [_cell_colour(heat_map, image, 1, column) for column in range(4)] == [
        *(QColor(LIGHT.ice), QColor(LIGHT.ice), heat_colour(1e-3), heat_colour(2e-3))
    ]
    ground = image.pixelColor(1, image.height() - 1)
    assert [_cell_colour(heat_map, image, 2, column) for column in range(4)] == [ground] * 4


@pytest.mark.parametrize("epochs", [3, 40, 1000])
def test_every_cell_has_the_colour_of_its_epochs_however_many_share_it(
    heat_map: HeatMap, epochs: int
) -> None:
    chance = np.random.default_rng(0)
    amounts = [
        Amounts(10.0 ** chance.uniform(-8, 1, epochs)),
        Amounts(None if chance.random() < 0.5 else 1e-3 for _ in range(epochs)),
        Amounts([0.0] * (epochs - 1)),
        Amounts([None] * epochs),
    ]
    heat_map.set_rows(tuple(HeatRow(f"stage {n}", each) for n, each in enumerate(amounts)), epochs)
    image, columns = heat_map.grab().toImage(), heat_map.places().columns
    ground = image.pixelColor(1, image.height() - 1)
    for row, values in enumerate(amounts):
        for column in range(columns.count):
            first, last = columns.span(column)
            told = [value for value in values[first - 1 : last] if value is not None]
            to_come = first > len(values)
            nothing = QColor(LIGHT.chip) if to_come else ground
            expected = heat_colour(max(told)) if told else nothing
            assert _differ(_cell_colour(heat_map, image, row, column), expected) <= 1, (row, column)


def test_what_a_row_grows_by_is_shown(heat_map: HeatMap) -> None:
    amounts = Amounts([0.0])
    rows = (HeatRow("stem", amounts),)
    heat_map.set_rows(rows, epochs=3)
    assert _cell_colour(heat_map, heat_map.grab().toImage(), 0, 1) == QColor(LIGHT.chip)
    amounts.append(0.5)
    heat_map.set_rows(rows, epochs=3)
    assert _cell_colour(heat_map, heat_map.grab().toImage(), 0, 1) == heat_colour(0.5)
    heat_map.set_rows(rows, epochs=1000)
    assert heat_map.places().columns.count == 2
    amounts.append(0.6)
    heat_map.set_rows(rows, epochs=1000)
    assert heat_map.places().columns.count == 3, "a long run has no room but for what there is"


def test_amounts_are_read_back_as_they_came() -> None:
    amounts = Amounts([0.5, None])
    amounts.append(1e-3)
    assert (list(amounts), amounts[-1], amounts[:2], len(amounts)) == (
        [0.5, None, 1e-3],
        1e-3,
        [0.5, None],
        3,
    )
    assert [Amounts(each).is_blank for each in ((), (None,), (None, 0.0))] == [False, True, False]


def test_a_line_stands_where_a_stage_joins(heat_map: HeatMap) -> None:
    image = heat_map.grab().toImage()
    x = round(heat_map.places().cell(1, 2).left())
    assert image.pixelColor(x, _middle(heat_map, 1)) == QColor(LIGHT.text)
    assert image.pixelColor(x, _middle(heat_map, 0)) != QColor(LIGHT.text)


def test_epochs_to_come_are_kept_room_for(heat_map: HeatMap) -> None:
    heat_map.set_rows((HeatRow("stem", Amounts((0.0,))), HeatRow("head", Amounts((None,)))), epochs=3)
    image = heat_map.grab().toImage()
    assert _cell_colour(heat_map, image, 0, 0) == QColor(LIGHT.ice)
    assert _cell_colour(heat_map, image, 0, 2) == QColor(LIGHT.chip)
    assert _cell_colour(heat_map, image, 1, 2) != QColor(LIGHT.chip), "there is nothing to come"


def test_the_map_and_its_legend_follow_the_theme(heat_map: HeatMap, qtbot: QtBot, qapp: QApplication) -> None:
    legend = HeatLegend(object_name="legend")
    qtbot.addWidget(legend)
    assert _has_colour(legend.grab().toImage(), LIGHT.ice)
    theme.apply_theme(qapp, DARK)
    assert _cell_colour(heat_map, heat_map.grab().toImage(), 0, 0) == QColor(DARK.ice)
    assert _has_colour(legend.grab().toImage(), DARK.ice)


def test_the_legend_speaks_of_joining_only_where_a_stage_joins(qtbot: QtBot) -> None:
    legend = HeatLegend(object_name="legend")
    qtbot.addWidget(legend)
    narrow = legend.sizeHint().width()
    legend.set_joins(True)
    assert legend.sizeHint().width() > narrow
    legend.set_joins(False)
    assert legend.sizeHint().width() == narrow


# Reading ----------------------------------------------------------------------------------------------------


def test_the_pointer_says_which_cell_it_is_on_until_it_leaves(heat_map: HeatMap, qtbot: QtBot) -> None:
    told: list[Place | None] = []
    heat_map.pointed.connect(told.append)
    for row, column in ((1, 2), (2, 3)):
        qtbot.mouseMove(heat_map, heat_map.places().cell(row, column).center().toPoint())
    qtbot.mouseMove(heat_map, QPoint(3, 3))
    assert told == [Place(1, 3, 3), Place(2, 4, 4), None]


def test_arrow_keys_go_from_cell_to_cell_and_stay_on_the_map(heat_map: HeatMap, qtbot: QtBot) -> None:
    heat_map.setFocus(Qt.FocusReason.TabFocusReason)
    assert heat_map.pointed_at() == Place(0, 4, 4), "the newest cell of the first stage"
    key = Qt.Key
    went = {}
    for name, keys in {
        "down": (key.Key_Down, key.Key_Down, key.Key_Down),
        "left": (key.Key_Left, key.Key_Left),
        "home": (key.Key_Home, key.Key_Left),
        "up": (key.Key_Up,) * 4,
        "end": (key.Key_End, key.Key_Right),
    }.items():
        for each in keys:
            qtbot.keyClick(heat_map, each)
        went[name] = heat_map.pointed_at()
    assert went == {
        "down": Place(2, 4, 4),
        "left": Place(2, 2, 2),
        "home": Place(2, 1, 1),
        "up": Place(0, 1, 1),
        "end": Place(0, 4, 4),
    }
    heat_map.clearFocus()
    assert heat_map.pointed_at() is None


def test_a_place_of_several_epochs_names_them_all_and_keys_step_over_them(
    heat_map: HeatMap, qtbot: QtBot
) -> None:
    heat_map.set_rows((HeatRow("stem", Amounts((0.0,) * 1000)),), epochs=1000)
    group = heat_map.places().columns.group
    assert group > 1
    heat_map.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(heat_map, Qt.Key.Key_Home)
    qtbot.keyClick(heat_map, Qt.Key.Key_Right)
    assert heat_map.pointed_at() == Place(0, group + 1, 2 * group)


def test_what_is_pointed_at_is_told_anew_when_the_run_goes_on(heat_map: HeatMap, qtbot: QtBot) -> None:
    qtbot.mouseMove(heat_map, heat_map.places().cell(1, 3).center().toPoint())
    with qtbot.waitSignal(heat_map.pointed) as told:
        heat_map.set_rows(heat_map.rows()[:2], epochs=5)
    assert told.args == [Place(1, 4, 4)]
    heat_map.set_rows(heat_map.rows()[:1], epochs=5)
    assert heat_map.pointed_at() is None, "that stage is gone"


def test_who_cannot_see_the_map_is_told_where_each_stage_stands(heat_map: HeatMap) -> None:
    assert heat_map.accessibleDescription() == (
        "stem: 0, 0 of 6; layer1: 0.20 %, 9 of 18; head: no norms, 2 of 2"
    )


# ------------------------------------------------------------------------------------------------------------


def _seen(colour: QColor, sees: str) -> NDArray[np.float64]:
    """Return a colour in CIE Lab, as somebody sees it who lacks a kind of cone."""
    rgb = np.array([colour.redF(), colour.greenF(), colour.blueF()])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(SEES[sees] @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    f = [np.cbrt(t) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz / (0.9505, 1.0, 1.089)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def _cell_colour(heat_map: HeatMap, image: QImage, row: int, column: int) -> QColor:
    return image.pixelColor(heat_map.places().cell(row, column).center().toPoint())


def _differ(one: QColor, other: QColor) -> int:
    """Return by how much two colours differ, in the channel in which they do most; rounding makes 1."""
    pairs = ((one.red(), other.red()), (one.green(), other.green()), (one.blue(), other.blue()))
    return max(abs(a - b) for a, b in pairs)


def _middle(heat_map: HeatMap, row: int) -> int:
    return int(heat_map.places().cell(row, 0).center().y())


def _has_colour(image: QImage, colour: str) -> bool:
    return any(
        image.pixelColor(x, y) == QColor(colour) for x in range(image.width()) for y in range(image.height())
    )
