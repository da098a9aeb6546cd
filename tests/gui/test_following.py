"""What is shown of a run keeps up with it, whatever the run does, and goes through nothing twice."""

from __future__ import annotations

import random
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from ftgui.gui.following import RunCurves, Tail
from ftgui.gui.stages_told import StagesTold, epochs_told
from ftgui.runs.history import Measure, RunHistory, Side
from ftgui.training.events import EpochEnded, Reason, TrainingEvent
from tests.gui.scripted import STAGES, batch, ended, epoch, moved, started

SERIES: list[tuple[Side, Measure]] = [
    (side, measure) for side in get_args(Side) for measure in get_args(Measure)
]


class Counting(list[EpochEnded]):
    """Epochs that count how many of them were looked at."""

    looked_at = 0

    def __getitem__(self, place: int | slice) -> EpochEnded | list[EpochEnded]:  # type: ignore[override]
        found = super().__getitem__(place)
        self.looked_at += len(found) if isinstance(found, list) else 1
        return found

    def __iter__(self) -> object:  # type: ignore[override]
        self.looked_at += len(self)
        return super().__iter__()


def test_a_tail_is_what_was_appended_since_the_last_look() -> None:
    tail: Tail[object] = Tail()
    items = [object() for _ in range(5)]
    assert tail.news(items[:2]) == items[:2]
    assert tail.news(items[:2]) == []
    assert tail.news(items) == items[2:]
    assert not tail.was_cut(items)


def test_over_seconds_an_epoch_stands_where_it_ended_and_nothing_within_one() -> None:
    history = RunHistory("freeze", Path("run"))
    curves = RunCurves(history)
    for event in (started(), epoch(1, 0.7), epoch(2, 0.8), batch(3, 2)):
        history.apply(event)
    xs, ys = curves.series("val", "accuracy", "seconds")
    assert list(xs) == [each.total_seconds for each in history.epochs]
    assert xs[0] < xs[1]
    assert list(ys) == [0.7, 0.8]
    assert len(curves.series("train", "loss", "epochs")[0]) == 3, "the epoch that goes on"
    assert len(curves.series("train", "loss", "seconds")[0]) == 2


@pytest.mark.parametrize("kept", [0, 1, 4])
def test_a_list_that_was_cut_and_has_grown_again_is_all_news(kept: int) -> None:
    tail: Tail[object] = Tail()
    items = [object() for _ in range(5)]
    tail.news(items)
    again = [*items[:kept], *(object() for _ in range(5 - kept))]
    assert tail.was_cut(again)
    assert tail.news(again) == again


@pytest.mark.parametrize("seed", range(20))
def test_curves_are_those_of_the_history_after_each_event_of_any_run(seed: int) -> None:
    history = RunHistory("freeze", Path("run"))
    curves, told = RunCurves(history), StagesTold(history)
    for event in _any_run(random.Random(seed)):
        history.apply(event)
        if isinstance(event, EpochEnded) and event.epoch % 3 == 0:
            continue  # and a look only now and then
        for side, measure in SERIES:
            xs, ys = curves.series(side, measure)
            assert (list(xs), list(ys)) == history.series(side, measure), (side, measure, event)
        assert {name: stage.events for name, stage in told.told().items()} == history.told
        for part in ("weights", "statistics"):
            found = {name: list(stage.of(part)) for name, stage in told.told().items()}  # type: ignore[arg-type]
            assert found == history.movement(part)  # type: ignore[arg-type]


def test_a_look_at_a_long_run_goes_through_its_new_epochs_alone() -> None:
    history, epochs = RunHistory("freeze", Path("run")), Counting()
    history.apply(started())
    history.epochs = epochs
    curves = RunCurves(history)
    for number in range(1, 1001):
        history.apply(epoch(number))
    curves.series("val", "loss")
    epochs.looked_at = 0
    for number in range(1001, 1004):
        history.apply(epoch(number))
        for side, measure in SERIES:
            assert len(curves.series(side, measure)[0]) == number
    assert epochs.looked_at < 50


def test_points_handed_out_may_be_kept_while_the_run_goes_on() -> None:
    history = RunHistory("freeze", Path("run"))
    for event in (started(), epoch(1), batch(2, 2)):
        history.apply(event)
    curves = RunCurves(history)
    with_the_live_point = curves.series("train", "loss")
    history.apply(epoch(2))
    curves.series("train", "loss")
    assert list(with_the_live_point[0]) == [1.0, 2.0]


def test_the_stages_of_a_run_that_has_not_begun_are_none() -> None:
    told = StagesTold(RunHistory("freeze", Path("run"))).told()
    assert (told, epochs_told(told)) == ({}, 0)


def _any_run(chance: random.Random) -> list[TrainingEvent]:
    """A run with losses that are no numbers, batches that are told or not, and two goings-on."""
    events: list[TrainingEvent] = [batch(1, 1), started()]
    done = 0
    for _ in range(3):
        for number in range(done + 1, done + chance.randint(2, 9)):
            events += [
                batch(number, part, 4, loss=_maybe(chance)) for part in range(1, 5) if chance.random() < 0.6
            ]
            amounts = [chance.choice([0.0, 1e-9, 0.3]) for _ in STAGES]
            events += moved(number, *amounts, statistics=chance.choice([0.0, 0.1]))
            told = epoch(number, chance.random(), is_best=chance.random() < 0.3)
            events.append(msgspec.structs.replace(told, val_loss=_maybe(chance), train_loss=_maybe(chance)))
            done = number
        done = chance.randint(0, done)
        events += [ended(Reason.STOPPED), started(resumed_after=done)]
    return events


def _maybe(chance: random.Random) -> float | None:
    return None if chance.random() < 0.2 else chance.random()
