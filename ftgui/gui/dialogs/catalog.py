"""The catalogue of official weights: found, downloaded and chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from ftgui.core.errors import FtguiError
from ftgui.gui.catalog_words import arrived_words, details_words
from ftgui.gui.dialogs.catalog_table import CatalogTable, SearchField
from ftgui.gui.sessions.fetching import Fetching
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.download_line import DownloadLine
from ftgui.gui.widgets.message_bar import MessageBar
from ftgui.gui.widgets.path_edit import short_path
from ftgui.gui.widgets.text import ElidedText, Text, tip
from ftgui.models import catalog
from ftgui.models.catalog import CatalogRow

if TYPE_CHECKING:
    from ftgui.core.download import Progress

SIZE = QSize(960, 700)
"""Wider where the texts of the table need it."""
CARD_MARGIN = 8


class CatalogDialog(QDialog):
    """Shows all official weights; downloads with ``fetching``. Closing it ends the download that goes on."""

    chosen = Signal(str)
    """The path of the weights to use; it is on this computer. The dialog closes after it."""

    def __init__(self, fetching: Fetching, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("catalog_dialog")
        self.setWindowTitle(self.tr("Official weights"))
        self._fetching = fetching
        self._wanted: CatalogRow | None = None
        """What this dialog is downloading, or failed to."""
        kept = catalog.kept()
        self._search = SearchField(
            self.tr("Search, for example: resnet 50 v2"),
            object_name="catalog_search",
            accessible_name=self.tr("Search the official weights"),
        )
        self._only_here = QCheckBox(self.tr("Only those on this computer"))
        self._only_here.setObjectName("catalog_only_here")
        self._count = Text("", "muted", object_name="catalog_count")
        self.table = CatalogTable(kept)
        self._title = Text("", "strong", object_name="catalog_title")
        self._details = Text("", "muted", wrap=True, object_name="catalog_details")
        self._download_line = DownloadLine()
        self._message = MessageBar(object_name="catalog_message")
        place = self.tr("Kept in {folder}, where torch.hub keeps its own").format(
            folder=short_path(str(kept.folder), lambda text: len(text) < 70)
        )
        self._place = ElidedText(place, "muted")
        self._close_button = Button(self.tr("Close"), kind="large", object_name="catalog_close")
        self._download_button = Button(
            self.tr("Download and use"), kind="primary", object_name="catalog_download"
        )
        self._use_button = Button(self.tr("Use"), kind="primary", object_name="catalog_use")
        self._use_button.setAccessibleName(self.tr("Use the selected weights"))
        self._lay_out()
        self._connect()
        self._show_found()
        self._show_row()

    def done(self, result: int) -> None:
        """Close, however: a download that goes on is cancelled, and what arrived is kept."""
        if self._is_downloading:
            self._fetching.cancel()
        super().done(result)

    def changeEvent(self, event: QEvent) -> None:
        """Whoever comes back may have put a file there by hand."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.table.show_kept(catalog.kept())

    # Making -----------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(18, 16, 18, 16)
        outer.setSpacing(12)
        outer.addLayout(self._top())
        outer.addWidget(self._chart(), 1)
        outer.addWidget(self._download_line)
        outer.addWidget(self._message)
        outer.addLayout(self._buttons())
        around = outer.contentsMargins().left() + CARD_MARGIN + 1
        self.resize(max(SIZE.width(), self.table.wanted_width() + 2 * around), SIZE.height())
        self._search.setFocus()

    def _top(self) -> QLayout:
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self._search, 1)
        row.addWidget(self._only_here)
        row.addWidget(self._count)
        return row

    def _chart(self) -> Card:
        card = Card(spacing=6)
        card.body.setContentsMargins(CARD_MARGIN, 4, CARD_MARGIN, 12)
        card.add(self.table, 1)
        words = QVBoxLayout()
        words.setContentsMargins(8, 8, 8, 0)
        words.setSpacing(3)
        self._details.setMinimumHeight(2 * self._details.fontMetrics().lineSpacing())
        self._details.setAlignment(Qt.AlignmentFlag.AlignTop)
        words.addWidget(self._title)
        words.addWidget(self._details)
        card.add(words)
        return card

    def _buttons(self) -> QLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._place, 1)
        for button in (self._close_button, self._download_button, self._use_button):
            row.addWidget(button)
        return row

    def _connect(self) -> None:
        self._search.textChanged.connect(self._on_search)
        self._search.left_downwards.connect(self._on_left_downwards)
        self._only_here.toggled.connect(self._on_only_here)
        self.table.row_changed.connect(self._show_row)
        self.table.doubleClicked.connect(self._on_double_clicked)
        self._close_button.clicked.connect(self.reject)
        self._download_button.clicked.connect(self._on_download)
        self._use_button.clicked.connect(self._on_use)
        self._download_line.cancel_clicked.connect(self._on_cancel)
        self._message.action_clicked.connect(self._on_again)
        self._fetching.active_changed.connect(self._show_row)
        self._fetching.progressed.connect(self._on_progressed)
        self._fetching.done.connect(self._on_done)
        self._fetching.failed.connect(self._on_failed)
        self._fetching.cancelled.connect(self._on_cancelled)
        self.finished.connect(self.deleteLater)

    # What is shown ----------------------------------------------------------------------------------------

    @property
    def _is_downloading(self) -> bool:
        return self._wanted is not None and self._fetching.is_active

    def _show_found(self) -> None:
        shown, of_all = self.table.counts()
        words = self.tr("{shown} of {of_all}") if shown < of_all else self.tr("{of_all} files")
        self._count.setText(words.format(shown=shown, of_all=of_all))

    @Slot()
    def _show_row(self) -> None:
        """Say what the selected row is, and offer what can be done with it."""
        row = self.table.row()
        path = self.table.kept_path(row) if row is not None else None
        self._title.setText(f"{row.title} · {row.weights.name}" if row is not None else self._nothing_words())
        self._details.setText(details_words(row) if row is not None else self._else_words())
        obstacle = self._obstacle(row)
        self._use_button.setVisible(path is not None)
        self._use_button.setEnabled(path is not None and row is not None and not row.obstacle)
        self._download_button.setVisible(path is None)
        self._download_button.setEnabled(path is None and not obstacle)
        self._download_button.setToolTip(tip(obstacle))
        (self._use_button if path is not None else self._download_button).setDefault(True)

    def _nothing_words(self) -> str:
        return self.tr("Nothing was found")

    def _else_words(self) -> str:
        if self._only_here.isChecked():
            return self.tr("No such file is on this computer. Untick the box to see all that can be had.")
        return self.tr("Fewer words find more: try the name of a family, such as resnet or efficientnet.")

    def _obstacle(self, row: CatalogRow | None) -> str:
        """Return why the selected row cannot be downloaded; "" where it can."""
        if row is None:
            return self.tr("Select weights in the table first.")
        if self._fetching.is_active:
            return self.tr("One download at a time: another one goes on.")
        return row.obstacle

    # What happens -----------------------------------------------------------------------------------------

    @Slot(str)
    def _on_search(self, text: str) -> None:
        self.table.search(text)
        self._show_found()

    @Slot(bool)
    def _on_only_here(self, only_here: bool) -> None:
        self.table.show_only_here(only_here)
        self._show_found()

    @Slot()
    def _on_left_downwards(self) -> None:
        self.table.setFocus(Qt.FocusReason.TabFocusReason)

    @Slot(QModelIndex)
    def _on_double_clicked(self, _index: QModelIndex) -> None:
        """A double click does what the button says."""
        for button in (self._use_button, self._download_button):
            if button.isEnabled():
                button.click()

    @Slot()
    def _on_use(self) -> None:
        row = self.table.row()
        path = self.table.kept_path(row) if row is not None else None
        if path is not None:
            self._choose(str(path))

    @Slot()
    def _on_download(self) -> None:
        row = self.table.row()
        if row is not None and not self._obstacle(row):
            self._start(row)

    @Slot()
    def _on_again(self) -> None:
        if self._wanted is not None and not self._fetching.is_active:
            self._start(self._wanted)

    def _start(self, row: CatalogRow) -> None:
        self._wanted = row
        self._message.clear()
        self._download_line.begin(row.title)
        self._fetching.start(row)

    @Slot()
    def _on_cancel(self) -> None:
        self._download_line.show_ending()
        self._fetching.cancel()

    @Slot(object)
    def _on_progressed(self, progress: Progress) -> None:
        if self._wanted is None or self._fetching.is_ending:
            return
        pace = self._fetching.pace
        share = progress.done / progress.total if progress.done and progress.total else None
        words = arrived_words(progress, pace.bytes_per_second, pace.seconds_left(progress.total))
        self._download_line.show_progress(share, words)

    @Slot(str)
    def _on_done(self, path: str) -> None:
        if self._ended() is not None:
            self._choose(path)

    @Slot(object)
    def _on_failed(self, error: FtguiError) -> None:
        if self._ended() is not None:
            self._message.show_error(error, self.tr("Try again"))

    @Slot()
    def _on_cancelled(self) -> None:
        row = self._ended()
        if row is not None:
            kept = self.tr("What arrived is kept: the next time it goes on from there.")
            self._message.show_info(
                self.tr("The download was cancelled."),
                kept if catalog.kept().share(row) else "",
                self.tr("Go on"),
            )

    def _ended(self) -> CatalogRow | None:
        """Show that a download is over; return what it was of, None where it was not this dialog's."""
        self._download_line.hide()
        self.table.show_kept(catalog.kept())
        return self._wanted

    def _choose(self, path: str) -> None:
        self.chosen.emit(path)
        self.accept()
