"""Drawn data and finished runs that several rooms' tests look at; made once, never written to.

A room's ``conftest.py`` imports what its tests use. Each is cached here, so that rooms share one.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from ftgui.core.preprocessing import Preprocessing
from ftgui.jobs import prepare as prepare_job
from ftgui.jobs.train import train
from ftgui.runs import store as store_module
from ftgui.training import keeping
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import TrainingEvent
from tests import samples

SMALL = Preprocessing(resize=72, crop=64, name="small")
"""Pictures of a twelfth of the usual area: every step as in life, in a tenth of the time."""

FP32 = ("--precision", "fp32", "--layout", "contiguous")
"""For the command line: arithmetic that need not be measured first, and is the same on every computer."""

RUNS = MappingProxyType(
    {
        "freeze": {"strategy": "freeze", "cache": "off"},
        "lr-zero": {"strategy": "lr-zero"},
        "small-lr at 0": {"strategy": "small-lr", "backbone_lr_mult": 0.0},
        "small-lr": {"strategy": "small-lr"},
        "partial": {"strategy": "partial"},
        "thaw": {"strategy": "thaw"},
        "full": {"strategy": "full"},
        "scratch": {"strategy": "scratch"},
    }
)
"""What ``finished`` holds, each for the same pictures, weights, seed and learning rate. Of the three epochs
of ``thaw`` the extractor joins in the second; ``partial`` learns the last of four stages, and the head.
``freeze`` computes everything each time, so that it can be compared bit for bit."""


@dataclass(frozen=True)
class Drawn:
    """Files to train from."""

    data: Path
    """Three classes of ten pictures, in a folder per class."""
    weights: Path
    """A ``shufflenet_v2_x0_5`` of five classes."""

    def config(self, **changes: Any) -> TrainConfig:
        """Return a config that trains on them, quickly."""
        quick = {"epochs": 3, "batch_size": 8, "lr": 0.02, "device": "cpu"}
        quick |= {"precision": "fp32", "layout": "contiguous"}  # nothing to measure first
        files = {"dataset": str(self.data), "weights": str(self.weights)}
        return TrainConfig(**(files | quick | changes))


@dataclass(frozen=True)
class Finished:
    """A run that is over."""

    folder: Path
    config: TrainConfig
    events: tuple[TrainingEvent, ...]


@contextmanager
def small_pictures() -> Iterator[None]:
    """Let every network that is trained see pictures of 64 x 64 pixels, on one thread of torch's.

    Each epoch is written, however short it was.
    """
    real = prepare_job.read_and_recognise

    def read_and_recognise(*arguments: Any) -> Any:
        file, recognition = real(*arguments)
        return file, msgspec.structs.replace(recognition, preprocessing=SMALL)

    with pytest.MonkeyPatch.context() as patch, samples.one_thread():
        patch.setattr(prepare_job, "read_and_recognise", read_and_recognise)
        patch.setattr(keeping, "SAVE_EVERY", 0.0)
        patch.setattr(store_module, "METRICS_EVERY", 0.0)
        yield


def run_small(config: TrainConfig, out: Path, control: RunControl | None = None) -> list[TrainingEvent]:
    """Train with small pictures to the end and return all events."""
    with small_pictures():
        return list(train(config, out, control))


@pytest.fixture
def small_crops() -> Iterator[None]:
    """Small pictures for all that is trained in a test."""
    with small_pictures():
        yield


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """Pictures and weights; look, do not write."""
    return _drawn(tmp_path_factory.getbasetemp() / "drawn")


@pytest.fixture(scope="session")
def finished(drawn: Drawn) -> dict[str, Finished]:
    """A finished run of each strategy; look, do not write."""
    return _finished(drawn)


@functools.cache
def _drawn(folder: Path) -> Drawn:
    folder.mkdir()
    return Drawn(
        data=samples.draw_dataset(folder / "pictures", per_class=10),
        weights=samples.calibrated_weights(folder / "weights.pth", seed=7),
    )


@functools.cache
def _finished(drawn: Drawn) -> dict[str, Finished]:
    done = {}
    for name, changes in RUNS.items():
        out, config = drawn.data.parent / "runs" / name, drawn.config(**changes)
        done[name] = Finished(out, config, tuple(run_small(config, out)))
    return done
