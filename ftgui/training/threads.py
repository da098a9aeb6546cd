"""On how many threads torch computes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ftgui.training.feeds import Passage

FEW_MULTIPLICATIONS = 2**22
"""What a batch needs no more for is done before threads have met: measured on linear layers of 512 to 4096
features, 2 to 1000 classes. A number of the computer's own would do, but then the last bits of a run would
follow from how it was measured.
"""


def use_threads(count: int | None) -> None:
    """Let torch compute on so many threads; None: as many as it takes of its own accord."""
    if count is not None:
        torch.set_num_threads(count)


@contextmanager
def threads_for(passage: Passage, batch_size: int) -> Iterator[None]:
    """Let the batches of an epoch be computed on one thread where they are small, and on all otherwise.

    A Python thread that begins to compute meanwhile does so on one, too, and will ever after.
    """
    before = torch.get_num_threads()
    if before == 1 or not _is_small(passage, batch_size):
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _is_small(passage: Passage, batch_size: int) -> bool:
    if not passage.is_head or passage.arithmetic.device.type != "cpu":
        return False
    weights = sum(parameter.numel() for parameter in passage.network.parameters())
    features = passage.train.blank(1)
    positions = features.numel() // features.shape[1]
    return min(batch_size, len(passage.train.labels)) * positions * weights <= FEW_MULTIPLICATIONS
