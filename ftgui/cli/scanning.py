"""``ftgui scan``: what a dataset holds and what is wrong in it, in words or as one JSON object."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.data.findings import KINDS, Finding
from ftgui.data.walk import printable

if TYPE_CHECKING:
    from ftgui.jobs.scan import ScanReport

MOST_SHOWN = 10
"""Findings of one kind that are written out; the JSON has them all."""


def scan_command(arguments: argparse.Namespace) -> int:
    """Say what a dataset holds; return 1 where it cannot be trained on."""
    from ftgui.jobs.scan import scan

    try:
        report = _watched(scan(arguments.data))
    except KeyboardInterrupt:
        raise FtguiError("The check was stopped; what it found out is known to the next.") from None
    except FtguiError as error:
        if arguments.json:
            print(records.to_json_line(_refused(arguments.data, error)))
        raise
    if arguments.json:
        print(records.to_json_line(report))
    else:
        _say(report)
    if not report.ready:
        print(f"ftgui: {report.reasons[0]}", file=sys.stderr)
        return 1
    return 0


def _watched(checking: Generator[tuple[int, int], None, ScanReport]) -> ScanReport:
    """Run a check to its end, telling a terminal how far it is."""

    report: ScanReport | None = None

    def work() -> Generator[tuple[int, int], None, None]:
        nonlocal report
        report = yield from checking

    with (
        closing(work()) as working,
        tqdm(desc="looking at pictures", leave=False, disable=None, unit="") as bar,
    ):
        for done, total in working:
            bar.total = total
            bar.update(done - bar.n)
    assert report is not None
    return report


def _refused(data: Path, error: FtguiError) -> dict[str, Any]:
    """Return the same keys for what is no dataset, with nothing in them but the reason."""
    return {
        "root": printable(str(data.absolute())),
        "layout": None,
        "has_val": False,
        "pictures": 0,
        "classes": [],
        "findings": [],
        "ready": False,
        "reasons": [error.message],
        "notes": [],
        "checked": False,
    }


def _say(report: ScanReport) -> None:
    widest = max(len(entry.name) for entry in report.classes)
    print(f"{report.pictures} pictures in {len(report.classes)} classes")
    for entry in report.classes:
        sides = f"{entry.train:6} train  {entry.val:6} val" if report.has_val else f"{entry.train:6}"
        print(f"  {entry.name:{widest}}  {sides}{f'  {entry.test:6} test' if entry.test else ''}")
    for note in report.notes:
        print(f"- {note}")
    _say_findings(report.findings)
    print("Ready to train on." if report.ready else "Not ready: " + " ".join(report.reasons))


def _say_findings(findings: tuple[Finding, ...]) -> None:
    """Say what was found, kind by kind; what was left out by name is said by the notes."""
    counts = Counter(finding.kind for finding in findings)
    for kind, facts in KINDS.items():
        if not counts[kind] or facts.weight == "note":
            continue
        print(f"{facts.title} ({counts[kind]:,}): {facts.meaning}")
        shown = [finding for finding in findings if finding.kind == kind][:MOST_SHOWN]
        for finding in shown:
            print(f"  {f'{finding.path}: ' if finding.path else ''}{finding.message}")
        if counts[kind] > len(shown):
            print(f"  and {counts[kind] - len(shown):,} more (--json lists them all)")
