"""Surroundings that are the same everywhere: no screen needed, nothing of the user's read or written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ftgui.core.process import settle_process

USER_FOLDERS = {
    "HOME": "",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_CACHE_HOME": "cache",
    "XDG_STATE_HOME": "state",
    "XDG_RUNTIME_DIR": "runtime",
    "APPDATA": "config",
    "LOCALAPPDATA": "data",
}
"""Variables that platformdirs, Qt and torch find the user's folders by, and where each leads in a test."""


def settle() -> tempfile.TemporaryDirectory[str]:
    """Set this process up for tests; called before Qt or platformdirs looks at the environment.

    Returns the folder that stands in for the user's home outside of any single test, as in fixtures
    of a module; it goes when the caller lets go of it.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    settle_process()  # as the program itself does first of all
    if "utf-8" not in _encoding_of_locale():
        os.environ["LC_ALL"] = "C.UTF-8"  # Qt warns about any other, and a warning fails the test
    home = tempfile.TemporaryDirectory(prefix="ftgui-tests-", ignore_cleanup_errors=True)
    os.environ.update(user_folders(Path(home.name)))
    return home


def user_folders(home: Path) -> dict[str, str]:
    """Make the folders of a user who lives in ``home`` and return the environment that leads to them."""
    environment = {name: str(home / part) for name, part in USER_FOLDERS.items()}
    for folder in environment.values():
        Path(folder).mkdir(mode=0o700, exist_ok=True)
    return environment


@contextmanager
def home_at(home: Path) -> Iterator[Path]:
    """Let this process, and those that it starts, live in ``home`` for a while; QSettings too."""
    before = {name: os.environ.get(name) for name in USER_FOLDERS}
    os.environ.update(user_folders(home))
    lead_settings_to(home / USER_FOLDERS["XDG_CONFIG_HOME"])
    try:
        yield home
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def lead_settings_to(folder: Path) -> None:
    """Make every QSettings opened from now on live in ``folder``: Qt reads the environment only once."""
    from PySide6.QtCore import QSettings

    for form in (QSettings.Format.IniFormat, QSettings.Format.NativeFormat):
        for scope in (QSettings.Scope.UserScope, QSettings.Scope.SystemScope):
            QSettings.setPath(form, scope, str(folder))


def _encoding_of_locale() -> str:
    """Return the name of the locale that the C library will choose, in lower case."""
    chosen = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    return chosen.lower().replace("utf8", "utf-8")
