"""Comparisons that are on the disk, read off the GUI thread."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ftgui.core.errors import FtguiError
from ftgui.runs.comparison import COMPARISON, RUNS, ComparisonFile, read_comparison
from ftgui.runs.history import RunHistory, open_run
from ftgui.runs.library import is_run


@dataclass(frozen=True)
class OpenedComparison:
    """A comparison with those of its runs that were not in the table, each with its strategy's number."""

    folder: Path
    comparison: ComparisonFile
    runs: tuple[tuple[RunHistory, int], ...]
    lost: tuple[tuple[str, FtguiError], ...] = ()
    """The names of runs that could not be read, and why."""


@dataclass(frozen=True)
class FoundComparisons:
    """The comparisons of a project, the newest first, and the newest that can be read."""

    folders: tuple[Path, ...]
    newest: tuple[Path, ComparisonFile] | None


def read_as_it_is(folder: Path) -> tuple[Path, ComparisonFile]:
    """Read a comparison with what its runs say now: some may have been deleted since, or gone on with.

    Raises:
        FtguiError: there is none.
    """
    from ftgui.runs.comparing import result_of  # here: it brings numpy, for which the window need not wait

    comparison = read_comparison(folder)
    try:
        result = result_of(folder, comparison)
    except (FtguiError, OSError, ValueError):  # what was written when they ended has to do
        return folder, comparison
    return folder, msgspec.structs.replace(comparison, result=result)


def read_opened(folder: Path, known: frozenset[Path]) -> OpenedComparison:
    """Read a comparison and its runs but those that are ``known``.

    Raises:
        FtguiError: there is none.
    """
    _, comparison = read_as_it_is(folder)
    runs, lost = [], []
    for entry in comparison.plan.entries():
        place = folder / RUNS / entry.name
        if place in known or not is_run(place):
            continue
        try:
            runs.append((open_run(place), comparison.plan.strategies.index(entry.strategy)))
        except FtguiError as error:
            lost.append((entry.name, error))
        except (OSError, ValueError) as error:
            lost.append((entry.name, FtguiError(f"“{place}” cannot be read.", details=str(error))))
    return OpenedComparison(folder, comparison, tuple(runs), tuple(lost))


def find_comparisons(runs: Iterable[Path]) -> FoundComparisons:
    """Return which comparisons these runs are of."""
    homes = {run.parent.parent for run in runs if run.parent.name == RUNS}
    written = {home: when for home in homes if (when := _written(home)) is not None}
    folders = tuple(sorted(written, key=lambda home: (written[home], home), reverse=True))
    for folder in folders:
        with suppress(FtguiError):
            return FoundComparisons(folders, read_as_it_is(folder))
    return FoundComparisons(folders, None)


def _written(home: Path) -> float | None:
    """Return when a comparison was written last; None where there is none, or nobody may look."""
    try:
        return (home / COMPARISON).stat().st_mtime
    except (OSError, ValueError):
        return None
