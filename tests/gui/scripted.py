"""A scripted list of events in place of training, for tests whose subject is the window.

    job = scripted_job(started(), batch(1, 1), gate := Gate(), batch(1, 2), epoch(1, 0.8), ended())
    window = open_window(job)

The job looks at pause and stop before every event, as the engine does before every batch; a gate holds it
until the test opens it. So nothing depends on how fast the machine is, and nothing sleeps.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ftgui.core.preprocessing import Preprocessing
from ftgui.gui.sessions.training import Asked, Control
from ftgui.jobs.compare_control import CompareControl
from ftgui.jobs.compare_events import ComparedRunStarted, CompareEvent
from ftgui.runs.history import open_run
from ftgui.runs.store import RunStore
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import (
    BatchEnded,
    CheckpointSaved,
    EpochEnded,
    PhaseProgress,
    Reason,
    RunEnded,
    RunStarted,
    StageInfo,
    StageMoved,
    TrainingEvent,
)

LONGEST_HOLD = 60.0
"""Seconds after which a gate that nobody opens fails instead of hanging the tests."""

STAGES = ("stem", "layer1", "layer2", "head")


class Gate:
    """Holds whoever comes to it, in whatever thread, until the test opens it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()
        _gates.add(self)

    def open(self) -> None:
        self._open.set()

    def hold(self, control: Control | None = None) -> None:
        """Wait until it is open, or until ``control`` says stop."""
        self.reached.set()
        for _ in range(int(LONGEST_HOLD / 0.01)):
            if self._open.wait(0.01) or (control is not None and control.stopping):
                return
        raise TimeoutError("no test opened this gate")


_gates: weakref.WeakSet[Gate] = weakref.WeakSet()


def open_all_gates() -> None:
    """Let everybody go: a test is over, however it ended."""
    for gate in tuple(_gates):
        gate.open()


Step = CompareEvent | Gate | Exception


@dataclass(frozen=True)
class Call:
    """What the window started the job with, and the thread it ran in."""

    config: Asked
    """None: to go on with the run in the folder."""
    folder: Path
    control: Control
    thread: int


class ScriptedJob:
    """Takes the place of ``train_job``. Each call plays the next script; the last one is played again."""

    def __init__(self, *scripts: tuple[Step, ...], stored: bool = False) -> None:
        self._scripts = scripts
        self._stored = stored
        self.calls: list[Call] = []
        self.holding = threading.Event()
        """Set while a pause holds the job."""
        self.played: list[str] = []
        """The names of the events that were yielded, over all calls."""

    def __call__(self, config: Asked, folder: Path, control: Control) -> Iterator[CompareEvent]:
        self.calls.append(Call(config, folder, control, threading.get_ident()))
        script = self._scripts[min(len(self.calls), len(self._scripts)) - 1]
        with ExitStack() as stack:
            store = None
            if self._stored:
                done = None if config is not None else open_run(folder).epochs
                made = RunStore(folder, versions={"ftgui": "scripted"}, resumes=done)
                store = stack.enter_context(closing(made))
            for event in self._events(script, self.calls[-1]):
                if store is not None and isinstance(event, TrainingEvent):
                    store.record(event)
                self.played.append(type(event).__name__)
                yield event

    def _events(self, script: tuple[Step, ...], call: Call) -> Iterator[CompareEvent]:
        kept: EpochEnded | None = None
        for step in script:
            if isinstance(step, Gate):
                step.hold(call.control)
                continue
            if isinstance(step, Exception):
                raise step
            self._hold_while_paused(call.control)
            if call.control.stopping:
                yield _stopped(kept)
                return
            if isinstance(step, ComparedRunStarted) and isinstance(call.control, CompareControl):
                call.control.next_run(step.name)
            if isinstance(step, EpochEnded) and step.is_best:
                kept = step
                yield _saved(step)
            yield self._of_this_run(step, call)

    def _of_this_run(self, event: CompareEvent, call: Call) -> CompareEvent:
        if not isinstance(event, RunStarted):
            return event
        if isinstance(call.control, CompareControl):
            return event
        asked = (each.config for each in self.calls if each.folder == call.folder)
        mine = (config for config in asked if isinstance(config, TrainConfig))
        return msgspec.structs.replace(event, run=str(call.folder), config=next(mine, event.config))

    def _hold_while_paused(self, control: Control) -> None:
        if isinstance(control, RunControl) and control.paused:
            self.holding.set()
            control.wait_while_paused()
            self.holding.clear()


def scripted_job(*steps: Step, stored: bool = False) -> ScriptedJob:
    """Return a job that plays ``steps`` at every call; ``stored`` writes a run folder as the engine does."""
    return ScriptedJob(steps, stored=stored)


def scripted_jobs(*scripts: tuple[Step, ...], stored: bool = False) -> ScriptedJob:
    """Return a job that plays the first script at the first call, the second at the second."""
    return ScriptedJob(*scripts, stored=stored)


def started(
    *, val_pictures: int = 100, trainable: int = 1026, resumed_after: int = 0, joins: int = 0
) -> RunStarted:
    """The first event of a run. Its config and folder become those that the window asked for.

    With ``joins`` the stages before the head learn too, from that epoch on.
    """
    return RunStarted(
        run="",
        config=TrainConfig(dataset="", weights=""),
        architecture="resnet18",
        class_names=("ants", "bees"),
        preprocessing=Preprocessing(),
        weights_sha256="0" * 64,
        stages=tuple(
            StageInfo(
                name=name,
                parameters=10,
                cost_share=0.25,
                learns=name == "head" or joins > 0,
                lr_mult=1.0,
                from_epoch=1 if name == "head" else max(joins, 1),
            )
            for name in STAGES
        ),
        device="cpu",
        device_why="no CUDA or Apple GPU found",
        precision="fp32",
        threads=2,
        train_pictures=8,
        val_pictures=val_pictures,
        parameters=11_177_538,
        trainable_parameters=trainable,
        frozen_tensors=120,
        resumed_after=resumed_after,
    )


def moved(
    epoch: int, *weights: float, statistics: float | None = 0.0, changed: int = 3
) -> tuple[StageMoved, ...]:
    """What comes before the end of an epoch: how far each stage has moved, from the input to the head.

    The head has no norms. ``changed`` of 20 entries differ in a stage of which anything moved.
    """
    return tuple(
        StageMoved(
            epoch=epoch,
            stage=stage,
            weights=weight,
            statistics=None if stage == "head" else statistics,
            changed=min(changed, entries) if weight or (statistics and stage != "head") else 0,
            entries=entries,
        )
        for stage, weight in zip(STAGES, weights, strict=True)
        for entries in (2 if stage == "head" else 20,)
    )


def phase(name: str, done: int, total: int) -> PhaseProgress:
    return PhaseProgress(phase=name, done=done, total=total)


def batch(
    epoch: int, number: int, of: int = 2, *, loss: float | None = 0.6, seconds_left: float = 4.0
) -> BatchEnded:
    return BatchEnded(
        epoch=epoch,
        batch=number,
        batches=of,
        loss=loss,
        accuracy=0.7,
        pictures_per_second=312.0,
        seconds_left=seconds_left,
    )


def epoch(number: int, val_accuracy: float = 0.8, *, is_best: bool = True, loss: float = 0.5) -> EpochEnded:
    return EpochEnded(
        epoch=number,
        train_loss=loss,
        train_accuracy=0.75,
        val_loss=loss / 2,
        val_accuracy=val_accuracy,
        lr=0.01,
        frozen_tensors=120,
        is_best=is_best,
        train_seconds=1.0,
        val_seconds=0.5,
        total_seconds=1.5 * number,
    )


def ended(
    reason: Reason = Reason.COMPLETED,
    message: str = "Training is complete.",
    hint: str = "",
    *,
    seconds: float = 12.0,
    frozen_changed: int | None = 0,
    frozen_tensors: int = 120,
    moved_tensors: int | None = 2,
) -> RunEnded:
    return RunEnded(
        reason=reason,
        message=message,
        hint=hint,
        seconds=seconds,
        peak_memory_mb=1234.0,
        frozen_tensors=frozen_tensors,
        frozen_changed=frozen_changed,
        moved_tensors=moved_tensors,
    )


def whole_run(
    *accuracies: float, seconds: float = 12.0, val_pictures: int = 100, trainable: int = 1026
) -> tuple[TrainingEvent, ...]:
    """A run that completes: two batches an epoch, and an epoch for each validation accuracy."""
    events: list[TrainingEvent] = [started(val_pictures=val_pictures, trainable=trainable)]
    best = -1.0
    for number, accuracy in enumerate(accuracies or (0.8, 0.9), start=1):
        events += [batch(number, 1), batch(number, 2), epoch(number, accuracy, is_best=accuracy > best)]
        best = max(best, accuracy)
    return (*events, ended(seconds=seconds))


def _saved(epoch: EpochEnded) -> CheckpointSaved:
    """What comes just before the end of an epoch that is the best so far."""
    loss = epoch.val_loss if epoch.val_loss is not None else 1.0
    return CheckpointSaved(epoch=epoch.epoch, path="best.pth", val_accuracy=epoch.val_accuracy, val_loss=loss)


def _stopped(kept: EpochEnded | None) -> RunEnded:
    words = f"The best weights, of epoch {kept.epoch}, are kept." if kept else "No weights were kept."
    return ended(Reason.STOPPED, f"Training was stopped. {words}", seconds=1.0)
