"""Which pictures a run may use, and what their files hold: found out once, at its beginning."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from ftgui.core.errors import FtguiError
from ftgui.core.hashing import content_of
from ftgui.core.settings import EngineSettings
from ftgui.data.content_index import ContentIndex
from ftgui.data.dataset import Dataset, Picture
from ftgui.data.looking import Look, Looks, look_at, open_index
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
    return settings.cache_root if config.cache == "on" and settings.cache_gb > 0 else None


def name_contents(
    root: str,
    pictures: Iterable[Picture],
    place: Path | None,
    clock: RunClock,
    control: RunControl,
    *,
    is_split: bool,
) -> Generator[TrainingEvent, None, Contents]:
    """Find out what the files of pictures hold, as far as anybody will ask; a stop ends it early.

    Where nothing may be kept, only the split asks, if there is none yet, which pictures are the same.
    """
    paths = [picture.path for picture in pictures]
    if place is None:
        paths = [] if is_split else _of_one_size(root, paths)
    if not paths:
        return {}
    with (
        ContentIndex(None) if place is None else open_index(place) as index,
        closing(_timed(look_at(root, paths, index, contents_only=True), clock)) as looking,
    ):
        while True:
            try:
                done = next(looking)
            except StopIteration as end:
                looks = end.value
                break
            yield PhaseProgress(phase=LOOKING, done=done, total=len(paths))
            clock.add_pause(control.wait_while_paused())
            if control.stopping:
                return {}
    yield PhaseProgress(phase=LOOKING, done=len(paths), total=len(paths))
    named = ((path, look.content) for path, look in zip(paths, looks, strict=True))
    return {path: content for path, content in named if content and content != EMPTY}


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


def _of_one_size(root: str, paths: Sequence[str]) -> list[str]:
    """Return those whose files have the size of another's: only they can hold the same."""
    sizes: dict[str, int] = {}
    for path in paths:
        try:
            sizes[path] = os.stat(f"{root}/{path}").st_size  # noqa: PTH116  100,000 times
        except (OSError, ValueError):  # decoding it says why
            continue
    counts = Counter(sizes.values())
    return [path for path, size in sizes.items() if counts[size] > 1]


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
            "Take some of them back, or take the whole class away.",
        )
    if dataset.has_val and not left["val"]:
        raise FtguiError("All pictures for validation are left out.", "Take some of them back.")
    unknown = sorted(gone - {picture.path for _, pictures in dataset.sides for picture in pictures})
    notes: tuple[str, ...] = ()
    if unknown:
        what = counted(len(unknown), "picture")
        notes = (f"{what} to be left out cannot be found in “{Path(dataset.root).name}”: {shown(unknown)}.",)
    return msgspec.structs.replace(dataset, **left), notes
