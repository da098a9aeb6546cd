"""How entries lie in a file: under which wrapper, with which prefix, by which old names."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import torch

Entries = dict[str, torch.Tensor]

RESUMING = "moving"
"""Where ftgui's own checkpoint keeps the entries that had learned."""
_WRAPPERS = (
    "state_dict", "model_state_dict", "model", "net", "network", "module", "weights", "params", "ema",
    "model_ema", "state_dict_ema", "ema_state_dict", "params_ema", "backbone", "encoder", RESUMING,
)  # fmt: skip
_NO_WRAPPERS = re.compile(r"optim|sched|scaler|rng|callback|loop|momentum|moments", re.IGNORECASE)
"""What a checkpoint keeps beside its weights, tensors in it or not."""
_DEEPEST = 5
_PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.", "encoder.")
_LEAST_SHARE, _MOST_TRIES = 0.2, 12

_OLD_NAMES = (
    # DenseNets before torchvision 0.3, and still so in its published files.
    (re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.\w+)$"), r"\1\2"),
    # Vision transformers before torchvision 0.13, likewise.
    (re.compile(r"^(.*\.mlp)\.linear_1\.(\w+)$"), r"\1.0.\2"),
    (re.compile(r"^(.*\.mlp)\.linear_2\.(\w+)$"), r"\1.3.\2"),
)


def unwrap(content: object) -> tuple[Entries, str]:
    """Return the entries inside what a file holds, and in words where they were found.

    By the names that people use; where there is none of these, the mapping with most tensors in it. The
    entries are empty where there are none.
    """
    wrappers: list[str] = []
    while len(wrappers) < _DEEPEST and isinstance(content, Mapping):
        wrapper = _wrapper_in(content, _DEEPEST)
        if wrapper is None:
            break
        wrappers.append(wrapper)
        content = content[wrapper]
    entries = _tensors_in(content)
    return entries, "state_dict" + (f" under '{'.'.join(wrappers)}'" if wrappers else "")


def _wrapper_in(content: Mapping[Any, Any], depth: int) -> str | None:
    """Return the first known wrapper that holds tensors, however deep; else another that does."""
    known = (name for name in _WRAPPERS if _count(content.get(name), depth))
    return next(known, None) or (None if _tensors_in(content) else _fullest(content, depth))


def _fullest(content: Mapping[Any, Any], depth: int) -> str | None:
    others = [key for key in content if isinstance(key, str) and not _NO_WRAPPERS.search(key)]
    best = max(others, key=lambda name: _count(content[name], depth), default=None)
    return best if best is not None and _count(content[best], depth) else None


def _count(content: object, depth: int) -> int:
    """Return how many tensors with names a mapping holds, where it holds some, or one in it does."""
    if not isinstance(content, Mapping) or not depth:
        return 0
    own = len(_tensors_in(content))
    return own or max((_count(value, depth - 1) for value in content.values()), default=0)


def _tensors_in(content: object) -> Entries:
    if not isinstance(content, Mapping):
        return {}
    return {
        key: value.detach()
        for key, value in content.items()
        if isinstance(key, str) and isinstance(value, torch.Tensor)
    }


class Stripped(NamedTuple):
    """Entries by the names that their network gives them."""

    entries: Entries
    prefix: str
    """What stood before them."""
    left_out: tuple[str, ...] = ()
    """Names in the file of what lies beside them: another head, a queue, a loss."""


def strip_prefixes(entries: Entries, is_network: Callable[[Entries], bool]) -> Stripped:
    """Return the entries without what other modules around their network put before their names.

    Where some of them are a whole network, it is these; else the prefixes are gone that all share and that
    are known to be no part of a network's own names.
    """
    tries = 0
    open_ = deque([("", entries)])
    while open_ and tries < _MOST_TRIES:
        prefix, own = open_.popleft()
        tries += 1
        if is_network(own):
            inside = {prefix + key for key in own}
            return Stripped(own, prefix, tuple(key for key in entries if key not in inside))
        for part in _commonest_parts(own, len(entries)):
            open_.append(
                (prefix + part, {k.removeprefix(part): t for k, t in own.items() if k.startswith(part)})
            )
    return _strip_shared(entries)


def _commonest_parts(keys: Iterable[str], of: int) -> list[str]:
    """Return the first parts of names, dot included, that a good share of all ``of`` entries has."""
    firsts = Counter(first + "." for first, dot, _ in (key.partition(".") for key in keys) if dot)
    return [part for part, count in firsts.most_common(3) if count >= _LEAST_SHARE * of]


def _strip_shared(entries: Entries) -> Stripped:
    stripped = ""
    while entries and (prefix := next((p for p in _PREFIXES if all(k.startswith(p) for k in entries)), None)):
        entries = {key.removeprefix(prefix): tensor for key, tensor in entries.items()}
        stripped += prefix
    return Stripped(entries, stripped)


def rename_old(entries: Entries) -> tuple[Entries, int]:
    """Return the entries by today's names, and how many had old ones.

    torchvision renames these itself while it loads, by a version number in ``_metadata`` that safetensors
    and many a saved copy lack; the names alone tell as well.
    """
    renamed = {_todays_name(key): tensor for key, tensor in entries.items()}
    return renamed, len(renamed.keys() - entries.keys())


def _todays_name(key: str) -> str:
    for pattern, replacement in _OLD_NAMES:
        key = pattern.sub(replacement, key)
    return key
