"""What the frozen stages say of every view of every picture: computed once, kept, and read ever after.

It is legal because frozen means frozen, and because an augmentation is a finite set of views. What is kept is
found again by what it depends on: the bits of the frozen stages, the arithmetic and the preprocessing
(``Prefix.name``), the bytes of the picture and the view. Change any of them, and it is computed anew.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import closing

import numpy as np
import numpy.typing as npt
import torch

from ftgui.core.rows import row_name
from ftgui.data.pixels import Bytes, Numbers, PixelStore
from ftgui.training.clock import RunClock
from ftgui.training.kept import FeaturePlace, KeptFeatures
from ftgui.training.prefix import Prefix, Shape
from ftgui.training.roofs import Roofs

PASS_ROWS = 48
"""Views that go through the frozen stages at once."""

Slots = npt.NDArray[np.int64]
"""Numbers of (picture, view): picture × views + view, pictures counted before any was left out."""


class Activations:
    """The features of a split's pictures: a feed for what comes after the ice line.

    ``fill`` comes first. They are in memory (on the device) as far as ``memory_bytes`` reaches, then mapped
    from ``place`` on disk, and where that is full or there is none, computed again each time.
    """

    def __init__(
        self,
        store: PixelStore,
        prefix: Prefix,
        place: FeaturePlace | None,
        memory_bytes: int,
        roofs: Roofs | None = None,
    ) -> None:
        self.store = store
        self.prefix = prefix
        self.prefix_forwards = 0
        """Views that went through the frozen stages."""
        self.hits = 0
        """Views whose features an earlier run had left."""
        self.roof: float | None = None
        """Views a second that this computer can send through the frozen stages at best, if any had to go."""
        self.notes: tuple[str, ...] = ()
        self._roofs = roofs
        self._place = place
        self._memory_bytes = memory_bytes

    @property
    def labels(self) -> torch.Tensor:
        return self.store.labels

    def fill(self, clock: RunClock) -> Generator[tuple[int, int], None, None]:
        """Compute what is not kept yet, yielding (pictures done, of how many).

        Closing the generator early leaves nothing half kept. Pictures that cannot be decoded are left out of
        the store.
        """
        slot_of = {p.path: number * self.store.views for number, p in enumerate(self.store.pictures)}
        with clock.phase("building"):
            kept = self._place.open(self.prefix) if self._place else None
        try:
            with clock.phase("reading"):
                names = self._names(list(self.store.digests()))
            with clock.phase("building"):
                self._take_shape(kept, len(names))
            with clock.phase("reading"):
                self._take_kept(kept, names)
            yield from self._compute(kept, names, clock)
        finally:
            if kept is not None:
                kept.close()
                self.notes = tuple(kept.notes)
        self._first_slots = np.array([slot_of[picture.path] for picture in self.store.pictures], np.int64)

    def batch(self, indices: Numbers, view: Numbers | None = None) -> torch.Tensor:
        """Return features on the device, as the frozen stages would say them now.

        Raises:
            FtguiError: they are kept nowhere, and a picture can no longer be read.
        """
        slots = self._slots(indices, view)
        if (slots < len(self._memory)).all():
            return self._shape.as_computed(self._memory[self._on_device(slots)])
        return self._shape.as_computed(self._gathered(slots, indices, view))

    def blank(self, count: int) -> torch.Tensor:
        shape = self._shape
        rows = torch.zeros((count, *shape.sizes), dtype=shape.torch_dtype, device=self._memory.device)
        return shape.as_computed(rows)

    # Filling ----------------------------------------------------------------------------------------------

    def _names(self, digests: Sequence[bytes | None]) -> list[bytes]:
        """Return what each slot is kept under; a picture that cannot be read gets names that nothing has."""
        store, names = self.store, []
        for picture, digest in zip(store.pictures, digests, strict=True):
            content = digest or os.urandom(16)
            for k in range(store.views):
                # The crops of ``standard`` follow from the path, too.
                view = (store.augment, picture.path, k) if store.augment == "standard" else (k,)
                names.append(row_name(content.hex(), *view))
        return names

    def _take_shape(self, kept: KeptFeatures | None, slots: int) -> None:
        self._shape: Shape = kept.shape if kept else self.prefix.shape()
        rows = min(slots, self._memory_bytes // self._shape.bytes)
        self._memory = torch.empty(
            (rows, *self._shape.sizes), dtype=self._shape.torch_dtype, device=self.prefix.arithmetic.device
        )
        self._numbers = np.full(slots, -1, np.int64)
        self._mapped = np.empty((0, self._shape.bytes), np.uint8)

    def _take_kept(self, kept: KeptFeatures | None, names: Sequence[bytes]) -> None:
        if kept is None:
            return
        self._numbers = kept.find(names)
        self._mapped = kept.rows()
        (found,) = np.nonzero(self._numbers >= 0)
        self.hits += len(found)
        for first in range(0, len(found), PASS_ROWS):
            slots = found[first : first + PASS_ROWS]
            slots = slots[slots < len(self._memory)]
            self._memory[self._on_device(slots)] = self._from_disk(slots)

    def _compute(
        self, kept: KeptFeatures | None, names: Sequence[bytes], clock: RunClock
    ) -> Generator[tuple[int, int], None, None]:
        """Send what is missing through the frozen stages, so many views at a time."""
        store = self.store
        missing = (self._numbers < 0).reshape(-1, store.views)
        wanted = [(int(n), np.flatnonzero(missing[n]).tolist()) for n in np.flatnonzero(missing.any(axis=1))]
        if wanted and self._roofs is not None:
            self.roof = self._roofs.of_pass(self.prefix, PASS_ROWS)
        total, done = len(store.pictures), len(store.pictures) - len(wanted)
        unreadable: dict[str, str] = {}
        slots: list[int] = []
        rows: list[Bytes] = []
        with closing(store.stream(wanted, self._ahead())) as stream:
            for number, views in wanted:
                with clock.phase("decoding"):
                    pixels = next(stream)
                if isinstance(pixels, str):
                    unreadable[store.pictures[number].path] = pixels
                else:
                    slots += [number * store.views + k for k in views]
                    rows.append(pixels)
                done += 1
                if len(slots) >= PASS_ROWS or (done == total and slots):
                    with clock.phase("frozen pass"):
                        self._keep(kept, names, np.array(slots), np.concatenate(rows))
                    slots, rows = [], []
                yield done, total
        store.leave_out(unreadable)

    def _ahead(self) -> int:
        """How many pictures are decoded before they are asked for: on a GPU, while it computes."""
        on_cpu = self.prefix.arithmetic.device.type == "cpu"
        return 2 * self.store.threads if on_cpu else 4 * PASS_ROWS

    def _keep(self, kept: KeptFeatures | None, names: Sequence[bytes], slots: Slots, pixels: Bytes) -> None:
        features = self._shape.as_kept(self._computed(torch.from_numpy(pixels))).contiguous()
        in_memory = slots < len(self._memory)
        self._memory[self._on_device(slots[in_memory])] = features[self._on_device(np.flatnonzero(in_memory))]
        if kept is not None:
            rows = features.cpu().reshape(len(slots), -1).view(torch.uint8).numpy()
            self._numbers[slots] = kept.add([names[slot] for slot in slots], rows)
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
