"""The dialogs that the window shows: each at most once, made when it is asked for."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QDialog, QWidget

from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui.dialogs import files
from ftgui.gui.dialogs.help import tell_about, tell_strategies
from ftgui.gui.sessions.fetching import Fetching
from ftgui.gui.sessions.keeping import Keeping
from ftgui.gui.sessions.lr_search import LrSearch
from ftgui.gui.sessions.project import ProjectSession


class DialogDesk(QObject):
    """Shows dialogs over the window and passes on what is chosen in them."""

    settings_closed = Signal()

    def __init__(
        self, project: ProjectSession, search: LrSearch, fetching: Fetching, keeping: Keeping, window: QWidget
    ) -> None:
        super().__init__(window)
        self._project, self._search, self._window = project, search, window
        self._fetching, self._keeping = fetching, keeping

    def find_learning_rate(self) -> None:
        """Search for a learning rate for what the project says; nothing else may be computing."""
        from ftgui.gui.dialogs.lr_finder import LrFinderDialog  # here, as it brings pyqtgraph

        self.close("lr_finder")
        config = self._project.config()
        dialog = LrFinderDialog(self._search, STRATEGIES[config.strategy].title, self._window)
        dialog.use_requested.connect(self._use_learning_rate)
        self._search.start(config)
        dialog.show()

    def open_catalog(self) -> None:
        """Show the official weights; what is chosen there becomes the weights to train."""
        from ftgui.gui.dialogs.catalog import CatalogDialog  # here: the window need not wait for its words

        dialog = self._window.findChild(QDialog, "catalog_dialog")
        if dialog is None:
            dialog = CatalogDialog(self._fetching, self._window)
            dialog.chosen.connect(self._project.set_weights)
        dialog.show()
        dialog.activateWindow()

    def open_settings(self) -> None:
        """Show the settings that the command line has too, and what is kept on this computer."""
        from ftgui.gui.dialogs.settings import SettingsDialog  # here: the window need not wait for it

        dialog = self._window.findChild(QDialog, "settings_dialog")
        if dialog is None:
            dialog = SettingsDialog(self._keeping, self._window)
            dialog.finished.connect(self.settings_closed)
        dialog.show()
        dialog.activateWindow()

    def choose_dataset(self) -> None:
        """Ask for a folder of pictures."""
        path = files.choose_dataset(self._window)
        if path:
            self._project.set_dataset(path)

    def choose_weights(self) -> None:
        """Ask for a weights file."""
        path = files.choose_weights(self._window)
        if path:
            self._project.set_weights(path)

    def tell_strategies(self) -> None:
        """Say what each strategy does."""
        tell_strategies(self._window, self._project)

    def tell_about(self) -> None:
        """Say what this program is."""
        tell_about(self._window)

    def close(self, *names: str) -> None:
        """Close dialogs, by the names of their objects; what is not open need not be."""
        for name in names:
            for dialog in self._window.findChildren(QDialog, name):
                dialog.close()

    @Slot(float)
    def _use_learning_rate(self, rate: float) -> None:
        self._project.set_setting("lr", rate)
