"""Which way a run's batches go in an epoch: from the pixels through all of the network, or, behind the ice
line, from what the frozen stages said of them once and for all."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace

import msgspec
import torch
from torch import nn

from ftgui.data.kept_pixels import PixelPlace
from ftgui.data.memory import available_memory
from ftgui.data.pixels import PixelStore, keeping_pixels
from ftgui.freezing.apply import AppliedPlan
from ftgui.models.folding import folded
from ftgui.models.splitting import Halves
from ftgui.training.activations import Activations, fill
from ftgui.training.clock import RunClock
from ftgui.training.control import RunControl
from ftgui.training.events import PhaseProgress, PhaseSpeed, RunWarning, TrainingEvent
from ftgui.training.feeds import Feed, Passage, PixelFeed
from ftgui.training.kept import FeaturePlace
from ftgui.training.precision import Arithmetic
from ftgui.training.prefix import Prefix
from ftgui.training.roofs import Roofs

FOLD_FROM = 64
"""Pictures to judge from which on folding the norms first pays."""


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """What had to be computed: wrong speed is a defect, and here it shows."""

    prefix_forwards: int = 0
    """Views of pictures that went through frozen stages, in batches of training and judging too."""
    decoded_pictures: int = 0
    cache_hits: int = 0
    """Views of pictures whose features an earlier run had left, or this one before it was stopped."""

    def __add__(self, other: Counters) -> Counters:
        return Counters(
            prefix_forwards=self.prefix_forwards + other.prefix_forwards,
            decoded_pictures=self.decoded_pictures + other.decoded_pictures,
            cache_hits=self.cache_hits + other.cache_hits,
        )


@dataclass(frozen=True)
class Caching:
    """What may be kept."""

    place: FeaturePlace | None
    """For features. None: nothing on disk."""
    memory_share: float = 0.25
    """Of the memory there is, for the features of each split."""
    pixels: PixelPlace | None = None
    """For decoded pictures. None: nothing on disk."""


@dataclass
class Passages:
    """The ways through one network with a plan on it, on the device already.

    ``caching`` None is the naive way, in which nothing is computed once: the measure of all others.
    """

    applied: AppliedPlan
    train: PixelStore
    val: PixelStore
    arithmetic: Arithmetic
    architecture: str
    caching: Caching | None = None
    roofs: Roofs | None = None
    """None: how fast this computer is at best is not measured."""
    passed: Counters = field(default_factory=Counters)
    """What ``prepare`` alone computed: what is computed once more for a batch takes that batch's seconds."""
    _notes: list[str] = field(default_factory=list)
    _told: int = 0
    _behind: Passage | None = None
    _line: int = 0
    _has_pixels: bool = False
    _feeds: tuple[Activations, ...] = ()
    _before: Counters = field(default_factory=Counters)
    """Of feeds that are needed no more."""
    _earlier: Counters = field(default_factory=Counters)
    """Of the same run before it was stopped."""
    _paid: set[int] = field(default_factory=set)
    """Lines whose features this run has computed or was spared once: to find them again spares it nothing."""
    _live_forwards: int = 0
    _pass_roof: float | None = None
    _at_head: Halves | None = None
    _lines: dict[int, int] = field(default_factory=dict)
    _prefixes: dict[int, Prefix] = field(default_factory=dict)

    def go_on(self, epochs: int, counters: Counters) -> None:
        """Be the ways of a run that was stopped after so many epochs, in which it computed this."""
        self._earlier = counters
        self._paid = {self.line(epoch) for epoch in range(1, epochs + 1)}

    def line(self, epoch: int) -> int:
        """Return how many stages are computed once in an epoch."""
        if epoch not in self._lines:
            self._lines[epoch] = self.applied.ice_line(epoch) if self.caching else 0
        return self._lines[epoch]

    def prefix(self, line: int) -> Prefix:
        """Return so many stages as they are computed once."""
        if line not in self._prefixes:
            self._prefixes[line] = Prefix(self.applied, line, self.arithmetic, self.architecture)
        return self._prefixes[line]

    def prepare(self, epoch: int, clock: RunClock) -> Generator[tuple[str, int, int], None, None]:
        """Compute what an epoch takes as given, yielding (what, done, of how many).

        The first time, pictures that cannot be read are left out of the stores.
        """
        before = self.counters
        yield from self._prepare(self.line(epoch), clock)
        after, passed = self.counters, self.passed
        self.passed = Counters(
            prefix_forwards=passed.prefix_forwards + after.prefix_forwards - before.prefix_forwards,
            decoded_pictures=passed.decoded_pictures + after.decoded_pictures - before.decoded_pictures,
            cache_hits=after.cache_hits,
        )

    def make_ready(
        self, epoch: int, clock: RunClock, control: RunControl
    ) -> Generator[TrainingEvent, None, bool]:
        """``prepare``, told as events, pictures left out among them; False where a stop came in between."""
        is_first = not self.train.is_judged
        with closing(self.prepare(epoch, clock)) as progress:
            for phase, done, total in progress:
                clock.add_pause(control.wait_while_paused())
                if control.stopping:
                    return False
                yield PhaseProgress(phase=phase, done=done, total=total)
        for path, why in (*self.train.unreadable, *self.val.unreadable) if is_first else ():
            yield RunWarning(message=f"“{path}” is left out: {why}")
        for note in self.new_notes():
            yield RunWarning(message=note)
        return True

    def _prepare(self, line: int, clock: RunClock) -> Generator[tuple[str, int, int], None, None]:
        if line == 0:
            if not self._has_pixels:
                yield from self._decode(clock)
            self._has_pixels = True
            self._forget()
        elif self._behind is None or line != self._line:
            yield from self._fill(line, clock)

    def _decode(self, clock: RunClock) -> Generator[tuple[str, int, int], None, None]:
        """Have pictures decoded ahead, as far as they can be kept."""
        stores, place = (self.train, self.val), self.caching.pixels if self.caching else None
        with keeping_pixels(stores, place) as tables:
            for store in stores:
                if not store.is_judged or store.table is not None:
                    yield from _decoded(store, clock)
        self._note([note for table in tables for note in table.notes])

    def at(self, epoch: int) -> Passage:
        """Return the way of an epoch that ``prepare`` was called for. Modes are the caller's to set."""
        if self.line(epoch) == 0:
            return Passage(
                self.applied.model,
                PixelFeed(self.train, self.arithmetic),
                PixelFeed(self.val, self.arithmetic),
                self.arithmetic,
            )
        assert self._behind is not None
        return self._behind

    def count_live(self, epoch: int, pictures: int) -> None:
        """Count a batch that went through the whole network, where its first stages are frozen."""
        if self.line(epoch) == 0 and not self.applied.plan.stages[0].has_gradients_in(epoch):
            self._live_forwards += pictures

    def new_notes(self) -> list[str]:
        """Return sentences for the user that were not returned before."""
        told, self._told = self._told, len(self._notes)
        return self._notes[told:]

    def _note(self, notes: Iterable[str]) -> None:
        self._notes += [note for note in dict.fromkeys(notes) if note not in self._notes]

    @property
    def counters(self) -> Counters:
        return self._earlier + self._counted

    @property
    def _counted(self) -> Counters:
        return Counters(
            prefix_forwards=self._before.prefix_forwards
            + self._live_forwards
            + sum(feed.prefix_forwards for feed in self._feeds),
            decoded_pictures=self.train.decoded + self.val.decoded,
            cache_hits=self._before.cache_hits + sum(feed.hits for feed in self._feeds),
        )

    def words(self, line: int) -> str:
        """Say what learns behind so many stages that are computed once."""
        stages = self.applied.stages
        if line == 0:
            return "training the whole network"
        return "training the output layer" if self._only_head(line) else f"training from {stages[line].name}"

    def _only_head(self, line: int) -> bool:
        return line == len(self.applied.stages) - 1

    @property
    def pass_roof(self) -> float | None:
        """Views a second through the frozen stages at best; None where nothing went through them."""
        return next((feed.roof for feed in self._feeds if feed.roof), self._pass_roof)

    def step_roof(self, epoch: int, batch_size: int) -> float | None:
        """Return how many pictures a second an epoch's way can learn from at best, in the modes of now."""
        if self.roofs is None or self._only_head(self.line(epoch)):  # what goes on around it takes longer
            return None
        return self.roofs.of_steps(self.at(epoch), self.line(epoch), batch_size)

    def speed(self, phase: str, rate: float, roof: float | None) -> PhaseSpeed:
        """Return how fast a phase went beside what this computer can do."""
        highest = self.roofs.reached(roof, rate) if self.roofs else None
        return PhaseSpeed(phase=phase, pictures_per_second=rate, roof=highest)

    @property
    def judges_folded(self) -> bool:
        """Whether pictures that go through the whole network are judged by a copy with its norms folded."""
        few = len(self.val.labels) < FOLD_FROM
        return self.caching is not None and not few and len(self.applied.stages) > 1

    def judge(self, epoch: int) -> tuple[nn.Module, Feed, Arithmetic]:
        """Return what judges the validation pictures by the weights of now, and how.

        Where pictures go through the whole network, that is a copy with its norms folded: half the work.
        """
        passage, before_head = self.at(epoch), len(self.applied.stages) - 1
        if self.line(epoch) > 0 or not self.judges_folded:
            return passage.network, passage.val, passage.arithmetic
        if self._at_head is None:
            self._at_head = Halves(self.applied.model, self.applied.stages, before_head)
        extractor = folded(self._at_head.prefix, self.arithmetic.dtype, self.arithmetic.memory_format)
        network = nn.Sequential(extractor, _ToFp32(), self._at_head.suffix)
        return network, passage.val, replace(self.arithmetic, precision="fp32")

    def _forget(self) -> None:
        """Let go of the features of a line that has moved."""
        self._before, self._live_forwards, self._pass_roof = self._counted, 0, self.pass_roof
        self._prefixes.pop(self._line, None)
        self._behind, self._line, self._feeds = None, 0, ()

    def _fill(self, line: int, clock: RunClock) -> Generator[tuple[str, int, int], None, None]:
        assert self.caching is not None
        self._forget()
        prefix = self.prefix(line)
        train, val = (
            Activations(store, prefix, self.memory_bytes(), self.roofs) for store in (self.train, self.val)
        )
        self._feeds = (train, val)
        self._note((yield from fill(self._feeds, self.caching.place, clock, self.caching.pixels)))
        if line not in self._paid:
            self._paid.add(line)
            for feed in self._feeds:
                clock.spare(feed.spared_seconds)
        with clock.phase("building"):
            network = Halves(self.applied.model, self.applied.stages, line).suffix
        is_head = self._only_head(line) and train.is_kept and val.is_kept
        self._behind, self._line = Passage(network, train, val, self.behind(line), is_head), line

    def behind(self, line: int) -> Arithmetic:
        """Return how what comes behind so many stages computes.

        The head alone learns in fp32: of numbers so few, half the bits would save nothing.
        """
        return replace(self.arithmetic, precision="fp32") if self._only_head(line) else self.arithmetic

    def memory_bytes(self) -> int:
        """Return how much memory the features of a split may take now."""
        assert self.caching is not None
        device = self.arithmetic.device
        free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else available_memory()
        return int(free * self.caching.memory_share)


class _ToFp32(nn.Module):
    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features.float()


def _decoded(store: PixelStore, clock: RunClock) -> Generator[tuple[str, int, int], None, None]:
    progress = store.load()
    while True:
        with clock.phase("decoding"):
            state = next(progress, None)
        if state is None:
            return
        yield "decoding pictures", *state
