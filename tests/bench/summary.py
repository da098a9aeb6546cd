"""Several runs of one entrant as one row: medians, and what a few epochs tell of all."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.entrants.job import Outcome

SHARE = 0.9
"""Of an entrant's own best accuracy; the time until it is reached is a column of the table."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One entrant, all its runs taken together. Seconds, accuracies and MB are medians."""

    key: str
    title: str
    epochs: int
    runs: int = 0
    seconds: float = 0.0
    """To the end of all ``epochs``, reckoned where not all were run."""
    fastest: float = 0.0
    slowest: float = 0.0
    timed_epochs: int | None = None
    """How many were run, where the rest is reckoned."""
    start_up: float | None = None
    """What does not depend on the number of epochs, where it was told apart."""
    each_epoch: float | None = None
    seconds_to_share: float | None = None
    accuracy_last: float | None = None
    accuracy_best: float | None = None
    peak_memory_mb: float = 0.0
    frozen: int | None = None
    frozen_changed: int | None = None
    tutorial: str = ""
    notes: dict[str, Any] = field(default_factory=dict)
    """Of the run in the middle by time."""
    trouble: str = ""
    """Why there is nothing to show."""

    @property
    def is_reckoned(self) -> bool:
        return self.timed_epochs is not None


def summarise(key: str, title: str, epochs: int, tutorial: str, outcomes: Sequence[Outcome]) -> Row:
    """Return the row of an entrant that was to run ``epochs`` epochs, and ran as many or a few of them."""
    done = [outcome for outcome in outcomes if not (outcome.missing or outcome.failed)]
    if not done:
        return Row(key=key, title=title, epochs=epochs, tutorial=tutorial, trouble=trouble(outcomes))
    timed = len(done[0].epochs)
    parted = [parts(outcome) for outcome in done] if 1 < timed < epochs else []
    totals = [start + epochs * each for start, each in parted] or [outcome.seconds for outcome in done]
    return Row(
        key=key,
        title=title,
        epochs=epochs,
        runs=len(done),
        seconds=statistics.median(totals),
        fastest=min(totals),
        slowest=max(totals),
        timed_epochs=timed if parted else None,
        start_up=statistics.median([start for start, _ in parted]) if parted else None,
        each_epoch=statistics.median([each for _, each in parted]) if parted else None,
        seconds_to_share=middle(done, seconds_to_share),
        accuracy_last=middle(done, lambda o: o.epochs[-1].val_accuracy if o.epochs else None),
        accuracy_best=middle(done, best_accuracy),
        peak_memory_mb=statistics.median([outcome.peak_memory_mb for outcome in done]),
        frozen=done[0].frozen,
        frozen_changed=max(o.frozen_changed or 0 for o in done) if done[0].frozen is not None else None,
        tutorial=tutorial,
        notes=sorted(done, key=lambda outcome: outcome.seconds)[len(done) // 2].notes,
    )


def parts(outcome: Outcome) -> tuple[float, float]:
    """Return the seconds that do not depend on the number of epochs, and those of each epoch but the first.

    What the first epoch takes longer, worker processes and warming up, belongs to the former.
    """
    times = [epoch.seconds for epoch in outcome.epochs]
    each = (times[-1] - times[0]) / (len(times) - 1)
    return outcome.seconds - len(times) * each, each


def best_accuracy(outcome: Outcome) -> float | None:
    return max((epoch.val_accuracy for epoch in outcome.epochs), default=None)


def seconds_to_share(outcome: Outcome) -> float | None:
    """Return when the first epoch ended whose accuracy is ``SHARE`` of the run's best."""
    wanted = SHARE * (best_accuracy(outcome) or 0.0)
    return next((epoch.seconds for epoch in outcome.epochs if epoch.val_accuracy >= wanted), None)


def middle(outcomes: Sequence[Outcome], value: Callable[[Outcome], float | None]) -> float | None:
    values = [found for outcome in outcomes if (found := value(outcome)) is not None]
    return statistics.median(values) if values else None


def trouble(outcomes: Sequence[Outcome]) -> str:
    missing = next((outcome.missing for outcome in outcomes if outcome.missing), "")
    failed = next((outcome.failed for outcome in outcomes if outcome.failed), "")
    return f"{missing} is not installed" if missing else f"failed: {failed}" if failed else "was not run"
