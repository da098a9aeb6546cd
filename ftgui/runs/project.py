"""A project on the disk: a folder with ``project.json``, and with the runs in its ``runs``.

What the user gave to a run, such as another name, stands here; a run's own folder is never written to.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from ftgui.core import files, locks, records
from ftgui.core.errors import FtguiError
from ftgui.core.records import Record
from ftgui.training.config import SETTING_BY_NAME, TrainConfig

PROJECT = "project.json"
PROJECT_RUNS = "runs"
DAMAGED = "project-damaged.json"
PROJECT_LOCK = ".project.lock"


class ListedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a project."""

    folder: str
    """Within the project relative to it, with forward slashes; absolute elsewhere."""
    name: str = ""
    """What the user calls it; "" for what its folder is called."""
    colour: int | None = None
    """None: the next one."""
    shown: bool = False
    """Whether its curves are drawn."""


class ProjectFile(Record, frozen=True, kw_only=True):
    """``project.json``."""

    dataset: str = ""
    weights: str = ""
    architecture: str | None = None
    """What the user takes the weights file for; None leaves it to the file."""
    preprocessing: str | None = None
    classes: int | None = None
    """None: as many as the folder has."""
    strategy: str = "freeze"
    settings: dict[str, Any] = msgspec.field(default_factory=dict)
    """Only those that differ from their default."""
    stage_lr: dict[str, dict[str, float]] = msgspec.field(default_factory=dict)
    """For each strategy the learning rates of single stages that the user gave."""
    runs: tuple[ListedRun, ...] = ()
    """In their order. Those in the project's own folder belong to it whether they stand here or not."""
    comparisons: tuple[str, ...] = ()
    """Folders of comparisons elsewhere, all of whose runs belong to the project."""
    removed: tuple[str, ...] = ()
    """Runs of these that the user does not want to see."""


def is_setting(name: str, value: object) -> bool:
    """Return whether this ftgui has a setting of this name, and ``value`` is of its kind."""
    if name not in SETTING_BY_NAME:
        return False
    try:
        msgspec.convert({"dataset": "", "weights": "", name: value}, TrainConfig)
    except msgspec.ValidationError:
        return False
    return True


def is_file(path: Path) -> bool:
    """Return whether a file is there, as far as anybody may look."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_project(folder: Path) -> bool:
    return is_file(folder / PROJECT)


def is_text(name: str) -> bool:
    """Return whether a name can stand in ``project.json``: Linux allows some that are no text."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def read_project(folder: Path) -> ProjectFile:
    """Read ``project.json``.

    Raises:
        FtguiError: there is none, it is damaged, or a newer ftgui wrote it.
    """
    if not is_project(folder):
        raise FtguiError(f"“{folder}” holds no project.", "Choose a folder that ftgui saved a project in.")
    return records.read_json(folder / PROJECT, ProjectFile)


def write_project(folder: Path, project: ProjectFile) -> None:
    """Write ``project.json``; who reads it meanwhile sees the one before.

    Raises:
        FtguiError: it cannot be written.
    """
    try:
        records.write_json(folder / PROJECT, project)
    except OSError as error:
        raise files.cannot_write(folder, "the project", error) from error
    except ValueError as error:
        raise FtguiError(
            f"The project cannot be written to “{folder}”: a name in it is no text.",
            "Give the folder of pictures, or the weights file, a name of ordinary letters.",
            str(error),
        ) from error


class Claim:
    """That a project is open here, and nowhere else: two that keep it would write over each other."""

    def __init__(self, folder: Path) -> None:
        """Claim the project in ``folder``, where its disk knows locks and may be written to.

        Raises:
            FtguiError: it is open already, in this program or another.
        """
        self.folder = folder
        self._lock: locks.HeldLock | None = None
        if not folder.is_dir():
            return  # it would be made
        busy = FtguiError(
            f"The project “{folder.name}” is open in another window.", "Close it there first.", str(folder)
        )
        with suppress(OSError):  # nobody can claim it, and nobody can write it, or this disk knows no locks
            self._lock = locks.HeldLock(folder / PROJECT_LOCK, busy)

    def give_back(self) -> None:
        if self._lock is not None:
            self._lock.give_back()


def is_damaged(folder: Path) -> bool:
    """Return whether ``project.json`` is there and is no file that any ftgui wrote."""
    try:
        plain = msgspec.json.decode((folder / PROJECT).read_bytes())
        records.refuse_newer(plain, PROJECT)
        msgspec.convert(plain, ProjectFile)
    except msgspec.MsgspecError:
        return True
    except (OSError, FtguiError):
        return False
    return False


def keep_aside(folder: Path) -> Path:
    """Give a damaged ``project.json`` another name, untouched, and return where it lies now.

    Raises:
        FtguiError: it cannot be renamed.
    """
    name = Path(DAMAGED)
    place, number = folder / name, 2
    while place.exists():
        place, number = folder / f"{name.stem}-{number}{name.suffix}", number + 1
    try:
        (folder / PROJECT).rename(place)
    except OSError as error:
        raise files.cannot_write(folder, "the project", error) from error
    return place


def as_listed(folder: Path, project: Path) -> str:
    """Return how the project in ``project`` names the run in ``folder``."""
    try:
        return folder.relative_to(project).as_posix()
    except ValueError:
        return str(folder)


def place_of(listed: str, project: Path) -> Path:
    """Return the folder that a project names."""
    return project / listed  # an absolute path stays what it is


def named_from(run: ListedRun, project: Path, home: Path) -> ListedRun:
    """Return a run of the project in ``project`` as one in ``home`` names it."""
    return msgspec.structs.replace(run, folder=as_listed(place_of(run.folder, project), home))


def each_once(runs: Iterable[ListedRun], project: Path) -> tuple[ListedRun, ...]:
    """Return runs of a project without those whose folder came before."""
    first: dict[Path, ListedRun] = {}
    for run in runs:
        first.setdefault(place_of(run.folder, project), run)
    return tuple(first.values())
