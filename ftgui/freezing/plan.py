"""The plan: for each stage whether it may move and how fast."""

from __future__ import annotations

from typing import Literal

import msgspec

from ftgui.freezing.strategies import STRATEGIES

NormPolicy = Literal["locked", "adapt", "trainable"]


class StagePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What one stage may do."""

    stage: str
    in_optimizer: bool
    """Whether its parameters get gradients and sit in a parameter group."""
    lr_mult: float
    """Its learning rate as a multiple of the head's."""

    @property
    def learns(self) -> bool:
        """Whether its weights move. At lr 0 they are in the optimizer and stay all the same."""
        return self.in_optimizer and self.lr_mult > 0


class FreezePlan(msgspec.Struct, frozen=True, kw_only=True):
    """A way of fine-tuning, stage by stage from the input to the head (which is last)."""

    strategy: str
    stages: tuple[StagePlan, ...]
    norm: NormPolicy = "locked"
    """What the norms of the stages that *stay* may do. Stages that learn train theirs as usual."""

    @property
    def ice_line(self) -> int:
        """How many stages, from the input on, neither learn nor adapt: the frozen prefix."""
        if self.norm != "locked":
            return 0
        for index, stage in enumerate(self.stages):
            if stage.learns:
                return index
        return len(self.stages)


def make_plan(
    strategy: str, stage_names: tuple[str, ...], *, backbone_lr_mult: float = 0.1, norm: NormPolicy = "locked"
) -> FreezePlan:
    """Return the preset ``strategy`` for a network of these stages, the last of which is the head."""
    in_optimizer, lr_mult = {
        "frozen": (False, 0.0),
        "zero": (True, 0.0),
        "slow": (True, backbone_lr_mult),
        "learning": (True, 1.0),
    }[STRATEGIES[strategy].extractor]
    extractor = tuple(
        StagePlan(stage=name, in_optimizer=in_optimizer, lr_mult=lr_mult) for name in stage_names[:-1]
    )
    head = StagePlan(stage=stage_names[-1], in_optimizer=True, lr_mult=1.0)
    return FreezePlan(strategy=strategy, stages=(*extractor, head), norm=norm)
