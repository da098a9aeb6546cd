"""What is loaded when the window is on the screen: not earlier, and one after another."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.gui.sessions import opening
from ftgui.gui.sessions.opening import Opening
from tests.gui.driving import PATIENCE
from tests.harness.process import run_python

Order = list[str]


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> Order:
    """What happened, in turn; what is loaded is loaded at once."""
    happened: Order = []
    monkeypatch.setattr(opening, "_load_plots", _note(happened, "plots"))
    monkeypatch.setattr(opening, "_load_engine", _note(happened, "engine"))
    return happened


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def make_opening(order: Order) -> Iterator[Callable[[QWidget], Opening]]:
    made: list[Opening] = []

    def make(window: QWidget) -> Opening:
        window.winId()
        parts = (lambda: order.append("first part"), lambda: order.append("second part"))
        made.append(Opening(parts))
        made[-1].painted.connect(lambda: order.append("painted"))
        made[-1].watch(window.windowHandle())
        return made[-1]

    yield make
    for each in made:
        each.shutdown()


WHOLE = ["painted", "plots", "first part", "second part", "engine"]


def test_nothing_is_loaded_before_the_window_is_painted_and_then_one_thing_after_another(
    qtbot: QtBot, window: QWidget, order: Order, make_opening: Callable[[QWidget], Opening]
) -> None:
    loads = make_opening(window)
    _let_the_loop_go_round(qtbot)
    assert order == []
    with qtbot.waitSignal(loads.engine_loaded, timeout=PATIENCE):
        window.show()
    assert order == WHOLE


def test_a_window_that_is_on_the_screen_already_is_not_waited_for(
    qtbot: QtBot, window: QWidget, order: Order, make_opening: Callable[[QWidget], Opening]
) -> None:
    window.show()
    qtbot.waitExposed(window)
    with qtbot.waitSignal(make_opening(window).engine_loaded, timeout=PATIENCE):
        pass
    assert order == WHOLE


def test_a_window_that_comes_back_loads_nothing_again(
    qtbot: QtBot, window: QWidget, order: Order, make_opening: Callable[[QWidget], Opening]
) -> None:
    loads = make_opening(window)
    with qtbot.waitSignal(loads.engine_loaded, timeout=PATIENCE):
        window.show()
    window.hide()
    window.show()
    qtbot.waitExposed(window)
    _let_the_loop_go_round(qtbot)
    assert order == WHOLE


def test_what_cannot_be_loaded_keeps_nothing_else_from_being_loaded(
    qtbot: QtBot,
    window: QWidget,
    order: Order,
    make_opening: Callable[[QWidget], Opening],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> object:
        raise FtguiError("It is not installed.")

    monkeypatch.setattr(opening, "_load_plots", fail)
    monkeypatch.setattr(opening, "_load_engine", fail)
    with qtbot.waitSignal(make_opening(window).engine_loaded, timeout=PATIENCE):
        window.show()
    assert order == ["painted", "first part", "second part"]


def test_loading_is_off_the_gui_thread_and_the_parts_are_on_it(
    qtbot: QtBot, window: QWidget, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, int] = {}
    monkeypatch.setattr(opening, "_load_plots", lambda: threads.update(plots=threading.get_ident()))
    monkeypatch.setattr(opening, "_load_engine", lambda: threads.update(engine=threading.get_ident()))
    window.winId()
    loads = Opening((lambda: threads.update(part=threading.get_ident()),))
    loads.watch(window.windowHandle())
    with qtbot.waitSignal(loads.engine_loaded, timeout=PATIENCE):
        window.show()
    loads.shutdown()
    assert threads["part"] == threading.get_ident()
    assert threading.get_ident() not in (threads["plots"], threads["engine"])


# The real thing --------------------------------------------------------------------------------------------

OPEN_AND_TELL = """
import gc, json, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget
from ftgui.core.process import settle_process
from ftgui.gui import app

told = {}
make = app.create_window

def create_and_watch(**options):
    global window
    window = make(**options)
    window._opening.painted.connect(lambda: told.update(at_painting=sorted(sys.modules)))
    window._opening.engine_loaded.connect(loaded)
    return window

def loaded():
    told.update(collects=gc.isenabled(), left_alone=gc.get_freeze_count())
    told.update(plots=window.page.loss_plot._canvas is not None, engine="ftgui.jobs.train" in sys.modules)
    QTimer.singleShot(0, window.close)

class Looks:
    def find_spec(self, name, path, target=None):
        if name == "torch._C":
            with open("/proc/self/maps") as maps:
                told.update(is_there="libtorch_cpu" in maps.read())

settle_process()
if sys.platform == "linux":
    sys.meta_path.insert(1, Looks())
app.create_window = create_and_watch
from ftgui.__main__ import main
code = main([])
print(json.dumps(told))
sys.exit(code)
"""


def test_the_program_paints_its_window_before_it_loads_what_takes_long() -> None:
    done = run_python("-W", "error", "-c", OPEN_AND_TELL, timeout=200)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout.splitlines()[-1])
    heavy = {"torch", "torchvision", "pyqtgraph", "qtawesome", "ftgui.cli.parser"}
    assert not heavy & set(told["at_painting"])
    assert told.get("is_there", True), "torch's library is loaded before its import, which holds others up"
    assert told["plots"]
    assert told["engine"]
    assert told["collects"], "garbage is collected again"
    assert told["left_alone"] > 100_000, "but what torch brought is not looked through each time"


def _let_the_loop_go_round(qtbot: QtBot) -> None:
    turns: list[None] = []
    for _ in range(3):
        QTimer.singleShot(0, lambda: turns.append(None))
        count = len(turns)
        qtbot.waitUntil(lambda count=count: len(turns) > count, timeout=PATIENCE)  # type: ignore[misc]


def _note(happened: Order, what: str) -> Callable[[], object]:
    return lambda: happened.append(what)
