"""Files that are whole or not there, and folders that are never written over."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from ftgui.core import files
from ftgui.core.errors import FtguiError


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    with files.atomic_writer(tmp_path / "a.bin") as stream:
        stream.write(b"all of it")
    assert (tmp_path / "a.bin").read_bytes() == b"all of it"
    assert names_in(tmp_path) == ["a.bin"]


def test_a_failure_in_the_middle_leaves_the_old_file_whole_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with suppress(OSError), files.atomic_writer(path) as stream:
        stream.write(b"half of the n")
        raise OSError("disk full")
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["a.bin"]


def test_a_keyboard_interrupt_in_the_middle_leaves_nothing_either(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), files.atomic_writer(tmp_path / "a.bin"):
        raise KeyboardInterrupt
    assert names_in(tmp_path) == []


def test_the_old_file_is_there_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    with files.atomic_writer(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_the_bytes_are_on_the_disk_before_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("fsync"), fsync(handle)))
    monkeypatch.setattr(os, "replace", lambda *paths: (order.append("replace"), replace(*paths)))
    files.write_text(tmp_path / "a.txt", "x")
    assert order == ["fsync", "replace"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_others_may_read_what_was_written(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a.txt", "x")
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o644


def test_text_is_utf_8_with_plain_newlines_everywhere(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a.txt", "ä\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa4\nb\n"


def test_a_new_folder_is_made_with_its_parents_and_is_empty(tmp_path: Path) -> None:
    folder = files.new_folder(tmp_path / "a" / "b", "the run")
    assert folder.is_dir()
    assert names_in(folder) == []


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    assert files.new_folder(tmp_path, "the run") == tmp_path


def test_a_folder_that_holds_anything_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("mine")
    with pytest.raises(FtguiError, match="never writes over it") as caught:
        files.new_folder(tmp_path, "the run")
    assert caught.value.hint
    assert names_in(tmp_path) == [".hidden"]


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(FtguiError, match="is a file"):
        files.new_folder(tmp_path / "a", "the run")
    assert (tmp_path / "a").read_text() == "mine"


def test_a_folder_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(FtguiError, match=r"^The run cannot be written to “.*a/b”: ") as caught:
        files.new_folder(tmp_path / "a" / "b", "the run")
    assert caught.value.hint


def test_a_folder_that_cannot_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**arguments: object) -> tuple[int, str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.tempfile, "mkstemp", refuse)
    with pytest.raises(FtguiError, match="Permission denied"):
        files.new_folder(tmp_path / "run", "the run")


def test_a_name_that_is_taken_is_counted_on(tmp_path: Path) -> None:
    found = []
    for _ in range(3):
        found.append(files.unused_path(tmp_path, "freeze"))
        found[-1].mkdir()
    assert [path.name for path in found] == ["freeze", "freeze-2", "freeze-3"]
