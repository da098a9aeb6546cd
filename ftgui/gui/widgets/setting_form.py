"""Several settings: below each other with the label beside the input, or two abreast, the label above."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ftgui.gui.widgets.inputs import ROW_HEIGHT
from ftgui.gui.widgets.naming import name_widget, set_style_property
from ftgui.gui.widgets.setting_input import SettingInput
from ftgui.gui.widgets.text import Text
from ftgui.training.config import Setting


class SettingForm(QWidget):
    """Inputs for some rows of the setting table, told apart by the setting's name."""

    changed = Signal(str, object)
    """The setting's name and its new value."""
    problem_changed = Signal(str, str)
    """The setting's name and what is wrong with what stands there; empty once it is fine."""

    def __init__(
        self,
        settings: tuple[Setting, ...],
        *,
        abreast: bool = False,
        object_name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        name_widget(self, object_name=object_name)
        self.inputs: dict[str, SettingInput] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(6)
        place = self._place_abreast if abreast else self._place_below
        for setting in settings:
            place(*self._make_row(setting))

    def _make_row(self, setting: Setting) -> tuple[Text, SettingInput]:
        row = SettingInput(setting, self)
        label = Text(setting.label, parent=self)
        label.setBuddy(row.control)
        label.setToolTip(setting.help)
        row.changed.connect(self._on_changed)
        row.problem_changed.connect(self._on_problem_changed)
        self.inputs[setting.name] = row
        return label, row

    def _place_below(self, label: Text, row: SettingInput) -> None:
        line = len(self.inputs)
        self._grid.setColumnMinimumWidth(0, 112)
        self._grid.setColumnStretch(1, 1)
        label.setFixedHeight(ROW_HEIGHT)
        self._grid.addWidget(label, line, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(row, line, 1)

    def _place_abreast(self, label: Text, row: SettingInput) -> None:
        line, side = divmod(len(self.inputs) - 1, 2)
        set_style_property(label, "role", "muted")
        both = QVBoxLayout()
        both.setSpacing(3)
        both.addWidget(label)
        both.addWidget(row)
        both.addStretch(1)
        self._grid.setColumnStretch(side, 1)
        self._grid.addLayout(both, line, side)

    def values(self) -> dict[str, Any]:
        return {name: row.value() for name, row in self.inputs.items()}

    def set_values(self, values: dict[str, Any]) -> None:
        """Show what ``values`` says of the settings here, without a signal."""
        for name, row in self.inputs.items():
            if name in values:
                row.set_value(values[name])

    def problems(self) -> dict[str, str]:
        """Return what is wrong, by the setting's name; empty where all can be used."""
        return {name: row.problem() for name, row in self.inputs.items() if row.problem()}

    def _on_changed(self, value: object) -> None:
        row = self.sender()
        if isinstance(row, SettingInput):
            self.changed.emit(row.setting.name, value)

    def _on_problem_changed(self, problem: str) -> None:
        row = self.sender()
        if isinstance(row, SettingInput):
            self.problem_changed.emit(row.setting.name, problem)
