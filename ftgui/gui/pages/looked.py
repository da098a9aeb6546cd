"""What is said of a path while it is looked at, or where it will not do."""

from __future__ import annotations

from ftgui.gui.sessions.looked import Looked
from ftgui.gui.widgets.path_row import PathRow


def show_looked(row: PathRow, looked: Looked) -> bool:
    """Show a path that is empty, being looked at or wrong; return whether it is one of these."""
    if looked.error is not None:
        row.set_status("error", str(looked.error))
    elif looked.looking:
        row.set_status("info", row.tr("looking …"))
    elif not looked.path:
        row.clear_notes()
    else:
        return False
    return True
