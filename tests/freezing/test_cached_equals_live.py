"""Computed once or in every epoch, a network learns the same: the same batches, figures and weights, to 1e-5.

In fp32 on one thread. What is kept goes through folded norms, so the last bits differ, by no more than fp32
itself does from the truth; and since learning makes more of them (norms that see few numbers most of all),
steps are small here, and where many norms learn the measure is a live run whose pictures differ in their last
bits. That both ways would differ by far more if a view, a picture, a mode or a random number
were another one is shown as well.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ftgui.core.process import give_freed_memory_back
from ftgui.data.pixels import PixelStore
from ftgui.data.scan import scan_dataset
from ftgui.freezing.apply import AppliedPlan
from ftgui.jobs.prepare import initial_network
from ftgui.models.identify import recognise
from ftgui.models.splitting import Halves
from ftgui.models.stages import find_stages
from ftgui.models.weights import read_weights
from ftgui.training import passages as passages_module
from ftgui.training import trainer as trainer_module
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig
from ftgui.training.kept import FeaturePlace
from ftgui.training.loops import evaluate
from ftgui.training.passages import Caching, Passages
from ftgui.training.precision import Arithmetic
from tests import samples
from tests.freezing.training import Learned, Network, State, Stores, differing, learn, stores
from tests.freezing.training import folder as folder

pytestmark = pytest.mark.long  # many runs

TRAIN, VAL, EPOCHS, THAW = 20, 6, 3, 3
CLOSE = 1e-5
IN_MEMORY = Caching(None, 0.25)
VIEWS = {"none": 1, "flip": 2, "standard": 4}

SIZE = 64
DROPPING = ("mnasnet0_5", "mobilenet_v2")
"""Dropout stands before their output layer."""
EACH_LINE = ("shufflenet_v2_x0_5", "mobilenet_v2")
OTHERS = ("resnet18", "mobilenet_v3_small", "densenet121", "swin_t", "squeezenet1_1")
"""Of each kind: norms that fold and norms that do not, attention and StochasticDepth, no norms at all."""


@pytest.fixture(autouse=True, scope="module")
def memory_given_back() -> Iterator[None]:
    """Forget the large networks that the tests here share."""
    yield
    network.cache_clear()
    give_freed_memory_back()


@functools.cache
def network(folder: Path, architecture: str) -> Network:
    return Network(folder, architecture, SIZE)


def pictures_of(folder: Path, augment: str = "flip") -> Stores:
    return stores(folder, SIZE, TRAIN, VAL, augment)


def learning(architecture: str, strategy: str = "freeze") -> dict[str, Any]:
    """Return steps so small that last bits stay last bits; those of the head alone cannot do otherwise."""
    how: dict[str, Any] = {"epochs": EPOCHS, "strategy": strategy}
    if strategy == "freeze":
        return how | {"batch_size": 6, "lr": 1e-3}
    return how | {"batch_size": 10, "lr": 1e-5 if architecture in DROPPING else 1e-4}


@dataclass(frozen=True)
class Batch:
    """What reached a training step."""

    inputs: torch.Tensor
    labels: list[int]


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[Batch]:
    """The batches of every training step, in their order."""
    seen: list[Batch] = []
    real = trainer_module.train_step

    def note(*arguments: Any) -> Any:
        inputs, labels = arguments[3:5]
        seen.append(Batch(inputs.clone(), labels.tolist()))
        return real(*arguments)

    monkeypatch.setattr(trainer_module, "train_step", note)
    return seen


def both(
    folder: Path, architecture: str, augment: str = "flip", caching: Caching = IN_MEMORY, **settings: Any
) -> tuple[Learned, Learned]:
    """Learn with what is frozen computed once, and with everything computed live."""
    fixed = learning(architecture, settings.get("strategy", "freeze")) | {"augment": augment}
    pictures, subject = pictures_of(folder, augment), network(folder, architecture)
    keep = range(1, EPOCHS + 1)
    kept = learn(subject, pictures, keep=keep, caching=caching, **(fixed | settings))
    live = learn(subject, pictures, keep=keep, **(fixed | settings))
    return kept, live


def forwards(learned: Learned) -> int:
    return learned.trainer.passages.counters.prefix_forwards


def apart(first: State, second: State) -> float:
    """Return how far apart weights are at most: that of an entry, as a share of its length, or of 1."""
    assert first.keys() == second.keys()
    return max(
        ((first[name] - tensor).double().norm() / (1 + tensor.double().norm())).item()
        for name, tensor in second.items()
    )


def losses_apart(first: Learned, second: Learned) -> float:
    """Return how far apart the losses of training and validation are, at most, as a share, or of 1."""
    pairs = [
        (getattr(mine, name), getattr(others, name))
        for mine, others in zip(first.ended, second.ended, strict=True)
        for name in ("train_loss", "val_loss")
    ]
    return max(abs(mine - others) / max(1.0, others) for mine, others in pairs)


def weights_apart(first: Learned, second: Learned) -> float:
    """The same of the weights after each epoch."""
    assert first.kept.keys() == second.kept.keys() == {*range(1, len(first.ended) + 1)}
    return max(apart(state, second.kept[epoch]) for epoch, state in first.kept.items())


def assert_close(kept: Learned, live: Learned, nudged: Learned | None = None) -> None:
    """Check that all that was told, learned and left, epoch by epoch, is the same to 1e-5.

    Or not much further apart than a live run is from one whose pictures were ``nudged``.
    """
    within = [
        max(CLOSE, 10 * far(nudged, live)) if nudged else CLOSE for far in (losses_apart, weights_apart)
    ]
    assert losses_apart(kept, live) < within[0]
    assert weights_apart(kept, live) < within[1]
    assert max(within) < 0.1, "the network makes so much of last bits that nothing is shown"
    for mine, others in zip(kept.ended, live.ended, strict=True):
        assert mine.lr == others.lr
        assert mine.frozen_tensors == others.frozen_tensors
        if nudged is None:
            assert (mine.train_accuracy, mine.val_accuracy) == (others.train_accuracy, others.val_accuracy)
    assert kept.moved() == live.moved()
    assert kept.rates == live.rates


def learn_nudged(folder: Path, architecture: str, **settings: Any) -> Learned:
    """Learn live from pictures whose numbers are changed in their last two bits, or not."""
    real, generator = Arithmetic.inputs, torch.Generator().manual_seed(0)

    def inputs(arithmetic: Arithmetic, pixels: torch.Tensor) -> torch.Tensor:
        exact = real(arithmetic, pixels)
        return exact * (1 + (torch.randint(0, 3, exact.shape, generator=generator) - 1) * 2.0**-22)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Arithmetic, "inputs", inputs)
        how = learning(architecture, settings["strategy"]) | settings
        pictures, keep = pictures_of(folder), range(1, EPOCHS + 1)
        return learn(network(folder, architecture), pictures, keep=keep, augment="flip", **how)


def assert_same_batches(
    kept: list[Batch], live: list[Batch], prefixes: list[nn.Module | None], count: int
) -> None:
    """Check that the kept batches are the live ones, in their order, behind the frozen stages of each epoch.

    A prefix of None stands for an epoch in which nothing is frozen.
    """
    assert len(kept) == len(live) == len(prefixes) * count
    for number, (mine, others) in enumerate(zip(kept, live, strict=True)):
        prefix = prefixes[number // count]
        assert mine.labels == others.labels
        if prefix is None:
            assert torch.equal(mine.inputs, others.inputs)
            continue
        expected = given(prefix, others.inputs)
        if number == 0:
            truth = given(copy.deepcopy(prefix).double(), others.inputs.double())
            error, scale = (expected - truth).abs().max().item(), truth.abs().max().item()
            assert error < 10 * CLOSE * scale
        assert (mine.inputs - expected).abs().max().item() < max(5 * error, CLOSE * scale)
        rows = expected.flatten(1)
        between = torch.cdist(rows, rows).fill_diagonal_(torch.inf).min().item()
        assert between > 1000 * error, "two pictures of a batch are too alike to be told apart"


def given(part: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        features: torch.Tensor = part(inputs)
    return features


def frozen_stages(learned: Learned, line: int) -> nn.Module:
    """Return the stages up to the line as they were and are, in eval mode, with their norms as they come."""
    applied = learned.trainer.applied
    model = copy.deepcopy(applied.model).eval()
    return Halves(model, applied.stages, line).prefix


# Every way of freezing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("augment", VIEWS)
@pytest.mark.parametrize("architecture", ["shufflenet_v2_x0_5", *DROPPING])
def test_a_frozen_extractor_gives_the_same_batches_figures_and_weights(
    folder: Path, batches: list[Batch], architecture: str, augment: str
) -> None:
    kept, live = both(folder, architecture, augment)
    assert_close(kept, live)
    assert kept.moved() == {entry for entry in kept.end if entry in kept.with_gradient}
    assert forwards(kept) == TRAIN * VIEWS[augment] + VAL
    assert forwards(live) == EPOCHS * (TRAIN + VAL)
    half = len(batches) // 2
    with samples.one_thread():
        prefix = frozen_stages(kept, len(kept.trainer.applied.stages) - 1)
        assert_same_batches(batches[:half], batches[half:], [prefix] * EPOCHS, count=4)


def lines_of(folder: Path, architecture: str) -> list[str]:
    return [stage.name for stage in network(folder, architecture).stages[:-1]]


def check_each_line(folder: Path, architecture: str, batches: list[Batch]) -> None:
    lines = lines_of(folder, architecture)
    assert len(lines) > 3
    for number, line in enumerate(lines, start=1):
        settings = {"strategy": "partial", "freeze_until": line}
        batches.clear()
        kept, live = both(folder, architecture, **settings)
        half = len(batches) // 2
        with samples.one_thread():
            prefix = frozen_stages(kept, number)
            assert_same_batches(batches[:half], batches[half:], [prefix] * EPOCHS, count=2)
        assert_close(kept, live, learn_nudged(folder, architecture, **settings))
        assert forwards(kept) == 2 * TRAIN + VAL < forwards(live)


@pytest.mark.parametrize("architecture", EACH_LINE)
def test_partial_at_every_line_gives_the_same_batches_figures_and_weights(
    folder: Path, batches: list[Batch], architecture: str
) -> None:
    check_each_line(folder, architecture, batches)


@pytest.mark.parametrize("augment", VIEWS)
@pytest.mark.parametrize("architecture", ["mnasnet0_5"])
def test_partial_with_dropout_behind_the_line_gives_the_same_with_every_augmentation(
    folder: Path, architecture: str, augment: str
) -> None:
    kept, live = both(folder, architecture, augment, strategy="partial")
    assert_close(kept, live)
    assert forwards(kept) == TRAIN * VIEWS[augment] + VAL


@pytest.mark.parametrize("architecture", ["shufflenet_v2_x0_5", "mnasnet0_5"])
def test_a_thaw_gives_the_same_before_and_after_its_epoch(
    folder: Path, batches: list[Batch], architecture: str
) -> None:
    kept, live = both(folder, architecture, strategy="thaw", thaw_epoch=THAW)
    assert_close(kept, live)
    assert forwards(kept) == 2 * TRAIN + VAL
    assert forwards(live) == (THAW - 1) * (TRAIN + VAL)
    half, stages = len(batches) // 2, kept.trainer.applied.stages
    with samples.one_thread():
        start = copy.deepcopy(network(folder, architecture).initial(kept.trainer.config)).eval()
        prefix = Halves(start, stages, len(stages) - 1).prefix
        assert_same_batches(batches[:half], batches[half:], [prefix, prefix, None], count=2)
    moved = {name for name in kept.moved() if name not in kept.moved(THAW - 1)}
    assert len(moved) > 50, "the extractor did join"


@pytest.mark.parametrize("strategy", ["freeze", "partial"])
@pytest.mark.parametrize("architecture", OTHERS)
def test_networks_of_every_kind_learn_the_same(folder: Path, architecture: str, strategy: str) -> None:
    kept, live = both(folder, architecture, strategy=strategy)
    assert_close(kept, live)
    assert forwards(kept) == 2 * TRAIN + VAL < forwards(live)


@pytest.mark.long
@pytest.mark.parametrize("architecture", ["mnasnet0_5", *(name for name in OTHERS if name != "swin_t")])
def test_networks_of_every_kind_learn_the_same_at_every_line(
    folder: Path, batches: list[Batch], architecture: str
) -> None:
    check_each_line(folder, architecture, batches)


@pytest.mark.long
def test_a_vision_transformer_learns_the_same(folder: Path) -> None:
    subject = Network(folder, "vit_b_16", 32, image_size=32)
    pictures = stores(folder, 32, TRAIN, VAL, "flip")
    for strategy in ("freeze", "partial"):
        settings = learning("vit_b_16", strategy) | {"epochs": 2}
        kept = learn(subject, pictures, keep=(1, 2), caching=IN_MEMORY, **settings)
        live = learn(subject, pictures, keep=(1, 2), **settings)
        assert_close(kept, live)
        assert forwards(kept) == 2 * TRAIN + VAL < forwards(live)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "adamw", "weight_decay": 0.1},
        {"clip_grad": 0.5, "label_smoothing": 0.1, "class_weights": "balanced", "warmup_epochs": 1},
        {"schedule": "step", "momentum": 0.5, "batch_size": 5},
    ],
    ids=["adamw", "shaped", "step"],
)
def test_other_settings_learn_the_same(folder: Path, settings: dict[str, Any]) -> None:
    kept, live = both(folder, "shufflenet_v2_x0_5", **settings)
    assert_close(kept, live)
    assert forwards(kept) == 2 * TRAIN + VAL


def test_a_stage_at_learning_rate_0_moves_the_line_and_learns_the_same(
    folder: Path, batches: list[Batch]
) -> None:
    stage = lines_of(folder, "shufflenet_v2_x0_5")[-1]
    kept, live = both(folder, "shufflenet_v2_x0_5", stage_lr={stage: 0.0})
    assert_close(kept, live)
    assert forwards(kept) == 2 * TRAIN + VAL
    assert batches[0].inputs.ndim == 4, "features of the stage before it"
    assert len(kept.moved()) == 2


@pytest.mark.parametrize("norm", ["adapt", "trainable"])
def test_norms_that_move_are_learned_live_either_way_bit_for_bit(folder: Path, norm: str) -> None:
    kept, live = both(folder, "shufflenet_v2_x0_5", norm=norm)
    assert differing(kept.end, live.end) == set()
    assert kept.figures() == live.figures()
    assert forwards(kept) == forwards(live) == EPOCHS * (TRAIN + VAL)


@pytest.mark.parametrize("strategy", ["full", "small-lr", "lr-zero"])
def test_where_nothing_is_frozen_the_weights_are_the_same_bit_for_bit_and_a_folded_judge_says_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    monkeypatch.setattr(passages_module, "FOLD_FROM", 1)
    kept, live = both(folder, "mnasnet0_5", strategy=strategy)
    assert differing(kept.end, live.end) == set()
    assert_close(kept, live)
    assert forwards(kept) == forwards(live) == 0
    assert [e.val_loss for e in kept.ended] != [e.val_loss for e in live.ended], "it was not folded"


# Cold and warm --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("augment", VIEWS)
@pytest.mark.parametrize("strategy", ["freeze", "partial", "thaw"])
def test_from_memory_from_the_disk_and_found_again_a_network_learns_the_same_bit_for_bit(
    folder: Path, tmp_path: Path, strategy: str, augment: str
) -> None:
    place = FeaturePlace(tmp_path / "features", 10**9)
    settings = learning("mnasnet0_5", strategy) | {"thaw_epoch": THAW, "augment": augment}
    subject, pictures = network(folder, "mnasnet0_5"), pictures_of(folder, augment)

    def learned(caching: Caching) -> Learned:
        return learn(subject, pictures, keep=(1, 2), caching=caching, **settings)

    first = learned(IN_MEMORY)
    every = TRAIN * VIEWS[augment] + VAL
    for caching, computed in ((Caching(place), every), (Caching(place), 0), (Caching(place, 0.0), 0)):
        other = learned(caching)
        assert (forwards(other), other.trainer.passages.counters.cache_hits) == (computed, every - computed)
        assert differing(first.end, other.end) == set()
        assert differing(first.kept[1], other.kept[1]) == set()
        assert first.figures() == other.figures()


# That it could be otherwise -------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["freeze", "partial"])
def test_a_dropout_that_drops_nothing_or_something_else_would_be_seen(
    folder: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    kept, live = both(folder, "mnasnet0_5", strategy=strategy)
    assert losses_apart(kept, live) < CLOSE
    with monkeypatch.context() as patch:
        patch.setattr(nn.Dropout, "forward", lambda _, features: features)
        dead, _ = both(folder, "mnasnet0_5", strategy=strategy)
    assert losses_apart(dead, live) > 1000 * CLOSE
    with monkeypatch.context() as patch:
        patch.setattr(trainer_module, "torch_seed", lambda *_: 7)
        drawn_anew, _ = both(folder, "mnasnet0_5", strategy=strategy)
    assert losses_apart(drawn_anew, live) > 1000 * CLOSE


def test_another_view_or_another_picture_would_be_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, live = both(folder, "shufflenet_v2_x0_5")
    assert losses_apart(kept, live) < CLOSE
    real = passages_module.Activations.batch

    def mirrored(feed: Any, indices: Any, view: Any = None) -> torch.Tensor:
        return real(feed, indices, None if view is None else 1 - view)

    def shifted(feed: Any, indices: Any, view: Any = None) -> torch.Tensor:
        return real(feed, indices if view is None else (indices + 1) % TRAIN, view)

    for wrong in (mirrored, shifted):
        with monkeypatch.context() as patch:
            patch.setattr(passages_module.Activations, "batch", wrong)
            other, _ = both(folder, "shufflenet_v2_x0_5")
        assert losses_apart(other, live) > 100 * CLOSE


# Fewer bits -----------------------------------------------------------------------------------------------


def probabilities(applied: AppliedPlan, pictures: Stores, precision: str, caching: Caching | None) -> Any:
    """Return what a network says of the validation pictures in an arithmetic."""
    arithmetic = Arithmetic(torch.device("cpu"), precision, pictures.val.preprocessing)
    again = AppliedPlan(copy.deepcopy(applied.model), applied.plan, applied.stages)
    arithmetic.place(again.model)
    passages = Passages(again, pictures.train, pictures.val, arithmetic, "any", caching)
    for _ in passages.prepare(1, RunClock()):
        pass
    *_, (_, judged) = evaluate(*passages.judge(1))
    assert judged is not None
    assert judged.probabilities.isfinite().all()
    return judged.probabilities


def changed(first: torch.Tensor, second: torch.Tensor) -> int:
    """Return how many predictions change."""
    assert first.shape == second.shape
    return int((first.argmax(dim=1) != second.argmax(dim=1)).sum())


@pytest.mark.parametrize("strategy", ["freeze", "partial"])
@pytest.mark.parametrize("architecture", ["mnasnet0_5", "resnet18"])
def test_in_fewer_bits_kept_and_live_features_of_one_network_say_nearly_the_same(
    folder: Path, architecture: str, strategy: str
) -> None:
    pictures = stores(folder, SIZE, TRAIN, 20, "flip")
    learned = learn(
        network(folder, architecture), pictures, **(learning(architecture, strategy) | {"lr": 0.01})
    )
    applied = learned.trainer.applied
    with samples.one_thread():
        exact = probabilities(applied, pictures, "fp32", None)
        live = probabilities(applied, pictures, "bf16", None)
        kept = probabilities(applied, pictures, "bf16", IN_MEMORY)
    assert not torch.equal(kept, exact), "it did not compute in fewer bits"
    assert changed(kept, live) <= 4, f"{changed(kept, live)} of 20 predictions change"


@pytest.mark.real_data
@pytest.mark.parametrize("architecture", ["mobilenet_v2", "squeezenet1_1"])
def test_real_weights_say_the_same_of_real_photos(real_data: Path, architecture: str) -> None:
    """In fp32 to 1e-5; in fewer bits nearly the same."""
    weights = read_weights(real_data / "weights" / f"{architecture}-imagenet.pth")
    recognition, config = recognise(weights), TrainConfig(dataset="", weights="")
    model = initial_network(config, weights, recognition, classes=2)
    stages = find_stages(model, recognition.preprocessing.crop)
    applied = AppliedPlan(model, config.plan(tuple(stage.name for stage in stages)), stages)
    photos = scan_dataset(real_data / "hymenoptera_data").val[::5]
    train, val = (
        PixelStore(real_data / "hymenoptera_data", some, recognition.preprocessing)
        for some in (photos[:2], photos)
    )
    live, kept, few_live, few_kept = (
        probabilities(applied, Stores(train, val), precision, caching)
        for precision in ("fp32", "bf16")
        for caching in (None, IN_MEMORY)
    )
    assert live[:, 0].std() > 0.01
    torch.testing.assert_close(kept, live, rtol=0, atol=CLOSE)
    assert changed(few_kept, few_live) <= len(live) // 10


def test_a_config_that_says_nothing_of_the_cache_has_it_on() -> None:
    assert TrainConfig(dataset="", weights="").cache == "on"
