"""Reading a weights file safely: any file a person may have, no code run, no claim believed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import torch

from ftgui.core.errors import FtguiError
from ftgui.models import layout
from ftgui.models.archive import check_archive
from ftgui.models.claims import read_claims
from ftgui.models.signatures import HEAD_BYTES, kind_of

_DOWNLOAD_AGAIN = "Download or copy it again."


@dataclass(frozen=True, kw_only=True)
class WeightsFile:
    """What a weights file holds."""

    path: str
    sha256: str
    size_bytes: int
    layout: str
    """In words, where the entries were found: "state_dict under 'model', prefix 'module.'"."""
    entries: dict[str, torch.Tensor]
    """By their plain names, in float32 where they were floats, on the CPU."""
    notes: tuple[str, ...]
    """What was done to read it, in sentences."""


def read_weights(path: Path) -> WeightsFile:
    """Read a weights file of torch.save (zip or legacy) or safetensors.

    Raises:
        FtguiError: it cannot be read or holds no weights; each reason has its own sentence and hint.
    """
    _refuse_what_is_no_file(path)
    try:
        with path.open("rb") as stream:
            return _read(path, stream)
    except OSError as error:
        raise FtguiError(
            f"“{path.name}” cannot be read: {error.strerror or error}.",
            "Check that you may open it and that its disk is connected.",
            str(error),
        ) from error


def _refuse_what_is_no_file(path: Path) -> None:
    if path.is_dir():
        raise FtguiError(f"“{path.name}” is a folder, not a weights file.", "Choose the weights file itself.")
    if not path.exists():
        raise FtguiError(f"There is no file “{path}”.", "Choose a weights file that is there.")
    if not path.is_file():
        raise FtguiError(f"“{path.name}” is a device, not a file.", "Choose a weights file.")


def _read(path: Path, stream: io.BufferedReader) -> WeightsFile:
    head = stream.read(HEAD_BYTES)
    if not head:
        raise FtguiError(f"“{path.name}” is empty.", _DOWNLOAD_AGAIN)
    content, where = _content(path, stream, kind_of(path, head))
    entries, prefix = layout.strip_prefixes(content)
    entries, renamed = layout.rename_old(entries)
    _refuse_without_weights(path, entries)
    entries, notes = _in_float32(entries)
    _refuse_not_finite(path, entries)
    if renamed:
        notes = (*notes, f"{renamed} entries have names from an older torchvision; they were renamed.")
    stream.seek(0)
    return WeightsFile(
        path=str(path),
        sha256=hashlib.file_digest(stream, "sha256").hexdigest(),
        size_bytes=stream.tell(),
        layout=where + (f", prefix '{prefix}'" if prefix else ""),
        entries=entries,
        notes=notes,
    )


def _content(path: Path, stream: IO[bytes], kind: str) -> tuple[layout.Entries, str]:
    """Return a file's tensors, and in words where they were."""
    stream.seek(0)
    if kind == "safetensors":
        return _read_safetensors(path, stream), "safetensors"
    if kind == "zip":
        _check_zip(path, stream)
    else:
        _check_legacy(path, stream)
    entries, where = layout.unwrap(_read_torch(path, stream))
    return entries, where + (" (legacy format)" if kind == "legacy" else "")


def _check_zip(path: Path, stream: IO[bytes]) -> None:
    """Refuse an archive whose storages are not as long as its pickle says."""
    archive = check_archive(path, stream)
    claims = read_claims(path, io.BytesIO(archive.pickle))
    if any(archive.storage_bytes.get(key) != size for key, size in claims.storage_bytes.items()):
        raise _does_not_add_up(path)


def _check_legacy(path: Path, stream: IO[bytes]) -> None:
    """Refuse a file of the legacy format that is not as long as its pickles say.

    Three small pickles come first (a magic number, a version, the machine), then the tensors', then the
    storages' names; then each storage as a count in 8 bytes and its elements.
    """
    for _ in range(3):
        read_claims(path, stream)
    claims = read_claims(path, stream)
    read_claims(path, stream)
    announced = stream.tell() + sum(8 + size for size in claims.storage_bytes.values())
    actual = stream.seek(0, 2)
    if announced > actual:
        missing = announced - actual
        raise FtguiError(f"“{path.name}” is cut short: {missing:,} bytes are missing.", _DOWNLOAD_AGAIN)
    if announced < actual:
        raise _does_not_add_up(path)


def _does_not_add_up(path: Path) -> FtguiError:
    return FtguiError(
        f"“{path.name}” is damaged: the sizes that it states do not add up.",
        f"{_DOWNLOAD_AGAIN} If it stays so, do not use it.",
    )


def _read_torch(path: Path, stream: IO[bytes]) -> object:
    stream.seek(0)
    try:
        content: object = torch.load(stream, map_location="cpu", weights_only=True, mmap=False)
    except MemoryError:
        raise
    except Exception as error:
        if "allocate memory" in str(error):  # what torch's allocator says; the file is not to blame
            raise
        raise FtguiError(
            f"“{path.name}” cannot be opened by PyTorch.",
            "Where it was made, save it with torch.save(model.state_dict(), “weights.pth”).",
            str(error),
        ) from error
    return content


def _read_safetensors(path: Path, stream: IO[bytes]) -> layout.Entries:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(stream.read())
    except (SafetensorError, ValueError, KeyError) as error:
        raise FtguiError(
            f"“{path.name}” is a damaged or cut-short safetensors file.", _DOWNLOAD_AGAIN, str(error)
        ) from error


def _refuse_without_weights(path: Path, entries: Mapping[str, torch.Tensor]) -> None:
    if not entries:
        raise FtguiError(
            f"“{path.name}” opens, but there are no named weights in it.",
            "Choose the file that holds the network's state_dict.",
        )
    if not any(tensor.is_floating_point() and tensor.numel() for tensor in entries.values()):
        raise FtguiError(
            f"“{path.name}” holds only whole numbers, and a network's weights are fractions.",
            "Choose the file that holds the network's state_dict.",
        )


def _in_float32(entries: layout.Entries) -> tuple[layout.Entries, tuple[str, ...]]:
    """Return the entries with their floats in float32, and a note where they were in another precision."""
    others = {str(t.dtype).removeprefix("torch.") for t in entries.values() if _is_other_float(t)}
    if not others:
        return entries, ()
    converted = {key: t.float() if _is_other_float(t) else t for key, t in entries.items()}
    stored = " and ".join(sorted(others))
    return converted, (f"The weights are stored as {stored}; they are used as float32.",)


def _is_other_float(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() and tensor.dtype != torch.float32


def _refuse_not_finite(path: Path, entries: layout.Entries) -> None:
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
