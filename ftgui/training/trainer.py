"""The trainer: a plain generator of events. Who reads them decides what is shown and what is kept."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ftgui.core.hashing import torch_seed
from ftgui.data.views import choose_views
from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.movement import MovementMeter
from ftgui.training.checkpoint import Checkpoint
from ftgui.training.clock import Pace, RunClock
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.early_stopping import has_stopped_improving
from ftgui.training.events import (
    DRAWN_TOLD,
    BatchEnded,
    BatchesDrawn,
    CheckpointSaved,
    EpochEnded,
    PhaseProgress,
    PhaseSpeed,
    Reason,
    StageMoved,
    TrainingEvent,
)
from ftgui.training.feeds import Passage, fetched
from ftgui.training.keeping import Keeper, State
from ftgui.training.loops import Evaluation, RunningMean, epoch_batches, evaluate, train_step
from ftgui.training.objective import Objective
from ftgui.training.optimizers import make_optimizer, make_scaler, take_up
from ftgui.training.passages import Passages
from ftgui.training.schedules import Moment, set_learning_rates
from ftgui.training.threads import threads_for

REPORT_EVERY = 0.05
"""Seconds between two reports of the running loss: faster than eyes follow, slow enough to cost nothing."""


def _told_batches(
    epoch: int, batches: Sequence[npt.NDArray[np.int64]], views: npt.NDArray[np.int64]
) -> Iterator[BatchesDrawn]:
    """Tell which pictures an epoch shows, as far as it is among the first batches of the run."""
    left = DRAWN_TOLD - (epoch - 1) * len(batches)
    if left > 0:
        told = [tuple(batch.tolist()) for batch in batches[:left]]
        shown = [tuple(views[batch].tolist()) for batch in batches[:left]]
        yield BatchesDrawn(epoch=epoch, pictures=tuple(told), views=tuple(shown))


def finite(number: float) -> float | None:
    """Return the number, or None for what JSON and people have no number for."""
    return number if math.isfinite(number) else None


@dataclass
class _Speed:
    roof: float | None
    pictures: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return self.pictures / self.seconds if self.seconds else 0.0

    def add(self, pictures: int, seconds: float) -> None:
        self.pictures += pictures
        self.seconds += seconds


@dataclass
class Trainer:
    """Trains ``applied.model``, already on the device, and keeps the best weights in ``folder``."""

    config: TrainConfig
    applied: AppliedPlan
    passages: Passages
    objective: Objective
    folder: Path
    control: RunControl
    clock: RunClock
    epochs: list[EpochEnded] = field(default_factory=list)
    """Those that ended."""
    pace: Pace = field(init=False)
    keeper: Keeper = field(init=False)
    last: Evaluation | None = field(init=False, default=None)
    """What the network said of the validation pictures at the end of the last epoch."""

    def __post_init__(self) -> None:
        config, self.train, self.val = self.config, self.passages.train, self.passages.val
        self.model: nn.Module = self.applied.model
        groups = self.applied.parameter_groups(config.head_lr, config.weight_decay)
        device = self.passages.arithmetic.device
        self.optimizer = make_optimizer(groups, config, device)
        self._scaler = make_scaler(self.passages.arithmetic, self.optimizer)
        self.pace = Pace(config.epochs, len(self.train.pictures), len(self.val.pictures))
        self._meter = MovementMeter(self.applied)
        self._paths = [picture.path for picture in self.train.pictures]
        self._labels = self.train.labels.to(device)
        state = self.model.state_dict()
        self._moving = {name: state[name] for name in sorted(self.applied.moving_entries())}
        self.keeper = Keeper(self.folder, self.model, self._moving, self.clock)
        self._speeds: dict[int, _Speed] = {}

    def resume(
        self, checkpoint: Checkpoint, epochs: Sequence[EpochEnded], kept: CheckpointSaved | None
    ) -> None:
        """Go on from a checkpoint, whose ``epochs`` ended before and left ``kept`` in ``best.pth``.

        Movement is still measured from where the run began.
        """
        self._restore(checkpoint.moving)
        take_up(self.optimizer, checkpoint.optimizer)
        if self._scaler is not None:
            self._scaler.load_state_dict(checkpoint.scaler)
        self.keeper.resume(epochs, kept)
        self.epochs = list(epochs)
        done = checkpoint.epoch
        self.pace.add_earlier(done * len(self.train.pictures), done * len(self.val.pictures))

    def run(self) -> Generator[TrainingEvent, None, Reason]:
        """Train for the configured epochs, or those that are left; return why training ended."""
        try:
            reason = yield from self._epochs()
            if self.last is None and self.epochs and reason in (Reason.COMPLETED, Reason.EARLY_STOPPED):
                # it was cut off between its last epoch and its end
                self.last = yield from self._evaluate(len(self.epochs) + 1)
                reason = reason if self.last is not None else Reason.STOPPED
        except Exception:
            yield from self.keeper.save()
            raise
        yield from self.keeper.save()
        return reason

    def _epochs(self) -> Generator[TrainingEvent, None, Reason]:
        for epoch in range(len(self.epochs) + 1, self.config.epochs + 1):
            if has_stopped_improving(self.config, self.epochs):
                return Reason.EARLY_STOPPED
            reason = yield from self._epoch(epoch)
            if reason is not None:
                return reason
            is_due = self.keeper.is_due
            self.keeper.hold(self._make_checkpoint(copied=not is_due))
            if is_due:
                yield from self.keeper.save()
        return Reason.COMPLETED

    def _epoch(self, epoch: int) -> Generator[TrainingEvent, None, Reason | None]:
        if not (yield from self.passages.make_ready(epoch, self.clock, self.control)):
            return Reason.STOPPED
        passage = self.passages.at(epoch)
        with threads_for(passage, self.config.batch_size):
            return (yield from self._learn_and_judge(epoch, passage))

    def _learn_and_judge(self, epoch: int, passage: Passage) -> Generator[TrainingEvent, None, Reason | None]:
        self.optimizer.zero_grad(set_to_none=True)  # before what learns changes: a gradient left is a step
        passage.network.train()
        self.applied.start_epoch(epoch)  # the modes of what stays are its to set
        speed = self._speed_of(epoch)
        _seed(torch_seed(self.config.seed, "epoch", epoch), self.passages.arithmetic.device)
        good = {name: tensor.clone() for name, tensor in self._moving.items()}
        began, mean = self.clock.seconds, RunningMean(self.passages.arithmetic.device)
        with self.clock.phase("training"):
            reason = yield from self._learn(epoch, passage, mean, speed)
        if mean.pictures == 0:
            return reason
        if not self._is_finite():
            reason = reason or Reason.NAN_LOSS
        if reason is Reason.NAN_LOSS:
            self._restore(good)
        if reason is not None and self.keeper.best is not None:
            return reason  # what is kept already is worth more than a part of an epoch
        train_seconds = self.clock.seconds - began
        return (yield from self._judge(epoch, mean, good, train_seconds, reason))

    def _learn(
        self, epoch: int, passage: Passage, mean: RunningMean, speed: _Speed
    ) -> Generator[TrainingEvent, None, Reason | None]:
        """Go through the training pictures once; return why it ended early, if it did."""
        config, device = self.config, self.passages.arithmetic.device
        views = choose_views(config.seed, epoch, self._paths, self.train.views)
        batches = epoch_batches(len(self._paths), config.batch_size, config.seed, epoch)
        order = torch.from_numpy(np.concatenate(batches)).to(device)
        yield from _told_batches(epoch, batches, views)
        labels = torch.split(self._labels[order], [len(indices) for indices in batches])
        reported = -math.inf
        with closing(fetched(passage.train, ((b, views[b]) for b in batches), device)) as inputs:
            for number, indices in enumerate(batches, start=1):
                self.clock.add_pause(self.control.wait_while_paused())
                if self.control.stopping:
                    return Reason.STOPPED
                began = time.perf_counter()
                set_learning_rates(self.optimizer, config, Moment(epoch, number, len(batches)))
                loss, logits = train_step(
                    passage,
                    self.optimizer,
                    self.objective,
                    next(inputs),
                    labels[number - 1],
                    config.clip_grad,
                    self._scaler,
                )
                mean.add(loss, logits, labels[number - 1])
                due = number == len(batches) or time.perf_counter() - reported > REPORT_EVERY
                figures = mean.read() if due else None  # waits for the device: before the batch is timed
                spent = time.perf_counter() - began
                self._count(epoch, len(indices), spent, speed)
                if figures is not None:
                    reported = time.perf_counter()
                    yield self._batch_ended(epoch, number, len(batches), figures)
                    if not math.isfinite(figures[0]):
                        return Reason.NAN_LOSS
        return None

    def _count(self, epoch: int, pictures: int, seconds: float, speed: _Speed) -> None:
        self.passages.count_live(epoch, pictures)
        self.pace.add_trained(pictures, seconds)
        speed.add(pictures, seconds)

    @property
    def speed(self) -> tuple[PhaseSpeed, ...]:
        """How fast it learned, on each way that its batches went."""
        return tuple(
            self.passages.speed(self.passages.words(line), speed.rate, speed.roof)
            for line, speed in self._speeds.items()
            if speed.pictures
        )

    def _speed_of(self, epoch: int) -> _Speed:
        """Return the count of what goes the way of an epoch; once per way, find out what it could be."""
        line = self.passages.line(epoch)
        if line not in self._speeds:
            self._speeds[line] = _Speed(self.passages.step_roof(epoch, self.config.batch_size))
        return self._speeds[line]

    def _judge(
        self,
        epoch: int,
        mean: RunningMean,
        good: State,
        train_seconds: float,
        reason: Reason | None,
    ) -> Generator[TrainingEvent, None, Reason | None]:
        """Validate, keep the weights if they are the best so far, and close the epoch."""
        began = self.clock.seconds
        result = yield from self._evaluate(epoch)
        if result is not None and not math.isfinite(result.loss):
            reason = Reason.NAN_LOSS
            if self.keeper.best is None:  # finite weights without a finite answer: those before them are kept
                self._restore(good)
                result = yield from self._evaluate(epoch)
        if result is None:
            return Reason.STOPPED
        val_seconds = self.clock.seconds - began
        self.pace.add_validated(len(self.val.pictures), val_seconds)
        self.last = result
        is_best = self.keeper.take_if_best(epoch, result)
        yield from self._tell_movement(epoch)
        train_loss, train_accuracy = mean.read()
        ended = EpochEnded(
            epoch=epoch,
            train_loss=finite(train_loss),
            train_accuracy=train_accuracy,
            val_loss=finite(result.loss),
            val_accuracy=result.accuracy,
            lr=self.optimizer.param_groups[-1]["lr"],
            frozen_tensors=len(self.applied.frozen_entries(epoch)),
            is_best=is_best,
            complete=reason is None,
            train_seconds=train_seconds,
            val_seconds=val_seconds,
            total_seconds=self.clock.seconds,
        )
        self.epochs.append(ended)
        yield ended
        return reason

    def _evaluate(self, epoch: int) -> Generator[TrainingEvent, None, Evaluation | None]:
        """Judge the validation pictures; None where a stop came and there is a best epoch to fall back on."""
        result: Evaluation | None = None
        with self.clock.phase("validation"):
            self.passages.count_live(epoch, len(self.val.pictures))
            for done, judged in evaluate(*self.passages.judge(epoch)):
                result = judged
                self.clock.add_pause(self.control.wait_while_paused())
                if self.control.stopping and self.keeper.best is not None:
                    return None
                yield PhaseProgress(phase="validation", done=done, total=len(self.val.pictures))
        return result

    def _tell_movement(self, epoch: int) -> Generator[TrainingEvent, None, None]:
        with self.clock.phase("measuring movement"):
            movements = self._meter.measure()
        for moved in movements:
            yield StageMoved(
                epoch=epoch,
                stage=moved.stage,
                weights=finite(moved.weights),
                statistics=None if moved.statistics is None else finite(moved.statistics),
                changed=moved.changed,
                entries=moved.entries,
            )

    def _make_checkpoint(self, *, copied: bool) -> Checkpoint:
        """Return what it takes to go on from here, copied where it is not written at once."""
        moving, optimizer = self._moving, self.optimizer.state_dict()
        if copied:
            moving, optimizer = copy.deepcopy(moving), copy.deepcopy(optimizer)
        return Checkpoint(
            epoch=len(self.epochs),
            moving=moving,
            optimizer=optimizer,
            scaler=self._scaler.state_dict() if self._scaler else {},
            seconds=self.clock.seconds,
            phase_seconds=dict(self.clock.phase_seconds),
            spared_seconds=self.clock.spared_seconds,
            counters=msgspec.structs.asdict(self.passages.counters),
        )

    def _batch_ended(self, epoch: int, number: int, total: int, figures: tuple[float, float]) -> BatchEnded:
        loss, accuracy = figures
        return BatchEnded(
            epoch=epoch,
            batch=number,
            batches=total,
            loss=finite(loss),
            accuracy=accuracy,
            pictures_per_second=self.pace.pictures_per_second,
            seconds_left=self.pace.seconds_left,
        )

    def _is_finite(self) -> bool:
        return all(bool(torch.isfinite(tensor).all()) for tensor in self._moving.values())

    def _restore(self, good: State) -> None:
        """Go back to weights of before: the last finite ones, or those of a checkpoint."""
        for name, tensor in good.items():
            self._moving[name].copy_(tensor)


def _seed(seed: int, device: torch.device) -> None:
    """Seed what Dropout draws from. ``torch.manual_seed`` notes a stack trace for each absent kind of GPU."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)
