"""The drawing part of a plot of runs: their curves, and a line and a read-out where the pointer is."""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, QTimer
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QWidget

from ftgui.gui import theme
from ftgui.gui.plot_data import XY, Band
from ftgui.gui.theme import RunColour
from ftgui.gui.widgets.live_plot import NO_POINTS
from ftgui.gui.widgets.plot_canvas import PlotCanvas
from ftgui.gui.widgets.read_out import Read, ReadLine, ReadOut
from ftgui.gui.widgets.run_curve import Reading, RunCurve
from ftgui.gui.words import duration_words

STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
EDGE = 4
"""Pixels between the read-out and the edges of the plot."""


class RunCanvas(PlotCanvas):
    """Draws runs by their ids. The arrow keys go from point to point, as the pointer does."""

    def __init__(self, *, object_name: str = "", parent: QWidget | None = None) -> None:
        """Make an empty one; its read-out is called ``{object_name}_readout``."""
        super().__init__(parent)
        self.x_axis.set_kind("epochs")
        self.runs: dict[str, RunCurve] = {}
        self._is_log = False
        self._pointer = pg.InfiniteLine(angle=90, movable=False)
        self._pointer.hide()
        self.addItem(self._pointer, ignoreBounds=True)
        self.read_out = ReadOut(self.viewport())
        self.read_out.setObjectName(f"{object_name}_readout")
        self._x: float | None = None
        """What is pointed at."""
        self._place: QPointF | None = None
        """Where the mouse is, in the scene; None where the arrow keys point."""
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self._show_pointed)
        self.hovered.connect(self._on_hovered)
        for moved in (self.getViewBox().sigResized, self.getViewBox().sigRangeChanged):
            moved.connect(self._read_again)
        theme.signals.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_run(
        self,
        run_id: str,
        name: str,
        colour: RunColour,
        train: XY,
        val: XY,
        beneath: tuple[XY, XY] = (NO_POINTS, NO_POINTS),
        band: Band | None = None,
    ) -> None:
        """Show a run, or its newer points; see ``LivePlot.set_run``."""
        run = self.runs.get(run_id)
        if run is None:
            run = self.runs[run_id] = RunCurve(self, name, colour, is_log=self._is_log)
        run.set_style(name, colour)
        run.set_points(train, val, beneath, band)
        self._read_again()

    def remove_run(self, run_id: str) -> None:
        self.runs.pop(run_id).remove()
        self._read_again()

    def set_log(self, is_log: bool) -> None:
        """Make y logarithmic; what is not above 0 is left out."""
        self._is_log = is_log
        self.y_axis.set_kind("log" if is_log else "number")
        for run in self.runs.values():
            run.set_log(is_log)

    # Pointing ---------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = STEPS.get(Qt.Key(event.key()))
        if step is None or not self.runs:
            super().keyPressEvent(event)
            return
        every = sorted({float(x) for run in self.runs.values() for x in run.points()[0]})
        if not every:
            return
        now = self._pointer.value() if self._pointer.isVisible() else every[-1] - step * 1e-9
        ahead = [x for x in every if (x - now) * step > 0]
        self._place = None
        self.hovered.emit(min(ahead, key=lambda x: abs(x - now)) if ahead else float(now))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.hovered.emit(None)

    def _on_mouse_moved(self, position: Any) -> None:
        self._place = position
        super()._on_mouse_moved(position)

    def _on_hovered(self, x: float | None) -> None:
        self._x = x
        if x is None:
            self._place = None
        self._show_pointed()

    def _read_again(self) -> None:
        """Read once more what is pointed at, once all that happens now has happened."""
        if self._x is not None:
            self._again.start()

    def _show_pointed(self) -> None:
        shown = self._x is not None and bool(self.runs)
        x = self._snap(self._x or 0.0) if shown else 0.0
        self._pointer.setPos(x)
        self._pointer.setVisible(shown)
        view = self.getViewBox()
        room = self.mapFromScene(view.sceneBoundingRect()).boundingRect().adjusted(EDGE, EDGE, -EDGE, -EDGE)
        top = view.mapViewToScene(QPointF(x, view.viewRange()[1][1]))
        pointer, line = self.mapFromScene(self._place or top), self.mapFromScene(top).x()
        read = self._read(x) if shown else Read()
        self.read_out.show_read(read, pointer, line, room)
        self.setAccessibleDescription(read.words())

    def _read(self, x: float) -> Read:
        """Return what all runs say at ``x``, those first whose curves are nearest to the mouse."""
        read = [(run, reading) for run in self.runs.values() if (reading := run.read(x)).is_something]
        if self._place is not None:
            y = self.getViewBox().mapSceneToView(self._place).y()
            read.sort(key=lambda each: each[0].distance(each[1], y))
        heads = (self.tr("val"), self.tr("over seeds"), self.tr("train"))
        return Read(self._where(x), heads, tuple(_line(*each) for each in read))

    def _where(self, x: float) -> str:
        """Return "epoch 7" or "12.3 s", and whether what is read there is smoothed."""
        if self.x_axis.kind == "seconds":
            where = f"{x:.1f} s" if 1 <= x < 59.95 else duration_words(x)
        else:
            where = self.tr("epoch {number}").format(number=f"{math.ceil(x):,}")
        is_smoothed = any(run.is_smoothed for run in self.runs.values())
        return f"{where} · {self.tr('smoothed')}" if is_smoothed else where

    def _snap(self, x: float) -> float:
        """Return the point of any run that is nearest to ``x``."""
        every = (run.points()[0] for run in self.runs.values())
        near = [float(xs[abs(xs - x).argmin()]) for xs in every if len(xs)]
        return min(near, key=lambda each: abs(each - x), default=x)

    def _on_theme_changed(self) -> None:
        self.recolour()
        self._pointer.setPen(pg.mkPen(theme.current().line_strong))
        for run in self.runs.values():
            run.recolour()


def _line(run: RunCurve, reading: Reading) -> ReadLine:
    around = "" if reading.around is None else " – ".join(map(_figure, reading.around))
    return ReadLine(run.name, run.colour, (_figure(reading.val), around, _figure(reading.train)))


def _figure(value: float | None) -> str:
    """Return "0.952", and powers of ten where that would be all zeros, or long."""
    if value is None:
        return ""
    return f"{value:.3f}" if value == 0 or 0.01 <= abs(value) < 10_000 else f"{value:.2e}"
