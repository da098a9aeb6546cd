"""A place on the disk: typed, chosen, and what was found there."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.icons import icon
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.text import Kind, StatusLine, Text


class PathRow(QWidget):
    """An edit and a button, below them a line of facts and one that says whether all is well."""

    path_entered = Signal(str)
    """A path the user typed and finished, or that ``enter_path`` was told of. Once for each new path."""
    choose_clicked = Signal()

    def __init__(
        self,
        *,
        icon_name: str = "folder-outline",
        placeholder: str = "",
        object_name: str = "",
        button_name: str = "",
        accessible_name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._last = ""
        self.edit = QLineEdit(self)
        self.edit.setPlaceholderText(placeholder)
        self.edit.addAction(icon(icon_name, "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.edit.setAcceptDrops(False)  # so that the window hears of it: it knows what was dropped
        self.edit.editingFinished.connect(self._on_finished)
        name_widget(self.edit, object_name=object_name, accessible_name=accessible_name)
        self.button = Button(self.tr("Choose…"), object_name=button_name)
        self.button.setAccessibleName(self.tr("Choose: {what}").format(what=accessible_name))
        self.button.clicked.connect(self._on_choose)
        self._facts = Text("", "muted", wrap=True)
        self._status = StatusLine()
        self._facts.hide()
        self._lay_out()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.edit, 1)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self._facts)
        column.addWidget(self._status)

    def path(self) -> str:
        return self.edit.text().strip()

    def set_path(self, path: str) -> None:
        """Show ``path`` without a signal. What is being typed stays where ``path`` is nothing new."""
        if path.strip() == self._last:
            return
        self._last = path.strip()
        self.edit.setText(path)
        self._show_tail()

    def enter_path(self, path: str) -> None:
        """Do as if the user had typed ``path`` and pressed Enter."""
        self.edit.setText(path)
        self._on_finished()

    def set_facts(self, text: str) -> None:
        """Show what was found there, such as "244 train · 153 val · 2 classes"."""
        self._facts.setText(text)
        self._facts.setVisible(bool(text))

    def facts(self) -> str:
        return self._facts.text()

    def set_status(self, kind: Kind, text: str) -> None:
        self._status.set_status(kind, text)

    def status(self) -> tuple[Kind, str]:
        return self._status.kind(), self._status.text()

    def clear_notes(self) -> None:
        """Say nothing about the path."""
        self.set_facts("")
        self.set_status("plain", "")

    def _on_finished(self) -> None:
        path = self.path()
        self._show_tail()
        if path != self._last:
            self._last = path
            self.path_entered.emit(path)

    def _on_choose(self) -> None:
        self.choose_clicked.emit()

    def _show_tail(self) -> None:
        """A path too long for the edit shows its end, where the name is."""
        if not self.edit.hasFocus():
            wide = QFontMetrics(self.edit.font()).horizontalAdvance(self.edit.text()) > self.edit.width() - 48
            self.edit.setCursorPosition(len(self.edit.text()) if wide else 0)
        self.edit.setToolTip(self.edit.text() if "<" not in self.edit.text() else "")

    def focus_edit(self) -> None:
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)
