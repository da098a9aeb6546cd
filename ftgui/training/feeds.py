"""Where batches come from: pixels, or what the frozen stages made of them."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from ftgui.data.in_order import in_order
from ftgui.data.pixels import Numbers, PixelStore
from ftgui.training.precision import Arithmetic, drawn_pictures


class Feed(Protocol):
    """A split's pictures, in the order of its store, as what is left of the network takes them."""

    @property
    def labels(self) -> torch.Tensor:
        """The class of each picture, int64, shape (pictures,)."""

    def batch(self, indices: Numbers, view: Numbers | None = None) -> torch.Tensor:
        """Return a batch on the device; ``view`` says which view of each, None the plain one."""

    def blank(self, count: int) -> torch.Tensor:
        """Return a batch of no pictures, to see how fast what comes next is."""


@dataclass(frozen=True)
class PixelFeed:
    """Pictures as the whole network takes them."""

    store: PixelStore
    arithmetic: Arithmetic

    @property
    def labels(self) -> torch.Tensor:
        return self.store.labels

    def batch(self, indices: Numbers, view: Numbers | None = None) -> torch.Tensor:
        pixels = self.store.batch(indices, view)
        if self.arithmetic.device.type == "cuda":
            pixels = pixels.pin_memory()  # then the copy need not be waited for
        return self.arithmetic.inputs(pixels)

    def blank(self, count: int) -> torch.Tensor:
        return self.arithmetic.inputs(drawn_pictures(self.arithmetic.preprocessing.crop, count))


@dataclass(frozen=True)
class Passage:
    """What the batches of an epoch come from and go through."""

    network: nn.Module
    """The whole network, or what comes after the ice line."""
    train: Feed
    val: Feed
    arithmetic: Arithmetic
    is_head: bool = False
    """Whether nothing but the output layer is left to compute."""


def fetched(
    feed: Feed, batches: Iterable[tuple[Numbers, Numbers]], device: torch.device
) -> Generator[torch.Tensor, None, None]:
    """Yield the batches of these (indices, views); beside a GPU, the next one is fetched while it computes.

    On the CPU both would want the same cores.
    """
    if device.type == "cpu":
        for indices, views in batches:
            yield feed.batch(indices, views)
        return
    yield from in_order(lambda asked: feed.batch(*asked), batches, 1, 1, "ftgui-fetch")
