"""Which pictures a run may use, and what their files hold: found out once, at its beginning."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ftgui.core.errors import FtguiError
from ftgui.core.hashing import content_of
from ftgui.core.settings import EngineSettings
from ftgui.data.dataset import Dataset, Picture
from ftgui.data.looking import Look, Looks, Problem, look_at, open_index
from ftgui.data.walk import counted, shown
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import PhaseProgress, TrainingEvent

LOOKING = "looking at pictures"

Contents = Mapping[str, bytes]
"""What the file at each path holds, by its BLAKE2b; those that cannot be read or are empty are missing."""

EMPTY = content_of(b"")
"""Of a file that is no copy of another, whatever else is empty, too."""


def index_place(config: TrainConfig, settings: EngineSettings) -> Path | None:
    """Return the folder in which a run may keep what it found out; None: nowhere."""
    return settings.cache_place if config.cache == "on" else None


@dataclass(frozen=True)
class Named:
    """What a run knows of its pictures before any is decoded for it."""

    contents: Contents
    lost: Mapping[str, str]
    """Why pictures cannot be used, by path; empty where the folder says itself what is judged on."""


def name_pictures(
    root: str,
    pictures: Iterable[Picture],
    place: Path | None,
    clock: RunClock,
    control: RunControl,
    *,
    is_split: bool,
) -> Generator[TrainingEvent, None, Named]:
    """Find out what the files of pictures hold, as far as anybody will ask; a stop ends it early.

    Where a split has to be made, each is decoded, since only what can be used is to be split, and what was
    found out about it before is known. Where there is one and nothing may be kept, nobody asks.
    """
    paths = [] if place is None and is_split else [picture.path for picture in pictures]
    if not paths:
        return Named({}, {})
    with (
        open_index(place) as index,
        closing(_timed(look_at(root, paths, index, contents_only=is_split), clock)) as looking,
    ):
        while True:
            try:
                done = next(looking)
            except StopIteration as end:
                looks: list[Look] = end.value
                break
            yield PhaseProgress(phase=LOOKING, done=done, total=len(paths))
            clock.add_pause(control.wait_while_paused())
            if control.stopping:
                return Named({}, {})
    yield PhaseProgress(phase=LOOKING, done=len(paths), total=len(paths))
    named = list(zip(paths, looks, strict=True))
    return Named(
        {path: look.content for path, look in named if look.content and look.content != EMPTY},
        {path: look.found.message for path, look in named if isinstance(look.found, Problem)},
    )


def _timed(looks: Looks, clock: RunClock) -> Generator[int, None, list[Look]]:
    """Yield how many files are done; the seconds are those of reading."""
    with closing(looks):
        while True:
            with clock.phase("reading"):
                try:
                    done, _ = next(looks)
                except StopIteration as end:
                    found: list[Look] = end.value
                    return found
            yield done


def without_lost(dataset: Dataset, lost: Mapping[str, str]) -> tuple[Dataset, tuple[str, ...]]:
    """Return a dataset without the pictures that cannot be used, and what is to be said of each."""
    if not lost:
        return dataset, ()
    train = tuple(picture for picture in dataset.train if picture.path not in lost)
    notes = tuple(f"“{path}” is left out: {why}" for path, why in lost.items())
    return msgspec.structs.replace(dataset, train=train), notes


def without_excluded(dataset: Dataset, exclude: Sequence[str]) -> tuple[Dataset, tuple[str, ...]]:
    """Return a dataset without the pictures that the user left out, and what is to be said of it.

    Raises:
        FtguiError: a class has nothing to learn from any more, or nothing is left to judge on.
    """
    if not exclude:
        return dataset, ()
    gone = set(exclude)
    left = {side: tuple(p for p in pictures if p.path not in gone) for side, pictures in dataset.sides}
    labels = {picture.label for picture in left["train"]}
    emptied = [name for label, name in enumerate(dataset.class_names) if label not in labels]
    if emptied:
        raise FtguiError(
            f"All pictures of {shown(emptied)} to learn from are left out.",
            "Take some of them back.",
        )
    if dataset.has_val and not left["val"]:
        raise FtguiError("All pictures for validation are left out.", "Take some of them back.")
    unknown = sorted(gone - {picture.path for _, pictures in dataset.sides for picture in pictures})
    notes: tuple[str, ...] = ()
    if unknown:
        what = counted(len(unknown), "picture")
        notes = (f"{what} to be left out cannot be found in “{Path(dataset.root).name}”: {shown(unknown)}.",)
    return msgspec.structs.replace(dataset, **left), notes
