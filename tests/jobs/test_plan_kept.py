"""A plan goes from the settings to the files of a run, through a stop and on into an export, unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ftgui.core import records
from ftgui.jobs.export import export
from ftgui.jobs.resume import resume
from ftgui.jobs.train import train
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import BatchEnded, Reason, RunEnded, RunStarted
from tests.fixtures import Drawn, small_pictures

PLANS: dict[str, tuple[dict[str, Any], list[tuple[str, bool, float, int, bool]]]] = {
    "thaw": (
        {"strategy": "thaw", "norm": "adapt", "stage_lr": {"stage2": 0.0, "stage3": 0.5}, "epochs": 4},
        [
            ("stem", True, 0.1, 2, True),
            ("stage2", True, 0.0, 2, False),
            ("stage3", True, 0.5, 2, True),
            ("stage4-conv5", True, 0.1, 2, True),
            ("head", True, 1.0, 1, True),
        ],
    ),
    "partial": (
        {"strategy": "partial", "freeze_until": "stage2", "norm": "trainable"},
        [
            ("stem", False, 0.0, 1, False),
            ("stage2", False, 0.0, 1, False),
            ("stage3", True, 1.0, 1, True),
            ("stage4-conv5", True, 1.0, 1, True),
            ("head", True, 1.0, 1, True),
        ],
    ),
}
"""What is asked, and by hand: each stage, whether it is in the optimizer, its multiple, from when, whether it
ever learns."""


@dataclass(frozen=True)
class Kept:
    """A run that was stopped, resumed and exported."""

    folder: Path
    out: Path
    config_before: bytes
    """Of ``config.json``, when the run had been stopped."""
    summary_before: dict[str, Any]


def read(path: Path) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return plain


@pytest.fixture(scope="module", params=PLANS)
def kept(request: pytest.FixtureRequest, drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("kept")
    run, out, control = folder / "run", folder / "out", RunControl()
    with small_pictures():
        for event in train(drawn.config(**PLANS[request.param][0]), run, control):
            if isinstance(event, BatchEnded) and event.epoch == 2:
                control.stop()
        assert isinstance(event, RunEnded)
        assert event.reason is Reason.STOPPED
        before = (run / "config.json").read_bytes(), read(run / "summary.json")
        *_, ended = resume(run)
    assert isinstance(ended, RunEnded)
    assert ended.reason is Reason.COMPLETED
    export(run, out)
    return Kept(run, out, *before)


@pytest.fixture
def asked(kept: Kept) -> dict[str, Any]:
    return PLANS[read(kept.folder / "config.json")["strategy"]][0]


@pytest.fixture
def stages(kept: Kept) -> list[tuple[str, bool, float, int, bool]]:
    return PLANS[read(kept.folder / "config.json")["strategy"]][1]


def as_written(told: list[dict[str, Any]]) -> list[tuple[str, bool, float, int, bool]]:
    return [(s["name"], s["in_optimizer"], s["lr_mult"], s["from_epoch"], s["learns"]) for s in told]


def test_the_summary_says_it_before_the_stop_and_after_the_end(kept: Kept, stages: Any) -> None:
    assert as_written(kept.summary_before["started"]["stages"]) == stages
    after = read(kept.folder / "summary.json")["started"]
    assert as_written(after["stages"]) == stages
    assert after["resumed_after"] == 1


def test_the_config_says_it_and_is_not_touched_by_going_on(kept: Kept, asked: Any, stages: Any) -> None:
    assert (kept.folder / "config.json").read_bytes() == kept.config_before
    config = records.read_json(kept.folder / "config.json", TrainConfig)
    assert {name: getattr(config, name) for name in asked} == asked
    plan = config.plan(tuple(name for name, *_ in stages))
    assert [(s.stage, s.in_optimizer, s.lr_mult, s.from_epoch, s.learns) for s in plan.stages] == stages
    assert plan.norm == asked["norm"]


def test_every_beginning_in_the_events_says_it(kept: Kept, stages: Any) -> None:
    lines = (kept.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    begun = [plain for line in lines if (plain := json.loads(line))["event"] == "run_started"]
    assert [as_written(plain["stages"]) for plain in begun] == [stages, stages]


def test_the_export_says_it(kept: Kept, asked: Any, stages: Any) -> None:
    model = read(kept.out / "model.json")
    assert as_written(model["stages"]) == stages
    assert (model["strategy"], model["norm"]) == (asked["strategy"], asked["norm"])


def test_the_run_is_repeated_by_its_config_with_the_same_plan(
    kept: Kept, stages: Any, tmp_path: Path
) -> None:
    config = records.read_json(kept.folder / "config.json", TrainConfig)
    with small_pictures():
        events: Iterator[Any] = train(config, tmp_path / "again")
        started = next(event for event in events if isinstance(event, RunStarted))
        events.close()  # type: ignore[attr-defined]
    assert [(s.name, s.in_optimizer, s.lr_mult, s.from_epoch, s.learns) for s in started.stages] == stages
    assert started.config == config
