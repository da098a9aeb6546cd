"""The optimizer's groups of every plan, written down by hand: who decays, at which rate, and from when."""

from __future__ import annotations

import pytest
import torchvision

from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.plan import make_plan
from ftgui.freezing.strategies import STRATEGIES
from ftgui.models.stages import find_stages
from tests.freezing.tiny import (
    MIDDLE_BIASES,
    MIDDLE_NORMS,
    MIDDLE_WEIGHTS,
    STEM_NORMS,
    STEM_WEIGHTS,
    applied,
    names_of,
)

LR, DECAY = 0.5, 0.25

Row = tuple[str, int, float, float, float, frozenset[str]]


def row(stage: str, decay: float, waiting: float, joined: float, names: set[str], joins: int = 1) -> Row:
    return stage, joins, decay, pytest.approx(waiting), pytest.approx(joined), frozenset(names)  # type: ignore[return-value]


def as_written(plan: AppliedPlan) -> list[Row]:
    names = names_of(plan)
    return [
        (
            group["stage"],
            group["joins"],
            group["weight_decay"],
            group["lr_waiting"],
            group["lr_joined"],
            frozenset(names[id(p)] for p in group["params"]),
        )
        for group in plan.parameter_groups(LR, DECAY)
    ]


HEAD_ROWS = [row("head", 0.25, 0.5, 0.5, {"head.fc.weight"}), row("head", 0.0, 0.5, 0.5, {"head.fc.bias"})]


def stem_rows(waiting: float, joined: float, joins: int = 1) -> list[Row]:
    return [
        row("stem", 0.25, waiting, joined, STEM_WEIGHTS, joins),
        row("stem", 0.0, waiting, joined, STEM_NORMS, joins),
    ]


def middle_rows(waiting: float, joined: float, joins: int = 1) -> list[Row]:
    return [
        row("middle", 0.25, waiting, joined, MIDDLE_WEIGHTS, joins),
        row("middle", 0.0, waiting, joined, MIDDLE_BIASES | MIDDLE_NORMS, joins),
    ]


LATE_NORMS = [
    row("stem", 0.25, 0.0, 0.05, STEM_WEIGHTS, joins=3),
    row("stem", 0.0, 0.5, 0.05, STEM_NORMS, joins=3),
    row("middle", 0.25, 0.0, 0.05, MIDDLE_WEIGHTS, joins=3),
    row("middle", 0.0, 0.0, 0.05, MIDDLE_BIASES, joins=3),
    row("middle", 0.0, 0.5, 0.05, MIDDLE_NORMS, joins=3),
    *HEAD_ROWS,
]


@pytest.mark.parametrize(
    ("strategy", "norm", "rows"),
    [
        ("freeze", "locked", HEAD_ROWS),
        ("freeze", "adapt", HEAD_ROWS),
        (
            "freeze",
            "trainable",
            [row("stem", 0.0, 0.5, 0.5, STEM_NORMS), row("middle", 0.0, 0.5, 0.5, MIDDLE_NORMS), *HEAD_ROWS],
        ),
        ("lr-zero", "locked", [*stem_rows(0, 0), *middle_rows(0, 0), *HEAD_ROWS]),
        (
            "lr-zero",
            "trainable",
            [
                row("stem", 0.25, 0.0, 0.0, STEM_WEIGHTS),
                row("stem", 0.0, 0.5, 0.5, STEM_NORMS),
                row("middle", 0.25, 0.0, 0.0, MIDDLE_WEIGHTS),
                row("middle", 0.0, 0.0, 0.0, MIDDLE_BIASES),
                row("middle", 0.0, 0.5, 0.5, MIDDLE_NORMS),
                *HEAD_ROWS,
            ],
        ),
        ("small-lr", "locked", [*stem_rows(0.05, 0.05), *middle_rows(0.05, 0.05), *HEAD_ROWS]),
        ("small-lr", "trainable", [*stem_rows(0.05, 0.05), *middle_rows(0.05, 0.05), *HEAD_ROWS]),
        ("partial", "locked", [*middle_rows(0.5, 0.5), *HEAD_ROWS]),
        (
            "partial",
            "trainable",
            [row("stem", 0.0, 0.5, 0.5, STEM_NORMS), *middle_rows(0.5, 0.5), *HEAD_ROWS],
        ),
        ("thaw", "locked", [*stem_rows(0, 0.05, joins=3), *middle_rows(0, 0.05, joins=3), *HEAD_ROWS]),
        ("thaw", "adapt", [*stem_rows(0, 0.05, joins=3), *middle_rows(0, 0.05, joins=3), *HEAD_ROWS]),
        ("thaw", "trainable", LATE_NORMS),
        ("full", "locked", [*stem_rows(0.5, 0.5), *middle_rows(0.5, 0.5), *HEAD_ROWS]),
        ("scratch", "locked", [*stem_rows(0.5, 0.5), *middle_rows(0.5, 0.5), *HEAD_ROWS]),
    ],
)
def test_the_groups_of_a_strategy_are_these(strategy: str, norm: str, rows: list[Row]) -> None:
    """Filters and matrices decay; biases, scales and shifts do not. From the input to the head."""
    assert as_written(applied(strategy, norm)) == rows


def test_a_stages_own_multiple_is_in_its_groups() -> None:
    plan = applied("freeze", stage_lr={"middle": 0.2, "head": 2.0})
    assert as_written(plan) == [
        *middle_rows(0.1, 0.1),
        row("head", 0.25, 1.0, 1.0, {"head.fc.weight"}),
        row("head", 0.0, 1.0, 1.0, {"head.fc.bias"}),
    ]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_groups_begin_at_what_they_wait_at_and_share_no_parameter(strategy: str) -> None:
    groups = applied(strategy).parameter_groups(LR, DECAY)
    assert [group["lr"] for group in groups] == [group["lr_waiting"] for group in groups]
    held = [id(parameter) for group in groups for parameter in group["params"]]
    assert len(held) == len(set(held))


def test_embeddings_and_tokens_do_not_decay_and_what_is_a_matrix_does() -> None:
    model = torchvision.models.vit_b_32(weights=None, image_size=32)
    stages = find_stages(model, 32)
    plan = AppliedPlan(model, make_plan("full", tuple(s.name for s in stages)), stages)
    names = names_of(plan)
    decay = {names[id(p)]: g["weight_decay"] for g in plan.parameter_groups(LR, DECAY) for p in g["params"]}
    assert decay.keys() == set(names.values())
    layer = "encoder.layers.encoder_layer_0"
    for name in ("conv_proj.weight", f"{layer}.mlp.0.weight", f"{layer}.self_attention.out_proj.weight"):
        assert decay[name] == 0.25, name
    for name in ("class_token", "encoder.pos_embedding", f"{layer}.ln_1.weight", f"{layer}.mlp.0.bias"):
        assert decay[name] == 0.0, name
