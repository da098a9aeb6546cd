"""Ways of freezing compared on real photos with real weights, as a script would: what ftgui promises."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import FP32
from tests.harness.process import run_ftgui

pytestmark = [pytest.mark.real_data, pytest.mark.long, pytest.mark.timeout(900)]

RUN_FILES = ("last_predictions.csv", "predictions.csv", "split.json")
"""Of a run, what has no time in it."""


def compare(
    real_data: Path, out: Path, home: Path, strategies: str, epochs: int = 1, expected: int = 0
) -> list[dict[str, Any]]:
    """Compare with what is kept in ``home``; return what was printed."""
    done = run_ftgui(
        "compare",
        str(real_data / "hymenoptera_data"),
        "--weights",
        str(real_data / "weights" / "mobilenet_v2-imagenet.pth"),
        *("--strategies", strategies, "--seeds", "0,1", "--epochs", str(epochs)),
        *("--out", str(out), "--json", *FP32),
        timeout=600,
        FTGUI_HOME=str(home),
    )
    assert done.returncode == expected, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def result_of(events: list[dict[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = events[-1]["result"]
    return result


def run_files(out: Path) -> dict[str, str]:
    files = (path for path in (out / "runs").rglob("*") if path.name in RUN_FILES)
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_comparison_is_the_same_again_can_be_added_to_and_refuses_other_settings(
    real_data: Path, tmp_path: Path
) -> None:
    out, home = tmp_path / "first", tmp_path / "home"
    first = result_of(compare(real_data, out, home, "freeze,partial"))
    assert [run["state"] for run in first["runs"]] == ["done"] * 4
    assert all(held["equal"] for held in first["held_equal"]), first["held_equal"]
    by_name = {each["strategy"]: each for each in first["strategies"]}
    assert by_name["freeze"]["accuracy"] >= 0.8
    assert by_name["freeze"]["is_cost_known"]
    assert len(first["sentences"]) >= 1

    again = result_of(compare(real_data, tmp_path / "again", tmp_path / "nothing kept", "freeze,partial"))
    assert [run["accuracy"] for run in again["runs"]] == [run["accuracy"] for run in first["runs"]]
    assert run_files(tmp_path / "again") == run_files(out) != {}

    before = {path: path.read_bytes() for path in (out / "runs").rglob("*") if path.is_file()}
    more = compare(real_data, out, home, "freeze,partial,lr-zero")
    assert {path: path.read_bytes() for path in before} == before
    ended = [event for event in more if event["event"] == "run_ended"]
    assert [event["counters"]["decoded_pictures"] for event in ended] == [0, 0]
    answers = [(out / "runs" / f"{name}-seed0" / RUN_FILES[0]).read_text() for name in ("freeze", "lr-zero")]
    said = [[line.split(",")[:3] for line in text.splitlines()] for text in answers]
    assert said[0] == said[1], "at learning rate 0 the second becomes the first"

    assert compare(real_data, out, home, "freeze,partial", epochs=2, expected=1)[-1:] == []
    assert {path: path.read_bytes() for path in before} == before
