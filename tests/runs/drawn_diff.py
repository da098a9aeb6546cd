"""Two run folders whose settings, figures and answers a test chooses: nothing is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ftgui.data.dataset import Picture, Split
from ftgui.runs.history import RunHistory, open_run
from ftgui.runs.store import LAST_PREDICTIONS, RunStore
from ftgui.training.config import TrainConfig
from ftgui.training.events import EpochEnded, Reason, RunEnded, RunStarted
from tests.runs.drawn_comparison import started
from tests.runs.drawn_runs import CLASSES

VERSIONS = {"ftgui": "0", "torch": "2"}
ENDED = RunEnded(
    reason=Reason.COMPLETED,
    message="It is done.",
    epochs=2,
    seconds=10.0,
    peak_memory_mb=600.0,
    frozen_tensors=300,
    frozen_changed=0,
    moved_tensors=2,
)

Answers = Sequence[tuple[int, float]]
"""Of each picture: the class that was said, and its probability."""


def sure(*classes: int) -> Answers:
    """Return answers that are all as likely."""
    return [(each, 0.75) for each in classes]


def pictures(*labels: int, folder: str = "val") -> tuple[Picture, ...]:
    """Return a picture of each class, "val/0.png" and so on."""
    return tuple(Picture(f"{folder}/{number}.png", label) for number, label in enumerate(labels))


def draw_run(
    folder: Path,
    answers: Answers | Mapping[str, Answers] = (),
    *,
    judged_on: tuple[Picture, ...] | None = None,
    root: str = "/photos",
    begun: Mapping[str, Any] | None = None,
    ended: Mapping[str, Any] | None = None,
    versions: Mapping[str, str] = VERSIONS,
    **settings: Any,
) -> RunHistory:
    """Write a run of two epochs and open it. ``answers`` are those of the last, or by the names of tables."""
    tables = answers if isinstance(answers, Mapping) else {LAST_PREDICTIONS: answers}
    count = max((len(table) for table in tables.values()), default=0)
    val = pictures(*([0] * count)) if judged_on is None else judged_on
    config = TrainConfig(**({"dataset": root, "weights": "/nets/mobilenet.pth", "epochs": 2} | settings))
    store = RunStore(folder, dict(versions))
    store.write_split(root, CLASSES, Split(train=pictures(0, 1, folder="train"), val=val))
    store.record(_begun(config, val, begun or {}))
    for number in (1, 2):
        store.record(_epoch(number))
    for name, said in tables.items():
        rows = [(p, 1 - p) if each == 0 else (1 - p, p) for each, p in said]
        store.write_predictions(val, CLASSES, rows, name)
    store.record(msgspec.structs.replace(ENDED, **(ended or {})))
    store.close()
    return open_run(folder)


def _begun(config: TrainConfig, val: tuple[Picture, ...], changes: Mapping[str, Any]) -> RunStarted:
    return msgspec.structs.replace(started(config), **({"val_pictures": max(1, len(val))} | changes))


def _epoch(number: int) -> EpochEnded:
    return EpochEnded(
        epoch=number,
        train_loss=0.25,
        train_accuracy=0.75,
        val_loss=0.5 / number,
        val_accuracy=0.5,
        lr=0.01,
        frozen_tensors=300,
        is_best=number == 1,
        train_seconds=1.0,
        val_seconds=0.5,
        total_seconds=2.0 * number,
    )
