"""Dragging files onto the window: the right thing happens, wherever they are let go."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from ftgui.gui.main_window import MainWindow
from ftgui.gui.widgets.live_plot import LivePlot
from tests.gui.conftest import OpenWindow
from tests.gui.driving import PATIENCE, cells, curves, drop, runs_table, the


def test_a_folder_becomes_the_dataset(qtbot: QtBot, open_window: OpenWindow, pictures: Path) -> None:
    window = open_window()
    assert drop(window, pictures)
    assert the(window, QLineEdit, "dataset_path").text() == str(pictures)
    qtbot.waitUntil(lambda: window.project.class_count() == 2, timeout=PATIENCE)


def test_a_file_becomes_the_weights(qtbot: QtBot, open_window: OpenWindow, weights: Path) -> None:
    window = open_window()
    assert drop(window, weights)
    assert the(window, QLineEdit, "weights_path").text() == str(weights)
    qtbot.waitUntil(lambda: window.project.config().architecture == "resnet18", timeout=PATIENCE)


def test_a_run_folder_joins_the_table_with_its_curves(
    qtbot: QtBot, open_window: OpenWindow, finished_run: Path
) -> None:
    window = open_window()
    assert drop(window, finished_run)
    assert cells(window, "Name") == [finished_run.name]
    assert cells(window, "State") == ["done"]
    assert cells(window, "Best val acc") == ["0.900"]
    assert len(curves(window, "accuracy_plot")) == 2
    assert the(window, QLineEdit, "dataset_path").text() == ""


def test_a_drop_lands_wherever_the_pointer_is(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, subtests: pytest.Subtests
) -> None:
    window = open_window()
    for place in _places(window):
        with subtests.test(place.objectName() or type(place).__name__):
            window.project.set_dataset("")
            assert drop(place, pictures, text=True)
            assert the(window, QLineEdit, "dataset_path").text() == str(pictures)
            qtbot.waitUntil(lambda: not window.project.is_looking, timeout=PATIENCE)


def test_several_files_at_once_are_not_taken(open_window: OpenWindow, pictures: Path, tmp_path: Path) -> None:
    window = open_window()
    assert not drop(window, pictures, tmp_path / "other")
    assert the(window, QLineEdit, "dataset_path").text() == ""


def _places(window: MainWindow) -> list[QWidget]:
    plots = [the(window, LivePlot, name).canvas.viewport() for name in ("loss_plot", "accuracy_plot")]
    edits = [the(window, QLineEdit, name) for name in ("dataset_path", "weights_path", "learning_rate")]
    spin_edits = window.findChildren(QLineEdit, "qt_spinbox_lineedit")[:1]
    return [*edits, *spin_edits, *plots, runs_table(window).viewport(), the(window, QWidget, "progress")]
