"""Is the demo honest? A loop of its own, apart from the program's engine, with the program's defaults.

It trains the new head on frozen features, and the same network from random weights at several learning
rates, of which the kindest counts: the gap between the two is what transfer is worth here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torchvision.transforms import v2

from demo.network import fresh, normalised

EPOCHS = 10
BATCH_SIZE = 32
MOMENTUM = 0.9
WEIGHT_DECAY = 1e-4
FREEZE_LR = 0.01
FULL_LR = 0.001
SCRATCH_LRS = (0.001, 0.003, 0.01, 0.03, 0.1)
SEEDS = (0, 1, 2, 3, 4)
VAL_FRACTION = 0.2
MIN_FREEZE = 0.85
MIN_MARGIN = 0.20


@dataclass(frozen=True)
class Pictures:
    """All of them as bytes at 224 px, and which class each is of."""

    images: Tensor
    labels: Tensor
    classes: int

    def split(self, seed: int) -> tuple[Tensor, Tensor]:
        """Stratified: the same share of every class is held out."""
        generator = torch.Generator().manual_seed(seed)
        train, val = [], []
        for number in range(self.classes):
            members = torch.nonzero(self.labels == number).flatten()
            members = members[torch.randperm(len(members), generator=generator)]
            held = round(len(members) * VAL_FRACTION)
            val.append(members[:held])
            train.append(members[held:])
        return torch.cat(train), torch.cat(val)


@dataclass(frozen=True)
class Outcome:
    best: float
    last: float
    seconds: float
    cpu_seconds: float


def read(folder: Path) -> Pictures:
    ready = v2.Compose([v2.Resize(256), v2.CenterCrop(224), v2.PILToTensor()])
    places = sorted(place for place in folder.iterdir() if place.is_dir())
    images, labels = [], []
    for number, place in enumerate(places):
        for file in sorted(place.glob("*.jpg")):
            images.append(ready(Image.open(file).convert("RGB")))
            labels.append(number)
    return Pictures(torch.stack(images), torch.tensor(labels), len(places))


def pretrained(weights: Path, classes: int, seed: int) -> nn.Module:
    """A strict load under the source's class count, then a new head."""
    state = torch.load(weights, map_location="cpu", weights_only=True)
    model = fresh(len(state["fc.bias"]), seed)
    model.load_state_dict(state, strict=True)
    torch.manual_seed(seed)
    model.fc = nn.Linear(model.get_submodule("fc").in_features, classes)  # type: ignore[arg-type]
    return model


def train(model: nn.Module, data: Pictures, seed: int, lr: float, frozen: bool) -> Outcome:
    """Ten epochs; every picture goes through the whole network every epoch, no cache anywhere."""
    start, busy = time.perf_counter(), time.process_time()
    train_set, val_set = data.split(seed)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = not frozen or name.startswith("fc.")
    moving = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(moving, lr=lr, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * (-(-len(train_set) // BATCH_SIZE))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    generator = torch.Generator().manual_seed(seed)
    scores = []
    for _ in range(EPOCHS):
        model.train(not frozen)
        shuffled = train_set[torch.randperm(len(train_set), generator=generator)]
        for picks in torch.split(shuffled, BATCH_SIZE):
            flipped = torch.rand(len(picks), generator=generator) < 0.5
            images = data.images[picks].float() / 255
            images = torch.where(flipped.view(-1, 1, 1, 1), images.flip(3), images)
            loss = functional.cross_entropy(model(normalised(images)), data.labels[picks])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        scores.append(evaluate(model, data, val_set))
    spent, busy = time.perf_counter() - start, time.process_time() - busy
    return Outcome(max(scores), scores[-1], spent, busy)


@torch.inference_mode()
def evaluate(model: nn.Module, data: Pictures, picks: Tensor) -> float:
    model.eval()
    hits = 0
    for part in torch.split(picks, 64):
        hits += int((model(normalised(data.images[part].float() / 255)).argmax(1) == data.labels[part]).sum())
    return hits / len(picks)


def check(folder: Path, weights: Path, seeds: Sequence[int], lrs: Sequence[float]) -> bool:
    """Print the table and say whether the demo keeps its promise on every seed."""
    data = read(folder)
    held = len(data.split(0)[1])
    chance = 1 / data.classes
    print(
        f"{len(data.labels)} pictures, {held} of them for validation; "
        f"{data.classes} classes, chance {chance:.1%}"
    )
    print(
        "Validation accuracy of the best epoch, then seconds by the clock and of processor time: freeze and "
        "full start from the weights, the columns named by a learning rate from random ones."
    )
    tried = "  ".join(f"{lr:>6g}" for lr in lrs)
    print(f"seed  freeze    s / cpu s  | full 0.001   s / cpu s  | {tried}    s / cpu s  | margin")
    good = True
    for seed in seeds:
        freeze = train(pretrained(weights, data.classes, seed), data, seed, FREEZE_LR, frozen=True)
        full = train(pretrained(weights, data.classes, seed), data, seed, FULL_LR, frozen=False)
        scratch = [train(fresh(data.classes, seed), data, seed, lr, frozen=False) for lr in lrs]
        best = max(outcome.best for outcome in scratch)
        row = "  ".join(f"{outcome.best:6.1%}" for outcome in scratch)
        print(
            f"{seed:4d}  {freeze.best:6.1%} {_times(freeze)} |   {full.best:6.1%} {_times(full)}  | "
            f"{row} {_times(*scratch)} | {100 * (freeze.best - best):+.1f}",
            flush=True,
        )
        good &= freeze.best >= MIN_FREEZE and freeze.best - best >= MIN_MARGIN and best > chance
    print("the demo keeps its promise" if good else "THE DEMO DOES NOT KEEP ITS PROMISE")
    return good


def _times(*outcomes: Outcome) -> str:
    """The mean of one run."""
    wall = sum(outcome.seconds for outcome in outcomes) / len(outcomes)
    busy = sum(outcome.cpu_seconds for outcome in outcomes) / len(outcomes)
    return f"{wall:5.1f} / {busy:5.1f}"
