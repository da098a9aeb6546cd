"""Labels by role. All of them show plain text: a file name is never markup."""

from __future__ import annotations

from html import escape
from typing import Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtGui import Qt as Gui
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from ftgui.gui.widgets.icons import IconLabel, Ink
from ftgui.gui.widgets.naming import name_widget, set_style_property

Role = Literal["plain", "heading", "section", "strong", "muted", "status", "chip"]
Kind = Literal["plain", "ok", "info", "warning", "error"]

LONGEST_TIP = 90
"""Letters of a tooltip in one line; Qt would make a longer one as wide as the screen."""

KIND_ICONS: dict[str, tuple[str, Ink]] = {
    "ok": ("check", "ok"),
    "info": ("information-outline", "muted"),
    "warning": ("alert-outline", "warn"),
    "error": ("alert-circle-outline", "error"),
}


def tip(text: str) -> str:
    """Return ``text`` for a tooltip: long ones wrap, and what looks like markup is shown as it is."""
    if len(text) <= LONGEST_TIP and not Gui.mightBeRichText(text):
        return text
    return f"<p>{escape(text)}</p>"


class Text(QLabel):
    """A label in one of the stylesheet's voices."""

    def __init__(
        self,
        text: str = "",
        role: Role = "plain",
        *,
        wrap: bool = False,
        selectable: bool = False,
        object_name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self.setWordWrap(wrap)
        if selectable:
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        name_widget(self, object_name=object_name)

    def set_kind(self, kind: Kind) -> None:
        set_style_property(self, "kind", kind)

    def minimumSizeHint(self) -> QSize:
        """A sentence that wraps asks for a line: Qt's own wish is the height at the smallest width."""
        hint = super().minimumSizeHint()
        return QSize(1, self.fontMetrics().height()) if self.wordWrap() else hint


class ElidedText(Text):
    """One line that ends in … where there is no room; the whole text is its tooltip then."""

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        area = self.contentsRect()
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, area.width())
        self.setToolTip(tip(self.text()) if shown != self.text() else "")
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(area, int(self.alignment()), shown)


class SteadyText(ElidedText):
    """One that changes many times a second: whatever it says, its page need not be laid out anew."""

    def __init__(self, role: Role = "plain", *, object_name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(" ", role, object_name=object_name, parent=parent)
        self._said = ""

    def text(self) -> str:
        return self._said

    def setText(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self.setAccessibleName(text)
            self.update()


class Chip(Text):
    """A small rounded fact, such as a cost or a device. Hidden while it has nothing to say."""

    def __init__(
        self, text: str = "", *, kind: Kind = "plain", object_name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__("", "chip", object_name=object_name, parent=parent)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.set_kind(kind)
        self.set_text(text)

    def set_text(self, text: str) -> None:
        self.setText(text)
        self.setVisible(bool(text))


class StatusLine(QWidget):
    """An icon and a sentence in the colour of what it means. Hidden while it has nothing to say."""

    def __init__(self, *, object_name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark = IconLabel(parent=self)
        self._sentence = Text("", "status", wrap=True, selectable=True, parent=self)
        name_widget(self._sentence, object_name=object_name)
        self._kind: Kind = "plain"
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._sentence, 1)
        self.hide()

    def text(self) -> str:
        return self._sentence.text()

    def kind(self) -> Kind:
        return self._kind

    def set_status(self, kind: Kind, text: str) -> None:
        """Show ``text`` as ``kind``; an empty text hides the line."""
        self._kind = kind
        self._sentence.setText(text)
        self._sentence.set_kind(kind)
        self._mark.setVisible(kind in KIND_ICONS)
        if kind in KIND_ICONS:
            self._mark.set_icon(*KIND_ICONS[kind])
        self.setVisible(bool(text))
