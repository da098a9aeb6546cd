"""A page is painted part by part, and what it says last is true of all of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from ftgui.gui.pages.turns import Turns
from tests.gui.driving import PATIENCE


class Page:
    """Two parts that note what was known when they were shown, and how often others had a turn by then."""

    def __init__(self) -> None:
        self.known = 0
        self.turns = 0
        self.shown: list[tuple[str, int]] = []
        self.at: list[int] = []
        self.while_drawing: list[int] = []
        """What comes to be known while the first part is shown."""
        self.painted = Turns((lambda: self._show("plot"), lambda: self._show("words")))

    def _show(self, part: str) -> None:
        self.shown.append((part, self.known))
        self.at.append(self.turns)
        if part == "plot" and self.while_drawing:
            QTimer.singleShot(0, self.tell)
            self.while_drawing.pop()

    def tell(self) -> None:
        self.known += 1
        self.painted.tell()


@pytest.fixture
def page(qtbot: QtBot) -> Iterator[Page]:
    made = Page()
    others = QTimer()
    others.timeout.connect(lambda: setattr(made, "turns", made.turns + 1))
    others.start(0)
    yield made
    made.painted.stop()
    others.stop()


def test_parts_are_shown_one_after_another_and_others_have_a_turn_in_between(
    page: Page, qtbot: QtBot
) -> None:
    page.tell()
    page.painted.start()
    qtbot.waitUntil(lambda: len(page.shown) == 2, timeout=PATIENCE)
    assert page.shown == [("plot", 1), ("words", 1)]
    assert page.at[0] < page.at[1]


def test_nothing_is_shown_again_that_did_not_change(page: Page, qtbot: QtBot) -> None:
    page.tell()
    page.painted.start()
    qtbot.waitUntil(lambda: len(page.shown) == 2, timeout=PATIENCE)
    rounds: list[None] = []
    page.painted._rounds.timeout.connect(lambda: rounds.append(None))
    qtbot.waitUntil(lambda: len(rounds) == 2, timeout=PATIENCE)
    assert len(page.shown) == 2


def test_words_are_never_ahead_of_the_plots(page: Page, qtbot: QtBot) -> None:
    page.while_drawing = [1, 1]
    page.tell()
    page.painted.start()
    qtbot.waitUntil(lambda: ("words", 3) in page.shown, timeout=PATIENCE)
    assert page.shown == [("plot", 1), ("plot", 2), ("words", 2), ("plot", 3), ("words", 3)]


def test_news_at_every_turn_neither_has_a_part_painted_at_every_turn_nor_starves_the_last(
    page: Page, qtbot: QtBot
) -> None:
    rounds: list[None] = []
    page.painted._rounds.timeout.connect(lambda: rounds.append(None))
    news = QTimer()
    news.timeout.connect(page.tell)
    news.start(0)
    page.painted.start()
    qtbot.waitUntil(lambda: len(rounds) == 6, timeout=PATIENCE)
    news.stop()
    parts = [part for part, _ in page.shown]
    assert parts.count("plot") <= 6
    assert parts.count("words") >= 3
    assert page.known > 10 * len(rounds), "there was news in between"


def test_all_is_shown_at_once_where_it_has_to_be(page: Page) -> None:
    page.tell()
    page.painted.show_all()
    assert page.shown == [("plot", 1), ("words", 1)]
    page.painted.show_all()
    assert len(page.shown) == 4, "whether it changed or not"


def test_what_was_still_to_be_shown_is_not_shown_again_after_all_was(page: Page, qtbot: QtBot) -> None:
    page.while_drawing = [1]
    page.tell = page.painted.show_all  # type: ignore[method-assign]
    page.painted.tell()
    page.painted.start()
    qtbot.waitUntil(lambda: len(page.shown) >= 3, timeout=PATIENCE)
    turns = page.turns
    qtbot.waitUntil(lambda: page.turns > turns + 5, timeout=PATIENCE)
    assert [part for part, _ in page.shown] == ["plot", "plot", "words"]
