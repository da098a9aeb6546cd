"""A network as a row of stages, in the colours of what each may do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ftgui.gui import theme
from ftgui.gui.widgets.naming import name_widget

StageState = Literal["frozen", "zero", "slow", "learning", "unknown"]

BAR_HEIGHT = 9
OVERHANG = 2.0
"""How far the ice line reaches above and below the stages."""

ICE_AIR = 4.0
"""Room for the ice line, beyond the gap between stages."""


@dataclass(frozen=True)
class Segment:
    """One stage as the bar draws it."""

    name: str
    weight: float
    """Its share of the cost; any unit, only proportions count."""
    state: StageState = "unknown"
    """What it may do once it has joined."""
    tip: str = ""
    joins: int = 1
    """The epoch from which it may; before a later one it is frozen."""


def segment_widths(weights: tuple[float, ...], room: float) -> tuple[float, ...]:
    """Return widths that fill ``room``: by the root of the cost, over a minimum that can be seen."""
    if not weights:
        return ()
    roots = [math.sqrt(max(weight, 0.0)) for weight in weights]
    least = min(14.0, room / len(weights) / 2)
    spare = room - least * len(weights)
    total = sum(roots)
    if total == 0:
        return tuple(room / len(weights) for _ in weights)
    return tuple(least + spare * root / total for root in roots)


def ice_line(segments: tuple[Segment, ...]) -> int:
    """Return how many stages, from the input on, are frozen for good."""
    for index, segment in enumerate(segments):
        if segment.state != "frozen":
            return index
    return len(segments)


class StageBar(QWidget):
    """Stages from the input on. Where frozen ones end and others begin, the ice line is drawn."""

    def __init__(
        self,
        segments: tuple[Segment, ...] = (),
        *,
        object_name: str = "",
        accessible_name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._segments = segments
        name_widget(self, object_name=object_name, accessible_name=accessible_name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.signals.changed.connect(self.update)
        self._describe()

    def segments(self) -> tuple[Segment, ...]:
        return self._segments

    def set_segments(self, segments: tuple[Segment, ...]) -> None:
        self._segments = segments
        self._describe()
        self.update()

    def ice_line(self) -> int:
        """Return how many stages, from the input on, are frozen for good."""
        return ice_line(self._segments)

    def sizeHint(self) -> QSize:
        return QSize(200, int(BAR_HEIGHT + 2 * OVERHANG))

    def minimumSizeHint(self) -> QSize:
        return QSize(40, int(BAR_HEIGHT + 2 * OVERHANG))

    def segment_rects(self) -> tuple[QRectF, ...]:
        """Return where each stage is drawn."""
        count = len(self._segments)
        gap = 3.0 if count <= 24 else 1.0
        line = self.ice_line()
        air = ICE_AIR if 0 < line < count else 0.0
        room = self.width() - gap * max(count - 1, 0) - air
        left = 0.0
        rects = []
        for index, width in enumerate(segment_widths(tuple(s.weight for s in self._segments), room)):
            left += air if index == line else 0.0
            rects.append(QRectF(left, OVERHANG, width, BAR_HEIGHT))
            left += width + gap
        return tuple(rects)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._show_tip(event)
            return True
        return super().event(event)

    def _show_tip(self, event: QHelpEvent) -> None:
        for segment, rect in zip(self._segments, self.segment_rects(), strict=True):
            if rect.left() <= event.pos().x() <= rect.right():
                QToolTip.showText(event.globalPos(), segment.tip or segment.name, self)
                return
        QToolTip.hideText()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rects = self.segment_rects()
        for segment, rect in zip(self._segments, rects, strict=True):
            paint_segment(painter, rect, segment)
        line = self.ice_line()
        if 0 < line < len(rects):
            _paint_ice_line(painter, (rects[line - 1].right() + rects[line].left()) / 2, self.height())

    def _describe(self) -> None:
        """Put the bar in words, for those who cannot see it."""
        self.setAccessibleDescription(", ".join(f"{s.name}: {state_words(s)}" for s in self._segments))


STATE_WORDS: dict[StageState, str] = {
    "frozen": "frozen",
    "zero": "learning rate 0",
    "slow": "slow",
    "learning": "learning",
    "unknown": "not known yet",
}


def state_words(segment: Segment) -> str:
    """Return "slow", or "frozen until epoch 5, then slow"."""
    words = STATE_WORDS[segment.state]
    return f"frozen until epoch {segment.joins}, then {words}" if segment.joins > 1 else words


def paint_segment(painter: QPainter, rect: QRectF, segment: Segment) -> None:
    """Paint one stage in the colour of its state; ice in its first half where it joins later."""
    radius = min(3.0, rect.width() / 2)
    shape = QPainterPath()
    shape.addRoundedRect(rect, radius, radius)
    painter.fillPath(shape, stage_colour(segment.state))
    if segment.state == "zero":
        _paint_hatching(painter, rect, shape)
    if segment.joins > 1:
        painter.fillPath(shape.intersected(_first_half(rect)), stage_colour("frozen"))


def _first_half(rect: QRectF) -> QPainterPath:
    """Return the side of a rect that comes first, parted from the other by a slant."""
    slant = min(rect.width(), rect.height()) / 2
    middle = rect.center().x()
    half = QPainterPath(rect.topLeft())
    half.lineTo(middle + slant, rect.top())
    half.lineTo(middle - slant, rect.bottom())
    half.lineTo(rect.bottomLeft())
    half.closeSubpath()
    return half


def stage_colour(state: StageState) -> QColor:
    """Return the colour of a state in the current theme; lr 0 is ice too, since it stays as it is."""
    tokens = theme.current()
    colours = {"frozen": tokens.ice, "zero": tokens.ice, "slow": tokens.slow, "learning": tokens.learning}
    return QColor(colours.get(state, tokens.unknown))


def _paint_hatching(painter: QPainter, rect: QRectF, shape: QPainterPath) -> None:
    """Strokes across a stage that stays but pays for the backward pass."""
    painter.save()
    painter.setClipPath(shape)
    painter.setPen(QPen(QColor(theme.current().card), 1.2))
    x = rect.left() - rect.height()
    while x < rect.right():
        painter.drawLine(QPointF(x, rect.bottom()), QPointF(x + rect.height(), rect.top()))
        x += 6
    painter.restore()


def _paint_ice_line(painter: QPainter, x: float, height: int) -> None:
    pen = QPen(QColor(theme.current().text), 1.5)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.drawLine(QPointF(x, 1.0), QPointF(x, height - 1.0))
