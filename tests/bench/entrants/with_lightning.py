"""Lightning's ``BackboneFinetuning``, used as its documentation shows, its backbone frozen to the end."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import BackboneFinetuning, Callback, ModelCheckpoint
from torch import nn

from tests.bench.entrants.job import Finished, Job, Stopwatch
from tests.bench.entrants.networks import (
    changed_of_extractor,
    features,
    loaders,
    plain_transform,
    pretrained,
    replace_output_layer,
)


class Transfer(pl.LightningModule):
    """A backbone that gives features and a head that classifies them."""

    def __init__(self, job: Job, classes: int) -> None:
        super().__init__()
        self.job = job
        self.backbone = pretrained(job)
        self.head = nn.Linear(features(self.backbone), classes)
        replace_output_layer(self.backbone, nn.Identity())

    def training_step(self, batch: Any, _index: int) -> torch.Tensor:
        inputs, labels = batch
        return nn.functional.cross_entropy(self.head(self.backbone(inputs)), labels)

    def validation_step(self, batch: Any, _index: int) -> None:
        inputs, labels = batch
        right = (self.head(self.backbone(inputs)).argmax(dim=1) == labels).float().mean()
        self.log("val_accuracy", right, on_epoch=True, batch_size=len(labels))

    def configure_optimizers(self) -> Any:
        # The head's parameters alone, as in the callback's own example.
        job = self.job
        optimizer = torch.optim.SGD(self.head.parameters(), job.lr, 0.9, weight_decay=1e-4)
        if job.schedule == "step":
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 7, 0.1)]
        return [optimizer], [torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, job.epochs)]


class Teller(Callback):
    """Tells the clock of each epoch."""

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch

    def on_validation_end(self, trainer: pl.Trainer, _module: pl.LightningModule) -> None:
        if not trainer.sanity_checking:
            self._watch.epoch_ended(float(trainer.callback_metrics["val_accuracy"]))


def run(job: Job, watch: Stopwatch) -> Finished:
    warnings.filterwarnings("ignore")
    pl.seed_everything(job.seed, verbose=False)
    batches = loaders(job, plain_transform())
    module = Transfer(job, len(batches["train"].dataset.classes))
    keep = ModelCheckpoint(Path(job.work), monitor="val_accuracy", mode="max", save_weights_only=True)
    trainer = pl.Trainer(
        max_epochs=job.epochs,
        accelerator="cpu" if job.device == "cpu" else "gpu",
        devices=1,
        callbacks=[BackboneFinetuning(unfreeze_backbone_at_epoch=job.epochs + 1), keep, Teller(watch)],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=job.work,
    )
    trainer.fit(module, batches["train"], batches["val"])
    kept = torch.load(keep.best_model_path, weights_only=True)["state_dict"]
    state = {name.removeprefix("backbone."): tensor for name, tensor in kept.items()}
    return Finished(compare=lambda: changed_of_extractor(job, state))
