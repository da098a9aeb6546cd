"""Long work off the GUI thread: an iterator run in a QThread, its items arriving as a signal.

Items may come by the thousands a second. They are not posted one by one: the worker's thread puts them
down, and the GUI thread takes in all that lie there, twenty times a second and for a few milliseconds each.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, Signal, Slot

from ftgui.core.errors import FtguiError, first_line
from ftgui.gui.sessions.pace import Pace

logger = logging.getLogger(__name__)

Work = Callable[[], Generator[object, None, None]]

PACE_MS = 50
"""Between two takings of items, so that the event loop is not woken for each."""
SLICE_SECONDS = 0.008
"""How long items are taken in before the event loop gets its turn."""


class Worker(QObject):
    """Lives in the other thread; knows nothing of windows."""

    arrived = Signal()
    """There are items where there were none: once until they are taken."""
    failed = Signal(object)
    finished = Signal()

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work
        self._items: deque[object] = deque()
        self._told = False

    @Slot()
    def run(self) -> None:
        items = self._work()
        try:
            for item in items:
                self._put(item)
        except FtguiError as error:
            self.failed.emit(error)
        except Exception as error:
            logger.exception("Work off the GUI thread failed")
            self.failed.emit(
                FtguiError(
                    f"Something went wrong inside ftgui: {first_line(error)}.",
                    "Please report it, with the details.",
                    traceback.format_exc(),
                )
            )
        finally:
            items.close()
            self.finished.emit()

    def _put(self, item: object) -> None:
        self._items.append(item)
        if not self._told:
            self._told = True
            self.arrived.emit()

    def take(self) -> Generator[object, None, None]:
        """Yield the items that are there, oldest first. For the GUI thread."""
        self._told = False  # before looking: what comes after the last look is told of again
        while self._items:
            yield self._items.popleft()


class WorkerThread(QObject):
    """The GUI thread's end of it: owns the thread, passes on what it says, in the order in which it was said.

    Slots are bound methods of this object, which lives in the GUI thread: a lambda or a plain function
    connected to the worker would run in the worker's thread. The worker is dropped after ``wait()`` and
    never ``deleteLater``-ed: Python owns it, and both would free it.
    """

    progressed = Signal(object)
    failed = Signal(object)
    finished = Signal()

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._thread: QThread | None = None
        self._worker: Worker | None = None
        self._failure: FtguiError | None = None
        self._is_done = False
        """The work has ended; what it left behind is still being taken in."""
        self._pace = Pace(PACE_MS, self)
        self._pace.due.connect(self._take)

    @property
    def is_running(self) -> bool:
        return self._thread is not None

    def start(self, work: Work) -> None:
        """Run ``work`` in a thread of its own. One at a time."""
        if self.is_running:
            raise RuntimeError(f"{self._name} is still running")
        self._thread, self._worker = QThread(), Worker(work)
        self._failure, self._is_done = None, False
        self._thread.setObjectName(self._name)
        self._worker.moveToThread(self._thread)
        self._thread.started.connect(self._worker.run)
        self._worker.arrived.connect(self._pace.ask)
        self._worker.failed.connect(self._on_failed)
        self._worker.finished.connect(self._on_finished)
        self._thread.start()

    @Slot()
    def _take(self) -> None:
        """Pass on what lies there, for one slice of time; the rest comes when others have had their turn."""
        worker, end = self._worker, time.monotonic() + SLICE_SECONDS
        for item in worker.take() if worker is not None else ():
            self.progressed.emit(item)
            if self._worker is not worker:
                return  # it was shut down by what it said
            if time.monotonic() > end:
                self._pace.go_on()
                return
        self._pace.note_taken()
        if self._is_done:
            self._end()

    @Slot(object)
    def _on_failed(self, error: FtguiError) -> None:
        self._failure = error

    @Slot()
    def _on_finished(self) -> None:
        self._is_done = True
        self._take()

    def _end(self) -> None:
        self._is_done = False
        if self._failure is not None:
            self.failed.emit(self._failure)
        self._drop()
        self.finished.emit()

    def shutdown(self) -> None:
        """Wait for the work to end, without its ``finished``. Whoever calls has told the work to end."""
        self._drop()
        QCoreApplication.removePostedEvents(self, QEvent.Type.MetaCall.value)

    def _drop(self) -> None:
        if self._thread is not None:
            self._thread.quit()
            self._thread.wait()
            self._thread = self._worker = None
        self._pace.stop()


class LatestTask(QObject):
    """Runs the last thing asked for; what was asked for before it and is not done yet is forgotten.

    For answers that only matter while the question stands, such as what a folder holds while the user
    still types its name.
    """

    done = Signal(object)
    failed = Signal(object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = WorkerThread(name, self)
        self._thread.progressed.connect(self._on_item)
        self._thread.failed.connect(self._on_failed)
        self._thread.finished.connect(self._on_finished)
        self._next: Work | None = None

    @property
    def is_running(self) -> bool:
        return self._thread.is_running

    def ask(self, question: Callable[[], object]) -> None:
        """Answer ``question()`` off the GUI thread through ``done`` or ``failed``."""

        def work() -> Generator[object, None, None]:
            yield question()

        if self._thread.is_running:
            self._next = work
        else:
            self._thread.start(work)

    def forget(self) -> None:
        """Let what was asked stay unanswered."""
        if self._thread.is_running:
            self._next = _nothing

    def shutdown(self) -> None:
        self._next = None
        self._thread.shutdown()

    @Slot(object)
    def _on_item(self, answer: object) -> None:
        if self._next is None:
            self.done.emit(answer)

    @Slot(object)
    def _on_failed(self, error: object) -> None:
        if self._next is None:
            self.failed.emit(error)

    @Slot()
    def _on_finished(self) -> None:
        work, self._next = self._next, None
        if work is not None:
            self._thread.start(work)


def _nothing() -> Generator[object, None, None]:
    """A question that nobody asked."""
    yield from ()
