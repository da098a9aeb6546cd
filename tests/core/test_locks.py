"""Locks: one holds it, others are told so, and nothing of it is left."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from filelock import FileLock

from ftgui.core import locks
from ftgui.core.errors import FtguiError
from tests.harness.privileges import folder_for_all, without_privileges
from tests.harness.process import REPOSITORY, run_python

BUSY = FtguiError("It is taken.")
POSIX = pytest.mark.skipif(os.name != "posix", reason="Windows lets nobody delete an open file")


def test_who_comes_second_is_told_what_the_first_does(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with locks.held(path, BUSY):
        assert path.is_file()
        assert locks.is_held(path)
        with pytest.raises(FtguiError, match="taken") as caught:
            locks.HeldLock(path, BUSY)
        assert caught.value is BUSY
        assert path.is_file(), "who was refused takes nothing away"
    assert not locks.is_held(path)
    assert list(tmp_path.iterdir()) == []


def test_another_program_is_told_so_too(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    code = (
        "import sys; from pathlib import Path; from ftgui.core.locks import is_held\n"
        "print(is_held(Path(sys.argv[1])))"
    )
    with locks.held(path, BUSY):
        assert run_python("-c", code, str(path), cwd=REPOSITORY).stdout == "True\n"
    path.write_bytes(b"")
    assert run_python("-c", code, str(path), cwd=REPOSITORY).stdout == "False\n"


def test_what_a_killed_program_left_is_held_by_nobody_and_stays_where_it_is_only_looked_at(
    tmp_path: Path,
) -> None:
    path = tmp_path / ".lock"
    assert not locks.is_held(path)
    assert not path.exists(), "nothing is made by looking"
    path.write_bytes(b"")
    assert not locks.is_held(path)
    assert path.is_file()
    with locks.held(path, BUSY):
        assert locks.is_held(path)
    assert not path.exists()


def test_it_may_be_given_back_by_another_thread_and_twice(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    lock = locks.HeldLock(path, BUSY)
    thread = Thread(target=lock.give_back)
    thread.start()
    thread.join()
    with locks.held(path, BUSY):
        lock.give_back()
        assert locks.is_held(path)


def test_it_is_given_back_whatever_happens_within(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locks.held(tmp_path / ".lock", BUSY):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_the_file_is_taken_away_while_it_is_held_so_that_nobody_holds_one_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, there = tmp_path / ".lock", []
    release = FileLock.release

    def watching(self: Any, *arguments: Any, **more: Any) -> None:
        there.append(path.exists())
        release(self, *arguments, **more)

    lock = locks.HeldLock(path, BUSY)
    monkeypatch.setattr(FileLock, "release", watching)
    lock.give_back()
    assert there[0] is False


@POSIX
def test_where_nobody_may_write_it_cannot_be_held() -> None:
    with folder_for_all() as folder, without_privileges(), pytest.raises(OSError, match="Permission denied"):
        locks.HeldLock(folder / ".lock", BUSY)


@POSIX
def test_one_that_may_not_be_opened_is_another_users() -> None:
    with folder_for_all() as folder:
        (folder / ".lock").write_bytes(b"")
        (folder / ".lock").chmod(0o600)
        with without_privileges():
            assert locks.is_held(folder / ".lock") is (os.geteuid() == 65534)


def test_a_disk_that_knows_no_locks_is_an_error_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_arguments: object, **_more: object) -> None:
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr(FileLock, "acquire", unknown)
    with pytest.raises(OSError, match="locks") as caught:
        locks.HeldLock(tmp_path / ".lock", BUSY)
    assert caught.value.errno == errno.ENOLCK
    (tmp_path / ".lock").write_bytes(b"")
    assert not locks.is_held(tmp_path / ".lock")
