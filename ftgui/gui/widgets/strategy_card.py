"""One way of fine-tuning, to be chosen: what it is called, what it costs, what it moves."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QEnterEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ftgui.gui import theme
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.revealing import reveal
from ftgui.gui.widgets.stage_bar import Segment, StageBar
from ftgui.gui.widgets.text import Chip, Text, tip


class StrategyCard(QAbstractButton):
    """A card that is a radio button. Put several in one exclusive QButtonGroup."""

    def __init__(
        self,
        title: str,
        sentence: str,
        segments: tuple[Segment, ...] = (),
        *,
        details: str = "",
        cost: str = "",
        object_name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setText(title)
        name_widget(self, object_name=object_name, accessible_name=title)
        self._details = Text(details, "muted", wrap=True)
        self._details.setVisible(bool(details))
        self._when_chosen = QWidget()
        self._cost = Chip(cost)
        self._more_cost = Text("", "muted", wrap=True)
        self._more_cost.hide()
        self._note = Text("", "muted", wrap=True)
        self._note.hide()
        self._bar = StageBar(segments, accessible_name=self.tr("Stages"))
        self._sentence = Text(sentence, "muted", wrap=True)
        self._lay_out(title)
        self._describe()
        self._on_toggled(False)
        self.toggled.connect(self._on_toggled)
        theme.signals.changed.connect(self.update)

    def _lay_out(self, title: str) -> None:
        top = QHBoxLayout()
        top.addWidget(Text(title, "strong"), 1)
        top.addWidget(self._cost)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 8, 12, 9)
        self._column.setSpacing(5)
        self._column.addLayout(top)
        self._column.addWidget(self._bar)
        self._column.addWidget(self._sentence)
        self._column.addWidget(self._more_cost)
        self._column.addWidget(self._when_chosen)
        self._inputs = QVBoxLayout()
        self._inputs.setSpacing(6)
        below = QVBoxLayout(self._when_chosen)
        below.setContentsMargins(0, 1, 0, 0)
        below.setSpacing(5)
        below.addWidget(self._note)
        below.addLayout(self._inputs)
        below.addWidget(self._details)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_segments(self, segments: tuple[Segment, ...]) -> None:
        self._bar.set_segments(segments)

    def set_cost(self, text: str, more: str = "", note: str = "") -> None:
        """Show the forecast, such as "5 – 8 s", ``more`` of it in a line, and while chosen a ``note``.

        What is "" is hidden.
        """
        self._cost.set_text(text)
        for label, words in ((self._more_cost, more), (self._note, note)):
            label.setText(words)
            label.setVisible(bool(words))
        for label in (self._cost, self._more_cost):
            label.setToolTip(tip(note))
        self._describe()

    def cost(self) -> str:
        """Return the forecast that is shown."""
        return self._cost.text()

    def more_cost(self) -> str:
        """Return what of it stands in a line."""
        return self._more_cost.text()

    def set_sentence(self, text: str) -> None:
        self._sentence.setText(text)
        self._describe()

    def add_input(self, widget: QWidget) -> None:
        """Give the card an input of its own, shown only while the card is chosen."""
        self._inputs.addWidget(widget)
        widget.show()

    def add_note(self, widget: QWidget) -> None:
        """Put ``widget`` at the card's end, shown only while the card is chosen."""
        below = self._when_chosen.layout()
        assert below is not None
        below.addWidget(widget)

    def sizeHint(self) -> QSize:
        return self._column.sizeHint()

    def minimumSizeHint(self) -> QSize:
        return self._column.minimumSize()

    def _describe(self) -> None:
        shown = (self._sentence, self._cost, self._more_cost, self._note, self._details)
        self.setAccessibleDescription(" · ".join(filter(None, (label.text() for label in shown))))

    def _on_toggled(self, checked: bool) -> None:
        self._when_chosen.setVisible(checked)
        self.setToolTip("" if checked else tip(self._details.text()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to the next card of the group, or the one before: those that are folded away, too."""
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Left: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_Right: 1}
        group = self.group()
        if event.key() not in steps or group is None or not self.hasFocus():  # an input's keys come by, too
            super().keyPressEvent(event)
            return
        cards = group.buttons()
        index = cards.index(self) + steps[Qt.Key(event.key())]
        if 0 <= index < len(cards):
            cards[index].click()
            cards[index].setFocus(Qt.FocusReason.TabFocusReason)
            # Once there is room for what it shows.
            QTimer.singleShot(0, cards[index], partial(reveal, cards[index]))

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        border, width, fill = self._look()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(border), width))
        painter.setBrush(QColor(fill))
        inset = width / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 8, 8)
        if self.hasFocus() and self.isChecked():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.current().accent), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(3.5, 3.5, -3.5, -3.5), 5, 5)

    def _look(self) -> tuple[str, float, str]:
        """Return border, its width, and fill for the state the card is in."""
        tokens = theme.current()
        if self.isChecked():
            return tokens.accent, 2.0, tokens.selection
        if self.hasFocus():
            return tokens.accent, 1.0, tokens.card
        if self.underMouse() and self.isEnabled():
            return tokens.line_strong, 1.0, tokens.hover
        return tokens.line, 1.0, tokens.card
