"""Ways to cut a run, and to hold what a resumed one leaves behind against one that nobody disturbed."""

from __future__ import annotations

import csv
import functools
import io
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import torch

from ftgui.jobs.resume import resume
from ftgui.jobs.train import train
from ftgui.runs.history import RunState, open_run
from ftgui.runs.store import read_summary
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import (
    BatchEnded,
    CheckpointSaved,
    EpochEnded,
    PhaseProgress,
    Reason,
    RunEnded,
    RunStarted,
    StageMoved,
    TrainingEvent,
)

Moment = Callable[[TrainingEvent], bool]


# Moments, and two ways to end a run there ------------------------------------------------------------------


def end_of_epoch(epoch: int) -> Moment:
    return lambda event: isinstance(event, EpochEnded) and event.epoch == epoch


def within_epoch(epoch: int) -> Moment:
    return lambda event: isinstance(event, BatchEnded) and event.epoch == epoch


def best_written(epoch: int) -> Moment:
    return lambda event: isinstance(event, CheckpointSaved) and event.epoch == epoch


def movement_told(epoch: int) -> Moment:
    return lambda event: isinstance(event, StageMoved) and event.epoch == epoch


def during(phase: str) -> Moment:
    return lambda event: isinstance(event, PhaseProgress) and event.phase == phase


def stopped(moment: Moment, events: Callable[[RunControl], Iterable[TrainingEvent]]) -> RunEnded:
    """Run, press stop at a moment, and return how it ended."""
    control, met = RunControl(), False
    for event in events(control):
        if not met and moment(event):
            met = True
            control.stop()
    assert met
    assert isinstance(event, RunEnded)
    assert event.reason is Reason.STOPPED
    return event


def stop_run(moment: Moment, config: TrainConfig, out: Path) -> RunEnded:
    return stopped(moment, functools.partial(train, config, out))


def kill_run(
    moment: Moment,
    config: TrainConfig,
    out: Path,
    each: Callable[[TrainingEvent], Any] = lambda _: None,
) -> None:
    """Run to a moment, doing something at each event; leave in ``out`` what a power cut would just then."""
    events = train(config, out.with_name("alive"))
    assert any(each(event) or moment(event) for event in events)
    shutil.copytree(out.with_name("alive"), out)
    events.close()  # type: ignore[attr-defined]
    assert (out / ".lock").is_file()
    with (out / "events.jsonl").open("ab") as stream:
        stream.write(b'{"event":"epoch_ended","epo')


# What has to be the same -----------------------------------------------------------------------------------


def load(path: Path) -> Any:
    return torch.load(path, weights_only=True)


def untimed(content: Any) -> dict[str, Any]:
    """Return what a checkpoint or a weights file holds but for what it took: a cache spares some."""
    aside = ("seconds", "counters")
    return {name: value for name, value in flat(content).items() if not any(part in name for part in aside)}


def flat(content: Any, path: str = "") -> dict[str, Any]:
    """Return what nested dicts and lists hold, tensors as their bytes, by where it is."""
    if isinstance(content, torch.Tensor):
        return {path: (content.dtype, tuple(content.shape), content.contiguous().numpy().tobytes())}
    items = content.items() if isinstance(content, dict) else None
    items = enumerate(content) if isinstance(content, list | tuple) else items
    if items is None:
        return {path: content}
    return {k: v for name, part in items for k, v in flat(part, f"{path}/{name}").items()}


def unlike(first: Path, second: Path) -> list[str]:
    """Return, sorted, where two files of torch's differ in any bit, what they took aside."""
    one, other = untimed(load(first)), untimed(load(second))
    assert one.keys() == other.keys()
    assert one
    return sorted(name for name in one if one[name] != other[name])


def metrics(folder: Path) -> list[dict[str, str]]:
    """Return the rows of ``metrics.csv`` without its columns of time."""
    rows = csv.DictReader(io.StringIO((folder / "metrics.csv").read_text()))
    return [{name: row[name] for name in row if not name.endswith("_seconds")} for row in rows]


def without_seconds(event: TrainingEvent) -> dict[str, Any]:
    """Return what an event says but for what it took: a resumed run finds features that it left itself."""
    own = msgspec.structs.asdict(event)
    aside = ("seconds", "pictures_per_second", "peak_memory_mb", "counters", "speed")
    return {name: value for name, value in own.items() if not name.endswith(aside)}


def assert_same_run(folder: Path, expected: Path) -> None:
    """Hold all that a run leaves behind against an uninterrupted one's, bit for bit."""
    assert unlike(folder / "best.pth", expected / "best.pth") == []
    assert unlike(folder / "checkpoint.pth", expected / "checkpoint.pth") == []
    assert metrics(folder) == metrics(expected)
    assert (folder / "predictions.csv").read_text() == (expected / "predictions.csv").read_text()
    assert (folder / "split.json").read_text() == (expected / "split.json").read_text()
    assert (folder / "config.json").read_text() == (expected / "config.json").read_text()
    history, wanted = open_run(folder), open_run(expected)
    assert history.state is wanted.state is RunState.DONE
    for part in ("weights", "statistics"):
        assert history.movement(part) == wanted.movement(part), "counted from the run's start"
    assert list(map(without_seconds, history.epochs)) == list(map(without_seconds, wanted.epochs))
    ended, wanted_end = read_summary(folder).ended, read_summary(expected).ended
    assert without_seconds(ended) == without_seconds(wanted_end)
    assert not (folder / ".lock").exists()


def resume_to_the_end(folder: Path, after: int) -> list[TrainingEvent]:
    """Resume, and check where it begins and that it ends well."""
    events = list(resume(folder))
    (started,) = (event for event in events if isinstance(event, RunStarted))
    assert started.resumed_after == after
    told = [event.epoch for event in events if isinstance(event, EpochEnded)]
    assert told == list(range(after + 1, after + 1 + len(told))), "nothing is done twice"
    assert isinstance(events[-1], RunEnded)
    assert events[-1].reason in (Reason.COMPLETED, Reason.EARLY_STOPPED)
    return events
