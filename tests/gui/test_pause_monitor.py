"""The recorder of how long the window stood still."""

from __future__ import annotations

from PySide6.QtCore import QThread, QTimer
from pytestqt.qtbot import QtBot

from ftgui.gui.pause_monitor import PauseMonitor
from tests.gui.driving import PATIENCE


def test_a_slot_that_holds_the_event_loop_is_measured(qtbot: QtBot) -> None:
    monitor = PauseMonitor()
    monitor.start()
    QTimer.singleShot(0, _hold)
    qtbot.waitUntil(lambda: monitor.longest_seconds >= 0.28, timeout=PATIENCE)
    monitor.stop()
    assert monitor.longest_seconds < 5


def test_the_longest_pause_is_kept_and_not_the_last(qtbot: QtBot) -> None:
    monitor = PauseMonitor()
    monitor.start()
    QTimer.singleShot(0, _hold)
    qtbot.waitUntil(lambda: monitor.longest_seconds >= 0.28, timeout=PATIENCE)
    longest = monitor.longest_seconds
    ticks: list[None] = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(None))
    timer.start(15)
    qtbot.waitUntil(lambda: len(ticks) > 3, timeout=PATIENCE)
    timer.stop()
    monitor.stop()
    assert monitor.longest_seconds >= longest


def test_nothing_is_measured_before_the_start_nor_after_the_stop(qtbot: QtBot) -> None:
    monitor = PauseMonitor()
    _hold_now(qtbot)
    assert monitor.longest_seconds == 0.0
    monitor.start()
    monitor.stop()
    _hold_now(qtbot)
    assert monitor.longest_seconds == 0.0


def _hold() -> None:
    QThread.msleep(300)


def _hold_now(qtbot: QtBot) -> None:
    """Hold the event loop once, and let it go round afterwards."""
    done: list[None] = []

    def hold() -> None:
        _hold()
        QTimer.singleShot(0, lambda: done.append(None))

    QTimer.singleShot(0, hold)
    qtbot.waitUntil(lambda: bool(done), timeout=PATIENCE)
