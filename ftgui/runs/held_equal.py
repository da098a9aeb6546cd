"""Whether what had to be the same in all runs of a comparison was: read from what they wrote themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from ftgui.core.errors import FtguiError
from ftgui.freezing.strategies import SHAPING_SETTINGS
from ftgui.runs.history import RunHistory, read_batches
from ftgui.runs.results import HeldEqual
from ftgui.runs.store import SplitFile, read_split
from ftgui.training.config import SETTING_BY_NAME, TrainConfig
from ftgui.training.events import BatchesDrawn, RunStarted

OWN = frozenset({*SHAPING_SETTINGS, "lr", "init", "seed", "split_seed", "stage_lr", "strategy"})
"""Settings that are a strategy's own, or differ from seed to seed."""


@dataclass(frozen=True)
class Evidence:
    """What a run that began says of itself."""

    started: RunStarted
    split: SplitFile
    drawn: Mapping[int, BatchesDrawn] = field(default_factory=dict)
    """Its first batches, by their epochs."""

    @property
    def seed(self) -> int:
        return self.started.config.seed


def evidence_of(history: RunHistory) -> Evidence | None:
    """Return what a run says of itself, None where it did not begin."""
    if history.started is None:
        return None
    try:
        return Evidence(history.started, read_split(history.folder), read_batches(history.folder))
    except FtguiError:  # it did not get so far as to write its split
        return None


def held_equal(runs: Sequence[Evidence]) -> tuple[HeldEqual, ...]:
    """Return what was the same in all runs, and what was not."""
    return tuple(_facts(runs)) if runs else ()


def _facts(runs: Sequence[Evidence]) -> Iterator[HeldEqual]:
    first = runs[0]
    begun = first.started
    train, val = begun.train_pictures, begun.val_pictures
    yield _same("Split", runs, _split, f"{train:,} pictures to learn from, {val:,} to judge on")
    yield _same("Weights file", runs, lambda run: run.started.weights_sha256, begun.weights_sha256[:12])
    yield _same_by_seed(
        "New output layer", runs, lambda run: run.started.head_sha256, "the same before the first step"
    )
    yield _batches(runs)
    config = begun.config
    yield _same("Epochs", runs, lambda run: run.started.config.epochs, f"{config.epochs:,}")
    yield _same("Batch size", runs, lambda run: run.started.config.batch_size, f"{config.batch_size:,}")
    yield _same("Other settings", runs, lambda run: _shared_settings(run.started.config), _said(config))
    yield _same("Device", runs, lambda run: run.started.device, begun.device)
    yield _same("Arithmetic", runs, lambda run: (run.started.precision, run.started.layout), begun.arithmetic)
    yield _same("Threads", runs, lambda run: run.started.threads, str(begun.threads))


def _same(what: str, runs: Sequence[Evidence], fact: Callable[[Evidence], object], value: str) -> HeldEqual:
    facts = [fact(run) for run in runs]
    equal = all(other == facts[0] for other in facts)
    return HeldEqual(what=what, value=value if equal else "not the same in all runs", equal=equal)


def _same_by_seed(
    what: str, runs: Sequence[Evidence], fact: Callable[[Evidence], object], value: str
) -> HeldEqual:
    """Whether runs of one seed agree; runs of different seeds must not."""
    of_seed: dict[int, object] = {}
    equal = all(of_seed.setdefault(run.seed, fact(run)) == fact(run) for run in runs)
    return HeldEqual(what=what, value=value if equal else "not the same in all runs of a seed", equal=equal)


def _batches(runs: Sequence[Evidence]) -> HeldEqual:
    """Whether runs of one seed showed the same pictures in the same views, as far as both got."""
    of_seed: dict[tuple[int, int], BatchesDrawn] = {}
    equal = all(
        of_seed.setdefault((run.seed, epoch), drawn) == drawn
        for run in runs
        for epoch, drawn in run.drawn.items()
    )
    shortest = min(sum(len(drawn.pictures) for drawn in run.drawn.values()) for run in runs)
    words = f"the first {shortest:,} batches of each seed show the same pictures in the same views"
    return HeldEqual(what="Pictures in order", value=words if equal else "not the same", equal=equal)


def _split(run: Evidence) -> str:
    pictures = (run.split.class_names, run.split.train, run.split.val)
    return hashlib.sha256(msgspec.json.encode(pictures)).hexdigest()


def _shared_settings(config: TrainConfig) -> dict[str, object]:
    return {
        each.name: getattr(config, each.name)
        for each in msgspec.structs.fields(TrainConfig)
        if each.name not in OWN
    }


def _said(config: TrainConfig) -> str:
    """Return the settings that are not the usual ones, in words."""
    told = [
        f"{setting.label.lower()} {getattr(config, name)}"
        for name, setting in SETTING_BY_NAME.items()
        if name not in {*OWN, "epochs", "batch_size", "views", "precision", "layout", "preprocessing"}
        and getattr(config, name) != setting.default
    ]
    return ", ".join(told) or "the defaults"
