"""“Why?” beside a choice: what was measured of it."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QWidget
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.freezing import facts
from ftgui.freezing.facts import Facts, Measured
from ftgui.freezing.strategies import STRATEGIES
from tests.gui.conftest import OpenWindow
from tests.gui.driving import choose, click, says, the

NOTES = tuple(f"why_{name.replace('-', '_')}" for name in STRATEGIES)


def figures(accuracy: float, seconds: float, moved: int) -> Measured:
    return Measured(
        lr=0.01,
        epochs=10,
        val_accuracy=accuracy,
        lowest=accuracy,
        highest=accuracy,
        train_accuracy=1.0,
        best_lr=0.01,
        best_val_accuracy=accuracy,
        seconds=seconds,
        moved=moved,
    )


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of the test's own in place of those that were measured."""
    known = Facts(
        architecture="resnet18",
        pictures="drawings",
        train_pictures=80,
        val_pictures=60,
        seeds=(0, 1),
        lrs=(0.01,),
        precision="fp32",
        machine="",
        tensors=122,
        strategies={name: figures(0.9, 10.0 + n, 2) for n, name in enumerate(STRATEGIES)},
        norms={
            "locked": figures(0.91, 10, 2),
            "adapt": figures(0.89, 20, 42),
            "trainable": figures(0.92, 30, 82),
        },
    )
    monkeypatch.setattr(facts, "facts", lambda: known)


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program without its figures."""

    def nothing() -> Facts:
        raise FtguiError("There is no such file.")

    monkeypatch.setattr(facts, "facts", nothing)


@pytest.mark.usefixtures("measured")
def test_the_chosen_card_tells_what_was_measured_of_it(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    assert [name for name in NOTES if the(window, QAbstractButton, name).isVisible()] == ["why_freeze"]
    assert not says(window, "Measured with")
    click(qtbot, window, "why_freeze")
    assert says(window, "Measured with resnet18 on 80 drawings: accuracy 0.900")
    click(qtbot, window, "strategy_small_lr")
    click(qtbot, window, "why_small_lr")
    assert says(window, "Beside freezing: the same accuracy, at 1.1 times the time.")
    click(qtbot, window, "why_small_lr")
    assert not says(window, "Measured with")


@pytest.mark.usefixtures("measured")
def test_norms_and_starting_weights_have_their_figures(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    click(qtbot, window, "more_settings")
    click(qtbot, window, "why_norm")
    assert says(window, "extractor frozen: accuracy 0.910")
    choose(qtbot, the(window, QComboBox, "norm_policy"), "adapt")
    assert says(window, "accuracy 0.890")
    assert says(window, "Beside locked: 2.0 points less, at 2.0 times the time.")
    click(qtbot, window, "why_init")
    assert says(window, "Measured with resnet18 on 80 drawings: accuracy 0.900")


@pytest.mark.usefixtures("unmeasured")
def test_without_figures_nobody_is_offered_a_reason(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    click(qtbot, window, "more_settings")
    offered = [name for name in (*NOTES, "why_norm", "why_init") if the(window, QWidget, name).isVisible()]
    assert offered == []
