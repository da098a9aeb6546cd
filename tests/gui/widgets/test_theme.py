"""The two themes can be read, and what paints by hand follows a change."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import product

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui import theme
from ftgui.gui.theme import DARK, LIGHT, Tokens
from ftgui.gui.widgets.icons import icon
from ftgui.gui.widgets.stage_bar import Segment, StageBar

AA_TEXT = 4.5
AA_GRAPHICS = 3.0
BOTH = pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])


@pytest.fixture(autouse=True)
def _light_again(qapp: QApplication) -> Iterator[None]:
    theme.apply_theme(qapp, LIGHT)
    yield
    theme.apply_theme(qapp, LIGHT)


def _luminance(colour: str) -> float:
    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    made = QColor(colour)
    red, green, blue = (linear(c) for c in (made.redF(), made.greenF(), made.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_contrast_measure_knows_black_on_white_and_the_webs_grey() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@BOTH
def test_text_can_be_read_on_every_background(tokens: Tokens) -> None:
    backgrounds = (tokens.window, tokens.card, tokens.selection, tokens.hover, tokens.chip, tokens.error_fill)
    for ink, ground in product((tokens.text, tokens.muted), backgrounds):
        assert contrast(ink, ground) >= AA_TEXT, (ink, ground)


@BOTH
def test_words_that_warn_can_be_read_on_cards_and_on_their_own_fill(tokens: Tokens) -> None:
    pairs = ((tokens.ok, tokens.ok_fill), (tokens.warn, tokens.warn_fill), (tokens.error, tokens.error_fill))
    for ink, fill in pairs:
        assert contrast(ink, tokens.card) >= AA_TEXT, ink
        assert contrast(ink, fill) >= AA_TEXT, (ink, fill)
    assert contrast(tokens.accent, tokens.info_fill) >= AA_GRAPHICS


@BOTH
def test_the_primary_button_can_be_read_also_under_the_pointer(tokens: Tokens) -> None:
    assert contrast(tokens.accent_text, tokens.accent) >= AA_TEXT
    assert contrast(tokens.accent_text, tokens.accent_hover) >= AA_TEXT


@BOTH
def test_the_colour_of_the_focus_can_be_seen_on_every_background(tokens: Tokens) -> None:
    for ground in (tokens.window, tokens.card, tokens.selection):
        assert contrast(tokens.accent, ground) >= AA_GRAPHICS


def test_run_colours_are_those_of_the_design_and_no_two_are_the_same() -> None:
    six = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9")
    assert LIGHT.run_colours[:6] == six
    for tokens in (LIGHT, DARK):
        assert len(set(tokens.run_colours)) == len(STRATEGIES), "one for each strategy of a comparison"
    for dark, light in zip(DARK.run_colours, LIGHT.run_colours, strict=True):
        assert _luminance(dark) > _luminance(light)


def test_an_index_is_a_colour_of_the_theme_and_starts_over_while_a_colour_stays_itself(
    qapp: QApplication,
) -> None:
    theme.apply_theme(qapp, DARK)
    assert theme.run_colour(1).name() == DARK.run_colours[1].lower()
    assert theme.run_colour(8) == theme.run_colour(1)
    assert theme.run_colour("#123456").name() == "#123456"


@BOTH
def test_applying_a_theme_sets_palette_and_stylesheet_and_says_so(
    qapp: QApplication, qtbot: QtBot, tokens: Tokens
) -> None:
    with qtbot.waitSignal(theme.signals.changed):
        theme.apply_theme(qapp, tokens)
    assert theme.current() is tokens
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == tokens.window
    assert tokens.accent in qapp.styleSheet()
    assert "$" not in qapp.styleSheet()


def test_a_system_that_says_nothing_is_light(qapp: QApplication) -> None:
    assert theme.system_tokens() is LIGHT


def test_choosing_a_theme_applies_it(qapp: QApplication) -> None:
    theme.choose_theme(qapp, "dark")
    assert theme.current() is DARK
    theme.choose_theme(qapp, "light")
    assert theme.current() is LIGHT


def test_figures_have_one_width_so_that_they_stand_still(qapp: QApplication) -> None:
    theme.apply_theme(qapp, LIGHT)
    assert qapp.font().featureTags() != []


def _ink_of(made: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> str:
    image = made.pixmap(QSize(32, 32), mode=mode).toImage()
    colours = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return max(colours, key=lambda colour: colour.alpha()).name()


def test_an_icon_made_in_one_theme_is_painted_in_the_colours_of_the_next(qapp: QApplication) -> None:
    stop = icon("stop")
    assert _ink_of(stop) == LIGHT.text
    assert _ink_of(stop, QIcon.Mode.Disabled) == LIGHT.faint
    theme.apply_theme(qapp, DARK)
    assert _ink_of(stop) == DARK.text


def test_a_widget_that_is_gone_is_not_told_of_a_new_theme(qapp: QApplication) -> None:
    bar = StageBar((Segment("stem", 1.0, "frozen"),))
    bar.deleteLater()
    del bar
    gc.collect()
    qapp.processEvents()
    theme.apply_theme(qapp, DARK)
