"""Finding an architecture in the table: by a file's hash, by all of its entries, or by most of them."""

from __future__ import annotations

import functools
from collections import defaultdict

from ftgui.models import architectures
from ftgui.models.architectures import Architecture, OfficialWeights
from ftgui.models.fingerprint import (
    Shapes,
    fingerprint_of,
    identifying,
    is_auxiliary,
    is_counter,
    shape_text,
)


def official(sha256: str) -> tuple[Architecture, OfficialWeights] | None:
    """Return the architecture and the weights that torchvision published as exactly this file."""
    for architecture in map(architectures.get, architectures.names()):
        for weights in architecture.weights:
            if sha256.startswith(weights.sha256_prefix):
                return architecture, weights
    return None


def by_entries(shapes: Shapes) -> Architecture | None:
    """Return the architecture whose entries these are, whatever the output layer; no two share them."""
    for head, candidates in _by_head_region().items():
        entries = identifying(shapes, head)
        if not any(one.entry_count == len(entries) for one in candidates):
            continue
        found = fingerprint_of(entries)
        for one in candidates:
            if one.fingerprint == found:
                return one
    return None


@functools.cache
def _by_head_region() -> dict[str, list[Architecture]]:
    """Return all architectures by where their output layer is: the entries under it identify none."""
    by_region: dict[str, list[Architecture]] = defaultdict(list)
    for architecture in map(architectures.get, architectures.names()):
        by_region[architecture.head_region].append(architecture)
    return by_region


def nearest(shapes: Shapes) -> Architecture | None:
    """Return the architecture that shares most with these entries, or None where none shares a name."""
    theirs = sum(not (is_counter(key) or is_auxiliary(key)) for key in shapes)
    known = map(architectures.get, architectures.names())
    likeness, best = max(((_likeness(shapes, theirs, one), one) for one in known), key=lambda pair: pair[0])
    return best if likeness > 0 else None


def _likeness(shapes: Shapes, theirs: int, architecture: Architecture) -> float:
    """Return 0 to 1: the share of all entries, its and theirs, that both have, judged by its sample.

    An entry of another shape counts a quarter. ``theirs`` is how many the file has.
    """
    points = 0.0
    for key, shape in architecture.sample.items():
        if key in shapes:
            points += 1.0 if shape_text(shapes[key]) == shape else 0.25
    common = points / len(architecture.sample) * architecture.entry_count
    return 2 * common / (architecture.entry_count + theirs)
