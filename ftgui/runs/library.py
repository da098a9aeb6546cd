"""Which runs there are: in a project's folder, in comparisons, and moved from one project to another."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ftgui.core.locks import is_held
from ftgui.runs.comparison import COMPARISON, RUNS
from ftgui.runs.project import (
    PROJECT_RUNS,
    ListedRun,
    ProjectFile,
    as_listed,
    each_once,
    is_file,
    place_of,
)
from ftgui.runs.store import EVENTS, LOCK


def is_run(folder: Path) -> bool:
    return is_file(folder / EVENTS)


def is_there(folder: Path) -> bool:
    """Return whether a folder is there, or may be: nobody knows of one that cannot be looked for."""
    try:
        return folder.exists()
    except (OSError, ValueError):
        return True


def comparison_of(folder: Path) -> Path | None:
    """Return the folder of the comparison that the run in ``folder`` is one of, if it is."""
    above = folder.parent.parent
    return above if folder.parent.name == RUNS and is_file(above / COMPARISON) else None


def runs_in(folder: Path) -> list[Path]:
    """Return the runs in a folder and in the comparisons there, by name; none of what cannot be read."""
    found: list[Path] = []
    for place in _folders_in(folder):
        if is_run(place):
            found.append(place)
        elif is_file(place / COMPARISON):
            found += filter(is_run, _folders_in(place / RUNS))
    return found


def listed_runs(folder: Path, project: ProjectFile) -> list[ListedRun]:
    """Return the runs of the project in ``folder``: those that it lists, then those that came since."""
    known = {place_of(run.folder, folder) for run in project.runs}
    known.update(place_of(name, folder) for name in project.removed)
    found = runs_in(folder / PROJECT_RUNS)
    for comparison in project.comparisons:
        found += filter(is_run, _folders_in(place_of(comparison, folder) / RUNS))
    new = (place for place in dict.fromkeys(found) if place not in known)
    listed = (*project.runs, *(ListedRun(folder=as_listed(place, folder)) for place in new))
    return list(each_once(listed, folder))


def bring_in(folders: Iterable[Path], home: Path, project: Path) -> dict[Path, Path]:
    """Move what lies in ``home`` into the runs of ``project``; return where each of ``folders`` lies then.

    A run of a comparison moves with it. What cannot be moved, on another disk for example, stays, and so
    does what another program writes.
    """
    lies: dict[Path, Path] = {}
    moved: dict[Path, Path] = {}
    for folder in folders:
        unit = _unit(folder, home)
        if unit is not None and unit not in moved:
            moved[unit] = _moved(unit, project / PROJECT_RUNS)
        lies[folder] = folder if unit is None else moved[unit] / folder.relative_to(unit)
    return lies


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # gone since it was listed, or nobody may look
                total += Path(place, name).lstat().st_size
    return total


def is_being_written(folder: Path) -> bool:
    """Return whether somebody writes a run now, its comparison, or any run of a comparison."""
    comparison = comparison_of(folder)
    parts = (folder, *((comparison,) if comparison else ()), *_folders_in(folder / RUNS))
    return any(is_held(part / LOCK) for part in parts)


def _unit(folder: Path, home: Path) -> Path | None:
    """Return what lies right in ``home`` and is, or holds, ``folder``."""
    if not folder.is_relative_to(home) or folder == home:
        return None
    return home / folder.relative_to(home).parts[0]


def _moved(place: Path, into: Path) -> Path:
    target = into / place.name
    if is_being_written(place):
        return place
    try:
        into.mkdir(exist_ok=True)
        place.rename(target)
    except OSError:
        return place
    return target


def _folders_in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [folder / name for name in sorted(each.name for each in entries if _is_folder(each))]
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
