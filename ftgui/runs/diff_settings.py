"""What was set differently in two runs, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ftgui.core.errors import FtguiError
from ftgui.data.augmentations import view_count
from ftgui.freezing.strategies import SHAPING_SETTINGS, STRATEGIES
from ftgui.runs.history import RunHistory
from ftgui.runs.report_words import NONE, counted
from ftgui.runs.store import SplitFile, read_split, read_summary
from ftgui.training.config import SETTINGS, TrainConfig, plain
from ftgui.training.events import RunStarted


@dataclass(frozen=True)
class Difference:
    """Something that was not the same in two runs, and what it was in each."""

    title: str
    first: str
    second: str


@dataclass(frozen=True)
class Asked:
    """What a run was asked to do, and on what."""

    started: RunStarted
    split: SplitFile | None
    """None: it did not get so far as to write it."""
    versions: dict[str, str]
    """Of what computed it; none of a run that has no summary."""

    @property
    def config(self) -> TrainConfig:
        return self.started.config

    @property
    def root(self) -> str:
        """Where its pictures are."""
        return self.split.root if self.split else self.config.dataset


def asked_of(history: RunHistory) -> Asked:
    """Return what a run was asked to do, from its folder.

    Raises:
        FtguiError: it did not begin, so nobody knows, or its strategy is a newer ftgui's.
    """
    if history.started is None:
        raise FtguiError(f"“{history.name}” did not begin, so there is nothing to hold against another run.")
    if history.started.config.strategy not in STRATEGIES:
        raise FtguiError(
            f"“{history.name}” was trained in a way that this ftgui does not know: "
            f"“{history.started.config.strategy}”.",
            "Update ftgui to hold it against another run.",
        )
    split, versions = None, {}
    with suppress(FtguiError):  # it was cut off before that was written
        split = read_split(history.folder)
    with suppress(FtguiError):
        versions = read_summary(history.folder).versions
    return Asked(history.started, split, versions)


def differences(first: Asked, second: Asked) -> tuple[Difference, ...]:
    """Return what was not the same: what both were asked for first, then what that was done on and with."""
    return tuple(_differences(first, second))


def in_a_word(found: tuple[Difference, ...]) -> str:
    """Return how much differs, as a sentence."""
    if not found:
        return "Nothing: both did the same, on the same pictures."
    known = [each.title for each in found if UNKNOWN not in (each.first, each.second)]
    but = "" if len(known) == len(found) else " One folder does not say which pictures it was given."
    if not known:
        return f"Nothing that is known.{but}"
    if len(known) > 1:
        return f"{len(known)} things were not the same; everything else was.{but}"
    return f"Nothing but {'the seed' if known == ['Seed'] else f'“{known[0]}”'}.{but}"


def _differences(first: Asked, second: Asked) -> Iterator[Difference]:
    yield from _settings(first, second)
    for title, same_where, words in FACTS:
        if same_where(first) != same_where(second):
            yield Difference(title, words(first), words(second))
    yield from _pictures(first, second)
    for name in first.versions:
        one, other = first.versions[name], second.versions.get(name, "")
        if other and one != other:
            yield Difference(VERSIONS.get(name, name), one, other)


# Settings ---------------------------------------------------------------------------------------------------


def _settings(first: Asked, second: Asked) -> Iterator[Difference]:
    if first.config.strategy != second.config.strategy:
        yield Difference(
            "Strategy", STRATEGIES[first.config.strategy].title, STRATEGIES[second.config.strategy].title
        )
    for setting in SETTINGS:
        if setting.name in TOLD_AS_FACTS or (setting.name == "split_seed" and _follow_seed(first, second)):
            continue
        words = [_said(setting.name, each) for each in (first, second)]
        if words[0] != words[1]:
            yield Difference(setting.label, words[0] or NONE, words[1] or NONE)


TOLD_AS_FACTS = frozenset({"device", "precision", "layout", "preprocessing"})
"""Asked for as "auto" they may come out the same, or not: what they came out as is told."""

RESOLVED: dict[str, Callable[[RunStarted], Any]] = {
    "lr": lambda started: started.config.head_lr,
    "init": lambda started: started.config.starting_weights,
    "split_seed": lambda started: started.config.splitting_seed,
    "thaw_epoch": lambda started: started.config.joining_epoch,
    "freeze_until": lambda started: started.config.freeze_until or _last_frozen(started),
    "views": lambda started: view_count(started.config.augment, started.config.views),
}
"""Settings that have a default of their own where none was given: the same number given is no difference."""

UNSET = {setting.name: setting.unset for setting in SETTINGS}
TIMES = frozenset({"backbone_lr_mult"})
"""Multiples."""


def _said(name: str, asked: Asked) -> str:
    """Return what a setting came to in words, "" where nothing looked at it."""
    if not _is_read(name, asked.config):
        return ""
    value = RESOLVED[name](asked.started) if name in RESOLVED else getattr(asked.config, name)
    if value is None:
        return UNSET[name]
    if isinstance(value, float):
        return f"× {plain(value)}" if name in TIMES else plain(value)
    return f"{value:,}" if isinstance(value, int) and "seed" not in name else str(value)


def _is_read(name: str, config: TrainConfig) -> bool:
    """Whether a run looked at a setting."""
    if name in SHAPING_SETTINGS:
        return name in STRATEGIES[config.strategy].reads
    if name == "momentum":
        return config.optimizer == "sgd"
    return not name.startswith("early_stop_") or config.early_stop is not None


def _last_frozen(started: RunStarted) -> str | None:
    frozen = [stage.name for stage in started.stages if not stage.in_optimizer]
    return frozen[-1] if frozen else None


def _follow_seed(*both: Asked) -> bool:
    """Whether the split goes by the run's own seed, which is told already."""
    return all(asked.config.splitting_seed == asked.config.seed for asked in both)


# What is no setting -----------------------------------------------------------------------------------------


def _stage_rates(asked: Asked) -> str:
    rates = asked.config.stage_lr.items()
    return ", ".join(f"{name} × {plain(multiple)}" for name, multiple in rates) or NONE


def _weights(asked: Asked) -> str:
    return f"{Path(asked.config.weights).name} ({asked.started.weights_sha256[:8]})"


def _preprocessing(asked: Asked) -> str:
    how = asked.started.preprocessing
    return f"{how.name} ({how.resize} → {how.crop})" if how.name else f"{how.resize} → {how.crop}"


def _arithmetic(asked: Asked) -> str:
    layout = ", channels last" if asked.started.layout == "channels_last" else ""
    return f"{asked.started.precision}{layout}"


def _left_out(asked: Asked) -> str:
    return counted(len(asked.config.exclude), "picture") if asked.config.exclude else "none"


FACTS: tuple[tuple[str, Callable[[Asked], Any], Callable[[Asked], str]], ...] = (
    ("Rates of stages", lambda asked: asked.config.stage_lr, _stage_rates),
    ("Left out by you", lambda asked: sorted(asked.config.exclude), _left_out),
    ("Classes", lambda asked: asked.started.class_names, lambda asked: f"{len(asked.started.class_names):,}"),
    ("Architecture", lambda asked: asked.started.architecture, lambda asked: asked.started.architecture),
    ("Weights file", lambda asked: asked.started.weights_sha256, _weights),
    (
        "Preprocessing",
        lambda asked: msgspec.structs.replace(asked.started.preprocessing, name=""),
        _preprocessing,
    ),
    ("Folder of pictures", lambda asked: asked.root, lambda asked: asked.root),
    ("Device", lambda asked: asked.started.device, lambda asked: asked.started.device),
    ("Arithmetic", _arithmetic, _arithmetic),
    ("Threads", lambda asked: asked.started.threads, lambda asked: f"{asked.started.threads:,}"),
)
"""What it is called, what has to be the same, and how it is said."""

UNKNOWN = "not known"
"""Which pictures a run was given, where it did not get so far as to write it."""

VERSIONS = {
    "ftgui": "Version of ftgui",
    "python": "Version of Python",
    "torch": "Version of torch",
    "torchvision": "Version of torchvision",
    "pillow": "Version of Pillow",
    "platform": "Computer's system",
    "processor": "Processor",
    "gpu": "GPU",
}


def _pictures(first: Asked, second: Asked) -> Iterator[Difference]:
    """Yield which pictures were learned from and judged on, where those are not the same."""
    one, other = first.split, second.split
    if one is None or other is None:
        yield Difference("Pictures", _sides(one), _sides(other))
        return
    if (one.class_names, one.train, one.val) == (other.class_names, other.train, other.val):
        return
    judged = {picture.path for picture in one.val}
    shared = sum(picture.path in judged for picture in other.val)
    same = f"; judged on {shared:,} of the same" if shared else "; judged on others"
    yield Difference("Pictures", _sides(one), _sides(other) + same)


def _sides(split: SplitFile | None) -> str:
    if split is None:
        return UNKNOWN
    return f"{len(split.train):,} to learn from, {len(split.val):,} to judge on"
