"""How sure a figure is, and a difference between two ways of training."""

from __future__ import annotations

import importlib
import math
import time
import tracemalloc
from fractions import Fraction
from itertools import combinations
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftgui.evaluation import bootstrap
from ftgui.evaluation.bootstrap import bootstrap_interval, difference_interval
from ftgui.evaluation.statistics import holm, mcnemar_p, merged_p, pareto_front, wilson_interval

COUNTS = st.integers(1, 10_000)
P_VALUES = st.floats(0, 1)
Z_95 = 1.959964
TRIALS = 1_000
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def scipy_stats() -> ModuleType:
    """What others computed."""
    return importlib.import_module("scipy.stats")


def right(accuracy: float, *shape: int, seed: int = 0) -> Bools:
    """Draw which pictures were got right."""
    return np.random.default_rng(seed).random(shape) < accuracy


# Wilson's interval.


def test_a_value_worked_out_by_hand() -> None:
    """80 of 100 right: z^2 = 3.841459, centre (0.8 + 0.019207) / 1.038415 = 0.788902,
    half width 1.959964 * sqrt(0.0016 + 0.000096) / 1.038415 = 0.077731."""
    assert wilson_interval(0.8, 100) == pytest.approx((0.711170, 0.866633), abs=2e-6)


def test_all_right_is_not_certain() -> None:
    """Then the interval is from n / (n + z^2) to 1."""
    assert wilson_interval(1.0, 10) == pytest.approx((10 / (10 + 3.841459), 1.0), abs=1e-6)
    assert wilson_interval(0.0, 10) == pytest.approx((0.0, 3.841459 / (10 + 3.841459)), abs=1e-6)


def test_without_pictures_nothing_is_known() -> None:
    assert wilson_interval(0.5, 0) == (0.0, 1.0)


@given(COUNTS, st.data())
def test_the_interval_holds_the_figure_and_stays_within_0_and_1(count: int, data: st.DataObject) -> None:
    accuracy = data.draw(st.integers(0, count)) / count
    low, high = wilson_interval(accuracy, count)
    assert 0 <= low <= accuracy + 1e-12
    assert accuracy - 1e-12 <= high <= 1
    assert high - low > 0


@given(COUNTS, st.data())
def test_right_and_wrong_are_mirror_images(count: int, data: st.DataObject) -> None:
    accuracy = data.draw(st.integers(0, count)) / count
    low, high = wilson_interval(accuracy, count)
    assert wilson_interval(1 - accuracy, count) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@given(COUNTS, st.floats(0, 1))
def test_more_pictures_make_it_narrower(count: int, accuracy: float) -> None:
    few, many = wilson_interval(accuracy, count), wilson_interval(accuracy, 4 * count)
    assert many[1] - many[0] < few[1] - few[0]


@given(COUNTS, st.data())
def test_at_both_ends_the_figure_is_just_z_standard_errors_away(count: int, data: st.DataObject) -> None:
    """That is how Wilson defined them: the standard error is the one that the end itself would have."""
    accuracy = data.draw(st.integers(0, count)) / count
    for end in wilson_interval(accuracy, count):
        allowed = Z_95**2 * end * (1 - end) / count
        assert (accuracy - end) ** 2 == pytest.approx(allowed, rel=1e-5, abs=1e-12)


@given(COUNTS, st.data())
@settings(deadline=None)  # scipy's takes its time
def test_scipy_has_the_same_interval(scipy_stats: ModuleType, count: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, count))
    theirs = scipy_stats.binomtest(correct, count).proportion_ci(method="wilson")
    assert wilson_interval(correct / count, count) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


# McNemar's test.


def exact_mcnemar(only_first: int, only_second: int) -> float:
    """Count the outcomes one by one, in whole numbers."""
    total, fewer = only_first + only_second, min(only_first, only_second)
    outcomes = reached = 1
    for heads in range(fewer):
        outcomes = outcomes * (total - heads) // (heads + 1)
        reached += outcomes
    return float(min(Fraction(1), Fraction(2 * reached, 2**total)))


def test_a_p_value_worked_out_by_hand() -> None:
    """2 and 8: (1 + 10 + 45) of 1024 outcomes are as far to that side, and as many to the other."""
    assert mcnemar_p(2, 8) == pytest.approx(2 * 56 / 1024, rel=1e-12)
    assert mcnemar_p(0, 5) == pytest.approx(2 / 32, rel=1e-12)


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_p_value_is_the_one_that_counting_gives(only_first: int, only_second: int) -> None:
    exact = exact_mcnemar(only_first, only_second)
    assert mcnemar_p(only_first, only_second) == pytest.approx(exact, rel=1e-11, abs=0)


@given(st.integers(0, 100_000), st.integers(-4_000, 4_000))
@settings(deadline=None)
def test_scipy_has_the_same_p_value(scipy_stats: ModuleType, only_first: int, more: int) -> None:
    only_second = abs(only_first + more)
    if only_first + only_second:
        theirs = scipy_stats.binomtest(only_first, only_first + only_second, 0.5).pvalue
        assert mcnemar_p(only_first, only_second) == pytest.approx(theirs, rel=1e-7, abs=1e-300)


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_which_is_called_first_changes_no_p_value(only_first: int, only_second: int) -> None:
    p_value = mcnemar_p(only_first, only_second)
    assert 0 <= p_value <= 1
    assert mcnemar_p(only_second, only_first) == p_value


@pytest.mark.parametrize("count", [0, 1, 7, 100_000])
def test_equally_good_ones_have_p_1(count: int) -> None:
    assert mcnemar_p(count, count) == 1.0
    assert mcnemar_p(count, count + 1) == 1.0, "nothing is nearer to equal"
    assert mcnemar_p(count, count + 2) < 1.0


@pytest.mark.parametrize("more", [2, 100, 500, 1_000, 2_000])
def test_among_100_000_pictures_it_is_what_the_normal_distribution_says(more: int) -> None:
    few, many = 99_000, 99_000 + more
    normal = math.erfc((more - 1) / math.sqrt(2 * (few + many)))
    assert mcnemar_p(few, many) == pytest.approx(normal, rel=2e-3)


def test_what_no_float_can_say_is_0_and_no_error() -> None:
    assert mcnemar_p(0, 100_000) == 0.0
    assert 0 < mcnemar_p(0, 1_000) < 1e-300


@pytest.mark.parametrize("counts", [(100_000, 99_998), (100_000, 99_000), (100_000, 50_000), (100_000, 0)])
def test_many_pictures_take_no_time(counts: tuple[int, int]) -> None:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        mcnemar_p(*counts)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.05


@pytest.mark.parametrize("counts", [(-1, 3), (3, -1)])
def test_fewer_than_no_pictures_are_refused(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="counted from 0"):
        mcnemar_p(*counts)


# Holm's adjustment.


def closed_testing(p_values: list[float]) -> list[float]:
    """Adjust by the closure of Bonferroni's test: the worst of all sets of hypotheses that one belongs to."""
    places = range(len(p_values))
    sets = [chosen for size in places for chosen in combinations(places, size + 1)]
    return [
        max(min(1.0, len(s) * min(p_values[other] for other in s)) for s in sets if place in s)
        for place in places
    ]


def test_holm_of_four_is_as_in_the_textbook() -> None:
    """0.005 · 4, 0.01 · 3, 0.03 · 2, and 0.04 · 1, which may not be less than the one before it."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_of_one_or_none_changes_nothing() -> None:
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


@given(st.lists(P_VALUES | st.sampled_from([0.0, 0.01, 0.02, 0.5, 1.0]), max_size=6))
def test_holm_is_the_closure_of_bonferroni(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(closed_testing(p_values), rel=1e-12, abs=0)


@given(st.lists(P_VALUES, max_size=40))
def test_holm_keeps_the_order_and_never_makes_smaller(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(before <= after <= 1 for before, after in zip(p_values, adjusted, strict=True))
    in_order = [adjusted[place] for place in sorted(range(len(p_values)), key=p_values.__getitem__)]
    assert in_order == sorted(in_order)


# One p-value of several.


def worst_case(count: int, rounds: int, alpha: float, seed: int) -> Floats:
    """Draw p-values (rounds, count) that are each uniform, and conspire: Rüger's bound is reached at alpha.

    The k smallest are below alpha · k / count all at once, with probability alpha, or none of them is.
    """
    generator, rank = np.random.default_rng(seed), math.ceil(count / 2)
    limit = alpha * rank / count
    order = generator.random((rounds, count)).argsort(axis=1)
    small = (order < rank) & (generator.random((rounds, 1)) < alpha)
    uniform = generator.random((rounds, count))
    return np.where(small, limit * uniform, limit + (1 - limit) * uniform)


def rejected(drawn: Floats, alpha: float) -> float:
    """Return how often the merged p-value is up to alpha."""
    return float(np.mean([merged_p(p_values.tolist()) <= alpha for p_values in drawn]))


def test_one_p_value_is_itself() -> None:
    assert merged_p([0.037]) == 0.037


@pytest.mark.parametrize(
    ("p_values", "merged"),
    [
        ([0.5, 0.02], 2 * 0.02),
        ([0.9, 0.01, 0.03], 3 / 2 * 0.03),
        ([0.04, 0.9, 0.01, 0.03], 2 * 0.03),
        ([0.9, 0.04, 0.8, 0.01, 0.03], 5 / 3 * 0.04),
        ([0.9, 0.8, 0.7], 1.0),
    ],
)
def test_several_are_merged_into_about_twice_their_median(p_values: list[float], merged: float) -> None:
    assert merged_p(p_values) == pytest.approx(merged)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 10])
def test_however_the_seeds_depend_a_merged_p_value_is_valid(count: int) -> None:
    rounds, alpha = 20_000, 0.05
    error = 3 * math.sqrt(alpha * (1 - alpha) / rounds)
    independent = np.random.default_rng(1).random((rounds, count))
    same = np.repeat(independent[:, :1], count, axis=1)
    for drawn in (independent, same):
        assert rejected(drawn, alpha) <= alpha + error


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 10])
def test_in_the_worst_case_a_merged_p_value_is_just_valid(count: int) -> None:
    """Without the factor, or with the wrong one of them, it would not be, or would be too careful."""
    rounds, alpha = 20_000, 0.05
    drawn = worst_case(count, rounds, alpha, seed=2)
    for share in (0.01, 0.05, 0.3, 0.9):
        assert (drawn <= share).mean(axis=0) == pytest.approx([share] * count, abs=0.015), "each is uniform"
    error = 3 * math.sqrt(alpha * (1 - alpha) / rounds)
    assert rejected(drawn, alpha) == pytest.approx(alpha, abs=error)


@given(st.lists(P_VALUES, min_size=1, max_size=9), st.data())
def test_a_merged_p_value_knows_no_order(p_values: list[float], data: st.DataObject) -> None:
    assert merged_p(data.draw(st.permutations(p_values))) == merged_p(p_values)
    assert 0 <= merged_p(p_values) <= 1


def test_no_p_values_cannot_be_merged() -> None:
    with pytest.raises(ValueError, match="no p-value"):
        merged_p([])


@pytest.mark.parametrize("impossible", [-0.1, 1.1, math.nan])
def test_what_is_no_p_value_is_refused(impossible: float) -> None:
    for method in (holm, merged_p):
        with pytest.raises(ValueError, match="within 0 and 1"):
            method([0.5, impossible, 0.2])


# The bootstrap.


def naive_means(values: Floats, rounds: int, seed: int) -> Floats:
    """Draw pictures one by one, each with all its seeds, and average all that was drawn."""
    generator, pictures = np.random.default_rng(seed), values.shape[1]
    return np.array([values[:, generator.integers(0, pictures, pictures)].mean() for _ in range(rounds)])


def several_seeds(seeds: int, pictures: int, seed: int) -> Bools:
    """Draw what seeds of one way got right: they mostly agree, since some pictures are hard for all."""
    hard = right(0.3, pictures, seed=seed)
    in_hard, in_easy = (right(a, seeds, pictures, seed=seed + n) for n, a in ((1, 0.2), (2, 0.95)))
    return np.where(hard, in_hard, in_easy)


def share_holding(truth: float, intervals: list[tuple[float, float]]) -> float:
    return sum(low <= truth <= high for low, high in intervals) / len(intervals)


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95, 0.99])
@pytest.mark.parametrize("kind", ["right or wrong", "any number"])
def test_the_interval_is_the_one_of_drawing_pictures_one_by_one(kind: str, confidence: float) -> None:
    correct = several_seeds(3, 80, seed=5)
    values = correct.astype(float) if kind == "right or wrong" else correct - right(0.5, 3, 80) * 1.7
    naive = naive_means(values, 10_000, seed=6)
    outside = (1 - confidence) / 2
    expected = np.quantile(naive, (outside, 1 - outside))
    interval = bootstrap_interval(values, confidence=confidence)
    assert interval == pytest.approx(expected, abs=0.12 * naive.std())


def test_19_of_20_intervals_hold_the_truth() -> None:
    truth = 0.8
    intervals = [bootstrap_interval(right(truth, 200, seed=n), 1_000, seed=n + TRIALS) for n in range(TRIALS)]
    assert 0.92 <= share_holding(truth, intervals) <= 0.97


def test_19_of_20_intervals_of_several_seeds_hold_the_truth() -> None:
    """Of seeds that mostly agree; taken as pictures of their own they would hold it in 2 of 3."""
    truth = 0.3 * 0.2 + 0.7 * 0.95
    intervals = [bootstrap_interval(several_seeds(5, 200, seed=10 * n), 1_000, n) for n in range(TRIALS)]
    assert 0.92 <= share_holding(truth, intervals) <= 0.97


def test_seeds_that_agree_in_everything_are_worth_one() -> None:
    """As pictures of their own they would make the interval narrower, by the square root of 3."""
    one = right(0.8, 300)
    assert bootstrap_interval(np.stack([one] * 3)) == bootstrap_interval(one)
    low, high = bootstrap_interval(one)
    narrow_low, narrow_high = bootstrap_interval(np.tile(one, 3))
    assert narrow_high - narrow_low < 0.7 * (high - low), "the two could have been told apart"


def test_a_picture_keeps_its_place_in_all_seeds() -> None:
    """Two seeds that are right just where the other is wrong have a mean that is known for sure."""
    one = right(0.5, 300)
    assert bootstrap_interval(np.stack([one, ~one])) == (0.5, 0.5)


def test_the_same_seed_gives_the_same_interval_and_another_one_another() -> None:
    values = several_seeds(3, 200, seed=1)
    assert bootstrap_interval(values) == bootstrap_interval(values, rounds=10_000, seed=0, confidence=0.95)
    assert bootstrap_interval(values, 300, seed=1) != bootstrap_interval(values, 300, seed=2)


@given(st.integers(1, 5), st.integers(1, 40), st.integers(0, 999))
@settings(max_examples=30)
def test_the_interval_lies_within_the_values(seeds: int, pictures: int, seed: int) -> None:
    low, high = bootstrap_interval(right(0.7, seeds, pictures, seed=seed), rounds=100)
    assert 0 <= low <= high <= 1


def test_all_right_has_no_width() -> None:
    assert bootstrap_interval(np.ones((3, 50), bool)) == (1.0, 1.0)


def test_more_confidence_is_wider() -> None:
    values = right(0.7, 100)
    low, high = bootstrap_interval(values, confidence=0.8)
    wide_low, wide_high = bootstrap_interval(values, confidence=0.99)
    assert wide_low < low < high < wide_high


def test_how_many_are_drawn_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = several_seeds(3, 100, seed=4)
    at_once = bootstrap_interval(values, 1_000)
    monkeypatch.setattr(bootstrap, "DRAWN_AT_ONCE", 28)  # 7 rounds of 4 values, and 6 in the end
    assert bootstrap_interval(values, 1_000) == pytest.approx(at_once, abs=1e-12)


def peak_megabytes(values: Floats | Bools, rounds: int) -> float:
    tracemalloc.start()
    try:
        bootstrap_interval(values, rounds)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def test_100_000_pictures_take_little_memory_and_time() -> None:
    values = right(0.8, 5, 100_000)
    began = time.perf_counter()
    assert peak_megabytes(values, 10_000) < 20
    assert time.perf_counter() - began < 10, "drawn one by one they would take minutes"


def test_values_that_all_differ_take_little_memory() -> None:
    values = np.random.default_rng(0).random(10_000)
    assert peak_megabytes(values, 500) < 30, "not the 80 MB of all rounds at once"


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3), (), (2, 3, 4)])
def test_what_is_not_seeds_by_pictures_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="seeds by pictures"):
        bootstrap_interval(np.zeros(shape))


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        bootstrap_interval(np.array([0.5, wrong]))


@pytest.mark.parametrize(("rounds", "confidence"), [(0, 0.95), (-1, 0.95), (10, 0.0), (10, 1.0), (10, 95.0)])
def test_no_rounds_or_no_confidence_make_no_interval(rounds: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="no interval"):
        bootstrap_interval(np.ones(3), rounds, confidence=confidence)


# A difference.


def test_a_difference_is_the_mean_of_the_differences() -> None:
    first, second = several_seeds(3, 200, seed=1), several_seeds(3, 200, seed=50)
    expected = bootstrap_interval(first.astype(float) - second.astype(float), 500, 3, 0.8)
    assert difference_interval(first, second, 500, 3, 0.8) == pytest.approx(expected, abs=0.005)
    low, high = difference_interval(first, second)
    assert low < first.mean() - second.mean() < high


def test_the_first_one_being_better_is_positive() -> None:
    worse, better = right(0.5, 2, 400), right(0.8, 2, 400)
    assert (better >= worse).all()
    assert difference_interval(better, worse)[0] > 0
    assert difference_interval(worse, better)[1] < 0


def test_what_is_hard_for_both_does_not_widen_a_difference() -> None:
    """Both are right on the same half, but for 4 of 1,000: drawn apart, the interval is 10 times as wide."""
    first = right(0.5, 1_000)
    second = first.copy()
    second[:4] = ~second[:4]
    low, high = difference_interval(first, second)
    apart_low, apart_high = difference_interval(first, np.random.default_rng(3).permutation(second))
    assert high - low < 0.2 * (apart_high - apart_low)


def test_two_that_say_the_same_of_every_picture_are_not_known_to_say_so_of_all_others() -> None:
    """By Agresti and Min: as if half a picture had been seen of each kind that was not."""
    narrow = difference_interval(right(0.5, 1_000), right(0.5, 1_000))
    wide = difference_interval(right(0.5, 40), right(0.5, 40))
    assert narrow == (-0.002, 0.002)
    assert wide[0] < narrow[0] < 0.0 < narrow[1] < wide[1]
    assert difference_interval(np.array([True]), np.array([False])) == (-1.0, 1.0), (
        "one picture shows nothing"
    )


@pytest.mark.parametrize(("count", "ahead", "behind"), [(153, 0.02, 0.005), (40, 0.1, 0.02)])
def test_where_few_pictures_tell_two_apart_intervals_hold_the_truth_more_often_than_undrawn_ones(
    count: int, ahead: float, behind: float
) -> None:
    generator, held = np.random.default_rng(1), {"as seen": 0, "with more": 0}
    for _ in range(300):
        drawn = generator.random(count)
        first, second = drawn < ahead, (drawn >= ahead) & (drawn < ahead + behind)
        for name, (low, high) in (
            ("as seen", bootstrap_interval(first.astype(float) - second.astype(float), 1_000)),
            ("with more", difference_interval(first, second, 1_000)),
        ):
            held[name] += low - 1e-9 <= ahead - behind <= high + 1e-9
    assert held["with more"] > 0.93 * 300
    assert held["with more"] > held["as seen"]


def test_19_of_20_intervals_of_no_difference_hold_0() -> None:
    firsts, seconds = ([several_seeds(3, 150, seed=10 * n + side) for n in range(TRIALS)] for side in (0, 5))
    intervals = [
        difference_interval(first, second, 1_000, seed=n)
        for n, (first, second) in enumerate(zip(firsts, seconds, strict=True))
    ]
    assert 0.92 <= share_holding(0, intervals) <= 0.97


@pytest.mark.parametrize("shape", [(3, 11), (2, 10), (1, 10), (10,)])
def test_other_pictures_or_seeds_cannot_be_compared(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="same pictures"):
        difference_interval(np.ones((3, 10), bool), np.ones(shape, bool))


def test_a_difference_without_pictures_is_refused() -> None:
    with pytest.raises(ValueError, match="seeds by pictures"):
        difference_interval(np.ones((3, 0), bool), np.ones((3, 0), bool))


# What is worth its cost.

FEW = st.integers(0, 5).map(float)
POINTS = st.lists(st.tuples(FEW, FEW) | st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=20)


def unbeaten(points: list[tuple[float, float]]) -> set[int]:
    """Compare each with each."""
    return {
        place
        for place, (cost, accuracy) in enumerate(points)
        if not any(c <= cost and a >= accuracy and (c < cost or a > accuracy) for c, a in points)
    }


def test_what_costs_more_and_is_no_better_is_not_on_the_front() -> None:
    points = [(3.0, 0.9), (1.0, 0.5), (2.0, 0.5), (2.0, 0.8), (4.0, 0.7), (1.0, 0.4)]
    assert pareto_front(points) == [1, 3, 0]
    assert pareto_front([]) == []


def test_equal_points_both_stay_in_the_order_given() -> None:
    assert pareto_front([(2.0, 0.9), (1.0, 0.5), (2.0, 0.9), (1.0, 0.5)]) == [1, 3, 0, 2]


def test_whoever_is_never_right_and_never_done_is_still_the_best_of_one() -> None:
    assert pareto_front([(math.inf, -math.inf)]) == [0]


@given(POINTS)
def test_the_front_is_what_comparing_each_with_each_leaves(points: list[tuple[float, float]]) -> None:
    front = pareto_front(points)
    assert set(front) == unbeaten(points)
    assert len(front) == len(set(front))
    assert [points[place][0] for place in front] == sorted(points[place][0] for place in front)


@pytest.mark.parametrize("point", [(math.nan, 0.5), (1.0, math.nan)])
def test_a_point_with_nan_is_refused(point: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="nan"):
        pareto_front([(1.0, 0.5), point])
