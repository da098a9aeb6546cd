"""``ftgui demo``: the window opens ready to train, and a run in it goes from Train to its end."""

from __future__ import annotations

import re

import pytest

from ftgui.core.paths import DEMO_PICTURES
from tests.harness.process import run_python

DRIVER = """
import faulthandler
import sys

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QAbstractButton

from ftgui.gui import app

faulthandler.dump_traceback_later(200, exit=True)
rounds = {rounds}
seen = []


def on_changed():
    button = window.findChild(QAbstractButton, "train_button")
    if button.isEnabled() and not seen:
        seen.append("ready")
        if rounds:
            window.project.set_setting("epochs", rounds)
            button.click()
        else:
            QTimer.singleShot(0, window.close)


def on_ended(history):
    seen.append(f"{{history.state.value}} {{history.best.val_accuracy:.2f}}")
    QTimer.singleShot(0, window.close)


create_window = app.create_window


def create_and_watch(**options):
    global window
    window = create_window(**options)
    window.project.changed.connect(on_changed)
    window.training.run_ended.connect(on_ended)
    return window


app.create_window = create_and_watch
from ftgui.__main__ import main

code = main(["demo"])
print(seen, window.isVisible())
sys.exit(code)
"""


def test_the_demo_opens_ready_to_train_and_closes_cleanly() -> None:
    done = run_python("-W", "error", "-c", DRIVER.format(rounds=0), timeout=200)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "['ready'] False\n"


@pytest.mark.long
def test_the_demo_trains_and_learns_its_classes() -> None:
    done = run_python("-W", "error", "-c", DRIVER.format(rounds=3), timeout=200)
    assert (done.returncode, done.stderr) == (0, "")
    found = re.fullmatch(r"\['ready', 'done (0\.\d+)'\] False\n", done.stdout)
    assert found, done.stdout
    assert float(found[1]) > 0.6


def test_the_demos_pictures_are_found_by_the_window() -> None:
    from ftgui.jobs.scan import list_pictures

    assert len(list_pictures(DEMO_PICTURES).report.classes) >= 2
