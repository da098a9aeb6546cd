"""The live run in one line: which, how far, how fast, and the two buttons that matter."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.icons import IconButton
from ftgui.gui.widgets.naming import set_style_property
from ftgui.gui.widgets.text import Chip, SteadyText, Text

ProgressState = Literal["idle", "preparing", "running", "paused", "stopping", "stopped", "done", "failed"]

STEPS = 1000


class ProgressCard(Card):
    """Shows progress and asks for pause, resume, stop and the demo. The page tells it the state."""

    pause_requested = Signal()
    resume_requested = Signal()
    stop_requested = Signal()
    demo_requested = Signal()
    skip_requested = Signal()

    def __init__(self, *, object_name: str = "progress_card", parent: QWidget | None = None) -> None:
        super().__init__(object_name=object_name, parent=parent)
        self._state: ProgressState = "idle"
        self._name = Text("", "strong", object_name="run_name")
        self._sentence = SteadyText("muted", object_name="progress_sentence")
        self._best = Chip(object_name="best_chip")
        self.demo_button = Button(self.tr("Open the demo"), object_name="open_demo_button")
        self.skip_button = IconButton(
            "skip-next", self.tr("Leave this run out, go on with the next"), object_name="skip_button"
        )
        self.skip_button.hide()
        self.pause_button = IconButton("pause", self.tr("Pause"), object_name="pause_button")
        self.stop_button = IconButton("stop", self.tr("Stop"), object_name="stop_button")
        self.bar = QProgressBar(self)
        self.bar.setObjectName("progress")
        self.bar.setAccessibleName(self.tr("Progress of the run"))
        self.bar.setTextVisible(False)
        self.bar.setRange(0, STEPS)
        self._lay_out()
        self.pause_button.clicked.connect(self._on_pause)
        self.stop_button.clicked.connect(self._on_stop)
        self.skip_button.clicked.connect(self._on_skip)
        self.demo_button.clicked.connect(self._on_demo)
        self.set_state("idle")

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._name)
        row.addWidget(self._sentence, 1)
        row.addWidget(self._best)
        row.addWidget(self.demo_button)
        row.addWidget(self.skip_button)
        row.addWidget(self.pause_button)
        row.addWidget(self.stop_button)
        self.add(row)
        self.add(self.bar)

    def state(self) -> ProgressState:
        return self._state

    def sentence(self) -> str:
        return self._sentence.text()

    def set_run(self, name: str) -> None:
        """Name the run this is about; empty for none."""
        self._name.setText(name)
        self._name.setVisible(bool(name))

    def set_progress(self, sentence: str, fraction: float | None) -> None:
        """Show ``sentence`` and how much is done, 0 to 1; None while that is not known."""
        self._sentence.setText(sentence)
        self.bar.setRange(0, 0 if fraction is None else STEPS)
        if fraction is not None:
            self.bar.setValue(round(min(max(fraction, 0.0), 1.0) * STEPS))

    def set_best(self, text: str) -> None:
        """Show the best so far, such as "best 0.928 at epoch 6"; empty hides it."""
        self._best.set_text(text)

    def offer_demo(self, offered: bool) -> None:
        """Show a way to begin to who has nothing of their own at hand."""
        self.demo_button.setVisible(offered)

    def offer_skip(self, offered: bool) -> None:
        """Show a way to the next run, where one follows."""
        self.skip_button.setVisible(offered)

    def set_state(self, state: ProgressState) -> None:
        """Offer what can be asked for in ``state``."""
        self._state = state
        live = state in ("preparing", "running", "paused")
        self.pause_button.setEnabled(live)
        self.stop_button.setEnabled(live)
        if state == "paused":
            self.pause_button.show_as("play", self.tr("Resume"))
        else:
            self.pause_button.show_as("pause", self.tr("Pause"))
        if state not in ("preparing", "running", "stopping") and self.bar.maximum() == 0:
            self.bar.setRange(0, STEPS)
        set_style_property(self.bar, "kind", state)

    def _on_pause(self) -> None:
        if self._state == "paused":
            self.resume_requested.emit()
        else:
            self.pause_requested.emit()

    def _on_stop(self) -> None:
        self.stop_requested.emit()

    def _on_skip(self) -> None:
        self.skip_requested.emit()

    def _on_demo(self) -> None:
        self.demo_requested.emit()
