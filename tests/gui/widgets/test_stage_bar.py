"""The bar shows each stage, in the colour of what it may do, and where the ice ends."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QColor, QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from ftgui.gui import theme
from ftgui.gui.widgets.stage_bar import Segment, StageBar, StageState, segment_widths, stage_colour


def _bar(qtbot: QtBot, *states: StageState) -> StageBar:
    bar = StageBar(tuple(Segment(f"s{i}", 1.0 + i, state, f"tip {i}") for i, state in enumerate(states)))
    qtbot.addWidget(bar)
    bar.resize(300, bar.sizeHint().height())
    bar.show()
    return bar


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=160), st.floats(60, 2000))
def test_widths_fill_the_room_and_none_is_lost(weights: list[float], room: float) -> None:
    widths = segment_widths(tuple(weights), room)
    assert sum(widths) == pytest.approx(room)
    assert min(widths) >= min(14.0, room / len(weights) / 2) * 0.999
    by_weight = [width for _, width in sorted(zip(weights, widths, strict=True))]
    assert all(narrow <= wide + 1e-6 for narrow, wide in pairwise(by_weight))


def test_each_stage_is_painted_in_the_colour_of_its_state(qtbot: QtBot, qapp: QApplication) -> None:
    states: tuple[StageState, ...] = ("frozen", "slow", "learning", "unknown")
    bar = _bar(qtbot, *states)
    for tokens in (theme.DARK, theme.LIGHT):
        theme.apply_theme(qapp, tokens)
        image = bar.grab().toImage()
        for rect, state in zip(bar.segment_rects(), states, strict=True):
            assert image.pixelColor(rect.center().toPoint()) == stage_colour(state)
    assert stage_colour("frozen") == QColor(theme.LIGHT.ice)


@pytest.mark.parametrize(
    ("states", "line"),
    [
        (("frozen", "frozen", "learning"), 2),
        (("zero", "zero", "learning"), 0),
        (("slow", "learning"), 0),
        (("frozen", "frozen"), 2),
        ((), 0),
    ],
)
def test_the_ice_line_ends_the_frozen_prefix(qtbot: QtBot, states: tuple[StageState, ...], line: int) -> None:
    assert _bar(qtbot, *states).ice_line() == line


def test_the_ice_line_is_drawn_between_the_stages_it_parts(qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply_theme(qapp, theme.LIGHT)
    bar = _bar(qtbot, "frozen", "frozen", "learning")
    left, right = bar.segment_rects()[1:]
    middle = int((left.right() + right.left()) / 2)
    image = bar.grab().toImage()
    near = [image.pixelColor(x, bar.height() // 2).lightness() for x in range(middle - 1, middle + 2)]
    assert min(near) < 100


def test_the_bar_says_in_words_what_it_shows(qtbot: QtBot) -> None:
    bar = _bar(qtbot, "frozen", "zero")
    assert bar.accessibleDescription() == "s0: frozen, s1: learning rate 0"
    bar.set_segments((Segment("head", 1.0, "learning"),))
    assert bar.accessibleDescription() == "head: learning"


def test_a_stage_that_joins_later_is_half_ice_and_half_what_it_becomes(qtbot: QtBot) -> None:
    bar = StageBar((Segment("stem", 1.0, "slow", joins=5), Segment("head", 1.0, "learning")))
    qtbot.addWidget(bar)
    bar.resize(300, bar.sizeHint().height())
    rect, image = bar.segment_rects()[0], bar.grab().toImage()
    first, last = (
        image.pixelColor(int(x), int(rect.center().y())) for x in (rect.left() + 5, rect.right() - 5)
    )
    assert (first, last) == (stage_colour("frozen"), stage_colour("slow"))
    assert bar.accessibleDescription() == "stem: frozen until epoch 5, then slow, head: learning"
    assert bar.ice_line() == 0, "it does not stay frozen"


def test_pointing_at_a_stage_tells_of_it(qtbot: QtBot, expected_log: Callable[..., None]) -> None:
    expected_log("does not support raise", logger="qt")  # the offscreen platform, of the tool tip
    bar = _bar(qtbot, "frozen", "slow", "learning")
    place = bar.segment_rects()[1].center().toPoint()
    QApplication.sendEvent(bar, QHelpEvent(QEvent.Type.ToolTip, place, bar.mapToGlobal(place)))
    assert QToolTip.text() == "tip 1"
    nowhere = QPoint(bar.width() + 50, 3)
    QApplication.sendEvent(bar, QHelpEvent(QEvent.Type.ToolTip, nowhere, bar.mapToGlobal(nowhere)))
    qtbot.waitUntil(lambda: not QToolTip.isVisible())
