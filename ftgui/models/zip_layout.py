"""Whether every byte of a zip archive is accounted for: entries end to end, each said twice and the same.

The checksums of an archive cover what is in its entries and nothing between them. A damaged length, name or
padding there would go unnoticed, and entries that overlap would be read as more than the file holds. So the
archive is walked as it lies: header, contents and trailer of one entry, then the next, then the table of
contents and its three closing records (PKWARE's APPNOTE, 4.3).
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable
from typing import IO, Any

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<28x3H12x")
"""A row of the table of contents: of it, the lengths of its name, extra fields and comment."""
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_IN_TRAILER = 0x08
"""The flag that says: checksum and lengths follow the contents."""
_ZIP_64, _PADDING, _TIMES, _OWNER = 0x0001, 0x4246, 0x5455, 0x7875
"""Kinds of extra fields: lengths beyond 4 GB, torch's alignment, and what zip programs add."""
_MAKERS_OF_END_64 = ((0x031E, 45), (45, 45), (0x032D, 45))
_UNTOLD_16, _UNTOLD_32 = 0xFFFF, 0xFFFFFFFF


def table_bytes(stream: IO[bytes]) -> int:
    """Return how long an archive says its table of contents is, before any of it is read.

    Raises:
        ValueError: no closing record ends the file.
    """
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _END.size))
    signature, *_counts, length, _start, _comment = _read(_END, stream)
    if signature != b"PK\x05\x06":
        raise ValueError("there is no closing record at its end")
    before = size - _END.size - _LOCATOR_64.size
    stream.seek(max(0, before))
    locator, _disk, place, _disks = _read(_LOCATOR_64, stream)
    if locator != b"PK\x06\x07":
        return int(length)
    stream.seek(min(place, before))  # this record is the one that is believed where there is one
    return max(int(length), int(_read(_END_64, stream)[-2]))


def check_layout(archive: zipfile.ZipFile, stream: IO[bytes]) -> None:
    """Check the records around the entries of an open archive, without reading their contents.

    Raises:
        ValueError: something in it does not fit the rest.
    """
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    _check_alike(archive, [entry for entry in entries if not entry.is_dir()])
    position = 0
    for entry in entries:
        if entry.header_offset != position:
            raise ValueError(f"“{entry.filename}” begins at {entry.header_offset}, not at {position}")
        position = _end_of_entry(entry, stream)
    if position != archive.start_dir:
        raise ValueError(f"the table of contents begins at {archive.start_dir}, not at {position}")
    _check_end(archive, stream)


def _check_alike(archive: zipfile.ZipFile, entries: Iterable[zipfile.ZipInfo]) -> None:
    """Check what the table of contents alone says: one program wrote all of it, on one day, in one way."""
    kinds = {
        (e.create_system, _maker(e), e.reserved, e.volume, e.internal_attr, e.external_attr, e.comment)
        for e in entries
    }
    if len(kinds) > 1 or archive.comment:
        raise ValueError("its entries are not described alike")
    for entry in entries:
        _check_extra(entry.extra)


def _maker(entry: zipfile.ZipInfo) -> int:
    """Return the version that wrote an entry. Python says another one of those that are beyond 2 GB."""
    is_far = max(entry.file_size, entry.header_offset) > zipfile.ZIP64_LIMIT
    return 20 if is_far and entry.create_version == 45 else entry.create_version


def _end_of_entry(entry: zipfile.ZipInfo, stream: IO[bytes]) -> int:
    """Check an entry's header and trailer against the table of contents; return the next one's position."""
    stream.seek(entry.header_offset)
    signature, version, flags, method, time, day, *sizes, name_length, extra_length = _read(_LOCAL, stream)
    name, extra = stream.read(name_length), stream.read(extra_length)
    said = (signature, version, flags, method, _when(day, time), _decoded(name, flags))
    listed = (entry.extract_version, entry.flag_bits, 0, entry.date_time, entry.orig_filename)
    if said != (b"PK\x03\x04", *listed):
        raise ValueError(f"“{entry.filename}” is described in two ways")
    _check_extra(extra)
    facts = (entry.CRC, entry.file_size, entry.file_size)
    told_later = (flags & _IN_TRAILER) and tuple(sizes) == (0, 0, 0)
    if tuple(sizes) != facts and not told_later and not _is_zip_64(sizes, facts, extra):
        raise ValueError(f"“{entry.filename}” has two lengths")
    stream.seek(entry.file_size, 1)
    if flags & _IN_TRAILER:
        _check_trailer(entry, facts, stream)
    return stream.tell()


def _check_trailer(entry: zipfile.ZipInfo, facts: tuple[int, int, int], stream: IO[bytes]) -> None:
    start = stream.tell()
    for layout in (struct.Struct("<4s3L"), struct.Struct("<4sL2Q")):  # the longer one beyond 4 GB
        stream.seek(start)
        if _read(layout, stream) == (b"PK\x07\x08", *facts):
            return
    raise ValueError(f"“{entry.filename}” does not end as it begins")


def _is_zip_64(sizes: list[int], facts: tuple[int, int, int], extra: bytes) -> bool:
    """Whether the lengths stand in the extra field instead."""
    long = struct.pack("<2H2Q", _ZIP_64, 16, facts[1], facts[2])
    return sizes in ([facts[0], _UNTOLD_32, _UNTOLD_32], [0, _UNTOLD_32, _UNTOLD_32]) and long in extra


def _check_extra(extra: bytes) -> None:
    """Check that extra fields are of a known kind and as long as they say; padding is all one letter."""
    while extra:
        if len(extra) < 4:
            raise ValueError("an extra field is cut short")
        kind, length = struct.unpack("<2H", extra[:4])
        content, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind not in (_ZIP_64, _PADDING, _TIMES, _OWNER) or len(content) != length:
            raise ValueError("an extra field of no known kind")
        if kind == _PADDING and content.strip(b"Z"):
            raise ValueError("padding that is not empty")


def _check_end(archive: zipfile.ZipFile, stream: IO[bytes]) -> None:
    """Check the records that close the archive: one, or three in the form for archives beyond 4 GB."""
    begin, count = archive.start_dir, len(archive.infolist())
    table_end = _end_of_table(begin, count, stream)
    end_at = stream.seek(-_END.size, 2)
    _signature, *disks, here, all_, length, start, comment = _read(_END, stream)
    told = ((here, count), (all_, count), (length, table_end - begin), (start, begin))
    if end_at != table_end:
        _check_end_64(begin, table_end, count, stream)
        table_end += _END_64.size + _LOCATOR_64.size
    if end_at != table_end or any((*disks, comment)) or not all(_is_told(*pair) for pair in told):
        raise ValueError("its closing record does not fit its table of contents")


def _is_told(said: int, actual: int) -> bool:
    return said in (actual, _UNTOLD_16, _UNTOLD_32)


def _end_of_table(begin: int, count: int, stream: IO[bytes]) -> int:
    """Return where the table of contents ends by the lengths that its rows state."""
    for _ in range(count):
        stream.seek(begin)
        begin += _CENTRAL.size + sum(_read(_CENTRAL, stream))
    return begin


def _check_end_64(start: int, table_end: int, count: int, stream: IO[bytes]) -> None:
    stream.seek(table_end)
    signature, length, made_by, needed, *rest = _read(_END_64, stream)
    locator = _read(_LOCATOR_64, stream)
    expected = (b"PK\x06\x06", 44, [0, 0, count, count, table_end - start, start])
    if (
        (signature, length, rest) != expected
        or (made_by, needed) not in _MAKERS_OF_END_64
        or locator != (b"PK\x06\x07", 0, table_end, 1)
    ):
        raise ValueError("its closing records do not fit its table of contents")


def _read(layout: struct.Struct, stream: IO[bytes]) -> tuple[Any, ...]:
    content = stream.read(layout.size)
    if len(content) < layout.size:
        raise ValueError("a record is cut short")
    return layout.unpack(content)


def _when(day: int, time: int) -> tuple[int, int, int, int, int, int]:
    """Return a date and a time of MS-DOS as ``ZipInfo`` has them."""
    date = (1980 + (day >> 9), day >> 5 & 15, day & 31)
    return (*date, time >> 11, time >> 5 & 63, (time & 31) * 2)


def _decoded(name: bytes, flags: int) -> str:
    return name.decode("utf-8" if flags & 0x800 else "cp437")
