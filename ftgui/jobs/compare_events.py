"""What a comparison says while it happens, beside the events of its runs."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from ftgui.runs.comparison import Entry
from ftgui.runs.progress import Progress
from ftgui.runs.results import ComparisonResult, RunResult
from ftgui.training.events import Event, TrainingEvent


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a comparison."""

    name: str
    entry: Entry
    is_done: bool
    """Whether nothing more comes of it. That is also true of what broke, which its result tells apart: its
    loss was no longer a finite number, what had to stay frozen was changed, or its files cannot be read."""


class ComparisonStarted(Event, frozen=True, kw_only=True):
    """Which runs there are."""

    folder: str
    runs: tuple[Planned, ...]
    progress: Progress


class ComparedRunStarted(Event, frozen=True, kw_only=True):
    """What comes until ``ComparedRunEnded`` are the events of this run."""

    name: str
    strategy: str
    seed: int
    lr: float | None
    number: int
    """From 1, of ``total``, those that were done before included."""
    total: int
    goes_on: bool
    """Whether it was begun before."""
    progress: Progress
    """This run is among those that are left."""
    seconds: float | None = None
    """That this run is thought to take; None where nothing is known of its strategy."""


class ComparedRunEnded(Event, frozen=True, kw_only=True):
    """A run ended, or was skipped, and what is known by now was written."""

    run: RunResult
    progress: Progress
    result: ComparisonResult | None = None
    """Not told on the command line, where ``ComparisonEnded`` has all of it."""


class ComparisonEnded(Event, frozen=True, kw_only=True):
    """The last event."""

    reason: Literal["completed", "stopped", "failed"]
    """``failed``: at least one run failed, or changed what had to stay frozen. A loss that is not finite any
    more is what its strategy came to."""
    message: str
    folder: str
    report: str | None
    result: ComparisonResult


CompareEvent: TypeAlias = (
    TrainingEvent | ComparisonStarted | ComparedRunStarted | ComparedRunEnded | ComparisonEnded
)
