"""Pretraining on the source set: short enough for two cores, good enough to be worth reusing.

Most epochs run at half resolution, where a step costs a third; the last ones at 224 px, because
BatchNorm's statistics and the features' scale must be those of the resolution the weights are used at.

One thread: on a network this small a second one adds about a seventh when the machine is idle, and when it
is not, the two wait for each other so busily that a step takes thirty times as long (both measured). And
how many cores a machine has then changes nothing about the result; another kind of processor may, in the
last bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from demo.network import fresh, normalised
from demo.pictures import Pixels, draw_source
from demo.source_classes import SOURCE_CLASSES

PER_CLASS = 160
HELD_OUT_PER_CLASS = 10
BATCH_SIZE = 64
PEAK_LR = 0.15
WEIGHT_DECAY = 5e-5
CROP = 224 / 256
FEATURE_NORM = 30.0


@dataclass(frozen=True)
class Phase:
    epochs: int
    resolution: int


PHASES = (Phase(6, 112), Phase(2, 160), Phase(4, 224))


def pretrain(file: Path, seed: int) -> float:
    """Draw the source set, train on it, write a plain state_dict; gives the accuracy on held-out drawings."""
    torch.set_num_threads(1)
    start = time.perf_counter()
    pixels, labels = draw_source(seed, 0, PER_CLASS)
    held_out = draw_source(seed, PER_CLASS, HELD_OUT_PER_CLASS)
    print(f"drew {len(pixels) + len(held_out[0])} source pictures in {time.perf_counter() - start:.0f} s")
    model = fresh(len(SOURCE_CLASSES), seed)
    _fit(model, pixels, labels, seed)
    scale_features(model, held_out[0])
    score = accuracy(model, *held_out)
    state = {name: value.detach().contiguous().clone() for name, value in model.state_dict().items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, file)
    print(
        f"{len(SOURCE_CLASSES)} source classes, held-out accuracy {score:.1%}, "
        f"all in {time.perf_counter() - start:.0f} s"
    )
    return score


def _fit(model: nn.Module, pixels: Pixels, labels: NDArray[np.int64], seed: int) -> None:
    order = np.random.default_rng(seed)
    torch.manual_seed(seed)
    images, targets = torch.from_numpy(pixels).permute(0, 3, 1, 2), torch.from_numpy(labels)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=PEAK_LR, momentum=0.9, weight_decay=WEIGHT_DECAY, nesterov=True
    )
    per_epoch = len(images) // BATCH_SIZE
    total = per_epoch * sum(phase.epochs for phase in PHASES)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, per_epoch, total))
    model.train()
    for phase in PHASES:
        for _ in range(phase.epochs):
            start, hits, losses = time.perf_counter(), 0, 0.0
            for picks in np.array_split(order.permutation(len(images)), per_epoch):
                batch = _varied(images[picks].float() / 255, phase.resolution)
                logits = model(batch)
                loss = functional.cross_entropy(logits, targets[picks])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
                hits += int((logits.argmax(1) == targets[picks]).sum())
                losses += loss.item() * len(picks)
            spent = time.perf_counter() - start
            print(
                f"{phase.resolution} px: loss {losses / len(images):.3f}, "
                f"accuracy {hits / len(images):.1%}, {spent:.0f} s",
                flush=True,
            )


def _rate(step: int, warmup: int, total: int) -> float:
    """An epoch of warming up, then half a cosine down to nothing."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


def _varied(batch: Tensor, resolution: int) -> Tensor:
    """A random turn, zoom, shift, mirror, colour balance and, for some, no colour at all: one resampling."""
    n = len(batch)
    turn = torch.randn(n) * 0.12
    zoom = CROP * torch.empty(n).uniform_(0.75, 1.15)
    mirror = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    shift = torch.empty(n, 2).uniform_(-0.12, 0.12)
    cos, sin = torch.cos(turn) * zoom, torch.sin(turn) * zoom
    theta = torch.stack([mirror * cos, -sin, shift[:, 0], mirror * sin, cos, shift[:, 1]], 1).view(n, 2, 3)
    grid = functional.affine_grid(theta, [n, 3, resolution, resolution], align_corners=False)
    moved = functional.grid_sample(batch, grid, padding_mode="reflection", align_corners=False)
    grey = moved.mean(1, keepdim=True)
    saturation = torch.where(torch.rand(n) < 0.15, 0.0, torch.empty(n).uniform_(0.5, 1.4)).view(n, 1, 1, 1)
    balance = torch.empty(n, 3, 1, 1).uniform_(0.8, 1.2)
    return normalised(((grey + saturation * (moved - grey)) * balance).clamp(0, 1))


@torch.inference_mode()
def scale_features(model: nn.Module, pixels: Pixels) -> float:
    """Make what the head sees as large as ImageNet models make it, and change no answer; gives the factor.

    The usual learning rates of a new head suit features of about this length (mobilenet_v2's, on photos,
    measure 31). ReLU and pooling pass a factor on as it is, so the last BatchNorm may be multiplied by it
    and the classifier divided.
    """
    model.eval()
    lengths: list[float] = []
    hook = model.get_submodule("fc").register_forward_pre_hook(
        lambda _, inputs: lengths.extend(inputs[0].square().sum(1).tolist())
    )
    for batch in _as_used(pixels):
        model(batch)
    hook.remove()
    factor = FEATURE_NORM / math.sqrt(sum(lengths) / len(lengths))
    last_norm, head = model.get_submodule("conv5.1"), model.get_submodule("fc")
    for parameter in last_norm.parameters():
        parameter.mul_(factor)
    head.get_parameter("weight").div_(factor)
    return factor


@torch.inference_mode()
def accuracy(model: nn.Module, pixels: Pixels, labels: NDArray[np.int64]) -> float:
    """Share of pictures told right, at 224 px as the weights are used."""
    model.eval()
    answers = torch.cat([model(batch).argmax(1) for batch in _as_used(pixels)])
    return float((answers == torch.from_numpy(labels)).float().mean())


def _as_used(pixels: Pixels) -> Iterator[Tensor]:
    """Batches at the size and crop that whoever opens the weights will use."""
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    edge = (256 - 224) // 2
    for part in torch.split(images, BATCH_SIZE):
        large = functional.interpolate(part.float() / 255, size=(256, 256), mode="bilinear")
        yield normalised(large[..., edge : edge + 224, edge : edge + 224])
