"""A run folder read in brief: what a table says of it, without a line for each of its epochs.

A thousand runs hold hundreds of thousands of events. The table needs of each what ``summary.json`` says, or
``metrics.csv`` of one that was cut off; ``open_run`` reads the rest of those that somebody looks at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from ftgui.core import records
from ftgui.runs.history import (
    Outline,
    RunHistory,
    RunState,
    no_run_folder,
    open_run,
    refuse_newer_run,
)
from ftgui.runs.store import CONFIG, EVENTS, METRICS, SUMMARY, Summary
from ftgui.training.events import RunStarted

READ_AT_ONCE = 32_000
"""Bytes of events that are read whole where there is no summary: as quick as to look for what is needed."""
HEAD_LINES = 100
"""Lines of events among which the run's beginning stands: nothing but warnings comes before it."""
TAIL_BYTES = 16_000
"""Of the events, in which the end of a run stands that has ended."""

_SUMMARY = msgspec.json.Decoder(Summary)
_STARTED, _ENDED = b'{"event":"run_started"', b'{"event":"run_ended"'


def read_brief(folder: Path) -> RunHistory:
    """Read of a run what a table says of it. The history is whole where that was as easy, else in brief.

    Raises:
        FtguiError: it is no run folder, or a newer ftgui wrote it.
    """
    events = folder / EVENTS
    try:
        told = events.stat()
        summary = _read_summary(folder / SUMMARY)
        if summary is not None and _says_the_end(folder, told):
            return _ended(folder, summary)
        if told.st_size <= READ_AT_ONCE:
            return open_run(folder)
        started = summary.started if summary is not None else _read_started(events)
    except OSError as error:
        raise no_run_folder(folder, error) from error
    refuse_newer_run(folder / CONFIG)
    return RunHistory(
        folder.name, folder, state=RunState.INTERRUPTED, started=started, outline=read_outline(folder)
    )


def _ended(folder: Path, summary: Summary) -> RunHistory:
    ended = summary.ended
    outline = Outline(epochs=ended.epochs, accuracy=ended.best_val_accuracy, loss=ended.best_val_loss)
    if ended.best_val_accuracy is None or not ended.phase_seconds:
        outline = read_outline(folder)  # of a time when the summary did not say it
    history = RunHistory(folder.name, folder, started=summary.started, outline=outline)
    history.apply(ended)
    return history


def read_outline(folder: Path) -> Outline:
    """Return what ``metrics.csv`` says of a run's epochs; nothing where it is not there or is damaged."""
    try:
        lines = (folder / METRICS).read_text("utf-8").splitlines()
        columns, rows = lines[0].split(","), [line.split(",") for line in lines[1:]]
        if not rows:
            return Outline()
        at = {name: number for number, name in enumerate(columns)}
        train, val, best = at["train_seconds"], at["val_seconds"], at["is_best"]
        kept = next((row for row in reversed(rows) if row[best] == "True"), None)
        return Outline(
            epochs=len(rows),
            accuracy=float(kept[at["val_accuracy"]]) if kept else None,
            loss=float(kept[at["val_loss"]]) if kept and kept[at["val_loss"]] else None,
            seconds=float(rows[-1][at["total_seconds"]]),
            spent=sum(float(row[train]) + float(row[val]) for row in rows),
        )
    except (OSError, UnicodeDecodeError, IndexError, KeyError, ValueError):
        return Outline()  # all of it stands in the events, too, which are read when somebody looks at the run


def _read_summary(path: Path) -> Summary | None:
    """Return how a run ended; None where it has not."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    with suppress(msgspec.MsgspecError):  # the slow way says what is wrong with it
        summary = _SUMMARY.decode(content)
        if summary.format_version <= records.FORMAT_VERSION:
            return summary
    return records.from_json(content, Summary, str(path))


def _says_the_end(folder: Path, events: os.stat_result) -> bool:
    """Return whether the summary still holds: a run that was gone on with may have been killed since."""
    if events.st_mtime <= (folder / SUMMARY).stat().st_mtime:
        return True
    with (folder / EVENTS).open("rb") as stream:  # or the folder was copied, its newest file first
        stream.seek(max(0, events.st_size - TAIL_BYTES))
        lines = stream.read().splitlines()
    return bool(lines) and lines[-1].startswith(_ENDED)


def _read_started(path: Path) -> RunStarted | None:
    with path.open("rb") as stream:
        for line in _first_lines(stream):
            if line.startswith(_STARTED):
                with suppress(msgspec.MsgspecError):  # said when the run is looked at
                    return msgspec.json.decode(line, type=RunStarted)
    return None


def _first_lines(stream: Iterator[bytes]) -> Iterator[bytes]:
    yield from (line for _, line in zip(range(HEAD_LINES), stream, strict=False))
