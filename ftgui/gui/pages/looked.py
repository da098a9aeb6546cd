"""What is said of a path while it is looked at, or where it will not do."""

from __future__ import annotations

from ftgui.gui.sessions.project import Finding
from ftgui.gui.widgets.path_row import PathRow


def show_finding(row: PathRow, finding: Finding) -> bool:
    """Show a path that is empty, being looked at or wrong; return whether it is one of these."""
    if finding.error is not None:
        row.set_status("error", str(finding.error))
    elif finding.looking:
        row.set_status("info", row.tr("looking …"))
    elif not finding.path:
        row.clear_notes()
    else:
        return False
    return True
