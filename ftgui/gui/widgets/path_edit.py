"""An edit for a path: whole while it is typed into, its end while it is only read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit, QStyle, QStyleOptionFrame, QToolButton, QWidget

from ftgui.gui.widgets.icons import icon
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.text import tip

AFTER_ICON = 12
"""Pixels between the icon and the text, as Qt's own painting has them."""


class PathEdit(QLineEdit):
    """Without the focus it shows a long path's end, where the name is; ``text()`` is always all of it."""

    def __init__(
        self,
        placeholder: str = "",
        *,
        icon_name: str = "folder-outline",
        object_name: str = "",
        accessible_name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setPlaceholderText(placeholder)
        self.addAction(icon(icon_name, "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.setAcceptDrops(False)  # so that the window hears of it: it knows what was dropped
        self.textChanged.connect(self._on_text_changed)
        name_widget(self, object_name=object_name, accessible_name=accessible_name)

    def shown_text(self) -> str:
        """Return what is read of the path just now."""
        if self.hasFocus():
            return self.text()
        metrics, room = self.fontMetrics(), self._room().width()
        short = short_path(self.text(), lambda text: metrics.horizontalAdvance(text) <= room)
        return metrics.elidedText(short, Qt.TextElideMode.ElideLeft, room)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.hasFocus() or not self.text():
            super().paintEvent(event)
            return
        option = QStyleOptionFrame()
        self.initStyleOption(option)
        painter = QPainter(self)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_PanelLineEdit, option, painter, self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self._room(), Qt.AlignmentFlag.AlignVCenter, self.shown_text())

    def _room(self) -> QRect:
        """Return where the text goes."""
        option = QStyleOptionFrame()
        self.initStyleOption(option)
        room = self.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, self)
        button = self.findChild(QToolButton)
        if isinstance(button, QToolButton):
            room.setLeft(button.geometry().right() + AFTER_ICON)
        return room

    def _on_text_changed(self, text: str) -> None:
        self.setToolTip(tip(text))


def short_path(path: str, fits: Callable[[str], bool]) -> str:
    """Return ``path`` with the home folder as “~”, and as many of its last parts as fit behind “…/”."""
    home = str(Path.home())
    inside = path == home or path.startswith((f"{home}/", f"{home}\\"))
    path = f"~{path[len(home) :]}" if inside else path
    while not fits(path):
        rest = path.removeprefix("…/").lstrip("/\\")
        cuts = [at for at in (rest.find("/"), rest.find("\\")) if at >= 0]
        if not cuts or min(cuts) == len(rest) - 1:
            break
        path = f"…/{rest[min(cuts) + 1 :]}"
    return path
