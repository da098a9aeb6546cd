"""The right side: curves, the live run, and the runs there are."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from ftgui.gui.item_models.runs_model import RunRow, RunsModel
from ftgui.gui.pages.run_drawing import RunDrawing
from ftgui.gui.pages.runs_card import RunsCard
from ftgui.gui.pages.turns import Turns
from ftgui.gui.plot_data import PlotView, Smoothing
from ftgui.gui.sessions.training import Comparing, TrainingSession, TrainingState
from ftgui.gui.theme import RunColour
from ftgui.gui.time_words import phases, time_sentences
from ftgui.gui.widgets.live_plot import LivePlot
from ftgui.gui.widgets.progress_card import ProgressCard, ProgressState
from ftgui.gui.widgets.time_strip import TimeStrip
from ftgui.gui.words import best_words, duration_words, progress_words
from ftgui.runs.history import RunHistory, RunState
from ftgui.runs.progress import left_words
from ftgui.training.events import RunEnded

AS_LONG_AS_THEY_ARE = (0, -1)
"""The room of curves whose length nobody knows."""


class TrainPage(QWidget):
    """Shows one ``TrainingSession`` and the model of runs; asks for pause and stop."""

    demo_requested = Signal()
    failed = Signal(object)
    """An ``FtguiError``: a picture or numbers could not be written."""

    def __init__(self, session: TrainingSession, runs: RunsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.runs = runs
        self._room = (0, 0)
        self._ready = self._blank = False
        self.loss_plot = LivePlot(self.tr("Loss"), object_name="loss_plot", log=True)
        self.accuracy_plot = LivePlot(self.tr("Accuracy"), object_name="accuracy_plot", cost=True)
        self.accuracy_plot.set_y_range_unit()
        self._drawing = RunDrawing({"loss": self.loss_plot, "accuracy": self.accuracy_plot}, runs)
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self.progress = ProgressCard()
        self.timing_strip = TimeStrip(object_name="time_strip")
        self._timed: RunEnded | None = None
        """The end of the run whose times are shown."""
        self.runs_card = RunsCard(runs)
        self._lay_out()
        self._turns = Turns((self._draw_loss, self._draw_accuracy, self._show_figures), self)
        self._connect()
        self._show_state()

    # What the window asks ---------------------------------------------------------------------------------

    def add_run(self, history: RunHistory, colour: RunColour | None = None) -> None:
        """Put a run in the table, select it and draw its curves."""
        self._draw(self.runs_card.add_run(history, colour))

    @Slot(object, int)
    def follow_run(self, history: RunHistory, colour: int) -> None:
        """Put a run of a comparison in the table, or go on with its row there."""
        row = self.runs.take(history, colour)
        self.runs_card.select(history)
        self._draw(row)

    def set_setup(self, *, ready: bool, blank: bool) -> None:
        """Say whether Train may be pressed, and whether nothing at all was filled in yet."""
        self._ready, self._blank = ready, blank
        self._show_emptiness()

    # Making -----------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        plots = QHBoxLayout()
        plots.setSpacing(10)
        plots.addWidget(self.loss_plot, 1)
        plots.addWidget(self.accuracy_plot, 1)
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(plots, 1)
        column.addWidget(self.progress)
        column.addWidget(self.timing_strip)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(10)
        splitter.addWidget(top)
        splitter.addWidget(self.runs_card)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setSizes([560, 260])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 10, 0, 0)
        outer.addWidget(splitter)

    def _connect(self) -> None:
        self._session.updated.connect(self._on_updated)
        self._session.state_changed.connect(self._on_state_changed)
        self._session.run_ended.connect(self._on_run_ended)
        self.progress.pause_requested.connect(self._session.toggle_pause)
        self.progress.resume_requested.connect(self._session.toggle_pause)
        self.progress.stop_requested.connect(self._session.stop)
        self.progress.demo_requested.connect(self.demo_requested)
        self.progress.skip_requested.connect(self._session.skip)
        self.runs.shown_changed.connect(self._draw)
        for plot in (self.loss_plot, self.accuracy_plot):
            plot.smoothing_chosen.connect(self._smooth)
            plot.bands_chosen.connect(self._band)
            plot.failed.connect(self.failed)
        self.loss_plot.x_chosen.connect(self._draw_over)
        self.accuracy_plot.x_chosen.connect(self._on_accuracy_over)
        self._redraw.timeout.connect(self._draw_all)
        self.runs_card.possible_changed.connect(self._show_times)

    # What happens -----------------------------------------------------------------------------------------

    @Slot()
    def _on_updated(self) -> None:
        self._turns.tell()

    @Slot(object)
    def _on_state_changed(self, state: TrainingState) -> None:
        if state is TrainingState.IDLE:
            self._turns.stop()
        else:
            self._turns.start()
        self._turns.show_all()

    @Slot(object)
    def _on_run_ended(self, _history: RunHistory) -> None:
        self._turns.show_all()
        if self._drawing.view.bands:
            self._redraw.start(0)  # now that it is done it may be part of a band

    def _show_figures(self) -> None:
        self._show_state()
        if self._session.history is not None:
            self.runs.refresh(self._session.history)
        self._show_emptiness()

    def _draw_loss(self) -> None:
        for row in self._live_rows():
            self._drawing.draw(row, "loss")
        self._keep_room()

    def _draw_accuracy(self) -> None:
        for row in self._live_rows():
            self._drawing.draw(row, "accuracy")
        self._draw_cost()

    def _draw_cost(self) -> None:
        if self.accuracy_plot.shows_cost():
            self.accuracy_plot.set_cost(self._drawing.cost_points())

    def _live_rows(self) -> list[RunRow]:
        return [row for row in self.runs.rows if row.history is self._session.history]

    @Slot(object)
    def _draw(self, row: RunRow) -> None:
        if self._drawing.view.bands:
            self._redraw.start(0)  # once, however many ticks change: each may make and break bands
            return
        self._drawing.draw(row, "loss")
        self._drawing.draw(row, "accuracy")
        self._after_drawing()

    @Slot()
    def _draw_all(self) -> None:
        self._drawing.draw_all()
        self._after_drawing()

    def _after_drawing(self) -> None:
        self._draw_cost()
        self._keep_room()
        self._show_emptiness()

    @Slot(str)
    def _on_accuracy_over(self, over: str) -> None:
        """Show accuracy against cost, of which the loss knows nothing; or the curves of both."""
        if over == "cost":
            self.accuracy_plot.set_cost(self._drawing.cost_points())
        else:
            self.accuracy_plot.set_cost(None)
            self._draw_over(over)

    @Slot(str)
    def _draw_over(self, over: str) -> None:
        """Draw all curves over epochs, or over the seconds that they took."""
        self._drawing.over = "seconds" if over == "seconds" else "epochs"
        self._room = (0, 0)
        for plot in (self.loss_plot, self.accuracy_plot):
            plot.set_x_kind(self._drawing.over)
        self._draw_all()

    @Slot(str)
    def _smooth(self, smoothing: Smoothing) -> None:
        self._look(replace(self._drawing.view, smoothing=smoothing))

    @Slot(bool)
    def _band(self, bands: bool) -> None:
        self._look(replace(self._drawing.view, bands=bands))

    def _look(self, view: PlotView) -> None:
        """Draw both plots as ``view`` says."""
        self._drawing.view = view
        for plot in (self.loss_plot, self.accuracy_plot):
            plot.set_view(view)
        self._draw_all()

    def _keep_room(self) -> None:
        """Make the x axes as long as the longest run shown, and begin where curves begin.

        Only where that is new, for it undoes the user's own zoom.
        """
        plots = (self.loss_plot, self.accuracy_plot)
        if self._drawing.over == "seconds":  # nobody knows yet how many it will be
            if self._room != AS_LONG_AS_THEY_ARE:
                self._room = AS_LONG_AS_THEY_ARE
                for plot in plots:
                    plot.follow_x()
            return
        shown = [row.history for row in self.runs.rows if row.shown]
        in_first_epoch = any(h.state is RunState.TRAINING and not h.epochs for h in shown)
        room = (0 if in_first_epoch else 1, max(map(_epochs, shown), default=1))
        if room != self._room:
            self._room = room
            for plot in plots:
                plot.set_x_range(*room)

    def _show_emptiness(self) -> None:
        """Say what to do where there is nothing to see yet."""
        for plot in (self.loss_plot, self.accuracy_plot):
            plot.set_empty_text(self._empty_words())
        self.progress.offer_demo(self._blank and not self.runs.rows)
        if self._session.history is None:
            self._show_idle_words()

    def _show_idle_words(self) -> None:
        if self._session.is_active:
            self.progress.set_progress(self.tr("Getting ready to compare …"), None)
        elif self._ready:
            self.progress.set_progress(self.tr("All is ready: press Train."), 0.0)
        else:
            words = self.tr("Choose pictures and weights on the left to begin.")
            self.progress.set_progress(words, 0.0)

    def _empty_words(self) -> str:
        if self.runs.rows and not any(row.shown for row in self.runs.rows):
            return self.tr("No run is ticked in the table below.")
        if self._ready and not self.runs.rows:
            return self.tr("Press Train.")
        return self.tr("Curves appear here while a run trains.")

    def _show_state(self) -> None:
        history, state = self._session.history, self._session.state
        if history is None:
            self.progress.set_run("")
            self._show_emptiness()
        else:
            paused, stopping = state is TrainingState.PAUSED, state is TrainingState.STOPPING
            self.progress.set_run(_run_words(history, self._session.comparing))
            words = progress_words(history, paused, stopping)
            self.progress.set_progress(words + _in_all(self._session.comparing), _fraction(history))
            self.progress.set_best(best_words(history))
        self.progress.set_state(_progress_state(state, history))
        self.progress.offer_skip(self._session.skippable is not None)
        self.runs_card.show_possible()

    @Slot()
    def _show_times(self) -> None:
        """Show where the time of the selected run went, once it has ended."""
        history = self.runs_card.selected_run()
        ended = history.ended if history is not None else None
        if ended is self._timed:
            return
        self._timed = ended
        if ended is None:
            self.timing_strip.hide()
        else:
            sentences = time_sentences(ended, history.forecast if history is not None else None)
            self.timing_strip.set_times(phases(ended), duration_words(ended.seconds), sentences)


def _run_words(history: RunHistory, comparing: Comparing | None) -> str:
    """Return what the live run is called, and which of a comparison's it is."""
    return history.name if comparing is None else f"{history.name} ({comparing.number} of {comparing.runs})"


def _in_all(comparing: Comparing | None) -> str:
    """Return how long a comparison takes in all, where more follows the run that goes on."""
    progress = comparing.progress if comparing is not None else None
    if progress is None or progress.total - progress.done < 2:
        return ""
    left = left_words(progress)
    return f" · in all {left}" if left else ""


def _epochs(history: RunHistory) -> int:
    return history.started.config.epochs if history.started else 1


def _fraction(history: RunHistory) -> float | None:
    """Return how much is done; None, which shows that something goes on, where nobody can say."""
    if history.state is RunState.PREPARING:
        phase = history.progress
        return phase.done / phase.total if phase and phase.total > 1 else None
    return history.fraction


def _progress_state(state: TrainingState, history: RunHistory | None) -> ProgressState:
    match state:
        case TrainingState.RUNNING:
            begun = history is not None and history.state is not RunState.PREPARING
            return "running" if begun else "preparing"
        case TrainingState.PAUSED:
            return "paused"
        case TrainingState.STOPPING:
            return "stopping"
    if history is None:
        return "idle"
    return _END_STATES.get(history.state, "done")


_END_STATES: dict[RunState, ProgressState] = {
    RunState.STOPPED: "stopped",
    RunState.FAILED: "failed",
    RunState.INTERRUPTED: "failed",
}
