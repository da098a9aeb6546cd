"""What a run may be asked to do, and what it is asked where nothing is said."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.freezing.strategies import STRATEGIES
from ftgui.training.config import (
    SETTING_BY_NAME,
    SETTINGS,
    Setting,
    TrainConfig,
    check_class_count,
    check_config,
)

NUMBERS = [setting for setting in SETTINGS if setting.kind != "choice"]
CHOICES = [setting for setting in SETTINGS if setting.kind == "choice"]


def config(**changes: Any) -> TrainConfig:
    return TrainConfig(dataset="pictures", weights="weights.pth", **changes)


def refusal(**changes: Any) -> FtguiError:
    """Return what is said of a config, which has to be one sentence and one of advice."""
    with pytest.raises(FtguiError) as caught:
        check_config(config(**changes))
    assert_one_sentence(caught.value)
    return caught.value


def assert_one_sentence(error: FtguiError) -> None:
    for words in (error.message, error.hint):
        assert words.endswith(".")
        assert words[0].isupper() or words[0] == "“"
        assert "\n" not in words
        assert "e+" not in words, "people do not read exponents"


def name_of(setting: Setting) -> str:
    return setting.name


def step(setting: Setting) -> float:
    return 1 if setting.kind == "int" else 1e-3


@pytest.mark.parametrize("setting", NUMBERS, ids=name_of)
def test_a_number_below_its_range_is_refused(setting: Setting) -> None:
    error = refusal(**{setting.name: setting.minimum - step(setting)})
    assert error.message.startswith(f"{setting.label} cannot be ")
    assert error.hint == refusal(**{setting.name: setting.minimum - 2 * step(setting)}).hint


@pytest.mark.parametrize("setting", NUMBERS, ids=name_of)
def test_a_number_above_its_range_is_refused(setting: Setting) -> None:
    error = refusal(**{setting.name: setting.maximum + step(setting)})
    assert error.message.startswith(f"{setting.label} cannot be ")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("setting", NUMBERS, ids=name_of)
def test_what_is_no_finite_number_is_refused(setting: Setting, number: float) -> None:
    refusal(**{setting.name: number})


@pytest.mark.parametrize("setting", NUMBERS, ids=name_of)
def test_both_ends_of_a_range_belong_to_it(setting: Setting) -> None:
    for number in (setting.minimum, setting.maximum):
        check_config(config(**{setting.name: int(number) if setting.kind == "int" else number}))


@pytest.mark.parametrize("setting", CHOICES, ids=name_of)
def test_a_word_that_is_no_choice_is_refused_and_the_choices_are_named(setting: Setting) -> None:
    error = refusal(**{setting.name: "sometimes"})
    assert error.message == f"{setting.label} cannot be “sometimes”."
    assert all(choice in error.hint for choice in setting.choices)


@pytest.mark.parametrize("setting", CHOICES, ids=name_of)
def test_every_choice_can_be_chosen(setting: Setting) -> None:
    for choice in setting.choices:
        check_config(config(**{setting.name: choice}, strategy="full"))


@pytest.mark.parametrize("setting", SETTINGS, ids=name_of)
def test_every_setting_is_a_field_with_a_default_of_its_own_range(setting: Setting) -> None:
    assert setting.name in TrainConfig.__struct_fields__
    setting.check(setting.default)
    assert setting.help.endswith((".", ")."))
    assert SETTING_BY_NAME[setting.name] is setting
    assert setting.flag == "--" + setting.name.replace("_", "-")


def test_every_range_is_closed() -> None:
    for setting in NUMBERS:
        assert math.isfinite(setting.minimum)
        assert math.isfinite(setting.maximum)


def test_an_unknown_strategy_is_refused_and_the_known_ones_are_named() -> None:
    error = refusal(strategy="melt")
    assert "melt" in error.message
    assert all(strategy in error.hint for strategy in STRATEGIES)


@pytest.mark.parametrize("strategy", ["freeze", "lr-zero", "small-lr"])
def test_random_weights_are_nothing_to_keep(strategy: str) -> None:
    error = refusal(strategy=strategy, init="random")
    assert "full" in error.hint
    check_config(config(strategy="full", init="random"))


def test_the_defaults_are_those_of_the_design() -> None:
    plain = msgspec.to_builtins(config())
    assert plain == {
        "format_version": 1,
        "dataset": "pictures",
        "weights": "weights.pth",
        "strategy": "freeze",
        "architecture": None,
        "classes": None,
        "init": "pretrained",
        "norm": "locked",
        "backbone_lr_mult": 0.1,
        "epochs": 10,
        "batch_size": 32,
        "lr": None,
        "optimizer": "sgd",
        "momentum": 0.9,
        "weight_decay": 1e-4,
        "schedule": "cosine",
        "augment": "flip",
        "views": None,
        "val_fraction": 0.2,
        "seed": 0,
        "device": "auto",
        "precision": "auto",
    }


@pytest.mark.parametrize(
    ("strategy", "sgd", "adamw"),
    [
        ("freeze", 0.01, 0.001),
        ("lr-zero", 0.01, 0.001),
        ("small-lr", 0.01, 0.001),
        ("full", 0.001, 0.0001),
    ],
)
def test_the_learning_rate_is_the_strategys_own_and_a_tenth_of_it_for_adamw(
    strategy: str, sgd: float, adamw: float
) -> None:
    assert config(strategy=strategy).head_lr == pytest.approx(sgd)
    assert config(strategy=strategy, optimizer="adamw").head_lr == pytest.approx(adamw)


def test_a_learning_rate_that_is_asked_for_is_taken_as_it_is() -> None:
    assert config(strategy="full", optimizer="adamw", lr=0.3).head_lr == 0.3
    assert config(lr=0.0).head_lr == 0.0


def test_a_config_comes_back_from_its_file_as_it_went(tmp_path: Any) -> None:
    asked = config(strategy="small-lr", lr=0.1 + 0.2, views=3, augment="standard", seed=2**31 - 1)
    records.write_json(tmp_path / "config.json", asked)
    assert records.read_json(tmp_path / "config.json", TrainConfig) == asked


@pytest.mark.parametrize("count", [2, 3, 1000])
def test_as_many_classes_as_there_are_or_more_up_to_1000_will_do(count: int) -> None:
    assert check_class_count(count, 2) == count


def test_unless_said_the_classes_found_are_the_classes() -> None:
    assert check_class_count(None, 2) == 2
    assert check_class_count(None, 1000) == 1000


@pytest.mark.parametrize("count", [-1, 0, 1, 1001, 10_000])
def test_any_other_count_is_refused_with_what_to_choose(count: int) -> None:
    with pytest.raises(FtguiError) as caught:
        check_class_count(count, 2)
    assert_one_sentence(caught.value)
    assert str(count) in caught.value.message
    assert "2" in caught.value.hint


def test_fewer_than_the_classes_found_says_how_many_those_are() -> None:
    with pytest.raises(FtguiError, match="is 3, but the folder holds 5 classes"):
        check_class_count(3, 5)


def test_a_folder_of_more_classes_than_there_may_be_is_not_told_to_choose_an_impossible_number() -> None:
    with pytest.raises(FtguiError) as caught:
        check_class_count(None, 1200)
    assert_one_sentence(caught.value)
    assert "1200" in caught.value.message
    assert "from 1200 to 1000" not in caught.value.hint
