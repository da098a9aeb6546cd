"""Compare: which strategies, how often, with which learning rates; one button starts all of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ftgui.core.errors import FtguiError
from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.widgets.buttons import Button, Segments
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.inputs import CalmSpinBox
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.text import StatusLine, Text
from ftgui.gui.words import counted, what_moves
from ftgui.runs.comparison import ComparisonPlan, make_plan_of

WIDTH = 620
MOST_SEEDS = 20
TICKED = ("freeze", "small-lr", "full")
"""At first: the three that every course tells of."""


class CompareDialog(QDialog):
    """Asks what is to be compared, with the pictures, weights and settings that the left side says."""

    start_requested = Signal(object)
    """A ``ComparisonPlan``."""

    def __init__(self, project: ProjectSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("compare_dialog")
        self.setWindowTitle(self.tr("Compare ways of freezing"))
        self._project = project
        self.boxes = {name: self._box(name) for name in STRATEGIES}
        self.seeds = CalmSpinBox(
            1, MOST_SEEDS, object_name="compare_seeds", accessible_name=self.tr("Runs of each strategy")
        )
        self.rates_choice = Segments(
            (("own", self.tr("Each its own")), ("same", self.tr("Try the same"))),
            object_name="compare_rates_choice",
            accessible_name=self.tr("Learning rates"),
        )
        self.rates = QLineEdit("0.001, 0.003, 0.01")
        name_widget(self.rates, object_name="compare_rates", accessible_name=self.tr("Learning rates to try"))
        self._rates_words = Text("", "muted", wrap=True)
        self._sentence = StatusLine(object_name="compare_sentence")
        self.start_button = Button(
            self.tr("Start"), kind="primary", icon_name="play", object_name="compare_start"
        )
        self.cancel_button = Button(self.tr("Cancel"), kind="large", object_name="compare_cancel")
        self._lay_out()
        self._connect()
        self._refresh()

    # Making -----------------------------------------------------------------------------------------------

    def _box(self, name: str) -> QCheckBox:
        box = QCheckBox(STRATEGIES[name].title)
        box.setObjectName(f"compare_{name}")
        box.setChecked(name in TICKED)
        box.toggled.connect(self._refresh)
        return box

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 16)
        column.setSpacing(12)
        column.addWidget(Text(self._intro_words(), "muted", wrap=True))
        column.addWidget(self._strategies_card())
        column.addWidget(self._fairness_card())
        column.addStretch(1)
        foot = QHBoxLayout()
        foot.addWidget(self._sentence, 1, Qt.AlignmentFlag.AlignVCenter)
        foot.addWidget(self.cancel_button)
        foot.addWidget(self.start_button)
        column.addLayout(foot)
        self.setFixedWidth(WIDTH)

    def _intro_words(self) -> str:
        return self.tr(
            "Trains with each strategy you tick, one run after the other. The split, the new output layer's "
            "first weights, the order of the pictures and their views, the epochs and the arithmetic are the "
            "same for all; only the strategy differs."
        )

    def _strategies_card(self) -> Card:
        card = Card(self.tr("Strategies"), spacing=6)
        for name, box in self.boxes.items():
            row = QHBoxLayout()
            row.setSpacing(10)
            box.setFixedWidth(190)
            row.addWidget(box)
            row.addWidget(Text(what_moves(self._project.config(name)), "muted", wrap=True), 1)
            card.add(row)
        return card

    def _fairness_card(self) -> Card:
        card = Card(self.tr("How often"), spacing=10)
        for label, widget, words in (
            (
                self.tr("Runs of each"),
                self.seeds,
                Text(
                    self.tr("Each with another seed. Three show how much of a difference is chance."),
                    "muted",
                    wrap=True,
                ),
            ),
            (self.tr("Learning rates"), self.rates_choice, self._rates_words),
        ):
            row = QHBoxLayout()
            row.setSpacing(10)
            title = Text(label)
            title.setFixedWidth(100)
            row.addWidget(title)
            row.addWidget(widget)
            row.addWidget(words, 1)
            card.add(row)
        self.seeds.setFixedWidth(76)
        card.add(self.rates)
        return card

    def _connect(self) -> None:
        self.seeds.valueChanged.connect(self._refresh)
        self.rates_choice.chosen.connect(self._refresh)
        self.rates.textChanged.connect(self._refresh)
        self._project.changed.connect(self._refresh)
        self.cancel_button.clicked.connect(self.reject)
        self.start_button.clicked.connect(self._on_start)
        self.finished.connect(self.deleteLater)

    # What is asked for ------------------------------------------------------------------------------------

    def plan(self) -> ComparisonPlan:
        """Return what is asked for now.

        Raises:
            FtguiError: it cannot be compared; a sentence says why.
        """
        strategies = tuple(name for name, box in self.boxes.items() if box.isChecked())
        if len(strategies) < 2:
            raise FtguiError(self.tr("Tick at least two strategies."))
        first = self._project.setting("seed")
        config = self._project.config("freeze", lr=None, stage_lr={}, **self._shaping())
        plan = make_plan_of(
            config, strategies, tuple(range(first, first + self.seeds.value())), self._rates()
        )
        plan.check()
        return plan

    def _shaping(self) -> dict[str, object]:
        """Return the settings of strategies that the chosen one does not look at: others here may."""
        stages = self._project.stage_names
        settings = self._project.state.settings
        return {
            name: settings[name]
            for name in ("freeze_until", "thaw_epoch", "backbone_lr_mult", "norm")
            if name in settings and (name != "freeze_until" or settings[name] in stages[:-1])
        }

    def _rates(self) -> tuple[float, ...]:
        if self.rates_choice.choice() == "own":
            return ()
        try:
            return tuple(float(part) for part in self.rates.text().split(",") if part.strip())
        except ValueError as error:
            raise FtguiError(
                self.tr("“{text}” is no list of numbers.").format(text=self.rates.text()),
                self.tr("Write them with a dot inside and commas between, such as 0.001, 0.01."),
            ) from error

    @Slot()
    def _refresh(self) -> None:
        """Say what pressing Start would do, or what keeps it from being done."""
        same = self.rates_choice.choice() == "same"
        self.rates.setVisible(same)
        self._rates_words.setText(
            self.tr("As many tries for each; the best by validation counts.")
            if same
            else self.tr("The default of each strategy. One for all would decide the outcome.")
        )
        try:
            plan = self.plan()
        except FtguiError as error:
            self._sentence.set_status("error", str(error))
            self.start_button.setEnabled(False)
            return
        runs, epochs = len(plan.entries()), plan.config.epochs
        words = self.tr("{runs} of {epochs}.").format(
            runs=counted(runs, self.tr("run"), self.tr("runs")),
            epochs=counted(epochs, self.tr("epoch"), self.tr("epochs")),
        )
        self._sentence.set_status("info", words)
        self.start_button.setEnabled(True)

    @Slot()
    def _on_start(self) -> None:
        self.start_requested.emit(self.plan())
        self.accept()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self.start_button.setFocus(Qt.FocusReason.OtherFocusReason)
