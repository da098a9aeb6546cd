"""The runs of a comparison as they are read: what ended is read once, however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ftgui.core.errors import FtguiError
from ftgui.runs.comparison import RUNS, ComparisonFile, Entry
from ftgui.runs.held_equal import Evidence, evidence_of
from ftgui.runs.history import RunHistory, open_run
from ftgui.runs.predictions import Predictions, read_predictions
from ftgui.runs.store import EVENTS, SUMMARY

T = TypeVar("T")
Stamp = tuple[int, int, int]
"""Which file it is, when it was written, and how large it is."""


class RunsRead:
    """Reads the runs in the folder of a comparison.

    What an ended run wrote is kept until its summary, or the file itself, is another one; what of a run that
    goes on or was cut off is read each time. What is returned is not to be changed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: dict[tuple[str, str], tuple[tuple[Stamp | None, ...], object]] = {}
        self._paths: dict[tuple[str, ...], tuple[str, ...]] = {}

    def history(self, entry: Entry) -> RunHistory | None:
        """Return one run; None where it has not been begun.

        Raises:
            FtguiError: its folder holds something that no run wrote.
        """
        place = self.folder / RUNS / entry.name
        return self._once(entry, "history", EVENTS, lambda: open_run(place)) if _has_begun(place) else None

    def evidence(self, entry: Entry) -> Evidence | None:
        """Return what a run says of itself; None where it did not begin.

        Raises:
            FtguiError: its folder holds something that no run wrote.
        """
        history = self.history(entry)
        return self._once(entry, "evidence", EVENTS, lambda: evidence_of(history)) if history else None

    def predictions(self, entry: Entry, name: str) -> Predictions | None:
        """Return what a run said of each picture, from the table ``name``; None where there is none.

        Raises:
            FtguiError: it is something else.
        """
        place = self.folder / RUNS / entry.name / name
        return self._once(entry, name, name, lambda: self._sharing_paths(read_predictions(place)))

    def _sharing_paths(self, read: Predictions | None) -> Predictions | None:
        """Hold the paths once for all runs that were judged on the same pictures: they are most of it."""
        return read and replace(read, paths=self._paths.setdefault(read.paths, read.paths))

    def _once(self, entry: Entry, what: str, file: str, read: Callable[[], T]) -> T:
        place, key = self.folder / RUNS / entry.name, (entry.name, what)
        stamps = (_stamp(place / SUMMARY), _stamp(place / file))
        kept = self._kept.get(key)
        if kept is not None and kept[0] == stamps:
            return kept[1]  # type: ignore[return-value]  # of this key, it is what ``read`` returned
        value = read()
        if stamps[0] is not None:
            self._kept[key] = stamps, value
        return value


def histories_of(runs: RunsRead, comparison: ComparisonFile) -> dict[str, RunHistory]:
    """Return the runs that can be read, by their names; without those that were to be skipped."""
    histories = {}
    for entry in comparison.plan.entries():
        if entry.name in comparison.skipped:
            continue
        try:
            history = runs.history(entry)
        except FtguiError:
            continue  # the table of runs says how it stands
        if history is not None:
            histories[entry.name] = history
    return histories


def _has_begun(place: Path) -> bool:
    return (place / EVENTS).is_file()


def _stamp(file: Path) -> Stamp | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
