"""What the pictures themselves turn out to be: damaged, doubled, placed on both sides, unlike all others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median_low
from typing import NamedTuple

from ftgui.data.dataset import Dataset, Picture
from ftgui.data.facts import PictureFacts
from ftgui.data.findings import KINDS, Finding, Kind
from ftgui.data.looking import Look, Problem
from ftgui.data.walk import counted, shown

TINY = 24
"""Pixels of the short side below which a picture is very small. MNIST's have 28."""
ODD_FROM = 20
"""Pictures from which on one can be unlike all others."""
ODD_FACTOR = 100
"""How many times fewer pixels than the usual picture make one odd."""
MOST_ODD = 0.01
"""More of them than this share are a part of the set, and not placeholders."""
UNEQUAL = 3.0
"""The largest class over the smallest, from which on class weights are suggested."""


class Placed(NamedTuple):
    """A picture, where it stands and what became of looking at it."""

    picture: Picture
    side: str
    """``train``, ``val`` or ``test``; everything is ``train`` where the folder has no split."""
    look: Look


def placed(dataset: Dataset, looks: Sequence[Look]) -> list[Placed]:
    """Return the pictures of a dataset with what became of looking at them, in the order of ``sides``."""
    everything = ((side, picture) for side, pictures in dataset.sides for picture in pictures)
    return [Placed(picture, side, look) for (side, picture), look in zip(everything, looks, strict=True)]


def usable(pictures: Iterable[Placed]) -> list[Placed]:
    """Return the pictures that can be decoded."""
    return [each for each in pictures if isinstance(each.look.found, PictureFacts)]


def find_problems(dataset: Dataset, pictures: Sequence[Placed]) -> tuple[Finding, ...]:
    """Return all that was found, the gravest kind first, within a kind by path."""
    whole = usable(pictures)
    found = [
        *dataset.findings,
        *_lost(pictures),
        *_of_single(whole),
        *_duplicates(dataset, pictures),
        *_odd_ones(whole),
        *_emptied_classes(dataset, whole),
        *_imbalance(dataset, whole),
    ]
    rank = {kind: number for number, kind in enumerate(KINDS)}
    return tuple(sorted(found, key=lambda finding: (rank[finding.kind], finding.path)))


def _lost(pictures: Iterable[Placed]) -> Iterator[Finding]:
    for picture, _, look in pictures:
        if isinstance(look.found, Problem):
            kind: Kind = look.found.kind if look.found.kind in KINDS else "unreadable"
            yield Finding(kind=kind, path=picture.path, message=look.found.message)


def _of_single(pictures: Iterable[Placed]) -> Iterator[Finding]:
    for picture, _, look in pictures:
        facts = look.found
        assert isinstance(facts, PictureFacts)
        if min(facts.width, facts.height) < TINY:
            size = f"{facts.width} × {facts.height}"
            yield Finding(kind="tiny", path=picture.path, message=f"It is very small: {size} pixels.")
        if facts.frames > 1:
            frames = counted(facts.frames, "frame")
            yield Finding(
                kind="animated", path=picture.path, message=f"It has {frames}; the first one is used."
            )


# The same bytes more than once.


def _duplicates(dataset: Dataset, pictures: Sequence[Placed]) -> Iterator[Finding]:
    """Compare all files that could be read, damaged ones too, but for empty ones."""
    counts = Counter([each.look.content for each in pictures])
    groups: defaultdict[bytes, list[Placed]] = defaultdict(list)
    for each in pictures:
        content, found = each.look
        empty = isinstance(found, Problem) and found.kind == "empty_file"
        if content is not None and counts[content] > 1 and not empty:
            groups[content].append(each)
    for group in groups.values():
        yield from _within(group)
        yield from _across_classes(dataset, group)
        yield from _across_splits(group)


def _within(group: Sequence[Placed]) -> Iterator[Finding]:
    """Point out all but the first on each side of each class."""
    first: dict[tuple[int, str], str] = {}
    for picture, side, _ in group:
        earlier = first.setdefault((picture.label, side), picture.path)
        if earlier != picture.path:
            yield Finding(
                kind="duplicate",
                path=picture.path,
                message=f"It is the same picture as “{earlier}”.",
                others=(earlier,),
            )


def _across_classes(dataset: Dataset, group: Sequence[Placed]) -> Iterator[Finding]:
    """Point out each of them: nobody but the user knows which label is wrong."""
    if len({picture.label for picture, _, _ in group}) < 2:
        return
    for picture, _, _ in group:
        others = [other for other, _, _ in group if other.label != picture.label]
        names = list(dict.fromkeys(dataset.class_names[other.label] for other in others))
        yield Finding(
            kind="duplicate_across_classes",
            path=picture.path,
            message=f"The same picture is also in {shown(names)}: one of the labels is wrong.",
            others=tuple(other.path for other in others),
        )


def _across_splits(group: Sequence[Placed]) -> Iterator[Finding]:
    """Point out those that are judged on and were learned from, or were judged on before."""
    sides = ("train", "val", "test")
    for picture, side, _ in group:
        before = [other for other, its, _ in group if sides.index(its) < sides.index(side)]
        if before:
            where = next(its for other, its, _ in group if other is before[0])
            yield Finding(
                kind="duplicate_across_splits",
                path=picture.path,
                message=f"The same picture is in {where}, too: “{before[0].path}”.",
                others=tuple(other.path for other in before),
            )


# Unlike all others.


def _odd_ones(pictures: Sequence[Placed]) -> Iterator[Finding]:
    if len(pictures) < ODD_FROM:
        return
    facts = [each.look.found for each in pictures if isinstance(each.look.found, PictureFacts)]
    formats = Counter(one.format for one in facts)
    usual, usual_count = formats.most_common(1)[0]
    pixels = [one.width * one.height for one in facts]
    typical = median_low(pixels)
    small = sum(number * ODD_FACTOR <= typical for number in pixels)
    for (picture, _, _), one, number in zip(pictures, facts, pixels, strict=True):
        why = []
        if formats[one.format] == 1 and usual_count == len(facts) - 1:
            why.append(f"the only {one.format} among {usual_count:,} {usual} pictures")
        if number * ODD_FACTOR <= typical and small <= max(1, MOST_ODD * len(facts)):
            why.append(
                f"{one.width} × {one.height} pixels where others have {typical / number:,.0f} times as many"
            )
        if why:
            yield Finding(
                kind="odd_one_out",
                path=picture.path,
                message=f"It is {' and '.join(why)}: probably a placeholder for a picture.",
            )


# Classes.


def _emptied_classes(dataset: Dataset, whole: Iterable[Placed]) -> Iterator[Finding]:
    """Point out classes that have files, but none that can be used."""
    left = Counter((each.side, each.picture.label) for each in whole)
    for side, pictures in dataset.sides:
        for label in sorted({picture.label for picture in pictures}):
            if not left[side, label]:
                name = dataset.class_names[label]
                yield Finding(
                    kind="class_missing",
                    path=dataset.folder_of(side, label),
                    message=f"No picture of “{name}” can be used in {side}.",
                )


def _imbalance(dataset: Dataset, whole: Iterable[Placed]) -> Iterator[Finding]:
    counts = Counter(each.picture.label for each in whole if each.side == "train")
    finding = imbalance(dataset.class_names, counts)
    if finding is not None:
        yield finding


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
