"""The catalogue of official weights in words: what a row is good for, and what a search looks through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ftgui.core.download_words import MEGABYTE
from ftgui.gui.words import duration_words
from ftgui.models.catalog import CatalogRow

if TYPE_CHECKING:
    from ftgui.core.download import Progress

COSTS = (
    (0.7, "Quick: a good start on a computer without a graphics card."),
    (5.0, "Neither quick nor slow: trains on an ordinary computer, best with most of it frozen."),
    (20.0, "Slow: without a graphics card, freeze all but the end of it."),
    (float("inf"), "Very slow: meant for a graphics card with much memory."),
)
"""What a network of up to so many GFLOPs is good for."""

NOTES = {
    "connecting": "connecting …",
    "checking": "checking what is there …",
    "retrying": "the connection was cut; trying again …",
}


def find_words(text: str) -> tuple[str, ...]:
    """Return the words of a search, in lower case: "ResNet-50 V2" are "resnet50" and "v2"."""
    return tuple(filter(None, map(_plain, text.split())))


class SearchText:
    """What the words of a search are looked for in."""

    def __init__(self, row: CatalogRow) -> None:
        said = (row.architecture, row.title, row.weights.name)
        self._names = [_plain(name) for name in said[:2]]
        self._tails = [_plain(name[start:]) for name in said for start in _word_starts(name)]

    def has(self, words: tuple[str, ...]) -> bool:
        """Whether all of ``words`` are in it: long ones anywhere, short ones where a word begins."""
        return all(self._has(word) for word in words)

    def _has(self, word: str) -> bool:
        if any(tail.startswith(word) for tail in self._tails):
            return True
        return len(word) > 2 and any(word in name for name in self._names)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _word_starts(name: str) -> list[int]:
    """Return where something begins that is a word to people: "resnet", "50", "x", "0", "5"."""
    return [found.start() for found in re.finditer(r"[A-Za-z]+|\d+", name)]


def details_words(row: CatalogRow) -> str:
    """Return what to know of a row before it is chosen, in two lines or one."""
    if row.obstacle:
        return row.obstacle
    licence = "Under a licence of its own (CC BY-NC 4.0): not for commercial use."
    first = " ".join(filter(None, (good_for_words(row), licence if row.weights.licence else "")))
    return f"{first}\n{preprocessing_words(row)}"


def preprocessing_words(row: CatalogRow) -> str:
    """Return how pictures are made ready for a network."""
    wanted = row.weights.preprocessing
    if wanted.resize == wanted.crop:
        return f"Looks at the middle of a picture, {wanted.crop} × {wanted.crop} pixels."
    return (
        f"Looks at the middle of a picture, {wanted.crop} × {wanted.crop} pixels "
        f"of one whose short side is {wanted.resize}."
    )


def good_for_words(row: CatalogRow) -> str:
    """Return what a network of this size is good for."""
    return next(words for most, words in COSTS if row.weights.gflops <= most)


def arrived_words(progress: Progress, bytes_per_second: float, seconds_left: float | None) -> str:
    """Return the line beside the bar: "12.3 of 44.7 MB · 3.1 MB/s · 11 s left"."""
    done = f"{progress.done / MEGABYTE:,.1f}"
    whole = f" of {progress.total / MEGABYTE:,.1f}" if progress.total is not None else ""
    parts = [f"{done}{whole} MB"]
    if progress.note:
        return " · ".join((*parts, NOTES[progress.note]) if progress.done else (NOTES[progress.note],))
    parts.append(f"{bytes_per_second / MEGABYTE:,.1f} MB/s")
    if seconds_left is not None:
        parts.append(f"{duration_words(seconds_left)} left")
    return " · ".join(parts)
