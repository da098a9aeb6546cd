"""Run folders of a comparison whose predictions and figures a test chooses: nothing is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ftgui.data.dataset import Picture, Split
from ftgui.runs.comparison import RUNS, ComparisonFile, ComparisonPlan, Entry
from ftgui.runs.predictions import TEST_PREDICTIONS
from ftgui.runs.store import LAST_PREDICTIONS, RunStore
from ftgui.training.events import BatchesDrawn, CheckpointSaved, EpochEnded, Reason, RunEnded
from tests.runs.drawn_comparison import VERSIONS, started

CLASSES = ("ants", "bees")


@dataclass(frozen=True)
class Told:
    """What a run says."""

    right: Sequence[bool]
    """Of which validation pictures the last epoch was right."""
    reason: Reason | None = Reason.COMPLETED
    """None: it was cut off."""
    tested: Sequence[bool] | None = None
    """Of which test pictures the best weights were right; None: nobody asked them."""
    val_accuracy: float | None = None
    """After the last epoch; the share of ``right`` unless said."""
    val_loss: float = 0.5
    seconds: float = 10.0
    epochs: Sequence[tuple[float, float]] = ((1.0, 0.5), (1.0, 0.5))
    """Seconds of learning and of judging, an epoch each."""
    first_picture: int = 0


def pictures_of(told: Told, count: int, side: str = "val") -> tuple[Picture, ...]:
    """Return the pictures that a run was judged on, of both classes in turn."""
    first = told.first_picture
    return tuple(Picture(f"{side}/{number:03}.jpg", number % 2) for number in range(first, first + count))


def draw_runs(folder: Path, plan: ComparisonPlan, runs: Mapping[str, Told]) -> ComparisonFile:
    """Write the folders of some runs of a plan, by their names."""
    entries = {entry.name: entry for entry in plan.entries()}
    for name, told in runs.items():
        draw_told(folder, plan, entries[name], told)
    return ComparisonFile(plan=plan, versions=VERSIONS)


def draw_told(folder: Path, plan: ComparisonPlan, entry: Entry, told: Told) -> None:
    """Write one run folder."""
    store = RunStore(folder / RUNS / entry.name, VERSIONS)
    store.write_split("/photos", CLASSES, Split(train=(), val=pictures_of(told, len(told.right))))
    store.record(started(plan.config_of(entry)))
    store.record(BatchesDrawn(epoch=1, pictures=((0, 1), (2, 3)), views=((0, 1), (1, 0))))
    for epoch in (epochs := epochs_of(told)):
        store.record(epoch)
    last = epochs[-1].val_accuracy
    store.record(CheckpointSaved(epoch=1, path="best.pth", val_accuracy=last, val_loss=0.4))
    _write(store, told, told.right, LAST_PREDICTIONS)
    if told.tested is not None:
        _write(store, told, told.tested, TEST_PREDICTIONS)
    if told.reason is not None:
        store.record(
            RunEnded(
                reason=told.reason,
                message=f"It ended: {told.reason}.",
                epochs=len(epochs),
                seconds=told.seconds,
                peak_memory_mb=600.0 + len(entry.strategy),
                frozen_tensors=300,
                frozen_changed=0,
                moved_tensors=2,
            )
        )
    store.close()


def epochs_of(told: Told) -> list[EpochEnded]:
    """Return a run's epochs; only the last is what the test chose, those before are better."""
    accuracy = sum(told.right) / len(told.right) if told.val_accuracy is None else told.val_accuracy
    epochs = [
        EpochEnded(
            epoch=number,
            train_loss=0.25,
            train_accuracy=0.75,
            val_loss=told.val_loss / 2,
            val_accuracy=1.0,
            lr=0.01,
            frozen_tensors=300,
            is_best=number == 1,
            train_seconds=learning,
            val_seconds=judging,
            total_seconds=told.seconds * number / len(told.epochs) - 0.25,
        )
        for number, (learning, judging) in enumerate(told.epochs, start=1)
    ]
    epochs[-1] = msgspec.structs.replace(epochs[-1], val_loss=told.val_loss, val_accuracy=accuracy)
    return epochs


def _write(store: RunStore, told: Told, right: Sequence[bool], name: str) -> None:
    pictures = pictures_of(told, len(right), "val" if name == LAST_PREDICTIONS else "test")
    said = [
        picture.label if good else 1 - picture.label for picture, good in zip(pictures, right, strict=True)
    ]
    store.write_predictions(pictures, CLASSES, [(0.25, 0.75) if c else (0.75, 0.25) for c in said], name)
