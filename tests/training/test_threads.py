"""Small batches are computed on one thread, and who comes after finds as many as there were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

from ftgui.training.feeds import Passage
from ftgui.training.precision import Arithmetic
from ftgui.training.threads import FEW_MULTIPLICATIONS, threads_for
from tests.training.small_passes import CPU


class Features:
    """A feed of many pictures, each of these sizes."""

    def __init__(self, *sizes: int) -> None:
        self.labels = torch.zeros(2**20, dtype=torch.int64)
        self._sizes = sizes

    def batch(self, indices: Any, _: Any = None) -> torch.Tensor:
        return self.blank(len(indices))

    def blank(self, count: int) -> torch.Tensor:
        return torch.zeros((count, *self._sizes))


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def behind(features: int, classes: int, *, is_head: bool = True, arithmetic: Arithmetic = CPU) -> Passage:
    feed = Features(features)
    return Passage(nn.Linear(features, classes, bias=False), feed, feed, arithmetic, is_head)


def behind_a_map(channels: int, classes: int, side: int) -> Passage:
    feed = Features(channels, side, side)
    return Passage(nn.Conv2d(channels, classes, 1, bias=False), feed, feed, CPU, is_head=True)


def threads_in(passage: Passage, batch_size: int) -> int:
    with threads_for(passage, batch_size):
        return torch.get_num_threads()


def test_a_small_head_is_computed_on_one_thread_and_then_there_are_as_many_as_before() -> None:
    assert threads_in(behind(8, 2), 4) == 1
    assert torch.get_num_threads() == 2


def test_there_are_as_many_as_before_when_it_fails() -> None:
    with pytest.raises(ZeroDivisionError), threads_for(behind(8, 2), 4):
        raise ZeroDivisionError
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("passage", [behind(64, 1), behind(16, 4), behind_a_map(4, 1, 4)])
def test_many_multiplications_in_a_batch_are_worth_all_threads(passage: Passage) -> None:
    """In the last the weights are few, but each is used at all places of a map."""
    batch = FEW_MULTIPLICATIONS // 64
    assert threads_in(passage, batch) == 1
    assert threads_in(passage, batch + 1) == 2


def test_a_batch_is_no_larger_than_there_are_pictures() -> None:
    passage = behind(64, 1)
    passage.train.labels = torch.zeros(4, dtype=torch.int64)  # type: ignore[misc]
    assert threads_in(passage, FEW_MULTIPLICATIONS) == 1


def test_more_than_a_head_is_worth_all_threads() -> None:
    assert threads_in(behind(8, 2, is_head=False), 4) == 2


def test_beside_a_gpu_nothing_changes() -> None:
    gpu = Arithmetic(torch.device("meta"), CPU.precision, CPU.preprocessing)
    assert threads_in(behind(8, 2, arithmetic=gpu), 4) == 2
