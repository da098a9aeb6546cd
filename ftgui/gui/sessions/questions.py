"""What a project asks of the engine off the GUI thread, where imports may take their time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ftgui.core.loading import load_torch
from ftgui.data.dataset import Dataset
from ftgui.data.left_out import read_left_out
from ftgui.gui.sessions.shown import ShownPictures, shown_pictures

if TYPE_CHECKING:
    from ftgui.jobs.scan import ScanReport


@dataclass(frozen=True)
class Opened:
    """What a folder of pictures holds, by names alone, and what the user once left out of it."""

    dataset: Dataset
    report: ScanReport
    left_out: frozenset[str]
    shown: ShownPictures


@dataclass(frozen=True)
class List:
    """What a folder of pictures holds."""

    path: str
    project: Path

    def __call__(self) -> object:
        from ftgui.jobs.scan import list_pictures

        dataset, report = list_pictures(Path(self.path).expanduser())
        left_out = read_left_out(self.project, dataset.root)
        return Opened(dataset, report, left_out, shown_pictures(dataset, {}, left_out))


@dataclass(frozen=True)
class Inspect:
    """What a weights file is, and the stages of its network."""

    path: str
    architecture: str | None = None
    """What the user takes it for."""
    preprocessing: str | None = None

    def __call__(self) -> object:
        load_torch()
        from ftgui.jobs.inspect import inspect_stages

        return inspect_stages(Path(self.path).expanduser(), self.architecture, self.preprocessing)


def describe_machine() -> object:
    """Return which devices there are; loads torch."""
    load_torch()
    from ftgui.jobs.machine import describe_machine as describe

    return describe()
