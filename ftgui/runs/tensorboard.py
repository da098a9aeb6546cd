"""A run's figures as TensorBoard's event files, where the extra is installed.

tensorboard's own writers, and torch's, reach for TensorFlow where that is there too: it takes seconds to load
and prints. So its records are put into files here. What brings it is imported when there is something to
write: after ten seconds, or when a shorter run is over.
"""

from __future__ import annotations

import importlib.util
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from ftgui.core.errors import first_line
from ftgui.runs.history import open_run
from ftgui.training.config import TrainConfig
from ftgui.training.events import EpochEnded, RunStarted, StageMoved, TrainingEvent

TENSORBOARD = "tensorboard"
"""The folder in a run's, and what has to be installed."""
WRITE_EVERY = 10.0
"""Seconds: loading tensorboard's records takes a tenth of one."""
FILE_VERSION = "brain.Event:2"

Kept = RunStarted | EpochEnded | StageMoved


def is_installed() -> bool:
    """Whether there is a tensorboard, without loading it."""
    return importlib.util.find_spec(TENSORBOARD) is not None


class EventFiles:
    """Writes ``tensorboard/`` of a run folder, a file each time the run goes on; nothing without the extra.

    It never ends a run: what cannot be written is told to ``note``, once, and nothing more is tried. The
    steps are epochs. A run that goes on tells its earlier epochs again, as those told last may be lost, and
    those that it does anew hold no more.
    """

    def __init__(self, folder: Path, note: Callable[[str], None]) -> None:
        self._folder, self._note = folder, note
        self._is_on = is_installed()
        self._waiting: list[Kept] = []
        self._file: IO[bytes] | None = None
        self._written = time.monotonic()
        self._begun = time.time()
        """When the run's seconds began, in seconds since 1970."""
        self._moved: dict[str, float | None] = {}
        """How far stages have moved in an epoch that has not ended."""

    def record(self, event: TrainingEvent) -> None:
        """Take in what an event says, to be written by and by."""
        if not self._is_on or not isinstance(event, Kept):
            return
        self._waiting.append(event)
        if time.monotonic() - self._written >= WRITE_EVERY:
            self._write()

    def close(self) -> None:
        """Write what is left."""
        self._write()
        if self._file is not None:
            with suppress(OSError):  # a full disk; what could not be written was noted
                self._file.close()

    def _write(self) -> None:
        if not self._is_on or not self._waiting:
            return
        try:
            self._write_waiting()
        except Exception as error:  # noqa: BLE001  of another version, of a full disk: a run outlives it
            self._is_on = False
            with suppress(OSError):  # a full disk again
                self._note(f"TensorBoard's event files could not be written: {first_line(error)}")
        self._waiting.clear()
        self._written = time.monotonic()

    def _write_waiting(self) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        if self._file is None:
            self._file = self._open()
        writer = RecordWriter(self._file)
        for event in self._waiting:
            for record in self._records(event):
                writer.write(record.SerializeToString())
        self._file.flush()

    def _open(self) -> IO[bytes]:
        """Open a new file that TensorBoard reads after those before it: it goes by their names."""
        folder = self._folder / TENSORBOARD
        folder.mkdir(exist_ok=True)
        number = 1 + sum(1 for _ in folder.glob("*tfevents*"))
        return (folder / f"events.out.tfevents.{number:010}.ftgui").open("xb")

    def _records(self, event: Kept) -> Iterator[Any]:
        match event:
            case RunStarted():
                yield from self._beginning(event)
            case StageMoved():  # told before the end of its epoch
                self._moved |= movement_scalars(event)
            case EpochEnded():
                when = self._begun + event.total_seconds
                yield _scalars(when, event.epoch, epoch_scalars(event) | self._moved)
                self._moved.clear()

    def _beginning(self, started: RunStarted) -> Iterator[Any]:
        """Yield how a file begins; that a session starts takes back whatever was told before it."""
        from tensorboard.compat.proto import event_pb2 as proto

        yield proto.Event(wall_time=self._begun, file_version=FILE_VERSION)
        start = proto.SessionLog(status=proto.SessionLog.START)
        yield proto.Event(wall_time=self._begun, step=0, session_log=start)
        yield proto.Event(wall_time=self._begun, step=0, summary=_config_summary(started.config))
        if started.resumed_after:
            yield from self._earlier(started.resumed_after)

    def _earlier(self, last: int) -> Iterator[Any]:
        history = open_run(self._folder)
        epochs = {epoch.epoch: epoch for epoch in history.epochs if epoch.epoch <= last}
        if last in epochs:
            self._begun -= epochs[last].total_seconds
        moved: defaultdict[int, list[StageMoved]] = defaultdict(list)
        for each in history.moved:
            moved[each.epoch].append(each)
        for number, epoch in epochs.items():
            told: list[Kept] = [*moved[number], epoch]
            for event in told:
                yield from self._records(event)


def _scalars(when: float, epoch: int, values: dict[str, float | None]) -> Any:
    """Return the record of an epoch that ended ``when``, in seconds since 1970."""
    from tensorboard.compat.proto import event_pb2, summary_pb2

    known = [
        summary_pb2.Summary.Value(tag=tag, simple_value=value)
        for tag, value in values.items()
        if value is not None
    ]
    return event_pb2.Event(wall_time=when, step=epoch, summary=summary_pb2.Summary(value=known))


def epoch_scalars(epoch: EpochEnded) -> dict[str, float | None]:
    """Return what is told of an epoch, by TensorBoard's tags; None is left out."""
    return {
        "loss/train": epoch.train_loss,
        "loss/val": epoch.val_loss,
        "accuracy/train": epoch.train_accuracy,
        "accuracy/val": epoch.val_accuracy,
        "learning_rate/head": epoch.lr,
    }


def movement_scalars(moved: StageMoved) -> dict[str, float | None]:
    """Return how far a stage has moved, by TensorBoard's tags; 0 exactly where it is frozen."""
    return {
        f"moved_weights/{moved.stage}": moved.weights,
        f"moved_statistics/{moved.stage}": moved.statistics,
    }


def _config_summary(config: TrainConfig) -> Any:
    """Return the config as a text, which TensorBoard takes for Markdown: indented, it stays as it is."""
    from tensorboard.compat.proto import summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2

    lines = msgspec.json.format(msgspec.json.encode(config), indent=2).decode().splitlines()
    text = "\n".join(f"    {line}" for line in lines)
    plugin = summary_pb2.SummaryMetadata.PluginData(plugin_name="text")
    tensor = tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING,
        string_val=[text.encode()],
        tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)]),
    )
    value = summary_pb2.Summary.Value(
        tag="config", tensor=tensor, metadata=summary_pb2.SummaryMetadata(plugin_data=plugin)
    )
    return summary_pb2.Summary(value=[value])
