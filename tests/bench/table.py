"""The race's tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tests.bench.figures import Figure
from tests.bench.summary import Row

RECKONED = "~"
"""Marks what was reckoned from a few epochs."""
HEADER = (
    "entrant",
    "seconds",
    "start + each epoch",
    "s to 90 % of its best",
    "val accuracy, last / best",
    "peak MB",
    "frozen entries changed",
    "times as fast as the tutorial",
)


def race_table(rows: Mapping[str, Row]) -> str:
    """Return the table of all entrants."""
    lines = [row_of(HEADER), row_of(["---", *["---:"] * (len(HEADER) - 1)])]
    lines += [row_of(cells(row, rows)) for row in rows.values()]
    return "\n".join([*lines, "", *footnotes(rows.values())])


def cells(row: Row, rows: Mapping[str, Row]) -> list[str]:
    if row.trouble:
        return [row.title, row.trouble, *[""] * (len(HEADER) - 2)]
    mark = RECKONED if row.is_reckoned else ""
    few = f" ({row.timed_epochs} epochs)" if row.is_reckoned else ""
    parted = f"{row.start_up:.2f} + {row.epochs} × {row.each_epoch:.2f}" if row.is_reckoned else ""
    return [
        row.title,
        mark + number(row.seconds),
        parted,
        "" if row.seconds_to_share is None else mark + number(row.seconds_to_share),
        "" if row.accuracy_last is None else f"{row.accuracy_last:.3f} / {row.accuracy_best:.3f}{few}",
        f"{row.peak_memory_mb:.0f}",
        "nothing frozen" if row.frozen is None else f"{row.frozen_changed} of {row.frozen}",
        ratio(row, rows),
    ]


def ratio(row: Row, rows: Mapping[str, Row]) -> str:
    """Return how many times as fast as its tutorial a row is."""
    other = rows.get(row.tutorial)
    if other is None or other.trouble:
        return ""
    mark = RECKONED if row.is_reckoned or other.is_reckoned else ""
    return f"{mark}{number(other.seconds / row.seconds)} ×"


def footnotes(rows: Iterable[Row]) -> Iterable[str]:
    counts = sorted({row.runs for row in rows if row.runs})
    yield f"Medians of {' to '.join(map(str, counts))} runs, entrants in turn, each in a process of its own."
    if any(row.is_reckoned for row in rows):
        yield (
            f"{RECKONED} not all epochs were run: the seconds are what does not depend on their number, plus "
            "the epochs times what each but the first took. Accuracies are those of the epochs that were run."
        )


def figures_table(figures: Sequence[Figure]) -> str:
    """Return the table of what is to be reached."""
    lines = [row_of(["figure", "reached", "wanted", ""]), row_of(["---", "---:", "---:", "---"])]
    for figure in figures:
        verdict = "yes" if figure.is_reached else "**no**"
        lines.append(row_of([figure.what, figure.shown(figure.reached), figure.wanted, verdict]))
    return "\n".join(lines)


def number(value: float) -> str:
    """Return three significant digits or so, never an exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def row_of(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
