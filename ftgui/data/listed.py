"""A dataset whose classes are said by a list of paths and labels, not by folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Dataset, Picture
from ftgui.data.findings import Finding
from ftgui.data.layout import TEST_NAMES, TRAIN_NAMES, VAL_NAMES
from ftgui.data.lists import Row, is_list, read_rows
from ftgui.data.walk import Listing, counted, join, shown, suffix_of

SIDES = {
    **dict.fromkeys(("", *TRAIN_NAMES, "training"), "train"),
    **dict.fromkeys((*VAL_NAMES, "dev"), "val"),
    **dict.fromkeys((*TEST_NAMES, "testing"), "test"),
}
"""What a list calls the parts of a split."""
LOOKED_AT = 200
"""Lines by which it is found out in which folder the paths begin."""


class _Entry(NamedTuple):
    side: str
    path: str
    label: str
    list_file: str


def lists_in(root: Path, top: Listing) -> dict[str, str]:
    """Return the lists that a folder holds, by the part they are of; none where it is not clear which.

    ``train.csv`` with ``val.csv`` and ``test.csv``, or a single list.
    """
    names = [name for name in top.others if is_list(name)]
    by_side = {SIDES[stem]: name for name in names if (stem := Path(name).stem.casefold()) in SIDES}
    if "train" in by_side:
        return by_side
    if len(names) > 1 or suffix_of(names[0] if names else "") == ".txt":  # a README.txt lists no pictures
        names = [name for name in names if _lists_pictures(root, name, top.folders)]
    return {"train": names[0]} if len(names) == 1 else {}


def _lists_pictures(root: Path, name: str, folders: Sequence[str]) -> bool:
    try:
        rows = read_rows(root / name)
    except FtguiError:
        return False
    return _most_there(root, rows, folders)[1] > 0


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
        FtguiError: a list cannot be read, or names no pictures of two classes. Where it names none that
            exist, ``instead_of`` is raised if given: the list was not meant.
    """
    entries: list[_Entry] = []
    findings: list[Finding] = []
    for side, name in lists.items():
        rows = read_rows(root / name)
        base, there = _most_there(root, rows, folders)
        if instead_of is not None and not there:
            raise instead_of
        findings += _take(root, side, name, base, rows, entries)
    names = _ordered({entry.label for entry in entries if entry.side == "train"})
    listed = shown(list(lists.values()))
    if len(names) < 2:
        what = f"a single class, “{names[0]}”" if names else "no picture that exists"
        raise FtguiError(f"{listed} in “{root}” lists {what}.", "A classifier needs at least two classes.")
    numbers = {name: number for number, name in enumerate(names)}
    findings += _class_findings(entries, numbers)
    return Dataset(
        root=str(root),
        class_names=names,
        train=_pictures(entries, "train", numbers),
        val=_pictures(entries, "val", numbers),
        test=_pictures(entries, "test", numbers),
        notes=tuple(_notes(listed, findings)),
        layout="list",
        list_file=lists["train"],
        findings=tuple(findings),
    )


def _most_there(root: Path, rows: Sequence[Row], folders: Sequence[str]) -> tuple[str, int]:
    """Return the folder in which most of the first paths begin, and how many of them exist."""
    some = rows[:LOOKED_AT]
    there = {base: sum((root / base / row.path).is_file() for row in some) for base in ("", *folders)}
    best = max(there, key=there.__getitem__)
    return best, there[best]


def _take(
    root: Path, side: str, name: str, base: str, rows: Iterable[Row], entries: list[_Entry]
) -> Iterator[Finding]:
    """Add a list's pictures to ``entries``; yield what is wrong with others."""
    labels: dict[str, str] = {}
    for row in rows:
        path = join(base, row.path)
        own_side = SIDES.get(row.side) if row.side else side
        if path in labels:
            if labels[path] != row.label:
                message = f"“{name}” lists it as “{labels[path]}”, which counts, and as “{row.label}”."
                yield Finding(kind="duplicate_across_classes", path=path, message=message)
        elif not (root / path).is_file():
            message = f"“{name}” lists it, but there is no such file."
            yield Finding(kind="unreadable", path=path, message=message)
        elif own_side is None:
            message = f"“{row.side}” is no part of a split that ftgui knows."
            yield Finding(kind="ignored", path=path, message=message)
        else:
            entries.append(_Entry(own_side, path, row.label, name))
        labels.setdefault(path, row.label)


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


def _class_findings(entries: Iterable[_Entry], numbers: Mapping[str, int]) -> Iterator[Finding]:
    """Yield where val or test has other classes than train."""
    for side in ("val", "test"):
        counts = Counter(entry.label for entry in entries if entry.side == side)
        files = {entry.label: entry.list_file for entry in entries if entry.side == side}
        for label in sorted(counts.keys() - numbers.keys()):
            message = f"{counted(counts[label], 'picture')} of {side} left out: train has no “{label}”."
            yield Finding(kind="class_missing", path=files[label], message=message)
        for label in numbers if counts else ():
            if not counts[label]:
                path = next(iter(files.values()))
                message = f"{side} has no pictures of “{label}”."
                yield Finding(kind="class_missing", path=path, message=message)


def _notes(listed: str, findings: Sequence[Finding]) -> Iterator[str]:
    yield f"The classes are those in {listed}."
    missing = [finding.path for finding in findings if finding.kind == "unreadable"]
    if missing:
        yield f"{counted(len(missing), 'picture')} listed, but not there: {shown(missing)}."
    for finding in findings:
        if finding.kind == "class_missing":
            yield finding.message
