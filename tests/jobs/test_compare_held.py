"""What a comparison holds equal by itself, refuses before it begins, and does not do twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from ftgui.core.errors import FtguiError
from ftgui.core.settings import EngineSettings
from ftgui.jobs import prepare
from ftgui.jobs.compare_control import CompareControl
from ftgui.jobs.compare_events import (
    ComparedRunEnded,
    ComparedRunStarted,
    CompareEvent,
    ComparisonStarted,
)
from ftgui.jobs.judging import DECODING, JUDGING, JudgedPictures
from ftgui.runs import reading
from ftgui.runs.comparison import read_comparison
from ftgui.runs.history import open_run
from ftgui.runs.predictions import TEST_PREDICTIONS
from ftgui.training.control import RunControl
from ftgui.training.events import PhaseProgress
from tests import samples
from tests.fixtures import Drawn, small_pictures
from tests.jobs.comparing import run_folder, small_plan, stop_when, to_the_end

TWO = ("freeze", "lr-zero")


# Threads -------------------------------------------------------------------------------------------


def threads_of(out: Path, name: str) -> int:
    started = open_run(run_folder(out, name)).started
    assert started is not None
    return started.threads


@pytest.mark.long
@pytest.mark.parametrize("at", [ComparedRunEnded, ComparedRunStarted], ids=["between runs", "within a run"])
def test_all_runs_compute_on_the_threads_of_the_first_whatever_is_set_meanwhile(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: type[object]
) -> None:
    asked = [2]
    monkeypatch.setattr(prepare, "read_settings", lambda: EngineSettings(threads=asked[0]))
    before, out, seen = torch.get_num_threads(), tmp_path / "out", []

    def stops(event: CompareEvent) -> bool:
        seen.append(event)
        return isinstance(event, at) and len([each for each in seen if isinstance(each, at)]) == 1

    stop_when(small_plan(drawn, TWO, (0,)), out, stops)
    asked[0] = 1
    to_the_end(small_plan(drawn, TWO, (0,)), out)
    first = threads_of(out, "freeze-seed0")
    assert first == (2 if at is ComparedRunEnded else 1), "a run that did not begin decides nothing"
    assert threads_of(out, "lr-zero-seed0") == first
    asked[0] = 3
    to_the_end(small_plan(drawn, (*TWO, "partial"), (0,)), out)
    assert threads_of(out, "partial-seed0") == first
    assert torch.get_num_threads() == before, "what runs later has those of before"


# What does not fit ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategies", "changes", "lrs", "words"),
    [
        (("freeze", "partial"), {"freeze_until": "nosuchstage"}, (), "no stage “nosuchstage”"),
        (("freeze", "full"), {"freeze_until": "nosuchstage"}, (), "no stage “nosuchstage”"),
        (("full", "freeze"), {"init": "random"}, (), "random weights"),
        (("full", "scratch"), {"init": "pretrained"}, (), "random weights"),
        (("freeze", "full"), {}, (0.0, 0.1), "cannot be 0"),
        (("freeze", "full"), {}, (-0.1,), "cannot be -0.1"),
        (("freeze", "full"), {"weights": "/nowhere/w.pth"}, (), "w.pth"),
    ],
)
def test_what_does_not_fit_the_weights_is_refused_before_there_is_a_folder(
    drawn: Drawn,
    tmp_path: Path,
    strategies: tuple[str, ...],
    changes: dict[str, Any],
    lrs: tuple[float, ...],
    words: str,
) -> None:
    with pytest.raises(FtguiError, match=words):
        to_the_end(small_plan(drawn, strategies, (0,), lrs, **changes), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_was_skipped_can_stay_so_though_it_is_named_again(drawn: Drawn, tmp_path: Path) -> None:
    from ftgui.jobs.compare import compare

    plan, out = small_plan(drawn, TWO, (0,)), tmp_path / "out"
    stop_when(plan, out, lambda event: isinstance(event, ComparedRunStarted), skip=True)
    with small_pictures():
        list(compare(plan, out, skipped_stay=True))
    assert read_comparison(out).skipped == ("freeze-seed0",)
    assert sorted(read_comparison(out).times) == ["freeze-seed0", "lr-zero-seed0"], "when each was at work"


# Reading -------------------------------------------------------------------------------------------


def test_what_a_run_wrote_is_read_once_however_many_follow(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Counter[tuple[str, str]] = Counter()

    def counted(name: str, real: Any, run: Any) -> None:
        def counting(place: Any) -> Any:
            read[name, run(place)] += 1
            return real(place)

        monkeypatch.setattr(reading, name, counting)

    counted("open_run", reading.open_run, lambda folder: folder.name)
    counted("read_predictions", reading.read_predictions, lambda file: f"{file.parent.name} {file.name}")
    counted("evidence_of", reading.evidence_of, lambda history: history.name)
    to_the_end(small_plan(drawn, TWO, (0, 1)), tmp_path / "out")
    for name in ("freeze-seed0", "lr-zero-seed0", "freeze-seed1", "lr-zero-seed1"):
        assert read["open_run", name] == 1
        assert read["evidence_of", name] == 1
        assert read["read_predictions", f"{name} last_predictions.csv"] == 1


# Test pictures -------------------------------------------------------------------------------------


@pytest.fixture
def with_test_split(drawn: Drawn, tmp_path: Path) -> Drawn:
    data = tmp_path / "data"
    for side, per_class in (("train", 4), ("val", 2), ("test", 3)):
        samples.draw_dataset(data / side, per_class=per_class)
    return Drawn(data, drawn.weights)


def phases(events: list[CompareEvent], phase: str) -> list[tuple[int, int]]:
    return [(e.done, e.total) for e in events if isinstance(e, PhaseProgress) and e.phase == phase]


def test_the_test_pictures_are_decoded_once_for_all_runs(with_test_split: Drawn, tmp_path: Path) -> None:
    events = to_the_end(small_plan(with_test_split, TWO, (0, 1), epochs=1), tmp_path / "out")
    assert phases(events, DECODING) == [(n, 9) for n in range(1, 10)]
    assert phases(events, JUDGING) == [(9, 9)] * 4


@pytest.mark.parametrize("phase", [DECODING, JUDGING])
def test_judging_can_be_stopped_and_is_caught_up_with(
    with_test_split: Drawn, tmp_path: Path, phase: str
) -> None:
    plan, out = small_plan(with_test_split, ("freeze",), (0,), epochs=1), tmp_path / "out"
    stop_when(plan, out, lambda event: isinstance(event, PhaseProgress) and event.phase == phase)
    written = run_folder(out, "freeze-seed0") / TEST_PREDICTIONS
    assert written.is_file() is (phase == JUDGING), "all that was left was to write it"
    events = to_the_end(plan, out)
    assert written.is_file()
    assert bool(phases(events, JUDGING)) is (phase == DECODING)


def test_judging_waits_where_it_is_paused_before_every_picture_and_batch(
    with_test_split: Drawn, tmp_path: Path
) -> None:
    class Counting(RunControl):
        waited = 0

        def wait_while_paused(self) -> float:
            self.waited += 1
            return super().wait_while_paused()

    out = tmp_path / "out"
    to_the_end(small_plan(with_test_split, ("freeze",), (0,), epochs=1), out)
    control = Counting()
    with small_pictures():
        list(JudgedPictures().judge(open_run(run_folder(out, "freeze-seed0")), control))
    assert control.waited >= 9 + 1


# How far it is -------------------------------------------------------------------------------------


def test_how_far_it_is_is_told_from_run_to_run_with_what_is_foreseen(drawn: Drawn, tmp_path: Path) -> None:
    control = CompareControl({"lr-zero": 1000.0})
    events = to_the_end(small_plan(drawn, TWO, (0, 1)), tmp_path / "out", control)
    told = [
        e.progress for e in events if isinstance(e, ComparisonStarted | ComparedRunStarted | ComparedRunEnded)
    ]
    assert [(each.done, each.total, each.unknown) for each in told] == [
        (0, 4, 2),
        (0, 4, 2),
        (1, 4, 0),
        (1, 4, 0),
        (2, 4, 0),
        (2, 4, 0),
        (3, 4, 0),
        (3, 4, 0),
        (4, 4, 0),
    ]
    assert told[0].seconds_left == 2000.0, "all that is known is what was foreseen of one of them"
    assert told[2].seconds_left is not None
    assert 2000.0 < told[2].seconds_left < 2100.0
    assert told[4].seconds_left is not None
    assert told[4].seconds_left < 100.0, "what was measured counts more than what was foreseen"
    assert told[-1].seconds_left == 0.0
    starts = [e.seconds for e in events if isinstance(e, ComparedRunStarted)]
    assert starts[:2] == [None, 1000.0]
