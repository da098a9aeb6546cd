"""A comparison of ways of freezing on the disk: what was asked for, which runs that makes, what is kept."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path

import msgspec

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.core.records import Record
from ftgui.freezing.strategies import STRATEGIES
from ftgui.runs.results import ComparisonResult
from ftgui.training.config import SETTING_BY_NAME, TrainConfig, check_config, plain, unread_settings

COMPARISON, TABLE, REPORT, RUNS = "comparison.json", "comparison.csv", "report.html", "runs"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a comparison."""

    strategy: str
    seed: int
    lr: float | None = None
    """None: the strategy's own default."""

    @property
    def name(self) -> str:
        """What it is called, and its folder."""
        tried = "" if self.lr is None else f"-lr{plain(self.lr)}"
        return f"{self.strategy}-seed{self.seed}{tried}"


class ComparisonPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is compared: everything is held equal but the strategy."""

    config: TrainConfig
    """What all runs share; its strategy, seed and learning rate mean nothing."""
    strategies: tuple[str, ...]
    seeds: tuple[int, ...] = (0,)
    lrs: tuple[float, ...] = ()
    """Learning rates that every strategy is tried with, so that all have as many tries. None: its own one."""

    def entries(self) -> tuple[Entry, ...]:
        """Return the runs in their order: after the first seed, every strategy has one."""
        tried = product(self.seeds, self.strategies, self.lrs or (None,))
        return tuple(Entry(strategy=strategy, seed=seed, lr=lr) for seed, strategy, lr in tried)

    def config_of(self, entry: Entry) -> TrainConfig:
        """Return what a run trains: settings of other strategies mean nothing to it."""
        config = msgspec.structs.replace(self.config, strategy=entry.strategy, seed=entry.seed, lr=entry.lr)
        forgotten = {name: SETTING_BY_NAME[name].default for name in unread_settings(config)}
        return msgspec.structs.replace(config, **forgotten)

    def check(self) -> None:
        """Raise FtguiError where a comparison of this kind cannot be."""
        if not self.strategies:
            raise FtguiError("There is no strategy to compare.", f"Choose some of {', '.join(STRATEGIES)}.")
        if self.config.stage_lr:
            raise FtguiError(
                "A comparison takes every strategy as it is, without learning rates of single stages.",
                "Take them away, or train such a plan by itself.",
            )
        for what, values in (("strategy", self.strategies), ("seed", self.seeds), ("rate", self.lrs)):
            twice = [value for value in values if values.count(value) > 1]
            if twice:
                raise FtguiError(f"The {what} “{twice[0]}” is named twice.", "Name each once.")
        if not self.seeds:
            raise FtguiError("There is no seed to compare by.", "Choose at least one.")
        for rate in self.lrs:
            if not 0 < rate < math.inf:
                raise FtguiError(f"Learning rates to try cannot be {plain(rate)}.", "Choose numbers above 0.")
        for name in self.strategies:
            check_config(msgspec.structs.replace(self.config, strategy=name))
        for entry in self.entries():
            check_config(self.config_of(entry))


class ComparisonFile(Record, frozen=True, kw_only=True):
    """``comparison.json``."""

    plan: ComparisonPlan
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    """Names of runs that nobody wanted to wait for."""
    times: dict[str, tuple[str, str]] = msgspec.field(default_factory=dict)
    """When each run began and when it ended last, in UTC; none of those that an older ftgui made."""
    result: ComparisonResult | None = None
    """What is known so far; made anew from the run folders whenever a run ends."""


def make_plan_of(
    config: TrainConfig, strategies: tuple[str, ...], seeds: tuple[int, ...], lrs: tuple[float, ...] = ()
) -> ComparisonPlan:
    """Return the plan for what a user asked for.

    All seeds share the split of the first one, so that they are judged on the same pictures.
    """
    shared = msgspec.structs.replace(
        config,
        dataset=str(Path(config.dataset).expanduser().absolute()),
        weights=str(Path(config.weights).expanduser().absolute()),
        strategy="freeze",
        seed=0,
        lr=None,
        split_seed=config.splitting_seed if config.split_seed is not None else (*seeds, 0)[0],
    )
    return ComparisonPlan(config=shared, strategies=strategies, seeds=seeds, lrs=lrs)


def joined(old: ComparisonPlan, new: ComparisonPlan, folder: Path) -> ComparisonPlan:
    """Return what a folder holds once ``new`` is compared in it, too: more strategies, more seeds.

    Raises:
        FtguiError: the runs of both could not be compared.
    """
    # That of the first seed unless one was asked for: whoever adds seeds asks for none.
    asked_for_one = new.config.split_seed != new.seeds[0]
    split = new.config.split_seed if asked_for_one else old.config.split_seed
    config = msgspec.structs.replace(new.config, split_seed=split)
    different = [
        field.name
        for field in msgspec.structs.fields(TrainConfig)
        if getattr(old.config, field.name) != getattr(config, field.name)
    ]
    if old.lrs != new.lrs:
        different.append("lrs")
    if different:
        raise FtguiError(
            f"“{folder}” holds a comparison with other settings ({', '.join(different)}).",
            "Choose another folder, or the settings of before.",
        )
    return ComparisonPlan(
        config=old.config,
        strategies=tuple(dict.fromkeys((*old.strategies, *new.strategies))),
        seeds=tuple(dict.fromkeys((*old.seeds, *new.seeds))),
        lrs=old.lrs,
    )


def read_comparison(folder: Path) -> ComparisonFile:
    """Read ``comparison.json``.

    Raises:
        FtguiError: the folder holds no comparison.
    """
    if not (folder / COMPARISON).is_file():
        raise FtguiError(f"“{folder}” holds no comparison.", "Choose a folder that a comparison wrote.")
    return records.read_json(folder / COMPARISON, ComparisonFile)


def write_comparison(folder: Path, comparison: ComparisonFile) -> None:
    """Write ``comparison.json``."""
    records.write_json(folder / COMPARISON, comparison)
