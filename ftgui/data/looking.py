"""Looking at the files of pictures: what they hold, and whether they are the pictures they say they are.

What is known already is not looked at again: a file whose stamp is what it was is not even opened.
"""

from __future__ import annotations

import importlib.util
import io
import os
import signal
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

import msgspec

from ftgui.core.hashing import content_name, content_of
from ftgui.core.memory import uncollected
from ftgui.core.process import helpers_allowed
from ftgui.data.content_index import ContentIndex, KnownFile, Stamp, is_settled, stamp_of
from ftgui.data.decode import DECODER, PictureError
from ftgui.data.facts import PictureFacts, describe_picture
from ftgui.data.in_order import from_pool, in_order

AT_ONCE = 8
"""Files that a thread takes at a time: handing over small ones one by one costs more than looking at them."""
MANY = 2000
"""Files from which on other processes look at them."""
MOST_PROCESSES = 8
"""Each takes some 50 MB, and a disk serves no more of them any faster."""
LARGE = 2**26
"""Bytes from which on a file is not held in memory as a whole."""
KEPT_EVERY = 1000
"""Files after which what was found out is written down: a stop loses no more than that."""
NO_STAMP: Stamp = (-1, -1, -1, -1)
"""Of no file."""


class Problem(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Why a picture cannot be used."""

    kind: str
    message: str


class Look(msgspec.Struct, frozen=True, gc=False):
    """What became of looking at one file."""

    content: bytes | None = None
    """What its bytes are known by; None where it could not be read."""
    found: PictureFacts | Problem | None = None
    """None where only the content was asked for."""


Looks = Generator[tuple[int, int], None, list[Look]]
"""How many files are done, of how many; in the end what became of each, in their order."""

_DECODER = msgspec.msgpack.Decoder(PictureFacts | Problem)
_ENCODER = msgspec.msgpack.Encoder()


def open_index(folder: Path | None) -> ContentIndex:
    """Open the index in the cache folder; it knows what this decoder would say, and not what others did.

    None: nothing may be kept, and nothing is known.
    """
    with_heif = importlib.util.find_spec("pillow_heif") is not None
    return ContentIndex(folder, version=2 * DECODER + with_heif)


def look_at(
    root: str,
    paths: Sequence[str],
    index: ContentIndex,
    *,
    contents_only: bool = False,
    threads: int | None = None,
) -> Looks:
    """Look at files below ``root``: what each holds, and unless ``contents_only``, what each is.

    Closing the generator early ends the threads; what was found out by then is known to the next look.
    """
    known = _Known(index.files(root), contents_only=contents_only)
    looks: list[Look | None] = []
    new: list[tuple[int, Stamp]] = []
    for first in range(0, len(paths), KEPT_EVERY):
        with uncollected():
            for number, path in enumerate(paths[first : first + KEPT_EVERY], first):
                try:
                    stamp = stamp_of(f"{root}/{path}")
                except (OSError, ValueError) as error:
                    looks.append(Look(None, _why_not(error)))
                    continue
                look = known.look(path, stamp)
                looks.append(look)
                if look is None:
                    new.append((number, stamp))
        yield len(looks) - len(new), len(paths)
    done = len(paths) - len(new)
    with closing(
        _look_at_new(root, paths, new, index, contents_only=contents_only, threads=threads)
    ) as found:
        for numbers, those in found:
            for number, look in zip(numbers, those, strict=True):
                looks[number] = look
            done += len(numbers)
            yield done, len(paths)
    return [look or Look() for look in looks]


class _Known:
    """What the index knows of the files of a folder, by their paths."""

    def __init__(self, files: Mapping[str, KnownFile], *, contents_only: bool) -> None:
        self._files = files
        self._contents_only = contents_only
        self._decoded: dict[bytes | None, PictureFacts | Problem | None] = {}
        """Many pictures of a set are alike in all that is known of them."""

    def look(self, path: str, stamp: Stamp) -> Look | None:
        """Return what is known of a file that is what it was."""
        known = self._files.get(path)
        if known is None or known[1:5] != stamp:
            return None
        if self._contents_only:
            return Look(known[5])
        facts = known[6]
        try:
            found = self._decoded[facts]
        except KeyError:
            found = self._decoded[facts] = _decoded(facts)
        return None if found is None else Look(known[5], found)


def _look_at_new(
    root: str,
    paths: Sequence[str],
    new: Sequence[tuple[int, Stamp]],
    index: ContentIndex,
    *,
    contents_only: bool,
    threads: int | None,
) -> Generator[tuple[Sequence[int], Sequence[Look]], None, None]:
    """Yield what becomes of files that are not known, some at a time, with their numbers in ``paths``."""
    groups = [new[first : first + AT_ONCE] for first in range(0, len(new), AT_ONCE)]
    asked = [(root, tuple(paths[number] for number, _ in group)) for group in groups]
    kept: list[KnownFile] = []
    try:
        with closing(_read_all(asked, index, contents_only, threads or os.cpu_count() or 1)) as found:
            for group, looks in zip(groups, found, strict=True):
                now = time.time_ns()
                for (number, stamp), look in zip(group, looks, strict=True):
                    if look.content is not None:
                        facts = None if look.found is None else _ENCODER.encode(look.found)
                        known_by = stamp if is_settled(stamp, now) else NO_STAMP
                        kept.append((paths[number], *known_by, look.content, facts))
                if len(kept) >= KEPT_EVERY:
                    index.remember(root, kept)
                    kept = []
                yield [number for number, _ in group], looks
    finally:
        if kept:
            index.remember(root, kept)


Group = tuple[str, Sequence[str]]
"""A folder, and the paths of some files in it."""


def _read_all(
    groups: Sequence[Group], index: ContentIndex, contents_only: bool, threads: int
) -> Generator[list[Look], None, None]:
    """Yield what becomes of each group, in their order.

    Looking at thousands of small pictures is mostly Python, of which one process runs one thread at a time,
    the window's among them: other processes do it. A few are looked at sooner than those have started.
    """
    if contents_only or len(groups) * AT_ONCE < MANY or not helpers_allowed.is_set():
        known = None if contents_only else index
        yield from in_order(lambda group: _read(*group, known), groups, 2 * threads, threads, "ftgui-look")
        return
    done = 0
    # Killed by whoever needed its memory, or none can be had here: this process looks at the rest.
    with suppress(BrokenProcessPool, OSError, NotImplementedError, ImportError):
        pool = ProcessPoolExecutor(
            min(threads, MOST_PROCESSES),
            get_context("spawn"),
            initializer=_begin,
            initargs=(index.folder, index.version),
        )
        with closing(from_pool(pool, _read_there, groups, 4 * threads)) as found:
            for looks in found:
                yield looks
                done += 1
    rest = groups[done:]
    yield from in_order(lambda group: _read(*group, index), rest, 2 * threads, threads, "ftgui-look")


_THERE: list[ContentIndex] = []
"""In a process that looks at pictures for another, its index."""


def _begin(folder: Path | None, version: int) -> None:
    """Make a process ready to look at pictures for another, whose Ctrl-C is not its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(10)  # the window comes first
    _THERE.append(ContentIndex(folder, version))


def _end_with_parent() -> None:
    """End this process when the one that it works for is gone, however that ended."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read_there(group: Group) -> list[Look]:
    return _read(*group, _THERE[0])


def _read(root: str, paths: Sequence[str], index: ContentIndex | None) -> list[Look]:
    """Look at each file, one after the other: for its content and, with an ``index``, for what it is."""
    return [_look(Path(root, path), index) for path in paths]


def _look(file: Path, index: ContentIndex | None) -> Look:
    """Read a file once, as long as it is not so large that reading it twice is the lesser evil."""
    try:
        data = file.read_bytes() if file.stat().st_size < LARGE else None
        content = content_name(file) if data is None else content_of(data)
    except (OSError, MemoryError) as error:
        return Look(None, _why_not(error))
    if index is None:
        return Look(content)
    known = _decoded(index.facts(content))
    return Look(content, known) if known is not None else _described(content, file, data)


def _described(content: bytes, file: Path, data: bytes | None) -> Look:
    try:
        return Look(content, describe_picture(file if data is None else io.BytesIO(data)))
    except PictureError as error:
        passing = isinstance(error.__cause__, MemoryError)  # there may be enough of it the next time
        return Look(None if passing else content, Problem(error.kind, str(error)))


def _why_not(error: Exception) -> Problem:
    """Put in words why a file cannot be read."""
    if isinstance(error, PermissionError):
        return Problem("no_permission", "It may not be read.")
    if isinstance(error, FileNotFoundError):
        return Problem("unreadable", "There is no such file.")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Problem("unreadable", f"It cannot be read ({reason or type(error).__name__}).")


def _decoded(facts: bytes | None) -> PictureFacts | Problem | None:
    """Return facts as they were kept; None where there are none, or an older ftgui wrote others."""
    if facts is None:
        return None
    try:
        found: PictureFacts | Problem = _DECODER.decode(facts)
        return found
    except msgspec.MsgspecError:
        return None
