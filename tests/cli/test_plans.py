"""Plans on the command line: what is asked of each stage, what is said of it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftgui.__main__ import main
from ftgui.cli.training import plan_line
from ftgui.runs.history import open_run
from ftgui.training.events import StageInfo
from tests.fixtures import FP32, Drawn

Capture = pytest.CaptureFixture[str]
STAGES = ["stem", "stage2", "stage3", "stage4-conv5", "head"]
OTHERS = "Choose one of stem, stage2, stage3, stage4-conv5"


def train(drawn: Drawn, out: Path, *more: str) -> list[str]:
    quick = ("--epochs", "2", "--batch-size", "8", "--lr", "0.02", "--device", "cpu", *FP32)
    return ["train", str(drawn.data), "--weights", str(drawn.weights), "--out", str(out), *quick, *more]


def stages_of(folder: Path) -> dict[str, tuple[bool, float, int]]:
    started = open_run(folder).started
    assert started is not None
    return {stage.name: (stage.in_optimizer, stage.lr_mult, stage.from_epoch) for stage in started.stages}


@pytest.mark.usefixtures("small_crops")
@pytest.mark.parametrize(
    ("arguments", "stages"),
    [
        (
            ("--strategy", "full", "--stage-lr", "stem=0", "stage3=0.1"),
            [(True, 0.0, 1), (True, 1.0, 1), (True, 0.1, 1), (True, 1.0, 1), (True, 1.0, 1)],
        ),
        (
            ("--strategy", "partial", "--freeze-until", "stage2"),
            [(False, 0.0, 1), (False, 0.0, 1), (True, 1.0, 1), (True, 1.0, 1), (True, 1.0, 1)],
        ),
        (
            ("--strategy", "thaw", "--thaw-epoch", "2", "--backbone-lr-mult", "0.5"),
            [(True, 0.5, 2), (True, 0.5, 2), (True, 0.5, 2), (True, 0.5, 2), (True, 1.0, 1)],
        ),
        (("--strategy", "scratch"), [(True, 1.0, 1)] * 5),
    ],
)
def test_what_is_asked_of_the_stages_is_what_is_trained(
    drawn: Drawn,
    tmp_path: Path,
    capsys: Capture,
    arguments: tuple[str, ...],
    stages: list[tuple[bool, float, int]],
) -> None:
    assert main(train(drawn, tmp_path / "run", *arguments)) == 0
    assert stages_of(tmp_path / "run") == dict(zip(STAGES, stages, strict=True))
    capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("--strategy", "partial", "--freeze-until", "layer9"),
            f"There is no stage “layer9” before the output layer. {OTHERS}.",
        ),
        (
            ("--stage-lr", "stem=0", "layer9=1"),
            f"There is no stage “layer9”. {OTHERS}, head.",
        ),
    ],
)
def test_a_stage_that_there_is_not_is_one_line_with_those_there_are(
    drawn: Drawn, tmp_path: Path, capsys: Capture, arguments: tuple[str, ...], line: str
) -> None:
    assert main(train(drawn, tmp_path / "run", *arguments)) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"ftgui: {line}\n")
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("small_crops")
def test_settings_that_a_strategy_does_not_look_at_are_said(
    drawn: Drawn, tmp_path: Path, capsys: Capture
) -> None:
    asked = ("--strategy", "full", "--thaw-epoch", "2", "--freeze-until", "layer9")
    assert main(train(drawn, tmp_path / "run", "--epochs", "1", *asked)) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if "does not look at" in line]
    assert said == [
        "- “full” does not look at “Frozen up to”.",
        "- “full” does not look at “Thaws at epoch”.",
    ]


@pytest.mark.usefixtures("small_crops")
def test_the_plan_and_what_moved_are_said_in_words(drawn: Drawn, tmp_path: Path, capsys: Capture) -> None:
    assert main(train(drawn, tmp_path / "run", "--strategy", "partial")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "stem, stage2, stage3 frozen | stage4-conv5, head × 1" in lines
    moved = [line for line in lines if line.startswith("weights moved, relative to their start: ")]
    assert len(moved) == 1
    assert "stem 0, stage2 0, stage3 0, stage4-conv5 " in moved[0]


@pytest.mark.usefixtures("small_crops")
def test_movement_is_among_the_lines_of_json(drawn: Drawn, tmp_path: Path, capsys: Capture) -> None:
    assert main(train(drawn, tmp_path / "run", "--json")) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    moved = [line for line in lines if line["event"] == "stage_moved"]
    assert [(line["epoch"], line["stage"]) for line in moved] == [(e, s) for e in (1, 2) for s in STAGES]
    assert {line["weights"] for line in moved if line["stage"] != "head"} == {0.0}
    assert lines[-1]["moved_tensors"] == 2


@pytest.mark.usefixtures("small_crops")
def test_a_run_that_stopped_improving_is_no_failure(drawn: Drawn, tmp_path: Path, capsys: Capture) -> None:
    still = ("--lr", "0", "--epochs", "9", "--early-stop", "1", "--json")
    assert main(train(drawn, tmp_path / "run", *still)) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["reason"], last["epochs"]) == ("early_stopped", 2)


def stage(name: str, **changes: Any) -> StageInfo:
    plain = {"parameters": 1, "cost_share": 0.2, "learns": True, "lr_mult": 1.0}
    return StageInfo(name=name, **(plain | changes))


def test_a_plan_is_a_line_in_which_neighbours_that_are_alike_stand_together() -> None:
    stages = [
        stage("stem", in_optimizer=False, lr_mult=0.0, learns=False),
        stage("layer1", lr_mult=0.0, learns=False),
        stage("layer2", lr_mult=0.1, from_epoch=5),
        stage("layer3", lr_mult=0.1, from_epoch=5),
        stage("layer4"),
        stage("head"),
    ]
    assert (
        plan_line(stages) == "stem frozen | layer1 × 0 | layer2, layer3 × 0.1 from epoch 5 | layer4, head × 1"
    )
