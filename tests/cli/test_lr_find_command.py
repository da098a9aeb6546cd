"""``ftgui lr-find``: a table and a suggestion, in words and in JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from ftgui.__main__ import main
from ftgui.training import lr_finder
from ftgui.training.control import RunControl
from tests.fixtures import FP32, Drawn

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.usefixtures("small_crops")


def search(drawn: Drawn, *more: str) -> list[str]:
    quick = ("--batch-size", "8", "--device", "cpu", *FP32)
    return ["lr-find", str(drawn.data), "--weights", str(drawn.weights), *quick, *more]


@pytest.fixture
def losses(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the steps have these losses."""

    def use(*told: float) -> None:
        left = iter(told)
        monkeypatch.setattr(lr_finder, "train_step", lambda *_: (torch.tensor(next(left)), None))

    return use


def test_a_search_is_a_row_a_step_and_a_suggestion(drawn: Drawn, capsys: Capture) -> None:
    assert main(search(drawn)) == 0
    said = capsys.readouterr()
    assert said.err == "", "no progress bar where nobody watches"
    *rows, last = said.out.splitlines()
    assert len(rows) > 20
    assert all(
        re.fullmatch(r"lr +\d\.\de[+-]\d\d  loss \d+\.\d{4}  smoothed \d+\.\d{4}", row) for row in rows
    )
    assert rows[0].startswith("lr  1.0e-05  ")
    assert re.fullmatch(r"suggested learning rate: [\d.e-]+, where the loss falls most steeply", last)


def test_json_is_one_object_that_says_the_same(drawn: Drawn, capsys: Capture) -> None:
    assert main(search(drawn, "--json", "--strategy", "partial")) == 0
    said = capsys.readouterr()
    assert (said.err, said.out.count("\n")) == ("", 1)
    found = json.loads(said.out)
    assert found.keys() == {"strategy", "trials", "suggestion"}
    assert found["strategy"] == "partial"
    assert {tuple(trial) for trial in found["trials"]} == {("lr", "loss", "smoothed_loss")}
    assert found["suggestion"] in [trial["lr"] for trial in found["trials"]]


def test_where_nothing_brings_the_loss_down_nothing_is_suggested(
    drawn: Drawn, capsys: Capture, losses: Any
) -> None:
    losses(*[1.0 + 0.01 * n for n in range(60)])
    assert main(search(drawn)) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "No learning rate brought the loss down; nothing is suggested."
    )
    losses(*[1.0] * 60)
    assert main(search(drawn, "--json")) == 0
    assert json.loads(capsys.readouterr().out)["suggestion"] is None


def test_a_search_that_is_stopped_says_so_in_one_line(
    drawn: Drawn, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunControl, "stopping", property(lambda _: True))
    assert main(search(drawn)) == 1
    said = capsys.readouterr()
    assert said.err == "ftgui: The search for a learning rate was stopped.\n"


def test_nothing_is_written(drawn: Drawn, capsys: Capture, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in drawn.data.parent.rglob("*")}
    assert main(search(drawn)) == 0
    assert {path: path.stat().st_mtime_ns for path in drawn.data.parent.rglob("*")} == before
    capsys.readouterr()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--strategy", "partial", "--freeze-until", "layer9"), "Choose one of stem, stage2, stage3, stage4"),
        (("--epochs", "0"), "Epochs cannot be 0"),
    ],
)
def test_what_will_not_do_is_one_line(
    drawn: Drawn, capsys: Capture, more: tuple[str, ...], words: str
) -> None:
    assert main(search(drawn, *more)) == 1
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert words in said.err
