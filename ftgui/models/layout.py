"""How entries lie in a file: under which wrapper, with which prefix, by which old names."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import torch

Entries = dict[str, torch.Tensor]

RESUMING = "moving"
"""Where ftgui's own checkpoint keeps the entries that had learned."""
_WRAPPERS = (
    "state_dict", "model_state_dict", "model", "net", "network", "module", "weights", "params", "ema",
    "model_ema", "state_dict_ema", "ema_state_dict", "params_ema", "backbone", "encoder", RESUMING,
)  # fmt: skip
_NO_WRAPPERS = re.compile(
    r"^opt$|optim|sched|scaler|rng|callback|loop|momentum|moments|exp_avg|loss|decay", re.IGNORECASE
)
"""What a checkpoint keeps beside its weights, tensors in it or not."""
_DEEPEST = 5
_PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.", "encoder.")
_LEAST_SHARE, _MOST_TRIES = 0.2, 12
_MUCH_SMALLER, _MOST_MAPPINGS = 0.2, 8

_OLD_NAMES = (
    # DenseNets before torchvision 0.3, and still so in its published files.
    (re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.\w+)$"), r"\1\2"),
    # Vision transformers before torchvision 0.13, likewise.
    (re.compile(r"^(.*\.mlp)\.linear_1\.(\w+)$"), r"\1.0.\2"),
    (re.compile(r"^(.*\.mlp)\.linear_2\.(\w+)$"), r"\1.3.\2"),
)


class Found(NamedTuple):
    """A network's entries, and how they lay in the file."""

    entries: Entries
    wrappers: tuple[str, ...] = ()
    """The keys under which they were, from the outside in."""
    prefix: str = ""
    """What stood before their names."""
    left_out: tuple[str, ...] = ()
    """Names of what lies beside them: another head, a queue, a loss."""
    renamed: int = 0
    """How many had names of an older torchvision."""


def find_network(content: object, is_network: Callable[[Entries], bool]) -> Found:
    """Return the entries inside what a file holds, by the names that their network gives them.

    Where more than one mapping holds tensors, it is the first that is a whole network, those under the names
    that people use going first; else the likeliest. The entries are empty where there are none.
    """
    candidates = _mappings_with_tensors(content)
    for wrappers, entries in candidates:
        found = _without_prefixes(wrappers, entries, is_network)
        if found is not None:
            return found
    if not candidates:
        return Found({})
    wrappers, entries = candidates[0]
    todays, renamed = rename_old(entries)
    stripped, prefix = _strip_shared(todays)
    return Found(stripped, wrappers, prefix, renamed=renamed)


_Candidate = tuple[tuple[str, ...], Entries]


def _mappings_with_tensors(content: object) -> list[_Candidate]:
    """Return the mappings that hold tensors with names, the likeliest first, and none much smaller."""
    found: list[_Candidate] = []
    open_: deque[tuple[tuple[str, ...], object]] = deque([((), content)])
    seen = set()
    while open_:
        path, inner = open_.popleft()
        if not isinstance(inner, Mapping) or id(inner) in seen or len(path) > _DEEPEST:
            continue
        seen.add(id(inner))
        if entries := _tensors_in(inner):
            found.append((path, entries))
        open_ += [((*path, key), value) for key, value in inner.items() if isinstance(key, str)]
    most = max((len(entries) for _, entries in found), default=0)
    large = [one for one in found if len(one[1]) >= _MUCH_SMALLER * most]
    return sorted(large, key=lambda one: _rank(one[0]))[:_MOST_MAPPINGS]


def _rank(path: tuple[str, ...]) -> tuple[bool, int]:
    """Return what sorts the names that people use first, in their order, and what is no network last."""
    places = [_WRAPPERS.index(name) if name in _WRAPPERS else len(_WRAPPERS) for name in path]
    return any(map(_NO_WRAPPERS.search, path)), max(places, default=-1)


def _tensors_in(content: object) -> Entries:
    if not isinstance(content, Mapping):
        return {}
    return {
        key: torch.Tensor.detach(value)  # a file may give a parameter attributes of any name
        for key, value in content.items()
        if isinstance(key, str) and isinstance(value, torch.Tensor)
    }


def _without_prefixes(
    wrappers: tuple[str, ...], entries: Entries, is_network: Callable[[Entries], bool]
) -> Found | None:
    """Return what of these entries is a whole network, less what other modules put before its names."""
    entries, renamed = rename_old(entries)
    tries = 0
    open_ = deque([("", entries)])
    while open_ and tries < _MOST_TRIES:
        prefix, own = open_.popleft()
        tries += 1
        if is_network(own):
            inside = {prefix + key for key in own}
            left_out = tuple(key for key in entries if key not in inside)
            return Found(own, wrappers, prefix, left_out, renamed)
        for part in _commonest_parts(own, len(entries)):
            inner = {key.removeprefix(part): t for key, t in own.items() if key.startswith(part)}
            open_.append((prefix + part, inner))
    return None


def _commonest_parts(keys: Iterable[str], of: int) -> list[str]:
    """Return the first parts of names, dot included, that a good share of all ``of`` entries has."""
    firsts = Counter(first + "." for first, dot, _ in (key.partition(".") for key in keys) if dot)
    return [part for part, count in firsts.most_common(3) if count >= _LEAST_SHARE * of]


def _strip_shared(entries: Entries) -> tuple[Entries, str]:
    """Return entries without the prefixes that all share and that are no part of a network's own names."""
    stripped = ""
    while entries and (prefix := next((p for p in _PREFIXES if all(k.startswith(p) for k in entries)), None)):
        entries = {key.removeprefix(prefix): tensor for key, tensor in entries.items()}
        stripped += prefix
    return entries, stripped


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
