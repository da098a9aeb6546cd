"""A user's hands and eyes: find what has a name, click it, type into it, read what it says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyqtgraph as pg
from PySide6.QtCore import QMimeData, QModelIndex, QObject, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QScrollArea,
    QTableView,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ftgui.gui.item_models.run_columns import COLUMNS
from ftgui.gui.main_window import MainWindow
from ftgui.gui.widgets.live_plot import LivePlot
from ftgui.gui.widgets.path_row import PathRow

PATIENCE = 15_000
"""Milliseconds to wait for what must come. Never waited out but where a test fails."""

Kind = TypeVar("Kind", bound=QObject)


def the(window: QWidget, kind: type[Kind], name: str) -> Kind:
    """Return the one ``kind`` of this object name."""
    found = window.findChildren(kind, name)
    assert len(found) == 1, f"{len(found)} widgets are called “{name}”"
    return found[0]


def words_of(window: QWidget, name: str) -> str:
    """Return what the label of this object name says, "" where it is hidden."""
    label = the(window, QLabel, name)
    return label.text() if label.isVisible() else ""


def says(window: QWidget, words: str, *, whole: bool = False) -> bool:
    """Whether a label that can be seen says ``words``, alone where ``whole``."""
    texts = [label.text() for label in window.findChildren(QLabel) if label.isVisible()]
    return any(words == text if whole else words in text for text in texts)


def status_of(window: QWidget, name: str) -> tuple[str, str]:
    """Return what stands below a path's edit: which kind of news, and the sentence."""
    row = the(window, QLineEdit, name).parentWidget()
    assert isinstance(row, PathRow)
    return row.status()


def bring_into_view(widget: QWidget) -> None:
    """Scroll to ``widget``."""
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QScrollArea):
            parent.ensureWidgetVisible(widget)
        parent = parent.parentWidget()


def click(qtbot: QtBot, window: QWidget, name: str) -> None:
    """Click the button of this object name, which must be there to be clicked."""
    button = the(window, QAbstractButton, name)
    bring_into_view(button)
    assert button.isVisible(), f"“{name}” cannot be seen"
    assert button.isEnabled(), f"“{name}” is disabled"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def type_path(qtbot: QtBot, window: MainWindow, name: str, path: Path | str) -> None:
    """Type a path over what stands in a path's edit, and press Enter."""
    edit = the(window, QLineEdit, name)
    edit.selectAll()
    qtbot.keyClick(edit, Qt.Key.Key_Backspace)
    qtbot.keyClicks(edit, str(path))
    qtbot.keyClick(edit, Qt.Key.Key_Return)


def type_over(qtbot: QtBot, widget: QWidget, text: str) -> None:
    """Type into a spin box or an edit, over what stands there."""
    bring_into_view(widget)
    assert widget.isVisible(), f"“{widget.objectName()}” cannot be seen"
    assert widget.isEnabled(), f"“{widget.objectName()}” is disabled"
    qtbot.keyClick(widget, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(widget, Qt.Key.Key_Backspace)
    qtbot.keyClicks(widget, text)


def choose(qtbot: QtBot, box: QComboBox, text: str) -> None:
    """Choose an entry of a combo box by going to the top and down from there, with keys."""
    assert box.isVisible(), f"“{box.objectName()}” cannot be seen"
    qtbot.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findText(text)):
        qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() == text


def wait_idle(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until no run goes on and the page shows so."""
    qtbot.waitUntil(lambda: not window.training.is_active, timeout=PATIENCE)


def answer(qtbot: QtBot, window: QWidget, name: str) -> None:
    """Click a button of the question that is asked."""
    box = the(window, QMessageBox, "close_question")
    qtbot.mouseClick(the(box, QAbstractButton, name), Qt.MouseButton.LeftButton)


# The table of runs ------------------------------------------------------------------------------------------


def runs_table(window: MainWindow) -> QTableView:
    return the(window, QTableView, "runs_table")


def column(title: str) -> int:
    return next(number for number, each in enumerate(COLUMNS) if each.title == title)


def cell(window: MainWindow, row: int, title: str) -> QModelIndex:
    """Return the index of a cell as it stands on the screen, ``row`` from the top."""
    return runs_table(window).model().index(row, column(title))


def cells(window: MainWindow, title: str) -> list[str]:
    """Return what a column says, from the top."""
    return [cell(window, row, title).data() for row in range(runs_table(window).model().rowCount())]


def click_cell(qtbot: QtBot, window: MainWindow, row: int, title: str) -> None:
    table = runs_table(window)
    place = table.visualRect(cell(window, row, title)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def click_header(qtbot: QtBot, window: MainWindow, title: str) -> None:
    """Click a column's title, which sorts by it."""
    header = runs_table(window).horizontalHeader()
    across = header.sectionViewportPosition(column(title)) + header.sectionSize(column(title)) // 2
    qtbot.mouseClick(
        header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(across, header.viewport().height() // 2)
    )


# Curves -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Curve:
    """A line as it is drawn."""

    colour: str
    solid: bool
    """Solid is validation, dotted is training."""
    points: tuple[tuple[float, float], ...]


def curves(window: MainWindow, plot: str) -> list[Curve]:
    """Return the lines with points in the plot of this object name."""
    canvas = the(window, LivePlot, plot).canvas
    found = []
    for item in canvas.getPlotItem().listDataItems():
        if isinstance(item, pg.PlotDataItem) and item.xData is not None and len(item.xData):
            xs, ys = item.getOriginalDataset()
            pen = pg.mkPen(item.opts["pen"])
            points = tuple((round(float(x), 6), round(float(y), 6)) for x, y in zip(xs, ys, strict=True))
            found.append(Curve(pen.color().name(), pen.style() == Qt.PenStyle.SolidLine, points))
    return found


def curve(window: MainWindow, plot: str, *, solid: bool) -> Curve:
    """Return the one solid or the one dotted line of a plot."""
    found = [each for each in curves(window, plot) if each.solid == solid]
    assert len(found) == 1, found
    return found[0]


# Dropping ---------------------------------------------------------------------------------------------------


def drop(target: QWidget, *paths: Path, text: bool = False) -> bool:
    """Drag files from a file manager onto ``target`` and let go; return whether they were taken.

    Qt asks the widget under the pointer first and then those around it. Many file managers hand the paths
    over as ``text`` too.
    """
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    if text:
        mime.setText("\n".join(map(str, paths)))
    centre = target.rect().center()
    copy, left, no_keys = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    enter = QDragEnterEvent(centre, copy, mime, left, no_keys)
    QApplication.sendEvent(target, enter)
    if not enter.isAccepted():
        return False
    fall = QDropEvent(QPointF(centre), copy, mime, left, no_keys)
    QApplication.sendEvent(target, fall)
    return fall.isAccepted()
