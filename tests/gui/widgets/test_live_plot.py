"""Curves appear, grow, take the theme's colours and go; the mouse holds no surprises."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QGraphicsView,
    QLabel,
    QLineEdit,
    QMenu,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ftgui.core.round_steps import round_step
from ftgui.gui import theme
from ftgui.gui.widgets.live_plot import LivePlot
from ftgui.gui.widgets.plot_canvas import QuietAxis
from ftgui.gui.widgets.plot_legend import LegendEntry, PlotLegend
from ftgui.gui.widgets.ticks import seconds_text

RED = "#ff0000"
XS = [1.0, 2.0, 3.0, 4.0]


@pytest.fixture
def plot(qtbot: QtBot, qapp: QApplication) -> LivePlot:
    theme.apply_theme(qapp, theme.LIGHT)
    made = LivePlot("Loss", object_name="loss_plot")
    qtbot.addWidget(made)
    made.resize(500, 320)
    made.show()
    return made


def _pixels(plot: LivePlot, colour: str) -> int:
    """Count the pixels of the drawing whose hue is that of ``colour``."""
    image = plot.canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), dtype=np.uint8).reshape(image.height(), image.width(), 4)
    wanted = QColor(colour)
    blue, green, red = (raw[:, :, channel].astype(int) for channel in range(3))
    near = abs(red - wanted.red()) + abs(green - wanted.green()) + abs(blue - wanted.blue()) < 60
    return int(near.sum())


def _legend(plot: LivePlot) -> tuple[LegendEntry, ...]:
    return plot.findChildren(PlotLegend)[0].entries()


def _figures(plot: LivePlot) -> dict[str, tuple[str, ...]]:
    """Return what the read-out says of each run."""
    return {line.name: line.figures for line in plot.canvas.read_out.read.lines}


def test_without_runs_it_says_what_to_do(plot: LivePlot) -> None:
    shown = [label.text() for label in plot.findChildren(QLabel) if label.isVisible()]
    assert "Curves appear here while a run trains." in shown
    assert not plot.canvas.isVisible()


def test_what_draws_is_made_with_the_first_run_and_is_what_was_asked_for_before(qtbot: QtBot) -> None:
    """Loading it takes longer than opening the window."""
    plot = LivePlot("Accuracy")
    qtbot.addWidget(plot)
    plot.set_y_range_unit()
    plot.set_x_range(1, 10)
    plot.set_x_kind("seconds")
    plot.set_best("a", (1, 1))
    plot.remove_run("a")
    plot.clear()
    assert plot.findChildren(QGraphicsView) == []
    plot.set_run("a", "full", RED, val=(XS, [0.99, 0.995, 1.0, 1.0]))
    (canvas,) = plot.findChildren(QGraphicsView)
    assert canvas is plot.canvas
    assert canvas.accessibleName() == "Accuracy"
    plot.canvas.grab()
    (first, last), (_, high) = plot.canvas.viewRange()
    assert (first < 1, 10 < last < 11.5, high <= 1.02) == (True, True, True)
    assert plot.canvas.x_axis.tickStrings([90.0], 1.0, 10.0) == ["1:30"]


def test_the_tab_key_finds_what_was_made_late_where_it_stands(qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    plots = [LivePlot(title) for title in ("Loss", "Accuracy")]
    first, last = QLineEdit(), QLineEdit()
    for widget in (first, *plots, last):
        column.addWidget(widget)
    for plot in plots:
        plot.make_ready()
    chain, each = [], first.nextInFocusChain()
    while each is not None and each is not first:
        chain.append(each)
        each = each.nextInFocusChain()
    places = [chain.index(widget) for widget in (plots[0].canvas, plots[1].canvas, last)]
    assert places == sorted(places)


@pytest.mark.parametrize("count", [1500, 10_000])
def test_of_a_long_run_no_more_is_drawn_than_there_are_pixels_and_every_point_can_be_read(
    plot: LivePlot, count: int
) -> None:
    xs = np.arange(1.0, count + 1)
    ys = np.full(count, 0.5)
    ys[700] = 0.9
    plot.set_run("a", "freeze", RED, (xs, ys), (xs, ys))  # type: ignore[arg-type]
    plot.canvas.grab()
    for item in plot.canvas.getPlotItem().listDataItems()[:2]:
        drawn_x, drawn_y = item.curve.getData()
        assert len(drawn_x) < 3 * plot.canvas.width()
        assert max(drawn_y) == 0.9, "what stands out is drawn, however short it is"
        assert len(item.getOriginalDataset()[0]) == count
    plot.canvas.hovered.emit(701.2)
    assert _figures(plot) == {"freeze": ("0.900", "0.900")}
    plot.canvas.hovered.emit(702.2)
    assert _figures(plot) == {"freeze": ("0.500", "0.500")}


def test_a_run_is_drawn_in_its_colour_and_named_in_the_legend(plot: LivePlot) -> None:
    plot.set_run("a", "freeze", RED, val=(XS, [0.9, 0.5, 0.4, 0.3]))
    assert plot.canvas.isVisible()
    assert _pixels(plot, RED) > 100
    assert _legend(plot) == (LegendEntry("freeze", RED),)


def test_a_single_epoch_can_be_seen(plot: LivePlot) -> None:
    plot.set_run("a", "freeze", RED, val=([1.0], [0.5]))
    assert _pixels(plot, RED) > 15


def test_training_is_drawn_beside_validation_with_gaps(plot: LivePlot) -> None:
    plot.set_run("a", "freeze", RED, val=(XS, [0.5] * 4))
    solid = _pixels(plot, RED)
    plot.set_run("a", "freeze", RED, train=(XS, [0.5] * 4))
    dotted = _pixels(plot, RED)
    assert 0.2 * solid < dotted < 0.8 * solid


def test_new_points_replace_the_old_ones(plot: LivePlot) -> None:
    for count in (1, 2, 4):
        plot.set_run("a", "freeze", RED, val=(XS[:count], [0.5] * count))
    assert plot.run_ids() == ("a",)
    assert len(_legend(plot)) == 1


def test_points_that_are_not_numbers_leave_a_gap(plot: LivePlot) -> None:
    plot.set_run("a", "freeze", RED, val=(XS, [0.5, float("nan"), 0.5, 0.4]))
    assert _pixels(plot, RED) > 20


def test_a_removed_run_is_gone_and_with_the_last_the_plot_is_empty_again(plot: LivePlot) -> None:
    for run_id in ("a", "b"):
        plot.set_run(run_id, run_id, RED, train=(XS, XS), val=(XS, XS))
    plot.remove_run("a")
    plot.remove_run("never there")
    assert plot.run_ids() == ("b",)
    plot.clear()
    assert plot.run_ids() == ()
    assert not plot.canvas.isVisible()
    assert [item for item in plot.canvas.getPlotItem().items if item.isVisible()] == []


def test_runs_take_the_colours_of_the_theme(plot: LivePlot, qapp: QApplication) -> None:
    plot.set_run("a", "freeze", 1, val=(XS, [0.9, 0.5, 0.4, 0.3]))
    for tokens in (theme.DARK, theme.LIGHT):
        theme.apply_theme(qapp, tokens)
        assert _pixels(plot, tokens.run_colours[1]) > 100
        corner = plot.canvas.grab().toImage().pixelColor(2, 2)
        assert corner.name() == tokens.card


def test_a_run_can_change_its_name_and_colour(plot: LivePlot) -> None:
    plot.set_run("a", "freeze", RED, val=(XS, XS))
    plot.set_run("a", "other", "#0000ff", val=(XS, XS))
    assert _legend(plot) == (LegendEntry("other", "#0000ff"),)
    assert (_pixels(plot, RED), _pixels(plot, "#0000ff") > 100) == (0, True)


def test_the_best_point_is_marked_and_the_mark_taken_back(plot: LivePlot) -> None:
    plot.set_run("a", "freeze", RED, val=(XS, [0.9, 0.5, 0.3, 0.4]))
    before = _pixels(plot, RED)
    plot.set_best("a", (3.0, 0.3))
    assert _pixels(plot, RED) > before + 10
    plot.set_best("a", (1.0, 0.9), (3.0, 0.3))
    both = _pixels(plot, RED)
    plot.set_best("a", (1.0, 0.9))
    assert both > _pixels(plot, RED) + 10, "a band has one of each seed"
    plot.set_best("a")
    assert _pixels(plot, RED) == before
    plot.set_best("never there", (1, 1))


def test_room_is_kept_for_the_whole_run(plot: LivePlot) -> None:
    plot.set_x_range(1, 10)
    plot.set_run("a", "freeze", RED, val=(XS, XS))
    low, high = plot.canvas.viewRange()[0]
    assert low < 1
    assert 10 < high < 11.5
    plot.follow_x()
    plot.canvas.grab()
    assert plot.canvas.viewRange()[0][1] < 5


def test_shares_never_leave_0_to_1(plot: LivePlot) -> None:
    plot.set_y_range_unit()
    plot.set_run("a", "freeze", RED, val=(XS, [0.99, 0.995, 1.0, 1.0]))
    plot.canvas.grab()
    low, high = plot.canvas.viewRange()[1]
    assert high <= 1.02
    assert high - low == pytest.approx(0.1)


def test_the_wheel_and_the_right_button_change_nothing(plot: LivePlot, qtbot: QtBot) -> None:
    plot.set_run("a", "freeze", RED, val=(XS, XS))
    plot.canvas.grab()
    before = plot.canvas.viewRange()
    viewport = plot.canvas.viewport()
    place = QPointF(viewport.rect().center())
    turn = QWheelEvent(
        place,
        viewport.mapToGlobal(place),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, turn)
    qtbot.mouseClick(viewport, Qt.MouseButton.RightButton)
    assert plot.canvas.viewRange() == before
    assert QApplication.activePopupWidget() is None
    assert [menu for menu in plot.findChildren(QMenu) if menu.isVisible()] == []


def test_a_double_click_shows_everything_again(plot: LivePlot, qtbot: QtBot) -> None:
    plot.set_run("a", "freeze", RED, val=(XS, XS))
    plot.canvas.grab()
    before = plot.canvas.viewRange()
    plot.canvas.setXRange(2, 3)
    qtbot.mouseDClick(plot.canvas.viewport(), Qt.MouseButton.LeftButton)
    plot.canvas.grab()
    assert plot.canvas.viewRange()[0] == pytest.approx(before[0])


def test_a_long_run_is_repainted_in_the_time_of_a_frame_or_two(plot: LivePlot) -> None:
    """As one wide path five such runs took 0.6 s a frame here; two frames of 100 ms are the limit."""
    xs = np.arange(1.0, 5001.0)
    noise = np.random.default_rng(0).normal(0, 0.02, len(xs))
    for index in range(5):
        ys = np.exp(-xs / 1500) + noise
        plot.set_run(str(index), str(index), index, (xs, ys), (xs, ys + 0.1))  # type: ignore[arg-type]
    plot.canvas.grab()
    start = perf_counter()
    plot.canvas.grab()
    assert perf_counter() - start < 0.2


@pytest.mark.parametrize(
    ("least", "step"), [(0.03, 0.05), (0.05, 0.05), (0.7, 1.0), (1.2, 2.0), (30, 50), (51, 100), (0, 1)]
)
def test_ticks_are_round(least: float, step: float) -> None:
    assert round_step(least) == pytest.approx(step)


def test_epochs_are_whole_and_seconds_are_read_as_minutes(qapp: QApplication) -> None:
    axis = QuietAxis("bottom")
    axis.set_kind("epochs")
    assert axis.tickSpacing(1, 2, 800) == [(1.0, 0.0)]
    assert axis.tickStrings([1.0, 2.0], 1.0, 1.0) == ["1", "2"]
    axis.set_kind("seconds")
    assert axis.tickStrings([50.0, 100.0], 1.0, 50.0) == ["50", "1:40"]
    assert seconds_text(3601) == "60:01"
    axis.set_kind("number")
    assert axis.tickStrings([0.5, 0.55], 1.0, 0.05) == ["0.50", "0.55"]
