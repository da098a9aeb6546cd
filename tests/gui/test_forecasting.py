"""The forecast on the cards: asked when all is ready and nothing goes on, refined by the run that does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui.main_window import MainWindow
from ftgui.gui.sessions.training import Asked, Control
from ftgui.gui.widgets.text import Text
from ftgui.jobs.compare_events import CompareEvent
from ftgui.runs.history import RunHistory
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import PhaseProgress, RunForecast
from ftgui.training.forecast import NoForecast
from tests.gui.conftest import OpenWindow, replace_job
from tests.gui.driving import PATIENCE, click, says, the, type_path, wait_idle
from tests.gui.scripted import Gate, batch, ended, epoch, scripted_job, started

AskedFor = list[Sequence[TrainConfig]]


def told(config: TrainConfig, seconds: float = 6.5) -> RunForecast:
    return RunForecast(
        strategy=config.strategy,
        seconds=seconds,
        low=seconds * 0.8,
        high=seconds * 1.25,
        epoch_seconds=seconds / config.epochs,
        memory_mb=1100.0,
        phase_seconds={"frozen pass": 2.0},
        decoded_pictures=1,
    )


@pytest.fixture(autouse=True)
def known_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch is said to be there, and what it computes with."""
    devices = (SimpleNamespace(name="cpu", why="there is no GPU"),)
    machine = SimpleNamespace(devices=devices, threads=2, torch="2")
    replace_job(monkeypatch, "machine", describe_machine=lambda: machine)


def look(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """Look at the machine, as the window does when it is on the screen."""
    window.project.look_at_machine()
    qtbot.waitUntil(lambda: window.project.state.machine is not None, timeout=PATIENCE)
    return window


class Answers:
    """In place of timing: answers each strategy at once, or when the test lets it."""

    def __init__(self, *, gate: Gate | None = None) -> None:
        self.asked: AskedFor = []
        self.stopped = 0
        self._gate = gate

    def __call__(self, configs: Sequence[TrainConfig], control: RunControl) -> Iterator[object]:
        self.asked.append(configs)
        for number, config in enumerate(configs):
            yield PhaseProgress(phase="timing a few steps", done=number, total=len(configs))
            if self._gate is not None:
                self._gate.hold(control)
            if control.stopping:
                self.stopped += 1
                return
            yield told(config, 6.5 + number)


def chips(window: MainWindow) -> dict[str, str]:
    """Return what each card says its strategy takes."""
    return {name: card.cost() for name, card in window.setup.strategies.cards.items()}


def wait_told(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(
        lambda: len(window.forecasting.told) == len(STRATEGIES) and not window.forecasting.is_timing,
        timeout=PATIENCE,
    )


def test_each_card_says_what_its_strategy_takes_once_all_is_ready(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = look(qtbot, ready_window(forecast=(answers := Answers())))
    wait_told(qtbot, window)
    assert [config.strategy for config in answers.asked[-1]] == list(STRATEGIES)
    assert chips(window)["freeze"] == "5 – 8 s"
    assert all(chips(window).values())
    cards = window.setup.strategies.cards
    assert cards["freeze"].more_cost() == "0.7 s an epoch · about 1.1 GB of memory"
    assert "5 – 8 s · 0.7 s an epoch · about 1.1 GB of memory" in cards["freeze"].accessibleDescription()
    for name in ("freeze", "small-lr", "partial"):  # the others are folded away
        (line,) = (
            label for label in cards[name].findChildren(Text) if label.text() == cards[name].more_cost()
        )
        assert line.isVisible(), "chosen or not"
        assert line.geometry().bottom() < cards[name].height()
    assert all("about 1.1 GB of memory" in card.more_cost() for card in cards.values())


def test_where_nothing_can_be_said_the_card_says_so_and_why(qtbot: QtBot, ready_window: OpenWindow) -> None:
    def job(configs: Sequence[TrainConfig], _control: RunControl) -> Iterator[object]:
        first, *others = configs
        yield NoForecast.of(first.strategy, "It does not fit into the cache.")
        yield from map(told, others)

    window = look(qtbot, ready_window(forecast=job))
    wait_told(qtbot, window)
    freeze, full = (window.setup.strategies.cards[name] for name in ("freeze", "full"))
    assert (freeze.cost(), freeze.more_cost()) == ("", "No forecast")
    assert says(freeze, "It does not fit into the cache.", whole=True)
    assert full.cost() == "5 – 8 s"
    assert "freeze" not in window.forecasting.forecasts


def test_where_timing_fails_the_cards_say_why_and_no_message_is_shown(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    def job(_configs: Sequence[TrainConfig], _control: RunControl) -> Iterator[object]:
        raise FtguiError("The memory is not enough.")
        yield

    window = look(qtbot, ready_window(forecast=job))
    wait_told(qtbot, window)
    assert {card.more_cost() for card in window.setup.strategies.cards.values()} == {"No forecast"}
    assert says(window.setup.strategies.cards["freeze"], "The memory is not enough.", whole=True)
    assert not window.messages.isVisible()


def test_nothing_is_timed_before_pictures_and_weights_are_there(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path
) -> None:
    window = look(qtbot, open_window(forecast=(answers := Answers())))
    type_path(qtbot, window, "dataset_path", pictures)
    qtbot.waitUntil(lambda: not window.project.is_looking, timeout=PATIENCE)
    window.forecasting.ask_again()
    assert not window.forecasting.is_timing
    assert answers.asked == []
    assert not any(chips(window).values())


def test_another_setting_lets_the_old_figures_go_and_asks_anew(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = look(qtbot, ready_window(forecast=(answers := Answers())))
    wait_told(qtbot, window)
    window.project.set_setting("epochs", 50)
    assert window.forecasting.told == {}
    assert not any(chips(window).values())
    wait_told(qtbot, window)
    assert {config.epochs for config in answers.asked[-1]} == {50}


def test_choosing_another_strategy_asks_nothing_new(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = look(qtbot, ready_window(forecast=(answers := Answers())))
    wait_told(qtbot, window)
    before = len(answers.asked)
    window.project.set_strategy("full")
    assert not window.forecasting.is_timing
    assert len(answers.asked) == before


def test_a_run_stops_the_timing_and_its_end_asks_anew(qtbot: QtBot, ready_window: OpenWindow) -> None:
    timing = Gate()
    job = scripted_job(started(), running := Gate(), batch(1, 1), epoch(1, 0.8), ended())
    window = look(qtbot, ready_window(job, forecast=(answers := Answers(gate=timing))))
    qtbot.waitUntil(timing.reached.is_set, timeout=PATIENCE)
    click(qtbot, window, "train_button")
    qtbot.waitUntil(lambda: answers.stopped == 1, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not window.forecasting.is_timing, timeout=PATIENCE)
    assert len(answers.asked) == 1
    timing.open()
    running.open()
    wait_idle(qtbot, window)
    wait_told(qtbot, window)
    assert len(answers.asked) == 2


def follows(qtbot: QtBot, window: MainWindow, waiting: Gate) -> RunHistory:
    """Wait until the first epoch of a run has ended and was followed."""
    qtbot.waitUntil(waiting.reached.is_set, timeout=PATIENCE)
    seen = window.training.history
    assert seen is not None
    qtbot.waitUntil(lambda: len(seen.epochs) == 1, timeout=PATIENCE)
    return seen


def test_the_run_refines_what_its_card_says(qtbot: QtBot, ready_window: OpenWindow) -> None:
    config = TrainConfig(dataset="d", weights="w", epochs=2)
    job = scripted_job(
        told(config, 60.0), started(), batch(1, 1), epoch(1, 0.8), waiting := Gate(), epoch(2, 0.9), ended()
    )
    window = look(qtbot, ready_window(job, forecast=Answers()))
    wait_told(qtbot, window)
    click(qtbot, window, "train_button")
    seen = follows(qtbot, window, waiting)
    first = seen.epochs[0]
    spent = first.train_seconds + first.val_seconds
    assert seen.started is not None
    assert seen.started.config == window.project.config()
    left = seen.started.config.epochs - 1
    assert window.forecasting.forecasts["freeze"].seconds == pytest.approx(first.total_seconds + left * spent)
    assert seen.forecast is not None
    assert seen.forecast.seconds == 60.0  # what was said before stays what is judged
    waiting.open()
    wait_idle(qtbot, window)


@pytest.mark.parametrize(
    "other", [{"dataset": "another"}, {"epochs": 3}, {"batch_size": 1}, {"stage_lr": {"stem": 0.5}}]
)
def test_a_run_of_other_settings_leaves_what_the_cards_say(
    qtbot: QtBot, ready_window: OpenWindow, other: dict[str, object]
) -> None:
    window = look(qtbot, ready_window(forecast=Answers()))
    wait_told(qtbot, window)
    before = dict(window.forecasting.told)
    config = window.project.config("freeze", **other)
    history = RunHistory("an older run that goes on", Path("nowhere"))
    for event in (told(config, 60.0), msgspec.structs.replace(started(), config=config), epoch(1, 0.8)):
        history.apply(event)
    window.forecasting.hold(True)
    window.forecasting.follow(history)
    assert window.forecasting.told == before


def test_closing_the_window_ends_the_timing(qtbot: QtBot, ready_window: OpenWindow) -> None:
    gate = Gate()
    window = look(qtbot, ready_window(forecast=(answers := Answers(gate=gate))))
    qtbot.waitUntil(gate.reached.is_set, timeout=PATIENCE)
    window.close()
    assert answers.stopped == 1


def test_a_run_waits_until_the_step_that_is_being_timed_is_over(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    timing, order = Gate(), []
    script = scripted_job(started(), batch(1, 1), epoch(1, 0.8), ended())

    def stubborn(configs: Sequence[TrainConfig], _control: RunControl) -> Iterator[object]:
        timing.hold()  # as a step does, which looks at nothing
        order.append("timed")
        yield from map(told, configs)

    def job(asked: Asked, folder: Path, control: Control) -> Iterator[CompareEvent]:
        order.append("run")
        yield from script(asked, folder, control)

    window = look(qtbot, ready_window(job, forecast=stubborn))
    qtbot.waitUntil(timing.reached.is_set, timeout=PATIENCE)
    click(qtbot, window, "train_button")
    assert window.training.is_active
    timing.open()
    wait_idle(qtbot, window)
    assert order[:2] == ["timed", "run"]


def test_settings_changed_during_a_run_let_the_old_figures_go(qtbot: QtBot, ready_window: OpenWindow) -> None:
    config = TrainConfig(dataset="d", weights="w", epochs=2)
    job = scripted_job(
        told(config, 60.0), started(), waiting := Gate(), batch(1, 1), epoch(1, 0.8), last := Gate(), ended()
    )
    window = look(qtbot, ready_window(job, forecast=Answers()))
    wait_told(qtbot, window)
    click(qtbot, window, "train_button")
    qtbot.waitUntil(waiting.reached.is_set, timeout=PATIENCE)
    qtbot.waitUntil(lambda: window.forecasting.forecasts["freeze"].seconds == 60.0, timeout=PATIENCE)
    window.project.set_setting("epochs", 50)
    waiting.open()
    qtbot.waitUntil(last.reached.is_set, timeout=PATIENCE)
    assert window.forecasting.told == {}
    last.open()
    wait_idle(qtbot, window)
    wait_told(qtbot, window)


def test_closing_the_settings_asks_anew(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = look(qtbot, ready_window(forecast=(answers := Answers())))
    wait_told(qtbot, window)
    before = len(answers.asked)
    window.dialogs.open_settings()
    dialog = the(window, QDialog, "settings_dialog")
    dialog.close()
    qtbot.waitUntil(lambda: len(answers.asked) > before, timeout=PATIENCE)
    wait_told(qtbot, window)
