"""Predict: what a run, or an export, says of pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ftgui.core.errors import FtguiError
from ftgui.evaluation.classifier import Answer, Classifier
from ftgui.export.pth import MODEL, MODEL_JSON, read_model_file
from ftgui.runs.history import open_run
from ftgui.runs.store import EVENTS
from ftgui.training.checkpoint import BEST, read_state_dict


def open_classifier(folder: Path) -> Classifier:
    """Return the classifier that a run folder or an export folder holds.

    Raises:
        FtguiError: it is neither, or holds no weights.
    """
    if (folder / MODEL_JSON).is_file():
        model_file = read_model_file(folder)
        state = read_state_dict(folder / MODEL)
        return Classifier(model_file.architecture, model_file.classes, model_file.preprocessing, state)
    if not (folder / EVENTS).is_file():
        raise FtguiError(
            f"“{folder}” is neither a run nor an export.",
            "Choose a folder that a training run or an export wrote.",
        )
    started = open_run(folder).started
    if started is None or not (folder / BEST).is_file():
        raise FtguiError(f"The run “{folder}” kept no weights.", "Train for at least one epoch.")
    state = read_state_dict(folder / BEST)
    return Classifier(started.architecture, started.class_names, started.preprocessing, state)


def predict(folder: Path, pictures: Sequence[Path], top: int = 5) -> Iterator[Answer]:
    """Yield the ``top`` likeliest classes of each picture."""
    yield from open_classifier(folder).predict(pictures, top)
