"""Whether what had to be the same in all runs of a comparison was: read from what they wrote themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from ftgui.core.errors import FtguiError
from ftgui.freezing.strategies import SHAPING_SETTINGS
from ftgui.runs.history import RunHistory, RunState, read_batches
from ftgui.runs.report_words import listed
from ftgui.runs.results import HeldEqual
from ftgui.runs.store import SplitFile, read_split, read_summary
from ftgui.training.config import SETTING_BY_NAME, TrainConfig
from ftgui.training.events import BatchesDrawn, RunStarted

OWN = frozenset({*SHAPING_SETTINGS, "lr", "init", "seed", "split_seed", "stage_lr", "strategy"})
"""Settings that are a strategy's own, or differ from seed to seed."""


ROWS = frozenset({"batch_size", "device", "epochs", "layout", "precision"})
"""Settings that have a row of their own, of what they came to: the first run may say "auto" where the others
were told what that is."""


@dataclass(frozen=True)
class Evidence:
    """What a run that began says of itself."""

    started: RunStarted
    split: SplitFile
    drawn: Mapping[int, BatchesDrawn] = field(default_factory=dict)
    """Its first batches, by their epochs."""
    name: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    """What its figures depend on besides; empty until it ended."""
    epochs: int | None = None
    """For how many it trained; None until it is done."""

    @property
    def seed(self) -> int:
        return self.started.config.seed


def evidence_of(history: RunHistory) -> Evidence | None:
    """Return what a run says of itself, None where it did not begin."""
    if history.started is None:
        return None
    folder = history.folder
    try:
        drawn, versions = read_batches(folder), read_summary(folder).versions if history.ended else {}
        epochs = len(history.epochs) if history.state is RunState.DONE else None
        return Evidence(history.started, read_split(folder), drawn, history.name, versions, epochs)
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
    yield _same("Epochs", runs, lambda run: run.started.config.epochs, _epochs(runs))
    yield _same("Batch size", runs, lambda run: run.started.config.batch_size, f"{config.batch_size:,}")
    yield _same("Other settings", runs, lambda run: _shared_settings(run.started.config), _said(config))
    yield _same("Device", runs, lambda run: run.started.device, begun.device)
    yield _same("Arithmetic", runs, lambda run: (run.started.precision, run.started.layout), begun.arithmetic)
    yield _same("Threads", runs, lambda run: run.started.threads, _threads(begun))
    yield from _same_where_known("PyTorch", runs, lambda run: run.versions.get("torch", ""))
    yield from _same_where_known("Computer", runs, _computer)


def _same(what: str, runs: Sequence[Evidence], fact: Callable[[Evidence], object], value: str) -> HeldEqual:
    facts = [fact(run) for run in runs]
    equal = all(other == facts[0] for other in facts)
    return HeldEqual(what=what, value=value if equal else "not the same in all runs", equal=equal)


def _same_where_known(
    what: str, runs: Sequence[Evidence], fact: Callable[[Evidence], str]
) -> Iterator[HeldEqual]:
    """Whether runs agree in something that older runs, and those that have not ended, do not say.

    Where they do not, a run is named for each thing that they say.
    """
    of_fact: dict[str, str] = {}
    for run in runs:
        if said := fact(run):
            of_fact.setdefault(said, run.name)
    if len(of_fact) == 1:
        yield HeldEqual(what=what, value=next(iter(of_fact)), equal=True)
    elif of_fact:
        told = listed([f"{said} in {name}" for said, name in of_fact.items()])
        yield HeldEqual(what=what, value=f"not the same in all runs: {told}", equal=False)


def _computer(run: Evidence) -> str:
    """Return what computed it: the GPU where it was one, else the processor."""
    on_gpu = run.started.device == "cuda"
    return run.versions.get("gpu" if on_gpu else "processor", "")


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
    shown = [sum(len(drawn.pictures) for drawn in run.drawn.values()) for run in runs if run.drawn]
    words = (
        f"the first {min(shown, default=0):,} batches of each seed show the same pictures in the same views"
    )
    if not shown:
        words = "no run has shown any yet"
    return HeldEqual(what="Pictures in order", value=words if equal else "not the same", equal=equal)


def _split(run: Evidence) -> str:
    pictures = (run.split.class_names, run.split.train, run.split.val)
    return hashlib.sha256(msgspec.json.encode(pictures)).hexdigest()


def _epochs(runs: Sequence[Evidence]) -> str:
    """Return for how many epochs the runs were to train, and for how many those did that stopped early."""
    config = runs[0].started.config
    asked = config.epochs
    trained = [run.epochs for run in runs if run.epochs is not None]
    fewest, most = min(trained, default=asked), max(trained, default=asked)
    if config.early_stop is None or fewest == asked:
        return f"{asked:,}"
    span = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
    return f"at most {asked:,}, by one rule for stopping early: {span} were trained"


def _threads(started: RunStarted) -> str:
    if started.device != "cpu" or started.threads == 1:
        return str(started.threads)
    return f"{started.threads}; a small output layer alone learns on one, which is faster"


def _shared_settings(config: TrainConfig) -> dict[str, object]:
    return {
        each.name: getattr(config, each.name)
        for each in msgspec.structs.fields(TrainConfig)
        if each.name not in OWN | ROWS
    }


def _said(config: TrainConfig) -> str:
    """Return the settings that are not the usual ones, in words."""
    told = [
        f"{setting.label.lower()} {getattr(config, name)}"
        for name, setting in SETTING_BY_NAME.items()
        if name not in OWN | ROWS | {"views", "preprocessing"} and getattr(config, name) != setting.default
    ]
    return ", ".join(told) or "the defaults"
