"""Pixels decoded once and kept as bytes: a picture costs its decoding the first time only."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from ftgui.core.errors import FtguiError
from ftgui.core.hashing import content_of
from ftgui.core.preprocessing import Preprocessing
from ftgui.data.augmentations import view_count
from ftgui.data.dataset import Picture
from ftgui.data.decode import PictureError, Source, crop_centre, load_resized
from ftgui.data.in_order import in_order
from ftgui.data.kept_pixels import KeptPixels, PixelKind, PixelPlace, kind_of
from ftgui.data.memory import default_budget
from ftgui.data.views import MIRRORED, View, make_view, view_parameters

S = TypeVar("S")
T = TypeVar("T")

Bytes = npt.NDArray[np.uint8]
Numbers = Sequence[int] | npt.NDArray[np.int64]

WRITE_BYTES = 8_000_000
"""Pixels that are written to the disk at once."""


class Fresh(NamedTuple):
    """A picture that was decoded now and is to be written down."""

    path: str
    content: bytes
    pixels: Bytes


class PixelStore:
    """The pictures of a split as uint8, decoded once as far as ``budget_bytes`` and the disk reach.

    For ``none`` and ``flip`` the centre crop is kept, for ``standard`` the picture with its short side
    resized, from which each view is cut. ``table`` keeps them on disk, for pictures whose ``contents`` are
    known; what is not there is in memory as far as it fits, and decoded again each time it is asked for:
    slower, never different.

    ``load`` comes first; ``pictures``, ``labels`` and ``batch`` then speak of the readable pictures alone.
    """

    def __init__(
        self,
        root: Path,
        pictures: Sequence[Picture],
        preprocessing: Preprocessing,
        *,
        augment: str = "none",
        views: int | None = None,
        budget_bytes: int | None = None,
        threads: int | None = None,
        contents: Mapping[str, bytes] | None = None,
    ) -> None:
        self.root = Path(root)
        self.contents = contents or {}
        """What the file at a path held when the run began, by its BLAKE2b; may be of more pictures."""
        self.table: KeptPixels | None = None
        """Set by ``keeping_pixels``."""
        self.preprocessing = preprocessing
        self.augment = augment
        self.views = view_count(augment, views)
        self.threads = threads or os.cpu_count() or 1
        self.pictures: tuple[Picture, ...] = tuple(pictures)
        self.unreadable: tuple[tuple[str, str], ...] = ()
        """(path, why) of each picture that could not be decoded."""
        self.is_judged = False
        """Whether the unreadable pictures were left out already."""
        self.decoded = 0
        """Pictures decoded so far; those that did not fit into memory count each time."""
        self.hits = 0
        """Pictures served from memory or from the disk so far."""
        self._fresh: list[Fresh] = []
        self._shelf = Shelf(default_budget() if budget_bytes is None else budget_bytes)
        self._counting = Lock()

    @property
    def kind(self) -> PixelKind:
        """What is kept of each picture."""
        return kind_of(self.preprocessing, self.augment)

    @property
    def known_contents(self) -> Iterator[bytes]:
        """What the files of the pictures hold, as far as that is known."""
        found = (self.contents.get(picture.path) for picture in self.pictures)
        return (content for content in found if content is not None)

    @property
    def labels(self) -> torch.Tensor:
        """The class of each readable picture, int64, shape (len(pictures),)."""
        return torch.tensor([picture.label for picture in self.pictures], dtype=torch.int64)

    def load(self) -> Generator[tuple[int, int], None, None]:
        """Decode every picture once on ``threads`` threads, yielding (done, of how many) after each.

        Once it is known which can be read, only those are that are kept nowhere.

        The threads run a little ahead and then wait for the caller, so that a pause there is one here.
        Closing the generator early ends them; what is decoded by then stays in memory or on the disk, and
        what is unreadable is not known.

        Raises:
            FtguiError: a picture could be read before, and now it cannot.
        """
        pictures = self.pictures
        if self.is_judged:
            pictures = tuple(picture for picture in pictures if not self._holds(picture))
        reasons: list[str | None] = []
        with closing(self._decoding(self._decode_first, pictures, 4 * self.threads)) as judged:
            for reason in judged:
                if reason is not None and self.is_judged:
                    raise no_longer_readable(pictures[len(reasons)].path, reason)
                reasons.append(reason)
                yield len(reasons), len(pictures)
        if not self.is_judged:
            self.leave_out({p.path: r for p, r in zip(pictures, reasons, strict=True) if r is not None})

    def stream(
        self, wanted: Iterable[tuple[int, Sequence[int | None]]], ahead: int
    ) -> Generator[Bytes | str, None, None]:
        """Yield, for each (index, views), the pixels (views, 3, crop, crop), or why there are none.

        Decoded on ``threads`` threads, at most ``ahead`` pictures before they are asked for: on a GPU the
        next pictures are decoded while it computes; on the CPU, where both want the same cores, ``ahead`` is
        best kept small. What was decoded is kept where it fits.
        """
        yield from self._decoding(self._all_views, wanted, ahead)

    def _decoding(
        self, function: Callable[[S], T], items: Iterable[S], ahead: int
    ) -> Generator[T, None, None]:
        """Yield what ``function`` makes of items; what was decoded for it is written down, many at a time."""
        try:
            with closing(in_order(function, items, ahead, self.threads, "ftgui-decode")) as done:
                for each in done:
                    self._write_down(WRITE_BYTES)
                    yield each
        finally:
            self._write_down()

    def _write_down(self, at_least: int = 1) -> None:
        """Write what was decoded to the disk, if it is so many bytes; the memory it took is free again."""
        with self._counting:
            if sum(fresh.pixels.nbytes for fresh in self._fresh) < at_least:
                return
            written, self._fresh = self._fresh, []
        if self.table is None:
            return
        kept = self.table.put([(fresh.content, fresh.pixels) for fresh in written])
        for fresh, is_kept in zip(written, kept, strict=True):
            if is_kept:
                self._shelf.drop(fresh.path)

    def leave_out(self, unreadable: Mapping[str, str]) -> None:
        """Part the readable pictures from the others; ``unreadable`` says of each path why it is one."""
        self.unreadable = tuple((p.path, unreadable[p.path]) for p in self.pictures if p.path in unreadable)
        self.pictures = tuple(p for p in self.pictures if p.path not in unreadable)
        self.is_judged = True

    def batch(self, indices: Numbers, view: Numbers | None = None) -> torch.Tensor:
        """Return pictures as uint8, shape (len(indices), 3, crop, crop), contiguous.

        ``indices`` count the readable ``pictures``; ``view`` says which view of each is wanted, shape
        (len(indices),), None being the plain centre crop that is judged on.

        Raises:
            FtguiError: a picture that did not fit into memory can no longer be read.
            ValueError: there is no such view.
        """
        pictures = [self.pictures[index] for index in indices]
        views = self._checked_views(view, len(pictures))
        crop = self.preprocessing.crop
        batch = torch.empty((len(pictures), 3, crop, crop), dtype=torch.uint8)
        held = all(map(self._holds, pictures))
        at_once = held and self.augment != "standard"
        self._fill(batch.numpy(), pictures, views, threads=1 if at_once else self.threads)
        return batch

    def _fill(self, rows: Bytes, pictures: list[Picture], views: Sequence[int | None], threads: int) -> None:
        """Write each picture into its row, where the work is worth it on several threads."""

        def fill(row: int) -> None:
            picture = pictures[row]
            rows[row] = self._view(self._readable(picture), picture, views[row])

        if threads == 1 or len(pictures) < 2:
            for row in range(len(pictures)):
                fill(row)
            return
        with ThreadPoolExecutor(min(threads, len(pictures)), "ftgui-decode") as pool:
            for _ in pool.map(fill, range(len(pictures))):
                pass

    def _all_views(self, wanted: tuple[int, Sequence[int | None]]) -> Bytes | str:
        """Return views of a picture, shape (views, 3, crop, crop), or why it could not be decoded."""
        picture = self.pictures[wanted[0]]
        try:
            kept = self._kept(picture)
        except PictureError as error:
            return str(error)
        return np.stack([self._view(kept, picture, k) for k in wanted[1]])

    def _view(self, kept: Bytes, picture: Picture, k: int | None) -> Bytes:
        """Return view ``k`` of what is kept of a picture, shape (3, crop, crop)."""
        if self.augment != "standard":
            return kept[:, :, ::-1] if k == MIRRORED else kept
        resized = Image.fromarray(kept)
        view = View() if k is None else view_parameters(self.augment, picture.path, k, resized.size)
        crop, interpolation = self.preprocessing.crop, self.preprocessing.interpolation
        return channels_first(make_view(resized, view, crop, interpolation))

    def _decode_first(self, picture: Picture) -> str | None:
        """Decode a picture and keep it where it fits; return why it could not be decoded, None if it was."""
        try:
            self._kept(picture)
        except PictureError as error:
            return str(error)
        return None

    def _readable(self, picture: Picture) -> Bytes:
        """Return what is kept of a picture that was readable before."""
        try:
            return self._kept(picture)
        except PictureError as error:
            raise no_longer_readable(picture.path, str(error)) from error

    def _holds(self, picture: Picture) -> bool:
        """Return whether a picture need not be decoded again, unless the disk damaged it."""
        if picture.path in self._shelf:
            return True
        content = self.contents.get(picture.path)
        return self.table is not None and content is not None and self.table.holds(content)

    def _kept(self, picture: Picture) -> Bytes:
        """Return what is kept of a picture, from memory, the disk or decoded now; from any thread."""
        kept = self._shelf.get(picture.path)
        content = self.contents.get(picture.path)
        if kept is None and self.table is not None and content is not None:
            kept = self.table.get(content)
        with self._counting:
            self.hits += kept is not None
            self.decoded += kept is None
        return self._decode_anew(picture, content) if kept is None else kept

    def _decode_anew(self, picture: Picture, content: bytes | None) -> Bytes:
        """Decode a picture; keep it in memory where it fits, and see to it that it is written down."""
        if content is None or self.table is None or not self.table.takes_more:
            kept = self._decode(self.root / picture.path)
            self._shelf.put(picture.path, kept)
            return kept
        data = self._read(picture)
        kept = self._decode(io.BytesIO(data) if data is not None else self.root / picture.path)
        self._shelf.put(picture.path, kept)
        if data is not None and content_of(data) == content:  # or somebody changed it since the run began
            with self._counting:
                self._fresh.append(Fresh(picture.path, content, kept))
        return kept

    def _read(self, picture: Picture) -> bytes | None:
        try:
            return (self.root / picture.path).read_bytes()
        except OSError:  # decoding it says why
            return None

    def _decode(self, source: Source) -> Bytes:
        """Return what is kept of a picture: (height, width, 3) for ``standard``, else (3, crop, crop)."""
        resized = load_resized(source, self.preprocessing.resize, self.preprocessing.interpolation)
        if self.augment == "standard":
            return np.asarray(resized)
        return channels_first(crop_centre(resized, self.preprocessing.crop))

    def _checked_views(self, view: Numbers | None, count: int) -> Sequence[int | None]:
        if view is None:
            return [None] * count
        views = [int(k) for k in view]
        if len(views) != count or any(not 0 <= k < self.views for k in views):
            raise ValueError(f"{count} pictures of {self.views} views each have no views {views}")
        return views


@contextmanager
def keeping_pixels(
    stores: Sequence[PixelStore], place: PixelPlace | None, others_bytes: int = 0
) -> Iterator[list[KeptPixels]]:
    """Let stores find and leave pictures in the tables at ``place``; when it ends, others may write there.

    What is there can be read on. Stores of one kind share a table, since only one may write. As many bytes
    as ``others_bytes`` are left to other tables.
    """
    if place is None:
        yield []
        return
    alike: dict[PixelKind, list[PixelStore]] = {}
    for store in stores:
        alike.setdefault(store.kind, []).append(store)
    with ExitStack() as stack:
        tables = []
        for kind, sharing in alike.items():
            table = place.open(kind)
            stack.callback(table.release)
            tables.append(table)
            table.leave(others_bytes)
            table.make_room({c for store in sharing for c in store.known_contents})
            for store in sharing:
                store.table = table
        yield tables
    place.make_room([table.folder for table in tables])


def no_longer_readable(path: str, why: str) -> FtguiError:
    """Return the error of a picture that could be decoded when the run began."""
    return FtguiError(
        f"“{path}” can no longer be read: {why}", "Leave the pictures where they are while a run is going on."
    )


class Shelf:
    """Arrays by name, as many as fit into ``budget`` bytes; what comes later is not kept."""

    def __init__(self, budget: int) -> None:
        self._room = budget
        self._kept: dict[str, Bytes] = {}
        self._lock = Lock()

    def __contains__(self, name: str) -> bool:
        return name in self._kept

    def get(self, name: str) -> Bytes | None:
        """Return what is kept under ``name``, not to be written to; None where it did not fit."""
        return self._kept.get(name)

    def put(self, name: str, content: Bytes) -> None:
        """Keep ``content`` if there is room; from any thread."""
        with self._lock:
            if content.nbytes <= self._room and name not in self._kept:
                self._room -= content.nbytes
                self._kept[name] = content

    def drop(self, name: str) -> None:
        """Let go of what is kept under ``name``; from any thread."""
        with self._lock:
            content = self._kept.pop(name, None)
            if content is not None:
                self._room += content.nbytes


def channels_first(image: Image.Image) -> Bytes:
    """Return an ``RGB`` image as bytes, shape (3, height, width), contiguous."""
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))


def normalise(batch: torch.Tensor, preprocessing: Preprocessing, device: torch.device | str) -> torch.Tensor:
    """Return ``(batch / 255 - mean) / std`` a channel, float32, on ``device``, shape (N, 3, crop, crop).

    The bytes travel, not the floats: a quarter of the traffic. Bit for bit what torchvision's ``ToTensor``
    and ``Normalize`` compute on the CPU.
    """
    moved = batch.to(device, non_blocking=batch.is_pinned())
    mean, std = (
        torch.tensor(values, dtype=torch.float32, device=device).view(3, 1, 1)
        for values in (preprocessing.mean, preprocessing.std)
    )
    return moved.to(torch.float32).div_(255).sub_(mean).div_(std)
