"""What a comparison says in words: nothing that its pictures cannot show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftgui.freezing.strategies import STRATEGIES
from ftgui.runs.comparison_words import (
    ONE_SEED,
    costs_apart,
    in_points,
    measure_words,
    optimistic_words,
    p_words,
    pair_figures,
    pair_words,
    sentences,
    times_words,
)
from ftgui.runs.results import PairResult, SeedPair, StrategyResult
from tests.results import pair_result, strategy_result
from tests.runs.drawn_comparison import plan_of

NAMES = tuple(STRATEGIES)


def strategy(name: str, accuracy: float = 0.9, seconds: float = 10.0) -> StrategyResult:
    return strategy_result(name, accuracy, seconds=seconds, pictures=1234)


def pair(first: StrategyResult, second: StrategyResult, *, differs: bool) -> PairResult:
    return pair_result(first, second, p=0.0005, p_holm=0.002, differs=differs)


def named(words: str) -> list[str]:
    return re.findall("`([^`]+)`", words)


def level_of(said: Sequence[str]) -> tuple[list[str], str]:
    """Return which strategies a comparison calls level, and what it says of their cost."""
    told = [sentence.partition(": no difference that ") for sentence in said]
    of_level = [(named(names), rest) for names, separator, rest in told if separator]
    assert len(of_level) <= 1
    return of_level[0] if of_level else ([], "")


# Two strategies --------------------------------------------------------------------------------------------


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.1, 1000), st.floats(0.1, 1000))
def test_nobody_wins_by_a_difference_that_the_pictures_cannot_show(
    one: float, two: float, quick: float, slow: float
) -> None:
    first, second = strategy("freeze", one, quick), strategy("full", two, slow)
    same = pair(first, second, differs=False)
    for words in (pair_words(same), *sentences((first, second), (same,))):
        assert "better" not in words
        assert "no difference that 1,234 pictures can show" in words


def test_the_better_one_of_two_that_differ_is_named_first_and_by_how_much() -> None:
    ahead, behind = strategy("freeze", 0.95), strategy("full", 0.85)
    said = "`freeze` is better than `full` by 10.0 points (5.0 to 15.0, p = 0.0020)."
    assert pair_words(pair(ahead, behind, differs=True)) == said
    assert pair_words(pair(behind, ahead, differs=True)) == said


def test_the_interval_is_told_without_a_sign_and_the_p_is_the_one_corrected_for_all_pairs() -> None:
    behind = pair(strategy("freeze", 0.85), strategy("full", 0.95), differs=True)
    surer = msgspec.structs.replace(behind, p=0.5, p_holm=0.049, low=-0.19, high=-0.01)
    assert pair_words(surer) == "`full` is better than `freeze` by 10.0 points (1.0 to 19.0, p = 0.049)."


def test_a_p_that_is_too_small_to_print_is_not_said_to_be_equal_to_anything() -> None:
    certain = pair(strategy("freeze", 0.95), strategy("full", 0.85), differs=True)
    said = pair_words(msgspec.structs.replace(certain, p_holm=1e-9))
    assert "p < 0.0001" in said


def test_what_costs_less_is_named_whichever_comes_first() -> None:
    quick, slow = strategy("freeze", seconds=2.0), strategy("full", seconds=62.0)
    said = "no difference that 1,234 pictures can show; `freeze` is 31 times cheaper."
    assert pair_words(pair(quick, slow, differs=False)) == f"`freeze` and `full`: {said}"
    assert pair_words(pair(slow, quick, differs=False)) == f"`full` and `freeze`: {said}"


def test_a_cost_that_is_about_the_same_is_not_told() -> None:
    same = pair(strategy("freeze", seconds=10.0), strategy("full", seconds=11.0), differs=False)
    assert pair_words(same) == "`freeze` and `full`: no difference that 1,234 pictures can show."


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (0.5, ""),
        (1.0, ""),
        (1.29, ""),
        (1.31, "1.3 times"),
        (2.44, "2.4 times"),
        (9.4, "9.4 times"),
        (9.6, "10 times"),
        (31.0, "31 times"),
    ],
)
def test_a_ratio_is_told_as_people_would(ratio: float, words: str) -> None:
    assert times_words(ratio, 1.0) == words
    assert times_words(3 * ratio, 3.0) == words


def test_nothing_is_so_many_times_as_cheap_as_nothing() -> None:
    assert times_words(5.0, 0.0) == ""


@pytest.mark.parametrize(
    ("difference", "words"), [(0.026, "2.6 points"), (0.7, "70.0 points"), (0.0004, "0.0 points")]
)
def test_a_difference_is_told_in_points(difference: float, words: str) -> None:
    assert in_points(difference) == words


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (0.0, "< 0.0001"),
        (0.00009, "< 0.0001"),
        (0.0001, "= 0.0001"),
        (0.00234, "= 0.0023"),
        (0.01, "= 0.010"),
        (0.034, "= 0.034"),
        (0.5, "= 0.50"),
        (1.0, "= 1.00"),
    ],
)
def test_a_p_is_told_as_people_print_it(p: float, words: str) -> None:
    assert p_words(p) == words


# All of them -----------------------------------------------------------------------------------------------


@st.composite
def drawn_results(draw: st.DrawFn) -> tuple[tuple[StrategyResult, ...], tuple[PairResult, ...]]:
    """Strategies with any accuracies and seconds, and any set of pairs that differ, or were not compared."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(2, len(NAMES)))]
    strategies = tuple(
        strategy(name, draw(st.integers(0, 5)) / 5, float(draw(st.integers(1, 40)))) for name in names
    )
    verdicts = st.sampled_from((True, False, False, None))
    pairs = [(a, b, draw(verdicts)) for a, b in combinations(strategies, 2)]
    return strategies, tuple(pair(a, b, differs=differs) for a, b, differs in pairs if differs is not None)


@given(drawn_results())
def test_no_two_of_those_called_level_differ_and_the_best_is_one_of_them(
    results: tuple[tuple[StrategyResult, ...], tuple[PairResult, ...]],
) -> None:
    strategies, pairs = results
    same = {frozenset((pair.first, pair.second)) for pair in pairs if not pair.differs}
    level, _ = level_of(sentences(strategies, pairs))
    assert all(frozenset(two) in same for two in combinations(level, 2))
    best = min(strategies, key=lambda each: (-each.accuracy, each.seconds)).strategy
    if not level:
        assert not any(best in two for two in same), "it is level with none"
        return
    assert level[0] == best
    left_out = {each.strategy for each in strategies} - set(level)
    assert all(any(frozenset((out, one)) not in same for one in level) for out in left_out)


@given(drawn_results())
def test_of_those_that_are_level_the_cheapest_is_named_with_how_much_it_saves(
    results: tuple[tuple[StrategyResult, ...], tuple[PairResult, ...]],
) -> None:
    strategies, pairs = results
    seconds = {each.strategy: each.seconds for each in strategies}
    level, rest = level_of(sentences(strategies, pairs))
    if not level:
        return
    least = min(seconds[name] for name in level)
    dearer = sorted(seconds[name] for name in level if seconds[name] / least >= 1.3)
    if not dearer:
        assert rest == "1,234 pictures can show, and none that matters in what they cost."
        return
    cheapest, *others = named(rest)
    assert seconds[cheapest] == least
    assert [seconds[name] for name in others] == dearer
    assert rest.count(" cheaper than ") == len(others)
    for name in others:
        assert f"{times_words(seconds[name], least)} cheaper than `{name}`" in rest


@given(drawn_results())
def test_better_is_said_of_the_best_and_only_of_those_that_differ_from_it_or_its_like(
    results: tuple[tuple[StrategyResult, ...], tuple[PairResult, ...]],
) -> None:
    strategies, pairs = results
    best = min(strategies, key=lambda each: (-each.accuracy, each.seconds)).strategy
    told = {frozenset(named(words)) for words in sentences(strategies, pairs) if "better" in words}
    differing = {frozenset((pair.first, pair.second)) for pair in pairs if pair.differs}
    assert told <= differing
    assert told >= {two for two in differing if best in two}
    level, _ = level_of(sentences(strategies, pairs))
    beside = {name for two in differing for name in two if two & {*level, best}} - {*level, best}
    assert beside <= {name for two in told for name in two}, "who differs from one of the best is told of"


def test_the_figures_behind_a_pair_are_its_interval_and_a_p_for_each_seed() -> None:
    seeds = tuple(
        SeedPair(seed=seed, only_first=3, only_second=4, p=0.1, p_holm=p)
        for seed, p in enumerate((0.688, 1.0))
    )
    interval = {"low": -0.019, "high": 0.033, "p_holm": 0.0001}
    both = pair_result(strategy("full", 0.95), strategy("freeze", 0.94), seeds=seeds, **interval)
    apart = "+1.0 points (−1.9 to +3.3)"
    assert pair_figures(both) == f"{apart} · p by seed 0.688, 1.000 · of all < 0.001"
    assert pair_figures(msgspec.structs.replace(both, seeds=seeds[:1])) == f"{apart} · p < 0.001"


def test_nobody_is_the_cheapest_where_the_cost_of_one_is_not_known() -> None:
    freeze = msgspec.structs.replace(strategy("freeze", 0.95, 1.4), is_cost_known=False)
    full, small = strategy("full", 0.95, 100.0), strategy("small-lr", 0.94, 200.0)
    every = (freeze, full, small)
    pairs = [pair(a, b, differs=False) for a, b in combinations(every, 2)]
    (said,) = sentences(every, pairs)
    assert said == (
        "`freeze`, `full` and `small-lr`: no difference that 1,234 pictures can show. What `freeze` takes by "
        "itself is not known: its frozen stages were kept from before, and nobody noted how long they took."
    )


def test_runs_of_which_some_of_the_dearer_took_less_are_not_called_cheaper() -> None:
    full = strategy_result("full", seconds=100.0, seconds_lowest=60.0, seconds_highest=110.0)
    small = strategy_result("small-lr", seconds=200.0, seconds_lowest=90.0, seconds_highest=210.0)
    freeze = strategy_result("freeze", seconds=9.0, seconds_lowest=8.0, seconds_highest=12.0)
    both = pair_result(full, small, is_cost_apart=costs_apart(full, small))
    assert pair_words(both) == "`full` and `small-lr`: no difference that 100 pictures can show."
    assert "none that matters in what they cost" in sentences((full, small), (both,))[0]
    apart = pair_result(freeze, small, is_cost_apart=costs_apart(freeze, small))
    assert pair_words(apart).endswith("`freeze` is 22 times cheaper.")


def test_what_the_pictures_show_and_the_seeds_do_not_is_neither_a_difference_nor_none() -> None:
    ahead, behind = strategy("full", 0.95), strategy("freeze", 0.85)
    open_one = pair_result(ahead, behind, p_holm=0.012, is_unsettled=True)
    said = (
        "`full` is ahead of `freeze` by 10.0 points (5.0 to 15.0, p = 0.012), but not in every seed: more "
        "seeds would tell."
    )
    assert pair_words(open_one) == said
    assert sentences((ahead, behind), (open_one,)) == (said,)


def test_two_that_can_be_compared_are_though_the_best_was_judged_on_other_pictures() -> None:
    best, good, poor = strategy("thaw", 0.99), strategy("freeze", 0.95), strategy("full", 0.6)
    (words, *_) = sentences((best, good, poor), (pair(good, poor, differs=True),))
    assert words.startswith("`freeze` is better than `full` by 35.0 points")


def test_one_picture_is_one_picture() -> None:
    one, other = (strategy_result(name, pictures=1) for name in ("freeze", "full"))
    assert "no difference that 1 picture can show" in pair_words(pair_result(one, other))


def test_three_that_are_level_and_one_that_is_not() -> None:
    freeze, lr_zero = strategy("freeze", 0.95, 2.0), strategy("lr-zero", 0.95, 62.0)
    partial, scratch = strategy("partial", 0.93, 5.0), strategy("scratch", 0.7, 70.0)
    every = (scratch, partial, lr_zero, freeze)
    pairs = [pair(a, b, differs=scratch in (a, b)) for a, b in combinations(every, 2)]
    assert sentences(every, pairs) == (
        (
            "`freeze`, `lr-zero` and `partial`: no difference that 1,234 pictures can show; "
            "`freeze` is 2.5 times cheaper than `partial`, 31 times cheaper than `lr-zero`."
        ),
        "`freeze` is better than `scratch` by 25.0 points (20.0 to 30.0, p = 0.0020).",
        ONE_SEED,
    )


@pytest.mark.parametrize("seeds", [1, 2, 3])
@pytest.mark.parametrize("differs", [True, False])
def test_a_difference_of_one_seed_is_said_to_be_one(seeds: int, differs: bool) -> None:
    names = ("freeze", "full")
    first, second = (
        msgspec.structs.replace(strategy(name, accuracy), runs=(f"{name}-seed0",) * seeds)
        for name, accuracy in zip(names, (0.95, 0.85), strict=True)
    )
    said = sentences((first, second), (pair(first, second, differs=differs),))
    assert (said[-1] == ONE_SEED) == (differs and seeds == 1)
    assert said.count(ONE_SEED) == (differs and seeds == 1)


def test_one_strategy_alone_is_compared_with_nothing() -> None:
    assert sentences((strategy("freeze"),), ()) == ()
    assert sentences((), ()) == ()


# What accuracies are of ------------------------------------------------------------------------------------


def test_what_was_chosen_by_the_pictures_that_judge_is_said() -> None:
    def words(lrs: Sequence[float] = (), **changes: Any) -> str:
        return optimistic_words(plan_of("freeze", "full", lrs=lrs, **changes), "last epoch")

    assert words() == ""
    assert words((0.1, 0.01)) == (
        "Optimistic: each strategy's learning rate was chosen among 2, by the pictures that it is judged on."
    )
    assert words(early_stop=3) == (
        "Optimistic: the last epoch was chosen by early stopping, by the pictures that it is judged on."
    )
    both = words((0.1, 0.01, 0.001), early_stop=3)
    assert "rate was chosen among 3 and the last epoch was chosen by early stopping, by the" in both


def test_where_some_were_tried_with_fewer_rates_that_is_said() -> None:
    plan = plan_of("freeze", "full", lrs=(0.1, 0.01, 0.001))
    assert "chosen among 2 to 3, not as many for all, by the pictures" in optimistic_words(
        plan, "last epoch", (3, 2)
    )


def test_of_one_learning_rate_nothing_is_chosen() -> None:
    assert optimistic_words(plan_of("freeze", "full", lrs=(0.1,)), "last epoch") == ""


def test_nothing_was_chosen_by_test_pictures() -> None:
    plan = plan_of("freeze", "full", lrs=(0.1, 0.01), early_stop=3)
    assert optimistic_words(plan, "test") == ""
    assert "best weights on the test pictures" in measure_words("test")
    assert "last epoch on the validation pictures" in measure_words("last epoch")


def test_with_several_seeds_it_is_said_that_all_of_them_must_agree() -> None:
    assert "every seed says the same" in measure_words("test", 3)
    assert "every seed says the same" in measure_words("last epoch", 2)
    assert "seed" not in measure_words("test", 1)
