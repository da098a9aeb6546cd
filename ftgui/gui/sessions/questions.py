"""What a project asks of the engine off the GUI thread, where imports may take their time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ftgui.core.loading import load_torch


@dataclass(frozen=True)
class Scan:
    """What a folder of pictures holds."""

    path: str

    def __call__(self) -> object:
        from ftgui.jobs.scan import scan

        return scan(Path(self.path).expanduser())


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
