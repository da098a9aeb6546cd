"""Which pictures are kept back for validation, where the folder does not say so itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ftgui.core.errors import FtguiError
from ftgui.core.hashing import stable_seed
from ftgui.data.dataset import Dataset, Picture, Split

Rank = tuple[int, str]


def split_dataset(
    dataset: Dataset, val_fraction: float, seed: int, contents: Mapping[str, bytes] | None = None
) -> Split:
    """Keep the folder's own validation pictures, or set ``val_fraction`` of each class aside.

    A class with two pictures or more has at least one on either side; a single one is learned from.
    Each picture draws its rank from (seed, class, path) alone, so the same folder splits the same on
    every machine, and a class or a picture added later moves no other class's pictures.

    Pictures of the same ``contents``, by their paths, stay on one side, in whichever classes they are: what
    is judged on was not learned from. Those of one class that are all the same count as a single one.

    Raises:
        FtguiError: no class has two pictures, so there is nothing to validate on.
        ValueError: ``val_fraction`` is not above 0 and below 1.
    """
    if dataset.has_val:
        return Split(train=dataset.train, val=dataset.val)
    if not 0 < val_fraction < 1:
        raise ValueError(f"val_fraction must lie between 0 and 1, not {val_fraction}")
    groups = _groups(dataset, seed, contents or {})
    kept = _chosen(groups, val_fraction)
    if not kept:
        different = "different " if len(groups) < len(dataset.train) else ""
        raise FtguiError(
            f"No class has two {different}pictures, so none can be kept for validation.",
            "Add pictures to the classes.",
        )
    return Split(
        train=tuple(picture for picture in dataset.train if picture.path not in kept),
        val=tuple(picture for picture in dataset.train if picture.path in kept),
    )


@dataclass(frozen=True)
class _Group:
    """Pictures that are the same."""

    rank: Rank
    """Of the first of them, in an order that is random but settled."""
    paths: tuple[str, ...]
    labels: Counter[int]
    """How many of them each class has."""


def _groups(dataset: Dataset, seed: int, contents: Mapping[str, bytes]) -> list[_Group]:
    """Return the groups in the order in which they are looked at: those of several classes first."""
    members: dict[str | bytes, list[Picture]] = {}
    for picture in dataset.train:
        members.setdefault(contents.get(picture.path, picture.path), []).append(picture)
    groups = [
        _Group(
            min((stable_seed("split", seed, dataset.class_names[p.label], p.path), p.path) for p in same),
            tuple(p.path for p in same),
            Counter(p.label for p in same),
        )
        for same in members.values()
    ]
    return sorted(groups, key=lambda group: (len(group.labels) == 1, group.rank))


def _chosen(groups: Sequence[_Group], fraction: float) -> set[str]:
    """Return the paths that are kept for validation."""
    total = Counter[int]()
    different = Counter[int]()
    for group in groups:
        total.update(group.labels)
        different.update(group.labels.keys())
    wanted = {n: _val_count(total[n], fraction) if different[n] > 1 else 0 for n in total}
    kept = Counter[int]()
    paths = set[str]()

    def leaves_some(group: _Group) -> bool:
        return all(kept[n] + count < total[n] for n, count in group.labels.items())

    def keep(group: _Group) -> None:
        kept.update(group.labels)
        paths.update(group.paths)

    for group in groups:  # what brings every class nearer to its share
        if leaves_some(group) and all(c < 2 * (wanted[n] - kept[n]) for n, c in group.labels.items()):
            keep(group)
    for label in total:  # classes whose groups are all much larger than their share
        if wanted[label] and not kept[label]:
            fitting = [group for group in groups if label in group.labels and leaves_some(group)]
            if fitting:
                keep(min(fitting, key=lambda group: (len(group.paths), group.rank)))
    return paths


def _val_count(count: int, fraction: float) -> int:
    """Return how many of a class's ``count`` pictures are kept for validation: rounded, never all or none."""
    if count < 2:
        return 0
    return min(max(int(count * fraction + 0.5), 1), count - 1)
