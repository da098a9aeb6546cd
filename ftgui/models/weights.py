"""Reading a weights file safely: any file a person may have, no code run, no claim believed."""

from __future__ import annotations

import hashlib
import io
import struct
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import torch

from ftgui.core.errors import FtguiError
from ftgui.models import layout
from ftgui.models.archive import check_archive
from ftgui.models.claims import read_claims, too_many_entries
from ftgui.models.legacy import UNVERIFIABLE, check_legacy, check_used_up, does_not_add_up
from ftgui.models.lookup import by_entries, official
from ftgui.models.pickled_names import SAVE_STATE_DICT, STAND_INS
from ftgui.models.plain import in_float32, refuse_not_finite, refuse_unusable
from ftgui.models.signatures import HEAD_BYTES, kind_of

_DOWNLOAD_AGAIN = "Download or copy it again."
_ENDINGS = (".pth", ".pt", ".safetensors")
_MAX_HEADER_BYTES = 2**25
"""Of safetensors: the list of the entries."""
_stand_ins = threading.Lock()
"""torch keeps what its safe reader may call for the whole process."""


@dataclass(frozen=True, kw_only=True)
class WeightsFile:
    """What a weights file holds."""

    path: str
    sha256: str
    size_bytes: int
    layout: str
    """In words, where the entries were found: "state_dict under 'model', prefix 'module.'"."""
    left_out: tuple[str, ...] = ()
    """Names in the file of tensors beside the network's own, such as another head's."""
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
        inside = sorted(file.name for end in _ENDINGS for file in path.glob(f"*{end}"))[:3]
        hint = f"Choose a file in it: {', '.join(inside)}." if inside else "Choose the weights file itself."
        raise FtguiError(f"“{path.name}” is a folder, not a weights file.", hint)
    if not path.exists():
        raise FtguiError(f"There is no file “{path}”.", "Choose a weights file that is there.")
    if not path.is_file():
        raise FtguiError(f"“{path.name}” is a device, not a file.", "Choose a weights file.")


def _read(path: Path, stream: io.BufferedReader) -> WeightsFile:
    head = stream.read(HEAD_BYTES)
    if not head:
        raise FtguiError(f"“{path.name}” is empty.", _DOWNLOAD_AGAIN)
    found = _content(path, stream, kind_of(path, head))
    refuse_unusable(path, found.entries)
    entries, renamed = layout.rename_old(found.entries)
    entries, prefix, left_out = layout.strip_prefixes(entries, _is_network)
    _refuse_part_of_a_run(path, found.where, entries)
    found.entries.clear()  # or the weights would stay there in their own precision while they are converted
    entries, notes = in_float32(entries)
    refuse_not_finite(path, entries)
    stream.seek(0)
    sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return WeightsFile(
        path=str(path),
        sha256=sha256,
        size_bytes=stream.tell(),
        layout=found.where + (f", prefix '{prefix}'" if prefix else ""),
        left_out=left_out,
        entries=entries,
        notes=(
            *notes,
            *_layout_notes(renamed, left_out),
            *(() if found.is_verified or official(sha256) else (UNVERIFIABLE,)),
        ),
    )


def _is_network(entries: layout.Entries) -> bool:
    return by_entries({key: tuple(tensor.shape) for key, tensor in entries.items()}) is not None


def _layout_notes(renamed: int, left_out: tuple[str, ...]) -> tuple[str, ...]:
    notes = []
    if renamed:
        notes.append(f"{renamed:,} entries have names from an older torchvision; they were renamed.")
    if left_out:
        some = ", ".join(left_out[:3]) + (", …" if len(left_out) > 3 else "")
        others = "1 other tensor" if len(left_out) == 1 else f"{len(left_out):,} other tensors"
        notes.append(f"Beside the network it holds {others}, left out: {some}.")
    return tuple(notes)


def _refuse_part_of_a_run(path: Path, where: str, entries: layout.Entries) -> None:
    if where.endswith(f"'{layout.RESUMING}'") and not _is_network(entries):
        raise FtguiError(
            f"“{path.name}” is what a run of ftgui is resumed from, and holds only the weights that learned.",
            "Choose best.pth in the same folder: it holds all of them.",
        )


@dataclass(frozen=True)
class _Found:
    """What a file holds, as it lies there."""

    entries: layout.Entries
    where: str
    is_verified: bool
    """Whether its checksums were there to be checked."""


def _content(path: Path, stream: IO[bytes], kind: str) -> _Found:
    """Return a file's tensors, and in words where they were."""
    stream.seek(0)
    if kind == "safetensors":
        return _Found(_read_safetensors(path, stream), "safetensors", is_verified=False)
    if kind == "zip":
        has_checksums = _check_zip(path, stream)
        return _Found(*layout.unwrap(_read_torch(path, stream)), is_verified=has_checksums)
    claims = check_legacy(path, stream)
    content = _read_torch(path, stream)
    check_used_up(path, content, claims)
    entries, where = layout.unwrap(content)
    return _Found(entries, f"{where} (legacy format)", is_verified=False)


def _check_zip(path: Path, stream: IO[bytes]) -> bool:
    """Refuse an archive whose storages are not as long as its pickle says; return if it has checksums."""
    archive = check_archive(path, stream)
    claims = read_claims(path, io.BytesIO(archive.pickle))
    if any(archive.storage_bytes.get(key) != size for key, size in claims.storage_bytes.items()):
        raise does_not_add_up(path)
    return archive.has_checksums


def _read_torch(path: Path, stream: IO[bytes]) -> object:
    stream.seek(0)
    stand_ins: list[Any] = [(made, name) for name, made in STAND_INS.items()]
    try:
        with _stand_ins, torch.serialization.safe_globals(stand_ins):
            content: object = torch.load(stream, map_location="cpu", weights_only=True, mmap=False)
    except MemoryError:
        raise
    except Exception as error:
        if "allocate memory" in str(error):  # what torch's allocator says; the file is not to blame
            raise
        raise FtguiError(
            f"“{path.name}” cannot be opened by PyTorch.", SAVE_STATE_DICT, str(error)
        ) from error
    return content


def _read_safetensors(path: Path, stream: IO[bytes]) -> layout.Entries:
    from safetensors import SafetensorError
    from safetensors.torch import load

    (length,) = struct.unpack("<Q", stream.read(8))
    if length > _MAX_HEADER_BYTES:
        raise too_many_entries(path)
    stream.seek(0)
    try:
        return load(stream.read())
    except (SafetensorError, ValueError, KeyError) as error:
        raise FtguiError(
            f"“{path.name}” is a damaged or cut-short safetensors file.", _DOWNLOAD_AGAIN, str(error)
        ) from error
