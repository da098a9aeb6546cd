"""How this process treats its threads and its memory; decided once, before torch is loaded."""

from __future__ import annotations

import ctypes
import importlib.util
import mmap
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Of glibc's ``mallopt``, from malloc.h."""

MALLOC_INFO = (
    *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
    *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
)
"""The fields of ``mallinfo2``: ``arena`` is what the system gave, ``fordblks`` what of that is free."""

FREE_BLOCKS = (2**25, 2**22, 2**20)
"""Bytes of the blocks in which free memory is taken to be emptied."""

SPINS = "10000"
"""A fraction of a millisecond, of libgomp, which torch brings on Linux; elsewhere the policy alone counts."""

TORCH_LIBRARIES = ("lib/libc10.*", "lib/libtorch_cpu.*", "lib/libtorch_cuda.*")
"""The large ones. Not ``libtorch_python``, which may run Python when it is loaded."""


helpers_allowed = Event()
"""Set by the program's own entry points: work may be given to other processes of it.

Python starts those by importing the main module once more, and a script that is not made for it would run
a second time.
"""


def settle_process() -> None:
    """Make this process a good place for training. Call it first of all."""
    load_c10_before_qt()
    load_torch_beside_others()
    wait_briefly()
    keep_freed_memory()


def load_c10_before_qt() -> None:
    """On Windows, have torch's ``c10.dll`` loaded before Qt's libraries; torch itself comes later.

    The other way round its initialisation fails (WinError 1114), as others report. Not tried by us.
    """
    torch = importlib.util.find_spec("torch") if sys.platform == "win32" else None
    if torch is not None and torch.origin is not None:
        with suppress(OSError):  # torch says more of it when it is loaded
            ctypes.CDLL(str(Path(torch.origin).parent / "lib" / "c10.dll"))


def load_torch_beside_others() -> None:
    """Have torch's libraries, once torch is imported, loaded while other threads run.

    An import that loads a library keeps every other thread from running Python until it is there: the window
    stood still for half a second. A call of the system's own loader does not; the import that follows finds
    the libraries loaded. On Windows torch calls that loader itself.
    """
    if sys.platform != "win32" and not any(isinstance(each, _LibrariesFirst) for each in sys.meta_path):
        sys.meta_path.insert(0, _LibrariesFirst())


class _LibrariesFirst:
    """Finds no module: it is asked for each, and so it knows which of torch's is next."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> None:  # noqa: ARG002
        for folder in map(Path, path or ()) if name in ("torch.version", "torch._C") else ():
            if name == "torch._C":
                _load_without_waiting(*(file for each in TORCH_LIBRARIES for file in folder.glob(each)))
            elif any(folder.glob("lib/libtorch_cuda.*")):  # loads this by itself, long before the others
                _load_without_waiting(*folder.parent.glob("nvidia/*/lib/libcublasLt.so.*"))


def _load_without_waiting(*files: Path) -> None:
    load = ctypes.CDLL(None).dlopen
    for file in files:
        load(os.fsencode(file), os.RTLD_NOW)  # one that fails does so again in the import, in words


def wait_briefly() -> None:
    """Have OpenMP's threads sleep soon where they wait. Only before torch is loaded does it matter.

    By default they spin on for milliseconds, burning the cores that they wait on: beside a window, or any
    other program, each waits for the other's time slice. With two busy programs beside it a training step of
    MobileNet V2 on two cores took two and a half times as long as with threads that sleep. Those that sleep
    at once, though, have to be woken for every layer: the same step, alone, took a tenth longer than after a
    short spin, which beside others gained a tenth in training and cost an eighth in a forward pass.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)  # it counts for more than the policy


def keep_freed_memory() -> None:
    """Have glibc keep large freed blocks for the next batch instead of giving each back to the system.

    A training step frees and takes gigabytes of activations. Each time they come back from the system they
    are zeroed page by page: more than half of a step's time, measured with MobileNet V2 on two cores. One
    arena for all threads, since those of other threads cannot hold blocks of this size.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        for option, value in ((M_ARENA_MAX, 1), (M_TRIM_THRESHOLD, 2**31 - 1), (M_MMAP_THRESHOLD, 2**30)):
            mallopt(option, value)


def give_freed_memory_back() -> None:
    """Return to the system what is kept and not needed, as after a run."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if libc is None or not hasattr(libc, "malloc_trim"):
        return
    if hasattr(libc, "mallinfo2"):
        _empty_free_blocks(libc)
    libc.malloc_trim(0)


class _MallocInfo(ctypes.Structure):
    """glibc's ``struct mallinfo2``."""

    _fields_ = [(name, ctypes.c_size_t) for name in MALLOC_INFO]


def _empty_free_blocks(libc: ctypes.CDLL) -> None:
    """Return the pages of free blocks to the system, while nobody waits.

    ``malloc_trim`` would do it with one lock held for all, 60 ms for each gigabyte: a window stands still
    meanwhile, since it can get no memory. So the free blocks are taken, emptied as anyone may empty what is
    theirs, and freed again; then there is nothing left that takes time.
    """
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
    libc.free.argtypes, libc.mallinfo2.restype = (ctypes.c_void_p,), _MallocInfo
    taken: list[int] = []
    for size in FREE_BLOCKS:
        before = libc.mallinfo2()
        for _ in range(before.fordblks // size):
            block = libc.malloc(size)
            if block is None:
                break
            taken.append(block)
            if libc.mallinfo2().arena > before.arena:
                break  # no free block was as large: this one is new
            _empty(libc, block, size)
    for block in taken:
        libc.free(block)


def _empty(libc: ctypes.CDLL, start: int, size: int) -> None:
    page = mmap.PAGESIZE
    first, last = -(-start // page) * page, (start + size) // page * page
    libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), mmap.MADV_DONTNEED)
