"""A comparison whose program was killed: the same command goes on, and ends as if nothing had happened."""

from __future__ import annotations

import csv
import functools
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ftgui.__main__ import main
from ftgui.jobs.judging import JUDGING
from ftgui.runs.comparison import COMPARISON, RUNS, TABLE, read_comparison
from ftgui.runs.predictions import TEST_PREDICTIONS
from ftgui.runs.results import ComparisonResult
from ftgui.runs.store import CONFIG, EVENTS, LOCK, LOG, METRICS, SPLIT
from ftgui.training.checkpoint import BEST
from tests import samples
from tests.fixtures import FP32, Drawn, run_small
from tests.harness.process import run_ftgui, run_python
from tests.jobs.comparing import stamps, whole

KILLED_WHEN = """
import builtins, json, os, sys

real, run = print, ""

def deadly(*words, **more):
    global run
    real(*words, **more)
    event = json.loads(words[0])
    run = event.get("name", run) if event["event"] == "compared_run_started" else run
    if WHEN:
        os.kill(os.getpid(), 9)

builtins.print = deadly
from ftgui.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
"""The program, killed at once after the first line of JSON of which something is true."""


def compare(data: Path, weights: Path, out: Path) -> tuple[str, ...]:
    quick = ("--epochs", "2", "--batch-size", "8", "--device", "cpu", "--json", *FP32)
    files = (str(data), "--weights", str(weights), "--out", str(out))
    return ("compare", *files, "--strategies", "freeze,full", *quick)


def kill(when: str, arguments: tuple[str, ...]) -> list[dict[str, Any]]:
    """Run it until ``when``, of ``event`` and the name of its ``run``, is true; return its events."""
    died = run_python("-W", "error", "-c", KILLED_WHEN.replace("WHEN", when), *arguments, OMP_NUM_THREADS="1")
    assert died.returncode in (-9, 9), died.stderr
    assert died.stderr == ""
    return [json.loads(line) for line in died.stdout.splitlines()]


def to_the_end(*arguments: str) -> list[dict[str, Any]]:
    done = run_ftgui(*arguments, OMP_NUM_THREADS="1")
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def result_in(out: Path) -> ComparisonResult:
    result = read_comparison(out).result
    assert result is not None
    return result


def figures(out: Path) -> list[tuple[object, ...]]:
    """Return what of each run must not depend on how often the program was killed."""
    return [
        (
            run.name,
            run.state,
            run.accuracy,
            run.last_val_loss,
            run.best_epoch,
            run.moved_tensors,
            curve(out, run.name),
        )
        for run in result_in(out).runs
    ]


def curve(out: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of a run's metrics without their seconds."""
    with (out / RUNS / name / METRICS).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [{name: row[name] for name in row if not name.endswith("_seconds")} for row in rows]


@functools.cache
def undisturbed(data: Path, weights: Path) -> Path:
    """Return the folder of a comparison that nobody killed. Look, do not write."""
    out = weights.parent / f"undisturbed-{data.name}"
    to_the_end(*compare(data, weights, out))
    return out


# Killed, and run again -------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize(
    ("when", "again", "goes_on"),
    [
        pytest.param(
            "run == 'full-seed0' and event['event'] == 'batch_ended' and event['epoch'] == 2",
            ["full-seed0"],
            [True],
            id="in a batch of the second run",
        ),
        pytest.param(
            "event['event'] == 'compared_run_ended'", ["full-seed0"], [False], id="between two runs"
        ),
        pytest.param(
            "run == 'full-seed0' and event['event'] == 'run_ended'",
            [],
            [],
            id="before the last run is told of",
        ),
    ],
)
def test_a_comparison_that_was_killed_goes_on_and_ends_as_if_it_never_had_been(
    drawn: Drawn, tmp_path: Path, when: str, again: list[str], goes_on: list[bool]
) -> None:
    out = tmp_path / "out"
    arguments = compare(drawn.data, drawn.weights, out)
    events = kill(when, arguments)
    assert events[-1]["event"] != "comparison_ended"
    finished = {
        name: stamps(out / RUNS / name) for name in ("freeze-seed0", "full-seed0") if name not in again
    }
    went_on = to_the_end(*arguments)
    began = [event for event in went_on if event["event"] == "compared_run_started"]
    assert [event["name"] for event in began] == again
    assert [event["goes_on"] for event in began] == goes_on
    assert {name: stamps(out / RUNS / name) for name in finished} == finished
    assert figures(out) == figures(undisturbed(drawn.data, drawn.weights))
    assert [each.strategy for each in result_in(out).strategies] == ["freeze", "full"]
    assert all(held.equal for held in result_in(out).held_equal)
    assert {path.name for path in out.iterdir()} == {COMPARISON, TABLE, "report.html", RUNS}
    assert not any((out / RUNS / name / LOCK).exists() for name in again)


def test_a_program_that_was_killed_in_the_midst_of_a_run_goes_on_with_it(
    drawn: Drawn, tmp_path: Path, small_crops: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """The short one: small pictures, one strategy, and what goes on does so in this process."""
    run_small(drawn.config(epochs=1), tmp_path / "before")
    out = tmp_path / "out"
    arguments = (*compare(drawn.data, tmp_path / "before" / BEST, out), "--strategies", "lr-zero")
    kill("event['event'] == 'epoch_ended'", arguments)
    assert result_in(out).runs[0].state == "waiting"
    assert main([*arguments]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (began,) = (event for event in said if event["event"] == "compared_run_started")
    assert (began["name"], began["goes_on"]) == ("lr-zero-seed0", True)
    assert [row["epoch"] for row in curve(out, "lr-zero-seed0")] == ["1", "2"]
    assert result_in(out).runs[0].state == "done"


@pytest.mark.long
def test_a_comparison_that_was_killed_while_it_judged_test_pictures_judges_them_later(
    drawn: Drawn, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    for side, first, count in (("train", 0, 4), ("val", 4, 2), ("test", 6, 2)):
        for label, name in enumerate(samples.CLASS_NAMES[:3]):
            samples.draw_class(data / side / name, label, count, first)
    out = tmp_path / "out"
    arguments = compare(data, drawn.weights, out)
    kill(f"run == 'full-seed0' and event.get('phase') == {JUDGING!r}", arguments)
    assert (out / RUNS / "freeze-seed0" / TEST_PREDICTIONS).is_file()
    assert not (out / RUNS / "full-seed0" / TEST_PREDICTIONS).exists()
    to_the_end(*arguments)
    assert (out / RUNS / "full-seed0" / TEST_PREDICTIONS).is_file()
    assert result_in(out).measure == "test"


# Killed between two writes ---------------------------------------------------------------------------------


BEGUN = '{"event":"run_warning","message":"It is cold.","hint":""}\n'
NAME = "small-lr-seed1"


@pytest.mark.parametrize(
    "left",
    [
        pytest.param((), id="an empty folder"),
        pytest.param((LOCK, EVENTS, LOG), id="before it began"),
        pytest.param((LOCK, EVENTS, LOG, SPLIT, CONFIG, "run_started"), id="just begun"),
        pytest.param((LOCK,), id="just locked"),
        pytest.param((LOCK, EVENTS, LOG, SPLIT), id="the split alone"),
        pytest.param((LOCK, EVENTS, LOG, f".{SPLIT}.0a1b2c3d.part"), id="half a split"),
        pytest.param((LOCK, EVENTS, LOG, SPLIT, "run_started"), id="before its config was written"),
    ],
)
def test_whatever_a_kill_leaves_of_a_run_it_is_run_again(
    drawn: Drawn, tmp_path: Path, small_crops: None, capsys: pytest.CaptureFixture[str], left: tuple[str, ...]
) -> None:
    out = Path(shutil.copytree(whole(drawn), tmp_path / "out"))
    folder = out / RUNS / NAME
    lines = (folder / EVENTS).read_text(encoding="utf-8").splitlines(keepends=True)
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in left:
            path.unlink()
    for name in {LOCK, f".{SPLIT}.0a1b2c3d.part"} & {*left}:
        (folder / name).write_bytes(b"")
    if EVENTS in left:
        begun = [line for line in lines if line.startswith('{"event":"run_started"')]
        said = [BEGUN, *(begun if "run_started" in left else [])]
        (folder / EVENTS).write_text("".join(said), encoding="utf-8", newline="\n")
    others = [path for path in (out / RUNS).iterdir() if path.name != NAME]
    before = {path.name: stamps(path) for path in others}
    code = main(["compare", "--out", str(out)])
    said_of_it = capsys.readouterr()
    assert (code, said_of_it.err) == (0, "")
    assert said_of_it.out.count(" of 6: ") == 1, "it alone"
    assert figures(out) == figures(whole(drawn))
    assert {path.name: stamps(path) for path in others} == before


def test_a_comparison_that_was_killed_before_it_wrote_anything_begins(
    drawn: Drawn, tmp_path: Path, small_crops: None, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / LOCK).write_bytes(b"")
    arguments = [word for word in compare(drawn.data, drawn.weights, out) if word != "--json"]
    code = main(arguments)
    assert (code, capsys.readouterr().err) == (0, "")
