"""What was measured of each stage of a run, kept up with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ftgui.gui.following import Tail
from ftgui.gui.widgets.amounts import Amounts
from ftgui.gui.words import is_over
from ftgui.runs.history import Part, RunHistory
from ftgui.training.events import RunStarted, StageMoved


@dataclass
class StageTold:
    """One stage: an item an epoch."""

    events: list[StageMoved] = field(default_factory=list)
    weights: Amounts = field(default_factory=Amounts)
    statistics: Amounts = field(default_factory=Amounts)

    def add(self, moved: StageMoved) -> None:
        self.events.append(moved)
        self.weights.append(moved.weights)
        self.statistics.append(moved.statistics)

    def of(self, part: Part) -> Amounts:
        return self.weights if part == "weights" else self.statistics

    @property
    def last(self) -> StageMoved | None:
        return self.events[-1] if self.events else None


Told = dict[str, StageTold]
"""By the stage's name, from the input to the head."""


class StagesTold:
    """Follows one run."""

    def __init__(self, history: RunHistory) -> None:
        self._history = history
        self._started: RunStarted | None = None
        self._tail: Tail[StageMoved] = Tail()
        self._told: Told = {}

    def told(self) -> Told:
        """Return all that is told by now, which goes on growing."""
        moved, started = self._history.moved, self._history.started
        if started is not self._started or self._tail.was_cut(moved):
            self._started, self._tail = started, Tail()
            self._told = {stage.name: StageTold() for stage in started.stages} if started else {}
        for each in self._tail.news(moved):
            if each.stage in self._told:
                self._told[each.stage].add(each)
        return self._told


def epochs_told(told: Told) -> int:
    """Return the number of epochs by whose end something was measured."""
    return max((len(stage.events) for stage in told.values()), default=0)


def room_for(history: RunHistory, told: Told) -> int:
    """Return for how many epochs there is to be room: of a run that goes on, for those that it plans."""
    known = epochs_told(told)
    return known if is_over(history) or history.started is None else max(known, history.started.config.epochs)
