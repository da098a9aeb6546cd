"""Where the time went, in the window: of the run that is selected, once it has ended."""

from __future__ import annotations

import msgspec
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from ftgui.gui.main_window import MainWindow
from ftgui.gui.widgets.time_strip import TimeStrip
from ftgui.training.events import PhaseSpeed, RunForecast, TrainingEvent
from tests.gui.conftest import OpenWindow
from tests.gui.driving import PATIENCE, click, click_cell, the, wait_idle
from tests.gui.scripted import Gate, batch, ended, epoch, scripted_jobs, started

TOLD = msgspec.structs.replace(
    ended(seconds=4.0),
    phase_seconds={"frozen pass": 3.0, "training": 1.0},
    counters={"cache_hits": 12},
    spared_seconds=6.7,
    speed=(PhaseSpeed(phase="frozen pass", pictures_per_second=80.0, roof=100.0),),
)


def _script(end: TrainingEvent) -> tuple[TrainingEvent, ...]:
    return (started(), batch(1, 1), epoch(1), end)


def test_it_is_told_of_the_selected_run_and_of_none_that_does_not_say(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = ready_window(scripted_jobs(_script(TOLD), _script(ended(seconds=72))))
    assert not the(window, QWidget, "time_strip").isVisible()
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert _told(window) == (
        "4.0 s",
        (
            "frozen pass 80 pictures/s, 80 % of what this computer can do",
            "12 views from the cache, which spared it 6.7 s",
        ),
    )
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert _told(window) is None, "an older ftgui's run, as it were"
    click_cell(qtbot, window, 0, "Name")
    assert _told(window) is not None


def test_a_run_that_goes_on_has_nothing_to_tell_yet(qtbot: QtBot, ready_window: OpenWindow) -> None:
    gate = Gate()
    window = ready_window(scripted_jobs(_script(TOLD), (started(), batch(1, 1), gate, epoch(1), TOLD)))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    click(qtbot, window, "train_button")
    qtbot.waitUntil(gate.reached.is_set, timeout=PATIENCE)
    qtbot.waitUntil(lambda: _told(window) is None, timeout=PATIENCE)
    gate.open()
    wait_idle(qtbot, window)
    assert _told(window) is not None


def _told(window: MainWindow) -> tuple[str, tuple[str, ...]] | None:
    strip = the(window, TimeStrip, "time_strip")
    assert strip is window.page.timing_strip
    return (the(window, QLabel, "time_total").text(), strip.sentences()) if strip.isVisible() else None


def test_what_was_forecast_is_told_beside_what_it_took(qtbot: QtBot, ready_window: OpenWindow) -> None:
    forecast = RunForecast(strategy="freeze", seconds=5.0, low=3.0, high=6.0, epoch_seconds=1.0)
    window = ready_window(scripted_jobs((forecast, *_script(TOLD))))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    told = _told(window)
    assert told is not None
    assert told[1][-1] == "forecast 3 – 6 s, took 4.0 s"
