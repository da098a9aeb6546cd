"""One picture of the Data page large: which, what is said of it, and what is done with it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from ftgui.core.preprocessing import Preprocessing
from ftgui.data.augmentations import view_count
from ftgui.gui.dialogs.picture import PictureDialog
from ftgui.gui.dialogs.picture_facts import PictureInfo
from ftgui.gui.pages.grid_card import GridCard
from ftgui.gui.sessions.augmented import AugmentedViews
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.words import counted


class PictureViewer(QObject):
    """Goes through the rows of a grid in one dialog, which is made when it is first wanted."""

    def __init__(self, project: ProjectSession, card: GridCard, window: QWidget) -> None:
        super().__init__(window)
        self._project, self._session, self._card, self._window = project, project.pictures, card, window
        self._rows = card.rows
        self._dialog: PictureDialog | None = None
        self._views: AugmentedViews | None = None
        card.open_requested.connect(self.open)
        self._session.marked.connect(self._refresh)
        self._session.pictures_changed.connect(self._close)
        project.changed.connect(self._show_views)

    def count(self) -> int:
        return len(self._rows)

    def at(self, index: int) -> PictureInfo:
        """Return what is known of a picture now."""
        state, row = self._session.state, self._rows[index]
        return PictureInfo(
            file=self._session.root / row.path,
            path=row.path,
            class_name=row.class_name,
            side=row.side,
            excluded=row.path in state.left_out,
            findings=tuple(finding.message for finding in state.by_path.get(row.path, ())),
        )

    @Slot(int)
    def open(self, row: int) -> None:
        """Show the picture of a row, and let the arrows go through those beside it."""
        self._rows = self._card.rows
        if self._dialog is None:
            self._dialog = PictureDialog(self, self._window)
            self._dialog.exclude_toggled.connect(self._on_exclude)
            self._dialog.shown_changed.connect(self._on_shown)
        self._dialog.set_pictures(self)
        self._show_views()
        self._dialog.show_picture(row)

    def shutdown(self) -> None:
        """Close the dialog, and wait for what it reads."""
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.shutdown()

    @Slot()
    def _show_views(self) -> None:
        """Show what training would see, as it is set up now."""
        if self._dialog is None:
            return
        inspected = self._project.state.inspected
        how = inspected.recognition.preprocessing if inspected else Preprocessing()
        augment = self._project.setting("augment")
        count = view_count(augment, self._project.setting("views"))
        views = AugmentedViews(self._session.root, augment, count, how)
        if views == self._views:
            return
        self._views = views
        self._dialog.set_views(views, self._caption(augment, count, how.crop))

    def _caption(self, augment: str, count: int, crop: int) -> str:
        views = counted(count, self.tr("view"), self.tr("views"))
        return self.tr("What training sees with “{augment}”: {views} of {crop} × {crop} pixels").format(
            augment=augment, views=views, crop=crop
        )

    @Slot()
    def _refresh(self) -> None:
        if self._dialog is not None:
            self._dialog.refresh()

    @Slot()
    def _close(self) -> None:
        """The rows are of other pictures now."""
        if self._dialog is not None:
            self._dialog.close()

    @Slot(int)
    def _on_shown(self, row: int) -> None:
        if self._card.rows is self._rows:  # it shows others where the filters were changed meanwhile
            self._card.grid.select_row(row)

    @Slot(str, bool)
    def _on_exclude(self, path: str, excluded: bool) -> None:
        self._session.leave_out((path,), excluded)
