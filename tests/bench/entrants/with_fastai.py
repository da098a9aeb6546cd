"""fastai's ``vision_learner``, frozen as it comes, its head fitted with ``fit``.

Without augmentation and with SGD at the race's learning rate, which stays the same, as it does in ``fit``.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any

warnings.filterwarnings("ignore")

import torch  # noqa: E402
import torchvision  # noqa: E402
from fastai.callback.core import Callback  # noqa: E402
from fastai.callback.tracker import SaveModelCallback  # noqa: E402
from fastai.metrics import accuracy  # noqa: E402
from fastai.optimizer import SGD  # noqa: E402
from fastai.torch_core import set_seed  # noqa: E402
from fastai.vision.augment import Resize  # noqa: E402
from fastai.vision.core import imagenet_stats  # noqa: E402
from fastai.vision.data import ImageDataLoaders  # noqa: E402
from fastai.vision.learner import create_body, default_split, model_meta, vision_learner  # noqa: E402
from torch import nn  # noqa: E402

from tests.bench.entrants.job import Finished, Job, Stopwatch  # noqa: E402
from tests.bench.entrants.networks import differing  # noqa: E402
from tests.bench.entrants.networks import pretrained as network  # noqa: E402

# fastai finds the cut of networks that pool in a module; those that pool in a function are cut before
# their classifier, as it asks for.
UNKNOWN = {"cut": -1, "split": default_split, "stats": imagenet_stats}


class Teller(Callback):
    """Tells the clock of each epoch."""

    order = 90

    def __init__(self, watch: Stopwatch) -> None:
        self.watch = watch

    def after_epoch(self) -> None:
        self.watch.epoch_ended(float(self.learn.recorder.values[-1][-1]))


def run(job: Job, watch: Stopwatch) -> Finished:
    set_seed(job.seed)
    meta = dict(model_meta.get(getattr(torchvision.models, job.architecture), UNKNOWN))
    meta.pop("weights", None)  # so that it asks for ``pretrained``, and gets the file's

    def architecture(pretrained: bool) -> nn.Module:
        return network(job)

    model_meta[architecture] = meta
    batches = ImageDataLoaders.from_folder(
        job.data, valid="val", item_tfms=Resize(224), bs=job.batch_size, device=torch.device(job.device)
    )
    learner: Any = vision_learner(
        batches,
        architecture,
        metrics=accuracy,
        opt_func=functools.partial(SGD, mom=0.9),
        wd=1e-4,
        path=job.work,
        cbs=[Teller(watch), SaveModelCallback(monitor="accuracy")],
    )
    with learner.no_bar(), learner.no_logging():
        learner.fit(job.epochs, job.lr)
    state = learner.model[0].state_dict()

    def compare() -> tuple[int, int]:
        before = create_body(network(job), cut=meta["cut"]).state_dict()
        return differing(before, state), len(before)

    return Finished(compare=compare)
