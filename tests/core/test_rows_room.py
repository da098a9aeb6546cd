"""Making room: whole tables go, the least recently used first."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftgui.core import row_files
from ftgui.core.rows import RowTable, make_room
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


def table_at(folder: Path, rows: int, used: int) -> int:
    """Make a table that was used last at ``used`` (seconds); return the bytes it takes."""
    write(folder, *range(rows))
    files = [folder / "rows.bin", folder / "index.bin"]
    for path in files:
        os.utime(path, (used, used))
    return sum(path.stat().st_size for path in files)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_least_recently_used_tables_go_until_the_rest_fits(tmp_path: Path) -> None:
    size = table_at(tmp_path / "b", 3, used=1)
    table_at(tmp_path / "a", 3, used=3)
    table_at(tmp_path / "c", 3, used=2)
    assert make_room(tmp_path, 3 * size) == 0
    assert left_in(tmp_path) == ["a", "b", "c"]
    assert make_room(tmp_path, 3 * size - 1) == size
    assert left_in(tmp_path) == ["a", "c"]
    assert make_room(tmp_path, size) == size
    assert left_in(tmp_path) == ["a"]
    assert make_room(tmp_path, 0) == size
    assert left_in(tmp_path) == []


def test_folders_of_tables_may_share_a_budget(tmp_path: Path) -> None:
    size = table_at(tmp_path / "one" / "old", 3, used=1)
    table_at(tmp_path / "one" / "new", 3, used=3)
    table_at(tmp_path / "two" / "other", 3, used=2)
    folders = (tmp_path / "one", tmp_path / "two", tmp_path / "none")
    assert make_room(folders, 2 * size) == size
    assert (left_in(folders[0]), left_in(folders[1])) == (["new"], ["other"])
    assert make_room(folders, size) == size
    assert (left_in(folders[0]), left_in(folders[1])) == (["new"], [])


def test_opening_a_table_is_using_it(tmp_path: Path) -> None:
    size = table_at(tmp_path / "old", 3, used=1)
    table_at(tmp_path / "new", 3, used=2)
    with RowTable(tmp_path / "old", WIDTH):
        pass
    assert make_room(tmp_path, size) == size
    assert left_in(tmp_path) == ["old"]


def test_reading_a_table_that_another_program_writes_is_using_it_too(tmp_path: Path) -> None:
    size = table_at(tmp_path / "new", 3, used=2)
    with another_program(tmp_path / "old") as child:
        assert answer(child) == "True"
        assert tell(child, "1") == "1"
        for path in (tmp_path / "old" / "rows.bin", tmp_path / "old" / "index.bin"):
            os.utime(path, (1, 1))
        with RowTable(tmp_path / "old", WIDTH) as reader:
            assert not reader.is_writable
    assert make_room(tmp_path, size) == size
    assert left_in(tmp_path) == ["old"]


@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 9), st.booleans()), max_size=6),
    st.integers(0, 1500),
)
def test_what_goes_is_the_oldest_and_no_more_than_it_takes(
    tables: list[tuple[int, int, bool]], budget: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sizes = {
            str(number): table_at(folder / str(number), rows, used=used * 10 + number)
            for number, (rows, used, _) in enumerate(tables)
        }
        keep = [folder / str(number) for number, (_, _, kept) in enumerate(tables) if kept]
        oldest_first = sorted(sizes, key=lambda name: tables[int(name)][1] * 10 + int(name))
        left = sum(sizes.values())
        going = []
        for name in oldest_first:
            if left > budget and folder / name not in keep:
                going.append(name)
                left -= sizes[name]
        assert make_room(folder, budget, keep) == sum(sizes[name] for name in going)
        assert left_in(folder) == sorted(set(sizes) - set(going))


def test_a_table_to_keep_stays_by_whatever_path_it_is_named(tmp_path: Path) -> None:
    size = table_at(tmp_path / "a", 3, used=1)
    table_at(tmp_path / "b", 3, used=2)
    assert make_room(tmp_path, 0, keep=[tmp_path / "b" / ".." / "a"]) == size
    assert left_in(tmp_path) == ["a"]


def test_a_table_that_is_being_written_stays(tmp_path: Path) -> None:
    for name in ("here", "elsewhere", "free"):
        table_at(tmp_path / name, 2, used=1)
    with RowTable(tmp_path / "here", WIDTH) as table, another_program(tmp_path / "elsewhere") as child:
        assert answer(child) == "True"
        assert make_room(tmp_path, 0) > 0
        assert left_in(tmp_path) == ["elsewhere", "here"]
        assert found(table, names_of(0, 1)) == expected(0, 1)
        table.add(names_of(2), content(names_of(2)))
        assert found(table, names_of(0, 1, 2)) == expected(0, 1, 2)
    assert make_room(tmp_path, 0) > 0
    assert left_in(tmp_path) == []


def test_a_table_that_cannot_be_deleted_is_skipped_and_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table_at(tmp_path / "in use", 3, used=1)
    size = table_at(tmp_path / "free", 3, used=2)
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == tmp_path / "in use" / "rows.bin":  # as Windows does where it is mapped
            raise PermissionError(13, "The process cannot access the file", str(path))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    assert make_room(tmp_path, 0) == size
    assert left_in(tmp_path) == ["in use"]
    with RowTable(tmp_path / "in use", WIDTH) as table:
        assert table.is_writable, "it is still locked"
        assert found(table, names_of(0, 1, 2)) == expected(0, 1, 2)


def test_what_else_lies_in_a_tables_folder_goes_with_it(tmp_path: Path) -> None:
    size = table_at(tmp_path / "a", 3, used=1)
    (tmp_path / "a" / "about.json").write_text("{}")
    assert make_room(tmp_path, 0) == size + 2
    assert left_in(tmp_path) == []


def test_folders_that_are_no_tables_stay(tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "index.bin").write_bytes(bytes(100))
    (tmp_path / "holiday" / "rows.bin").write_bytes(bytes(100))
    (tmp_path / "empty").mkdir()
    (tmp_path / "rows.bin").write_bytes(bytes(100))
    assert make_room(tmp_path, 0) == 0
    assert left_in(tmp_path) == ["empty", "holiday", "rows.bin"]
    assert left_in(tmp_path / "holiday") == ["index.bin", "rows.bin"]
    assert make_room(tmp_path / "none", 0) == 0
    assert make_room(tmp_path / "rows.bin", 0) == 0


def test_a_table_that_goes_while_room_is_made_is_as_good_as_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        size = table_at(tmp_path / name, 3, used=1)
    is_table = row_files.is_table

    def look_as_another_deletes(folder: Path) -> bool:
        found = is_table(folder)
        if folder.name == "b":
            shutil.rmtree(folder)
        return found

    monkeypatch.setattr(row_files, "is_table", look_as_another_deletes)
    assert make_room(tmp_path, 0) == 2 * size
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("gone", ["rows.bin", "index.bin"])
def test_half_a_table_goes_too(tmp_path: Path, gone: str) -> None:
    table_at(tmp_path / "a", 3, used=1)
    (tmp_path / "a" / ".lock").touch()
    (tmp_path / "a" / gone).unlink()
    assert make_room(tmp_path, 0) > 0
    assert left_in(tmp_path) == []


@POSIX
def test_who_reads_a_table_that_goes_keeps_its_rows_and_the_next_begins_anew(tmp_path: Path) -> None:
    table_at(tmp_path / "a", 3, used=1)
    with RowTable(tmp_path / "a", WIDTH) as reader:
        reader.close()
        mapped = reader.mapped()
        assert make_room(tmp_path, 0) > 0
        assert found(reader, names_of(0, 1, 2)) == expected(0, 1, 2)
        reader.refresh()
        assert found(reader, names_of(0, 1, 2)) == expected(0, 1, 2)
        with RowTable(tmp_path / "a", WIDTH) as table:
            assert table.is_writable
            assert found(table, names_of(0, 1, 2)) == {}
            table.add(names_of(7), content(names_of(7)))
            assert found(table, names_of(7)) == expected(7)
        assert np.array_equal(mapped, content(names_of(0, 1, 2)))


@POSIX
def test_a_lock_that_goes_with_its_table_is_not_taken_for_the_next_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second program opens the folder at the moment when its files go."""
    table_at(tmp_path / "a", 3, used=1)
    opened: list[RowTable] = []
    unlink = Path.unlink

    def unlink_and_open(path: Path, missing_ok: bool = False) -> None:
        unlink(path, missing_ok)
        if path.name == row_files.LOCK and not opened:
            opened.append(RowTable(tmp_path / "a", WIDTH))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", unlink_and_open)
        make_room(tmp_path, 0)
    with opened[0] as first, RowTable(tmp_path / "a", WIDTH) as second:
        assert (first.is_writable, second.is_writable) == (True, False)
        first.add(names_of(1), content(names_of(1)))
        second.refresh()
        assert found(second, names_of(1)) == expected(1)
