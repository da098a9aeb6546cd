"""How late an event loop is, and what all threads do while it is late."""

from __future__ import annotations

import faulthandler
import re
import tempfile
import threading
import time
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Qt, QTimer, Slot

INTERVAL_MS = 5
LATE_MS = 16.0
"""From when on it is worth noting what goes on."""


@dataclass(frozen=True)
class Lateness:
    """Of the ticks of a timer, each of which ought to come 5 ms after the last."""

    seconds: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    meanwhile: list[str] = field(default_factory=list)
    """What the threads did at the longest: a line each."""
    gaps_ms: list[float] = field(default_factory=list)
    """The ten longest."""


class Watch(QObject):
    """Ticks in the thread that makes it; ``take`` tells of the time since the last ``take``."""

    def __init__(self, *, looks_on: bool = True) -> None:
        """``looks_on``: note what goes on meanwhile, which itself takes a little time."""
        super().__init__()
        self._late: list[float] = []
        self._seen: list[str] = []
        """What went on in the gap that lasts."""
        self._kept: tuple[float, list[str]] = (0.0, [])
        self._began = self._last = time.perf_counter()
        self._own = threading.get_ident()
        self._file = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed with this
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="looks on", daemon=True)
        if not looks_on:
            self._end.set()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._on_tick)

    def start(self) -> None:
        self._began = self._last = time.perf_counter()
        self._timer.start()
        self._thread.start()

    def stop(self) -> None:
        self._timer.stop()
        self._end.set()
        self._thread.join()

    def take(self) -> Lateness:
        """Return how late the ticks were, and begin anew."""
        self._on_tick()
        late, now = sorted(self._late) or [0.0], time.perf_counter()
        taken = Lateness(
            seconds=now - self._began,
            p50_ms=late[len(late) // 2],
            p99_ms=late[int(len(late) * 0.99)],
            longest_ms=late[-1],
            meanwhile=self._kept[1],
            gaps_ms=[round(each) for each in late[-10:]],
        )
        self._late, self._kept, self._began = [], (0.0, []), now
        return taken

    @Slot()
    def _on_tick(self) -> None:
        now = time.perf_counter()
        late = (now - self._last) * 1000 - INTERVAL_MS
        self._last = now
        self._late.append(late)
        seen, self._seen = self._seen, []
        if late > self._kept[0]:
            self._kept = (late, seen)

    def _look_on(self) -> None:
        """Note the stacks once a gap is long, and again each time that it has grown by as much."""
        noted = 0.0
        while not self._end.wait(0.004):
            late = (time.perf_counter() - self._last) * 1000 - INTERVAL_MS
            if late < LATE_MS:
                noted = 0.0
            elif late > noted + LATE_MS:
                noted = late
                self._seen += [f"after {late:.0f} ms: {line}" for line in self._stacks()]

    def _stacks(self) -> list[str]:
        """Return a line for each other thread, its innermost calls first.

        By faulthandler: what ``sys._current_frames`` hands out keeps the frames alive, and with that of a
        paintEvent its QPainter, which has to go before the event is over.
        """
        names = {thread.ident: thread.name for thread in threading.enumerate()} | {self._own: "GUI"}
        self._file.seek(0)
        self._file.truncate()
        faulthandler.dump_traceback(self._file)
        self._file.seek(0)
        lines = []
        for block in self._file.read().split("\n\n"):
            head, *calls = block.splitlines()
            ident = re.search("0x[0-9a-f]+", head)
            number = int(ident[0], 16) if ident else 0
            if number != threading.get_ident():
                lines.append(f"{names.get(number, 'worker')}: {' < '.join(map(_short, calls[:5]))}")
        return lines


def _short(call: str) -> str:
    """Return "trainer.py:42 run" for a line of faulthandler's."""
    found = re.search(r'([^/\\]*)", line (\d+) in (.*)', call)
    return f"{found[1]}:{found[2]} {found[3]}" if found else call.strip()
