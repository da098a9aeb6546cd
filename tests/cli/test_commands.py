"""The commands in this process: what they print and what they return."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

import ftgui.jobs.train as train_job
import ftgui.training.trainer as trainer_module
from ftgui.__main__ import main
from ftgui.cli import commands
from ftgui.jobs.predict import predict
from ftgui.runs.history import open_run
from ftgui.training.control import RunControl
from ftgui.training.events import RunEnded, RunStarted, TrainingEvent
from tests import samples
from tests.fixtures import FP32, Drawn, Finished
from tests.harness.process import run_ftgui

Capture = pytest.CaptureFixture[str]


def train_arguments(drawn: Drawn, out: Path, *more: str) -> list[str]:
    quick = ("--epochs", "2", "--batch-size", "8", "--lr", "0.02", "--device", "cpu", *FP32)
    return ["train", str(drawn.data), "--weights", str(drawn.weights), "--out", str(out), *quick, *more]


def failed_in_one_line(arguments: list[str], capsys: Capture) -> str:
    """Run a command that fails, and return the one line that it says."""
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.err.startswith("ftgui: ")
    assert said.err.endswith("\n")
    assert said.err.count("\n") == 1, said.err
    assert "Traceback" not in said.err + said.out
    return said.err


@pytest.mark.usefixtures("small_crops")
def test_train_prints_an_event_a_line_and_ends_with_the_end(
    drawn: Drawn, tmp_path: Path, capsys: Capture
) -> None:
    assert main(train_arguments(drawn, tmp_path / "run", "--json")) == 0
    said = capsys.readouterr()
    assert said.err == ""
    events = [msgspec.json.decode(line, type=TrainingEvent) for line in said.out.splitlines()]
    assert isinstance(events[-1], RunEnded)
    last = json.loads(said.out.splitlines()[-1])
    assert (last["event"], last["reason"], last["frozen_changed"]) == ("run_ended", "completed", 0)
    assert last["frozen_tensors"] > 300
    assert 0 <= last["best_val_accuracy"] <= 1
    assert last["seconds"] > 0
    assert open_run(tmp_path / "run").ended == events[-1]


@pytest.mark.usefixtures("small_crops")
def test_train_says_in_words_what_it_does(drawn: Drawn, tmp_path: Path, capsys: Capture) -> None:
    assert main(train_arguments(drawn, tmp_path / "run")) == 0
    said = capsys.readouterr()
    assert said.err == "", "no progress bar where nobody watches"
    assert "shufflenet_v2_x0_5, strategy freeze, 24 training and 6 validation pictures, 3 classes" in said.out
    assert said.out.count("\nepoch ") == 2
    assert "best validation accuracy" in said.out
    ended = open_run(tmp_path / "run").ended
    assert ended is not None
    assert f"0 of {ended.frozen_tensors} frozen entries changed" in said.out


@pytest.mark.usefixtures("small_crops")
def test_the_command_line_trains_as_the_job_does(
    finished: dict[str, Finished], drawn: Drawn, tmp_path: Path, capsys: Capture
) -> None:
    assert main(train_arguments(drawn, tmp_path / "run", "--epochs", "3", "--no-cache")) == 0
    here, there = (open_run(folder) for folder in (tmp_path / "run", finished["freeze"].folder))
    assert [e.val_loss for e in here.epochs] == [e.val_loss for e in there.epochs]
    capsys.readouterr()


@pytest.mark.usefixtures("small_crops")
def test_a_run_is_repeated_from_its_config(drawn: Drawn, tmp_path: Path, capsys: Capture) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(train_arguments(drawn, first)) == 0
    assert main(["train", "--config", str(first / "config.json"), "--out", str(second)]) == 0
    assert (first / "config.json").read_bytes() == (second / "config.json").read_bytes()
    figures = [[(e.train_loss, e.val_loss) for e in open_run(run).epochs] for run in (first, second)]
    assert figures[0] == figures[1]
    capsys.readouterr()


@pytest.mark.usefixtures("small_crops")
def test_a_flipped_bit_makes_the_exit_code_1(
    drawn: Drawn, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = train_job.TrainJob._moved

    def prove(job: Any, *arguments: Any) -> Any:
        state = torch.load(job.out / "best.pth", weights_only=True)
        state["stage2.0.branch1.0.weight"].view(torch.int32).view(-1)[3] ^= 1
        torch.save(state, job.out / "best.pth")
        return real(job, *arguments)

    monkeypatch.setattr(train_job.TrainJob, "_moved", prove)
    assert main(train_arguments(drawn, tmp_path / "run", "--json")) == 1
    said = capsys.readouterr()
    last = json.loads(said.out.splitlines()[-1])
    assert (last["reason"], last["frozen_changed"]) == ("proof_failed", 1)
    assert said.err.count("\n") == 1
    assert "stage2.0.branch1.0.weight" in said.err


@pytest.mark.usefixtures("small_crops")
@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(28, "No space left on device"),
        RuntimeError("two\nlines"),
        torch.OutOfMemoryError("CUDA out of memory.\nTry this"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_run_that_fails_says_so_in_one_line(
    drawn: Drawn, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*arguments: Any) -> Any:
        raise error

    monkeypatch.setattr(trainer_module, "train_step", fail)
    failed_in_one_line(train_arguments(drawn, tmp_path / "run"), capsys)


@pytest.mark.usefixtures("small_crops")
def test_a_loss_that_blows_up_says_so_in_one_line(drawn: Drawn, tmp_path: Path, capsys: Capture) -> None:
    wild = train_arguments(drawn, tmp_path / "run", "--strategy", "full", "--lr", "100", "--batch-size", "2")
    assert "no longer a finite number" in failed_in_one_line(wild, capsys)


@pytest.mark.usefixtures("small_crops")
def test_a_stopped_run_is_no_failure(
    drawn: Drawn, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunControl, "stopping", property(lambda _: True))
    assert main(train_arguments(drawn, tmp_path / "run", "--json")) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["reason"] == "stopped"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_with_a_run_in_it_is_one_line_and_left_alone(
    finished: dict[str, Finished], drawn: Drawn, capsys: Capture
) -> None:
    folder = finished["freeze"].folder
    before = contents(folder)
    line = failed_in_one_line(train_arguments(drawn, folder), capsys)
    assert "never writes over it" in line
    assert contents(folder) == before


# Bad input ------------------------------------------------------------------------------------------------


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A folder of everything that someone may choose by mistake."""
    (tmp_path / "empty").mkdir()
    samples.draw_class(tmp_path / "one" / "apples", 0, 3)
    samples.draw_class(tmp_path / "flat", 0, 3)
    (tmp_path / "text.pth").write_text("these are no weights\n")
    (tmp_path / "empty.pth").write_bytes(b"")
    torch.save({"lr": 0.1, "words": ["no", "weights"]}, tmp_path / "numbers.pth")
    torch.save([Fraction(1, 2)], tmp_path / "objects.pth")
    torch.save({"layer.weight": torch.ones(3, 3)}, tmp_path / "unknown.pth")
    return tmp_path


@pytest.mark.parametrize("command", ["train", "scan"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none", "There is no folder"),
        ("empty", "holds neither pictures nor folders"),
        ("one", "a single class, “apples”"),
        ("flat", "3 pictures but no class folders"),
        ("text.pth", "is a file, not a folder"),
    ],
)
def test_a_folder_that_will_not_do_is_one_line(
    bad: Path, drawn: Drawn, capsys: Capture, command: str, name: str, words: str
) -> None:
    arguments = [command, str(bad / name)]
    if command == "train":
        arguments += ["--weights", str(drawn.weights), "--out", str(bad / "run")]
    assert words in failed_in_one_line(arguments, capsys)
    assert not (bad / "run").exists()


@pytest.mark.parametrize("command", ["train", "inspect"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.pth", "There is no file"),
        ("empty.pth", "is empty"),
        ("text.pth", "is a text file"),
        ("numbers.pth", "no named weights"),
        ("objects.pth", "Python objects"),
        ("unknown.pth", "of no network in torchvision"),
        ("empty", "is a folder"),
    ],
)
def test_a_weights_file_that_will_not_do_is_one_line(
    bad: Path, drawn: Drawn, capsys: Capture, command: str, name: str, words: str
) -> None:
    weights = str(bad / name)
    arguments = ["inspect", weights]
    if command == "train":
        arguments = ["train", str(drawn.data), "--weights", weights, "--out", str(bad / "run")]
    assert words in failed_in_one_line(arguments, capsys)
    assert not (bad / "run").exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--arch", "resnet18"), "do not fit ResNet-18"),
        (("--arch", "resnet19"), "There is no architecture “resnet19”"),
        (("--classes", "0"), "cannot be 0"),
        (("--classes", "1"), "is 1, but the folder holds 3 classes"),
        (("--classes", "2"), "is 2, but the folder holds 3 classes"),
        (("--classes", "10000"), "cannot be 10000"),
        (("--classes", "-3"), "cannot be -3"),
        (("--epochs", "0"), "Epochs cannot be 0"),
        (("--lr", "nan"), "Learning rate cannot be nan"),
        (("--lr", "1e20"), "Learning rate cannot be 1"),
        (("--device", "mps"), "“mps” is not available"),
        (("--init", "random"), "would keep random weights"),
        (("--strategy", "scratch", "--init", "pretrained"), "“From scratch” starts from random weights"),
        (("--strategy", "partial", "--freeze-until", "head"), "There is no stage “head” before the output"),
        (("--strategy", "thaw", "--thaw-epoch", "1"), "Thaws at epoch cannot be 1"),
        (("--stage-lr", "stem=-1"), "The learning rate of “stem” cannot be × -1"),
        (("--stage-lr", "stem=nan"), "The learning rate of “stem” cannot be × nan"),
        (("--stage-lr", "head=0"), "Nothing would learn"),
        (("--label-smoothing", "1"), "Label smoothing cannot be 1"),
        (("--early-stop", "0"), "Stop early after cannot be 0"),
        (("--clip-grad", "0"), "Clip gradients at cannot be 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_setting_that_cannot_be_is_one_line(
    drawn: Drawn, tmp_path: Path, capsys: Capture, more: tuple[str, ...], words: str
) -> None:
    assert words in failed_in_one_line(train_arguments(drawn, tmp_path / "run", *more), capsys)
    assert not (tmp_path / "run").exists()


# The other commands ---------------------------------------------------------------------------------------


def test_scan_counts(drawn: Drawn, tmp_path: Path, capsys: Capture) -> None:
    assert main(["scan", str(drawn.data), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pictures"], found["has_val"]) == (30, False)
    assert [(c["name"], c["train"], c["val"]) for c in found["classes"]] == [
        ("apples", 10, 0),
        ("bricks", 10, 0),
        ("clouds", 10, 0),
    ]
    data = samples.draw_dataset(tmp_path / "data", classes=2, per_class=4, split=True)
    assert main(["scan", str(data)]) == 0
    words = capsys.readouterr().out
    assert "12 pictures in 2 classes" in words
    assert words.count(" 4 train") == words.count(" 2 val") == 2


def test_inspect_says_what_a_file_is(drawn: Drawn, capsys: Capture) -> None:
    assert main(["inspect", str(drawn.weights), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["architecture"], found["num_classes"]) == ("shufflenet_v2_x0_5", 5)
    assert found["preprocessing"].keys() == {"resize", "crop", "interpolation", "mean", "std"}
    assert (found["missing"], found["unexpected"]) == ([], [])
    assert found["matched"] == len(torch.load(drawn.weights, weights_only=True))
    assert main(["inspect", str(drawn.weights)]) == 0
    words = capsys.readouterr().out
    assert "shufflenet_v2_x0_5" in words
    assert "5 classes" in words


def test_inspect_of_an_unknown_file_still_prints_what_it_found(bad: Path, capsys: Capture) -> None:
    assert main(["inspect", str(bad / "unknown.pth"), "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["architecture"] is None
    assert said.err.count("\n") == 1


def test_inspect_says_in_json_too_why_a_file_cannot_be_read(bad: Path, drawn: Drawn, capsys: Capture) -> None:
    assert main(["inspect", str(bad / "empty.pth"), "--json"]) == 1
    said = capsys.readouterr()
    refused = json.loads(said.out)
    assert (refused["architecture"], refused["reason"]) == (None, "“empty.pth” is empty.")
    assert refused["hint"] in said.err
    assert main(["inspect", str(drawn.weights), "--json"]) == 0
    assert refused.keys() - json.loads(capsys.readouterr().out).keys() == {"hint", "details"}


def test_predict_ranks_classes(finished: dict[str, Finished], drawn: Drawn, capsys: Capture) -> None:
    pictures = [str(drawn.data / "apples" / f"00{n}.png") for n in (0, 1)]
    folder = finished["full"].folder
    assert main(["predict", str(folder), *pictures, "--top", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["predictions"]
    expected = list(predict(folder, [Path(p) for p in pictures], 2))
    assert [tuple(answer["classes"]) for answer in found] == [answer.classes for answer in expected]
    assert [answer["path"] for answer in found] == pictures
    assert main(["predict", str(folder), *pictures]) == 0
    words = capsys.readouterr().out.splitlines()
    assert len(words) == 2
    assert words[0].startswith(f"{pictures[0]}: ")
    assert all(name in words[0] for name in ("apples", "bricks", "clouds"))


def test_predict_of_what_is_no_picture_is_one_line(
    finished: dict[str, Finished], bad: Path, capsys: Capture
) -> None:
    line = failed_in_one_line(["predict", str(finished["full"].folder), str(bad / "text.pth")], capsys)
    assert "text.pth" in line


def test_predict_with_what_is_no_run_is_one_line(bad: Path, drawn: Drawn, capsys: Capture) -> None:
    line = failed_in_one_line(["predict", str(bad), str(drawn.data / "apples" / "000.png")], capsys)
    assert "neither a run nor an export" in line


def test_export_writes_and_says_what(finished: dict[str, Finished], tmp_path: Path, capsys: Capture) -> None:
    run = str(finished["full"].folder)
    assert main(["export", run, "--out", str(tmp_path / "a"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["out"] == str(tmp_path / "a")
    assert found["model"]["architecture"] == "shufflenet_v2_x0_5"
    assert main(["export", run, "--out", str(tmp_path / "b")]) == 0
    assert "model.pth" in capsys.readouterr().out
    assert (tmp_path / "b" / "model.pth").is_file()


def test_export_into_a_folder_that_holds_something_is_one_line(
    finished: dict[str, Finished], bad: Path, capsys: Capture
) -> None:
    line = failed_in_one_line(["export", str(finished["full"].folder), "--out", str(bad)], capsys)
    assert "never writes over it" in line


def test_a_defect_of_our_own_is_one_line_unless_asked_for_more(
    drawn: Drawn, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(arguments: object) -> int:
        raise ZeroDivisionError("first line\nsecond line")

    monkeypatch.setitem(commands.COMMANDS, "scan", broken)
    assert "first line" in failed_in_one_line(["scan", str(drawn.data)], capsys)
    monkeypatch.setenv("FTGUI_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["scan", str(drawn.data)])


def test_the_first_event_that_scripts_see_of_a_run_says_what_it_is(finished: dict[str, Finished]) -> None:
    started = [e for e in finished["full"].events if isinstance(e, RunStarted)]
    assert len(started) == 1


def test_a_pipe_carries_every_name_whatever_the_system_speaks(drawn: Drawn, tmp_path: Path) -> None:
    """Windows' pipes speak code pages that lack most of the world's names."""
    shutil.copytree(drawn.data, tmp_path / "pictures")
    first = min((tmp_path / "pictures").iterdir())
    first.rename(tmp_path / "pictures" / "日本")
    done = run_ftgui("scan", str(tmp_path / "pictures"), "--json", PYTHONIOENCODING="cp1252")
    assert done.returncode == 0, done.stderr
    assert "日本" in done.stdout
