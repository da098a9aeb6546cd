"""The grid of thumbnails: used by mouse and keyboard, on pictures that a test lets arrive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QColor, QContextMenuEvent, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ftgui.gui import theme
from ftgui.gui.item_models.pictures_model import FILE_ROLE, Shown
from ftgui.gui.sessions.picture_images import make_thumbnail
from ftgui.gui.sessions.thumbnails import Thumbnails
from ftgui.gui.widgets.grid_geometry import CELL, EDGE, GridGeometry, thumbnail_rect
from ftgui.gui.widgets.thumbnail_delegate import ThumbnailDelegate
from ftgui.gui.widgets.thumbnail_grid import ThumbnailGrid
from tests.gui.driving import PATIENCE

ROOT = Path("/photos")
Key, Button, Modifier = Qt.Key, Qt.MouseButton, Qt.KeyboardModifier
RED = QColor("#c01010")


class Studio:
    """Makes red thumbnails of ``EDGE`` pixels when its gate is open, and notes of what."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.made: list[str] = []
        self.begun = threading.Semaphore(0)

    def make(self, file: str, edge: int) -> QImage:
        self.begun.release()
        self.gate.wait(PATIENCE / 1000)
        self.made.append(file)
        if "broken" in file:
            return QImage()
        image = QImage(edge, edge, QImage.Format.Format_RGB32)
        image.fill(RED)
        return image


MakeGrid = Callable[..., ThumbnailGrid]


@pytest.fixture
def studio() -> Studio:
    return Studio()


@pytest.fixture
def make_grid(qtbot: QtBot, qapp: QApplication, studio: Studio) -> Iterator[MakeGrid]:
    """Make a grid of pictures, five columns wide and four lines high; it ends with the test."""
    theme.apply_theme(qapp, theme.LIGHT)
    grids: list[tuple[ThumbnailGrid, Thumbnails]] = []

    def make(count: int = 100, *, is_open: bool = True, budget: int = 2**26) -> ThumbnailGrid:
        if is_open:
            studio.gate.set()
        thumbnails = Thumbnails(make=studio.make, budget=budget)
        grid = ThumbnailGrid(thumbnails)
        qtbot.addWidget(grid)
        grids.append((grid, thumbnails))
        grid.pictures.set_pictures(ROOT, [Shown(f"ants/{n}.jpg", "ants", "train") for n in range(count)])
        grid.resize(5 * (CELL.width() + 8) + 20, 4 * GridGeometry.fit(0, 0).down)
        with qtbot.waitActive(grid, timeout=PATIENCE):
            grid.show()
            grid.activateWindow()
        grid.setFocus()
        return grid

    yield make
    studio.gate.set()
    for grid, _ in grids:
        grid.shutdown()


def place(grid: ThumbnailGrid, row: int) -> QPoint:
    """Return where the middle of a row's picture is in the viewport."""
    return thumbnail_rect(grid.visualRect(grid.pictures.index(row))).center()


def click(qtbot: QtBot, grid: ThumbnailGrid, row: int, keys: Modifier = Modifier.NoModifier) -> None:
    qtbot.mouseClick(grid.viewport(), Button.LeftButton, keys, place(grid, row))


def colour(grid: ThumbnailGrid, row: int, shift: QPoint = QPoint(0, 0)) -> QColor:  # noqa: B008
    return grid.viewport().grab().toImage().pixelColor(place(grid, row) + shift)


def columns(grid: ThumbnailGrid) -> int:
    tops = [grid.visualRect(grid.pictures.index(row)).top() for row in range(grid.pictures.rowCount())]
    return tops.count(tops[0])


# Where cells are ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [50, 104, 300, 550, 1203])
def test_cells_lie_within_the_width_and_apart(width: int) -> None:
    grid = GridGeometry.fit(23, width)
    cells = [grid.cell(number) for number in range(23)]
    assert all(not one.intersects(other) for one in cells for other in cells if one is not other)
    assert max(cell.right() for cell in cells) < max(width, CELL.width())
    assert grid.height == cells[-1].bottom() + 1


def test_a_point_finds_its_cell_and_one_between_cells_the_nearest_alone() -> None:
    grid = GridGeometry.fit(23, 550)
    assert all(grid.at(grid.cell(number).center()) == number for number in range(23))
    between = grid.cell(6).topRight() + QPoint(2, 5)
    assert (grid.at(between), grid.nearest(between)) == (None, 6)
    assert (grid.at(QPoint(5, 9999)), grid.nearest(QPoint(5, 9999))) == (None, 22)
    assert (grid.at(QPoint(9999, 5)), grid.nearest(QPoint(9999, 5))) == (None, grid.columns - 1)
    assert GridGeometry.fit(0, 550).nearest(QPoint(5, 5)) is None


def test_the_cells_of_some_lines_are_all_those_that_touch_them() -> None:
    grid = GridGeometry.fit(23, 550)
    for top, bottom in ((0, 10), (100, 300), (grid.down, 2 * grid.down - 1), (-50, -1), (9000, 9999)):
        touching = [n for n in range(23) if top <= grid.cell(n).bottom() and bottom >= grid.cell(n).top()]
        assert set(touching) <= set(grid.between(top, bottom))
        assert len(grid.between(top, bottom)) <= len(touching) + grid.columns


# Keyboard and mouse ---------------------------------------------------------------------------------------


def test_arrows_move_by_one_and_by_a_line_and_stop_at_the_ends(qtbot: QtBot, make_grid: MakeGrid) -> None:
    grid = make_grid(12)
    across = columns(grid)
    assert across == 5
    grid.select_row(0)
    seen = []
    for key in (Key.Key_Left, Key.Key_Up, Key.Key_Right, Key.Key_Down, Key.Key_Down, Key.Key_Down):
        qtbot.keyClick(grid, key)
        seen.append(grid.current_row())
    assert seen == [0, 0, 1, 6, 11, 11]
    qtbot.keyClick(grid, Key.Key_Up)
    assert (grid.current_row(), grid.selected_rows()) == (6, [6])


def test_home_end_and_pages_go_far_and_bring_what_is_current_into_view(
    qtbot: QtBot, make_grid: MakeGrid
) -> None:
    grid = make_grid(1000)
    grid.select_row(3)
    seen = []
    for key in (Key.Key_PageDown, Key.Key_PageDown, Key.Key_PageUp, Key.Key_End, Key.Key_Home):
        qtbot.keyClick(grid, key)
        seen.append(grid.current_row())
        shown = grid.visualRect(grid.currentIndex())
        assert grid.viewport().rect().contains(shown), f"{grid.current_row()} is out of sight"
    assert seen == [3 + 4 * 5, 3 + 8 * 5, 3 + 4 * 5, 999, 0]


def test_letters_do_not_search(qtbot: QtBot, make_grid: MakeGrid) -> None:
    grid = make_grid()
    grid.select_row(0)
    qtbot.keyClicks(grid, "42")
    assert grid.current_row() == 0


def test_shift_selects_in_reading_order_and_ctrl_one_by_one(qtbot: QtBot, make_grid: MakeGrid) -> None:
    grid = make_grid()
    click(qtbot, grid, 3)
    click(qtbot, grid, 11, Modifier.ShiftModifier)
    assert grid.selected_rows() == list(range(3, 12))
    click(qtbot, grid, 1, Modifier.ShiftModifier)
    assert grid.selected_rows() == [1, 2, 3]
    click(qtbot, grid, 14, Modifier.ControlModifier)
    click(qtbot, grid, 2, Modifier.ControlModifier)
    assert grid.selected_rows() == [1, 3, 14]
    click(qtbot, grid, 7)
    assert grid.selected_rows() == [7]
    qtbot.keyClick(grid, Key.Key_Down, Modifier.ShiftModifier)
    assert grid.selected_rows() == list(range(7, 13))


def test_a_click_beside_all_pictures_selects_none(qtbot: QtBot, make_grid: MakeGrid) -> None:
    grid = make_grid(7)
    click(qtbot, grid, 3)
    beside = grid.visualRect(grid.pictures.index(6)).center() + QPoint(CELL.width() + 8, 0)
    qtbot.mouseClick(grid.viewport(), Button.LeftButton, pos=beside)
    assert grid.selected_rows() == []


def test_ctrl_a_selects_all_and_tells_once(qtbot: QtBot, make_grid: MakeGrid) -> None:
    grid = make_grid(30)
    told: list[int] = []
    grid.selection_changed.connect(lambda: told.append(len(grid.selected_rows())))
    qtbot.keyClick(grid, Key.Key_A, Modifier.ControlModifier)
    assert (told, grid.selected_rows()) == ([30], list(range(30)))


def test_other_pictures_begin_at_the_top_with_none_selected(qtbot: QtBot, make_grid: MakeGrid) -> None:
    grid = make_grid(1000)
    grid.select_row(999)
    with qtbot.waitSignal(grid.selection_changed):
        grid.pictures.set_pictures(ROOT, [Shown("a.jpg"), Shown("b.jpg")])
    assert (grid.selected_rows(), grid.current_row()) == ([], -1)
    assert grid.verticalScrollBar().value() == 0
    qtbot.keyClick(grid, Key.Key_Right)
    assert grid.current_row() in (0, 1)


@pytest.mark.parametrize("key", [Key.Key_Return, Key.Key_Enter])
def test_enter_opens_the_current_picture(qtbot: QtBot, make_grid: MakeGrid, key: Qt.Key) -> None:
    grid = make_grid()
    grid.select_row(8)
    with qtbot.waitSignal(grid.opened) as opened:
        qtbot.keyClick(grid, key)
    assert opened.args == [8]


def test_a_double_click_opens_a_picture_and_none_beside(qtbot: QtBot, make_grid: MakeGrid) -> None:
    grid = make_grid(7)
    opened: list[int] = []
    grid.opened.connect(opened.append)
    for row, shift in ((6, QPoint(0, 0)), (6, QPoint(CELL.width() + 8, 0))):
        click(qtbot, grid, row)
        qtbot.mouseDClick(grid.viewport(), Button.LeftButton, pos=place(grid, row) + shift)
    assert opened == [6]


def test_a_menu_is_asked_for_with_its_row(qtbot: QtBot, make_grid: MakeGrid) -> None:
    grid = make_grid(7)
    asked: list[int] = []
    grid.context_menu_requested.connect(lambda row, _where: asked.append(row))
    grid.select_row(2)
    mouse, keyboard = QContextMenuEvent.Reason.Mouse, QContextMenuEvent.Reason.Keyboard
    aside = QPoint(CELL.width() + 8, 0)
    for reason, where in ((mouse, place(grid, 4)), (mouse, place(grid, 6) + aside), (keyboard, QPoint())):
        event = QContextMenuEvent(reason, where, grid.viewport().mapToGlobal(where))
        QApplication.sendEvent(grid.viewport(), event)
    assert asked == [4, -1, 2]


# Layout ---------------------------------------------------------------------------------------------------


def test_another_width_keeps_the_selection_and_what_is_at_the_top(make_grid: MakeGrid) -> None:
    grid = make_grid(1000)
    grid.select_row(503)
    grid.scrollTo(grid.pictures.index(500), ThumbnailGrid.ScrollHint.PositionAtTop)
    grid.resize(grid.width() - 2 * CELL.width(), grid.height())
    assert grid.visualRect(grid.pictures.index(500)).intersects(grid.viewport().rect())
    assert grid.selected_rows() == [503]


def test_a_notch_of_the_wheel_is_a_line(make_grid: MakeGrid) -> None:
    grid = make_grid(1000)
    down = grid.visualRect(grid.pictures.index(5)).top() - grid.visualRect(grid.pictures.index(0)).top()
    assert abs(3 * grid.verticalScrollBar().singleStep() - down) <= 3
    assert grid.verticalScrollBar().maximum() == 200 * down - 6 - grid.viewport().height()


# Thumbnails -----------------------------------------------------------------------------------------------


def test_a_plain_field_holds_the_place_of_a_thumbnail_until_it_comes(
    qtbot: QtBot, make_grid: MakeGrid, studio: Studio
) -> None:
    grid = make_grid(20, is_open=False)
    assert colour(grid, 7) == QColor(theme.LIGHT.chip)
    studio.gate.set()
    qtbot.waitUntil(lambda: colour(grid, 7) == RED, timeout=PATIENCE)


def test_only_the_cell_is_painted_whose_thumbnail_came(
    qtbot: QtBot, make_grid: MakeGrid, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = make_grid(20)
    qtbot.waitUntil(lambda: colour(grid, 19) == RED, timeout=PATIENCE)
    painted: list[str] = []
    paint = ThumbnailDelegate.paint_cell

    def paint_cell(self: ThumbnailDelegate, *given: Any) -> None:
        painted.append(given[2].name)
        paint(self, *given)

    monkeypatch.setattr(ThumbnailDelegate, "paint_cell", paint_cell)
    grid.pictures.change(7, Shown("ants/new.jpg"))
    qtbot.waitUntil(lambda: painted.count("new.jpg") == 2, timeout=PATIENCE)  # the field, and the picture
    assert set(painted) == {"new.jpg"}


def test_a_broken_picture_shows_a_sign_and_says_nothing(
    qtbot: QtBot, make_grid: MakeGrid, studio: Studio
) -> None:
    grid = make_grid(3)
    grid.pictures.set_pictures(ROOT, [Shown("broken.jpg"), Shown("whole.jpg")])
    qtbot.waitUntil(lambda: colour(grid, 1) == RED, timeout=PATIENCE)
    image = grid.viewport().grab(thumbnail_rect(grid.visualRect(grid.pictures.index(0)))).toImage()
    colours = {image.pixelColor(x, EDGE // 2).name() for x in range(EDGE)}
    assert {theme.LIGHT.chip, theme.LIGHT.muted} <= colours


def test_what_was_scrolled_past_is_never_made_and_what_is_seen_comes_first(
    qtbot: QtBot, make_grid: MakeGrid, studio: Studio
) -> None:
    grid = make_grid(10_000, is_open=False)
    assert studio.begun.acquire(timeout=PATIENCE / 1000)
    bar = grid.verticalScrollBar()
    for part in (4, 2, 1):
        bar.setValue(bar.maximum() // part)
        grid.viewport().repaint()
    studio.gate.set()
    qtbot.waitUntil(lambda: colour(grid, 9_999) == RED, timeout=PATIENCE)
    rows = [int(Path(file).stem) for file in studio.made]
    late = [row for row in rows if row >= 9_900]
    assert len(rows) - len(late) <= 8, f"made of what was scrolled past: {rows}"
    first_seen = grid.indexAt(QPoint(20, 20)).row()
    assert set(range(first_seen, 10_000)) <= set(late[:25]), f"made in this order: {late}"


def test_no_more_is_kept_than_there_is_room_for(qtbot: QtBot, studio: Studio) -> None:
    studio.gate.set()
    thumbnails = Thumbnails(make=studio.make, budget=5 * 10 * 10 * 4)
    wanted = [(f"{number}.jpg", 10) for number in range(20)]
    thumbnails.want(wanted)
    qtbot.waitUntil(lambda: thumbnails.get(wanted[-1]) is not None, timeout=PATIENCE)
    there = [request for request in wanted if thumbnails.get(request) is not None]
    assert there == wanted[-5:]
    assert thumbnails.get(wanted[15]) is not None  # looked at last: the next to go is another
    thumbnails.want([("new.jpg", 10)])
    qtbot.waitUntil(lambda: thumbnails.get(("new.jpg", 10)) is not None, timeout=PATIENCE)
    assert thumbnails.get(wanted[15]) is not None
    assert thumbnails.get(wanted[16]) is None
    thumbnails.shutdown()


def test_files_are_read_again_after_a_reload(qtbot: QtBot, make_grid: MakeGrid, studio: Studio) -> None:
    grid = make_grid(3)
    qtbot.waitUntil(lambda: colour(grid, 2) == RED, timeout=PATIENCE)
    before = len(studio.made)
    grid.reload()
    qtbot.waitUntil(lambda: len(studio.made) == 2 * before and colour(grid, 2) == RED, timeout=PATIENCE)


def test_what_was_begun_before_a_reload_is_not_shown_after_it(qtbot: QtBot, studio: Studio) -> None:
    thumbnails = Thumbnails(make=studio.make)
    thumbnails.want([("old.jpg", 10)])
    assert studio.begun.acquire(timeout=PATIENCE / 1000)
    thumbnails.forget()
    thumbnails.want([("new.jpg", 10)])
    with qtbot.waitSignal(thumbnails.arrived, timeout=PATIENCE) as arrived:
        studio.gate.set()
    assert arrived.args == [[("new.jpg", 10)]]
    assert thumbnails.get(("old.jpg", 10)) is None
    thumbnails.shutdown()


def test_shutting_down_ends_the_threads_with_much_still_wanted(qtbot: QtBot, studio: Studio) -> None:
    thumbnails = Thumbnails(make=studio.make)
    thumbnails.want([(f"{number}.jpg", 10) for number in range(500)])
    assert studio.begun.acquire(timeout=PATIENCE / 1000)
    studio.gate.set()
    thumbnails.shutdown()
    assert not [thread for thread in threading.enumerate() if thread.name == "thumbnails"]
    assert len(studio.made) < 400


def test_thumbnails_are_upright_squares_with_round_corners(tmp_path: Path) -> None:
    image = Image.new("RGB", (400, 200), "blue")
    image.paste("red", (0, 0, 200, 200))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise: red comes to the top
    image.save(tmp_path / "a.jpg", exif=exif)
    thumbnail = make_thumbnail(str(tmp_path / "a.jpg"), 96)
    assert (thumbnail.width(), thumbnail.height()) == (96, 96)
    assert thumbnail.pixelColor(48, 10).red() > 200
    assert thumbnail.pixelColor(48, 85).blue() > 200
    assert [thumbnail.pixelColor(x, y).alpha() for x, y in ((0, 0), (95, 95), (48, 0))] == [0, 0, 255]


def test_a_file_that_is_no_picture_makes_a_null_thumbnail_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8 nothing more")
    assert make_thumbnail(str(tmp_path / "a.jpg"), 96).isNull()
    assert make_thumbnail(str(tmp_path / "none.jpg"), 96).isNull()


# Marks and words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokens", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_marks_have_the_colours_of_their_meaning(
    qtbot: QtBot, qapp: QApplication, make_grid: MakeGrid, tokens: theme.Tokens
) -> None:
    grid = make_grid(3)
    marks = {"problem": tokens.slow, "excluded": tokens.muted, "info": tokens.accent, "": RED.name()}
    grid.pictures.set_pictures(ROOT, [Shown(f"{mark}.jpg", mark=mark) for mark in marks])
    theme.apply_theme(qapp, tokens)
    qtbot.waitUntil(lambda: colour(grid, 0) == RED, timeout=PATIENCE)
    corner = QPoint(EDGE // 2 - 12, -EDGE // 2 + 18)  # on the dot, below its sign
    for row, expected in enumerate(marks.values()):
        assert colour(grid, row, corner).name() == expected.lower(), list(marks)[row]
    theme.apply_theme(qapp, theme.LIGHT)


def test_what_is_left_out_is_faded_and_struck_out(qtbot: QtBot, make_grid: MakeGrid) -> None:
    grid = make_grid(2)
    qtbot.waitUntil(lambda: colour(grid, 1) == RED, timeout=PATIENCE)
    grid.pictures.change(0, Shown("ants/0.jpg", "ants", "train", "excluded"))
    qtbot.waitUntil(lambda: colour(grid, 0).lightness() > 180, timeout=PATIENCE)
    assert colour(grid, 1) == RED


def test_a_selected_picture_has_a_ring_in_the_accent(qtbot: QtBot, make_grid: MakeGrid) -> None:
    grid = make_grid(3)
    ring = QPoint(0, -EDGE // 2 - 2)
    assert colour(grid, 1, ring) != QColor(theme.LIGHT.accent)
    click(qtbot, grid, 1)
    assert colour(grid, 1, ring) == QColor(theme.LIGHT.accent)
    assert colour(grid, 2, ring) != QColor(theme.LIGHT.accent)


def test_a_screen_reader_is_told_what_is_marked(make_grid: MakeGrid) -> None:
    grid = make_grid(1)
    pictures = [Shown("x/a.jpg", "ants", "val", "problem"), Shown("b.jpg")]
    grid.pictures.set_pictures(ROOT, pictures)
    spoken = [grid.pictures.index(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(2)]
    assert spoken == ["a.jpg, ants, validation, has a problem", "b.jpg"]
    interface = QAccessible.queryAccessibleInterface(grid)
    assert interface.role() == QAccessible.Role.List
    assert interface.child(0).text(QAccessible.Text.Name) == spoken[0]
    assert (grid.objectName(), grid.accessibleName()) == ("thumbnail_grid", "Pictures")


def test_rows_know_their_files(make_grid: MakeGrid) -> None:
    grid = make_grid(3)
    assert Path(grid.pictures.index(2).data(FILE_ROLE)) == ROOT / "ants" / "2.jpg"
    assert grid.pictures.index(2).data() == "2.jpg"
