"""How far a download is, and the button that ends it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.text import SteadyText, Text

STEPS = 1000


class DownloadLine(QWidget):
    """A bar with words above it. Hidden while nothing is downloaded."""

    cancel_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = Text("", "strong")
        self._words = SteadyText("muted", object_name="catalog_progress_words")
        self._cancel = Button(self.tr("Cancel download"), object_name="catalog_cancel")
        self.bar = QProgressBar()
        self.bar.setObjectName("catalog_progress")
        self.bar.setAccessibleName(self.tr("How much of the file has arrived"))
        self.bar.setTextVisible(False)
        self._lay_out()
        self._cancel.clicked.connect(self.cancel_clicked)
        self.hide()

    def begin(self, title: str) -> None:
        """Show that something is on its way, though nothing is known of it yet."""
        self._title.setText(title)
        self._words.setText("")
        self.bar.setRange(0, 0)
        self._cancel.setEnabled(True)
        self.show()

    def show_progress(self, share: float | None, words: str) -> None:
        """Show how much has arrived, 0 to 1; None where that cannot be said."""
        self.bar.setRange(0, 0 if share is None else STEPS)
        if share is not None:
            self.bar.setValue(round(share * STEPS))
        self._words.setText(words)

    def show_ending(self) -> None:
        """Show that the button was heard."""
        self._cancel.setEnabled(False)
        self._words.setText(self.tr("cancelling …"))

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self._title)
        top.addWidget(self._words, 1)
        top.addWidget(self._cancel)
        kept = self.tr(
            "Closing this window ends the download too. What has arrived is kept, and the next time it goes "
            "on from there."
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(top)
        column.addWidget(self.bar)
        column.addWidget(Text(kept, "muted", wrap=True))
