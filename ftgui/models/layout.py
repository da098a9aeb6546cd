"""How entries lie in a file: under which wrapper, with which prefix, by which old names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch

Entries = dict[str, torch.Tensor]

_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "ema", "model_ema", "state_dict_ema")
_PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.", "encoder.")

_OLD_NAMES = (
    # DenseNets before torchvision 0.3, and still so in its published files.
    (re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.\w+)$"), r"\1\2"),
    # Vision transformers before torchvision 0.13, likewise.
    (re.compile(r"^(.*\.mlp)\.linear_1\.(\w+)$"), r"\1.0.\2"),
    (re.compile(r"^(.*\.mlp)\.linear_2\.(\w+)$"), r"\1.3.\2"),
)


def unwrap(content: object) -> tuple[Entries, str]:
    """Return the entries inside what a file holds, and in words where they were found.

    The entries are empty where there are none.
    """
    wrappers: list[str] = []
    while isinstance(content, Mapping) and (wrapper := _wrapper_in(content)) is not None:
        wrappers.append(wrapper)
        content = content[wrapper]
    entries = _tensors_in(content)
    return entries, "state_dict" + (f" under '{'.'.join(wrappers)}'" if wrappers else "")


def _wrapper_in(content: Mapping[Any, Any]) -> str | None:
    """Return the first known wrapper that holds tensors, however deep."""
    return next((name for name in _WRAPPERS if _holds_tensors(content.get(name))), None)


def _holds_tensors(content: object) -> bool:
    if not isinstance(content, Mapping):
        return False
    return bool(_tensors_in(content)) or _wrapper_in(content) is not None


def _tensors_in(content: object) -> Entries:
    if not isinstance(content, Mapping):
        return {}
    return {
        key: value.detach()
        for key, value in content.items()
        if isinstance(key, str) and isinstance(value, torch.Tensor)
    }


def strip_prefixes(entries: Entries) -> tuple[Entries, str]:
    """Return the entries without the prefixes that all of them share, and those prefixes in one."""
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
