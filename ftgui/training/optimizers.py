"""Optimizers and schedules, from the groups of an applied plan."""

from __future__ import annotations

import math
from typing import Any

import torch

from ftgui.training.config import TrainConfig

STEP_EPOCHS = 7
STEP_FACTOR = 0.1


def make_optimizer(groups: list[dict[str, Any]], config: TrainConfig) -> torch.optim.Optimizer:
    """Return SGD with momentum or AdamW over parameter groups that each bring their own ``lr``."""
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, weight_decay=config.weight_decay)
    return torch.optim.SGD(groups, momentum=config.momentum, weight_decay=config.weight_decay)


def lr_factor(schedule: str, epoch: int, epochs: int) -> float:
    """Return the factor, 0 to 1, on every group's own learning rate in ``epoch`` (from 1).

    One factor for all groups, so that an lr of 0 stays 0: OneCycle, or a cosine with a floor, would thaw it.
    The cosine's last epoch still learns; it would reach 0 one epoch later.
    """
    if schedule == "step":
        return float(STEP_FACTOR ** ((epoch - 1) // STEP_EPOCHS))
    if schedule == "cosine":
        return 0.5 * (1.0 + math.cos(math.pi * (epoch - 1) / epochs))
    return 1.0


def set_lr_factor(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Scale every group's learning rate from where it started."""
    for group in optimizer.param_groups:
        group.setdefault("initial_lr", group["lr"])
        group["lr"] = group["initial_lr"] * factor
