"""What is kept on this computer, how much of it there is, and the button that deletes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QWidget

from ftgui.core.errors import FtguiError
from ftgui.gui.sessions.keeping import Keeping
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.path_edit import short_path
from ftgui.gui.widgets.text import ElidedText, Kind, Role, StatusLine, Text

if TYPE_CHECKING:
    from ftgui.jobs.cache import Emptied, Kept

NOTHING_BYTES = 50_000
"""As little as that counts as nothing: an index in which nothing is takes some kB."""
MEASURING = "…"


def megabyte_words(size: int) -> str:
    """Return "1,203.4 MB": 10^6 bytes, as the settings count the GB."""
    return f"{size / 1e6:,.1f} MB"


def kept_words(size: int) -> str:
    """Return how much is kept, for a table."""
    return megabyte_words(size) if size >= NOTHING_BYTES else "nothing"


def emptied_words(emptied: Emptied) -> str:
    """Return what came of emptying the cache."""
    said = [f"{megabyte_words(emptied.freed)} were freed."]
    if emptied.freed < NOTHING_BYTES:
        said = [] if emptied.in_use or emptied.stuck else ["There was nothing to delete."]
    if emptied.in_use:
        said.append(f"{megabyte_words(emptied.in_use)} stay: they are being written at this moment.")
    if emptied.stuck:
        why = "another program uses them, or you may not delete them"
        said.append(f"{megabyte_words(emptied.stuck)} cannot be deleted: {why}.")
    return " ".join(said)


class KeptCard(Card):
    """Tells of the cache folder that ``show_folder`` names; ``keeping`` measures and empties it."""

    def __init__(self, keeping: Keeping, parent: QWidget | None = None) -> None:
        super().__init__("", spacing=10, parent=parent)
        self.set_title(self.tr("Kept on this computer"))
        self._keeping = keeping
        self._folder: Path | None = None
        self._place = ElidedText("", "muted", object_name="kept_folder")
        self._amounts: dict[str, Text] = {}
        words = self.tr("All of it can be computed again. What a run is writing at this moment stays.")
        self._words = Text(words, "muted", wrap=True)
        self._status = StatusLine(object_name="kept_status")
        self.button = Button(self.tr("Empty the cache"), object_name="empty_cache")
        self.button.setAutoDefault(False)
        self.add_beside_title(self._place)
        self.add(self._table())
        self.add(self._bottom())
        keeping.measured.connect(self._on_measured)
        keeping.emptied.connect(self._on_emptied)
        keeping.failed.connect(self._on_failed)
        self.button.clicked.connect(self._on_empty)
        self._show_doing()

    def show_folder(self, folder: Path) -> None:
        """Find out how much is kept in ``folder`` now."""
        if folder != self._folder:
            self._folder = folder
            self._place.setText(short_path(str(folder), lambda text: len(text) < 48))
            self._say("plain", "")
            self._show_amounts(None)
        self._show_doing()
        if not self._keeping.is_emptying:
            self._keeping.measure(folder)

    # Making -----------------------------------------------------------------------------------------------

    def _table(self) -> QLayout:
        grid = QGridLayout()
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 1)
        for key, label in (
            ("pixels", self.tr("Decoded pictures")),
            ("features", self.tr("Features of frozen stages")),
            ("found_out", self.tr("What was found out about pictures")),
        ):
            self._add_row(grid, key, label, "plain")
        self._add_row(grid, "total", self.tr("All together"), "strong")
        return grid

    def _add_row(self, grid: QGridLayout, key: str, label: str, role: Role) -> None:
        line, amount = grid.rowCount(), Text(MEASURING, role, object_name=f"kept_{key}")
        grid.addWidget(Text(label, role), line, 0)
        grid.addWidget(amount, line, 1, Qt.AlignmentFlag.AlignRight)
        self._amounts[key] = amount

    def _bottom(self) -> QLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._words, 1)
        row.addWidget(self._status, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.button)
        return row

    # What happens -----------------------------------------------------------------------------------------

    def _show_amounts(self, kept: Kept | None) -> None:
        for key, label in self._amounts.items():
            label.setText(MEASURING if kept is None else kept_words(getattr(kept, key)))

    def _show_doing(self) -> None:
        emptying = self._keeping.is_emptying
        self.button.setEnabled(self._folder is not None and not emptying)
        if emptying:
            self._say("info", self.tr("The cache is being emptied …"))

    def _say(self, kind: Kind, words: str) -> None:
        """Say what came of it in the place of what would; nothing brings that back."""
        self._status.set_status(kind, words)
        self._words.setVisible(not words)

    @Slot(object)
    def _on_measured(self, kept: Kept) -> None:
        self._show_amounts(kept)

    @Slot()
    def _on_empty(self) -> None:
        if self._folder is not None:
            self._keeping.empty(self._folder)
            self._show_doing()

    @Slot(object)
    def _on_emptied(self, emptied: Emptied) -> None:
        stays = emptied.in_use or emptied.stuck
        self._say("warning" if stays else "ok", emptied_words(emptied))
        if self._folder is not None:
            self.show_folder(self._folder)

    @Slot(object)
    def _on_failed(self, error: FtguiError) -> None:
        self._say("error", str(error))
        self._show_doing()
