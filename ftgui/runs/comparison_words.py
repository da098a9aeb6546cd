"""What a comparison honestly says, in words. No winner by a difference that so few pictures cannot show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from ftgui.runs.comparison import ComparisonPlan
from ftgui.runs.report_words import listed
from ftgui.runs.results import Measure, PairResult, StrategyResult

ONE_SEED = "All of this is of one seed: how much of a difference is chance shows with three."
AGREEING = "Two strategies differ only where so many pictures can show it and every seed says the same."
MEASURES: dict[Measure, str] = {
    "test": "Accuracies are those of the best weights on the test pictures, which nothing was chosen by.",
    "last epoch": "Accuracies are those of the last epoch on the validation pictures: the best epoch would "
    "have been chosen by those.",
}
SAME_COST = 1.15
"""Ratios of seconds below which nobody should care."""


def measure_words(measure: Measure, seeds: int = 1) -> str:
    """Return what accuracies are of, and with several seeds what counts as a difference, in sentences."""
    words = MEASURES[measure]
    return f"{words} {AGREEING}" if seeds > 1 else words


def optimistic_words(plan: ComparisonPlan, measure: Measure) -> str:
    """Return why accuracies may be a little high; empty where they are not."""
    if measure == "test":
        return ""
    chosen = []
    if len(plan.lrs) > 1:
        chosen.append(f"each strategy's learning rate was chosen among {len(plan.lrs)}")
    if plan.config.early_stop is not None:
        chosen.append("the last epoch was chosen by early stopping")
    if not chosen:
        return ""
    return f"Optimistic: {' and '.join(chosen)}, by the pictures that it is judged on."


def pair_words(pair: PairResult) -> str:
    """Return what can be said of two strategies, as a sentence."""
    if not pair.differs:
        cost = _cheaper(pair)
        words = f"`{pair.first}` and `{pair.second}`: no difference that {pair.pictures:,} pictures can show"
        return f"{words}; {cost}." if cost else f"{words}."
    better, worse = (pair.first, pair.second) if pair.difference > 0 else (pair.second, pair.first)
    low, high = sorted((abs(pair.low), abs(pair.high)))
    return (
        f"`{better}` is better than `{worse}` by {points(abs(pair.difference))} "
        f"({100 * low:.1f} to {100 * high:.1f}, p {p_words(pair.p_holm)})."
    )


def sentences(strategies: Sequence[StrategyResult], pairs: Sequence[PairResult]) -> tuple[str, ...]:
    """Return what a comparison says as a whole: which are as good as the best, and what they cost."""
    return tuple(_sentences(strategies, pairs)) if len(strategies) > 1 else ()


def _sentences(strategies: Sequence[StrategyResult], pairs: Sequence[PairResult]) -> Iterator[str]:
    ranked = sorted(strategies, key=lambda each: (-each.accuracy, each.seconds))
    leader = ranked[0]
    level = _level(ranked, pairs)
    if len(level) > 1:
        yield _level_words(level)
    for each in ranked:
        told = (pair for other in level if (pair := _pair(pairs, each, other)) and pair.differs)
        yield from map(pair_words, islice(told, 1))  # with the best of those that it differs from
    if len(leader.runs) == 1 and any(pair.differs for pair in pairs):
        yield ONE_SEED


def _level(ranked: Sequence[StrategyResult], pairs: Sequence[PairResult]) -> list[StrategyResult]:
    """Return the best and those of which no two differ, neither from it nor from one another."""
    same = {frozenset((pair.first, pair.second)) for pair in pairs if not pair.differs}
    level: list[StrategyResult] = []
    for each in ranked:
        if all(frozenset((each.strategy, other.strategy)) in same for other in level):
            level.append(each)
    return level


def _level_words(level: Sequence[StrategyResult]) -> str:
    """Return the sentence about those that are as good as the best, and the cheapest of them."""
    words = f"{_named(level)}: no difference that {level[0].pictures:,} pictures can show"
    by_cost = sorted((each for each in level if each.is_cost_known), key=lambda each: each.seconds)
    if len(by_cost) < 2:
        return f"{words}."
    cheapest, others = by_cost[0], by_cost[1:]
    dearer = [each for each in others if times_words(each.seconds, cheapest.seconds)]
    if not dearer:
        return f"{words}, and none that matters in what they cost."
    told = ", ".join(
        f"{times_words(each.seconds, cheapest.seconds)} cheaper than `{each.strategy}`" for each in dearer
    )
    return f"{words}; `{cheapest.strategy}` is {told}."


def _cheaper(pair: PairResult) -> str:
    """Return which of two is cheaper, and how much; empty where it does not matter."""
    ratio = pair.cost_ratio
    if ratio is None:
        return ""
    cheap, words = (
        (pair.first, times_words(1.0, ratio)) if ratio < 1 else (pair.second, times_words(ratio, 1.0))
    )
    return f"`{cheap}` is {words} cheaper" if words else ""


def times_words(more: float, less: float) -> str:
    """Return "31 times", "2.4 times"; empty where the two are about the same."""
    ratio = more / less if less > 0 else 1.0
    if ratio < SAME_COST:
        return ""
    return f"{ratio:.0f} times" if ratio >= 9.5 else f"{ratio:.1f} times"


def points(difference: float) -> str:
    """Return a difference of accuracies in points: "2.6 points"."""
    return f"{100 * difference:.1f} points"


def p_words(p: float) -> str:
    """Return a p as people print it, after a "p": "= 0.03", "< 0.0001"."""
    if p < 0.0001:
        return "< 0.0001"
    return f"= {p:.4f}" if p < 0.01 else f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"


def _named(strategies: Sequence[StrategyResult]) -> str:
    return listed([f"`{each.strategy}`" for each in strategies])


def _pair(pairs: Sequence[PairResult], one: StrategyResult, other: StrategyResult) -> PairResult | None:
    """Return the pair of two strategies, in whatever order."""
    both = {one.strategy, other.strategy}
    return next((pair for pair in pairs if {pair.first, pair.second} == both), None)
