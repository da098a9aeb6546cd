"""Events as JSON: one object each, tagged, and back again."""

from __future__ import annotations

import json
import math
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftgui.core import records
from ftgui.core.preprocessing import Preprocessing
from ftgui.training.config import TrainConfig
from ftgui.training.events import (
    BatchEnded,
    BatchesDrawn,
    CheckpointSaved,
    EpochEnded,
    PhaseProgress,
    PhaseSpeed,
    Reason,
    RunEnded,
    RunForecast,
    RunStarted,
    RunWarning,
    StageInfo,
    StageMoved,
    Timing,
    TrainingEvent,
)

STARTED = RunStarted(
    run="/runs/freeze",
    config=TrainConfig(dataset="/d", weights="/w.pth"),
    architecture="resnet18",
    class_names=("ants", "bees", "unused_1"),
    preprocessing=Preprocessing(),
    weights_sha256="ab" * 32,
    stages=(StageInfo(name="stem", parameters=9, cost_share=0.5, learns=False, lr_mult=0.0),),
    device="cpu",
    device_why="no CUDA or Apple GPU found",
    precision="fp32",
    layout="channels_last",
    timings=(Timing(precision="fp32", layout="channels_last", forward=310.5, step=40.25),),
    threads=2,
    train_pictures=80,
    val_pictures=20,
    parameters=100,
    trainable_parameters=10,
    frozen_tensors=6,
)
EPOCH = EpochEnded(
    epoch=1,
    train_loss=0.7,
    train_accuracy=0.5,
    val_loss=0.6,
    val_accuracy=0.75,
    lr=0.01,
    frozen_tensors=6,
    is_best=True,
    train_seconds=1.5,
    val_seconds=0.5,
    total_seconds=2.5,
)
ENDED = RunEnded(
    reason=Reason.COMPLETED,
    message="Training is complete.",
    best_epoch=1,
    best_val_accuracy=0.75,
    best_val_loss=0.6,
    epochs=1,
    seconds=3.5,
    phase_seconds={"training": 1.5},
    measuring_seconds=4.5,
    loading_seconds=2.5,
    counters={"prefix_forwards": 180, "decoded_pictures": 100, "cache_hits": 0},
    speed=(PhaseSpeed(phase="frozen pass", pictures_per_second=280.5, roof=310.5),),
    frozen_tensors=6,
    frozen_changed=0,
    moved_tensors=2,
)
MOVED = StageMoved(epoch=1, stage="stem", weights=0.25, statistics=0.5, changed=3, entries=6)
ONE_OF_EACH = {
    "run_started": STARTED,
    "run_forecast": RunForecast(
        strategy="freeze",
        seconds=6.5,
        low=5.0,
        high=8.0,
        epoch_seconds=0.5,
        memory_mb=900.0,
        phase_seconds={"training": 5.0},
        decoded_pictures=3,
        prefix_forwards=6,
    ),
    "phase_progress": PhaseProgress(phase="decoding pictures", done=3, total=9),
    "batches_drawn": BatchesDrawn(epoch=1, pictures=((2, 0), (1,)), views=((0, 1), (1,))),
    "batch_ended": BatchEnded(
        epoch=1, batch=2, batches=3, loss=0.7, accuracy=0.5, pictures_per_second=31.5, seconds_left=12.5
    ),
    "epoch_ended": EPOCH,
    "stage_moved": MOVED,
    "checkpoint_saved": CheckpointSaved(epoch=1, path="best.pth", val_accuracy=0.75, val_loss=0.5),
    "run_warning": RunWarning(message="“a.jpg” is left out: it is cut off.", hint="Copy it again."),
    "run_ended": ENDED,
}


def back(event: Any) -> Any:
    return msgspec.json.decode(records.to_json_line(event), type=TrainingEvent)


def test_there_is_one_of_each_here() -> None:
    assert {type(event) for event in ONE_OF_EACH.values()} == set(get_args(TrainingEvent))


@pytest.mark.parametrize("tag", ONE_OF_EACH)
def test_an_event_is_an_object_that_begins_with_its_name(tag: str) -> None:
    line = records.to_json_line(ONE_OF_EACH[tag])
    assert next(iter(json.loads(line).items())) == ("event", tag)
    assert "\n" not in line


@pytest.mark.parametrize("tag", ONE_OF_EACH)
def test_an_event_comes_back_as_it_went(tag: str) -> None:
    assert back(ONE_OF_EACH[tag]) == ONE_OF_EACH[tag]


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_words_and_any_figure_come_back_bit_for_bit(words: str, figure: float) -> None:
    warning = RunWarning(message=words, hint=words)
    assert back(warning) == warning
    assert "\n" not in records.to_json_line(warning)
    again = back(msgspec.structs.replace(EPOCH, val_loss=figure, total_seconds=figure))
    assert (again.val_loss, again.total_seconds) == (figure, figure)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_is_null_and_can_be_read_back(number: float) -> None:
    event = msgspec.structs.replace(EPOCH, train_loss=number, val_loss=number)
    assert back(event) == msgspec.structs.replace(EPOCH, train_loss=None, val_loss=None)


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        EPOCH.epoch = 2  # type: ignore[misc]


def test_the_line_that_scripts_wait_for_has_the_names_they_know() -> None:
    plain = json.loads(records.to_json_line(ENDED))
    assert plain["event"] == "run_ended"
    assert plain["reason"] == "completed"
    assert plain["frozen_changed"] == 0
    assert {"best_val_accuracy", "seconds", "frozen_tensors"} <= plain.keys()


@pytest.mark.parametrize(
    ("reason", "failed"),
    [
        ("completed", False),
        ("early_stopped", False),
        ("stopped", False),
        ("nan_loss", True),
        ("failed", True),
        ("proof_failed", True),
    ],
)
def test_a_run_failed_unless_it_was_completed_or_stopped(reason: str, failed: bool) -> None:
    assert Reason(reason).is_failure is failed


def test_these_are_all_the_ways_for_a_run_to_end() -> None:
    assert len(Reason) == 6


def test_movement_that_is_not_finite_is_null_and_can_be_read_back() -> None:
    event = msgspec.structs.replace(MOVED, weights=math.nan, statistics=None)
    assert back(event) == msgspec.structs.replace(MOVED, weights=None, statistics=None)


def test_an_event_of_before_there_were_plans_can_be_read() -> None:
    """The runs of an older ftgui say nothing of a stage's first epoch, nor of having been resumed."""
    plain = json.loads(records.to_json_line(STARTED))
    del plain["resumed_after"]
    for stage in plain["stages"]:
        del stage["in_optimizer"], stage["from_epoch"]
    for setting in ("freeze_until", "thaw_epoch", "stage_lr", "warmup_epochs", "clip_grad", "early_stop"):
        del plain["config"][setting]
    old = msgspec.json.decode(json.dumps(plain), type=TrainingEvent)
    assert isinstance(old, RunStarted)
    assert (old.resumed_after, old.stages[0].from_epoch, old.config.stage_lr) == (0, 1, {})


def test_events_of_before_anything_was_kept_can_be_read() -> None:
    """The runs of an older ftgui say nothing of layouts, counters and speeds."""
    plain = [json.loads(records.to_json_line(event)) for event in (STARTED, ENDED)]
    for name in ("layout", "timings"):
        del plain[0][name]
    for name in ("layout", "cache"):
        del plain[0]["config"][name]
    for name in ("measuring_seconds", "loading_seconds", "counters", "speed"):
        del plain[1][name]
    started, ended = (msgspec.json.decode(json.dumps(event), type=TrainingEvent) for event in plain)
    assert isinstance(started, RunStarted)
    assert isinstance(ended, RunEnded)
    assert (started.layout, started.timings, started.config.cache) == ("contiguous", (), "on")
    assert (ended.counters, ended.speed, ended.measuring_seconds) == ({}, (), 0.0)
