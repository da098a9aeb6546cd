"""Features on disk, for the next run whose frozen stages are the same."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import torch

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.core.kept_rows import KeptRows, RowPlace
from ftgui.training.prefix import Prefix, Shape

ABOUT = "about.json"


class Took(msgspec.Struct, frozen=True, kw_only=True):
    """What computing features took, by all runs together."""

    views: int = 0
    seconds: float = 0.0
    threads: int = 0
    """PyTorch's: with another number of them it takes another time."""


class About(records.Record, frozen=True, kw_only=True):
    """``about.json``: whose features a table holds."""

    architecture: str
    stages: tuple[str, ...]
    shape: Shape
    took: Took = Took()


class KeptFeatures(KeptRows):
    """The features of one prefix, in a folder of their own."""

    def __init__(self, place: RowPlace, prefix: Prefix) -> None:
        super().__init__(place, _folder_name(prefix), "Features", "computed")
        self._written = self._read_about()
        self._about = self._written or About(
            architecture=prefix.architecture,
            stages=tuple(stage.name for stage in prefix.stages),
            shape=prefix.shape(),
        )
        self._write_about()
        self.open(self.shape.bytes)

    @property
    def shape(self) -> Shape:
        return self._about.shape

    def note_work(self, views: int, seconds: float) -> None:
        """Remember what computing so many views took."""
        before, threads = self._about.took, torch.get_num_threads()
        if before.threads != threads:
            before = Took()
        took = Took(views=before.views + views, seconds=before.seconds + seconds, threads=threads)
        self._about = msgspec.structs.replace(self._about, took=took)

    def seconds_for(self, views: int) -> float | None:
        """Return what computing so many views took, by the mean of all.

        None where nobody knows: they were computed by another number of threads, or by an ftgui that did
        not yet write it down.
        """
        took = self._about.took
        if views == 0:
            return 0.0
        if took.views == 0 or took.threads != torch.get_num_threads():
            return None
        return took.seconds / took.views * views

    def close(self) -> None:
        if self.takes_more:  # else another program writes here
            self._write_about()
        super().close()

    def _read_about(self) -> About | None:
        try:
            return records.read_json(self.folder / ABOUT, About)
        except FtguiError:  # there is none yet, or none that can be read
            return None

    def _write_about(self) -> None:
        if self._about == self._written:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            records.write_json(self.folder / ABOUT, self._about)
            self._written = self._about
        except OSError as error:
            self.note_unwritable(error)


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
