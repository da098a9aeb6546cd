"""What training makes small, reckoned by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ftgui.training.config import TrainConfig
from ftgui.training.objective import Objective, balanced_weights, make_objective

CPU = torch.device("cpu")
LOGITS = torch.tensor([[math.log(3.0), 0.0], [0.0, 0.0], [0.0, 0.0]])
"""Chances of 3/4 and 1/4, then even ones."""


def config(**changes: Any) -> TrainConfig:
    return TrainConfig(dataset="d", weights="w", **changes)


def test_unless_asked_it_is_the_mean_of_the_plain_losses() -> None:
    loss = Objective()(LOGITS, torch.tensor([0, 0, 1]))
    assert loss.item() == pytest.approx((math.log(4 / 3) + 2 * math.log(2)) / 3)


def test_a_smoothed_label_gives_a_share_to_every_class() -> None:
    """Of 0.2, a tenth goes to each of two classes: the label has 0.9 then, the other 0.1."""
    loss = Objective(label_smoothing=0.2)(LOGITS[:1], torch.tensor([0]))
    assert loss.item() == pytest.approx(0.9 * math.log(4 / 3) + 0.1 * math.log(4))


def test_a_weighted_class_counts_so_much_more_in_the_mean() -> None:
    """Losses of log 4/3 and log 2, of which the second counts three times: a quarter and three quarters."""
    weighted = Objective(class_weights=torch.tensor([1.0, 3.0]))
    loss = weighted(LOGITS[:2], torch.tensor([0, 1]))
    assert loss.item() == pytest.approx((math.log(4 / 3) + 3 * math.log(2)) / 4)


@pytest.mark.parametrize(
    ("labels", "classes", "weights"),
    [
        ([0, 0, 0, 1], 2, [4 / (2 * 3), 4 / (2 * 1)]),
        ([0, 0, 0, 1], 4, [4 / (2 * 3), 4 / (2 * 1), 1.0, 1.0]),  # spare outputs
        ([2, 2, 0], 3, [3 / (2 * 1), 1.0, 3 / (2 * 2)]),  # a class whose pictures are all kept for validation
        ([0, 1, 2, 2, 2, 2], 3, [2.0, 2.0, 0.5]),
        ([1, 1], 2, [1.0, 1.0]),
        ([0, 1, 0, 1], 2, [1.0, 1.0]),
    ],
)
def test_balanced_weights_are_these(labels: list[int], classes: int, weights: list[float]) -> None:
    found = balanced_weights(torch.tensor(labels), classes)
    assert found.tolist() == pytest.approx(weights)
    assert found.dtype == torch.float32


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60))
def test_under_balanced_weights_every_class_with_pictures_counts_the_same(labels: list[int]) -> None:
    weights = balanced_weights(torch.tensor(labels), 6).tolist()
    shares = {label: labels.count(label) * weights[label] for label in set(labels)}
    assert list(shares.values()) == pytest.approx([len(labels) / len(shares)] * len(shares))
    assert weights[5] == 1.0


def test_a_config_makes_the_objective_that_it_asks_for() -> None:
    labels = torch.tensor([0, 0, 0, 1])
    assert make_objective(config(), labels, 2, CPU) == Objective(0.0, None)
    asked = make_objective(config(label_smoothing=0.1, class_weights="balanced"), labels, 3, CPU)
    assert asked.label_smoothing == 0.1
    assert asked.class_weights is not None
    assert asked.class_weights.tolist() == pytest.approx([4 / 6, 2.0, 1.0])


def test_a_spare_output_does_not_change_what_the_others_weigh() -> None:
    labels = torch.tensor([0, 0, 0, 1])
    with_spare, without = (
        make_objective(config(class_weights="balanced"), labels, classes, CPU) for classes in (3, 2)
    )
    logits = torch.cat((LOGITS[:2], torch.full((2, 1), -1e4)), dim=1)
    assert with_spare(logits, labels[2:]).item() == pytest.approx(without(LOGITS[:2], labels[2:]).item())
