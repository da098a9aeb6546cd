"""The guard in CI: what the cache is worth, as ratios within one run, never as seconds.

Each way is run a few times, in turn, and its best time counts: on a busy machine the best is what was least
disturbed. The bounds are far below what a quiet machine shows (see docs/speed.md), and far above 1.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ftgui.core.preprocessing import Preprocessing
from ftgui.jobs import prepare as prepare_job
from ftgui.jobs.train import train
from ftgui.training.config import TrainConfig
from ftgui.training.events import Reason, RunEnded
from tests import samples

pytestmark = pytest.mark.long  # many runs

REPEATS = 3
CROP = 96
"""Large enough for the network to take most of the time, small enough for CI."""
QUICK: dict[str, Any] = {
    "strategy": "freeze",
    "epochs": 6,
    "batch_size": 16,
    "augment": "none",
    "device": "cpu",
    "precision": "fp32",
    "layout": "contiguous",
}


@dataclass(frozen=True)
class Times:
    """Seconds of whole runs, and what each had to compute, one a repeat."""

    live: list[RunEnded]
    cold: list[RunEnded]
    warm: list[RunEnded]


def best(runs: list[RunEnded]) -> float:
    return min(run.seconds for run in runs)


@pytest.fixture(scope="module")
def times(tmp_path_factory: pytest.TempPathFactory) -> Times:
    folder = tmp_path_factory.mktemp("race")
    config = TrainConfig(
        dataset=str(samples.draw_dataset(folder / "pictures", per_class=36, split=True)),
        weights=str(samples.calibrated_weights(folder / "weights.pth", "mobilenet_v2")),
        architecture="mobilenet_v2",
        **QUICK,
    )
    found = Times([], [], [])
    with pytest.MonkeyPatch.context() as patch, samples.one_thread():
        real = prepare_job.read_and_recognise
        patch.setattr(prepare_job, "read_and_recognise", functools.partial(recognise_small, real))
        for repeat in range(REPEATS):
            home = folder / f"home {repeat}"
            patch.setenv("FTGUI_HOME", str(home))
            found.live.append(run(config, home / "live", cache="off"))
            found.cold.append(run(config, home / "cold"))
            found.warm.append(run(config, home / "warm", lr=0.003))
    return found


def recognise_small(real: Any, *arguments: Any) -> Any:
    small = Preprocessing(resize=CROP + 8, crop=CROP, name="small")
    file, recognition = real(*arguments)
    return file, msgspec.structs.replace(recognition, preprocessing=small)


def run(config: TrainConfig, out: Path, **changes: Any) -> RunEnded:
    """Train to the end in a folder of its own; return what the run says of itself."""
    *_, ended = train(msgspec.structs.replace(config, **changes), out)
    assert isinstance(ended, RunEnded)
    assert ended.reason is Reason.COMPLETED, ended.message
    return ended


def test_six_epochs_with_the_cache_take_at_most_half_of_the_time_without(times: Times) -> None:
    assert best(times.live) >= 2 * best(times.cold)


def test_a_run_after_another_is_no_slower_than_the_first(times: Times) -> None:
    assert best(times.warm) <= best(times.cold)


def test_without_the_cache_every_epoch_sends_every_picture_through_the_frozen_stages(times: Times) -> None:
    """So the first test compares six passes with one, and would not hold of a cache that is off."""
    once = times.cold[0].counters["prefix_forwards"]
    assert once == 3 * (36 + 18)
    assert times.live[0].counters["prefix_forwards"] == QUICK["epochs"] * once
    assert times.warm[0].counters["prefix_forwards"] == 0


def test_training_does_not_wait_for_what_was_computed_before(times: Times) -> None:
    """With the features there, six epochs of the head take less than the single pass that made them."""

    def phase(runs: list[RunEnded], *names: str) -> float:
        return min(sum(run.phase_seconds.get(name, 0.0) for name in names) for run in runs)

    assert phase(times.warm, "training", "validation") <= phase(times.cold, "decoding", "frozen pass")
