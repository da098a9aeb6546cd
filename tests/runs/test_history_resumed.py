"""What moved, and what a resumed run forgets of what it had told."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ftgui.runs.history import RunHistory, RunState, obstacle_to_resuming, open_run
from ftgui.runs.store import RunStore
from ftgui.training.events import CheckpointSaved, Reason, RunStarted, StageInfo, StageMoved
from tests.runs.test_history import batch, epoch, folded
from tests.training.test_events import ENDED, STARTED

# What moved ------------------------------------------------------------------------------------------------

STAGES = tuple(
    StageInfo(name=name, parameters=9, cost_share=0.3, learns=name != "stem", lr_mult=1.0)
    for name in ("stem", "layer1", "head")
)
THREE_STAGES = msgspec.structs.replace(STARTED, stages=STAGES)


def moved(number: int, stage: str, weights: float | None, statistics: float | None = None) -> StageMoved:
    return StageMoved(epoch=number, stage=stage, weights=weights, statistics=statistics, changed=1, entries=3)


TWO_EPOCHS_OF_MOVEMENT = (
    moved(1, "stem", 0.0, 0.0),
    moved(1, "layer1", 0.25, 0.5),
    moved(1, "head", 2.0),
    epoch(1),
    moved(2, "stem", 0.0, 0.0),
    moved(2, "layer1", 0.375, 0.75),
    moved(2, "head", None),
    epoch(2),
)


def test_movement_is_a_row_a_stage_from_the_input_to_the_head() -> None:
    history = folded(THREE_STAGES, *TWO_EPOCHS_OF_MOVEMENT)
    assert history.movement("weights") == {
        "stem": [0.0, 0.0],
        "layer1": [0.25, 0.375],
        "head": [2.0, None],
    }
    assert history.movement("statistics") == {
        "stem": [0.0, 0.0],
        "layer1": [0.5, 0.75],
        "head": [None, None],
    }
    assert list(history.movement("weights")) == ["stem", "layer1", "head"]


def test_before_the_first_epoch_ends_there_are_rows_without_movement() -> None:
    assert folded(THREE_STAGES).movement("weights") == {"stem": [], "layer1": [], "head": []}
    assert RunHistory("run", Path("run")).movement("weights") == {}


# Resumed runs ----------------------------------------------------------------------------------------------


def resumed_after(count: int) -> RunStarted:
    return msgspec.structs.replace(THREE_STAGES, resumed_after=count)


KEPT = CheckpointSaved(epoch=2, path="best.pth", val_accuracy=0.75, val_loss=0.5)


def test_a_resumed_run_forgets_what_it_had_told_of_the_epochs_that_it_does_anew() -> None:
    stop = msgspec.structs.replace(ENDED, reason=Reason.STOPPED)
    told = (THREE_STAGES, *TWO_EPOCHS_OF_MOVEMENT, KEPT, batch(3, 2), stop)
    history = folded(*told, resumed_after(1))
    assert [e.epoch for e in history.epochs] == [1]
    assert {m.epoch for m in history.moved} == {1}
    assert (history.state, history.ended, history.batch) == (RunState.TRAINING, None, None)
    assert history.started == resumed_after(1)
    assert history.series("train", "loss") == ([1.0], [0.7])
    assert history.movement("weights")["layer1"] == [0.25]
    assert history.fraction == pytest.approx(0.1)


def test_a_resumed_run_goes_on_with_its_curves() -> None:
    again = (moved(2, "layer1", 0.5), epoch(2, train_loss=0.3), ENDED)
    history = folded(THREE_STAGES, *TWO_EPOCHS_OF_MOVEMENT, resumed_after(1), *again)
    assert history.series("train", "loss") == ([1.0, 2.0], [0.7, 0.3])
    assert history.movement("weights")["layer1"] == [0.25, 0.5]
    assert history.state is RunState.DONE


def test_what_was_kept_is_known_to_a_resumed_run() -> None:
    """``best.pth`` is still there, of an epoch before or of the very one that is done anew."""
    assert folded(THREE_STAGES, epoch(1), epoch(2), KEPT, resumed_after(1)).kept == KEPT


def test_a_run_that_begins_anew_forgets_all_its_epochs() -> None:
    history = folded(THREE_STAGES, *TWO_EPOCHS_OF_MOVEMENT, resumed_after(0))
    assert (history.epochs, history.moved) == ([], [])


def test_a_run_about_to_go_on_is_being_prepared_and_still_shows_its_curves() -> None:
    stop = msgspec.structs.replace(ENDED, reason=Reason.STOPPED)
    history = folded(THREE_STAGES, *TWO_EPOCHS_OF_MOVEMENT, batch(3, 4), stop)
    history.go_on()
    assert (history.state, history.ended, history.batch) == (RunState.PREPARING, None, None)
    assert history.series("train", "loss") == ([1.0, 2.0], [0.7, 0.7])
    assert obstacle_to_resuming(history) == "it still goes on"


def test_the_folder_of_a_resumed_run_is_read_as_it_was_told(tmp_path: Path) -> None:
    first = (THREE_STAGES, *TWO_EPOCHS_OF_MOVEMENT, msgspec.structs.replace(ENDED, reason=Reason.STOPPED))
    second = (resumed_after(1), moved(2, "head", 5.0), epoch(2, val_loss=0.25), ENDED)
    store = RunStore(tmp_path / "run", {})
    for event in first:
        store.record(event)
    store.close()
    with (tmp_path / "run" / "events.jsonl").open("ab") as stream:
        stream.write(b'{"event":"stage_mo')
    store = RunStore(tmp_path / "run", {}, resumes=[epoch(1)])
    for event in second:
        store.record(event)
    store.close()
    read, live = open_run(tmp_path / "run"), folded(*first, *second)
    assert (read.epochs, read.moved) == (live.epochs, live.moved)
    assert (read.state, read.started, read.ended) == (RunState.DONE, resumed_after(1), ENDED)
    assert read.movement("weights")["head"] == [2.0, 5.0]
    assert read.series("val", "loss") == ([1.0, 2.0], [0.6, 0.25])


def ended_by(reason: Reason | None, state: RunState | None = None, *, started: bool = True) -> RunHistory:
    history = folded(*([THREE_STAGES, epoch(1)] if started else []))
    if reason is not None:
        history.apply(msgspec.structs.replace(ENDED, reason=reason))
    if state is not None:
        history.state = state
    return history


@pytest.mark.parametrize(
    "history",
    [
        ended_by(Reason.STOPPED),
        ended_by(Reason.FAILED),
        ended_by(None, RunState.INTERRUPTED),
    ],
    ids=["stopped", "failed", "interrupted"],
)
def test_a_run_that_was_stopped_or_cut_off_can_go_on(history: RunHistory) -> None:
    assert obstacle_to_resuming(history) == ""


@pytest.mark.parametrize(
    ("history", "why"),
    [
        (ended_by(Reason.COMPLETED), "it is complete"),
        (ended_by(Reason.EARLY_STOPPED), "it is complete"),
        (ended_by(Reason.NAN_LOSS), "its loss was no longer a finite number"),
        (ended_by(Reason.PROOF_FAILED), "what had to stay frozen was changed"),
        (ended_by(None), "it still goes on"),
        (RunHistory("run", Path("run")), "it still goes on"),
        (ended_by(Reason.STOPPED, started=False), "it was stopped before its first batch"),
        (ended_by(None, RunState.INTERRUPTED, started=False), "it was stopped before its first batch"),
        (folded(THREE_STAGES, ENDED, resumed_after(1)), "it still goes on"),
    ],
)
def test_every_other_run_says_why_it_cannot(history: RunHistory, why: str) -> None:
    assert obstacle_to_resuming(history) == why
