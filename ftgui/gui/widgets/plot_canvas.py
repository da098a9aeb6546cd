"""The drawing part of a plot: quiet axes and no surprises under the mouse."""

from __future__ import annotations

import math
from typing import Any, Literal

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFont, QMouseEvent
from PySide6.QtWidgets import QFrame, QGraphicsRectItem, QGraphicsSimpleTextItem, QWidget

from ftgui.core.round_steps import round_step
from ftgui.gui import theme
from ftgui.gui.widgets.ticks import log_ticks, plain_text, seconds_text, time_ticks

AxisKind = Literal["number", "epochs", "seconds", "log", "log seconds"]
"""On the logarithmic ones, what is drawn are exponents of ten."""

PIXELS_A_TICK = {"bottom": 30.0, "left": 36.0}
PIXELS_A_LOG_TICK = {"bottom": 48.0, "left": 30.0}
LABEL_ROOM = 20


class QuietAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis with few, round ticks: whole epochs, seconds as people say them, or plain numbers."""

    def __init__(self, orientation: Literal["bottom", "left"]) -> None:
        super().__init__(orientation)
        self._kind: AxisKind = "number"
        self._words = ""
        self.setStyle(tickLength=0, tickTextOffset=6, autoExpandTextSpace=False)
        self.enableAutoSIPrefix(False)
        self.setStyle(tickAlpha=255, hideOverlappingLabels=False)
        if orientation == "left":
            self.setWidth(44)
            self.setGrid(255)
        else:
            self.setHeight(24)

    @property
    def kind(self) -> AxisKind:
        return self._kind

    def set_kind(self, kind: AxisKind) -> None:
        self._kind = kind
        self.picture = None
        self.update()

    def set_words(self, words: str) -> None:
        """Say beside the axis what runs along it."""
        if words == self._words:
            return
        self._words = words
        if self.orientation == "left":
            self.setWidth(44 + (LABEL_ROOM if words else 0))
        else:
            self.setHeight(24 + (LABEL_ROOM if words else 0))
        self._say_words()

    def _say_words(self) -> None:
        self.showLabel(bool(self._words))
        if self._words:
            self.setLabel(self._words, **{"color": theme.current().muted, "font-size": "12px"})

    def boundingRect(self) -> QRectF:
        """Room for the upper half of a label at the very top, which an axis with a grid would leave out."""
        rect: QRectF = super().boundingRect()
        return rect.adjusted(0, -8, 0, 8) if self.orientation == "left" else rect

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        least = 0.0 if self._kind == "number" else 1.0
        step = round_step((high - low) * PIXELS_A_TICK[self.orientation] / max(size, 1.0))
        return [(max(step, least), 0.0)]

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        if not self._kind.startswith("log"):
            return super().tickValues(low, high, size)  # type: ignore[no-any-return]
        most = max(2, int(size / PIXELS_A_LOG_TICK[self.orientation]))
        place = time_ticks if self._kind == "log seconds" else log_ticks
        ticks = place(10.0 ** max(low, -300.0), 10.0 ** min(high, 300.0), most)
        return [(1.0, [math.log10(tick) for tick in ticks])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self._kind == "seconds":
            return [seconds_text(value) for value in values]
        if self._kind.startswith("log"):
            return [self._log_text(10.0**value) for value in values]
        if self._kind == "epochs":
            return [f"{value:.0f}" for value in values]
        places = max(0, -math.floor(math.log10(spacing) + 1e-9))
        return [f"{value * scale:.{places}f}" for value in values]

    def _log_text(self, value: float) -> str:
        value = float(f"{value:.6g}")  # 10 to the power of log10(5) is not quite 5
        if self._kind == "log seconds" and value >= 1:
            return seconds_text(round(value))
        return plain_text(value)

    def recolour(self) -> None:
        tokens = theme.current()
        self._say_words()
        self.setPen(pg.mkPen(tokens.line))
        self.setTickPen(pg.mkPen(tokens.chip))
        self.setTextPen(pg.mkPen(tokens.muted))


class PlotCanvas(pg.PlotWidget):  # type: ignore[misc]
    """A plot where dragging zooms into a box, a double click goes back, and the wheel scrolls the page."""

    hovered = Signal(object)
    """The x under the pointer, or None where it left or drags a box."""
    reset_requested = Signal()
    menu_requested = Signal(object)
    """Where on the screen, a QPoint."""

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
        self._plate = QGraphicsRectItem(view)
        self._plate.setZValue(1000)
        self._note = QGraphicsSimpleTextItem(self._plate)
        self._note.setFont(font)
        view.sigResized.connect(self._place_note)

    def set_note(self, text: str) -> None:
        """Write in the plot's corner how it is drawn, where that is not as measured."""
        self._note.setText(text)
        self._place_note()

    def note(self) -> str:
        return self._note.text()

    def _place_note(self) -> None:
        room, words = self.getViewBox().boundingRect(), self._note.boundingRect()
        self._plate.setRect(words.adjusted(-4, -1, 4, 1))
        self._plate.setPos(room.right() - words.width() - 4, 2)
        self._plate.setVisible(bool(self._note.text()))

    def recolour(self) -> None:
        tokens = theme.current()
        self.setBackground(tokens.card)
        for axis in (self.x_axis, self.y_axis):
            axis.recolour()
        self._note.setBrush(QColor(tokens.muted))
        plate = QColor(tokens.card)
        plate.setAlphaF(0.75)
        self._plate.setBrush(plate)
        self._plate.setPen(pg.mkPen(None))
        box = self.getViewBox().rbScaleBox
        fill = QColor(tokens.accent)
        fill.setAlpha(40)
        box.setPen(pg.mkPen(tokens.accent))
        box.setBrush(pg.mkBrush(fill))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.reset_requested.emit()
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_requested.emit(event.globalPos())
        event.accept()

    def leaveEvent(self, event: Any) -> None:
        super().leaveEvent(event)
        self.hovered.emit(None)

    def _on_mouse_moved(self, position: Any) -> None:
        view = self.getViewBox()
        if view.sceneBoundingRect().contains(position) and not self.scene().dragButtons:
            self.hovered.emit(float(view.mapSceneToView(position).x()))
        else:
            self.hovered.emit(None)
