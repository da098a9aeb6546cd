"""Errors, warnings and news, inline beside what caused them instead of in a dialog."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from ftgui.core.errors import FtguiError
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.icons import IconButton, IconLabel
from ftgui.gui.widgets.naming import name_widget, set_style_property
from ftgui.gui.widgets.text import KIND_ICONS, Kind, Text


class MessageBar(QFrame):
    """A sentence, what to do about it, and the details for who wants them. Hidden while there is nothing."""

    action_clicked = Signal()
    closed = Signal()
    """The user closed it; ``clear`` says nothing."""

    def __init__(self, *, object_name: str = "message_bar", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "message")
        name_widget(self, object_name=object_name)
        self._icon = IconLabel(18)
        self._message = Text("", "strong", wrap=True, selectable=True, object_name="message")
        self._hint = Text("", "plain", wrap=True, selectable=True, object_name="hint")
        self._action = Button("", object_name="message_action", accessible_name=self.tr("Do it"))
        self._details_button = Button(
            self.tr("Details"), kind="quiet", icon_name="chevron-right", object_name="message_details_button"
        )
        self._details_button.setCheckable(True)
        self._copy_button = Button(
            self.tr("Copy"), kind="quiet", icon_name="content-copy", object_name="message_copy_button"
        )
        self._close_button = IconButton(
            "close", self.tr("Close this message"), object_name="message_close_button", ink="muted", pixels=16
        )
        self._details = self._make_details()
        self._lay_out()
        self._connect()
        self.hide()

    def _make_details(self) -> QPlainTextEdit:
        details = QPlainTextEdit(self)
        details.setObjectName("message_details")
        details.setAccessibleName(self.tr("Details"))
        details.setReadOnly(True)
        details.setFixedHeight(92)
        return details

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self._action, self._details_button, self._copy_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(self._message)
        column.addWidget(self._hint)
        column.addLayout(buttons)
        column.addWidget(self._details)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 8, 6)
        row.setSpacing(10)
        column.setContentsMargins(0, 6, 0, 6)
        row.addLayout(_lowered(self._icon, 5))
        row.addLayout(column, 1)
        row.addWidget(self._close_button, 0, Qt.AlignmentFlag.AlignTop)

    def _connect(self) -> None:
        self._action.clicked.connect(self._on_action)
        self._details_button.toggled.connect(self._on_details_toggled)
        self._copy_button.clicked.connect(self._on_copy)
        self._close_button.clicked.connect(self._on_close)

    def show_error(self, error: FtguiError, action: str = "") -> None:
        """Say what went wrong and what to do; ``action`` names a button that does it."""
        self._show("error", error.message, error.hint, error.details, action)

    def show_warning(self, text: str, hint: str = "", action: str = "") -> None:
        self._show("warning", text, hint, "", action)

    def show_info(self, text: str, hint: str = "", action: str = "") -> None:
        self._show("info", text, hint, "", action)

    def clear(self) -> None:
        """Take back what was said."""
        self._message.setText("")
        self._hint.setText("")
        self.hide()

    def message(self) -> str:
        return self._message.text()

    def hint(self) -> str:
        return self._hint.text()

    def _show(self, kind: Kind, text: str, hint: str, details: str, action: str) -> None:
        set_style_property(self, "kind", kind)
        self._icon.set_icon(*KIND_ICONS[kind])
        self._message.setText(text)
        set_style_property(self._message, "role", "strong" if hint else "plain")
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self._action.setText(action)
        self._action.setAccessibleName(action or self.tr("Do it"))
        self._action.setVisible(bool(action))
        self._details.setPlainText(details)
        self._details_button.setVisible(bool(details))
        self._details_button.setChecked(False)
        self._on_details_toggled(False)
        self.show()
        self._announce(f"{text} {hint}".strip())

    def _announce(self, words: str) -> None:
        """Have screen readers say it, without taking the focus from what the user is doing."""
        self.setAccessibleName(words)
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def _on_details_toggled(self, is_open: bool) -> None:
        self._details.setVisible(is_open)
        self._copy_button.setVisible(is_open)
        self._details_button.set_icon("chevron-down" if is_open else "chevron-right")

    def _on_copy(self) -> None:
        words = (self._message.text(), self._hint.text(), self._details.toPlainText())
        QGuiApplication.clipboard().setText("\n".join(filter(None, words)))

    def _on_action(self) -> None:
        self.action_clicked.emit()

    def _on_close(self) -> None:
        self.clear()
        self.closed.emit()


def _lowered(widget: QWidget, pixels: int) -> QVBoxLayout:
    """Put ``widget`` at the top, lowered to the middle of the first line of text."""
    column = QVBoxLayout()
    column.setContentsMargins(0, pixels, 0, 0)
    column.addWidget(widget)
    column.addStretch(1)
    return column
