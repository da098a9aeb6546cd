"""Compare: several strategies with everything else held equal, one run after the other, in one folder."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import torch

from ftgui.core import files
from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Split
from ftgui.jobs.compare_control import CompareControl
from ftgui.jobs.compare_events import (
    ComparedRunEnded,
    ComparedRunStarted,
    CompareEvent,
    ComparisonEnded,
    ComparisonStarted,
    Planned,
)
from ftgui.jobs.compare_folder import check_names, clear, held_folder, holds_comparison
from ftgui.jobs.compare_plan import check_fit, not_begun
from ftgui.jobs.compare_runs import ComparedRuns
from ftgui.jobs.judging import JudgedPictures
from ftgui.jobs.prepare import Pictures
from ftgui.jobs.resume import resume
from ftgui.jobs.train import train
from ftgui.jobs.versions import versions
from ftgui.runs.comparing import result_of
from ftgui.runs.comparison import (
    RUNS,
    TABLE,
    ComparisonFile,
    ComparisonPlan,
    Entry,
    joined,
    read_comparison,
    write_comparison,
)
from ftgui.runs.comparison_table import comparison_csv
from ftgui.runs.history import RunState, obstacle_to_resuming
from ftgui.runs.predictions import TEST_PREDICTIONS
from ftgui.runs.progress import Progress, progress_of, seconds_of_strategies
from ftgui.runs.report import write_report
from ftgui.runs.results import ComparisonResult
from ftgui.runs.store import CONFIG, read_split
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import Reason, RunStarted, RunWarning, TrainingEvent

REPORT_EVERY = 10.0
"""Seconds: the page is made whole each time, which takes some tenths of one, and runs may take less."""


def compare(
    plan: ComparisonPlan | None,
    out: Path,
    control: CompareControl | None = None,
    *,
    skipped_stay: bool = False,
) -> Iterator[CompareEvent]:
    """Run what of ``plan`` is not done yet in ``out``, a new folder or one that holds a comparison.

    Without a plan, go on with what is compared there. What was stopped or cut off goes on where it was; runs
    that are done are not touched. What was skipped stays so where there is no plan, or ``skipped_stay``;
    else what the plan names of it is run after all. The last event is always ``ComparisonEnded``.

    Raises:
        FtguiError: before anything is written, where the plan cannot be, is not for the weights, has a name
            that is no text, the folder holds something else, cannot be written or another program compares
            there; later, where the dataset does not do or the disk is full. What a single run dies of ends
            that run, and one that cannot be read counts as one that failed.
    """
    if plan is not None:
        plan.check()
    comparison = _begun(plan, out, skipped_stay=skipped_stay)
    asked = plan or comparison.plan
    check_names(asked.config)
    left = [entry for entry in not_begun(asked, out) if entry.name not in comparison.skipped]
    check_fit(comparison.plan, left)
    with held_folder(out), _threads_given_back():
        comparison = _begun(plan, out, skipped_stay=skipped_stay)  # once more: others may have written since
        asked = plan or comparison.plan
        yield from _Comparing(comparison, asked, out, control or CompareControl()).events()


def _begun(plan: ComparisonPlan | None, out: Path, *, skipped_stay: bool) -> ComparisonFile:
    """Return what the folder holds from now on: what it held, and this plan."""
    is_there = holds_comparison(out)
    if plan is None:
        return read_comparison(out)
    if not is_there:
        return ComparisonFile(plan=plan, versions=versions())
    old = read_comparison(out)
    asked = {entry.name for entry in plan.entries()}
    return msgspec.structs.replace(
        old,
        plan=joined(old.plan, plan, out),
        skipped=tuple(name for name in old.skipped if skipped_stay or name not in asked),
    )


@contextmanager
def _threads_given_back() -> Iterator[None]:
    """Let runs compute on as many threads as the first one did; whoever comes later has those of before."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Comparing:
    """One go at a comparison."""

    def __init__(
        self, comparison: ComparisonFile, asked: ComparisonPlan, out: Path, control: CompareControl
    ) -> None:
        self.comparison = comparison
        self.out = out
        self.control = control
        self.entries = comparison.plan.entries()
        self._asked = {entry.name for entry in asked.entries()}
        self._tried: set[str] = set()
        """Runs that ended this time, however."""
        self._read = ComparedRuns(out)
        self._test = JudgedPictures()
        self._held = self._first_begun()
        """How the first run that began computes, and its pictures: all others do the same."""
        self._reported = -math.inf

    def events(self) -> Iterator[CompareEvent]:
        result = self._write()
        done = {entry.name for entry in self.entries if self._read.is_over(entry)}
        yield ComparisonStarted(
            folder=str(self.out.absolute()),
            runs=tuple(
                Planned(name=entry.name, entry=entry, is_done=entry.name in done) for entry in self.entries
            ),
            progress=self._progress(result),
        )
        for trouble in tuple(self._read.troubles.values()):
            yield RunWarning(message=trouble.message, hint=trouble.hint)
        for number, entry in enumerate(self.entries, start=1):
            if entry.name in done or not self._is_wanted(entry):
                continue
            if self.control.stopping:
                break
            yield from self._run(entry, number)
        yield from self._catch_up()
        yield self._ended()

    def _catch_up(self) -> Iterator[TrainingEvent]:
        """Judge on the test pictures what was stopped or cut off before it was.

        Where none was, it is not known whether there are such pictures: the dataset may be gone by now.
        """
        found = (self._read.history(entry) for entry in self.entries)
        done = [history for history in found if history is not None and history.state is RunState.DONE]
        missing = [history for history in done if not (history.folder / TEST_PREDICTIONS).is_file()]
        dataset = self.comparison.plan.config.dataset
        is_there = os.path.exists(dataset)  # noqa: PTH110  Path.exists raises where nobody may look
        if len(missing) == len(done) and not is_there:
            return
        for history in missing:
            if self.control.stopping:
                return
            yield from self._test.judge(history, self.control.next_run())

    def _progress(self, result: ComparisonResult) -> Progress:
        """Return how far it is, by what is known of its runs: those that nobody asked for are not counted."""
        seconds = seconds_of_strategies(result.runs, self.control.forecast)
        left = [(entry.strategy, self._share_left(entry)) for entry in self.entries if self._is_left(entry)]
        return progress_of(left, len(self.entries), seconds)

    def _is_left(self, entry: Entry) -> bool:
        """Whether a run is still to be done, or gone on with, this time."""
        if not self._is_wanted(entry) or entry.name in self._tried:
            return False
        return not self._read.is_over(entry)

    def _share_left(self, entry: Entry) -> float:
        """Return which part of a run is still to be done: all but the epochs that it has."""
        history, epochs = self._read.history(entry), self.comparison.plan.config.epochs
        return max(0.0, 1.0 - len(history.epochs) / epochs) if history is not None and epochs else 1.0

    def _is_wanted(self, entry: Entry) -> bool:
        """Whether it is to be run now: of a comparison that grew, only what was asked for this time."""
        return entry.name in self._asked and entry.name not in self.comparison.skipped

    def _first_begun(self) -> tuple[RunStarted, Pictures] | None:
        for entry in self.entries:
            history = self._read.history(entry)
            if history is not None and history.started is not None:
                with suppress(FtguiError):  # the split is damaged: another run has the same
                    return history.started, _pictures_of(history.folder)
        return None

    def _run(self, entry: Entry, number: int) -> Iterator[CompareEvent]:
        """Run one of them, or go on with it."""
        history, folder = self._read.history(entry), self.out / RUNS / entry.name
        begun = history is not None and (folder / CONFIG).is_file()
        goes_on = begun and history is not None and not obstacle_to_resuming(history)
        if folder.is_dir() and not goes_on:
            clear(folder)
        result = self.comparison.result
        assert result is not None  # it was written
        seconds = seconds_of_strategies(result.runs, self.control.forecast).get(entry.strategy)
        share, began = self._share_left(entry), _now()
        control = self.control.next_run(entry.name)  # before anybody hears of it, and may want to skip it
        yield ComparedRunStarted(
            name=entry.name,
            strategy=entry.strategy,
            seed=entry.seed,
            lr=entry.lr,
            number=number,
            total=len(self.entries),
            goes_on=goes_on,
            progress=self._progress(result),
            seconds=None if seconds is None else share * seconds,
        )
        with closing(self._events_of(entry, control, goes_on=goes_on)) as events:
            for event in events:
                if isinstance(event, RunStarted) and self._held is None:
                    self._held = event, _pictures_of(folder)
                yield event
        self._note_times(entry, began)
        yield self._run_ended(entry)

    def _note_times(self, entry: Entry, began: str) -> None:
        """Keep when a run began, the first time that it did, and ended: files are copied and lose it."""
        first, _ = self.comparison.times.get(entry.name, (began, ""))
        times = self.comparison.times | {entry.name: (first, _now())}
        self.comparison = msgspec.structs.replace(self.comparison, times=times)

    def _events_of(
        self, entry: Entry, control: RunControl, *, goes_on: bool
    ) -> Generator[TrainingEvent, None, None]:
        folder, threads = self.out / RUNS / entry.name, self._held[0].threads if self._held else None
        if goes_on:
            try:
                yield from resume(folder, control, threads)
            except FtguiError as error:  # what ails all runs ends it all as soon as the next one begins
                yield self._read.set_aside(entry, error)
                return
        else:
            folder.parent.mkdir(exist_ok=True)
            pictures = self._held[1] if self._held else None
            yield from train(self._config(entry), folder, control, pictures, threads)
        history = self._read.history(entry)
        if history is not None and history.state is RunState.DONE and not control.stopping:
            yield from self._test.judge(history, control)

    def _config(self, entry: Entry) -> TrainConfig:
        """Return what a run trains, in the arithmetic and on the device of the first."""
        config = self.comparison.plan.config_of(entry)
        if self._held is None:
            return config
        held, _ = self._held
        return msgspec.structs.replace(
            config, precision=held.precision, layout=held.layout, device=held.device
        )

    def _run_ended(self, entry: Entry) -> ComparedRunEnded:
        if self.control.skipping and not self._read.is_over(entry):
            self.comparison = msgspec.structs.replace(
                self.comparison, skipped=(*self.comparison.skipped, entry.name)
            )
        self._tried.add(entry.name)
        result = self._write()
        if time.monotonic() - self._reported >= REPORT_EVERY:
            self._write_report()
        run = next(run for run in result.runs if run.name == entry.name)
        return ComparedRunEnded(run=run, progress=self._progress(result), result=result)

    def _write(self) -> ComparisonResult:
        """Write what is known by now."""
        result = result_of(self.out, self.comparison, self._read)
        self.comparison = msgspec.structs.replace(self.comparison, result=result)
        write_comparison(self.out, self.comparison)
        with suppress(PermissionError):  # a spreadsheet on Windows holds it: it is written again later
            files.write_text(self.out / TABLE, comparison_csv(result))
        return result

    def _write_report(self) -> Path:
        report = write_report(self.out, self.comparison, self._read)
        self._reported = time.monotonic()
        return report

    def _ended(self) -> ComparisonEnded:
        result, report = self._write(), self._write_report()
        failed, stopped = any(map(self._has_failed, self.entries)), self.control.stopping
        return ComparisonEnded(
            reason="failed" if failed else "stopped" if stopped else "completed",
            message=_closing_words(result, failed=failed, stopped=stopped),
            folder=str(self.out.absolute()),
            report=str(report.absolute()),
            result=result,
        )

    def _has_failed(self, entry: Entry) -> bool:
        history = self._read.history(entry)
        ended = history.ended if history is not None and entry.name not in self.comparison.skipped else None
        return ended is not None and ended.reason in (Reason.FAILED, Reason.PROOF_FAILED)


def _closing_words(result: ComparisonResult, *, failed: bool, stopped: bool) -> str:
    if failed:
        return "The comparison has a run that failed."
    if stopped:
        return "The comparison was stopped; the same command goes on with it."
    waiting = sum(run.state == "waiting" for run in result.runs)
    if waiting:
        return f"What was asked for is done; {waiting:,} of the folder's {len(result.runs):,} runs wait."
    return "The comparison is complete."


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _pictures_of(folder: Path) -> Pictures:
    """Return the split of a run, whatever the dataset holds by now."""
    split = read_split(folder)
    return Pictures(split.root, split.class_names, Split(train=split.train, val=split.val))
