"""Work off the GUI thread that tells how far it is, ends with one answer, and can be called off."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from ftgui.core.errors import FtguiError
from ftgui.gui.sessions.worker import Work, WorkerThread


class Errand(QObject):
    """Owns the errand that goes on, if one does. Who derives from it says what the answer is."""

    active_changed = Signal()
    """An errand began or ended."""
    progressed = Signal(object)
    failed = Signal(object)
    """An FtguiError; not said of one that was called off."""

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = WorkerThread(name, self)
        self._thread.progressed.connect(self._on_item)
        self._thread.failed.connect(self._on_failed)
        self._thread.finished.connect(self._on_finished)
        self._answer: object = None

    @property
    def is_active(self) -> bool:
        return self._thread.is_running

    @property
    def is_ending(self) -> bool:
        """It was called off, and is about to end."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Call the errand off."""
        raise NotImplementedError

    def shutdown(self) -> None:
        """Cancel, and wait until the thread is gone."""
        self.cancel()
        self._thread.shutdown()

    def _run(self, work: Work) -> None:
        """Begin. One at a time."""
        self._answer = None
        self._thread.start(work)
        self.active_changed.emit()

    def _is_answer(self, item: object) -> bool:
        """Whether an item is what the work was for, and not how far it is."""
        raise NotImplementedError

    def _tell(self, answer: object) -> None:
        """Say what came of it."""
        raise NotImplementedError

    def _note(self, item: object) -> None:
        """Say how far it is."""
        self.progressed.emit(item)

    def _tell_cancelled(self) -> None:
        """Say that it was called off, where anybody wants to know."""

    @Slot(object)
    def _on_item(self, item: object) -> None:
        if self._is_answer(item):
            self._answer = item
        else:
            self._note(item)

    @Slot(object)
    def _on_failed(self, error: FtguiError) -> None:
        self._answer = error

    @Slot()
    def _on_finished(self) -> None:
        """Tell the answer once another errand may start."""
        answer, self._answer = self._answer, None
        self.active_changed.emit()
        if self.is_ending:
            self._tell_cancelled()
        elif isinstance(answer, FtguiError):
            self.failed.emit(answer)
        elif answer is not None:
            self._tell(answer)
