"""Train: prepare, decode, learn, prove; a plain generator of events that also go to the run folder."""

from __future__ import annotations

import traceback
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path

from ftgui.core.errors import FtguiError, first_line
from ftgui.core.files import cannot_write
from ftgui.core.memory import peak_memory_mb
from ftgui.data.dataset import Split
from ftgui.data.pixels import PixelStore
from ftgui.freezing.proof import changed_entries
from ftgui.jobs.prepare import Prepared, check_split, prepare
from ftgui.jobs.versions import versions
from ftgui.jobs.words import closing_words, explain
from ftgui.models.pretrained import load_pretrained
from ftgui.models.weights import read_weights
from ftgui.runs.store import RunStore
from ftgui.training.checkpoint import BEST, read_state_dict
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.devices import free_memory, is_out_of_memory
from ftgui.training.events import (
    CheckpointSaved,
    PhaseProgress,
    Reason,
    RunEnded,
    RunWarning,
    TrainingEvent,
)
from ftgui.training.loops import Arithmetic
from ftgui.training.precision import settle_precision
from ftgui.training.trainer import Trainer

Events = Generator[TrainingEvent, None, None]


def train(config: TrainConfig, out: Path, control: RunControl | None = None) -> Iterator[TrainingEvent]:
    """Train as ``config`` says into the new folder ``out``; the last event is always ``RunEnded``.

    Raises:
        FtguiError: before anything is written, where the dataset, the weights or the settings do not do.
            What goes wrong later ends the run with ``Reason.FAILED`` and keeps the best weights so far.
    """
    job = _TrainJob(config, out, control or RunControl())
    yield from job.events()


class _TrainJob:
    def __init__(self, config: TrainConfig, out: Path, control: RunControl) -> None:
        self.config = config
        self.out = out
        self.control = control
        self.clock = RunClock()
        self.trainer: Trainer | None = None

    def events(self) -> Events:
        try:
            prepared = yield from prepare(self.config, self.clock)
        except (RuntimeError, MemoryError, OSError) as error:
            if isinstance(error, OSError) or is_out_of_memory(error):
                raise explain(error, self.config) from error
            raise
        with closing(RunStore(self.out, versions())) as store:
            for event in self._guarded(prepared, store):
                try:
                    store.record(event)
                except OSError as error:
                    yield self._failed(cannot_write(self.out, "the run", error))
                    return
                yield event

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
            self.trainer = None
            free_memory(prepared.device.name)

    def _run(self, prepared: Prepared, store: RunStore) -> Generator[TrainingEvent, None, Reason]:
        yield from (
            RunWarning(message=note) for note in (*prepared.dataset.notes, *prepared.recognition.notes)
        )
        train_pixels, val_pixels = self._pixels(prepared)
        with self.clock.phase("decoding"):
            for pixels in (train_pixels, val_pixels):
                yield from self._decode(pixels)
        if self.control.stopping:
            return Reason.STOPPED
        split = Split(train=train_pixels.pictures, val=val_pixels.pictures)
        check_split(split)
        store.write_split(prepared.dataset.root, prepared.class_names, split)
        trainer = self._make_trainer(prepared, train_pixels, val_pixels)
        yield prepared.started(self.out, split)
        return (yield from self._trained(trainer, prepared, store))

    def _pixels(self, prepared: Prepared) -> tuple[PixelStore, PixelStore]:
        config, split = prepared.config, prepared.split
        root, preprocessing = Path(prepared.dataset.root), prepared.recognition.preprocessing
        return (
            PixelStore(root, split.train, preprocessing, augment=config.augment, views=config.views),
            PixelStore(root, split.val, preprocessing),
        )

    def _decode(self, pixels: PixelStore) -> Events:
        with closing(pixels.load()) as progress:
            for done, total in progress:
                self.clock.add_pause(self.control.wait_while_paused())
                if self.control.stopping:
                    return
                yield PhaseProgress(phase="decoding pictures", done=done, total=total)
        for path, why in pixels.unreadable:
            yield RunWarning(message=f"“{path}” is left out: {why}")

    def _make_trainer(self, prepared: Prepared, train: PixelStore, val: PixelStore) -> Trainer:
        """Move the model to the device and put it in a trainer."""
        device = prepared.device.torch_device
        settle_precision(prepared.config.precision)
        prepared.applied.model.to(device)
        self.trainer = Trainer(
            config=prepared.config,
            applied=prepared.applied,
            train=train,
            val=val,
            arithmetic=Arithmetic(device, prepared.config.precision, prepared.recognition.preprocessing),
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
                return reason
            if isinstance(event, CheckpointSaved) and trainer.best is not None:
                rows = trainer.best.evaluation.probabilities.tolist()
                store.write_predictions(trainer.val.pictures, prepared.class_names, rows)
            yield event

    def _end(self, prepared: Prepared, reason: Reason) -> Events:
        """Prove what stayed frozen and say how it went."""
        changed: tuple[str, ...] | None = None
        best = self.trainer.best if self.trainer is not None else None
        if best is not None:
            yield PhaseProgress(phase="comparing frozen entries", done=0, total=1)
            with self.clock.phase("proof"):
                changed, warning = self._prove(prepared)
            if warning is not None:
                yield warning
        if changed:
            reason = Reason.PROOF_FAILED
        message, hint = closing_words(reason, best.epoch if best else None, changed or ())
        frozen = len(prepared.applied.frozen_entries())
        yield self._ended(reason, message, hint, frozen, None if changed is None else len(changed))

    def _prove(self, prepared: Prepared) -> tuple[tuple[str, ...] | None, RunWarning | None]:
        """Compare the weights file, read again, with ``best.pth``, read back."""
        names = prepared.applied.frozen_entries()
        if not names:
            return (), None
        try:
            weights = read_weights(Path(prepared.config.weights))
            before = load_pretrained(weights, prepared.recognition).state_dict()
        except (FtguiError, RuntimeError) as error:  # it is gone, or another network's by now
            return None, RunWarning(
                message="What stayed frozen could not be checked against the weights file.",
                hint=first_line(error),
            )
        return changed_entries(before, read_state_dict(self.out / BEST), names), None

    def _failed(self, error: FtguiError) -> RunEnded:
        return self._ended(Reason.FAILED, error.message, error.hint, 0, None)

    def _ended(self, reason: Reason, message: str, hint: str, frozen: int, changed: int | None) -> RunEnded:
        trainer = self.trainer
        best = trainer.best if trainer is not None else None
        return RunEnded(
            reason=reason,
            message=message,
            hint=hint,
            best_epoch=best.epoch if best else None,
            best_val_accuracy=best.evaluation.accuracy if best else None,
            best_val_loss=best.evaluation.loss if best else None,
            epochs=trainer.epochs_ended if trainer else 0,
            seconds=self.clock.seconds,
            paused_seconds=self.clock.paused_seconds,
            phase_seconds=dict(self.clock.phase_seconds),
            pictures_per_second=trainer.pace.pictures_per_second if trainer else None,
            peak_memory_mb=peak_memory_mb(),
            frozen_tensors=frozen,
            frozen_changed=changed,
        )
