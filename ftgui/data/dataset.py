"""A dataset as ftgui knows it: which pictures there are and which class each belongs to."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Picture(msgspec.Struct, frozen=True):
    """One picture: where it is, relative to the dataset's root with forward slashes, and its class."""

    path: str
    label: int


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """What scanning a folder found. Nothing is decoded yet."""

    root: str
    class_names: tuple[str, ...]
    """In the order of their numbers: ``class_names[picture.label]``."""
    train: tuple[Picture, ...]
    """Every picture, where the folder has no split of its own."""
    val: tuple[Picture, ...] = ()
    test: tuple[Picture, ...] = ()
    notes: tuple[str, ...] = ()
    """What was found on the way and left out or is worth saying, a sentence each."""

    @property
    def class_to_idx(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.class_names)}

    @property
    def has_val(self) -> bool:
        """Whether the folder brings a validation split of its own."""
        return bool(self.val)

    def file(self, picture: Picture) -> Path:
        """Return where a picture is on this machine."""
        return Path(self.root) / picture.path


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Which pictures are learned from and which are only judged on."""

    train: tuple[Picture, ...]
    val: tuple[Picture, ...]
