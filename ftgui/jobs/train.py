"""Train: prepare, decode, learn, prove; a plain generator of events that also go to the run folder."""

from __future__ import annotations

import traceback
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ftgui.core.errors import FtguiError, first_line
from ftgui.core.files import cannot_write
from ftgui.core.loading import torch_loading_seconds
from ftgui.core.memory import forget_peak, peak_memory_mb
from ftgui.data.dataset import Split
from ftgui.freezing.proof import changed_entries
from ftgui.jobs.forecast import forecast_by_known
from ftgui.jobs.passing import make_passages, pass_speed
from ftgui.jobs.prepare import Pictures, Prepared, check_split, initial_network, prepare
from ftgui.jobs.versions import versions
from ftgui.jobs.words import closing_words, explain
from ftgui.models.weights import read_weights
from ftgui.runs.store import LAST_PREDICTIONS, PREDICTIONS, RunStore
from ftgui.runs.tensorboard import EventFiles
from ftgui.training.checkpoint import BEST, Checkpoint, read_state_dict
from ftgui.training.clock import RunClock
from ftgui.training.config import SETTING_BY_NAME, TrainConfig, unread_settings
from ftgui.training.control import RunControl
from ftgui.training.devices import free_memory, is_out_of_memory
from ftgui.training.events import (
    CheckpointSaved,
    EpochEnded,
    PhaseProgress,
    Reason,
    RunEnded,
    RunStarted,
    RunWarning,
    TrainingEvent,
)
from ftgui.training.keeping import Best
from ftgui.training.loops import Evaluation
from ftgui.training.passages import Counters, Passages
from ftgui.training.trainer import Trainer

Events = Generator[TrainingEvent, None, None]
Names = tuple[str, ...]


def train(
    config: TrainConfig,
    out: Path,
    control: RunControl | None = None,
    pictures: Pictures | None = None,
    threads: int | None = None,
) -> Iterator[TrainingEvent]:
    """Train as ``config`` says into the new folder ``out``; the last event is always ``RunEnded``.

    ``pictures`` are those of a run before it, which are to be split the same; else the dataset is looked at.
    ``threads`` are those of a run before it; else as many as the settings say.

    Raises:
        FtguiError: before anything is written, where the dataset, the weights or the settings do not do.
            What goes wrong later ends the run with ``Reason.FAILED`` and keeps the best weights so far.
    """
    job = TrainJob(config, out, control or RunControl(), pictures=pictures, threads=threads)
    yield from job.events()


@dataclass(frozen=True)
class Earlier:
    """What a run had done before it was stopped."""

    started: RunStarted
    pictures: Pictures
    epochs: tuple[EpochEnded, ...]
    """That ended and count: the checkpoint's."""
    kept: CheckpointSaved | None
    checkpoint: Checkpoint | None
    """None: no epoch had ended, so the run begins anew."""


class TrainJob:
    """One run, in a new folder, or with ``earlier`` going on in the folder where it was stopped."""

    def __init__(
        self,
        config: TrainConfig,
        out: Path,
        control: RunControl,
        earlier: Earlier | None = None,
        pictures: Pictures | None = None,
        threads: int | None = None,
    ) -> None:
        self.config = config
        self.out = out
        self.control = control
        self.earlier = earlier
        self.pictures = earlier.pictures if earlier is not None else pictures
        self.threads = threads
        self.clock = RunClock()
        if earlier is not None and earlier.checkpoint is not None:
            before = earlier.checkpoint
            self.clock.add_earlier(before.seconds, before.phase_seconds, before.spared_seconds)
        self.trainer: Trainer | None = None
        self.passages: Passages | None = None

    @property
    def _best(self) -> Best | None:
        """What ``best.pth`` holds, in a resumed run until there is better what it held before."""
        own = self.trainer.keeper.kept if self.trainer is not None else None
        kept = self.earlier.kept if self.earlier is not None else None
        return own or (Best(kept.epoch, kept.val_accuracy, kept.val_loss) if kept else None)

    @property
    def _epochs(self) -> int:
        """How many epochs ended."""
        if self.trainer is not None:
            return len(self.trainer.epochs)
        return len(self.earlier.epochs) if self.earlier is not None else 0

    def events(self) -> Events:
        earlier = self.earlier
        forget_peak()
        try:
            prepared = yield from prepare(
                self.config,
                self.clock,
                self.pictures,
                earlier.started.preprocessing if earlier else None,
                self.control,
                self.threads,
            )
        except (RuntimeError, MemoryError, OSError) as error:
            if isinstance(error, OSError) or is_out_of_memory(error):
                raise explain(error, self.config) from error
            raise
        if earlier and prepared.weights_sha256 != earlier.started.weights_sha256:
            raise FtguiError(
                f"The weights file “{self.config.weights}” is not the one that this run began with.",
                "Put that file back, or train again.",
            )
        with closing(self._open_store()) as store, closing(EventFiles(self.out, store.note)) as event_files:
            for event in self._guarded(prepared, store):
                try:
                    store.record(event)
                except OSError as error:
                    yield self._failed(cannot_write(self.out, "the run", error))
                    return
                event_files.record(event)
                yield event

    def _open_store(self) -> RunStore:
        if self.earlier is None:
            return RunStore(self.out, versions())
        return RunStore(self.out, versions(), resumes=self.earlier.epochs, started=self.earlier.started)

    def _guarded(self, prepared: Prepared, store: RunStore) -> Events:
        """Run, and end with ``RunEnded`` whatever happens on the way."""
        try:
            reason = yield from self._run(prepared, store)
            yield from self._end(prepared, reason)
        except Exception as error:  # noqa: BLE001  the one place where whatever broke a run is put in words
            with suppress(OSError):  # a full disk broke the run: it is told all the same
                store.note(traceback.format_exc())
            yield self._failed(explain(error, self.config))
        finally:
            self.trainer = self.passages = None
            free_memory(prepared.device.name)

    def _run(self, prepared: Prepared, store: RunStore) -> Generator[TrainingEvent, None, Reason]:
        if self.earlier is None:
            yield from self._notes(prepared)
        done = self.earlier.checkpoint.epoch if self.earlier and self.earlier.checkpoint else 0
        with self.clock.phase("building"):
            passages = make_passages(prepared, self.clock, done + 1)
        if self.earlier is not None and self.earlier.checkpoint is not None:
            passages.go_on(done, Counters(**self.earlier.checkpoint.counters))
        self.passages = passages
        if self.earlier is None:
            told = forecast_by_known(passages, prepared.config, self.clock)
            if told is not None:
                yield told
        if not (yield from passages.make_ready(done + 1, self.clock, self.control)):
            return Reason.STOPPED
        split = Split(train=passages.train.pictures, val=passages.val.pictures)
        check_split(split, prepared.pictures.class_names)
        with self.clock.phase("building"):
            trainer = self._make_trainer(prepared, passages)
        if self.earlier is None:
            store.write_split(prepared.pictures.root, prepared.class_names, split)
        else:
            self._go_on(trainer, self.earlier, split)
        yield prepared.started(self.out, split, resumed_after=len(trainer.epochs))
        return (yield from self._trained(trainer, prepared, store))

    def _notes(self, prepared: Prepared) -> Events:
        for note in (*prepared.pictures.notes, *prepared.recognition.notes):
            yield RunWarning(message=note)
        for name in unread_settings(self.config):
            yield RunWarning(
                message=f"“{self.config.strategy}” does not look at “{SETTING_BY_NAME[name].label}”."
            )
        last = self.config.epochs
        if any(stage.from_epoch > last for stage in prepared.applied.plan.stages):
            yield RunWarning(
                message=f"The extractor would join at epoch {self.config.joining_epoch}, after the last one, "
                f"{last}: it stays frozen."
            )

    def _go_on(self, trainer: Trainer, earlier: Earlier, split: Split) -> None:
        if split != earlier.pictures.split:
            raise FtguiError(
                "Not all pictures of this run can be read any more, so it cannot go on as it was.",
                "Put them back, or train again.",
            )
        if earlier.checkpoint is not None:
            trainer.resume(earlier.checkpoint, earlier.epochs, earlier.kept)

    def _make_trainer(self, prepared: Prepared, passages: Passages) -> Trainer:
        self.trainer = Trainer(
            config=prepared.config,
            applied=prepared.applied,
            passages=passages,
            objective=prepared.objective(passages.train.labels),
            folder=self.out,
            control=self.control,
            clock=self.clock,
        )
        return self.trainer

    def _trained(
        self, trainer: Trainer, prepared: Prepared, store: RunStore
    ) -> Generator[TrainingEvent, None, Reason]:
        """Pass the trainer's events on; write what the best epoch says whenever there is a better one."""
        events = trainer.run()
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                reason: Reason = end.value
                break
            if isinstance(event, CheckpointSaved):
                _write_predictions(store, trainer, prepared.class_names, trainer.keeper.judged, PREDICTIONS)
            yield event
        _write_predictions(store, trainer, prepared.class_names, trainer.last, LAST_PREDICTIONS)
        return reason

    def _end(self, prepared: Prepared, reason: Reason) -> Events:
        """Prove what stayed frozen and say how it went."""
        best = self._best
        frozen, moved = prepared.applied.frozen_entries(max(1, self._epochs)), None
        if best is not None:
            yield PhaseProgress(phase="comparing frozen entries", done=0, total=1)
            with self.clock.phase("proof"):
                moved, warning = self._moved(prepared)
            if warning is not None:
                yield warning
        changed = None if moved is None else tuple(name for name in moved if name in frozen)
        if changed:
            reason = Reason.PROOF_FAILED
        message, hint = closing_words(reason, best.epoch if best else None, changed or (), self.config)
        yield self._ended(reason, message, hint, len(frozen), changed, moved)

    def _moved(self, prepared: Prepared) -> tuple[tuple[str, ...] | None, RunWarning | None]:
        """Return which entries differ between the weights file, read again, and ``best.pth``, read back."""
        classes = len(prepared.class_names)
        try:
            weights = read_weights(Path(prepared.config.weights))
            before = initial_network(prepared.config, weights, prepared.recognition, classes).state_dict()
        except (FtguiError, RuntimeError) as error:  # it is gone, or another network's by now
            return None, RunWarning(
                message="What stayed frozen could not be checked against the weights file.",
                hint=first_line(error),
            )
        return changed_entries(before, read_state_dict(self.out / BEST), before), None

    def _failed(self, error: FtguiError) -> RunEnded:
        return self._ended(Reason.FAILED, error.message, error.hint, 0, None, None)

    def _ended(
        self, reason: Reason, message: str, hint: str, frozen: int, changed: Names | None, moved: Names | None
    ) -> RunEnded:
        trainer, best, passages = self.trainer, self._best, self.passages
        return RunEnded(
            reason=reason,
            message=message,
            hint=hint,
            best_epoch=best.epoch if best else None,
            best_val_accuracy=best.accuracy if best else None,
            best_val_loss=best.loss if best else None,
            epochs=self._epochs,
            seconds=self.clock.seconds,
            paused_seconds=self.clock.paused_seconds,
            measuring_seconds=self.clock.aside_seconds,
            phase_seconds=dict(self.clock.phase_seconds),
            spared_seconds=self.clock.spared_seconds,
            counters=msgspec.structs.asdict(passages.counters) if passages else {},
            loading_seconds=torch_loading_seconds(),
            speed=(*pass_speed(passages, self.clock), *(trainer.speed if trainer else ())),
            pictures_per_second=trainer.pace.pictures_per_second if trainer else None,
            peak_memory_mb=peak_memory_mb(),
            frozen_tensors=frozen,
            frozen_changed=None if changed is None else len(changed),
            moved_tensors=None if moved is None else len(moved),
        )


def _write_predictions(
    store: RunStore, trainer: Trainer, class_names: Names, judged: Evaluation | None, name: str
) -> None:
    """Write what was said of the validation pictures, if that was in this process."""
    if judged is not None:
        store.write_predictions(trainer.val.pictures, class_names, judged.probabilities.tolist(), name)
