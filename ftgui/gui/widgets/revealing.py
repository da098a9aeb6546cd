"""Scrolling to what has just come up."""

from __future__ import annotations

from PySide6.QtWidgets import QScrollArea, QWidget


def reveal(*widgets: QWidget, margin: int = 6) -> None:
    """Scroll to ``widgets``, one after the other: where not all have room, the last one is seen."""
    for widget in widgets:
        area = widget.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if area is not None:
            area.ensureWidgetVisible(widget, 0, margin)
