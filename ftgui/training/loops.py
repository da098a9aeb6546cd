"""The two loops: one pass that learns, one that judges."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ftgui.core.hashing import stable_permutation
from ftgui.training.feeds import Feed, Passage
from ftgui.training.objective import Objective
from ftgui.training.optimizers import FUSED_DEVICES, learn_from
from ftgui.training.precision import Arithmetic

EVALUATION_BATCH = 64
"""Without gradients a batch needs little memory, so the user's batch size does not matter here."""


@dataclass(frozen=True)
class Evaluation:
    """What a network says of every picture of a split."""

    loss: float
    accuracy: float
    probabilities: torch.Tensor
    """(pictures, classes), on the CPU, in the order of the split."""


class RunningMean:
    """Loss and accuracy over an epoch so far, summed on the device and read when they are to be shown."""

    def __init__(self, device: torch.device) -> None:
        self._sums = torch.zeros(2, dtype=torch.float64 if device.type != "mps" else torch.float32).to(device)
        self.pictures = 0

    def add(self, loss: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> None:
        correct = (logits.argmax(dim=1) == labels).sum()
        self._sums += torch.stack((loss * len(labels), correct)).to(self._sums.dtype)
        self.pictures += len(labels)

    def read(self) -> tuple[float, float]:
        """Return mean loss and accuracy; this is what waits for the device."""
        loss, correct = self._sums.tolist()
        return loss / self.pictures, correct / self.pictures


def epoch_batches(count: int, batch_size: int, seed: int, epoch: int) -> list[npt.NDArray[np.int64]]:
    """Return an epoch's batches of indices: an order that (seed, epoch) alone decide.

    A last batch of one joins the one before it: BatchNorm in train mode cannot learn from one picture.
    """
    order = stable_permutation(count, "order", seed, epoch)
    batches = [order[start : start + batch_size] for start in range(0, count, batch_size)]
    if len(batches) > 1 and len(batches[-1]) == 1:
        tail = batches.pop()
        batches[-1] = np.concatenate((batches[-1], tail))
    return batches


def train_step(
    passage: Passage,
    optimizer: torch.optim.Optimizer,
    objective: Objective,
    inputs: torch.Tensor,
    labels: torch.Tensor,
    clip_grad: float | None = None,
    scaler: torch.amp.GradScaler | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Do one forward, backward and step; return the batch's mean loss and its logits, on the device.

    A loss that is not finite takes no step.
    """
    optimizer.zero_grad(set_to_none=True)
    logits = passage.arithmetic.forward(passage.network, inputs)
    loss = objective(logits, labels)
    learn_from(loss, optimizer, clip_grad, scaler)
    return loss.detach(), logits.detach()


def step_of(network: nn.Module, arithmetic: Arithmetic) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return what does a training step on inputs of whatever class, at lr 0, and returns the logits."""
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(learning, lr=0.0, momentum=0.9, fused=arithmetic.device.type in FUSED_DEVICES)

    def step(inputs: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        logits = arithmetic.forward(network, inputs)
        labels = torch.zeros(len(inputs), dtype=torch.int64, device=arithmetic.device)
        nn.functional.cross_entropy(logits, labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return logits.detach()

    return step


def evaluate(
    network: nn.Module, feed: Feed, arithmetic: Arithmetic
) -> Iterator[tuple[int, Evaluation | None]]:
    """Judge every picture by a network in eval mode; yield (pictures done, None) a batch, then the result."""
    network.eval()
    count, logits = len(feed.labels), []
    for indices in np.array_split(np.arange(count), math.ceil(count / EVALUATION_BATCH)):
        with torch.inference_mode():
            logits.append(arithmetic.forward(network, feed.batch(indices)).cpu())
        yield int(indices[-1]) + 1, None
    yield count, _judged(torch.cat(logits), feed.labels)


def _judged(logits: torch.Tensor, labels: torch.Tensor) -> Evaluation:
    return Evaluation(
        loss=float(nn.functional.cross_entropy(logits, labels)),
        accuracy=int((logits.argmax(dim=1) == labels).sum()) / len(labels),
        probabilities=logits.softmax(dim=1),
    )
