"""The settings of the engine, which the command line has too, and what is kept on this computer."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QEvent, QSize, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLayout, QScrollArea, QVBoxLayout, QWidget

from ftgui.core.errors import FtguiError
from ftgui.core.paths import user_config_folder
from ftgui.core.settings import SETTINGS, EngineSettings, read_settings, write_settings
from ftgui.gui.dialogs.engine_input import EngineInput
from ftgui.gui.dialogs.engine_settings import ENGINE_SETTINGS
from ftgui.gui.dialogs.kept_card import KeptCard
from ftgui.gui.sessions.keeping import Keeping
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.path_edit import short_path
from ftgui.gui.widgets.text import StatusLine, Text

WIDTH = 660


class SettingsDialog(QDialog):
    """Each setting is written as soon as the user is done with its field. It holds nothing else up."""

    def __init__(self, keeping: Keeping, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("settings_dialog")
        self.setWindowTitle(self.tr("Settings"))
        self.setModal(False)
        self._page = QWidget()
        self._intro = Text(self._intro_words(), "muted", wrap=True)
        self._trouble = StatusLine(object_name="settings_trouble")
        self.inputs = {setting.name: EngineInput(setting) for setting in ENGINE_SETTINGS}
        self._card = Card(spacing=14)
        self.kept = KeptCard(keeping)
        self.close_button = Button(self.tr("Close"), kind="large", object_name="settings_close")
        self.close_button.setAutoDefault(False)  # Enter is for the fields
        self._lay_out()
        for row in self.inputs.values():
            row.entered.connect(self._on_entered)
        self.close_button.clicked.connect(self.reject)
        self.finished.connect(self.deleteLater)
        self._read()

    def done(self, result: int) -> None:
        """Close, however: what is right in the field that is being typed into counts."""
        for row in self.inputs.values():
            row.commit()
        super().done(result)

    def changeEvent(self, event: QEvent) -> None:
        """Whoever comes back may have changed the file by hand, or trained from the command line."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self._read()

    # Making -----------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self._page)
        self._page.setProperty("role", "page")
        page = QVBoxLayout(self._page)
        page.setContentsMargins(18, 0, 18, 0)
        page.setSpacing(12)
        for row in self.inputs.values():
            self._card.add(row)
        for item in (self._intro, self._trouble, self._card, self.kept):
            page.addWidget(item)
        page.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 16, 0, 16)
        outer.setSpacing(12)
        outer.addWidget(scroll, 1)
        outer.addLayout(self._buttons())
        wanted = QSize(WIDTH, page.heightForWidth(WIDTH) + 90)
        self.resize(wanted.boundedTo(self.screen().availableSize()))

    def _buttons(self) -> QLayout:
        row = QHBoxLayout()
        row.setContentsMargins(18, 0, 18, 0)
        row.addStretch(1)
        row.addWidget(self.close_button)
        return row

    def _intro_words(self) -> str:
        file = short_path(str(user_config_folder() / SETTINGS), lambda text: len(text) < 46)
        return self.tr(
            "For the window and the command line. What you change is written to {file} at once, "
            "and counts from the next run on."
        ).format(file=file)

    # What happens -----------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Show what is written down. Where that cannot be read, nothing is written over it."""
        try:
            settings = read_settings()
        except FtguiError as error:
            self._show_trouble(str(error))
        else:
            self._show_trouble("")
            self._show_settings(settings)

    def _show_trouble(self, trouble: str) -> None:
        self._trouble.set_status("error", trouble)
        for card in (self._card, self.kept):
            card.setVisible(not trouble)

    def _show_settings(self, settings: EngineSettings) -> None:
        for name, row in self.inputs.items():
            row.update_value(getattr(settings, name))
        self.kept.show_folder(settings.cache_root)

    @Slot(str, object)
    def _on_entered(self, name: str, value: object) -> None:
        row = self.inputs[name]
        try:
            settings = msgspec.structs.replace(read_settings(), **{name: value})
            write_settings(settings)
        except FtguiError as error:
            row.show_failure(error)
        else:
            row.set_value(value)
            self._show_settings(settings)
