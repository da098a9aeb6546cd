"""Forecasts: from a few timed steps, said before the run, and of just the work that it then does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ftgui.core.errors import FtguiError
from ftgui.core.settings import EngineSettings, write_settings
from ftgui.freezing.strategies import STRATEGIES
from ftgui.jobs.forecast import forecasts
from ftgui.jobs.train import train
from ftgui.runs.comparison import make_plan_of
from ftgui.runs.forecast import runs_of_plan
from ftgui.runs.history import open_run
from ftgui.training import roofs
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import EpochEnded, PhaseProgress, RunEnded, RunForecast, RunStarted
from ftgui.training.forecast import NoForecast
from tests.fixtures import Drawn, small_pictures
from tests.harness.surroundings import home_at

pytestmark = pytest.mark.long  # many runs

ALL = tuple(STRATEGIES)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path) -> Iterator[Path]:
    """A home in which nothing was ever timed or kept."""
    with home_at(tmp_path / "home") as home, small_pictures():
        yield home


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was timed."""
    timed: list[str] = []
    real = roofs.Roofs._seconds

    def note(self: Any, work: Any) -> Any:
        timed.append("timed")
        return real(self, work)

    monkeypatch.setattr(roofs.Roofs, "_seconds", note)
    return timed


def configs(drawn: Drawn, strategies: tuple[str, ...] = ALL, **changes: Any) -> list[TrainConfig]:
    return [drawn.config(strategy=name, **({"lr": None, "epochs": 2} | changes)) for name in strategies]


def told(asked: list[TrainConfig], control: RunControl | None = None) -> dict[str, RunForecast]:
    found = [event for event in forecasts(asked, control) if isinstance(event, RunForecast)]
    return {each.strategy: each for each in found}


def missing(asked: list[TrainConfig]) -> list[NoForecast]:
    return [event for event in forecasts(asked) if isinstance(event, NoForecast)]


def trained(config: TrainConfig, out: Path) -> tuple[list[Any], RunEnded]:
    events = list(train(config, out))
    assert isinstance(events[-1], RunEnded)
    return events, events[-1]


def test_every_strategy_gets_one_and_three_kinds_of_steps_do_for_all(drawn: Drawn, steps: list[str]) -> None:
    found = told(configs(drawn))
    assert tuple(found) == ALL
    assert all(0 < each.low <= each.seconds <= each.high for each in found.values())
    assert all((each.memory_mb or 0) > 50 for each in found.values())
    assert found["freeze"].epoch_seconds < found["partial"].epoch_seconds < found["full"].epoch_seconds
    assert found["full"].phase_seconds["training"] == found["small-lr"].phase_seconds["training"]
    # passes up to the head and up to partial's line; steps of the head, of partial's end, and of everything
    assert len(steps) <= 6


def test_what_was_timed_once_is_not_timed_again(drawn: Drawn, steps: list[str]) -> None:
    first = told(configs(drawn))
    steps.clear()
    again = told(configs(drawn))
    assert steps == []
    for name, each in again.items():
        assert each.phase_seconds["training"] == first[name].phase_seconds["training"]


@pytest.mark.parametrize(
    ("strategy", "augment"), [*((name, "flip") for name in ALL), ("partial", "standard"), ("full", "none")]
)
def test_the_work_that_is_forecast_is_the_work_that_is_done(
    strategy: str, augment: str, drawn: Drawn, tmp_path: Path
) -> None:
    asked = configs(drawn, (strategy,), augment=augment)
    for turn in ("cold", "warm"):
        expected = told(asked)[strategy]
        _, ended = trained(asked[0], tmp_path / turn)
        found = ended.counters
        # what goes through frozen stages in a batch of training counts there, too: of these networks none
        assert expected.decoded_pictures == found["decoded_pictures"], turn
        live = 0 if expected.prefix_forwards or turn == "warm" else found["prefix_forwards"]
        assert expected.prefix_forwards == found["prefix_forwards"] - live, turn
        if turn == "cold":
            assert expected.decoded_pictures == 30
        else:
            assert expected.decoded_pictures == 0
            assert expected.prefix_forwards == 0


def test_a_run_writes_its_forecast_down_before_it_begins(drawn: Drawn, tmp_path: Path) -> None:
    asked = configs(drawn, ("partial",))
    expected = told(asked)["partial"]
    events, _ = trained(asked[0], tmp_path / "run")
    kinds = [type(event) for event in events]
    assert kinds.index(RunForecast) < kinds.index(RunStarted) < kinds.index(EpochEnded)
    written = open_run(tmp_path / "run").forecast
    assert written is not None
    assert written.phase_seconds["training"] == expected.phase_seconds["training"]
    assert written.strategy == "partial"


def test_a_run_of_which_nothing_was_timed_times_nothing_for_a_forecast(drawn: Drawn, tmp_path: Path) -> None:
    events, _ = trained(configs(drawn, ("freeze",))[0], tmp_path / "run")
    assert not any(isinstance(event, RunForecast) for event in events)
    assert open_run(tmp_path / "run").forecast is None


def test_a_forecast_changes_nothing_of_the_run(drawn: Drawn, tmp_path: Path) -> None:
    asked = configs(drawn, ("thaw",), epochs=3, thaw_epoch=2)

    def losses(out: Path) -> list[tuple[float | None, float | None]]:
        events, _ = trained(asked[0], out)
        return [(e.train_loss, e.val_loss) for e in events if isinstance(e, EpochEnded)]

    without = losses(tmp_path / "without")
    with home_at(tmp_path / "another home"):
        told(asked)
        assert losses(tmp_path / "with") == without


def test_of_a_strategy_that_cannot_be_it_is_said_why(drawn: Drawn) -> None:
    fits, not_here = configs(drawn, ("freeze", "partial"))
    asked = [fits, msgspec.structs.replace(not_here, freeze_until="nowhere")]
    assert tuple(told(asked)) == ("freeze",)
    (none,) = missing(asked)
    assert none.strategy == "partial"
    assert "“nowhere”" in none.hint


def test_it_stops_after_the_step_that_is_being_timed(drawn: Drawn, steps: list[str]) -> None:
    control = RunControl()
    found = []
    for event in forecasts(configs(drawn), control):
        found.append(event)
        if len(steps) == 1:
            control.stop()
    assert len(steps) == 1
    assert not any(isinstance(event, RunForecast) for event in found)


def test_it_says_how_far_it_is(drawn: Drawn) -> None:
    phases = {event.phase for event in forecasts(configs(drawn)) if isinstance(event, PhaseProgress)}
    assert "timing a few steps" in phases


def test_a_folder_that_is_no_dataset_is_refused(drawn: Drawn, tmp_path: Path) -> None:
    with pytest.raises(FtguiError, match="nowhere"):
        told([drawn.config(dataset=str(tmp_path / "nowhere"))])


def test_without_a_cache_on_disk_all_is_to_be_done_each_time(drawn: Drawn, tmp_path: Path) -> None:
    write_settings(EngineSettings(cache_gb=0))
    asked = configs(drawn, ("freeze",))
    trained(asked[0], tmp_path / "first")
    assert told(asked)["freeze"].decoded_pictures == 30


def test_the_naive_way_is_forecast_too_and_decodes_again_in_every_epoch(drawn: Drawn, tmp_path: Path) -> None:
    asked = configs(drawn, ("freeze",), cache="off")
    naive = told(asked)["freeze"]
    assert naive.prefix_forwards == 0
    assert naive.phase_seconds["training"] > 0
    _, ended = trained(asked[0], tmp_path / "run")
    assert naive.decoded_pictures == ended.counters["decoded_pictures"] == 90


def test_where_features_would_have_to_be_computed_in_every_epoch_that_is_what_is_said(drawn: Drawn) -> None:
    asked = configs(drawn, ("freeze", "full"))
    assert tuple(told(asked)) == ("freeze", "full")
    assert missing(asked) == []
    write_settings(EngineSettings(cache_gb=0, cache_memory_share=0))
    assert tuple(told(asked)) == ("full",)
    (none,) = missing(asked)
    assert none.strategy == "freeze"
    assert "does not fit into the cache" in none.hint


def test_runs_one_after_the_other_do_just_the_work_that_is_forecast_of_all(
    drawn: Drawn, tmp_path: Path
) -> None:
    plan = make_plan_of(drawn.config(lr=None, epochs=2), ("freeze", "partial", "thaw", "full"), (0, 1))
    first = [plan.config_of(entry) for entry in plan.entries() if entry.seed == 0]
    for run, entry in zip(runs_of_plan(plan, told(first)), plan.entries(), strict=True):
        _, ended = trained(plan.config_of(entry), tmp_path / entry.name)
        assert run.decoded_pictures == ended.counters["decoded_pictures"], entry.name
        if entry.strategy in ("freeze", "partial"):  # what others judge on is no frozen pass
            assert run.prefix_forwards == ended.counters["prefix_forwards"], entry.name
