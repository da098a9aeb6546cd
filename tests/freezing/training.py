"""The real trainer on networks and pictures small enough for hundreds of runs; nothing is written to disk."""

from __future__ import annotations

import copy
import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from torch import nn

from ftgui.core.hashing import content_name
from ftgui.core.preprocessing import Preprocessing
from ftgui.data.dataset import Picture
from ftgui.data.pixels import PixelStore, normalise
from ftgui.freezing.apply import AppliedPlan
from ftgui.jobs.prepare import initial_network
from ftgui.models import architectures
from ftgui.models.head import seeded
from ftgui.models.identify import Recognition, recognise
from ftgui.models.stages import Stage, find_stages
from ftgui.models.weights import WeightsFile
from ftgui.training import keeping
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import EpochEnded
from ftgui.training.objective import make_objective
from ftgui.training.passages import Caching, Passages
from ftgui.training.precision import Arithmetic
from ftgui.training.trainer import Trainer
from tests import samples

State = dict[str, torch.Tensor]

CLASSES = 2
PICTURES = 20
"""To learn from, at most; as many are drawn to be judged on."""
SOURCE_CLASSES = 7
"""What the pretrained networks were made for."""


def bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous().view(-1).view(torch.int32 if tensor.element_size() == 4 else torch.int64)


def differing(first: Mapping[str, torch.Tensor], second: Mapping[str, torch.Tensor]) -> set[str]:
    """Return the names of what differs in any bit; both have the same entries."""
    assert first.keys() == second.keys()
    return {name for name in first if not torch.equal(bits(first[name]), bits(second[name]))}


def state_of(model: nn.Module) -> State:
    """Return a copy of a model's entries."""
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@dataclass(frozen=True)
class Stores:
    """Decoded pictures of one size."""

    train: PixelStore
    val: PixelStore

    def normalised(self, numbers: Iterable[int], *, val: bool = False) -> torch.Tensor:
        """Return pictures as a network sees them."""
        store = self.val if val else self.train
        return normalise(store.batch(list(numbers)), store.preprocessing, "cpu")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn pictures; look, do not write."""
    return _drawn(tmp_path_factory.getbasetemp() / "few pictures")


@functools.cache
def _drawn(folder: Path) -> Path:
    return samples.draw_dataset(folder, classes=CLASSES, per_class=PICTURES)


@functools.cache
def stores(folder: Path, size: int, train: int, val: int, augment: str = "flip") -> Stores:
    """Return so many pictures of ``size`` x ``size`` pixels, of all classes in turn."""
    names = [
        Picture(f"{name}/{number:03}.png", label)
        for number in range(PICTURES)
        for label, name in enumerate(samples.CLASS_NAMES[:CLASSES])
    ]
    preprocessing = Preprocessing(resize=size, crop=size, name="few pixels")
    contents = {picture.path: content_name(folder / picture.path) for picture in names}
    made = Stores(
        PixelStore(folder, names[:train], preprocessing, augment=augment, contents=contents),
        PixelStore(folder, names[PICTURES : PICTURES + val], preprocessing, contents=contents),
    )
    for store in (made.train, made.val):
        for _ in store.load():
            pass
    return made


class Network:
    """A pretrained network as read from a weights file, with statistics that fit pictures of ``size``.

    That its features tell such pictures apart is asserted, or whatever stays in it would be no wonder.
    """

    def __init__(self, folder: Path, architecture: str, size: int, *, image_size: int | None = None) -> None:
        self.size = size
        with samples.one_thread():
            model = _calibrated(folder, architecture, size, image_size)
        entries = dict(model.state_dict())
        self.file = WeightsFile(
            path="", sha256="0" * 64, size_bytes=0, layout="state_dict", entries=entries, notes=()
        )
        self.recognition: Recognition = recognise(self.file)
        assert self.recognition.architecture == architecture
        self._models: dict[tuple[str, int], nn.Module] = {}
        self._stages: tuple[Stage, ...] = ()

    @property
    def stages(self) -> tuple[Stage, ...]:
        self._stages = self._stages or find_stages(
            self.initial(TrainConfig(dataset="", weights="")), self.size
        )
        return self._stages

    def initial(self, config: TrainConfig) -> nn.Module:
        """Return the model that a run of this config begins with a copy of; the last one is remembered."""
        key = (config.starting_weights, config.seed)
        if key not in self._models:
            self._models.clear()
            self._models[key] = initial_network(config, self.file, self.recognition, CLASSES)
        return self._models[key]


def _calibrated(folder: Path, architecture: str, size: int, image_size: int | None) -> nn.Module:
    """As ``samples.calibrated_model``, at another size."""
    pictures = stores(folder, size, PICTURES, PICTURES)
    with seeded(100):  # not a run's own seed, or random weights would be the pretrained ones
        model = architectures.build(architecture, SOURCE_CLASSES, image_size)
        norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm2d)]
        for norm in norms:
            norm.momentum = None  # the plain mean of all batches
        model.train()
        with torch.no_grad():
            for first in range(0, 16, 8) if norms else ():
                model(pictures.normalised(range(first, first + 8)))
        for norm in norms:
            norm.momentum = 0.1
    assert_features_vary(model.eval(), pictures.normalised(range(4), val=True))
    return model


def assert_features_vary(model: nn.Module, pixels: torch.Tensor) -> None:
    """Fail where the input of the output layer is nearly the same for different pictures."""
    layer = [part for part in model.modules() if isinstance(part, nn.Linear | nn.Conv2d)][-1]
    seen: list[torch.Tensor] = []
    handle = layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].flatten(1)))
    with torch.no_grad():
        model(pixels)
    handle.remove()
    spread = seen[0].std(dim=0).mean() / seen[0].abs().mean()
    assert spread > 0.02, f"the features of this network differ by {spread:.1e} of their size only"


@dataclass(frozen=True)
class Learned:
    """What a run did to a network."""

    start: State
    end: State
    kept: dict[int, State]
    """Parameters and buffers at the end of the epochs that were asked for."""
    with_gradient: frozenset[str]
    """The parameters whose gradient, at some step, was other than 0."""
    rates: tuple[dict[str, float], ...]
    """At each step, the learning rate of each parameter that is in the optimizer."""
    ended: tuple[EpochEnded, ...]
    trainer: Trainer

    def moved(self, epoch: int | None = None) -> set[str]:
        """Return what differs from the start at the end of a kept epoch, or of the run."""
        return differing(self.start, self.end if epoch is None else self.kept[epoch])

    def figures(self) -> list[tuple[Any, ...]]:
        """Return all that the run said of its epochs but for seconds."""
        rows = [msgspec.structs.asdict(epoch) for epoch in self.ended]
        return [tuple(value for name, value in row.items() if not name.endswith("seconds")) for row in rows]


def learn(
    network: Network,
    pictures: Stores,
    *,
    keep: Collection[int] = (),
    threads: int = 1,
    caching: Caching | None = None,
    **settings: Any,
) -> Learned:
    """Run the trainer on a copy of the network to its end; ``keep`` the states at the end of these epochs."""
    fixed = {"dataset": "", "weights": "", "device": "cpu", "precision": "fp32"}
    config = TrainConfig(**(fixed | settings))
    trainer = make_trainer(network, pictures, config, caching=caching)
    with samples.one_thread(), _nothing_written(), _steps_noted(trainer) as (with_gradient, rates):
        torch.set_num_threads(threads)
        ended, kept = _run(trainer, keep)
    start, end = network.initial(config).state_dict(), trainer.model.state_dict()
    return Learned(dict(start), dict(end), kept, frozenset(with_gradient), tuple(rates), ended, trainer)


def make_trainer(
    network: Network,
    pictures: Stores,
    config: TrainConfig,
    folder: Path = Path("nowhere"),
    caching: Caching | None = None,
) -> Trainer:
    """Return the real trainer of such a run, before its first batch; without ``caching``, the naive way."""
    plan = config.plan(tuple(stage.name for stage in network.stages))
    applied = AppliedPlan(copy.deepcopy(network.initial(config)), plan, network.stages)
    architecture = network.recognition.architecture
    assert architecture is not None
    arithmetic = Arithmetic(torch.device("cpu"), "fp32", pictures.train.preprocessing)
    return Trainer(
        config=config,
        applied=applied,
        passages=Passages(applied, pictures.train, pictures.val, arithmetic, architecture, caching),
        objective=make_objective(config, pictures.train.labels, CLASSES, torch.device("cpu")),
        folder=folder,
        control=RunControl(),
        clock=RunClock(),
    )


def _run(trainer: Trainer, keep: Collection[int]) -> tuple[tuple[EpochEnded, ...], dict[int, State]]:
    ended: list[EpochEnded] = []
    kept: dict[int, State] = {}
    for event in trainer.run():
        if isinstance(event, EpochEnded):
            ended.append(event)
            if event.epoch in keep:
                kept[event.epoch] = state_of(trainer.model)
    assert [epoch.epoch for epoch in ended] == [*range(1, trainer.config.epochs + 1)]
    return tuple(ended), kept


@contextmanager
def _nothing_written() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("save_weights", "save_checkpoint"):
            patch.setattr(keeping, name, lambda *_: None)
        yield


@contextmanager
def _steps_noted(trainer: Trainer) -> Iterator[tuple[set[str], list[dict[str, float]]]]:
    """Note, at each step, which parameters have a gradient that is not all 0, and every learning rate."""
    with_gradient: set[str] = set()
    rates: list[dict[str, float]] = []
    names = {id(parameter): name for name, parameter in trainer.model.named_parameters()}

    def note(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        held = [(p, group["lr"]) for group in optimizer.param_groups for p in group["params"]]
        rates.append({names[id(parameter)]: lr for parameter, lr in held})
        for parameter, _ in held:
            name = names[id(parameter)]
            if name not in with_gradient and parameter.grad is not None and bool(parameter.grad.any()):
                with_gradient.add(name)

    handle = trainer.optimizer.register_step_pre_hook(note)
    yield with_gradient, rates
    handle.remove()
