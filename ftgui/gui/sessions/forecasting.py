"""What each strategy would take, found out while nothing else goes on, and refined by the run that does."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from threading import Lock

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ftgui.core.errors import FtguiError
from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.sessions.worker import WorkerThread
from ftgui.runs.forecast import is_run_of, refined
from ftgui.runs.history import RunHistory
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import RunForecast
from ftgui.training.forecast import NoForecast

Configs = tuple[TrainConfig, ...]
ForecastJob = Callable[[Configs, RunControl], Iterator[object]]
"""Yields a ``RunForecast`` or a ``NoForecast`` for each of some configs, and how far it is in between."""

Told = RunForecast | NoForecast
"""What a strategy takes, or why nobody can say."""

CALM_MS = 600
"""After the last change of what is to be trained: who types or drags is not timed meanwhile."""


def forecast_job(configs: Configs, control: RunControl) -> Iterator[object]:
    """Time a few steps. Imported here, in the worker's thread: it brings torch."""
    from ftgui.jobs.forecast import forecasts

    yield from forecasts(configs, control)


def no_forecast(_configs: Sequence[TrainConfig], _control: RunControl) -> Iterator[object]:
    """Time nothing, and say nothing."""
    yield from ()


class Timing(QObject):
    """Owns what is forecast of some configs, which differ in their strategies."""

    changed = Signal()

    def __init__(self, job: ForecastJob, engine: Lock, parent: QObject | None = None) -> None:
        """``engine`` is held while steps are timed: who holds it else does so while it computes."""
        super().__init__(parent)
        self.told: dict[str, Told] = {}
        """By strategy; those of which nothing is known yet are missing."""
        self._job, self._engine = job, engine
        self._configs: Configs = ()
        self._held = False
        self._control = RunControl()
        self._thread = WorkerThread("forecast", self)
        self._thread.progressed.connect(self._on_item)
        self._thread.failed.connect(self._on_failed)
        self._thread.finished.connect(self._on_finished)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(CALM_MS)
        self._timer.timeout.connect(self._begin)

    @property
    def forecasts(self) -> dict[str, RunForecast]:
        """What was told of strategies of which something can be said."""
        return {name: each for name, each in self.told.items() if isinstance(each, RunForecast)}

    @property
    def is_timing(self) -> bool:
        """Whether steps of what is asked for are being timed now, or are about to be."""
        is_at_work = self._thread.is_running and not self._held
        return bool(self._configs) and (is_at_work or self._timer.isActive())

    def ask(self, configs: Configs) -> None:
        """Have these forecast, and nothing else; of none nothing is."""
        if configs != self._configs:
            self._configs = configs
            self.ask_again()

    def ask_again(self) -> None:
        """Forget what was told: what it depends on has changed, though no config has."""
        self.told = {}
        self._control.stop()
        self._timer.stop()
        if self._configs and not self._held:
            self._timer.start()
        self.changed.emit()

    def hold(self, held: bool) -> None:
        """Time nothing while the engine is at work on something else; ask anew when it is done.

        What a run left on the disk makes the next one faster.
        """
        if held == self._held:
            return
        self._held = held
        if not held:
            self.ask_again()
            return
        self._control.stop()
        self._timer.stop()
        self.changed.emit()

    def shutdown(self) -> None:
        """End what goes on, and wait until the thread is gone."""
        self._timer.stop()
        self._control.stop()
        self._thread.shutdown()

    # What happens -------------------------------------------------------------------------------------

    @Slot()
    def _begin(self) -> None:
        if self._thread.is_running:
            return  # begun when that is over
        configs, control, job, engine = self._configs, RunControl(), self._job, self._engine
        self._control = control

        def work() -> Generator[object, None, None]:
            with engine:
                if not control.stopping:
                    yield from job(configs, control)

        self._thread.start(work)
        self.changed.emit()

    @Slot(object)
    def _on_item(self, item: object) -> None:
        if isinstance(item, Told) and not self._control.stopping:
            self.told[item.strategy] = item
            self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: FtguiError) -> None:
        """Say why beside the strategies only: nobody asked, and who presses Train is told what is wrong."""
        if not self._control.stopping:
            for config in self._configs:
                self.told.setdefault(config.strategy, NoForecast.of(config.strategy, error.message))

    @Slot()
    def _on_finished(self) -> None:
        if self._control.stopping and self._configs and not self._held:
            self._timer.start()
        self.changed.emit()


class Forecasting(Timing):
    """Owns what is forecast of the project's strategies as they are set now."""

    def __init__(
        self,
        project: ProjectSession,
        job: ForecastJob = forecast_job,
        engine: Lock | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(job, engine or Lock(), parent)
        self._project = project
        self._seen = 0, 0
        """The run that was followed last, and how many epochs of it."""
        project.changed.connect(self._on_changed)

    def follow(self, history: RunHistory) -> None:
        """Refine what is said of the strategy of a run that goes on by the epochs that it has done.

        Not where it is a run of other settings: the cards speak of those of now.
        """
        goes_on = self._held and history.ended is None
        seen = id(history), len(history.epochs)
        if not goes_on or history.forecast is None or history.started is None or seen == self._seen:
            return
        self._seen = seen
        strategy, before = history.forecast.strategy, self.told.get(history.forecast.strategy)
        asked = next((config for config in self._configs if config.strategy == strategy), None)
        if asked is None or not is_run_of(asked, history.started):
            return
        self.told[strategy] = refined(history.forecast, history.started.config, history.epochs)
        if self.told[strategy] != before:
            self.changed.emit()

    def beside(self, parent: QObject) -> Timing:
        """Return what forecasts other configs than the project's in the same way; its owner ends it."""
        return Timing(self._job, self._engine, parent)

    @Slot()
    def _on_changed(self) -> None:
        self.ask(self._wanted())

    def _wanted(self) -> Configs:
        """Return a config a strategy, none while something is missing."""
        project = self._project
        is_checking = project.pictures.state.progress is not None
        if project.state.machine is None or project.is_looking or is_checking:
            return ()
        if not project.readiness().ready:
            return ()
        return tuple(project.config(name) for name in STRATEGIES)
