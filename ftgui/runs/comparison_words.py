"""What a comparison honestly says, in words. No winner by a difference that so few pictures cannot show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from ftgui.runs.comparison import ComparisonPlan
from ftgui.runs.report_words import counted, listed, p_value, points
from ftgui.runs.results import Measure, PairResult, StrategyResult

ONE_SEED = "All of this is of one seed: how much of a difference is chance shows with three."
AGREEING = "Two strategies differ only where so many pictures can show it and every seed says the same."
MEASURES: dict[Measure, str] = {
    "test": "Accuracies are those of the best weights on the test pictures, which nothing was chosen by.",
    "last epoch": "Accuracies are those of the last epoch on the validation pictures: the best epoch would "
    "have been chosen by those.",
}
SAME_COST = 1.3
"""Ratios of seconds below which nobody should care."""


def measure_words(measure: Measure, seeds: int = 1) -> str:
    """Return what accuracies are of, and with several seeds what counts as a difference, in sentences."""
    words = MEASURES[measure]
    return f"{words} {AGREEING}" if seeds > 1 else words


def optimistic_words(plan: ComparisonPlan, measure: Measure, tries: Sequence[int] = ()) -> str:
    """Return why accuracies may be a little high; empty where they are not.

    ``tries`` are the learning rates that each strategy was tried with in the end, as many as asked for unless
    some were skipped or broke.
    """
    if measure == "test":
        return ""
    chosen = []
    if len(plan.lrs) > 1:
        fewest, most = min(tries, default=len(plan.lrs)), max(tries, default=len(plan.lrs))
        among = f"{most}" if fewest == most else f"{fewest} to {most}, not as many for all"
        chosen.append(f"each strategy's learning rate was chosen among {among}")
    if plan.config.early_stop is not None:
        chosen.append("the last epoch was chosen by early stopping")
    if not chosen:
        return ""
    return f"Optimistic: {' and '.join(chosen)}, by the pictures that it is judged on."


def pair_words(pair: PairResult) -> str:
    """Return what can be said of two strategies, as a sentence."""
    better, worse = (pair.first, pair.second) if pair.difference > 0 else (pair.second, pair.first)
    low, high = sorted((abs(pair.low), abs(pair.high)))
    apart = f"{in_points(abs(pair.difference))} ({100 * low:.1f} to {100 * high:.1f}"
    by = f"by {apart}, p {p_words(pair.p_holm)})"
    if pair.differs:
        return f"`{better}` is better than `{worse}` {by}."
    if pair.is_unsettled:
        return f"`{better}` is ahead of `{worse}` {by}, but not in every seed: more seeds would tell."
    cost = _cheaper(pair)
    words = f"`{pair.first}` and `{pair.second}`: no difference that {_shown_by(pair.pictures)} can show"
    return f"{words}; {cost}." if cost else f"{words}."


def pair_figures(pair: PairResult) -> str:
    """Return the figures behind ``pair_words``, McNemar's p corrected for the number of pairs.

    Such as "+0.7 points (−1.9 to +3.3) · p by seed 0.688, 1.000 · of all 1.000".
    """
    apart = f"{points(pair.difference)} points ({points(pair.low)} to {points(pair.high)})"
    if len(pair.seeds) < 2:
        return f"{apart} · p {p_value(pair.p_holm)}"
    by_seed = ", ".join(p_value(each.p_holm) for each in pair.seeds)
    return f"{apart} · p by seed {by_seed} · of all {p_value(pair.p_holm)}"


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
        told = (pair for pair in _against(each, level, ranked, pairs) if pair.differs or pair.is_unsettled)
        yield from map(pair_words, islice(told, 1))  # with the best of those that it differs from
    if len(leader.runs) == 1 and any(pair.differs for pair in pairs):
        yield ONE_SEED


def _against(
    each: StrategyResult,
    level: Sequence[StrategyResult],
    ranked: Sequence[StrategyResult],
    pairs: Sequence[PairResult],
) -> list[PairResult]:
    """Return a strategy's pairs with the best; with whoever is ahead where these saw other pictures."""
    with_best = [pair for other in level if (pair := _pair(pairs, each, other))]
    ahead = ranked[: ranked.index(each)]
    return with_best or [pair for other in ahead if (pair := _pair(pairs, each, other))]


def _level(ranked: Sequence[StrategyResult], pairs: Sequence[PairResult]) -> list[StrategyResult]:
    """Return the best and those of which no two differ, neither from it nor from one another."""
    level_pairs = (pair for pair in pairs if not (pair.differs or pair.is_unsettled))
    same = {frozenset((pair.first, pair.second)) for pair in level_pairs}
    level: list[StrategyResult] = []
    for each in ranked:
        if all(frozenset((each.strategy, other.strategy)) in same for other in level):
            level.append(each)
    return level


def _level_words(level: Sequence[StrategyResult]) -> str:
    """Return the sentence about those that are as good as the best, and the cheapest of them.

    Nobody is the cheapest where somebody's cost is not known.
    """
    words = f"{_named(level)}: no difference that {_shown_by(level[0].pictures)} can show"
    unknown = [each for each in level if not each.is_cost_known]
    if unknown:
        take, their = ("takes by itself", "its") if len(unknown) == 1 else ("take by themselves", "their")
        kept = f"{their} frozen stages were kept from before, and nobody noted how long they took"
        return f"{words}. What {_named(unknown)} {take} is not known: {kept}."
    cheapest, *others = sorted(level, key=lambda each: each.seconds)
    dearer = [
        each for each in others if costs_apart(cheapest, each) and times_words(each.seconds, cheapest.seconds)
    ]
    if not dearer:
        return f"{words}, and none that matters in what they cost."
    told = ", ".join(
        f"{times_words(each.seconds, cheapest.seconds)} cheaper than `{each.strategy}`" for each in dearer
    )
    return f"{words}; `{cheapest.strategy}` is {told}."


def _cheaper(pair: PairResult) -> str:
    """Return which of two is cheaper, and how much; empty where it does not matter."""
    ratio = pair.cost_ratio
    if ratio is None or not pair.is_cost_apart:
        return ""
    cheap, words = (
        (pair.first, times_words(1.0, ratio)) if ratio < 1 else (pair.second, times_words(ratio, 1.0))
    )
    return f"`{cheap}` is {words} cheaper" if words else ""


def costs_apart(one: StrategyResult, other: StrategyResult) -> bool:
    """Whether every run of the one took longer than any of the other: what is not so may be the computer's
    doing, which had other things to do beside one of them."""
    (low, high), (other_low, other_high) = _cost_range(one), _cost_range(other)
    return high < other_low or other_high < low


def _cost_range(strategy: StrategyResult) -> tuple[float, float]:
    low, high = strategy.seconds_lowest, strategy.seconds_highest
    return strategy.seconds if low is None else low, strategy.seconds if high is None else high


def times_words(more: float, less: float) -> str:
    """Return "31 times", "2.4 times"; empty where the two are about the same."""
    ratio = more / less if less > 0 else 1.0
    if ratio < SAME_COST:
        return ""
    return f"{ratio:.0f} times" if ratio >= 9.5 else f"{ratio:.1f} times"


def in_points(difference: float) -> str:
    """Return a difference of accuracies in points: "2.6 points"."""
    return f"{100 * difference:.1f} points"


def p_words(p: float) -> str:
    """Return a p as people print it, after a "p": "= 0.03", "< 0.0001"."""
    if p < 0.0001:
        return "< 0.0001"
    return f"= {p:.4f}" if p < 0.01 else f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"


def _shown_by(pictures: int) -> str:
    return counted(pictures, "picture")


def _named(strategies: Sequence[StrategyResult]) -> str:
    return listed([f"`{each.strategy}`" for each in strategies])


def _pair(pairs: Sequence[PairResult], one: StrategyResult, other: StrategyResult) -> PairResult | None:
    """Return the pair of two strategies, in whatever order."""
    both = {one.strategy, other.strategy}
    return next((pair for pair in pairs if {pair.first, pair.second} == both), None)
