"""What a test leaves running: Python threads, QThreads, timers, windows."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication, QWidget

GRACE_SECONDS = 1.0
"""How long something that is just ending may take to end. Only waited for where something is left."""

LASTING_THREADS = {
    "TMonitor": "tqdm starts one for all its progress bars and never ends it",
    "_DummyThread": "a thread of Qt's or torch's own that ran Python code once; Python forgets it late",
}
"""Python threads that outlive a test with reason, by the name of their class."""

LASTING_WINDOWS = {
    "QTipLabel": "Qt keeps the one tool tip and hides it by itself",
}
"""Windows that outlive a test with reason, by the name of their class."""


class Leaks:
    """Compares what runs after a test with what ran before it.

    The objects of Qt are found through Python's garbage collector. That takes some 60 ms with torch
    loaded, so it is done once a test, and only for tests that use Qt (``gui``).
    """

    def __init__(self) -> None:
        self._threads: set[threading.Thread] = set()
        self._objects: list[Any] = []

    def begin(self) -> None:
        """Start a test. The objects of Qt that run now are those that ran when the last one ended."""
        self._threads = set(threading.enumerate())

    def accept(self, *, gui: bool) -> None:
        """Take all that runs now as given: a fixture of a module or the session ends its own later."""
        self._threads = set(threading.enumerate())
        if gui:
            self._objects = _live_objects()

    def complaints(self, *, gui: bool) -> list[str]:
        """Return what was left; what cannot be ended is taken as given from now on."""
        return [*self._threads_left(), *(self._objects_left() if gui else ())]

    def _threads_left(self) -> list[str]:
        deadline = time.monotonic() + GRACE_SECONDS
        left = [thread for thread in threading.enumerate() if self._is_new(thread)]
        for thread in left:
            thread.join(max(0.0, deadline - time.monotonic()))
        return [f"a Python thread still running: {thread!r}" for thread in left if thread.is_alive()]

    def _is_new(self, thread: threading.Thread) -> bool:
        return thread not in self._threads and type(thread).__name__ not in LASTING_THREADS

    def _objects_left(self) -> list[str]:
        deliver_deferred_deletes()
        left = self._new_objects()
        if not left:
            return []
        del left  # or it would itself keep alive what nobody else does
        gc.collect()
        deliver_deferred_deletes()
        complaints = [_complaint(thing) for thing in self._new_objects()]
        self._objects = _live_objects()
        return [complaint for complaint in complaints if complaint]

    def _new_objects(self) -> list[Any]:
        known = {id(thing) for thing in self._objects}
        return [thing for thing in _live_objects() if id(thing) not in known]


def deliver_deferred_deletes() -> None:
    """Delete what was told to ``deleteLater``: outside of an event loop ``processEvents`` does not."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _live_objects() -> list[Any]:
    """Return the active timers, running threads and parentless windows that Python knows of."""
    found = [thing for thing in _objects_of(QTimer, QThread) if shiboken6.isValid(thing) and _is_live(thing)]
    windows = [window for window in QApplication.topLevelWidgets() if _is_a_window_of_its_own(window)]
    pool = QThreadPool.globalInstance()
    return [*found, *windows, *([pool] if pool.activeThreadCount() else [])]


def _objects_of(*kinds: type) -> list[Any]:
    """Return all objects of ``kinds`` and of their subclasses.

    Types are looked up, not asked with ``isinstance``: that would touch ``__class__`` of every object
    there is, and some libraries' lazy ones wake up from it.
    """
    wanted = set(_with_subclasses(kinds))
    return [thing for thing in gc.get_objects() if type(thing) in wanted]


def _with_subclasses(kinds: Iterable[type]) -> Iterable[type]:
    for kind in kinds:
        yield kind
        yield from _with_subclasses(kind.__subclasses__())


def _is_live(thing: QTimer | QThread) -> bool:
    if isinstance(thing, QTimer):
        return thing.isActive()
    return thing.isRunning() and not _is_main_thread(thing)


def _is_main_thread(thread: QThread) -> bool:
    app = QCoreApplication.instance()
    return app is not None and thread == app.thread()


def _is_a_window_of_its_own(window: QWidget) -> bool:
    return window.parent() is None and window.metaObject().className() not in LASTING_WINDOWS


def _complaint(thing: Any) -> str:
    """Describe what was left, and stop it so that the tests that follow are not disturbed."""
    describe: dict[type, Callable[[Any], str]] = {
        QTimer: _timer_left,
        QThread: _thread_left,
        QThreadPool: _pool_left,
        QWidget: _window_left,
    }
    return next(words(thing) for kind, words in describe.items() if isinstance(thing, kind))


def _timer_left(timer: QTimer) -> str:
    words = f"an active QTimer: every {timer.interval()} ms, {_owner_of(timer)}"
    timer.stop()
    return words


def _thread_left(thread: QThread) -> str:
    if thread.wait(int(GRACE_SECONDS * 1000)):
        return ""
    words = f"a QThread still running: {_name_of(thread)}, {_owner_of(thread)}"
    thread.requestInterruption()
    thread.quit()
    thread.wait(int(GRACE_SECONDS * 1000))
    return words


def _pool_left(pool: QThreadPool) -> str:
    if pool.waitForDone(int(GRACE_SECONDS * 1000)):
        return ""
    return f"{pool.activeThreadCount()} jobs still running on QThreadPool's global instance"


def _window_left(window: QWidget) -> str:
    title = f" “{window.windowTitle()}”" if window.windowTitle() else ""
    words = f"a window: {_name_of(window)}{title} (hand it to qtbot.addWidget, or close and delete it)"
    window.close()
    window.deleteLater()
    deliver_deferred_deletes()
    return words


def _owner_of(thing: QTimer | QThread) -> str:
    owner = thing.parent()
    return f"owned by {_name_of(owner)}" if owner is not None else "without a parent"


def _name_of(thing: Any) -> str:
    kind = type(thing).__name__
    return f"{kind} “{thing.objectName()}”" if thing.objectName() else kind
