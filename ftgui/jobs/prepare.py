"""Everything decided before the first batch: the split, the network, the plan on it, the device.

The transfer-learning steps stand here one after the other: read the pretrained parameters, build the model
they belong to, ``load_state_dict``, replace the output layer, freeze or slow the extractor, pick the device.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import torch
from torch import nn

from ftgui.core.errors import FtguiError
from ftgui.core.preprocessing import Preprocessing
from ftgui.core.settings import EngineSettings, read_settings
from ftgui.data.augmentations import view_count
from ftgui.data.dataset import Picture, Split
from ftgui.data.scan import check_open, scan_dataset
from ftgui.data.split import split_dataset
from ftgui.data.walk import shown
from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.plan import FreezePlan, default_freeze_until
from ftgui.freezing.proof import sha256_of_entries
from ftgui.freezing.strategies import STRATEGIES
from ftgui.jobs.arithmetic import settle_arithmetic
from ftgui.jobs.naming import Contents, index_place, name_pictures, without_excluded, without_lost
from ftgui.jobs.recognition import read_and_recognise
from ftgui.models.architectures import IMAGENET_CLASSES
from ftgui.models.head import replace_output_layer
from ftgui.models.identify import Recognition
from ftgui.models.matching import image_size
from ftgui.models.pretrained import load_pretrained, random_model
from ftgui.models.stages import find_stages
from ftgui.models.weights import WeightsFile
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig, check_class_count, check_config
from ftgui.training.control import RunControl
from ftgui.training.devices import DeviceChoice, choose_device
from ftgui.training.events import PhaseProgress, RunStarted, StageInfo, Timing, TrainingEvent
from ftgui.training.objective import Objective, make_objective
from ftgui.training.precision import Arithmetic, settle_precision
from ftgui.training.threads import use_threads


@dataclass(frozen=True)
class Pictures:
    """What is learned from and judged on."""

    root: str
    class_names: tuple[str, ...]
    split: Split
    notes: tuple[str, ...] = ()
    contents: Contents = field(default_factory=dict)
    """What their files held when the run began, as far as it was asked for."""


@dataclass(frozen=True)
class Prepared:
    """What is known before anything is written or decoded."""

    config: TrainConfig
    """With every default filled in: it repeats the run."""
    pictures: Pictures
    class_names: tuple[str, ...]
    """Of every output, spare ones included."""
    weights_sha256: str
    head_sha256: str
    """Of the new head's entries before the first step."""
    recognition: Recognition
    architecture: str
    applied: AppliedPlan
    device: DeviceChoice
    settings: EngineSettings
    timings: tuple[Timing, ...] = ()
    """What the arithmetic was chosen by."""

    def started(self, run: Path, split: Split, resumed_after: int = 0) -> RunStarted:
        """Return the event that begins the run, on the pictures that could be read."""
        applied, config = self.applied, self.config
        return RunStarted(
            run=str(run.absolute()),
            config=config,
            architecture=self.architecture,
            class_names=self.class_names,
            preprocessing=self.recognition.preprocessing,
            weights_sha256=self.weights_sha256,
            head_sha256=self.head_sha256,
            stages=stage_infos(applied),
            device=self.device.name,
            device_why=self.device.why,
            precision=config.precision,
            layout=config.layout,
            timings=self.timings,
            threads=torch.get_num_threads(),
            train_pictures=len(split.train),
            val_pictures=len(split.val),
            parameters=sum(p.numel() for p in applied.model.parameters()),
            trainable_parameters=applied.trainable_parameters(),
            frozen_tensors=len(applied.frozen_entries()),
            resumed_after=resumed_after,
        )

    def on_device(self) -> Arithmetic:
        """Move the network to the device; return how it computes there."""
        device, config = self.device.torch_device, self.config
        settle_precision(config.precision)
        arithmetic = Arithmetic(device, config.precision, self.recognition.preprocessing, config.layout)
        arithmetic.place(self.applied.model)
        return arithmetic

    def objective(self, labels: torch.Tensor) -> Objective:
        """Return what learning makes small; ``labels`` (N,) are those of the training pictures."""
        return make_objective(self.config, labels, len(self.class_names), self.device.torch_device)


def prepare(
    config: TrainConfig,
    clock: RunClock,
    pictures: Pictures | None = None,
    preprocessing: Preprocessing | None = None,
    control: RunControl | None = None,
    threads: int | None = None,
) -> Generator[TrainingEvent, None, Prepared]:
    """Read, build and decide; nothing is written. Without ``pictures`` the dataset folder is looked through.

    A stop cuts short the look at the pictures; what comes after it is quick.

    ``preprocessing`` is that of a run that goes on, whatever would be chosen today, ``threads`` how many to
    compute on, whatever the settings say.

    Raises:
        FtguiError: the settings, the dataset, the weights or the device do not do.
    """
    check_config(config)
    settings = read_settings()
    use_threads(threads or settings.threads)
    device = choose_device(config.device)
    control = control or RunControl()
    if pictures is None:
        pictures = yield from find_pictures(config, settings, clock, control)
    else:
        listed = (*pictures.split.train, *pictures.split.val)
        place = index_place(config, settings)
        named = yield from name_pictures(pictures.root, listed, place, clock, control, is_split=True)
        pictures = replace(pictures, contents=named.contents)
    with clock.phase("reading"):
        classes = check_class_count(config.classes, len(pictures.class_names))
        check_split(pictures.split, pictures.class_names)
        yield PhaseProgress(phase="reading weights", done=0, total=1)
        weights, recognition = read_and_recognise(
            Path(config.weights).expanduser(), config.architecture, preprocessing or config.preprocessing
        )
        architecture = known_architecture(recognition)
    with clock.phase("building"):
        model = initial_network(config, weights, recognition, classes)
        stages = find_stages(model, recognition.preprocessing.crop)
        plan = config.plan(tuple(stage.name for stage in stages))
        applied = AppliedPlan(model, plan, stages)
    yield PhaseProgress(phase="reading weights", done=1, total=1)
    filled, timings = yield from settle_arithmetic(
        filled_in(config, classes, recognition, plan), applied, recognition.preprocessing, device, clock
    )
    return Prepared(
        config=filled,
        pictures=pictures,
        class_names=output_names(pictures.class_names, classes),
        weights_sha256=weights.sha256,
        head_sha256=sha256_of_entries(applied.model.state_dict(), stages[-1].entries),
        recognition=recognition,
        architecture=architecture,
        applied=applied,
        device=device,
        settings=settings,
        timings=timings,
    )


def find_pictures(
    config: TrainConfig, settings: EngineSettings, clock: RunClock, control: RunControl
) -> Generator[TrainingEvent, None, Pictures]:
    """Look through the dataset folder, at its pictures, and split what it holds.

    Raises:
        FtguiError: it is no dataset, or what is left of it is none.
    """
    with clock.phase("reading"):
        scanned = scan_dataset(Path(config.dataset).expanduser())
        check_open(scanned)
        dataset, notes = without_excluded(scanned, config.exclude)
        check_class_count(config.classes, len(dataset.class_names))
    listed, place = (*dataset.train, *dataset.val), index_place(config, settings)
    named = yield from name_pictures(dataset.root, listed, place, clock, control, is_split=dataset.has_val)
    usable, lost = without_lost(dataset, named.lost)
    check_learning(usable.train, usable.class_names)
    split = split_dataset(usable, config.val_fraction, config.splitting_seed, named.contents)
    notes = (*dataset.notes, *notes, *lost)
    return Pictures(dataset.root, dataset.class_names, split, notes, named.contents)


def initial_network(
    config: TrainConfig, weights: WeightsFile, recognition: Recognition, classes: int
) -> nn.Module:
    """Return the network as training finds it: the file's weights or random ones, and a new output layer.

    The same each time, bit for bit: what stayed frozen is judged by it.
    """
    if config.starting_weights == "random":
        size = image_size(weights.shapes)
        source_classes = recognition.num_classes or IMAGENET_CLASSES
        model = random_model(known_architecture(recognition), source_classes, config.seed, size)
    else:
        model = load_pretrained(weights, recognition)
    replace_output_layer(model, classes, config.seed)
    return model


def filled_in(config: TrainConfig, classes: int, recognition: Recognition, plan: FreezePlan) -> TrainConfig:
    """Return a config with every default written out but for the arithmetic, which is measured."""
    read = STRATEGIES[config.strategy].reads
    used = recognition.preprocessing
    line = config.freeze_until or default_freeze_until(tuple(stage.stage for stage in plan.stages))
    return msgspec.structs.replace(
        config,
        freeze_until=line if "freeze_until" in read else config.freeze_until,
        thaw_epoch=config.joining_epoch if "thaw_epoch" in read else config.thaw_epoch,
        dataset=str(Path(config.dataset).expanduser().absolute()),
        weights=str(Path(config.weights).expanduser().absolute()),
        architecture=recognition.architecture,
        preprocessing=used.name if used in recognition.preprocessing_choices else config.preprocessing,
        classes=classes,
        lr=config.head_lr,
        views=view_count(config.augment, config.views),
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
    free = (name for number in itertools.count(1) if (name := f"unused_{number}") not in found)
    return (*found, *itertools.islice(free, count - len(found)))


def check_split(split: Split, class_names: Sequence[str]) -> None:
    """Raise FtguiError where there is nothing to learn from or nothing to judge on."""
    check_learning(split.train, class_names)
    if not split.val:
        raise FtguiError(
            "No readable picture is left for validation.", "Add pictures: each class needs at least two."
        )


def check_learning(pictures: Sequence[Picture], class_names: Sequence[str]) -> None:
    """Raise FtguiError where there is nothing to learn from, of all classes or of one."""
    if len(pictures) < 2:
        raise FtguiError(
            "There are fewer than two readable training pictures.", "Add pictures to the class folders."
        )
    present = {picture.label for picture in pictures}
    missing = [name for label, name in enumerate(class_names) if label not in present]
    if missing:
        raise FtguiError(
            f"No picture of {shown(missing)} can be used to learn from.",
            "Mend or replace its files, or take its folder away.",
        )


def stage_infos(applied: AppliedPlan) -> tuple[StageInfo, ...]:
    """Return what each stage is and may do, from the input to the head."""
    return tuple(
        StageInfo(
            name=stage.name,
            parameters=stage.parameters,
            cost_share=stage.cost_share,
            learns=plan.learns,
            lr_mult=plan.lr_mult,
            in_optimizer=plan.in_optimizer,
            from_epoch=plan.from_epoch,
        )
        for stage, plan in zip(applied.stages, applied.plan.stages, strict=True)
    )
