"""What the best weights of runs say of the dataset's test pictures, which nothing was chosen by."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from ftgui.core import files
from ftgui.core.preprocessing import Preprocessing
from ftgui.core.settings import EngineSettings, read_settings
from ftgui.data.dataset import Picture
from ftgui.data.pixels import PixelStore, keeping_pixels
from ftgui.data.scan import scan_dataset
from ftgui.evaluation.classifier import Classifier
from ftgui.jobs.naming import index_place, name_pictures, without_excluded
from ftgui.jobs.passing import make_caching
from ftgui.jobs.predict import open_classifier
from ftgui.runs.history import RunHistory
from ftgui.runs.predictions import TEST_PREDICTIONS, answers_csv
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import PhaseProgress, RunStarted, TrainingEvent
from ftgui.training.loops import EVALUATION_BATCH

DECODING, JUDGING = "decoding the test pictures", "judging the test pictures"

Events = Generator[TrainingEvent, None, None]
Kind = tuple[str, tuple[str, ...], tuple[str, ...], Preprocessing]


def test_pictures(config: TrainConfig, class_names: Sequence[str]) -> tuple[Path, tuple[Picture, ...]]:
    """Return the root of a dataset and the pictures of its test split, by the numbers of ``class_names``.

    No pictures where it has no such split. Classes that came later are left out.

    Raises:
        FtguiError: the dataset cannot be read any more.
    """
    dataset, _ = without_excluded(scan_dataset(Path(config.dataset)), config.exclude)
    numbers = {name: number for number, name in enumerate(class_names)}
    named = ((picture.path, numbers.get(dataset.class_names[picture.label])) for picture in dataset.test)
    return Path(dataset.root), tuple(Picture(path, label) for path, label in named if label is not None)


class JudgedPictures:
    """The test pictures of a comparison: looked for once, decoded once for all of its runs."""

    def __init__(self) -> None:
        self._kind: Kind | None = None
        self._store: PixelStore | None = None

    def judge(self, history: RunHistory, control: RunControl) -> Events:
        """Write ``test_predictions.csv`` into the folder of a run that is done, if there are such pictures.

        Computes in fp32 on the CPU, as an export does. Its time is not the run's. Looks at ``control``
        before every picture and batch; what is stopped writes nothing.

        Raises:
            FtguiError: the dataset or the weights cannot be read any more, or the disk is full.
        """
        assert history.started is not None  # it is done
        store = yield from self._decoded(history.started, control)
        if store is None or not store.pictures:
            return
        classifier, answers = open_classifier(history.folder), []
        for start in range(0, len(store.pictures), EVALUATION_BATCH):
            if _is_stopped(control):
                return
            answers += _answers(classifier, store, start)
            yield PhaseProgress(phase=JUDGING, done=len(answers), total=len(store.pictures))
        text = answers_csv(store.pictures, classifier.class_names, answers)
        try:
            files.write_text(history.folder / TEST_PREDICTIONS, text)
        except OSError as error:
            raise files.cannot_write(history.folder, "what the test pictures say", error) from error

    def _decoded(
        self, started: RunStarted, control: RunControl
    ) -> Generator[TrainingEvent, None, PixelStore | None]:
        """Return the pictures as a run's network sees them, decoded where they were not; None: stopped."""
        config, names = started.config, started.class_names
        kind = (config.dataset, config.exclude, names, started.preprocessing)
        if kind == self._kind:
            return self._store
        self._kind, self._store, settings = None, None, read_settings()
        root, pictures = test_pictures(config, names)
        place, clock = index_place(config, settings), RunClock()
        named = yield from name_pictures(str(root), pictures, place, clock, control, is_split=True)
        if _is_stopped(control):
            return None
        store = PixelStore(root, pictures, started.preprocessing, contents=named.contents)
        yield from _decode(store, settings if config.cache == "on" else None, control)
        if not _is_stopped(control):
            self._kind, self._store = kind, store
        return self._store


def _decode(store: PixelStore, settings: EngineSettings | None, control: RunControl) -> Events:
    """Decode pictures, onto the disk where the settings let something be kept there."""
    place = make_caching(settings).pixels if settings is not None else None
    with keeping_pixels([store], place), closing(store.load()) as loading:
        for done, total in loading:
            yield PhaseProgress(phase=DECODING, done=done, total=total)
            if _is_stopped(control):
                return


def _is_stopped(control: RunControl) -> bool:
    """Wait while it is paused; return whether to end."""
    control.wait_while_paused()
    return control.stopping


def _answers(classifier: Classifier, store: PixelStore, start: int) -> list[tuple[int, float]]:
    """Return the likeliest class of each picture of a batch, by its number, and how likely it is."""
    batch = np.arange(start, min(start + EVALUATION_BATCH, len(store.pictures)))
    likeliest = classifier.logits(store.batch(batch)).softmax(dim=1).max(dim=1)
    return list(zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True))
