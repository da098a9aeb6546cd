"""A dataset as ftgui knows it: which pictures there are and which class each belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from ftgui.data.findings import Finding

Layout = Literal["class_folders", "split_folders", "list"]
"""A folder for each class; ``train`` and others above those; or a file that lists paths and classes."""


class Picture(msgspec.Struct, frozen=True, gc=False):
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
    layout: Layout = "class_folders"
    list_file: str | None = None
    """The list that says the classes, relative to ``root``."""
    folders: dict[str, str] = {}
    """What the folders of ``train``, ``val`` and ``test`` are called; "" is the root."""
    findings: tuple[Finding, ...] = ()
    """The same as ``notes``, one by one, as far as names alone tell."""

    @property
    def sides(self) -> tuple[tuple[str, tuple[Picture, ...]], ...]:
        """The pictures of ``train``, ``val`` and ``test``, in this order."""
        return ("train", self.train), ("val", self.val), ("test", self.test)

    def folder_of(self, side: str, label: int) -> str:
        """Return the folder of a class, or of a list the file that names it."""
        if self.list_file is not None:
            return self.list_file
        above, name = self.folders.get(side, ""), self.class_names[label]
        return f"{above}/{name}" if above else name

    @property
    def closed(self) -> tuple[str, ...]:
        """The folders that may not be read: nobody knows what is missing, so the rest is not trained on."""
        return tuple(found.path for found in self.findings if found.kind == "no_permission")

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
