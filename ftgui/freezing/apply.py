"""A plan put on a network: gradients, modes and parameter groups, each decided in one place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypedDict

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase

from ftgui.freezing.plan import FreezePlan, StagePlan
from ftgui.models.stages import Stage

NORMS: tuple[type[nn.Module], ...] = (_NormBase, nn.LayerNorm, nn.GroupNorm)

NORM_LR_MULT = 1.0
"""Of norms that alone learn in a stage that stays (``trainable``): few numbers, so the head's own rate."""


class Group(TypedDict):
    """One of the optimizer's parameter groups: what a stage's parameters of one kind share."""

    params: list[nn.Parameter]
    lr: float
    """What the optimizer reads; a schedule sets it."""
    weight_decay: float
    stage: str
    joins: int
    """The epoch from which the stage learns."""
    lr_waiting: float
    """Its own learning rate before that: 0, but for norms that the policy lets learn meanwhile."""
    lr_joined: float
    """Its own learning rate from then on."""


class _Settled(NamedTuple):
    """How modules and parameters are while the same stages learn."""

    modes: list[tuple[nn.Module, bool]]
    gradients: list[tuple[nn.Parameter, bool]]


class AppliedPlan:
    """A plan on a model of these stages.

    ``start_epoch`` sets gradients and modes anew for each epoch: what learns may change at its edge, and
    ``model.train()`` wakes every BatchNorm and Dropout, frozen or not, and a BatchNorm in train mode moves
    its running statistics without any gradient.
    """

    def __init__(self, model: nn.Module, plan: FreezePlan, stages: Sequence[Stage]) -> None:
        self.model = model
        self.plan = plan
        self.stages = tuple(stages)
        self._norm_entries = _norm_entries(model)
        self._parameters = dict(model.named_parameters())
        self._settled: dict[tuple[bool, ...], _Settled] = {}
        self._frozen: dict[tuple[bool, ...], frozenset[str]] = {}
        self._settle(1, modes=False)

    def start_epoch(self, epoch: int) -> None:
        """Put the model in train mode, and the stages that stay in this epoch in the modes of frozen ones.

        Call it when no gradients are held: what a step finds on a parameter it moves, frozen or not.
        """
        self._settle(epoch, modes=True)

    def ice_line(self, epoch: int) -> int:
        """Return how many stages, from the input on, are only read in an epoch.

        They get no gradients, their norms do not adapt, and nothing in them drops at random.
        """
        frozen = self.stages[: self.plan.ice_line(epoch)]
        return next(
            (n for n, s in enumerate(frozen) if any(map(self._moves_as_norm, s.entries))), len(frozen)
        )

    def parameter_groups(self, lr: float, weight_decay: float = 0.0) -> list[Group]:
        """Return the optimizer's groups from the input to the head, each at ``lr`` times its own multiple.

        This is where a smaller learning rate for the extractor, or 0, comes from. All are made at the start,
        those of stages that join later too: a group added to an optimizer that runs breaks or misleads
        schedules. Scales, shifts, biases and embeddings get no ``weight_decay``, as in most recipes: pulling
        them to zero regularises nothing.
        """
        groups: dict[tuple[str, float, float, bool], Group] = {}
        parameters = self._parameters
        for stage, stage_plan in self._pairs():
            for name in (entry for entry in stage.entries if entry in parameters):
                joined = self._lr_mult(stage_plan, name, stage_plan.from_epoch)
                if joined is None:
                    continue
                late = stage_plan.from_epoch > 1
                waiting = (self._lr_mult(stage_plan, name, 1) or 0.0) if late else joined
                decays = _decays(name, parameters[name])
                group = Group(
                    params=[],
                    lr=lr * waiting,
                    weight_decay=weight_decay if decays else 0.0,
                    stage=stage.name,
                    joins=stage_plan.from_epoch,
                    lr_waiting=lr * waiting,
                    lr_joined=lr * joined,
                )
                key = (stage.name, waiting, joined, decays)
                groups.setdefault(key, group)["params"].append(parameters[name])
        return list(groups.values())

    def frozen_entries(self, epoch: int | None = None) -> frozenset[str]:
        """Return the names of all parameters and buffers that the plan has not let move up to an epoch.

        None: those that it never lets move.
        """
        kind = () if epoch is None else self._kind(epoch)
        if kind not in self._frozen:
            self._frozen[kind] = frozenset(
                name
                for stage, stage_plan in self._pairs()
                if not (stage_plan.learns if epoch is None else stage_plan.learns_in(epoch))
                for name in stage.entries
                if not self._moves_as_norm(name)
            )
        return self._frozen[kind]

    def moving_entries(self) -> frozenset[str]:
        """Return the names of all that move sooner or later."""
        return frozenset(self.model.state_dict()) - self.frozen_entries()

    def trainable_parameters(self) -> int:
        """Count the numbers that can change: those of stages at lr 0 are not among them."""
        frozen = self.frozen_entries()
        return sum(p.numel() for n, p in self.model.named_parameters() if n not in frozen)

    def numbers_with_gradients(self, epoch: int) -> int:
        """Count the numbers that get gradients in an epoch, those at lr 0 included."""
        return sum(parameter.numel() for parameter, wanted in self._gradients(epoch) if wanted)

    def _pairs(self) -> Iterator[tuple[Stage, StagePlan]]:
        return zip(self.stages, self.plan.stages, strict=True)

    def _settle(self, epoch: int, *, modes: bool) -> None:
        """Set what is not as the epoch wants it: epochs may take less time than going through all modules."""
        kind = self._kind(epoch)
        if kind not in self._settled:
            self._settled[kind] = _Settled(self._modes(epoch), self._gradients(epoch))
        settled = self._settled[kind]
        for parameter, wanted in settled.gradients:
            if parameter.requires_grad != wanted:
                parameter.requires_grad = wanted
        for module, training in settled.modes if modes else ():
            if module.training != training:
                module.training = training

    def _kind(self, epoch: int) -> tuple[bool, ...]:
        """Return what an epoch has in common with others: which stages learn, and which get gradients."""
        return tuple(
            wanted
            for stage in self.plan.stages
            for wanted in (stage.learns_in(epoch), stage.has_gradients_in(epoch))
        )

    def _modes(self, epoch: int) -> list[tuple[nn.Module, bool]]:
        staying = {path for stage, plan in self._pairs() if not plan.learns_in(epoch) for path in stage.inner}
        adapt = self.plan.norm != "locked"
        return [
            (module, path not in staying or (adapt and isinstance(module, NORMS)))
            for path, module in self.model.named_modules()
        ]

    def _gradients(self, epoch: int) -> list[tuple[nn.Parameter, bool]]:
        return [
            (self._parameters[name], self._lr_mult(stage_plan, name, epoch) is not None)
            for stage, stage_plan in self._pairs()
            for name in stage.entries
            if name in self._parameters
        ]

    def _lr_mult(self, stage_plan: StagePlan, name: str, epoch: int) -> float | None:
        """Return a parameter's learning rate as a multiple of the head's; None where it gets no gradient."""
        if not stage_plan.learns_in(epoch) and self._moves_as_norm(name):
            return NORM_LR_MULT
        return stage_plan.lr_mult if stage_plan.has_gradients_in(epoch) else None

    def _moves_as_norm(self, name: str) -> bool:
        """Whether the norm policy lets this entry of a staying stage move."""
        if self.plan.norm == "locked" or name not in self._norm_entries:
            return False
        is_statistic = self._norm_entries[name]
        return is_statistic or self.plan.norm == "trainable"


def _decays(name: str, parameter: nn.Parameter) -> bool:
    """Whether a parameter is a matrix or a filter: not a scale, shift, bias, token, table or embedding."""
    return parameter.ndim > 1 and name.endswith("weight")


def _norm_entries(model: nn.Module) -> dict[str, bool]:
    """Map every entry of a normalisation layer to whether it is a statistic that train mode moves."""
    found: dict[str, bool] = {}
    for path, module in model.named_modules():
        if isinstance(module, NORMS):
            moves = isinstance(module, _BatchNorm)
            found.update({f"{path}.{name}": False for name, _ in module.named_parameters(recurse=False)})
            found.update({f"{path}.{name}": moves for name, _ in module.named_buffers(recurse=False)})
    return found
