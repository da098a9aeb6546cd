"""What each strategy lets each stage do."""

from __future__ import annotations

import pytest

from ftgui.freezing.plan import FreezePlan, make_plan
from ftgui.freezing.strategies import STRATEGIES

NAMES = ("stem", "layer1", "head")


def as_written(plan: FreezePlan) -> list[tuple[str, bool, float, bool]]:
    return [(s.stage, s.in_optimizer, s.lr_mult, s.learns) for s in plan.stages]


@pytest.mark.parametrize(
    ("strategy", "extractor"),
    [
        ("freeze", (False, 0.0, False)),
        ("lr-zero", (True, 0.0, False)),
        ("small-lr", (True, 0.25, True)),
        ("full", (True, 1.0, True)),
    ],
)
def test_a_strategy_is_what_its_name_says(strategy: str, extractor: tuple[bool, float, bool]) -> None:
    plan = make_plan(strategy, NAMES, backbone_lr_mult=0.25)
    assert as_written(plan) == [
        ("stem", *extractor),
        ("layer1", *extractor),
        ("head", True, 1.0, True),
    ]
    assert plan.strategy == strategy


def test_the_multiplier_is_a_tenth_and_norms_are_locked_unless_said() -> None:
    plan = make_plan("small-lr", NAMES)
    assert plan.stages[0].lr_mult == 0.1
    assert plan.norm == "locked"


def test_a_multiplier_of_0_lets_nothing_learn_but_the_head() -> None:
    plan = make_plan("small-lr", NAMES, backbone_lr_mult=0.0)
    assert as_written(plan) == as_written(make_plan("lr-zero", NAMES))


@pytest.mark.parametrize(("strategy", "line"), [("freeze", 2), ("lr-zero", 2), ("small-lr", 0), ("full", 0)])
def test_the_ice_line_ends_the_stages_that_stay(strategy: str, line: int) -> None:
    assert make_plan(strategy, NAMES).ice_line == line


@pytest.mark.parametrize("norm", ["adapt", "trainable"])
def test_nothing_is_behind_the_ice_line_where_norms_adapt(norm: str) -> None:
    assert make_plan("freeze", NAMES, norm=norm).ice_line == 0  # type: ignore[arg-type]


def test_every_strategy_says_in_words_what_it_is() -> None:
    for name, strategy in STRATEGIES.items():
        assert strategy.name == name
        assert strategy.title
        assert strategy.moves.format(mult=0.1)
        assert strategy.cost.endswith(".")
