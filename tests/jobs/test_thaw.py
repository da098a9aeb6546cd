"""What joins later: in the optimizer from the start, without a gradient from before, at a rate that rises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import ftgui.jobs.train as train_job
import ftgui.training.trainer as trainer_module
from ftgui.freezing.apply import AppliedPlan
from ftgui.jobs.train import train
from ftgui.training.control import RunControl
from ftgui.training.events import BatchEnded, Reason, RunEnded
from tests.fixtures import Drawn, run_small

pytestmark = pytest.mark.usefixtures("small_crops")


def rates(optimizer: torch.optim.Optimizer) -> dict[str, float]:
    return {group["stage"]: group["lr"] for group in optimizer.param_groups}


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, float]]:
    """The learning rate of each stage at each step."""
    taken: list[dict[str, float]] = []
    real = trainer_module.train_step

    def step(passage: Any, optimizer: torch.optim.Optimizer, *arguments: Any) -> Any:
        taken.append(rates(optimizer))
        return real(passage, optimizer, *arguments)

    monkeypatch.setattr(trainer_module, "train_step", step)
    return taken


def test_the_extractor_joins_at_its_epoch_at_a_rate_that_rises_over_it(
    drawn: Drawn, tmp_path: Path, steps: list[dict[str, float]]
) -> None:
    """At × 0.1 of 0.02, in thirds over the three batches of the second epoch."""
    run_small(drawn.config(strategy="thaw", schedule="constant"), tmp_path / "run")
    assert len(steps) == 9
    assert [step["stem"] for step in steps] == pytest.approx(
        [0.0, 0.0, 0.0, 0.002 / 3, 0.004 / 3, 0.002, 0.002, 0.002, 0.002]
    )
    assert {step["head"] for step in steps} == {0.02}
    assert all(step["stem"] == step["stage4-conv5"] for step in steps)


def test_a_warm_up_and_a_cosine_hold_for_what_joins_as_well(
    drawn: Drawn, tmp_path: Path, steps: list[dict[str, float]]
) -> None:
    """One epoch of warm-up, then the two that are left of a cosine: 1 and a half."""
    run_small(drawn.config(strategy="thaw", warmup_epochs=1), tmp_path / "run")
    third = 0.02 / 3
    assert [step["head"] for step in steps] == pytest.approx(
        [third, 2 * third, 0.02, 0.02, 0.02, 0.02, 0.01, 0.01, 0.01]
    )
    assert [step["stem"] for step in steps] == pytest.approx(
        [0, 0, 0, 0.1 * third, 0.2 * third, 0.002, 0.001, 0.001, 0.001]
    )


def test_stages_have_the_multiples_that_were_asked_for(
    drawn: Drawn, tmp_path: Path, steps: list[dict[str, float]]
) -> None:
    asked = {"stem": 0.0, "stage3": 0.5, "head": 2.0}
    run_small(drawn.config(strategy="full", schedule="constant", stage_lr=asked, epochs=1), tmp_path / "run")
    assert steps[0] == pytest.approx(
        {"stem": 0.0, "stage2": 0.02, "stage3": 0.01, "stage4-conv5": 0.02, "head": 0.04}
    )


def test_no_gradient_is_held_when_what_learns_changes(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a step finds on a parameter it moves, frozen or not."""
    real, held = AppliedPlan.start_epoch, []

    def start(applied: AppliedPlan, epoch: int) -> None:
        held.append([n for n, p in applied.model.named_parameters() if p.grad is not None])
        real(applied, epoch)

    monkeypatch.setattr(AppliedPlan, "start_epoch", start)
    run_small(drawn.config(strategy="thaw"), tmp_path / "run")
    assert held == [[], [], []]


def test_no_group_is_added_to_an_optimizer_that_runs(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It breaks or misleads schedules: all are there from the start, those of what joins later too."""
    seen, learning = [], []
    real = trainer_module.train_step

    def step(passage: Any, optimizer: torch.optim.Optimizer, *arguments: Any) -> Any:
        held = frozenset(id(p) for group in optimizer.param_groups for p in group["params"])
        seen.append((tuple(map(id, optimizer.param_groups)), held))
        learning.append({id(p) for p in passage.network.parameters()})
        return real(passage, optimizer, *arguments)

    monkeypatch.setattr(trainer_module, "train_step", step)
    run_small(drawn.config(strategy="thaw"), tmp_path / "run")
    assert len(set(seen)) == 1
    assert learning[0] < learning[-1] == seen[0][1], "every parameter is held, from before it learns"


@pytest.mark.parametrize("planted", [False, True])
def test_a_run_that_is_stopped_before_its_thaw_is_proven_like_a_frozen_one(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    """A bit planted in what was to thaw later is found: up to there it was not let move."""
    real = train_job.TrainJob._moved

    def moved(job: Any, *arguments: Any) -> Any:
        if planted:
            state = torch.load(job.out / "best.pth", weights_only=True)
            state["stage2.0.branch1.0.weight"].view(torch.int32).view(-1)[3] ^= 1
            torch.save(state, job.out / "best.pth")
        return real(job, *arguments)

    monkeypatch.setattr(train_job.TrainJob, "_moved", moved)
    control, events = RunControl(), []
    for event in train(drawn.config(strategy="thaw"), tmp_path / "run", control):
        events.append(event)
        if isinstance(event, BatchEnded) and event.epoch == 2:
            control.stop()
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.epochs, ended.best_epoch, ended.frozen_tensors) == (1, 1, 336)
    assert ended.frozen_changed == int(planted)
    assert ended.reason is (Reason.PROOF_FAILED if planted else Reason.STOPPED)
