"""The figures of the report: where things stand in them, what they say, and that nothing is cut off."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftgui.runs import report_axes as axes
from ftgui.runs import report_words as words
from ftgui.runs.history import RunHistory
from ftgui.runs.report_cost import CostPoint, cost_figure
from ftgui.runs.report_drawn import Drawn, map_rows, over_epochs, over_seconds
from ftgui.runs.report_labels import Box, place_labels, spread
from ftgui.runs.report_maps import Cell, movement_figure, shade
from ftgui.runs.report_plots import Curve, CurvePoint, curve_figure
from ftgui.runs.report_svg import element, shortened
from ftgui.training.events import Reason, RunEnded
from tests.runs.drawn_comparison import PICTURES, SHAPES, drawn_epochs, moves, plan_of, started
from tests.runs.report_page import Page, clipped

ALL = tuple(SHAPES)


def test_words_that_reach_beyond_a_figure_are_found() -> None:
    """Of what other tests rely on."""
    svg = '<svg viewBox="0 0 100 50"><text x="{}" y="20">abcdefghij</text></svg>'
    assert clipped(svg.format(10)) == []
    assert clipped(svg.format(60)) == ["abcdefghij"]


def cost(
    seconds: float, accuracy: float = 0.9, name: str = "freeze", slot: int = 0, front: bool = True
) -> CostPoint:
    low, high = max(0.0, accuracy - 0.05), min(1.0, accuracy + 0.04)
    return CostPoint(slot, name, seconds, accuracy, low, high, front)


def numbers(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]


def test_costs_far_apart_stand_on_a_logarithmic_axis() -> None:
    near, far = ([cost(1.0), cost(seconds, slot=1)] for seconds in (9.0, 11.0))
    assert "logarithmic" not in cost_figure(near, "accuracy")
    assert "logarithmic" in cost_figure(far, "accuracy")


def test_a_cost_that_nobody_saw_whole_is_a_triangle_that_says_at_least() -> None:
    unseen = dataclasses.replace(cost(2.9, slot=1, front=False), at_least=True)
    figure = cost_figure([cost(1.0), unseen], "accuracy")
    assert figure.count("<circle") == 1
    assert "≥ 2.9 s" in figure
    assert "freeze: 0.900 (0.850 – 0.940) in ≥ 2.9 s." in figure


def test_a_run_over_time_begins_where_one_would_that_found_nothing_kept() -> None:
    cold, warm = run_of("freeze", 0), run_of("freeze", 1)
    every = 245 + PICTURES
    ended = RunEnded(reason=Reason.COMPLETED, message="", spared_seconds=0.0)
    counters, phases = {"decoded_pictures": every}, {"decoding": 2.0}
    cold.apply(msgspec.structs.replace(ended, counters=counters, phase_seconds=phases))
    warm.apply(msgspec.structs.replace(ended, spared_seconds=5.0))
    first, later = over_seconds([Drawn(0, "freeze", (cold, warm))], [cold, warm])
    assert [point.x for point in first.points] == [epoch.total_seconds for epoch in cold.epochs]
    assert [point.x for point in later.points] == [epoch.total_seconds + 7.0 for epoch in warm.epochs]
    assert later.is_faint


def test_the_front_is_a_staircase_through_its_points_alone() -> None:
    points = [cost(1, 0.8), cost(4, 0.9), cost(2, 0.7, front=False)]
    figure = cost_figure(points, "accuracy")
    steps = numbers(re.search(r'<path d="([^"]*)" class="front"', figure).group(1))  # type: ignore[union-attr]
    dots = [(float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', figure)]
    assert steps[0] == dots[0]
    assert dots[1] in steps
    assert dots[2] not in steps
    assert all(x1 == x2 or y1 == y2 for (x1, y1), (x2, y2) in itertools.pairwise(steps))
    assert steps[-1][0] > dots[1][0]
    assert figure.count('class="point hollow"') == 1


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0.01, 1e5), st.floats(0, 1)), min_size=1, max_size=7))
def test_no_label_of_the_cost_figure_is_cut_off(points: list[tuple[float, float]]) -> None:
    drawn = [cost(seconds, accuracy, ALL[n], n) for n, (seconds, accuracy) in enumerate(points)]
    assert clipped(cost_figure(drawn, "accuracy, last epoch")) == []


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(60, 1000), st.floats(40, 350)), min_size=1, max_size=7))
def test_labels_do_not_cover_each_other_and_stay_in_their_room(points: list[tuple[float, float]]) -> None:
    room = Box(56, 34, 968, 320)
    boxes = place_labels(points, [(90.0, 28.0)] * len(points), [], room)
    assert all(room.holds(box) for box in boxes)
    assert not [pair for pair in itertools.combinations(boxes, 2) if pair[0].overlap(pair[1]) > 0]


@given(st.lists(st.floats(0, 300), min_size=1, max_size=12), st.floats(1, 40))
def test_labels_at_the_edge_are_spread_in_their_order(wanted: list[float], gap: float) -> None:
    places = spread(wanted, gap, 0, 300)
    apart = min(gap, 300 / max(1, len(wanted) - 1))
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    assert all(-1e-6 <= place <= 300 + 1e-6 for place in places)
    assert all(places[b] - places[a] >= apart - 1e-6 for a, b in itertools.pairwise(order))


def test_labels_with_room_stay_where_they_are() -> None:
    assert spread([100, 20, 60], 10, 0, 300) == [100, 20, 60]
    assert spread([50, 50], 10, 0, 300) == [45, 55]


def curve(*ys: float | None, name: str = "freeze", **more: Any) -> Curve:
    return Curve(0, name, tuple(CurvePoint(n, y, y, y) for n, y in enumerate(ys, start=1)), **more)


TITLES = ("Loss over epochs", "epoch", "loss")


def test_a_curve_is_broken_where_there_is_no_number() -> None:
    figure = curve_figure("loss", [curve(0.5, 0.4, None, 0.3, 0.2)], TITLES, kind="loss")
    line = re.search(r'<path d="([^"]*)" class="curve"', figure).group(1)  # type: ignore[union-attr]
    assert [len(numbers(part)) for part in line.split("M")[1:]] == [2, 2]
    assert figure.count('class="hover"') == 4
    assert "nan" not in figure


def test_training_is_dashed_and_validation_is_named() -> None:
    curves = [curve(0.5, 0.4, is_dashed=True, is_labelled=False), curve(0.6, 0.5)]
    figure = curve_figure("loss", curves, TITLES, kind="loss")
    assert figure.count('class="curve dashed"') == 1
    assert figure.count('class="curve"') == 1
    assert figure.count(">freeze</text>") == 1
    assert "freeze, training, epoch 2: 0.400" in figure


def test_a_loss_that_explodes_does_not_flatten_the_others() -> None:
    assert "logarithmic" in curve_figure("loss", [curve(0.5, 0.1), curve(1.0, 900.0)], TITLES, kind="loss")
    assert "logarithmic" not in curve_figure("loss", [curve(0.5, 0.1)], TITLES, kind="loss")


@pytest.mark.parametrize("over", ["epochs", "seconds"])
@pytest.mark.parametrize("ys", [(), (None,), (0.5,), (0.0, 1.0), tuple(n / 2999 for n in range(3000))])
def test_curves_of_any_length_are_drawn(ys: tuple[float | None, ...], over: Any) -> None:
    drawn = curve(*ys, name="a name that is a good deal longer than any strategy's")
    figure = curve_figure("accuracy", [drawn], ("Accuracy", "epoch", "accuracy"), over=over, size=(1040, 330))
    assert clipped(figure) == []
    assert len(figure) < 40_000


def run_of(strategy: str, seed: int = 0, epochs: int = 4) -> RunHistory:
    plan = plan_of(strategy, seeds=(seed,), epochs=epochs)
    (entry,) = plan.entries()
    history = RunHistory(entry.name, Path(entry.name))
    history.apply(started(plan.config_of(entry)))
    for epoch in drawn_epochs(entry, epochs):
        history.apply(epoch)
        for moved in moves(strategy, epoch.epoch, epochs):
            history.apply(moved)
    return history


def test_a_curve_is_the_mean_over_seeds_between_lowest_and_highest() -> None:
    first, second = run_of("freeze", 0), run_of("freeze", 1, epochs=3)
    (mean,) = over_epochs([Drawn(0, "freeze", (first, second))], "val", "accuracy")
    pair = [first.epochs[1].val_accuracy, second.epochs[1].val_accuracy]
    assert mean.points[1] == CurvePoint(2, sum(pair) / 2, min(pair), max(pair))
    last = first.epochs[3].val_accuracy
    assert mean.points[3] == CurvePoint(4, last, last, last)
    assert [mark.x for mark in mean.marks] == [run.best.epoch for run in (first, second) if run.best]


def test_only_a_stage_of_which_no_bit_differs_is_ice() -> None:
    assert Cell(1, 0.0, changed=0, entries=6).shade == "ice"
    assert Cell(1, 0.0, changed=1, entries=6).shade == "m0"
    assert Cell(1, 1e-12, changed=6, entries=6).shade == "m0"
    assert Cell(1, None, changed=6, entries=6).shade == "unknown"
    assert Cell(1, 2.0, changed=6, entries=6).shade == "m11"


def test_norm_statistics_that_moved_are_no_ice() -> None:
    run = run_of("freeze")
    run.moved = [msgspec.structs.replace(moved, statistics=0.25, changed=1) for moved in run.moved]
    assert {cell.shade for row in map_rows(run)[:5] for cell in row.cells} == {f"m{shade(0.25)}"}


def test_a_map_shows_when_a_stage_thaws() -> None:
    rows = map_rows(run_of("thaw", epochs=6))
    assert [cell.shade == "ice" for cell in rows[0].cells] == [True, True, False, False, False, False]
    assert rows[0].rate == "× 0.1 from epoch 3"
    assert not any(cell.shade == "ice" for cell in rows[-1].cells)


@given(st.floats(1e-9, 10), st.floats(1e-9, 10))
def test_more_movement_has_no_lighter_colour(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= shade(low) <= shade(high) <= 11


def test_maps_of_many_stages_and_epochs_stay_within_bounds() -> None:
    rows = map_rows(run_of("full", epochs=400)) * 25
    figure = movement_figure("map", "full", rows)
    assert figure.count("<rect") <= 60 * len(rows)
    assert clipped(figure) == []
    assert "epoch 400:" in figure


# Words and axes


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 12))
def test_ticks_are_round_few_and_within(low: float, wide: float, most: int) -> None:
    high = low + wide
    ticks = axes.nice_ticks(low, high, most)
    room = wide * 1e-6 + abs(low) * 1e-9
    assert len(ticks) <= most + 1
    assert all(low - room <= tick <= high + room for tick in ticks)


def test_ticks_stand_at_what_people_count_by() -> None:
    assert axes.nice_ticks(0.71, 0.98, 6) == [0.75, 0.8, 0.85, 0.9, 0.95]
    assert [axes.tick_text(tick, [0.75, 0.8]) for tick in (0.75, 0.8)] == ["0.75", "0.80"]
    assert axes.time_ticks(0, 100, 5) == [0, 30, 60, 90]
    assert axes.epoch_ticks(1, 25, 7) == [1, 5, 10, 15, 20, 25]
    assert axes.epoch_ticks(1, 5, 9) == [1, 2, 3, 4, 5]


@given(st.floats(0.01, 1e4), st.floats(10, 1e5), st.integers(3, 12))
def test_ticks_of_a_logarithmic_axis_are_few_and_within(low: float, times: float, most: int) -> None:
    ticks = axes.log_time_ticks(low, low * times, most)
    assert len(ticks) <= most
    assert ticks == sorted(set(ticks))
    assert all(low * 0.999 <= tick <= low * times * 1.001 for tick in ticks)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.5, "0.5 s"), (45, "45 s"), (60, "1 min"), (75, "1:15 min"), (7200, "2 h")]
)
def test_a_tick_says_its_time(seconds: float, said: str) -> None:
    assert axes.time_text(seconds) == said


@pytest.mark.parametrize(
    ("function", "value", "said"),
    [
        (words.duration, None, "–"),
        (words.duration, 0.014, "14 ms"),
        (words.duration, 5.44, "5.4 s"),
        (words.duration, 192, "3 min 12 s"),
        (words.duration, 3899, "1 h 4 min"),
        (words.points, 0.026, "+2.6"),
        (words.points, -0.0071, "−0.7"),
        (words.points, -0.0001, "0.0"),
        (words.p_value, 0.0004, "< 0.001"),
        (words.p_value, 0.0499, "0.050"),
        (words.count, 350_000, "350 k"),
        (words.count, 11_180_000, "11.2 M"),
        (words.memory, 1890.0, "1.9 GB"),
        (words.movement, 0.0, "0 exactly"),
        (words.movement, 0.000031, "0.0031 %"),
        (words.movement, 1e-9, "< 0.0001 %"),
        (words.movement, 12.0, "1,200 %"),
        (words.listed, ["a", "b", "c"], "a, b and c"),
        (words.listed, [], ""),
    ],
)
def test_figures_are_said_as_people_say_them(
    function: Callable[[Any], str], value: object, said: str
) -> None:
    assert function(value) == said


def test_words_that_are_too_long_keep_their_ends() -> None:
    assert shortened("features.denseblock3", 80) == "featur…lock3"
    assert shortened("layer1", 80) == "layer1"


@given(st.text(), st.text())
def test_an_element_holds_words_and_never_what_they_look_like(said: str, more: str) -> None:
    page = Page(element("text", said, class_=more))
    assert page.elements == [("text", {"class": page.elements[0][1]["class"]})]
    assert page.open == []
