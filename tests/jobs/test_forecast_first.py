"""A comparison whose runs are forecast before the first of them begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ftgui.core.errors import FtguiError
from ftgui.jobs import forecast_first as module
from ftgui.jobs.compare_control import CompareControl
from ftgui.jobs.compare_events import CompareEvent, ComparisonStarted, Planned
from ftgui.jobs.forecast_first import forecast_first
from ftgui.runs.comparison import ComparisonFile, make_plan_of, write_comparison
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import PhaseProgress, RunForecast, RunWarning
from tests.results import progress

PLAN = make_plan_of(TrainConfig(dataset="d", weights="w"), ("freeze", "full"), (0, 1))
AFTER = PhaseProgress(phase="the first run", done=0, total=1)


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The strategies that were timed: ten seconds a run, four of them decoding."""
    asked: list[str] = []

    def forecasts(configs: Sequence[TrainConfig], _control: RunControl) -> Iterator[object]:
        for config in configs:
            asked.append(config.strategy)
            yield RunForecast(
                strategy=config.strategy,
                seconds=10.0,
                low=8.0,
                high=12.0,
                epoch_seconds=1.0,
                phase_seconds={"decoding": 4.0, "frozen pass": 0.0, "training": 6.0},
                decoded_pictures=30,
            )

    monkeypatch.setattr(module, "forecasts", forecasts)
    return asked


def comparison(folder: Path, *done: str) -> Iterator[CompareEvent]:
    write_comparison(folder, ComparisonFile(plan=PLAN))
    entries = PLAN.entries()
    runs = tuple(Planned(name=e.name, entry=e, is_done=e.name in done) for e in entries)
    yield ComparisonStarted(folder=str(folder), runs=runs, progress=progress(len(done), len(entries)))
    yield AFTER


def test_what_is_left_is_forecast_as_soon_as_it_has_begun(tmp_path: Path, timed: list[str]) -> None:
    control = CompareControl()
    kinds = [type(event) for event in forecast_first(comparison(tmp_path), control)]
    assert kinds == [ComparisonStarted, RunForecast, RunForecast, PhaseProgress]
    assert timed == ["freeze", "full"]
    assert 2 * sum(control.forecast.values()) == pytest.approx(4 * 10 - 3 * 4), "decoding is paid once"


def test_strategies_whose_runs_are_done_are_not_timed(tmp_path: Path, timed: list[str]) -> None:
    control = CompareControl()
    list(forecast_first(comparison(tmp_path, "freeze-seed0", "freeze-seed1", "full-seed0"), control))
    assert timed == ["full"]
    assert control.forecast == {"full": 10.0}


def test_what_was_told_before_is_not_timed_again(tmp_path: Path, timed: list[str]) -> None:
    control = CompareControl({"freeze": 1.0, "full": 2.0})
    assert len(list(forecast_first(comparison(tmp_path), control))) == 2
    assert timed == []
    assert control.forecast == {"freeze": 1.0, "full": 2.0}


def test_where_nothing_can_be_forecast_it_goes_on_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forecasts(_configs: object, _control: object) -> Iterator[object]:
        raise FtguiError("The memory is not enough.")
        yield

    monkeypatch.setattr(module, "forecasts", forecasts)
    control = CompareControl()
    _, warning, after = forecast_first(comparison(tmp_path), control)
    assert isinstance(warning, RunWarning)
    assert warning.hint == "The memory is not enough."
    assert after is AFTER
    assert control.forecast == {}
