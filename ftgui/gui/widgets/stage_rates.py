"""A learning rate for each stage, as a multiple of the head's; empty leaves it to the strategy."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ftgui.gui.widgets.inputs import NumberEdit
from ftgui.gui.widgets.text import ElidedText, StatusLine, Text

EDIT_WIDTH = 90


class StageRates(QWidget):
    """An edit a stage, below each other as on the map, and below them what is wrong with one."""

    changed = Signal(str, object)
    """A stage's name and its multiple; None leaves it to the strategy."""
    problem_changed = Signal()

    def __init__(self, maximum: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._maximum = maximum
        self._names: tuple[str, ...] = ()
        self._edits: list[NumberEdit] = []
        self._labels: list[ElidedText] = []
        self._status = StatusLine()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 1)
        help_line = Text(
            self.tr("Times the output layer's learning rate. Empty leaves a stage to the strategy."),
            "muted",
            wrap=True,
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(help_line)
        column.addLayout(self._grid)
        column.addWidget(self._status)

    def set_stages(self, names: tuple[str, ...], after: QWidget) -> None:
        """Have an edit for each of these stages; Tab reaches the first from the widget ``after``."""
        if names == self._names:
            return
        self._names = names
        while len(self._edits) > len(names):
            for widget in (self._edits.pop(), self._labels.pop()):
                widget.setParent(None)
                widget.deleteLater()
        while len(self._edits) < len(names):
            self._add_edit()
        for name, edit, label in zip(names, self._edits, self._labels, strict=True):
            label.setText(name)
            edit.setAccessibleName(self.tr("Learning rate of {stage}").format(stage=name))
            edit.reset(None)
            QWidget.setTabOrder(after, edit)
            after = edit

    def _add_edit(self) -> None:
        number = len(self._edits)
        edit = NumberEdit(0.0, self._maximum, object_name=f"stage_lr_{number}")
        edit.setFixedWidth(EDIT_WIDTH)
        edit.set_help(self.tr("Empty leaves it to the strategy; 0 keeps the stage as it is."))
        edit.setAlignment(Qt.AlignmentFlag.AlignRight)
        edit.value_changed.connect(self._on_changed)
        edit.problem_changed.connect(self._on_problem_changed)
        label = ElidedText("")
        label.setBuddy(edit)
        self._grid.addWidget(label, number, 0)
        self._grid.addWidget(edit, number, 1)
        self._edits.append(edit)
        self._labels.append(label)

    def show_rates(
        self, own: Mapping[str, float], planned: tuple[str, ...], *, forget_typing: bool = False
    ) -> None:
        """Show what the user gave, and where that is nothing what the plan has in mind."""
        for name, edit, words in zip(self._names, self._edits, planned, strict=True):
            edit.setPlaceholderText(words)
            if forget_typing:
                edit.reset(own.get(name))
            else:
                edit.set_value(own.get(name))

    def problem(self) -> str:
        """Return what is wrong with the first edit that cannot be used, or nothing."""
        wrong = (f"{n}: {e.problem()}" for n, e in zip(self._names, self._edits, strict=True) if e.problem())
        return next(wrong, "")

    def _stage_of(self, edit: QObject | None) -> str:
        return next(name for name, each in zip(self._names, self._edits, strict=True) if each is edit)

    def _on_changed(self, multiple: object) -> None:
        self.changed.emit(self._stage_of(self.sender()), multiple)

    def _on_problem_changed(self, _problem: str) -> None:
        self._status.set_status("error", self.problem())
        self.problem_changed.emit()
