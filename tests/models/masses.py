"""Files beyond reason: hundreds of thousands of entries, shapes of any size that take no bytes."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import torch

from ftgui.models.construction import skeleton
from tests.models import hostile
from tests.models.hostile import FLOATS, named, text


def many_in_a_pickle(path: Path, count: int, *, is_legacy: bool = False) -> Path:
    """Write an archive, or the legacy format, of ``count`` entries, all of them the same tensor."""
    tensor = hostile.tensor(hostile.storage(legacy=is_legacy))
    keys = b"".join(text(f"w{n:06}") + b"h\x07" for n in range(count))
    content = b"}(" + text("first") + tensor + b"q\x07" + keys + b"u"
    return (hostile.legacy if is_legacy else hostile.archive)(path, content)


def many_in_a_legacy_pickle(path: Path, count: int) -> Path:
    return many_in_a_pickle(path, count, is_legacy=True)


def many_in_safetensors(path: Path, count: int) -> Path:
    empty = ",".join(f'"w{n:06}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}' for n in range(count))
    first = '"first":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}'
    header = f"{{{first},{empty}}}".encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + FLOATS)
    return path


def many_in_an_archive(path: Path, count: int) -> Path:
    """Write an archive with ``count`` further entries, all of them empty."""
    return _with_rows(path, count, is_hidden=False)


def many_behind_a_short_closing_record(path: Path, count: int) -> Path:
    """Write such an archive whose last record says that its table is short, and the one before how long."""
    return _with_rows(path, count, is_hidden=True)


_ROW = struct.Struct("<5H3L2H")
"""What an entry's header and its row in the table of contents have in common."""


def _with_rows(path: Path, count: int, *, is_hidden: bool) -> Path:
    """Put empty entries into an archive, all of them alike."""
    hostile.archive(path, named(first=hostile.tensor(hostile.storage())))
    with zipfile.ZipFile(path) as old:
        start, total = old.start_dir, len(old.namelist()) + count
    content = path.read_bytes()
    heads, rows = [content[:start]], [content[start:-22]]
    for number in range(count):
        entry = b"weights/data/x%07d" % number
        common = _ROW.pack(20, 0, 0, 0, 33, 0, 0, 0, len(entry), 0)
        position = start + number * (4 + len(common) + len(entry))
        heads.append(b"PK\x03\x04" + common + entry)
        where = struct.pack("<3H2L", 0, 0, 0, 0o600 << 16, position)
        rows.append(b"PK\x01\x02\x14\x03" + common + where + entry)
    before, table = b"".join(heads), b"".join(rows)
    end = _ends(total, len(table), len(before), is_hidden=is_hidden)
    path.write_bytes(before + table + end)
    return path


def _ends(count: int, length: int, start: int, *, is_hidden: bool) -> bytes:
    """Return an archive's closing records: three of them from 65,535 entries on, or to hide the length."""
    said = min(count, 0xFFFF)
    short = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, said, said, 100 if is_hidden else length, start, 0)
    if said == count and not is_hidden:
        return short
    long = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, start)
    return long + struct.pack("<4sLQL", b"PK\x06\x07", 0, start + length, 1) + short


def strange_network(path: Path, name_: str, **shapes: tuple[int, ...]) -> Path:
    """Write a network's entries as safetensors, some of them of other shapes that take no bytes."""
    entries = {key: tuple(t.shape) for key, t in skeleton(name_, 3).state_dict().items()}
    header: dict[str, object] = {}
    end = 0
    for key, sides in (entries | {key.replace("__", "."): sides for key, sides in shapes.items()}).items():
        begin, end = end, end + 4 * torch.Size(sides).numel()
        header[key] = {"dtype": "F32", "shape": list(sides), "data_offsets": [begin, end]}
    encoded = json.dumps(header).encode()
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(encoded)) + encoded)
        stream.truncate(8 + len(encoded) + end)
    return path
