"""Where a logarithmic axis is numbered, and in which words."""

from __future__ import annotations

import pytest

from ftgui.gui.widgets.plot_canvas import QuietAxis
from ftgui.gui.widgets.ticks import log_ticks, plain_text, time_ticks


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (0.1, 10, 8, [0.1, 0.2, 0.5, 1, 2, 5, 10]),
        (0.15, 3, 8, [0.2, 0.5, 1, 2]),
        (1e-4, 10, 6, [1e-4, 1e-3, 1e-2, 0.1, 1, 10]),
        (1e-6, 1e6, 5, [1e-6, 1e-3, 1, 1e3, 1e6]),
        (0.62, 0.81, 4, [0.65, 0.7, 0.75, 0.8]),
    ],
    ids=["1-2-5", "part of a decade", "powers", "every third power", "less than a step"],
)
def test_ticks_are_powers_1_2_5_or_round(low: float, high: float, most: int, ticks: list[float]) -> None:
    assert log_ticks(low, high, most) == pytest.approx(ticks)


@pytest.mark.parametrize("most", [2, 3, 5, 8])
@pytest.mark.parametrize("high", [0.32, 0.5, 1, 7, 300, 1e5, 1e12])
def test_there_are_some_and_never_too_many(high: float, most: int) -> None:
    ticks = log_ticks(0.3, high, most)
    assert 1 <= len(ticks) <= most + 1
    assert all(0.3 <= tick <= high for tick in ticks)


def test_seconds_are_counted_as_people_do() -> None:
    assert time_ticks(1, 700, 12) == [1, 2, 5, 10, 20, 30, 60, 120, 300, 600]
    assert time_ticks(0.1, 5, 12)[0] == pytest.approx(0.1)


def test_values_are_written_in_full_where_that_is_short() -> None:
    assert [plain_text(value) for value in (0.00002, 0.25, 15, 300_000)] == [
        "0.00002",
        "0.25",
        "15",
        "300000",
    ]
    assert plain_text(2e-9) == "2e-9"


def test_the_axis_says_values_though_exponents_are_drawn(qapp: object) -> None:
    axis = QuietAxis("left")
    axis.set_kind("log")
    ((_, places),) = axis.tickValues(-1, 1, 300)
    assert axis.tickStrings(places, 1.0, 1.0) == ["0.1", "0.2", "0.5", "1", "2", "5", "10"]
    axis.set_kind("log seconds")
    assert axis.tickStrings([1.0, 1.7781512503836436], 1.0, 1.0) == ["10", "1:00"]
