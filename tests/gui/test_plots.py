"""The plots as a user has them: smoothed, logarithmic, in bands, as costs, and taken along."""

from __future__ import annotations

import csv
import gc
import io
import weakref
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction, QColor, QGuiApplication, QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QCheckBox, QFileDialog, QLabel, QTabWidget
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.evaluation.statistics import wilson_interval
from ftgui.gui import theme
from ftgui.gui.item_models.runs_model import RunsModel, name_column
from ftgui.gui.main_window import MainWindow
from ftgui.gui.pages.moved_beside import fitting
from ftgui.gui.widgets.cost_plot import cost_words
from ftgui.gui.widgets.heat_map import HeatMap
from ftgui.gui.widgets.live_plot import LivePlot
from ftgui.gui.widgets.plot_legend import PlotLegend
from ftgui.gui.widgets.plot_menu import MenuButton, PlotMenu
from ftgui.runs.history import RunHistory
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import RunStarted, TrainingEvent
from tests.gui.conftest import OpenWindow
from tests.gui.driving import PATIENCE, click, curves, says, the
from tests.gui.scripted import ended, epoch, moved, scripted_job, started, whole_run


def _history(name: str, *events: TrainingEvent, **config: object) -> RunHistory:
    """Return a run that went so; its config is of seed 0 unless said."""
    asked = TrainConfig(**{"dataset": "", "weights": "", "epochs": 2, **config})  # type: ignore[arg-type]
    history = RunHistory(name, Path(name))
    for event in scripted_job(*events)(asked, Path(name), RunControl()):
        history.apply(
            msgspec.structs.replace(event, config=asked) if isinstance(event, RunStarted) else event
        )
    return history


@pytest.fixture
def seeds() -> tuple[RunHistory, ...]:
    """Two seeds of one strategy, and another strategy."""
    return (
        _history("freeze", *whole_run(0.8, 0.9), seed=0),
        _history("freeze 2", *whole_run(0.6, 0.7), seed=1),
        _history("full", *whole_run(0.5, 0.95, seconds=60.0), seed=0, strategy="full"),
    )


@pytest.fixture
def window(qtbot: QtBot, open_window: OpenWindow, seeds: tuple[RunHistory, ...]) -> MainWindow:
    opened = open_window()
    for history in seeds:
        opened.page.add_run(history)
    return opened


def _menu(window: MainWindow, name: str) -> PlotMenu:
    return the(window, MenuButton, name).plot_menu()


def _choose(window: MainWindow, menu: str, key: str) -> None:
    action = _menu(window, menu).findChild(QAction, f"{menu}_{key}")
    assert action is not None, key
    action.trigger()


def _names(window: MainWindow, plot: str) -> list[str]:
    return [entry.name for entry in the(window, LivePlot, plot).findChildren(PlotLegend)[0].entries()]


def _answer(monkeypatch: pytest.MonkeyPatch, path: Path | str, kind: str = "") -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_asked, **_more: (str(path), kind))


# Curves -----------------------------------------------------------------------------------------------------


def test_smoothing_is_drawn_over_what_was_measured_in_both_plots_and_said_on_them(window: MainWindow) -> None:
    measured = {each.points for each in curves(window, "accuracy_plot")}
    _choose(window, "loss_plot_menu", "smoothing_medium")
    drawn = {each.points for each in curves(window, "accuracy_plot")}
    assert measured < drawn, "it stays visible beneath"
    weights = (0.8 * 0.2, 0.2)
    smoothed = (weights[0] * 0.8 + weights[1] * 0.9) / sum(weights)
    assert any(points[-1][1] == pytest.approx(smoothed, abs=1e-6) for points in drawn)
    for name in ("loss_plot", "accuracy_plot"):
        assert "smoothed" in the(window, LivePlot, name).canvas.note()
        ticked = _menu(window, f"{name}_menu").findChild(QAction, f"{name}_menu_smoothing_medium")
        assert ticked is not None
        assert ticked.isChecked()
    _choose(window, "accuracy_plot_menu", "smoothing_off")
    assert {each.points for each in curves(window, "accuracy_plot")} == measured
    assert "smoothed" not in the(window, LivePlot, "accuracy_plot").canvas.note()


def test_a_logarithmic_loss_is_drawn_by_its_exponents_and_read_by_its_values(window: MainWindow) -> None:
    _choose(window, "loss_plot_menu", "log")
    plot = the(window, LivePlot, "loss_plot")
    heights = {y for curve in curves(window, "loss_plot") for _, y in curve.points}
    assert heights == {-0.30103, -0.60206}, "0.5 of training and 0.25 of validation"
    plot.canvas.hovered.emit(1.0)
    assert plot.canvas.read_out.read.lines[0].figures == ("0.250", "0.500")
    assert "logarithmic" in plot.canvas.note()
    menu = _menu(window, "accuracy_plot_menu")
    assert menu.findChild(QAction, "accuracy_plot_menu_log") is None, "shares have no use for it"


def test_on_a_logarithmic_scale_what_is_not_above_0_is_left_out(qtbot: QtBot) -> None:
    plot = LivePlot("Loss", log=True)
    qtbot.addWidget(plot)
    plot.set_log(True)
    plot.set_run("a", "a", 0, val=([1.0, 2.0, 3.0, 4.0], [1.0, 0.0, -1.0, 0.1]))
    plot.set_best("a", (3.0, -1.0))
    drawn = [
        list(item.getData()[0])
        for item in plot.canvas.getPlotItem().listDataItems()
        if item.getData()[0] is not None
    ]
    assert [xs for xs in drawn if xs] == [[1.0, 4.0]]
    plot.canvas.grab()


def test_seeds_of_one_strategy_become_a_band_and_others_stay(window: MainWindow) -> None:
    _choose(window, "accuracy_plot_menu", "bands")
    for plot in ("loss_plot", "accuracy_plot"):
        assert sorted(_names(window, plot)) == ["Freeze extractor × 2 seeds", "full"]
    solid = [each.points for each in curves(window, "accuracy_plot") if each.solid]
    assert ((1.0, 0.7), (2.0, 0.8)) in solid, "the mean of both"
    plot = the(window, LivePlot, "accuracy_plot")
    plot.canvas.hovered.emit(2.0)
    read = {line.name: line.figures for line in plot.canvas.read_out.read.lines}
    assert read["Freeze extractor × 2 seeds"] == ("0.800", "0.700 – 0.900", "0.750")
    _choose(window, "loss_plot_menu", "bands")
    assert sorted(_names(window, "loss_plot")) == ["freeze", "freeze 2", "full"]


@pytest.mark.parametrize(("over", "xs"), [("epochs", (1.0, 2.0)), ("seconds", (1.5, 3.0))])
def test_a_band_marks_the_best_epoch_of_each_seed(
    qtbot: QtBot, open_window: OpenWindow, over: str, xs: tuple[float, float]
) -> None:
    window = open_window()
    window.page.add_run(_history("freeze", *whole_run(0.8, 0.6), seed=0))
    window.page.add_run(_history("freeze 2", *whole_run(0.6, 0.7), seed=1))
    click(qtbot, window, f"accuracy_plot_over_{over}")
    _choose(window, "accuracy_plot_menu", "bands")
    for plot, ys in (("accuracy_plot", (0.8, 0.7)), ("loss_plot", (0.25, 0.25))):
        assert _marks(window, plot) == list(zip(xs, ys, strict=True))


def _marks(window: MainWindow, plot: str) -> list[tuple[float, float]]:
    """Return where best epochs are marked."""
    items = the(window, LivePlot, plot).canvas.getPlotItem().items
    return [
        (float(x), float(y))
        for item in items
        if isinstance(item, pg.ScatterPlotItem)
        for x, y in zip(*item.getData(), strict=True)
    ]


def test_a_band_lets_go_of_a_run_that_is_unticked(qtbot: QtBot, window: MainWindow) -> None:
    _choose(window, "accuracy_plot_menu", "bands")
    row = window.runs.rows[1]
    row.shown = False
    window.runs.shown_changed.emit(row)
    qtbot.waitUntil(lambda: sorted(_names(window, "loss_plot")) == ["freeze", "full"], timeout=PATIENCE)


def test_a_run_that_goes_on_is_no_part_of_a_band(open_window: OpenWindow) -> None:
    window = open_window()
    window.page.add_run(_history("freeze", *whole_run(0.8, 0.9), seed=0))
    window.page.add_run(_history("freeze 2", started(), epoch(1, 0.5), seed=1))
    _choose(window, "accuracy_plot_menu", "bands")
    assert _names(window, "accuracy_plot") == ["freeze", "freeze 2"]


# Cost -------------------------------------------------------------------------------------------------------


def test_accuracy_is_shown_against_cost_while_the_loss_stays_as_it_is(
    qtbot: QtBot, window: MainWindow
) -> None:
    loss = curves(window, "loss_plot")
    click(qtbot, window, "accuracy_plot_over_cost")
    plot = the(window, LivePlot, "accuracy_plot")
    points = plot.cost.points()
    low, high = wilson_interval(0.9, 100)
    assert [(p.name, p.seconds, p.accuracy) for p in points] == [
        *(("freeze", 12.0, 0.9), ("freeze 2", 12.0, 0.7), ("full", 60.0, 0.95))
    ]
    assert (points[0].low, points[0].high) == (low, high)
    assert [p.is_on_front for p in points] == [True, False, True]
    assert cost_words(points[0]) == (
        f"freeze: 0.900 ({low:.3f} – {high:.3f}) of 100, best epoch (optimistic), in 12 s"
    )
    assert plot.cost.canvas.y_axis.labelText == "best accuracy, n = 100"
    assert plot.cost.canvas.note() == plot.picture().note == "best epoch (optimistic)"
    assert plot.cost.isVisible()
    assert curves(window, "loss_plot") == loss
    click(qtbot, window, "loss_plot_over_seconds")
    assert plot.cost.isVisible(), "of the loss's axis the costs know nothing"
    click(qtbot, window, "accuracy_plot_over_epochs")
    assert plot.canvas.isVisible()
    assert curves(window, "loss_plot") == loss


def test_a_tick_takes_a_run_out_of_the_costs(qtbot: QtBot, window: MainWindow) -> None:
    click(qtbot, window, "accuracy_plot_over_cost")
    row = window.runs.rows[2]
    row.shown = False
    window.runs.shown_changed.emit(row)
    assert [p.name for p in the(window, LivePlot, "accuracy_plot").cost.points()] == ["freeze", "freeze 2"]


@pytest.mark.parametrize(("spared", "at_least"), [(7.0, False), (0.0, False), (None, True)])
def test_a_run_that_found_its_features_kept_costs_what_they_took_or_at_least_what_it_did(
    qtbot: QtBot, open_window: OpenWindow, spared: float | None, at_least: bool
) -> None:
    end = msgspec.structs.replace(ended(), counters={"cache_hits": 8}, spared_seconds=spared, seconds=2.0)
    window = open_window()
    window.page.add_run(_history("freeze", started(), epoch(1, 0.5), end))
    click(qtbot, window, "accuracy_plot_over_cost")
    (point,) = the(window, LivePlot, "accuracy_plot").cost.points()
    assert (point.seconds, point.at_least) == (2.0 + (spared or 0.0), at_least)


def test_a_run_that_is_renamed_is_called_so_among_the_costs(qtbot: QtBot, window: MainWindow) -> None:
    click(qtbot, window, "accuracy_plot_over_cost")
    _rename(window, 1, "mine")
    names = [p.name for p in the(window, LivePlot, "accuracy_plot").cost.points()]
    assert names == ["freeze", "mine", "full"]


def _rename(window: MainWindow, row: int, name: str) -> None:
    assert window.runs.setData(window.runs.index(row, name_column()), name)


def test_nothing_is_kept_of_runs_that_left(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    kept = []
    for number in range(4):
        history = _history(
            f"freeze {number}", *whole_run(0.8, 0.9), *moved(1, 0.0, 0.0, 0.0, 0.1), seed=number
        )
        window.page.add_run(history)
        kept.append(weakref.ref(history))
    del history
    _choose(window, "accuracy_plot_menu", "smoothing_medium")
    click(qtbot, window, "accuracy_plot_over_cost")
    the(window, QTabWidget, "pages").setCurrentWidget(window.moved)
    the(window, QCheckBox, "moved_side_by_side").click()
    assert len(_maps(window)) == 4
    the(window, QTabWidget, "pages").setCurrentWidget(window.page)
    click(qtbot, window, "accuracy_plot_over_epochs")
    the(window, QAction, "action_new_project").trigger()
    gc.collect()
    assert [ref() for ref in kept] == [None] * 4


# Taking it along --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokens", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_a_copied_picture_has_twice_the_pixels_on_the_colour_of_cards(
    window: MainWindow, tokens: theme.Tokens, qapp: object
) -> None:
    theme.apply_theme(qapp, tokens)  # type: ignore[arg-type]
    _choose(window, "loss_plot_menu", "copy")
    image = QGuiApplication.clipboard().image()
    canvas = the(window, LivePlot, "loss_plot").canvas.viewport()
    assert image.width() >= 2 * canvas.width()
    assert image.height() > 2 * canvas.height() + 60, "with its title and its legend"
    assert image.pixelColor(2, 2).name() == tokens.card
    assert _has(image, QColor(tokens.run_colours[0]))
    theme.apply_theme(qapp, theme.LIGHT)  # type: ignore[arg-type]


def _has(image: QImage, colour: QColor) -> bool:
    pixels = np.frombuffer(image.convertToFormat(QImage.Format.Format_RGB32).constBits(), dtype=np.uint32)
    return bool((pixels == colour.rgb()).any())


def test_a_picture_is_saved_as_png_or_svg_by_its_name(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answer(monkeypatch, tmp_path / "loss.png", "PNG (*.png)")
    _choose(window, "loss_plot_menu", "save_picture")
    assert not QImage(str(tmp_path / "loss.png")).isNull()
    _answer(monkeypatch, tmp_path / "mine", "SVG (*.svg)")
    _choose(window, "loss_plot_menu", "save_picture")
    drawn = (tmp_path / "mine.svg").read_text("utf-8")
    assert QSvgRenderer(str(tmp_path / "mine.svg")).isValid()
    for words in ("Loss", "over epochs", "freeze 2", "train"):
        assert words in drawn
    assert sorted(path.name for path in tmp_path.glob("*.*g")) == ["loss.png", "mine.svg"]


@pytest.mark.parametrize("menu", ["loss_plot_menu", "moved_menu"])
@pytest.mark.parametrize("key", ["save_picture", "save_points"])
def test_what_cannot_be_written_is_said(
    window: MainWindow,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    menu: str,
    key: str,
) -> None:
    page = window.page if menu == "loss_plot_menu" else window.moved
    suffix = ".png" if key == "save_picture" else ".csv"
    _answer(monkeypatch, tmp_path / "no such folder" / f"x{suffix}")
    with qtbot.waitSignal(page.failed) as failed:
        _choose(window, menu, key)
    assert isinstance(failed.args[0], FtguiError)


def test_a_file_that_nobody_was_asked_about_is_not_written_over(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loss.png").write_text("mine")
    _answer(monkeypatch, tmp_path / "loss", "PNG (*.png)")
    with qtbot.waitSignal(window.page.failed):
        _choose(window, "loss_plot_menu", "save_picture")
    assert (tmp_path / "loss.png").read_text() == "mine"


def test_who_gives_up_writes_nothing(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(tmp_path.rglob("*"))
    _answer(monkeypatch, "")
    for key in ("save_picture", "save_points"):
        _choose(window, "accuracy_plot_menu", key)
    assert set(tmp_path.rglob("*")) == before


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


def test_the_numbers_are_saved_as_measured_with_both_axes(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _choose(window, "accuracy_plot_menu", "smoothing_strong")
    _answer(monkeypatch, tmp_path / "a.csv")
    _choose(window, "accuracy_plot_menu", "save_points")
    rows = _rows(tmp_path / "a.csv")
    assert len(rows) == 3 * 2 * 2
    assert list(rows[0]) == ["run", "side", "epoch", "seconds", "value"]
    assert {"run": "full", "side": "val", "epoch": "2", "seconds": "3.0", "value": "0.95"} in rows


def test_where_costs_are_seen_costs_are_saved(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    click(qtbot, window, "accuracy_plot_over_cost")
    _answer(monkeypatch, tmp_path / "c.csv")
    _choose(window, "accuracy_plot_menu", "save_points")
    row = _rows(tmp_path / "c.csv")[2]
    assert [row[key] for key in ("run", "seconds", "accuracy", "pictures", "note")] == [
        *("full", "60.0", "0.95", "100", "best epoch (optimistic)")
    ]
    _choose(window, "accuracy_plot_menu", "copy")
    assert not QGuiApplication.clipboard().image().isNull()


@pytest.mark.parametrize(("over", "name"), [("epochs", "accuracy"), ("cost", "cost")])
def test_a_picture_and_its_numbers_are_called_the_same_unless_the_user_says_otherwise(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch, over: str, name: str
) -> None:
    asked: list[str] = []

    def give_up(_parent: object, _title: str, start: str, _kinds: str) -> tuple[str, str]:
        asked.append(Path(start).name)
        return "", ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", give_up)
    click(qtbot, window, f"accuracy_plot_over_{over}")
    for key in ("save_picture", "save_points"):
        _choose(window, "accuracy_plot_menu", key)
    assert asked == [f"{name}.png", f"{name}.csv"]


# What moved -------------------------------------------------------------------------------------------------

SEVERAL = ("full", "freeze", "lr-zero", "small-lr", "partial", "thaw", "scratch")


def _moving(number: int, **config: object) -> RunHistory:
    end = ended(frozen_tensors=60)
    events = (started(), *moved(1, 0.0, 0.0, 0.0, 0.1 * number), epoch(1), end)
    return _history(f"run {number}", *events, **config)


@pytest.fixture
def open_moved(open_window: OpenWindow) -> Callable[..., MainWindow]:
    """Open a window on the maps of so many runs, of so many strategies in turn, a seed each time round."""

    def open_it(count: int, strategies: int = 1) -> MainWindow:
        window = open_window()
        for number in range(count):
            seed, strategy = divmod(number, strategies)
            config = {"strategy": SEVERAL[strategy], "seed": seed}
            window.page.add_run(_moving(number + 1, **config))
        the(window, QTabWidget, "pages").setCurrentWidget(window.moved)
        the(window, QCheckBox, "moved_side_by_side").click()
        return window

    return open_it


def _maps(window: MainWindow) -> list[HeatMap]:
    return [
        m for m in window.findChildren(HeatMap) if m.objectName().startswith("moved_beside") and m.isVisible()
    ]


def test_the_maps_of_ticked_runs_stand_beside_each_other(open_moved: Callable[[int], MainWindow]) -> None:
    window = open_moved(3)
    heads = [heat_map.rows()[-1].values[0] for heat_map in _maps(window)]
    assert heads == pytest.approx([0.1, 0.2, 0.3])
    assert len(_tops(window)) == 1, "the rows line up"
    row = window.runs.rows[1]
    row.shown = False
    window.runs.shown_changed.emit(row)
    assert len(_maps(window)) == 2
    the(window, QCheckBox, "moved_side_by_side").click()
    assert _maps(window) == []
    assert the(window, HeatMap, "weights_heat_map").isVisible()


@pytest.mark.parametrize(
    ("count", "strategies", "seen", "words"),
    [
        (12, 1, range(1, 13), ""),
        (13, 1, range(1, 13), "The first 12 of 13 ticked runs."),
        (21, 7, range(1, 8), "One run a strategy: 7 of 21 ticked runs."),
        (18, 3, range(1, 13), "Up to 4 runs a strategy: 12 of 18 ticked runs."),
    ],
)
def test_of_many_as_many_of_each_strategy_are_shown_as_there_is_room_for_and_it_is_said(
    open_moved: Callable[..., MainWindow], count: int, strategies: int, seen: range, words: str
) -> None:
    window = open_moved(count, strategies)
    heads = [heat_map.rows()[-1].values[0] for heat_map in _maps(window)]
    assert heads == pytest.approx([0.1 * number for number in seen])
    hint = " Untick some on the Training page." if words else ""
    assert the(window, QLabel, "moved_beside_note").text() == words + hint


def test_of_each_strategy_the_first_seeds_are_taken_wherever_they_stand() -> None:
    runs = RunsModel()
    for seed, strategy in ((2, "full"), (0, "freeze"), (1, "full"), (0, "full"), (1, "freeze")):
        runs.add(_history(f"{strategy}-{seed}", started(), strategy=strategy, seed=seed))
    assert [row.history.name for row in fitting(runs.rows, 4)] == ["freeze-0", "full-1", "full-0", "freeze-1"]
    assert [row.history.name for row in fitting(runs.rows, 2)] == ["freeze-0", "full-0"]
    assert len(fitting(runs.rows, 1)) == 1, "there are more strategies than that"


def test_maps_that_have_no_room_beside_each_other_stand_below(
    qtbot: QtBot, open_moved: Callable[..., MainWindow]
) -> None:
    window = open_moved(7)
    window.resize(1500, 900)
    qtbot.waitUntil(lambda: 1 < len(_tops(window)) < 7, timeout=PATIENCE)
    lefts = {heat_map.mapTo(window, QPoint()).x() for heat_map in _maps(window)}
    assert 2 <= len(lefts) < 7
    widths = {heat_map.width() for heat_map in _maps(window)}
    assert max(widths) - min(widths) <= 1
    rows = len(_tops(window))
    window.resize(window.minimumSizeHint())
    qtbot.waitUntil(lambda: len(_tops(window)) > rows, timeout=PATIENCE)
    _choose(window, "moved_menu", "copy")
    lowest = max(heat_map.parentWidget().geometry().bottom() for heat_map in _maps(window))
    assert QGuiApplication.clipboard().image().height() > 2 * lowest, "all of them"


def _tops(window: MainWindow) -> set[int]:
    return {heat_map.mapTo(window, QPoint()).y() for heat_map in _maps(window)}


def test_a_run_that_is_renamed_is_called_so_above_its_map(open_moved: Callable[..., MainWindow]) -> None:
    window = open_moved(2)
    _rename(window, 1, "mine")
    assert says(window.moved, "mine", whole=True)
    assert not says(window.moved, "run 2", whole=True)


def test_the_maps_are_taken_along_as_picture_and_as_numbers(
    open_moved: Callable[[int], MainWindow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_moved(2)
    _choose(window, "moved_menu", "copy")
    beside = QGuiApplication.clipboard().image()
    assert _has(beside, QColor(theme.current().ice))
    _answer(monkeypatch, tmp_path / "both.csv")
    _choose(window, "moved_menu", "save_points")
    the(window, QCheckBox, "moved_side_by_side").click()
    _answer(monkeypatch, tmp_path / "one.csv")
    _choose(window, "moved_menu", "save_points")
    _answer(monkeypatch, tmp_path / "one.svg")
    _choose(window, "moved_menu", "save_picture")
    assert len(_rows(tmp_path / "both.csv")) == 8
    assert [row["weights"] for row in _rows(tmp_path / "one.csv")] == ["0.0", "0.0", "0.0", "0.2"]
    assert _rows(tmp_path / "one.csv")[3]["statistics"] == ""
    assert QSvgRenderer(str(tmp_path / "one.svg")).isValid()
