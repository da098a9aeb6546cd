"""A file's tensors made plain: named, dense, finite, their fractions in float32."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import torch

from ftgui.core.errors import FtguiError
from ftgui.models.advice import DO_NOT_USE, SAVE_ORDINARY
from ftgui.models.claims import too_many_entries
from ftgui.models.layout import Entries

_Place = tuple[int, torch.dtype]
"""A storage: where it lies in memory, and as what it is read."""

MAX_ENTRIES = 10_000
"""torchvision's largest network has 1,500."""
MAX_NAME = 1000
"""Characters. torchvision's longest name has 71."""
FRACTIONS = ("weight", "bias", "running_mean", "running_var")
"""What entries of fractions are called."""
_STATE_DICT = "Choose the file that holds the network's state_dict."


def refuse_unusable(path: Path, entries: Entries) -> None:
    """Raise FtguiError where entries are no network's weights; each reason has its own sentence."""
    _refuse_without_weights(path, entries)
    if len(entries) > MAX_ENTRIES:
        raise too_many_entries(path)
    _refuse_names(path, entries)
    if any(tensor.is_complex() for tensor in entries.values()):
        raise FtguiError(
            f"“{path.name}” holds complex numbers, and these networks have real ones.", SAVE_ORDINARY
        )
    whole = [key for key, tensor in entries.items() if _is_whole(key, tensor)]
    if whole:
        raise FtguiError(
            f"“{path.name}” holds whole numbers where a network has fractions: it was quantized.",
            SAVE_ORDINARY,
            ", ".join(whole[:10]),
        )


def _is_whole(key: str, tensor: torch.Tensor) -> bool:
    """Whether what is a fraction in every network is a whole number here."""
    return key.rpartition(".")[2] in FRACTIONS and tensor.ndim > 0 and not tensor.is_floating_point()


def _refuse_names(path: Path, entries: Entries) -> None:
    longest = max(entries, key=len)
    if len(longest) > MAX_NAME:
        raise FtguiError(
            f"“{path.name}” names an entry with {len(longest):,} characters.",
            DO_NOT_USE,
            longest[:100],
        )
    if any("\ud800" <= sign <= "\udfff" for key in entries for sign in key):
        raise FtguiError(
            f"“{path.name}” names an entry with half a character.",
            DO_NOT_USE,
        )


def _refuse_without_weights(path: Path, entries: Entries) -> None:
    if not entries:
        raise FtguiError(f"“{path.name}” opens, but there are no named weights in it.", _STATE_DICT)
    if any(tensor.is_floating_point() and tensor.numel() for tensor in entries.values()):
        return
    if not any(tensor.is_complex() for tensor in entries.values()):
        raise FtguiError(
            f"“{path.name}” holds only whole numbers, and a network's weights are fractions.", _STATE_DICT
        )


def in_float32(entries: Entries) -> tuple[Entries, tuple[str, ...]]:
    """Return the entries with their floats in float32, and a note where they were in another precision.

    ``entries`` is emptied on the way, so that what was converted can go before the next is; storages that
    tensors share are converted once.
    """
    others = sorted({str(t.dtype).removeprefix("torch.") for t in entries.values() if _is_other_float(t)})
    if not others:
        return dict(entries), ()
    counts = Counter(_place(tensor) for tensor in entries.values())
    shared: dict[_Place, torch.Tensor] = {}
    plain: Entries = {}
    for key in list(entries):
        tensor = entries.pop(key)
        if not _is_other_float(tensor):
            plain[key] = tensor
        elif counts[_place(tensor)] == 1:
            plain[key] = tensor.float()
        else:
            plain[key] = _view_in_float32(tensor, shared)
    return plain, (f"The weights are stored as {' and '.join(others)}; they are used as float32.",)


def _view_in_float32(tensor: torch.Tensor, converted: dict[_Place, torch.Tensor]) -> torch.Tensor:
    """Return the same view of its whole storage in float32, which is converted for the first such view."""
    place = _place(tensor)
    if place not in converted:
        whole = torch.empty(0, dtype=tensor.dtype).set_(tensor.untyped_storage())
        converted[place] = whole.float()
    return converted[place].as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())


def _place(tensor: torch.Tensor) -> _Place:
    return tensor.untyped_storage().data_ptr(), tensor.dtype


def _is_other_float(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() and tensor.dtype != torch.float32


def refuse_not_finite(path: Path, entries: Entries) -> None:
    """Raise FtguiError where a weight is NaN or infinite."""
    broken = [key for key, tensor in entries.items() if tensor.is_floating_point() and not _is_finite(tensor)]
    if broken:
        raise FtguiError(
            f"“{path.name}” holds weights that are no numbers (NaN or infinite): a training failed.",
            "Choose another file.",
            f"{len(broken)} entries, the first: {broken[0]}",
        )


def _is_finite(tensor: torch.Tensor) -> bool:
    """Whether all elements are finite. A sum tells at once, and ten times faster, unless it overflows."""
    return bool(tensor.sum().isfinite()) or bool(tensor.isfinite().all())
