"""Scan: what a dataset folder holds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from ftgui.data.dataset import Dataset, Picture
from ftgui.data.scan import scan_dataset


class ClassCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many pictures a class has on each side of the split."""

    name: str
    train: int
    val: int
    test: int


class ScanReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``ftgui scan`` says."""

    root: str
    has_val: bool
    """Whether the folder brings its own validation split; otherwise all are counted under ``train``."""
    pictures: int
    classes: tuple[ClassCount, ...]
    notes: tuple[str, ...]


def scan(root: Path) -> ScanReport:
    """Count the pictures of a dataset folder, class by class.

    Raises:
        FtguiError: it holds nothing to train on.
    """
    return report_on(scan_dataset(root))


def report_on(dataset: Dataset) -> ScanReport:
    """Count the pictures of a dataset already scanned."""
    train, val, test = (_by_label(side) for side in (dataset.train, dataset.val, dataset.test))
    return ScanReport(
        root=dataset.root,
        has_val=dataset.has_val,
        pictures=train.total() + val.total() + test.total(),
        classes=tuple(
            ClassCount(name=name, train=train[label], val=val[label], test=test[label])
            for label, name in enumerate(dataset.class_names)
        ),
        notes=dataset.notes,
    )


def _by_label(pictures: tuple[Picture, ...]) -> Counter[int]:
    return Counter(picture.label for picture in pictures)
