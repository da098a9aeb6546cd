"""What may move: a card a strategy, and below them the stage map with its ice line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from PySide6.QtCore import QCoreApplication, QEvent, QTimer, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QVBoxLayout, QWidget

from ftgui.core.errors import FtguiError
from ftgui.freezing.facts import why_strategy
from ftgui.freezing.plan import FreezePlan
from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui.pages.stage_rows import BLANK, multiple_words, stage_rows
from ftgui.gui.sessions.forecasting import Told
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.widgets.buttons import Disclosure
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.revealing import reveal
from ftgui.gui.widgets.setting_input import SettingInput, input_for
from ftgui.gui.widgets.stage_map import StageMap
from ftgui.gui.widgets.stage_rates import StageRates
from ftgui.gui.widgets.strategy_card import StrategyCard
from ftgui.gui.widgets.text import StatusLine, Text
from ftgui.gui.widgets.why_note import WhyNote
from ftgui.gui.words import measured, short_title, what_moves
from ftgui.runs.forecast import cache_words, more_words, range_words
from ftgui.training.config import MAX_MULTIPLE, SETTING_BY_NAME, TrainConfig
from ftgui.training.events import RunForecast
from ftgui.training.forecast import NoForecast

CHOSEN_INPUTS = {
    "thaw_epoch": "Extractor joins at epoch",
    "backbone_lr_mult": "Extractor's learning rate ×",
}
"""The settings with an input on the chosen card, if its strategy reads them, in this order."""
RATES_TITLE = "A learning rate for each stage"
INPUT_WIDTH = 166
"""Of the inputs on a card: wide enough for "5 (half of the epochs)"."""


class StrategiesCard(Card):
    """Shows what the session has chosen; the bars and the map draw the plan of its config, and no other."""

    problem_changed = Signal()

    def __init__(self, session: ProjectSession, parent: QWidget | None = None) -> None:
        super().__init__("What may move", number=4, parent=parent)
        self._session = session
        self._shown = ""
        """The strategy shown as chosen."""
        self._group = QButtonGroup(self)
        self._inputs = {name: self._make_input(name) for name in CHOSEN_INPUTS}
        self._rows = {name: _in_a_row(CHOSEN_INPUTS[name], row) for name, row in self._inputs.items()}
        self.cards = {name: self._make_card(name) for name in STRATEGIES}
        self.map = StageMap(object_name="stage_map", accessible_name=self.tr("Stage map"))
        self._map_status = StatusLine(object_name="stage_map_status")
        self.rates = StageRates(MAX_MULTIPLE)
        others = _in_a_column(self.cards[name] for name in _uncommon())
        self._more = Disclosure(self.tr("More strategies"), others, object_name="more_strategies")
        self._more_rates = Disclosure(RATES_TITLE, self.rates, object_name="more_rates")
        self._lay_out()
        self._connect()

    def _make_card(self, name: str) -> StrategyCard:
        strategy = STRATEGIES[name]
        card = StrategyCard(
            strategy.title,
            what_moves(self._session.config(name)),
            details=f"{strategy.cost} {strategy.when}",
            object_name=f"strategy_{name.replace('-', '_')}",
        )
        for setting, row in self._rows.items():
            if setting in strategy.reads:
                card.add_input(row)
        if "freeze_until" in strategy.reads:
            card.add_input(Text(self.tr("Drag the ice line on the stage map below."), "muted", wrap=True))
        why = measured(why_strategy, name)
        card.add_note(WhyNote(why, about=strategy.title, object_name=f"why_{name.replace('-', '_')}"))
        self._group.addButton(card)
        return card

    def _make_input(self, name: str) -> SettingInput:
        made = input_for(SETTING_BY_NAME[name])
        made.changed.connect(self._on_setting)
        made.problem_changed.connect(self._on_problem_changed)
        return made

    def _lay_out(self) -> None:
        for name in STRATEGIES:
            if STRATEGIES[name].is_common:
                self.add(self.cards[name])
        self.add(self._more)
        self.body.addSpacing(4)
        for widget in (self.map, self._map_status, self._more_rates):
            self.add(widget)

    def _connect(self) -> None:
        self._group.buttonClicked.connect(self._on_clicked)
        self._more.toggled.connect(self._on_folded)
        self.map.line_dragged.connect(self._on_line_dragged)
        self.map.line_moved.connect(self._session.move_ice_line)
        self.map.drag_cancelled.connect(self.refresh)
        self.rates.changed.connect(self._session.set_stage_lr)
        self.rates.problem_changed.connect(self.problem_changed)
        self._more_rates.toggled.connect(self._on_folded)

    # Showing ----------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        chosen = self._session.state.strategy
        for name, card in self.cards.items():
            card.setChecked(name == chosen)
            self._show_strategy(self._session.config(name))
        is_new = chosen != self._shown
        self._shown = chosen
        if is_new:
            self._place_inputs(chosen)
        if is_new and not STRATEGIES[chosen].is_common:
            self._more.set_open(True)
        self._show_inputs()
        self._show_map(self._session.config())
        self._show_rates(forget_typing=is_new)
        self._show_titles()

    def _show_strategy(self, config: TrainConfig) -> None:
        """Show on a strategy's card what a config of it would do."""
        card = self.cards[config.strategy]
        plan, _ = self._planned(config)
        rows = stage_rows(self._session.state.inspected, plan, self._session.class_count())
        card.set_segments(tuple(row.segment for row in rows) or BLANK)
        card.set_sentence(what_moves(config, plan))

    def _planned(self, config: TrainConfig) -> tuple[FreezePlan | None, str]:
        """Return a config's plan and, where there can be none, why; neither before the network is known."""
        names = self._session.stage_names
        try:
            return (config.plan(names) if names else None), ""
        except FtguiError as error:
            return None, str(error)

    def _place_inputs(self, strategy: str) -> None:
        """Move inputs that stand on another card to the one whose strategy reads them, too."""
        card = self.cards[strategy]
        before: QWidget = card
        for name, row in self._inputs.items():
            if name not in STRATEGIES[strategy].reads:
                continue
            if not card.isAncestorOf(row):
                card.add_input(self._rows[name])
                QWidget.setTabOrder(before, row.control)
            before = row.control

    def _show_inputs(self) -> None:
        for name, row in self._inputs.items():
            row.set_value(self._session.setting(name))
        self._inputs["thaw_epoch"].set_default(self._session.config("thaw", thaw_epoch=None).joining_epoch)

    def _show_map(self, config: TrainConfig) -> None:
        plan, problem = self._planned(config)
        self.map.set_rows(stage_rows(self._session.state.inspected, plan, self._session.class_count()))
        if problem:
            self._map_status.set_status("error", problem)
        elif plan is not None and any(stage.from_epoch > config.epochs for stage in plan.stages):
            words = self.tr("The run ends after epoch {epochs}, before the extractor joins.")
            self._map_status.set_status("warning", words.format(epochs=f"{config.epochs:,}"))
        else:
            self._map_status.set_status("plain", "")

    def _show_rates(self, *, forget_typing: bool) -> None:
        names = self._session.stage_names
        self.rates.set_stages(names, after=self._more_rates.button)
        plan, _ = self._planned(self._session.config(stage_lr={}))
        words = tuple(multiple_words(stage) for stage in plan.stages) if plan else ("",) * len(names)
        self.rates.show_rates(self._session.stage_lr(), words, forget_typing=forget_typing)
        self._more_rates.setVisible(bool(names))

    def _show_titles(self) -> None:
        """Say in a fold's title what is chosen inside it."""
        chosen, others = self._shown, [short_title(name) for name in _uncommon()]
        title = " · ".join(others)
        if chosen in _uncommon() and not self._more.is_open():
            words = self.tr("{chosen} is chosen · {count} more")
            title = words.format(chosen=STRATEGIES[chosen].title, count=len(others) - 1)
        self._more.set_title(title)
        self._more.button.setAccessibleDescription(title)
        own = len(self._session.stage_lr())
        self._more_rates.set_title(f"{RATES_TITLE} · {own} set" if own else RATES_TITLE)

    def show_forecasts(self, told: Mapping[str, Told], *, is_timing: bool) -> None:
        """Say on each card what its strategy would take, or that nobody can say, as far as that is known."""
        for name, card in self.cards.items():
            match told.get(name):
                case RunForecast() as each:
                    card.set_cost(
                        range_words(each.low, each.high), " · ".join(more_words(each)), cache_words(each)
                    )
                case NoForecast() as none:
                    card.set_cost("", self.tr("No forecast"), none.hint)
                case None:
                    card.set_cost("", self.tr("Timing a few steps …") if is_timing else "")

    # What the user does -----------------------------------------------------------------------------------

    def problem(self) -> str:
        """Return what is wrong with an input that the chosen strategy uses, or nothing."""
        for name in STRATEGIES[self._shown].reads if self._shown else ():
            words = self._inputs[name].problem() if name in self._inputs else ""
            if words:
                return f"{CHOSEN_INPUTS[name]}: {words}"
        return self.rates.problem()

    def _on_clicked(self, button: StrategyCard) -> None:
        name = next(name for name, card in self.cards.items() if card is button)
        self._session.set_strategy(name)
        if "freeze_until" in STRATEGIES[name].reads:
            QTimer.singleShot(0, self, partial(reveal, self.map, button))  # it says to drag what is there

    def _on_setting(self, value: object) -> None:
        row = self.sender()
        if isinstance(row, SettingInput):
            self._session.set_setting(row.setting.name, value)

    def _on_line_dragged(self, frozen: int) -> None:
        """Show what letting the line go there would mean, without choosing it yet."""
        config = self._session.config_at_line(frozen)
        self._show_strategy(config)
        self._show_map(config)

    def _on_folded(self, _is_open: bool) -> None:
        self._show_titles()
        # Everything gets its place now, not at the next turn of the event loop: what unfolds can be clicked.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)

    def _on_problem_changed(self, _words: str) -> None:
        self.problem_changed.emit()


def _uncommon() -> tuple[str, ...]:
    return tuple(name for name, strategy in STRATEGIES.items() if not strategy.is_common)


def _in_a_column(widgets: Iterable[QWidget]) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(8)
    for widget in widgets:
        column.addWidget(widget)
    return holder


def _in_a_row(words: str, setting_input: SettingInput) -> QWidget:
    holder = QWidget()
    label = Text(words, "muted")
    setting_input.control.setAccessibleName(words)
    label.setBuddy(setting_input.control)
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    setting_input.setFixedWidth(INPUT_WIDTH)
    row.addWidget(label, 1)
    row.addWidget(setting_input)
    return holder
