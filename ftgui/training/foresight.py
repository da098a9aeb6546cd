"""What a run is going to do, and how fast this computer does it: found out without doing it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ftgui.core.kept_rows import KeptRows
from ftgui.core.settings import recall, remember
from ftgui.data.memory import default_budget
from ftgui.data.pixels import PixelStore
from ftgui.models.splitting import Halves
from ftgui.training.activations import PASS_ROWS, slot_names
from ftgui.training.config import TrainConfig
from ftgui.training.feeds import Passage
from ftgui.training.forecast import Leg, Rates, Work
from ftgui.training.passages import Caching, Passages
from ftgui.training.prefix import Prefix
from ftgui.training.roofs import Roof, Roofs
from ftgui.training.threads import threads_for

SAMPLE = 24
"""Pictures that are decoded to see how fast that is."""

Mask = npt.NDArray[np.bool_]
Table = TypeVar("Table", bound=KeptRows)


def work_of(passages: Passages, config: TrainConfig) -> Work:
    """Return what a run that decodes and computes only what no run left on the disk is going to do."""
    applied, epochs = passages.applied, range(1, config.epochs + 1)
    ways = ((passages.line(epoch), applied.numbers_with_gradients(epoch)) for epoch in epochs)
    legs = tuple(Leg(line, len(list(alike)), numbers) for (line, numbers), alike in groupby(ways))
    lines = sorted({leg.line for leg in legs})
    lacking = {line: _lacking(passages, line) for line in lines if line > 0}
    stores = (passages.train, passages.val)
    state = applied.model.state_dict()
    decode = sum(
        _undecoded(store, [lack[n] for lack in lacking.values()], passages.caching, everything=0 in lines)
        for n, store in enumerate(stores)
    )
    if passages.caching is None:  # each is decoded once to see if it can be, and then whenever it is shown
        decode *= 1 + config.epochs
    room = _Room(passages)
    return Work(
        strategy=config.strategy,
        legs=legs,
        head_line=len(applied.stages) - 1,
        train_pictures=len(passages.train.pictures),
        val_pictures=len(passages.val.pictures),
        batch_size=config.batch_size,
        decode=decode,
        views={line: sum(int(each.sum()) for each in lack) for line, lack in lacking.items()},
        is_folded=passages.judges_folded,
        weight_bytes=sum(tensor.nbytes for tensor in state.values()),
        moving_bytes=sum(state[name].nbytes for name in applied.moving_entries()),
        kept_bytes=room.held_bytes(lines),
        fits=all(map(room.fits, lines)),
    )


def _lacking(passages: Passages, line: int) -> tuple[Mask, ...]:
    """Return for train and val which views, bool (pictures, views), no run sent through a line's stages."""
    assert passages.caching is not None
    place, prefix = passages.caching.place, passages.prefix(line)
    stores = (passages.train, passages.val)
    if place is None or not place.has(prefix):
        return tuple(np.ones((len(store.pictures), store.views), bool) for store in stores)
    with _read(place.open(prefix)) as kept:
        return tuple(
            np.array([not kept.knows(name) for name in slot_names(store)], bool).reshape(-1, store.views)
            for store in stores
        )


def _undecoded(
    store: PixelStore, lacking: Iterable[Mask], caching: Caching | None, *, everything: bool
) -> int:
    """Count the pictures of a store that are needed as pixels and lie decoded nowhere."""
    needed = np.full(len(store.pictures), everything)
    for each in lacking:
        needed |= each.any(axis=1)
    if not needed.any():
        return 0  # and its table stays as it is: when it was used last decides which goes first
    contents = [store.contents.get(store.pictures[n].path) for n in np.flatnonzero(needed)]
    place = caching.pixels if caching is not None else None
    if place is None or not place.has(store.kind):
        return len(contents)
    with _read(place.open(store.kind)) as table:
        return sum(content is None or not table.holds(content) for content in contents)


@dataclass(frozen=True)
class _Room:
    """What of pixels and features can be kept, in memory and on the disk."""

    passages: Passages

    def held_bytes(self, lines: Iterable[int]) -> int:
        """Return what is in memory at once, where an epoch has each of these lines."""
        return max((min(self._needed(line), self._memory(line)) for line in lines), default=0)

    def fits(self, line: int) -> bool:
        """Return whether nothing has to be computed again, behind so many stages."""
        caching = self.passages.caching
        if caching is None:
            return True  # nothing is meant to be kept
        place = caching.pixels if line == 0 else caching.place
        return self._needed(line) <= self._memory(line) + (place.table_bytes if place is not None else 0)

    def _needed(self, line: int) -> int:
        stores = (self.passages.train, self.passages.val)
        if self.passages.caching is None:
            return 0
        if line == 0:
            return sum(len(s.pictures) * s.kind.usual_rows * s.kind.row_bytes for s in stores)
        row = self.passages.prefix(line).shape().bytes
        return sum(len(store.pictures) * store.views * row for store in stores)

    def _memory(self, line: int) -> int:
        """Return what there may be of it in memory: of each split a share of what is free."""
        if line == 0:
            return 2 * default_budget()
        return 2 * self.passages.memory_bytes()


@contextmanager
def _read(table: Table) -> Iterator[Table]:
    """Let others write again, and nothing go: this only looks."""
    try:
        yield table
    finally:
        table.release()


# How fast ------------------------------------------------------------------------------------------------


def known_rates(passages: Passages, work: Work) -> Rates:
    """Return what was found out on this computer before; nothing is measured."""
    roofs = passages.roofs
    if roofs is None:
        return Rates()
    count = min(work.batch_size, work.train_pictures)
    return _rates(
        {line: roofs.known_pass(passages.prefix(line), PASS_ROWS) for line in _passed(work)},
        {(leg.line, leg.numbers): roofs.known_steps(leg.line, leg.numbers, count) for leg in work.legs},
        _known_decoding(passages.train),
    )


def measured_rates(passages: Passages, work: Work) -> Iterator[Rates | None]:
    """Yield None after each part that was timed, where it was not known, and at last what was found out."""
    roofs = passages.roofs
    assert roofs is not None
    passing: dict[int, Roof | None] = {}
    learning: dict[tuple[int, int], Roof | None] = {}
    for line in _passed(work):
        passing[line] = roofs.passing(passages.prefix(line), PASS_ROWS)
        yield None
    epoch = 1
    for leg in work.legs:
        learning[leg.line, leg.numbers] = _learning(passages, roofs, leg, epoch, work.batch_size)
        epoch += leg.epochs
        yield None
    decoding = _known_decoding(passages.train)
    if decoding is None and work.decode:
        decoding = _decoding(passages.train)
        yield None
    yield _rates(passing, learning, decoding)


def _passed(work: Work) -> list[int]:
    """Return the lines up to which stages are passed, to be kept or to judge."""
    lines = {line for line, views in work.views.items() if views}
    if work.is_folded and any(leg.line == 0 for leg in work.legs):
        lines.add(work.head_line)
    return sorted(lines)


def _rates(
    passing: dict[int, Roof | None],
    learning: dict[tuple[int, int], Roof | None],
    decoding: float | None,
) -> Rates:
    passes, steps = [*passing.values()], [*learning.values()]
    return Rates(
        decoding=decoding,
        passing={line: roof.rate for line, roof in passing.items() if roof},
        learning={way: roof.rate for way, roof in learning.items() if roof},
        pass_bytes=_most_bytes(passes),
        step_bytes=_most_bytes(steps),
    )


def _most_bytes(roofs: list[Roof | None]) -> int | None:
    sizes = [roof.peak_bytes if roof else 0 for roof in roofs]
    return max(sizes, default=0) if all(sizes) else None


@dataclass(frozen=True)
class _BlankFeed:
    """Batches of the shape of features that nobody computed."""

    prefix: Prefix
    labels: torch.Tensor

    def batch(self, indices: object, view: object = None) -> torch.Tensor:  # noqa: ARG002
        return self.blank(len(self.labels))

    def blank(self, count: int) -> torch.Tensor:
        shape = self.prefix.shape()
        rows = torch.zeros(
            (count, *shape.sizes), dtype=shape.torch_dtype, device=self.prefix.arithmetic.device
        )
        return shape.as_computed(rows)


def _learning(passages: Passages, roofs: Roofs, leg: Leg, epoch: int, batch_size: int) -> Roof | None:
    passages.applied.model.train()
    passages.applied.start_epoch(epoch)
    passage = _blank_passage(passages, leg.line, epoch)
    with threads_for(passage, batch_size):
        return roofs.learning(passage, leg.line, batch_size)


def _blank_passage(passages: Passages, line: int, epoch: int) -> Passage:
    """Return the way of an epoch with nothing computed for it."""
    if line == 0:
        return passages.at(epoch)
    applied = passages.applied
    network: nn.Module = Halves(applied.model, applied.stages, line).suffix
    prefix, is_head = passages.prefix(line), line == len(applied.stages) - 1
    train, val = (_BlankFeed(prefix, store.labels) for store in (passages.train, passages.val))
    return Passage(network, train, val, passages.behind(line), is_head)


def _decoding_key(store: PixelStore) -> str:
    return f"{store.root.absolute()} {store.kind.name} {store.threads} threads"


def _known_decoding(store: PixelStore) -> float | None:
    rate = (recall("decoding", _decoding_key(store)) or {}).get("pictures_per_second")
    return rate if isinstance(rate, float) and 0 < rate < math.inf else None


def _decoding(store: PixelStore) -> float | None:
    """Return how many pictures a second are decoded, by a sample of them; None where none can be."""
    step = max(1, len(store.pictures) // SAMPLE)
    sample = PixelStore(
        store.root,
        store.pictures[::step][:SAMPLE],
        store.preprocessing,
        augment=store.augment,
        views=store.views,
        budget_bytes=0,
        threads=store.threads,
    )
    began = time.perf_counter()
    for _ in sample.load():
        pass
    rate = len(sample.pictures) / (time.perf_counter() - began)
    if not rate:
        return None
    remember("decoding", _decoding_key(store), {"pictures_per_second": rate})
    return rate
