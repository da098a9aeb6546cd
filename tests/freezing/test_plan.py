"""What each strategy lets each stage do, written down by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftgui.core.errors import FtguiError
from ftgui.freezing.plan import FreezePlan, StagePlan, default_freeze_until, make_plan
from ftgui.freezing.strategies import STRATEGIES

NAMES = ("stem", "layer1", "layer2", "layer3", "head")
EXTRACTOR = NAMES[:-1]
MULT, THAW = 0.25, 4

FROZEN = (False, 0.0, 1)
"""In the optimizer, at which multiple of the head's learning rate, from which epoch on."""
ZERO = (True, 0.0, 1)
FULL = (True, 1.0, 1)

Row = tuple[bool, float, int]


def preset(strategy: str, **changes: object) -> FreezePlan:
    return make_plan(strategy, NAMES, backbone_lr_mult=MULT, thaw_epoch=THAW, **changes)  # type: ignore[arg-type]


def as_written(plan: FreezePlan) -> dict[str, Row]:
    return {stage.stage: (stage.in_optimizer, stage.lr_mult, stage.from_epoch) for stage in plan.stages}


def learning(plan: FreezePlan) -> list[str]:
    return [stage.stage for stage in plan.stages if stage.learns]


@pytest.mark.parametrize(
    ("strategy", "stem", "layer1", "layer2", "layer3"),
    [
        ("freeze", FROZEN, FROZEN, FROZEN, FROZEN),
        ("lr-zero", ZERO, ZERO, ZERO, ZERO),
        ("small-lr", (True, 0.25, 1), (True, 0.25, 1), (True, 0.25, 1), (True, 0.25, 1)),
        ("partial", FROZEN, FROZEN, FROZEN, FULL),
        ("thaw", (True, 0.25, 4), (True, 0.25, 4), (True, 0.25, 4), (True, 0.25, 4)),
        ("full", FULL, FULL, FULL, FULL),
        ("scratch", FULL, FULL, FULL, FULL),
    ],
)
def test_a_strategy_is_what_its_name_says(
    strategy: str, stem: Row, layer1: Row, layer2: Row, layer3: Row
) -> None:
    plan = preset(strategy)
    assert plan.strategy == strategy
    assert as_written(plan) == {
        "stem": stem,
        "layer1": layer1,
        "layer2": layer2,
        "layer3": layer3,
        "head": (True, 1.0, 1),
    }
    assert [stage.stage for stage in plan.stages] == list(NAMES), "from the input to the head"


@pytest.mark.parametrize(
    ("strategy", "stages"),
    [
        ("freeze", ["head"]),
        ("lr-zero", ["head"]),
        ("small-lr", list(NAMES)),
        ("partial", ["layer3", "head"]),
        ("thaw", list(NAMES)),
        ("full", list(NAMES)),
        ("scratch", list(NAMES)),
    ],
)
def test_what_learns_sooner_or_later(strategy: str, stages: list[str]) -> None:
    assert learning(preset(strategy)) == stages


def test_these_are_all_strategies_and_three_are_shown_at_once() -> None:
    assert list(STRATEGIES) == ["freeze", "small-lr", "partial", "thaw", "full", "lr-zero", "scratch"]
    assert [name for name, kind in STRATEGIES.items() if kind.is_common] == ["freeze", "small-lr", "partial"]


def test_the_multiple_is_a_tenth_and_norms_are_locked_unless_said() -> None:
    plan = make_plan("small-lr", NAMES)
    assert plan.stages[0].lr_mult == 0.1
    assert plan.norm == "locked"


def test_a_stage_learns_from_its_epoch_on_and_at_lr_0_never() -> None:
    late = StagePlan(stage="stem", in_optimizer=True, lr_mult=0.1, from_epoch=3)
    assert [late.learns_in(epoch) for epoch in (1, 2, 3, 4)] == [False, False, True, True]
    assert [late.has_gradients_in(epoch) for epoch in (1, 2, 3, 4)] == [False, False, True, True]
    zero = StagePlan(stage="stem", in_optimizer=True, lr_mult=0.0)
    assert (zero.learns, zero.learns_in(9), zero.has_gradients_in(1)) == (False, False, True)
    frozen = StagePlan(stage="stem", in_optimizer=False, lr_mult=0.0)
    assert (frozen.learns, frozen.learns_in(9), frozen.has_gradients_in(9)) == (False, False, False)


# Presets that are one another ------------------------------------------------------------------------------


def test_a_small_lr_of_0_is_lr_zero() -> None:
    assert make_plan("small-lr", NAMES, backbone_lr_mult=0.0).stages == make_plan("lr-zero", NAMES).stages


def test_partial_with_the_line_at_the_head_is_freeze() -> None:
    assert preset("partial", freeze_until="layer3").stages == preset("freeze").stages


def test_scratch_is_full_from_random_weights() -> None:
    assert preset("scratch").stages == preset("full").stages
    assert preset("scratch").init == "random"
    assert {preset(strategy).init for strategy in STRATEGIES if strategy != "scratch"} == {"pretrained"}
    assert preset("full", init="random").init == "random"


# Partial ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "stages"),
    [
        ("stem", ["layer1", "layer2", "layer3", "head"]),
        ("layer1", ["layer2", "layer3", "head"]),
        ("layer2", ["layer3", "head"]),
        ("layer3", ["head"]),
        (None, ["layer3", "head"]),
    ],
)
def test_the_stage_that_partial_freezes_up_to_is_frozen_itself(until: str | None, stages: list[str]) -> None:
    plan = preset("partial", freeze_until=until)
    assert learning(plan) == stages
    assert as_written(plan) == {name: FULL if name in stages else FROZEN for name in NAMES}


@pytest.mark.parametrize(
    ("names", "line"),
    [(NAMES, "layer2"), (("stem", "layer1", "head"), "stem"), (("stem", "head"), None), (("head",), None)],
)
def test_unless_told_partial_leaves_one_stage_before_the_head(names: tuple[str, ...], line: str) -> None:
    assert default_freeze_until(names) == line
    frozen = [s.stage for s in make_plan("partial", names).stages if not s.learns]
    assert frozen == list(names[: names.index(line) + 1] if line else ())


@pytest.mark.parametrize("until", ["layer9", "head", "Layer1"])
def test_a_line_at_no_stage_before_the_head_is_refused_with_those_there_are(until: str) -> None:
    with pytest.raises(FtguiError) as caught:
        preset("partial", freeze_until=until)
    assert caught.value.message == f"There is no stage “{until}” before the output layer."
    assert caught.value.hint == "Choose one of stem, layer1, layer2, layer3."


@pytest.mark.parametrize("strategy", [name for name in STRATEGIES if name != "partial"])
def test_only_partial_looks_at_the_line(strategy: str) -> None:
    assert preset(strategy, freeze_until="layer9") == preset(strategy)


# Thaw ------------------------------------------------------------------------------------------------------


def test_thaw_is_freeze_before_its_epoch_and_small_lr_from_then_on() -> None:
    plan, freeze, slow = preset("thaw"), preset("freeze"), preset("small-lr")
    for epoch, like in ((1, freeze), (3, freeze), (4, slow), (99, slow)):
        assert [s.learns_in(epoch) for s in plan.stages] == [s.learns for s in like.stages]
        assert [s.has_gradients_in(epoch) for s in plan.stages] == [s.in_optimizer for s in like.stages]


@pytest.mark.parametrize("strategy", [name for name in STRATEGIES if name != "thaw"])
def test_only_thaw_waits(strategy: str) -> None:
    assert {stage.from_epoch for stage in preset(strategy).stages} == {1}


# Single stages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "asked", "changed"),
    [
        ("full", {"stem": 0.0}, {"stem": ZERO}),
        ("full", {"stem": 0.01, "layer1": 0.1}, {"stem": (True, 0.01, 1), "layer1": (True, 0.1, 1)}),
        ("small-lr", {"layer2": 0.0}, {"layer2": ZERO}),
        ("freeze", {"layer3": 0.5}, {"layer3": (True, 0.5, 1)}),
        ("freeze", {"layer3": 0.0}, {"layer3": ZERO}),
        ("freeze", {"head": 2.0}, {"head": (True, 2.0, 1)}),
        ("lr-zero", {"layer1": 0.1}, {"layer1": (True, 0.1, 1)}),
        ("partial", {"stem": 0.2}, {"stem": (True, 0.2, 1)}),
        ("partial", {"layer3": 0.2}, {"layer3": (True, 0.2, 1)}),
        ("thaw", {"layer3": 0.5, "stem": 0.0}, {"layer3": (True, 0.5, 4), "stem": (True, 0.0, 4)}),
        ("thaw", {"head": 0.5}, {"head": (True, 0.5, 1)}),
        ("full", {"head": 0.0}, {"head": ZERO}),
        ("freeze", {}, {}),
    ],
)
def test_a_stage_may_have_a_multiple_of_its_own(
    strategy: str, asked: dict[str, float], changed: dict[str, Row]
) -> None:
    assert as_written(preset(strategy, stage_lr=asked)) == as_written(preset(strategy)) | changed


def test_a_multiple_for_no_stage_is_refused_with_those_there_are() -> None:
    with pytest.raises(FtguiError) as caught:
        preset("full", stage_lr={"stem": 0.1, "layer4": 0.1})
    assert caught.value.message == "There is no stage “layer4”."
    assert caught.value.hint == "Choose one of stem, layer1, layer2, layer3, head."


@pytest.mark.parametrize("strategy", ["freeze", "lr-zero"])
def test_a_plan_in_which_nothing_learns_is_refused(strategy: str) -> None:
    with pytest.raises(FtguiError) as caught:
        preset(strategy, stage_lr={"head": 0.0})
    assert caught.value.message == "Nothing would learn."
    assert caught.value.hint == "Give at least one stage a learning rate above 0."
    with pytest.raises(FtguiError, match="Nothing would learn"):
        preset("full", stage_lr=dict.fromkeys(NAMES, 0.0))


# Random weights --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "asked"),
    [
        ("freeze", {}),
        ("lr-zero", {}),
        ("partial", {}),
        ("thaw", {}),
        ("full", {"layer2": 0.0}),
        ("scratch", {"stem": 0.0}),
    ],
)
def test_random_weights_are_not_kept_under_locked_norms(strategy: str, asked: dict[str, float]) -> None:
    """Statistics of no picture: every feature behind them would be next to 0."""
    with pytest.raises(FtguiError) as caught:
        preset(strategy, init="random", stage_lr=asked)
    assert "would keep random weights" in caught.value.message
    assert caught.value.hint
    for norm in ("adapt", "trainable"):
        assert preset(strategy, init="random", stage_lr=asked, norm=norm).init == "random"
    assert preset(strategy, init="pretrained", stage_lr=asked).norm == "locked"


@pytest.mark.parametrize("strategy", ["full", "scratch", "small-lr"])
def test_random_weights_that_all_learn_may_have_locked_norms(strategy: str) -> None:
    assert preset(strategy, init="random").init == "random"


# The ice line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "changes", "lines"),
    [
        ("freeze", {}, {1: 4, 9: 4}),
        ("lr-zero", {}, {1: 0, 9: 0}),
        ("small-lr", {}, {1: 0, 9: 0}),
        ("partial", {}, {1: 3, 9: 3}),
        ("partial", {"freeze_until": "stem"}, {1: 1, 9: 1}),
        ("thaw", {}, {1: 4, 3: 4, 4: 0, 9: 0}),
        ("thaw", {"stage_lr": {"stem": 0.0, "layer1": 0.0}}, {3: 4, 4: 0}),
        ("full", {}, {1: 0, 9: 0}),
        ("full", {"stage_lr": {"stem": 0.0}}, {1: 0}),
        ("full", {"stage_lr": {"layer1": 0.0}}, {1: 0}),
        ("full", {"stage_lr": {"head": 0.0}}, {1: 0}),
        ("freeze", {"stage_lr": {"layer1": 0.1}}, {1: 1}),
        ("scratch", {}, {1: 0}),
    ],
)
def test_the_ice_line_ends_the_stages_without_gradients_in_an_epoch(
    strategy: str, changes: dict[str, object], lines: dict[int, int]
) -> None:
    plan = preset(strategy, **changes)
    assert {epoch: plan.ice_line(epoch) for epoch in lines} == lines


def test_the_ice_line_is_that_of_the_first_epoch_unless_said() -> None:
    assert preset("thaw").ice_line() == 4


@given(
    st.sampled_from([name for name in STRATEGIES if name != "scratch"]),
    st.dictionaries(st.sampled_from(EXTRACTOR), st.sampled_from((0.0, 0.1, 1.0))),
    st.sampled_from([*EXTRACTOR, None]),
)
def test_every_stage_behind_the_ice_line_stays_and_the_next_one_has_gradients(
    strategy: str, asked: dict[str, float], until: str | None
) -> None:
    plan = preset(strategy, stage_lr=asked, freeze_until=until)
    before = len(NAMES)
    for epoch in range(1, 7):
        line = plan.ice_line(epoch)
        assert not any(stage.has_gradients_in(epoch) for stage in plan.stages[:line])
        assert plan.stages[line].has_gradients_in(epoch)
        assert line <= before, "what has learned is not behind it again"
        before = line


# Words -----------------------------------------------------------------------------------------------------


def test_every_strategy_says_in_words_what_it_is() -> None:
    for name, strategy in STRATEGIES.items():
        assert strategy.name == name
        assert strategy.title
        assert "{" not in strategy.moves.format(mult=0.1, learning="layer3 and head", epoch=5)
        for sentence in (strategy.cost, strategy.when):
            assert sentence.endswith(".")


def test_the_words_name_what_shapes_a_strategy() -> None:
    moves = {
        name: kind.moves.format(mult=0.1, learning="A to B", epoch=5) for name, kind in STRATEGIES.items()
    }
    assert "× 0.1" in moves["small-lr"]
    assert "A to B" in moves["partial"]
    assert "epoch 5" in moves["thaw"]
    assert "× 0.1" in moves["thaw"]
    assert {name: kind.reads for name, kind in STRATEGIES.items() if kind.reads} == {
        "small-lr": ("backbone_lr_mult",),
        "partial": ("freeze_until",),
        "thaw": ("backbone_lr_mult", "thaw_epoch"),
    }
