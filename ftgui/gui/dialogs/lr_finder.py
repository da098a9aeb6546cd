"""The learning rate finder: a search that can be cancelled, what it found, and whether to use that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from ftgui.core.errors import FtguiError
from ftgui.gui.sessions.lr_search import LrSearch
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.rate_plot import RatePlot
from ftgui.gui.widgets.text import StatusLine, Text
from ftgui.training.events import PhaseProgress

if TYPE_CHECKING:
    from ftgui.training.lr_finder import LrFound

SIZE = QSize(620, 500)


def rounded(rate: float) -> float:
    """Return a learning rate with two figures: the test does not know it better than that."""
    return float(f"{rate:.2g}")


class LrFinderDialog(QDialog):
    """Shows one search of ``search``; closing it cancels what still goes on. It holds nothing else up."""

    use_requested = Signal(float)
    """The learning rate to train with."""

    def __init__(self, search: LrSearch, strategy: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lr_finder")
        self.setWindowTitle(self.tr("Find a learning rate"))
        self._search, self._strategy = search, strategy
        self._suggestion = 0.0
        self._intro = Text(self._intro_words(), "muted", wrap=True)
        self._sentence = StatusLine(object_name="lr_sentence")
        self._phase = Text(self.tr("getting ready …"), "muted", object_name="lr_phase")
        self.bar = QProgressBar()
        self.bar.setObjectName("lr_progress")
        self.bar.setAccessibleName(self.tr("Progress of the search"))
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        self.plot = RatePlot(object_name="lr_plot", accessible_name=self.tr("Loss by learning rate"))
        self.use_button = Button("", kind="primary", object_name="lr_use_button")
        self.use_button.setAccessibleName(self.tr("Use the learning rate found"))
        self.close_button = Button(self.tr("Cancel"), kind="large", object_name="lr_close_button")
        self._lay_out()
        self._connect()

    def done(self, result: int) -> None:
        """Close, however: what still goes on is cancelled."""
        if self._search.is_active:
            self._search.cancel()
        super().done(result)

    def _lay_out(self) -> None:
        self._stack = QStackedWidget()
        self._stack.addWidget(self._waiting())
        self._stack.addWidget(self._chart())
        buttons = QHBoxLayout()
        buttons.addWidget(self._sentence, 1)
        buttons.addStretch()
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.use_button)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(18, 16, 18, 16)
        outer.setSpacing(12)
        outer.addWidget(self._intro)
        outer.addWidget(self._stack, 1)
        outer.addLayout(buttons)
        self.use_button.hide()
        self.resize(SIZE)

    def _waiting(self) -> QWidget:
        self._phase.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(60, 0, 60, 0)
        column.setSpacing(10)
        column.addStretch(1)
        column.addWidget(self.bar)
        column.addWidget(self._phase)
        column.addStretch(1)
        return page

    def _chart(self) -> Card:
        card = Card(self.tr("Loss"), spacing=4)
        card.add_beside_title(Text(self.tr("a dot a batch, the line their running mean"), "muted"))
        card.add(self.plot, 1)
        axis = Text(self.tr("learning rate"), "muted")
        axis.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        card.add(axis)
        return card

    def _connect(self) -> None:
        self._search.progressed.connect(self._on_progressed)
        self._search.found.connect(self._on_found)
        self._search.failed.connect(self._on_failed)
        self.close_button.clicked.connect(self.reject)
        self.use_button.clicked.connect(self._on_use)
        self.finished.connect(self.deleteLater)

    def _intro_words(self) -> str:
        return self.tr(
            "Trains a copy of the network with “{strategy}”, a batch for each learning rate, from very small "
            "to very large, and watches the loss. Nothing of it is kept."
        ).format(strategy=self._strategy)

    @Slot(object)
    def _on_progressed(self, progress: PhaseProgress) -> None:
        counts = f" {progress.done:,} of {progress.total:,}" if progress.total > 1 else " …"
        self._phase.setText(f"{progress.phase}{counts}")
        self.bar.setRange(0, progress.total if progress.total > 1 else 0)
        self.bar.setValue(progress.done)

    @Slot(object)
    def _on_found(self, found: LrFound) -> None:
        self._end()
        if found.trials:
            self.plot.show_trials(found.trials, found.suggestion)
            self._stack.setCurrentIndex(1)
        if found.suggestion is None:
            self._sentence.set_status("warning", self._nothing_words())
            return
        self._suggestion = rounded(found.suggestion)
        rate = f"{self._suggestion:g}"
        words = self.tr("The loss falls most steeply at {rate}: a good learning rate to start with.")
        self._sentence.set_status("ok", words.format(rate=rate))
        self.use_button.setText(self.tr("Use {rate}").format(rate=rate))
        self.use_button.show()
        self.use_button.setDefault(True)
        self.use_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _nothing_words(self) -> str:
        return self.tr("No learning rate brought the loss down. A larger batch size may show more.")

    @Slot(object)
    def _on_failed(self, error: FtguiError) -> None:
        self._end()
        self._sentence.set_status("error", f"{error.message} {error.hint}".strip())

    def _end(self) -> None:
        self.bar.hide()
        self._phase.hide()
        self.close_button.setText(self.tr("Close"))

    @Slot()
    def _on_use(self) -> None:
        self.use_requested.emit(self._suggestion)
        self.accept()
