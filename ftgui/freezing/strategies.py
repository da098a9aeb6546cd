"""The ways of fine-tuning, as a table: each is a preset of one plan, never a branch in the loop."""

from __future__ import annotations

from typing import Literal

import msgspec


class Strategy(msgspec.Struct, frozen=True, kw_only=True):
    """One named way of fine-tuning and how a person is told of it."""

    name: str
    """In the command line and in files."""
    title: str
    moves: str
    """What moves, in a sentence."""
    cost: str
    """What it costs and when to choose it."""
    extractor: Literal["frozen", "zero", "slow", "learning"]
    """What the stages before the head do: no gradient; gradient but lr 0; a smaller lr; the head's lr."""
    default_lr: float
    suits_random_weights: bool = False


_TABLE = (
    Strategy(
        name="freeze",
        title="Freeze extractor",
        moves="Only the new output layer learns",
        cost="The fastest way, and the safest with few pictures.",
        extractor="frozen",
        default_lr=0.01,
    ),
    Strategy(
        name="small-lr",
        title="Small learning rate",
        moves="Extractor at × {mult:g}, output layer at × 1",
        cost="Pays the whole backward pass. Choose it when your pictures differ from what the weights "
        "have seen.",
        extractor="slow",
        default_lr=0.01,
    ),
    Strategy(
        name="full",
        title="Everything learns",
        moves="All stages learn at one rate",
        cost="Pays the whole backward pass and forgets most easily. Choose it when you have many pictures.",
        extractor="learning",
        default_lr=0.001,
        suits_random_weights=True,
    ),
    Strategy(
        name="lr-zero",
        title="Learning rate 0",
        moves="Extractor at × 0: the other road to frozen",
        cost="Ends with the same weights as freezing but pays the whole backward pass. "
        "Choose it to see that it is so.",
        extractor="zero",
        default_lr=0.01,
    ),
)

STRATEGIES: dict[str, Strategy] = {strategy.name: strategy for strategy in _TABLE}
