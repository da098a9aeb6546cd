"""The export folder: a plain ``state_dict`` and the files that explain it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path

import torch

from ftgui.core import files, records
from ftgui.core.errors import FtguiError
from ftgui.core.hashing import sha256_of_file
from ftgui.core.paths import RESOURCES
from ftgui.core.preprocessing import Preprocessing
from ftgui.core.records import Record
from ftgui.data import decode
from ftgui.export.card import model_card
from ftgui.models.construction import skeleton
from ftgui.models.head import untrained_auxiliary_heads
from ftgui.runs.history import RunHistory
from ftgui.training.checkpoint import BEST, read_state_dict, write_state_dict
from ftgui.training.events import StageInfo

MODEL, MODEL_JSON, LABELS = "model.pth", "model.json", "labels.txt"
PREDICT, CARD = "predict.py", "MODEL_CARD.md"
DECODE_MARK = "# {{DECODE_SOURCE}}"


class ModelFile(Record, frozen=True, kw_only=True):
    """``model.json``: what it takes to use ``model.pth``, and where it comes from."""

    architecture: str
    classes: tuple[str, ...]
    class_to_idx: dict[str, int]
    preprocessing: Preprocessing
    strategy: str
    norm: str = "locked"
    stages: tuple[StageInfo, ...] = ()
    """The plan, stage by stage from the input to the head."""
    metrics: dict[str, float | int | None]
    source_weights_sha256: str
    versions: dict[str, str]
    sha256: str
    """Of ``model.pth``."""


def export_run(history: RunHistory, out: Path, versions: dict[str, str]) -> ModelFile:
    """Write the best weights of a run, with their side files, into the new folder ``out``.

    Raises:
        FtguiError: the run kept no weights, they do not load strictly into the architecture, or ``out``
            already holds something or cannot be written.
    """
    started, kept = history.started, history.kept
    if started is None or kept is None or not (history.folder / BEST).is_file():
        raise FtguiError(
            f"The run “{history.name}” kept no weights, so there is nothing to export.",
            "Train for at least one epoch.",
        )
    classes = len(started.class_names)
    state = read_state_dict(history.folder / BEST)  # with its ``_metadata``, so nothing but it will do
    state.update(untrained_auxiliary_heads(started.architecture, classes))
    check_strict_load(started.architecture, classes, started.preprocessing.crop, state)
    files.new_folder(out, "the export")
    try:
        write_state_dict(out / MODEL, state)
        model_file = ModelFile(
            architecture=started.architecture,
            classes=started.class_names,
            class_to_idx={name: index for index, name in enumerate(started.class_names)},
            preprocessing=started.preprocessing,
            strategy=started.config.strategy,
            norm=started.config.norm,
            stages=started.stages,
            metrics={
                "best_epoch": kept.epoch,
                "val_accuracy": kept.val_accuracy,
                "val_loss": kept.val_loss,
                "val_pictures": started.val_pictures,
            },
            source_weights_sha256=started.weights_sha256,
            versions=versions,
            sha256=sha256_of_file(out / MODEL),
        )
        records.write_json(out / MODEL_JSON, model_file)
        files.write_text(out / LABELS, "".join(f"{name}\n" for name in started.class_names))
        files.write_text(out / PREDICT, predict_script())
        files.write_text(out / CARD, model_card(history, model_file.sha256))
    except OSError as error:
        raise files.cannot_write(out, "the export", error) from error
    return model_file


def check_strict_load(
    architecture: str, num_classes: int, crop: int, state: Mapping[str, torch.Tensor]
) -> None:
    """Raise FtguiError unless torchvision's own model takes these weights, entry for entry.

    A skeleton does for that: random weights would be drawn from the generator that a run beside this uses.
    """
    try:
        skeleton(architecture, num_classes, crop, auxiliary=True).load_state_dict(state, assign=True)
    except (RuntimeError, ValueError) as error:
        raise FtguiError(
            f"The weights of this run do not fit {architecture} with {num_classes} classes.",
            "The run folder was changed by hand or damaged; train again.",
            str(error),
        ) from error


def predict_script() -> str:
    """Return ``predict.py``: its pictures are decoded by the very code that decoded them for training."""
    template = (RESOURCES / "export" / "predict.py.in").read_text(encoding="utf-8")
    return template.replace(DECODE_MARK, inspect.getsource(decode))


def read_model_file(folder: Path) -> ModelFile:
    """Read an export's ``model.json``.

    Raises:
        FtguiError: it is missing, or ``model.pth`` is not the file it was written for.
    """
    model_file = records.read_json(folder / MODEL_JSON, ModelFile)
    path = folder / MODEL
    if not path.is_file() or sha256_of_file(path) != model_file.sha256:
        raise FtguiError(
            f"“{path}” is not the file that {MODEL_JSON} describes.",
            "Export the run again into a new folder.",
        )
    return model_file
