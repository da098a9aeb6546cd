"""Weights that ftgui wrote say themselves what pictures must look like; a choice of the user goes first."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from ftgui.core.errors import FtguiError
from ftgui.jobs.export import export
from ftgui.jobs.inspect import inspect
from ftgui.jobs.prepare import prepare
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig
from tests import samples
from tests.fixtures import SMALL, Drawn, Finished


@pytest.fixture
def run(finished: dict[str, Finished], tmp_path: Path) -> Path:
    """A copy of a finished run, whose pictures were smaller than any that torchvision publishes."""
    return shutil.copytree(finished["freeze"].folder, tmp_path / "run")


def test_the_best_weights_of_a_run_are_prepared_as_they_were_in_it(run: Path) -> None:
    found = inspect(run / "best.pth")
    assert (found.preprocessing, found.preprocessing_is_certain) == (SMALL, True)
    assert not any("a guess" in note for note in found.notes)


def test_an_export_is_prepared_as_its_run_was(run: Path, tmp_path: Path) -> None:
    export(run, tmp_path / "out")
    found = inspect(tmp_path / "out" / "model.pth")
    assert (found.preprocessing, found.preprocessing_is_certain) == (SMALL, True)
    assert found.num_classes == 3


def test_side_files_of_other_weights_are_not_believed(run: Path, drawn: Drawn, tmp_path: Path) -> None:
    export(run, tmp_path / "out")
    shutil.copy(drawn.weights, tmp_path / "out" / "model.pth")
    found = inspect(tmp_path / "out" / "model.pth")
    assert not found.preprocessing_is_certain
    assert found.preprocessing.crop == 224


def test_damaged_side_files_leave_the_weights_as_usable_as_any_others(run: Path) -> None:
    (run / "events.jsonl").write_text("nonsense\n")
    found = inspect(run / "best.pth")
    assert (found.architecture, found.preprocessing_is_certain) == ("shufflenet_v2_x0_5", False)


def prepared(config: TrainConfig) -> TrainConfig:
    """Return a config as a run has it, its defaults written out."""
    steps = prepare(config, RunClock())
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return msgspec.convert(end.value.config, TrainConfig)


def test_a_run_uses_the_preprocessing_that_is_asked_for_and_writes_it_down(
    drawn: Drawn, tmp_path: Path
) -> None:
    weights = samples.calibrated_weights(tmp_path / "w.pth", "mobilenet_v2")
    base = drawn.config(weights=str(weights), device="cpu")
    assert prepared(base).preprocessing == "IMAGENET1K_V1"
    asked = msgspec.structs.replace(base, preprocessing="IMAGENET1K_V2")
    assert prepared(asked).preprocessing == "IMAGENET1K_V2"
    with pytest.raises(FtguiError, match="has no published weights “V9”"):
        prepared(msgspec.structs.replace(base, preprocessing="V9"))
