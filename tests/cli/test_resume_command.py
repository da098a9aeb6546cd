"""``ftgui resume``: what it prints and returns for a run that can go on, and for one that cannot."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
import torch

from ftgui.__main__ import main
from ftgui.jobs.train import train
from ftgui.runs.store import RunStore
from ftgui.training.control import RunControl
from ftgui.training.events import BatchEnded
from tests.fixtures import Drawn, Finished

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def stopped(drawn: Drawn, tmp_path: Path, small_crops: None) -> Path:
    """A run of three epochs that was stopped in its second."""
    control = RunControl()
    for event in train(drawn.config(cache="off"), tmp_path / "run", control):
        if isinstance(event, BatchEnded) and event.epoch == 2:
            control.stop()
    return tmp_path / "run"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def figures(folder: Path) -> list[dict[str, str]]:
    """Return the rows of the metrics without their seconds."""
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [{name: row[name] for name in row if not name.endswith("_seconds")} for row in rows]


def failed_in_one_line(arguments: list[str], capsys: Capture) -> str:
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == "", "nothing has begun"
    assert said.err.count("\n") == 1
    return said.err


def test_a_stopped_run_goes_on_and_ends_as_if_it_had_never_been_stopped(
    stopped: Path, finished: dict[str, Finished], capsys: Capture
) -> None:
    assert main(["resume", str(stopped), "--json"]) == 0
    said = capsys.readouterr()
    events = [json.loads(line) for line in said.out.splitlines()]
    assert said.err == ""
    assert [e["resumed_after"] for e in events if e["event"] == "run_started"] == [1]
    assert [e["epoch"] for e in events if e["event"] == "epoch_ended"] == [2, 3]
    assert (events[-1]["reason"], events[-1]["frozen_changed"]) == ("completed", 0)
    assert figures(stopped) == figures(finished["freeze"].folder)


def test_it_is_said_in_words_where_a_run_goes_on(stopped: Path, capsys: Capture) -> None:
    assert main(["resume", str(stopped)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "going on after epoch 1" in lines
    assert [line[:9] for line in lines if line.startswith("epoch ")] == ["epoch   2", "epoch   3"]
    assert any(line.startswith("Training is complete.") for line in lines)


def test_a_run_may_be_stopped_again(stopped: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(RunControl, "stopping", property(lambda _: True))
        assert main(["resume", str(stopped), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["reason"] == "stopped"
    assert main(["resume", str(stopped)]) == 0
    capsys.readouterr()
    assert len(figures(stopped)) == 3


def test_a_complete_run_is_one_line_and_left_alone(finished: dict[str, Finished], capsys: Capture) -> None:
    folder = finished["freeze"].folder
    before = contents(folder)
    line = failed_in_one_line(["resume", str(folder)], capsys)
    assert line == f"ftgui: “{folder}” cannot be resumed: it is complete. Train again.\n"
    assert contents(folder) == before


def test_what_is_no_run_is_one_line(tmp_path: Path, capsys: Capture) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        line = failed_in_one_line(["resume", str(folder)], capsys)
        assert line.startswith(f"ftgui: “{folder}” is not a run folder.")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_another_program_writes_is_one_line_and_left_alone(stopped: Path, capsys: Capture) -> None:
    store = RunStore(stopped, {}, resumes=[])
    try:
        before = contents(stopped)
        line = failed_in_one_line(["resume", str(stopped)], capsys)
        assert line.startswith(f"ftgui: Another program is writing the run “{stopped}”.")
        assert contents(stopped) == before
    finally:
        store.close()


def test_other_weights_than_those_it_began_with_are_one_line(
    drawn: Drawn, stopped: Path, tmp_path: Path, capsys: Capture
) -> None:
    weights = Path(shutil.copy(drawn.weights, tmp_path / "weights.pth"))
    config = stopped / "config.json"
    config.write_text(config.read_text().replace(str(drawn.weights), str(weights)))
    state = torch.load(weights, weights_only=True)
    state["conv1.0.weight"][0, 0, 0, 0] += 1
    torch.save(state, weights)
    before = contents(stopped)
    line = failed_in_one_line(["resume", str(stopped)], capsys)
    assert "is not the one that this run began with" in line
    assert contents(stopped) == before
