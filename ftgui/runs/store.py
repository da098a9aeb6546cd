"""A run folder, written as it happens and never half a file."""

from __future__ import annotations

import csv
import io
import math
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from ftgui.core import files, locks, records
from ftgui.core.errors import FtguiError
from ftgui.core.records import Record
from ftgui.data.dataset import Picture, Split
from ftgui.runs.predictions import predictions_csv
from ftgui.training.events import (
    BatchEnded,
    BatchesDrawn,
    EpochEnded,
    PhaseProgress,
    RunEnded,
    RunStarted,
    RunWarning,
    StageMoved,
    TrainingEvent,
)

CONFIG, SPLIT, SUMMARY = "config.json", "split.json", "summary.json"
METRICS, EVENTS, LOG = "metrics.csv", "events.jsonl", "log.txt"
PREDICTIONS, LAST_PREDICTIONS = "predictions.csv", "last_predictions.csv"
LOCK = ".lock"

METRICS_EVERY = 1.0
"""Seconds: the table is written whole each time, and epochs may take milliseconds."""

METRIC_COLUMNS = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "val_loss",
    "val_accuracy",
    "lr",
    "frozen_tensors",
    "is_best",
    "complete",
    "train_seconds",
    "val_seconds",
    "total_seconds",
)


class SplitFile(Record, frozen=True, kw_only=True):
    """``split.json``: which pictures were learned from and which judged on."""

    root: str
    class_names: tuple[str, ...]
    train: tuple[Picture, ...]
    val: tuple[Picture, ...]


class Summary(Record, frozen=True, kw_only=True):
    """``summary.json``: how a run started and ended, and on what."""

    started: RunStarted
    ended: RunEnded
    versions: dict[str, str]
    window_longest_pause_seconds: float | None = None
    """The longest the window's event loop stood still during the run. None: no window."""


class RunStore:
    """Writes one run folder from the run's events: a new one, or one that ``resumes`` after some epochs.

    A resumed run that ends before it begins anew is summed up by how it had ``started``.

    Holds the folder's lock while it is open, since two programs that write one run would spoil it.

    Raises:
        FtguiError: the folder holds something already (or, with ``resumes``, no run), is written by another
            program, or cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        versions: dict[str, str],
        *,
        resumes: Sequence[EpochEnded] | None = None,
        started: RunStarted | None = None,
    ) -> None:
        self.folder = folder if resumes is not None else files.new_folder(folder, "the run")
        self._versions = versions
        self._started = started
        self._epochs = list(resumes or ())
        self._metrics_written = -math.inf
        busy = FtguiError(
            f"Another program is writing the run “{folder}”.", "Wait until it is done, or stop it there."
        )
        try:
            self._lock = locks.HeldLock(folder / LOCK, busy)
            try:
                if resumes is not None:
                    _drop_half_line(folder / EVENTS)
                self._events = self._open(EVENTS)
                self._log = self._open(LOG)
            except BaseException:
                self._lock.give_back()
                raise
        except OSError as error:
            raise files.cannot_write(folder, "the run", error) from error

    def record(self, event: TrainingEvent) -> None:
        """Write what ``event`` says to the files it belongs in.

        Batches and progress are not kept: they are many, and the epochs say the same.
        """
        if isinstance(event, BatchEnded | PhaseProgress):
            return
        self._line(self._events, records.to_json_line(event))
        if isinstance(event, BatchesDrawn):
            return
        self._line(self._log, in_words(event))
        match event:
            case RunStarted():
                self._started = event
                self._epochs = [epoch for epoch in self._epochs if epoch.epoch <= event.resumed_after]
                records.write_json(self.folder / CONFIG, event.config)
            case EpochEnded():
                self._epochs.append(event)
                os.fsync(self._events.fileno())  # on the disk before the checkpoint that counts on it
                if time.monotonic() - self._metrics_written >= METRICS_EVERY:
                    self._write_metrics()
            case RunEnded() if self._started is not None:
                self._write_metrics()
                summary = Summary(started=self._started, ended=event, versions=self._versions)
                records.write_json(self.folder / SUMMARY, summary)
            case _:
                pass

    def write_split(self, root: str, class_names: Sequence[str], split: Split) -> None:
        """Write the files of both sides of the split."""
        record = SplitFile(root=root, class_names=tuple(class_names), train=split.train, val=split.val)
        records.write_json(self.folder / SPLIT, record)

    def write_predictions(
        self,
        pictures: Sequence[Picture],
        class_names: Sequence[str],
        probabilities: Sequence[Sequence[float]],
        name: str = PREDICTIONS,
    ) -> None:
        """Write what the best epoch, or another, says of each validation picture, (pictures, classes)."""
        files.write_text(self.folder / name, predictions_csv(pictures, class_names, probabilities))

    def note(self, words: str) -> None:
        """Add lines for a maintainer to ``log.txt``."""
        self._line(self._log, words.rstrip())

    def close(self) -> None:
        for stream in (self._events, self._log):
            with suppress(OSError):  # what could not be written was said when it was written
                stream.close()
        self._lock.give_back()

    def _write_metrics(self) -> None:
        """Write all epochs again. A spreadsheet that holds the file open on Windows must not end the run."""
        self._metrics_written = time.monotonic()
        try:
            files.write_text(self.folder / METRICS, metrics_csv(self._epochs))
        except PermissionError as error:
            self.note(f"{METRICS} could not be written: {error}")

    def _open(self, name: str) -> IO[str]:
        return (self.folder / name).open("a", encoding="utf-8", newline="\n")

    def _line(self, stream: IO[str], line: str) -> None:
        stream.write(line + "\n")
        stream.flush()


def _drop_half_line(path: Path) -> None:
    """Cut off a last line that was never finished: what is added next must not join it."""
    with path.open("r+b") as stream:
        content = stream.read()
        stream.truncate(content.rfind(b"\n") + 1)


def metrics_csv(epochs: Sequence[EpochEnded]) -> str:
    """Return ``metrics.csv``: a row an epoch, numbers in full, nothing for a number that is not finite."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(METRIC_COLUMNS)
    for epoch in epochs:
        row = msgspec.structs.asdict(epoch)
        writer.writerow(["" if row[c] is None else repr(row[c]) for c in METRIC_COLUMNS])
    return text.getvalue()


def in_words(event: TrainingEvent) -> str:
    """Return an event as one line for ``log.txt``."""
    match event:
        case RunStarted():
            return (
                f"{event.architecture}, {event.config.strategy}: {event.train_pictures} training and "
                f"{event.val_pictures} validation pictures, {len(event.class_names)} classes, "
                f"on {event.device} ({event.device_why}), {event.arithmetic}, {event.threads} threads"
                f"{f'; resumed after epoch {event.resumed_after}' if event.resumed_after else ''}"
            )
        case EpochEnded():
            return (
                f"epoch {event.epoch}: loss {figure(event.train_loss)}, "
                f"accuracy {event.train_accuracy:.3f}; "
                f"validation loss {figure(event.val_loss)}, accuracy {event.val_accuracy:.3f}"
                f"{' (best so far)' if event.is_best else ''}"
            )
        case StageMoved():
            statistics = "" if event.statistics is None else f", norm statistics by {event.statistics:.2e}"
            return (
                f"  {event.stage}: {event.changed} of {event.entries} entries moved, "
                f"weights by {event.weights or 0:.2e}{statistics}"
            )
        case RunWarning():
            return f"{event.message} {event.hint}".rstrip()
        case RunEnded():
            return f"{event.message} {event.hint}".rstrip()
        case _:
            return records.to_json_line(event)


def figure(number: float | None) -> str:
    """Return a loss as people read it."""
    return "not finite" if number is None else f"{number:.4f}"


def read_split(folder: Path) -> SplitFile:
    """Read which pictures a run learns from and is judged on.

    Raises:
        FtguiError: it is no run folder, or the run did not get that far.
    """
    return records.read_json(folder / SPLIT, SplitFile)


def read_summary(folder: Path) -> Summary:
    """Read how a run ended.

    Raises:
        FtguiError: it is no run folder, or the run never ended.
    """
    if not (folder / SUMMARY).is_file():
        raise FtguiError(f"“{folder}” holds no finished run.", "Choose a folder that a training run wrote.")
    return records.read_json(folder / SUMMARY, Summary)


def add_window_pause(folder: Path, seconds: float) -> None:
    """Add to a summary how long the window stood still at most, which only the window knows."""
    summary = read_summary(folder)
    records.write_json(
        folder / SUMMARY, msgspec.structs.replace(summary, window_longest_pause_seconds=seconds)
    )
