"""The left side: the cards from top to bottom, and below them whether all is ready, and Train."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ftgui.gui.pages.setup_cards import ClassesCard, LearningCard, PicturesCard
from ftgui.gui.pages.strategies_card import StrategiesCard
from ftgui.gui.pages.weights_card import WeightsCard
from ftgui.gui.sessions.project import ProjectSession, Readiness
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.text import Kind, StatusLine

WIDTH = 392
GUTTER = 16
"""The scroll bar and the room before it, so that Train ends where the cards do."""


class SetupPanel(QWidget):
    """Composes the setup cards over one ``ProjectSession``."""

    train_clicked = Signal()
    compare_clicked = Signal()
    choose_dataset_clicked = Signal()
    look_clicked = Signal()
    """The pictures are to be looked at."""
    choose_weights_clicked = Signal()
    catalog_clicked = Signal()
    find_lr_clicked = Signal()

    def __init__(self, session: ProjectSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._busy = ""
        # Cards are made where they stay: a tree of widgets that is moved is styled anew, each time.
        self._scroll, self._page = QScrollArea(self), QWidget()
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(self._page)
        page = self._page
        self.pictures, self.weights = PicturesCard(session, page), WeightsCard(session, page)
        self.classes, self.strategies = ClassesCard(session, page), StrategiesCard(session, page)
        self.learning = LearningCard(session, page)
        self.ready = StatusLine(object_name="ready_line")
        self.train_button = Button(
            self.tr("Train"), kind="primary", icon_name="play", object_name="train_button"
        )
        self.train_button.setAccessibleName(self.tr("Train"))
        self.compare_button = Button(
            self.tr("Compare…"), kind="large", icon_name="chart-multiple", object_name="compare_button"
        )
        self._lay_out()
        self.pictures.choose_clicked.connect(self.choose_dataset_clicked)
        self.pictures.look_clicked.connect(self.look_clicked)
        self.weights.choose_clicked.connect(self.choose_weights_clicked)
        self.weights.catalog_clicked.connect(self.catalog_clicked)
        self.train_button.clicked.connect(self._on_train)
        self.compare_button.clicked.connect(self.compare_clicked)
        self.learning.find_clicked.connect(self.find_lr_clicked)
        for card in (self.strategies, self.learning):
            card.problem_changed.connect(self._show_readiness)
        session.changed.connect(self.refresh)
        self.refresh()

    def set_busy(self, why: str) -> None:
        """Say what goes on, empty for nothing: a run can be set up meanwhile, but not started."""
        self._busy = why
        self._show_readiness()

    def refresh(self) -> None:
        for card in (self.pictures, self.weights, self.classes, self.strategies, self.learning):
            card.refresh()
        self._show_readiness()

    def _lay_out(self) -> None:
        scroll, cards = self._scroll, self._page
        cards.setProperty("role", "page")
        column = QVBoxLayout(cards)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(10)
        for card in (self.pictures, self.weights, self.classes, self.strategies, self.learning):
            column.addWidget(card)
        column.addStretch(1)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        foot = QVBoxLayout()
        foot.setContentsMargins(0, 0, GUTTER, 0)
        foot.setSpacing(10)
        foot.addWidget(self.ready)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addWidget(self.train_button, 1)
        buttons.addWidget(self.compare_button)
        foot.addLayout(buttons)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(10)
        outer.addWidget(scroll, 1)
        outer.addLayout(foot)
        self.setFixedWidth(WIDTH)

    def _show_readiness(self) -> None:
        readiness = self._readiness()
        ready: Kind = "info" if self._busy else "ok"
        kind: Kind = "error" if readiness.is_problem else ready if readiness.ready else "info"
        self.ready.set_status(kind, readiness.sentence)
        self.train_button.setEnabled(readiness.ready and not self._busy)
        for button in (self.learning.find_button, self.compare_button):
            button.setEnabled(self.train_button.isEnabled())

    def _readiness(self) -> Readiness:
        problem = self.strategies.problem() or self.learning.problem()
        if problem:
            return Readiness(False, problem, is_problem=True)
        readiness = self._session.readiness()
        if self._busy and readiness.ready:
            return Readiness(True, self._busy)
        return readiness

    def _on_train(self) -> None:
        self.train_clicked.emit()
