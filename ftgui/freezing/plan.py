"""The plan: for each stage whether it may move, how fast and from when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from ftgui.core.errors import FtguiError
from ftgui.freezing.strategies import STRATEGIES

NormPolicy = Literal["locked", "adapt", "trainable"]
Init = Literal["pretrained", "random"]


class StagePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What one stage may do."""

    stage: str
    in_optimizer: bool
    """Whether its parameters sit in a parameter group and, from ``from_epoch`` on, get gradients."""
    lr_mult: float
    """Its learning rate as a multiple of the head's."""
    from_epoch: int = 1
    """The first epoch, counted from 1, in which its parameters get gradients."""

    @property
    def learns(self) -> bool:
        """Whether its weights ever move. At lr 0 they are in the optimizer and stay all the same."""
        return self.in_optimizer and self.lr_mult > 0

    def learns_in(self, epoch: int) -> bool:
        """Whether its weights move in an epoch."""
        return self.learns and epoch >= self.from_epoch

    def has_gradients_in(self, epoch: int) -> bool:
        """Whether an epoch pays the backward pass for it: at lr 0 too."""
        return self.in_optimizer and epoch >= self.from_epoch


class FreezePlan(msgspec.Struct, frozen=True, kw_only=True):
    """A way of fine-tuning, stage by stage from the input to the head (which is last)."""

    strategy: str
    stages: tuple[StagePlan, ...]
    norm: NormPolicy = "locked"
    """What the norms of the stages that *stay* may do. Stages that learn train theirs as usual."""
    init: Init = "pretrained"

    def ice_line(self, epoch: int = 1) -> int:
        """How many stages, from the input on, get no gradients in an epoch: the frozen prefix, norms aside.

        At lr 0 a stage gets them: that other road to the same place pays its way.
        """
        for index, stage in enumerate(self.stages):
            if stage.has_gradients_in(epoch):
                return index
        return len(self.stages)


def make_plan(
    strategy: str,
    stage_names: tuple[str, ...],
    *,
    norm: NormPolicy = "locked",
    init: Init | None = None,
    backbone_lr_mult: float = 0.1,
    freeze_until: str | None = None,
    thaw_epoch: int = 2,
    stage_lr: Mapping[str, float] | None = None,
) -> FreezePlan:
    """Return the preset ``strategy`` for a network of these stages, the last of which is the head.

    ``freeze_until`` is inclusive; None leaves the last stage before the head learning. ``stage_lr`` overrides
    a stage's multiple, whatever the strategy: 0 puts it in the optimizer and keeps it where it is.

    Raises:
        FtguiError: there is no stage of a name, nothing would learn, or norms of random weights would be
            locked: their statistics fit nothing, so every feature behind them would be next to 0.
    """
    kind = STRATEGIES[strategy]
    in_optimizer, lr_mult = {
        "frozen": (False, 0.0),
        "zero": (True, 0.0),
        "slow": (True, backbone_lr_mult),
        "learning": (True, 1.0),
    }[kind.extractor]
    joins = thaw_epoch if "thaw_epoch" in kind.reads else 1
    frozen = _frozen_count(stage_names, freeze_until) if "freeze_until" in kind.reads else 0
    overrides = _checked(stage_lr or {}, stage_names)
    stages = []
    for index, name in enumerate(stage_names):
        stage = StagePlan(stage=name, in_optimizer=in_optimizer, lr_mult=lr_mult, from_epoch=joins)
        if index == len(stage_names) - 1:
            stage = StagePlan(stage=name, in_optimizer=True, lr_mult=1.0)
        elif index < frozen:
            stage = StagePlan(stage=name, in_optimizer=False, lr_mult=0.0)
        if name in overrides:
            stage = msgspec.structs.replace(stage, in_optimizer=True, lr_mult=overrides[name])
        stages.append(stage)
    plan = FreezePlan(strategy=strategy, stages=tuple(stages), norm=norm, init=init or kind.init)
    _check(plan)
    return plan


def default_freeze_until(stage_names: tuple[str, ...]) -> str | None:
    """Return the stage up to which ``partial`` freezes unless told: all but the last one before the head.

    None where the network has too few stages: then nothing is frozen.
    """
    return stage_names[-3] if len(stage_names) > 2 else None


def _frozen_count(stage_names: tuple[str, ...], until: str | None) -> int:
    until = until or default_freeze_until(stage_names)
    if until is None:
        return 0
    if until not in stage_names[:-1]:
        raise FtguiError(
            f"There is no stage “{until}” before the output layer.",
            f"Choose one of {', '.join(stage_names[:-1])}.",
        )
    return stage_names.index(until) + 1


def _checked(stage_lr: Mapping[str, float], stage_names: tuple[str, ...]) -> Mapping[str, float]:
    for name in stage_lr:
        if name not in stage_names:
            raise FtguiError(f"There is no stage “{name}”.", f"Choose one of {', '.join(stage_names)}.")
    return stage_lr


def _check(plan: FreezePlan) -> None:
    if not any(stage.learns for stage in plan.stages):
        raise FtguiError("Nothing would learn.", "Give at least one stage a learning rate above 0.")
    stays = any(not stage.learns_in(1) for stage in plan.stages)
    if plan.init == "random" and plan.norm == "locked" and stays:
        raise FtguiError(
            f"“{STRATEGIES[plan.strategy].title}” would keep random weights as they are, and their norms "
            "locked: every feature would be next to 0.",
            "Choose “From scratch” (scratch), or let frozen norms adapt.",
        )
