"""Sentences below each other, each in the colour of what it means, with its figures small beneath it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ftgui.gui.widgets.text import Kind, StatusLine, Text


@dataclass(frozen=True)
class Told:
    """A sentence, what it means, and what it is drawn from."""

    kind: Kind
    words: str
    figures: str = ""


class StatusLines(QWidget):
    """Shows as many sentences as it is given."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(1)
        self._lines: list[tuple[StatusLine, Text]] = []

    def set_lines(self, told: Sequence[Told]) -> None:
        """Show these; lines that are there are told anew, not made anew."""
        while len(self._lines) < len(told):
            self._lines.append(self._make_line())
        blank = [Told("plain", "")] * (len(self._lines) - len(told))
        for (line, figures), each in zip(self._lines, [*told, *blank], strict=True):
            line.set_status(each.kind, each.words)
            figures.setText(each.figures)
            figures.setVisible(bool(each.figures))

    def _make_line(self) -> tuple[StatusLine, Text]:
        line = StatusLine(parent=self)
        line.setContentsMargins(0, 7, 0, 0)
        figures = Text("", "muted", wrap=True, selectable=True, parent=self)
        self._column.addWidget(line)
        self._column.addWidget(figures)
        return line, figures
