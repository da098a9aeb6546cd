"""``ftgui train``: a ``match`` over the run's events."""

from __future__ import annotations

import argparse
import itertools
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from types import FrameType
from typing import Any, Protocol

import msgspec
from tqdm import tqdm

from ftgui.cli.usage import UsageError
from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.core.loading import load_torch
from ftgui.data.lists import Start, is_list_file
from ftgui.runs.forecast import forecast_words
from ftgui.runs.report_words import accuracy_of
from ftgui.runs.store import figure
from ftgui.training.config import SETTING_BY_NAME, SETTINGS, TrainConfig, unread_settings
from ftgui.training.control import RunControl
from ftgui.training.events import (
    BatchEnded,
    EpochEnded,
    PhaseProgress,
    RunEnded,
    RunForecast,
    RunStarted,
    RunWarning,
    StageInfo,
    StageMoved,
    TrainingEvent,
)

SHOWN_FROM = 0.05
"""Seconds from which on a phase is worth a word."""


def config_from(arguments: argparse.Namespace) -> TrainConfig:
    """Return what to train: the config file's values, overruled by what was said on the command line.

    Raises:
        FtguiError: the file is no config.
        UsageError: dataset or weights are named nowhere.
    """
    config = records.read_json(arguments.config, TrainConfig) if arguments.config is not None else None
    data = arguments.data or (Path(config.dataset) if config is not None else None)
    said = {
        "dataset": str(arguments.data) if arguments.data else None,
        "weights": str(arguments.weights) if arguments.weights else None,
        "strategy": getattr(arguments, "strategy", None),
        "architecture": arguments.architecture,
        "classes": arguments.classes,
        "stage_lr": dict(given) if (given := getattr(arguments, "stage_lr", None)) else None,
        "exclude": read_paths(arguments.exclude, data) if arguments.exclude else None,
        **{setting.name: getattr(arguments, setting.name, None) for setting in SETTINGS},
    }
    changes: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    if config is not None:
        return changed(config, changes)
    for name, flag in (("dataset", "DATA"), ("weights", "--weights FILE")):
        if name not in changes:
            raise UsageError(f"Training needs {flag}.", "Or name a run's config.json with --config.")
    return TrainConfig(**changes)


def read_paths(file: Path, data: Path | None = None) -> tuple[str, ...]:
    """Return the paths that a text file names, one a line, with forward slashes, relative to the dataset.

    ``data`` is its folder or its list; without it, absolute paths stay as they are.

    Raises:
        FtguiError: it cannot be read, or is no text.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise FtguiError(f"“{file}” is no UTF-8 text.", "Save it as UTF-8, a path a line.") from error
    except OSError as error:
        raise FtguiError(f"“{file}” cannot be read: {error.strerror or error}.") from error
    paths = [PurePath(line).as_posix() for line in lines if line.strip()]
    if data is None:
        return tuple(paths)
    data = data.expanduser()
    start = Start(data.parent if is_list_file(data) else data)
    return tuple(start.relative(path) or path for path in paths)


def changed(config: TrainConfig, changes: dict[str, Any]) -> TrainConfig:
    """Return a config with changes. A run's config has its defaults written out: what was only that of its
    strategy, optimizer or number of epochs does not outlive a change of these.
    """
    replace = msgspec.structs.replace
    if config.lr == replace(config, lr=None).head_lr:
        config = replace(config, lr=None)
    if config.thaw_epoch == replace(config, thaw_epoch=None).joining_epoch:
        config = replace(config, thaw_epoch=None)
    if changes.get("weights", config.weights) != config.weights:
        config = replace(config, architecture=None, preprocessing=None)
    switched = replace(config, strategy=changes.get("strategy", config.strategy))
    if switched.strategy != config.strategy:
        forgotten = ("init", *unread_settings(switched))
        config = replace(config, **{name: SETTING_BY_NAME[name].default for name in forgotten})
    return replace(config, **changes)


def train_command(arguments: argparse.Namespace) -> int:
    """Train; return 1 where the run failed, 0 where it is complete or was stopped by Ctrl-C."""
    config = config_from(arguments)
    load_torch()  # only now: the wrong arguments must not wait for it
    from ftgui.jobs.train import train

    return _follow(lambda control: train(config, arguments.out, control), as_json=arguments.json)


def resume_command(arguments: argparse.Namespace) -> int:
    """Go on with a run that was stopped; return as ``train_command`` does."""
    load_torch()
    from ftgui.jobs.resume import resume

    return _follow(lambda control: resume(arguments.run, control), as_json=arguments.json)


def _follow(run: Callable[[RunControl], Iterator[TrainingEvent]], *, as_json: bool) -> int:
    """Show a run's events to its end; return the exit code."""
    control = RunControl()
    show = JsonLines() if as_json else Words()
    ended: RunEnded | None = None
    with stopped_by_ctrl_c(control):
        for event in run(control):
            show.event(event)
            if isinstance(event, RunEnded):
                ended = event
    if ended is None or ended.reason.is_failure:
        words = f"{ended.message} {ended.hint}".rstrip() if ended else "The run did not end."
        print(f"ftgui: {words}", file=sys.stderr)
        return 1
    return 0


class Stoppable(Protocol):
    """What can be told to stop."""

    def stop(self) -> None: ...


@contextmanager
def stopped_by_ctrl_c(control: Stoppable) -> Iterator[None]:
    """Let the first Ctrl-C (or SIGTERM) stop what runs and keep the best weights, a second end it all."""

    def stop(number: int, _frame: FrameType | None) -> None:
        control.stop()
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class JsonLines:
    """One JSON object a line for each event."""

    def event(self, event: TrainingEvent) -> None:
        print(records.to_json_line(event), flush=True)


class Words:
    """A line an epoch on stdout, a progress bar on stderr where that is a screen."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._moved: dict[str, StageMoved] = {}
        self._judged_on = 0
        """Validation pictures."""

    def event(self, event: TrainingEvent) -> None:
        match event:
            case PhaseProgress() | BatchEnded():
                self.progress(event)
            case RunForecast():
                self.say(f"forecast: {forecast_words(event)}")
            case RunStarted():
                self._judged_on = event.val_pictures
                self.say(
                    f"{event.architecture}, strategy {event.config.strategy}, "
                    f"{event.train_pictures} training and {event.val_pictures} validation pictures, "
                    f"{len(event.class_names)} classes\n"
                    f"on {event.device} ({event.device_why}), {event.arithmetic}, {event.threads} threads\n"
                    f"{event.trainable_parameters:,} of {event.parameters:,} parameters learn; "
                    f"{event.frozen_tensors} entries stay frozen\n"
                    f"{plan_line(event.stages)}"
                )
                if event.resumed_after:
                    self.say(f"going on after epoch {event.resumed_after}")
            case EpochEnded():
                self.say(epoch_line(event))
            case StageMoved():
                self._moved[event.stage] = event
            case RunWarning():
                self.say(f"- {event.message} {event.hint}".rstrip())
            case RunEnded():
                self._end(event)
            case _:
                pass

    def progress(self, event: PhaseProgress | BatchEnded, before: str = "", after: str = "") -> None:
        """Show how far a part of the run is, and what stands before and after that."""
        if isinstance(event, PhaseProgress):
            self._advance(f"{before}{event.phase}", event.done, event.total, after)
            return
        pace = f"{event.pictures_per_second:.0f} pictures/s, {event.seconds_left:.0f} s left"
        pace = f"{pace}; {after}" if after else pace
        self._advance(f"{before}epoch {event.epoch}", event.batch, event.batches, pace)

    def _end(self, event: RunEnded) -> None:
        self.say("")
        if event.best_val_accuracy is not None:
            best = accuracy_of(event.best_val_accuracy, self._judged_on)
            chosen = f"epoch {event.best_epoch} (optimistic: chosen by these pictures)"
            self.say(f"best validation accuracy {best}, {chosen}")
        if event.frozen_changed is not None:
            self.say(f"{event.frozen_changed} of {event.frozen_tensors} frozen entries changed")
        if self._moved:
            gone = (f"{moved.stage} {moved.weights or 0:.2g}" for moved in self._moved.values())
            self.say(f"weights moved, relative to their start: {', '.join(gone)}")
        if event.speed:
            self.say("; ".join(speed.words for speed in event.speed))
        if not event.reason.is_failure:
            self.say(f"{event.message} {event.seconds:.1f} s: {phases_line(event.phase_seconds)}")

    def _advance(self, what: str, done: int, total: int, pace: str) -> None:
        if self._bar is None:
            self._bar = tqdm(total=total, desc=what, leave=False, disable=None, unit="")
        self._bar.total = total
        self._bar.n = done
        self._bar.set_description(what, refresh=False)
        self._bar.set_postfix_str(pace, refresh=False)
        self._bar.update(0)
        if done >= total:
            self.close()

    def close(self) -> None:
        """Take the progress bar off the screen."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def say(self, words: str) -> None:
        """Print a line."""
        self.close()
        print(words, flush=True)


def plan_line(stages: Sequence[StageInfo]) -> str:
    """Return a plan as a line: "stem, layer1 frozen | layer2, head × 1"."""
    runs = itertools.groupby(stages, key=lambda stage: stage.rate)
    return " | ".join(f"{', '.join(stage.name for stage in same)} {rate}" for rate, same in runs)


def phases_line(seconds: Mapping[str, float]) -> str:
    """Return where the time went: "frozen pass 1.4 s, decoding 0.6 s", the longest first."""
    longest = sorted(seconds.items(), key=lambda item: -item[1])
    return ", ".join(f"{phase} {spent:.1f} s" for phase, spent in longest if spent >= SHOWN_FROM)


def epoch_line(event: EpochEnded) -> str:
    """Return an epoch as a line of a table."""
    return (
        f"epoch {event.epoch:3}  loss {figure(event.train_loss)}  accuracy {event.train_accuracy:.3f}"
        f"  |  val loss {figure(event.val_loss)}  accuracy {event.val_accuracy:.3f}"
        f"{'  best' if event.is_best else ''}"
    )
