"""The menus, runs from the disk, export, the device and the theme."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QAction, QDesktopServices, QKeySequence, QPalette
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QFileDialog, QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.gui import settings, theme
from ftgui.gui.actions import MENUS
from ftgui.gui.widgets.device_chip import DeviceChip
from ftgui.jobs.machine import Machine
from ftgui.training.devices import DeviceChoice
from ftgui.training.events import Timing
from tests.gui.conftest import OpenWindow, replace_job
from tests.gui.driving import PATIENCE, cells, choose, click, curves, the, wait_idle, words_of
from tests.gui.scripted import Gate, batch, ended, epoch, scripted_job, started, whole_run
from tests.harness.process import run_python

# The menus --------------------------------------------------------------------------------------------------


def test_every_entry_of_the_menus_is_there_once_and_no_two_share_a_key(open_window: OpenWindow) -> None:
    window = open_window()
    entries = [entry for menu in MENUS.values() for entry in menu]
    actions = [the(window, QAction, f"action_{entry.name}") for entry in entries]
    keys = [action.shortcut().toString() for action in actions if not action.shortcut().isEmpty()]
    assert sorted(keys) == sorted(set(keys))
    assert len(keys) == sum(bool(entry.keys) for entry in entries)
    assert QKeySequence("Ctrl+Return").toString() in keys


def test_the_menus_choose_pictures_and_weights_and_remember_where(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = {"getExistingDirectory": str(pictures), "getOpenFileName": (str(weights), "")}
    for name, reply in answers.items():
        monkeypatch.setattr(QFileDialog, name, _replying(asked, reply))
    window = open_window()
    the(window, QAction, "action_open_dataset").trigger()
    click(qtbot, window, "choose_weights")
    assert the(window, QLineEdit, "dataset_path").text() == str(pictures)
    assert the(window, QLineEdit, "weights_path").text() == str(weights)
    the(window, QAction, "action_open_weights").trigger()
    click(qtbot, window, "choose_dataset")
    assert asked[2:] == [str(weights.parent), str(pictures)]
    qtbot.waitUntil(the(window, QAbstractButton, "train_button").isEnabled, timeout=PATIENCE)


def test_a_file_dialog_that_is_given_up_changes_nothing(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, reply in {"getExistingDirectory": "", "getOpenFileName": ("", "")}.items():
        monkeypatch.setattr(QFileDialog, name, _replying([], reply))
    window = ready_window()
    before = window.project.config()
    for name in ("open_dataset", "open_weights", "open_run"):
        the(window, QAction, f"action_{name}").trigger()
    assert window.project.config() == before
    assert cells(window, "Name") == []


@pytest.mark.parametrize(
    ("action", "box", "words"),
    [
        (
            "action_strategies",
            "strategies_help",
            "<b>Freeze extractor</b><br>Only the new output layer learns.",
        ),
        ("action_about", "about", "Freezing you can see, trust and compare."),
    ],
)
def test_the_help_menu_tells_and_goes_away(
    action: str, box: str, words: str, open_window: OpenWindow
) -> None:
    window = open_window()
    the(window, QAction, action).trigger()
    page = the(window, QMessageBox, box)
    assert page.isVisible()
    assert words in page.text()
    page.close()
    assert not page.isVisible()


def test_the_run_folder_is_shown_in_the_file_manager(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    job = scripted_job(*whole_run(), stored=True)
    window = ready_window(job)
    the(window, QAction, "action_show_folder").trigger()
    assert opened == []
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    the(window, QAction, "action_show_folder").trigger()
    assert [Path(url.toLocalFile()) for url in opened] == [job.calls[0].folder]


# Runs from the disk -----------------------------------------------------------------------------------------


def test_a_run_from_the_disk_joins_the_table_once(
    open_window: OpenWindow, finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", _replying([], str(finished_run)))
    window = open_window()
    the(window, QAction, "action_open_run").trigger()
    assert cells(window, "Name") == ["run of yesterday"]
    assert cells(window, "Best val acc") == ["0.900"]
    assert len(curves(window, "loss_plot")) == 2
    assert the(window, QAbstractButton, "export_button").isEnabled()
    the(window, QAction, "action_open_run").trigger()
    assert cells(window, "Name") == ["run of yesterday"]
    assert words_of(window, "message") == "“run of yesterday” is in the table already."


def test_a_run_that_this_window_made_is_in_the_table_already(qtbot: QtBot, ready_window: OpenWindow) -> None:
    job = scripted_job(*whole_run(), stored=True)
    window = ready_window(job)
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    window.add_run(job.calls[0].folder)
    assert len(cells(window, "Name")) == 1


def test_a_folder_that_is_no_run_is_refused(open_window: OpenWindow, pictures: Path) -> None:
    window = open_window()
    window.add_run(pictures)
    assert words_of(window, "message") == f"“{pictures}” is not a run folder."
    assert words_of(window, "hint")
    assert cells(window, "Name") == []


def test_a_run_that_was_cut_off_says_so(open_window: OpenWindow, finished_run: Path) -> None:
    events = finished_run / "events.jsonl"
    events.write_bytes(b"".join(events.read_bytes().splitlines(keepends=True)[:-1]))
    window = open_window()
    window.add_run(finished_run)
    assert cells(window, "State") == ["interrupted"]


# Export -----------------------------------------------------------------------------------------------------


def test_export_writes_the_selected_run_and_says_where(
    qtbot: QtBot, ready_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[Path, Path]] = []
    replace_job(monkeypatch, "export", export=lambda run, out: written.append((run, out)))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", _replying([], (str(tmp_path / "mine"), "")))
    job = scripted_job(*whole_run(), stored=True)
    window = ready_window(job)
    for _ in range(2):
        click(qtbot, window, "train_button")
        wait_idle(qtbot, window)
    click(qtbot, window, "export_button")
    qtbot.waitUntil(lambda: words_of(window, "message") != "", timeout=PATIENCE)
    assert written == [(job.calls[1].folder, tmp_path / "mine")]
    assert words_of(window, "message") == f"Exported to “{tmp_path / 'mine'}”."
    assert settings.read_text("last_export") == str(tmp_path)
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    assert the(window, QAbstractButton, "message_action").text() == "Open folder"
    click(qtbot, window, "message_action")
    assert [Path(url.toLocalFile()) for url in opened] == [tmp_path / "mine"]


def test_an_export_that_fails_says_why(
    qtbot: QtBot, ready_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_run: Path, _out: Path) -> None:
        raise FtguiError("The folder holds something already.", "Choose another.")

    replace_job(monkeypatch, "export", export=fail)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", _replying([], (str(tmp_path / "mine"), "")))
    window = ready_window()
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    the(window, QAction, "action_export").trigger()
    qtbot.waitUntil(lambda: words_of(window, "message") != "", timeout=PATIENCE)
    assert words_of(window, "message") == "The folder holds something already."
    assert words_of(window, "hint") == "Choose another."


def test_every_export_asked_for_is_written_however_fast_one_follows_the_other(
    qtbot: QtBot, ready_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, written = Gate(), []
    replace_job(monkeypatch, "export", export=lambda _run, out: (gate.hold(), written.append(out.name)))
    window = ready_window()
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    export = the(window, QAbstractButton, "export_button")
    asked = []
    for name in ("first", "second", "third"):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", _replying([], (str(tmp_path / name), "")))
        if export.isEnabled():
            asked.append(name)
            click(qtbot, window, "export_button")
    gate.open()
    qtbot.waitUntil(lambda: not window.desk.export_task.is_running, timeout=PATIENCE)
    assert written == asked != []


# The device -------------------------------------------------------------------------------------------------

TWO_DEVICES = Machine(
    devices=(
        DeviceChoice(name="cuda", why="NVIDIA H100 found"),
        DeviceChoice(name="cpu", why="x86_64"),
    ),
    threads=8,
    torch="2.14.0",
)


def test_the_window_says_which_device_trains_and_why(
    qtbot: QtBot, open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_job(monkeypatch, "machine", describe_machine=lambda: TWO_DEVICES)
    window = open_window()
    assert words_of(window, "device_chip") == "loading torch …"
    window.project.look_at_machine()
    qtbot.waitUntil(lambda: words_of(window, "device_chip") != "loading torch …", timeout=PATIENCE)
    said = []
    for device in ("auto", "cpu", "mps"):
        choose(qtbot, the(window, QComboBox, "device"), device)
        said.append(words_of(window, "device_chip").split(" · ")[0])
    assert said == ["CUDA (NVIDIA H100 found)", "CPU (chosen)", "MPS is not available here"]


def test_once_a_run_goes_the_window_says_in_what_numbers_it_computes(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_job(monkeypatch, "machine", describe_machine=lambda: TWO_DEVICES)
    timings = tuple(
        Timing(precision=precision, layout="contiguous", forward=rate, step=rate)
        for precision, rate in (("fp32", 10.0), ("bf16", 25.0))
    )
    begins = msgspec.structs.replace(started(), device="cuda", precision="bf16", timings=timings)
    window = ready_window(scripted_job(begins, batch(1, 1), epoch(1, 0.9), ended()))
    window.project.look_at_machine()
    qtbot.waitUntil(lambda: words_of(window, "device_chip").startswith("CUDA"), timeout=PATIENCE)
    assert words_of(window, "device_chip") == "CUDA (NVIDIA H100 found)"
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert words_of(window, "device_chip") == "CUDA (NVIDIA H100 found) · bf16"
    tip = the(window, DeviceChip, "device_chip").toolTip()
    assert tip == "torch 2.14.0, 8 threads\nThe last run computes in bf16 (2.5 × as fast as plain fp32 here)."
    choose(qtbot, the(window, QComboBox, "device"), "cpu")
    assert words_of(window, "device_chip") == "CPU (chosen)", "that may compute otherwise"


def test_torch_that_cannot_be_loaded_is_said(
    qtbot: QtBot, open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise FtguiError("torch cannot be loaded: a library of it is missing.", "Install ftgui again.")

    replace_job(monkeypatch, "machine", describe_machine=broken)
    window = open_window()
    window.project.look_at_machine()
    qtbot.waitUntil(lambda: words_of(window, "device_chip") == "torch cannot be loaded", timeout=PATIENCE)
    assert window.messages.message() == "torch cannot be loaded: a library of it is missing."


def test_the_window_is_there_before_anything_that_takes_long_is_loaded() -> None:
    script = (
        "import sys\n"
        "from ftgui.gui.app import create_window\n"
        "window = create_window()\n"
        "window.show()\n"
        "slow = {'torch', 'torchvision', 'numpy', 'PIL', 'pyqtgraph'}\n"
        "print(window.isVisible(), sorted(slow & set(sys.modules)))\n"
    )
    done = run_python("-W", "error", "-c", script)
    assert done.stdout == "True []\n", done.stderr


# The theme --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", ["light", "dark", "system"])
def test_a_theme_is_put_on_at_once_and_remembered(choice: str, open_window: OpenWindow) -> None:
    other = "light" if choice == "dark" else "dark"
    first = open_window()
    the(first, QAction, f"action_theme_{other}").trigger()
    the(first, QAction, f"action_theme_{choice}").trigger()
    tokens = theme.DARK if choice == "dark" else theme.LIGHT
    assert _window_colour() == tokens.window
    first.close()
    theme.choose_theme(_application(), other)
    second = open_window()
    assert _window_colour() == tokens.window
    ticked = [c for c in ("light", "dark", "system") if the(second, QAction, f"action_theme_{c}").isChecked()]
    assert ticked == [choice]


def test_curves_follow_the_theme(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window()
    the(window, QAction, "action_theme_light").trigger()
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    light = {each.colour for each in curves(window, "loss_plot")}
    the(window, QAction, "action_theme_dark").trigger()
    dark = {each.colour for each in curves(window, "loss_plot")}
    assert light == {theme.LIGHT.run_colours[0].lower()}
    assert dark == {theme.DARK.run_colours[0].lower()}


# ------------------------------------------------------------------------------------------------------------


def _replying(asked: list[str], reply: object) -> Callable[..., object]:
    """Return what stands in for a file dialog: it notes where it would open and gives ``reply``."""

    def dialog(_parent: object, _title: str, start: str, *_more: object, **_options: object) -> object:
        asked.append(start)
        return reply

    return dialog


def _application() -> QApplication:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return app


def _window_colour() -> str:
    return _application().palette().color(QPalette.ColorRole.Window).name()
