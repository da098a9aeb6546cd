"""How far each stage has moved from where it started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import torch

from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.proof import changed_entries

State = Mapping[str, torch.Tensor]


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """Of one stage at one moment."""

    stage: str
    weights: float
    """‖now - start‖ / ‖start‖ over all its parameters; 0 exactly where no bit of them differs."""
    statistics: float | None
    """The same over the running statistics of its norms; None where it has none."""
    changed: int
    """How many of its entries, parameters and buffers, differ in any bit."""
    entries: int


class MovementMeter:
    """Remembers where a model's entries are and tells how far each stage has gone since.

    A stage that may not move is measured like the others: that it stays is to be seen, not assumed.
    """

    def __init__(self, applied: AppliedPlan) -> None:
        self._applied = applied
        self._parameters = frozenset(name for name, _ in applied.model.named_parameters())
        self._start = {name: tensor.clone() for name, tensor in applied.model.state_dict().items()}

    @torch.no_grad()
    def measure(self) -> tuple[Movement, ...]:
        """Return a movement a stage, from the input to the head."""
        now = self._applied.model.state_dict()
        return tuple(self._measured(stage.name, stage.entries, now) for stage in self._applied.stages)

    def _measured(self, name: str, entries: tuple[str, ...], now: State) -> Movement:
        weights = [entry for entry in entries if entry in self._parameters]
        statistics = [e for e in entries if e not in self._parameters and now[e].is_floating_point()]
        return Movement(
            stage=name,
            weights=_relative(self._start, now, weights) or 0.0,
            statistics=_relative(self._start, now, statistics),
            changed=len(changed_entries(self._start, now, entries)),
            entries=len(entries),
        )


def _relative(start: State, now: State, names: Iterable[str]) -> float | None:
    """Return the distance gone relative to the size at the start; None where there is nothing to measure."""
    pairs = [(start[name].float(), now[name].float()) for name in names]
    if not pairs:
        return None
    gone = _norm([b - a for a, b in pairs])
    size = _norm([a for a, _ in pairs])
    return gone / size if size else gone


def _norm(tensors: list[torch.Tensor]) -> float:
    return float(torch.stack(torch._foreach_norm(tensors)).norm())
