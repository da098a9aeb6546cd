"""Inputs for numbers and choices: they say what they take and ignore a wheel that turns by accident."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QListView, QSpinBox, QWidget

from ftgui.gui.widgets.naming import name_widget, set_style_property

ROW_HEIGHT = 30
"""Of every one-line input in the stylesheet."""


def _is_meant(widget: QWidget, event: QWheelEvent) -> bool:
    """Whether a turn of the wheel is for ``widget``; without the focus it is handed on to the page."""
    if not widget.hasFocus():
        event.ignore()
    return widget.hasFocus()


class CalmSpinBox(QSpinBox):
    """A spin box that lets the wheel scroll the page until it has the focus."""

    def __init__(
        self,
        minimum: int = 0,
        maximum: int = 99,
        *,
        object_name: str = "",
        accessible_name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setRange(minimum, maximum)
        self.lineEdit().setTextMargins(8, 0, 0, 0)  # the stylesheet's padding is not heard on the left
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        name_widget(self, object_name=object_name, accessible_name=accessible_name)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if _is_meant(self, event):
            super().wheelEvent(event)


class CalmComboBox(QComboBox):
    """A combo box that lets the wheel scroll the page until it has the focus."""

    def __init__(
        self,
        choices: tuple[str, ...] = (),
        *,
        object_name: str = "",
        accessible_name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setView(QListView(self))  # the stylesheet reaches the rows of this view only
        self.addItems(list(choices))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        name_widget(self, object_name=object_name, accessible_name=accessible_name)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if _is_meant(self, event):
            super().wheelEvent(event)


class NumberEdit(QLineEdit):
    """A number as people write it: 0.01, 1e-5, 0,01. Empty stands for the default, where there is one."""

    value_changed = Signal(object)
    """The number, or None where the field was emptied. Only what can be read and is in range."""
    problem_changed = Signal(str)
    """What is wrong with what stands there, in a sentence; empty once it is fine again."""

    def __init__(
        self,
        minimum: float = -math.inf,
        maximum: float = math.inf,
        *,
        may_be_empty: bool = True,
        object_name: str = "",
        accessible_name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._minimum, self._maximum = minimum, maximum
        self._may_be_empty = may_be_empty
        self._value: float | None = None
        self._problem = ""
        self._help = ""
        self.setAcceptDrops(False)  # so that the window hears of it: it knows what was dropped
        name_widget(self, object_name=object_name, accessible_name=accessible_name)
        self.textChanged.connect(self._on_text_changed)

    def value(self) -> float | None:
        """Return the last good number; None stands for the default."""
        return self._value

    def problem(self) -> str:
        return self._problem

    def set_value(self, value: float | None) -> None:
        """Show ``value`` without a signal. What is being typed stays as it is where it means the same."""
        if value != self._value:
            self.reset(value)

    def reset(self, value: float | None) -> None:
        """Show ``value`` and forget what was typed, right or wrong."""
        self._value = value
        self.blockSignals(True)
        self.setText("" if value is None else number_text(value))
        self.blockSignals(False)
        self._set_problem("")

    def set_default(self, default: float | None) -> None:
        """Show what an empty field stands for."""
        words = "" if default is None else self.tr("{number} (default)").format(number=number_text(default))
        self.setPlaceholderText(words)

    def set_help(self, text: str) -> None:
        """Say what the number is for; while something is wrong, the tooltip says that instead."""
        self._help = text
        self.setToolTip(self._problem or text)

    def _on_text_changed(self, text: str) -> None:
        value, problem = self._read(text.strip())
        self._set_problem(problem)
        if not problem and value != self._value:
            self._value = value
            self.value_changed.emit(value)

    def _read(self, text: str) -> tuple[float | None, str]:
        """Return the number that ``text`` is, and what is wrong with it."""
        if not text:
            return None, "" if self._may_be_empty else self.tr("A number is needed here.")
        value = _number(text)
        if value is None:
            return None, self.tr("“{text}” is not a number.").format(text=text)
        if not self._minimum <= value <= self._maximum:
            return None, self._range_words()
        return value, ""

    def _range_words(self) -> str:
        low, high = number_text(self._minimum), number_text(self._maximum)
        if math.isinf(self._maximum):
            return self.tr("Choose a number not below {low}.").format(low=low)
        return self.tr("Choose a number from {low} to {high}.").format(low=low, high=high)

    def _set_problem(self, problem: str) -> None:
        set_style_property(self, "invalid", bool(problem))
        self.setToolTip(problem or self._help)
        self.setAccessibleDescription(problem or self._help)
        if problem != self._problem:
            self._problem = problem
            self.problem_changed.emit(problem)


class LearningRateEdit(NumberEdit):
    """A learning rate; empty means the strategy's own."""

    def __init__(
        self,
        default: float | None = None,
        *,
        object_name: str = "learning_rate",
        accessible_name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(0.0, 100.0, object_name=object_name, parent=parent)
        self.setAccessibleName(accessible_name or self.tr("Learning rate"))
        self.set_default(default)


def _number(text: str) -> float | None:
    """Return the number that ``text`` is; infinity and “not a number” are none."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def number_text(value: float) -> str:
    """Return the shortest way to write ``value`` that reads back as the same number: 0.01, 1e-05, 3."""
    whole = value == int(value) if math.isfinite(value) else False
    return str(int(value)) if whole and abs(value) < 1e15 else repr(float(value))
