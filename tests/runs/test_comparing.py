"""What a comparison shows, from run folders drawn for it: reckoned again here, in another way."""

from __future__ import annotations

import csv
import io
import math
import tempfile
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftgui.core.errors import FtguiError
from ftgui.evaluation.bootstrap import difference_interval
from ftgui.freezing.strategies import STRATEGIES
from ftgui.runs.comparing import moved_entries, result_of
from ftgui.runs.comparison import RUNS, ComparisonPlan
from ftgui.runs.comparison_table import comparison_csv
from ftgui.runs.history import RunHistory
from ftgui.runs.predictions import TEST_PREDICTIONS
from ftgui.runs.results import ComparisonResult, RunResult, StrategyResult
from ftgui.runs.store import EVENTS
from ftgui.training.config import TrainConfig
from ftgui.training.events import Reason, RunEnded, StageMoved
from tests.runs.drawn_comparison import STAGES, plan_of, started
from tests.runs.drawn_runs import Told, draw_runs

Tables = Mapping[str, npt.NDArray[np.bool_]]
"""For each strategy, which pictures each seed's run got right, (seeds, pictures)."""
NAMES = ("full", "freeze", "thaw", "scratch")
GOOD, FAIR, POOR = [True] * 40, [True] * 38 + [False] * 2, [True] * 12 + [False] * 28


def result_from(
    folder: Path, plan: ComparisonPlan, runs: Mapping[str, Told], skipped: Sequence[str] = ()
) -> ComparisonResult:
    comparison = draw_runs(folder, plan, runs)
    return result_of(folder, msgspec.structs.replace(comparison, skipped=tuple(skipped)))


def reached(result: ComparisonResult) -> dict[str, StrategyResult]:
    return {each.strategy: each for each in result.strategies}


# The same reckoned in another way --------------------------------------------------------------------------


def wilson(accuracy: float, count: int) -> tuple[float, float]:
    """The rates p that are 1.96 standard errors of their own away: (accuracy - p)² = z² p (1 - p) / n."""
    z = 1.959963984540054
    equation = (1 + z * z / count, -2 * accuracy - z * z / count, accuracy * accuracy)
    low, high = sorted(float(root.real) for root in np.roots(equation))
    return low, high


def sign_test(only_first: int, only_second: int) -> float:
    """The chance that so many throws of a coin are as lopsided as these, or more, in fractions."""
    throws, off = only_first + only_second, abs(only_first - only_second)
    ways = sum(math.comb(throws, heads) for heads in range(throws + 1) if abs(2 * heads - throws) >= off)
    return float(Fraction(ways, 2**throws))


def stepped_down(p_values: Sequence[float]) -> list[float]:
    """Holm: each p times the number of those not smaller, and never below a smaller one's."""
    count = len(p_values)
    order = sorted(range(count), key=lambda place: p_values[place])
    times = {place: min(1.0, (count - rank) * p_values[place]) for rank, place in enumerate(order)}
    return [max(times[other] for other in order[: order.index(place) + 1]) for place in range(count)]


def ruger(p_values: Sequence[float]) -> float:
    half = math.ceil(len(p_values) / 2)
    return min(1.0, len(p_values) * sorted(p_values)[half - 1] / half)


def resampled(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Draw pictures, each with all its seeds, picture by picture."""
    rng, each = np.random.default_rng(1), (first.astype(float) - second).mean(axis=0)
    means = each[rng.integers(0, len(each), (4_000, len(each)))].mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


@st.composite
def drawn_tables(draw: st.DrawFn) -> Tables:
    """Two to four strategies, one to three seeds, some pictures: alike, or as different as can be."""
    names = NAMES[: draw(st.integers(2, 4))]
    shape = draw(st.integers(1, 3)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rates = {name: draw(st.sampled_from((0.0, 0.1, 0.5, 0.8, 0.95, 1.0))) for name in names}
    return {name: rng.random(shape) < rate for name, rate in rates.items()}


def runs_of(tables: Tables) -> dict[str, Told]:
    return {
        f"{name}-seed{seed}": Told(right=row.tolist(), seconds=1.0 + index + 3 * seed)
        for index, (name, table) in enumerate(tables.items())
        for seed, row in enumerate(table)
    }


def compared(tables: Tables) -> ComparisonResult:
    seeds = len(next(iter(tables.values())))
    with tempfile.TemporaryDirectory() as folder:
        return result_from(Path(folder), plan_of(*tables, seeds=range(seeds)), runs_of(tables))


@given(drawn_tables())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_figures_are_those_that_the_predictions_give(tables: Tables) -> None:
    result = compared(tables)
    for name, table in tables.items():
        mine = reached(result)[name]
        shares = [float(row.mean()) for row in table]
        assert mine.accuracy == pytest.approx(np.mean(shares))
        assert (mine.lowest, mine.highest) == (min(shares), max(shares))
        assert (mine.low, mine.high) == pytest.approx(
            wilson(float(np.mean(shares)), table.shape[1]), abs=1e-6
        )
        assert mine.pictures == result.pictures == table.shape[1]
        for seed, share in enumerate(shares):
            run = next(run for run in result.runs if run.name == f"{name}-seed{seed}")
            assert (run.accuracy, run.pictures) == (share, table.shape[1])
            assert (run.low, run.high) == pytest.approx(wilson(share, table.shape[1]), abs=1e-6)

    names = list(combinations(tables, 2))
    assert [(pair.first, pair.second) for pair in result.pairs] == names
    counts = [
        [(int((a > b).sum()), int((b > a).sum())) for a, b in zip(tables[one], tables[two], strict=True)]
        for one, two in names
    ]
    by_seed = [[sign_test(*count) for count in seeds] for seeds in counts]
    merged = [ruger(p_values) for p_values in by_seed]
    for number, pair in enumerate(result.pairs):
        one, two = tables[pair.first], tables[pair.second]
        assert [seed.seed for seed in pair.seeds] == list(range(len(one)))
        assert [(seed.only_first, seed.only_second) for seed in pair.seeds] == counts[number]
        assert [seed.p for seed in pair.seeds] == pytest.approx(by_seed[number])
        of_seeds = [stepped_down(p_values)[number] for p_values in zip(*by_seed, strict=True)]
        assert [seed.p_holm for seed in pair.seeds] == pytest.approx(of_seeds)
        assert pair.p == pytest.approx(merged[number])
        assert pair.p_holm == pytest.approx(stepped_down(merged)[number])
        assert pair.difference == pytest.approx(one.mean() - two.mean())
        assert (pair.low, pair.high) == difference_interval(one, two)
        assert pair.pictures == one.shape[1]
        if not math.isclose(stepped_down(merged)[number], 0.05, rel_tol=1e-6):
            is_beyond_zero = pair.low > 0 or pair.high < 0
            ahead = [np.sign(float(a.mean()) - float(b.mean())) for a, b in zip(one, two, strict=True)]
            agree = all(sign == ahead[0] for sign in ahead)
            assert pair.differs == (stepped_down(merged)[number] < 0.05 and is_beyond_zero and agree)
        assert pair.cost_ratio == reached(result)[pair.first].seconds / reached(result)[pair.second].seconds


def test_the_interval_of_a_difference_is_that_of_drawing_pictures_with_all_their_seeds() -> None:
    rng = np.random.default_rng(5)
    tables = {"full": rng.random((2, 60)) < 0.9, "freeze": rng.random((2, 60)) < 0.6}
    (pair,) = compared(tables).pairs
    step = 1 / (2 * 60)
    assert (pair.low, pair.high) == pytest.approx(resampled(tables["full"], tables["freeze"]), abs=2 * step)
    assert pair.low < pair.difference < pair.high


def test_a_difference_has_the_sign_of_the_order(tmp_path: Path) -> None:
    runs = {"full-seed0": Told(GOOD, seconds=60.0), "freeze-seed0": Told(POOR, seconds=2.0)}
    found = []
    for order in (("full", "freeze"), ("freeze", "full")):
        folder = tmp_path / order[0]
        folder.mkdir()
        (pair,) = result_from(folder, plan_of(*order), runs).pairs
        assert (pair.first, pair.second) == order
        assert pair.differs
        assert pair.words.startswith("`full` is better than `freeze` by 70.0 points")
        found.append(pair)
    ahead, behind = found
    assert ahead.difference == -behind.difference == pytest.approx(0.7)
    assert 0 < ahead.low < ahead.difference < ahead.high < 1
    assert -1 < behind.low < behind.difference < behind.high < 0
    assert (ahead.cost_ratio, behind.cost_ratio) == (30.0, 2.0 / 60.0)
    assert [(seed.only_first, seed.only_second) for seed in behind.seeds] == [(0, 28)]


def test_two_that_share_their_pictures_but_for_one_are_not_called_different(tmp_path: Path) -> None:
    runs = {"full-seed0": Told(GOOD), "freeze-seed0": Told(FAIR)}
    (pair,) = result_from(tmp_path, plan_of("full", "freeze"), runs).pairs
    assert pair.difference == pytest.approx(0.05)
    assert (pair.p, pair.differs) == (0.5, False)


def test_every_further_question_makes_each_answer_less_sure(tmp_path: Path) -> None:
    """Six pictures to none are p = 0.031: enough for one pair, too little for one of three."""
    six = Told([False] * 6 + [True] * 34)
    for name, order, differs in (("two", ("full", "freeze"), True), ("three", NAMES[:3], False)):
        runs = {"full-seed0": Told(GOOD), "freeze-seed0": six, "thaw-seed0": Told(GOOD)}
        folder = tmp_path / name
        folder.mkdir()
        told = {f"{strategy}-seed0": runs[f"{strategy}-seed0"] for strategy in order}
        pair = result_from(folder, plan_of(*order), told).pairs[0]
        assert pair.p == pytest.approx(2 / 64)
        assert pair.differs == differs


@pytest.mark.parametrize(
    ("third", "differs"),
    [((GOOD, POOR), True), ((GOOD, FAIR), True), ((FAIR, FAIR), False), ((FAIR, GOOD), False)],
    ids=["far ahead", "ahead", "level", "behind"],
)
def test_where_one_seed_says_otherwise_nothing_is_called_different(
    tmp_path: Path, third: tuple[list[bool], list[bool]], differs: bool
) -> None:
    """The tests are of networks, and know nothing of seeds: two of three may be as sure as can be."""
    seeds = [(GOOD, POOR), (GOOD, POOR), third]
    runs = {f"full-seed{seed}": Told(first) for seed, (first, _) in enumerate(seeds)}
    runs |= {f"freeze-seed{seed}": Told(second) for seed, (_, second) in enumerate(seeds)}
    (pair,) = result_from(tmp_path, plan_of("full", "freeze", seeds=(0, 1, 2)), runs).pairs
    assert pair.p_holm < 0.001
    assert pair.low > 0
    assert pair.differs == differs
    assert pair.is_unsettled != differs, "the pictures show one all the same"
    assert ("ahead of `freeze` by" in pair.words) != differs
    assert "no difference" not in pair.words


def test_a_strategy_is_compared_only_with_those_judged_on_the_same_pictures(tmp_path: Path) -> None:
    runs = {
        "full-seed0": Told(GOOD),
        "freeze-seed0": Told(POOR, first_picture=1),
        "thaw-seed0": Told(POOR),
    }
    result = result_from(tmp_path, plan_of(*NAMES[:3]), runs)
    assert [(pair.first, pair.second) for pair in result.pairs] == [("full", "thaw")]
    assert reached(result).keys() == {"full", "freeze", "thaw"}


def test_a_strategy_whose_seeds_were_judged_on_other_pictures_is_left_out_and_said(tmp_path: Path) -> None:
    runs = {"full-seed0": Told(GOOD), "full-seed1": Told(GOOD, first_picture=1)}
    runs |= {f"{name}-seed{seed}": Told(GOOD) for name in ("freeze", "thaw") for seed in (0, 1)}
    result = result_from(tmp_path, plan_of("freeze", "full", "thaw", seeds=(0, 1)), runs)
    assert [each.strategy for each in result.strategies] == ["freeze", "thaw"]
    assert len(result.pairs) == 1
    assert "`full` is left out: its runs were not judged on the same pictures." in result.sentences


# Runs that do not count ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (Reason.NAN_LOSS, "failed"),
        (Reason.FAILED, "failed"),
        (Reason.PROOF_FAILED, "failed"),
        (Reason.STOPPED, "stopped"),
        (None, "interrupted"),
    ],
)
def test_a_run_that_did_not_get_through_has_its_state_and_counts_nowhere(
    tmp_path: Path, reason: Reason | None, state: str
) -> None:
    runs = {
        "full-seed0": Told(GOOD),
        "full-seed1": Told(GOOD, reason=reason),
        "freeze-seed0": Told(FAIR),
        "freeze-seed1": Told(FAIR),
    }
    result = result_from(tmp_path, plan_of("full", "freeze", seeds=(0, 1)), runs)
    assert [run.name for run in result.runs] == ["full-seed0", "freeze-seed0", "full-seed1", "freeze-seed1"]
    assert [run.state for run in result.runs] == ["done", "done", state, "done"]
    assert reached(result).keys() == {"freeze"}, "a seed of the other is missing"
    assert reached(result)["freeze"].runs == ("freeze-seed0", "freeze-seed1")
    assert result.pairs == ()
    full = next(run for run in result.runs if run.name == "full-seed1")
    assert (full.accuracy, full.low, full.pictures) == (None, None, None)
    is_over = reason not in (Reason.STOPPED, None)
    assert [words.startswith("`full` is left out") for words in result.sentences] == [True] * is_over


def test_a_run_that_broke_before_it_began_says_why(tmp_path: Path) -> None:
    comparison = draw_runs(tmp_path, plan_of("full"), {"full-seed0": Told(GOOD)})
    broken = RunEnded(reason=Reason.FAILED, message="No picture is left.", seconds=0.5)
    events = next(tmp_path.rglob(EVENTS))
    events.write_bytes(msgspec.json.encode(broken) + b"\n")
    (run,) = result_of(tmp_path, comparison).runs
    assert (run.state, run.reason, run.message, run.seconds) == (
        "failed",
        "failed",
        "No picture is left.",
        0.5,
    )


def test_a_run_that_stopped_early_is_done(tmp_path: Path) -> None:
    runs = {"full-seed0": Told(GOOD, reason=Reason.EARLY_STOPPED)}
    result = result_from(tmp_path, plan_of("full"), runs)
    assert result.runs[0].state == "done"
    assert reached(result).keys() == {"full"}


@pytest.mark.parametrize(
    ("skipped", "words"), [((1,), "1 of its 3 runs was"), ((0, 2), "2 of its 3 runs were")]
)
def test_a_strategy_some_of_whose_runs_were_skipped_is_left_out_and_said(
    tmp_path: Path, skipped: tuple[int, ...], words: str
) -> None:
    plan = plan_of("full", "freeze", seeds=(0, 1, 2))
    runs = {entry.name: Told(GOOD) for entry in plan.entries()}
    left_out = [f"full-seed{seed}" for seed in skipped]
    told = {name: run for name, run in runs.items() if name not in left_out}
    result = result_from(tmp_path, plan, told, skipped=left_out)
    assert f"`full` is left out: {words} skipped." in result.sentences


def test_the_seconds_are_those_of_the_rate_that_counts(tmp_path: Path) -> None:
    runs = of_rates((Told(FAIR, seconds=20.0),), (Told(GOOD, seconds=300.0),), (Told(POOR, seconds=5.0),))
    (full,) = result_from(tmp_path, plan_of("full", lrs=RATES), runs).strategies
    assert full.seconds == 300.0


def test_how_many_entries_moved_is_of_the_weights_that_were_judged() -> None:
    history = RunHistory("thaw", Path("thaw"))
    history.apply(started(TrainConfig(dataset="", weights="", strategy="thaw")))
    for epoch, stage, changed in ((1, STAGES[0], 0), (1, "head", 2), (2, STAGES[0], 58), (2, "head", 2)):
        history.apply(
            StageMoved(epoch=epoch, stage=stage, weights=0.1, statistics=None, changed=changed, entries=60)
        )
    history.apply(RunEnded(reason=Reason.COMPLETED, message="", moved_tensors=2))
    assert moved_entries(history, "test") == 2, "of best.pth, from before it thawed"
    assert moved_entries(history, "last epoch") == 60


def test_a_run_that_is_waiting_or_was_skipped_is_told_without_figures(tmp_path: Path) -> None:
    plan = plan_of("full", "freeze", "thaw")
    result = result_from(tmp_path, plan, {"full-seed0": Told(GOOD)}, skipped=("freeze-seed0",))
    assert [run.state for run in result.runs] == ["done", "skipped", "waiting"]
    for run in result.runs[1:]:
        assert run == RunResult(name=run.name, strategy=run.strategy, seed=0, state=run.state)


@pytest.mark.parametrize(
    ("reason", "state"), [(Reason.STOPPED, "skipped"), (None, "skipped"), (Reason.COMPLETED, "done")]
)
def test_a_run_that_was_begun_and_then_skipped_is_skipped_unless_it_is_done(
    tmp_path: Path, reason: Reason | None, state: str
) -> None:
    runs = {"full-seed0": Told(GOOD, reason=reason)}
    result = result_from(tmp_path, plan_of("full"), runs, skipped=("full-seed0",))
    assert result.runs[0].state == state
    assert len(result.strategies) == (state == "done")


def test_a_comparison_of_which_nothing_ran_says_nothing(tmp_path: Path) -> None:
    result = result_from(tmp_path, plan_of("full", "freeze"), {})
    assert (result.strategies, result.pairs, result.sentences, result.pictures) == ((), (), (), 0)
    assert result.measure == "last epoch"
    assert [run.state for run in result.runs] == ["waiting", "waiting"]


def test_a_run_has_the_figures_that_its_events_tell(tmp_path: Path) -> None:
    told = Told(FAIR, seconds=12.0, val_loss=0.75, epochs=((1.0, 0.5), (9.0, 1.0), (2.0, 0.5)))
    (run,) = result_from(tmp_path, plan_of("full"), {"full-seed0": told}).runs
    assert run.lr == STRATEGIES["full"].default_lr
    assert (run.last_val_accuracy, run.last_val_loss) == (0.95, 0.75)
    assert (run.best_val_accuracy, run.best_epoch) == (0.95, 1)
    assert (run.train_accuracy, run.epochs, run.seconds) == (0.75, 3, 12.0)
    assert run.seconds_per_epoch == 2.5, "the median"
    assert (run.moved_tensors, run.frozen_tensors, run.frozen_changed) == (2, 300, 0)
    assert (run.peak_memory_mb, run.message) == (604.0, "It ended: completed.")


def test_the_seconds_of_a_run_that_was_cut_off_are_those_of_its_last_epoch(tmp_path: Path) -> None:
    runs = {"full-seed0": Told(GOOD, reason=None, seconds=12.0)}
    (run,) = result_from(tmp_path, plan_of("full"), runs).runs
    assert run.seconds == 11.75
    assert run.message == ""


# Learning rates --------------------------------------------------------------------------------------------


RATES = (0.001, 0.01, 0.1)


def of_rates(*told: Sequence[Told], strategy: str = "full") -> dict[str, Told]:
    """Return runs, for each rate those of its seeds."""
    return {
        f"{strategy}-seed{seed}-lr{rate}": each
        for rate, seeds in zip(RATES, told, strict=False)
        for seed, each in enumerate(seeds)
    }


def test_the_rate_with_the_best_mean_over_all_seeds_counts_and_no_other(tmp_path: Path) -> None:
    """The middle one has neither the best first seed nor the best last one."""
    runs = of_rates(
        (Told(GOOD, val_accuracy=0.95), Told(POOR, val_accuracy=0.5)),
        (Told(FAIR, val_accuracy=0.9), Told(FAIR, val_accuracy=0.9)),
        (Told(POOR, val_accuracy=0.4), Told(GOOD, val_accuracy=1.0)),
    )
    result = result_from(tmp_path, plan_of("full", seeds=(0, 1), lrs=RATES), runs)
    (full,) = result.strategies
    assert (full.lr, full.tries) == (0.01, 3)
    assert full.runs == ("full-seed0-lr0.01", "full-seed1-lr0.01")
    assert full.accuracy == 0.95


def test_of_rates_that_are_as_accurate_the_one_with_the_lower_loss_counts(tmp_path: Path) -> None:
    runs = of_rates(
        (Told(FAIR, val_loss=0.3),),
        (Told(FAIR, val_loss=0.1),),
        (Told(POOR, val_accuracy=0.9, val_loss=0.0),),
    )
    (full,) = result_from(tmp_path, plan_of("full", lrs=RATES), runs).strategies
    assert full.lr == 0.01


def test_a_rate_is_chosen_on_the_validation_pictures_even_where_test_pictures_judge(tmp_path: Path) -> None:
    runs = of_rates((Told(GOOD, tested=POOR),), (Told(FAIR, tested=GOOD),), (Told(POOR, tested=GOOD),))
    (full,) = result_from(tmp_path, plan_of("full", lrs=RATES), runs).strategies
    assert (full.lr, full.accuracy) == (0.001, 0.3)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_rate_of_which_a_run_blew_up_is_out_and_the_others_count(tmp_path: Path, seed: int) -> None:
    blown = [Told(GOOD), Told(GOOD)]
    blown[seed] = Told(GOOD, reason=Reason.NAN_LOSS)
    runs = of_rates((Told(FAIR), Told(FAIR)), (Told(POOR), Told(POOR)), blown)
    (full,) = result_from(tmp_path, plan_of("full", seeds=(0, 1), lrs=RATES), runs).strategies
    assert (full.lr, full.tries) == (0.001, 2), "one try came to nothing"


def test_a_strategy_all_of_whose_rates_blew_up_does_not_count(tmp_path: Path) -> None:
    blown = (Told(GOOD, reason=Reason.NAN_LOSS),)
    assert result_from(tmp_path, plan_of("full", lrs=RATES), of_rates(blown, blown, blown)).strategies == ()


@pytest.mark.parametrize("told", [None, Told(GOOD, reason=None)], ids=["waiting", "cut off"])
def test_a_strategy_does_not_count_before_all_of_its_rates_are_over(
    tmp_path: Path, told: Told | None
) -> None:
    runs = of_rates((Told(FAIR),), (Told(POOR),), (told,) if told else ())
    plan = plan_of("full", "freeze", lrs=RATES)
    runs |= of_rates((Told(FAIR),), (Told(POOR),), (Told(GOOD),), strategy="freeze")
    assert reached(result_from(tmp_path, plan, runs)).keys() == {"freeze"}


def test_a_strategy_does_not_count_while_one_of_its_runs_is_only_stopped(tmp_path: Path) -> None:
    runs = of_rates((Told(FAIR),), (Told(POOR),), (Told(GOOD, reason=Reason.STOPPED),))
    assert result_from(tmp_path, plan_of("full", lrs=RATES), runs).strategies == ()


def test_a_rate_that_was_skipped_is_out(tmp_path: Path) -> None:
    runs = of_rates((Told(FAIR),), (Told(POOR),))
    plan = plan_of("full", lrs=RATES)
    (full,) = result_from(tmp_path, plan, runs, skipped=("full-seed0-lr0.1",)).strategies
    assert full.lr == 0.001


# Seconds ---------------------------------------------------------------------------------------------------


def test_seconds_are_those_of_the_median_seed_and_later_ones_are_told_beside(tmp_path: Path) -> None:
    runs = {f"full-seed{seed}": Told(GOOD, seconds=s) for seed, s in ((4, 30.0), (1, 10.0), (2, 14.0))}
    (full,) = result_from(tmp_path, plan_of("full", seeds=(4, 1, 2)), runs).strategies
    assert (full.seconds, full.later_seconds) == (14.0, 12.0)
    assert (full.seconds_lowest, full.seconds_highest) == (10.0, 30.0)
    assert full.runs == ("full-seed4", "full-seed1", "full-seed2")


def test_one_seed_has_no_later_seconds(tmp_path: Path) -> None:
    (full,) = result_from(tmp_path, plan_of("full"), {"full-seed0": Told(GOOD)}).strategies
    assert full.later_seconds is None


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4)), min_size=1, max_size=len(STRATEGIES)))
@settings(max_examples=25)
def test_on_the_front_is_what_no_other_beats(points: list[tuple[int, int]]) -> None:
    """Few values, so that many are equal in one or both."""
    names = list(STRATEGIES)[: len(points)]
    runs = {
        f"{name}-seed0": Told([number < right for number in range(4)], seconds=float(seconds))
        for name, (seconds, right) in zip(names, points, strict=True)
    }
    with tempfile.TemporaryDirectory() as folder:
        result = result_from(Path(folder), plan_of(*names), runs)
    beaten = [any(s <= mine[0] and r >= mine[1] and (s, r) != mine for s, r in points) for mine in points]
    assert [each.is_on_front for each in result.strategies] == [not each for each in beaten]


# Test pictures ---------------------------------------------------------------------------------------------


def test_where_all_that_is_done_was_asked_for_test_pictures_accuracies_are_theirs(tmp_path: Path) -> None:
    runs = {
        "full-seed0": Told(POOR, tested=GOOD),
        "freeze-seed0": Told(GOOD, tested=POOR[:20]),
        "thaw-seed0": Told(GOOD, reason=Reason.STOPPED),
    }
    result = result_from(tmp_path, plan_of(*NAMES), runs)
    assert result.measure == "test"
    assert "test pictures" in result.measure_words
    assert [run.accuracy for run in result.runs] == [1.0, 12 / 20, None, None]
    assert [run.last_val_accuracy for run in result.runs] == [0.3, 1.0, 1.0, None]
    assert {name: each.accuracy for name, each in reached(result).items()} == {"full": 1.0, "freeze": 0.6}
    assert result.pairs == (), "they were asked for different pictures"


def test_where_one_that_is_done_was_not_asked_accuracies_are_of_the_validation_pictures(
    tmp_path: Path,
) -> None:
    runs = {"full-seed0": Told(POOR, tested=GOOD), "freeze-seed0": Told(GOOD)}
    result = result_from(tmp_path, plan_of("full", "freeze"), runs)
    assert result.measure == "last epoch"
    assert [run.accuracy for run in result.runs] == [0.3, 1.0]
    assert len(result.pairs) == 1


def test_test_pictures_of_which_none_could_be_read_do_not_break_it(tmp_path: Path) -> None:
    runs = {"full-seed0": Told(GOOD, tested=()), "freeze-seed0": Told(FAIR, tested=())}
    result = result_from(tmp_path, plan_of("full", "freeze"), runs)
    assert [run.state for run in result.runs] == ["done", "done"]


def test_predictions_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    runs = {"full-seed0": Told(GOOD, tested=GOOD)}
    comparison = draw_runs(tmp_path, plan_of("full"), runs)
    file = tmp_path / RUNS / "full-seed0" / TEST_PREDICTIONS
    file.write_text("path,label\na.jpg,ants\n", encoding="utf-8")
    with pytest.raises(FtguiError) as caught:
        result_of(tmp_path, comparison)
    assert str(file) in caught.value.message


# The table -------------------------------------------------------------------------------------------------


HEADER = (
    "name,strategy,seed,lr,state,accuracy,low,high,pictures,last_val_accuracy,last_val_loss,"
    "best_val_accuracy,best_epoch,train_accuracy,epochs,trainable_parameters,parameters,moved_tensors,"
    "frozen_tensors,frozen_changed,peak_memory_mb,total_seconds,epoch_seconds,measure"
)
"""Other people's scripts count on it."""


def test_the_table_has_a_row_a_run_and_nothing_where_nothing_is_known(tmp_path: Path) -> None:
    plan = plan_of("full", "freeze", seeds=(0, 1))
    thirds = Told([True, False, False], seconds=12.5)
    runs = {"full-seed0": thirds, "freeze-seed0": Told(POOR[:3], reason=None)}
    result = result_from(tmp_path, plan, runs, skipped=("full-seed1",))
    text = comparison_csv(result)
    assert text.splitlines()[0] == HEADER
    assert "\r" not in text
    assert text.endswith("\n")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["name"] for row in rows] == [run.name for run in result.runs]
    assert [row["state"] for row in rows] == ["done", "interrupted", "skipped", "waiting"]
    assert {row["measure"] for row in rows} == {"last epoch"}
    assert float(rows[0]["accuracy"]) == 1 / 3, "in full"
    assert (rows[0]["total_seconds"], rows[0]["epoch_seconds"]) == ("12.5", "1.5")
    assert all(rows[0].values())
    assert (rows[1]["peak_memory_mb"], rows[1]["frozen_changed"]) == ("", "")
    for row in rows[2:]:
        known = {name for name, cell in row.items() if cell}
        assert known == {"name", "strategy", "seed", "state", "epochs", "measure"}
        assert row["epochs"] == "0"
