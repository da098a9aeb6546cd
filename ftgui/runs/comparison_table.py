"""``comparison.csv``: a row a run, for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io

from ftgui.runs.results import ComparisonResult, RunResult

COLUMNS = (
    "name",
    "strategy",
    "seed",
    "lr",
    "state",
    "accuracy",
    "low",
    "high",
    "pictures",
    "last_val_accuracy",
    "last_val_loss",
    "best_val_accuracy",
    "best_epoch",
    "train_accuracy",
    "epochs",
    "trainable_parameters",
    "parameters",
    "moved_tensors",
    "frozen_tensors",
    "frozen_changed",
    "peak_memory_mb",
    "total_seconds",
    "epoch_seconds",
)
"""Those that end in ``_seconds`` differ each time, and memory may; the others follow from the plan."""

_FIELD = {"total_seconds": "seconds", "epoch_seconds": "seconds_per_epoch"}


def comparison_csv(result: ComparisonResult) -> str:
    """Return the table of all runs, numbers in full, nothing for what is not known."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, "measure"))
    for run in result.runs:
        writer.writerow((*(_cell(run, column) for column in COLUMNS), result.measure))
    return text.getvalue()


def _cell(run: RunResult, column: str) -> str:
    value = getattr(run, _FIELD.get(column, column))
    return "" if value is None else value if isinstance(value, str) else repr(value)
