"""Tests that make noise or leak, each in one way: ``test_harness.py`` runs them and sees them fail.

They run in one process with the project's own configuration and ``conftest.py``. The well-behaved ones
stand right after bad ones, to show that nobody is blamed for a neighbour. Not collected by its name.
"""

from __future__ import annotations

import logging
import threading
import warnings

import pytest
from PySide6.QtCore import QObject, QSettings, QThread, QTimer, Signal, Slot, qWarning
from PySide6.QtWidgets import QDialog, QWidget

kept = []
"""What the tests below leak is kept alive by."""

over = threading.Event()
"""Ends the Python thread that one of them leaks, once the next ones have run."""


def test_logs_a_warning():
    logging.getLogger("ftgui.somewhere").warning("the disk is %s", "full")


def test_logs_an_error_to_a_logger_that_does_not_propagate():
    logger = logging.getLogger("a_library")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    logger.error("out of paper")


def test_expects_a_record_that_never_comes(expected_log):
    expected_log("the moon is full", logger="ftgui")


def test_logs_what_it_expects(expected_log):
    expected_log("^the disk is full$", logger="ftgui")
    logging.getLogger("ftgui.somewhere").warning("the disk is %s", "full")
    logging.getLogger("ftgui.somewhere").info("and nobody minds this")


def test_lets_qt_warn():
    qWarning("a careless word")


def test_lets_qt_warn_while_a_fixture_is_torn_down(warns_at_the_end):
    pass


@pytest.fixture
def warns_at_the_end():
    yield
    qWarning("a last word")


def test_lets_qt_warn_as_expected(expected_log):
    expected_log("a careless word", logger="qt")
    qWarning("a careless word")


def test_shows_a_dialog_on_a_platform_without_windows(qtbot):
    dialog = QDialog()
    qtbot.addWidget(dialog)
    dialog.show()


def test_warns():
    warnings.warn("this will change", FutureWarning, stacklevel=1)


def test_warns_in_a_thread():
    thread = threading.Thread(target=lambda: warnings.warn("this changes too", FutureWarning, stacklevel=1))
    thread.start()
    thread.join()


def test_drops_what_cannot_be_dropped():
    class Stubborn:
        def __del__(self):
            raise ValueError("I stay")

    Stubborn()


class Bell(QObject):
    rung = Signal()

    @Slot()
    def answer(self):
        raise ValueError("nobody is at home")


def test_raises_in_a_slot(qapp):
    bell = Bell()
    bell.rung.connect(bell.answer)
    bell.rung.emit()


def test_leaks_a_python_thread():
    threading.Thread(target=over.wait, name="a forgotten thread", daemon=True).start()


def test_lives_beside_a_leaked_thread():
    assert not over.is_set()


def test_leaks_a_qthread(qtbot):
    thread = QThread()
    thread.setObjectName("a forgotten QThread")
    thread.start()
    kept.append(thread)


def test_ends_its_qthread(qtbot):
    thread = QThread()
    with qtbot.waitSignal(thread.started):
        thread.start()
    thread.quit()
    assert thread.wait(5000)


def test_leaks_a_timer(qtbot):
    timer = QTimer(interval=7321)
    timer.start()
    kept.append(timer)


def test_leaks_a_single_shot(qtbot):
    QTimer.singleShot(8642, lambda: None)


def test_leaks_a_window(qtbot):
    kept.append(QWidget(windowTitle="forgotten"))


def test_keeps_its_window_tidy(qtbot):
    window = QWidget()
    QTimer(window, interval=1000).start()
    qtbot.addWidget(window)
    window.show()


@pytest.fixture(scope="module")
def long_lived(qapp):
    thread, timer, window = QThread(), QTimer(interval=60_000), QWidget()
    thread.start()
    timer.start()
    yield
    timer.stop()
    thread.quit()
    thread.wait()
    window.deleteLater()


def test_uses_what_a_fixture_of_the_module_started(qtbot, long_lived):
    pass


def test_does_so_again(qtbot, long_lived):
    pass


def test_fails_and_keeps_a_window_alive_by_its_traceback(qtbot):
    window = QWidget()
    assert window.isVisible()


def test_follows_one_that_failed(qtbot):
    over.set()


def test_changes_a_setting(qtbot):
    QSettings("ftgui", "ftgui").setValue("answer", 42)


def test_does_not_find_the_setting_of_another_test(qtbot):
    assert QSettings("ftgui", "ftgui").value("answer") is None
