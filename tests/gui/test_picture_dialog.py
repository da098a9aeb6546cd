"""One picture large: what is shown and said of it, and going through the others."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from ftgui.gui import theme
from ftgui.gui.dialogs import picture
from ftgui.gui.dialogs.picture import PictureDialog
from ftgui.gui.dialogs.picture_facts import PictureInfo, bytes_words
from ftgui.gui.widgets.picture_view import PictureStrip, PictureView, fitted
from tests.gui.driving import PATIENCE, says, the, words_of

COLOURS = ("red", "lime", "blue")
SIZES = ((300, 200), (20, 10), (100, 400))


class Album:
    """Three pictures of one colour each, and a broken one."""

    def __init__(self, folder: Path) -> None:
        self.infos = []
        for number, (colour, size) in enumerate(zip(COLOURS, SIZES, strict=True)):
            path = f"train/ants/{number}.png"
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", size, colour).save(folder / path)
            self.infos.append(PictureInfo(folder / path, path, "ants", "train"))
        (folder / "broken.jpg").write_text("no picture", encoding="ascii")
        self.infos.append(PictureInfo(folder / "broken.jpg", "broken.jpg", "bees", "val"))

    def count(self) -> int:
        return len(self.infos)

    def at(self, index: int) -> PictureInfo:
        return self.infos[index]

    def change(self, index: int, **changes: object) -> None:
        self.infos[index] = dataclasses.replace(self.infos[index], **changes)  # type: ignore[arg-type]


@pytest.fixture
def album(tmp_path: Path) -> Album:
    return Album(tmp_path)


@pytest.fixture
def dialog(qtbot: QtBot, qapp: QApplication, album: Album) -> Iterator[PictureDialog]:
    theme.apply_theme(qapp, theme.LIGHT)
    dialog = PictureDialog(album)
    qtbot.addWidget(dialog)
    yield dialog
    dialog.close()
    dialog.shutdown()


def open_at(qtbot: QtBot, dialog: PictureDialog, index: int) -> None:
    with qtbot.waitActive(dialog, timeout=PATIENCE):
        dialog.show_picture(index)
        dialog.activateWindow()
    wait_for(qtbot, dialog, index)


def wait_for(qtbot: QtBot, dialog: PictureDialog, index: int) -> None:
    qtbot.waitUntil(lambda: colour(dialog) == QColor(COLOURS[index]), timeout=PATIENCE)


def colour(dialog: PictureDialog) -> QColor | None:
    """Return the colour in the middle of the picture, None where there is none."""
    view = the(dialog, PictureView, "picture_image")
    middle = view.rect().center()
    return None if view.image().isNull() else view.grab().toImage().pixelColor(middle)


def press(qtbot: QtBot, dialog: PictureDialog, name: str) -> None:
    qtbot.mouseClick(the(dialog, QAbstractButton, name), Qt.MouseButton.LeftButton)


def fact(dialog: PictureDialog, name: str) -> str:
    return words_of(dialog, f"picture_fact_{name}")


def test_a_picture_is_shown_with_its_facts(qtbot: QtBot, dialog: PictureDialog) -> None:
    open_at(qtbot, dialog, 0)
    told = {name: fact(dialog, name) for name in ("file", "folder", "class", "side", "format", "size")}
    assert told == {
        "file": "0.png",
        "folder": "train/ants",
        "class": "ants",
        "side": "training",
        "format": "PNG",
        "size": "300 × 200 pixels",
    }
    assert fact(dialog, "bytes").endswith(" bytes")
    assert fact(dialog, "modified")[-3] == ":"
    assert (dialog.windowTitle(), dialog.isModal()) == ("0.png", False)
    assert words_of(dialog, "picture_place") == "1 of 4"


def test_keys_and_buttons_go_through_the_list_and_stop_at_its_ends(
    qtbot: QtBot, dialog: PictureDialog
) -> None:
    open_at(qtbot, dialog, 1)
    qtbot.keyClick(dialog, Qt.Key.Key_Right)
    wait_for(qtbot, dialog, 2)
    press(qtbot, dialog, "picture_next")
    assert (dialog.index(), the(dialog, QAbstractButton, "picture_next").isEnabled()) == (3, False)
    qtbot.keyClick(dialog, Qt.Key.Key_Right)
    assert dialog.index() == 3
    for _ in range(2):
        press(qtbot, dialog, "picture_previous")
    qtbot.keyClick(dialog, Qt.Key.Key_Left)
    wait_for(qtbot, dialog, 0)
    assert not the(dialog, QAbstractButton, "picture_previous").isEnabled()
    assert fact(dialog, "size") == "300 × 200 pixels"


def test_going_on_at_once_shows_the_last_picture_asked_for(qtbot: QtBot, dialog: PictureDialog) -> None:
    for index in (0, 1, 3, 1, 2):
        dialog.show_picture(index)
    wait_for(qtbot, dialog, 2)
    qtbot.waitUntil(lambda: fact(dialog, "size") == "100 × 400 pixels", timeout=PATIENCE)
    assert fact(dialog, "file") == "2.png"


def test_a_broken_picture_says_why_and_what_is_known_of_its_file(qtbot: QtBot, dialog: PictureDialog) -> None:
    dialog.show_picture(3)
    view = the(dialog, PictureView, "picture_image")
    qtbot.waitUntil(lambda: bool(view.words()), timeout=PATIENCE)
    assert view.words().startswith("It is ")
    assert view.accessibleDescription() == view.words()
    qtbot.waitUntil(lambda: fact(dialog, "bytes") == "10 bytes", timeout=PATIENCE)
    assert (fact(dialog, "size"), fact(dialog, "class")) == ("–", "bees")


def test_findings_are_told_and_go_with_their_picture(
    qtbot: QtBot, dialog: PictureDialog, album: Album
) -> None:
    album.change(0, findings=("It is very dark.", "It is the same as “1.png”."))
    open_at(qtbot, dialog, 0)
    assert says(dialog, "It is very dark.", whole=True)
    assert says(dialog, "It is the same as “1.png”.", whole=True)
    press(qtbot, dialog, "picture_next")
    wait_for(qtbot, dialog, 1)
    assert not says(dialog, "It is")


def test_of_many_findings_the_first_are_told_and_the_others_counted(
    qtbot: QtBot, dialog: PictureDialog, album: Album
) -> None:
    album.change(0, findings=tuple(f"Finding {number}." for number in range(9)))
    open_at(qtbot, dialog, 0)
    assert says(dialog, "Finding 5.")
    assert not says(dialog, "Finding 6.")
    assert says(dialog, "and 3 more", whole=True)


def test_a_picture_is_left_out_and_used_again(qtbot: QtBot, dialog: PictureDialog, album: Album) -> None:
    dialog.exclude_toggled.connect(lambda _path, is_out: album.change(0, excluded=is_out))
    open_at(qtbot, dialog, 0)
    button = the(dialog, QAbstractButton, "picture_exclude")
    assert button.text() == "Leave out of training"
    with qtbot.waitSignal(dialog.exclude_toggled) as toggled:
        press(qtbot, dialog, "picture_exclude")
    assert toggled.args == ["train/ants/0.png", True]
    assert (button.text(), button.accessibleName(), fact(dialog, "side")) == (
        "Use again",
        "Use again",
        "nothing: left out",
    )
    with qtbot.waitSignal(dialog.exclude_toggled) as toggled:
        press(qtbot, dialog, "picture_exclude")
    assert toggled.args == ["train/ants/0.png", False]
    assert fact(dialog, "side") == "training"


def test_its_folder_is_shown(
    qtbot: QtBot, dialog: PictureDialog, album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Path] = []
    monkeypatch.setattr(picture, "show_in_file_manager", shown.append)
    open_at(qtbot, dialog, 0)
    press(qtbot, dialog, "picture_show")
    assert shown == [album.at(0).file.parent]


def test_views_are_made_off_the_gui_thread_and_shown_below(
    qtbot: QtBot, dialog: PictureDialog, album: Album
) -> None:
    threads: list[threading.Thread] = []

    def views(path: Path) -> list[Image.Image]:
        threads.append(threading.current_thread())
        with Image.open(path) as image:
            small = image.convert("RGB").resize((32, 32))
        return [small, small]

    dialog.set_views(views, "flip: 2 views")
    open_at(qtbot, dialog, 0)
    strip = the(dialog, PictureStrip, "picture_views")
    qtbot.waitUntil(lambda: len(strip.images()) == 2, timeout=PATIENCE)
    assert threading.main_thread() not in threads
    assert strip.grab().toImage().pixelColor(5, 5) == QColor("red")
    assert (words_of(dialog, "picture_views_caption"), strip.accessibleName()) == ("flip: 2 views",) * 2
    dialog.set_views(None)
    assert not strip.isVisible()


@pytest.mark.parametrize("index", [0, 3])
def test_where_there_are_no_views_there_is_no_row_of_them(
    qtbot: QtBot, dialog: PictureDialog, index: int
) -> None:
    from ftgui.data.decode import decode_picture

    dialog.set_views(lambda path: [] if index == 0 else [decode_picture(path)], "none: 1 view")
    dialog.show_picture(index)
    strip = the(dialog, PictureStrip, "picture_views")
    qtbot.waitUntil(lambda: not strip.isVisible(), timeout=PATIENCE)


def test_a_closed_dialog_waits_for_nothing_and_opens_again(
    qtbot: QtBot, dialog: PictureDialog, album: Album
) -> None:
    gate, begun = threading.Event(), threading.Event()

    def views(path: Path) -> list[Image.Image]:
        begun.set()
        gate.wait(PATIENCE / 1000)
        return [Image.new("RGB", (8, 8))]

    dialog.set_views(views, "none: 1 view")
    open_at(qtbot, dialog, 0)
    assert begun.wait(PATIENCE / 1000)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    gate.set()
    open_at(qtbot, dialog, 2)
    strip = the(dialog, PictureStrip, "picture_views")
    qtbot.waitUntil(lambda: len(strip.images()) == 1, timeout=PATIENCE)


@pytest.mark.parametrize(
    ("pixels", "shown"),
    [((1000, 500), (600, 300)), ((50, 40), (150, 120)), ((500, 4000), (50, 400)), ((600, 400), (600, 400))],
)
def test_a_picture_is_fitted_and_a_small_one_at_most_three_times_as_large(
    pixels: tuple[int, int], shown: tuple[int, int]
) -> None:
    assert fitted(QSize(*pixels), QSize(600, 400)) == QSize(*shown)


def test_a_small_picture_is_not_blown_up_in_the_dialog(qtbot: QtBot, dialog: PictureDialog) -> None:
    open_at(qtbot, dialog, 1)
    assert the(dialog, PictureView, "picture_image").shown_size() == QSize(60, 30)


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "1 byte"), (999, "999 bytes"), (43_210, "43.2 kB"), (999_950, "1.0 MB"), (3_100_000, "3.1 MB")],
)
def test_sizes_of_files_are_said_as_people_say_them(count: int, words: str) -> None:
    assert bytes_words(count) == words


def test_all_parts_are_named_for_scripts_and_for_screen_readers(dialog: PictureDialog) -> None:
    assert dialog.objectName() == "picture_dialog"
    for name in ("image", "previous", "next", "facts", "show", "exclude"):
        dialog.refresh()
        widget = the(dialog, QWidget, f"picture_{name}")
        assert widget.accessibleName() or name == "exclude", name
    the(dialog, QWidget, "picture_views")
