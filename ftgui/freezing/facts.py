"""What each way of freezing was measured to do: the figures behind the help, made by a committed command.

``tools/compare_strategies.py`` writes them; nothing here is from memory.
"""

from __future__ import annotations

import functools

import msgspec

from ftgui.core import records
from ftgui.core.paths import RESOURCES
from ftgui.core.records import Record

FACTS = RESOURCES / "facts.json"


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy, or one norm policy under ``freeze``, over several seeds."""

    lr: float
    """Of the head: the default."""
    epochs: int
    val_accuracy: float
    """Mean over the seeds, of the last epoch, as no epoch was chosen."""
    lowest: float
    highest: float
    train_accuracy: float
    best_lr: float
    """Of those tried, by the first seed."""
    best_val_accuracy: float
    """With ``best_lr`` and the first seed."""
    seconds: float
    """Of one run at the default lr, with nothing else on the machine."""
    moved: int
    """Parameters and buffers that differ from their start in the end."""


class Facts(Record, frozen=True, kw_only=True):
    """``facts.json``."""

    architecture: str
    pictures: str
    """In words: what was learned from."""
    train_pictures: int
    val_pictures: int
    seeds: tuple[int, ...]
    lrs: tuple[float, ...]
    precision: str
    machine: str
    tensors: int
    """Parameters and buffers of the network."""
    strategies: dict[str, Measured]
    norms: dict[str, Measured]
    """``freeze`` under each norm policy."""


@functools.cache
def facts() -> Facts:
    """Return what was measured."""
    return records.read_json(FACTS, Facts)


def why_strategy(name: str) -> str:
    """Return what a strategy was measured to do, beside ``freeze``, in a few sentences."""
    known = facts()
    own, freeze = known.strategies[name], known.strategies["freeze"]
    return (
        f"{_source(known)}: {_accuracy(own)} after {own.epochs} epochs, in {own.seconds:.0f} s. "
        f"{own.moved} of {known.tensors} entries moved."
        + ("" if name == "freeze" else f" Beside freezing: {_beside(own, freeze, known)}.")
    )


def why_norm(policy: str) -> str:
    """Return what a norm policy was measured to do under ``freeze``, beside ``locked``."""
    known = facts()
    own, locked = known.norms[policy], known.norms["locked"]
    moved = f"{own.moved} of {known.tensors} entries moved"
    beside = "" if policy == "locked" else f" Beside locked: {_beside(own, locked, known)}."
    return f"{_source(known)}, extractor frozen: {_accuracy(own)}, and {moved}.{beside}"


def _source(known: Facts) -> str:
    return f"Measured with {known.architecture} on {known.train_pictures} {known.pictures}"


def _accuracy(own: Measured) -> str:
    return f"accuracy {own.val_accuracy:.3f} ({own.lowest:.3f} to {own.highest:.3f} over seeds)"


def _beside(own: Measured, other: Measured, known: Facts) -> str:
    difference = own.val_accuracy - other.val_accuracy
    if abs(difference) < 0.0005:
        accuracy = "the same accuracy"
    elif abs(difference) * known.val_pictures < 1:
        accuracy = "the same accuracy to within a picture"
    else:
        accuracy = f"{abs(100 * difference):.1f} points {'more' if difference > 0 else 'less'}"
    return f"{accuracy}, at {own.seconds / other.seconds:.1f} times the time"
