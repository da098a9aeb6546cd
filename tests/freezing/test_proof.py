"""Frozen is checked bit by bit."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ftgui.freezing.proof import changed_entries


def entries() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {
        "conv.weight": torch.randn(4, 3, 3, 3),
        "norm.running_var": torch.rand(4),
        "norm.num_batches_tracked": torch.tensor(7),
        "half": torch.randn(5).to(torch.bfloat16),
    }


def flip(tensor: torch.Tensor, bit: int) -> None:
    """Flip one bit of a contiguous tensor in place."""
    flat = tensor.view(-1).view(torch.uint8) if tensor.dim() else tensor.reshape(1).view(torch.uint8)
    flat[bit // 8] ^= 1 << (bit % 8)


def test_equal_entries_are_unchanged() -> None:
    assert changed_entries(entries(), entries(), entries()) == ()


@given(st.sampled_from(sorted(entries())), st.integers(0, 63))
def test_a_single_flipped_bit_is_found(name: str, bit: int) -> None:
    before, after = entries(), entries()
    flip(after[name], bit)
    assert changed_entries(before, after, entries()) == (name,)


@pytest.mark.parametrize("name", ["conv.weight", "norm.num_batches_tracked"])
def test_the_very_last_bit_counts(name: str) -> None:
    after = entries()
    flip(after[name], after[name].numel() * after[name].element_size() * 8 - 1)
    assert changed_entries(entries(), after, entries()) == (name,)


def test_minus_zero_is_not_zero() -> None:
    assert changed_entries({"a": torch.tensor([0.0])}, {"a": torch.tensor([-0.0])}, ["a"]) == ("a",)


def test_a_nan_equals_itself() -> None:
    nan = {"a": torch.tensor([math.nan, 1.0])}
    assert changed_entries(nan, {"a": nan["a"].clone()}, ["a"]) == ()


def test_another_nan_is_another_bit_pattern() -> None:
    patterns = torch.tensor([0x7FC00000, 0x7FC00001], dtype=torch.int32).view(torch.float32)
    assert changed_entries({"a": patterns[:1]}, {"a": patterns[1:]}, ["a"]) == ("a",)


def test_an_entry_missing_on_a_side_has_changed() -> None:
    here = {"a": torch.zeros(1)}
    assert changed_entries(here, {}, ["a"]) == ("a",)
    assert changed_entries({}, here, ["a"]) == ("a",)


def test_another_shape_or_type_of_the_same_bytes_has_changed() -> None:
    zeros = torch.zeros(4)
    assert changed_entries({"a": zeros}, {"a": zeros.reshape(2, 2)}, ["a"]) == ("a",)
    assert changed_entries({"a": zeros}, {"a": zeros.to(torch.int32)}, ["a"]) == ("a",)


def test_only_what_was_asked_for_is_compared_and_it_is_sorted() -> None:
    before = {name: torch.zeros(1) for name in "cab"}
    after = {name: torch.ones(1) for name in "cab"}
    assert changed_entries(before, after, ["c", "a"]) == ("a", "c")


def test_how_a_tensor_lies_in_memory_is_no_change() -> None:
    tensor = torch.randn(2, 3, 4, 4)
    assert changed_entries({"a": tensor}, {"a": tensor.to(memory_format=torch.channels_last)}, ["a"]) == ()
