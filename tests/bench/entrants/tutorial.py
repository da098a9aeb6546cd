"""The loop of the classic transfer learning tutorial, written afresh.

A phase that learns and a phase that judges in each epoch, every picture decoded anew by worker processes,
SGD with momentum, the weights of the best epoch kept in a file. ``options``:

``learns``  ``head``: the extractor needs no gradient, the tutorial's "fixed feature extractor";
            ``all``: everything is fine-tuned
``as_written``  with the tutorial's random crops, else with the plain centre crop
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader

from tests.bench.entrants.job import Finished, Job, Stopwatch
from tests.bench.entrants.networks import (
    changed_of_extractor,
    loaders,
    plain_transform,
    pretrained,
    random_transform,
    replace_output_layer,
)

WORKERS_AS_WRITTEN = 4


def run(job: Job, watch: Stopwatch) -> Finished:
    as_written, learns = job.options["as_written"], job.options["learns"]
    torch.manual_seed(job.seed)
    batches = loaders(
        job,
        random_transform() if as_written else plain_transform(),
        WORKERS_AS_WRITTEN if as_written else None,
    )
    model = pretrained(job)
    if learns == "head":
        for parameter in model.parameters():
            parameter.requires_grad = False
    head = replace_output_layer(model, classes=len(batches["train"].dataset.classes))
    model.to(job.device)
    learning = (head if learns == "head" else model).parameters()
    optimizer = torch.optim.SGD(learning, job.lr, 0.9, weight_decay=0.0 if as_written else 1e-4)
    best = Path(job.work) / "best.pt"
    train_model(job, model, optimizer, batches, best, watch)
    model.load_state_dict(torch.load(best, weights_only=True))
    state = model.state_dict()
    return Finished(compare=(lambda: changed_of_extractor(job, state)) if learns == "head" else None)


def make_scheduler(job: Job, optimizer: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
    if job.schedule == "step":
        return lr_scheduler.StepLR(optimizer, step_size=7, gamma=0.1)
    return lr_scheduler.CosineAnnealingLR(optimizer, T_max=job.epochs)


def train_model(
    job: Job,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: dict[str, DataLoader],
    best: Path,
    watch: Stopwatch,
) -> None:
    """Train, and leave the weights of the epoch with the highest validation accuracy in ``best``."""
    criterion, scheduler = nn.CrossEntropyLoss(), make_scheduler(job, optimizer)
    torch.save(model.state_dict(), best)
    best_accuracy = 0.0
    for _ in range(job.epochs):
        accuracy = 0.0
        for phase in ("train", "val"):
            model.train(phase == "train")
            running_loss, correct = 0.0, 0
            for inputs, labels in batches[phase]:
                inputs, labels = inputs.to(job.device), labels.to(job.device)
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    outputs = model(inputs)
                    loss = criterion(outputs, labels)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                running_loss += loss.item() * len(inputs)
                correct += int((outputs.argmax(dim=1) == labels).sum())
            count = len(batches[phase].dataset)
            accuracy = correct / count
            print(f"{phase} loss {running_loss / count:.4f} accuracy {accuracy:.4f}", flush=True)
            if phase == "train":
                scheduler.step()
        if accuracy > best_accuracy:
            best_accuracy = accuracy
            torch.save(model.state_dict(), best)
        watch.epoch_ended(accuracy)
