"""The one frame in which everything stands."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.text import Text

PADDING = 14


class Card(QFrame):
    """Rounded corners, a thin line, a title, and a column to put things in.

    A numbered title ("1  Pictures") is a small one, as steps of a form have it; others are headings.
    """

    def __init__(
        self,
        title: str = "",
        *,
        number: int | None = None,
        object_name: str = "",
        spacing: int = 8,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        name_widget(self, object_name=object_name, accessible_name=title)
        self._number = number
        self._title = Text("", "heading" if number is None else "section", parent=self)
        self._bar = QWidget(self)
        self._header = QHBoxLayout(self._bar)
        self._header.setContentsMargins(0, 0, 0, 0)
        self._header.setSpacing(8)
        self._header.addWidget(self._title)
        self._header.addStretch(1)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(PADDING, PADDING - 2, PADDING, PADDING)
        self.body.setSpacing(spacing)
        self.body.addWidget(self._bar)
        self.set_title(title)

    def set_title(self, title: str) -> None:
        self._title.setText(title if self._number is None else f"{self._number}  {title}")
        self._title.setVisible(bool(title))
        self._bar.setVisible(bool(title))

    def add(self, item: QWidget | QLayout, stretch: int = 0) -> None:
        """Put ``item`` below what is there."""
        if isinstance(item, QLayout):
            self.body.addLayout(item, stretch)
        else:
            self.body.addWidget(item, stretch)

    def add_beside_title(self, widget: QWidget) -> None:
        """Put ``widget`` right after the title."""
        self._header.insertWidget(1, widget)

    def add_corner(self, widget: QWidget) -> None:
        """Put ``widget`` at the right end of the title's line."""
        self._header.addWidget(widget)
        self._bar.show()
