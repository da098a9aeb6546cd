"""Which device would train, and why it is the one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from ftgui.gui.widgets.text import Chip
from ftgui.gui.words import counted

if TYPE_CHECKING:
    from ftgui.jobs.machine import Machine


class DeviceChip(Chip):
    """Says that torch is still loading until it is told what the machine has."""

    def __init__(self, *, object_name: str = "device_chip", parent: QWidget | None = None) -> None:
        super().__init__(object_name=object_name, parent=parent)
        self.set_text(self.tr("loading torch …"))

    def show_machine(self, machine: Machine | None, asked: str) -> None:
        """Show the device that ``asked`` means on this machine; None is not known yet."""
        if machine is None:
            return
        threads = counted(machine.threads, self.tr("thread"), self.tr("threads"))
        self.set_text(f"{self._device(machine, asked)} · {threads}")
        self.setToolTip(f"torch {machine.torch}")

    @Slot()
    def show_failure(self) -> None:
        self.set_text(self.tr("torch cannot be loaded"))

    def _device(self, machine: Machine, asked: str) -> str:
        if asked == "auto":
            best = machine.devices[0]
            return f"{best.name.upper()} ({best.why})"
        if any(choice.name == asked for choice in machine.devices):
            return self.tr("{device} (chosen)").format(device=asked.upper())
        return self.tr("{device} is not available here").format(device=asked.upper())
