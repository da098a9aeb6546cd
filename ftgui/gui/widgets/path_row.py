"""A place on the disk: typed, chosen, and what was found there."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.naming import set_style_property
from ftgui.gui.widgets.path_edit import PathEdit
from ftgui.gui.widgets.text import Kind, StatusLine, Text, tip


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
        self.edit = PathEdit(
            placeholder,
            icon_name=icon_name,
            object_name=object_name,
            accessible_name=accessible_name,
            parent=self,
        )
        self.edit.editingFinished.connect(self._on_finished)
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

    def enter_path(self, path: str) -> None:
        """Do as if the user had typed ``path`` and pressed Enter."""
        self.edit.setText(path)
        self._on_finished()

    def set_facts(self, text: str, more: str = "") -> None:
        """Show what was found there, such as "244 train · 153 val · 2 classes"; ``more`` is its tooltip."""
        self._facts.setText(text)
        self._facts.setToolTip(tip(more))
        self._facts.setVisible(bool(text))

    def facts(self) -> str:
        return self._facts.text()

    def set_status(self, kind: Kind, text: str) -> None:
        self._status.set_status(kind, text)
        set_style_property(self.edit, "invalid", kind == "error")

    def status(self) -> tuple[Kind, str]:
        return self._status.kind(), self._status.text()

    def clear_notes(self) -> None:
        """Say nothing about the path."""
        self.set_facts("")
        self.set_status("plain", "")

    def _on_finished(self) -> None:
        path = self.path()
        if path != self._last:
            self._last = path
            self.path_entered.emit(path)

    def _on_choose(self) -> None:
        self.choose_clicked.emit()
