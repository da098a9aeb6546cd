"""Train: the transfer-learning steps, one after the other, as a plain generator of events.

Read the pretrained parameters, build the model they belong to, ``load_state_dict``, replace the output layer,
freeze or slow the extractor, pick the device, move the model, and learn.
"""

from __future__ import annotations

import platform
import traceback
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import msgspec
import torch
import torchvision
from torch import nn

from ftgui import __version__
from ftgui.core.errors import FtguiError
from ftgui.core.files import cannot_write
from ftgui.core.memory import peak_memory_mb
from ftgui.data.dataset import Dataset, Split
from ftgui.data.pixels import PixelStore
from ftgui.data.scan import scan_dataset
from ftgui.data.split import split_dataset
from ftgui.data.views import view_count
from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.plan import make_plan
from ftgui.freezing.proof import changed_entries
from ftgui.models.head import replace_output_layer
from ftgui.models.identify import Recognition, recognise
from ftgui.models.pretrained import load_pretrained, random_model
from ftgui.models.stages import find_stages
from ftgui.models.weights import WeightsFile, read_weights
from ftgui.runs.store import RunStore
from ftgui.training.checkpoint import read_state_dict
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig, check_class_count, check_config
from ftgui.training.control import RunControl
from ftgui.training.devices import DeviceChoice, choose_device, free_memory, is_out_of_memory
from ftgui.training.events import (
    CheckpointSaved,
    PhaseProgress,
    Reason,
    RunEnded,
    RunStarted,
    RunWarning,
    StageInfo,
    TrainingEvent,
)
from ftgui.training.loops import Arithmetic
from ftgui.training.precision import resolve_precision
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


@dataclass(frozen=True)
class _Prepared:
    """What is known before anything is written or decoded."""

    config: TrainConfig
    dataset: Dataset
    split: Split
    class_names: tuple[str, ...]
    weights: WeightsFile
    recognition: Recognition
    architecture: str
    applied: AppliedPlan
    device: DeviceChoice


class _TrainJob:
    def __init__(self, config: TrainConfig, out: Path, control: RunControl) -> None:
        self.config = config
        self.out = out
        self.control = control
        self.clock = RunClock()
        self.trainer: Trainer | None = None

    def events(self) -> Events:
        prepared = yield from self._prepare()
        with closing(RunStore(self.out, versions())) as store:
            for event in self._guarded(prepared, store):
                try:
                    store.record(event)
                except OSError as error:
                    yield self._failed(cannot_write(self.out, "the run", error))
                    return
                yield event

    # What is decided before the first batch ---------------------------------------------------------------

    def _prepare(self) -> Generator[TrainingEvent, None, _Prepared]:
        check_config(self.config)
        device = choose_device(self.config.device)
        with self.clock.phase("reading"):
            dataset = scan_dataset(Path(self.config.dataset))
            classes = check_class_count(self.config.classes, len(dataset.class_names))
            split = split_dataset(dataset, self.config.val_fraction, self.config.seed)
            check_split(split)
            yield PhaseProgress(phase="reading weights", done=0, total=1)
            weights = read_weights(Path(self.config.weights))
            recognition = recognise(weights, self.config.architecture)
            architecture = known_architecture(recognition)
        with self.clock.phase("building"):
            applied = self._build(weights, recognition, architecture, classes)
        yield PhaseProgress(phase="reading weights", done=1, total=1)
        return _Prepared(
            config=self._filled_in(classes, architecture),
            dataset=dataset,
            split=split,
            class_names=output_names(dataset.class_names, classes),
            weights=weights,
            recognition=recognition,
            architecture=architecture,
            applied=applied,
            device=device,
        )

    def _build(
        self, weights: WeightsFile, recognition: Recognition, architecture: str, classes: int
    ) -> AppliedPlan:
        """Build the network that is trained: pretrained parameters, a new output layer, a plan applied."""
        model = self._starting_model(weights, recognition, architecture)
        replace_output_layer(model, classes, self.config.seed)
        stages = find_stages(model, recognition.preprocessing.crop)
        plan = make_plan(
            self.config.strategy,
            tuple(stage.name for stage in stages),
            backbone_lr_mult=self.config.backbone_lr_mult,
            norm=self.config.norm,
        )
        return AppliedPlan(model, plan, stages)

    def _starting_model(self, weights: WeightsFile, recognition: Recognition, architecture: str) -> nn.Module:
        if self.config.init == "random":
            return random_model(architecture, recognition.num_classes or 1000, self.config.seed)
        return load_pretrained(weights, recognition)

    def _filled_in(self, classes: int, architecture: str) -> TrainConfig:
        """Return the config with every default in it, so that it repeats the run."""
        return msgspec.structs.replace(
            self.config,
            dataset=str(Path(self.config.dataset).absolute()),
            weights=str(Path(self.config.weights).absolute()),
            architecture=architecture,
            classes=classes,
            lr=self.config.head_lr,
            views=view_count(self.config.augment, self.config.views),
            precision=resolve_precision(self.config.precision),
        )

    # The run ----------------------------------------------------------------------------------------------

    def _guarded(self, prepared: _Prepared, store: RunStore) -> Events:
        """Run, and end with ``RunEnded`` whatever happens on the way."""
        try:
            reason = yield from self._run(prepared, store)
            yield from self._end(prepared, reason)
        except Exception as error:  # noqa: BLE001  the one place where whatever broke a run is put in words
            store.note(traceback.format_exc())
            yield self._failed(explain(error, self.config))
        finally:
            self.trainer = None
            free_memory(prepared.device.name)

    def _run(self, prepared: _Prepared, store: RunStore) -> Generator[TrainingEvent, None, Reason]:
        yield from (
            RunWarning(message=note) for note in (*prepared.dataset.notes, *prepared.recognition.notes)
        )
        config, split = prepared.config, prepared.split
        root, preprocessing = Path(prepared.dataset.root), prepared.recognition.preprocessing
        views = view_count(config.augment, config.views)
        train_pixels = PixelStore(root, split.train, preprocessing, augment=config.augment, views=views)
        val_pixels = PixelStore(root, split.val, preprocessing)
        with self.clock.phase("decoding"):
            for pixels in (train_pixels, val_pixels):
                yield from self._decode(pixels)
        if self.control.stopping:
            return Reason.STOPPED
        split = Split(train=tuple(train_pixels.pictures), val=tuple(val_pixels.pictures))
        check_split(split)
        store.write_split(prepared.dataset.root, prepared.class_names, split)
        prepared.applied.model.to(prepared.device.torch_device)
        self.trainer = Trainer(
            config=config,
            applied=prepared.applied,
            train=train_pixels,
            val=val_pixels,
            views=views,
            arithmetic=Arithmetic(prepared.device.torch_device, config.precision, preprocessing),
            folder=self.out,
            control=self.control,
            clock=self.clock,
        )
        yield self._started(prepared, split)
        return (yield from self._trained(self.trainer, prepared, store))

    def _decode(self, pixels: PixelStore) -> Events:
        with closing(pixels.load()) as progress:
            for done, total in progress:
                self.clock.add_pause(self.control.wait_while_paused())
                if self.control.stopping:
                    return
                yield PhaseProgress(phase="decoding pictures", done=done, total=total)
        for path, why in pixels.unreadable:
            yield RunWarning(message=f"“{path}” is left out: {why}")

    def _trained(
        self, trainer: Trainer, prepared: _Prepared, store: RunStore
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

    def _started(self, prepared: _Prepared, split: Split) -> RunStarted:
        applied, config = prepared.applied, prepared.config
        model = applied.model
        return RunStarted(
            run=str(self.out.absolute()),
            config=config,
            architecture=prepared.architecture,
            class_names=prepared.class_names,
            preprocessing=prepared.recognition.preprocessing,
            weights_sha256=prepared.weights.sha256,
            stages=tuple(stage_infos(applied)),
            device=prepared.device.name,
            device_why=prepared.device.why,
            precision=config.precision,
            threads=torch.get_num_threads(),
            train_pictures=len(split.train),
            val_pictures=len(split.val),
            batches=-(-len(split.train) // config.batch_size),
            parameters=sum(p.numel() for p in model.parameters()),
            trainable_parameters=applied.trainable_parameters(),
            frozen_tensors=len(applied.frozen_entries()),
        )

    # The end ----------------------------------------------------------------------------------------------

    def _end(self, prepared: _Prepared, reason: Reason) -> Events:
        """Prove what stayed frozen and say how it went."""
        changed: tuple[str, ...] | None = None
        if self.trainer is not None and self.trainer.best is not None:
            yield PhaseProgress(phase="comparing frozen entries", done=0, total=1)
            with self.clock.phase("proof"):
                changed, warning = self._prove(prepared)
            if warning is not None:
                yield warning
        if changed:
            reason = Reason.PROOF_FAILED
        message, hint = self._closing_words(reason, changed or ())
        yield self._ended(reason, message, hint, prepared.applied, changed)

    def _prove(self, prepared: _Prepared) -> tuple[tuple[str, ...] | None, RunWarning | None]:
        """Compare the weights file, read again, with ``best.pth``, read back."""
        names = prepared.applied.frozen_entries()
        if not names:
            return (), None
        try:
            weights = read_weights(Path(prepared.config.weights))
        except FtguiError as error:
            return None, RunWarning(
                message="What stayed frozen could not be checked against the weights file.", hint=str(error)
            )
        before = load_pretrained(weights, prepared.recognition).state_dict()
        return changed_entries(before, read_state_dict(self.out / "best.pth"), names), None

    def _closing_words(self, reason: Reason, changed: tuple[str, ...]) -> tuple[str, str]:
        kept = (
            f"The best weights, of epoch {self.trainer.best.epoch}, are kept."
            if self.trainer is not None and self.trainer.best is not None
            else "No weights were kept."
        )
        match reason:
            case Reason.PROOF_FAILED:
                return (
                    f"{len(changed)} entries that had to stay frozen differ from the weights file, "
                    f"the first of them {changed[0]}.",
                    "The weights file changed during the run, or this is a defect of ftgui; please report it.",
                )
            case Reason.NAN_LOSS:
                return (
                    "The loss is no longer a finite number, so training ended.",
                    f"Choose a smaller learning rate. {kept}",
                )
            case Reason.STOPPED:
                return f"Training was stopped. {kept}", ""
            case _:
                return f"Training is complete. {kept}", ""

    def _failed(self, error: FtguiError) -> RunEnded:
        return self._ended(Reason.FAILED, error.message, error.hint, None, None)

    def _ended(
        self,
        reason: Reason,
        message: str,
        hint: str,
        applied: AppliedPlan | None,
        changed: tuple[str, ...] | None,
    ) -> RunEnded:
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
            frozen_tensors=len(applied.frozen_entries()) if applied else 0,
            frozen_changed=len(changed) if changed is not None else None,
        )


def known_architecture(recognition: Recognition) -> str:
    """Return the architecture of a weights file.

    Raises:
        FtguiError: it was not recognised, or does not fit the one asked for.
    """
    if recognition.architecture is None:
        raise FtguiError(
            recognition.reason,
            "Choose a weights file of a torchvision classifier, or name its architecture.",
        )
    return recognition.architecture


def output_names(found: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Return a name for each of ``count`` outputs; those without a class are ``unused_1``, …"""
    spare = (f"unused_{number}" for number in range(1, count - len(found) + 1))
    return (*found, *spare)


def check_split(split: Split) -> None:
    """Raise FtguiError where there is nothing to learn from or nothing to judge on."""
    if len(split.train) < 2:
        raise FtguiError(
            "There are fewer than two readable training pictures.", "Add pictures to the class folders."
        )
    if not split.val:
        raise FtguiError(
            "No readable picture is left for validation.",
            "Add pictures: each class needs at least two.",
        )


def stage_infos(applied: AppliedPlan) -> Iterator[StageInfo]:
    """Yield what each stage is and may do, from the input to the head."""
    for stage, plan in zip(applied.stages, applied.plan.stages, strict=True):
        yield StageInfo(
            name=stage.name,
            parameters=stage.parameters,
            cost_share=stage.cost_share,
            learns=plan.learns,
            lr_mult=plan.lr_mult,
        )


def explain(error: Exception, config: TrainConfig) -> FtguiError:
    """Put whatever broke a run in words."""
    if isinstance(error, FtguiError):
        return error
    if is_out_of_memory(error):
        return FtguiError(
            "The memory is not enough for this run.",
            f"Choose a batch size below {config.batch_size}, or close other programs."
            if config.batch_size > 1
            else "Close other programs, or train on another device.",
            str(error),
        )
    if isinstance(error, OSError):
        return FtguiError(
            f"A file could not be read or written: {error}.",
            "Check that the disk has room and the folders still exist.",
            str(error),
        )
    return FtguiError(
        f"Something went wrong inside ftgui: {error}.",
        "log.txt in the run folder says more; please report it.",
        "".join(traceback.format_exception(error)),
    )


def versions() -> dict[str, str]:
    """Return what a run's figures depend on besides its config."""
    return {
        "ftgui": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "pillow": version("pillow"),
        "platform": platform.platform(),
    }
