"""How far each stage has moved, as a run tells it, beside what its files say."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

import ftgui.training.trainer as trainer_module
from ftgui.training.events import EpochEnded, RunEnded, StageMoved
from tests.fixtures import Drawn, Finished, run_small

STAGES = ("stem", "stage2", "stage3", "stage4-conv5", "head")
ENTRIES = {"stem": 6, "stage2": 84, "stage3": 156, "stage4-conv5": 90, "head": 2}
"""Of a ShuffleNet, counted by hand: a convolution has 1 entry here, a BatchNorm 5."""
EXTRACTOR = STAGES[:-1]
BEGINS = {"stem": "conv1.", "stage2": "stage2.", "stage3": "stage3."}


def told(events: Any) -> dict[int, dict[str, StageMoved]]:
    """Return what was told, by epoch and stage."""
    found: dict[int, dict[str, StageMoved]] = {}
    for event in events:
        if isinstance(event, StageMoved):
            found.setdefault(event.epoch, {})[event.stage] = event
    return found


def still(stage: str, moved: StageMoved) -> bool:
    return (moved.weights, moved.changed, moved.entries) == (0.0, 0, ENTRIES[stage])


@pytest.mark.parametrize(
    "name", ["freeze", "lr-zero", "small-lr at 0", "small-lr", "partial", "thaw", "full", "scratch"]
)
def test_every_stage_is_told_of_once_an_epoch_before_the_epoch_ends(
    finished: dict[str, Finished], name: str
) -> None:
    order = [e for e in finished[name].events if isinstance(e, StageMoved | EpochEnded)]
    expected: list[tuple[int, str]] = []
    for epoch in (1, 2, 3):
        expected += [*((epoch, stage) for stage in STAGES), (epoch, "ended")]
    assert [(e.epoch, getattr(e, "stage", "ended")) for e in order] == expected
    assert {e.stage: e.entries for e in order if isinstance(e, StageMoved)} == ENTRIES


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        ("freeze", {1: EXTRACTOR, 2: EXTRACTOR, 3: EXTRACTOR}),
        ("lr-zero", {1: EXTRACTOR, 2: EXTRACTOR, 3: EXTRACTOR}),
        ("small-lr at 0", {1: EXTRACTOR, 2: EXTRACTOR, 3: EXTRACTOR}),
        ("partial", {1: STAGES[:3], 2: STAGES[:3], 3: STAGES[:3]}),
        ("thaw", {1: EXTRACTOR, 2: (), 3: ()}),
        ("small-lr", {1: (), 2: (), 3: ()}),
        ("full", {1: (), 2: (), 3: ()}),
        ("scratch", {1: (), 2: (), 3: ()}),
    ],
)
def test_what_stays_is_told_to_be_at_exactly_0_and_what_learns_is_not(
    finished: dict[str, Finished], name: str, stays: dict[int, tuple[str, ...]]
) -> None:
    for epoch, stages in told(finished[name].events).items():
        for stage, moved in stages.items():
            if stage in stays[epoch]:
                assert still(stage, moved), (epoch, stage)
                assert moved.statistics == 0.0
            else:
                assert moved.weights is not None
                assert moved.weights > 0, (epoch, stage)
                assert moved.changed > 0.8 * ENTRIES[stage]


def test_the_head_has_no_norms_and_so_no_statistics(finished: dict[str, Finished]) -> None:
    for stages in told(finished["full"].events).values():
        assert [stage for stage, moved in stages.items() if moved.statistics is None] == ["head"]


def test_norms_that_adapt_move_by_their_statistics_alone(drawn: Drawn, tmp_path: Path) -> None:
    events = run_small(drawn.config(norm="adapt", epochs=1), tmp_path / "run")
    stages = told(events)[1]
    for stage in EXTRACTOR:
        assert stages[stage].weights == 0.0
        assert (stages[stage].statistics or 0) > 0.001
    assert stages["stem"].changed == 3, "of its one norm the two statistics and the counter"


@pytest.mark.parametrize("name", ["full", "thaw"])
def test_the_distance_is_that_between_the_two_files(
    finished: dict[str, Finished], drawn: Drawn, name: str
) -> None:
    """Of the best epoch, reckoned here from the weights file and ``best.pth`` alone."""
    run = finished[name]
    ended = run.events[-1]
    assert isinstance(ended, RunEnded)
    before = torch.load(drawn.weights, weights_only=True)
    after = torch.load(run.folder / "best.pth", weights_only=True)
    stages = told(run.events)[ended.best_epoch or 0]
    for stage, begin in BEGINS.items():
        for part, ends in (("weights", ("weight", "bias")), ("statistics", ("mean", "var"))):
            names = [n for n in before if n.startswith(begin) and n.endswith(ends)]
            gone = math.sqrt(sum(float((after[n] - before[n]).double().square().sum()) for n in names))
            size = math.sqrt(sum(float(before[n].double().square().sum()) for n in names))
            assert getattr(stages[stage], part) == pytest.approx(gone / size, rel=1e-4, abs=1e-12)


def test_a_weight_that_moves_against_the_plan_is_seen_in_its_epoch(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By one bit, in the second of three epochs."""
    real, steps = trainer_module.train_step, []

    def clumsy(passage: Any, *arguments: Any) -> Any:
        steps.append(1)
        if len(steps) == 5:
            with torch.no_grad():
                passage.network.conv1[0].weight.view(torch.int32).view(-1)[7] ^= 1
        return real(passage, *arguments)

    monkeypatch.setattr(trainer_module, "train_step", clumsy)
    events = run_small(drawn.config(cache="off"), tmp_path / "run")
    by_epoch = told(events)
    assert still("stem", by_epoch[1]["stem"])
    for epoch in (2, 3):
        stem = by_epoch[epoch]["stem"]
        assert (stem.changed, stem.statistics) == (1, 0.0)
        assert 0 < (stem.weights or 0) < 1e-6
        assert all(still(stage, by_epoch[epoch][stage]) for stage in EXTRACTOR[1:])


def test_movement_that_is_no_number_is_told_as_none(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a blow-up the weights that the run began with are back: nothing is NaN in what is told."""
    real = trainer_module.MovementMeter.measure

    def wild(meter: Any) -> Any:
        stem, *rest = real(meter)
        return (type(stem)(stage="stem", weights=math.nan, statistics=math.inf, changed=6, entries=6), *rest)

    monkeypatch.setattr(trainer_module.MovementMeter, "measure", wild)
    stem = told(run_small(drawn.config(epochs=1), tmp_path / "run"))[1]["stem"]
    assert (stem.weights, stem.statistics, stem.changed) == (None, None, 6)


# How much is frozen, epoch by epoch ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "frozen"),
    [
        ("freeze", [336, 336, 336]),
        ("lr-zero", [336, 336, 336]),
        ("partial", [246, 246, 246]),
        ("thaw", [336, 0, 0]),
        ("small-lr", [0, 0, 0]),
        ("full", [0, 0, 0]),
        ("scratch", [0, 0, 0]),
    ],
)
def test_entries_that_were_not_let_move_up_to_an_epoch_are_counted(
    finished: dict[str, Finished], name: str, frozen: list[int]
) -> None:
    """6 + 84 + 156 + 90 of the extractor, or without the last stage before the head."""
    assert [e.frozen_tensors for e in finished[name].events if isinstance(e, EpochEnded)] == frozen
    ended = finished[name].events[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.frozen_tensors, ended.frozen_changed) == (frozen[-1], 0)
