"""The weights card: what is in the file, and the two things that a user may know better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QAbstractItemModel
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDialog, QLineEdit
from pytestqt.qtbot import QtBot

from ftgui.gui.main_window import MainWindow
from ftgui.gui.widgets.entries_tree import EntriesTree
from tests.gui.conftest import OpenWindow
from tests.gui.driving import PATIENCE, click, says, status_of, the, type_path, words_of

NAME = "shufflenet_v2_x0_5"


def saved(path: Path, content: Any) -> Path:
    import torch

    with path.open("wb") as stream:
        torch.save(content, stream)
    return path


def entries_of(name: str) -> dict[str, Any]:
    from ftgui.models.construction import construct

    return dict(construct(name, 5).state_dict())


@pytest.fixture(scope="module")
def entries() -> dict[str, Any]:
    return entries_of(NAME)


def opened(qtbot: QtBot, window: MainWindow, pictures: Path, weights: Path) -> None:
    """Choose both and wait until the file was looked at."""
    type_path(qtbot, window, "dataset_path", pictures)
    type_path(qtbot, window, "weights_path", weights)
    qtbot.waitUntil(lambda: looked_at(window), timeout=PATIENCE)


def looked_at(window: MainWindow) -> bool:
    return status_of(window, "weights_path")[0] in ("ok", "error")


def choose(qtbot: QtBot, window: MainWindow, name: str, words: str) -> None:
    """Choose as a user does who types the first letters in an open list."""
    box = the(window, QComboBox, name)
    index = next(n for n in range(box.count()) if words in box.itemText(n))
    with qtbot.waitSignal(window.project.changed, timeout=PATIENCE):
        box.setCurrentIndex(index)
        box.activated.emit(index)
    qtbot.waitUntil(lambda: looked_at(window), timeout=PATIENCE)


def children(model: QAbstractItemModel, row: int) -> list[str]:
    group = model.index(row, 0)
    return [str(model.index(n, 0, group).data()) for n in range(model.rowCount(group))]


def test_what_is_in_the_file_is_a_click_away_by_name(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, tmp_path: Path, entries: dict[str, Any]
) -> None:
    network = {f"net.{key}": tensor for key, tensor in entries.items()}
    content = {"model": network | {"net2.w": entries["fc.bias"]}}
    window = open_window()
    opened(qtbot, window, pictures, saved(tmp_path / "w.pth", content))
    tree = the(window, EntriesTree, "weights_entries")
    assert not tree.isVisible()
    click(qtbot, window, "weights_details")
    assert tree.isVisible()
    assert words_of(window, "weights_layout") == "Read from: state_dict under 'model', prefix 'net.'"
    assert "1 other tensor, left out: net2.w" in words_of(window, "weights_notes")
    assert tree.titles() == ("Beside the network, left out (1)", f"Matched ({len(entries)})")
    assert children(tree.model(), 1) == list(entries)
    all_of_them = f"{len(entries)} of {len(entries)} entries match"
    said = f"{all_of_them}; the output layer will be replaced for your 2 classes"
    assert status_of(window, "weights_path") == ("ok", said)


def test_an_opened_group_stays_open_while_other_things_change(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, tmp_path: Path, entries: dict[str, Any]
) -> None:
    window = open_window()
    opened(qtbot, window, pictures, saved(tmp_path / "w.pth", entries))
    click(qtbot, window, "weights_details")
    tree = the(window, EntriesTree, "weights_entries")
    folded = tree.height()
    tree.expand(tree.model().index(0, 0))
    assert tree.height() > folded
    window.project.set_strategy("full")
    assert tree.isExpanded(tree.model().index(0, 0))


def test_a_file_that_fits_nothing_shows_what_differs_and_takes_a_hint(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, tmp_path: Path, entries: dict[str, Any]
) -> None:
    lost = "stage3.1.branch2.0.weight"
    cut = {key: tensor for key, tensor in entries.items() if key != lost}
    window = open_window()
    opened(qtbot, window, pictures, saved(tmp_path / "cut.pth", cut))
    assert status_of(window, "weights_path")[0] == "error"
    assert says(window, "The nearest is ShuffleNet V2 x0.5")
    box = the(window, QComboBox, "architecture")
    assert box.isVisible()
    assert (box.itemText(0), box.itemText(1)) == ("as the file says", "ShuffleNet V2 x0.5 (nearest)")
    assert box.count() == 81
    click(qtbot, window, "weights_details")
    tree = the(window, EntriesTree, "weights_entries")
    assert tree.titles()[0] == "Missing (1)"
    assert children(tree.model(), 0) == [lost]
    choose(qtbot, window, "architecture", "ResNet-18")
    assert "These weights do not fit ResNet-18" in status_of(window, "weights_path")[1]
    assert box.currentText() == "ResNet-18"
    assert not the(window, QAbstractButton, "train_button").isEnabled()


def test_a_hint_does_not_outlive_the_file(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, tmp_path: Path, entries: dict[str, Any]
) -> None:
    window = open_window()
    opened(qtbot, window, pictures, saved(tmp_path / "w.pth", {"a.weight": entries["fc.weight"]}))
    choose(qtbot, window, "architecture", "ResNet-18")
    opened(qtbot, window, pictures, saved(tmp_path / "v.pth", entries))
    qtbot.waitUntil(lambda: status_of(window, "weights_path")[0] == "ok", timeout=PATIENCE)
    assert not the(window, QComboBox, "architecture").isVisible()
    assert window.project.config().architecture == NAME


def test_preprocessing_can_be_chosen_where_more_than_one_is_published(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, tmp_path: Path
) -> None:
    window = open_window()
    opened(qtbot, window, pictures, saved(tmp_path / "w.pth", entries_of("mobilenet_v2")))
    box = the(window, QComboBox, "preprocessing")
    assert [box.itemText(n) for n in range(box.count())] == [
        "IMAGENET1K_V1: 256 → 224 (likely)",
        "IMAGENET1K_V2: 232 → 224",
    ]
    assert (box.isVisible(), box.currentIndex()) == (True, 0)
    assert window.project.config().preprocessing is None
    choose(qtbot, window, "preprocessing", "IMAGENET1K_V2")
    assert box.currentText() == "IMAGENET1K_V2: 232 → 224"
    assert window.project.config().preprocessing == "IMAGENET1K_V2"
    assert window.project.state.inspected is not None
    assert window.project.state.inspected.recognition.preprocessing.resize == 232


def test_preprocessing_is_not_asked_where_it_is_known(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, tmp_path: Path, entries: dict[str, Any]
) -> None:
    window = open_window()
    opened(qtbot, window, pictures, saved(tmp_path / "w.pth", entries))
    assert not the(window, QComboBox, "preprocessing").isVisible()
    assert says(window, "sees pictures at 224 × 224 (assumed)")


def test_official_weights_that_are_here_are_two_clicks_from_the_card(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ftgui.models import catalog
    from ftgui.models.construction import construct

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    row = catalog.find("squeezenet1_1", "IMAGENET1K_V1")
    folder = catalog.hub_folder()
    folder.mkdir(parents=True)
    saved(folder / row.weights.file, construct("squeezenet1_1", 1000).state_dict())
    window = open_window()
    click(qtbot, window, "open_catalog")
    dialog = the(window, QDialog, "catalog_dialog")
    qtbot.keyClicks(the(dialog, QLineEdit, "catalog_search"), "squeezenet 1_1")
    click(qtbot, dialog, "catalog_use")
    qtbot.waitUntil(lambda: says(window, "SqueezeNet 1.1 · 1,000 classes"), timeout=PATIENCE)
    assert window.project.state.weights.path == str(folder / row.weights.file)
    qtbot.waitUntil(lambda: window.findChild(QDialog, "catalog_dialog") is None, timeout=PATIENCE)


def test_the_catalogue_is_opened_once_and_goes_with_the_window(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    the(window, QAction, "action_open_catalog").trigger()
    the(window, QAction, "action_open_catalog").trigger()
    assert the(window, QDialog, "catalog_dialog").isVisible()
    window.close()
    assert not any(dialog.isVisible() for dialog in window.findChildren(QDialog, "catalog_dialog"))
