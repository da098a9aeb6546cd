"""Thumbnails, made off the GUI thread as they come into view.

A few threads make what is wanted. Whoever scrolls says anew what that is: what was scrolled past before its
turn came is forgotten. What is made is put down, and the GUI thread takes in all
that lies there at once, as ``sessions.worker`` has it.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from ftgui.gui.sessions.pace import Pace
from ftgui.gui.sessions.picture_images import make_thumbnail

Request = tuple[str, int]
"""A file, and the edge of its thumbnail in pixels of the screen."""

THREADS = max(1, min(4, (os.cpu_count() or 2) - 1))
BUDGET = 64 * 2**20
"""Bytes of thumbnails that are kept: 1,700 of them, 450 on a screen of twice the density."""
PACE_MS = 30
"""Between two takings, so that a stream of thumbnails is painted some at a time."""


class Thumbnails(QObject):
    """Has thumbnails, or gets them."""

    arrived = Signal(object)
    """A list of the requests that can be had now."""
    _put_down = Signal()
    """From the threads: something lies there where nothing was."""

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        make: Callable[[str, int], QImage] = make_thumbnail,
        budget: int = BUDGET,
    ) -> None:
        super().__init__(parent)
        self._make, self._budget = make, budget
        self._kept: OrderedDict[Request, QImage] = OrderedDict()
        """The one that was not looked at for longest comes first."""
        self._bytes = 0
        self._threads: list[threading.Thread] = []
        """They wait where nothing is wanted: to start one takes long while others keep the computer busy."""
        self._change = threading.Condition()
        """Of the four below."""
        self._wanted: list[Request] = []
        """What is wanted most comes last."""
        self._in_hand: set[Request] = set()
        self._is_over = self._is_held = False
        self._round = 0
        """Grows when all is forgotten: what is in hand then is not kept."""
        self._made: deque[tuple[int, Request, QImage]] = deque()
        self._told = False
        self._pace = Pace(PACE_MS, self)
        self._pace.due.connect(self._take)
        self._put_down.connect(self._pace.ask)

    def get(self, request: Request) -> QImage | None:
        """Return a thumbnail, a null image where the picture is broken, None where it is not there yet."""
        image = self._kept.get(request)
        if image is not None:
            self._kept.move_to_end(request)
        return image

    def want(self, requests: Iterable[Request]) -> None:
        """Get these, the first ones first, and none that were wanted before."""
        missing = [request for request in requests if request not in self._kept]
        with self._change:
            self._wanted = [request for request in reversed(missing) if request not in self._in_hand]
            self._change.notify(len(self._wanted))
        if missing and not self._threads:
            self._start()

    def _start(self) -> None:
        for _ in range(THREADS):
            self._threads.append(threading.Thread(target=self._work, name="thumbnails", daemon=True))
            self._threads[-1].start()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Begin no other thumbnail within: who paints would wait, as Python runs one thread at a time."""
        self._is_held = True
        try:
            yield
        finally:
            with self._change:
                self._is_held = False
                self._change.notify(len(self._wanted))

    def forget(self) -> None:
        """Forget all, as the files may have changed."""
        with self._change:
            self._wanted.clear()
            self._in_hand.clear()
            self._round += 1
        self._kept.clear()
        self._bytes = 0

    def shutdown(self) -> None:
        """Wait for the threads to end; nothing arrives after this."""
        with self._change:
            self._is_over = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join()
        self._pace.stop()
        self._made.clear()

    # In the threads ---------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (mine := self._next()) is not None:
            round_, request = mine
            self._made.append((round_, request, self._make(*request)))
            if not self._told:
                self._told = True
                self._put_down.emit()

    def _next(self) -> tuple[int, Request] | None:
        """Wait until there is something to make and return it, None when the thread is to end."""
        with self._change:
            self._change.wait_for(lambda: self._is_over or (self._wanted and not self._is_held))
            if self._is_over:
                return None
            request = self._wanted.pop()
            self._in_hand.add(request)
            return self._round, request

    # In the GUI thread ------------------------------------------------------------------------------------

    @Slot()
    def _take(self) -> None:
        self._told = False  # before looking: what comes after the last look is told of again
        self._pace.note_taken()
        taken = []
        while self._made:
            round_, request, image = self._made.popleft()
            if round_ == self._round:
                self._keep(request, image)
                taken.append(request)
        if taken:
            self.arrived.emit(taken)

    def _keep(self, request: Request, image: QImage) -> None:
        with self._change:
            self._in_hand.discard(request)
        self._kept[request] = image
        self._bytes += image.sizeInBytes()
        while self._bytes > self._budget and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.sizeInBytes()
