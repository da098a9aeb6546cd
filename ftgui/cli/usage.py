"""The one error that is about the words of a command, not about what it was asked to do."""

from __future__ import annotations

from ftgui.core.errors import FtguiError


class UsageError(FtguiError):
    """The command line asks for something incomplete; the exit code is 2, as argparse's own is."""
