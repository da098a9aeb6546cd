"""When to end early: validation has stopped improving."""

from __future__ import annotations

from collections.abc import Sequence

from ftgui.training.config import TrainConfig
from ftgui.training.events import EpochEnded


def has_stopped_improving(config: TrainConfig, epochs: Sequence[EpochEnded]) -> bool:
    """Whether the last ``early_stop`` epochs brought nothing better by more than ``early_stop_min_delta``.

    Reckoned from the epochs alone, so that a resumed run decides as one that was never stopped.
    """
    if config.early_stop is None:
        return False
    best, since = -float("inf"), 0
    for epoch in epochs:
        score = _score(config, epoch)
        if score > best + config.early_stop_min_delta:
            best, since = score, 0
        else:
            since += 1
    return since >= config.early_stop


def _score(config: TrainConfig, epoch: EpochEnded) -> float:
    """Return what is monitored, higher being better."""
    if config.early_stop_monitor == "val_accuracy":
        return epoch.val_accuracy
    return -float("inf") if epoch.val_loss is None else -epoch.val_loss
