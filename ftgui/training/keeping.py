"""What is written of a run while it goes on: the best weights, and what it takes to go on from here."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ftgui.training.checkpoint import BEST, CHECKPOINT, Checkpoint, save_checkpoint, save_weights
from ftgui.training.clock import RunClock
from ftgui.training.events import CheckpointSaved, EpochEnded, TrainingEvent
from ftgui.training.loops import Evaluation

SAVE_EVERY = 1.0
"""Seconds of work that a crash may cost: where epochs take less, not each of them is written."""

State = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Best:
    """The best epoch so far: highest validation accuracy, then lower loss, then the earlier one."""

    epoch: int
    accuracy: float
    loss: float

    def is_beaten_by(self, other: Evaluation, epoch: int) -> bool:
        mine, others = (self.accuracy, -self.loss), (other.accuracy, -other.loss)
        return others > mine or (others == mine and epoch <= self.epoch)


class Keeper:
    """Keeps the best weights of ``model`` and the last checkpoint, and writes them into ``folder``.

    ``moving`` are the entries of the model that training may change, its own tensors.
    """

    def __init__(self, folder: Path, model: nn.Module, moving: State, clock: RunClock) -> None:
        self.best: Best | None = None
        self.kept: Best | None = None
        """What ``best.pth`` holds: the best one, or one before it that was written last."""
        self.judged: Evaluation | None = None
        """What the network said of the validation pictures in the best epoch, if that was in this process."""
        self._folder = folder
        self._model = model
        self._moving = moving
        self._clock = clock
        self._unsaved: State | None = None
        """The moving entries of a best epoch that ``best.pth`` does not hold yet."""
        self._checkpoint: Checkpoint | None = None
        """Of the last whole epoch, where it is not written yet."""
        self._saved = time.perf_counter()

    def resume(self, epochs: Sequence[EpochEnded], kept: CheckpointSaved | None) -> None:
        """Go on after ``epochs``, which left ``kept`` in ``best.pth``: that may be of an epoch after them."""
        self.kept = Best(kept.epoch, kept.val_accuracy, kept.val_loss) if kept else None
        told = [epoch for epoch in epochs if epoch.is_best and epoch.val_loss is not None]
        self.best = Best(told[-1].epoch, told[-1].val_accuracy, told[-1].val_loss or 0.0) if told else None

    def take_if_best(self, epoch: int, result: Evaluation) -> bool:
        """Return whether an epoch is the best so far, and keep its weights if it is."""
        if not math.isfinite(result.loss):
            return False
        if self.best is not None and not self.best.is_beaten_by(result, epoch):
            return False
        self.best = Best(epoch, result.accuracy, result.loss)
        if self.kept is None or self.kept.is_beaten_by(result, epoch):
            self.judged = result
            self._unsaved = {name: tensor.clone() for name, tensor in self._moving.items()}
        return True

    @property
    def is_due(self) -> bool:
        """Whether so much work is unwritten that it is worth the time."""
        return time.perf_counter() - self._saved >= SAVE_EVERY

    def hold(self, checkpoint: Checkpoint) -> None:
        """Take what ``save`` is to write next; its tensors must stay as they are until then."""
        self._checkpoint = checkpoint

    def save(self) -> Generator[TrainingEvent, None, None]:
        """Write what is not written yet."""
        if self._unsaved is not None and self.best is not None:
            path, best = self._folder / BEST, self.best
            with self._clock.phase("writing"):
                save_weights(path, self._model, self._unsaved)
            self._unsaved, self.kept = None, best
            yield CheckpointSaved(
                epoch=best.epoch, path=str(path), val_accuracy=best.accuracy, val_loss=best.loss
            )
        if self._checkpoint is not None:
            with self._clock.phase("writing"):
                save_checkpoint(self._folder / CHECKPOINT, self._checkpoint)
            self._checkpoint, self._saved = None, time.perf_counter()
