"""The live run: started, paused, stopped, and folded into its history event by event."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Lock
from time import monotonic

from PySide6.QtCore import QObject, Signal, Slot

from ftgui.core.errors import FtguiError
from ftgui.gui.pause_monitor import PauseMonitor
from ftgui.gui.sessions.worker import WorkerThread
from ftgui.jobs.compare_control import CompareControl
from ftgui.jobs.compare_events import (
    ComparedRunEnded,
    ComparedRunStarted,
    CompareEvent,
    ComparisonEnded,
    ComparisonStarted,
    Planned,
)
from ftgui.runs.comparison import RUNS, ComparisonPlan
from ftgui.runs.history import RunHistory, RunState, open_run
from ftgui.runs.progress import Progress, now
from ftgui.runs.results import RunResult
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import BatchEnded, Reason, RunEnded, RunStarted, RunWarning, TrainingEvent

Asked = TrainConfig | ComparisonPlan | None
"""A run, several that are compared, or None: to go on with what is in the folder."""
Control = RunControl | CompareControl
Job = Callable[[Asked, Path, Control], Iterator[CompareEvent]]
"""Does what is asked into the folder."""

TOLD_EVERY = 0.5
"""Seconds between what batches say of a comparison."""


class TrainingState(StrEnum):
    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"


def train_job(asked: Asked, folder: Path, control: Control) -> Iterator[CompareEvent]:
    """Run the engine. Imported here, in the worker's thread: it brings torch."""
    from ftgui.jobs.compare import compare
    from ftgui.jobs.forecast_first import forecast_first
    from ftgui.jobs.resume import resume
    from ftgui.jobs.train import train

    if isinstance(control, CompareControl):
        assert not isinstance(asked, TrainConfig)
        events = compare(asked, folder, control, skipped_stay=not control.with_skipped)
        yield from forecast_first(events, control)
    elif isinstance(asked, TrainConfig):
        yield from train(asked, folder, control)
    else:
        yield from resume(folder, control)


@dataclass(frozen=True)
class FollowedRun:
    """A run of a comparison that begins or goes on, with the history that will tell of it."""

    event: ComparedRunStarted
    history: RunHistory


@dataclass
class Comparing:
    """How far a comparison is."""

    folder: Path
    strategies: tuple[str, ...] = ()
    runs: int = 0
    number: int = 0
    """Of the run that goes on, from 1."""
    waiting: tuple[RunResult, ...] = ()
    """All its runs, as far as was known when it began."""
    progress: Progress | None = None
    """By now; None until it began."""
    run: ComparedRunStarted | None = None
    """That goes on."""

    @property
    def done(self) -> int:
        return self.progress.done if self.progress else 0

    @property
    def seconds_left(self) -> float | None:
        """Of all that is left and can be estimated."""
        return self.progress.seconds_left if self.progress else None

    def take(self, event: CompareEvent) -> bool:
        """Take what an event says of how far it is; return whether it says anything."""
        match event:
            case ComparisonStarted() | ComparedRunEnded():
                self.progress, self.run = event.progress, None
            case ComparedRunStarted():
                self.progress, self.run = event.progress, event
            case BatchEnded() if self.run is not None:
                self.progress = now(self.run.progress, self.run.seconds, event.seconds_left)
            case _:
                return False
        return True


class TrainingSession(QObject):
    """Owns the run that goes on, if one does: alone, or as one of a comparison."""

    state_changed = Signal(object)
    updated = Signal()
    """The history took an event. Many come at once: mark what is shown as dirty, do not repaint."""
    run_began = Signal(object, int)
    """The history of a run of a comparison, which begins or goes on, and its strategy's place in that."""
    run_ended = Signal(object)
    """The history of a run that ended."""
    compared = Signal(object, object)
    """The folder of a comparison, and the ``ComparisonResult`` as it is known by now."""
    comparing_changed = Signal(object)
    """How far a comparison is, as ``Comparing``; None once none goes on. At most some times a second."""
    failed = Signal(object)
    """An FtguiError, for a run that could not begin or that ended in failure."""
    warned = Signal(object)

    def __init__(
        self, job: Job = train_job, engine: Lock | None = None, parent: QObject | None = None
    ) -> None:
        """``engine`` is held while a run goes on: it waits until who holds it else has let go."""
        super().__init__(parent)
        self._engine = engine or Lock()
        self._job = job
        self._thread = WorkerThread("training", self)
        self._thread.progressed.connect(self._on_event)
        self._thread.failed.connect(self._on_failed)
        self._thread.finished.connect(self._on_finished)
        self._monitor = PauseMonitor(self)
        self._control: Control = RunControl()
        self._before: tuple[RunState, RunEnded | None] | None = None
        """How a resumed run stood, until it goes on: so it stands again if it cannot."""
        self.history: RunHistory | None = None
        self.comparing: Comparing | None = None
        """The comparison that goes on, if one does."""
        self._told = -TOLD_EVERY
        self.state = TrainingState.IDLE

    # Intents ------------------------------------------------------------------------------------------

    def start(self, config: TrainConfig, folder: Path, name: str) -> RunHistory:
        """Start training into the new folder ``folder``; return the history that will tell of it."""
        history = RunHistory(name, folder)
        self._begin(history, None, config, history.folder, RunControl())
        return history

    def resume(self, history: RunHistory) -> None:
        """Go on with a run that was stopped; its own history tells of that too."""
        before = history.state, history.ended
        history.go_on()
        self._begin(history, before, None, history.folder, RunControl())

    def compare(
        self,
        plan: ComparisonPlan | None,
        folder: Path,
        forecast: Mapping[str, float] | None = None,
        *,
        with_skipped: bool = False,
    ) -> None:
        """Compare in a folder, a new one or one that holds a part of it; without a plan, go on there.

        ``forecast`` says how many seconds a run of a strategy is thought to take, as far as that is known.
        ``with_skipped`` trains what of the plan was skipped, too.
        """
        self.comparing = Comparing(folder)
        self._begin(None, None, plan, folder, CompareControl(forecast, with_skipped=with_skipped))

    def _begin(
        self,
        history: RunHistory | None,
        before: tuple[RunState, RunEnded | None] | None,
        asked: Asked,
        folder: Path,
        control: Control,
    ) -> None:
        self.history, self._before, self._control = history, before, control
        self._monitor.start()
        self._thread.start(self._work(asked, folder, control))
        self._set_state(TrainingState.RUNNING)

    def skip(self) -> None:
        """Leave the run that is shown out of its comparison, which goes on with the next."""
        run = self.skippable
        if run is not None and isinstance(self._control, CompareControl):
            self._control.skip(run.name)

    @property
    def skippable(self) -> ComparedRunStarted | None:
        """The run of a comparison that goes on and may be left out of it."""
        is_live = self.state in (TrainingState.RUNNING, TrainingState.PAUSED)
        return self.comparing.run if self.comparing is not None and is_live else None

    def toggle_pause(self) -> None:
        if self.state is TrainingState.RUNNING:
            self._control.pause()
            self._set_state(TrainingState.PAUSED)
        elif self.state is TrainingState.PAUSED:
            self._control.resume()
            self._set_state(TrainingState.RUNNING)

    def stop(self) -> None:
        """Ask the run to end after its batch, keeping the best weights so far."""
        if self.state in (TrainingState.RUNNING, TrainingState.PAUSED):
            self._control.stop()
            self._set_state(TrainingState.STOPPING)

    def forget(self) -> None:
        """Tell no more of the run that was the last, which is over."""
        self.history = None
        self._set_state(self.state)

    def shutdown(self) -> None:
        """Stop, and wait until the thread is gone."""
        self._control.stop()
        self._thread.shutdown()
        self._monitor.stop()

    # ----------------------------------------------------------------------------------------------------

    @property
    def is_active(self) -> bool:
        return self.state is not TrainingState.IDLE

    @property
    def longest_pause_seconds(self) -> float:
        return self._monitor.longest_seconds

    def _work(
        self, asked: Asked, folder: Path, control: Control
    ) -> Callable[[], Generator[object, None, None]]:
        job, monitor, engine = self._job, self._monitor, self._engine

        def work() -> Generator[object, None, None]:
            run = folder
            with engine:
                for event in job(asked, folder, control):
                    if isinstance(event, ComparedRunStarted):
                        run = folder / RUNS / event.name
                        yield FollowedRun(event, _history_of(event, run))
                        continue
                    if isinstance(event, RunEnded):
                        _add_pause(run, monitor.longest_seconds)
                    yield event

        return work

    @Slot(object)
    def _on_event(self, told: CompareEvent | FollowedRun) -> None:
        if isinstance(told, FollowedRun):
            self._follow(told)
        event = told.event if isinstance(told, FollowedRun) else told
        match event:
            case ComparisonStarted():
                self._on_comparison_started(event)
            case ComparedRunEnded() | ComparisonEnded():
                self._on_compared(event)
            case ComparedRunStarted():
                pass  # its history came with it
            case _ if self.history is not None:
                self._on_training_event(event, self.history)
            case _:
                pass  # of no run that began this time
        if self.comparing is not None and self.comparing.take(event):
            self._tell_comparing(event)
        self.updated.emit()

    def _tell_comparing(self, event: CompareEvent) -> None:
        """Tell how far the comparison is, of batches only so often as anybody reads it."""
        if isinstance(event, BatchEnded):
            time = monotonic()
            if time - self._told < TOLD_EVERY:
                return
            self._told = time
        self.comparing_changed.emit(self.comparing)

    def _on_training_event(self, event: TrainingEvent, history: RunHistory) -> None:
        history.apply(event)
        if isinstance(event, RunStarted):
            self._before = None
        if isinstance(event, RunWarning):
            self.warned.emit(event)
        if isinstance(event, RunEnded) and event.reason.is_failure:
            self.failed.emit(FtguiError(event.message, event.hint, str(history.folder)))

    def _on_comparison_started(self, event: ComparisonStarted) -> None:
        assert self.comparing is not None
        self.comparing.runs = len(event.runs)
        self.comparing.waiting = tuple(map(_as_result, event.runs))
        self.comparing.strategies = tuple(dict.fromkeys(run.entry.strategy for run in event.runs))

    def _follow(self, run: FollowedRun) -> None:
        """Follow another run: from its beginning, or as it was when it was stopped."""
        assert self.comparing is not None
        event, self.history = run.event, run.history
        self.comparing.number = event.number
        self._before = (self.history.state, self.history.ended) if event.goes_on else None
        self._monitor.start()
        self.history.go_on()
        self.run_began.emit(self.history, self.comparing.strategies.index(event.strategy))

    def _on_compared(self, event: ComparedRunEnded | ComparisonEnded) -> None:
        assert self.comparing is not None
        if isinstance(event, ComparedRunEnded):
            self._stand_as_before()
            self.run_ended.emit(self.history)
        if event.result is not None:
            self.compared.emit(self.comparing.folder, event.result)

    @Slot(object)
    def _on_failed(self, error: FtguiError) -> None:
        if self.history is not None and self.history.ended is None and self._before is None:
            self.history.apply(RunEnded(reason=Reason.FAILED, message=error.message, hint=error.hint))
        self.failed.emit(error)

    @Slot()
    def _on_finished(self) -> None:
        self._monitor.stop()
        self._stand_as_before()
        was_comparing, self.comparing = self.comparing is not None, None
        self._set_state(TrainingState.IDLE)
        self.updated.emit()
        if was_comparing:
            self.comparing_changed.emit(None)
        else:
            self.run_ended.emit(self.history)

    def _stand_as_before(self) -> None:
        """Let a run stand as it did where it said nothing of its end: it could not go on, or broke off."""
        if self.history is not None and self.history.ended is None:
            self.history.state, self.history.ended = self._before or (RunState.INTERRUPTED, None)

    def _set_state(self, state: TrainingState) -> None:
        self.state = state
        self.state_changed.emit(state)


def _as_result(run: Planned) -> RunResult:
    entry, state = run.entry, "done" if run.is_done else "waiting"
    return RunResult(name=run.name, strategy=entry.strategy, seed=entry.seed, lr=entry.lr, state=state)


def _history_of(event: ComparedRunStarted, folder: Path) -> RunHistory:
    """Return the history of a run of a comparison: what it told before it was stopped, if it was."""
    if event.goes_on:
        with suppress(FtguiError, OSError, ValueError):  # the run itself says what is wrong with it
            return open_run(folder)
    return RunHistory(event.name, folder)


def _add_pause(folder: Path, seconds: float) -> None:
    """Write the window's longest pause into the summary, where the run got far enough to have one.

    No run is lost for that.
    """
    from ftgui.runs.store import SUMMARY, add_window_pause

    with suppress(FtguiError, OSError):
        if (folder / SUMMARY).is_file():
            add_window_pause(folder, seconds)
