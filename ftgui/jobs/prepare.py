"""Everything decided before the first batch: the split, the network, the plan on it, the device.

The transfer-learning steps stand here one after the other: read the pretrained parameters, build the model
they belong to, ``load_state_dict``, replace the output layer, freeze or slow the extractor, pick the device.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from torch import nn

from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Dataset, Split
from ftgui.data.scan import scan_dataset
from ftgui.data.split import split_dataset
from ftgui.data.views import view_count
from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.plan import make_plan
from ftgui.models.architectures import IMAGENET_CLASSES
from ftgui.models.head import replace_output_layer
from ftgui.models.identify import Recognition, recognise
from ftgui.models.matching import image_size
from ftgui.models.pretrained import load_pretrained, random_model
from ftgui.models.stages import find_stages
from ftgui.models.weights import WeightsFile, read_weights
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig, check_class_count, check_config
from ftgui.training.devices import DeviceChoice, choose_device
from ftgui.training.events import PhaseProgress, RunStarted, StageInfo, TrainingEvent
from ftgui.training.precision import resolve_precision


@dataclass(frozen=True)
class Prepared:
    """What is known before anything is written or decoded."""

    config: TrainConfig
    """With every default filled in: it repeats the run."""
    dataset: Dataset
    split: Split
    class_names: tuple[str, ...]
    weights_sha256: str
    recognition: Recognition
    architecture: str
    applied: AppliedPlan
    device: DeviceChoice

    def started(self, run: Path, split: Split) -> RunStarted:
        """Return the event that begins the run, on the pictures that could be read."""
        applied, config = self.applied, self.config
        return RunStarted(
            run=str(run.absolute()),
            config=config,
            architecture=self.architecture,
            class_names=self.class_names,
            preprocessing=self.recognition.preprocessing,
            weights_sha256=self.weights_sha256,
            stages=stage_infos(applied),
            device=self.device.name,
            device_why=self.device.why,
            precision=config.precision,
            threads=torch.get_num_threads(),
            train_pictures=len(split.train),
            val_pictures=len(split.val),
            parameters=sum(p.numel() for p in applied.model.parameters()),
            trainable_parameters=applied.trainable_parameters(),
            frozen_tensors=len(applied.frozen_entries()),
        )


def prepare(config: TrainConfig, clock: RunClock) -> Generator[TrainingEvent, None, Prepared]:
    """Read, build and decide; nothing is written.

    Raises:
        FtguiError: the settings, the dataset, the weights or the device do not do.
    """
    check_config(config)
    device = choose_device(config.device)
    with clock.phase("reading"):
        dataset = scan_dataset(Path(config.dataset).expanduser())
        classes = check_class_count(config.classes, len(dataset.class_names))
        split = split_dataset(dataset, config.val_fraction, config.seed)
        check_split(split)
        yield PhaseProgress(phase="reading weights", done=0, total=1)
        weights = read_weights(Path(config.weights).expanduser())
        recognition = recognise(weights, config.architecture)
        architecture = known_architecture(recognition)
    with clock.phase("building"):
        applied = build(config, weights, recognition, classes)
    yield PhaseProgress(phase="reading weights", done=1, total=1)
    return Prepared(
        config=filled_in(config, classes, architecture),
        dataset=dataset,
        split=split,
        class_names=output_names(dataset.class_names, classes),
        weights_sha256=weights.sha256,
        recognition=recognition,
        architecture=architecture,
        applied=applied,
        device=device,
    )


def build(config: TrainConfig, weights: WeightsFile, recognition: Recognition, classes: int) -> AppliedPlan:
    """Build the network that is trained: pretrained parameters, a new output layer, the plan applied."""
    model = starting_model(config, weights, recognition)
    replace_output_layer(model, classes, config.seed)
    stages = find_stages(model, recognition.preprocessing.crop)
    names = tuple(stage.name for stage in stages)
    plan = make_plan(config.strategy, names, backbone_lr_mult=config.backbone_lr_mult, norm=config.norm)
    return AppliedPlan(model, plan, stages)


def starting_model(config: TrainConfig, weights: WeightsFile, recognition: Recognition) -> nn.Module:
    """Return the network with the file's weights, or the same architecture with random ones."""
    if config.init == "random":
        size = image_size({key: tuple(tensor.shape) for key, tensor in weights.entries.items()})
        classes = recognition.num_classes or IMAGENET_CLASSES
        return random_model(known_architecture(recognition), classes, config.seed, size)
    return load_pretrained(weights, recognition)


def filled_in(config: TrainConfig, classes: int, architecture: str) -> TrainConfig:
    """Return a config with every default written out, so that it repeats the run."""
    return msgspec.structs.replace(
        config,
        dataset=str(Path(config.dataset).expanduser().absolute()),
        weights=str(Path(config.weights).expanduser().absolute()),
        architecture=architecture,
        classes=classes,
        lr=config.head_lr,
        views=view_count(config.augment, config.views),
        precision=resolve_precision(config.precision),
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


def check_split(split: Split) -> None:
    """Raise FtguiError where there is nothing to learn from or nothing to judge on."""
    if len(split.train) < 2:
        raise FtguiError(
            "There are fewer than two readable training pictures.", "Add pictures to the class folders."
        )
    if not split.val:
        raise FtguiError(
            "No readable picture is left for validation.", "Add pictures: each class needs at least two."
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
        )
        for stage, plan in zip(applied.stages, applied.plan.stages, strict=True)
    )
