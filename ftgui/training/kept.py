"""Features on disk, for the next run whose frozen stages are the same."""

from __future__ import annotations

from dataclasses import dataclass

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.core.kept_rows import KeptRows, RowPlace
from ftgui.training.prefix import Prefix, Shape

ABOUT = "about.json"


class About(records.Record, frozen=True, kw_only=True):
    """``about.json``: whose features a table holds."""

    architecture: str
    stages: tuple[str, ...]
    shape: Shape


class KeptFeatures(KeptRows):
    """The features of one prefix, in a folder of their own."""

    def __init__(self, place: RowPlace, prefix: Prefix) -> None:
        super().__init__(place, _folder_name(prefix), "Features", "computed")
        self.shape = self._shape(prefix)
        self.open(self.shape.bytes)

    def _shape(self, prefix: Prefix) -> Shape:
        """Return the features' shape as it was written down, or found out now and written down."""
        try:
            return records.read_json(self.folder / ABOUT, About).shape
        except FtguiError:  # there is none yet, or none that can be read
            shape = prefix.shape()
        about = About(
            architecture=prefix.architecture, stages=tuple(s.name for s in prefix.stages), shape=shape
        )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            records.write_json(self.folder / ABOUT, about)
        except OSError as error:
            self.note_unwritable(error)
        return shape


@dataclass(frozen=True)
class FeaturePlace(RowPlace):
    """Where the features of all prefixes are kept."""

    def open(self, prefix: Prefix) -> KeptFeatures:
        return KeptFeatures(self, prefix)

    def has(self, prefix: Prefix) -> bool:
        """Return whether anything was ever kept of a prefix."""
        return (self.folder / _folder_name(prefix)).is_dir()


def _folder_name(prefix: Prefix) -> str:
    return f"{prefix.architecture}-{prefix.stages[-1].name}-{prefix.name}"
