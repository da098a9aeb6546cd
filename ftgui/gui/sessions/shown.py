"""The pictures of a dataset as the grid shows them; made off the GUI thread, since there may be 100,000."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ftgui.data.dataset import Dataset
from ftgui.data.findings import KINDS, Finding
from ftgui.gui.item_models.pictures_model import Shown

ByPath = Mapping[str, tuple[Finding, ...]]


@dataclass(frozen=True)
class ShownPictures:
    """All pictures, train before val before test."""

    rows: list[Shown] = field(default_factory=list)
    at: dict[str, int] = field(default_factory=dict)
    """The row of each path."""

    def mark(self, paths: Iterable[str], by_path: ByPath, left_out: Collection[str]) -> None:
        """Mark pictures anew that were left out, or are used again."""
        for path in paths:
            row = self.at.get(path)
            if row is not None:
                self.rows[row] = self.rows[row]._replace(mark=_mark(path, by_path, left_out))

    def marked(self, rows: Sequence[Shown]) -> list[Shown]:
        """Return some of the pictures, or all, as they are marked now."""
        if len(rows) == len(self.rows):
            return list(self.rows)
        return [self.rows[self.at[row.path]] for row in rows]


def shown_pictures(dataset: Dataset, by_path: ByPath, left_out: Collection[str]) -> ShownPictures:
    """Return what the grid shows of a dataset."""
    names, has_sides = dataset.class_names, dataset.layout == "split_folders" or dataset.has_val
    rows = [
        Shown(picture.path, names[picture.label], side if has_sides else "", "")
        for side, pictures in dataset.sides
        for picture in pictures
    ]
    shown = ShownPictures(rows, {row.path: number for number, row in enumerate(rows)})
    shown.mark([*by_path, *left_out], by_path, left_out)
    return shown


def chosen(
    rows: Sequence[Shown], class_name: str | None, side: str | None, paths: Collection[str] | None
) -> list[Shown]:
    """Return the rows of one class, one side and among ``paths``; None stands for all."""
    if paths is not None:
        rows = [row for row in rows if row.path in paths]
    if class_name is not None:
        rows = [row for row in rows if row.class_name == class_name]
    if side is not None:
        rows = [row for row in rows if row.side == side]
    return list(rows)


def _mark(path: str, by_path: ByPath, left_out: Collection[str]) -> str:
    if path in left_out:
        return "excluded"
    weights = {KINDS[finding.kind].weight for finding in by_path.get(path, ())}
    return "problem" if weights & {"lost", "doubt"} else "info" if weights else ""
