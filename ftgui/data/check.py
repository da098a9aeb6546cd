"""What the pictures themselves turn out to be: damaged, doubled, placed on both sides, unlike all others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, repeat
from statistics import median_low

import msgspec

from ftgui.data.dataset import Dataset, Picture
from ftgui.data.facts import PictureFacts
from ftgui.data.findings import KINDS, Finding, Kind, imbalance
from ftgui.data.looking import Look, Problem
from ftgui.data.walk import counted, shown

TINY = 24
"""Pixels of the short side below which a picture is very small. MNIST's have 28."""
ODD_FROM = 10
"""Pictures from which on one can be unlike all others."""
ODD_FACTOR = 100
"""How many times fewer pixels than the usual picture make one odd."""
MOST_ODD = 0.01
"""More of them than this share are a part of the set, and not placeholders."""
MOST_OTHERS = 20
"""Files named with a finding: a placeholder may lie there thousands of times."""
SIDES = ("train", "val", "test")


class Placed(msgspec.Struct, frozen=True, gc=False):
    """A picture, where it stands and what became of looking at it."""

    picture: Picture
    side: str
    """``train``, ``val`` or ``test``; everything is ``train`` where the folder has no split."""
    look: Look

    @property
    def path(self) -> str:
        return self.picture.path


class Tally:
    """What the pictures of a dataset turned out to be, counted in one pass: there may be 100,000.

    ``looks`` are those of the pictures in the order of ``dataset.sides``.
    """

    def __init__(self, dataset: Dataset, looks: Sequence[Look]) -> None:
        self.dataset = dataset
        self.usable: Counter[tuple[str, int]] = Counter()
        """Pictures that can be decoded, by side and label."""
        self.lost: list[Placed] = []
        """Those that cannot."""
        self.formats: Counter[str] = Counter()
        self.pixels: list[int] = []
        self.noted: list[Placed] = []
        """Those of which something is to be said, whatever the others are."""
        self.groups: dict[bytes, list[Placed]] = {}
        """Those that can be decoded and whose bytes others have, too."""
        self._whole: list[Placed] = []
        self._first: dict[bytes, Placed] = {}
        following = iter(looks)
        for side, pictures in dataset.sides:
            for placed in map(Placed, pictures, repeat(side), following):
                self._count(placed)

    def _count(self, placed: Placed) -> None:
        picture, side = placed.picture, placed.side
        found, content = placed.look.found, placed.look.content
        if isinstance(found, PictureFacts):
            self.usable[side, picture.label] += 1
            self.formats[found.format] += 1
            self.pixels.append(found.width * found.height)
            self._whole.append(placed)
            if found.frames > 1 or found.width < TINY or found.height < TINY:
                self.noted.append(placed)
            if content is not None:
                first = self._first.setdefault(content, placed)
                if first is not placed:
                    self.groups.setdefault(content, [first]).append(placed)
        elif found is not None:
            self.lost.append(placed)

    def copies(self) -> Counter[tuple[str, int]]:
        """Return how many usable pictures of a side and label are the same as another one of those."""
        found: Counter[tuple[str, int]] = Counter()
        for group in self.groups.values():
            members = Counter((placed.side, placed.picture.label) for placed in group)
            found.update({place: count - 1 for place, count in members.items()})
        return found

    def whole(self) -> Iterator[tuple[str, PictureFacts, int]]:
        """Yield each picture that can be decoded: its path, what it is, and its pixels."""
        for placed, pixels in zip(self._whole, self.pixels, strict=True):
            assert isinstance(placed.look.found, PictureFacts)
            yield placed.path, placed.look.found, pixels


def find_problems(tally: Tally) -> tuple[Finding, ...]:
    """Return all that was found, the gravest kind first, within a kind by path."""
    dataset = tally.dataset
    found = [
        *dataset.findings,
        *_lost(tally.lost),
        *_of_single(tally.noted),
        *_duplicates(dataset, tally.groups.values()),
        *_odd_ones(tally),
        *_emptied_classes(dataset, tally.usable),
        *_imbalance(dataset, tally.usable),
    ]
    rank = {kind: number for number, kind in enumerate(KINDS)}
    return tuple(sorted(found, key=lambda finding: (rank[finding.kind], finding.path)))


def _lost(pictures: Iterable[Placed]) -> Iterator[Finding]:
    for placed in pictures:
        found = placed.look.found
        if isinstance(found, Problem):
            kind: Kind = found.kind if found.kind in KINDS else "unreadable"
            yield Finding(kind=kind, path=placed.path, message=found.message)


def _of_single(pictures: Iterable[Placed]) -> Iterator[Finding]:
    for placed in pictures:
        facts = placed.look.found
        assert isinstance(facts, PictureFacts)
        if min(facts.width, facts.height) < TINY:
            size = f"{facts.width} × {facts.height}"
            yield Finding(kind="tiny", path=placed.path, message=f"It is very small: {size} pixels.")
        if facts.frames > 1:
            frames = counted(facts.frames, "frame")
            yield Finding(
                kind="animated", path=placed.path, message=f"It has {frames}; the first one is used."
            )


# The same bytes more than once.


def _duplicates(dataset: Dataset, groups: Iterable[Sequence[Placed]]) -> Iterator[Finding]:
    """Say of pictures that are the same what that means, by where they lie."""
    for group in groups:
        yield from _within(group)
        yield from _across_classes(dataset, group)
        yield from _across_splits(group)


def _within(group: Sequence[Placed]) -> Iterator[Finding]:
    """Point out all but the first on each side of each class."""
    first: dict[tuple[int, str], str] = {}
    for placed in group:
        earlier = first.setdefault((placed.picture.label, placed.side), placed.path)
        if earlier != placed.path:
            yield Finding(
                kind="duplicate",
                path=placed.path,
                message=f"It is the same picture as “{earlier}”.",
                others=(earlier,),
            )


def _across_classes(dataset: Dataset, group: Sequence[Placed]) -> Iterator[Finding]:
    """Point out each of them: nobody but the user knows which label is wrong."""
    pictures = [placed.picture for placed in group]
    if len({picture.label for picture in pictures}) < 2:
        return
    for picture in pictures:
        others = list(islice((p for p in pictures if p.label != picture.label), MOST_OTHERS))
        names = list(dict.fromkeys(dataset.class_names[other.label] for other in others))
        yield Finding(
            kind="duplicate_across_classes",
            path=picture.path,
            message=f"The same picture is also in {shown(names)}: one of the labels is wrong.",
            others=tuple(other.path for other in others),
        )


def _across_splits(group: Sequence[Placed]) -> Iterator[Finding]:
    """Point out those that are judged on and were learned from, or were judged on before."""
    for placed in group:
        rank = SIDES.index(placed.side)
        before = list(islice((p for p in group if SIDES.index(p.side) < rank), MOST_OTHERS))
        if before:
            yield Finding(
                kind="duplicate_across_splits",
                path=placed.path,
                message=f"The same picture is in {before[0].side}, too: “{before[0].path}”.",
                others=tuple(other.path for other in before),
            )


# Unlike all others.


def _odd_ones(tally: Tally) -> Iterator[Finding]:
    total = len(tally.pixels)
    if total < ODD_FROM:
        return
    usual, usual_count = tally.formats.most_common(1)[0]
    typical = median_low(tally.pixels)
    small = sum(number * ODD_FACTOR <= typical for number in tally.pixels)
    few_small = 0 < small <= max(1, MOST_ODD * total)
    only = usual_count == total - 1
    if not (only or few_small):
        return
    for path, facts, pixels in tally.whole():
        why = []
        if only and facts.format != usual:
            why.append(f"the only {facts.format} among {usual_count:,} {usual} pictures")
        if few_small and pixels * ODD_FACTOR <= typical:
            times = f"{typical / pixels:,.0f}"
            why.append(f"{facts.width} × {facts.height} pixels where others have {times} times as many")
        if why:
            words = " and ".join(why)
            yield Finding(
                kind="odd_one_out",
                path=path,
                message=f"It is {words}: probably a placeholder for a picture.",
            )


# Classes.


def _emptied_classes(dataset: Dataset, usable: Mapping[tuple[str, int], int]) -> Iterator[Finding]:
    """Point out classes that have files, but none that can be used."""
    for side, pictures in dataset.sides:
        for label in sorted({picture.label for picture in pictures}):
            if not usable.get((side, label)):
                name = dataset.class_names[label]
                yield Finding(
                    kind="class_missing",
                    path=dataset.folder_of(side, label),
                    message=f"No picture of “{name}” can be used in {side}.",
                )


def _imbalance(dataset: Dataset, usable: Mapping[tuple[str, int], int]) -> Iterator[Finding]:
    counts = {label: count for (side, label), count in usable.items() if side == "train"}
    finding = imbalance(dataset.class_names, counts)
    if finding is not None:
        yield finding
