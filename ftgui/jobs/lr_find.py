"""Find a learning rate: the range test over a user's own pictures and weights."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from ftgui.jobs.passing import make_passages
from ftgui.jobs.prepare import check_learning, prepare
from ftgui.jobs.words import explain
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.devices import free_memory
from ftgui.training.events import PhaseProgress, TrainingEvent
from ftgui.training.lr_finder import STEPS, LrFinder, LrFound


def find_learning_rate(
    config: TrainConfig, control: RunControl | None = None
) -> Iterator[TrainingEvent | LrFound]:
    """Yield progress and, last, what the test says. Nothing is written.

    Raises:
        FtguiError: the dataset, the weights or the settings do not do, or the memory is not enough.
    """
    try:
        yield from _found(config, control or RunControl())
    except Exception as error:
        raise explain(error, config) from error


def _found(config: TrainConfig, control: RunControl) -> Iterator[TrainingEvent | LrFound]:
    clock = RunClock()
    prepared = yield from prepare(config, clock, control=control)
    passages = make_passages(prepared, clock)
    if not (yield from passages.make_ready(1, clock, control)):
        return
    check_learning(passages.train.pictures, prepared.pictures.class_names)
    finder = LrFinder(
        config=prepared.config,
        applied=prepared.applied,
        passage=passages.at(1),
        paths=[picture.path for picture in passages.train.pictures],
        views=passages.train.views,
        objective=prepared.objective(passages.train.labels),
        control=control,
    )
    try:
        yield from _steps(finder)
    finally:
        free_memory(prepared.device.name)


def _steps(finder: LrFinder) -> Generator[TrainingEvent | LrFound, None, None]:
    steps = finder.run()
    while True:
        try:
            done = next(steps)
        except StopIteration as end:
            yield end.value
            return
        yield PhaseProgress(phase="trying learning rates", done=done, total=STEPS)
