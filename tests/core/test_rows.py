"""Rows on disk by name: found again, checked, and never half there."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ftgui.core import row_files
from ftgui.core.rows import RowTable, row_name
from tests.core.row_samples import (
    POSIX,
    WIDTH,
    another_program,
    answer,
    content,
    expected,
    found,
    names_of,
    tell,
    write,
)
from tests.harness.process import run_python


def change_byte(path: Path, at: int) -> None:
    changed = bytearray(path.read_bytes())
    changed[at] = (changed[at] + 1) % 256
    path.write_bytes(changed)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """A disk that takes ``size`` bytes more and is full then, in the middle of a write too.

    The eight bytes of the count, which lie in one block, are written or not.
    """
    left = size
    original = row_files.write_at

    def write_at(stream: FileIO, at: int, content: bytes | memoryview) -> None:
        nonlocal left
        fits = memoryview(content)[: left if at != row_files.COUNT_AT or left >= len(content) else 0]
        original(stream, at, fits)
        left -= len(fits)
        if len(fits) < len(content):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_files, "write_at", write_at)
        yield


# Names


def test_a_name_tells_its_parts_apart_and_is_the_same_everywhere() -> None:
    assert len({row_name("ab", "c"), row_name("a", "bc"), row_name("abc"), row_name("ab", "c", "")}) == 4
    assert row_name("picture", 3) == row_name("picture", "3")
    assert row_name("picture", 3).hex() == "4984f6a607868b7309c9ca7cb2e360ce"


# What goes in comes out


def test_what_was_added_is_found_by_name_in_any_order(tmp_path: Path) -> None:
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert list(table.add(names_of(1, 2, 3), content(names_of(1, 2, 3)))) == [0, 1, 2]
        assert list(table.add(names_of(4), content(names_of(4)))) == [3]
        numbers = table.find(names_of(4, 9, 2))
        assert numbers.dtype == np.int64
        assert list(numbers) == [3, -1, 1]
        assert found(table, names_of(1, 2, 3, 4, 9)) == expected(1, 2, 3, 4)
        assert names_of(4)[0] in table
        assert names_of(9)[0] not in table
        assert len(table) == len(table.mapped()) == 4


def test_it_is_found_again_by_the_next_program(tmp_path: Path) -> None:
    write(tmp_path / "table", 1, 2)
    write(tmp_path / "table", 3)
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(1, 2, 3, 4)) == expected(1, 2, 3)


def test_a_table_without_rows_finds_nothing(tmp_path: Path) -> None:
    with RowTable(tmp_path / "deep" / "table", WIDTH) as table:
        for _ in range(2):
            assert list(table.find(names_of(1, 2))) == [-1, -1]
            assert table.find([]).shape == (0,)
            assert table.mapped().shape == (0, WIDTH)
            assert len(table) == 0
            assert table.add([], np.empty((0, WIDTH), np.uint8)).shape == (0,)


def test_rows_may_lie_anyhow_in_memory(tmp_path: Path) -> None:
    names = names_of(1, 2, 3)
    strided = np.asfortranarray(content(names))
    every_other = np.repeat(content(names), 2, axis=0)[::2]
    with RowTable(tmp_path / "a", WIDTH) as a, RowTable(tmp_path / "b", WIDTH) as b:
        a.add(names, strided)
        b.add(names, every_other)
        assert found(a, names) == found(b, names) == expected(1, 2, 3)


def test_of_two_rows_of_one_name_the_later_counts(tmp_path: Path) -> None:
    names = names_of(1, 2, 1)
    rows = np.concatenate([content(names[:2]), content(names[2:], salt=1)])
    with RowTable(tmp_path / "table", WIDTH) as table:
        table.add(names, rows)
        table.add(names_of(2), content(names_of(2), salt=2))
        assert list(table.find(names_of(1, 2))) == [2, 3]
        assert len(table) == len(table.mapped()) == 4
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(1, 2)) == expected(1, salt=1) | expected(2, salt=2)


def test_what_is_mapped_cannot_be_written_to_and_stays_good_while_the_table_grows(tmp_path: Path) -> None:
    table = RowTable(tmp_path / "table", WIDTH)
    table.add(names_of(1, 2), content(names_of(1, 2)))
    before = table.mapped()
    assert not before.flags.writeable
    assert table.mapped() is before, "mapped anew without need"
    table.add(names_of(3), content(names_of(3)))
    assert np.array_equal(table.mapped(), content(names_of(1, 2, 3)))
    table.close()
    del table
    assert np.array_equal(before, content(names_of(1, 2)))


def test_a_closed_table_is_read_as_before_and_written_no_more(tmp_path: Path) -> None:
    table = RowTable(tmp_path / "table", WIDTH)
    table.add(names_of(1, 2), content(names_of(1, 2)))
    table.close()
    table.close()
    assert not table.is_writable
    assert found(table, names_of(1, 2, 3)) == expected(1, 2)
    write(tmp_path / "table", 3)


# Damage


def test_a_damaged_row_is_not_found_and_can_be_added_anew(tmp_path: Path) -> None:
    write(tmp_path / "table", 1, 2, 3)
    change_byte(tmp_path / "table" / "rows.bin", WIDTH + 5)
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(1, 2, 3, 2)) == expected(1, 3)
        assert names_of(2)[0] not in table
        assert list(table.add(names_of(2), content(names_of(2)))) == [3]
        assert found(table, names_of(1, 2, 3)) == expected(1, 2, 3)
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(1, 2, 3)) == expected(1, 2, 3)


def test_a_damaged_checksum_costs_its_row_alone(tmp_path: Path) -> None:
    write(tmp_path / "table", 1, 2, 3)
    change_byte(tmp_path / "table" / "index.bin", row_files.HEADER.size + 2 * row_files.ENTRY.itemsize - 1)
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(1, 2, 3)) == expected(1, 3)


def test_a_row_is_checked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "table", *range(6))
    checked: list[bytes] = []
    crc32 = zlib.crc32
    monkeypatch.setattr(zlib, "crc32", lambda row: (checked.append(bytes(row)), crc32(row))[1])
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert checked == [], "opening read rows"
        table.find(names_of(4, 1, 4, 99))
        assert sorted(checked) == sorted(expected(1, 4).values())
        table.find(names_of(1, 4, 2))
        assert sorted(checked) == sorted(expected(1, 2, 4).values())


def test_rows_that_were_cut_off_under_an_open_table_are_not_found(tmp_path: Path) -> None:
    """In a process of its own: a table that mapped them would be ended by the system."""
    write(tmp_path / "table", 1, 2, 3, width=100_000)
    done = run_python(
        "-c",
        "import os, sys; from pathlib import Path; from ftgui.core.rows import RowTable, row_name\n"
        "table = RowTable(Path(sys.argv[1]), 100_000)\n"
        "os.truncate(table.folder / 'rows.bin', 150_000)\n"
        "print(table.find([row_name(1), row_name(2), row_name(3)]).tolist())\n",
        str(tmp_path / "table"),
    )
    assert done.stdout == "[0, -1, -1]\n", (done.returncode, done.stderr)


@given(
    st.integers(0, 40).flatmap(lambda rows: st.tuples(st.just(rows), st.sets(st.integers(0, 40)))),
    st.integers(1, 9),
    st.integers(1, 40),
)
def test_rows_are_read_whole_in_whatever_portions(
    rows_and_asked: tuple[int, set[int]], width: int, portion: int
) -> None:
    count, asked = rows_and_asked
    whole = bytes(at % 251 for at in range(count * width))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_files, "READ_BYTES", portion)
        (Path(folder) / "rows").write_bytes(whole)
        with (Path(folder) / "rows").open("rb", buffering=0) as stream:
            read = [(number, bytes(row)) for number, row in row_files.read_rows(stream, width, sorted(asked))]
    assert read == [(number, whole[number * width : (number + 1) * width]) for number in sorted(asked)]


def test_rows_that_the_disk_does_not_give_are_not_found(tmp_path: Path) -> None:
    class BadSector(FileIO):
        def readinto(self, buffer: object, /) -> int:
            if self.tell() == WIDTH:
                raise OSError(errno.EIO, "Input/output error")
            return super().readinto(buffer)  # type: ignore[arg-type]

    (tmp_path / "rows").write_bytes(bytes(3 * WIDTH))
    with BadSector(tmp_path / "rows") as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_files, "READ_BYTES", WIDTH)
        read = {number: bytes(row) for number, row in row_files.read_rows(stream, WIDTH, [0, 1, 2])}
    assert read == {0: bytes(WIDTH), 1: b"", 2: bytes(WIDTH)}


def spoil_header(folder: Path) -> None:
    change_byte(folder / "index.bin", 0)


def cut_header(folder: Path) -> None:
    os.truncate(folder / "index.bin", row_files.HEADER.size - 1)


def empty_index(folder: Path) -> None:
    os.truncate(folder / "index.bin", 0)


def drop_index(folder: Path) -> None:
    (folder / "index.bin").unlink()


def drop_rows(folder: Path) -> None:
    (folder / "rows.bin").unlink()


@pytest.mark.parametrize("spoil", [spoil_header, cut_header, empty_index, drop_index, drop_rows])
def test_files_that_are_not_what_they_should_be_are_begun_anew(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    write(tmp_path / "table", 1, 2, 3)
    spoil(tmp_path / "table")
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(1, 2, 3)) == {}
        assert len(table) == 0
        table.add(names_of(4), content(names_of(4)))
        assert found(table, names_of(1, 4)) == expected(4)
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(1, 4)) == expected(4)
    assert (tmp_path / "table" / "rows.bin").stat().st_size == WIDTH


def test_a_table_of_rows_of_another_size_is_begun_anew_by_the_first_that_adds(tmp_path: Path) -> None:
    write(tmp_path / "table", 1, 2)
    with RowTable(tmp_path / "table", WIDTH * 2) as wide:
        assert list(wide.find(names_of(1, 2))) == [-1, -1]
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(1, 2)) == expected(1, 2), "looking at it was enough to lose it"
    write(tmp_path / "table", 1, width=WIDTH * 2)
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(1, 2)) == {}
    with RowTable(tmp_path / "table", WIDTH * 2) as table:
        assert list(table.find(names_of(1, 2))) == [0, -1]


@pytest.mark.parametrize("keep_bytes", [0, 5, WIDTH, WIDTH + 5, 3 * WIDTH - 1])
def test_rows_that_a_power_cut_took_are_written_over(tmp_path: Path, keep_bytes: int) -> None:
    write(tmp_path / "table", 1, 2, 3)
    os.truncate(tmp_path / "table" / "rows.bin", keep_bytes)
    whole = keep_bytes // WIDTH
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(1, 2, 3)) == expected(*range(1, whole + 1))
        table.add(names_of(4), content(names_of(4)))
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(1, 2, 3, 4)) == expected(*range(1, whole + 1), 4)
        assert len(table) == whole + 1, "the header still counts rows that are gone"


def test_rows_that_a_power_cut_took_do_not_count_while_others_take_their_place(tmp_path: Path) -> None:
    write(tmp_path / "table", 1, 2, 3)
    os.truncate(tmp_path / "table" / "rows.bin", WIDTH)
    with RowTable(tmp_path / "table", WIDTH) as table:
        with room_for(8 + WIDTH + row_files.ENTRY.itemsize), pytest.raises(OSError, match="No space left"):
            table.add(names_of(4), content(names_of(4)))
        with RowTable(tmp_path / "table", WIDTH) as reader:
            assert found(reader, names_of(1, 2, 3, 4)) == expected(1)


@pytest.mark.parametrize("cut", [1, row_files.ENTRY.itemsize - 1, row_files.ENTRY.itemsize + 1])
def test_an_index_that_a_power_cut_shortened_counts_as_far_as_it_goes(tmp_path: Path, cut: int) -> None:
    write(tmp_path / "table", 1, 2, 3)
    index = tmp_path / "table" / "index.bin"
    os.truncate(index, index.stat().st_size - cut)
    whole = 3 - (1 if cut < row_files.ENTRY.itemsize else 2)
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(1, 2, 3)) == expected(*range(1, whole + 1))
        table.add(names_of(3), content(names_of(3), salt=1))
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(1, 3)) == expected(1) | expected(3, salt=1)


# A full disk, and what interrupts


def test_a_full_disk_leaves_the_table_as_it_was(tmp_path: Path) -> None:
    new = names_of(3, 4, 5)
    needed = 3 * WIDTH + 3 * row_files.ENTRY.itemsize + 8
    for size in range(needed):
        folder = tmp_path / str(size)
        write(folder, 1, 2)
        before = {path.name: path.stat().st_size for path in folder.iterdir()}
        with RowTable(folder, WIDTH) as table:
            with room_for(size), pytest.raises(OSError, match="No space left"):
                table.add(new, content(new))
            assert (found(table, names_of(1, 2, 3, 4, 5)), len(table)) == (expected(1, 2), 2), size
            with RowTable(folder, WIDTH) as reader:
                assert found(reader, names_of(1, 2, 3, 4, 5)) == expected(1, 2), size
            if size < 3 * WIDTH:
                assert {path.name: path.stat().st_size for path in folder.iterdir()} == before, size
            table.add(new[:2], content(new[:2], salt=1))
            assert found(table, names_of(1, 2, 3, 4, 5)) == expected(1, 2) | expected(3, 4, salt=1), size
        with RowTable(folder, WIDTH) as table:
            assert found(table, names_of(1, 2, 3, 4, 5)) == expected(1, 2) | expected(3, 4, salt=1), size


def test_a_disk_that_is_full_from_the_start_leaves_an_empty_table(tmp_path: Path) -> None:
    for size in range(row_files.HEADER.size + WIDTH + row_files.ENTRY.itemsize + 8):
        with RowTable(tmp_path / str(size), WIDTH) as table:
            with room_for(size), pytest.raises(OSError, match="No space left"):
                table.add(names_of(1), content(names_of(1)))
            assert found(table, names_of(1)) == {}, size
            table.add(names_of(2), content(names_of(2)))
            assert found(table, names_of(1, 2)) == expected(2), size


REAL_LIMIT = """
import resource, sys
from pathlib import Path
import numpy as np
from ftgui.core.rows import RowTable, row_name
width, limit = int(sys.argv[2]), int(sys.argv[3])
table = RowTable(Path(sys.argv[1]), width)
table.add([row_name(1)], np.full((1, width), 1, np.uint8))
names = [row_name(number) for number in range(2, 40)]
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    table.add(names, np.full((38, width), 2, np.uint8))
except OSError as error:
    print(error.errno, table.find([row_name(1), *names]).tolist() == [0] + [-1] * 38, len(table))
table.add(names[:1], np.full((1, width), 3, np.uint8))
table.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of a file")
@pytest.mark.parametrize(("width", "file"), [(100, "rows.bin"), (2, "index.bin")])
def test_a_write_that_the_system_ends_half_way_leaves_the_table_as_it_was(
    tmp_path: Path, width: int, file: str
) -> None:
    """The system's own failure: a file may grow to 500 bytes, which is the middle of one of the two."""
    done = run_python("-c", REAL_LIMIT, str(tmp_path / "table"), str(width), "500")
    assert done.stdout == f"{errno.EFBIG} True 1\n", done.stderr
    with RowTable(tmp_path / "table", width) as table:
        assert table.mapped()[table.find(names_of(1, 2))].tolist() == [[1] * width, [3] * width]
        assert len(table) == 2


def test_an_add_that_is_interrupted_after_the_last_write_has_come_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_count = row_files.write_count

    def interrupted(index: FileIO, count: int) -> None:
        write_count(index, count)
        raise KeyboardInterrupt

    with RowTable(tmp_path / "table", WIDTH) as table:
        table.add(names_of(1), content(names_of(1)))
        with monkeypatch.context() as patch:
            patch.setattr(row_files, "write_count", interrupted)
            with pytest.raises(KeyboardInterrupt):
                table.add(names_of(2), content(names_of(2)))
        with RowTable(tmp_path / "table", WIDTH) as reader:
            mapped = reader.mapped()
            assert list(table.add(names_of(3), content(names_of(3)))) == [2]
            assert np.array_equal(mapped, content(names_of(1, 2))), "written over what a reader has mapped"
        assert found(table, names_of(1, 2, 3)) == expected(1, 2, 3)


class Step(NamedTuple):
    what: str
    numbers: list[int]
    size: int


STEPS = st.lists(
    st.builds(
        Step,
        what=st.sampled_from(["add", "fail", "reopen", "garbage", "change", "other size"]),
        numbers=st.lists(st.integers(0, 9), min_size=1, max_size=5),
        size=st.integers(0, 200),
    ),
    max_size=12,
)


@hypothesis_settings(max_examples=150)
@given(STEPS)
def test_whatever_happens_a_table_says_what_was_last_added_or_nothing(steps: list[Step]) -> None:
    """Against a dictionary. ``change`` damages a byte of a row, which may be one that counts no more."""
    everything = names_of(*range(10))
    known: dict[bytes, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        table = RowTable(Path(folder), WIDTH)
        for salt, step in enumerate(steps):
            names = names_of(*step.numbers)
            if step.what == "add":
                table.add(names, content(names, salt))
                known |= expected(*step.numbers, salt=salt)
            elif step.what == "fail":
                with room_for(min(step.size, len(names) * (WIDTH + 20))), pytest.raises(OSError, match="No"):
                    table.add(names, content(names, salt))
            else:
                table.close()
                files = [Path(folder) / name for name in ("rows.bin", "index.bin")]
                if step.what == "garbage":  # what a crash leaves: bytes that nobody counts
                    for path in files if files[1].exists() else ():
                        with path.open("ab") as stream:
                            stream.write(bytes(range(step.size)))
                elif step.what == "change" and files[0].exists() and len(table) > 0:
                    at = step.size % (len(table) * WIDTH)
                    numbers = table.find(everything)
                    change_byte(files[0], at)
                    damaged = [n for n, row in zip(everything, numbers, strict=True) if row == at // WIDTH]
                    known = {name: row for name, row in known.items() if name not in damaged}
                elif step.what == "other size":
                    with RowTable(Path(folder), WIDTH + 1) as other:
                        other.add(names, content(names, width=WIDTH + 1))
                    known = {}
                table = RowTable(Path(folder), WIDTH)
            assert found(table, everything) == known
        table.close()
        del table


# Several programs


def test_one_program_writes_and_others_read_what_it_wrote(tmp_path: Path) -> None:
    write(tmp_path / "table", 1)
    with another_program(tmp_path / "table") as child:
        assert answer(child) == "True"
        with RowTable(tmp_path / "table", WIDTH) as table:
            assert not table.is_writable
            assert found(table, names_of(1, 7)) == expected(1)
            mapped = table.mapped()
            assert tell(child, "7") == "2"
            assert found(table, names_of(1, 7)) == expected(1), "rows came in unasked"
            table.refresh()
            assert found(table, names_of(1, 7)) == expected(1) | {row_name(7): bytes([7] * WIDTH)}
            assert np.array_equal(mapped, content(names_of(1)))
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert table.is_writable


def test_a_reader_that_came_first_finds_what_is_begun_after_it(tmp_path: Path) -> None:
    with RowTable(tmp_path / "table", WIDTH) as writer, RowTable(tmp_path / "table", WIDTH) as reader:
        assert (writer.is_writable, reader.is_writable) == (True, False)
        writer.add(names_of(1), content(names_of(1)))
        reader.refresh()
        assert found(reader, names_of(1)) == expected(1)


@POSIX
def test_who_reads_a_table_that_is_begun_anew_keeps_the_rows_it_has(tmp_path: Path) -> None:
    write(tmp_path / "table", 1, 2)
    with RowTable(tmp_path / "table", WIDTH) as reader:
        reader.close()
        mapped = reader.mapped()
        write(tmp_path / "table", 3, width=WIDTH + 1)
        reader.refresh()
        assert found(reader, names_of(1, 2)) == expected(1, 2)
        write(tmp_path / "table", 4)
        assert np.array_equal(mapped, content(names_of(1, 2)))
        reader.refresh()
        assert found(reader, names_of(1, 2, 4)) == expected(4)
        assert np.array_equal(mapped, content(names_of(1, 2)))


@POSIX
def test_a_table_that_is_cleared_begins_anew_and_what_was_mapped_stays(tmp_path: Path) -> None:
    write(tmp_path / "table", 1, 2)
    with RowTable(tmp_path / "table", WIDTH) as table:
        table.add(names_of(3), content(names_of(3)))
        mapped = table.mapped()
        table.clear()
        assert len(table) == 0
        assert (tmp_path / "table" / "rows.bin").stat().st_size == 0, "its room is given back at once"
        assert found(table, names_of(1, 2, 3)) == expected()
        table.add(names_of(4), content(names_of(4)))
        assert found(table, names_of(1, 2, 3, 4)) == expected(4)
        assert np.array_equal(mapped, content(names_of(1, 2, 3)))
    with RowTable(tmp_path / "table", WIDTH) as again:
        assert found(again, names_of(1, 2, 3, 4)) == expected(4)


def test_threads_of_one_program_share_a_table(tmp_path: Path) -> None:
    failures: list[object] = []
    with RowTable(tmp_path / "table", WIDTH) as table:

        def add_and_find(first: int) -> None:
            for number in range(first, first + 40):
                if not table.is_writable:
                    failures.append("read-only in another thread")
                    return
                table.add(names_of(number), content(names_of(number)))
                if found(table, names_of(number)) != expected(number):
                    failures.append(number)

        threads = [threading.Thread(target=add_and_find, args=(first,)) for first in (0, 100, 200, 300)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        closer = threading.Thread(target=table.close)
        closer.start()
        closer.join()
        assert not table.is_writable
    everything = [first + number for first in (0, 100, 200, 300) for number in range(40)]
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(*everything)) == expected(*everything)


DIE = """
import os, signal, sys
from pathlib import Path
import numpy as np
from ftgui.core import row_files
from ftgui.core.rows import RowTable, row_name
number_of_write, part = int(sys.argv[2]), float(sys.argv[3])
table = RowTable(Path(sys.argv[1]), 24)
table.add([row_name(1)], np.full((1, 24), 1, np.uint8))
original, writes = row_files.write_at, 0
def write_at(stream, at, content):
    global writes
    writes += 1
    if writes == number_of_write:
        original(stream, at, memoryview(content)[: int(len(content) * part)])
        os.kill(os.getpid(), signal.SIGKILL)
    original(stream, at, content)
row_files.write_at = write_at
table.add([row_name(2), row_name(3)], np.full((2, 24), 2, np.uint8))
"""


@POSIX
@pytest.mark.parametrize(
    ("number_of_write", "part"), [(1, 0.0), (1, 0.6), (1, 1.0), (2, 0.6), (2, 1.0), (3, 0.0), (3, 1.0)]
)
def test_what_a_killed_writer_left_half_written_does_not_count(
    tmp_path: Path, number_of_write: int, part: float
) -> None:
    done = run_python("-c", DIE, str(tmp_path / "table"), str(number_of_write), str(part))
    assert done.returncode == -signal.SIGKILL, done.stderr
    through = (number_of_write, part) == (3, 1.0)
    left = {row_name(number): bytes([2] * 24) for number in (2, 3)} if through else {}
    one = {row_name(1): bytes([1] * 24)}
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert table.is_writable, "the dead writer still holds the table"
        assert found(table, names_of(1, 2, 3)) == one | left
        table.add(names_of(4), content(names_of(4)))
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert found(table, names_of(1, 2, 3, 4)) == one | left | expected(4)


ADD_FOR_EVER = """
import hashlib, sys
from itertools import count
from pathlib import Path
import numpy as np
from ftgui.core.rows import RowTable, row_name
table = RowTable(Path(sys.argv[1]), 5000)
for start in count(0, 3):
    names = [row_name(number) for number in range(start, start + 3)]
    rows = [np.frombuffer(hashlib.shake_128(name + bytes(1)).digest(5000), np.uint8) for name in names]
    table.add(names, np.stack(rows))
    print(start, flush=True)
"""


@POSIX
def test_a_writer_that_is_killed_at_any_moment_leaves_whole_rows(tmp_path: Path) -> None:
    written = 0
    child = subprocess.Popen(
        [sys.executable, "-c", ADD_FOR_EVER, str(tmp_path / "table")], stdout=subprocess.PIPE, text=True
    )
    for _ in range(20):
        written = int(answer(child)) + 3
    child.kill()
    rest, _ = child.communicate(timeout=60)
    written = max([written, *(int(line) + 3 for line in rest.splitlines())])
    with RowTable(tmp_path / "table", 5000) as table:
        names = names_of(*range(written + 6))
        there = found(table, names)
        assert set(there) >= set(names[:written])
        assert there == {name: content([name], width=5000).tobytes() for name in there}
        assert list(table.add(names[-1:], content(names[-1:], width=5000))) == [len(table) - 1]
        assert names[-1] in table


# Folders


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="file"):
        RowTable(tmp_path / "file" / "table", WIDTH)
    with pytest.raises(OSError, match="file"):
        RowTable(tmp_path / "file", WIDTH)


def test_a_folder_that_goes_while_it_is_opened_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``mkdir`` says it: the folder exists, and is no folder a moment later."""
    mkdir, refused = Path.mkdir, []

    def refuse_once(path: Path, **options: bool) -> None:
        if not refused:
            refused.append(path)
            raise FileExistsError(errno.EEXIST, "File exists", str(path))
        mkdir(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse_once)
        table = RowTable(tmp_path / "table", WIDTH)
    with table:
        assert refused == [tmp_path / "table"]
        assert table.is_writable


def test_a_folder_without_a_place_for_the_lock_can_be_read(tmp_path: Path) -> None:
    write(tmp_path / "table", 1)
    (tmp_path / "table" / ".lock").unlink(missing_ok=True)
    (tmp_path / "table" / ".lock").mkdir()  # as good as a folder that cannot be written to, for root as well
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert not table.is_writable
        assert found(table, names_of(1)) == expected(1)


def test_files_that_cannot_be_read_are_an_error_and_leave_the_table_to_others(tmp_path: Path) -> None:
    write(tmp_path / "table", 1)
    (tmp_path / "table" / "rows.bin").rename(tmp_path / "rows.bin")
    (tmp_path / "table" / "rows.bin").mkdir()
    with pytest.raises(OSError, match=r"rows\.bin") as caught:
        RowTable(tmp_path / "table", WIDTH)
    (tmp_path / "table" / "rows.bin").rmdir()
    (tmp_path / "rows.bin").rename(tmp_path / "table" / "rows.bin")
    with RowTable(tmp_path / "table", WIDTH) as table:
        assert table.is_writable, f"what was not opened is still locked: {caught.value}"
        assert found(table, names_of(1)) == expected(1)
