"""Inspect: what a weights file is."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ftgui.models.head import replace_output_layer
from ftgui.models.identify import Recognition, recognise
from ftgui.models.pretrained import load_pretrained
from ftgui.models.stages import Stage, find_stages
from ftgui.models.weights import read_weights


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a weights file, and the stages of the network it belongs to."""

    recognition: Recognition
    stages: tuple[Stage, ...]
    """Empty where the architecture is not known."""


def inspect(path: Path, architecture: str | None = None) -> Recognition:
    """Say what a weights file is.

    Raises:
        FtguiError: it cannot be read as weights at all.
    """
    return recognise(read_weights(path), architecture)


def inspect_stages(path: Path, architecture: str | None = None) -> Inspected:
    """Say what a weights file is and which stages its network has."""
    file = read_weights(path)
    recognition = recognise(file, architecture)
    if recognition.architecture is None:
        return Inspected(recognition=recognition, stages=())
    model = load_pretrained(file, recognition)
    replace_output_layer(model, 2, seed=0)
    return Inspected(recognition=recognition, stages=find_stages(model, recognition.preprocessing.crop))
