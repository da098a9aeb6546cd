"""ftgui itself, from its job's start to its last event. ``options`` are fields of a run's config."""

from __future__ import annotations

from ftgui.core.process import settle_process

settle_process()  # as the program does first of all

from ftgui.core.loading import load_torch  # noqa: E402

load_torch()  # as the program does, before the clock starts

from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import msgspec  # noqa: E402
import torch  # noqa: E402

from ftgui.jobs.train import train  # noqa: E402
from ftgui.training.config import TrainConfig  # noqa: E402
from ftgui.training.events import EpochEnded, Reason, RunEnded, RunStarted  # noqa: E402
from tests.bench.entrants.job import Finished, Job, Stopwatch  # noqa: E402
from tests.bench.entrants.networks import changed_of_extractor  # noqa: E402


def config(job: Job) -> TrainConfig:
    """Return the config of a run."""
    settings: dict[str, Any] = {
        "dataset": job.data,
        "weights": job.weights,
        "architecture": job.architecture,
        "epochs": job.epochs,
        "batch_size": job.batch_size,
        "lr": job.lr,
        "schedule": job.schedule,
        "seed": job.seed,
        "device": job.device,
    }
    return TrainConfig(**(settings | job.options))


def run(job: Job, watch: Stopwatch) -> Finished:
    out = Path(job.work) / "run"
    started, ended = None, None
    for event in train(config(job), out):
        match event:
            case RunStarted():
                started = event
            case EpochEnded():
                watch.epoch_ended(event.val_accuracy)
            case RunEnded():
                ended = event
    assert started is not None
    assert ended is not None
    if ended.reason is not Reason.COMPLETED:
        raise RuntimeError(f"{ended.message} {ended.hint}")
    return Finished(
        compare=(lambda: changed(job, out, ended)) if ended.frozen_tensors else None,
        notes=notes(started, ended),
    )


def changed(job: Job, out: Path, ended: RunEnded) -> tuple[int, int]:
    """Return how many frozen entries differ between the weights file and ``best.pth``, of how many.

    Where the whole extractor is frozen they are counted here, by the same rule as for the other entrants;
    for the other strategies the run's own count is taken.
    """
    if job.options.get("strategy", "freeze") != "freeze":
        assert ended.frozen_changed is not None
        return ended.frozen_changed, ended.frozen_tensors
    return changed_of_extractor(job, torch.load(out / "best.pth", weights_only=True))


def notes(started: RunStarted, ended: RunEnded) -> dict[str, Any]:
    """Return what a run says of itself and the race's report reads."""
    return {
        "precision": started.precision,
        "layout": started.layout,
        "threads": started.threads,
        "resize": started.preprocessing.resize,
        "crop": started.preprocessing.crop,
        "train_pictures": started.train_pictures,
        "val_pictures": started.val_pictures,
        "stages": len(started.stages),
        "line": sum(not stage.learns for stage in started.stages),
        "phase_seconds": ended.phase_seconds,
        "own_seconds": ended.seconds,
        "measuring_seconds": ended.measuring_seconds,
        "pictures_per_second": ended.pictures_per_second,
        "counters": ended.counters,
        "speed": msgspec.to_builtins(ended.speed),
    }
