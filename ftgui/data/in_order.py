"""Work on several threads whose results come in the order of what was asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


def in_order(
    function: Callable[[S], T], items: Iterable[S], ahead: int, threads: int, name: str
) -> Generator[T, None, None]:
    """Yield ``function`` of each item in their order, computed on threads at most ``ahead`` items early.

    ``map`` of a pool would run to the end while nobody asks for more. Closing the generator ends the threads.
    """
    return from_pool(ThreadPoolExecutor(threads, name), function, items, ahead)


def from_pool(
    pool: Executor, function: Callable[[S], T], items: Iterable[S], ahead: int
) -> Generator[T, None, None]:
    """Do as ``in_order`` does, in a pool of any kind, which ends with the generator."""
    waiting: deque[Future[T]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
