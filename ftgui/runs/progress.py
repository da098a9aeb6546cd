"""How far a comparison is, and how long the rest of it takes."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import msgspec

from ftgui.runs.results import RunResult


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a comparison is between two of its runs, or at the beginning of one."""

    done: int
    """Runs of which nothing more comes this time: over, skipped, or not asked for."""
    total: int
    seconds_left: float | None = None
    """Of the runs that can be estimated; None where none can."""
    unknown: int = 0
    """Runs still to come that cannot be: with any, ``seconds_left`` is the least that it takes."""

    @property
    def is_at_least(self) -> bool:
        return self.unknown > 0


def seconds_of_strategies(runs: Sequence[RunResult], forecast: Mapping[str, float]) -> dict[str, float]:
    """Return what a run of a strategy takes: the mean of its runs that are done, else what is foreseen."""
    taken: dict[str, list[float]] = {}
    for run in runs:
        if run.state == "done" and run.seconds is not None:
            taken.setdefault(run.strategy, []).append(run.seconds)
    return dict(forecast) | {name: statistics.fmean(seconds) for name, seconds in taken.items()}


def progress_of(left: Sequence[tuple[str, float]], total: int, seconds: Mapping[str, float]) -> Progress:
    """Return how far a comparison of ``total`` runs is.

    ``left``: of each run that is left its strategy, and the share of it that is still to be done, above 0.
    """
    known = [share * seconds[strategy] for strategy, share in left if strategy in seconds]
    return Progress(
        done=total - len(left),
        total=total,
        seconds_left=sum(known) if known or not left else None,
        unknown=len(left) - len(known),
    )


def now(progress: Progress, seconds: float | None, seconds_left: float | None) -> Progress:
    """Return how far it is in the middle of a run.

    ``progress`` is that of its beginning, ``seconds`` what it was thought to take, and ``seconds_left`` what
    it still needs, by its own pace; None, where it has none yet.
    """
    if seconds_left is None:
        return progress
    others = (progress.seconds_left or 0.0) - (seconds or 0.0)
    unknown = progress.unknown - (1 if seconds is None else 0)
    return msgspec.structs.replace(progress, seconds_left=max(0.0, others) + seconds_left, unknown=unknown)


def left_words(progress: Progress) -> str:
    """Return "about 12 min left", or "at least 12 min left"; empty where nothing is known, or left."""
    if not progress.seconds_left or progress.seconds_left < 0.5:
        return ""
    begin = "at least" if progress.is_at_least else "about"
    return f"{begin} {_roughly(progress.seconds_left)} left"


def _roughly(seconds: float) -> str:
    """Return "8 s", "40 s", "3 min", "2 h 10 min": nobody knows it better."""
    if seconds < 60:
        return f"{round(seconds / 5) * 5 if seconds >= 10 else max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(round(minutes / 10) * 10, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
