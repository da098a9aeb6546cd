"""Frozen is a fact that is checked: entry by entry, bit by bit, from file to file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import torch

_WHOLE = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


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
    return torch.equal(bits(first), bits(second.to(first.device)))


def sha256_of_entries(entries: Mapping[str, torch.Tensor], names: Iterable[str]) -> str:
    """Return the SHA-256 of some entries' names, shapes, types and bits: equal where no bit differs."""
    digest = hashlib.sha256()
    for name in sorted(names):
        tensor = entries[name].detach().cpu().contiguous()
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(bits(tensor).numpy().tobytes())
    return digest.hexdigest()


def bits(tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor as whole numbers of its own size, in whatever order it lies in memory."""
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    return tensor.detach().view(_WHOLE[tensor.element_size()])
