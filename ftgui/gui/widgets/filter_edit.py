"""A field for words that are looked for, with a cross that empties it."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QWidget

from ftgui.gui.widgets.icons import icon
from ftgui.gui.widgets.naming import name_widget

WIDTH, LEAST_WIDTH = 160, 90


class FilterEdit(QLineEdit):
    """Its ``textChanged`` says what is looked for."""

    def __init__(
        self, *, object_name: str = "", accessible_name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        name_widget(self, object_name=object_name, accessible_name=accessible_name)
        self.setPlaceholderText(self.tr("Filter"))
        self.setMinimumWidth(LEAST_WIDTH)
        self.setMaximumWidth(WIDTH)
        self.addAction(icon("magnify", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self._clear = QAction(icon("close", "muted"), self.tr("Show all again"), self)
        self._clear.setObjectName(f"{object_name}_clear")
        self._clear.triggered.connect(self.clear)
        self.addAction(self._clear, QLineEdit.ActionPosition.TrailingPosition)
        self._clear.setVisible(False)
        self.textChanged.connect(self._on_text)

    @Slot(str)
    def _on_text(self, text: str) -> None:
        self._clear.setVisible(bool(text))
