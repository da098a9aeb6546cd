"""What the best weights of a run say of the dataset's test pictures, which nothing was chosen by."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import torch

from ftgui.core import files
from ftgui.data.dataset import Picture
from ftgui.data.pixels import PixelStore
from ftgui.data.scan import scan_dataset
from ftgui.jobs.naming import without_excluded
from ftgui.jobs.predict import open_classifier
from ftgui.runs.history import RunHistory
from ftgui.runs.predictions import TEST_PREDICTIONS, predictions_csv
from ftgui.training.config import TrainConfig
from ftgui.training.events import PhaseProgress
from ftgui.training.loops import EVALUATION_BATCH

JUDGING = "judging the test pictures"


def test_pictures(config: TrainConfig, class_names: Sequence[str]) -> tuple[Path, tuple[Picture, ...]]:
    """Return the root of a dataset and the pictures of its test split, by the numbers of ``class_names``.

    None where it has no such split. Classes that came later are left out.

    Raises:
        FtguiError: the dataset cannot be read any more.
    """
    dataset, _ = without_excluded(scan_dataset(Path(config.dataset)), config.exclude)
    numbers = {name: number for number, name in enumerate(class_names)}
    named = ((picture.path, numbers.get(dataset.class_names[picture.label])) for picture in dataset.test)
    return Path(dataset.root), tuple(Picture(path, label) for path, label in named if label is not None)


def judge_on_test(history: RunHistory) -> Generator[PhaseProgress, None, None]:
    """Write ``test_predictions.csv`` into the folder of a run that is done, if the dataset has a test split.

    Computes in fp32 on the CPU, as an export does. Its time is not the run's.

    Raises:
        FtguiError: the dataset or the weights cannot be read any more.
    """
    assert history.started is not None  # it is done
    root, pictures = test_pictures(history.started.config, history.started.class_names)
    if not pictures:
        return
    classifier = open_classifier(history.folder)
    store = PixelStore(root, pictures, classifier.preprocessing)
    total = 2 * len(pictures)
    for done, _ in store.load():
        yield PhaseProgress(phase=JUDGING, done=done, total=total)
    read, answers = len(store.pictures), []
    for start in range(0, read, EVALUATION_BATCH):
        batch = np.arange(start, min(start + EVALUATION_BATCH, read))
        answers.append(classifier.logits(store.batch(batch)).softmax(dim=1))
        yield PhaseProgress(phase=JUDGING, done=total - read + int(batch[-1]) + 1, total=total)
    rows = torch.cat(answers).tolist() if answers else []
    text = predictions_csv(store.pictures, classifier.class_names, rows)
    files.write_text(history.folder / TEST_PREDICTIONS, text)
