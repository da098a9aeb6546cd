"""Accuracy against cost: dots, whiskers, the front, and reading them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QGraphicsView, QLabel
from pytestqt.qtbot import QtBot

from ftgui.gui import theme
from ftgui.gui.widgets.cost_plot import LEAST_SECONDS, CostPlot, CostPoint, cost_words, with_front
from ftgui.runs.report_axes import LOG_FROM

CHEAP = CostPoint("freeze", 0, 4.0, 0.9, 0.85, 0.94)
WORSE = CostPoint("lr-zero", 1, 30.0, 0.88, 0.82, 0.92)
BEST = CostPoint("full", 2, 60.0, 0.95, 0.91, 0.98)
KEPT = CostPoint("freeze again", 3, 0.5, 0.93, 0.88, 0.96, at_least=True)


@pytest.fixture
def plot(qtbot: QtBot, qapp: QApplication) -> CostPlot:
    theme.apply_theme(qapp, theme.LIGHT)
    made = CostPlot(object_name="cost", accessible_name="Accuracy against cost")
    qtbot.addWidget(made)
    made.resize(480, 320)
    made.show()
    return made


def _read(plot: CostPlot) -> str:
    return plot.findChild(QLabel, "cost_readout").text()  # type: ignore[union-attr]


def test_without_points_it_says_so_and_nothing_is_made_to_draw(plot: CostPlot) -> None:
    plot.set_points([])
    assert "No run has ended an epoch yet." in [each.text() for each in plot.findChildren(QLabel)]
    assert plot.findChildren(QGraphicsView) == []
    assert plot.pieces() == ()


def test_the_front_holds_what_no_other_beats_and_nothing_whose_cost_is_not_known() -> None:
    assert _on_front(BEST, WORSE, CHEAP) == ["full", "freeze"]
    assert _on_front(KEPT, CHEAP) == ["freeze"], "the other is cheaper only because others paid"


def _on_front(*points: CostPoint) -> list[str]:
    return [point.name for point in with_front(points) if point.is_on_front]


def test_the_front_is_drawn_as_it_is_told_whoever_seems_better(plot: CostPlot) -> None:
    plot.set_points([CHEAP, replace(WORSE, is_on_front=True), BEST])
    assert list(plot.canvas.front.getOriginalDataset()[1]) == pytest.approx([0.88, 0.88])
    card = theme.current().card
    assert [spot.brush().color().name() == card for spot in plot.canvas.dots.points()] == [True, False, True]


def test_the_front_is_a_step_line_through_its_points(plot: CostPlot) -> None:
    plot.set_points(with_front([CHEAP, WORSE, BEST]))
    xs, ys = plot.canvas.front.getOriginalDataset()
    assert list(ys) == pytest.approx([0.9, 0.9, 0.95, 0.95])
    assert [10**x for x in xs[:3]] == pytest.approx([4.0, 60.0, 60.0])
    assert xs[3] > xs[2]


def test_times_far_apart_are_on_a_logarithmic_axis_that_says_so_and_others_are_not(plot: CostPlot) -> None:
    plot.set_points([CHEAP, BEST])
    assert "logarithmic" in plot.canvas.x_axis.labelText
    assert plot.canvas.dots.getData()[0][0] == pytest.approx(math.log10(4.0))
    plot.set_points([WORSE, BEST])
    assert plot.canvas.x_axis.labelText == "seconds"
    assert list(plot.canvas.dots.getData()[0]) == [30.0, 60.0]
    for factor, label in ((0.999, "seconds"), (1.001, "seconds, logarithmic")):
        plot.set_points([CHEAP, replace(BEST, seconds=factor * LOG_FROM * CHEAP.seconds)])
        assert plot.canvas.x_axis.labelText == label, "as in the report"


def test_what_took_no_time_at_all_stands_at_the_least_there_is(plot: CostPlot) -> None:
    nothing = replace(CHEAP, seconds=0.0)
    assert nothing.seconds == LEAST_SECONDS > 0
    plot.set_points([nothing, BEST])
    assert plot.canvas.dots.getData()[0][0] == pytest.approx(math.log10(LEAST_SECONDS))


# Zooming ----------------------------------------------------------------------------------------------------


def _zoom(plot: CostPlot, qtbot: QtBot) -> list[list[float]]:
    """Drag a box in the middle of the plot and return the range that is shown then."""
    plot.canvas.grab()
    area = plot.canvas.mapFromScene(plot.canvas.getViewBox().sceneBoundingRect()).boundingRect()
    first, last = area.center() - QPoint(60, 40), area.center() + QPoint(50, 30)
    viewport, left = plot.canvas.viewport(), Qt.MouseButton.LeftButton
    qtbot.mousePress(viewport, left, pos=first)
    for place in (area.center(), last):
        move = QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(place),
            viewport.mapToGlobal(QPointF(place)),
            Qt.MouseButton.NoButton,
            left,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(viewport, move)
    qtbot.mouseRelease(viewport, left, pos=last)
    shown: list[list[float]] = plot.canvas.viewRange()
    return shown


def test_the_users_zoom_stays_while_a_run_goes_on(plot: CostPlot, qtbot: QtBot) -> None:
    plot.set_points([WORSE, BEST])
    whole = plot.canvas.viewRange()
    zoomed = _zoom(plot, qtbot)
    assert zoomed != whole
    plot.set_points([WORSE, replace(BEST, seconds=62.0, accuracy=0.96)])
    assert plot.canvas.viewRange() == zoomed
    plot.set_points([CHEAP, WORSE, BEST])
    assert plot.canvas.viewRange() != zoomed, "another run is there, and the axis is another"


def test_without_a_zoom_all_points_stay_in_view(plot: CostPlot, qtbot: QtBot) -> None:
    plot.set_points([WORSE, BEST])
    plot.set_points([WORSE, replace(BEST, seconds=90.0)])
    assert plot.canvas.viewRange()[0][1] > 90
    _zoom(plot, qtbot)
    plot.canvas.reset_requested.emit()
    plot.set_points([WORSE, replace(BEST, seconds=120.0)])
    assert plot.canvas.viewRange()[0][1] > 120, "a double click ends the zoom"


# Reading ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [[CHEAP], [CHEAP, CHEAP], [CHEAP, WORSE, BEST] * 10])
def test_all_whiskers_are_in_view(plot: CostPlot, points: list[CostPoint]) -> None:
    plot.set_points(points)
    _, (low, high) = plot.canvas.viewRange()
    assert low <= min(point.low for point in points)
    assert high >= max(point.high for point in points)


def test_what_is_no_more_there_is_gone(plot: CostPlot) -> None:
    plot.set_points([CHEAP, WORSE, BEST])
    many = len(plot.canvas.scene().items())
    plot.set_points([CHEAP])
    assert len(plot.canvas.dots.getData()[0]) == 1
    assert len(plot.canvas.scene().items()) <= many - 2
    plot.set_points([])
    assert not plot.canvas.isVisible()


def test_the_pointer_reads_out_the_dot_it_is_at(plot: CostPlot) -> None:
    plot.set_points([CHEAP, WORSE, BEST])
    hint = _read(plot)
    view = plot.canvas.getViewBox()
    plot.canvas.grab()
    at = view.mapViewToScene(QPointF(math.log10(60.0), 0.95))
    plot.canvas.scene().sigMouseMoved.emit(at + QPointF(4, 3))
    assert _read(plot) == "full: 0.950 (0.910 – 0.980) in 1 min 0 s" == cost_words(BEST)
    plot.canvas.scene().sigMouseMoved.emit(at + QPointF(-80, 90))
    assert _read(plot) == hint


def test_the_arrow_keys_go_from_the_cheapest_to_the_dearest(plot: CostPlot, qtbot: QtBot) -> None:
    plot.set_points([BEST, CHEAP, WORSE])
    read = []
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left):
        qtbot.keyClick(plot.canvas, key)
        read.append(_read(plot).partition(":")[0])
    assert read == ["freeze", "lr-zero", "full", "full", "lr-zero"]


def test_an_accuracy_says_of_how_many_pictures_it_is_and_whether_it_is_optimistic(plot: CostPlot) -> None:
    told = replace(CHEAP, pictures=153, note="best epoch (optimistic)")
    assert cost_words(told) == "freeze: 0.900 (0.850 – 0.940) of 153, best epoch (optimistic), in 4.0 s"
    assert cost_words(replace(told, note="")) == "freeze: 0.900 (0.850 – 0.940) of 153 in 4.0 s"
    plot.set_points([told, replace(BEST, pictures=153)])
    assert plot.canvas.y_axis.labelText == "best accuracy, n = 153"
    assert plot.canvas.note() == "best epoch (optimistic)"
    plot.set_points([told, replace(BEST, pictures=1000)])
    assert plot.canvas.y_axis.labelText == "best accuracy", "they are not of the same pictures"
    plot.set_points([BEST])
    assert (plot.canvas.y_axis.labelText, plot.canvas.note()) == ("best accuracy", "")


def test_a_cost_that_is_a_lower_bound_is_drawn_and_said_as_one(plot: CostPlot) -> None:
    plot.set_points([KEPT, CHEAP])
    assert [spot.symbol() for spot in plot.canvas.dots.points()] == ["t2", "o"]
    assert "in at least 0.5 s" in cost_words(KEPT)
    assert "at least" in plot.accessibleDescription()


def test_dots_take_the_colours_of_the_theme(plot: CostPlot, qapp: QApplication) -> None:
    plot.set_points(with_front([CHEAP]))
    for tokens in (theme.DARK, theme.LIGHT):
        theme.apply_theme(qapp, tokens)
        (spot,) = plot.canvas.dots.points()
        assert spot.brush().color().name() == tokens.run_colours[0].lower()
