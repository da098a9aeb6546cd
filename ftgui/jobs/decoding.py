"""The pictures of a run as pixels, decoded once and kept."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from ftgui.data.pixels import PixelStore
from ftgui.jobs.prepare import Prepared
from ftgui.training.clock import RunClock
from ftgui.training.control import RunControl
from ftgui.training.events import PhaseProgress, RunWarning, TrainingEvent


def pixel_stores(prepared: Prepared) -> tuple[PixelStore, PixelStore]:
    """Return the training and the validation pictures' stores; nothing is decoded yet."""
    config, split = prepared.config, prepared.pictures.split
    root, preprocessing = Path(prepared.pictures.root), prepared.recognition.preprocessing
    return (
        PixelStore(root, split.train, preprocessing, augment=config.augment, views=config.views),
        PixelStore(root, split.val, preprocessing),
    )


def decode(pixels: PixelStore, clock: RunClock, control: RunControl) -> Generator[TrainingEvent, None, None]:
    """Decode a store's pictures; what cannot be read is left out and said. A stop ends it early."""
    with clock.phase("decoding"), closing(pixels.load()) as progress:
        for done, total in progress:
            clock.add_pause(control.wait_while_paused())
            if control.stopping:
                return
            yield PhaseProgress(phase="decoding pictures", done=done, total=total)
    for path, why in pixels.unreadable:
        yield RunWarning(message=f"“{path}” is left out: {why}")
