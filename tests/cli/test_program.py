"""The real program in a process of its own: exit codes, signals, pipes, rights."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures import FP32, Drawn
from tests.harness.process import REPOSITORY, run_ftgui, run_python

ONE_THREAD = {"OMP_NUM_THREADS": "1"}
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows neither these signals nor rights")


def train(drawn: Drawn, out: Path, *more: str) -> tuple[str, ...]:
    quick = ("--epochs", "1", "--batch-size", "8", "--device", "cpu", "--json", *FP32)
    return ("train", str(drawn.data), "--weights", str(drawn.weights), "--out", str(out), *quick, *more)


def test_a_run_and_its_prediction_with_pictures_of_full_size(drawn: Drawn, tmp_path: Path) -> None:
    done = run_ftgui(*train(drawn, tmp_path / "run"), **ONE_THREAD)
    assert (done.returncode, done.stderr) == (0, "")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    started = next(event for event in events if event["event"] == "run_started")
    assert started["preprocessing"]["crop"] == 224
    assert started["threads"] == 1
    assert (events[-1]["event"], events[-1]["reason"], events[-1]["frozen_changed"]) == (
        "run_ended",
        "completed",
        0,
    )


def test_a_failure_exits_with_1_and_one_line(drawn: Drawn, tmp_path: Path) -> None:
    done = run_ftgui(*train(drawn, tmp_path / "run"), "--classes", "1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ftgui: The number of classes is 1, but the folder holds 3 classes.")
    assert done.stderr.count("\n") == 1


def test_wrong_usage_exits_with_2(tmp_path: Path) -> None:
    done = run_ftgui("train", "--out", str(tmp_path / "run"))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert run_ftgui("train").returncode == 2


@POSIX
def test_ctrl_c_stops_the_run_and_keeps_its_weights(drawn: Drawn, tmp_path: Path) -> None:
    arguments = train(drawn, tmp_path / "run", "--epochs", "5000")
    with subprocess.Popen(
        [sys.executable, "-m", "ftgui", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, **ONE_THREAD},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if '"epoch_ended"' in line:
                process.send_signal(signal.SIGINT)
                break
        lines += process.stdout.read().splitlines()
        complaint = process.stderr.read()
    assert (process.returncode, complaint) == (0, "")
    told = [json.loads(line) for line in lines]
    saved = [event["epoch"] for event in told if event["event"] == "checkpoint_saved"]
    last = told[-1]
    assert (last["event"], last["reason"], last["best_epoch"]) == ("run_ended", "stopped", saved[-1])
    assert 1 <= last["best_epoch"] <= last["epochs"] < 5000
    assert (tmp_path / "run" / "best.pth").is_file()
    assert (tmp_path / "run" / "summary.json").is_file()


@POSIX
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to become another user"
)
def test_a_folder_that_another_owns_is_not_written_to(drawn: Drawn, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir(mode=0o755)
    code = (
        "import os, sys\n"
        "from ftgui.core.files import new_folder\n"
        "from pathlib import Path\n"
        "os.setuid(65534)\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        new_folder(Path(path), 'the run')\n"
        "    except Exception as error:\n"
        "        print(type(error).__name__, error)\n"
    )
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    done = run_python("-c", code, str(out), str(out / "inner"), cwd=REPOSITORY)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("FtguiError The run cannot be written to “")
        assert "Permission denied" in line
    assert list(out.iterdir()) == []


@POSIX
def test_a_reader_that_goes_away_is_no_traceback(drawn: Drawn) -> None:
    command = f"'{sys.executable}' -W error -m ftgui scan '{drawn.data}' | true"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, cwd=REPOSITORY, timeout=120, check=False
    )
    assert done.stderr == ""
