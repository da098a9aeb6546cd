"""What is decided before the first batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Picture
from ftgui.jobs.prepare import (
    Prepared,
    check_learning,
    initial_network,
    output_names,
    prepare,
    stage_infos,
)
from ftgui.models.weights import read_weights
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig
from tests.fixtures import Drawn


def test_spare_outputs_are_numbered_from_1() -> None:
    assert output_names(("ants", "bees"), 4) == ("ants", "bees", "unused_1", "unused_2")
    assert output_names(("ants", "bees"), 2) == ("ants", "bees")


def test_a_class_that_is_called_like_a_spare_output_keeps_its_name_to_itself() -> None:
    names = output_names(("ants", "unused_1"), 4)
    assert names == ("ants", "unused_1", "unused_2", "unused_3")
    assert len(set(names)) == 4


def prepared(config: TrainConfig) -> Prepared:
    """Prepare to the end."""
    steps: Iterator[Any] = prepare(config, RunClock())
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Prepared = end.value
            return found


def bits(model: torch.nn.Module) -> dict[str, bytes]:
    return {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}


@pytest.mark.usefixtures("small_crops")
@pytest.mark.parametrize("strategy", ["freeze", "scratch"])
def test_a_network_begins_with_the_same_bits_each_time(drawn: Drawn, strategy: str) -> None:
    """Whatever was drawn before: what stayed frozen is judged by it."""
    found = prepared(drawn.config(strategy=strategy))
    before = bits(found.applied.model)
    weights = read_weights(drawn.weights)
    for drawn_before in (1, 2):
        torch.manual_seed(drawn_before)
        again = initial_network(found.config, weights, found.recognition, 3)
        assert bits(again) == before


@pytest.mark.usefixtures("small_crops")
def test_random_weights_and_a_new_output_layer_are_the_seeds(drawn: Drawn) -> None:
    found = {
        (strategy, seed): bits(prepared(drawn.config(strategy=strategy, seed=seed)).applied.model)
        for strategy in ("freeze", "scratch")
        for seed in (0, 1)
    }
    extractor, head = "stage2.0.branch1.0.weight", "fc.weight"
    assert found["freeze", 0][extractor] == found["freeze", 1][extractor]
    assert found["scratch", 0][extractor] != found["scratch", 1][extractor] != found["freeze", 1][extractor]
    assert found["freeze", 0][head] == found["scratch", 0][head] != found["freeze", 1][head]


@pytest.mark.usefixtures("small_crops")
def test_a_line_at_no_stage_is_refused_with_those_of_the_network(drawn: Drawn) -> None:
    with pytest.raises(FtguiError, match="There is no stage “layer9” before the output layer") as caught:
        prepared(drawn.config(strategy="partial", freeze_until="layer9"))
    assert caught.value.hint == "Choose one of stem, stage2, stage3, stage4-conv5."


@pytest.mark.usefixtures("small_crops")
def test_each_stage_is_told_with_what_the_plan_lets_it_do(drawn: Drawn) -> None:
    found = prepared(drawn.config(strategy="thaw", stage_lr={"stage3": 0.0}))
    infos = {info.name: info for info in stage_infos(found.applied)}
    assert list(infos) == ["stem", "stage2", "stage3", "stage4-conv5", "head"]
    assert [info.parameters for info in infos.values()] == [696, 6936, 45552, 288608, 3075]
    told = {name: (i.learns, i.lr_mult, i.in_optimizer, i.from_epoch) for name, i in infos.items()}
    assert told == {
        "stem": (True, 0.1, True, 2),
        "stage2": (True, 0.1, True, 2),
        "stage3": (False, 0.0, True, 2),
        "stage4-conv5": (True, 0.1, True, 2),
        "head": (True, 1.0, True, 1),
    }


@pytest.mark.parametrize("count", [0, 1])
def test_there_must_be_something_to_learn_from(count: int) -> None:
    pictures = [Picture(f"a/{n}.jpg", 0) for n in range(2)]
    with pytest.raises(FtguiError, match="fewer than two readable training pictures"):
        check_learning(pictures[:count], ("a",))
    check_learning(pictures, ("a",))


def test_every_class_must_have_something_to_learn_from() -> None:
    pictures = [Picture("a/0.jpg", 0), Picture("c/0.jpg", 2)]
    with pytest.raises(FtguiError, match="No picture of “b” can be used to learn from"):
        check_learning(pictures, ("a", "b", "c"))
    check_learning([*pictures, Picture("b/0.jpg", 1)], ("a", "b", "c"))
