"""Pixels decoded once and kept as bytes: a picture costs its decoding the first time only."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from ftgui.core.errors import FtguiError
from ftgui.core.hashing import content_name
from ftgui.core.preprocessing import Preprocessing
from ftgui.data.augmentations import view_count
from ftgui.data.dataset import Picture
from ftgui.data.decode import PictureError, crop_centre, decode_picture, resize_short_side
from ftgui.data.memory import default_budget
from ftgui.data.views import MIRRORED, View, make_view, view_parameters

S = TypeVar("S")
T = TypeVar("T")

Bytes = npt.NDArray[np.uint8]
Numbers = Sequence[int] | npt.NDArray[np.int64]


class PixelStore:
    """The pictures of a split as uint8, decoded once as far as ``budget_bytes`` reaches.

    For ``none`` and ``flip`` the centre crop is kept, for ``standard`` the picture with its short side
    resized, from which each view is cut. What does not fit is decoded again each time it is asked for:
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
    ) -> None:
        self.root = Path(root)
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
        """Pictures served from memory so far."""
        self._shelf = Shelf(default_budget() if budget_bytes is None else budget_bytes)
        self._counting = Lock()

    @property
    def labels(self) -> torch.Tensor:
        """The class of each readable picture, int64, shape (len(pictures),)."""
        return torch.tensor([picture.label for picture in self.pictures], dtype=torch.int64)

    def load(self) -> Generator[tuple[int, int], None, None]:
        """Decode every picture once on ``threads`` threads, yielding (done, of how many) after each.

        The threads run a little ahead and then wait for the caller, so that a pause there is one here.
        Closing the generator early ends them; what is decoded by then stays in memory, and what is
        unreadable is not known.
        """
        reasons = []
        with closing(self._decoding(self._decode_first, self.pictures, 4 * self.threads)) as judged:
            for reason in judged:
                reasons.append(reason)
                yield len(reasons), len(self.pictures)
        self.leave_out({p.path: r for p, r in zip(self.pictures, reasons, strict=True) if r is not None})

    def stream(
        self, wanted: Iterable[tuple[int, Sequence[int | None]]], ahead: int
    ) -> Generator[Bytes | str, None, None]:
        """Yield, for each (index, views), the pixels (views, 3, crop, crop), or why there are none.

        Decoded on ``threads`` threads, at most ``ahead`` pictures before they are asked for: on a GPU the
        next pictures are decoded while it computes; on the CPU, where both want the same cores, ``ahead`` is
        best kept small. What was decoded is kept where it fits.
        """
        yield from self._decoding(self._all_views, wanted, ahead)

    def digests(self) -> Generator[bytes | None, None, None]:
        """Yield what each picture's file holds as 16 bytes; None where it cannot be read."""
        yield from self._decoding(self._digest, self.pictures, 32 * self.threads)

    def _decoding(
        self, function: Callable[[S], T], items: Iterable[S], ahead: int
    ) -> Generator[T, None, None]:
        return in_order(function, items, ahead, self.threads, "ftgui-decode")

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
        held = all(picture.path in self._shelf for picture in pictures)
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

    def _kept(self, picture: Picture) -> Bytes:
        """Return what is kept of a picture, from memory or decoded now; from any thread."""
        kept = self._shelf.get(picture.path)
        with self._counting:
            self.hits += kept is not None
            self.decoded += kept is None
        if kept is None:
            kept = self._decode(picture)
            self._shelf.put(picture.path, kept)
        return kept

    def _digest(self, picture: Picture) -> bytes | None:
        try:
            return content_name(self.root / picture.path)
        except OSError:  # decoding it says why
            return None

    def _decode(self, picture: Picture) -> Bytes:
        """Return what is kept of a picture: (height, width, 3) for ``standard``, else (3, crop, crop)."""
        image = decode_picture(self.root / picture.path)
        resized = resize_short_side(image, self.preprocessing.resize, self.preprocessing.interpolation)
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


def in_order(
    function: Callable[[S], T], items: Iterable[S], ahead: int, threads: int, name: str
) -> Generator[T, None, None]:
    """Yield ``function`` of each item in their order, computed on threads at most ``ahead`` items early.

    ``map`` of a pool would run to the end while nobody asks for more. Closing the generator ends the threads.
    """
    pool = ThreadPoolExecutor(threads, name)
    waiting: deque[Future[T]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


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
