"""The learning rate range test: rising learning rates on a copy of the network, a step each.

After L. N. Smith, "Cyclical Learning Rates for Training Neural Networks" (2017); the suggestion is where the
smoothed loss falls most steeply, as most of its descendants have it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import torch

from ftgui.core.hashing import torch_seed
from ftgui.data.views import choose_views
from ftgui.freezing.apply import AppliedPlan
from ftgui.models.head import seeded
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.feeds import Feed, Passage
from ftgui.training.loops import epoch_batches, train_step
from ftgui.training.objective import Objective
from ftgui.training.optimizers import make_optimizer, make_scaler
from ftgui.training.threads import threads_for

STEPS = 60
LOWEST, HIGHEST = 1e-5, 10.0
SMOOTHING = 0.85
"""How much of the mean loss so far goes into the next, as one picture more or less moves a batch's loss."""
UNSETTLED = 8
"""So many steps it takes until a smoothed loss says more than the last few batches do."""
DIVERGED = 3.0
"""A smoothed loss this many times the lowest so far ends the test."""


class LrTrial(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the test."""

    lr: float
    """Of the head; every stage had its own multiple of it."""
    loss: float
    """Of the batch, before the step."""
    smoothed_loss: float
    """An exponential mean of the losses up to here, without the bias of its start."""


class LrFound(msgspec.Struct, frozen=True, kw_only=True):
    """What the test says."""

    strategy: str
    trials: tuple[LrTrial, ...]
    suggestion: float | None
    """None where no learning rate brought the loss down, or the test was stopped."""


@dataclass(frozen=True)
class LrFinder:
    """Tries learning rates on ``applied.model``, a network that is thrown away afterwards."""

    config: TrainConfig
    applied: AppliedPlan
    passage: Passage
    """The way of the first epoch's batches."""
    paths: Sequence[str]
    views: int
    """Of each training picture."""
    objective: Objective
    control: RunControl

    def run(self) -> Generator[int, None, LrFound]:
        """Yield the number of steps done after each; return what they say.

        The plan is that of the first epoch: a stage that joins later is tried as frozen.
        """
        applied, passage = self.applied, self.passage
        device = passage.arithmetic.device
        groups = applied.parameter_groups(1.0, self.config.weight_decay)
        optimizer = make_optimizer(groups, self.config, device)
        scaler = make_scaler(passage.arithmetic, optimizer)
        labels = passage.train.labels.to(device)
        trials: list[LrTrial] = []
        passage.network.train()
        applied.start_epoch(1)
        with threads_for(passage, self.config.batch_size):
            for lr, (indices, inputs) in zip(_rates(), self._batches(passage.train), strict=False):
                if self.control.stopping:
                    break
                for group in optimizer.param_groups:
                    group["lr"] = lr * group["lr_waiting"]
                with seeded(torch_seed(self.config.seed, "lr-find", len(trials))):
                    loss, _ = train_step(
                        passage,
                        optimizer,
                        self.objective,
                        inputs,
                        labels[torch.from_numpy(indices)],
                        self.config.clip_grad,
                        scaler,
                    )
                if not _append(trials, lr, loss.item()):
                    break
                yield len(trials)
        suggestion = None if self.control.stopping else suggest(trials)
        return LrFound(strategy=self.config.strategy, trials=tuple(trials), suggestion=suggestion)

    def _batches(self, feed: Feed) -> Iterator[tuple[npt.NDArray[np.int64], torch.Tensor]]:
        paths = self.paths
        for epoch in itertools.count(1):
            views = choose_views(self.config.seed, epoch, paths, self.views)
            for indices in epoch_batches(len(paths), self.config.batch_size, self.config.seed, epoch):
                yield indices, feed.batch(indices, views[indices])


def _rates() -> list[float]:
    return [float(lr) for lr in np.geomspace(LOWEST, HIGHEST, STEPS)]


def _append(trials: list[LrTrial], lr: float, loss: float) -> bool:
    """Add a step; return False where the loss has blown up and the test is over."""
    if not math.isfinite(loss):
        return False
    debias = 1 - SMOOTHING ** len(trials)
    mean = trials[-1].smoothed_loss * debias if trials else 0.0
    smoothed = (SMOOTHING * mean + (1 - SMOOTHING) * loss) / (1 - SMOOTHING ** (len(trials) + 1))
    trials.append(LrTrial(lr=lr, loss=loss, smoothed_loss=smoothed))
    return smoothed <= DIVERGED * min(trial.smoothed_loss for trial in trials)


def suggest(trials: list[LrTrial]) -> float | None:
    """Return the learning rate at which the smoothed loss falls most steeply, over the logarithm of the lr.

    Steps that are hardly smoothed yet do not count. None where it never falls after them.
    """
    losses = np.array([trial.smoothed_loss for trial in trials])
    lowest = int(losses.argmin()) if trials else 0
    if lowest <= UNSETTLED:
        return None
    slopes = np.gradient(losses, np.log([trial.lr for trial in trials]))[UNSETTLED : lowest + 1]
    return trials[UNSETTLED + int(slopes.argmin())].lr if slopes.min() < 0 else None
