"""The catalogue of torchvision's official weights, and which of them this computer has already.

They lie where torch.hub keeps them, so that whatever has downloaded a file, all find it.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path

from ftgui.core.download_words import MEGABYTE
from ftgui.core.errors import FtguiError
from ftgui.core.part_file import part_path
from ftgui.models import architectures
from ftgui.models.architectures import OfficialWeights

TOLERANCE = 0.01
"""Of a file's size: torchvision states it with three decimals, and once in a while of an older file."""


@dataclass(frozen=True)
class CatalogRow:
    """One file that can be had, and the network that it is for."""

    architecture: str
    title: str
    weights: OfficialWeights
    has_choice: bool
    """There are other weights for this network."""

    @property
    def about_bytes(self) -> int:
        """The size of the file, to within ``TOLERANCE``."""
        return round(self.weights.file_mb * MEGABYTE)

    @property
    def obstacle(self) -> str:
        """Why these weights cannot be fine-tuned, in a sentence; "" where they can."""
        if self.weights.accuracy is None:
            return "Only the feature layers of these weights hold numbers, so they cannot be fine-tuned."
        return ""

    def is_whole(self, size: int) -> bool:
        """Whether ``size`` (bytes) is a plausible one: a look that costs nothing, no proof."""
        return abs(size - self.about_bytes) <= TOLERANCE * self.about_bytes


@dataclass(frozen=True)
class Kept:
    """What of the catalogue lies in a folder."""

    folder: Path
    sizes: dict[str, int]
    """The bytes of each file there, by its name."""

    def has(self, row: CatalogRow) -> bool:
        """Whether the file is there, by its name and its size."""
        return row.is_whole(self.sizes.get(row.weights.file, 0))

    def share(self, row: CatalogRow) -> float:
        """Return how much of a file has arrived, 0 to 1, where its download was cut short."""
        return min(1.0, self.sizes.get(part_path(self.path(row)).name, 0) / row.about_bytes)

    def path(self, row: CatalogRow) -> Path:
        """Return where the file is, or goes."""
        return self.folder / row.weights.file


@functools.cache
def rows() -> tuple[CatalogRow, ...]:
    """Return all official weights, by architecture, the recommended ones of each first."""
    known = [architectures.get(name) for name in architectures.names()]
    return tuple(
        CatalogRow(one.name, one.title, weights, has_choice=len(one.weights) > 1)
        for one in known
        for weights in sorted(one.weights, key=lambda weights: not weights.is_default)
    )


def find(architecture: str, weights: str) -> CatalogRow:
    """Return the row of an architecture's weights ("IMAGENET1K_V1").

    Raises:
        FtguiError: there is none.
    """
    of_it = [row for row in rows() if row.architecture == architectures.get(architecture).name]
    for row in of_it:
        if row.weights.name == weights:
            return row
    there = ", ".join(row.weights.name for row in of_it)
    raise FtguiError(f"There are no official weights “{weights}” for {architecture}.", f"There are: {there}.")


def hub_folder() -> Path:
    """Return where torch.hub keeps downloaded weights, found as torch finds it."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", str(Path(cache) / "torch"))
    return Path(os.path.expanduser(home)) / "hub" / "checkpoints"  # noqa: PTH111  Path's raises for ~nobody


def kept(folder: Path | None = None) -> Kept:
    """Look which files lie in ``folder``, by default torch.hub's. One that cannot be read holds nothing."""
    folder = folder or hub_folder()
    try:
        with os.scandir(folder) as entries:
            return Kept(folder, {entry.name: entry.stat().st_size for entry in entries if entry.is_file()})
    except OSError:
        return Kept(folder, {})
