"""Two runs held against each other in a window of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import shiboken6
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QTableView, QWidget
from pytestqt.qtbot import QtBot

from ftgui.gui import theme
from ftgui.gui.dialogs.diff import DiffDialog
from ftgui.gui.dialogs.picture import PictureDialog
from ftgui.gui.widgets.disagreement_list import BETWEEN, HEIGHT, DisagreementList
from ftgui.gui.widgets.message_bar import MessageBar
from ftgui.gui.widgets.picture_view import PictureView
from ftgui.runs import diff as engine
from ftgui.runs.history import RunHistory
from ftgui.runs.store import LAST_PREDICTIONS
from tests.gui.driving import PATIENCE, the, words_of
from tests.harness.leaks import deliver_deferred_deletes
from tests.runs.drawn_diff import draw_run, pictures, sure

COLOURS = ("red", "lime", "blue")

OpenDiff = Callable[..., DiffDialog]


@pytest.fixture
def open_diff(qtbot: QtBot, qapp: QApplication) -> Iterator[OpenDiff]:
    """Open the diff of two runs and wait until it was read; it ends with the test."""
    theme.apply_theme(qapp, theme.LIGHT)
    dialogs: list[DiffDialog] = []

    def open_it(first: RunHistory, second: RunHistory, parent: QWidget | None = None) -> DiffDialog:
        dialog = DiffDialog(first, second, parent)
        dialogs.append(dialog)
        with qtbot.waitActive(dialog, timeout=PATIENCE):
            dialog.show()
            dialog.activateWindow()
        waiting = the(dialog, QWidget, "diff_waiting")
        qtbot.waitUntil(lambda: not waiting.isVisible(), timeout=PATIENCE)
        return dialog

    yield open_it
    for dialog in filter(shiboken6.isValid, dialogs):
        dialog.close()
    dialogs.clear()
    deliver_deferred_deletes()


@pytest.fixture
def runs(tmp_path: Path) -> tuple[RunHistory, RunHistory]:
    """Two runs that disagree on three of four pictures; the third of those is on the disk no more."""
    (tmp_path / "photos" / "val").mkdir(parents=True)
    for number, colour in enumerate(COLOURS[:2]):
        Image.new("RGB", (60, 40), colour).save(tmp_path / "photos" / "val" / f"{number}.png")
    val, root = pictures(0, 0, 1, 1), str(tmp_path / "photos")
    first = draw_run(tmp_path / "frozen", [(0, 0.9), (0, 0.6), (0, 0.7), (1, 0.9)], judged_on=val, root=root)
    second = draw_run(
        tmp_path / "all", [(1, 0.8), (1, 0.7), (1, 0.6), (1, 0.9)], judged_on=val, root=root, strategy="full"
    )
    return first, second


def table(dialog: DiffDialog, name: str) -> list[list[str]]:
    model = the(dialog, QTableView, name).model()
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def shown(dialog: DiffDialog) -> list[str]:
    return [row.path for row in dialog.list.pictures.rows]


def press(qtbot: QtBot, dialog: DiffDialog, name: str) -> None:
    qtbot.mouseClick(the(dialog, QAbstractButton, name), Qt.MouseButton.LeftButton)


def colour_in(dialog: DiffDialog, row: int) -> QColor:
    """Return the colour in the middle of the thumbnail of a row."""
    view = dialog.list
    rect = view.visualRect(view.pictures.index(row))
    image: QImage = view.viewport().grab(rect).toImage()
    return image.pixelColor(50, (HEIGHT - BETWEEN) // 2)


def test_the_diff_is_shown_from_settings_to_pictures(
    qtbot: QtBot, open_diff: OpenDiff, runs: tuple[RunHistory, RunHistory]
) -> None:
    dialog = open_diff(*runs)
    assert (dialog.windowTitle(), dialog.isModal()) == ("frozen and all", False)
    assert (words_of(dialog, "diff_name_a"), words_of(dialog, "diff_name_b")) == ("frozen", "all")
    assert table(dialog, "diff_settings") == [
        ["Strategy", "Freeze extractor", "Everything learns"],
        ["Learning rate", "0.01", "0.001"],
    ]
    assert words_of(dialog, "diff_settings_words") == "2 things were not the same; everything else was."
    assert ["Parameters that learn", "2,562", "2.2 M", "× 869"] in table(dialog, "diff_figures")
    assert words_of(dialog, "diff_verdict").startswith("No difference that 4 pictures can show")
    assert words_of(dialog, "diff_remarks").startswith("These are the last epoch's answers")
    assert words_of(dialog, "diff_count") == "3 of 4 pictures that both were judged on"
    assert shown(dialog) == ["val/0.png", "val/1.png", "val/2.png"]


def test_tables_are_as_tall_as_their_rows(open_diff: OpenDiff, runs: tuple[RunHistory, RunHistory]) -> None:
    dialog = open_diff(*runs)
    for name in ("diff_settings", "diff_figures"):
        view = the(dialog, QTableView, name)
        assert view.verticalScrollBar().maximum() == 0, name
        assert view.horizontalScrollBar().maximum() == 0, name
    assert dialog.list.verticalScrollBar().maximum() == 0


def test_pictures_can_be_filtered_by_who_alone_is_right(
    qtbot: QtBot, open_diff: OpenDiff, runs: tuple[RunHistory, RunHistory]
) -> None:
    dialog = open_diff(*runs)
    texts = [the(dialog, QAbstractButton, f"diff_filter_{key}").text() for key in ("all", "first", "second")]
    assert texts == ["All 3", "Only A is right 2", "Only B is right 1"]
    press(qtbot, dialog, "diff_filter_second")
    assert (shown(dialog), words_of(dialog, "diff_count")) == (["val/2.png"], "1 picture")
    press(qtbot, dialog, "diff_filter_first")
    assert shown(dialog) == ["val/0.png", "val/1.png"]
    press(qtbot, dialog, "diff_filter_all")
    assert len(shown(dialog)) == 3


def test_a_picture_says_who_is_right_in_words_too(
    open_diff: OpenDiff, runs: tuple[RunHistory, RunHistory]
) -> None:
    model = open_diff(*runs).list.pictures
    spoken = model.data(model.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "0.png, ants, A says ants (90 %): right, B says bees (80 %): wrong"


def test_right_and_wrong_look_different_without_their_colours(
    qtbot: QtBot, open_diff: OpenDiff, runs: tuple[RunHistory, RunHistory], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ftgui.gui.widgets import disagreement_list

    monkeypatch.setattr(
        disagreement_list, "MARKS", {True: ("check-bold", "text"), False: ("close-thick", "text")}
    )
    view = open_diff(*runs).list
    rect = view.visualRect(view.pictures.index(0))
    cell = view.viewport().grab(rect).toImage()
    signs = [cell.copy(144, y, 18, 20) for y in (56, 82)]
    assert signs[0] != signs[1]


def test_thumbnails_come_off_the_gui_thread_and_a_missing_one_keeps_its_line(
    qtbot: QtBot, open_diff: OpenDiff, runs: tuple[RunHistory, RunHistory]
) -> None:
    dialog = open_diff(*runs)
    dialog._scroll.verticalScrollBar().setValue(10_000)
    qtbot.waitUntil(lambda: colour_in(dialog, 0) == QColor("red"), timeout=PATIENCE)
    qtbot.waitUntil(lambda: colour_in(dialog, 1) == QColor("lime"), timeout=PATIENCE)
    assert shown(dialog)[2] == "val/2.png"
    assert colour_in(dialog, 2) not in (QColor("red"), QColor("lime"))


@pytest.mark.parametrize("how", ["double click", "enter"])
def test_a_picture_opens_large_with_what_was_wrong(
    qtbot: QtBot, open_diff: OpenDiff, runs: tuple[RunHistory, RunHistory], how: str
) -> None:
    dialog = open_diff(*runs)
    view = dialog.list
    place = view.visualRect(view.pictures.index(1)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    if how == "enter":
        qtbot.keyClick(view, Qt.Key.Key_Return)
    else:
        qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    large = the(dialog, PictureDialog, "picture_dialog")
    qtbot.waitUntil(lambda: not the(large, PictureView, "picture_image").image().isNull(), timeout=PATIENCE)
    assert large.windowTitle() == "1.png"
    assert words_of(large, "picture_place") == "2 of 3"
    assert words_of(large, "picture_fact_side") == "validation"
    assert words_of(large, "picture_finding_0") == "B says bees (70 %): wrong"
    assert not the(large, QAbstractButton, "picture_exclude").isVisible()


def test_the_keyboard_brings_what_it_goes_to_into_sight(
    qtbot: QtBot, open_diff: OpenDiff, runs: tuple[RunHistory, RunHistory]
) -> None:
    dialog = open_diff(*runs)
    dialog.resize(800, 500)
    dialog.list.setFocus()
    for key in (Qt.Key.Key_Home, Qt.Key.Key_End):
        qtbot.keyClick(dialog.list, key)
    last = dialog.list.visualRect(dialog.list.pictures.index(2))
    qtbot.waitUntil(lambda: dialog.list.viewport().visibleRegion().contains(last.center()), timeout=PATIENCE)


def test_runs_that_agree_have_no_pictures_to_show(open_diff: OpenDiff, tmp_path: Path) -> None:
    dialog = open_diff(draw_run(tmp_path / "a", sure(0)), draw_run(tmp_path / "b", sure(0)))
    assert words_of(dialog, "diff_settings_words").startswith("Nothing: both did the same")
    assert not the(dialog, QTableView, "diff_settings").isVisible()
    assert words_of(dialog, "diff_count") == "None: both give the same answer to each picture."
    assert not dialog.list.isVisible()
    assert dialog.findChild(QWidget, "diff_filter") is None


def test_what_cannot_be_read_is_said_inside(open_diff: OpenDiff, tmp_path: Path) -> None:
    first, second = draw_run(tmp_path / "a", sure(0)), draw_run(tmp_path / "b", sure(0))
    (second.folder / LAST_PREDICTIONS).write_text("years of work\n")
    dialog = open_diff(first, second)
    assert the(dialog, MessageBar, "diff_message").message().endswith("is no table of predictions.")


def test_files_are_read_off_the_gui_thread(
    open_diff: OpenDiff, runs: tuple[RunHistory, RunHistory], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, real = [], engine.diff_of

    def diff_of(first: RunHistory, second: RunHistory) -> engine.RunDiff:
        threads.append(threading.current_thread())
        return real(first, second)

    monkeypatch.setattr(engine, "diff_of", diff_of)
    open_diff(*runs)
    assert len(threads) == 1
    assert threading.main_thread() not in threads


def test_a_run_that_goes_on_does_not_change_what_is_read(
    open_diff: OpenDiff, runs: tuple[RunHistory, RunHistory], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[RunHistory] = []
    real = engine.diff_of

    def diff_of(first: RunHistory, second: RunHistory) -> engine.RunDiff:
        seen.append(first)
        return real(first, second)

    monkeypatch.setattr(engine, "diff_of", diff_of)
    open_diff(*runs)
    assert seen[0] == runs[0]
    assert seen[0].epochs is not runs[0].epochs


def test_it_goes_with_its_window_and_leaves_no_thread(
    qtbot: QtBot, open_diff: OpenDiff, runs: tuple[RunHistory, RunHistory]
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    dialog = open_diff(*runs, window)
    dialog._scroll.verticalScrollBar().setValue(10_000)
    qtbot.waitUntil(_has_thumbnail_threads, timeout=PATIENCE)
    closed = []
    dialog.finished.connect(lambda: closed.append(True))
    window.close()
    assert closed == [True]
    assert not _has_thumbnail_threads()


def test_closing_while_it_reads_leaves_nothing_behind(
    qtbot: QtBot, qapp: QApplication, runs: tuple[RunHistory, RunHistory]
) -> None:
    dialog = DiffDialog(*runs)
    dialog.show()
    dialog.close()
    deliver_deferred_deletes()


def _has_thumbnail_threads() -> bool:
    return any(thread.name == "thumbnails" for thread in threading.enumerate())


def test_it_follows_the_theme(
    qtbot: QtBot, qapp: QApplication, open_diff: OpenDiff, runs: tuple[RunHistory, RunHistory]
) -> None:
    dialog = open_diff(*runs)
    view: DisagreementList = dialog.list
    rect = view.visualRect(view.pictures.index(0))
    grounds = []
    for tokens in (theme.LIGHT, theme.DARK):
        theme.apply_theme(qapp, tokens)
        grounds.append(view.viewport().grab(rect).toImage().pixelColor(rect.width() - 40, 30).name())
    theme.apply_theme(qapp, theme.LIGHT)
    assert grounds == [theme.LIGHT.card, theme.DARK.card]


def test_all_parts_are_named_for_scripts_and_for_screen_readers(
    open_diff: OpenDiff, runs: tuple[RunHistory, RunHistory]
) -> None:
    dialog = open_diff(*runs)
    assert dialog.objectName() == "diff_dialog"
    for name in ("diff_settings", "diff_figures", "disagreement_list", "diff_filter", "diff_close"):
        assert the(dialog, QWidget, name).accessibleName(), name
