"""Where the time went: a bar that can be read without colours, and the figures behind it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from ftgui.gui import theme
from ftgui.gui.theme import DARK, LIGHT, Tokens
from ftgui.gui.time_words import Phase, brief_words, phases, speed_words, time_sentences
from ftgui.gui.widgets.time_strip import TimeLegend, TimeStrip, ink_on, phase_colour
from ftgui.training.events import PhaseSpeed, Reason, RunEnded

SPENT = {"proof": 0.3, "training": 0.1, "frozen pass": 2.8, "reading": 0.2, "validation": 0.014}
ENDED = RunEnded(
    reason=Reason.COMPLETED,
    message="",
    seconds=4.0,
    phase_seconds=SPENT,
    counters={"prefix_forwards": 648, "decoded_pictures": 398, "cache_hits": 0},
    speed=(
        PhaseSpeed(phase="decoding", pictures_per_second=680.4),
        PhaseSpeed(phase="frozen pass", pictures_per_second=231.0, roof=245.0),
    ),
    loading_seconds=2.31,
    measuring_seconds=9.6,
)


@pytest.fixture
def strip(qtbot: QtBot, qapp: QApplication) -> TimeStrip:
    theme.apply_theme(qapp, LIGHT)
    made = TimeStrip(object_name="time_strip")
    qtbot.addWidget(made)
    made.resize(800, 40)
    made.set_times(phases(ENDED), "4.0 s", time_sentences(ENDED))
    qtbot.waitExposed(made)
    return made


# Words ------------------------------------------------------------------------------------------------------


def test_phases_stand_in_the_order_of_their_happening_and_are_all_of_the_time() -> None:
    found = phases(ENDED)
    assert [phase.name for phase in found] == [
        *("reading", "frozen pass", "training", "validation", "proof", "other")
    ]
    assert sum(phase.seconds for phase in found) == pytest.approx(4.0)
    assert sum(phase.share for phase in found) == pytest.approx(1.0)
    assert found[1].share == pytest.approx(0.7)
    assert found[1].words == "frozen pass 2.8 s"


def test_what_no_phase_was_counted_for_is_left_out_where_it_is_next_to_nothing() -> None:
    ended = RunEnded(reason=Reason.COMPLETED, message="", seconds=10.0, phase_seconds={"training": 9.95})
    assert [phase.name for phase in phases(ended)] == ["training"]


@pytest.mark.parametrize("seconds", [0.0, 2.0])
def test_a_run_whose_phases_are_longer_than_itself_is_as_long_as_they_are(seconds: float) -> None:
    """A resumed run, or one whose clock was read a moment before the last phase ended."""
    ended = RunEnded(reason=Reason.STOPPED, message="", seconds=seconds, phase_seconds={"a": 2.0, "b": 2.0})
    assert [phase.share for phase in phases(ended)] == [0.5, 0.5]


def test_a_run_of_an_older_ftgui_has_nothing_to_tell() -> None:
    ended = RunEnded(reason=Reason.COMPLETED, message="", seconds=10.0)
    assert (phases(ended), time_sentences(ended)) == ((), ())


def test_sentences_say_how_fast_what_was_computed_and_what_is_not_counted() -> None:
    assert time_sentences(ENDED) == (
        "decoding 680 pictures/s",
        "frozen pass 231 pictures/s, 94 % of what this computer can do",
        "398 pictures decoded · 648 views through the frozen stages · 0 views from the cache",
        "not counted: 2.3 s loading torch · 9.6 s finding this computer's fastest arithmetic, once",
    )


@pytest.mark.parametrize(
    ("rate", "roof", "words"),
    [
        (231.0, None, "training 231 pictures/s"),
        (37062.1, 74000.0, "training 37,062 pictures/s, 50 % of what this computer can do"),
        (99.6, 100.0, "training 100 pictures/s, all of what this computer can do"),
        (103.0, 100.0, "training 103 pictures/s, all of what this computer can do"),
    ],
)
def test_a_speed_is_said_beside_what_the_computer_can_do(rate: float, roof: float | None, words: str) -> None:
    assert speed_words(PhaseSpeed(phase="training", pictures_per_second=rate, roof=roof)) == words


def test_little_time_is_said_in_milliseconds() -> None:
    assert [brief_words(s) for s in (1e-5, 0.014, 0.094, 0.096, 2.83, 72)] == [
        *("1 ms", "14 ms", "94 ms", "0.1 s", "2.8 s", "1 min 12 s")
    ]


# The strip --------------------------------------------------------------------------------------------------


def test_the_bar_is_divided_as_the_time_was(strip: TimeStrip) -> None:
    places = strip.bar.places()
    width = strip.bar.width()
    assert places[0].left() == 0
    assert places[-1].right() == width - 1
    assert all(one.right() <= other.left() for one, other in pairwise(places))
    assert places[1].width() == pytest.approx(0.7 * width, abs=3)


def test_a_phase_says_what_it_is_where_there_is_room_and_its_tooltip_everywhere(
    strip: TimeStrip, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _at, words, _widget: said.append(words))
    frozen, found = strip.bar.places()[1], phases(ENDED)[1]
    assert strip.bar.label(found, frozen.width()) == "frozen pass 2.8 s"
    assert strip.bar.label(found, 80) == "frozen pass"
    assert strip.bar.label(found, 20) == ""
    for place in strip.bar.places():
        at = place.center().toPoint()
        QApplication.sendEvent(strip.bar, QHelpEvent(QHelpEvent.Type.ToolTip, at, QPoint()))
    assert said == [phase.words for phase in phases(ENDED)]


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_words_on_the_bar_can_be_read_in_both_themes(tokens: Tokens) -> None:
    for name in (*SPENT, "decoding", "building", "writing", "other"):
        ground = phase_colour(name, tokens)
        assert _contrast(ground, ink_on(ground)) >= 4.5, name
        assert _contrast(ground, QColor(tokens.card)) >= 1.3, f"{name} is seen on the card"


def test_who_asks_is_told_more_and_the_strip_closes_again(strip: TimeStrip, qtbot: QtBot) -> None:
    closed = strip.sizeHint().height()
    qtbot.mouseClick(strip.button, Qt.MouseButton.LeftButton)
    assert strip.sizeHint().height() > closed + 60
    assert strip.sentences() == time_sentences(ENDED)
    qtbot.mouseClick(strip.button, Qt.MouseButton.LeftButton)
    assert strip.sizeHint().height() == closed


def test_another_run_leaves_no_line_of_the_one_before(strip: TimeStrip) -> None:
    strip.set_times(phases(ENDED), "4.0 s", ("only this",))
    assert strip.sentences() == ("only this",)
    strip.set_times((), "4.0 s", ())
    assert not strip.isVisible(), "a run that does not say has no strip"


def test_the_legend_takes_the_rows_it_needs(qtbot: QtBot) -> None:
    legend = TimeLegend()
    qtbot.addWidget(legend)
    legend.resize(2000, 20)
    legend.set_phases(phases(ENDED))
    assert [len(row) for row in legend.rows()] == [6]
    legend.resize(300, 20)
    legend.set_phases(phases(ENDED))
    assert sum(len(row) for row in legend.rows()) == 6
    assert len(legend.rows()) >= 3
    assert legend.height() == legend.minimumHeight() == len(legend.rows()) * 18


def test_who_cannot_see_the_bar_is_told_what_it_shows(strip: TimeStrip) -> None:
    assert strip.bar.accessibleName().startswith("reading 0.2 s, frozen pass 2.8 s, ")


def test_the_theme_changes_the_bar(strip: TimeStrip, qapp: QApplication) -> None:
    place = strip.bar.places()[2].center().toPoint()
    for tokens in (DARK, LIGHT):
        theme.apply_theme(qapp, tokens)
        seen = strip.bar.grab().toImage().pixelColor(place.x(), 1)
        assert seen == phase_colour("training", tokens)


def test_a_phase_of_next_to_nothing_is_a_line_that_can_be_pointed_at(strip: TimeStrip) -> None:
    strip.set_times((Phase("training", 10.0, 0.9999), Phase("proof", 1e-3, 1e-4)), "10 s", ())
    assert strip.bar.places()[-1].width() >= 1


def _contrast(one: QColor, other: QColor) -> float:
    """Return the contrast of WCAG, 1 to 21."""

    def luminance(colour: QColor) -> float:
        channels = (colour.redF(), colour.greenF(), colour.blueF())
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
