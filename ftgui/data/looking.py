"""Looking at the files of pictures: what they hold, and whether they are the pictures they say they are.

What is known already is not looked at again: a file whose stamp is what it was is not even opened.
"""

from __future__ import annotations

import importlib.util
import io
import os
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec

from ftgui.core.hashing import content_of
from ftgui.data.content_index import ContentIndex, KnownFile, Stamp, stamp_of
from ftgui.data.decode import DECODER, PictureError
from ftgui.data.facts import PictureFacts, describe_picture
from ftgui.data.in_order import in_order

AHEAD = 16
"""Files that each thread looks at before anybody asks for them."""
KEPT_EVERY = 1000
"""Files after which what was found out is written down: a stop loses no more than that."""


class Problem(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Why a picture cannot be used."""

    kind: str
    message: str


class Look(NamedTuple):
    """What became of looking at one file."""

    content: bytes | None = None
    """What its bytes are known by; None where it could not be read."""
    found: PictureFacts | Problem | None = None
    """None where only the content was asked for."""


def open_index(folder: Path) -> ContentIndex:
    """Open the index in the cache folder; it knows what this decoder would say, and not what others did."""
    with_heif = importlib.util.find_spec("pillow_heif") is not None
    return ContentIndex(folder, version=2 * DECODER + with_heif)


Looks = Generator[tuple[int, int], None, list[Look]]
"""How many files are done, of how many; in the end what became of each, in their order."""

_DECODER = msgspec.msgpack.Decoder(PictureFacts | Problem)
_ENCODER = msgspec.msgpack.Encoder()


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
    known = index.files(root)
    looks: list[Look | None] = []
    stamps: dict[int, Stamp] = {}
    for number, path in enumerate(paths):
        look, stamp = _known_look(f"{root}/{path}", known.get(path), contents_only=contents_only)
        looks.append(look)
        if look is None and stamp is not None:
            stamps[number] = stamp
        if number % KEPT_EVERY == 0:
            yield number + 1 - len(stamps), len(paths)
    yield from _look_at_new(root, paths, index, looks, stamps, contents_only=contents_only, threads=threads)
    return [look or Look() for look in looks]


def _known_look(
    file: str, known: KnownFile | None, *, contents_only: bool
) -> tuple[Look | None, Stamp | None]:
    """Return what is known of a file that is what it was, or that it is not there; else its stamp alone."""
    try:
        stamp = stamp_of(file)
    except (OSError, ValueError) as error:
        return Look(None, _why_not(error)), None
    if known is None or known[:4] != stamp:
        return None, stamp
    if contents_only:
        return Look(known[4]), stamp
    found = _decoded(known[5])
    return (None if found is None else Look(known[4], found)), stamp


def _look_at_new(
    root: str,
    paths: Sequence[str],
    index: ContentIndex,
    looks: list[Look | None],
    stamps: dict[int, Stamp],
    *,
    contents_only: bool,
    threads: int | None,
) -> Generator[tuple[int, int], None, None]:
    """Look at the files whose stamps are given, and put what becomes of each into ``looks``."""
    threads = threads or os.cpu_count() or 1
    done, new = len(paths) - len(stamps), {}
    find = _no_facts if contents_only else _facts_finder(index)

    def read(number: int) -> Look:
        return _look(Path(root) / paths[number], find)

    try:
        with closing(in_order(read, stamps, AHEAD * threads, threads, "ftgui-look")) as found:
            for (number, stamp), look in zip(stamps.items(), found, strict=True):
                looks[number] = look
                if look.content is not None:
                    facts = None if look.found is None else _ENCODER.encode(look.found)
                    new[paths[number]] = (*stamp, look.content, facts)
                if len(new) >= KEPT_EVERY:
                    index.remember(root, new)
                    new.clear()
                done += 1
                yield done, len(paths)
    finally:
        if new:
            index.remember(root, new)


Find = Callable[[bytes, bytes], PictureFacts | Problem | None]
"""What a file's bytes, of a content, turn out to be."""


def _no_facts(_content: bytes, _data: bytes) -> None:
    return None


def _facts_finder(index: ContentIndex) -> Find:
    def find(content: bytes, data: bytes) -> PictureFacts | Problem:
        return _decoded(index.facts(content)) or _described(data)

    return find


def _look(file: Path, find: Find) -> Look:
    """Read a file once, for its content and for what it is."""
    try:
        data = file.read_bytes()
    except (OSError, MemoryError) as error:
        return Look(None, _why_not(error))
    content = content_of(data)
    return Look(content, find(content, data))


def _described(data: bytes) -> PictureFacts | Problem:
    try:
        return describe_picture(io.BytesIO(data))
    except PictureError as error:
        return Problem(error.kind, str(error))


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
