"""Export a run's best weights."""

from __future__ import annotations

from pathlib import Path

from ftgui.export.pth import ModelFile, export_run
from ftgui.jobs.versions import software_versions
from ftgui.runs.history import open_run


def export(run: Path, out: Path) -> ModelFile:
    """Write the export folder ``out`` of the run folder ``run``.

    Raises:
        FtguiError: ``run`` is no run with weights, or ``out`` cannot be made anew.
    """
    return export_run(open_run(run), out, software_versions())
