"""The stages of a network as a plan lets them move: for the bar of a card and for the stage map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftgui.freezing.plan import FreezePlan, StagePlan
from ftgui.gui.widgets.stage_bar import Segment, StageState
from ftgui.gui.widgets.stage_row import StageRow
from ftgui.gui.words import count_words, percent_words

if TYPE_CHECKING:
    from ftgui.jobs.inspect import Inspected

BLANK = tuple(Segment(name="", weight=1.0) for _ in range(6))
"""A network of which nothing is known yet."""


def stage_rows(inspected: Inspected | None, plan: FreezePlan | None, outputs: int) -> tuple[StageRow, ...]:
    """Return the stages of a network, none while it is not known; grey where there is no plan for them.

    ``outputs`` are those of the new head, 0 where they are not known yet.
    """
    if inspected is None:
        return ()
    plans = plan.stages if plan else (None,) * len(inspected.stages)
    sizes = _sizes(inspected, outputs)
    return tuple(
        _row(stage.name, size, stage.cost_share, stage_plan)
        for stage, size, stage_plan in zip(inspected.stages, sizes, plans, strict=True)
    )


def _row(name: str, parameters: int, cost: float, plan: StagePlan | None) -> StageRow:
    size = count_words(parameters)
    tip = f"{name}: {size} parameters, {percent_words(cost)} of the computing"
    segment = Segment(
        name=name,
        weight=cost,
        state=_state(plan),
        tip=f"{tip}, {_rate_words(plan, 'from epoch')}" if plan else tip,
        joins=plan.from_epoch if plan else 1,
    )
    return StageRow(segment, size, _rate_words(plan) if plan else "")


def _sizes(inspected: Inspected, outputs: int) -> list[int]:
    """Return the parameters of each stage; the last one's as its output layer will have them.

    Each output has as many as every other, and the file's head has ``num_classes`` of them.
    """
    sizes = [stage.parameters for stage in inspected.stages]
    there = inspected.recognition.num_classes
    if sizes and outputs and there:
        sizes[-1] = sizes[-1] // there * outputs
    return sizes


def multiple_words(plan: StagePlan) -> str:
    """Return a stage's learning rate as a multiple of the head's: "0.1", or "frozen"."""
    return f"{plan.lr_mult:g}" if plan.in_optimizer else "frozen"


def _rate_words(plan: StagePlan, since: str = "from") -> str:
    """Return what a stage does and since when: "frozen", "× 0.1", "× 0.1 from 5"."""
    later = f" {since} {plan.from_epoch}" if plan.from_epoch > 1 else ""
    return f"× {multiple_words(plan)}{later}" if plan.in_optimizer else multiple_words(plan)


def _state(plan: StagePlan | None) -> StageState:
    if plan is None:
        return "unknown"
    if not plan.in_optimizer:
        return "frozen"
    if not plan.learns:
        return "zero"
    return "slow" if plan.lr_mult < 1 else "learning"
