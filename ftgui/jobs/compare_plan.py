"""Whether what is asked for can be compared with these weights: found out before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ftgui.core.errors import FtguiError
from ftgui.data.scan import check_there
from ftgui.jobs.inspect import inspect_stages
from ftgui.jobs.prepare import known_architecture
from ftgui.runs.comparison import RUNS, ComparisonPlan, Entry
from ftgui.runs.project import is_file
from ftgui.runs.store import CONFIG


def not_begun(plan: ComparisonPlan, out: Path) -> tuple[Entry, ...]:
    """Return the runs of a plan that have not been begun in ``out``."""
    return tuple(entry for entry in plan.entries() if not is_file(out / RUNS / entry.name / CONFIG))


def check_fit(plan: ComparisonPlan, entries: Sequence[Entry]) -> None:
    """Read the weights, where there are runs to begin, and see whether each can be with their network.

    Raises:
        FtguiError: the pictures are not there, the weights cannot be used, or a strategy or setting is not
            for a network of these stages.
    """
    if not entries:
        return
    config = plan.config
    check_there(Path(config.dataset).expanduser())
    found = inspect_stages(Path(config.weights).expanduser(), config.architecture, config.preprocessing)
    known_architecture(found.recognition)
    stages = tuple(stage.name for stage in found.stages)
    _check_line(config.freeze_until, stages)
    for entry in entries:
        plan.config_of(entry).plan(stages)


def _check_line(until: str | None, stages: tuple[str, ...]) -> None:
    """Refuse the name of no stage, even where none of the strategies looks at it."""
    if until is not None and until not in stages[:-1]:
        raise FtguiError(
            f"There is no stage “{until}” before the output layer.",
            f"Choose one of {', '.join(stages[:-1])}.",
        )
