"""Buttons: one primary in a window, plain ones, and quiet ones that look like text."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ftgui.gui.widgets.icons import Ink, icon
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.revealing import reveal

ButtonKind = Literal["plain", "primary", "large", "quiet"]

ICON_SIZE = QSize(20, 16)
"""Wider than tall: the rest is air between icon and text."""


class Button(QPushButton):
    """A push button. ``large`` is a plain one as tall as the primary beside it."""

    def __init__(
        self,
        text: str,
        *,
        kind: ButtonKind = "plain",
        icon_name: str = "",
        object_name: str = "",
        accessible_name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self.setProperty("kind", kind)
        self._ink: Ink = "accent_text" if kind == "primary" else "muted" if kind == "quiet" else "text"
        self.setIconSize(ICON_SIZE)
        self.set_icon(icon_name)
        name_widget(self, object_name=object_name, accessible_name=accessible_name or text)

    def set_icon(self, icon_name: str) -> None:
        if icon_name:
            self.setIcon(icon(icon_name, self._ink))


class Segments(QFrame):
    """A choice of a few words side by side, such as epochs or seconds."""

    chosen = Signal(str)
    """The key of what the user chose."""

    def __init__(
        self,
        options: tuple[tuple[str, str], ...],
        *,
        object_name: str = "",
        accessible_name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "segments")
        name_widget(self, object_name=object_name, accessible_name=accessible_name)
        self._group = QButtonGroup(self)
        self._keys: dict[QAbstractButton, str] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(0)
        for key, label in options:
            row.addWidget(self._make_button(key, label, f"{object_name}_{key}"))
        self._group.buttonClicked.connect(self._on_clicked)

    def _make_button(self, key: str, label: str, object_name: str) -> QPushButton:
        button = QPushButton(label, self)
        name_widget(button, object_name=object_name, accessible_name=label)
        self._keys[button] = key
        button.setCheckable(True)
        button.setChecked(not self._group.buttons())
        self._group.addButton(button)
        return button

    def choice(self) -> str:
        checked = self._group.checkedButton()
        return self._keys[checked] if checked is not None else ""

    def set_choice(self, key: str) -> None:
        """Show ``key`` as chosen, without a signal."""
        for button in self._group.buttons():
            button.setChecked(self._keys[button] == key)

    def _on_clicked(self, button: QPushButton) -> None:
        self.chosen.emit(self._keys[button])


class Disclosure(QWidget):
    """A line of text that opens what is below it, such as “more settings”, and brings it into view."""

    toggled = Signal(bool)

    def __init__(
        self, title: str, content: QWidget, *, object_name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._title = title
        self.button = Button(title, kind="quiet", icon_name="chevron-right", object_name=object_name)
        self.button.setMinimumWidth(1)  # a long title is cut, and makes nothing wider
        self.button.setCheckable(True)
        self.button.toggled.connect(self._on_toggled)
        self._content = content
        content.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(content)

    def is_open(self) -> bool:
        return self.button.isChecked()

    def set_open(self, is_open: bool) -> None:
        self.button.setChecked(is_open)

    def set_title(self, title: str) -> None:
        if title != self._title:
            self._title = title
            self.button.setAccessibleName(title)
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Cut the title where it is longer than there is room."""
        self.button.setText(self._title)
        over = self.button.sizeHint().width() - self.width()
        if over > 0 and self.isVisible():
            metrics = self.button.fontMetrics()
            room = metrics.horizontalAdvance(self._title) - over
            self.button.setText(metrics.elidedText(self._title, Qt.TextElideMode.ElideRight, room))

    def _on_toggled(self, is_open: bool) -> None:
        self.button.set_icon("chevron-down" if is_open else "chevron-right")
        self._content.setVisible(is_open)
        self.toggled.emit(is_open)
        if is_open and self.isVisible():
            QTimer.singleShot(0, self._reveal)  # once there is room for what was opened

    def _reveal(self) -> None:
        """Scroll to the content's end, or as far as the title stays in view."""
        reveal(self._content, self.button, margin=0)
