"""Settings of how a run learns, as they show in whole runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ftgui.jobs.train import train
from ftgui.training.events import BatchEnded, EpochEnded, RunWarning
from tests.fixtures import Drawn, run_small


def epochs(drawn: Drawn, out: Path, **changes: Any) -> list[EpochEnded]:
    return [e for e in run_small(drawn.config(**changes), out) if isinstance(e, EpochEnded)]


@pytest.mark.parametrize("changes", [{"label_smoothing": 0.5}, {"class_weights": "balanced"}])
def test_validation_is_judged_by_the_plain_loss_so_that_runs_compare(
    drawn: Drawn, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """At learning rate 0 two runs are the same network: what differs is the yardstick of training alone.

    Half of a class's pictures are gone, or balanced weights would be even ones.
    """
    data = shutil.copytree(drawn.data, tmp_path / "data")
    for number in range(5):
        (data / "apples" / f"{number:03}.png").unlink()
    still = {"lr": 0.0, "epochs": 1, "dataset": str(data)}
    (plain,) = epochs(drawn, tmp_path / "plain", **still)
    (asked,) = epochs(drawn, tmp_path / "asked", **still, **changes)
    assert (asked.val_loss, asked.val_accuracy) == (plain.val_loss, plain.val_accuracy)
    assert asked.train_accuracy == plain.train_accuracy
    assert asked.train_loss != pytest.approx(plain.train_loss, rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "rates"),
    [
        ({}, [0.02, 0.015, 0.005]),
        ({"schedule": "constant"}, [0.02, 0.02, 0.02]),
        ({"schedule": "constant", "warmup_epochs": 2}, [0.01, 0.02, 0.02]),
        ({"warmup_epochs": 1}, [0.02, 0.02, 0.01]),
        ({"warmup_epochs": 6}, [0.02 / 6, 0.02 / 3, 0.01]),
        ({"stage_lr": {"head": 0.5}, "schedule": "constant"}, [0.01, 0.01, 0.01]),
    ],
)
def test_an_epoch_tells_the_heads_learning_rate_at_its_end(
    drawn: Drawn, tmp_path: Path, changes: dict[str, Any], rates: list[float]
) -> None:
    assert [e.lr for e in epochs(drawn, tmp_path / "run", **changes)] == pytest.approx(rates)


def test_clipped_gradients_make_smaller_steps(drawn: Drawn, tmp_path: Path) -> None:
    free = epochs(drawn, tmp_path / "free", schedule="constant")
    clipped = epochs(drawn, tmp_path / "clipped", schedule="constant", clip_grad=1e-4)
    assert free[-1].train_loss < free[0].train_loss - 0.05  # type: ignore[operator]
    assert abs(clipped[-1].train_loss - clipped[0].train_loss) < 0.05  # type: ignore[operator]


# Settings that are not looked at ---------------------------------------------------------------------------


def warnings(drawn: Drawn, out: Path, **changes: Any) -> list[str]:
    """Return what is said of a run that is dropped at its first batch, its weights file aside."""
    found = []
    for event in train(drawn.config(**changes), out):
        if isinstance(event, RunWarning):
            found.append(event.message)
        if isinstance(event, BatchEnded):
            break
    return [message for message in found if "preprocessing is a guess" not in message]


@pytest.mark.usefixtures("small_crops")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"strategy": "full", "backbone_lr_mult": 0.5}, ["“full” does not look at “Extractor's share”."]),
        ({"strategy": "freeze", "freeze_until": "stem"}, ["“freeze” does not look at “Frozen up to”."]),
        ({"strategy": "small-lr", "thaw_epoch": 2}, ["“small-lr” does not look at “Thaws at epoch”."]),
        ({"strategy": "partial", "freeze_until": "stem"}, []),
        ({"strategy": "thaw", "thaw_epoch": 2, "backbone_lr_mult": 0.5}, []),
        ({"strategy": "freeze", "stage_lr": {"stem": 0.1}}, []),
    ],
)
def test_a_setting_that_the_strategy_does_not_look_at_is_said(
    drawn: Drawn, tmp_path: Path, changes: dict[str, Any], said: list[str]
) -> None:
    assert warnings(drawn, tmp_path / "run", **changes) == said


@pytest.mark.usefixtures("small_crops")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"strategy": "thaw", "thaw_epoch": 4},
            ["The extractor would join at epoch 4, after the last one, 3: it stays frozen."],
        ),
        (
            {"strategy": "thaw", "epochs": 1},
            ["The extractor would join at epoch 2, after the last one, 1: it stays frozen."],
        ),
        ({"strategy": "thaw", "thaw_epoch": 3}, []),
        ({"strategy": "small-lr"}, []),
    ],
)
def test_a_thaw_that_never_comes_is_said(
    drawn: Drawn, tmp_path: Path, changes: dict[str, Any], said: list[str]
) -> None:
    assert warnings(drawn, tmp_path / "run", **changes) == said
