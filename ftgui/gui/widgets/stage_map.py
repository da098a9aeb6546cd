"""The network as a column of stages from input to head, and the ice line between them, to be dragged."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QToolTip, QWidget

from ftgui.gui import theme
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.stage_bar import ice_line, state_words
from ftgui.gui.widgets.stage_row import Columns, StageRow, paint_grip, paint_header, paint_row, small

ROW = 24
"""Height of a stage."""
GAP = 24
"""Height of the gap in which the ice line lies."""
HEADER = 22
MARGIN = 10
BLANK_HEIGHT = 56
"""Of the map while there is nothing to draw."""


class StageMap(QAbstractSlider):
    """Draws what it is told; says where the user would have the ice line.

    It is a slider to screen readers and keys, too: its value is the number of stages above the line. At least
    one stage is frozen by moving it, and the head never.
    """

    line_dragged = Signal(int)
    """Where the line is held while it is dragged: whoever knows what that would mean shows it."""
    line_moved = Signal(int)
    """Where the line was let go, or moved to by keys: so many stages are to be frozen."""
    drag_cancelled = Signal()
    """The line was let go where it came from, or Escape was pressed: what is chosen is to be shown again."""

    def __init__(
        self, *, object_name: str = "", accessible_name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._rows: tuple[StageRow, ...] = ()
        self._start: int | None = None
        """Where the line was when the drag began."""
        self._hovers = False
        name_widget(self, object_name=object_name, accessible_name=accessible_name)
        self.setOrientation(Qt.Orientation.Vertical)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.valueChanged.connect(self._on_value_asked)
        theme.signals.changed.connect(self.update)
        self.set_rows(())

    def rows(self) -> tuple[StageRow, ...]:
        return self._rows

    def set_rows(self, rows: tuple[StageRow, ...]) -> None:
        """Show these stages, from the input to the head."""
        if len(rows) != len(self._rows):
            self.updateGeometry()
        self._rows = rows
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if self._can_move() else Qt.FocusPolicy.NoFocus)
        self.blockSignals(True)
        self.setRange(0, max(len(rows) - 1, 0))
        self.setValue(self.ice_line())
        self.blockSignals(False)
        self._describe()
        self.update()

    def ice_line(self) -> int:
        """Return how many stages, from the input on, are frozen for good."""
        return ice_line(tuple(row.segment for row in self._rows))

    def _can_move(self) -> bool:
        return len(self._rows) > 1

    def _describe(self) -> None:
        """Put the map in words, for those who cannot see it."""
        stages = ", ".join(
            f"{row.segment.name}: {state_words(row.segment)}, {row.size}" for row in self._rows
        )
        how = self.tr("{line} of {all} stages stay frozen. Up and Down move the ice line.")
        words = how.format(line=self.ice_line(), all=len(self._rows))
        self.setAccessibleDescription(f"{words} {stages}" if self._rows else self._blank_words())

    def _blank_words(self) -> str:
        return self.tr("Choose a weights file to see its network's stages.")

    # Where things are -------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        height = HEADER + ROW * len(self._rows) + GAP + 2 * MARGIN - 4
        return QSize(320, height if self._rows else BLANK_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(260, self.sizeHint().height())

    def row_rects(self) -> tuple[QRectF, ...]:
        """Return where each stage is drawn."""
        line = self.ice_line()
        top = MARGIN + HEADER
        width = self.width() - 2 * MARGIN
        return tuple(
            QRectF(MARGIN, top + ROW * index + (GAP if index >= line else 0), width, ROW)
            for index in range(len(self._rows))
        )

    def line_rect(self) -> QRectF:
        """Return the gap in which the ice line lies and can be taken hold of."""
        top = MARGIN + HEADER + ROW * self.ice_line()
        return QRectF(MARGIN, top, self.width() - 2 * MARGIN, GAP)

    def _line_at(self, y: float) -> int:
        """Return the line that is nearest to a height: above it at least one stage, below it the head."""
        line = round((y - MARGIN - HEADER - GAP / 2) / ROW)
        return min(max(line, 1), len(self._rows) - 1)

    # Pointer and keys -------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        on_line = self._can_move() and self.line_rect().contains(event.position())
        if event.button() == Qt.MouseButton.LeftButton and on_line:
            self._start = self.ice_line()
            self.update()
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._start is not None and event.buttons() & Qt.MouseButton.LeftButton:
            line = self._line_at(event.position().y())
            if line != self.ice_line():
                self.line_dragged.emit(line)
            return
        self._set_hover(self._can_move() and self.line_rect().contains(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._start is None:
            return
        start, self._start = self._start, None
        line = self.ice_line()
        if line == start:
            self.drag_cancelled.emit()
        else:
            self.line_moved.emit(line)
        self._set_hover(self.line_rect().contains(event.position()))
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._set_hover(False)

    def _set_hover(self, hovers: bool) -> None:
        self._hovers = hovers
        self.setCursor(Qt.CursorShape.SplitVCursor if hovers else Qt.CursorShape.ArrowCursor)
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # a page that is scrolled changes nothing on its way

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._start is not None:
            self._start = None
            self.drag_cancelled.emit()
            return
        steps = {
            Qt.Key.Key_Up: self.ice_line() - 1,
            Qt.Key.Key_Down: self.ice_line() + 1,
            Qt.Key.Key_Home: 1,
            Qt.Key.Key_End: len(self._rows) - 1,
        }
        if event.key() in steps:
            self._on_value_asked(steps[Qt.Key(event.key())])
        else:
            event.ignore()

    def _on_value_asked(self, line: int) -> None:
        """Move the line where that is possible: by keys, or by what reads the screen."""
        if self._can_move() and line != self.ice_line() and 1 <= line < len(self._rows):
            self.line_moved.emit(line)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tip(event), self)
            return True
        return super().event(event)

    def _tip(self, event: QHelpEvent) -> str:
        if not self._rows:
            return ""
        if self.line_rect().contains(event.pos()):
            return self.tr("The ice line: what is above it stays frozen. Drag it, or press Up and Down.")
        at = (
            row for row, rect in zip(self._rows, self.row_rects(), strict=True) if rect.contains(event.pos())
        )
        return next((row.segment.tip for row in at), "")

    # Painting ---------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.accent if self.hasFocus() else tokens.line), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        if not self._rows:
            self._paint_blank(painter)
            return
        columns = Columns.for_rows(self._rows, self.fontMetrics(), MARGIN + 2, self.width() - MARGIN - 2)
        paint_header(painter, columns, QRectF(0, MARGIN, self.width(), HEADER - 6), self.font())
        most = max(row.segment.weight for row in self._rows)
        for row, rect in zip(self._rows, self.row_rects(), strict=True):
            paint_row(painter, columns, row, rect, self.font(), row.segment.weight / most if most else 0.0)
        if self._can_move():
            self._paint_line(painter)

    def _paint_blank(self, painter: QPainter) -> None:
        painter.setFont(small(self.font()))
        painter.setPen(QColor(theme.current().muted))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(self.rect()).adjusted(12, 6, -12, -6), flags, self._blank_words())

    def _paint_line(self, painter: QPainter) -> None:
        tokens = theme.current()
        touched = self._start is not None or self._hovers
        quiet = tokens.text if self.ice_line() else tokens.muted
        colour = tokens.accent if touched or self.hasFocus() else quiet
        fill = tokens.selection if touched else tokens.card
        paint_grip(painter, self.line_rect(), self.tr("ice line"), QColor(colour), QColor(fill))
