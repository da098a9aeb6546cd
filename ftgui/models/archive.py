"""The zip archive that torch.save writes, checked before torch reads it.

torch checks neither the checksums nor whether an entry is as long as the pickle says, and it inflates
compressed entries without a limit. torch.save itself stores every entry plainly, one after the other.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ftgui.core.errors import FtguiError
from ftgui.models.advice import DO_NOT_USE, DOWNLOAD_AGAIN
from ftgui.models.claims import MAX_PICKLE_BYTES, too_many_entries
from ftgui.models.zip_layout import check_layout, table_bytes

_MAX_TABLE_BYTES = 2**22
"""Some 65,000 entries."""


@dataclass(frozen=True)
class Archive:
    """A checked archive: its pickle, and how many bytes each storage really has."""

    pickle: bytes
    storage_bytes: dict[str, int]
    has_checksums: bool
    """torch can be told to save without them; all of them are 0 then."""


def check_archive(path: Path, stream: IO[bytes]) -> Archive:
    """Check a zip archive and return what it holds.

    Raises:
        FtguiError: it is cut short, damaged, compressed, larger inside than outside, or no archive of
            torch.save.
    """
    try:
        if table_bytes(stream) > _MAX_TABLE_BYTES:
            raise too_many_entries(path)
        with zipfile.ZipFile(stream) as archive:
            _refuse_other_archives(path, archive.namelist())
            _refuse_compressed(path, archive, stream)
            check_layout(archive, stream)
            has_checksums = any(entry.CRC for entry in archive.infolist() if entry.file_size)
            if has_checksums:
                _refuse_damaged(path, archive)
            return _contents(path, archive, has_checksums)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise FtguiError(
            f"“{path.name}” is cut short or damaged: its table of contents does not fit its contents.",
            DOWNLOAD_AGAIN,
            str(error),
        ) from error


_SAVE_STATE_DICT = "Where it was made, save model.state_dict() with torch.save and open that."
_OTHER_ARCHIVES = (
    (
        r"[^/]+/(constants\.pkl|code/.*)",
        "is a TorchScript program: a network compiled together with its weights",
        "In Python, save torch.jit.load(file).state_dict() with torch.save and open that.",
    ),
    (
        r"(.*/)?\.data/extern_modules",
        "is a torch.package: a network packed with its code, which is not run here",
        _SAVE_STATE_DICT,
    ),
    (
        r"(.*/)?(archive_format|models/.*\.json)",
        "is a program of torch.export, made for running a network and not for training it",
        _SAVE_STATE_DICT,
    ),
    (
        r"model\.weights\.h5",
        "is a Keras model, which PyTorch networks cannot use",
        "Save the network's weights in PyTorch (.pth) or as safetensors and open that file.",
    ),
)
"""A name that only such archives hold, what to say of them, and what to do."""


def _refuse_other_archives(path: Path, names: list[str]) -> None:
    for pattern, words, hint in _OTHER_ARCHIVES:
        if any(re.fullmatch(pattern, name) for name in names):
            raise FtguiError(f"“{path.name}” {words}.", hint)
    if sum(name.endswith("/data.pkl") for name in names) != 1:
        raise FtguiError(
            f"“{path.name}” is a zip archive, but not one of weights.",
            "If the weights file is inside, unpack it and open that.",
            ", ".join(names[:10]),
        )


def _refuse_compressed(path: Path, archive: zipfile.ZipFile, stream: IO[bytes]) -> None:
    """Refuse what torch.save never writes: compressed, overlapping or repeated entries."""
    entries = archive.infolist()
    if any(e.compress_type != zipfile.ZIP_STORED or e.compress_size != e.file_size for e in entries):
        raise FtguiError(
            f"“{path.name}” has compressed entries, as weights never have and as may unpack without end.",
            "If it was zipped again, unpack and save it anew; otherwise do not use it.",
        )
    size = stream.seek(0, 2)
    if sum(e.file_size for e in entries) > size or len({e.filename for e in entries}) != len(entries):
        raise FtguiError(
            f"“{path.name}” claims to hold more than its own size.",
            DO_NOT_USE,
        )


def _refuse_damaged(path: Path, archive: zipfile.ZipFile) -> None:
    damaged = archive.testzip()
    if damaged is not None:
        raise FtguiError(
            f"“{path.name}” is damaged: a part of it does not match its checksum.", DOWNLOAD_AGAIN, damaged
        )


def _contents(path: Path, archive: zipfile.ZipFile, has_checksums: bool) -> Archive:
    pickle = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
    if archive.getinfo(pickle).file_size > MAX_PICKLE_BYTES:
        raise too_many_entries(path)
    folder = pickle.removesuffix("data.pkl") + "data/"
    sizes = {
        entry.filename.removeprefix(folder): entry.file_size
        for entry in archive.infolist()
        if entry.filename.startswith(folder)
    }
    return Archive(_content(archive, pickle), sizes, has_checksums)


def _content(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as entry:
        entry._expected_crc = None  # type: ignore[attr-defined]  # checked, or there is none
        return entry.read()
