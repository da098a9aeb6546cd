"""What the command line understands, and how it says what it does not."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ftgui import __version__
from ftgui.__main__ import main
from ftgui.cli.parser import make_parser
from ftgui.cli.training import config_from
from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.training.config import SETTINGS, TrainConfig

TRAIN = ("train", "data", "--weights", "w.pth", "--out", "run")


def config(*arguments: str) -> TrainConfig:
    return config_from(make_parser().parse_args(arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        ("melt",),
        ("train",),
        ("train", "data", "--weights", "w.pth"),
        (*TRAIN, "--strategy", "melt"),
        (*TRAIN, "--epochs", "many"),
        (*TRAIN, "--epochs", "1.5"),
        (*TRAIN, "--lr", "fast"),
        (*TRAIN, "--norm", "loose"),
        (*TRAIN, "--unheard-of"),
        ("scan",),
        ("scan", "a", "b"),
        ("predict", "run"),
        ("predict", "run", "a.jpg", "--top", "0"),
        ("predict", "run", "a.jpg", "--top", "few"),
        ("export", "run"),
        ("--unheard-of",),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2_and_says_why(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "usage: ftgui" in said.err
    assert "error: " in said.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (("train", "--out", "run", "--weights", "w.pth"), "DATA"),
        (("train", "data", "--out", "run"), "--weights"),
    ],
)
def test_training_without_data_or_weights_is_wrong_usage_in_one_line(
    arguments: tuple[str, ...], missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert missing in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    "command", [(), ("train",), ("scan",), ("inspect",), ("predict",), ("export",), ("demo",)]
)
def test_help_is_there_for_everything(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main((*command, "--help"))
    assert exit_.value.code == 0
    assert capsys.readouterr().out.startswith("usage: ftgui")


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"ftgui {__version__}\n"


def test_nothing_said_leaves_every_default() -> None:
    assert config(*TRAIN) == TrainConfig(dataset="data", weights="w.pth")


def test_every_setting_has_an_option() -> None:
    said = {
        "epochs": 3,
        "batch_size": 5,
        "lr": 0.5,
        "device": "cpu",
        "backbone_lr_mult": 0.25,
        "norm": "adapt",
        "optimizer": "adamw",
        "momentum": 0.5,
        "weight_decay": 0.125,
        "schedule": "step",
        "augment": "standard",
        "views": 7,
        "val_fraction": 0.5,
        "seed": 9,
        "precision": "bf16",
        "init": "random",
    }
    assert said.keys() >= {setting.name for setting in SETTINGS}
    flags = [word for name, value in said.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    found = config(*TRAIN, "--strategy", "full", "--classes", "4", "--arch", "resnet18", *flags)
    expected = {**said, "strategy": "full", "classes": 4, "architecture": "resnet18"}
    assert found == TrainConfig(dataset="data", weights="w.pth", **expected)  # type: ignore[arg-type]


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    asked = TrainConfig(dataset="/pictures", weights="/w.pth", strategy="small-lr", epochs=7, lr=0.5, seed=3)
    records.write_json(tmp_path / "config.json", asked)
    return tmp_path / "config.json"


def test_a_config_file_says_everything(config_file: Path) -> None:
    found = config("train", "--config", str(config_file), "--out", "run")
    assert found == records.read_json(config_file, TrainConfig)


def test_what_is_said_overrules_the_config_file(config_file: Path) -> None:
    found = config(
        "train", "other", "--config", str(config_file), "--out", "run", "--epochs", "2", "--lr", "0"
    )
    assert found == msgspec.structs.replace(
        records.read_json(config_file, TrainConfig), dataset="other", epochs=2, lr=0.0
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is not a file that ftgui wrote"),
        ('{"dataset": 3, "weights": "w"}', "is not a file that ftgui wrote"),
        ('{"format_version": 9}', "newer ftgui"),
    ],
)
def test_a_config_file_that_is_none_is_refused(config_file: Path, content: str, words: str) -> None:
    config_file.write_text(content)
    with pytest.raises(FtguiError, match=words):
        config("train", "--config", str(config_file), "--out", "run")


def test_a_config_file_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--config", "/none/config.json", "--out", "run"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
