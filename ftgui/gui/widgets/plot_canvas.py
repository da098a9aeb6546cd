"""The drawing part of a plot: quiet axes and no surprises under the mouse."""

from __future__ import annotations

import math
from typing import Any, Literal

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent
from PySide6.QtWidgets import QFrame, QWidget

from ftgui.core.round_steps import round_step
from ftgui.gui import theme
from ftgui.gui.widgets.ticks import seconds_text

AxisKind = Literal["number", "epochs", "seconds"]

PIXELS_A_TICK = {"bottom": 30.0, "left": 36.0}


class QuietAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis with few, round ticks: whole epochs, seconds as people say them, or plain numbers."""

    def __init__(self, orientation: Literal["bottom", "left"]) -> None:
        super().__init__(orientation)
        self._kind: AxisKind = "number"
        self.setStyle(tickLength=0, tickTextOffset=6, autoExpandTextSpace=False)
        self.setStyle(tickAlpha=255, hideOverlappingLabels=False)
        if orientation == "left":
            self.setWidth(44)
            self.setGrid(255)
        else:
            self.setHeight(24)

    def set_kind(self, kind: AxisKind) -> None:
        self._kind = kind
        self.picture = None
        self.update()

    def boundingRect(self) -> QRectF:
        """Room for the upper half of a label at the very top, which an axis with a grid would leave out."""
        rect: QRectF = super().boundingRect()
        return rect.adjusted(0, -8, 0, 8) if self.orientation == "left" else rect

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        least = 0.0 if self._kind == "number" else 1.0
        step = round_step((high - low) * PIXELS_A_TICK[self.orientation] / max(size, 1.0))
        return [(max(step, least), 0.0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self._kind == "seconds":
            return [seconds_text(value) for value in values]
        if self._kind == "epochs":
            return [f"{value:.0f}" for value in values]
        places = max(0, -math.floor(math.log10(spacing) + 1e-9))
        return [f"{value * scale:.{places}f}" for value in values]

    def recolour(self) -> None:
        tokens = theme.current()
        self.setPen(pg.mkPen(tokens.line))
        self.setTickPen(pg.mkPen(tokens.chip))
        self.setTextPen(pg.mkPen(tokens.muted))


class PlotCanvas(pg.PlotWidget):  # type: ignore[misc]
    """A plot where dragging zooms into a box, a double click goes back, and the wheel scrolls the page."""

    hovered = Signal(object)
    """The x under the pointer, or None where it left."""
    reset_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        self.x_axis = QuietAxis("bottom")
        self.y_axis = QuietAxis("left")
        super().__init__(parent, axisItems={"bottom": self.x_axis, "left": self.y_axis})
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMenuEnabled(False)
        menu = self.getPlotItem().ctrlMenu
        menu.setParent(self, menu.windowFlags())  # or the menu that nobody sees outlives the plot
        self.hideButtons()
        self.getPlotItem().setContentsMargins(0, 8, 10, 0)  # half a label at the ends of the axes
        self.setMouseEnabled(x=False, y=False)
        view = self.getViewBox()
        view.setMouseMode(pg.ViewBox.RectMode)
        view.setDefaultPadding(0.03)
        self.setMouseTracking(True)
        self.scene().sigMouseMoved.connect(self._on_mouse_moved)
        font = QFont(self.font())
        font.setPixelSize(12)
        for axis in (self.x_axis, self.y_axis):
            axis.setTickFont(font)
            axis.setZValue(-1000)  # the grid belongs behind the curves

    def recolour(self) -> None:
        tokens = theme.current()
        self.setBackground(tokens.card)
        for axis in (self.x_axis, self.y_axis):
            axis.recolour()
        box = self.getViewBox().rbScaleBox
        fill = QColor(tokens.accent)
        fill.setAlpha(40)
        box.setPen(pg.mkPen(tokens.accent))
        box.setBrush(pg.mkBrush(fill))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.reset_requested.emit()
        event.accept()

    def leaveEvent(self, event: Any) -> None:
        super().leaveEvent(event)
        self.hovered.emit(None)

    def _on_mouse_moved(self, position: Any) -> None:
        view = self.getViewBox()
        if view.sceneBoundingRect().contains(position):
            self.hovered.emit(float(view.mapSceneToView(position).x()))
        else:
            self.hovered.emit(None)
