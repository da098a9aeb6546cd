"""Long work off the GUI thread: an iterator run in a QThread, its items arriving as a signal."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Generator

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, Signal, Slot

from ftgui.core.errors import FtguiError, first_line

logger = logging.getLogger(__name__)

Work = Callable[[], Generator[object, None, None]]


class Worker(QObject):
    """Lives in the other thread; knows nothing of windows."""

    progressed = Signal(object)
    failed = Signal(object)
    finished = Signal()

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    @Slot()
    def run(self) -> None:
        items = self._work()
        try:
            for item in items:
                self.progressed.emit(item)
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


class WorkerThread(QObject):
    """The GUI thread's end of it: owns the thread, passes its signals on.

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

    @property
    def is_running(self) -> bool:
        return self._thread is not None

    def start(self, work: Work) -> None:
        """Run ``work`` in a thread of its own. One at a time."""
        if self.is_running:
            raise RuntimeError(f"{self._name} is still running")
        self._thread, self._worker = QThread(), Worker(work)
        self._thread.setObjectName(self._name)
        self._worker.moveToThread(self._thread)
        self._thread.started.connect(self._worker.run)
        self._worker.progressed.connect(self.progressed)
        self._worker.failed.connect(self.failed)
        self._worker.finished.connect(self._on_finished)
        self._thread.start()

    @Slot()
    def _on_finished(self) -> None:
        self._drop()
        self.finished.emit()

    def shutdown(self) -> None:
        """Wait for the work to end, without its ``finished``. Whoever calls has told the work to end."""
        self._drop()
        QCoreApplication.removePostedEvents(self, QEvent.Type.MetaCall.value)

    def _drop(self) -> None:
        if self._thread is None:
            return
        self._thread.quit()
        self._thread.wait()
        self._thread = self._worker = None


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
