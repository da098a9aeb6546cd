"""A comparison as one page that needs nothing else: ``report.html``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ftgui.core import files
from ftgui.core.paths import RESOURCES
from ftgui.runs import report_drawn, report_rows
from ftgui.runs import report_words as words
from ftgui.runs.command import LEFT_OUT, compare_command, left_out_lines, left_out_note, train_command
from ftgui.runs.comparison import REPORT, ComparisonFile
from ftgui.runs.history import RunHistory, RunState
from ftgui.runs.reading import RunsRead, histories_of
from ftgui.runs.report_cost import cost_figure
from ftgui.runs.report_drawn import Drawn
from ftgui.runs.report_maps import movement_figure
from ftgui.runs.report_plots import curve_figure
from ftgui.runs.results import ComparisonResult

TEMPLATES = RESOURCES / "report"
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""What a page may not hold; file names may."""
NOTHING = ComparisonResult(measure="last epoch", measure_words="", runs=())


def write_report(folder: Path, comparison: ComparisonFile, read: RunsRead | None = None) -> Path:
    """Write ``report.html`` into a comparison's folder from it and its run folders; return its path.

    Beside it lies the list of the pictures that were left out, if any: the commands on the page read it.
    ``read`` knows what was read of the runs before.

    Raises:
        OSError: it cannot be written.
    """
    target = folder / REPORT
    if comparison.plan.config.exclude:
        files.write_text(folder / LEFT_OUT, left_out_lines(comparison.plan.config))
    files.write_text(target, report_page(folder, comparison, read))
    return target


def report_page(folder: Path, comparison: ComparisonFile, read: RunsRead | None = None) -> str:
    """Return the page. Runs that are not there yet, or that cannot be read, are told of without curves."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["named"] = _named
    page = environment.get_template("report.html.j2").render(
        _told(folder, comparison, read or RunsRead(folder))
    )
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", page)


def _named(words: str) -> Markup:
    """Return a sentence whose `names` are set as code; all else in it is escaped."""
    parts = (escape(part) for part in words.split("`"))
    return Markup().join(
        Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in enumerate(parts)
    )


def _told(folder: Path, comparison: ComparisonFile, read: RunsRead) -> dict[str, Any]:
    """Return everything that the template names."""
    plan, result = comparison.plan, comparison.result or NOTHING
    histories = histories_of(read, comparison)
    drawn = report_drawn.drawn_strategies(plan, result, histories)
    return {
        "style": Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        "title": result.dataset or Path(plan.config.dataset).name or plan.config.dataset,
        "facts": _facts(result, report_rows.when_words(folder, comparison, histories)),
        "result": result,
        "progress": _progress(comparison),
        "strategy_columns": report_rows.STRATEGY_COLUMNS,
        "strategies": report_rows.strategy_rows(plan, result, drawn),
        "pair_columns": report_rows.PAIR_COLUMNS,
        "pairs": report_rows.pair_rows(plan, result.pairs),
        "run_columns": report_rows.RUN_COLUMNS,
        "runs": report_rows.run_rows(plan, result.runs),
        "settings": report_rows.setting_rows(comparison),
        "versions": comparison.versions,
        "many_seeds": any(len(strategy.runs) > 1 for strategy in drawn),
        "unseen": any(not strategy.is_cost_known for strategy in result.strategies),
        **_figures(comparison, result, drawn, [*histories.values()]),
        **_commands(folder, comparison),
    }


def _facts(result: ComparisonResult, when: str) -> list[str]:
    """Return what stands below the title."""
    learned = f"{result.train_pictures:,} pictures to learn from" if result.train_pictures else ""
    judged = f"{result.pictures:,} to judge on" if result.pictures else ""
    classes = words.counted(len(result.class_names), "class", "classes") if result.class_names else ""
    pictures = ", ".join(filter(None, (learned, judged)))
    said = (result.architecture, pictures, classes, result.device, result.arithmetic, when)
    return [fact for fact in said if fact]


def _progress(comparison: ComparisonFile) -> str:
    """Return what is not done, as a sentence; empty where all is."""
    states = [run.state for run in comparison.result.runs] if comparison.result else []
    whole = len(comparison.plan.entries())
    others = [state for state in dict.fromkeys(states) if state != RunState.DONE]
    if whole and states.count(RunState.DONE) == whole:
        return ""
    counts = words.listed([f"{states.count(state)} {state}" for state in others])
    done = states.count(RunState.DONE)
    begin = f"{done} of {words.counted(whole, 'run')} {'is' if done == 1 else 'are'} done"
    return f"{begin}{f', {counts}' if counts else ''}. This page shows what is known so far."


def _figures(
    comparison: ComparisonFile,
    result: ComparisonResult,
    drawn: Sequence[Drawn],
    everyone: Sequence[RunHistory],
) -> dict[str, Any]:
    points = report_drawn.cost_points(comparison.plan, result.strategies)
    measured = "accuracy on test pictures" if result.measure == "test" else "accuracy, last epoch"
    return {
        "cost": cost_figure(points, measured) if len(points) > 1 else "",
        **_curves(drawn, [run for run in everyone if run.state is RunState.DONE]),
        "maps": _maps(drawn),
    }


def _curves(drawn: Sequence[Drawn], done: Sequence[RunHistory]) -> dict[str, Any]:
    """Return the three figures of curves; nothing where no epoch has ended."""
    if not drawn:
        return {"accuracy": "", "loss": "", "seconds": ""}
    val = report_drawn.over_epochs(drawn, "val", "accuracy")
    losses = [
        *report_drawn.over_epochs(drawn, "train", "loss"),
        *report_drawn.over_epochs(drawn, "val", "loss"),
    ]
    return {
        "accuracy": curve_figure(
            "accuracy", val, ("Validation accuracy over epochs", "epoch", "validation accuracy")
        ),
        "loss": curve_figure("loss", losses, ("Loss over epochs", "epoch", "loss"), kind="loss"),
        "seconds": curve_figure(
            "seconds",
            report_drawn.over_seconds(drawn, done),
            ("Validation accuracy over time", "time", "validation accuracy"),
            over="seconds",
            size=(1040, 330),
        ),
    }


def _maps(drawn: Sequence[Drawn]) -> list[dict[str, Any]]:
    """Return a map of movement a strategy, of the first of its runs."""
    rows = [(strategy, report_drawn.map_rows(strategy.runs[0])) for strategy in drawn]
    return [
        {
            "slot": strategy.slot,
            "name": strategy.name,
            "run": strategy.runs[0].name,
            "figure": movement_figure(f"map-{strategy.slot}", strategy.name, told),
        }
        for strategy, told in rows
        if told
    ]


def _commands(folder: Path, comparison: ComparisonFile) -> dict[str, Any]:
    """Return the commands that repeat it all, and its runs one by one."""
    plan = comparison.plan
    again = f"{folder.name or 'comparison'}-again"
    singles = [
        (entry.name, train_command(plan.config_of(entry), f"{entry.name}-again")) for entry in plan.entries()
    ]
    return {
        "command": compare_command(plan, again),
        "single_commands": singles,
        "left_out_note": left_out_note(plan.config),
    }
