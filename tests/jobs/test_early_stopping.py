"""Runs that end before their last epoch because nothing improves any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import ftgui.training.trainer as trainer_module
from ftgui.runs.history import RunState, obstacle_to_resuming, open_run
from ftgui.runs.store import read_summary
from ftgui.training.events import EpochEnded, Reason, RunEnded
from ftgui.training.loops import Evaluation
from tests.fixtures import Drawn, run_small


def run(drawn: Drawn, out: Path, **changes: Any) -> tuple[RunEnded, list[int]]:
    """Return how a run ended and which epochs it told of."""
    events = run_small(drawn.config(**changes), out)
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    return ended, [event.epoch for event in events if isinstance(event, EpochEnded)]


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let epochs be judged to have these losses and accuracies."""

    def use(*figures: tuple[float, float]) -> None:
        told = iter(figures)

        def evaluate(model: torch.nn.Module, feed: object, arithmetic: object) -> Any:
            loss, accuracy = next(told)
            yield 6, Evaluation(loss=loss, accuracy=accuracy, probabilities=torch.full((6, 3), 1 / 3))

        monkeypatch.setattr(trainer_module, "evaluate", evaluate)

    return use


def test_a_run_that_stands_still_ends_after_its_patience(drawn: Drawn, tmp_path: Path) -> None:
    """At learning rate 0 no epoch is better than the first."""
    ended, epochs = run(drawn, tmp_path / "run", lr=0.0, epochs=9, early_stop=2)
    assert epochs == [1, 2, 3]
    assert (ended.reason, ended.epochs, ended.best_epoch) == (Reason.EARLY_STOPPED, 3, 1)
    assert not ended.reason.is_failure
    assert ended.message == (
        "Training ended early: the last 2 epochs did not improve the validation loss. "
        "The best weights, of epoch 1, are kept."
    )
    assert ended.hint == ""
    assert ended.frozen_changed == 0, "and it is proven like any other"
    history = open_run(tmp_path / "run")
    assert (history.state, history.ended) == (RunState.DONE, ended)
    assert history.fraction == 1
    assert obstacle_to_resuming(history) == "it is complete"
    assert read_summary(tmp_path / "run").ended.reason == "early_stopped"


def test_where_its_last_epoch_comes_anyway_the_run_is_complete(drawn: Drawn, tmp_path: Path) -> None:
    ended, epochs = run(drawn, tmp_path / "run", lr=0.0, epochs=3, early_stop=2)
    assert epochs == [1, 2, 3]
    assert ended.reason == Reason.COMPLETED
    assert ended.message == "Training is complete. The best weights, of epoch 1, are kept."


def test_a_run_that_improves_goes_on(drawn: Drawn, tmp_path: Path, judged: Any) -> None:
    judged((1.0, 0.5), (0.9, 0.5), (0.8, 0.5), (0.7, 0.5))
    ended, epochs = run(drawn, tmp_path / "run", epochs=4, early_stop=1)
    assert (ended.reason, epochs) == (Reason.COMPLETED, [1, 2, 3, 4])


@pytest.mark.parametrize(
    ("changes", "epochs", "words"),
    [
        ({"early_stop": 1}, [1, 2, 3], "the last epoch did not improve the validation loss"),
        (
            {"early_stop": 2, "early_stop_monitor": "val_accuracy"},
            [1, 2, 3, 4],
            "the last 2 epochs did not improve the validation accuracy",
        ),
        (
            {"early_stop": 1, "early_stop_min_delta": 0.25},
            [1, 2],
            "the last epoch did not improve the validation loss",
        ),
    ],
)
def test_it_ends_by_what_was_asked_for_and_says_so(
    drawn: Drawn, tmp_path: Path, judged: Any, changes: dict[str, Any], epochs: list[int], words: str
) -> None:
    judged((1.0, 0.4), (0.875, 0.6), (0.875, 0.6), (0.5, 0.5), (0.25, 0.5))
    ended, told = run(drawn, tmp_path / "run", epochs=5, **changes)
    assert (ended.reason, told) == (Reason.EARLY_STOPPED, epochs)
    assert f"Training ended early: {words}. " in ended.message
    assert ended.best_epoch == 2


def test_the_best_weights_are_kept_whatever_is_watched(drawn: Drawn, tmp_path: Path, judged: Any) -> None:
    """Best is the highest accuracy still, though the loss is watched."""
    judged((1.0, 0.9), (0.5, 0.4), (0.6, 0.4), (0.7, 0.4))
    ended, epochs = run(drawn, tmp_path / "run", epochs=4, early_stop=1)
    assert (epochs, ended.best_epoch, ended.best_val_accuracy) == ([1, 2, 3], 1, 0.9)
