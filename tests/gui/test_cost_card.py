"""Accuracy against cost on the page of a comparison: what it shows, and taking it along."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtGui import QAction, QColor, QGuiApplication, QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.gui import theme
from ftgui.gui.pages.comparison_page import ComparisonPage
from ftgui.gui.pages.cost_card import CostCard
from ftgui.gui.widgets.cost_plot import CostPlot
from ftgui.gui.widgets.plot_menu import MenuButton
from ftgui.runs.results import ComparisonResult, RunResult, StrategyResult
from tests.gui.driving import PATIENCE, the
from tests.results import strategy_result

HERE = Path("/runs/here")
STRATEGIES = (
    strategy_result("freeze", 0.9, seconds=4.0, is_on_front=True),
    strategy_result("full", 0.95, seconds=0.0, is_cost_known=False),
)


@pytest.fixture
def page(qtbot: QtBot) -> ComparisonPage:
    page = ComparisonPage()
    qtbot.addWidget(page)
    page.resize(900, 900)
    page.show()
    page.show_result(HERE, _result(STRATEGIES))
    return page


def _result(strategies: tuple[StrategyResult, ...]) -> ComparisonResult:
    runs = tuple(
        RunResult(name=each.runs[0], strategy=each.strategy, seed=0, state="done") for each in strategies
    )
    return ComparisonResult(measure="last epoch", measure_words="", runs=runs, strategies=strategies)


def _choose(page: ComparisonPage, key: str) -> None:
    the(page, MenuButton, "comparison_cost_menu").plot_menu()
    the(page, QAction, f"comparison_cost_menu_{key}").trigger()


def _answer(monkeypatch: pytest.MonkeyPatch, path: Path, asked: list[str] | None = None) -> None:
    def answer(_parent: object, _title: str, start: str, _kinds: str) -> tuple[str, str]:
        if asked is not None:
            asked.append(Path(start).name)
        return str(path), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)


def _points(page: ComparisonPage) -> dict[str, tuple[float, bool, bool]]:
    points = the(page, CostPlot, "comparison_cost").points()
    return {point.name: (point.seconds, point.at_least, point.is_on_front) for point in points}


# What it shows ----------------------------------------------------------------------------------------------


def test_a_strategy_is_on_the_front_where_the_comparison_says_so(page: ComparisonPage) -> None:
    assert _points(page) == {"freeze": (4.0, False, True), "full": (0.001, True, False)}
    odd = tuple(msgspec.structs.replace(each, is_on_front=not each.is_on_front) for each in STRATEGIES)
    page.show_result(HERE, _result(odd))
    assert [front for _, _, front in _points(page).values()] == [False, True]


def test_the_axis_says_how_many_pictures_and_the_words_whether_it_is_optimistic(qtbot: QtBot) -> None:
    card = CostCard()
    qtbot.addWidget(card)
    colours = {each.strategy: number for number, each in enumerate(STRATEGIES)}
    card.show_strategies(STRATEGIES, colours)
    assert card.plot.canvas.y_axis.labelText == "accuracy, n = 100"
    description = card.plot.accessibleDescription()
    assert description == (
        "freeze: 0.900 (0.850 – 0.950) of 100 in 4.0 s. full: 0.950 (0.900 – 1.000) of 100 in at least 0.0 s"
    )
    card.show_strategies(STRATEGIES, colours, is_optimistic=True)
    assert "of 100, optimistic, in 4.0 s" in card.plot.accessibleDescription()
    assert card.picture().note == "optimistic"


# Taking it along --------------------------------------------------------------------------------------------


def test_it_is_copied_as_a_picture(qtbot: QtBot, page: ComparisonPage) -> None:
    QGuiApplication.clipboard().clear()
    _choose(page, "copy")
    image = QGuiApplication.clipboard().image()
    canvas = the(page, CostPlot, "comparison_cost").canvas.viewport()
    assert image.width() >= 2 * canvas.width()
    assert image.height() > 2 * canvas.height() + 60, "with its title and its legend"
    colours = np.frombuffer(image.convertToFormat(QImage.Format.Format_RGB32).constBits(), dtype=np.uint32)
    for number in range(2):
        assert (colours == QColor(theme.current().run_colours[number]).rgb()).any()


def test_it_is_saved_as_png_and_as_svg(
    qtbot: QtBot, page: ComparisonPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    _answer(monkeypatch, tmp_path / "c.png", asked)
    _choose(page, "save_picture")
    assert not QImage(str(tmp_path / "c.png")).isNull()
    _answer(monkeypatch, tmp_path / "c.svg", asked)
    _choose(page, "save_picture")
    assert QSvgRenderer(str(tmp_path / "c.svg")).isValid()
    drawn = (tmp_path / "c.svg").read_text("utf-8")
    for words in ("Accuracy against cost", "freeze", "full", "accuracy, n = 100", "seconds"):
        assert words in drawn
    assert asked == ["cost.png", "cost.png"]


def test_its_numbers_are_saved_as_csv(
    qtbot: QtBot, page: ComparisonPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    _answer(monkeypatch, tmp_path / "c.csv", asked)
    _choose(page, "save_points")
    freeze, full = csv.DictReader(io.StringIO((tmp_path / "c.csv").read_text("utf-8")))
    assert freeze == {
        "strategy": "freeze",
        "seconds": "4.0",
        "at_least": "0",
        "accuracy": "0.9",
        "low": "0.85",
        "high": "0.9500000000000001",
        "pictures": "100",
        "note": "",
    }
    assert (full["strategy"], full["at_least"]) == ("full", "1")
    assert asked == ["cost.csv"]


@pytest.mark.parametrize(("key", "name"), [("save_picture", "c.png"), ("save_points", "c.csv")])
def test_what_cannot_be_written_is_said(
    qtbot: QtBot, page: ComparisonPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, name: str
) -> None:
    _answer(monkeypatch, tmp_path / "no such folder" / name)
    with qtbot.waitSignal(page.failed, timeout=PATIENCE) as failed:
        _choose(page, key)
    assert isinstance(failed.args[0], FtguiError)
