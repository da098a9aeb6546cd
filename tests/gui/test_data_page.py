"""The Data page: what is in a folder, what is wrong in it, and pictures left out of training."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLabel,
    QListWidget,
    QProgressBar,
    QTableView,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ftgui.gui.dialogs.picture import PictureDialog
from ftgui.gui.main_window import MainWindow
from ftgui.gui.widgets.thumbnail_grid import ThumbnailGrid
from tests.data.drawn_trees import encoded, jpeg, plain, stamps, write
from tests.gui.conftest import OpenWindow, replace_job
from tests.gui.driving import (
    PATIENCE,
    choose,
    click,
    says,
    status_of,
    the,
    type_path,
    words_of,
)
from tests.gui.scripted import Gate

MESS = {
    **plain(3, side="train/", each=12),
    **plain(2, side="val/", each=3, first=100),
    "train/a/cut.jpg": jpeg(400)[:-300],
    "train/b/again.jpg": jpeg(0),
    "val/a/leak.jpg": jpeg(2),
    "train/c/only.gif": encoded("GIF"),
    ".DS_Store": b"x",
}


@pytest.fixture
def mess(tmp_path: Path) -> Path:
    return write(tmp_path / "mess", MESS)


def opened(qtbot: QtBot, window: MainWindow, folder: Path) -> MainWindow:
    """Choose a folder, wait until it is checked, and go to the page."""
    type_path(qtbot, window, "dataset_path", folder)
    pictures = window.project.pictures
    qtbot.waitUntil(
        lambda: pictures.state.report is not None and pictures.state.report.checked, timeout=PATIENCE
    )
    click(qtbot, window, "look_at_pictures")
    return window


def _is_checked(window: MainWindow) -> bool:
    report = window.project.pictures.state.report
    return report is not None and report.checked


def grid(window: MainWindow) -> ThumbnailGrid:
    return the(window, ThumbnailGrid, "thumbnail_grid")


def shown(window: MainWindow) -> list[str]:
    """Return the paths of the pictures in the grid."""
    pictures = grid(window).pictures
    return [pictures.shown(row).path for row in range(pictures.rowCount())]


def kinds(window: MainWindow) -> list[str]:
    listed = the(window, QListWidget, "findings_kinds")
    return [listed.item(row).text() for row in range(listed.count())]


def click_kind(qtbot: QtBot, window: MainWindow, title: str) -> None:
    listed = the(window, QListWidget, "findings_kinds")
    (item,) = (listed.item(n) for n in range(listed.count()) if listed.item(n).text().startswith(title))
    listed.scrollToItem(item)
    qtbot.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, pos=listed.visualItemRect(item).center())


def table(window: MainWindow) -> list[list[str]]:
    view = the(window, QTableView, "classes_table")
    model = view.model()
    columns = [n for n in range(model.columnCount()) if not view.isColumnHidden(n)]
    return [
        [text for n in columns if (text := model.index(row, n).data())] for row in range(model.rowCount())
    ]


def select(qtbot: QtBot, window: MainWindow, path: str) -> None:
    """Click a picture."""
    view = grid(window)
    index = view.pictures.index(shown(window).index(path))
    view.scrollTo(index)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())


def opened_large(qtbot: QtBot, window: MainWindow, path: str) -> PictureDialog:
    """Click a picture and press Enter; return the dialog that shows it."""
    select(qtbot, window, path)
    qtbot.keyClick(grid(window), Qt.Key.Key_Return)
    dialog = the(window, PictureDialog, "picture_dialog")
    qtbot.waitUntil(dialog.isVisible, timeout=PATIENCE)
    return dialog


def test_a_folder_of_good_pictures_is_ready_and_nothing_is_said_of_it(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path
) -> None:
    window = opened(qtbot, open_window(), pictures)
    assert the(window, QTabWidget, "pages").currentWidget() is the(window, QWidget, "data_page")
    assert says(window, "Ready: 8 pictures can be used.")
    assert words_of(window, "findings_nothing") == "Nothing is wrong."
    assert kinds(window) == []
    assert table(window) == [["ants", "3"], ["bees", "5"]]
    assert len(shown(window)) == 8
    assert status_of(window, "dataset_path")[0] in ("plain", "info")


def test_what_is_wrong_is_listed_the_gravest_first(qtbot: QtBot, open_window: OpenWindow, mess: Path) -> None:
    window = opened(qtbot, open_window(), mess)
    assert kinds(window) == [
        "Cut off  ·  1",
        "Same picture in two classes  ·  2",
        "Same picture in two splits  ·  1",
        "Unlike all others  ·  1",
        "Class missing  ·  1",
        "Left out by name  ·  1",
    ]
    assert says(window, "1 cannot")
    assert status_of(window, "dataset_path")[0] == "warning"
    assert "6 findings: cut off" in status_of(window, "dataset_path")[1]


def test_a_finding_shows_its_pictures_and_says_what_it_means(
    qtbot: QtBot, open_window: OpenWindow, mess: Path
) -> None:
    window = opened(qtbot, open_window(), mess)
    click_kind(qtbot, window, "Same picture in two classes")
    assert shown(window) == ["train/a/00.jpg", "train/b/again.jpg"]
    assert "labels is wrong" in words_of(window, "findings_meaning")
    assert the(window, QComboBox, "filter_finding").currentText() == "Same picture in two classes"
    click_kind(qtbot, window, "Class missing")
    assert len(shown(window)) == len(MESS) - 1, "it is of no picture"
    sentences = the(window, QListWidget, "findings_sentences")
    assert "val/c" in sentences.item(0).text()
    click_kind(qtbot, window, "Class missing")
    assert not the(window, QLabel, "findings_meaning").isVisible()


def test_boxes_and_table_filter_alike(qtbot: QtBot, open_window: OpenWindow, mess: Path) -> None:
    window = opened(qtbot, open_window(), mess)
    view = the(window, QTableView, "classes_table")
    qtbot.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(view.model().index(1, 0)).center()
    )
    box = the(window, QComboBox, "filter_class")
    assert box.currentText() == "b"
    assert {path.split("/")[1] for path in shown(window)} == {"b"}
    choose(qtbot, the(window, QComboBox, "filter_side"), "val")
    assert shown(window) == ["val/b/00.jpg", "val/b/01.jpg", "val/b/02.jpg"]
    assert words_of(window, "shown_count") == f"3 of {len(MESS) - 1} pictures"
    choose(qtbot, box, "All classes")
    assert not view.selectionModel().hasSelection()
    assert all(path.startswith("val/") for path in shown(window))


def test_pictures_left_out_are_counted_out_kept_and_passed_on_to_the_run(
    qtbot: QtBot, open_window: OpenWindow, mess: Path
) -> None:
    before = stamps(mess)
    window = opened(qtbot, open_window(), mess)
    click_kind(qtbot, window, "Unlike all others")
    select(qtbot, window, "train/c/only.gif")
    click(qtbot, window, "leave_out")
    assert window.project.config().exclude == ("train/c/only.gif",)
    assert says(window, "1 left out by you")
    assert table(window)[2] == ["c", "12", "0"]
    assert grid(window).pictures.shown(0).mark == "excluded"
    assert stamps(mess) == before
    again = opened(qtbot, open_window(), mess)
    assert again.project.config().exclude == ("train/c/only.gif",)
    choose(qtbot, the(again, QComboBox, "filter_finding"), "Left out by you")
    select(qtbot, again, "train/c/only.gif")
    click(qtbot, again, "use_again")
    assert again.project.config().exclude == ()
    assert table(again)[2] == ["c", "13", "0"]


def test_train_obeys_what_is_left_of_a_class(qtbot: QtBot, ready_window: OpenWindow, pictures: Path) -> None:
    window = opened(qtbot, ready_window(), pictures)
    train = the(window, QAbstractButton, "train_button")
    assert train.isEnabled()
    choose(qtbot, the(window, QComboBox, "filter_class"), "ants")
    grid(window).setFocus()
    qtbot.keyClick(grid(window), Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    click(qtbot, window, "leave_out")
    assert not train.isEnabled()
    assert words_of(window, "ready_line") == "No picture of “ants” can be used to learn from."
    assert says(window, "No picture of “ants” can be used to learn from.")
    click(qtbot, window, "use_again")
    assert train.isEnabled()


def test_a_class_of_broken_files_is_not_ready(
    qtbot: QtBot, ready_window: OpenWindow, pictures: Path, tmp_path: Path
) -> None:
    window = ready_window()
    broken = tmp_path / "broken"
    shutil.copytree(pictures, broken)
    for path in (broken / "bees").iterdir():
        path.write_bytes(b"")
    opened(qtbot, window, broken)
    assert not the(window, QAbstractButton, "train_button").isEnabled()
    assert words_of(window, "ready_line") == "No picture of “bees” can be used to learn from."


def test_unequal_classes_may_be_balanced_at_a_click(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    files = {f"a/{n}.jpg": jpeg(n) for n in range(2)} | {f"b/{n}.jpg": jpeg(9 + n) for n in range(7)}
    window = opened(qtbot, open_window(), write(tmp_path / "unequal", files))
    assert kinds(window) == ["Unequal classes  ·  1"]
    click(qtbot, window, "use_balanced")
    assert window.project.config().class_weights == "balanced"
    assert not the(window, QAbstractButton, "use_balanced").isVisible()


def test_the_check_can_be_stopped_and_taken_up_again(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ftgui.jobs.scan import check, list_pictures, without

    gate = Gate()

    def slow_check(dataset: object) -> object:
        yield 3, 8
        gate.hold()
        yield 4, 8
        return (yield from check(dataset))  # type: ignore[arg-type]

    replace_job(monkeypatch, "scan", list_pictures=list_pictures, check=slow_check, without=without)
    window = open_window()
    type_path(qtbot, window, "dataset_path", pictures)
    qtbot.waitUntil(gate.reached.is_set, timeout=PATIENCE)
    click(qtbot, window, "look_at_pictures")
    qtbot.waitUntil(lambda: says(window, "Checking the pictures: 3 of 8"), timeout=PATIENCE)
    assert the(window, QProgressBar, "check_progress").isVisible()
    assert status_of(window, "dataset_path") == ("info", "checking: 3 of 8")
    click(qtbot, window, "check_button")
    gate.open()
    qtbot.waitUntil(lambda: not window.project.pictures.is_checking, timeout=PATIENCE)
    assert says(window, "they were not checked")
    click(qtbot, window, "check_button")
    qtbot.waitUntil(lambda: says(window, "Ready: 8 pictures can be used."), timeout=PATIENCE)


def test_the_check_waits_while_a_run_goes_on(qtbot: QtBot, ready_window: OpenWindow, pictures: Path) -> None:
    window = opened(qtbot, ready_window(), pictures)
    session = window.project.pictures
    session.hold_check(True)
    click(qtbot, window, "check_button")
    qtbot.waitUntil(lambda: says(window, "The check goes on when the run has ended"), timeout=PATIENCE)
    with qtbot.assertNotEmitted(session.marked, wait=300):
        pass
    session.hold_check(False)
    qtbot.waitUntil(lambda: not session.is_checking, timeout=PATIENCE)


def test_check_again_finds_what_came_and_what_went(
    qtbot: QtBot, open_window: OpenWindow, pictures: Path
) -> None:
    window = opened(qtbot, open_window(), pictures)
    (pictures / "ants/0.jpg").unlink()
    (pictures / "ants/new.jpg").write_bytes(jpeg(55))
    (pictures / "bees/new.jpg").write_bytes(b"")
    click(qtbot, window, "check_button")
    qtbot.waitUntil(lambda: kinds(window) == ["Empty  ·  1"], timeout=PATIENCE)
    assert "ants/new.jpg" in shown(window)
    assert "ants/0.jpg" not in shown(window)
    assert table(window) == [["ants", "3"], ["bees", "5"]]


def test_the_end_of_a_check_moves_nothing_under_the_hand(
    qtbot: QtBot, open_window: OpenWindow, mess: Path
) -> None:
    window = opened(qtbot, open_window(), mess)
    dialog = opened_large(qtbot, window, "train/b/05.jpg")
    row = grid(window).current_row()
    with qtbot.waitSignal(window.project.pictures._check.done, timeout=PATIENCE):
        click(qtbot, window, "check_button")
    assert dialog.isVisible()
    assert grid(window).current_row() == row
    assert grid(window).selected_rows() == [row]
    dialog.close()


def test_what_was_found_only_together_with_a_picture_left_out_is_found_no_more(
    qtbot: QtBot, open_window: OpenWindow, mess: Path
) -> None:
    window = opened(qtbot, open_window(), mess)
    click_kind(qtbot, window, "Same picture in two classes")
    select(qtbot, window, "train/b/again.jpg")
    click(qtbot, window, "leave_out")
    assert not any(title.startswith("Same picture in two classes") for title in kinds(window))
    assert shown(window) == ["train/a/00.jpg", "train/b/again.jpg"], "as they were chosen"
    click(qtbot, window, "use_again")
    assert "Same picture in two classes  ·  2" in kinds(window)


def test_a_picture_opens_large_with_what_is_known_of_it(
    qtbot: QtBot, open_window: OpenWindow, mess: Path
) -> None:
    window = opened(qtbot, open_window(), mess)
    dialog = opened_large(qtbot, window, "train/a/00.jpg")
    assert says(dialog, "also in “b”")
    assert says(dialog, "with “flip”: 2 views of 224 × 224 pixels")
    click(qtbot, dialog, "picture_exclude")
    assert window.project.config().exclude == ("train/a/00.jpg",)
    assert grid(window).pictures.shown(0).mark == "excluded"
    click(qtbot, dialog, "picture_next")
    assert grid(window).current_row() == 1
    dialog.close()


def test_a_folder_that_is_no_dataset_empties_the_page_and_says_why(
    qtbot: QtBot, open_window: OpenWindow, mess: Path, tmp_path: Path
) -> None:
    window = opened(qtbot, open_window(), mess)
    type_path(qtbot, window, "dataset_path", tmp_path / "nowhere")
    qtbot.waitUntil(lambda: says(window, "There is no folder"), timeout=PATIENCE)
    assert shown(window) == []
    assert kinds(window) == []
    assert table(window) == []


def test_a_list_may_be_typed_in_place_of_a_folder(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    root = write(tmp_path / "listed", {f"p/{n}.jpg": jpeg(n) for n in range(4)})
    (root / "labels.csv").write_text("p/0.jpg,x\np/1.jpg,y\np/2.jpg,x\np/3.jpg,y\n")
    window = opened(qtbot, open_window(), root / "labels.csv")
    assert table(window) == [["x", "2"], ["y", "2"]]
    assert says(window, "4 pictures")


def test_classes_are_shown_in_their_natural_order(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    files = {f"class {n}/{k}.jpg": jpeg(10 * n + k) for n in (1, 2, 10) for k in range(2)}
    window = opened(qtbot, open_window(), write(tmp_path / "numbered", files))
    assert [row[0] for row in table(window)] == ["class 1", "class 2", "class 10"]
    assert window.project.pictures.state.dataset is not None
    assert window.project.pictures.state.dataset.class_names == ("class 1", "class 10", "class 2")


def test_the_window_closes_in_the_middle_of_a_check(
    qtbot: QtBot, open_window: OpenWindow, mess: Path
) -> None:
    window = open_window()
    type_path(qtbot, window, "dataset_path", mess)
    qtbot.waitUntil(lambda: window.project.pictures.is_checking, timeout=PATIENCE)
    the(window, QAction, "action_quit").trigger()
    assert not window.isVisible()
