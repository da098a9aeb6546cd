"""Long work off the GUI thread."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Generator
from functools import partial

import pytest
from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.gui.sessions.worker import PACE_MS, LatestTask, WorkerThread
from tests.gui.driving import PATIENCE
from tests.gui.scripted import Gate, open_all_gates


class Listener(QObject):
    """Notes what it hears and in which thread."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[object] = []
        self.threads: set[int] = set()

    @Slot(object)
    def hear(self, thing: object) -> None:
        self.heard.append(thing)
        self.threads.add(threading.get_ident())

    @Slot()
    def hear_the_end(self) -> None:
        self.hear("the end")


@pytest.fixture
def worker(qtbot: QtBot) -> Generator[tuple[WorkerThread, Listener], None, None]:
    thread, listener = WorkerThread("test"), Listener()
    thread.progressed.connect(listener.hear)
    thread.failed.connect(listener.hear)
    thread.finished.connect(listener.hear_the_end)
    yield thread, listener
    open_all_gates()
    thread.shutdown()


@pytest.fixture
def task(qtbot: QtBot) -> Generator[tuple[LatestTask, Listener], None, None]:
    latest, listener = LatestTask("test"), Listener()
    latest.done.connect(listener.hear)
    latest.failed.connect(listener.hear)
    yield latest, listener
    open_all_gates()
    latest.shutdown()


def test_items_arrive_in_order_in_the_gui_thread_though_made_in_another(
    qtbot: QtBot, worker: tuple[WorkerThread, Listener]
) -> None:
    thread, listener = worker
    made_in: set[int] = set()

    def work() -> Generator[object, None, None]:
        for number in range(500):
            made_in.add(threading.get_ident())
            yield number

    with qtbot.waitSignal(thread.finished, timeout=PATIENCE):
        thread.start(work)
        assert thread.is_running
    assert listener.heard == [*range(500), "the end"]
    assert listener.threads == {threading.get_ident()}
    assert threading.get_ident() not in made_in
    assert not thread.is_running


def test_a_flood_of_items_wakes_the_window_a_few_times_and_loses_none(
    qtbot: QtBot, worker: tuple[WorkerThread, Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One wake-up an item would leave the window no time for anything else."""
    woken: list[float] = []
    take = WorkerThread._take
    monkeypatch.setattr(WorkerThread, "_take", lambda self: (woken.append(time.monotonic()), take(self)))
    thread, listener = worker
    began = time.monotonic()
    with qtbot.waitSignal(thread.finished, timeout=PATIENCE):
        thread.start(partial(_many, 50_000))
    assert listener.heard == [*range(50_000), "the end"]
    slices = len(woken) - (time.monotonic() - began) * 1000 / PACE_MS
    assert slices <= 50_000 / 100, "hundreds of items at a time"


def test_who_is_called_late_gets_a_turn_between_slices_of_a_flood(
    qtbot: QtBot, worker: tuple[WorkerThread, Listener]
) -> None:
    """The event loop stands still while items come in, and then there are too many for one turn."""
    thread, listener = worker
    turns: list[int] = []
    timer = QTimer()
    timer.timeout.connect(lambda: turns.append(len(listener.heard)))
    gone = threading.Event()

    def work() -> Generator[object, None, None]:
        yield from range(100_000)
        gone.set()

    thread.start(work)
    assert gone.wait(PATIENCE / 1000)
    with qtbot.waitSignal(thread.finished, timeout=PATIENCE):
        timer.start(0)
    timer.stop()
    assert listener.heard == [*range(100_000), "the end"]
    assert len({turn for turn in turns if 0 < turn < 100_000}) >= 3


def test_the_last_items_and_a_failure_are_told_before_the_end(
    qtbot: QtBot, worker: tuple[WorkerThread, Listener]
) -> None:
    thread, listener = worker
    error = FtguiError("It is full.")

    def work() -> Generator[object, None, None]:
        yield from range(30_000)
        raise error

    with qtbot.waitSignal(thread.finished, timeout=PATIENCE):
        thread.start(work)
    assert listener.heard == [*range(30_000), error, "the end"]


def test_the_first_item_is_told_at_once_and_the_next_ones_together(
    qtbot: QtBot, worker: tuple[WorkerThread, Listener]
) -> None:
    thread, listener = worker
    thread._pace.milliseconds, thread._pace._taken_at = 10 * PATIENCE, -PATIENCE
    first, second = Gate(), Gate()

    def work() -> Generator[object, None, None]:
        yield "first"
        first.hold()
        yield "second"
        second.hold()
        yield "third"

    thread.start(work)
    qtbot.waitUntil(lambda: listener.heard == ["first"], timeout=PATIENCE)
    first.open()
    qtbot.waitUntil(second.reached.is_set, timeout=PATIENCE)
    qtbot.waitUntil(lambda: thread._pace.is_waiting, timeout=PATIENCE)
    assert listener.heard == ["first"], "the second waits for its time"
    with qtbot.waitSignal(thread.finished, timeout=PATIENCE):
        second.open()
    assert listener.heard == ["first", "second", "third", "the end"], "but the end waits for nothing"


def test_a_listener_that_shuts_the_worker_down_hears_nothing_more(
    qtbot: QtBot, worker: tuple[WorkerThread, Listener]
) -> None:
    thread, listener = worker
    gone = threading.Event()

    def work() -> Generator[object, None, None]:
        yield from range(10)
        gone.set()

    thread.progressed.connect(lambda item: thread.shutdown() if item == 3 else None)
    thread.start(work)
    assert gone.wait(PATIENCE / 1000)
    qtbot.waitUntil(lambda: not thread.is_running, timeout=PATIENCE)
    QApplication.processEvents()
    assert listener.heard == [0, 1, 2, 3]


def test_a_worker_can_be_used_again_after_each_end(
    qtbot: QtBot, worker: tuple[WorkerThread, Listener]
) -> None:
    thread, listener = worker
    for number in range(20):
        with qtbot.waitSignal(thread.finished, timeout=PATIENCE):
            thread.start(partial(_once, number))
    assert listener.heard == [thing for number in range(20) for thing in (number, "the end")]


def test_two_works_at_once_are_refused(qtbot: QtBot, worker: tuple[WorkerThread, Listener]) -> None:
    thread, listener = worker
    gate = Gate()

    def work() -> Generator[object, None, None]:
        gate.hold()
        yield "first"

    thread.start(work)
    with pytest.raises(RuntimeError, match="test is still running"):
        thread.start(lambda: _once("second"))
    with qtbot.waitSignal(thread.finished, timeout=PATIENCE):
        gate.open()
    assert listener.heard == ["first", "the end"]


def test_an_error_in_words_arrives_as_it_is(qtbot: QtBot, worker: tuple[WorkerThread, Listener]) -> None:
    thread, listener = worker
    error = FtguiError("It is full.", "Empty it.")
    with qtbot.waitSignal(thread.finished, timeout=PATIENCE):
        thread.start(lambda: _failing(error))
    assert listener.heard == ["before", error, "the end"]


def test_a_defect_arrives_in_words_with_its_traceback_as_details_and_is_logged(
    qtbot: QtBot, worker: tuple[WorkerThread, Listener], expected_log: Callable[..., None]
) -> None:
    expected_log("Work off the GUI thread failed", logger="ftgui.gui.sessions.worker", level=logging.ERROR)
    thread, listener = worker
    with qtbot.waitSignal(thread.finished, timeout=PATIENCE):
        thread.start(lambda: _failing(ZeroDivisionError("by nothing")))
    before, error, end = listener.heard
    assert (before, end) == ("before", "the end")
    assert isinstance(error, FtguiError)
    assert error.message == "Something went wrong inside ftgui: by nothing."
    assert "_failing" in error.details
    assert "ZeroDivisionError: by nothing" in error.details


def test_the_work_is_closed_however_it_ends(qtbot: QtBot, worker: tuple[WorkerThread, Listener]) -> None:
    thread, _ = worker
    closed: list[int] = []

    def work() -> Generator[object, None, None]:
        try:
            yield 1
            raise FtguiError("no more")
        finally:
            closed.append(threading.get_ident())

    with qtbot.waitSignal(thread.finished, timeout=PATIENCE):
        thread.start(work)
    assert len(closed) == 1
    assert closed[0] != threading.get_ident()


def test_nothing_of_the_work_is_kept_after_its_end(
    qtbot: QtBot, worker: tuple[WorkerThread, Listener]
) -> None:
    thread, _ = worker

    class Big:
        pass

    def start() -> weakref.ref[Big]:
        big = Big()
        thread.start(lambda: _once(id(big)))
        return weakref.ref(big)

    with qtbot.waitSignal(thread.finished, timeout=PATIENCE):
        kept = start()
    assert kept() is None


def test_shutdown_waits_for_the_work(qtbot: QtBot, worker: tuple[WorkerThread, Listener]) -> None:
    thread, _ = worker
    gate, ended = Gate(), threading.Event()

    def work() -> Generator[object, None, None]:
        gate.hold()
        ended.set()
        yield 1

    thread.start(work)
    gate.reached.wait(PATIENCE / 1000)
    threading.Timer(0.05, gate.open).start()
    thread.shutdown()
    assert ended.is_set()
    assert not thread.is_running


def test_a_question_is_answered(qtbot: QtBot, task: tuple[LatestTask, Listener]) -> None:
    latest, listener = task
    with qtbot.waitSignal(latest.done, timeout=PATIENCE):
        latest.ask(lambda: 42)
    assert listener.heard == [42]


def test_only_the_latest_of_many_questions_is_answered(
    qtbot: QtBot, task: tuple[LatestTask, Listener]
) -> None:
    latest, listener = task
    gate, asked = Gate(), []

    def question(number: int) -> Callable[[], object]:
        def answer() -> object:
            asked.append(number)
            if number == 1:
                gate.hold()
            return number

        return answer

    latest.ask(question(1))
    qtbot.waitUntil(gate.reached.is_set, timeout=PATIENCE)
    for number in (2, 3, 4):
        latest.ask(question(number))
    with qtbot.waitSignal(latest.done, timeout=PATIENCE):
        gate.open()
    qtbot.waitUntil(lambda: not latest.is_running, timeout=PATIENCE)
    assert listener.heard == [4]
    assert asked == [1, 4], "what was typed over is not looked at"


def test_an_answer_that_is_on_its_way_when_the_next_question_comes_is_forgotten(
    qtbot: QtBot, task: tuple[LatestTask, Listener]
) -> None:
    latest, listener = task
    given = threading.Event()

    def first() -> object:
        given.set()
        return "first"

    latest.ask(first)
    assert given.wait(PATIENCE / 1000)  # the event loop stands still: the answer lies in its queue
    latest.ask(lambda: "second")
    qtbot.waitUntil(lambda: not latest.is_running and bool(listener.heard), timeout=PATIENCE)
    assert listener.heard == ["second"]


def test_a_question_that_fails_says_why_and_the_next_is_answered(
    qtbot: QtBot, task: tuple[LatestTask, Listener]
) -> None:
    latest, listener = task
    error = FtguiError("No.")

    def fail() -> object:
        raise error

    with qtbot.waitSignal(latest.failed, timeout=PATIENCE):
        latest.ask(fail)
    with qtbot.waitSignal(latest.done, timeout=PATIENCE):
        latest.ask(lambda: "yes")
    assert listener.heard == [error, "yes"]


def test_a_task_that_was_shut_down_says_nothing_more(qtbot: QtBot, task: tuple[LatestTask, Listener]) -> None:
    latest, listener = task
    given = threading.Event()
    latest.ask(given.set)
    given.wait(PATIENCE / 1000)
    latest.shutdown()
    qtbot.wait_until(lambda: not latest.is_running, timeout=PATIENCE)
    QApplication.sendPostedEvents()
    QApplication.processEvents()
    assert listener.heard == []


def _many(count: int) -> Generator[object, None, None]:
    yield from range(count)


def _once(thing: object) -> Generator[object, None, None]:
    yield thing


def _failing(error: Exception) -> Generator[object, None, None]:
    yield "before"
    raise error
