"""What was looked at once is known: by its stamp without opening it, and by its content wherever it lies."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ftgui.core import process
from ftgui.core.hashing import content_name
from ftgui.data import content_index, looking
from ftgui.data.content_index import FILE_NAME, ContentIndex, stamp_of
from ftgui.data.facts import PictureFacts
from ftgui.data.looking import Look, Problem, look_at
from tests.data.drawn_trees import drained, jpeg, write

PATHS = [f"{n}.jpg" for n in range(6)]


class Reader:
    """Counts which files are opened and how many pictures are decoded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[str] = []
        self.decoded = 0
        read, describe = Path.read_bytes, looking.describe_picture

        def read_bytes(path: Path) -> bytes:
            self.opened.append(path.name)
            return read(path)

        def describe_picture(source: Any) -> PictureFacts:
            self.decoded += 1
            return describe(source)

        monkeypatch.setattr(Path, "read_bytes", read_bytes)
        monkeypatch.setattr(looking, "describe_picture", describe_picture)

    def take(self) -> tuple[list[str], int]:
        """Return what was done since the last call."""
        done = sorted(self.opened), self.decoded
        self.opened.clear()
        self.decoded = 0
        return done


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take files that were written just now as written long ago."""
    for name in ("FINE_TICK", "COARSE_TICK"):
        monkeypatch.setattr(content_index, name, -(10**12))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "pictures", {path: jpeg(n) for n, path in enumerate(PATHS)})


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    return Reader(monkeypatch)


Looking = Callable[..., list[Look]]


@pytest.fixture
def look(tmp_path: Path) -> Looking:
    def looks(root: Path, paths: list[str] = PATHS, **options: Any) -> list[Look]:
        with ContentIndex(tmp_path / "cache", options.pop("version", 1)) as index:
            result = drained(look_at(str(root), paths, index, threads=2, **options))
            assert index.trouble == ""
        return result

    return looks


def test_the_first_look_opens_and_decodes_each_file_once(root: Path, look: Looking, reader: Reader) -> None:
    looks = look(root)
    assert reader.take() == (PATHS, 6)
    assert [each.content for each in looks] == [content_name(root / path) for path in PATHS]
    assert {type(each.found) for each in looks} == {PictureFacts}


def test_the_second_look_opens_nothing_and_says_the_same(root: Path, look: Looking, reader: Reader) -> None:
    first = look(root)
    reader.take()
    assert look(root) == first
    assert reader.take() == ([], 0)


def test_a_changed_file_alone_is_looked_at_again(root: Path, look: Looking, reader: Reader) -> None:
    first = look(root)
    (root / "3.jpg").write_bytes(b"")
    reader.take()
    second = look(root)
    assert reader.take() == (["3.jpg"], 1)
    assert second[3].found == Problem("empty_file", second[3].found.message)  # type: ignore[union-attr]
    assert [a == b for a, b in zip(first, second, strict=True)] == [n != 3 for n in range(6)]


def test_other_bytes_of_the_same_size_and_time_are_noticed(root: Path, look: Looking) -> None:
    """A program that sets the time back cannot set back the time of that."""
    first = look(root)
    path = root / "2.jpg"
    status, content = path.stat(), bytearray(path.read_bytes())
    content[-30] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    assert look(root)[2].content != first[2].content


def test_a_copied_folder_is_read_for_its_contents_and_not_decoded(
    root: Path, look: Looking, reader: Reader, tmp_path: Path
) -> None:
    first = look(root)
    shutil.copytree(root, tmp_path / "elsewhere")
    reader.take()
    assert look(tmp_path / "elsewhere") == first
    assert reader.take() == (PATHS, 0)


def test_what_another_decoder_found_out_is_found_out_again(root: Path, look: Looking, reader: Reader) -> None:
    look(root, version=1)
    reader.take()
    look(root, version=2)
    assert reader.take() == (PATHS, 6)


def test_contents_alone_decode_nothing_and_serve_a_whole_look(
    root: Path, look: Looking, reader: Reader
) -> None:
    contents = [each.content for each in look(root, contents_only=True)]
    assert reader.take() == (PATHS, 0)
    assert [each.content for each in look(root)] == contents
    assert reader.take() == (PATHS, 6)
    assert [each.content for each in look(root, contents_only=True)] == contents
    assert reader.take() == ([], 0)


def test_a_look_that_is_stopped_is_gone_on_with(
    root: Path, look: Looking, reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "AT_ONCE", 1)
    with ContentIndex(tmp_path / "cache", 1) as index:
        work = look_at(str(root), PATHS, index, threads=1)
        while next(work)[0] < 3:
            pass
        work.close()
    done = len(set(reader.take()[0]))
    assert 3 <= done < 6
    look(root)
    assert len(reader.take()[0]) <= 6 - 3


def test_progress_goes_up_to_the_end(root: Path, tmp_path: Path) -> None:
    with ContentIndex(tmp_path / "cache", 1) as index:
        steps = list(look_at(str(root), PATHS, index))
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1] == (6, 6)


def test_a_file_that_was_written_a_moment_ago_is_looked_at_again(
    root: Path, look: Looking, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be written once more before the clock of its file system ticks."""
    monkeypatch.setattr(content_index, "FINE_TICK", 10**12)
    look(root)
    reader.take()
    look(root)
    assert reader.take() == (PATHS, 0), "what its content is stays known"


@pytest.mark.parametrize(("mtime", "tick"), [(5 * 10**9, "COARSE_TICK"), (5 * 10**9 + 1, "FINE_TICK")])
def test_a_clock_of_whole_seconds_is_given_more_time(
    mtime: int, tick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_index, "FINE_TICK", 10)
    monkeypatch.setattr(content_index, "COARSE_TICK", 1000)
    wait = getattr(content_index, tick)
    stamp = (0, mtime, 0, 0)
    assert not content_index.is_settled(stamp, mtime + wait)
    assert content_index.is_settled(stamp, mtime + wait + 1)
    assert not content_index.is_settled((0, 1, mtime, 0), mtime)


# Many files: in other processes.


@pytest.fixture
def helpers() -> Iterator[None]:
    """Let other processes help."""
    process.helpers_allowed.set()
    yield
    process.helpers_allowed.clear()


def test_a_program_that_is_not_ftgui_itself_is_not_started_again(
    root: Path, look: Looking, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    process.helpers_allowed.clear()  # a test of the command line may have set it
    monkeypatch.setattr(looking, "MANY", 1)
    look(root)
    assert reader.take() == (PATHS, 6), "this process did it all"


@pytest.mark.usefixtures("helpers")
def test_other_processes_say_the_same_and_know_what_is_known(
    root: Path, look: Looking, reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (root / "1.jpg").write_bytes(jpeg(1)[:-300])
    here = look(root)
    monkeypatch.setattr(looking, "MANY", 1)
    monkeypatch.setattr(looking, "AT_ONCE", 2)
    shutil.copytree(root, tmp_path / "copy")
    reader.take()
    assert look(tmp_path / "copy") == here
    assert look(root, version=2) == here
    assert reader.take() == ([], 0), "this process opened nothing"
    assert look(root, version=2) == here


@pytest.mark.usefixtures("helpers")
def test_where_another_process_dies_the_rest_is_looked_at_here(
    root: Path, look: Looking, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "MANY", 1)
    monkeypatch.setattr(looking, "_begin", die_at_once)
    looks = look(root)
    assert reader.take() == (PATHS, 6)
    assert all(isinstance(each.found, PictureFacts) for each in looks)


def die_at_once(*_given: object) -> None:
    os._exit(1)


# The index itself.


def test_a_damaged_index_begins_anew(root: Path, look: Looking, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / FILE_NAME).write_bytes(b"this is no database" * 100)
    first = look(root)
    assert look(root) == first


def test_an_index_damaged_within_is_done_without_and_then_begins_anew(
    root: Path, look: Looking, tmp_path: Path
) -> None:
    first = look(root)
    path = tmp_path / "cache" / FILE_NAME
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with ContentIndex(tmp_path / "cache", 1) as index:
        assert drained(look_at(str(root), PATHS, index)) == first
        assert index.trouble
    assert look(root) == first


def test_where_no_index_can_be_kept_everything_is_looked_at(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with ContentIndex(tmp_path / "file" / "cache", 1) as index:
        assert len(drained(look_at(str(root), PATHS, index))) == 6
        assert index.trouble


def test_an_index_of_another_layout_begins_anew(root: Path, look: Looking, tmp_path: Path) -> None:
    look(root)
    connection = sqlite3.connect(tmp_path / "cache" / FILE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.execute("DROP TABLE facts")
    connection.commit()
    connection.close()
    assert len(look(root)) == 6


def test_several_may_use_one_index_at_a_time(root: Path, tmp_path: Path) -> None:
    def looks(_number: int) -> list[Look]:
        with ContentIndex(tmp_path / "cache", 1) as index:
            return drained(look_at(str(root), PATHS, index, threads=1))

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(looks, range(8)))
    assert all(result == results[0] for result in results)


def test_the_folders_not_looked_at_for_longest_are_forgotten(
    root: Path, look: Looking, tmp_path: Path
) -> None:
    for name in ("first", "second", "third"):
        shutil.copytree(root, tmp_path / name)
        look(tmp_path / name)
    look(tmp_path / "first")
    with ContentIndex(tmp_path / "cache", 1) as index:
        stamp = ("0.jpg", *stamp_of(root / "0.jpg"), bytes(16), None)
        index.remember(str(tmp_path / "first"), [stamp])
        index.make_room(most=12)
        assert not index.files(str(tmp_path / "second"))
        assert index.files(str(tmp_path / "first"))
        assert index.files(str(tmp_path / "third"))
