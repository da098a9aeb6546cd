"""scikit-learn's logistic regression on features from one plain fp32 pass over a DataLoader.

Everything counts: worker processes, decoding, the forward pass, fitting and judging.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.utils.data import DataLoader

from tests.bench.entrants.job import Finished, Job, Stopwatch
from tests.bench.entrants.networks import (
    changed_of_extractor,
    loaders,
    plain_transform,
    pretrained,
    replace_output_layer,
)


def run(job: Job, watch: Stopwatch) -> Finished:
    model = pretrained(job)
    replace_output_layer(model, nn.Identity())
    model.eval().to(job.device)
    batches = loaders(job, plain_transform())
    train, val = (features(job, model, batches[side]) for side in ("train", "val"))
    classifier = LogisticRegression(max_iter=1000).fit(*train)
    watch.epoch_ended(classifier.score(*val))
    state = model.state_dict()
    return Finished(
        compare=lambda: changed_of_extractor(job, state),
        notes={"iterations": int(classifier.n_iter_.max())},
    )


def features(job: Job, model: nn.Module, batches: DataLoader) -> tuple[np.ndarray, np.ndarray]:
    """Return the features (pictures, width) and the classes (pictures,) of a split."""
    found, labels = [], []
    with torch.no_grad():
        for inputs, classes in batches:
            found.append(model(inputs.to(job.device)).cpu().numpy())
            labels.append(classes.numpy())
    return np.concatenate(found), np.concatenate(labels)
