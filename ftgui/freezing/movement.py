"""How far each stage has moved from where it started."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Mapping

import msgspec
import torch

from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.proof import bits

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
        # The entries stay the same tensors, whatever is written into them: looked up once, as epochs on
        # cached features take milliseconds.
        self._now = applied.model.state_dict()
        self._start = {name: tensor.clone() for name, tensor in self._now.items()}
        self._bits = {name: (bits(self._start[name]), bits(now)) for name, now in self._now.items()}
        self._sizes = {name: _norm(tensor) for name, tensor in self._start.items()}

    @torch.no_grad()
    def measure(self) -> tuple[Movement, ...]:
        """Return a movement a stage, from the input to the head."""
        return tuple(self._measured(stage.name, stage.entries) for stage in self._applied.stages)

    def _measured(self, name: str, entries: tuple[str, ...]) -> Movement:
        now = self._now
        changed = [entry for entry in entries if not torch.equal(*self._bits[entry])]
        gone = dict.fromkeys(entries, 0.0) | {e: self._gone(e, now) for e in changed}
        weights = [entry for entry in entries if entry in self._parameters]
        statistics = [e for e in entries if e not in self._parameters and now[e].is_floating_point()]
        return Movement(
            stage=name,
            weights=self._relative(gone, weights),
            statistics=self._relative(gone, statistics) if statistics else None,
            changed=len(changed),
            entries=len(entries),
        )

    def _gone(self, entry: str, now: State) -> float:
        """Return how far an entry with a changed bit has gone: above 0, though it be the sign of a 0."""
        return max(_norm(now[entry] - self._start[entry]), sys.float_info.min)

    def _relative(self, gone: Mapping[str, float], names: Collection[str]) -> float:
        """Return the distance gone over the size at the start; where that is 0, the distance itself."""
        distance = math.hypot(*(gone[name] for name in names))
        return distance / (math.hypot(*(self._sizes[name] for name in names)) or 1.0)


def _norm(tensor: torch.Tensor) -> float:
    return float(torch.linalg.vector_norm(tensor.float()))
