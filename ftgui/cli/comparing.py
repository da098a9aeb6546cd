"""``ftgui compare``: a ``match`` over the comparison's events."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing

import msgspec

from ftgui.cli.training import Words, config_from, stopped_by_ctrl_c
from ftgui.cli.usage import UsageError
from ftgui.core import records
from ftgui.core.loading import load_torch
from ftgui.jobs.compare_control import CompareControl
from ftgui.jobs.compare_events import (
    ComparedRunEnded,
    ComparedRunStarted,
    CompareEvent,
    ComparisonEnded,
    ComparisonStarted,
)
from ftgui.jobs.compare_folder import holds_comparison
from ftgui.runs.comparison import ComparisonPlan, make_plan_of, read_comparison
from ftgui.runs.forecast import forecast_words
from ftgui.runs.progress import left_words, now
from ftgui.runs.results import ComparisonResult, RunResult, StrategyResult
from ftgui.training.events import BatchEnded, PhaseProgress, RunForecast, RunWarning


def compare_command(arguments: argparse.Namespace) -> int:
    """Compare; return 1 where a run failed, 0 where all is done or was stopped by Ctrl-C."""
    plan = plan_from(arguments)
    load_torch()  # only now: the wrong arguments must not wait for it
    from ftgui.jobs.compare import compare
    from ftgui.jobs.forecast_first import forecast_first

    control = CompareControl()
    ended: ComparisonEnded | None = None
    with stopped_by_ctrl_c(control), closing(CompareWords()) as words:
        for event in forecast_first(compare(plan, arguments.out, control), control):
            if arguments.json:
                print(json_line(event), flush=True)
            else:
                words.event(event)
            if isinstance(event, ComparisonEnded):
                ended = event
    if ended is None or ended.reason == "failed":
        print(f"ftgui: {ended.message if ended else 'The comparison did not end.'}", file=sys.stderr)
        return 1
    return 0


def plan_from(arguments: argparse.Namespace) -> ComparisonPlan | None:
    """Return what to compare; None where only a folder is named, in which something is compared already.

    Raises:
        FtguiError: the folder cannot be looked into.
        UsageError: strategies are named nowhere.
    """
    said = {name: value for name, value in vars(arguments).items() if value is not None}
    there = holds_comparison(arguments.out)
    if there and said.keys() <= {"command", "json", "out"}:
        return None
    config = config_from(arguments)
    if arguments.strategies is None:
        raise UsageError("A comparison needs --strategies.", "For example --strategies freeze,small-lr,full.")
    seeds, lrs = arguments.seeds, arguments.lrs
    if there:  # who adds to a comparison means its seeds and rates
        plan = read_comparison(arguments.out).plan
        seeds, lrs = seeds or plan.seeds, lrs or plan.lrs
    return make_plan_of(config, arguments.strategies, seeds or (0,), lrs or ())


def json_line(event: CompareEvent) -> str:
    """Return an event as a line. All that is known is told once, at the end, and not after each run."""
    if isinstance(event, ComparedRunEnded):
        event = msgspec.structs.replace(event, result=None)
    return records.to_json_line(event)


class CompareWords:
    """A line a run and, where stderr is a screen, a bar for what goes on; in the end what it all says."""

    def __init__(self) -> None:
        self._words = Words()
        self._run: ComparedRunStarted | None = None
        """That goes on."""
        self._warned: set[str] = set()
        """All runs say the same of the pictures: once is enough."""

    def close(self) -> None:
        self._words.close()

    def event(self, event: CompareEvent) -> None:
        match event:
            case ComparisonStarted():
                done = sum(run.is_done for run in event.runs)
                self._say(f"{len(event.runs)} runs in {event.folder}, {done} of them done")
            case RunForecast() if self._run is None:
                self._say(f"   {event.strategy}: {forecast_words(event)}")
            case ComparedRunStarted():
                self._run = event
                again = ", going on" if event.goes_on else ""
                self._say(f"{event.number} of {event.total}: {event.name}{again}")
            case ComparedRunEnded():
                self._say(f"   {run_line(event.run)}")
            case ComparisonEnded():
                self._end(event)
            case RunWarning() if event.message not in self._warned:
                self._warned.add(event.message)
                self._say(f"   - {event.message} {event.hint}".rstrip())
            case PhaseProgress() | BatchEnded():
                self._words.progress(event, *self._overall(event))
            case _:
                pass

    def _overall(self, event: PhaseProgress | BatchEnded) -> tuple[str, str]:
        """Return what stands before and after the progress of a part: which run it is, and what is left."""
        run = self._run
        if run is None:
            return "", ""
        own = event.seconds_left if isinstance(event, BatchEnded) else None
        left = left_words(now(run.progress, run.seconds, own))
        return f"{run.number} of {run.total}, ", f"{left} in all" if left else ""

    def _end(self, event: ComparisonEnded) -> None:
        self._say("")
        for line in result_lines(event.result):
            self._say(line)
        self._say(f"\n{event.message}")
        if event.report:
            self._say(f"report: {event.report}")

    def _say(self, words: str) -> None:
        self._words.say(words)


def run_line(run: RunResult) -> str:
    """Return a run that ended as a line."""
    if run.accuracy is None or run.state != "done":
        return f"{run.state}: {run.message}".rstrip(": ")
    interval = f"({run.low:.3f} – {run.high:.3f})"
    seconds = f"{run.seconds:.1f} s" if run.seconds is not None else ""
    return f"accuracy {run.accuracy:.3f} {interval} of {run.pictures} pictures, {seconds}"


def result_lines(result: ComparisonResult) -> list[str]:
    """Return what a comparison says: a line a strategy, then sentences."""
    width = max((len(each.strategy) for each in result.strategies), default=0)
    lines = [_strategy_line(each, width) for each in result.strategies]
    unequal = [f"NOT held equal: {held.what} ({held.value})" for held in result.held_equal if not held.equal]
    decoding = (
        "" if result.is_decoding_seen else "Times are without decoding: the pictures were decoded before."
    )
    words = [result.measure_words, result.optimistic, *result.sentences, decoding] if lines else []
    return [*lines, *filter(None, words), *unequal]


def _strategy_line(each: StrategyResult, width: int) -> str:
    spread = f", seeds {each.lowest:.3f} – {each.highest:.3f}" if len(each.runs) > 1 else ""
    later = f", then {each.later_seconds:.1f} s" if each.later_seconds is not None else ""
    return (
        f"{each.strategy:{width}}  {each.accuracy:.3f} ({each.low:.3f} – {each.high:.3f}{spread})"
        f" of {each.pictures:,}"
        f"  lr {each.lr:g}  {each.bound}{each.seconds:.1f} s{later}"
    )
