"""The stage map draws what it is told, and its ice line is moved by mouse, keys and screen readers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QHelpEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from ftgui.gui import theme
from ftgui.gui.widgets.stage_bar import Segment, StageState, stage_colour
from ftgui.gui.widgets.stage_map import StageMap
from ftgui.gui.widgets.stage_row import StageRow

FROZEN: StageState = "frozen"
LEARNING: StageState = "learning"


class Follower:
    """Shows on a map what dragging its line would mean, as a page does, and notes what it is told."""

    def __init__(self, stage_map: StageMap) -> None:
        self.map = stage_map
        self.count = len(stage_map.rows())
        self.moved: list[int] = []
        self.dragged: list[int] = []
        self.cancelled = 0
        stage_map.line_dragged.connect(self.on_dragged)
        stage_map.line_moved.connect(self.on_moved)
        stage_map.drag_cancelled.connect(self.on_cancelled)

    def on_dragged(self, line: int) -> None:
        self.dragged.append(line)
        self.map.set_rows(rows(line, self.count))

    def on_moved(self, line: int) -> None:
        self.moved.append(line)
        self.map.set_rows(rows(line, self.count))

    def on_cancelled(self) -> None:
        self.cancelled += 1


def rows(line: int, count: int = 6) -> tuple[StageRow, ...]:
    """Return stages of which ``line`` are frozen."""
    return tuple(
        StageRow(Segment(f"s{i}", 1.0 + i, FROZEN if i < line else LEARNING, f"tip {i}"), "1 k", "× 1")
        for i in range(count)
    )


@pytest.fixture
def stage_map(qtbot: QtBot) -> StageMap:
    made = StageMap(object_name="stage_map", accessible_name="Stage map")
    qtbot.addWidget(made)
    show_rows(made, rows(3))
    qtbot.waitUntil(made.isActiveWindow)
    return made


def show_rows(stage_map: StageMap, shown: tuple[StageRow, ...]) -> None:
    stage_map.set_rows(shown)
    stage_map.resize(346, stage_map.sizeHint().height())
    stage_map.show()
    stage_map.activateWindow()


def grip(stage_map: StageMap) -> QPoint:
    return stage_map.line_rect().center().toPoint()


def drag(qtbot: QtBot, stage_map: StageMap, *heights: float, let_go: bool = True) -> None:
    """Take the line and carry it over these heights, in the map's own pixels."""
    qtbot.mousePress(stage_map, Qt.MouseButton.LeftButton, pos=grip(stage_map))
    for height in heights:
        qtbot.mouseMove(stage_map, QPoint(100, int(height)))
    if let_go:
        qtbot.mouseRelease(stage_map, Qt.MouseButton.LeftButton, pos=QPoint(100, int(heights[-1])))


def test_the_line_goes_where_it_is_dragged_and_is_told_once_when_let_go(
    qtbot: QtBot, stage_map: StageMap
) -> None:
    follower = Follower(stage_map)
    above = stage_map.row_rects()[1].center().y()
    drag(qtbot, stage_map, above + 24, above)
    assert follower.dragged == [2, 1]
    assert follower.moved == [1]
    assert stage_map.ice_line() == 1


@pytest.mark.parametrize(("height", "line"), [(-500.0, 1), (2000.0, 5)])
def test_at_least_one_stage_is_frozen_and_the_head_never(
    qtbot: QtBot, stage_map: StageMap, height: float, line: int
) -> None:
    follower = Follower(stage_map)
    drag(qtbot, stage_map, height)
    assert follower.moved == [line]


def test_each_stage_can_be_the_last_frozen_one(qtbot: QtBot, stage_map: StageMap) -> None:
    follower = Follower(stage_map)
    for line in (1, 2, 4, 5, 3):
        stage = stage_map.row_rects()[line - 1]
        # Below the stage, where the stages stand once the line has left the place it is taken from.
        drag(qtbot, stage_map, stage.bottom() + 1 if line <= stage_map.ice_line() else stage.bottom() - 1)
    assert follower.moved == [1, 2, 4, 5, 3]


def test_a_line_let_go_where_it_was_taken_has_not_moved(qtbot: QtBot, stage_map: StageMap) -> None:
    follower = Follower(stage_map)
    place = grip(stage_map).y()
    drag(qtbot, stage_map, 0, place)
    assert follower.dragged == [1, 3]
    assert (follower.moved, follower.cancelled) == ([], 1)


def test_escape_gives_a_drag_up(qtbot: QtBot, stage_map: StageMap) -> None:
    follower = Follower(stage_map)
    drag(qtbot, stage_map, 0, let_go=False)
    qtbot.keyClick(stage_map, Qt.Key.Key_Escape)
    assert follower.cancelled == 1
    qtbot.mouseMove(stage_map, QPoint(100, 500))
    qtbot.mouseRelease(stage_map, Qt.MouseButton.LeftButton, pos=QPoint(100, 500))
    assert (follower.dragged, follower.moved) == ([1], [])


def test_only_the_line_is_dragged_and_only_by_the_left_button(qtbot: QtBot, stage_map: StageMap) -> None:
    follower = Follower(stage_map)
    row, far = stage_map.row_rects()[0].center().toPoint(), QPoint(100, 500)
    for button, place in ((Qt.MouseButton.LeftButton, row), (Qt.MouseButton.RightButton, grip(stage_map))):
        qtbot.mousePress(stage_map, button, pos=place)
        qtbot.mouseMove(stage_map, far)
        qtbot.mouseRelease(stage_map, button, pos=far)
    assert (follower.dragged, follower.moved) == ([], [])


def test_keys_move_the_line_by_one_and_to_its_ends(qtbot: QtBot, stage_map: StageMap) -> None:
    follower = Follower(stage_map)
    stage_map.setFocus()
    key = Qt.Key
    for pressed in (
        key.Key_Up,
        key.Key_Down,
        key.Key_Down,
        key.Key_End,
        key.Key_Down,
        key.Key_Home,
        key.Key_Up,
    ):
        qtbot.keyClick(stage_map, pressed)
    assert follower.moved == [2, 3, 4, 5, 1]


def test_from_the_top_the_line_goes_down_only(qtbot: QtBot, stage_map: StageMap) -> None:
    show_rows(stage_map, rows(0))
    follower = Follower(stage_map)
    qtbot.keyClick(stage_map, Qt.Key.Key_Up)
    assert follower.moved == []
    qtbot.keyClick(stage_map, Qt.Key.Key_Down)
    assert follower.moved == [1]


def test_the_wheel_is_left_to_the_page(stage_map: StageMap) -> None:
    follower = Follower(stage_map)
    place = QPointF(stage_map.rect().center())
    turn = QWheelEvent(
        place,
        stage_map.mapToGlobal(place),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    stage_map.setFocus()
    QApplication.sendEvent(stage_map, turn)
    assert not turn.isAccepted()
    assert follower.moved == []


def test_the_pointer_says_where_the_line_can_be_taken(qtbot: QtBot, stage_map: StageMap) -> None:
    shapes = []
    for place in (grip(stage_map), stage_map.row_rects()[1].center().toPoint()):
        qtbot.mouseMove(stage_map, place)
        shapes.append(stage_map.cursor().shape())
    assert shapes == [Qt.CursorShape.SplitVCursor, Qt.CursorShape.ArrowCursor]


def test_the_map_is_a_slider_to_screen_readers_and_says_all_it_shows(stage_map: StageMap) -> None:
    follower = Follower(stage_map)
    seen = QAccessible.queryAccessibleInterface(stage_map)
    assert seen.role() == QAccessible.Role.Slider
    assert seen.text(QAccessible.Text.Name) == "Stage map"
    said = seen.text(QAccessible.Text.Description)
    assert said.startswith("3 of 6 stages stay frozen.")
    assert "s2: frozen, 1 k, s3: learning, 1 k" in said
    assert seen.valueInterface().currentValue() == 3
    seen.valueInterface().setCurrentValue(4)
    assert follower.moved == [4]


def test_the_map_tells_of_what_is_pointed_at(
    qtbot: QtBot, stage_map: StageMap, expected_log: Callable[..., None]
) -> None:
    expected_log("does not support raise", logger="qt")  # the offscreen platform, of the tool tip
    told = []
    for place in (stage_map.row_rects()[4].center().toPoint(), grip(stage_map)):
        QApplication.sendEvent(
            stage_map, QHelpEvent(QEvent.Type.ToolTip, place, stage_map.mapToGlobal(place))
        )
        told.append(QToolTip.text())
    assert told[0] == "tip 4"
    assert "Drag it" in told[1]
    QToolTip.hideText()
    qtbot.waitUntil(lambda: not QToolTip.isVisible())


def test_each_stage_has_a_block_in_the_colour_of_its_state(
    qtbot: QtBot, stage_map: StageMap, qapp: QApplication
) -> None:
    states: tuple[StageState, ...] = ("frozen", "slow", "learning", "unknown")
    show_rows(stage_map, tuple(StageRow(Segment(s, 1.0, s), "", "") for s in states))
    for tokens in (theme.DARK, theme.LIGHT):
        theme.apply_theme(qapp, tokens)
        image = stage_map.grab().toImage()
        painted = [image.pixelColor(18, int(rect.center().y())) for rect in stage_map.row_rects()]
        assert painted == [stage_colour(state) for state in states]


def test_the_bar_of_a_cost_is_as_long_as_its_share(qtbot: QtBot, stage_map: StageMap) -> None:
    """The longest takes all the room; half the cost is half as long."""
    shown = tuple(StageRow(Segment("s", weight, LEARNING), "", "× 1") for weight in (0.6, 0.3, 0.0))
    show_rows(stage_map, shown)
    image, ink = stage_map.grab().toImage(), theme.current().line_strong
    lengths = []
    for rect in stage_map.row_rects():
        row = (image.pixelColor(x, int(rect.center().y())).name() for x in range(stage_map.width()))
        lengths.append(sum(colour == ink for colour in row))
    assert lengths[0] == pytest.approx(40, abs=2)
    assert lengths[1] == pytest.approx(20, abs=2)
    assert lengths[2] <= 2


def test_nothing_can_be_moved_before_a_network_is_known(qtbot: QtBot, stage_map: StageMap) -> None:
    tall = stage_map.sizeHint().height()
    show_rows(stage_map, ())
    follower = Follower(stage_map)
    qtbot.mouseClick(stage_map, Qt.MouseButton.LeftButton, pos=QPoint(100, 20))
    qtbot.keyClick(stage_map, Qt.Key.Key_Down)
    assert (follower.moved, follower.dragged) == ([], [])
    assert stage_map.focusPolicy() == Qt.FocusPolicy.NoFocus
    assert stage_map.sizeHint().height() < tall
    assert stage_map.accessibleDescription() == "Choose a weights file to see its network's stages."
