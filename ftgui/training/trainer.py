"""The trainer: a plain generator of events. Who reads them decides what is shown and what is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from ftgui.core.hashing import torch_seed
from ftgui.data.pixels import PixelStore
from ftgui.data.views import choose_views
from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.movement import MovementMeter
from ftgui.training.checkpoint import BEST, CHECKPOINT, Checkpoint, save_checkpoint, save_weights
from ftgui.training.clock import Pace, RunClock
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.early_stopping import has_stopped_improving
from ftgui.training.events import (
    BatchEnded,
    CheckpointSaved,
    EpochEnded,
    PhaseProgress,
    Reason,
    StageMoved,
    TrainingEvent,
)
from ftgui.training.loops import (
    Arithmetic,
    Evaluation,
    RunningMean,
    epoch_batches,
    evaluate,
    train_step,
)
from ftgui.training.objective import Objective
from ftgui.training.optimizers import make_optimizer
from ftgui.training.schedules import Moment, set_learning_rates

REPORT_EVERY = 0.05
"""Seconds between two reports of the running loss: faster than eyes follow, slow enough to cost nothing."""

State = Mapping[str, torch.Tensor]


def finite(number: float) -> float | None:
    """Return the number, or None for what JSON and people have no number for."""
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class Best:
    """The best epoch so far: highest validation accuracy, then lower loss, then the earlier one."""

    epoch: int
    accuracy: float
    loss: float

    def is_beaten_by(self, other: Evaluation, epoch: int) -> bool:
        mine, others = (self.accuracy, -self.loss), (other.accuracy, -other.loss)
        return others > mine or (others == mine and epoch <= self.epoch)


@dataclass
class Trainer:
    """Trains ``applied.model``, already on the device, and keeps the best weights in ``folder``."""

    config: TrainConfig
    applied: AppliedPlan
    train: PixelStore
    val: PixelStore
    arithmetic: Arithmetic
    objective: Objective
    folder: Path
    control: RunControl
    clock: RunClock
    best: Best | None = None
    judged: Evaluation | None = None
    """What the network said of the validation pictures in the best epoch, if that was in this process."""
    epochs: list[EpochEnded] = field(default_factory=list)
    """Those that ended."""
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        config = self.config
        self.model: nn.Module = self.applied.model
        groups = self.applied.parameter_groups(config.head_lr, config.weight_decay)
        self.optimizer = make_optimizer(groups, config)
        self.pace = Pace(config.epochs, len(self.train.pictures), len(self.val.pictures))
        self._meter = MovementMeter(self.applied)
        self._paths = [picture.path for picture in self.train.pictures]
        self._labels = self.train.labels.to(self.arithmetic.device)
        self._moving = sorted(self.applied.moving_entries())

    def resume(
        self, checkpoint: Checkpoint, epochs: Sequence[EpochEnded], kept: CheckpointSaved | None
    ) -> None:
        """Go on from a checkpoint, whose ``epochs`` ended before and left ``kept`` in ``best.pth``.

        Movement is still measured from where the run began.
        """
        self._restore(checkpoint.moving)
        self.optimizer.load_state_dict(checkpoint.optimizer)
        self.best = Best(kept.epoch, kept.val_accuracy, kept.val_loss) if kept else None
        self.epochs = list(epochs)
        done = checkpoint.epoch
        self.pace.add_earlier(done * len(self.train.pictures), done * len(self.val.pictures))

    def run(self) -> Generator[TrainingEvent, None, Reason]:
        """Train for the configured epochs, or those that are left; return why training ended."""
        for epoch in range(len(self.epochs) + 1, self.config.epochs + 1):
            if has_stopped_improving(self.config, self.epochs):
                return Reason.EARLY_STOPPED
            reason = yield from self._epoch(epoch)
            if reason is not None:
                return reason
            with self.clock.phase("writing"):
                self._save_checkpoint()
        return Reason.COMPLETED

    def _epoch(self, epoch: int) -> Generator[TrainingEvent, None, Reason | None]:
        torch.manual_seed(torch_seed(self.config.seed, "epoch", epoch))  # what Dropout draws from
        good = {name: tensor.clone() for name, tensor in self._moving_entries().items()}
        began, mean = self.clock.seconds, RunningMean(self.arithmetic.device)
        with self.clock.phase("training"):
            reason = yield from self._learn(epoch, mean)
        if mean.pictures == 0:
            return reason
        if not self._is_finite():
            reason = reason or Reason.NAN_LOSS
        if reason is Reason.NAN_LOSS:
            self._restore(good)
        if reason is not None and self.best is not None:
            return reason  # what is kept already is worth more than a part of an epoch
        train_seconds = self.clock.seconds - began
        return (yield from self._judge(epoch, mean, good, train_seconds, reason))

    def _learn(self, epoch: int, mean: RunningMean) -> Generator[TrainingEvent, None, Reason | None]:
        """Go through the training pictures once; return why it ended early, if it did."""
        views = choose_views(self.config.seed, epoch, self._paths, self.train.views)
        batches = epoch_batches(len(self._paths), self.config.batch_size, self.config.seed, epoch)
        self.optimizer.zero_grad(set_to_none=True)  # before what learns changes: a gradient left is a step
        self.applied.start_epoch(epoch)
        reported = -math.inf
        for number, indices in enumerate(batches, start=1):
            self.clock.add_pause(self.control.wait_while_paused())
            if self.control.stopping:
                return Reason.STOPPED
            began = time.perf_counter()
            labels = self._labels[torch.from_numpy(indices)]
            pixels = self.train.batch(indices, views[indices])
            set_learning_rates(self.optimizer, self.config, Moment(epoch, number, len(batches)))
            loss, logits = train_step(
                self.model,
                self.optimizer,
                self.arithmetic,
                self.objective,
                pixels,
                labels,
                self.config.clip_grad,
            )
            mean.add(loss, logits, labels)
            due = number == len(batches) or time.perf_counter() - reported > REPORT_EVERY
            figures = mean.read() if due else None  # waits for the device: before the batch is timed
            self.pace.add_trained(len(indices), time.perf_counter() - began)
            if figures is not None:
                reported = time.perf_counter()
                yield self._batch_ended(epoch, number, len(batches), figures)
                if not math.isfinite(figures[0]):
                    return Reason.NAN_LOSS
        return None

    def _judge(
        self, epoch: int, mean: RunningMean, good: State, train_seconds: float, reason: Reason | None
    ) -> Generator[TrainingEvent, None, Reason | None]:
        """Validate, keep the weights if they are the best so far, and close the epoch."""
        began = self.clock.seconds
        result = yield from self._evaluate()
        if result is not None and not math.isfinite(result.loss):
            reason = Reason.NAN_LOSS
            if self.best is None:  # finite weights without a finite answer: those before them are kept
                self._restore(good)
                result = yield from self._evaluate()
        if result is None:
            return Reason.STOPPED
        val_seconds = self.clock.seconds - began
        self.pace.add_validated(len(self.val.pictures), val_seconds)
        is_best = yield from self._keep_if_best(epoch, result)
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

    def _evaluate(self) -> Generator[TrainingEvent, None, Evaluation | None]:
        """Judge the validation pictures; None where a stop came and there is a best epoch to fall back on."""
        result: Evaluation | None = None
        with self.clock.phase("validation"):
            for done, judged in evaluate(self.model, self.val, self.arithmetic):
                result = judged
                self.clock.add_pause(self.control.wait_while_paused())
                if self.control.stopping and self.best is not None:
                    return None
                yield PhaseProgress(phase="validation", done=done, total=len(self.val.pictures))
        return result

    def _keep_if_best(self, epoch: int, result: Evaluation) -> Generator[TrainingEvent, None, bool]:
        if not math.isfinite(result.loss):
            return False
        if self.best is not None and not self.best.is_beaten_by(result, epoch):
            return False
        path = self.folder / BEST
        with self.clock.phase("writing"):
            save_weights(path, self.model)
        self.best, self.judged = Best(epoch, result.accuracy, result.loss), result
        yield CheckpointSaved(epoch=epoch, path=str(path), val_accuracy=result.accuracy, val_loss=result.loss)
        return True

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

    def _save_checkpoint(self) -> None:
        checkpoint = Checkpoint(
            epoch=len(self.epochs),
            moving=self._moving_entries(),  # written at once, so not copied
            optimizer=self.optimizer.state_dict(),
            seconds=self.clock.seconds,
            phase_seconds=dict(self.clock.phase_seconds),
        )
        save_checkpoint(self.folder / CHECKPOINT, checkpoint)

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

    def _moving_entries(self) -> State:
        state = self.model.state_dict()
        return {name: state[name] for name in self._moving}

    def _is_finite(self) -> bool:
        return all(bool(torch.isfinite(tensor).all()) for tensor in self._moving_entries().values())

    def _restore(self, good: State) -> None:
        """Go back to weights of before: the last finite ones, or those of a checkpoint."""
        state = self.model.state_dict()
        for name, tensor in good.items():
            state[name].copy_(tensor)
