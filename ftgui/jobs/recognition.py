"""A weights file read and recognised; one of ftgui's own says itself what its pictures must look like."""

from __future__ import annotations

from pathlib import Path

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.core.preprocessing import Preprocessing
from ftgui.export.pth import MODEL, MODEL_JSON, ModelFile
from ftgui.models.identify import Recognition, recognise
from ftgui.models.weights import WeightsFile, read_weights
from ftgui.runs.history import open_run
from ftgui.runs.store import EVENTS
from ftgui.training.checkpoint import BEST, CHECKPOINT


def read_and_recognise(
    path: Path, architecture: str | None = None, preprocessing: str | Preprocessing | None = None
) -> tuple[WeightsFile, Recognition]:
    """Read a weights file and say which network it belongs to.

    ``architecture`` is a hint, ``preprocessing`` what to use, or the name of official weights that have it.

    Raises:
        FtguiError: it cannot be read as weights at all, or what is asked for does not exist.
    """
    file = read_weights(path)
    known = preprocessing or preprocessing_beside(path, file.sha256)
    return file, recognise(file, architecture, known)


def preprocessing_beside(path: Path, sha256: str) -> Preprocessing | None:
    """Return what the files beside one of ftgui's own say of its pictures; None where it is none of these."""
    folder = path.parent
    try:
        if path.name == MODEL and (folder / MODEL_JSON).is_file():
            model_file = records.read_json(folder / MODEL_JSON, ModelFile)
            return model_file.preprocessing if model_file.sha256 == sha256 else None
        if path.name in (BEST, CHECKPOINT) and (folder / EVENTS).is_file():
            started = open_run(folder).started
            return started.preprocessing if started else None
    except FtguiError:  # damaged, or another program's: the weights can be used without
        return None
    return None
