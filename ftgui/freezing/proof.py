"""Frozen is a fact that is checked: entry by entry, bit by bit, from file to file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch


def changed_entries(
    before: Mapping[str, torch.Tensor], after: Mapping[str, torch.Tensor], names: Iterable[str]
) -> tuple[str, ...]:
    """Return, sorted, those of ``names`` that differ in shape, type or any bit, or are missing on a side.

    Bits, not values: ``-0.0`` differs from ``0.0`` and a NaN equals itself.
    """
    return tuple(sorted(name for name in names if not _same_bits(before.get(name), after.get(name))))


def _same_bits(first: torch.Tensor | None, second: torch.Tensor | None) -> bool:
    if first is None or second is None:
        return False
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    return torch.equal(_bytes(first), _bytes(second.to(first.device)))


def _bytes(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)
