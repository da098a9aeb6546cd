"""What is in a comparison's folder is not as it was: damaged runs, another program, nobody's to look at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ftgui.core.errors import FtguiError
from ftgui.jobs import compare as compare_module
from ftgui.jobs.compare import compare
from ftgui.jobs.compare_events import ComparedRunEnded, CompareEvent, ComparisonEnded, ComparisonStarted
from ftgui.runs.comparison import COMPARISON, REPORT, read_comparison, write_comparison
from ftgui.runs.results import RunResult
from ftgui.runs.store import CONFIG, EVENTS, LAST_PREDICTIONS, SPLIT, read_split
from ftgui.training.events import EpochEnded, Reason, RunEnded, RunWarning
from tests.fixtures import Drawn, small_pictures
from tests.harness.privileges import folder_for_all, without_privileges
from tests.jobs.comparing import began, run_folder, small_plan, stamps, stop_when, to_the_end, whole

DAMAGED, MISSING = "freeze-seed0", "lr-zero-seed1"


@pytest.fixture
def out(drawn: Drawn, tmp_path: Path) -> Path:
    """A comparison of which one run was never begun, for this test alone."""
    out = Path(shutil.copytree(whole(drawn), tmp_path / "out"))
    shutil.rmtree(run_folder(out, MISSING))
    return out


def ended(events: Iterable[CompareEvent]) -> ComparisonEnded:
    last = list(events)[-1]
    assert isinstance(last, ComparisonEnded)
    return last


def run_of(events: Iterable[CompareEvent], name: str) -> RunResult:
    return next(run for run in ended(events).result.runs if run.name == name)


# Damaged ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "words"), [(EVENTS, "Line 1 of “"), (LAST_PREDICTIONS, "is no table of predictions")]
)
def test_a_run_that_cannot_be_read_counts_as_one_that_failed_and_keeps_no_other(
    drawn: Drawn, out: Path, file: str, words: str
) -> None:
    folder = run_folder(out, DAMAGED)
    (folder / file).write_bytes(b"nonsense\n" + (folder / file).read_bytes())
    before = stamps(folder)
    events = to_the_end(small_plan(drawn), out)
    assert began(events) == [MISSING]
    (warned,) = (event for event in events[1:2] if isinstance(event, RunWarning))
    assert words in warned.message
    assert f"take “{folder}” away" in warned.hint
    assert isinstance(events[0], ComparisonStarted)
    assert all(run.is_done is (run.name != MISSING) for run in events[0].runs)
    assert events[0].progress.done == 5
    assert ended(events).reason == "failed"
    told = run_of(events, DAMAGED)
    assert (told.state, told.message) == ("failed", warned.message)
    assert "`freeze` is left out: a run of it failed." in ended(events).result.sentences
    assert [each.strategy for each in ended(events).result.strategies] == ["small-lr", "lr-zero"]
    assert stamps(folder) == before
    assert "1 failed" in (out / REPORT).read_text(encoding="utf-8")
    shutil.rmtree(folder)
    again = to_the_end(small_plan(drawn), out)
    assert began(again) == [DAMAGED]
    assert ended(again).reason == "completed"
    assert run_of(again, DAMAGED).accuracy is not None


def test_a_run_that_cannot_go_on_fails_alone_and_is_left_as_it_was(drawn: Drawn, tmp_path: Path) -> None:
    plan, out = small_plan(drawn, ("freeze", "lr-zero"), (0,)), tmp_path / "out"
    stop_when(plan, out, lambda event: isinstance(event, EpochEnded))
    folder = run_folder(out, "freeze-seed0")
    (folder / CONFIG).write_text("{", encoding="utf-8")
    before = stamps(folder)
    events = to_the_end(plan, out)
    assert began(events) == ["freeze-seed0", "lr-zero-seed0"]
    (failed,) = (e for e in events if isinstance(e, RunEnded) and e.reason is Reason.FAILED)
    assert "is not a file that ftgui wrote" in failed.message
    assert f"take “{folder}” away" in failed.hint
    first = next(event for event in events if isinstance(event, ComparedRunEnded))
    assert (first.run.state, first.run.message) == ("failed", failed.message)
    assert first.progress.done == 1
    assert ended(events).reason == "failed"
    assert run_of(events, "lr-zero-seed0").state == "done"
    assert stamps(folder) == before


def test_where_the_split_of_the_first_run_is_damaged_that_of_another_is_taken(
    drawn: Drawn, out: Path
) -> None:
    (run_folder(out, DAMAGED) / SPLIT).write_text("{", encoding="utf-8")
    assert ended(to_the_end(small_plan(drawn), out)).reason == "completed"
    assert read_split(run_folder(out, MISSING)) == read_split(run_folder(out, "small-lr-seed0"))


# Killed -----------------------------------------------------------------------------------------------------


def test_whoever_is_killed_has_a_report_of_the_runs_before(drawn: Drawn, tmp_path: Path) -> None:
    with small_pictures():
        events = compare(small_plan(drawn, ("freeze", "lr-zero"), (0,)), tmp_path / "out")
        next(event for event in events if isinstance(event, ComparedRunEnded))
        events.close()  # type: ignore[attr-defined]
    assert "1 of 2 runs is done, 1 waiting." in (tmp_path / "out" / REPORT).read_text(encoding="utf-8")


@pytest.mark.parametrize(("every", "written"), [(0.0, 4), (1e9, 2)])
def test_the_report_is_made_after_each_run_that_takes_long_and_at_the_end(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: float, written: int
) -> None:
    made, real = [], compare_module.write_report
    monkeypatch.setattr(compare_module, "REPORT_EVERY", every)
    monkeypatch.setattr(compare_module, "write_report", lambda *said: (made.append(1), real(*said))[1])
    to_the_end(small_plan(drawn, ("freeze", "lr-zero", "small-lr"), (0,), epochs=1), tmp_path / "out")
    assert len(made) == written


# Somebody else ----------------------------------------------------------------------------------------------


def test_what_another_program_compared_while_the_weights_were_read_is_not_written_over(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, real = tmp_path / "out", compare_module.check_fit
    others = [small_plan(drawn, ("partial",), (0,), epochs=1)]

    def check(*said: Any) -> None:
        real(*said)
        if others:
            to_the_end(others.pop(), out)

    to_the_end(small_plan(drawn, ("freeze",), (0,), epochs=1), out)
    monkeypatch.setattr(compare_module, "check_fit", check)
    events = to_the_end(small_plan(drawn, ("lr-zero",), (0,), epochs=1), out)
    assert began(events) == ["lr-zero-seed0"]
    assert read_comparison(out).plan.strategies == ("freeze", "partial", "lr-zero")
    assert {run.state for run in ended(events).result.runs} == {"done"}
    assert sorted(read_comparison(out).times) == ["freeze-seed0", "lr-zero-seed0", "partial-seed0"]


POSIX = pytest.mark.skipif(os.name != "posix", reason="has no permission bits to take away")


@pytest.fixture
def open_to_all(drawn: Drawn) -> Iterator[Path]:
    """A comparison that is complete, in a folder that nobody may write to as well.

    Its pictures and weights are where only their owner may look: ``pictures_of`` it.
    """
    with folder_for_all() as top:
        out = Path(shutil.copytree(whole(drawn), top / "out"))
        for path in (out, *out.rglob("*")):
            path.chmod(0o777)
        (top / "closed" / "pictures").mkdir(parents=True)
        known = read_comparison(out)
        config = msgspec.structs.replace(known.plan.config, dataset=str(top / "closed" / "pictures"))
        plan = msgspec.structs.replace(known.plan, config=config)
        write_comparison(out, msgspec.structs.replace(known, plan=plan))
        (out / COMPARISON).chmod(0o777)
        (top / "closed").chmod(0)
        yield out


def pictures_of(out: Path) -> Path:
    return Path(read_comparison(out).plan.config.dataset)


def compare_as_nobody(out: Path) -> list[CompareEvent]:
    with without_privileges(), small_pictures():
        return list(compare(None, out))


@POSIX
@pytest.mark.parametrize("mode", [0, 0o555], ids=oct)
def test_a_folder_that_may_not_be_read_or_written_is_said_in_words(open_to_all: Path, mode: int) -> None:
    open_to_all.chmod(mode)
    with pytest.raises(FtguiError, match="Permission denied") as caught:
        compare_as_nobody(open_to_all)
    assert caught.value.hint


@POSIX
def test_a_run_that_nobody_may_look_at_fails_alone(
    open_to_all: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare_module, "check_fit", lambda *_said: None)  # the weights are root's alone
    run_folder(open_to_all, DAMAGED).chmod(0)
    events = compare_as_nobody(open_to_all)
    assert began(events) == []
    told = run_of(events, DAMAGED)
    assert (told.state, "cannot be read: Permission denied." in told.message) == ("failed", True)


@POSIX
def test_a_comparison_whose_pictures_nobody_may_look_for_is_complete_all_the_same(open_to_all: Path) -> None:
    with without_privileges(), pytest.raises(PermissionError):
        pictures_of(open_to_all).stat()
    assert ended(compare_as_nobody(open_to_all)).reason == "completed"
