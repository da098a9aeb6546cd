"""Which pictures are kept back for validation, where the folder does not say so itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ftgui.core.errors import FtguiError
from ftgui.core.hashing import stable_seed
from ftgui.data.dataset import Dataset, Picture, Split


def split_dataset(dataset: Dataset, val_fraction: float, seed: int) -> Split:
    """Keep the folder's own validation pictures, or set ``val_fraction`` of each class aside.

    A class with two pictures or more has at least one on either side; a single one is learned from.
    Each picture draws its rank from (seed, class, path) alone, so the same folder splits the same on
    every machine, and a class or a picture added later moves no other class's pictures.

    Raises:
        FtguiError: no class has two pictures, so there is nothing to validate on.
        ValueError: ``val_fraction`` is not above 0 and below 1.
    """
    if dataset.has_val:
        return Split(train=dataset.train, val=dataset.val)
    if not 0 < val_fraction < 1:
        raise ValueError(f"val_fraction must lie between 0 and 1, not {val_fraction}")
    kept = set[str]()
    for name, pictures in _by_class(dataset):
        kept.update(_ranked(pictures, name, seed)[: _val_count(len(pictures), val_fraction)])
    if not kept:
        raise FtguiError(
            "No class has two pictures, so none can be kept for validation.", "Add pictures to the classes."
        )
    return Split(
        train=tuple(picture for picture in dataset.train if picture.path not in kept),
        val=tuple(picture for picture in dataset.train if picture.path in kept),
    )


def _by_class(dataset: Dataset) -> Iterable[tuple[str, list[Picture]]]:
    groups: defaultdict[int, list[Picture]] = defaultdict(list)
    for picture in dataset.train:
        groups[picture.label].append(picture)
    return ((dataset.class_names[label], pictures) for label, pictures in groups.items())


def _ranked(pictures: list[Picture], name: str, seed: int) -> list[str]:
    """Return the paths of one class in an order that is random but settled."""
    paths = (picture.path for picture in pictures)
    return sorted(paths, key=lambda path: (stable_seed("split", seed, name, path), path))


def _val_count(count: int, fraction: float) -> int:
    """Return how many of a class's ``count`` pictures are kept for validation: rounded, never all or none."""
    if count < 2:
        return 0
    return min(max(int(count * fraction + 0.5), 1), count - 1)
