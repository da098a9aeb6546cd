"""A forecast in words, and as it stands while the run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from ftgui.core.preprocessing import Preprocessing
from ftgui.runs.forecast import cache_words, forecast_words, is_run_of, judged_words, range_words, refined
from ftgui.training.config import TrainConfig
from ftgui.training.events import EpochEnded, RunForecast, RunStarted, StageInfo

TOLD = RunForecast(
    strategy="full",
    seconds=100.0,
    low=85.0,
    high=125.0,
    epoch_seconds=10.0,
    memory_mb=1100.0,
    phase_seconds={"frozen pass": 0.0, "proof": 1.0},
    decoded_pictures=5,
)


def epoch(number: int, seconds: float, total: float) -> EpochEnded:
    return EpochEnded(
        epoch=number,
        train_loss=0.1,
        train_accuracy=0.9,
        val_loss=0.1,
        val_accuracy=0.9,
        lr=0.1,
        frozen_tensors=0,
        is_best=False,
        train_seconds=seconds * 0.75,
        val_seconds=seconds * 0.25,
        total_seconds=total,
    )


def config(strategy: str = "full", **changes: Any) -> TrainConfig:
    return TrainConfig(**({"dataset": "d", "weights": "w", "strategy": strategy, "epochs": 10} | changes))


def started(asked: TrainConfig, **filled_in: Any) -> RunStarted:
    """A run as it begins: with what was left alone written out."""
    stages = (StageInfo(name=n, parameters=1, cost_share=0.25, learns=True, lr_mult=1.0) for n in "abcd")
    return RunStarted(
        run="",
        config=msgspec.structs.replace(asked, **filled_in),
        architecture="resnet18",
        class_names=("ants", "bees"),
        preprocessing=Preprocessing(),
        weights_sha256="",
        stages=tuple(stages),
        device="cpu",
        device_why="",
        precision="fp32",
        threads=2,
        train_pictures=8,
        val_pictures=2,
        parameters=4,
        trainable_parameters=4,
        frozen_tensors=0,
    )


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (5.2, 8.4, "5 – 8 s"),
        (0.2, 0.7, "under 1 s"),
        (0.7, 1.4, "1 s"),
        (0.2, 2.7, "up to 3 s"),
        (0.6, 2.7, "1 – 3 s"),
        (2, 121, "up to 2 min"),
        (68, 105, "68 – 105 s"),
        (110, 180, "1.8 – 3 min"),
        (700, 1030, "12 – 17 min"),
        (3000, 5399, "50 – 90 min"),
        (3960, 7200, "1.1 – 2 h"),
        (40_000, 60_000, "11 – 17 h"),
    ],
)
def test_a_range_is_said_as_roughly_as_it_is_known(low: float, high: float, words: str) -> None:
    assert range_words(low, high) == words


def test_a_forecast_says_time_epoch_and_memory() -> None:
    assert forecast_words(TOLD) == "1.4 – 2.1 min in all, 10 s an epoch, about 1.1 GB of memory"
    assert judged_words(TOLD, 104.2) == "forecast 1.4 – 2.1 min, took 1 min 44 s"


def test_it_says_what_an_earlier_run_left() -> None:
    def left(decoded: int, views: int) -> str:
        return cache_words(
            RunForecast(
                strategy="freeze",
                seconds=1,
                low=1,
                high=1,
                epoch_seconds=1,
                phase_seconds={"frozen pass": 0.0},
                decoded_pictures=decoded,
                prefix_forwards=views,
            )
        )

    assert left(0, 0) == "Pictures and frozen stages are on the disk already."
    assert left(0, 3) == "Pictures are on the disk already."
    assert left(3, 3) == ""


def test_before_an_epoch_has_ended_it_stands_as_it_was() -> None:
    assert refined(TOLD, config(), ()) == TOLD


def test_what_is_left_goes_on_as_it_went() -> None:
    seen = [epoch(1, 14.0, 20.0), epoch(2, 16.0, 36.0)]
    after = refined(TOLD, config(), seen)
    assert after.epoch_seconds == pytest.approx(15.0)
    assert after.seconds == pytest.approx(36 + 8 * 15 + 1)
    assert 36 < after.low < after.seconds < after.high
    assert after.high - after.low < TOLD.high - TOLD.low
    done = [epoch(n, 10.0, 10.0 * n) for n in range(1, 11)]
    assert refined(TOLD, config(), done).seconds == pytest.approx(101.0)


def test_epochs_after_an_extractor_joined_are_not_reckoned_by_those_before() -> None:
    thaw = config("thaw", thaw_epoch=6)
    told = TOLD.__class__(**{f: getattr(TOLD, f) for f in TOLD.__struct_fields__} | {"strategy": "thaw"})
    after = refined(told, thaw, [epoch(1, 0.5, 3.0), epoch(2, 0.5, 3.5)])
    assert after.seconds == pytest.approx(3.5 + 3 * 0.5 + 5 * 10.0 + 1)
    joined = [*(epoch(n, 0.5, 3 + n / 2) for n in range(1, 6)), epoch(6, 20.0, 26.0)]
    assert refined(told, thaw, joined).seconds == pytest.approx(26 + 4 * 20.0 + 1)


@pytest.mark.parametrize(
    ("asked", "filled_in"),
    [
        (config(), {"dataset": str(Path("d").absolute()), "weights": str(Path("w").absolute())}),
        (config(), {"architecture": "resnet18", "preprocessing": "V1", "classes": 2, "views": 2}),
        (config(), {"device": "cpu", "precision": "bf16", "layout": "channels_last"}),
        (config(), {"seed": 7, "split_seed": 0, "lr": 0.3}),
        (config("partial"), {"freeze_until": "b"}),
        (config("thaw"), {"thaw_epoch": 5}),
    ],
    ids=["paths", "of the weights", "arithmetic", "seed and rate", "line", "thaw"],
)
def test_a_run_is_one_of_the_settings_that_it_was_begun_with(
    asked: TrainConfig, filled_in: dict[str, Any]
) -> None:
    assert is_run_of(asked, started(asked, **filled_in))


@pytest.mark.parametrize(
    ("asked", "other"),
    [
        (config(), {"dataset": "e"}),
        (config(), {"weights": "v"}),
        (config(), {"epochs": 9}),
        (config(), {"batch_size": 8}),
        (config(), {"augment": "none"}),
        (config(augment="standard"), {"views": 9}),
        (config(), {"exclude": ("a.jpg",)}),
        (config(), {"cache": "off"}),
        (config(device="cuda"), {"device": "cpu"}),
        (config("partial"), {"freeze_until": "a"}),
        (config("thaw"), {"thaw_epoch": 2}),
        (config(), {"stage_lr": {"a": 0.0}}),
        (config(), {"strategy": "small-lr"}),
    ],
)
def test_a_run_of_other_settings_is_not(asked: TrainConfig, other: dict[str, Any]) -> None:
    assert not is_run_of(asked, started(asked, **other))
