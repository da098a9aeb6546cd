"""What is under the pointer is read beside it: where, of which runs, and how much there is room for."""

from __future__ import annotations

from itertools import product
from time import perf_counter

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ftgui.gui import theme
from ftgui.gui.plot_data import Band
from ftgui.gui.widgets.live_plot import LivePlot
from ftgui.gui.widgets.plot_legend import PlotLegend
from ftgui.gui.widgets.read_out import Read, ReadOut
from tests.gui.driving import PATIENCE, the

XS = [1.0, 2.0, 3.0, 4.0]


@pytest.fixture
def plot(qtbot: QtBot, qapp: QApplication) -> LivePlot:
    theme.apply_theme(qapp, theme.LIGHT)
    made = LivePlot("Loss", object_name="loss_plot", log=True)
    qtbot.addWidget(made)
    made.resize(560, 330)
    made.show()
    return made


def _fill(plot: LivePlot, count: int, epochs: int = 4) -> None:
    """Show runs of which each lies a tenth above the one before."""
    xs = [float(epoch) for epoch in range(1, epochs + 1)]
    for number in range(count):
        val, train = [0.1 * (number + 1)] * epochs, [0.1 * (number + 1) + 0.05] * epochs
        plot.set_run(f"{number}", f"strategy-{number}", number, (xs, train), (xs, val))
    plot.canvas.grab()


def _out(plot: LivePlot) -> ReadOut:
    return the(plot, ReadOut, "loss_plot_readout")


def _room(plot: LivePlot) -> QRect:
    return plot.canvas.mapFromScene(plot.canvas.getViewBox().sceneBoundingRect()).boundingRect()


def _point(plot: LivePlot, x: float, y: float) -> QPoint:
    """Move the mouse to a value of the plot and return where that is."""
    place = plot.canvas.mapFromScene(plot.canvas.getViewBox().mapViewToScene(QPointF(x, y)))
    _move(plot, place)
    return place


def _move(plot: LivePlot, place: QPoint) -> None:
    plot.canvas.scene().sigMouseMoved.emit(plot.canvas.mapToScene(place))


def _said(read: Read) -> list[tuple[str, ...]]:
    return [(line.name, *line.figures) for line in read.lines]


# What it says -----------------------------------------------------------------------------------------------


def test_validation_and_training_are_read_of_all_runs_and_where(plot: LivePlot) -> None:
    plot.set_run("a", "freeze", 0, (XS, [0.9, 0.8, 0.7, 0.6]), (XS, [0.5, 0.4, 0.3, 0.2]))
    plot.set_run("b", "full", 1, val=(XS, [0.6, 0.45, 0.3, 0.001]))
    plot.canvas.hovered.emit(2.2)
    assert _out(plot).read.title == "epoch 2"
    assert _out(plot).read.heads == ("val", "train")
    assert _said(_out(plot).read) == [("freeze", "0.400", "0.800"), ("full", "0.450", "")]
    assert [line.colour for line in _out(plot).read.lines] == [0, 1]
    plot.canvas.hovered.emit(4.0)
    assert _said(_out(plot).read)[1] == ("full", "1.00e-03", ""), "not 0.001 of a thousandth, nor 0.000"


def test_over_seconds_it_says_so_and_a_run_that_was_over_by_then_says_nothing(plot: LivePlot) -> None:
    plot.set_x_kind("seconds")
    plot.set_run("a", "freeze", 0, val=([1.0, 2.0, 3.1], [0.5, 0.4, 0.3]))
    plot.set_run("b", "full", 1, val=([3.0, 6.0, 12.3, 75.0], [0.6, 0.5, 0.4, 0.3]))
    plot.canvas.hovered.emit(12.0)
    assert (_out(plot).read.title, _said(_out(plot).read)) == ("12.3 s", [("full", "0.400")])
    plot.canvas.hovered.emit(3.3)
    assert _said(_out(plot).read) == [("freeze", "0.300"), ("full", "0.600")], (
        "both ended an epoch about then"
    )
    plot.canvas.hovered.emit(75.0)
    assert _out(plot).read.title == "1 min 15 s"


def test_the_running_mean_of_an_epoch_that_goes_on_is_said_to_be_of_that_epoch(plot: LivePlot) -> None:
    plot.set_run("a", "freeze", 0, ([0.75], [0.7]))
    plot.canvas.hovered.emit(0.7)
    assert (_out(plot).read.title, _said(_out(plot).read)) == ("epoch 1", [("freeze", "0.700")])


def test_a_band_is_read_as_mean_and_from_lowest_to_highest(plot: LivePlot) -> None:
    band = Band(XS, [0.5] * 4, [0.4] * 4, [0.7] * 4)
    plot.set_run("a", "freeze × 3 seeds", 0, (XS, [0.6] * 4), (XS, [0.5] * 4), band=band)
    plot.set_run("b", "full", 1, val=(XS, [0.45] * 4))
    plot.canvas.hovered.emit(3.0)
    assert _out(plot).read.heads == ("val", "over seeds", "train")
    assert _said(_out(plot).read) == [
        ("freeze × 3 seeds", "0.500", "0.400 – 0.700", "0.600"),
        ("full", "0.450", "", ""),
    ]


def test_what_is_smoothed_is_said_to_be_and_what_is_no_number_is_left_out(plot: LivePlot) -> None:
    ys = [0.5, float("nan"), 0.3, 0.2]
    plot.set_run("a", "freeze", 0, val=(XS, ys))
    plot.canvas.hovered.emit(2.0)
    assert _out(plot).isHidden()
    plot.set_run("a", "freeze", 0, val=(XS, ys), beneath=(((), ()), (XS, ys)))
    plot.canvas.hovered.emit(3.0)
    assert _out(plot).read.title == "epoch 3 · smoothed"


@pytest.mark.parametrize("is_log", [False, True])
def test_the_curves_nearest_to_the_mouse_come_first(plot: LivePlot, is_log: bool) -> None:
    plot.set_log(is_log)
    _fill(plot, 5)
    _point(plot, 2.0, float(np.log10(0.31)) if is_log else 0.31)
    names = [line.name for line in _out(plot).lines]
    assert names[:3] == ["strategy-2", "strategy-1", "strategy-3"], "validation at 0.3, training at 0.25"


def test_the_arrow_keys_read_too_in_the_order_of_the_legend(plot: LivePlot, qtbot: QtBot) -> None:
    _fill(plot, 3)
    _point(plot, 2.0, 0.3)
    qtbot.keyClick(plot.canvas, Qt.Key.Key_Right)
    assert _out(plot).read.title == "epoch 3"
    assert [line.name for line in _out(plot).lines] == ["strategy-0", "strategy-1", "strategy-2"]
    assert plot.canvas.accessibleDescription().startswith("epoch 3: strategy-0 val 0.100, train 0.150; ")
    plot.canvas.hovered.emit(None)
    assert plot.canvas.accessibleDescription() == ""


def test_the_legend_goes_on_naming_the_runs(plot: LivePlot) -> None:
    _fill(plot, 3)
    legend = plot.findChildren(PlotLegend)[0]
    before = legend.grab().toImage()
    plot.canvas.hovered.emit(2.0)
    assert legend.grab().toImage() == before


# Where it is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3, 21])
@pytest.mark.parametrize("size", [(560, 330), (340, 270), (1400, 900)])
def test_it_is_within_the_plot_and_never_upon_the_pointer(
    plot: LivePlot, count: int, size: tuple[int, int]
) -> None:
    plot.resize(*size)
    _fill(plot, count)
    room = _room(plot)
    for across, down in product((0.02, 0.3, 0.5, 0.7, 0.98), repeat=2):
        place = QPoint(room.left() + int(across * room.width()), room.top() + int(down * room.height()))
        _move(plot, place)
        area = _out(plot).geometry()
        assert room.contains(area), (place, area)
        assert not area.adjusted(-9, -9, 9, 9).contains(place), (place, area)
        assert _out(plot).lines, "one run at least"


def test_of_the_smallest_plot_it_stays_within(plot: LivePlot) -> None:
    plot.resize(240, 180)
    _fill(plot, 21)
    for across, down in product((0.02, 0.5, 0.98), repeat=2):
        room = _room(plot)
        _move(plot, QPoint(room.left() + int(across * room.width()), room.top() + int(down * room.height())))
        assert _out(plot).isVisible()
        assert room.contains(_out(plot).geometry())


def test_the_line_at_what_is_read_stays_visible(plot: LivePlot) -> None:
    _fill(plot, 3, epochs=4)
    for x in (1.45, 1.55, 2.5, 3.45, 3.55):
        _point(plot, x, 0.2)
        line = plot.canvas.getViewBox().mapViewToScene(QPointF(round(x), 0.2))
        area = _out(plot).geometry()
        assert not area.left() <= plot.canvas.mapFromScene(line).x() <= area.right(), x


def test_what_has_no_room_is_counted(plot: LivePlot) -> None:
    _fill(plot, 21)
    _point(plot, 2.0, 0.5)
    shown = len(_out(plot).lines)
    assert 5 <= shown < 20
    assert len(_out(plot).read.lines) == 21
    with_rest = _out(plot).grab().toImage()
    plot.resize(560, 800)
    plot.canvas.grab()
    _point(plot, 2.0, 0.5)
    assert len(_out(plot).lines) == 21
    assert _out(plot).height() > with_rest.height()


def test_it_vanishes_when_the_mouse_leaves_and_when_a_box_is_dragged(plot: LivePlot) -> None:
    _fill(plot, 2)
    place = _point(plot, 2.0, 0.1)
    assert _out(plot).isVisible()
    QApplication.sendEvent(plot.canvas, QEvent(QEvent.Type.Leave))
    assert not _out(plot).isVisible()
    _move(plot, place)
    assert _out(plot).isVisible()
    _move(plot, QPoint(3, 3))
    assert not _out(plot).isVisible(), "that is beside the axes"
    _move(plot, place)
    plot.canvas.scene().dragButtons = [Qt.MouseButton.LeftButton]
    _move(plot, place + QPoint(9, 9))
    assert not _out(plot).isVisible()
    plot.canvas.scene().dragButtons = []


def test_it_lets_the_mouse_through(plot: LivePlot, qtbot: QtBot) -> None:
    _fill(plot, 2)
    _point(plot, 2.0, 0.1)
    under = plot.canvas.viewport().childAt(_out(plot).geometry().center())
    assert under is None, "whoever is under the mouse is the plot"


def test_it_follows_a_run_that_goes_on_and_lets_go_of_one_that_left(plot: LivePlot, qtbot: QtBot) -> None:
    _fill(plot, 2)
    _point(plot, 4.0, 0.1)
    plot.set_run("0", "renamed", 0, val=(XS, [0.5] * 4))
    qtbot.waitUntil(lambda: ("renamed", "0.500", "") in _said(_out(plot).read), timeout=PATIENCE)
    plot.remove_run("0")
    qtbot.waitUntil(lambda: len(_out(plot).read.lines) == 1, timeout=PATIENCE)
    plot.clear()
    qtbot.waitUntil(_out(plot).isHidden, timeout=PATIENCE)


# How it looks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokens", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_it_has_the_colours_of_the_theme_and_of_the_runs(
    plot: LivePlot, qapp: QApplication, tokens: theme.Tokens
) -> None:
    theme.apply_theme(qapp, tokens)
    _fill(plot, 2)
    _point(plot, 2.0, 0.1)
    image = _out(plot).grab().toImage()
    colours = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    for colour in (tokens.card, tokens.line_strong, *tokens.run_colours[:2]):
        assert QColor(colour).name() in colours
    theme.apply_theme(qapp, theme.LIGHT)


def test_reading_21_runs_of_1000_epochs_takes_no_longer_than_a_frame_or_two(
    plot: LivePlot, qapp: QApplication
) -> None:
    """Here it takes 20 ms, as the line at the pointer alone did."""
    xs = np.arange(1.0, 1001.0)
    for number in range(21):
        ys = np.exp(-xs / 300) + 0.02 * number
        plot.set_run(f"{number}", f"strategy-{number}", number, (xs, ys), (xs, ys + 0.1))  # type: ignore[arg-type]
    plot.canvas.grab()
    taken = []
    for across in range(100, 400, 30):
        start = perf_counter()
        _move(plot, QPoint(across, 100))
        qapp.processEvents()
        taken.append(perf_counter() - start)
    assert _out(plot).isVisible()
    assert min(taken) < 0.1
