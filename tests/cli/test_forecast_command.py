"""``ftgui forecast``: said in words and as JSON, and judged by runs in processes of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftgui.__main__ import main
from ftgui.core.settings import EngineSettings, write_settings
from ftgui.freezing.strategies import STRATEGIES
from tests.fixtures import FP32, Drawn
from tests.harness.process import run_ftgui

WITHIN = 0.3
"""Of the memory that a run then takes."""


def arguments(drawn: Drawn, command: str, *more: str) -> list[str]:
    quick = ("--epochs", "1", "--batch-size", "8", "--device", "cpu", *FP32)
    return [command, str(drawn.data), "--weights", str(drawn.weights), *quick, *more]


@pytest.mark.usefixtures("small_crops")
def test_it_prints_one_object_with_all_strategies(drawn: Drawn, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(drawn, "forecast", "--json")) == 0
    said = capsys.readouterr()
    assert said.err == ""
    told = json.loads(said.out)["forecasts"]
    assert [each["strategy"] for each in told] == list(STRATEGIES)
    assert all(each["low"] <= each["seconds"] <= each["high"] for each in told)


@pytest.mark.usefixtures("small_crops")
def test_it_says_a_line_a_strategy(drawn: Drawn, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(drawn, "forecast", "--strategies", "freeze,full")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["freeze", "full"]
    assert all("in all" in line and "an epoch" in line and "of memory" in line for line in lines)


@pytest.mark.usefixtures("small_crops")
def test_where_nothing_can_be_said_of_a_strategy_it_says_why(
    drawn: Drawn, capsys: pytest.CaptureFixture[str]
) -> None:
    write_settings(EngineSettings(cache_gb=0, cache_memory_share=0))
    asked = arguments(drawn, "forecast", "--strategies", "freeze,full")
    assert main(asked) == 0
    full, freeze = capsys.readouterr().out.splitlines()
    assert full.startswith("full ")
    assert freeze.startswith("freeze    no forecast: What is computed once does not fit into the cache")
    assert main([*asked, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [each["strategy"] for each in said["forecasts"]] == ["full"]
    assert list(said["no_forecast"]) == ["freeze"]


def test_an_unknown_strategy_is_wrong_usage(drawn: Drawn) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments(drawn, "forecast", "--strategies", "frieze"))
    assert stopped.value.code == 2


@pytest.mark.long
def test_the_memory_that_is_forecast_is_what_a_fresh_process_takes(drawn: Drawn, tmp_path: Path) -> None:
    def lines(*asked: str) -> list[dict[str, Any]]:
        done = run_ftgui(*asked, "--json", timeout=600)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    strategies = ("freeze", "full")
    (found,) = lines(*arguments(drawn, "forecast", "--strategies", ",".join(strategies)))
    for told in found["forecasts"]:
        strategy = told["strategy"]
        asked = arguments(drawn, "train", "--strategy", strategy, "--out", str(tmp_path / strategy))
        *events, ended = lines(*asked)
        assert any(event["event"] == "run_forecast" for event in events)
        assert told["memory_mb"] == pytest.approx(ended["peak_memory_mb"], rel=WITHIN), strategy
