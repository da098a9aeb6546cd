"""Which folder of a dataset plays which part: a folder per class, or train, val and test above them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ftgui.data.walk import Listing, Walker, shown

TRAIN_NAMES = ("train",)
VAL_NAMES = ("val", "valid", "validation")
TEST_NAMES = ("test",)


class Layout(NamedTuple):
    """The folders, relative to the dataset's root, whose subfolders are classes."""

    train: str = ""
    """"" where the root itself holds the class folders."""
    val: str | None = None
    test: str | None = None
    beside: tuple[str, ...] = ()
    """Other folders next to ``train``: no classes, and left out."""
    taken: tuple[str, ...] = ()
    """Folders called val or test without a ``train`` beside them: classes like any other."""

    def notes(self) -> Iterator[str]:
        """Say what may not be what was meant, a sentence each."""
        if self.beside:
            yield f"Left out, as “{self.train}” holds the classes: {shown(list(self.beside))}."
        if self.taken:
            yield f"Taken for classes, as there is no folder “train”: {shown(list(self.taken))}."


def find_layout(walker: Walker, root: Listing) -> Layout:
    """Decide from names, in any case, and from as little of the folders as it takes.

    A folder called ``train`` makes a split where ``val`` or ``test`` stands beside it; alone it does where
    it holds folders but no pictures of its own, so that ``train`` next to ``bus`` can be a class.
    """
    train, val, test = (_named(root.folders, names) for names in (TRAIN_NAMES, VAL_NAMES, TEST_NAMES))
    if train is None or not (val or test or _holds_only_folders(walker, train)):
        return Layout(taken=parts_in(root))
    parts = {train, val, test}
    return Layout(train, val, test, tuple(name for name in root.folders if name not in parts))


def parts_in(root: Listing) -> tuple[str, ...]:
    """Return the folders called val or test."""
    return tuple(name for name in root.folders if name.casefold() in (*VAL_NAMES, *TEST_NAMES))


def only_val_and_test(walker: Walker, root: Listing) -> bool:
    """Whether a split lacks its ``train``: nothing but val and test, and those hold class folders."""
    return parts_in(root) == root.folders and all(_holds_only_folders(walker, name) for name in root.folders)


def _named(folders: tuple[str, ...], names: tuple[str, ...]) -> str | None:
    """Return the folder with the first of ``names`` that there is; the exact spelling before others."""
    for name in names:
        spellings = [folder for folder in folders if folder.casefold() == name]
        if spellings:
            return name if name in spellings else spellings[0]
    return None


def _holds_only_folders(walker: Walker, folder: str) -> bool:
    inside = Walker(walker.root).listing(folder)  # a walker of its own: looking is not yet counting
    return bool(inside.folders) and not inside.pictures
