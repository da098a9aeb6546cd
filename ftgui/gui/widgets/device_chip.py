"""Which device would train and why it is the one, and in what numbers it computed last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from ftgui.gui.widgets.text import Chip
from ftgui.gui.words import counted

if TYPE_CHECKING:
    from ftgui.jobs.machine import Machine
    from ftgui.training.events import RunStarted


class DeviceChip(Chip):
    """Says that torch is still loading until it is told what the machine has."""

    def __init__(self, *, object_name: str = "device_chip", parent: QWidget | None = None) -> None:
        super().__init__(object_name=object_name, parent=parent)
        self._machine: Machine | None = None
        self._asked = ""
        self._run: RunStarted | None = None
        self.set_text(self.tr("loading torch …"))

    def show_machine(self, machine: Machine | None, asked: str) -> None:
        """Show the device that ``asked`` means on this machine; None is not known yet."""
        self._machine, self._asked = machine, asked
        self._show()

    def show_run(self, started: RunStarted) -> None:
        """Show in what numbers the last run computes, beside the device of that run."""
        if started is not self._run:
            self._run = started
            self._show()

    def _show(self) -> None:
        machine, run = self._machine, self._run
        if machine is None:
            return
        threads = counted(machine.threads, self.tr("thread"), self.tr("threads"))
        meant = machine.devices[0].name if self._asked == "auto" else self._asked
        parts, told = [self._device(machine, self._asked)], [f"torch {machine.torch}, {threads}"]
        if run is not None and run.device == meant:
            parts.append(run.precision)
            words = self.tr("The last run computes in {arithmetic}.")
            told.append(words.format(arithmetic=run.arithmetic))
        self.set_text(" · ".join(parts))
        self.setToolTip("\n".join(told))

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
