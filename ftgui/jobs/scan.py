"""Scan: what a dataset folder holds, what is wrong in it, and whether it can be trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec

from ftgui.core.memory import uncollected
from ftgui.core.settings import EngineSettings, read_settings
from ftgui.data.dataset import Dataset, Layout
from ftgui.data.findings import KINDS, Finding, imbalance
from ftgui.data.scan import scan_dataset

Counts = Counter[tuple[str, int]]
"""Pictures by side and label."""


class ClassCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many pictures a class has on each side of the split."""

    name: str
    train: int
    val: int
    test: int


class ScanReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``ftgui scan`` says."""

    root: str
    layout: Layout
    has_val: bool
    """Whether the folder brings its own validation split; otherwise all are counted under ``train``."""
    pictures: int
    """That can be decoded, as far as they were ``checked``."""
    classes: tuple[ClassCount, ...]
    findings: tuple[Finding, ...]
    ready: bool
    reasons: tuple[str, ...]
    """Why it cannot be trained on, a sentence each."""
    notes: tuple[str, ...]
    checked: bool
    """Whether the files were looked at; their names alone otherwise."""


class Listed(NamedTuple):
    """What names alone tell."""

    dataset: Dataset
    report: ScanReport


def list_pictures(root: Path) -> Listed:
    """Find the classes and pictures of a dataset by their names.

    Raises:
        FtguiError: it holds nothing to train on.
    """
    dataset = scan_dataset(root)
    counts = Counter((side, picture.label) for side, pictures in dataset.sides for picture in pictures)
    return Listed(dataset, report_on(dataset, counts, dataset.findings, checked=False))


def check(
    dataset: Dataset, settings: EngineSettings | None = None
) -> Generator[tuple[int, int], None, ScanReport]:
    """Look at every file of a dataset, yielding how many are done, of how many; return what was found.

    What was looked at before, and is what it was, is known already. Closing the generator early ends its
    threads; the next check goes on from there.
    """
    from ftgui.data.check import Tally, find_problems  # here, as they bring Pillow
    from ftgui.data.looking import look_at, open_index

    paths = [picture.path for _, pictures in dataset.sides for picture in pictures]
    with open_index((settings or read_settings()).cache_place) as index:
        with closing(look_at(dataset.root, paths, index)) as looking:
            looks = yield from looking
        index.make_room()
    with uncollected():
        tally = Tally(dataset, looks)
    return report_on(dataset, tally.usable, find_problems(tally), checked=True, copies=tally.copies())


def scan(root: Path) -> Generator[tuple[int, int], None, ScanReport]:
    """List and check a dataset: ``check`` of what ``list_pictures`` finds.

    Raises:
        FtguiError: it holds nothing to train on.
    """
    return (yield from check(scan_dataset(root)))


def report_on(
    dataset: Dataset,
    counts: Counts,
    findings: tuple[Finding, ...],
    *,
    checked: bool,
    copies: Mapping[tuple[str, int], int] | None = None,
) -> ScanReport:
    """Return the report on a dataset of which so many pictures can be used, some of them ``copies``."""
    reasons = tuple(why_not_ready(dataset, counts, copies or {}))
    return ScanReport(
        root=dataset.root,
        layout=dataset.layout,
        has_val=dataset.has_val,
        pictures=counts.total(),
        classes=tuple(
            ClassCount(
                name=name, train=counts["train", label], val=counts["val", label], test=counts["test", label]
            )
            for label, name in enumerate(dataset.class_names)
        ),
        findings=findings,
        ready=not reasons,
        reasons=reasons,
        notes=dataset.notes,
        checked=checked,
    )


def without(report: ScanReport, dataset: Dataset, excluded: Collection[str]) -> ScanReport:
    """Return a report as it is once pictures are left out of training.

    What was found of those, or only together with those, is found no more.
    """
    if not excluded:
        return report
    lost = {finding.path for finding in report.findings if KINDS[finding.kind].weight == "lost"}
    counts: Counts = Counter()
    for label, entry in enumerate(report.classes):
        for side, count in (("train", entry.train), ("val", entry.val), ("test", entry.test)):
            counts[side, label] = count
    for side, pictures in dataset.sides:
        for picture in pictures:
            if picture.path in excluded and picture.path not in lost:
                counts[side, picture.label] -= 1
    return report_on(
        dataset,
        counts,
        tuple(_left_findings(report, dataset, counts, excluded)),
        checked=report.checked,
    )


def _left_findings(
    report: ScanReport, dataset: Dataset, counts: Counts, excluded: Collection[str]
) -> Iterator[Finding]:
    for finding in report.findings:
        if finding.path in excluded or (finding.others and all(o in excluded for o in finding.others)):
            continue
        if finding.kind == "imbalance":
            train = {label: count for (side, label), count in counts.items() if side == "train"}
            unequal = imbalance(dataset.class_names, train)
            if unequal is not None:
                yield unequal
        else:
            yield finding


def why_not_ready(dataset: Dataset, counts: Counts, copies: Mapping[tuple[str, int], int]) -> Iterator[str]:
    """Say why nothing can be trained on the pictures that can be used."""
    labels = range(len(dataset.class_names))
    yield from (f"The folder “{folder}” may not be read." for folder in dataset.closed)
    for label in labels:
        if not counts["train", label]:
            yield f"No picture of “{dataset.class_names[label]}” can be used to learn from."
    if dataset.has_val:
        if not any(counts["val", label] for label in labels):
            yield "No picture can be used for validation."
    elif all(counts["train", label] < 2 for label in labels):
        yield "No class has two pictures that can be used, so none can be kept for validation."
    elif all(counts["train", label] - copies.get(("train", label), 0) < 2 for label in labels):
        yield "No class has two different pictures, so none can be kept for validation."
