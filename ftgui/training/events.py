"""What a run says while it happens: one closed union, read by the window, the command line and the disk.

Each is a small frozen record that encodes to one JSON object whose ``event`` is its name
(``RunEnded`` is ``"run_ended"``).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TypeAlias

import msgspec

from ftgui.core.preprocessing import Preprocessing
from ftgui.training.config import TrainConfig


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=_snake):
    """Base of all events."""


class Reason(StrEnum):
    """Why a run ended."""

    COMPLETED = "completed"
    EARLY_STOPPED = "early_stopped"
    STOPPED = "stopped"
    NAN_LOSS = "nan_loss"
    FAILED = "failed"
    PROOF_FAILED = "proof_failed"

    @property
    def is_failure(self) -> bool:
        return self in (Reason.FAILED, Reason.PROOF_FAILED, Reason.NAN_LOSS)


class StageInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of the network and what the plan lets it do."""

    name: str
    parameters: int
    cost_share: float
    """Share of a forward pass's multiplications, 0 to 1."""
    learns: bool
    """Whether its weights ever move."""
    lr_mult: float
    """Its learning rate as a multiple of the head's."""
    in_optimizer: bool = True
    """Whether it is in the optimizer: at lr 0 it pays the backward pass and stays."""
    from_epoch: int = 1
    """The first epoch in which it gets gradients."""

    @property
    def rate(self) -> str:
        """Its learning rate in words: "frozen", "× 0.1", "× 0.1 from epoch 5"."""
        if not self.in_optimizer:
            return "frozen"
        since = f" from epoch {self.from_epoch}" if self.from_epoch > 1 else ""
        return f"× {self.lr_mult:g}{since}"


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How fast a network is here in one arithmetic, measured on drawn numbers."""

    precision: str
    layout: str
    forward: float
    """Pictures a second through the frozen stages."""
    step: float
    """Pictures a second where everything learns: forward, backward, step."""

    @property
    def speed(self) -> float:
        """Of frozen stages and learning ones, which count the same (their geometric mean)."""
        return float((self.forward * self.step) ** 0.5)


class RunStarted(Event, frozen=True, kw_only=True):
    """Everything decided before the first batch."""

    run: str
    """The run folder."""
    config: TrainConfig
    """With every default filled in: what would repeat the run."""
    architecture: str
    class_names: tuple[str, ...]
    """Of every output, spare ones (``unused_1``, …) included."""
    preprocessing: Preprocessing
    weights_sha256: str
    head_sha256: str = ""
    """Of the new head's entries before the first step: equal in all runs of one seed. "" in older files."""
    stages: tuple[StageInfo, ...]
    device: str
    device_why: str
    precision: str
    layout: str = "contiguous"
    timings: tuple[Timing, ...] = ()
    """What the arithmetic was chosen by, on this computer; none where the config says it."""
    threads: int
    train_pictures: int
    val_pictures: int
    parameters: int
    trainable_parameters: int
    frozen_tensors: int
    """Parameters and buffers that the plan never lets move."""
    resumed_after: int = 0
    """The epochs that a resumed run had ended before; whatever was told of later ones holds no more."""

    @property
    def arithmetic(self) -> str:
        """How it computes, and what for: "bf16, channels last (1.6 × as fast as plain fp32 here)"."""
        words = self.precision + (", channels last" if self.layout == "channels_last" else "")
        speeds = {(timing.precision, timing.layout): timing.speed for timing in self.timings}
        mine, plain = speeds.get((self.precision, self.layout)), speeds.get(("fp32", "contiguous"))
        if not mine or not plain or (self.precision, self.layout) == ("fp32", "contiguous"):
            return words
        return f"{words} ({mine / plain:.1f} × as fast as plain fp32 here)"


class RunForecast(Event, frozen=True, kw_only=True):
    """What a run is going to take, told before it is done: composed from timed parts."""

    strategy: str
    seconds: float
    """In all, as ``RunEnded.seconds`` will say."""
    low: float
    """At least, likely."""
    high: float
    """At most, likely."""
    epoch_seconds: float
    """Of an epoch, validation included; the dearest one where the extractor joins later."""
    memory_mb: float | None = None
    """The highest memory of the process, as ``RunEnded.peak_memory_mb`` will say. None: nobody can say."""
    phase_seconds: dict[str, float] = {}
    """Where the seconds go."""
    decoded_pictures: int = 0
    """To be decoded: those that no run left on the disk."""
    prefix_forwards: int = 0
    """Views of pictures to go through frozen stages: those that no run left on the disk."""


class PhaseProgress(Event, frozen=True, kw_only=True):
    """Work outside the epochs: reading weights, decoding pictures, checking what stayed frozen."""

    phase: str
    done: int
    total: int


class BatchesDrawn(Event, frozen=True, kw_only=True):
    """Which pictures the first batches of a run show, epoch by epoch, up to ``DRAWN_TOLD`` batches in all.

    Runs of one seed on one split show the same, whatever their strategy: this is how anybody can see it.
    """

    epoch: int
    pictures: tuple[tuple[int, ...], ...]
    """A tuple a batch: numbers of pictures among those of ``split.json``'s ``train``, from 0."""
    views: tuple[tuple[int, ...], ...]
    """Which view of each."""


DRAWN_TOLD = 50


class BatchEnded(Event, frozen=True, kw_only=True):
    """One optimizer step. ``loss`` and ``accuracy`` are running means over the epoch so far."""

    epoch: int
    """From 1."""
    batch: int
    """From 1."""
    batches: int
    loss: float | None
    """None where it is not a finite number any more."""
    accuracy: float
    pictures_per_second: float
    seconds_left: float
    """Of the whole run, from the pace so far."""


class EpochEnded(Event, frozen=True, kw_only=True):
    """One pass over the training pictures and one over the validation pictures."""

    epoch: int
    train_loss: float | None
    """None where it is not a finite number, like ``val_loss``."""
    train_accuracy: float
    """Running mean over the epoch's batches, in train mode."""
    val_loss: float | None
    val_accuracy: float
    """A full pass after the epoch, in eval mode."""
    lr: float
    """The head's learning rate in this epoch."""
    frozen_tensors: int
    """Parameters and buffers that the plan has not let move up to this epoch."""
    is_best: bool
    complete: bool = True
    """False where the run was stopped inside this epoch: then fewer batches stand behind it."""
    train_seconds: float
    val_seconds: float
    total_seconds: float
    """Since the start of the job, pauses aside."""


class StageMoved(Event, frozen=True, kw_only=True):
    """How far a stage has moved by the end of an epoch from where it started; one a stage and epoch."""

    epoch: int
    stage: str
    weights: float | None
    """‖now - start‖ / ‖start‖ of its parameters; 0 exactly where no bit differs. None: not finite."""
    statistics: float | None
    """The same of its norms' running statistics; None where it has none, too."""
    changed: int
    """How many of its entries, parameters and buffers, differ in any bit."""
    entries: int


class CheckpointSaved(Event, frozen=True, kw_only=True):
    """``best.pth`` was written."""

    epoch: int
    path: str
    val_accuracy: float
    val_loss: float


class RunWarning(Event, frozen=True, kw_only=True):
    """Something the user should know that does not end the run."""

    message: str
    hint: str = ""


class PhaseSpeed(msgspec.Struct, frozen=True, kw_only=True):
    """How fast a phase went, and how fast this computer can do the same and nothing else."""

    phase: str
    pictures_per_second: float
    roof: float | None = None
    """Pictures a second; None: not measured."""

    @property
    def words(self) -> str:
        """Return "frozen pass 231 pictures/s, 94 % of this computer's best"."""
        share = f", {self.pictures_per_second / self.roof:.0%} of this computer's best" if self.roof else ""
        return f"{self.phase} {self.pictures_per_second:,.0f} pictures/s{share}"


class RunEnded(Event, frozen=True, kw_only=True):
    """The last event of every run, whatever ended it."""

    reason: Reason
    message: str
    """One sentence for people."""
    hint: str = ""
    best_epoch: int | None = None
    best_val_accuracy: float | None = None
    best_val_loss: float | None = None
    epochs: int = 0
    """Epochs that ended."""
    seconds: float = 0.0
    paused_seconds: float = 0.0
    phase_seconds: dict[str, float] = {}
    spared_seconds: float | None = None
    """What the frozen stages' features that were found kept took to compute, as fast as they were computed.

    None: nobody knows.
    """
    measuring_seconds: float = 0.0
    """Spent once on this computer, not counted in ``seconds``: finding out its fastest arithmetic."""
    loading_seconds: float = 0.0
    """Loading torch, before the run; not counted in ``seconds``."""
    counters: dict[str, int] = {}
    """``prefix_forwards``, ``decoded_pictures`` and ``cache_hits``: what had to be computed."""
    speed: tuple[PhaseSpeed, ...] = ()
    pictures_per_second: float | None = None
    """Training pictures a second over the trained epochs, validation aside."""
    peak_memory_mb: float | None = None
    """Of this process, the highest during the run; where Linux is not, since it began."""
    frozen_tensors: int = 0
    frozen_changed: int | None = None
    """How many of them differ, bit for bit, between the weights file and ``best.pth``.

    None: they could not be compared, since no weights were kept or the weights file is gone.
    """
    moved_tensors: int | None = None
    """How many of all parameters and buffers, the new output layer's too, differ from their start."""


TrainingEvent: TypeAlias = (
    RunForecast
    | RunStarted
    | PhaseProgress
    | BatchesDrawn
    | BatchEnded
    | EpochEnded
    | StageMoved
    | CheckpointSaved
    | RunWarning
    | RunEnded
)
