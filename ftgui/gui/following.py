"""What is shown of a run, kept up with it: ten times a second only what is new is taken in.

A run may have 10,000 epochs of a few milliseconds each. To go through all of them for each painting would
take longer than an epoch.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ftgui.gui.widgets.live_plot import AxisKind
from ftgui.runs.history import Measure, RunHistory, RunState, Side
from ftgui.training.events import EpochEnded

Item = TypeVar("Item")


class Tail(Generic[Item]):
    """Tells what was appended to a list since the last look. A resumed run cuts its list: then all is new."""

    def __init__(self) -> None:
        self._seen = 0
        self._last: Item | None = None

    def was_cut(self, items: list[Item]) -> bool:
        """Return whether what was seen is no more how the list begins."""
        return self._seen > len(items) or (self._seen > 0 and items[self._seen - 1] is not self._last)

    def news(self, items: list[Item]) -> list[Item]:
        """Return what is new."""
        new = items if self.was_cut(items) else items[self._seen :]
        self._seen, self._last = len(items), items[-1] if items else None
        return new


@dataclass
class _Points:
    """A curve's."""

    epochs: array[float] = field(default_factory=lambda: array("d"))
    seconds: array[float] = field(default_factory=lambda: array("d"))
    ys: array[float] = field(default_factory=lambda: array("d"))


class RunCurves:
    """The curves of one run: the points of ``RunHistory.series``, made once each, over epochs and seconds."""

    def __init__(self, history: RunHistory) -> None:
        self._history = history
        self._tail: Tail[EpochEnded] = Tail()
        self._points: dict[tuple[Side, Measure], _Points] = {}

    def series(
        self, side: Side, measure: Measure, over: AxisKind = "epochs"
    ) -> tuple[array[float], array[float]]:
        """Return x and y of a curve, which are not to be changed; see ``RunHistory.series``.

        Over seconds, an epoch stands where it ended, since the run began, and there is no point within one.
        """
        self._follow()
        points = self._points.get((side, measure)) or _Points()
        if over == "seconds":
            return points.seconds, points.ys
        live = self._live_point(side, measure)
        xs, ys = points.epochs, points.ys
        return (xs + array("d", live[:1]), ys + array("d", live[1:])) if live else (xs, ys)

    def _follow(self) -> None:
        epochs = self._history.epochs
        if self._tail.was_cut(epochs):
            self._points.clear()
        for epoch in self._tail.news(epochs):
            self._add("train", "loss", epoch, epoch.train_loss)
            self._add("train", "accuracy", epoch, epoch.train_accuracy)
            self._add("val", "loss", epoch, epoch.val_loss)
            self._add("val", "accuracy", epoch, epoch.val_accuracy)

    def _add(self, side: Side, measure: Measure, epoch: EpochEnded, y: float | None) -> None:
        if y is not None:
            points = self._points.setdefault((side, measure), _Points())
            points.epochs.append(epoch.epoch)
            points.seconds.append(epoch.total_seconds)
            points.ys.append(y)

    def _live_point(self, side: Side, measure: Measure) -> tuple[float, float] | tuple[()]:
        """Return where a training curve ends within the epoch that goes on, from its middle on."""
        batch, is_training = self._history.batch, self._history.state is RunState.TRAINING
        if side != "train" or not is_training or batch is None or batch.epoch <= len(self._history.epochs):
            return ()
        value = batch.loss if measure == "loss" else batch.accuracy
        if value is None or batch.batch * 2 < batch.batches:
            return ()
        return batch.epoch - 1 + batch.batch / batch.batches, value
