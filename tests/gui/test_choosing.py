"""Choosing pictures, weights and the number of classes, and what the window says of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QSpinBox
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.gui.main_window import MainWindow
from ftgui.gui.widgets.path_edit import PathEdit, short_path
from ftgui.gui.widgets.stage_bar import StageBar
from ftgui.jobs.scan import list_pictures
from tests.gui.conftest import OpenWindow, make_classes, replace_listing
from tests.gui.driving import PATIENCE, says, status_of, the, type_over, type_path, words_of
from tests.gui.scripted import Gate


def test_an_empty_window_says_what_to_choose_first(open_window: OpenWindow) -> None:
    window = open_window()
    assert words_of(window, "ready_line") == "Choose a folder of pictures."
    assert not the(window, QAbstractButton, "train_button").isEnabled()
    assert not the(window, QSpinBox, "class_count").isEnabled()


def test_a_folder_typed_is_counted_and_fills_in_the_classes(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path
) -> None:
    window = open_window()
    type_path(qtbot, window, "dataset_path", pictures)
    count = the(window, QSpinBox, "class_count")
    qtbot.waitUntil(lambda: count.value() == 2, timeout=PATIENCE)
    assert count.isEnabled()
    assert says(window, "8 pictures · 2 classes · 20 % kept for validation")
    assert says(window, "found in the folder: ants, bees")
    assert words_of(window, "ready_line") == "Choose a pretrained weights file."
    assert not the(window, QAbstractButton, "train_button").isEnabled()


def test_a_folder_with_a_split_of_its_own_is_counted_side_by_side(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    make_classes(tmp_path / "split" / "train", ants=4, bees=2)
    make_classes(tmp_path / "split" / "val", ants=1, bees=2)
    window = open_window()
    type_path(qtbot, window, "dataset_path", tmp_path / "split")
    qtbot.waitUntil(lambda: says(window, "6 train · 3 val · 2 classes"), timeout=PATIENCE)


def test_a_home_folder_may_be_written_with_a_tilde(
    qtbot: QtBot, open_window: OpenWindow, user_home: Path
) -> None:
    make_classes(user_home / "holiday", sea=1, sky=1)
    window = open_window()
    type_path(qtbot, window, "dataset_path", "~/holiday")
    qtbot.waitUntil(lambda: the(window, QSpinBox, "class_count").value() == 2, timeout=PATIENCE)


BAD_FOLDERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda folder: folder, "There is no folder “"),
    "empty": (lambda folder: folder.mkdir(), " holds neither pictures nor folders."),
    "of one class": (lambda folder: make_classes(folder, ants=3), " holds a single class, “ants”."),
    "of pictures without classes": (
        lambda folder: make_classes(folder.parent, bad=2),
        " holds 2 pictures but no class folders.",
    ),
}


@pytest.mark.parametrize("kind", BAD_FOLDERS)
def test_a_folder_that_will_not_do_is_refused_beside_it_and_by_the_ready_line(
    kind: str, qtbot: QtBot, open_window: OpenWindow, weights: Path, tmp_path: Path
) -> None:
    make, sentence = BAD_FOLDERS[kind]
    make(tmp_path / "bad")
    window = open_window()
    type_path(qtbot, window, "weights_path", weights)
    type_path(qtbot, window, "dataset_path", tmp_path / "bad")
    qtbot.waitUntil(lambda: status_of(window, "dataset_path")[0] == "error", timeout=PATIENCE)
    said = status_of(window, "dataset_path")[1]
    assert sentence in said
    assert said.count(". ") >= 1, "it says what is wrong but not what to do"
    assert says(window, said), "the sentence is set but cannot be seen"
    assert sentence in words_of(window, "ready_line")
    assert not the(window, QAbstractButton, "train_button").isEnabled()


BAD_WEIGHTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path, "There is no file “"),
    "empty": (lambda path: path.touch(), "“bad.pth” is empty."),
    "text": (lambda path: path.write_text("lr = 0.1\nepochs = 3\n" * 20), "“bad.pth”"),
    "a folder": (lambda path: path.mkdir(), "“bad.pth” is a folder"),
}


@pytest.mark.parametrize("kind", BAD_WEIGHTS)
def test_a_weights_file_that_will_not_do_is_refused_beside_it_and_by_the_ready_line(
    kind: str, qtbot: QtBot, open_window: OpenWindow, pictures: Path, tmp_path: Path
) -> None:
    make, sentence = BAD_WEIGHTS[kind]
    make(tmp_path / "bad.pth")
    window = open_window()
    type_path(qtbot, window, "dataset_path", pictures)
    type_path(qtbot, window, "weights_path", tmp_path / "bad.pth")
    qtbot.waitUntil(lambda: status_of(window, "weights_path")[0] == "error", timeout=PATIENCE)
    said = status_of(window, "weights_path")[1]
    assert sentence in said
    assert says(window, said), "the sentence is set but cannot be seen"
    qtbot.waitUntil(lambda: sentence in words_of(window, "ready_line"), timeout=PATIENCE)
    assert not the(window, QAbstractButton, "train_button").isEnabled()


def test_a_network_that_nobody_knows_is_refused(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, tmp_path: Path
) -> None:
    import torch

    torch.save({"weight": torch.ones(3, 3)}, tmp_path / "own.pth")
    window = open_window()
    type_path(qtbot, window, "dataset_path", pictures)
    type_path(qtbot, window, "weights_path", tmp_path / "own.pth")
    qtbot.waitUntil(lambda: status_of(window, "weights_path")[0] == "error", timeout=PATIENCE)
    assert "Choose a weights file of a torchvision classifier." in status_of(window, "weights_path")[1]
    assert not the(window, QAbstractButton, "train_button").isEnabled()


def test_a_weights_file_is_named_counted_and_makes_ready(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, tmp_path: Path
) -> None:
    import torch
    import torchvision

    file = tmp_path / "small.pth"
    torch.save(torchvision.models.shufflenet_v2_x0_5(num_classes=5).state_dict(), file)
    window = open_window()
    type_path(qtbot, window, "dataset_path", pictures)
    type_path(qtbot, window, "weights_path", file)
    train = the(window, QAbstractButton, "train_button")
    qtbot.waitUntil(train.isEnabled, timeout=PATIENCE)
    assert says(window, "ShuffleNet V2 x0.5 · 5 classes · 346.9 k parameters")
    assert says(window, "entries match; the output layer will be replaced for your 2 classes")
    assert words_of(window, "ready_line") == "Ready: 10 epochs, batch 32, lr 0.01"


def test_the_strategies_draw_the_stages_of_the_network_that_was_chosen(ready_window: OpenWindow) -> None:
    window = ready_window()
    config = window.project.config()
    assert config.architecture == "resnet18"
    cards = ("strategy_freeze", "strategy_lr_zero", "strategy_small_lr", "strategy_full")
    assert {card: _states(window, card) for card in cards} == {
        "strategy_freeze": ["frozen", "frozen", "frozen", "learning"],
        "strategy_lr_zero": ["zero", "zero", "zero", "learning"],
        "strategy_small_lr": ["slow", "slow", "slow", "learning"],
        "strategy_full": ["learning"] * 4,
    }


COUNTS = {
    0: ("error", "2 or more", "cannot be 0"),
    1: ("error", "The folder holds 2 classes: set it to 2 or more.", "but the folder holds 2 classes"),
    2: ("plain", "", ""),
    3: ("info", "1 spare output (up to 1,000 classes are allowed)", ""),
    1000: ("info", "998 spare outputs (up to 1,000 classes are allowed)", ""),
    1001: ("error", "At most 1,000 classes are possible.", "cannot be 1001"),
    10000: ("error", "At most 1,000 classes are possible.", "cannot be 10000"),
}


@pytest.mark.parametrize("count", COUNTS)
def test_a_class_count_is_allowed_or_blocks_train_and_says_why(
    count: int, qtbot: QtBot, ready_window: OpenWindow
) -> None:
    kind, beside, below = COUNTS[count]
    window = ready_window()
    train = the(window, QAbstractButton, "train_button")
    type_over(qtbot, the(window, QSpinBox, "class_count"), str(count))
    assert the(window, QSpinBox, "class_count").value() == count
    assert train.isEnabled() == (kind != "error")
    assert not beside or says(window, beside)
    if kind == "error":
        assert below in words_of(window, "ready_line")
    else:
        assert words_of(window, "ready_line").startswith("Ready: ")
        assert window.project.config().classes == (None if count == 2 else count)


def test_what_is_wrong_is_framed_in_red(
    qtbot: QtBot, ready_window: OpenWindow, pictures: Path, tmp_path: Path
) -> None:
    window = ready_window()
    count, edit = the(window, QSpinBox, "class_count"), the(window, QLineEdit, "dataset_path")
    type_over(qtbot, count, "1")
    assert count.property("invalid") is True
    type_over(qtbot, count, "2")
    assert count.property("invalid") is False
    type_path(qtbot, window, "dataset_path", tmp_path / "nowhere")
    qtbot.waitUntil(lambda: edit.property("invalid") is True, timeout=PATIENCE)
    type_path(qtbot, window, "dataset_path", pictures)
    assert edit.property("invalid") is False


def test_long_class_names_are_cut_and_the_tooltip_has_them_all(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    long, rest = "a" * 60, dict.fromkeys("bcdefgh", 1)
    window = open_window()
    type_path(qtbot, window, "dataset_path", make_classes(tmp_path / "long", **{long: 1}, **rest))
    cut = f"found in the folder: {'a' * 23}…, b, c, d, e, f and 2 more"
    qtbot.waitUntil(lambda: says(window, cut, whole=True), timeout=PATIENCE)
    (label,) = [label for label in window.findChildren(QLabel) if label.text() == cut]
    assert label.toolTip() == f"{long}, b, c, d, e, f, g, h"


def test_the_weights_card_says_which_pictures_the_network_sees(ready_window: OpenWindow) -> None:
    window = ready_window()
    (label,) = [label for label in window.findChildren(QLabel) if "sees pictures" in label.text()]
    assert label.text().splitlines()[1] == "sees pictures at 224 × 224"
    assert label.toolTip() == "The short side becomes 256 pixels (bilinear), then the centre is cut out."


def test_a_class_count_of_the_users_own_does_not_outlive_the_folder(
    qtbot: QtBot, ready_window: OpenWindow, tmp_path: Path
) -> None:
    window = ready_window()
    count = the(window, QSpinBox, "class_count")
    type_over(qtbot, count, "7")
    type_path(qtbot, window, "dataset_path", make_classes(tmp_path / "three", a=1, b=1, c=1))
    qtbot.waitUntil(lambda: count.value() == 3, timeout=PATIENCE)
    assert window.project.config().classes is None


def test_train_waits_for_the_answer_about_a_new_folder(
    qtbot: QtBot, ready_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = ready_window()
    gate = Gate()
    replace_listing(monkeypatch, lambda root: (gate.hold(), list_pictures(root))[1])
    type_path(qtbot, window, "dataset_path", make_classes(tmp_path / "later", a=2, b=2))
    assert not the(window, QAbstractButton, "train_button").isEnabled()
    assert words_of(window, "ready_line") == "Looking at “later” …"
    gate.open()
    qtbot.waitUntil(the(window, QAbstractButton, "train_button").isEnabled, timeout=PATIENCE)


def test_only_the_folder_typed_last_is_answered_for(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, looked_at, shown = Gate(), [], []

    def slow_scan(root: Path) -> object:
        looked_at.append(root.name)
        if root.name == "first":
            gate.hold()
        return list_pictures(root)

    replace_listing(monkeypatch, slow_scan)
    first = make_classes(tmp_path / "first", a=1, b=1, c=1)
    second = make_classes(tmp_path / "second", x=1, y=1)
    window = open_window()
    count = the(window, QSpinBox, "class_count")
    window.project.changed.connect(lambda: shown.append(count.value()))
    type_path(qtbot, window, "dataset_path", first)
    qtbot.waitUntil(gate.reached.is_set, timeout=PATIENCE)
    type_path(qtbot, window, "dataset_path", second)
    gate.open()
    qtbot.waitUntil(lambda: count.value() == 2, timeout=PATIENCE)
    assert looked_at == ["first", "second"]
    assert 3 not in shown, "the answer about the first folder was shown under the second's name"


def test_an_error_about_a_folder_that_was_typed_over_is_not_shown(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, statuses = Gate(), []

    def slow_scan(root: Path) -> object:
        if root.name == "first":
            gate.hold()
            raise FtguiError("The first folder is no good.")
        return list_pictures(root)

    replace_listing(monkeypatch, slow_scan)
    window = open_window()
    window.project.changed.connect(lambda: statuses.append(status_of(window, "dataset_path")[1]))
    type_path(qtbot, window, "dataset_path", tmp_path / "first")
    qtbot.waitUntil(gate.reached.is_set, timeout=PATIENCE)
    type_path(qtbot, window, "dataset_path", make_classes(tmp_path / "second", x=1, y=1))
    gate.open()
    qtbot.waitUntil(lambda: the(window, QSpinBox, "class_count").value() == 2, timeout=PATIENCE)
    assert "The first folder is no good." not in statuses


def test_a_path_that_is_taken_away_again_is_not_answered_for(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    replace_listing(monkeypatch, lambda root: (gate.hold(), list_pictures(root))[1])
    window = open_window()
    type_path(qtbot, window, "dataset_path", pictures)
    qtbot.waitUntil(gate.reached.is_set, timeout=PATIENCE)
    type_path(qtbot, window, "dataset_path", "")
    gate.open()
    qtbot.waitUntil(lambda: not window.project.pictures._list.is_running, timeout=PATIENCE)
    assert window.project.pictures.state.report is None
    assert the(window, QSpinBox, "class_count").value() == 0
    assert words_of(window, "ready_line") == "Choose a folder of pictures."


def test_what_was_found_in_one_folder_is_not_said_of_the_next(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, tmp_path: Path
) -> None:
    window = open_window()
    type_path(qtbot, window, "dataset_path", pictures)
    count = the(window, QSpinBox, "class_count")
    qtbot.waitUntil(lambda: count.value() == 2, timeout=PATIENCE)
    type_path(qtbot, window, "dataset_path", tmp_path / "nowhere")
    qtbot.waitUntil(lambda: status_of(window, "dataset_path")[0] == "error", timeout=PATIENCE)
    assert count.value() == 0
    assert not count.isEnabled()
    assert not says(window, "8 pictures")
    assert not says(window, "ants, bees")


def test_a_path_is_looked_at_once_however_often_it_is_entered(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[Path] = []
    replace_listing(monkeypatch, lambda root: (looked_at.append(root), list_pictures(root))[1])
    window = open_window()
    type_path(qtbot, window, "dataset_path", pictures)
    qtbot.waitUntil(lambda: the(window, QSpinBox, "class_count").value() == 2, timeout=PATIENCE)
    edit = the(window, QLineEdit, "dataset_path")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    qtbot.keyClick(edit, Qt.Key.Key_Tab)
    assert not window.project.is_looking
    assert looked_at == [pictures]


# How a path is shown ----------------------------------------------------------------------------------------

SHORTENED = {
    "/data/ants": "/data/ants",
    "{home}/photos/ants": "~/photos/ants",
    "{home}": "~",
    "/a/long/way/down/to/ants-and-bees": "…/to/ants-and-bees",
    "/a/name-that-is-too-long-by-itself": "…/name-that-is-too-long-by-itself",
    "C:\\a\\long\\way\\to\\ants-and-bees": "…/to\\ants-and-bees",
}


@pytest.mark.parametrize("path", SHORTENED)
def test_a_path_is_shortened_from_the_left(path: str, user_home: Path) -> None:
    home = str(user_home)
    shown = short_path(path.format(home=home), lambda text: len(text) <= 18)
    assert shown == SHORTENED[path]


def test_a_folder_that_is_only_named_like_the_home_folder_is_another(user_home: Path) -> None:
    other = f"{user_home}er/ants"
    assert short_path(other, lambda _text: True) == other


def test_a_long_path_shows_its_end_and_is_whole_under_the_cursor(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    long = str(tmp_path / "a-folder-with-a-name" / "and-another-one-inside-it" / "pictures")
    window = open_window()
    edit = the(window, PathEdit, "dataset_path")
    edit.setFocus()
    type_path(qtbot, window, "dataset_path", long)
    assert edit.shown_text() == long
    qtbot.keyClick(edit, Qt.Key.Key_Tab)
    assert not edit.hasFocus()
    assert edit.shown_text().startswith("…/")
    assert edit.shown_text().endswith("/pictures")
    assert edit.text() == long
    assert long in edit.toolTip()
    assert window.project.pictures.state.looked.path == long


def _states(window: MainWindow, card: str) -> list[str]:
    (bar,) = the(window, QAbstractButton, card).findChildren(StageBar)
    return [segment.state for segment in bar.segments()]
