"""Batches, running means, one pass that judges."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ftgui.data.dataset import Picture
from ftgui.data.pixels import PixelStore
from ftgui.training import loops
from ftgui.training.feeds import Passage, PixelFeed
from ftgui.training.loops import Evaluation, RunningMean, epoch_batches, evaluate, train_step
from ftgui.training.objective import Objective
from ftgui.training.precision import Arithmetic
from tests import samples
from tests.fixtures import SMALL

COUNTS, SIZES, SEEDS = st.integers(2, 200), st.integers(1, 64), st.integers(0, 2**31 - 1)
CPU = Arithmetic(torch.device("cpu"), "fp32", SMALL)
NO_PICTURES = PixelFeed(PixelStore(Path(), (), SMALL), CPU)


def step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    objective: Objective,
    pixels: torch.Tensor,
    labels: torch.Tensor,
    clip: float | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Take a training step on uint8 pixels."""
    passage = Passage(model, NO_PICTURES, NO_PICTURES, CPU)
    return train_step(passage, optimizer, objective, CPU.inputs(pixels), labels, clip)


@given(COUNTS, SIZES, SEEDS, st.integers(1, 1000))
def test_an_epoch_shows_each_picture_exactly_once(count: int, size: int, seed: int, epoch: int) -> None:
    batches = epoch_batches(count, size, seed, epoch)
    assert sorted(np.concatenate(batches).tolist()) == list(range(count))


@given(COUNTS, st.integers(2, 64), SEEDS)
def test_no_batch_has_a_single_picture_and_none_but_the_last_is_of_another_size(
    count: int, size: int, seed: int
) -> None:
    """BatchNorm in train mode fails on one picture, so a last one joins the batch before it."""
    sizes = [len(batch) for batch in epoch_batches(count, size, seed, 1)]
    assert all(n == size for n in sizes[:-1])
    assert 2 <= sizes[-1] <= size + 1


@pytest.mark.parametrize(
    ("count", "size", "sizes"),
    [(9, 4, [4, 5]), (10, 4, [4, 4, 2]), (8, 4, [4, 4]), (3, 4, [3]), (5, 1, [1, 1, 1, 2]), (1, 4, [1])],
)
def test_batches_are_of_these_sizes(count: int, size: int, sizes: list[int]) -> None:
    assert [len(batch) for batch in epoch_batches(count, size, 0, 1)] == sizes


@given(COUNTS, SIZES, SEEDS, st.integers(1, 1000))
def test_the_order_is_a_function_of_seed_and_epoch_alone(
    count: int, size: int, seed: int, epoch: int
) -> None:
    torch.manual_seed(seed + 1)
    first = np.concatenate(epoch_batches(count, size, seed, epoch))
    torch.manual_seed(seed + 2)
    second = np.concatenate(epoch_batches(count, 2 * size, seed, epoch))
    assert first.tolist() == second.tolist()


def test_each_epoch_and_each_seed_has_its_own_order() -> None:
    orders = {tuple(np.concatenate(epoch_batches(50, 8, seed, epoch))) for seed in (0, 1) for epoch in (1, 2)}
    assert len(orders) == 4
    assert tuple(range(50)) not in orders


def test_a_running_mean_weighs_a_batch_by_its_pictures() -> None:
    mean = RunningMean(torch.device("cpu"))
    mean.add(torch.tensor(1.0), torch.tensor([[9.0, 0.0], [9.0, 0.0], [0.0, 9.0]]), torch.tensor([0, 1, 1]))
    mean.add(torch.tensor(5.0), torch.tensor([[9.0, 0.0]]), torch.tensor([1]))
    assert mean.read() == pytest.approx(((3 * 1 + 5) / 4, 2 / 4))
    assert mean.pictures == 4


PLAIN = Objective()


class Linear(nn.Module):
    """Classes from mean colours: small enough to reckon along."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.fc = nn.Linear(3, 3)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.fc(pixels.mean(dim=(2, 3)))


def test_a_step_moves_weights_against_the_gradient_of_the_mean_loss() -> None:
    model, labels = Linear(), torch.tensor([0, 1])
    pixels = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8)
    before = model.fc.bias.detach().clone()
    expected = model(
        (pixels / 255 - torch.tensor(SMALL.mean).view(3, 1, 1)) / torch.tensor(SMALL.std).view(3, 1, 1)
    )
    gradient = torch.autograd.grad(nn.functional.cross_entropy(expected, labels), model.fc.bias)[0]
    loss, logits = step(model, torch.optim.SGD(model.parameters(), lr=0.5), PLAIN, pixels, labels)
    torch.testing.assert_close(logits, expected)
    torch.testing.assert_close(model.fc.bias.detach(), before - 0.5 * gradient)
    assert loss.item() == pytest.approx(nn.functional.cross_entropy(expected, labels).item())


def test_gradients_of_the_step_before_are_forgotten() -> None:
    pixels, labels = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8), torch.tensor([0, 1])
    ends = []
    for left_over in (None, 100.0):
        model = Linear()
        for parameter in model.parameters():
            parameter.grad = None if left_over is None else torch.full_like(parameter, left_over)
        step(model, torch.optim.SGD(model.parameters(), lr=0.5), PLAIN, pixels, labels)
        ends.append(model.fc.weight.detach().clone())
    assert torch.equal(*ends)


@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_takes_no_step(poison: float) -> None:
    model = Linear()
    with torch.no_grad():
        model.fc.bias[0] = poison
    before = model.fc.weight.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    pixels = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    loss, _ = step(model, optimizer, PLAIN, pixels, torch.tensor([0, 1]))
    assert not torch.isfinite(loss)
    assert torch.equal(model.fc.weight.detach(), before)


def test_a_step_is_no_longer_than_asked_for() -> None:
    pixels, labels = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8), torch.tensor([0, 1])
    lengths = []
    for clip in (None, 1e-3):
        model, before = Linear(), Linear()
        step(model, torch.optim.SGD(model.parameters(), lr=0.5), PLAIN, pixels, labels, clip)
        gone = [a - b for a, b in zip(model.parameters(), before.parameters(), strict=True)]
        lengths.append(torch.cat([g.detach().flatten() for g in gone]).norm().item())
    assert lengths[0] > 0.01
    assert lengths[1] == pytest.approx(0.5e-3, rel=1e-3)


def test_a_step_makes_the_objective_small_and_says_what_that_was() -> None:
    """With the labels shared out evenly among all three classes, and the second counting twice."""
    pixels, labels = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8), torch.tensor([0, 1])
    model = Linear()
    weights = torch.tensor([1.0, 2.0, 1.0])
    objective = Objective(label_smoothing=0.3, class_weights=weights)
    loss, logits = step(model, torch.optim.SGD(model.parameters(), lr=0.5), objective, pixels, labels)
    chances = logits.detach().log_softmax(dim=1)
    own = -(0.7 * chances[[0, 1], labels] * weights[labels]).sum() / weights[labels].sum()
    shared = -(0.3 / 3 * chances * weights).sum() / weights[labels].sum()
    assert loss.item() == pytest.approx((own + shared).item(), rel=1e-5)
    assert loss.item() != pytest.approx(nn.functional.cross_entropy(logits, labels).item(), rel=1e-3)


@pytest.fixture
def store(tmp_path: Path) -> PixelStore:
    samples.draw_dataset(tmp_path / "data", classes=3, per_class=3)
    pictures = [
        Picture(f"{name}/{number:03}.png", label)
        for label, name in enumerate(samples.CLASS_NAMES[:3])
        for number in range(3)
    ]
    store = PixelStore(tmp_path / "data", pictures, SMALL, threads=1)
    for _ in store.load():
        pass
    return store


def judged(model: nn.Module, store: PixelStore) -> tuple[list[int], Evaluation]:
    steps = list(evaluate(model, PixelFeed(store, CPU), CPU))
    assert isinstance(steps[-1][1], Evaluation)
    return [done for done, _ in steps], steps[-1][1]


def test_a_judgement_is_of_every_picture_in_order(store: PixelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """In batches of at most four here, all about as large."""
    monkeypatch.setattr(loops, "EVALUATION_BATCH", 4)
    model = Linear()
    done, found = judged(model, store)
    logits = CPU.forward(model, CPU.inputs(store.batch(range(9)))).detach()
    assert done == [3, 6, 9, 9]
    torch.testing.assert_close(found.probabilities, logits.softmax(dim=1))
    assert found.accuracy == (logits.argmax(1) == store.labels).sum().item() / 9
    assert found.loss == pytest.approx(nn.functional.cross_entropy(logits, store.labels).item())


def test_a_judgement_is_made_in_eval_mode_and_moves_nothing(store: PixelStore) -> None:
    model = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(0.5), Linear())
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first, second = judged(model, store)[1], judged(model, store)[1]
    assert torch.equal(first.probabilities, second.probabilities)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
