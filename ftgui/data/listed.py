"""A dataset whose classes are said by a list of paths and labels, not by folders."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Dataset, Picture
from ftgui.data.findings import Finding
from ftgui.data.lists import SIDES, NoClassesError, Row, Start, exists, is_list, read_rows
from ftgui.data.walk import PICTURE_SUFFIXES, Listing, counted, shown, suffix_of

LOOKED_AT = 200
"""Lines by which it is found out in which folder the paths begin."""
UNASKED_BYTES = 20_000_000
"""Lists larger than this are not read where folders say the classes."""


class _Entry(NamedTuple):
    side: str
    path: str
    label: str
    list_file: str
    is_there: bool


class _Begun(NamedTuple):
    """A list's lines and where their paths begin."""

    rows: Sequence[Row]
    base: str
    """The folder, relative to the root."""
    there: int
    """How many of the pictures looked at exist."""


def lists_in(root: Path, top: Listing) -> dict[str, str]:
    """Return the lists that a folder holds, by the part they are of; none where it is not clear which.

    ``train.csv`` with ``val.csv`` and ``test.csv``, or a single list.
    """
    names = [name for name in top.others if is_list(name)]
    by_side = _by_side(names)
    if "train" in by_side:
        return by_side
    if len(names) > 1 or suffix_of(names[0] if names else "") == ".txt":  # a README.txt lists no pictures
        names = [name for name in names if _lists_pictures(root, name, top.folders)]
    return {"train": names[0]} if len(names) == 1 else {}


def lists_with(name: str, top: Listing) -> dict[str, str]:
    """Return the lists that are meant where one is chosen itself: to ``train.csv`` belong those beside it."""
    if SIDES.get(Path(name).stem.casefold()) != "train":
        return {"train": name}
    return _by_side([name, *filter(is_list, top.others)])


def _by_side(names: Sequence[str]) -> dict[str, str]:
    """Return the first list of each part of a split, train's first."""
    found: dict[str, str] = {}
    for name in names:
        side = SIDES.get(Path(name).stem.casefold())
        if side is not None:
            found.setdefault(side, name)
    return {side: found[side] for side in ("train", "val", "test") if side in found}


def _lists_pictures(root: Path, name: str, folders: Sequence[str]) -> bool:
    try:
        rows = read_rows(root / name)
    except FtguiError:
        return False
    return _begun(rows, folders, Start(root), _existing(root)).there > 0


def unused_note(dataset: Dataset, top: Listing) -> Iterator[str]:
    """Say which lists give the pictures of class folders other classes than the folders do."""
    names = [name for name in top.others if is_list(name) and _is_small(Path(dataset.root) / name)]
    if not names:
        return
    known = {p.path: dataset.class_names[p.label] for _, pictures in dataset.sides for p in pictures}
    unused = [name for name in names if _differs(Path(dataset.root), name, top.folders, known)]
    if unused:
        one = len(unused) == 1
        yield (
            f"Not used, as the folders say the classes: {shown(unused)}, which "
            f"{'gives' if one else 'give'} their pictures other ones. "
            f"Choose {'the list itself' if one else 'one of them'} if it says the classes."
        )


def _is_small(file: Path) -> bool:
    try:
        return file.stat().st_size <= UNASKED_BYTES
    except OSError:
        return False


def _differs(root: Path, name: str, folders: Sequence[str], known: Mapping[str, str]) -> bool:
    """Whether a list says another class of one of the pictures whose classes are ``known``."""
    try:
        rows = read_rows(root / name)
    except FtguiError:
        return False
    start = Start(root)
    base = _begun(rows, folders, start, known.__contains__).base
    places = ((start.relative(row.path, base), row.label) for row in rows)
    return any(path in known and known[path] != label for path, label in places if path is not None)


def scan_lists(
    root: Path,
    lists: Mapping[str, str],
    folders: Sequence[str] = (),
    instead_of: FtguiError | None = None,
) -> Dataset:
    """Read the dataset that lists in ``root`` describe; ``lists`` names one for each part of the split.

    Paths begin at ``root``, or at one of the ``folders`` in it. Labels that are whole numbers are ordered as
    numbers, others as plain strings; train alone decides which classes there are.

    Raises:
        FtguiError: a list cannot be read, or names no pictures of two classes. Where train's names none
            that exist, ``instead_of`` is raised if given: the list was not meant.
    """
    entries: list[_Entry] = []
    findings: list[Finding] = []
    read: dict[str, str] = {}
    for side, name in lists.items():
        begun = _read(root, side, name, folders)
        if begun is None:
            findings.append(_without_classes(side, name))
            continue
        if instead_of is not None and side == "train" and not begun.there:
            raise instead_of
        findings += _take(root, side, name, begun, entries)
        read[side] = name
    there = [entry for entry in entries if entry.is_there]
    names = _ordered({entry.label for entry in there if entry.side == "train"})
    listed = shown(list(read.values()))
    if len(names) < 2:
        what = f"a single class, “{names[0]}”" if names else "no picture that exists"
        raise FtguiError(f"{listed} in “{root}” lists {what}.", "A classifier needs at least two classes.")
    numbers = {name: number for number, name in enumerate(names)}
    findings += _class_findings(entries, numbers, read)
    return Dataset(
        root=str(root),
        class_names=names,
        train=_pictures(there, "train", numbers),
        val=_pictures(there, "val", numbers),
        test=_pictures(there, "test", numbers),
        notes=tuple(_notes(listed, findings)),
        layout="list",
        list_file=lists["train"],
        findings=tuple(findings),
    )


def _read(root: Path, side: str, name: str, folders: Sequence[str]) -> _Begun | None:
    """Read a list; None where it is left out, as it says no classes: train's may not be."""
    try:
        rows = read_rows(root / name)
    except NoClassesError:
        if side == "train":
            raise
        return None
    return _begun(rows, folders, Start(root), _existing(root))


def _without_classes(side: str, name: str) -> Finding:
    so = ", so a share of train is kept for validation" if side == "val" else ""
    message = f"“{name}” was left out, as it says no classes{so}."
    return Finding(kind="class_missing", path=name, message=message)


def _existing(root: Path) -> Callable[[str], bool]:
    """Return what tells whether there is a file, by its path from ``root``."""
    return lambda path: exists(root / path)


def _begun(
    rows: Sequence[Row], folders: Sequence[str], start: Start, is_there: Callable[[str], bool]
) -> _Begun:
    """Find the folder in which most of some paths begin, and pass over a first line that names columns."""
    some = rows if len(rows) <= LOOKED_AT else random.Random(0).sample(rows, LOOKED_AT)

    def has(row: Row, base: str) -> bool:
        path = start.relative(row.path, base)
        return path is not None and is_there(path)

    there = {base: sum(has(row, base) for row in some) for base in ("", *folders)}
    best = max(there, key=there.__getitem__)
    if there[best] and suffix_of(rows[0].path) not in PICTURE_SUFFIXES and not has(rows[0], best):
        rows = rows[1:]
    return _Begun(rows, best, there[best])


def _take(root: Path, side: str, name: str, begun: _Begun, entries: list[_Entry]) -> Iterator[Finding]:
    """Add a list's pictures to ``entries``; yield what is wrong with them and with others."""
    start, is_there = Start(root), _existing(root)
    taken: dict[str, _Entry] = {}
    for row in begun.rows:
        path = start.relative(row.path, begun.base)
        own_side = SIDES.get(row.side) if row.side else side
        if path is None:
            message = f"“{name}” lists it, but it is on another drive than the list."
            yield Finding(kind="unreadable", path=row.path, message=message)
        elif own_side is None:
            message = f"“{row.side}” is no part of a split that ftgui knows."
            yield Finding(kind="ignored", path=path, message=message)
        elif path in taken:
            yield from _listed_again(taken[path], own_side, row.label)
        else:
            taken[path] = _Entry(own_side, path, row.label, name, is_there(path))
            if not taken[path].is_there:
                message = f"“{name}” lists it, but there is no such file."
                yield Finding(kind="unreadable", path=path, message=message)
    entries += taken.values()


def _listed_again(first: _Entry, side: str, label: str) -> Iterator[Finding]:
    """Yield what a second line says otherwise of a picture."""
    said = f"“{first.list_file}” lists it"
    if label != first.label:
        message = f"{said} as “{first.label}”, which counts, and as “{label}”."
        yield Finding(kind="duplicate_across_classes", path=first.path, message=message)
    if side != first.side:
        message = f"{said} under {first.side}, which counts, and under {side}."
        yield Finding(kind="duplicate_across_splits", path=first.path, message=message)


def _ordered(labels: Iterable[str]) -> tuple[str, ...]:
    """Return labels in the order of their numbers: whole numbers as such, or they would be mixed up."""
    labels = set(labels)
    if all(label.isascii() and label.isdecimal() for label in labels):
        return tuple(sorted(labels, key=lambda label: (int(label), label)))
    return tuple(sorted(labels))


def _pictures(entries: Iterable[_Entry], side: str, numbers: Mapping[str, int]) -> tuple[Picture, ...]:
    """Return the pictures of one side whose classes there are, sorted by path."""
    known = (entry for entry in entries if entry.side == side and entry.label in numbers)
    return tuple(sorted((Picture(e.path, numbers[e.label]) for e in known), key=lambda picture: picture.path))


def _class_findings(
    entries: Iterable[_Entry], numbers: Mapping[str, int], lists: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield which classes train or another part has no pictures of."""
    for side in ("train", "val", "test"):
        listed = [entry for entry in entries if entry.side == side]
        if side == "train":
            yield from _vanished(listed, numbers)
        elif listed or side in lists:
            path = listed[0].list_file if listed else lists[side]
            yield from _other_classes(side, path, [entry for entry in listed if entry.is_there], numbers)


def _vanished(listed: Iterable[_Entry], numbers: Collection[str]) -> Iterator[Finding]:
    """Yield the classes of train whose pictures are all missing."""
    gone = [entry for entry in listed if entry.label not in numbers]
    counts = Counter(entry.label for entry in gone)
    files = {entry.label: entry.list_file for entry in gone}
    for label in sorted(counts):
        number = counted(counts[label], "listed picture")
        message = f"“{label}” makes no class, as its {number} cannot be found."
        yield Finding(kind="class_missing", path=files[label], message=message)


def _other_classes(
    side: str, path: str, there: Iterable[_Entry], numbers: Collection[str]
) -> Iterator[Finding]:
    """Yield where val or test has other classes than train."""
    counts = Counter(entry.label for entry in there)
    files = {entry.label: entry.list_file for entry in there}
    for label in sorted(counts.keys() - set(numbers)):
        message = f"{counted(counts[label], 'picture')} of {side} left out: train has no “{label}”."
        yield Finding(kind="class_missing", path=files[label], message=message)
    missing = [label for label in numbers if not counts[label]]
    if len(missing) == len(numbers):
        so = ", so a share of train is kept for validation" if side == "val" else ""
        yield Finding(kind="class_missing", path=path, message=f"{side} has no pictures of any class{so}.")
        return
    for label in missing:
        yield Finding(kind="class_missing", path=path, message=f"{side} has no pictures of “{label}”.")


def _notes(listed: str, findings: Sequence[Finding]) -> Iterator[str]:
    yield f"The classes are those in {listed}."
    missing = [finding.path for finding in findings if finding.kind == "unreadable"]
    if missing:
        yield f"{counted(len(missing), 'picture')} listed, but not there: {shown(missing)}."
    unknown = [finding.path for finding in findings if finding.kind == "ignored"]
    if unknown:
        what = "its part" if len(unknown) == 1 else "their parts"
        yield (
            f"{counted(len(unknown), 'picture')} left out, as ftgui does not know {what} of the split: "
            f"{shown(unknown)}."
        )
    for finding in findings:
        if finding.kind == "class_missing":
            yield finding.message
