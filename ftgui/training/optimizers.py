"""Optimizers, from the groups of an applied plan, and the step they take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import nn

from ftgui.freezing.apply import Group
from ftgui.training.config import TrainConfig


def make_optimizer(groups: Sequence[Group], config: TrainConfig) -> torch.optim.Optimizer:
    """Return SGD with momentum or AdamW over groups that each bring their own ``lr`` and ``weight_decay``."""
    plain = cast("list[dict[str, Any]]", list(groups))
    if config.optimizer == "adamw":
        return torch.optim.AdamW(plain)
    return torch.optim.SGD(plain, momentum=config.momentum)


def take_step(optimizer: torch.optim.Optimizer, clip_grad: float | None) -> None:
    """Step by the gradients there are, together no longer than ``clip_grad``.

    Gradients at lr 0 are dropped first: they must not shorten the others, and adding 0 times a gradient
    turns -0.0 into 0.0, and inf into NaN.
    """
    for group in optimizer.param_groups:
        if group["lr"] == 0:
            for parameter in group["params"]:
                parameter.grad = None
    if clip_grad is not None:
        learning = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        nn.utils.clip_grad_norm_(learning, clip_grad)
    optimizer.step()
