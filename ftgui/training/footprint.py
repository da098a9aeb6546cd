"""How much memory a piece of work needs at once, followed tensor by tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def peak_bytes(work: Callable[[], object]) -> int:
    """Do ``work`` and return the most bytes that tensors made by it took at one moment, on any device.

    What was there before counts nothing, and neither does what an operation takes for itself while it runs.
    """
    alive = _Alive()
    with alive:
        kept = work()
    del kept
    return alive.peak


class _Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Knows of each storage that came up whether it is still held."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._made: dict[int, tuple[StorageWeakRef, int]] = {}
        self._given: dict[int, StorageWeakRef] = {}

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        for storage in _storages((args, kwargs)):
            if storage._cdata not in self._made:
                self._given.setdefault(storage._cdata, _weak(storage))
        result = function(*args, **kwargs)
        for storage in _storages(result):
            if storage._cdata not in self._given:
                self._made.setdefault(storage._cdata, (_weak(storage), storage.nbytes()))
        self._count()
        return result

    def _count(self) -> None:
        for gone in [key for key, (held, _) in self._made.items() if _is_gone(held)]:
            del self._made[gone]
        self.peak = max(self.peak, sum(size for _, size in self._made.values()))


def _weak(storage: torch.UntypedStorage) -> StorageWeakRef:
    return StorageWeakRef(storage)  # type: ignore[no-untyped-call]


def _is_gone(held: StorageWeakRef) -> bool:
    return bool(held.expired())  # type: ignore[no-untyped-call]


def _storages(tree: Any) -> list[torch.UntypedStorage]:
    return [leaf.untyped_storage() for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]
