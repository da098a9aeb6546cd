"""What the frozen stages say of every view of every picture: computed once, kept, and read ever after.

It is legal because frozen means frozen, and because an augmentation is a finite set of views. What is kept is
found again by what it depends on: the bits of the frozen stages, the arithmetic and the preprocessing
(``Prefix.name``), the bytes of the picture and the view. Change any of them, and it is computed anew.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Generator, Sequence
from contextlib import closing

import numpy as np
import numpy.typing as npt
import torch

from ftgui.core.rows import row_name
from ftgui.data.kept_pixels import PixelPlace
from ftgui.data.pixels import Bytes, Numbers, PixelStore, keeping_pixels, no_longer_readable
from ftgui.training.clock import RunClock
from ftgui.training.kept import FeaturePlace, KeptFeatures
from ftgui.training.prefix import Prefix, Shape
from ftgui.training.roofs import Roofs

PASS_ROWS = 48
"""Views that go through the frozen stages at once."""

Slots = npt.NDArray[np.int64]
"""Numbers of (picture, view): picture × views + view, pictures counted before any was left out."""

Wanted = tuple[int, Sequence[int]]
"""The number of a picture and the views of it."""

Progress = Generator[tuple[str, int, int], None, None]
"""What is done, so much of it, of how much."""


class Activations:
    """The features of a split's pictures: a feed for what comes after the ice line.

    ``fill`` comes first. They are in memory (on the device) as far as ``memory_bytes`` reaches, then mapped
    from the disk, and where that is full or nothing may be kept there, computed again each time.
    """

    def __init__(
        self,
        store: PixelStore,
        prefix: Prefix,
        memory_bytes: int,
        roofs: Roofs | None = None,
    ) -> None:
        self.store = store
        self.prefix = prefix
        self.prefix_forwards = 0
        """Views that went through the frozen stages."""
        self.hits = 0
        """Views whose features an earlier run had left."""
        self.spared_seconds: float | None = 0.0
        """What those took to compute; None where nobody knows. Set by ``fill``."""
        self.roof: float | None = None
        """Views a second that this computer can send through the frozen stages at best, if any had to go."""
        self._roofs = roofs
        self._memory_bytes = memory_bytes

    @property
    def labels(self) -> torch.Tensor:
        return self.store.labels

    def batch(self, indices: Numbers, view: Numbers | None = None) -> torch.Tensor:
        """Return features on the device, as the frozen stages would say them now.

        Raises:
            FtguiError: they are kept nowhere, and a picture can no longer be read.
        """
        slots = self._slots(indices, view)
        if (slots < len(self._memory)).all():
            return self._shape.as_computed(self._memory[self._on_device(slots)])
        return self._shape.as_computed(self._gathered(slots, indices, view))

    @property
    def is_kept(self) -> bool:
        """Whether nothing has to be computed again."""
        slots = np.arange(len(self._numbers))
        return bool(((slots < len(self._memory)) | (self._numbers >= 0)).all())

    def blank(self, count: int) -> torch.Tensor:
        shape = self._shape
        rows = torch.zeros((count, *shape.sizes), dtype=shape.torch_dtype, device=self._memory.device)
        return shape.as_computed(rows)

    # Filling ----------------------------------------------------------------------------------------------

    def find(self, kept: KeptFeatures | None, clock: RunClock) -> None:
        """Find what an earlier run left of the pictures' features."""
        with clock.phase("building"):
            self._names = slot_names(self.store)
            self._take_shape(kept, len(self._names))
        with clock.phase("reading"):
            self._take_kept(kept)

    @property
    def missing(self) -> int:
        """How many views have to go through the frozen stages."""
        return int((self._numbers < 0).sum())

    def compute(self, kept: KeptFeatures | None, clock: RunClock) -> Progress:
        """Send what was not found through the frozen stages, so many views at a time.

        Pictures that cannot be decoded are left out of the store.

        Raises:
            FtguiError: a picture could be decoded when the run began, and now it cannot.
        """
        store = self.store
        slot_of = {picture.path: number * store.views for number, picture in enumerate(store.pictures)}
        keeps_any = len(self._memory) > 0 or (kept is not None and kept.takes_more)
        missing = (self._numbers < 0).reshape(-1, store.views)
        if not keeps_any and store.is_judged:
            missing[:] = False  # each is computed when it is asked for, and there is nothing else to find out
        wanted = [(int(n), np.flatnonzero(missing[n]).tolist()) for n in np.flatnonzero(missing.any(axis=1))]
        if wanted and keeps_any and self._roofs is not None:
            self.roof = self._roofs.of_pass(self.prefix, PASS_ROWS)
        total, done = len(store.pictures), len(store.pictures) - len(wanted)
        unreadable: dict[str, str] = {}
        slots: list[int] = []
        rows: list[Bytes] = []
        with closing(self._pixels(wanted, clock)) as stream:
            for number, views, pixels in stream:
                if isinstance(pixels, str):
                    path = store.pictures[number].path
                    if store.is_judged:
                        raise no_longer_readable(path, pixels)
                    unreadable[path] = pixels
                else:
                    slots += [number * store.views + k for k in views]
                    rows.append(pixels)
                done += 1
                if len(slots) >= PASS_ROWS or (done == total and slots):
                    with clock.phase("frozen pass"):
                        self._keep(kept, np.array(slots), np.concatenate(rows))
                    slots, rows = [], []
                yield "computing frozen stages", done, total
        if not store.is_judged:
            store.leave_out(unreadable)
        self._first_slots = np.array([slot_of[picture.path] for picture in store.pictures], np.int64)
        self._names = []

    def _take_shape(self, kept: KeptFeatures | None, slots: int) -> None:
        self._shape: Shape = kept.shape if kept else self.prefix.shape()
        rows = min(slots, self._memory_bytes // self._shape.bytes)
        self._memory = torch.empty(
            (rows, *self._shape.sizes), dtype=self._shape.torch_dtype, device=self.prefix.arithmetic.device
        )
        self._numbers = np.full(slots, -1, np.int64)
        self._mapped = np.empty((0, self._shape.bytes), np.uint8)

    def _take_kept(self, kept: KeptFeatures | None) -> None:
        if kept is None:
            return
        self._numbers = kept.find(self._names)
        (found,) = np.nonzero(self._numbers >= 0)
        if len(found):  # or the table may begin anew, and a map would hold on to the room of its rows
            self._mapped = kept.rows()
        self.hits += len(found)
        for first in range(0, len(found), PASS_ROWS):
            slots = found[first : first + PASS_ROWS]
            slots = slots[slots < len(self._memory)]
            self._memory[self._on_device(slots)] = self._from_disk(slots)

    def _pixels(
        self, wanted: Sequence[Wanted], clock: RunClock
    ) -> Generator[tuple[int, Sequence[int], Bytes | str], None, None]:
        """Yield number, views and pixels of pictures, or why there are none, timed as decoding.

        Beside a GPU the next ones are decoded while it computes. On the CPU both want the same cores, and
        are fastest in turn: what goes through the frozen stages at once is decoded, then nothing is.
        """
        if self.prefix.arithmetic.device.type == "cpu":
            at_once = ahead = math.ceil(PASS_ROWS / self.store.views)
        else:
            at_once, ahead = max(len(wanted), 1), 4 * PASS_ROWS
        for first in range(0, len(wanted), at_once):
            group = wanted[first : first + at_once]
            with closing(self.store.stream(group, ahead)) as stream:
                for number, views in group:
                    with clock.phase("decoding"):
                        pixels = next(stream)
                    yield number, views, pixels

    def _keep(self, kept: KeptFeatures | None, slots: Slots, pixels: Bytes) -> None:
        in_memory = slots < len(self._memory)
        if not in_memory.any() and not (kept and kept.takes_more):
            return  # they would be computed for nothing
        began = time.perf_counter()
        features = self._shape.as_kept(self._computed(torch.from_numpy(pixels))).contiguous()
        self._memory[self._on_device(slots[in_memory])] = features[self._on_device(np.flatnonzero(in_memory))]
        if kept is not None:
            rows = features.cpu().reshape(len(slots), -1).view(torch.uint8).numpy()
            self._numbers[slots] = kept.add([self._names[slot] for slot in slots], rows)
            kept.note_work(len(slots), time.perf_counter() - began)
            if (self._numbers[slots] >= 0).any():
                self._mapped = kept.rows()

    def _computed(self, pixels: torch.Tensor) -> torch.Tensor:
        self.prefix_forwards += len(pixels)
        return self.prefix.forward(pixels)

    # Reading ----------------------------------------------------------------------------------------------

    def _slots(self, indices: Numbers, view: Numbers | None) -> Slots:
        store = self.store
        if view is None and store.augment == "standard":
            raise ValueError("the plain view of these pictures is not among those that are kept")
        slots: Slots = self._first_slots[np.asarray(indices)]
        return slots if view is None else slots + np.asarray(view)

    def _gathered(self, slots: Slots, indices: Numbers, view: Numbers | None) -> torch.Tensor:
        """Return rows from wherever each is."""
        shape = self._shape
        rows = torch.empty((len(slots), *shape.sizes), dtype=shape.torch_dtype, device=self._memory.device)
        in_memory = slots < len(self._memory)
        on_disk = ~in_memory & (self._numbers[slots] >= 0)
        nowhere = np.flatnonzero(~in_memory & ~on_disk)
        rows[self._on_device(np.flatnonzero(in_memory))] = self._memory[self._on_device(slots[in_memory])]
        rows[self._on_device(np.flatnonzero(on_disk))] = self._from_disk(slots[on_disk])
        if len(nowhere):
            chosen = np.asarray(indices)[nowhere]
            views = None if view is None else np.asarray(view)[nowhere]
            features = self._computed(self.store.batch(chosen, views))
            rows[self._on_device(nowhere)] = shape.as_kept(features)
        return rows

    def _from_disk(self, slots: Slots) -> torch.Tensor:
        """Return the rows of these slots, all of which are on disk, on the device."""
        if not len(slots):
            return self._memory[:0]
        copied = np.array(self._mapped[self._numbers[slots]])
        rows = torch.from_numpy(copied).view(self._shape.torch_dtype)
        return rows.reshape(len(slots), *self._shape.sizes).to(self._memory.device)

    def _on_device(self, numbers: npt.NDArray[np.int64]) -> torch.Tensor:
        return torch.from_numpy(numbers).to(self._memory.device)


def slot_names(store: PixelStore) -> list[bytes]:
    """Return what each slot is kept under; a picture that cannot be read gets names that nothing has."""
    names = []
    for picture in store.pictures:
        content = store.contents.get(picture.path) or os.urandom(16)
        for k in range(store.views):
            # The crops of ``standard`` follow from the path, too.
            view = (store.augment, picture.path, k) if store.augment == "standard" else (k,)
            names.append(row_name(content.hex(), *view))
    return names


def fill(
    feeds: Sequence[Activations],
    place: FeaturePlace | None,
    clock: RunClock,
    pixels: PixelPlace | None = None,
) -> Generator[tuple[str, int, int], None, tuple[str, ...]]:
    """Fill feeds behind one prefix from ``place``, and compute what is not kept there; None: nothing is.

    What has to be computed comes from the pictures kept at ``pixels``, as far as they are there. Closing the
    generator early leaves nothing half kept.

    Returns:
        Sentences for the user.
    """
    with clock.phase("building"):
        kept = place.open(feeds[0].prefix) if place else None
    try:
        for feed in feeds:
            feed.find(kept, clock)
        missing = sum(feed.missing for feed in feeds)
        if kept is not None:
            kept.make_room_for(missing)
        # The features are dearer: pixels take what they leave, and go first.
        others = kept.bytes_with(missing) if kept is not None else 0
        lacking = [feed.store for feed in feeds if feed.missing]
        with keeping_pixels(lacking, pixels, others):
            for feed in feeds:
                yield from feed.compute(kept, clock)
        for feed in feeds:
            feed.spared_seconds = kept.seconds_for(feed.hits) if kept is not None else 0.0
    finally:
        if kept is not None:
            kept.close()
    return tuple(kept.notes) if kept is not None else ()
