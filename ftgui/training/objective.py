"""What training makes small: cross-entropy, with smoothed labels and weighted classes if asked."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from ftgui.training.config import TrainConfig


@dataclass(frozen=True)
class Objective:
    """The loss of a batch in training. Validation is judged by plain cross-entropy, so that runs compare."""

    label_smoothing: float = 0.0
    class_weights: torch.Tensor | None = None
    """(classes,), on the device; None: all count the same."""

    def __call__(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of logits (N, classes) and labels (N,)."""
        return nn.functional.cross_entropy(
            logits, labels, weight=self.class_weights, label_smoothing=self.label_smoothing
        )


def make_objective(
    config: TrainConfig, labels: torch.Tensor, classes: int, device: torch.device
) -> Objective:
    """Return the objective for training pictures of these ``labels`` (N,)."""
    weights = balanced_weights(labels, classes).to(device) if config.class_weights == "balanced" else None
    return Objective(config.label_smoothing, weights)


def balanced_weights(labels: torch.Tensor, classes: int) -> torch.Tensor:
    """Return N / (classes with pictures × pictures of the class), (classes,): every class counts the same.

    As scikit-learn's "balanced". A class without pictures, such as a spare output, weighs 1.
    """
    counts = torch.bincount(labels.cpu(), minlength=classes).float()
    present = int((counts > 0).sum())
    return torch.where(counts > 0, len(labels) / (present * counts.clamp(min=1)), torch.ones(()))
