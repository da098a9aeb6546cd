"""One picture large, with what is known of it, and the others a key away."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from ftgui.gui.dialogs.picture_facts import PictureFacts, PictureInfo
from ftgui.gui.news import show_in_file_manager
from ftgui.gui.sessions.picture_images import MakeViews, ReadPicture, SeenPicture, SeenViews, Views
from ftgui.gui.sessions.worker import LatestTask
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.icons import IconButton
from ftgui.gui.widgets.picture_view import PictureStrip, PictureView
from ftgui.gui.widgets.text import Text

SIZE = QSize(1000, 700)
SIDE_WIDTH = 272
"""Of the column of facts."""
MOST_PIXELS = 4096
"""Of a picture's long side, however large and fine the screen."""
VIEW_EDGE = 88
"""How high a view is shown."""
STALE_MS = 150
"""How long the picture before stays in sight: without it, each step would flash."""


class Pictures(Protocol):
    """The pictures that the dialog goes through."""

    def count(self) -> int: ...

    def at(self, index: int) -> PictureInfo: ...


class PictureDialog(QDialog):
    """Shows pictures one at a time, beside the window and not before it.

    It can be shown again after it was closed. Whoever owns it calls ``shutdown`` before it goes.
    """

    exclude_toggled = Signal(str, bool)
    """The path of a picture that is to be left out of training (True) or used again."""
    shown_changed = Signal(int)
    """Another picture of the list is shown."""

    def __init__(self, pictures: Pictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("picture_dialog")
        self.setModal(False)
        self._pictures = pictures
        self._index = -1
        self._views: Views | None = None
        self._reading = LatestTask("picture", self)
        self._viewing = LatestTask("picture views", self)
        self._stale = QTimer(self)
        self._stale.setSingleShot(True)
        self._stale.setInterval(STALE_MS)
        self.image = PictureView(object_name="picture_image", accessible_name=self.tr("Picture"))
        self.facts = PictureFacts(object_name="picture_facts")
        self.strip = PictureStrip(VIEW_EDGE, object_name="picture_views")
        self._caption = Text("", "muted", object_name="picture_views_caption")
        self._views_box = QWidget()
        self._place = Text("", "muted", object_name="picture_place")
        self.previous = IconButton(
            "chevron-left", self.tr("Previous picture"), object_name="picture_previous"
        )
        self.next = IconButton("chevron-right", self.tr("Next picture"), object_name="picture_next")
        self.show_button = Button(
            self.tr("Show in folder"), icon_name="folder-open-outline", object_name="picture_show"
        )
        self.exclude_button = Button("", object_name="picture_exclude")
        self._lay_out()
        self._connect()

    # For those who use it ---------------------------------------------------------------------------------

    def set_pictures(self, pictures: Pictures) -> None:
        """Go through others from now on; ``show_picture`` says where to begin."""
        self._pictures, self._index = pictures, -1

    def set_views(self, views: Views | None, caption: str = "") -> None:
        """Show below each picture what the network sees of it: ``views`` is asked off the GUI thread."""
        self._views = views
        self._caption.setText(caption)
        self._views_box.setVisible(views is not None)
        self.strip.setAccessibleName(caption)
        if self._index >= 0:
            self._ask_views(self._pictures.at(self._index).file)

    def show_picture(self, index: int) -> None:
        """Show a picture of the list; the dialog opens where it was closed."""
        self._index = index
        self.refresh()
        file = self._pictures.at(index).file
        self._stale.start()
        self._reading.ask(ReadPicture(file, self._edge()))
        self._ask_views(file)
        self.shown_changed.emit(index)
        if not self.isVisible():
            self.show()
            self.image.setFocus(Qt.FocusReason.OtherFocusReason)

    def index(self) -> int:
        """Return which picture is shown, -1 before the first."""
        return self._index

    @Slot()
    def refresh(self) -> None:
        """Show anew what the list says of the picture: it may be left out by now, or have findings."""
        if self._index < 0:
            return
        info, count = self._pictures.at(self._index), self._pictures.count()
        self.setWindowTitle(info.name)
        self.facts.show_known(info)
        self._place.setText(
            self.tr("{number} of {count}").format(number=f"{self._index + 1:,}", count=f"{count:,}")
        )
        self.previous.setEnabled(self._index > 0)
        self.next.setEnabled(self._index < count - 1)
        self._show_whether_used(info.excluded)

    def done(self, result: int) -> None:
        """Close, however: what is being read is not waited for."""
        self._stale.stop()
        self._reading.forget()
        self._viewing.forget()
        super().done(result)

    def shutdown(self) -> None:
        """Wait for what is being read."""
        self._stale.stop()
        self._reading.shutdown()
        self._viewing.shutdown()

    # Making -----------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.image.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(18, 16, 18, 16)
        outer.setSpacing(12)
        middle = QHBoxLayout()
        middle.setSpacing(12)
        middle.addWidget(self._picture_card(), 1)
        middle.addWidget(self._facts_card())
        outer.addLayout(middle, 1)
        outer.addLayout(self._buttons())
        self.resize(SIZE)

    def _picture_card(self) -> Card:
        card = Card(spacing=12)
        card.body.setContentsMargins(12, 12, 12, 12)
        card.add(self.image, 1)
        column = QVBoxLayout(self._views_box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._caption)
        column.addWidget(self.strip)
        card.add(self._views_box)
        self._views_box.hide()
        return card

    def _facts_card(self) -> Card:
        card = Card(self.tr("About this picture"), spacing=12)
        card.setFixedWidth(SIDE_WIDTH)
        card.add(self.facts, 1)
        return card

    def _buttons(self) -> QLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.previous)
        row.addWidget(self._place)
        row.addWidget(self.next)
        row.addStretch(1)
        for button in (self.show_button, self.exclude_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        return row

    def _connect(self) -> None:
        self._reading.done.connect(self._on_read)
        self._viewing.done.connect(self._on_views)
        self._stale.timeout.connect(self.image.clear)
        self.previous.clicked.connect(self._on_previous)
        self.next.clicked.connect(self._on_next)
        self.show_button.clicked.connect(self._on_show)
        self.exclude_button.clicked.connect(self._on_exclude)
        for key, slot in (
            (Qt.Key.Key_Left, self._on_previous),
            (Qt.Key.Key_Right, self._on_next),
        ):
            QShortcut(QKeySequence(key), self).activated.connect(slot)

    def _edge(self) -> int:
        """Return how many pixels across suffice on this screen."""
        size = self.screen().size() * self.devicePixelRatioF()
        return min(MOST_PIXELS, max(size.width(), size.height()))

    # What happens -----------------------------------------------------------------------------------------

    def _ask_views(self, file: Path) -> None:
        if self._views is None:
            self.strip.show_images(())
        else:
            edge = round(VIEW_EDGE * self.devicePixelRatioF())
            self._viewing.ask(MakeViews(self._views, file, edge))

    def _show_whether_used(self, excluded: bool) -> None:
        words = self.tr("Use again") if excluded else self.tr("Leave out of training")
        self.exclude_button.setText(words)
        self.exclude_button.setAccessibleName(words)
        self.exclude_button.set_icon("undo" if excluded else "minus-circle-outline")

    @Slot(object)
    def _on_read(self, seen: SeenPicture) -> None:
        self._stale.stop()
        self.facts.show_read(seen)
        if seen.image.isNull():
            self.image.show_words(seen.obstacle)
        else:
            self.image.show_image(seen.image, QSize(seen.width, seen.height))

    @Slot(object)
    def _on_views(self, seen: SeenViews) -> None:
        self.strip.show_images(seen.images)
        self._views_box.setVisible(bool(seen.images))

    @Slot()
    def _on_previous(self) -> None:
        if self.previous.isEnabled():
            self.show_picture(self._index - 1)

    @Slot()
    def _on_next(self) -> None:
        if self.next.isEnabled():
            self.show_picture(self._index + 1)

    @Slot()
    def _on_show(self) -> None:
        show_in_file_manager(self._pictures.at(self._index).file.parent)

    @Slot()
    def _on_exclude(self) -> None:
        info = self._pictures.at(self._index)
        self.exclude_toggled.emit(info.path, not info.excluded)
        self.refresh()
