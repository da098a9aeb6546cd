"""Resume: go on with a run that was stopped, from the end of its last whole epoch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Split
from ftgui.jobs.prepare import Pictures
from ftgui.jobs.train import Earlier, TrainJob
from ftgui.runs.history import RunHistory, obstacle_to_resuming, open_run
from ftgui.runs.store import CONFIG, read_split
from ftgui.training.checkpoint import CHECKPOINT, read_checkpoint
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import TrainingEvent


def resume(
    folder: Path, control: RunControl | None = None, threads: int | None = None
) -> Iterator[TrainingEvent]:
    """Go on with the run in ``folder`` as if it had never been stopped; the last event is ``RunEnded``.

    ``threads`` are how many to compute on; else as many as the settings say.

    On the CPU, with the same number of threads, it ends with the very bits of an uninterrupted run.

    Raises:
        FtguiError: it is no run, is complete, or its pictures or weights file are not what they were.
    """
    history = open_run(folder)
    obstacle = obstacle_to_resuming(history)
    if obstacle:
        raise FtguiError(f"“{folder}” cannot be resumed: {obstacle}.", "Train again.")
    config = records.read_json(folder / CONFIG, TrainConfig)
    if config.layout == "auto":  # of before there was a choice; what was chosen is written out
        config = msgspec.structs.replace(config, layout="contiguous")
    job = TrainJob(config, folder, control or RunControl(), _earlier(history), threads=threads)
    yield from job.events()


def _earlier(history: RunHistory) -> Earlier:
    assert history.started is not None  # or there is an obstacle
    folder = history.folder
    split = read_split(folder)
    checkpoint = read_checkpoint(folder / CHECKPOINT) if (folder / CHECKPOINT).is_file() else None
    done = checkpoint.epoch if checkpoint else 0
    epochs = tuple(epoch for epoch in history.epochs if epoch.epoch <= done)
    if len(epochs) != done:
        raise FtguiError(
            f"“{folder}” cannot be resumed: its files do not fit together.",
            "Train again.",
            f"{CHECKPOINT} is of epoch {done}, but {len(epochs)} epochs up to that are told of.",
        )
    return Earlier(
        started=history.started,
        pictures=Pictures(split.root, split.class_names, Split(train=split.train, val=split.val)),
        epochs=epochs,
        kept=history.kept,
        checkpoint=checkpoint,
    )
