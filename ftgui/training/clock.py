"""Where a run's time goes: seconds by phase, pauses kept apart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class RunClock:
    """Counts seconds from its making, without those spent paused or set aside."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self.paused_seconds = 0.0
        self.aside_seconds = 0.0
        """Spent on what is done once on a computer, not for this run."""
        self.phase_seconds: dict[str, float] = {}
        self.spared_seconds: float | None = 0.0
        """What the run would have taken longer, had it not found features kept; None where nobody knows."""
        self._earlier: dict[str, float] = {}

    def add_earlier(
        self, seconds: float, phase_seconds: dict[str, float], spared_seconds: float | None
    ) -> None:
        """Count what a run took before it was stopped and resumed, and what it was spared."""
        self._began -= seconds
        self.spare(spared_seconds)
        for name, spent in phase_seconds.items():
            self.phase_seconds[name] = self.phase_seconds.get(name, 0.0) + spent
            self._earlier[name] = self._earlier.get(name, 0.0) + spent

    def seconds_here(self, phase: str) -> float:
        """Return the seconds of a phase without those of before a run was resumed."""
        return self.phase_seconds.get(phase, 0.0) - self._earlier.get(phase, 0.0)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began - self.paused_seconds - self.aside_seconds

    def add_pause(self, seconds: float) -> None:
        self.paused_seconds += seconds

    def spare(self, seconds: float | None) -> None:
        """Count what was found done; None: nobody knows how long that took."""
        if seconds is None or self.spared_seconds is None:
            self.spared_seconds = None
        else:
            self.spared_seconds += seconds

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Leave the seconds of the block out."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.aside_seconds += time.perf_counter() - began

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the seconds of the block, pauses aside, to a phase."""
        began = self.seconds
        try:
            yield
        finally:
            self.phase_seconds[name] = self.phase_seconds.get(name, 0.0) + self.seconds - began


class Pace:
    """How fast pictures go by, and from that how long the rest will take.

    Training and validation pictures cost differently. Before any validation was timed, a validation picture
    is taken to cost a third of a training one (one forward of forward, backward, backward).
    """

    UNTIMED_VAL_SHARE = 1 / 3

    def __init__(self, epochs: int, train_pictures: int, val_pictures: int) -> None:
        self._to_train = epochs * train_pictures
        self._to_validate = epochs * val_pictures
        self.trained = self._validated = 0
        self.train_seconds = self._val_seconds = 0.0

    def add_earlier(self, train_pictures: int, val_pictures: int) -> None:
        """Leave out what was done before a run was resumed."""
        self._to_train -= train_pictures
        self._to_validate -= val_pictures

    def add_trained(self, pictures: int, seconds: float) -> None:
        self.trained += pictures
        self.train_seconds += seconds

    def add_validated(self, pictures: int, seconds: float) -> None:
        self._validated += pictures
        self._val_seconds += seconds

    @property
    def pictures_per_second(self) -> float:
        return self.trained / self.train_seconds if self.train_seconds else 0.0

    @property
    def seconds_left(self) -> float:
        per_train = self.train_seconds / self.trained if self.trained else 0.0
        per_val = (
            self._val_seconds / self._validated if self._validated else per_train * self.UNTIMED_VAL_SHARE
        )
        to_train, to_validate = self._to_train - self.trained, self._to_validate - self._validated
        return max(0.0, to_train * per_train + to_validate * per_val)
