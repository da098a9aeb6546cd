"""Smoothing, groups of seeds and bands, each beside a plain computation of the same."""

from __future__ import annotations

import itertools
import math
import random
from array import array

import pytest

from ftgui.gui.plot_data import KEPT, Band, Smoother, Smoothing, make_band, seed_groups
from ftgui.training.config import TrainConfig

YS = [random.Random(number).gauss(0.5, 0.2) for number in range(40)]


def _weighted(ys: list[float], kept: float) -> list[float]:
    """Return at each point the mean of all so far, weighted by how long ago they were."""
    means = []
    for now in range(len(ys)):
        weights = [kept ** (now - then) for then in range(now + 1)]
        means.append(sum(w * y for w, y in zip(weights, ys, strict=False)) / sum(weights))
    return means


@pytest.mark.parametrize("smoothing", KEPT)
def test_a_smoothed_point_is_the_mean_of_all_before_weighted_by_age(smoothing: Smoothing) -> None:
    smoothed = Smoother(KEPT[smoothing]).smoothed(YS)
    assert list(smoothed) == pytest.approx(_weighted(YS, KEPT[smoothing]))
    assert smoothed[0] == pytest.approx(YS[0]), "the start is not drawn to 0"


def test_stronger_smoothing_leaves_less_noise() -> None:
    def roughness(ys: list[float]) -> float:
        return sum(abs(b - a) for a, b in itertools.pairwise(ys))

    rough = [roughness(list(Smoother(kept).smoothed(YS))) for kept in KEPT.values()]
    assert rough == sorted(rough, reverse=True)


def test_a_curve_that_grows_is_smoothed_as_the_whole_is_and_each_point_once() -> None:
    smoother, taken = Smoother(0.8), []
    take = smoother._take
    smoother._take = lambda ys: (taken.extend(ys), take(ys))[1]  # type: ignore[method-assign]
    for count in range(1, len(YS) + 1):
        assert list(smoother.smoothed(array("d", YS[:count]))) == pytest.approx(_weighted(YS[:count], 0.8))
    assert taken == YS


def test_the_last_point_may_change_and_a_curve_begin_anew() -> None:
    smoother = Smoother(0.8)
    before = smoother.smoothed([1.0, 2.0, 9.0])
    kept = list(before)
    assert list(smoother.smoothed([1.0, 2.0, 3.0])) == pytest.approx(_weighted([1.0, 2.0, 3.0], 0.8))
    assert list(before) == kept, "what was given away stays as it was"
    assert list(smoother.smoothed([1.0, 2.0, 4.0, 5.0])) == pytest.approx(
        _weighted([1.0, 2.0, 4.0, 5.0], 0.8)
    )
    assert list(smoother.smoothed([1.0, 2.0, 4.0, 6.0])) == pytest.approx(
        _weighted([1.0, 2.0, 4.0, 6.0], 0.8)
    )
    assert list(smoother.smoothed([1.0, 2.0, 4.0])) == pytest.approx(_weighted([1.0, 2.0, 4.0], 0.8))
    assert list(smoother.smoothed([1.0, 2.0, 7.0])) == pytest.approx(_weighted([1.0, 2.0, 7.0], 0.8))
    assert list(smoother.smoothed([1.0])) == pytest.approx([1.0])
    assert list(smoother.smoothed([5.0, 4.0])) == pytest.approx(_weighted([5.0, 4.0], 0.8))
    assert list(smoother.smoothed([])) == []


def test_what_is_not_a_number_leaves_a_gap_and_spoils_nothing() -> None:
    smoothed = Smoother(0.8).smoothed([1.0, math.nan, 3.0])
    assert math.isnan(smoothed[1])
    assert [smoothed[0], smoothed[2]] == pytest.approx(_weighted([1.0, 3.0], 0.8))


# Seeds ------------------------------------------------------------------------------------------------------


def _config(**changes: object) -> TrainConfig:
    return TrainConfig(**{"dataset": "photos", "weights": "w.pth", **changes})  # type: ignore[arg-type]


def test_runs_that_differ_in_nothing_but_their_seed_belong_together() -> None:
    configs = [
        *(_config(seed=0), _config(seed=0, strategy="full"), None, _config(seed=1), _config(seed=7)),
        *(_config(seed=1, strategy="full"), _config(seed=2, epochs=11)),
    ]
    assert seed_groups(configs) == [(0, 3, 4), (1, 5)]


def test_one_seed_alone_is_no_group_however_often_it_ran() -> None:
    assert seed_groups([_config(seed=3), _config(seed=3)]) == []
    assert seed_groups([]) == []


def test_a_split_of_its_own_is_a_difference_and_one_that_follows_the_seed_is_not() -> None:
    follows = [_config(seed=1, split_seed=1), _config(seed=2)]
    held = [_config(seed=0, split_seed=0), _config(seed=1, split_seed=0)]
    held_apart = [_config(seed=1, split_seed=9), _config(seed=2, split_seed=9)]
    other = [_config(seed=1, split_seed=8), _config(seed=2, split_seed=9)]
    found = [seed_groups(pair) for pair in (follows, held, held_apart, other)]
    assert found == [[(0, 1)], [(0, 1)], [(0, 1)], []]


# Bands ------------------------------------------------------------------------------------------------------


def test_a_band_goes_from_the_lowest_to_the_highest_around_the_mean() -> None:
    epochs = [1.0, 2.0, 3.0]
    runs = [[0.5, 0.7, 0.9], [0.6, 0.6, 0.6], [0.1, 0.8, 0.9]]
    band = make_band([(epochs, ys) for ys in runs])
    assert list(band.xs) == epochs
    assert list(band.mean) == pytest.approx([sum(ys) / 3 for ys in zip(*runs, strict=True)])
    assert list(band.low) == pytest.approx([min(ys) for ys in zip(*runs, strict=True)])
    assert list(band.high) == pytest.approx([max(ys) for ys in zip(*runs, strict=True)])


def test_a_band_ends_with_the_shortest_of_its_runs() -> None:
    band = make_band([([1.0, 2.0, 3.0], [1.0, 1.0, 1.0]), ([1.0, 2.0], [3.0, 3.0])])
    assert (list(band.xs), list(band.mean)) == ([1.0, 2.0], [2.0, 2.0])


def test_over_seconds_a_run_goes_straight_from_point_to_point() -> None:
    band = make_band([([1.0, 3.0], [0.0, 2.0]), ([0.0, 2.0, 4.0], [0.0, 0.0, 4.0])])
    assert list(band.xs) == [1.0, 2.0, 3.0]
    assert list(band.mean) == pytest.approx([0.0, 0.5, 2.0])


def test_without_points_there_is_no_band() -> None:
    assert make_band([]) == make_band([([], []), ([1.0], [1.0])]) == Band()
