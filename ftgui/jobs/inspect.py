"""Inspect: what a weights file is."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ftgui.jobs.recognition import read_and_recognise
from ftgui.models.architectures import IMAGENET_CLASSES
from ftgui.models.construction import skeleton
from ftgui.models.identify import Recognition
from ftgui.models.stages import Stage, find_stages


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
    return read_and_recognise(path, architecture)[1]


def inspect_stages(
    path: Path, architecture: str | None = None, preprocessing: str | None = None
) -> Inspected:
    """Say what a weights file is and which stages its network has; see ``read_and_recognise``."""
    recognition = read_and_recognise(path, architecture, preprocessing)[1]
    if recognition.architecture is None:
        return Inspected(recognition=recognition, stages=())
    crop = recognition.preprocessing.crop
    # A skeleton has all that stages are found by, and draws nothing from the generator that a run uses.
    model = skeleton(recognition.architecture, recognition.num_classes or IMAGENET_CLASSES, crop)
    return Inspected(recognition=recognition, stages=find_stages(model, crop))
