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
from ftgui.training.config import SETTINGS, TrainConfig, check_config

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
        (*TRAIN, "--stage-lr"),
        (*TRAIN, "--stage-lr", "layer4"),
        (*TRAIN, "--stage-lr", "=0.1"),
        (*TRAIN, "--stage-lr", "layer4="),
        (*TRAIN, "--stage-lr", "layer4=fast"),
        (*TRAIN, "--stage-lr", "layer4=0.1=0.2"),
        (*TRAIN, "--stage-lr", "layer3=1", "layer4"),
        (*TRAIN, "--thaw-epoch", "1.5"),
        (*TRAIN, "--class-weights", "on"),
        (*TRAIN, "--early-stop-monitor", "luck"),
        ("resume",),
        ("resume", "a", "b"),
        ("resume", "run", "--epochs", "3"),
        ("lr-find", "data", "--weights", "w.pth", "--out", "run"),
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
        (("lr-find", "--weights", "w.pth"), "DATA"),
        (("lr-find", "data"), "--weights"),
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
    "command",
    [
        (),
        ("train",),
        ("resume",),
        ("lr-find",),
        ("scan",),
        ("inspect",),
        ("predict",),
        ("export",),
        ("demo",),
    ],
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
        "freeze_until": "features.4-6",
        "thaw_epoch": 4,
        "norm": "adapt",
        "optimizer": "adamw",
        "momentum": 0.5,
        "weight_decay": 0.125,
        "schedule": "step",
        "warmup_epochs": 2,
        "clip_grad": 1.5,
        "label_smoothing": 0.1,
        "class_weights": "balanced",
        "early_stop": 5,
        "early_stop_monitor": "val_accuracy",
        "early_stop_min_delta": 0.01,
        "augment": "standard",
        "views": 7,
        "val_fraction": 0.5,
        "split_seed": 8,
        "seed": 9,
        "precision": "bf16",
        "layout": "channels_last",
        "cache": "off",
        "init": "random",
        "preprocessing": "IMAGENET1K_V2",
    }
    assert said.keys() >= {setting.name for setting in SETTINGS}
    flags = [word for name, value in said.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    found = config(*TRAIN, "--strategy", "full", "--classes", "4", "--arch", "resnet18", *flags)
    expected = {**said, "strategy": "full", "classes": 4, "architecture": "resnet18"}
    assert found == TrainConfig(dataset="data", weights="w.pth", **expected)  # type: ignore[arg-type]


def test_no_cache_is_short_for_a_cache_that_is_off() -> None:
    assert config(*TRAIN, "--no-cache") == TrainConfig(dataset="data", weights="w.pth", cache="off")
    assert config(*TRAIN).cache == "on"


@pytest.mark.parametrize(
    ("words", "multiples"),
    [
        (("stem=0", "layer4=0.5"), {"stem": 0.0, "layer4": 0.5}),
        (("features.4-6=1e-2",), {"features.4-6": 0.01}),
        (("stem=0", "--stage-lr", "head=2"), {"stem": 0.0, "head": 2.0}),
        (("stem=0", "--stage-lr", "stem=1"), {"stem": 1.0}),  # what is said last counts
    ],
)
def test_stages_may_have_multiples_of_their_own(words: tuple[str, ...], multiples: dict[str, float]) -> None:
    assert config(*TRAIN, "--stage-lr", *words).stage_lr == multiples


def test_a_search_for_a_learning_rate_takes_what_training_takes() -> None:
    found = config("lr-find", "data", "--weights", "w.pth", "--strategy", "thaw", "--stage-lr", "stem=0")
    assert found == TrainConfig(dataset="data", weights="w.pth", strategy="thaw", stage_lr={"stem": 0.0})


def test_a_wrong_stage_multiple_says_what_one_looks_like(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*TRAIN, "--stage-lr", "layer4"])
    assert "“layer4” is not STAGE=MULT, such as layer4=0.1" in capsys.readouterr().err


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


# Another strategy for a run's config ------------------------------------------------------------------------


def from_file(tmp_path: Path, written: dict[str, object], *arguments: str) -> TrainConfig:
    """Return what is trained where a run's config says one thing and the command line another."""
    records.write_json(tmp_path / "config.json", TrainConfig(dataset="/d", weights="/w", **written))  # type: ignore[arg-type]
    return config("train", "--config", str(tmp_path / "config.json"), "--out", "run", *arguments)


def plain(**changes: object) -> TrainConfig:
    return TrainConfig(dataset="/d", weights="/w", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "arguments", "found"),
    [
        # A learning rate that was only the default of its strategy does not outlive it …
        ({"strategy": "freeze", "lr": 0.01}, ("--strategy", "full"), {"strategy": "full", "lr": None}),
        (
            {"strategy": "full", "lr": 0.001},
            ("--optimizer", "adamw"),
            {"strategy": "full", "lr": None, "optimizer": "adamw"},
        ),
        # … and one that was asked for does.
        ({"strategy": "freeze", "lr": 0.02}, ("--strategy", "full"), {"strategy": "full", "lr": 0.02}),
        # What shaped a strategy does not outlive a change to one that does not look at it …
        ({"strategy": "thaw", "thaw_epoch": 5}, ("--strategy", "full"), {"strategy": "full"}),
        (
            {"strategy": "partial", "freeze_until": "layer2"},
            ("--strategy", "thaw"),
            {"strategy": "thaw", "freeze_until": None},
        ),
        (
            {"strategy": "small-lr", "backbone_lr_mult": 0.25},
            ("--strategy", "freeze"),
            {"strategy": "freeze"},
        ),
        # … to one that does look at it, it does …
        (
            {"strategy": "thaw", "thaw_epoch": 5, "backbone_lr_mult": 0.25},
            ("--strategy", "small-lr"),
            {"strategy": "small-lr", "backbone_lr_mult": 0.25},
        ),
        # … as it does where the strategy stays.
        (
            {"strategy": "partial", "freeze_until": "layer2"},
            ("--epochs", "3"),
            {"strategy": "partial", "freeze_until": "layer2", "epochs": 3},
        ),
        (
            {"strategy": "thaw", "thaw_epoch": 5},
            ("--strategy", "thaw", "--thaw-epoch", "3"),
            {"strategy": "thaw", "thaw_epoch": 3},
        ),
        # What is said now is taken, looked at or not: a warning says so.
        (
            {"strategy": "thaw", "thaw_epoch": 5},
            ("--strategy", "full", "--thaw-epoch", "3"),
            {"strategy": "full", "thaw_epoch": 3},
        ),
        # Multiples of single stages hold for every strategy.
        (
            {"strategy": "thaw", "stage_lr": {"stem": 0.0}},
            ("--strategy", "full"),
            {"strategy": "full", "stage_lr": {"stem": 0.0}},
        ),
    ],
)
def test_a_configs_strategy_can_be_changed(
    tmp_path: Path, written: dict[str, object], arguments: tuple[str, ...], found: dict[str, object]
) -> None:
    assert from_file(tmp_path, written, *arguments) == plain(**found)
    check_config(from_file(tmp_path, written, *arguments))
