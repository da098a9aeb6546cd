"""What every widget here needs: names for scripts and screen readers, properties for the stylesheet."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget


def name_widget(widget: QWidget, *, object_name: str = "", accessible_name: str = "") -> None:
    """Name ``widget`` for scripts and for screen readers, where names are given."""
    if object_name:
        widget.setObjectName(object_name)
    if accessible_name:
        widget.setAccessibleName(accessible_name)


def set_style_property(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the stylesheet selects by, and have it looked at again."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()
