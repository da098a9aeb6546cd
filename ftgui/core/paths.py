"""Where things live: resources inside the package, the user's own folders outside of it."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from ftgui.core.errors import FtguiError

RESOURCES = Path(__file__).resolve().parents[1] / "resources"
"""The files shipped with the program. They are real files, in a wheel and in the built program alike."""


def user_data_folder() -> Path:
    """Return the folder for what the user makes without saying where (unsaved projects and their runs)."""
    return platformdirs.user_data_path("ftgui", appauthor=False)


def user_config_folder() -> Path:
    """Return the folder of what the user chose (``config`` in ``FTGUI_HOME``, where that variable is set)."""
    home = _home()
    return home / "config" if home else platformdirs.user_config_path("ftgui", appauthor=False)


def user_cache_folder() -> Path:
    """Return the folder of what can be computed again (``cache`` in ``FTGUI_HOME``, where that is set)."""
    home = _home()
    return home / "cache" if home else platformdirs.user_cache_path("ftgui", appauthor=False)


def _home() -> Path | None:
    home = os.environ.get("FTGUI_HOME")
    return Path(home).absolute() if home else None


DEMO_PICTURES = RESOURCES / "demo" / "pictures"
"""The bundled dataset: a folder per class."""


def demo_weights() -> Path:
    """Return the bundled weights file. Its name says its architecture, so it is found, not listed.

    Raises:
        FtguiError: the installation is not whole.
    """
    found = sorted((RESOURCES / "demo").glob("*.pth"))
    if not found:
        raise FtguiError("The demo's weights are missing.", "Install ftgui again.", str(RESOURCES / "demo"))
    return found[0]
