"""“Why?”: a quiet button that opens what was measured, in place."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ftgui.gui.widgets.buttons import Disclosure
from ftgui.gui.widgets.text import Text


class WhyNote(Disclosure):
    """A note that is folded at first; not there at all while there is nothing to say."""

    def __init__(
        self, text: str = "", *, about: str, object_name: str = "", parent: QWidget | None = None
    ) -> None:
        self._note = Text("", "muted", wrap=True, selectable=True)
        self._is_missing = False
        super().__init__("", self._note, object_name=object_name, parent=parent)
        self.set_title(self.tr("Why?"))
        self.button.setAccessibleName(self.tr("Why? {about}").format(about=about))
        self.toggled.connect(self._describe)
        self.set_text(text)

    def text(self) -> str:
        return self._note.text()

    def set_text(self, text: str) -> None:
        """Show ``text`` when opened; an empty one hides the button as well."""
        self._note.setText(text)
        self._describe()
        if bool(text) is self._is_missing:  # never shown unasked: without a parent it would be a window
            self._is_missing = not text
            self.setHidden(self._is_missing)

    def _describe(self) -> None:
        """Have a screen reader read the note when it is opened."""
        self.button.setAccessibleDescription(self._note.text() if self.is_open() else "")
