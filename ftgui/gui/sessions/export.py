"""Exports, written off the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ftgui.gui.sessions.worker import LatestTask


@dataclass(frozen=True)
class _Export:
    run: Path
    out: Path

    def __call__(self) -> Path:
        from ftgui.jobs.export import export  # off the GUI thread: it brings torch

        export(self.run, self.out)
        return self.out


class ExportTask(LatestTask):
    """Writes an export; ``done`` says the folder."""

    def write(self, run: Path, out: Path) -> None:
        """Export the run in the folder ``run`` into the new folder ``out``."""
        self.ask(_Export(run, out))
