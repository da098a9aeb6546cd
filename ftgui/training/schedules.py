"""Schedules: one factor for all groups at a moment of training, and a warm-up for groups that join late."""

from __future__ import annotations

import math

import msgspec
import torch

from ftgui.training.config import TrainConfig

STEP_EPOCHS = 7
STEP_FACTOR = 0.1


class Moment(msgspec.Struct, frozen=True):
    """A step of training."""

    epoch: int
    """From 1."""
    batch: int
    """From 1."""
    batches: int
    """In this epoch."""

    def epochs_since(self, epoch: int) -> float:
        """Return how many epochs, this step included, training has gone on since the start of ``epoch``."""
        return self.epoch - epoch + self.batch / self.batches


def lr_factor(config: TrainConfig, now: Moment) -> float:
    """Return the factor, above 0 and up to 1, on every group's own learning rate at a step.

    One factor for all groups, so that an lr of 0 stays 0: OneCycle, or a cosine with a floor, would thaw it.
    During warm-up it rises step by step; after it the schedule falls epoch by epoch over those that are left.
    The cosine's last epoch still learns; it would reach 0 one epoch later.
    """
    if now.epoch <= config.warmup_epochs:
        return now.epochs_since(1) / config.warmup_epochs
    passed, left = now.epoch - 1 - config.warmup_epochs, config.epochs - config.warmup_epochs
    if config.schedule == "step":
        return float(STEP_FACTOR ** (passed // STEP_EPOCHS))
    if config.schedule == "cosine":
        return 0.5 * (1.0 + math.cos(math.pi * passed / left))
    return 1.0


def joining_factor(joins: int, warmup_epochs: int, now: Moment) -> float:
    """Return the factor on a group that joins at epoch ``joins``, after the first.

    AdamW's first step on a parameter is about ± lr whatever its gradient, and SGD's is no smaller than any
    other, while the head has long settled on the features as they are: so the lr rises over an epoch or more.
    """
    if joins <= 1 or now.epoch < joins:
        return 1.0
    return min(1.0, now.epochs_since(joins) / max(1, warmup_epochs))


def set_learning_rates(optimizer: torch.optim.Optimizer, config: TrainConfig, now: Moment) -> None:
    """Set every group's learning rate for a step, from its own (see ``freezing.apply.Group``)."""
    factor = lr_factor(config, now)
    for group in optimizer.param_groups:
        own = group["lr_joined"] if now.epoch >= group["joins"] else group["lr_waiting"]
        rises = group["lr_joined"] > group["lr_waiting"]
        ramp = joining_factor(group["joins"], config.warmup_epochs, now) if rises else 1.0
        group["lr"] = own * factor * ramp
