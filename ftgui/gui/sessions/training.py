"""The live run: started, paused, stopped, and folded into its history event by event."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from ftgui.core.errors import FtguiError
from ftgui.gui.pause_monitor import PauseMonitor
from ftgui.gui.sessions.worker import WorkerThread
from ftgui.runs.history import RunHistory, RunState
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import Reason, RunEnded, RunStarted, RunWarning, TrainingEvent

Job = Callable[[TrainConfig | None, Path, RunControl], Iterator[TrainingEvent]]
"""Trains as the config says into the new folder; without a config it goes on with the run in the folder."""


class TrainingState(StrEnum):
    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"


def train_job(config: TrainConfig | None, folder: Path, control: RunControl) -> Iterator[TrainingEvent]:
    """Run the engine. Imported here, in the worker's thread: it brings torch."""
    from ftgui.jobs.resume import resume
    from ftgui.jobs.train import train

    yield from resume(folder, control) if config is None else train(config, folder, control)


class TrainingSession(QObject):
    """Owns the run that goes on, if one does."""

    state_changed = Signal(object)
    updated = Signal()
    """The history took an event. Many come at once: mark what is shown as dirty, do not repaint."""
    run_ended = Signal(object)
    """The history of a run that ended."""
    failed = Signal(object)
    """An FtguiError, for a run that could not begin or that ended in failure."""
    warned = Signal(object)

    def __init__(self, job: Job = train_job, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job = job
        self._thread = WorkerThread("training", self)
        self._thread.progressed.connect(self._on_event)
        self._thread.failed.connect(self._on_failed)
        self._thread.finished.connect(self._on_finished)
        self._monitor = PauseMonitor(self)
        self._control = RunControl()
        self._before: tuple[RunState, RunEnded | None] | None = None
        """How a resumed run stood, until it goes on: so it stands again if it cannot."""
        self.history: RunHistory | None = None
        self.state = TrainingState.IDLE

    # Intents ------------------------------------------------------------------------------------------

    def start(self, config: TrainConfig, folder: Path, name: str) -> RunHistory:
        """Start training into the new folder ``folder``; return the history that will tell of it."""
        history = RunHistory(name, folder)
        self._begin(history, config)
        return history

    def resume(self, history: RunHistory) -> None:
        """Go on with a run that was stopped; its own history tells of that too."""
        before = history.state, history.ended
        history.go_on()
        self._begin(history, None, before)

    def _begin(
        self,
        history: RunHistory,
        config: TrainConfig | None,
        before: tuple[RunState, RunEnded | None] | None = None,
    ) -> None:
        self._control = RunControl()
        self.history, self._before = history, before
        self._monitor.start()
        self._thread.start(self._work(config, history.folder, self._control))
        self._set_state(TrainingState.RUNNING)

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
        self, config: TrainConfig | None, folder: Path, control: RunControl
    ) -> Callable[[], Generator[object, None, None]]:
        job, monitor = self._job, self._monitor

        def work() -> Generator[object, None, None]:
            for event in job(config, folder, control):
                if isinstance(event, RunEnded):
                    _add_pause(folder, monitor.longest_seconds)
                yield event

        return work

    @Slot(object)
    def _on_event(self, event: TrainingEvent) -> None:
        assert self.history is not None
        self.history.apply(event)
        if isinstance(event, RunStarted):
            self._before = None
        if isinstance(event, RunWarning):
            self.warned.emit(event)
        if isinstance(event, RunEnded) and event.reason.is_failure:
            self.failed.emit(FtguiError(event.message, event.hint, str(self.history.folder)))
        self.updated.emit()

    @Slot(object)
    def _on_failed(self, error: FtguiError) -> None:
        assert self.history is not None
        if self._before is None:
            self.history.apply(RunEnded(reason=Reason.FAILED, message=error.message, hint=error.hint))
        self.failed.emit(error)

    @Slot()
    def _on_finished(self) -> None:
        assert self.history is not None
        self._monitor.stop()
        if self.history.ended is None:
            self.history.state, self.history.ended = self._before or (RunState.INTERRUPTED, None)
        self._set_state(TrainingState.IDLE)
        self.updated.emit()
        self.run_ended.emit(self.history)

    def _set_state(self, state: TrainingState) -> None:
        self.state = state
        self.state_changed.emit(state)


def _add_pause(folder: Path, seconds: float) -> None:
    """Write the window's longest pause into the summary, where the run got far enough to have one."""
    from ftgui.runs.store import SUMMARY, add_window_pause

    if (folder / SUMMARY).is_file():
        add_window_pause(folder, seconds)
