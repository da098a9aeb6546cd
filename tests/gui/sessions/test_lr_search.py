"""The search for a learning rate, without a window around it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.gui.sessions.lr_search import LrSearch
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import PhaseProgress
from ftgui.training.lr_finder import LrFound
from tests.gui.conftest import replace_job
from tests.gui.driving import PATIENCE
from tests.gui.scripted import Gate, open_all_gates

CONFIG = TrainConfig(dataset="pictures", weights="resnet18.pth")
ANSWER = LrFound(strategy="freeze", trials=(), suggestion=0.01)


class Notes:
    """A search, and all that it told."""

    def __init__(self) -> None:
        self.search = LrSearch()
        self.told: list[object] = []
        for signal in (self.search.progressed, self.search.found, self.search.failed):
            signal.connect(self.told.append)
        self.search.active_changed.connect(lambda: self.told.append(self.search.is_active))


@pytest.fixture
def notes(qtbot: QtBot) -> Iterator[Notes]:
    made = Notes()
    yield made
    open_all_gates()
    made.search.shutdown()


def _replace_search(monkeypatch: pytest.MonkeyPatch, *steps: object) -> None:
    """Put steps in the place of the engine's search. Like that one it says what it has when it is stopped."""

    def find_learning_rate(_config: TrainConfig, control: RunControl) -> Iterator[object]:
        for step in steps:
            if isinstance(step, Gate):
                step.hold(control)
            elif isinstance(step, Exception):
                raise step
            else:
                yield step

    replace_job(monkeypatch, "lr_find", find_learning_rate=find_learning_rate)


def test_an_answer_is_told_once_the_next_may_start(
    qtbot: QtBot, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = PhaseProgress(phase="trying learning rates", done=1, total=60)
    _replace_search(monkeypatch, step, ANSWER)
    with qtbot.waitSignal(notes.search.found, timeout=PATIENCE):
        notes.search.start(CONFIG)
    assert notes.told == [True, step, False, ANSWER]


@pytest.mark.parametrize("last", [ANSWER, FtguiError("The memory is not enough.")], ids=["found", "failed"])
def test_a_search_that_was_cancelled_tells_nothing_more(
    last: object, qtbot: QtBot, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    _replace_search(monkeypatch, gate, last)
    notes.search.start(CONFIG)
    qtbot.waitUntil(gate.reached.is_set, timeout=PATIENCE)
    notes.search.cancel()
    qtbot.waitUntil(lambda: not notes.search.is_active, timeout=PATIENCE)
    assert notes.told == [True, False]


def test_a_failure_is_told_like_an_answer(
    qtbot: QtBot, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = FtguiError("The memory is not enough.")
    _replace_search(monkeypatch, error)
    with qtbot.waitSignal(notes.search.failed, timeout=PATIENCE):
        notes.search.start(CONFIG)
    assert notes.told == [True, False, error]
    _replace_search(monkeypatch, ANSWER)
    with qtbot.waitSignal(notes.search.found, timeout=PATIENCE):
        notes.search.start(CONFIG)
    assert notes.told[3:] == [True, False, ANSWER], "a failure does not stick to the next search"
