"""The settings that the command line has too, typed into the window, and the cache emptied by a click."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QFileDialog, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from ftgui.core.paths import user_cache_folder, user_config_folder
from ftgui.core.rows import RowTable, row_name
from ftgui.core.settings import LIMITS, EngineSettings, read_settings, write_settings
from ftgui.data.content_index import FILE_NAME
from ftgui.gui.dialogs.engine_settings import ENGINE_SETTINGS
from ftgui.gui.dialogs.kept_card import emptied_words
from ftgui.gui.main_window import MainWindow
from ftgui.jobs.cache import Emptied, Kept, measure
from tests.gui.conftest import OpenWindow, replace_job
from tests.gui.driving import PATIENCE, click, the, type_over, words_of
from tests.gui.scripted import Gate

FIELDS = [setting.name for setting in ENGINE_SETTINGS]

OpenSettings = Callable[[], QDialog]


@pytest.fixture
def window(open_window: OpenWindow) -> MainWindow:
    return open_window()


@pytest.fixture
def open_settings(qtbot: QtBot, window: MainWindow) -> OpenSettings:
    """Choose the entry of the menu."""

    def open_it() -> QDialog:
        the(window, QAction, "action_settings").trigger()
        dialog = the(window, QDialog, "settings_dialog")
        qtbot.waitUntil(dialog.isActiveWindow, timeout=PATIENCE)
        return dialog

    return open_it


def field(dialog: QDialog, name: str) -> QLineEdit:
    return the(dialog, QLineEdit, f"setting_{name}")


def enter(qtbot: QtBot, dialog: QDialog, name: str, text: str) -> None:
    """Type over what stands in a field, and press Enter."""
    type_over(qtbot, field(dialog, name), text)
    qtbot.keyClick(field(dialog, name), Qt.Key.Key_Return)


def problem(dialog: QDialog, name: str) -> str:
    return words_of(dialog, f"setting_{name}_problem")


def settings_file() -> Path:
    return user_config_folder() / "settings.toml"


def come_back(dialog: QDialog) -> None:
    """Be told that the user was elsewhere and is here again."""
    QApplication.sendEvent(dialog, QEvent(QEvent.Type.ActivationChange))


def fill(root: Path) -> Kept:
    """Keep 300 kB of pixels and 200 kB of features; return what that takes."""
    for kind, rows in (("pixels", 3), ("features", 2)):
        with RowTable(root / kind / "table", 100_000) as table:
            table.add([row_name(n) for n in range(rows)], np.zeros((rows, 100_000), np.uint8))
    return measure(root)


def amounts(dialog: QDialog) -> list[str]:
    return [words_of(dialog, f"kept_{name}") for name in ("pixels", "features", "found_out", "total")]


def wait_for_status(qtbot: QtBot, dialog: QDialog, words: str) -> None:
    qtbot.waitUntil(lambda: words_of(dialog, "kept_status") == words, timeout=PATIENCE)


# The fields -------------------------------------------------------------------------------------------------


def test_every_setting_of_the_engine_has_a_field() -> None:
    assert FIELDS == list(EngineSettings.__struct_fields__) == list(LIMITS)


def test_the_settings_open_beside_the_window_once_and_close_with_it(
    qtbot: QtBot, window: MainWindow, open_settings: OpenSettings
) -> None:
    first = open_settings()
    assert open_settings() is first
    assert not first.isModal()
    window.close()
    assert not first.isVisible()


def test_a_closed_dialog_opens_anew(qtbot: QtBot, window: MainWindow, open_settings: OpenSettings) -> None:
    dialog = open_settings()
    with qtbot.waitSignal(dialog.destroyed, timeout=PATIENCE):
        click(qtbot, dialog, "settings_close")
    assert open_settings().isVisible()


def test_fields_show_what_the_file_says_and_what_an_empty_one_stands_for(
    tmp_path: Path, open_settings: OpenSettings
) -> None:
    dialog = open_settings()
    shown = {name: (field(dialog, name).text(), field(dialog, name).placeholderText()) for name in FIELDS}
    mirror = "https://download.pytorch.org/models/"
    assert shown == {
        "cache_folder": ("", str(user_cache_folder())),
        "cache_gb": ("10", "10"),
        "cache_memory_share": ("0.25", "0.25"),
        "threads": ("", "as many as torch takes"),
        "weights_url": (mirror, mirror),
    }
    write_settings(EngineSettings(cache_folder=str(tmp_path), cache_gb=2.5, threads=3))
    come_back(dialog)
    assert [field(dialog, name).text() for name in FIELDS] == [str(tmp_path), "2.5", "0.25", "3", mirror]


def test_what_can_be_typed_and_clicked_is_named_for_scripts_and_for_screen_readers(
    open_settings: OpenSettings,
) -> None:
    dialog = open_settings()
    inputs: list[QLineEdit | QAbstractButton] = [*dialog.findChildren(QLineEdit)]
    inputs += [button for button in dialog.findChildren(QAbstractButton) if button.isVisible()]
    ours = [each for each in inputs if each.metaObject().className() != "QLineEditIconButton"]
    assert len(ours) == len(FIELDS) + 3
    assert [each for each in ours if not (each.objectName() and each.accessibleName())] == []


@pytest.mark.parametrize(
    ("name", "typed", "value", "shown"),
    [
        ("cache_gb", "0", 0.0, "0"),
        ("cache_gb", "0,5", 0.5, "0.5"),
        ("cache_gb", "1,000", 1000.0, "1000"),
        ("cache_gb", "1e3", 1000.0, "1000"),
        ("cache_memory_share", ".5", 0.5, "0.5"),
        ("threads", " 4 ", 4, "4"),
        ("weights_url", "http://mirror.example/models", "http://mirror.example/models", None),
        ("cache_folder", "~/elsewhere", "~/elsewhere", None),
    ],
)
def test_what_is_typed_is_written_when_enter_is_pressed(
    name: str, typed: str, value: Any, shown: str | None, qtbot: QtBot, open_settings: OpenSettings
) -> None:
    dialog = open_settings()
    type_over(qtbot, field(dialog, name), typed)
    assert not settings_file().exists(), "nobody said that this is all"
    qtbot.keyClick(field(dialog, name), Qt.Key.Key_Return)
    assert getattr(read_settings(), name) == value
    assert field(dialog, name).text() == (shown or typed)
    assert problem(dialog, name) == ""
    assert dialog.isVisible()


def test_leaving_a_field_counts_as_enter_does(qtbot: QtBot, open_settings: OpenSettings) -> None:
    dialog = open_settings()
    qtbot.mouseClick(field(dialog, "threads"), Qt.MouseButton.LeftButton)
    type_over(qtbot, field(dialog, "threads"), "2")
    qtbot.keyClick(field(dialog, "threads"), Qt.Key.Key_Tab)
    assert read_settings().threads == 2


def test_what_else_is_in_the_file_stays(qtbot: QtBot, open_settings: OpenSettings) -> None:
    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_text('threads = 3\nnew = "of a later version"\n[theirs]\nkey = 1\n')
    dialog = open_settings()
    enter(qtbot, dialog, "cache_gb", "4")
    written = tomllib.loads(settings_file().read_text())
    assert (written["new"], written["theirs"]) == ("of a later version", {"key": 1})
    assert (written["threads"], written["cache_gb"]) == (3, 4.0)


def test_what_the_command_line_changed_meanwhile_is_not_written_over(
    qtbot: QtBot, open_settings: OpenSettings
) -> None:
    dialog = open_settings()
    write_settings(EngineSettings(threads=7))
    enter(qtbot, dialog, "cache_gb", "4")
    assert read_settings() == EngineSettings(threads=7, cache_gb=4.0)
    assert field(dialog, "threads").text() == "7"


@pytest.mark.parametrize("name", FIELDS)
def test_an_emptied_field_is_as_if_nobody_had_chosen(
    name: str, qtbot: QtBot, open_settings: OpenSettings, tmp_path: Path
) -> None:
    chosen: dict[str, Any] = {
        "cache_folder": str(tmp_path),
        "cache_gb": 3.0,
        "cache_memory_share": 0.5,
        "threads": 2,
        "weights_url": "https://mirror.example/",
    }
    write_settings(EngineSettings(**chosen))
    enter(qtbot, open_settings(), name, "")
    default = getattr(EngineSettings(), name)
    assert default != chosen[name]
    assert read_settings() == EngineSettings(**(chosen | {name: default}))


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("cache_folder", "beside/me"),
        ("cache_gb", "much"),
        ("cache_gb", "-1"),
        ("cache_gb", "1,000,001"),
        ("cache_gb", "nan"),
        ("cache_memory_share", "1.5"),
        ("threads", "2.5"),
        ("threads", "0"),
        ("weights_url", "ftp://mirror.example/"),
        ("weights_url", "mirror.example"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_not_written(
    name: str, typed: str, qtbot: QtBot, open_settings: OpenSettings
) -> None:
    dialog = open_settings()
    enter(qtbot, dialog, name, typed)
    assert problem(dialog, name) == f"This is to be {LIMITS[name]}."
    assert field(dialog, name).accessibleDescription() == problem(dialog, name)
    assert [other for other in FIELDS if other != name and problem(dialog, other)] == []
    assert field(dialog, name).text() == typed
    click(qtbot, dialog, "settings_close")
    assert not settings_file().exists()


def test_a_file_is_no_cache_folder(qtbot: QtBot, open_settings: OpenSettings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    dialog = open_settings()
    enter(qtbot, dialog, "cache_folder", str(tmp_path / "file"))
    assert problem(dialog, "cache_folder").startswith("This is a file.")
    assert not settings_file().exists()


def test_what_was_wrong_is_no_more_said_once_it_is_mended(qtbot: QtBot, open_settings: OpenSettings) -> None:
    dialog = open_settings()
    enter(qtbot, dialog, "threads", "4x")
    assert problem(dialog, "threads") != ""
    qtbot.keyClick(field(dialog, "threads"), Qt.Key.Key_Backspace)
    assert problem(dialog, "threads") == ""
    qtbot.keyClick(field(dialog, "threads"), Qt.Key.Key_Return)
    assert read_settings().threads == 4


def test_a_wrong_setting_keeps_no_other_from_being_written(qtbot: QtBot, open_settings: OpenSettings) -> None:
    dialog = open_settings()
    enter(qtbot, dialog, "cache_gb", "much")
    enter(qtbot, dialog, "threads", "2")
    assert read_settings() == EngineSettings(threads=2)
    assert (field(dialog, "cache_gb").text(), problem(dialog, "cache_gb") != "") == ("much", True)


@pytest.mark.parametrize("how", ["escape", "button", "window"])
def test_closing_takes_what_is_right_in_the_field_that_is_typed_into(
    how: str, qtbot: QtBot, window: MainWindow, open_settings: OpenSettings
) -> None:
    dialog = open_settings()
    type_over(qtbot, field(dialog, "cache_gb"), "6")
    if how == "escape":
        qtbot.keyClick(field(dialog, "cache_gb"), Qt.Key.Key_Escape)
    elif how == "button":
        click(qtbot, dialog, "settings_close")
    else:
        window.close()
    assert not dialog.isVisible()
    assert read_settings().cache_gb == 6.0


def test_the_cache_folder_may_be_chosen(
    qtbot: QtBot, open_settings: OpenSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def choosing(_parent: object, _title: str, start: str) -> str:
        asked.append(start)
        return str(tmp_path) if len(asked) > 1 else ""

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", choosing)
    dialog = open_settings()
    click(qtbot, dialog, "choose_cache_folder")
    assert not settings_file().exists(), "it was given up"
    click(qtbot, dialog, "choose_cache_folder")
    assert read_settings().cache_folder == field(dialog, "cache_folder").text() == str(tmp_path)
    assert Path(asked[0]).is_dir()


# The file ---------------------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_written_is_said_beside_what_was_typed(
    qtbot: QtBot, open_settings: OpenSettings
) -> None:
    (user_config_folder() / ".settings.toml.lock").mkdir(parents=True)  # even root cannot open that
    dialog = open_settings()
    enter(qtbot, dialog, "threads", "2")
    assert f"cannot be written to “{settings_file()}”" in problem(dialog, "threads")
    assert field(dialog, "threads").text() == "2"
    (user_config_folder() / ".settings.toml.lock").rmdir()
    qtbot.keyClick(field(dialog, "threads"), Qt.Key.Key_Return)
    assert problem(dialog, "threads") == ""
    assert read_settings().threads == 2


def test_a_file_that_cannot_be_read_is_said_and_never_written_over(
    qtbot: QtBot, open_settings: OpenSettings
) -> None:
    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_text("threads = 'two'\n")
    dialog = open_settings()
    assert "“threads”" in words_of(dialog, "settings_trouble")
    assert not field(dialog, "threads").isVisible()
    assert not the(dialog, QAbstractButton, "empty_cache").isVisible(), "whose cache?"
    assert settings_file().read_text() == "threads = 'two'\n"
    settings_file().write_text("threads = 2\n")
    come_back(dialog)
    assert words_of(dialog, "settings_trouble") == ""
    assert field(dialog, "threads").text() == "2"


def test_a_file_that_breaks_while_the_dialog_is_open_is_said_beside_what_was_typed(
    qtbot: QtBot, open_settings: OpenSettings
) -> None:
    dialog = open_settings()
    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_text("threads = \n")
    enter(qtbot, dialog, "cache_gb", "2")
    assert "is not a settings file" in problem(dialog, "cache_gb")
    assert settings_file().read_text() == "threads = \n"


def test_what_is_being_typed_stays_when_the_file_changes(qtbot: QtBot, open_settings: OpenSettings) -> None:
    dialog = open_settings()
    type_over(qtbot, field(dialog, "threads"), "5")
    write_settings(EngineSettings(threads=3, cache_gb=1.0))
    come_back(dialog)
    assert (field(dialog, "threads").text(), field(dialog, "cache_gb").text()) == ("5", "1")


# What is kept -----------------------------------------------------------------------------------------------


def test_the_card_tells_by_kind_what_is_kept_and_empties_it(
    qtbot: QtBot, window: MainWindow, open_settings: OpenSettings
) -> None:
    before = fill(user_cache_folder())
    dialog = open_settings()
    qtbot.waitUntil(lambda: amounts(dialog) == ["0.3 MB", "0.2 MB", "nothing", "0.5 MB"], timeout=PATIENCE)
    with qtbot.waitSignal(window.keeping.emptied, timeout=PATIENCE):
        click(qtbot, dialog, "empty_cache")
        assert not the(dialog, QAbstractButton, "empty_cache").isEnabled()
        assert words_of(dialog, "kept_status") == "The cache is being emptied …"
    assert words_of(dialog, "kept_status") == f"{before.total / 1e6:.1f} MB were freed."
    qtbot.waitUntil(lambda: amounts(dialog) == ["nothing"] * 4, timeout=PATIENCE)
    assert measure(user_cache_folder()).total == 0
    click(qtbot, dialog, "empty_cache")
    wait_for_status(qtbot, dialog, "There was nothing to delete.")


def test_what_is_being_written_stays_and_the_card_says_so(qtbot: QtBot, open_settings: OpenSettings) -> None:
    fill(user_cache_folder())
    dialog = open_settings()
    with RowTable(user_cache_folder() / "features" / "table", 100_000) as table:
        click(qtbot, dialog, "empty_cache")
        words = "0.3 MB were freed. 0.2 MB stay: they are being written at this moment."
        wait_for_status(qtbot, dialog, words)
        assert len(table) == 2
    qtbot.waitUntil(lambda: amounts(dialog) == ["nothing", "0.2 MB", "nothing", "0.2 MB"], timeout=PATIENCE)


def test_what_cannot_be_deleted_is_said_too() -> None:
    words = emptied_words(Emptied(freed=0, in_use=0, stuck=2_000_000))
    assert words == "2.0 MB cannot be deleted: another program uses them, or you may not delete them."


def test_the_card_follows_the_cache_folder_and_empties_that_one_alone(
    qtbot: QtBot, open_settings: OpenSettings, tmp_path: Path
) -> None:
    before = fill(user_cache_folder())
    dialog = open_settings()
    qtbot.waitUntil(lambda: amounts(dialog)[0] == "0.3 MB", timeout=PATIENCE)
    (tmp_path / "thesis.txt").write_text("years of work")
    enter(qtbot, dialog, "cache_folder", str(tmp_path))
    qtbot.waitUntil(lambda: amounts(dialog)[0] == "nothing", timeout=PATIENCE)
    click(qtbot, dialog, "empty_cache")
    wait_for_status(qtbot, dialog, "There was nothing to delete.")
    assert measure(user_cache_folder()) == before
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["thesis.txt"]


def test_the_window_answers_while_the_cache_is_emptied_and_closes_once_it_is(
    qtbot: QtBot, window: MainWindow, open_settings: OpenSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, emptied = Gate(), []

    def slow(root: Path) -> Emptied:
        gate.hold()
        emptied.append(root)
        return Emptied(7_000_000, 0, 0)

    replace_job(monkeypatch, "cache", measure=lambda _root: Kept(7_000_000, 0, 0), empty=slow)
    dialog = open_settings()
    qtbot.waitUntil(lambda: amounts(dialog)[-1] == "7.0 MB", timeout=PATIENCE)
    click(qtbot, dialog, "empty_cache")
    enter(qtbot, dialog, "threads", "2")
    assert read_settings().threads == 2
    with qtbot.waitSignal(dialog.destroyed, timeout=PATIENCE):
        click(qtbot, dialog, "settings_close")
    again = open_settings()
    assert words_of(again, "kept_status") == "The cache is being emptied …"
    assert not the(again, QAbstractButton, "empty_cache").isEnabled()
    gate.open()
    wait_for_status(qtbot, again, "7.0 MB were freed.")
    click(qtbot, again, "empty_cache")
    window.close()
    assert emptied == [user_cache_folder()] * 2


def test_pictures_are_checked_as_ever_after_the_cache_was_emptied(
    qtbot: QtBot, window: MainWindow, open_settings: OpenSettings, pictures: Path
) -> None:
    session = window.project.pictures
    window.project.set_dataset(str(pictures))
    qtbot.waitUntil(lambda: session.state.whole_report is not None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: session.state.whole_report.checked and not session.is_checking, timeout=PATIENCE)
    report = session.state.whole_report
    assert (user_cache_folder() / FILE_NAME).is_file()
    dialog = open_settings()
    with qtbot.waitSignal(window.keeping.emptied, timeout=PATIENCE):
        click(qtbot, dialog, "empty_cache")
    with qtbot.waitSignal(session._check.done, timeout=PATIENCE):
        session.check_again()
    assert session.state.whole_report == report
    assert window.findChild(QLabel, "message").text() == ""
