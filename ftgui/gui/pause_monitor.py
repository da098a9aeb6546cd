"""How long the window stood still: a timer that notices when it is called late."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, QTimer, Slot

INTERVAL_MS = 10


class PauseMonitor(QObject):
    """Measures the GUI thread's longest pause while it runs.

    A tick that comes later than its interval came late because the event loop was held: that delay is
    what a user's click would have waited.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.longest_seconds = 0.0
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._on_tick)

    def start(self) -> None:
        """Begin anew."""
        self.longest_seconds = 0.0
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    @Slot()
    def _on_tick(self) -> None:
        now = time.perf_counter()
        self.longest_seconds = max(self.longest_seconds, now - self._last - INTERVAL_MS / 1000)
        self._last = now
