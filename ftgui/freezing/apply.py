"""A plan put on a network: gradients, modes and parameter groups, each decided in one place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase

from ftgui.freezing.plan import FreezePlan, StagePlan
from ftgui.models.stages import Stage

NORMS: tuple[type[nn.Module], ...] = (_NormBase, nn.LayerNorm, nn.GroupNorm)

NORM_LR_MULT = 1.0
"""Of norms that alone learn in a stage that stays (``trainable``): few numbers, so the head's own rate."""


class AppliedPlan:
    """A plan on a model of these stages.

    ``requires_grad`` is set once, here. Modes must be set anew by ``train_mode`` before each epoch, since
    ``model.train()`` wakes every BatchNorm and Dropout, frozen or not, and a BatchNorm in train mode moves
    its running statistics without any gradient.
    """

    def __init__(self, model: nn.Module, plan: FreezePlan, stages: Sequence[Stage]) -> None:
        self.model = model
        self.plan = plan
        self.stages = tuple(stages)
        self._norm_entries = _norm_entries(model)
        parameters = dict(model.named_parameters())
        for stage, stage_plan in self._pairs():
            for name in stage.entries:
                if name in parameters:
                    parameters[name].requires_grad = self._lr_mult(stage_plan, name) is not None

    def train_mode(self) -> None:
        """Put the model in train mode, and the stages that stay in the modes of frozen ones."""
        self.model.train()
        for stage, stage_plan in self._pairs():
            if stage_plan.learns:
                continue
            for path in stage.inner:
                module = self.model.get_submodule(path)
                module.training = self.plan.norm != "locked" and isinstance(module, NORMS)

    def parameter_groups(self, lr: float) -> list[dict[str, Any]]:
        """Return the optimizer's groups from the input to the head, each at ``lr`` times its own multiple.

        This is where a smaller learning rate for the extractor, or 0, comes from.
        """
        groups: dict[tuple[str, float], dict[str, Any]] = {}
        parameters = dict(self.model.named_parameters())
        for stage, stage_plan in self._pairs():
            for name in stage.entries:
                multiple = self._lr_mult(stage_plan, name)
                if name in parameters and multiple is not None:
                    group = {"params": [], "lr": lr * multiple, "stage": stage.name}
                    groups.setdefault((stage.name, multiple), group)["params"].append(parameters[name])
        return list(groups.values())

    def frozen_entries(self) -> frozenset[str]:
        """Return the names of all parameters and buffers that the plan never lets move."""
        return frozenset(
            name
            for stage, stage_plan in self._pairs()
            if not stage_plan.learns
            for name in stage.entries
            if not self._moves_as_norm(name)
        )

    def moving_entries(self) -> frozenset[str]:
        """Return the names of all others."""
        return frozenset(self.model.state_dict()) - self.frozen_entries()

    def trainable_parameters(self) -> int:
        """Count the numbers that can change: those of stages at lr 0 are not among them."""
        frozen = self.frozen_entries()
        return sum(p.numel() for n, p in self.model.named_parameters() if n not in frozen)

    def _pairs(self) -> Iterator[tuple[Stage, StagePlan]]:
        return zip(self.stages, self.plan.stages, strict=True)

    def _lr_mult(self, stage_plan: StagePlan, name: str) -> float | None:
        """Return a parameter's learning rate as a multiple of the head's; None where it gets no gradient."""
        if not stage_plan.learns and self._moves_as_norm(name):
            return NORM_LR_MULT
        return stage_plan.lr_mult if stage_plan.in_optimizer else None

    def _moves_as_norm(self, name: str) -> bool:
        """Whether the norm policy lets this entry of a staying stage move."""
        if self.plan.norm == "locked" or name not in self._norm_entries:
            return False
        is_statistic = self._norm_entries[name]
        return is_statistic or self.plan.norm == "trainable"


def _norm_entries(model: nn.Module) -> dict[str, bool]:
    """Map every entry of a normalisation layer to whether it is a statistic that train mode moves."""
    found: dict[str, bool] = {}
    for path, module in model.named_modules():
        if isinstance(module, NORMS):
            moves = isinstance(module, _BatchNorm)
            found.update({f"{path}.{name}": False for name, _ in module.named_parameters(recurse=False)})
            found.update({f"{path}.{name}": moves for name, _ in module.named_buffers(recurse=False)})
    return found
