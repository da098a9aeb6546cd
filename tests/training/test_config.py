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
    plain,
    unread_settings,
)

NUMBERS = [setting for setting in SETTINGS if setting.kind in ("int", "float")]
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
    return 1 if setting.kind == "int" else max(1e-3, setting.maximum / 1000)


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
        check_config(config(**({"strategy": "full"} | {setting.name: choice})))


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


def test_scratch_starts_from_random_weights_and_no_other() -> None:
    error = refusal(strategy="scratch", init="pretrained")
    assert error.message == "“From scratch” starts from random weights."
    assert "full" in error.hint
    check_config(config(strategy="scratch", init="random"))
    check_config(config(strategy="scratch"))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_starts_from_the_weights_that_are_its_own_unless_said(strategy: str) -> None:
    own = "random" if strategy == "scratch" else "pretrained"
    assert config(strategy=strategy).starting_weights == own
    assert config(strategy=strategy, init="random").starting_weights == "random"


def test_the_defaults_are_those_of_the_design() -> None:
    plain = msgspec.to_builtins(config())
    assert plain == {
        "format_version": 1,
        "dataset": "pictures",
        "weights": "weights.pth",
        "strategy": "freeze",
        "architecture": None,
        "classes": None,
        "init": None,
        "norm": "locked",
        "backbone_lr_mult": 0.1,
        "freeze_until": None,
        "thaw_epoch": None,
        "stage_lr": {},
        "epochs": 10,
        "batch_size": 32,
        "lr": None,
        "optimizer": "sgd",
        "momentum": 0.9,
        "weight_decay": 1e-4,
        "schedule": "cosine",
        "warmup_epochs": 0,
        "clip_grad": None,
        "label_smoothing": 0.0,
        "class_weights": "off",
        "early_stop": None,
        "early_stop_monitor": "val_loss",
        "early_stop_min_delta": 0.0,
        "augment": "flip",
        "views": None,
        "val_fraction": 0.2,
        "split_seed": None,
        "exclude": (),
        "seed": 0,
        "device": "auto",
        "precision": "auto",
        "layout": "auto",
        "cache": "on",
        "preprocessing": None,
    }


@pytest.mark.parametrize(
    ("strategy", "sgd", "adamw"),
    [
        ("freeze", 0.01, 0.001),
        ("lr-zero", 0.01, 0.001),
        ("small-lr", 0.01, 0.001),
        ("partial", 0.01, 0.001),
        ("thaw", 0.01, 0.001),
        ("scratch", 0.01, 0.001),
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


# What shapes a strategy -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("epochs", "asked", "joins"),
    [
        (10, None, 5),
        (9, None, 5),
        (3, None, 2),
        (2, None, 2),
        (1, None, 2),  # never the first: then it would be small-lr
        (10, 2, 2),
        (10, 99, 99),
    ],
)
def test_the_extractor_joins_at_half_of_the_epochs_unless_said(
    epochs: int, asked: int | None, joins: int
) -> None:
    assert config(strategy="thaw", epochs=epochs, thaw_epoch=asked).joining_epoch == joins


@pytest.mark.parametrize(
    ("given", "strategy", "unread"),
    [
        ({}, "freeze", ()),
        ({"backbone_lr_mult": 0.2}, "freeze", ("backbone_lr_mult",)),
        ({"backbone_lr_mult": 0.2}, "small-lr", ()),
        ({"backbone_lr_mult": 0.2}, "thaw", ()),
        ({"backbone_lr_mult": 0.1}, "freeze", ()),  # what it would be anyway is nothing to warn of
        ({"freeze_until": "layer2"}, "partial", ()),
        ({"freeze_until": "layer2"}, "full", ("freeze_until",)),
        ({"thaw_epoch": 3}, "thaw", ()),
        ({"thaw_epoch": 3, "freeze_until": "a"}, "lr-zero", ("freeze_until", "thaw_epoch")),
        ({"epochs": 3, "norm": "adapt", "stage_lr": {"stem": 0.1}}, "scratch", ()),
    ],
)
def test_settings_that_a_strategy_does_not_look_at_are_found(
    given: dict[str, Any], strategy: str, unread: tuple[str, ...]
) -> None:
    assert sorted(unread_settings(config(strategy=strategy, **given))) == sorted(unread)


def as_written(found: TrainConfig) -> list[tuple[bool, float, int]]:
    plan = found.plan(("stem", "layer1", "layer2", "head"))
    return [(stage.in_optimizer, stage.lr_mult, stage.from_epoch) for stage in plan.stages]


@pytest.mark.parametrize(
    ("asked", "stages"),
    [
        ({"strategy": "freeze"}, [(False, 0, 1), (False, 0, 1), (False, 0, 1), (True, 1, 1)]),
        (
            {"strategy": "small-lr", "backbone_lr_mult": 0.5},
            [(True, 0.5, 1), (True, 0.5, 1), (True, 0.5, 1), (True, 1, 1)],
        ),
        (
            {"strategy": "partial", "freeze_until": "stem"},
            [(False, 0, 1), (True, 1, 1), (True, 1, 1), (True, 1, 1)],
        ),
        ({"strategy": "partial"}, [(False, 0, 1), (False, 0, 1), (True, 1, 1), (True, 1, 1)]),
        (
            {"strategy": "thaw", "epochs": 8, "stage_lr": {"layer2": 0.5}},
            [(True, 0.1, 4), (True, 0.1, 4), (True, 0.5, 4), (True, 1, 1)],
        ),
        (
            {"strategy": "thaw", "thaw_epoch": 7},
            [(True, 0.1, 7), (True, 0.1, 7), (True, 0.1, 7), (True, 1, 1)],
        ),
    ],
)
def test_a_config_has_the_plan_that_its_settings_make(
    asked: dict[str, Any], stages: list[tuple[bool, float, int]]
) -> None:
    assert as_written(config(**asked)) == stages


def test_a_plan_has_the_norm_policy_and_the_weights_of_its_config() -> None:
    names = ("stem", "head")
    plan = config(strategy="scratch", norm="adapt").plan(names)
    assert (plan.strategy, plan.norm, plan.init) == ("scratch", "adapt", "random")
    assert config(strategy="full").plan(names).init == "pretrained"
    assert config(strategy="full", init="random").plan(names).init == "random"


@pytest.mark.parametrize("multiple", [-0.1, 10.5, math.nan, math.inf])
def test_a_stages_multiple_has_a_range(multiple: float) -> None:
    error = refusal(strategy="full", stage_lr={"layer3": 0.5, "layer4": multiple})
    assert "layer4" in error.message
    assert error.hint == "Choose a multiple from 0 to 10."


def test_both_ends_of_a_multiples_range_belong_to_it() -> None:
    check_config(config(stage_lr={"layer3": 0.0, "layer4": 10.0}))


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("thaw_epoch", 2, 10_000),
        ("warmup_epochs", 0, 1000),
        ("clip_grad", 1e-6, 1e6),
        ("label_smoothing", 0.0, 0.99),
        ("early_stop", 1, 10_000),
        ("early_stop_min_delta", 0.0, 100.0),
        ("backbone_lr_mult", 0.0, 10.0),
    ],
)
def test_these_are_the_ranges_of_what_shapes_training(name: str, least: float, most: float) -> None:
    assert (SETTING_BY_NAME[name].minimum, SETTING_BY_NAME[name].maximum) == (least, most)


@pytest.mark.parametrize(
    "name", ["freeze_until", "thaw_epoch", "clip_grad", "early_stop", "init", "lr", "views"]
)
def test_what_has_no_value_of_its_own_may_be_left_unset(name: str) -> None:
    assert SETTING_BY_NAME[name].default is None
    check_config(config(**{name: None}))


def test_numbers_are_written_as_people_write_them() -> None:
    assert [plain(n) for n in (10_000, 1e6, 0.5, 0.0, 2.0)] == ["10000", "1000000", "0.5", "0", "2"]


def test_a_config_comes_back_from_its_file_as_it_went(tmp_path: Any) -> None:
    asked = config(
        strategy="thaw",
        thaw_epoch=4,
        stage_lr={"stem": 0.0, "features.4-6": 0.1 + 0.2},
        lr=0.1 + 0.2,
        views=3,
        augment="standard",
        warmup_epochs=2,
        clip_grad=1.5,
        label_smoothing=0.1,
        class_weights="balanced",
        early_stop=3,
        early_stop_monitor="val_accuracy",
        seed=2**31 - 1,
    )
    records.write_json(tmp_path / "config.json", asked)
    assert records.read_json(tmp_path / "config.json", TrainConfig) == asked


def test_a_config_of_before_there_were_plans_can_be_read(tmp_path: Any) -> None:
    """An older ftgui wrote out where the weights came from and knew none of the rest."""
    (tmp_path / "config.json").write_text(
        '{"format_version": 1, "dataset": "d", "weights": "w", "strategy": "small-lr", "init": "pretrained",'
        ' "backbone_lr_mult": 0.1, "norm": "locked", "epochs": 7, "lr": 0.01}'
    )
    found = records.read_json(tmp_path / "config.json", TrainConfig)
    check_config(found)
    assert as_written(found)[0] == (True, 0.1, 1)


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
