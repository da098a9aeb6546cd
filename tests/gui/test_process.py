"""What this process does so that its window never stands still: for memory, and for torch's libraries."""

from __future__ import annotations

import ctypes
import os
import sys

import pytest

from ftgui.core import process
from tests.harness.process import run_python

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="there is nothing to do elsewhere")

FREE_AND_LOOK = """
import ctypes, random, threading
import psutil
from ftgui.core import process

process.keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
libc.free.argtypes = (ctypes.c_void_p,)
chance, blocks = random.Random(0), []
while sum(size for size, _, _ in blocks) < 300e6:
    size = chance.choice((700, 5_000, 300_000, 3_000_000, 40_000_000))
    block, fill = libc.malloc(size), chance.randrange(1, 256)
    ctypes.memset(block, fill, size)
    blocks.append((size, block, fill))
kept = [each for each in blocks if each[0] < 1_000_000]
for size, block, _ in blocks:
    if size > 1_000_000:
        libc.free(block)
before = psutil.Process().memory_info().rss
# Others take and give back memory meanwhile.
stop, spoilt = threading.Event(), []
def others():
    while not stop.is_set():
        block = libc.malloc(2_000_000)
        ctypes.memset(block, 7, 2_000_000)
        if ctypes.string_at(block, 2_000_000) != bytes([7]) * 2_000_000:
            spoilt.append(block)
        libc.free(block)
threads = [threading.Thread(target=others) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(20):
    process.give_freed_memory_back()
stop.set()
for thread in threads:
    thread.join()
process.give_freed_memory_back()
after = psutil.Process().memory_info().rss
assert not spoilt
assert all(ctypes.string_at(block, size) == bytes([fill]) * size for size, block, fill in kept)
print(len(kept), before - after)
"""


@LINUX
def test_freed_memory_goes_back_and_what_is_in_use_is_left_alone() -> None:
    done = run_python("-c", FREE_AND_LOOK)
    assert (done.returncode, done.stderr) == (0, "")
    kept, given = map(int, done.stdout.split())
    assert kept > 5
    assert given > 200e6


WHO_WAITS = """
import ctypes
from ftgui.core import process

process.keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
libc.free.argtypes = (ctypes.c_void_p,)
blocks = [libc.malloc(20_000_000) for _ in range(10)]
for block in blocks:
    ctypes.memset(block, 1, 20_000_000)
for block in blocks:
    libc.free(block)
resident = lambda: int(open("/proc/self/statm").read().split()[1]) * 4096
before = resident()
process._empty_free_blocks(libc)
print(before - resident())
"""


@LINUX
def test_memory_is_emptied_before_the_lock_is_taken_under_which_nobody_gets_any() -> None:
    done = run_python("-c", WHO_WAITS)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 150e6


def test_settling_twice_has_torch_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [])
    process.load_torch_beside_others()
    process.load_torch_beside_others()
    assert len(sys.meta_path) == (0 if sys.platform == "win32" else 1)


@LINUX
def test_libraries_that_are_not_there_keep_nothing_from_being_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr(sys, "meta_path", [])
    process.load_torch_beside_others()
    (finder,) = sys.meta_path
    assert finder.find_spec("torch._C", [str(tmp_path), "nowhere"]) is None
    assert finder.find_spec("torch._C", None) is None
    assert ctypes.CDLL(None) is not None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": process.SPINS}),
        ({"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "7"}),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, {"OMP_WAIT_POLICY": "ACTIVE"}),
    ],
)
def test_threads_that_wait_spin_a_moment_and_then_sleep_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, before: dict[str, str], after: dict[str, str]
) -> None:
    environment = dict(before)
    monkeypatch.setattr(os, "environ", environment)
    process.wait_briefly()
    assert environment == after
