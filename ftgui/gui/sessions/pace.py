"""When to take what comes in from other threads: at once after a while of nothing, else at a pace."""

from __future__ import annotations

import time

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal, Slot


class Pace(QObject):
    """Says ``due`` for what was put down, at most once in so many milliseconds while it comes in a stream."""

    due = Signal()

    def __init__(self, milliseconds: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.milliseconds = milliseconds
        self._taken_at = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.due)

    @property
    def is_waiting(self) -> bool:
        """Whether something was put down that is not due yet."""
        return self._timer.isActive()

    @Slot()
    def ask(self) -> None:
        """Something was put down."""
        since = (time.monotonic() - self._taken_at) * 1000
        if since >= self.milliseconds:
            self.due.emit()
        else:
            self._timer.start(round(self.milliseconds - since))

    def note_taken(self) -> None:
        """All that lay there was taken."""
        self._taken_at = time.monotonic()

    def go_on(self) -> None:
        """There is more: it is due as soon as others have had their turn."""
        self._timer.start(0)

    def stop(self) -> None:
        """Nothing is due any more, whatever other threads have put down by now."""
        self._timer.stop()
        QCoreApplication.removePostedEvents(self, QEvent.Type.MetaCall.value)
