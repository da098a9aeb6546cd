"""Reading a weights file safely: any file a person may have, no code run, no claim believed."""

from __future__ import annotations

import hashlib
import io
import struct
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import torch

from ftgui.core.errors import FtguiError
from ftgui.models import layout
from ftgui.models.advice import DOWNLOAD_AGAIN, SAVE_STATE_DICT
from ftgui.models.archive import check_archive
from ftgui.models.claims import MAX_TENSORS, read_claims, too_many_entries
from ftgui.models.fingerprint import shapes_of
from ftgui.models.legacy import UNVERIFIABLE, check_legacy, check_used_up, does_not_add_up
from ftgui.models.lookup import by_entries, official
from ftgui.models.pickled_names import READ_AS
from ftgui.models.plain import MAX_ENTRIES, in_float32, refuse_not_finite, refuse_unusable
from ftgui.models.signatures import HEAD_BYTES, kind_of

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

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of every entry."""
        return shapes_of(self.entries)


def read_weights(path: Path) -> WeightsFile:
    """Read a weights file of torch.save (zip or legacy) or safetensors.

    Raises:
        FtguiError: it cannot be read or holds no weights; each reason has its own sentence and hint.
    """
    named = Path(" ".join(str(path).splitlines()))  # sentences are of one line, whatever a file is called
    try:
        _refuse_what_is_no_file(path, named)
        with path.open("rb") as stream:
            return replace(_read(named, stream), path=str(path))
    except OSError as error:
        raise FtguiError(
            f"“{named.name}” cannot be read: {error.strerror or error}.",
            "Check that you may open it and that its disk is connected.",
            str(error),
        ) from error


def _refuse_what_is_no_file(path: Path, named: Path) -> None:
    if path.is_dir():
        inside = sorted(file.name for end in _ENDINGS for file in path.glob(f"*{end}"))[:3]
        hint = f"Choose a file in it: {', '.join(inside)}." if inside else "Choose the weights file itself."
        raise FtguiError(f"“{named.name}” is a folder, not a weights file.", hint)
    if not path.exists():
        raise FtguiError(f"There is no file “{named}”.", "Choose a weights file that is there.")
    if not path.is_file():
        raise FtguiError(f"“{named.name}” is a device, not a file.", "Choose a weights file.")


def _read(path: Path, stream: io.BufferedReader) -> WeightsFile:
    head = stream.read(HEAD_BYTES)
    if not head:
        raise FtguiError(f"“{path.name}” is empty.", DOWNLOAD_AGAIN)
    content, is_verified, format_words = _content(path, stream, kind_of(path, head))
    found = layout.find_network(content, _is_network)
    del content  # or its tensors would stay there in their own precision while they are converted
    refuse_unusable(path, found.entries)
    _refuse_part_of_a_run(path, found)
    entries, notes = in_float32(found.entries)
    refuse_not_finite(path, entries)
    stream.seek(0)
    sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return WeightsFile(
        path=str(path),
        sha256=sha256,
        size_bytes=stream.tell(),
        layout=_layout_words(found, format_words),
        left_out=found.left_out,
        entries=entries,
        notes=(
            *notes,
            *_layout_notes(found.renamed, found.left_out),
            *(() if is_verified or official(sha256) else (UNVERIFIABLE,)),
        ),
    )


def _layout_words(found: layout.Found, format_words: str) -> str:
    if format_words == "safetensors":
        where = format_words
    else:
        under = f" under '{'.'.join(found.wrappers)}'" if found.wrappers else ""
        where = f"state_dict{under}{format_words}"
    return where + (f", prefix '{found.prefix}'" if found.prefix else "")


def _is_network(entries: layout.Entries) -> bool:
    return len(entries) <= MAX_ENTRIES and by_entries(shapes_of(entries)) is not None


def _layout_notes(renamed: int, left_out: tuple[str, ...]) -> tuple[str, ...]:
    notes = []
    if renamed:
        notes.append(f"{renamed:,} entries have names from an older torchvision; they were renamed.")
    if left_out:
        some = ", ".join(left_out[:3]) + (", …" if len(left_out) > 3 else "")
        others = "1 other tensor" if len(left_out) == 1 else f"{len(left_out):,} other tensors"
        notes.append(f"Beside the network it holds {others}, left out: {some}.")
    return tuple(notes)


def _refuse_part_of_a_run(path: Path, found: layout.Found) -> None:
    if found.wrappers == (layout.RESUMING,) and not _is_network(found.entries):
        raise FtguiError(
            f"“{path.name}” is what a run of ftgui is resumed from, and holds only the weights that learned.",
            "Choose best.pth in the same folder: it holds all of them.",
        )


def _content(path: Path, stream: IO[bytes], kind: str) -> tuple[object, bool, str]:
    """Return what a file holds, whether there were checksums to check it by, and its format in words."""
    stream.seek(0)
    if kind == "safetensors":
        return _read_safetensors(path, stream), False, "safetensors"
    if kind == "zip":
        has_checksums = _check_zip(path, stream)
        return _read_torch(path, stream), has_checksums, ""
    claims = check_legacy(path, stream)
    content = _read_torch(path, stream)
    check_used_up(path, content, claims)
    return content, False, " (legacy format)"


def _check_zip(path: Path, stream: IO[bytes]) -> bool:
    """Refuse an archive whose storages are not as long as its pickle says; return if it has checksums."""
    archive = check_archive(path, stream)
    claims = read_claims(path, io.BytesIO(archive.pickle))
    if any(archive.storage_bytes.get(key) != size for key, size in claims.storage_bytes.items()):
        raise does_not_add_up(path)
    return archive.has_checksums


def _read_torch(path: Path, stream: IO[bytes]) -> object:
    stream.seek(0)
    try:
        with _stand_ins, torch.serialization.safe_globals(READ_AS):
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
    if length > _MAX_HEADER_BYTES or stream.read(length).count(b'"data_offsets"') > MAX_TENSORS:
        raise too_many_entries(path)
    stream.seek(0)
    try:
        return load(stream.read())
    except (SafetensorError, ValueError, KeyError) as error:
        raise FtguiError(
            f"“{path.name}” is a damaged or cut-short safetensors file.", DOWNLOAD_AGAIN, str(error)
        ) from error
