"""How sure a figure is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftgui.evaluation.statistics import wilson_interval

COUNTS = st.integers(1, 10_000)


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
