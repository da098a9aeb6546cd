"""When weights and checkpoints are written: not after each of many short epochs, and yet nothing is lost."""

from __future__ import annotations

import csv
import functools
import itertools
import math
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ftgui.jobs.resume import resume
from ftgui.jobs.train import train
from ftgui.runs.history import open_run
from ftgui.training import checkpoint, keeping
from ftgui.training import trainer as trainer_module
from ftgui.training.checkpoint import read_checkpoint
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import (
    BatchEnded,
    CheckpointSaved,
    EpochEnded,
    Reason,
    RunEnded,
    StageMoved,
    TrainingEvent,
)
from ftgui.training.loops import Evaluation
from tests.fixtures import Drawn
from tests.jobs.resuming import (
    Moment,
    assert_same_run,
    end_of_epoch,
    kill_run,
    load,
    movement_told,
    resume_to_the_end,
    stopped,
    unlike,
    within_epoch,
)

pytestmark = pytest.mark.long  # many runs

NEVER, ALWAYS = math.inf, 0.0
FALLING = (0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
"""Losses of as many epochs as these runs have; each is better than the one before."""


@pytest.fixture
def save_every(small_crops: None) -> Iterator[Callable[[float], None]]:
    """Say after how many seconds of work it is time to write."""
    with pytest.MonkeyPatch.context() as patch:
        yield lambda seconds: patch.setattr(keeping, "SAVE_EVERY", seconds)


@pytest.fixture
def losses(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[int, Evaluation]]:
    """Let epochs be judged to have these losses; what each was judged to be, rows included, is returned."""
    real = trainer_module.evaluate

    def use(*told: float, first: int = 1) -> dict[int, Evaluation]:
        judged: dict[int, Evaluation] = {}

        def evaluate(*arguments: Any) -> Iterator[tuple[int, Evaluation | None]]:
            for done, result in real(*arguments):
                if result is not None:
                    epoch = first + len(judged)
                    result = judged[epoch] = replace(result, loss=told[epoch - 1], accuracy=0.5)
                yield done, result

        monkeypatch.setattr(trainer_module, "evaluate", evaluate)
        return judged

    return use


def config(drawn: Drawn, **changes: Any) -> TrainConfig:
    return drawn.config(**({"epochs": len(FALLING), "weight_decay": 0.01} | changes))


def followed(events: Iterable[TrainingEvent], each: Callable[[TrainingEvent], Any]) -> list[TrainingEvent]:
    """Do something at each event; return all."""
    told = []
    for event in events:
        told.append(event)
        each(event)
    return told


def at(moments: dict[Moment, Callable[[], Any]]) -> Callable[[TrainingEvent], None]:
    """Return what does each of these at its moment."""

    def each(event: TrainingEvent) -> None:
        for moment, act in moments.items():
            if moment(event):
                act()

    return each


def told_of(events: Iterable[TrainingEvent]) -> list[int]:
    """Return the epochs whose weights were said to be written."""
    return [event.epoch for event in events if isinstance(event, CheckpointSaved)]


def end_of(events: list[TrainingEvent]) -> RunEnded:
    assert isinstance(events[-1], RunEnded)
    return events[-1]


def assert_same_files(folder: Path, expected: Path) -> None:
    """Hold the weights, what they say and the checkpoint against those of a run that wrote every epoch."""
    for name in ("best.pth", "checkpoint.pth"):
        assert unlike(folder / name, expected / name) == []
    assert (folder / "predictions.csv").read_text() == (expected / "predictions.csv").read_text()


# How often -------------------------------------------------------------------------------------------------


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files as they are written."""
    names: list[str] = []
    for function in ("save_weights", "save_checkpoint"):
        real = getattr(keeping, function)

        def save(path: Path, *arguments: Any, real: Any = real) -> None:
            names.append(path.name)
            real(path, *arguments)

        monkeypatch.setattr(keeping, function, save)
    return names


@pytest.mark.parametrize(("seconds", "times"), [(ALWAYS, len(FALLING)), (NEVER, 1)])
def test_short_epochs_are_not_each_written(
    drawn: Drawn, tmp_path: Path, save_every: Any, losses: Any, written: list[str], seconds: float, times: int
) -> None:
    losses(*FALLING)
    save_every(seconds)
    events = list(train(config(drawn), tmp_path / "run"))
    assert sorted(written) == ["best.pth"] * times + ["checkpoint.pth"] * times
    assert told_of(events) == [*range(1, times), len(FALLING)][-times:]
    assert end_of(events).best_epoch == len(FALLING)


def test_what_is_not_better_is_not_written(
    drawn: Drawn, tmp_path: Path, save_every: Any, losses: Any, written: list[str]
) -> None:
    losses(0.5, 0.6, 0.4, 0.7, 0.7, 0.7)
    save_every(ALWAYS)
    assert told_of(train(config(drawn), tmp_path / "run")) == [1, 3]
    assert (written.count("best.pth"), written.count("checkpoint.pth")) == (2, 6)


def test_seconds_of_work_decide(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save_every: Any, losses: Any
) -> None:
    """Epochs of 0.4 s by a clock of the test's own, of which three and then three more make more than 1 s."""
    now = [0.0]
    monkeypatch.setattr(keeping, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    real, times = keeping.save_checkpoint, []

    def save(*arguments: Any) -> None:
        times.append(now[0])
        real(*arguments)

    monkeypatch.setattr(keeping, "save_checkpoint", save)
    losses(*[1 / (1 + n) for n in range(12)])
    save_every(1.0)

    def pass_time(event: TrainingEvent) -> None:
        now[0] += 0.4 * (isinstance(event, StageMoved) and event.stage == "head")

    events = followed(train(config(drawn, epochs=12), tmp_path / "run"), pass_time)
    assert [b - a for a, b in itertools.pairwise([0.0, *times])] == pytest.approx([1.2] * 4)
    assert told_of(events)[-1] == 12
    assert 4 <= len(told_of(events)) <= 5


def test_how_often_is_a_matter_of_seconds() -> None:
    assert 0.25 <= keeping.SAVE_EVERY <= 5


# However a run ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "best"), [(FALLING, 6), ((0.5, 0.3, 0.4, 0.6, 0.5, 0.4), 2), ((0.1, *FALLING[:-1]), 1)]
)
def test_at_the_end_there_is_what_writing_every_epoch_would_have_left(
    drawn: Drawn, tmp_path: Path, save_every: Any, losses: Any, told: tuple[float, ...], best: int
) -> None:
    ends = []
    for name, seconds in (("seldom", NEVER), ("always", ALWAYS)):
        losses(*told)
        save_every(seconds)
        ends.append(end_of(list(train(config(drawn), tmp_path / name))))
    assert_same_files(tmp_path / "seldom", tmp_path / "always")
    assert [(e.best_epoch, e.best_val_loss, e.frozen_changed) for e in ends] == [(best, min(told), 0)] * 2
    assert open_run(tmp_path / "seldom").kept.epoch == best  # type: ignore[union-attr]
    assert read_checkpoint(tmp_path / "seldom" / "checkpoint.pth").epoch == len(FALLING)


@pytest.mark.parametrize("last_written", [0, 2])
@pytest.mark.parametrize("how", ["stop", "stop between epochs", "failure"])
def test_where_a_run_is_cut_there_is_what_writing_every_epoch_would_have_left(
    drawn: Drawn,
    tmp_path: Path,
    save_every: Any,
    losses: Any,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    last_written: int,
) -> None:
    """In the fifth epoch, with the fourth the best so far and no epoch after ``last_written`` written yet."""
    losses(*FALLING)
    save_every(ALWAYS)
    list(train(config(drawn), tmp_path / "straight"))
    ends = []
    for name, seconds in (("seldom", NEVER), ("always", ALWAYS)):
        control = RunControl()
        with monkeypatch.context() as patch:
            act: dict[Moment, Callable[[], Any]] = {}
            if how == "failure":
                _fail_at_step(patch, 4 * 3 + 2)
            else:
                act[within_epoch(5) if how == "stop" else end_of_epoch(4)] = control.stop
            if last_written:
                act[lambda e: isinstance(e, BatchEnded) and e.epoch == last_written + 1] = functools.partial(
                    save_every, seconds
                )
            losses(*FALLING)
            save_every(ALWAYS if last_written else seconds)
            ends.append(end_of(followed(train(config(drawn), tmp_path / name, control), at(act))))
    reason = Reason.FAILED if how == "failure" else Reason.STOPPED
    assert [(e.reason, e.epochs, e.best_epoch, e.best_val_loss) for e in ends] == [(reason, 4, 4, 0.3)] * 2
    assert_same_files(tmp_path / "seldom", tmp_path / "always")
    losses(*FALLING, first=5)
    resume_to_the_end(tmp_path / "seldom", after=4)
    assert_same_run(tmp_path / "seldom", tmp_path / "straight")


def _fail_at_step(patch: pytest.MonkeyPatch, number: int) -> None:
    real, left = trainer_module.train_step, iter(range(number - 1))

    def step(*arguments: Any) -> Any:
        if next(left, None) is None:
            raise MemoryError
        return real(*arguments)

    patch.setattr(trainer_module, "train_step", step)


def test_a_disk_that_is_full_at_the_only_write_leaves_nothing_and_says_so(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save_every: Any
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    save_every(NEVER)
    monkeypatch.setattr(checkpoint.torch, "save", full)
    ended = end_of(list(train(config(drawn), tmp_path / "run")))
    assert (ended.reason, ended.best_epoch, ended.epochs) == (Reason.FAILED, None, len(FALLING))
    assert "No space left on device" in ended.message
    assert not (tmp_path / "run" / "best.pth").exists()


# Killed in between -----------------------------------------------------------------------------------------


@pytest.fixture
def straight(drawn: Drawn, tmp_path: Path, save_every: Any) -> Path:
    """The folder of a run that nobody disturbed, and that wrote every epoch."""
    save_every(ALWAYS)
    list(train(config(drawn), tmp_path / "straight"))
    return tmp_path / "straight"


def better(folder: Path) -> list[int]:
    """Return the epochs that were the best so far."""
    return [epoch.epoch for epoch in open_run(folder).epochs if epoch.is_best]


@pytest.mark.parametrize(
    ("due", "not_due", "after"),
    [
        pytest.param(within_epoch(4), within_epoch(5), 4, id="written after four epochs"),
        pytest.param(movement_told(4), within_epoch(5), 4, id="time was up while movement was measured"),
        pytest.param(end_of_epoch(4), within_epoch(5), 4, id="time was up when the epoch was told of"),
        pytest.param(within_epoch(2), within_epoch(3), 2, id="better ones were not written any more"),
        pytest.param(lambda _: False, lambda _: False, 0, id="nothing was written yet"),
    ],
)
def test_a_run_killed_between_two_writes_goes_on_from_the_last_one(
    drawn: Drawn, tmp_path: Path, straight: Path, save_every: Any, due: Moment, not_due: Moment, after: int
) -> None:
    assert better(straight)[-2:] == [3, 4], "or there is nothing to lose here"
    save_every(NEVER)
    each = at({due: lambda: save_every(ALWAYS), not_due: lambda: save_every(NEVER)})
    kill_run(within_epoch(6), config(drawn), tmp_path / "run", each)
    assert len(open_run(tmp_path / "run").epochs) == 5, "more was told of than was written"
    resume_to_the_end(tmp_path / "run", after=after)
    assert_same_run(tmp_path / "run", straight)


@pytest.mark.parametrize("last", ["save_weights", "save_checkpoint"])
def test_a_run_killed_while_it_wrote_its_end_goes_on_from_the_write_before(
    drawn: Drawn,
    tmp_path: Path,
    straight: Path,
    save_every: Any,
    monkeypatch: pytest.MonkeyPatch,
    last: str,
) -> None:
    """Just before the last write of its weights, and of its checkpoint."""
    assert better(straight)[-1] > 3, "or the last weights are not those of the end"
    real, folder = getattr(keeping, last), tmp_path / "run"

    def save(*arguments: Any) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(tmp_path / "alive", folder)
        real(*arguments)

    save_every(ALWAYS)
    each = at({within_epoch(3): lambda: save_every(NEVER)})
    with monkeypatch.context() as patch:
        patch.setattr(keeping, last, save)
        followed(train(config(drawn), tmp_path / "alive"), each)
    assert not (folder / "summary.json").exists()
    assert len(open_run(folder).epochs) == len(FALLING)
    done = read_checkpoint(folder / "checkpoint.pth").epoch
    resume_to_the_end(folder, after=done)
    assert_same_run(folder, straight)


def test_a_resumed_run_does_not_write_worse_weights_over_those_it_had_kept(
    drawn: Drawn, tmp_path: Path, save_every: Any, losses: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed when the weights of its fifth epoch were written, and its checkpoint not yet."""
    folder, real = tmp_path / "run", keeping.save_checkpoint

    def save(path: Path, made: Any) -> None:
        if made.epoch == len(FALLING):
            shutil.copytree(tmp_path / "alive", folder)
        real(path, made)

    losses(*FALLING[:4], 0.01, 0.7)
    save_every(ALWAYS)
    each = at({within_epoch(3): lambda: save_every(NEVER)})
    with monkeypatch.context() as patch:
        patch.setattr(keeping, "save_checkpoint", save)
        followed(train(config(drawn), tmp_path / "alive"), each)
    assert read_checkpoint(folder / "checkpoint.pth").epoch == 2
    before = load(folder / "best.pth")["fc.weight"]
    losses(*FALLING, first=3)
    save_every(ALWAYS)
    ended = stopped(within_epoch(4), functools.partial(resume, folder))
    assert (ended.epochs, ended.best_epoch, ended.best_val_loss) == (3, 5, 0.01)
    assert load(folder / "best.pth")["fc.weight"].equal(before)


# What is told ----------------------------------------------------------------------------------------------


def predicted(folder: Path) -> list[tuple[int, float]]:
    """Return the class and its probability of each row of ``predictions.csv``."""
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [(drawn_classes().index(row["predicted"]), float(row["probability"])) for row in rows]


def drawn_classes() -> tuple[str, ...]:
    return ("apples", "bricks", "clouds")


@pytest.mark.parametrize("written", [(6,), (2, 6), (1, 3, 4), (1, 2, 3, 4, 5, 6)])
def test_it_is_told_exactly_when_weights_are_written_and_their_predictions_lie_beside_them(
    drawn: Drawn, tmp_path: Path, save_every: Any, losses: Any, written: tuple[int, ...]
) -> None:
    """Weights are written after some epochs; where the last of them is no end, there is nothing better."""
    folder, seen = tmp_path / "run", []
    judged = losses(*(loss if n <= max(written) else 0.9 for n, loss in enumerate(FALLING, start=1)))

    def content(name: str) -> bytes | None:
        return (folder / name).read_bytes() if (folder / name).is_file() else None

    before = {"best.pth": content("best.pth"), "predictions.csv": content("predictions.csv")}

    def each(event: TrainingEvent) -> None:
        if isinstance(event, BatchEnded) and event.batch == 1:
            save_every(ALWAYS if event.epoch in written else NEVER)
        for name, content_before in before.items():
            is_new = content(name) != content_before
            assert is_new == isinstance(event, CheckpointSaved), f"{name} at {event}"
            before[name] = content(name)
        if isinstance(event, CheckpointSaved):
            seen.append(event.epoch)
            rows = judged[event.epoch].probabilities
            assert (event.val_loss, event.val_accuracy) == (judged[event.epoch].loss, 0.5)
            assert predicted(folder) == [
                (int(row.argmax()), pytest.approx(float(row.max()), abs=1e-6)) for row in rows
            ]

    ended = end_of(followed(train(config(drawn), folder), each))
    assert seen == list(written)
    assert ended.best_epoch == max(written)
    assert len({tuple(judged[epoch].probabilities.flatten().tolist()) for epoch in judged}) == len(judged)


def test_epochs_are_told_of_as_they_are_however_seldom_they_are_written(
    drawn: Drawn, tmp_path: Path, save_every: Any
) -> None:
    told = []
    for name, seconds in (("seldom", NEVER), ("always", ALWAYS)):
        save_every(seconds)
        events = [e for e in train(config(drawn), tmp_path / name) if isinstance(e, EpochEnded)]
        told.append([(e.epoch, e.train_loss, e.val_loss, e.is_best) for e in events])
    assert told[0] == told[1]
