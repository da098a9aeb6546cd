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
    """What moves, in a few words; filled in with what the strategy ``reads``."""
    cost: str
    """What it costs."""
    when: str
    """When to choose it."""
    extractor: Literal["frozen", "zero", "slow", "learning"]
    """What the stages before the head do: no gradient; gradient but lr 0; a smaller lr; the head's lr."""
    reads: tuple[str, ...] = ()
    """The settings that shape it and that no other strategy looks at, unless it names them too:
    ``freeze_until`` keeps the stages up to one frozen, ``thaw_epoch`` has the extractor join later.
    """
    init: Literal["pretrained", "random"] = "pretrained"
    """The weights that it starts from, unless asked otherwise."""
    default_lr: float = 0.01
    is_common: bool = True
    """Shown at once in the window; the others are one click away."""


_TABLE = (
    Strategy(
        name="freeze",
        title="Freeze extractor",
        moves="Only the new output layer learns",
        cost="No backward pass through the extractor: the cheapest way.",
        when="The first to try, and the safest with few pictures.",
        extractor="frozen",
    ),
    Strategy(
        name="small-lr",
        title="Small learning rate",
        moves="Extractor at × {mult:g}, output layer at × 1",
        cost="Pays the whole backward pass.",
        when="Choose it when your pictures differ from what the weights have seen.",
        extractor="slow",
        reads=("backbone_lr_mult",),
    ),
    Strategy(
        name="partial",
        title="Freeze up to a stage",
        moves="{learning} learn",
        cost="Pays the backward pass only down to the ice line.",
        when="Choose it when the frozen features come close and the last ones should bend to your pictures.",
        extractor="learning",
        reads=("freeze_until",),
    ),
    Strategy(
        name="thaw",
        title="Thaw later",
        moves="Output layer first; the extractor joins at epoch {epoch}, at × {mult:g}",
        cost="Cheap until the thaw, then the whole backward pass.",
        when="Choose it when a small learning rate pays off: an output layer that has settled pulls less at "
        "good features.",
        extractor="slow",
        reads=("backbone_lr_mult", "thaw_epoch"),
        is_common=False,
    ),
    Strategy(
        name="full",
        title="Everything learns",
        moves="All stages learn at one rate",
        cost="Pays the whole backward pass, and forgets most easily what the weights knew.",
        when="Choose it when you have many pictures.",
        extractor="learning",
        default_lr=0.001,
        is_common=False,
    ),
    Strategy(
        name="lr-zero",
        title="Learning rate 0",
        moves="Extractor at × 0: the other road to frozen",
        cost="Ends with the same weights as freezing, but pays the whole backward pass.",
        when="Choose it to see that it is so.",
        extractor="zero",
        is_common=False,
    ),
    Strategy(
        name="scratch",
        title="From scratch",
        moves="The same network from random weights; all of it learns",
        cost="Pays the whole backward pass, and needs many more epochs.",
        when="Choose it to see what the pretrained weights are worth.",
        extractor="learning",
        init="random",
        is_common=False,
    ),
)

STRATEGIES: dict[str, Strategy] = {strategy.name: strategy for strategy in _TABLE}

SHAPING_SETTINGS = tuple(dict.fromkeys(name for strategy in _TABLE for name in strategy.reads))
"""Settings that shape a strategy; those that do not read one do not look at it."""
