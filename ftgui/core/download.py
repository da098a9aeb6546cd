"""Download a file so that it is whole or not there at all, and what arrived before a cut is never lost.

The bytes go to a part beside the target. It is asked for the rest of it the next time, and becomes the
target once its SHA-256 is the one that was published.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from ftgui.core import download_words as words
from ftgui.core import web
from ftgui.core.errors import FtguiError
from ftgui.core.part_file import Hasher, Part

TIMEOUT_SECONDS = 20.0
"""Without a byte for so long, a connection counts as cut."""
RETRY_SECONDS = (0.5, 2.0, 5.0)
"""Waits before the next try, as long as nothing arrives. A byte that does starts them over."""
TICK_SECONDS = 0.1
"""A cancel is seen within this."""
SPARE = 0.01
"""How much larger than expected a file may be, as a share."""
TEMPORARY = (408, 416, 425, 429, 500, 502, 503, 504)
"""Answers after which another try may go well. 416: there is no such rest; all is asked for anew."""

Note = Literal["", "connecting", "checking", "retrying"]


@dataclass(frozen=True)
class Progress:
    """How far a download is."""

    done: int
    """Bytes that have arrived, those of earlier tries included."""
    total: int | None
    """Of the whole file, once it is known or guessed."""
    note: Note = ""
    """What goes on instead of bytes arriving."""


class CancelledError(Exception):
    """The one who started it does not want it any more."""


Steps = Generator[Progress, None, None]


def download(
    url: str,
    target: Path,
    *,
    sha256_prefix: str,
    about_bytes: int | None = None,
    cancel: threading.Event | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Generator[Progress, None, Path | None]:
    """Download ``url`` to ``target``, yielding progress some ten times a second or more often.

    Returns ``target``, or None where ``cancel`` was set; closing the generator cancels too. What arrived is
    kept beside the target and goes on the next time. A target that is right already is left as it is.

    Args:
        sha256_prefix: the first hex digits of the file's SHA-256, at least one.
        about_bytes: its size, within a hundredth: guards against a server that never ends.
        timeout: seconds without a byte after which a connection counts as cut.

    Raises:
        FtguiError: there is no network, the server has no such file or sends another one, the connection
            was cut again and again, the disk is full or may not be written to, or another program is
            downloading the same file.
    """
    task = _Download(url, target, sha256_prefix.lower(), about_bytes, cancel or threading.Event(), timeout)
    try:
        return (yield from task.run())
    except CancelledError:
        return None
    except OSError as error:  # the network's own are told apart by then
        raise words.cannot_keep(target, error) from error


class _Download:
    """One download, with all its tries."""

    def __init__(
        self,
        url: str,
        target: Path,
        prefix: str,
        about: int | None,
        cancel: threading.Event,
        timeout: float,
    ) -> None:
        self._url, self._target, self._prefix = url, target, prefix
        self._about = about
        self._cancel, self._timeout = cancel, timeout
        self._part = Part(target)
        self._total: int | None = about
        self._is_sure = False
        self._was_connected = False
        self._began_anew = False

    def run(self) -> Generator[Progress, None, Path]:
        if (yield from self._has_target()):
            return self._target
        self._target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(self._target) as lock:
            if not (yield from self._has_target()):
                with self._part:
                    yield from self._complete()
                    self._part.finish()
            with suppress(OSError):  # Windows lets nobody delete what is open
                lock.unlink(missing_ok=True)  # under the lock: who comes next finds the file whole
        return self._target

    def _has_target(self) -> Generator[Progress, None, bool]:
        """Whether the target is there and right."""
        if not self._target.is_file():
            return False
        hasher = Hasher()
        yield from self._hash(self._target, hasher)
        return hasher.matches(self._prefix)

    def _hash(self, path: Path, hasher: Hasher) -> Steps:
        for done in hasher.read(path):
            self._look_for_cancel()
            yield Progress(done, self._total, "checking")

    def _complete(self) -> Steps:
        """Fill the part, in as many tries as it takes, until it is the file that was published."""
        yield from self._hash(self._part.path, self._part.hasher)
        quiet = 0
        while not self._part.matches(self._prefix):
            before = self._part.size
            cut = yield from self._try()
            if self._part.matches(self._prefix):
                return
            if cut is None:
                self._start_over()
                continue
            quiet = 0 if self._part.size > before else quiet + 1
            if quiet > len(RETRY_SECONDS):
                raise self._give_up(cut)
            yield from self._wait(RETRY_SECONDS[max(0, quiet - 1)])

    def _give_up(self, cut: Exception) -> FtguiError:
        if isinstance(cut, web.RefusedError):
            return words.refused(cut, self._url, self._target)
        return words.gave_up(cut, self._url, self._target, self._part.size)

    def _try(self) -> Generator[Progress, None, Exception | None]:
        """Ask for what is missing. Returns what cut it short, or None where the server had no more to say."""
        patience = 2 * self._timeout  # whoever waits here loses theirs first, and knows what it means
        exchange = web.Exchange(self._url, self._part.range_headers(), patience)
        try:
            yield from self._take(exchange)
        except web.UnreachableError as error:
            if not self._was_connected:
                raise words.no_network(error, self._url, self._target) from error
            return error
        except web.BrokenError as error:
            return error
        except web.RefusedError as error:
            if error.status not in TEMPORARY:
                raise words.refused(error, self._url, self._target) from error
            if error.status == 416:
                self._part.empty()
            return error
        except web.UnsafeError as error:
            raise words.unsafe(error, self._url, self._target) from error
        finally:
            exchange.close()
        return None

    def _take(self, exchange: web.Exchange) -> Steps:
        """Take in one answer."""
        head = yield from self._next(exchange, "connecting")
        assert isinstance(head, web.Head)
        self._was_connected = True
        self._begin(head)
        while chunk := (yield from self._next(exchange)):
            assert isinstance(chunk, bytes)
            self._part.write(chunk)
            if self._part.size > self._most():
                raise self._reject()
            yield Progress(self._part.size, self._total)
        if self._total is not None and self._part.size < self._least():
            raise web.BrokenError(f"{self._part.size:,} of {self._total:,} bytes came")

    def _next(self, exchange: web.Exchange, note: Note = "") -> Generator[Progress, None, web.Head | bytes]:
        """Wait for what comes next; too long a silence is a cut."""
        since = time.monotonic()
        while True:
            self._look_for_cancel()
            item = exchange.receive(TICK_SECONDS)
            if item is not None:
                return item
            if time.monotonic() - since > self._timeout:
                silence = f"nothing came for {self._timeout:g} seconds"
                raise web.BrokenError(silence) if self._was_connected else web.UnreachableError(silence)
            yield Progress(self._part.size, self._total, note)

    def _begin(self, head: web.Head) -> None:
        """Go on with the part, or start it over, as the server's answer has it."""
        if head.kind == "text/html":
            raise words.web_page(self._url, self._target)
        if head.first != self._part.size:
            self._part.empty()
        if head.first > 0 and not self._part.size:
            raise web.BrokenError(f"the server began at byte {head.first:,}, which nobody asked for")
        self._total, self._is_sure = head.total or self._about, head.total is not None
        if self._total is not None and self._total > self._most():
            raise words.not_it(self._url, self._target)
        self._part.name_version(head.validator)
        self._look_for_room()

    def _most(self) -> float:
        """The bytes that are too many if they are exceeded."""
        return float("inf") if self._about is None else self._about * (1 + SPARE)

    def _least(self) -> float:
        """The bytes below which an answer that ended was cut."""
        return self._total * (1 if self._is_sure else 1 - SPARE) if self._total is not None else 0

    def _look_for_room(self) -> None:
        needed = (self._total or 0) - self._part.size
        free = shutil.disk_usage(self._target.parent).free
        if free < needed:
            raise words.no_room(self._target, needed, free)

    def _start_over(self) -> None:
        """All came, and it is not what was published: once, an old part or a bad line may be to blame."""
        if self._began_anew:
            raise self._reject()
        self._began_anew = True
        self._part.empty()

    def _reject(self) -> FtguiError:
        self._part.empty()
        return words.not_it(self._url, self._target)

    def _wait(self, seconds: float) -> Steps:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            yield Progress(self._part.size, self._total, "retrying")
            if self._cancel.wait(min(TICK_SECONDS, max(0.0, end - time.monotonic()))):
                raise CancelledError

    def _look_for_cancel(self) -> None:
        if self._cancel.is_set():
            raise CancelledError


@contextmanager
def _alone(target: Path) -> Iterator[Path]:
    """Be the only program that downloads ``target``; gives the path of the lock.

    Raises:
        FtguiError: another one is at it.
    """
    path = target.with_name(f".{target.name}.lock")
    lock = FileLock(path, thread_local=False)  # a generator may be closed by another thread
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise words.taken(target) from None
    try:
        yield path
    finally:
        lock.release()
