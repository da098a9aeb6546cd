"""One input for each setting of the table, whatever its kind."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ftgui.gui.widgets.inputs import CalmComboBox, CalmSpinBox, NumberEdit
from ftgui.gui.widgets.text import StatusLine
from ftgui.training.config import Setting

Control = CalmSpinBox | CalmComboBox | NumberEdit


class SettingInput(QWidget):
    """The control of one ``Setting``, and below it what is wrong with what stands there.

    The control inside carries the object name; this wrapper gives all of them one way to be read and set.
    """

    changed = Signal(object)
    """The new value; None stands for the default that fits."""
    problem_changed = Signal(str)

    def __init__(self, setting: Setting, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setting = setting
        self._status = StatusLine(parent=self)
        self.control = _make_control(setting)
        name = setting.object_name or setting.name
        self.control.setObjectName(name)
        self.setObjectName(f"{name}_input")
        self.control.setAccessibleName(setting.label)
        self._set_help(setting.help)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(3)
        self._column.addWidget(self.control)
        self._column.addWidget(self._status)
        self.set_value(setting.default)
        self._connect()

    def _set_help(self, text: str) -> None:
        if isinstance(self.control, NumberEdit):
            self.control.set_help(text)
        self.control.setToolTip(text)
        self.control.setAccessibleDescription(text)

    def _connect(self) -> None:
        if isinstance(self.control, NumberEdit):
            self.control.value_changed.connect(self._on_changed)
            self.control.problem_changed.connect(self._on_problem_changed)
        elif isinstance(self.control, CalmSpinBox):
            self.control.valueChanged.connect(self._on_changed)
        else:
            self.control.currentTextChanged.connect(self._on_changed)

    def value(self) -> Any:
        if self._stands_for_default():
            return None
        if isinstance(self.control, CalmComboBox):
            return self.control.currentText()
        return self.control.value()

    def set_value(self, value: Any) -> None:
        """Show ``value`` without a signal."""
        if isinstance(self.control, NumberEdit):
            self.control.set_value(value)
            return
        if value == self.value():
            return
        self.control.blockSignals(True)
        if isinstance(self.control, CalmComboBox):
            self.control.setCurrentText(self.setting.unset if value is None else value)
        else:
            self.control.setValue(self.control.minimum() if value is None else value)
        self.control.blockSignals(False)

    def set_default(self, default: float | int | None) -> None:
        """Say what leaving the input alone comes to, where that depends on other choices."""
        if isinstance(self.control, NumberEdit):
            self.control.set_default(default)
        elif isinstance(self.control, CalmSpinBox) and self.setting.default is None:
            self.control.setSpecialValueText(_default_words(self, default, self.setting.unset))

    def add_note(self, widget: QWidget) -> None:
        """Put ``widget`` below the control."""
        self._column.addWidget(widget)

    def problem(self) -> str:
        return self.control.problem() if isinstance(self.control, NumberEdit) else ""

    def _stands_for_default(self) -> bool:
        """Whether the entry, or the number below the least one, is shown that stands for no value."""
        if self.setting.default is not None or isinstance(self.control, NumberEdit):
            return False
        if isinstance(self.control, CalmComboBox):
            return self.control.currentIndex() == 0
        return self.control.value() == self.control.minimum()

    def _on_changed(self, _value: object) -> None:
        self.changed.emit(self.value())

    def _on_problem_changed(self, problem: str) -> None:
        self._status.set_status("error", problem)
        self.problem_changed.emit(problem)


def _default_words(widget: QWidget, default: float | int | None, unset: str) -> str:
    if default is None:
        return unset
    return widget.tr("{number} ({unset})").format(number=default, unset=unset)


def _make_control(setting: Setting) -> Control:
    may_be_empty = setting.default is None
    if setting.kind == "choice":
        return CalmComboBox((setting.unset, *setting.choices) if may_be_empty else setting.choices)
    if setting.kind == "float":
        edit = NumberEdit(setting.minimum, setting.maximum, may_be_empty=may_be_empty)
        edit.setPlaceholderText(setting.unset if may_be_empty else "")
        return edit
    if setting.kind == "text":
        raise ValueError(f"“{setting.label}” is not typed: the stage map sets it")
    box = CalmSpinBox(int(setting.minimum), int(setting.maximum))
    if may_be_empty:
        box.setMinimum(int(setting.minimum) - 1)
        box.setSpecialValueText(setting.unset)
    return box


def input_for(setting: Setting, parent: QWidget | None = None) -> SettingInput:
    """Return the input for ``setting``, showing its default."""
    return SettingInput(setting, parent)
