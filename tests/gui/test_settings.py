"""What the window remembers is read by its type, whatever stands in the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QSettings

from ftgui.gui import settings
from tests.gui.conftest import OpenWindow
from tests.harness.process import run_python

BYTES = b"\x00\x01;=\xff"
NONSENSE = "[General]\ngeometry=upside down\ntheme=plaid\nlast_dataset=1, 2, 3\n"


def test_what_is_written_is_read_back_in_the_same_process_and_in_a_new_one() -> None:
    settings.write("geometry", QByteArray(BYTES))
    settings.write("last_dataset", "/data/ants, bees; and more")
    settings.write("theme", "dark")
    script = (
        "from ftgui.gui import settings\n"
        "print(bytes(settings.read_bytes('geometry').data()))\n"
        "print(settings.read_text('last_dataset'), settings.read_theme())\n"
    )
    expected = f"{BYTES!r}\n/data/ants, bees; and more dark\n"
    assert run_python("-W", "error", "-c", script).stdout == expected
    assert settings.read_bytes("geometry") == QByteArray(BYTES)
    assert settings.read_text("last_dataset") == "/data/ants, bees; and more"


def test_what_was_never_written_is_the_default() -> None:
    assert settings.read_text("last_dataset", "/home") == "/home"
    assert settings.read_bytes("geometry").isEmpty()
    assert settings.read_theme() == "system"


def test_nonsense_in_the_file_is_read_as_the_default(nonsense: Path) -> None:
    assert settings.read_theme() == "system"
    assert settings.read_bytes("geometry").isEmpty()
    assert settings.read_text("last_dataset", "/home") == "/home"


def test_the_window_opens_whatever_stands_in_the_file(nonsense: Path, open_window: OpenWindow) -> None:
    assert open_window().isVisible()


def test_settings_are_a_file_of_the_users_own(user_home: Path) -> None:
    assert Path(settings.open_settings().fileName()).is_relative_to(user_home)
    assert settings.open_settings().format() == QSettings.Format.IniFormat


@pytest.fixture
def nonsense() -> Path:
    """A settings file that somebody has edited by hand."""
    file = Path(settings.open_settings().fileName())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(NONSENSE, encoding="utf-8")
    return file
