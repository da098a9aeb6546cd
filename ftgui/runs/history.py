"""Events folded into what is shown of a run: the same for a live one and for one read from disk."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Literal

import msgspec

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.runs.store import CONFIG, EVENTS
from ftgui.training.events import (
    BatchEnded,
    BatchesDrawn,
    CheckpointSaved,
    EpochEnded,
    PhaseProgress,
    Reason,
    RunEnded,
    RunForecast,
    RunStarted,
    RunWarning,
    StageMoved,
    TrainingEvent,
)

Side = Literal["train", "val"]
Measure = Literal["loss", "accuracy"]
Part = Literal["weights", "statistics"]


class RunState(StrEnum):
    """Where a run stands, in words a table can show."""

    PREPARING = "preparing"
    TRAINING = "training"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """Read from disk without an end: the program was closed or killed under it."""


@dataclass(frozen=True)
class Outline:
    """What is known of the epochs of a run that was read in brief."""

    epochs: int = 0
    accuracy: float | None = None
    """Validation accuracy of the best epoch."""
    loss: float | None = None
    """Its validation loss."""
    seconds: float | None = None
    """Since the start of the job, at the end of the last epoch."""
    spent: float = 0.0
    """Seconds of all epochs together."""


@dataclass
class RunHistory:
    """Everything shown of a run.

    One that was read in brief (``runs.brief``) has no ``epochs``, ``moved``, ``kept`` or ``warnings`` until
    ``complete`` fills them in: its ``outline`` says of the epochs what a table needs.
    """

    name: str
    folder: Path
    state: RunState = RunState.PREPARING
    forecast: RunForecast | None = None
    """What the run was going to take, told before it began; None where a part was never timed here."""
    started: RunStarted | None = None
    ended: RunEnded | None = None
    progress: PhaseProgress | None = None
    """The last work outside the batches, while it goes on."""
    batch: BatchEnded | None = None
    epochs: list[EpochEnded] = field(default_factory=list)
    moved: list[StageMoved] = field(default_factory=list)
    kept: CheckpointSaved | None = None
    """What ``best.pth`` holds. Written before its epoch's end is told, so it may be one epoch ahead."""
    warnings: list[RunWarning] = field(default_factory=list)
    spent: float = 0.0
    """Seconds of ``epochs`` together, training and validation."""
    outline: Outline | None = None

    @property
    def is_brief(self) -> bool:
        """Whether only what a table says was read."""
        return self.outline is not None

    def complete(self, whole: RunHistory) -> None:
        """Take what ``open_run`` read of the same run; its name here stays."""
        for each in fields(self):
            if each.name not in ("name", "folder"):
                setattr(self, each.name, getattr(whole, each.name))

    def apply(self, event: TrainingEvent) -> None:
        """Fold one event in."""
        match event:
            case RunForecast():
                self.forecast = event
            case RunStarted():
                self._start(event)
            case PhaseProgress():
                self.progress = event if event.done < event.total else None
            case BatchEnded():
                self.batch, self.progress = event, None
            case EpochEnded():
                self.epochs.append(event)
                self.spent += event.train_seconds + event.val_seconds
            case StageMoved():
                self.moved.append(event)
            case CheckpointSaved():
                self.kept = event
            case RunWarning():
                self.warnings.append(event)
            case RunEnded():
                self.ended, self.state = event, _STATE_OF[event.reason]

    def go_on(self) -> None:
        """Stand as a run that is about to be resumed."""
        self.state, self.ended, self.batch = RunState.PREPARING, None, None

    def _start(self, event: RunStarted) -> None:
        """Begin, or go on: what a resumed run had told of epochs that it does anew is forgotten."""
        self.started, self.state, self.ended, self.batch = event, RunState.TRAINING, None, None
        self.epochs = [epoch for epoch in self.epochs if epoch.epoch <= event.resumed_after]
        self.moved = [moved for moved in self.moved if moved.epoch <= event.resumed_after]
        self.spent = sum(epoch.train_seconds + epoch.val_seconds for epoch in self.epochs)

    def movement(self, part: Part) -> dict[str, list[float | None]]:
        """Return how far each stage had moved by the end of each epoch, relative to where it started.

        A list a stage, from the input to the head, an item an epoch. None: nothing there to move.
        """
        return {name: [getattr(moved, part) for moved in told] for name, told in self.told.items()}

    @property
    def told(self) -> dict[str, list[StageMoved]]:
        """What was measured of each stage, from the input to the head, an item an epoch."""
        told: dict[str, list[StageMoved]] = (
            {stage.name: [] for stage in self.started.stages} if self.started else {}
        )
        for moved in self.moved:
            if moved.stage in told:
                told[moved.stage].append(moved)
        return told

    @property
    def best(self) -> EpochEnded | None:
        """The best epoch so far; ``kept`` says which one ``best.pth`` holds."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.is_best), None)

    @property
    def reached(self) -> tuple[float, float | None] | None:
        """The validation accuracy and loss of the best epoch; of a run that is over, of what it kept.

        ``best.pth`` may be an epoch ahead of what a run that was cut off could still tell.
        """
        if self.outline is not None:
            return None if self.outline.accuracy is None else (self.outline.accuracy, self.outline.loss)
        best, kept = self.best, self.kept
        is_live = self.state in (RunState.PREPARING, RunState.TRAINING)
        if kept is not None and not is_live and (best is None or kept.epoch > best.epoch):
            return kept.val_accuracy, kept.val_loss
        return None if best is None else (best.val_accuracy, best.val_loss)

    @property
    def epoch_seconds(self) -> float | None:
        """The mean seconds of an epoch, training and validation; None before the first one ended."""
        if self.ended is not None and self.ended.epochs and self.ended.phase_seconds:
            phases = self.ended.phase_seconds
            return (phases.get("training", 0.0) + phases.get("validation", 0.0)) / self.ended.epochs
        count, spent = len(self.epochs), self.spent
        if self.outline is not None:
            count, spent = self.outline.epochs, self.outline.spent
        return spent / count if count else None

    @property
    def told_seconds(self) -> float | None:
        """How long the run took, or has taken up to the end of its last epoch; None before that."""
        if self.ended is not None:
            return self.ended.seconds
        if self.outline is not None:
            return self.outline.seconds
        return self.epochs[-1].total_seconds if self.epochs else None

    @property
    def fraction(self) -> float:
        """How much of the training is done, 0 to 1; an epoch is done once it is validated."""
        if self.started is None:
            return 0.0
        if self.state is RunState.DONE:
            return 1.0
        done = float(len(self.epochs))
        if self.batch is not None:
            part = self.batch.batch / self.batch.batches
            done = max(done, self.batch.epoch - 1 + part * (1 - self._validation_share))
        return min(1.0, done / self.started.config.epochs)

    @property
    def _validation_share(self) -> float:
        """How much of an epoch's time validation takes, by the epochs there were."""
        validating = sum(epoch.val_seconds for epoch in self.epochs)
        both = validating + sum(epoch.train_seconds for epoch in self.epochs)
        return validating / both if both else _LIKELY_VALIDATION_SHARE

    def series(self, side: Side, measure: Measure) -> tuple[list[float], list[float]]:
        """Return x in epochs and y of a curve, without points that are not finite.

        A training curve ends, from the middle of an epoch that goes on, in its running mean at the part of
        it that is done: the mean over its first few batches would be a spike.
        """
        points = [(float(e.epoch), getattr(e, f"{side}_{measure}")) for e in self.epochs]
        batch = self.batch if side == "train" and self.state is RunState.TRAINING else None
        if batch is not None and batch.epoch > len(self.epochs) and batch.batch * 2 >= batch.batches:
            points.append((batch.epoch - 1 + batch.batch / batch.batches, getattr(batch, measure)))
        kept = [(x, y) for x, y in points if y is not None]
        return [x for x, _ in kept], [y for _, y in kept]


_LIKELY_VALIDATION_SHARE = 0.25

_STATE_OF = {
    Reason.COMPLETED: RunState.DONE,
    Reason.EARLY_STOPPED: RunState.DONE,
    Reason.STOPPED: RunState.STOPPED,
    Reason.NAN_LOSS: RunState.FAILED,
    Reason.FAILED: RunState.FAILED,
    Reason.PROOF_FAILED: RunState.FAILED,
}


def no_run_folder(folder: Path, error: OSError) -> FtguiError:
    """Say that a folder is none that a run wrote."""
    return FtguiError(
        f"“{folder}” is not a run folder.", "Choose a folder that a training run wrote.", str(error)
    )


def refuse_newer_run(config: Path) -> None:
    """Raise FtguiError for a newer ftgui's run. A config that is damaged does not keep a run from opening."""
    if config.is_file():
        with suppress(msgspec.MsgspecError):
            records.refuse_newer(msgspec.json.decode(config.read_bytes()), str(config.parent))


_DRAWN = b'{"event":"batches_drawn"'
"""How lines begin that are long and that nobody is shown."""


def read_batches(folder: Path) -> dict[int, BatchesDrawn]:
    """Return which pictures the first batches of a run showed, by their epochs; none of an older ftgui."""
    try:
        lines = (folder / EVENTS).read_bytes().splitlines()
    except OSError as error:
        raise FtguiError(f"“{folder}” is not a run folder.", details=str(error)) from error
    told: dict[int, BatchesDrawn] = {}
    for line in lines:
        if line.startswith(_DRAWN):
            with suppress(msgspec.MsgspecError):  # a last line that a power cut left half written
                drawn = msgspec.json.decode(line, type=BatchesDrawn)
                told[drawn.epoch] = drawn
    return told


def open_run(folder: Path) -> RunHistory:
    """Read a run folder back, a finished one or one that was cut off.

    A last line that a power cut left half written is left out.

    Raises:
        FtguiError: it is no run folder, a line of its events is damaged, or a newer ftgui wrote it.
    """
    try:
        lines = (folder / EVENTS).read_bytes().splitlines()
    except OSError as error:
        raise no_run_folder(folder, error) from error
    refuse_newer_run(folder / CONFIG)
    history, decoder = RunHistory(folder.name, folder), msgspec.json.Decoder(TrainingEvent)
    for number, line in enumerate(lines, start=1):
        if line.startswith(_DRAWN):
            continue
        try:
            history.apply(decoder.decode(line))
        except msgspec.MsgspecError as error:
            if number < len(lines):
                raise FtguiError(
                    f"Line {number} of “{folder / EVENTS}” cannot be read.", details=str(error)
                ) from error
    if history.ended is None:
        history.state = RunState.INTERRUPTED
    return history


def obstacle_to_resuming(history: RunHistory) -> str:
    """Return why a run cannot go on, as the end of a sentence; empty where it can."""
    if history.state in (RunState.PREPARING, RunState.TRAINING):
        return "it still goes on"
    if history.started is None:
        return "it was stopped before its first batch"
    reason = history.ended.reason if history.ended else None
    if reason in (Reason.STOPPED, Reason.FAILED, None):
        return ""
    return {
        Reason.NAN_LOSS: "its loss was no longer a finite number",
        Reason.PROOF_FAILED: "what had to stay frozen was changed",
    }.get(reason, "it is complete")
