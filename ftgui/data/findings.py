"""What is worth knowing about a folder of pictures before anybody trains on it, each with its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

Kind = Literal[
    "unreadable",
    "truncated",
    "not_a_picture",
    "empty_file",
    "too_large",
    "no_permission",
    "animated",
    "tiny",
    "duplicate",
    "duplicate_across_classes",
    "duplicate_across_splits",
    "odd_one_out",
    "class_missing",
    "imbalance",
    "ignored",
]
"""Names that scripts rely on."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing found."""

    kind: Kind
    path: str
    """The file or folder it is of, relative to the dataset's root with forward slashes."""
    message: str
    """A sentence: what it is and what it means."""
    others: tuple[str, ...] = ()
    """The files that have to do with it, such as those of the same content."""


class KindFacts(NamedTuple):
    """What people are told of a kind of finding."""

    title: str
    meaning: str
    weight: Literal["lost", "doubt", "note"]
    """``lost``: it cannot be used. ``doubt``: it is used, and somebody should look. ``note``: it is said."""


KINDS: dict[Kind, KindFacts] = {
    "unreadable": KindFacts("Damaged", "Cannot be decoded, so it is left out of training.", "lost"),
    "truncated": KindFacts("Cut off", "The file ends too early, so it is left out of training.", "lost"),
    "not_a_picture": KindFacts(
        "No picture", "Its name says that it is a picture; its content is something else.", "lost"
    ),
    "empty_file": KindFacts("Empty", "The file holds nothing.", "lost"),
    "too_large": KindFacts("Too large", "More pixels than can be decoded safely.", "lost"),
    "no_permission": KindFacts("No permission", "It may not be read.", "lost"),
    "duplicate_across_classes": KindFacts(
        "Same picture in two classes", "One of the labels is wrong: leave one or all of them out.", "doubt"
    ),
    "duplicate_across_splits": KindFacts(
        "Same picture in two splits",
        "What is learned by heart is judged on: the accuracy looks better than it is.",
        "doubt",
    ),
    "odd_one_out": KindFacts(
        "Unlike all others", "Probably a placeholder for a picture that could not be had.", "doubt"
    ),
    "class_missing": KindFacts("Class missing", "A class is not in every part of the data.", "doubt"),
    "imbalance": KindFacts(
        "Unequal classes", "Some classes have many more pictures than others: class weights help.", "doubt"
    ),
    "duplicate": KindFacts("Same picture twice", "It counts twice in its class.", "doubt"),
    "tiny": KindFacts("Very small", "It is blown up many times for the network to see it.", "doubt"),
    "animated": KindFacts("Several frames", "The first one is used.", "note"),
    "ignored": KindFacts("Left out by name", "Hidden, the system's, or no picture by its name.", "note"),
}
"""All kinds, the gravest first: the order in which they are shown."""

UNEQUAL = 3.0
"""The largest class over the smallest, from which on class weights are suggested."""


def imbalance(class_names: Sequence[str], counts: Mapping[int, int]) -> Finding | None:
    """Say where the largest class has more than ``UNEQUAL`` times the pictures of the smallest."""
    present = {label: count for label, count in counts.items() if count}
    if len(present) < 2:
        return None
    smallest, largest = min(present, key=present.__getitem__), max(present, key=present.__getitem__)
    if present[largest] <= UNEQUAL * present[smallest]:
        return None
    ratio = present[largest] / present[smallest]
    return Finding(
        kind="imbalance",
        path="",
        message=(
            f"“{class_names[largest]}” has {present[largest]:,} training pictures and "
            f"“{class_names[smallest]}” {present[smallest]:,}, {ratio:.1f} times fewer: "
            "balanced class weights help."
        ),
    )
