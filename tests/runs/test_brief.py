"""A run read in brief says in a table what the whole of it says."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from ftgui.core.errors import FtguiError
from ftgui.runs import brief
from ftgui.runs.brief import read_brief
from ftgui.runs.history import RunHistory, RunState, open_run
from ftgui.runs.store import CONFIG, EVENTS, METRICS, SUMMARY, RunStore
from ftgui.training.events import Reason, RunEnded, TrainingEvent
from tests.gui.scripted import ended, epoch, started


@pytest.fixture(autouse=True)
def never_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have small runs read in brief, too."""
    monkeypatch.setattr(brief, "READ_AT_ONCE", 0)


def end(reason: Reason = Reason.COMPLETED) -> RunEnded:
    return msgspec.structs.replace(
        ended(reason),
        epochs=3,
        best_epoch=2,
        best_val_accuracy=0.9,
        best_val_loss=0.25,
        phase_seconds={"training": 3.0, "validation": 1.5, "proof": 1.0},
    )


def write(folder: Path, *more: TrainingEvent) -> Path:
    """Write a run of three epochs, of which the second is the best, and what comes after them."""
    with closing(RunStore(folder, versions={})) as store:
        for event in (started(), epoch(1, 0.8), epoch(2, 0.9), epoch(3, 0.85, is_best=False), *more):
            store.record(event)
        store._write_metrics()
    return folder


def said(history: RunHistory) -> object:
    return (
        history.name,
        history.state,
        history.started,
        history.ended,
        history.reached,
        history.told_seconds,
        history.epoch_seconds,
    )


@pytest.mark.parametrize("reason", [None, Reason.COMPLETED, Reason.STOPPED, Reason.FAILED])
def test_it_says_the_same(tmp_path: Path, reason: Reason | None) -> None:
    folder = write(tmp_path / "run", *(() if reason is None else (end(reason),)))
    history = read_brief(folder)
    assert history.is_brief
    assert said(history) == said(open_run(folder))
    assert history.reached == (0.9, 0.25)
    assert history.epoch_seconds == 1.5


def test_of_a_run_that_ended_no_events_are_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", end())
    expected = said(open_run(folder))
    (folder / EVENTS).write_bytes(b"nobody reads this")
    (folder / METRICS).unlink()
    os.utime(folder / EVENTS, (0, 0))
    assert said(read_brief(folder)) == expected


def test_a_summary_that_says_less_is_filled_up_from_the_epochs(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", msgspec.structs.replace(end(), phase_seconds={}))
    assert said(read_brief(folder)) == said(open_run(folder))


def test_a_run_that_was_gone_on_with_and_killed_is_interrupted_whatever_its_summary_says(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path / "run", end(Reason.STOPPED))
    with closing(RunStore(folder, versions={}, resumes=open_run(folder).epochs)) as store:
        store.record(msgspec.structs.replace(started(), resumed_after=3))
        store.record(epoch(4, 0.95))
    os.utime(folder / SUMMARY, (0, 0))
    history = read_brief(folder)
    assert history.state is RunState.INTERRUPTED
    assert history.ended is None
    assert history.reached == (0.95, 0.25)


def test_a_copied_run_has_ended_though_its_events_are_the_newest_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", end())
    os.utime(folder / SUMMARY, (0, 0))
    assert read_brief(folder).state is RunState.DONE


def test_figures_that_are_damaged_are_blanks(tmp_path: Path) -> None:
    folder = write(tmp_path / "run")
    (folder / METRICS).write_bytes(b"epoch,loss\n1,\xff")
    history = read_brief(folder)
    assert (history.state, history.reached, history.epoch_seconds) == (RunState.INTERRUPTED, None, None)
    assert history.started is not None


def test_it_is_completed_in_place_under_the_name_that_the_user_gave(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", end())
    history, whole = read_brief(folder), open_run(folder)
    history.name = "mine"
    history.complete(whole)
    assert not history.is_brief
    assert history == replace(whole, name="mine")


def test_a_small_run_without_a_summary_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brief, "READ_AT_ONCE", 100_000)
    assert not read_brief(write(tmp_path / "run")).is_brief


def test_a_folder_that_is_none_and_a_newer_run_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FtguiError, match="not a run folder"):
        read_brief(tmp_path)
    cut_off, done = write(tmp_path / "cut off"), write(tmp_path / "done", end())
    for file in (cut_off / CONFIG, done / SUMMARY):
        file.write_bytes(file.read_bytes().replace(b'"format_version": 1', b'"format_version": 99'))
    for folder in (cut_off, done):
        with pytest.raises(FtguiError, match="newer ftgui"):
            read_brief(folder)
