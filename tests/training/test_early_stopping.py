"""When training ends early, from figures written down by hand."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftgui.training.config import TrainConfig
from ftgui.training.early_stopping import has_stopped_improving
from ftgui.training.events import EpochEnded
from tests.training.test_events import EPOCH

LOSSES = st.lists(st.one_of(st.none(), st.floats(0, 10)), min_size=1, max_size=20)


def config(**changes: Any) -> TrainConfig:
    return TrainConfig(dataset="d", weights="w", **changes)


def epochs(*losses: float | None, accuracies: tuple[float, ...] = ()) -> list[EpochEnded]:
    figures = itertools.zip_longest(losses, accuracies, fillvalue=0.5)
    return [
        msgspec.structs.replace(EPOCH, epoch=number, val_loss=loss, val_accuracy=accuracy)
        for number, (loss, accuracy) in enumerate(figures, start=1)
    ]


def ends_after(settings: TrainConfig, told: list[EpochEnded]) -> int | None:
    """Return the epoch after which training ends, as it is asked at the end of each."""
    for count in range(1, len(told) + 1):
        if has_stopped_improving(settings, told[:count]):
            return count
    return None


@pytest.mark.parametrize(
    ("patience", "losses", "end"),
    [
        (None, [1.0, 2.0, 3.0, 4.0], None),
        (1, [1.0, 0.9, 0.8], None),
        (1, [1.0, 0.9, 0.9], 3),  # the same is no improvement
        (2, [1.0, 1.1, 1.2, 0.5], 3),
        (2, [1.0, 1.1, 0.9, 1.0, 0.95], 5),  # the count begins anew at each improvement
        (3, [1.0, 1.1, 1.2], None),  # not yet
        (2, [1.0, 1.1, 1.05, 1.04], 3),  # better than the one before is not better than the best
        (1, [None, 0.9], 1),  # a loss that is not finite improves nothing
        (2, [None, 0.9, 0.8], None),
        (2, [0.5, None, None], 3),
        (2, [0.5, None, 0.4, None], None),
    ],
)
def test_training_ends_after_this_epoch(
    patience: int | None, losses: list[float | None], end: int | None
) -> None:
    assert ends_after(config(early_stop=patience), epochs(*losses)) == end


@pytest.mark.parametrize(
    ("delta", "losses", "end"),
    [
        (0.1, [1.0, 0.95, 0.85], 2),
        (0.1, [1.0, 0.875, 0.75], None),
        (0.125, [1.0, 0.875], 2),  # it has to be more than that
        (0.0, [1.0, 0.999999], None),
    ],
)
def test_an_improvement_has_to_be_more_than_the_least_one(
    delta: float, losses: list[float], end: int | None
) -> None:
    assert ends_after(config(early_stop=1, early_stop_min_delta=delta), epochs(*losses)) == end


def test_small_improvements_add_up_since_they_are_measured_from_the_last_that_counted() -> None:
    settings = config(early_stop=2, early_stop_min_delta=0.125)
    assert ends_after(settings, epochs(1.0, 0.9375, 0.8125, 0.75, 0.625)) is None


@pytest.mark.parametrize(
    ("monitor", "end"),
    [("val_loss", 4), ("val_accuracy", 5)],
)
def test_what_has_to_improve_is_what_was_asked_for(monitor: str, end: int) -> None:
    told = epochs(0.5, 0.4, 0.6, 0.7, 0.8, accuracies=(0.5, 0.5, 0.7, 0.7, 0.6))
    assert ends_after(config(early_stop=2, early_stop_monitor=monitor), told) == end


def test_a_loss_that_is_not_finite_does_not_matter_where_accuracy_is_watched() -> None:
    told = epochs(None, None, None, accuracies=(0.5, 0.6, 0.7))
    assert ends_after(config(early_stop=1, early_stop_monitor="val_accuracy"), told) is None


@given(LOSSES, st.integers(1, 5), st.floats(0, 1))
def test_it_never_ends_before_its_patience_nor_right_after_the_best_epoch(
    losses: list[float | None], patience: int, delta: float
) -> None:
    told = epochs(*losses)
    settings = config(early_stop=patience, early_stop_min_delta=delta)
    end = ends_after(settings, told)
    assert end is None or end >= patience
    finite = [loss for loss in losses[:end] if loss is not None]
    if end is not None and finite and losses[end - 1] is not None:
        before = [loss for loss in losses[: end - 1] if loss is not None]
        assert not before or losses[end - 1] >= min(before) - delta - 1e-12


@given(LOSSES)
def test_unless_asked_it_never_ends_early(losses: list[float | None]) -> None:
    assert not has_stopped_improving(config(), epochs(*losses))
