"""Optimizers, from the groups of an applied plan, and the step they take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import nn

from ftgui.freezing.apply import Group
from ftgui.training.config import TrainConfig
from ftgui.training.precision import Arithmetic

FUSED_DEVICES = ("cpu", "cuda")
"""Devices on which one kernel steps all parameters of a group, and skips the step where it is told to."""


def make_optimizer(
    groups: Sequence[Group], config: TrainConfig, device: torch.device | None = None
) -> torch.optim.Optimizer:
    """Return SGD with momentum or AdamW over groups that each bring their own ``lr`` and ``weight_decay``."""
    plain = cast("list[dict[str, Any]]", list(groups))
    fused = device is not None and device.type in FUSED_DEVICES
    if config.optimizer == "adamw":
        return torch.optim.AdamW(plain, fused=fused)
    return torch.optim.SGD(plain, momentum=config.momentum, fused=fused)


def take_up(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Go on with what an optimizer remembered, stepping as this one does, however that one did."""
    pairs = zip(state["param_groups"], optimizer.param_groups, strict=True)
    groups = [{**saved, "fused": own["fused"]} for saved, own in pairs]
    optimizer.load_state_dict({**state, "param_groups": groups})


def make_scaler(arithmetic: Arithmetic, optimizer: torch.optim.Optimizer) -> torch.amp.GradScaler | None:
    """Return what keeps small gradients above 0 in fp16; None in arithmetic whose exponents reach as far as
    those of fp32.

    It skips steps until its scale fits, the first one nearly always: momentum must exist by then, since torch
    makes it, with nothing in it, in the first step, skipped or not.
    """
    if arithmetic.precision != "fp16":
        return None
    for group in optimizer.param_groups:
        for parameter in group["params"] if group.get("momentum") else ():
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return torch.amp.GradScaler(arithmetic.device.type)


def learn_from(
    loss: torch.Tensor,
    optimizer: torch.optim.Optimizer,
    clip_grad: float | None = None,
    scaler: torch.amp.GradScaler | None = None,
) -> None:
    """Go backward from a loss and take a step, unless the loss is not finite.

    Its gradients would overwrite the last good weights. Whether it is finite the device decides, where it
    can, so that nobody waits for it.
    """
    if scaler is not None:
        scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        drop_still(optimizer)
        scaler.unscale_(optimizer)
        trim_gradients(optimizer, clip_grad)
        scaler.step(optimizer)
        scaler.update()
    elif loss.device.type in FUSED_DEVICES and optimizer.defaults.get("fused"):
        loss.backward()  # type: ignore[no-untyped-call]
        fused: Any = optimizer
        fused.grad_scale, fused.found_inf = None, (~torch.isfinite(loss.detach())).float()
        take_step(optimizer, clip_grad)
    elif torch.isfinite(loss):
        loss.backward()  # type: ignore[no-untyped-call]
        take_step(optimizer, clip_grad)


def take_step(optimizer: torch.optim.Optimizer, clip_grad: float | None) -> None:
    """Step by the gradients there are, as ``trim_gradients`` leaves them."""
    trim_gradients(optimizer, clip_grad)
    optimizer.step()


def trim_gradients(optimizer: torch.optim.Optimizer, clip_grad: float | None) -> None:
    """Leave the gradients that move something, together no longer than ``clip_grad``."""
    drop_still(optimizer)
    if clip_grad is not None:
        learning = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        nn.utils.clip_grad_norm_(learning, clip_grad)


def drop_still(optimizer: torch.optim.Optimizer) -> None:
    """Drop the gradients at lr 0.

    They must not shorten the others, nor have the scaler skip a step, and adding 0 times a gradient turns
    -0.0 into 0.0, and inf into NaN.
    """
    for group in optimizer.param_groups:
        if group["lr"] == 0:
            for parameter in group["params"]:
                parameter.grad = None
