"""What the window says above its pages: errors, warnings of a run, and where an export went."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices

from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.widgets.message_bar import MessageBar
from ftgui.gui.words import counted
from ftgui.training.events import RunWarning


class News(QObject):
    """Puts into the window's one message bar what the sessions tell."""

    def __init__(self, bar: MessageBar, project: ProjectSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bar, self._project = bar, project
        self._warnings: list[RunWarning] = []
        self._exported: Path | None = None
        bar.action_clicked.connect(self._open_exported)

    def clear(self) -> None:
        """Forget what was said, for a run that begins."""
        self._bar.clear()
        self._warnings.clear()

    @Slot(object)
    def warn(self, warning: RunWarning) -> None:
        """Say what only the run could find; what was known before it stands on the cards already."""
        if warning.message in self._project.notes():
            return
        self._warnings.append(warning)
        first, more = self._warnings[0], len(self._warnings) - 1
        others = counted(more, self.tr("more like it is"), self.tr("more like it are"))
        hint = self.tr("{others} in the run's log.txt.").format(others=others) if more else first.hint
        self._bar.show_warning(first.message, hint)

    @Slot(object)
    def tell_exported(self, folder: Path) -> None:
        self._exported = folder
        self._bar.show_info(
            self.tr("Exported to “{folder}”.").format(folder=folder),
            self.tr("model.pth opens with torchvision alone; predict.py runs without ftgui."),
            self.tr("Open folder"),
        )

    @Slot()
    def _open_exported(self) -> None:
        if self._exported is not None:
            show_in_file_manager(self._exported)


def show_in_file_manager(folder: Path) -> None:
    """Open the system's file manager at a folder."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
