"""Forecasts beside what then happens: none is grossly wrong. How good they are is measured by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftgui.training.events import Reason, RunEnded, RunForecast
from tests import fixtures
from tests.bench.forecasts import HEAD, Judged, judge
from tests.fixtures import FP32, Drawn

drawn = fixtures.drawn

EPOCHS = 8
"""So many that ``full`` takes several seconds."""
TIMES, SECONDS = 3.0, 1.0
"""How far off a forecast may be beside other tests: so many times the run, or so many seconds."""


def judged(seconds: float, told: float = 10.0, low: float = 8.0, high: float = 12.0) -> Judged:
    forecast = RunForecast(strategy="freeze", seconds=told, low=low, high=high, epoch_seconds=1.0)
    ended = RunEnded(reason=Reason.COMPLETED, message="", seconds=seconds)
    return Judged("weights", "freeze", forecast, ended, 1.0)


@pytest.mark.parametrize(
    ("run", "is_good", "word"),
    [
        (judged(10.5), True, "inside"),
        (judged(12.5), True, "OUTSIDE"),
        (judged(7.9), True, "OUTSIDE"),
        (judged(15.0), False, "OUTSIDE"),
        (judged(1.9, told=1.0, low=0.5, high=1.5), True, "OUTSIDE"),
    ],
)
def test_a_run_is_judged_by_the_figure_and_it_is_said_where_it_left_the_range(
    run: Judged, is_good: bool, word: str
) -> None:
    assert run.is_good == is_good
    assert f" {word} " in run.line
    assert run.line.endswith("<- off") != is_good


@pytest.mark.long  # many processes
def test_no_forecast_is_grossly_wrong(drawn: Drawn, tmp_path: Path) -> None:
    small = ("--batch-size", "8", "--device", "cpu", *FP32)
    found = list(judge(drawn.data, drawn.weights, EPOCHS, ["freeze", "full"], tmp_path, *small))
    assert [judged.name for judged in found] == ["freeze", "full", "freeze, warm"]
    for judged in found:
        apart = abs(judged.told.seconds - judged.ended.seconds)
        assert apart <= SECONDS or 1 / TIMES <= judged.ratio <= TIMES, f"{HEAD}{judged.line}"
