"""The two loops: one pass that learns, one that judges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ftgui.core.hashing import stable_permutation
from ftgui.core.preprocessing import Preprocessing
from ftgui.data.pixels import PixelStore, normalise
from ftgui.training.objective import Objective
from ftgui.training.optimizers import take_step
from ftgui.training.precision import autocast

EVALUATION_BATCH = 64
"""Without gradients a batch needs little memory, so the user's batch size does not matter here."""


@dataclass(frozen=True)
class Arithmetic:
    """Where and how the network computes."""

    device: torch.device
    precision: str
    preprocessing: Preprocessing

    def forward(self, model: nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """Move a batch of uint8 pixels (N, 3, crop, crop) to the device; return fp32 logits (N, classes)."""
        inputs = normalise(pixels, self.preprocessing, self.device)
        with autocast(self.device.type, self.precision):
            logits: torch.Tensor = model(inputs)
        return logits.float()


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
        correct = (logits.detach().argmax(dim=1) == labels).sum()
        self._sums += torch.stack((loss.detach() * len(labels), correct)).to(self._sums.dtype)
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
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    arithmetic: Arithmetic,
    objective: Objective,
    pixels: torch.Tensor,
    labels: torch.Tensor,
    clip_grad: float | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Do one forward, backward and step; return the batch's mean loss and its logits, on the device.

    A loss that is not finite takes no step: its gradients would overwrite the last good weights.
    """
    optimizer.zero_grad(set_to_none=True)
    logits = arithmetic.forward(model, pixels)
    loss = objective(logits, labels)
    if torch.isfinite(loss):
        loss.backward()  # type: ignore[no-untyped-call]
        take_step(optimizer, clip_grad)
    return loss, logits


def evaluate(
    model: nn.Module, store: PixelStore, arithmetic: Arithmetic
) -> Iterator[tuple[int, Evaluation | None]]:
    """Judge every picture in eval mode; yield (pictures done, None) a batch, at the end the result."""
    model.eval()
    count, logits = len(store.pictures), []
    for start in range(0, count, EVALUATION_BATCH):
        indices = np.arange(start, min(start + EVALUATION_BATCH, count))
        with torch.inference_mode():
            logits.append(arithmetic.forward(model, store.batch(indices)).cpu())
        yield int(indices[-1]) + 1, None
    yield count, _judged(torch.cat(logits), store.labels)


def _judged(logits: torch.Tensor, labels: torch.Tensor) -> Evaluation:
    return Evaluation(
        loss=float(nn.functional.cross_entropy(logits, labels)),
        accuracy=int((logits.argmax(dim=1) == labels).sum()) / len(labels),
        probabilities=logits.softmax(dim=1),
    )
