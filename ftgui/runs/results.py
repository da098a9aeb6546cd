"""What a comparison showed, in plain records: what the table, the report and the window are made from."""

from __future__ import annotations

from typing import Literal

import msgspec

Measure = Literal["test", "last epoch"]
"""What accuracies are of: the best weights on test pictures, which nothing was chosen by, or, without such,
the last epoch's weights on the validation pictures, since the best epoch is chosen by those."""


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """One run. None stands for what is not known, or not yet."""

    name: str
    strategy: str
    seed: int
    lr: float | None = None
    """The head's; None until the run began, unless the plan names it."""
    state: str
    """"waiting", "skipped", or where the run stands."""
    accuracy: float | None = None
    """By the comparison's measure."""
    low: float | None = None
    high: float | None = None
    """Its 95 % interval (Wilson)."""
    pictures: int | None = None
    """That it was judged on."""
    last_val_accuracy: float | None = None
    last_val_loss: float | None = None
    best_val_accuracy: float | None = None
    """Of the epoch chosen by the very pictures it was judged on: a little high."""
    best_epoch: int | None = None
    train_accuracy: float | None = None
    """Of the last epoch: the running mean, in train mode."""
    epochs: int = 0
    seconds: float | None = None
    seconds_per_epoch: float | None = None
    """Training and validating: the median of the epochs."""
    peak_memory_mb: float | None = None
    trainable_parameters: int | None = None
    parameters: int | None = None
    moved_tensors: int | None = None
    frozen_tensors: int | None = None
    frozen_changed: int | None = None
    reason: str = ""
    """Why it ended, as ``events.Reason`` says it; "" while it has not."""
    message: str = ""
    """How it ended."""


class StrategyResult(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy over its seeds, at the learning rate that did best where several were tried."""

    strategy: str
    title: str
    lr: float
    tries: int = 1
    """Learning rates that were tried, with every seed."""
    runs: tuple[str, ...]
    """Names of the runs that count, a seed each."""
    accuracy: float
    """Mean over the seeds."""
    lowest: float
    highest: float
    """Over the seeds."""
    low: float
    high: float
    """95 % interval (Wilson) of the mean, from so many ``pictures``: seeds are no more pictures."""
    pictures: int
    best_val_accuracy: float | None = None
    train_accuracy: float | None = None
    seconds: float
    """Of a run that finds nothing kept, the median over the seeds: see ``costs.cost_of``."""
    seconds_lowest: float | None = None
    seconds_highest: float | None = None
    """Over the seeds; None: as ``seconds``."""
    is_cost_known: bool = True
    """False where nobody knows what features took that were kept from before: ``seconds`` is the least."""
    later_seconds: float | None = None
    """Mean of the runs after the first, as they were: nothing is charged. None where there are none."""
    seconds_per_epoch: float | None = None
    peak_memory_mb: float | None = None
    """The median over the seeds: the first run may find what others left with the program."""
    trainable_parameters: int | None = None
    parameters: int | None = None
    moved_tensors: int | None = None
    """Entries that differ from where they started, in the weights that ``accuracy`` is of; the most of any
    seed."""
    is_on_front: bool = False
    """No other strategy whose cost is known is as accurate in less time, or more accurate in the same."""

    @property
    def bound(self) -> str:
        """What stands before ``seconds``: "≥ " where they are the least that it takes, else nothing."""
        return "" if self.is_cost_known else "≥ "


class SeedPair(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs of one seed on the same pictures."""

    seed: int
    only_first: int
    """Pictures that the first strategy's run alone got right."""
    only_second: int
    p: float
    """McNemar's exact test."""
    p_holm: float
    """Corrected for the number of pairs."""


class PairResult(msgspec.Struct, frozen=True, kw_only=True):
    """Two strategies."""

    first: str
    second: str
    difference: float
    """Of the mean accuracies, first less second."""
    low: float
    high: float
    """95 % interval: bootstrap over pictures, a picture with all its seeds."""
    pictures: int
    seeds: tuple[SeedPair, ...]
    p: float
    """Of all seeds together (Rüger), and corrected for the number of pairs (Holm)."""
    p_holm: float
    differs: bool
    """Whether so many pictures show a difference, and every seed says the same."""
    is_unsettled: bool = False
    """Whether the pictures show one, but not every seed says the same."""
    cost_ratio: float | None
    """Seconds of the first over those of the second; None where one of them is not known."""
    is_cost_apart: bool = True
    """Whether every run of the one took longer than any of the other."""
    words: str


class HeldEqual(msgspec.Struct, frozen=True, kw_only=True):
    """Something that had to be the same in all runs, and whether the runs' own files say that it was."""

    what: str
    value: str
    equal: bool


class ComparisonResult(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known of a comparison."""

    measure: Measure
    measure_words: str
    """What accuracies are of, as a sentence."""
    optimistic: str = ""
    """Why accuracies may be a little high, as a sentence; empty where they are not."""
    pictures: int = 0
    dataset: str = ""
    """The name of its folder or list."""
    class_names: tuple[str, ...] = ()
    train_pictures: int = 0
    architecture: str = ""
    device: str = ""
    arithmetic: str = ""
    runs: tuple[RunResult, ...]
    strategies: tuple[StrategyResult, ...] = ()
    """Those of which every seed is done, in the order in which they were asked for."""
    pairs: tuple[PairResult, ...] = ()
    held_equal: tuple[HeldEqual, ...] = ()
    is_decoding_seen: bool = True
    """False where all pictures were decoded before the comparison: then no cost has that in it."""
    sentences: tuple[str, ...] = ()
    """What can honestly be said."""
