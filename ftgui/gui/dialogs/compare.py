"""Compare: which strategies, how often, with which learning rates; one button starts all of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from ftgui.core.errors import FtguiError
from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui.sessions.forecasting import Timing, Told
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.widgets.buttons import Button, Segments
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.inputs import CalmSpinBox
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.text import Chip, Kind, StatusLine, Text, tip
from ftgui.gui.words import counted, what_moves
from ftgui.runs.comparison import ComparisonFile, ComparisonPlan, Entry, make_plan_of
from ftgui.runs.forecast import cache_words, range_words, runs_of_plan
from ftgui.runs.report_words import NONE, duration, memory
from ftgui.training.config import TrainConfig, plain
from ftgui.training.events import RunForecast
from ftgui.training.forecast import NoForecast

WIDTH = 780
BOX_WIDTH = 190
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
MOST_SEEDS = 20
TICKED = ("freeze", "small-lr", "full")
"""At first: the three that every course tells of."""


class CompareDialog(QDialog):
    """Asks what is to be compared, with the pictures, weights and settings that the left side says.

    With an ``existing`` comparison it asks what is to be added to that, by its own settings: what is compared
    there stays. The window behind it waits, so that what it says does not change meanwhile.
    """

    start_requested = Signal(object)
    """A ``ComparisonPlan``: with an existing comparison that and what is added to it."""

    def __init__(
        self,
        project: ProjectSession,
        parent: QWidget | None = None,
        existing: ComparisonFile | None = None,
        timing: Timing | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("compare_dialog")
        self.setWindowTitle(
            self.tr("Add to this comparison") if existing else self.tr("Compare ways of freezing")
        )
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self._project = project
        self._existing = existing
        self._timing = timing
        self._cost_titles = tuple(Text(words, "muted") for words in self._cost_words())
        self._costs = {name: (Chip(), Text("", "muted"), Text("", "muted")) for name in STRATEGIES}
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
        if existing is not None:
            self._fix(existing.plan)
        self._lay_out()
        self._connect()
        self._refresh()

    # Making -----------------------------------------------------------------------------------------------

    def _box(self, name: str) -> QCheckBox:
        box = QCheckBox(STRATEGIES[name].title)
        box.setObjectName(f"compare_{name}")
        box.setChecked(name in TICKED)
        return box

    def _fix(self, plan: ComparisonPlan) -> None:
        """Show what is compared already as what cannot be taken away."""
        for name, box in self.boxes.items():
            box.setChecked(name in plan.strategies)
            box.setEnabled(name not in plan.strategies)
        count = len(plan.seeds)
        self.seeds.setRange(count, max(count, MOST_SEEDS))
        self.rates_choice.set_choice("same" if plan.lrs else "own")
        self.rates.setText(", ".join(map(plain, plan.lrs)))
        self.rates_choice.setEnabled(False)
        self.rates.setEnabled(False)

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
        if self._existing is not None:
            return self.tr(
                "What you tick trains beside what is compared already, with the pictures, weights and "
                "settings of that comparison. Runs that are done stay as they are."
            )
        return self.tr(
            "Trains with each strategy you tick, one run after the other. The split, the epochs and the "
            "arithmetic are the same for all, with the same seed also the new output layer's first weights, "
            "the order of the pictures and their views; only the strategy differs."
        )

    def _cost_words(self) -> tuple[str, str, str]:
        return self.tr("in all"), self.tr("an epoch"), self.tr("memory")

    def _strategies_card(self) -> Card:
        card, grid = Card(self.tr("Strategies"), spacing=6), QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnMinimumWidth(0, BOX_WIDTH)
        grid.setColumnStretch(1, 1)
        for column, title in enumerate(self._cost_titles, start=2):
            grid.addWidget(title, 0, column, RIGHT)
        for row, (name, box) in enumerate(self.boxes.items(), start=1):
            grid.addWidget(box, row, 0)
            grid.addWidget(Text(what_moves(self._config(name)), "muted", wrap=True), row, 1)
            for column, label in enumerate(self._costs[name], start=2):
                grid.addWidget(label, row, column, RIGHT)
        card.add(grid)
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
        for box in self.boxes.values():
            box.toggled.connect(self._refresh)
        self.seeds.valueChanged.connect(self._refresh)
        self.rates_choice.chosen.connect(self._refresh)
        self.rates.textChanged.connect(self._refresh)
        self._project.changed.connect(self._refresh)
        if self._timing is not None:
            self._timing.changed.connect(self._refresh)
        self.cancel_button.clicked.connect(self.reject)
        self.start_button.clicked.connect(self._on_start)
        self.finished.connect(self.deleteLater)

    # What is asked for ------------------------------------------------------------------------------------

    def _config(self, strategy: str) -> TrainConfig:
        """Return what a run of a strategy trains, so that it can be said what moves."""
        if self._existing is None:
            return self._project.config(strategy)
        return self._existing.plan.config_of(Entry(strategy=strategy, seed=0))

    def plan(self) -> ComparisonPlan:
        """Return what is asked for now.

        Raises:
            FtguiError: it cannot be compared; a sentence says why.
        """
        strategies = tuple(name for name, box in self.boxes.items() if box.isChecked())
        if self._existing is not None:
            return _extended(self._existing.plan, strategies, self.seeds.value())
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
        return read_rates(self.rates.text())

    @Slot()
    def _refresh(self) -> None:
        """Say what pressing Start would do, or what keeps it from being done."""
        same = self.rates_choice.choice() == "same"
        self.rates.setVisible(same)
        self._rates_words.setText(self._fairness_words(same))
        self._show_costs()
        try:
            plan = self.plan()
        except FtguiError as error:
            kind: Kind = "info" if isinstance(error, NothingAddedError) else "error"
            self._sentence.set_status(kind, str(error))
            self.start_button.setEnabled(False)
            return
        runs, epochs = len(plan.entries()), plan.config.epochs
        one, many = self.tr("run"), self.tr("runs")
        if self._existing is not None:
            runs -= len(self._existing.plan.entries())
            one, many = self.tr("more run"), self.tr("more runs")
        words = self.tr("{runs} of {epochs}{time}.").format(
            runs=counted(runs, one, many),
            epochs=counted(epochs, self.tr("epoch"), self.tr("epochs")),
            time=self._time_words(plan),
        )
        self._sentence.set_status("info", words)
        self.start_button.setEnabled(True)

    def _show_costs(self) -> None:
        told = self._timing.told if self._timing is not None else {}
        for name, labels in self._costs.items():
            words, why = self._words_of(told.get(name))
            for label, text in zip(labels, words, strict=True):
                label.setText(text)
                label.setVisible(bool(text))
                label.setToolTip(tip(why))
        for title in self._cost_titles:
            title.setVisible(bool(told))
        self._fit()

    def _fit(self) -> None:
        """Make room for each line of sentences that wrap: Qt asks for no more than the least of them."""
        layout = self.layout()
        assert layout is not None
        self.setMinimumHeight(layout.totalHeightForWidth(WIDTH))

    def _words_of(self, told: Told | None) -> tuple[tuple[str, str, str], str]:
        """Return what a strategy takes in all, an epoch, and of memory, and what else is to be said of it."""
        match told:
            case RunForecast():
                each = range_words(told.low, told.high), duration(told.epoch_seconds), memory(told.memory_mb)
                return each, cache_words(told)
            case NoForecast():
                return (self.tr("no forecast"), NONE, NONE), told.hint
            case None:
                return ("", "", ""), ""

    def _time_words(self, plan: ComparisonPlan) -> str:
        """Return ", 12 – 17 min in all" where every strategy's time is forecast, else nothing."""
        told = self._timing.forecasts if self._timing is not None else {}
        if any(name not in told for name in plan.strategies):
            return ""
        before = self._existing.plan.entries() if self._existing is not None else ()
        runs = runs_of_plan(plan, told, {entry.name for entry in before})
        span = range_words(sum(run.low for run in runs), sum(run.high for run in runs))
        return self.tr(", {span} in all").format(span=span)

    def _fairness_words(self, same: bool) -> str:
        if self._existing is not None:
            return self.tr("As in the comparison so far: all need as many tries.")
        if same:
            return self.tr("As many tries for each; the best by validation counts.")
        return self.tr("The default of each strategy. One for all would decide the outcome.")

    @Slot()
    def _on_start(self) -> None:
        self.start_requested.emit(self.plan())
        self.accept()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self.start_button.setFocus(Qt.FocusReason.OtherFocusReason)


def read_rates(text: str) -> tuple[float, ...]:
    """Return the learning rates of a list with commas, semicolons or spaces between.

    Raises:
        FtguiError: it is empty or no such list, or a comma in it may be a decimal one; a sentence says what.
    """
    words = [word for part in re.split(r"[;\s]+", text) if (word := part.strip(","))]
    if not words:
        raise FtguiError(
            QCoreApplication.translate("CompareDialog", "There is no learning rate to try."),
            QCoreApplication.translate("CompareDialog", "Write some, such as 0.001, 0.003."),
        )
    return tuple(rate for word in words for rate in _rates_in(word))


def _rates_in(word: str) -> list[float]:
    """Return the numbers of a part without spaces: one, or some with commas and no space between."""
    parts = word.split(",")
    if len(parts) > 1 and not any("." in part or "e" in part.lower() for part in parts):
        raise FtguiError(
            QCoreApplication.translate("CompareDialog", "“{word}” may be one number or several.").format(
                word=word
            ),
            QCoreApplication.translate("CompareDialog", "Write numbers with a dot inside, such as 0.003."),
        )
    try:
        return [float(part) for part in parts]
    except ValueError as error:
        raise FtguiError(
            QCoreApplication.translate("CompareDialog", "“{word}” is no number.").format(word=word),
            QCoreApplication.translate(
                "CompareDialog", "Write numbers with a dot inside and commas between, such as 0.001, 0.003."
            ),
        ) from error


class NothingAddedError(FtguiError):
    """Nothing has been asked for yet."""


def _extended(plan: ComparisonPlan, strategies: Sequence[str], count: int) -> ComparisonPlan:
    """Return a plan with more strategies and, up to ``count``, more seeds.

    Raises:
        NothingAddedError: nothing is added.
        FtguiError: it cannot be.
    """
    first = max(plan.seeds) + 1
    seeds = (*plan.seeds, *range(first, first + count - len(plan.seeds)))
    names = tuple(dict.fromkeys((*plan.strategies, *strategies)))
    if (names, seeds) == (plan.strategies, plan.seeds):
        raise NothingAddedError(
            QCoreApplication.translate(
                "CompareDialog", "Tick another strategy, or ask for more runs of each."
            )
        )
    extended = msgspec.structs.replace(plan, strategies=names, seeds=seeds)
    extended.check()
    return extended
