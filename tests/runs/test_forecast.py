"""A forecast in words, and as it stands while the run goes on."""

from __future__ import annotations

import pytest

from ftgui.runs.forecast import cache_words, forecast_words, judged_words, range_words, refined
from ftgui.training.config import TrainConfig
from ftgui.training.events import EpochEnded, RunForecast

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


def config(strategy: str = "full", **changes: int) -> TrainConfig:
    return TrainConfig(dataset="d", weights="w", strategy=strategy, epochs=10, **changes)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (5.2, 8.4, "5 – 8 s"),
        (0.2, 0.7, "1 s"),
        (0.2, 2.7, "1 – 3 s"),
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
