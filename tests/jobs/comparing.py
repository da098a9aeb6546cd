"""Comparisons of small networks, made once for all tests that look at them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path

from ftgui.jobs.compare import compare
from ftgui.jobs.compare_control import CompareControl
from ftgui.jobs.compare_events import ComparedRunStarted, CompareEvent, ComparisonEnded
from ftgui.runs.comparison import RUNS, ComparisonPlan, make_plan_of
from ftgui.training.config import TrainConfig
from tests.fixtures import Drawn, small_pictures

STRATEGIES = ("freeze", "small-lr", "lr-zero")


def small_plan(
    drawn: Drawn,
    strategies: tuple[str, ...] = STRATEGIES,
    seeds: tuple[int, ...] = (0, 1),
    lrs: tuple[float, ...] = (),
    **changes: object,
) -> ComparisonPlan:
    config: TrainConfig = drawn.config(**({"epochs": 2, "lr": None} | changes))
    return make_plan_of(config, strategies, seeds, lrs)


def to_the_end(plan: ComparisonPlan, out: Path, control: CompareControl | None = None) -> list[CompareEvent]:
    """Compare and return all events."""
    with small_pictures():
        return list(compare(plan, out, control))


def stop_when(
    plan: ComparisonPlan, out: Path, when: Callable[[CompareEvent], bool], *, skip: bool = False
) -> list[CompareEvent]:
    """Compare, and stop, or skip a run, at the first event that ``when`` is true of."""
    control, events = CompareControl(), []
    act = control.skip if skip else control.stop
    with small_pictures():
        for event in compare(plan, out, control):
            events.append(event)
            if when(event):
                act()
                when = _never
    return events


def _never(_event: CompareEvent) -> bool:
    return False


@functools.cache
def whole(drawn: Drawn) -> Path:
    """Return the folder of a comparison that nobody disturbed. Look, do not write."""
    out = drawn.data.parent / "comparison"
    ended = to_the_end(small_plan(drawn), out)[-1]
    assert isinstance(ended, ComparisonEnded)
    assert ended.reason == "completed"
    return out


def began(events: Iterable[CompareEvent]) -> list[str]:
    """Return the runs that began, in their order."""
    return [event.name for event in events if isinstance(event, ComparedRunStarted)]


def run_folder(out: Path, name: str) -> Path:
    return out / RUNS / name


def stamps(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return what every file below a folder holds, and when it was written."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(f.relative_to(folder)): (f.read_bytes(), f.stat().st_mtime_ns) for f in files}
