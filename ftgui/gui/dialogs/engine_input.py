"""One setting of the engine: typed or chosen, said in a sentence, and what is wrong with it right there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ftgui.core.errors import FtguiError
from ftgui.gui.dialogs.engine_settings import EngineSetting, unset_words
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.inputs import ROW_HEIGHT
from ftgui.gui.widgets.naming import set_style_property
from ftgui.gui.widgets.path_edit import PathEdit
from ftgui.gui.widgets.text import StatusLine, Text

LABEL_WIDTH = 148
NUMBER_WIDTH = 190
"""Wide enough for what an empty field of a number says."""


class EngineInput(QWidget):
    """A field for one setting. What stands there counts once the user is done with it, as by Enter."""

    entered = Signal(str, object)
    """The setting's name and a value that is right, and not the one before."""

    def __init__(self, setting: EngineSetting, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setting = setting
        self._value: Any = setting.default
        name = f"setting_{setting.name}"
        self.edit = _make_edit(setting)
        self.edit.setObjectName(name)
        self.edit.setAccessibleName(setting.label)
        self.edit.setPlaceholderText(unset_words(setting))
        self._status = StatusLine(object_name=f"{name}_problem")
        self._help = Text(setting.help, "muted", wrap=True)
        self._lay_out()
        self.set_value(setting.default)
        self.edit.editingFinished.connect(self.commit)
        self.edit.textEdited.connect(self._on_edited)

    def _lay_out(self) -> None:
        label = Text(self.setting.label)
        label.setBuddy(self.edit)
        label.setFixedSize(LABEL_WIDTH, ROW_HEIGHT)
        field = QHBoxLayout()
        field.setSpacing(6)
        field.addWidget(self.edit, 0 if self.setting.is_number else 1)
        if self.setting.is_number:
            field.addWidget(Text(self.setting.unit, "muted"), 1)
        if self.setting.is_folder:
            field.addWidget(self._choose_button())
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addLayout(field)
        column.addWidget(self._status)
        column.addWidget(self._help)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(label, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)

    def _choose_button(self) -> Button:
        button = Button(self.tr("Choose…"), object_name=f"choose_{self.setting.name}")
        button.setAccessibleName(self.tr("Choose: {what}").format(what=self.setting.label))
        button.setAutoDefault(False)
        button.clicked.connect(self._on_choose)
        return button

    def problem(self) -> str:
        """Return what is said to be wrong; "" where nothing is."""
        return self._status.text()

    def set_value(self, value: Any) -> None:
        """Show what is written down."""
        self._value = value
        self.edit.setText(self.setting.shown(value))
        self.edit.setCursorPosition(0)
        self._show_problem("")

    def update_value(self, value: Any) -> None:
        """Show what is written down, unless the user has begun to change it."""
        if value != self._value and not self._is_edited():
            self.set_value(value)

    def show_failure(self, error: FtguiError) -> None:
        """Say why the value could not be written; it stays in the field, for another try."""
        self._show_problem(str(error))

    @Slot()
    def commit(self) -> None:
        """Take what stands in the field, or say what is wrong with it."""
        if not self._is_edited():
            self._show_problem("")
            return
        try:
            value = self.setting.read(self.edit.text())
        except ValueError as error:
            self._show_problem(str(error))
            return
        if value == self._value:
            self.set_value(value)
        else:
            self.entered.emit(self.setting.name, value)

    def _is_edited(self) -> bool:
        return self.edit.text() != self.setting.shown(self._value)

    def _show_problem(self, problem: str) -> None:
        """Say what is wrong in the place of what the setting does: what is below stays where it is."""
        self._status.set_status("error", problem)
        self._help.setVisible(not problem)
        set_style_property(self.edit, "invalid", bool(problem))
        self.edit.setAccessibleDescription(problem or self.setting.help)

    @Slot()
    def _on_edited(self) -> None:
        """Let what was wrong be wrong no more, as soon as it is mended."""
        if self.problem():
            try:
                self.setting.read(self.edit.text())
            except ValueError as error:
                self._show_problem(str(error))
            else:
                self._show_problem("")

    @Slot()
    def _on_choose(self) -> None:
        start = self.edit.text() or unset_words(self.setting)
        title = self.tr("Choose the cache folder")
        path = QFileDialog.getExistingDirectory(self, title, str(_existing(Path(start).expanduser())))
        if path:
            self.edit.setText(path)
            self.commit()


def _make_edit(setting: EngineSetting) -> QLineEdit:
    if setting.is_folder:
        return PathEdit()
    edit = QLineEdit()
    edit.setAcceptDrops(False)  # as in all fields of ours
    if setting.is_number:
        edit.setFixedWidth(NUMBER_WIDTH)
    return edit


def _existing(path: Path) -> Path:
    """Return the folder at ``path``, or the nearest above it that is there."""
    return next((place for place in (path, *path.parents) if place.is_dir()), Path.home())
