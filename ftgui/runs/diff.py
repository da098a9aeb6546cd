"""Two runs held against each other: what was not the same, what came of it, and where they disagree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ftgui.runs.diff_answers import Verdict, verdict_of
from ftgui.runs.diff_figures import Figure, figures
from ftgui.runs.diff_settings import Difference, asked_of, differences, in_a_word
from ftgui.runs.history import RunHistory, open_run


@dataclass(frozen=True)
class RunDiff:
    """Everything that is said of two runs."""

    settings: tuple[Difference, ...]
    settings_words: str
    """How much was not the same, as a sentence."""
    figures: tuple[Figure, ...]
    verdict: Verdict
    root: Path
    """Where the pictures are that they disagree on."""


def diff_of(first: RunHistory, second: RunHistory) -> RunDiff:
    """Hold two runs against each other, by what stands in their folders.

    Raises:
        FtguiError: one of them did not begin, or a table of its predictions is damaged.
    """
    first, second = _whole(first), _whole(second)
    one, other = asked_of(first), asked_of(second)
    found = differences(one, other)
    return RunDiff(
        settings=found,
        settings_words=in_a_word(found),
        figures=figures(first, second),
        verdict=verdict_of(first, second, in_one_place=one.root == other.root),
        root=Path(other.root if _is_moved(one.root) else one.root),
    )


def _whole(history: RunHistory) -> RunHistory:
    """Return a run with all of its epochs, where only what a table says of it was read."""
    return replace(open_run(history.folder), name=history.name) if history.is_brief else history


def _is_moved(root: str) -> bool:
    """Whether nothing is there any more."""
    return not Path(root).exists()
