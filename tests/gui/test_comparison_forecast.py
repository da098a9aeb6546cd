"""What a comparison is forecast to take: asked for, added to, and in all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui.dialogs.compare import CompareDialog
from ftgui.gui.main_window import MainWindow
from ftgui.gui.widgets.text import Chip
from ftgui.jobs.compare_control import CompareControl
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import RunForecast
from ftgui.training.forecast import NoForecast
from tests import fixtures
from tests.fixtures import Drawn, small_pictures
from tests.gui.conftest import OpenWindow
from tests.gui.driving import PATIENCE, click, says, the, type_over, wait_idle, words_of
from tests.gui.scripted import scripted_job
from tests.gui.test_forecasting import known_machine as known_machine
from tests.gui.test_forecasting import look, wait_told
from tests.jobs.comparing import whole

drawn = fixtures.drawn


class Told:
    """In place of timing: 100 s of decoding and 20 of training, for frozen stages 60 more."""

    def __init__(self) -> None:
        self.asked: list[Sequence[TrainConfig]] = []

    def __call__(self, configs: Sequence[TrainConfig], _control: RunControl) -> Iterator[object]:
        self.asked.append(configs)
        for config in configs:
            if config.strategy == "scratch":
                yield NoForecast.of("scratch", "It does not fit into the cache.")
            else:
                yield _told(
                    config.strategy, 60.0 if STRATEGIES[config.strategy].extractor == "frozen" else 0.0
                )


def _told(strategy: str, passing: float) -> RunForecast:
    seconds = 120.0 + passing
    return RunForecast(
        strategy=strategy,
        seconds=seconds,
        low=seconds,
        high=seconds,
        epoch_seconds=2.0,
        memory_mb=640.0,
        phase_seconds={"decoding": 100.0, "frozen pass": passing, "training": 20.0},
        decoded_pictures=50,
        prefix_forwards=80 if passing else 0,
    )


@pytest.fixture
def on_disk(drawn: Drawn, tmp_path: Path) -> Path:
    """A comparison of three strategies with two seeds each, all done."""
    with small_pictures():
        return Path(shutil.copytree(whole(drawn), tmp_path / "compared"))


def dialog_of(qtbot: QtBot, window: MainWindow, button: str) -> CompareDialog:
    click(qtbot, window, button)
    dialog = the(window, CompareDialog, "compare_dialog")
    qtbot.waitUntil(dialog.isVisible, timeout=PATIENCE)
    return dialog


def test_time_epoch_and_memory_are_read_beside_each_strategy(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = look(qtbot, ready_window(forecast=Told()))
    wait_told(qtbot, window)
    dialog = dialog_of(qtbot, window, "compare_button")
    chips = [chip.text() for chip in dialog.findChildren(Chip) if chip.isVisible()]
    assert chips.count("3 min") == 1, "what is frozen"
    assert chips.count("2 min") == 5
    assert chips.count("no forecast") == 1
    for words in ("in all", "an epoch", "memory", "2.0 s", "640 MB"):
        assert says(dialog, words, whole=True)
    none = next(chip for chip in dialog.findChildren(Chip) if chip.text() == "no forecast")
    assert none.toolTip() == "It does not fit into the cache."


def test_what_is_computed_once_for_all_is_counted_once(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = look(qtbot, ready_window(job := scripted_job(), forecast=Told()))
    wait_told(qtbot, window)
    dialog = dialog_of(qtbot, window, "compare_button")
    type_over(qtbot, dialog.seeds, "2")
    assert words_of(dialog, "compare_sentence") == "6 runs of 10 epochs, 4.7 min in all."  # 100 + 60 + 6 × 20
    click(qtbot, dialog, "compare_start")
    wait_idle(qtbot, window)
    control = job.calls[0].control
    assert isinstance(control, CompareControl)
    assert 2 * sum(control.forecast.values()) == pytest.approx(280.0), "what the time left begins with"


def test_a_strategy_of_which_nothing_can_be_said_leaves_the_sum_open(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = look(qtbot, ready_window(forecast=Told()))
    wait_told(qtbot, window)
    dialog = dialog_of(qtbot, window, "compare_button")
    click(qtbot, dialog, "compare_scratch")
    assert words_of(dialog, "compare_sentence") == "4 runs of 10 epochs."


def test_what_is_added_is_forecast_by_the_settings_of_the_comparison(
    qtbot: QtBot, open_window: OpenWindow, on_disk: Path
) -> None:
    window = open_window(job := scripted_job(), forecast=(timed := Told()))
    with qtbot.waitSignal(window.comparisons.opened, timeout=PATIENCE):
        window.open_comparison(on_disk)
    dialog = dialog_of(qtbot, window, "extend_comparison")
    click(qtbot, dialog, "compare_full")
    qtbot.waitUntil(lambda: "in all" in words_of(dialog, "compare_sentence"), timeout=PATIENCE)
    (asked,) = timed.asked
    plan = dialog.plan()
    assert [config.strategy for config in asked] == list(STRATEGIES)
    assert {config.dataset for config in asked} == {plan.config.dataset}
    assert {config.epochs for config in asked} == {plan.config.epochs}
    assert words_of(dialog, "compare_sentence").endswith("2.3 min in all."), "two runs: 100 + 2 × 20 s"
    assert window.forecasting.told == {}, "the left side speaks of something else"
    click(qtbot, dialog, "compare_start")
    wait_idle(qtbot, window)
    control = job.calls[0].control
    assert isinstance(control, CompareControl)
    assert control.forecast == pytest.approx({"full": 70.0})


def test_closing_the_dialog_ends_the_timing_of_what_was_to_be_added(
    qtbot: QtBot, open_window: OpenWindow, on_disk: Path
) -> None:
    window = open_window(forecast=(timed := Told()))
    with qtbot.waitSignal(window.comparisons.opened, timeout=PATIENCE):
        window.open_comparison(on_disk)
    dialog = dialog_of(qtbot, window, "extend_comparison")
    dialog.reject()
    assert not window.comparisons.timing.is_timing
    assert timed.asked == []
