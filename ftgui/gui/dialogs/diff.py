"""Two runs held against each other: what was set differently, what came out, where they disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, Slot
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLayout,
    QScrollArea,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ftgui.core.errors import FtguiError
from ftgui.gui.dialogs.picture import PictureDialog
from ftgui.gui.dialogs.picture_facts import PictureInfo
from ftgui.gui.item_models.diff_model import FIGURE_COLUMNS, SETTING_COLUMNS, Column, LinesModel, answer_lines
from ftgui.gui.sessions.diffing import DiffSession
from ftgui.gui.widgets.buttons import Button, Segments
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.disagreement_list import DisagreementList
from ftgui.gui.widgets.message_bar import MessageBar
from ftgui.gui.widgets.tables import ROW_HEIGHT, style_table
from ftgui.gui.widgets.text import Chip, ElidedText, Text
from ftgui.gui.words import counted, strategy_words
from ftgui.runs.history import RunHistory

if TYPE_CHECKING:
    from ftgui.runs.diff import RunDiff
    from ftgui.runs.diff_answers import Disagreement

SIZE, LEAST_SIZE = QSize(960, 680), QSize(800, 500)
TITLE_WIDTH = 200
"""Of a table's first column."""


class DiffDialog(QDialog):
    """Compares two runs beside the window, from their folders. It goes when it or the window is closed."""

    def __init__(self, first: RunHistory, second: RunHistory, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("diff_dialog")
        self.setModal(False)
        self.setWindowTitle(self.tr("{first} and {second}").format(first=first.name, second=second.name))
        self._runs = first, second
        self._diff: RunDiff | None = None
        self._session = DiffSession(self)
        self._picture: PictureDialog | None = None
        self._message = MessageBar(object_name="diff_message")
        self._waiting = Text(self.tr("Reading what both runs wrote …"), "muted", object_name="diff_waiting")
        self._settings_words = Text("", "strong", wrap=True, object_name="diff_settings_words")
        self._verdict = Text("", "strong", wrap=True, selectable=True, object_name="diff_verdict")
        self._remarks = Text("", "muted", wrap=True, object_name="diff_remarks")
        self._settings, self._settings_table = self._table(
            SETTING_COLUMNS, "diff_settings", self.tr("What was set differently")
        )
        self._figures, self._figures_table = self._table(
            FIGURE_COLUMNS, "diff_figures", self.tr("What came out")
        )
        self.list = DisagreementList()
        self._count = Text("", "muted", wrap=True, object_name="diff_count")
        self._pictures_card = Card(self.tr("Pictures they disagree on"))
        self._scroll, self._page_widget = QScrollArea(), QWidget()
        self._close_button = Button(self.tr("Close"), kind="large", object_name="diff_close")
        self._lay_out()
        self._connect()
        self._session.start(first, second)

    def done(self, result: int) -> None:
        """Close, however, and end what is being read."""
        self._session.shutdown()
        self.list.shutdown()
        if self._picture is not None:
            self._picture.close()
            self._picture.shutdown()
        super().done(result)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Go with the window that it belongs to, which would leave its threads behind."""
        gone = event.type() == QEvent.Type.Hide and not event.spontaneous()
        if watched is self.parentWidget() and (gone or event.type() == QEvent.Type.DeferredDelete):
            self.reject()
        return super().eventFilter(watched, event)

    # Making -----------------------------------------------------------------------------------------------

    def _table(self, columns: tuple[Column, ...], name: str, title: str) -> tuple[LinesModel, QTableView]:
        model, table = LinesModel(columns, self), QTableView()
        style_table(table, object_name=name, accessible_name=title)
        table.setModel(model)
        table.setSelectionMode(QTableView.SelectionMode.NoSelection)
        table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # as tall as its rows
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        table.setColumnWidth(0, TITLE_WIDTH)
        return model, table

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(18, 16, 18, 16)
        outer.setSpacing(12)
        outer.addLayout(self._legend())
        outer.addWidget(self._message)
        outer.addWidget(self._waiting)
        outer.addWidget(self._page(), 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self._close_button)
        outer.addLayout(foot)
        self.setMinimumSize(LEAST_SIZE)
        self.resize(SIZE)

    def _legend(self) -> QLayout:
        """Say which run is which: in the tables and beside the pictures there is room for a letter."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(2, 1)
        for line, (letter, run) in enumerate(zip("AB", self._runs, strict=True)):
            words = strategy_words(run.started.config) if run.started else ""
            name = ElidedText(run.name, "strong", object_name=f"diff_name_{letter.lower()}")
            grid.addWidget(Chip(letter, object_name=f"diff_letter_{letter.lower()}"), line, 0)
            grid.addWidget(name, line, 1)
            grid.addWidget(ElidedText(words, "muted"), line, 2)
        return grid

    def _page(self) -> QScrollArea:
        page = self._page_widget
        page.setProperty("role", "page")
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(10)
        settings, figures = Card(self.tr("What was set differently")), Card(self.tr("What came out"))
        for card, parts in (
            (settings, (self._settings_words, self._settings_table)),
            (figures, (self._verdict, self._remarks, self._figures_table)),
            (self._pictures_card, (self._count, self.list)),
        ):
            for part in parts:
                card.add(part)
            column.addWidget(card)
        column.addStretch(1)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Always there: where it came and went with the height of what is shown, it would change that.
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(page)
        self._scroll.hide()
        return self._scroll

    def _connect(self) -> None:
        self._session.done.connect(self._show_diff)
        self._session.failed.connect(self._on_failed)
        self.list.opened.connect(self._open)
        self.list.moved.connect(self._on_moved)
        self._close_button.clicked.connect(self.reject)
        self.finished.connect(self.deleteLater)
        if (parent := self.parentWidget()) is not None:
            parent.installEventFilter(self)

    # What is shown ----------------------------------------------------------------------------------------

    @Slot(object)
    def _show_diff(self, diff: RunDiff) -> None:
        self._diff = diff
        self._settings_words.setText(diff.settings_words)
        self._verdict.setText(diff.verdict.words)
        self._remarks.setText(" ".join(diff.verdict.remarks))
        self._remarks.setVisible(bool(diff.verdict.remarks))
        for model, table, lines in (
            (self._settings, self._settings_table, diff.settings),
            (self._figures, self._figures_table, diff.figures),
        ):
            model.set_lines(lines)
            table.setFixedHeight(ROW_HEIGHT * len(lines) + table.horizontalHeader().sizeHint().height() + 2)
            table.setVisible(bool(lines))
        self._offer_filters(diff.verdict.disagreements)
        self._show_pictures("all")
        self._waiting.hide()
        self._scroll.show()

    def _offer_filters(self, rows: tuple[Disagreement, ...]) -> None:
        """Offer those that one run alone got right, with how many there are."""
        if not rows:
            return
        counts = [sum(row.only_right == one for row in rows) for one in ("first", "second")]
        options = (
            ("all", self.tr("All {n}").format(n=f"{len(rows):,}")),
            ("first", self.tr("Only A is right {n}").format(n=f"{counts[0]:,}")),
            ("second", self.tr("Only B is right {n}").format(n=f"{counts[1]:,}")),
        )
        filters = Segments(
            options, object_name="diff_filter", accessible_name=self.tr("Which pictures are shown")
        )
        filters.chosen.connect(self._show_pictures)
        self._pictures_card.add_corner(filters)

    @Slot(str)
    def _show_pictures(self, which: str) -> None:
        if self._diff is None:
            return
        rows = [row for row in self._diff.verdict.disagreements if which in ("all", row.only_right)]
        self.list.pictures.set_rows(self._diff.root, rows)
        self.list.setVisible(bool(rows))
        self._count.setText(self._count_words(len(rows), which))

    def _count_words(self, shown: int, which: str) -> str:
        assert self._diff is not None
        verdict = self._diff.verdict
        if verdict.p is None:
            return self.tr("There are no pictures that both were judged on.")
        if not verdict.disagreements:
            return self.tr("None: both give the same answer to each picture.")
        if which != "all" and not shown:
            return self.tr("There is no such picture.")
        if which != "all":
            return counted(shown, self.tr("picture"), self.tr("pictures"))
        return self.tr("{shown} of {all} that both were judged on").format(
            shown=f"{shown:,}", all=counted(verdict.pictures, self.tr("picture"), self.tr("pictures"))
        )

    @Slot(object)
    def _on_failed(self, error: FtguiError) -> None:
        self._waiting.hide()
        self._message.show_error(error)

    # Pictures, one large ----------------------------------------------------------------------------------

    def count(self) -> int:
        """Return how many pictures are shown."""
        return len(self.list.pictures.rows)

    def at(self, index: int) -> PictureInfo:
        """Return what is known of a picture, and what was wrong with what was said of it."""
        row = self.list.pictures.rows[index]
        wrong = zip(answer_lines(row), (row.first, row.second), strict=True)
        return PictureInfo(
            file=self.list.pictures.file(index),
            path=row.path,
            class_name=row.label,
            side=self._diff.verdict.side if self._diff is not None else "",
            findings=tuple(words for words, answer in wrong if not answer.is_right),
        )

    @Slot(int)
    def _open(self, row: int) -> None:
        if self._picture is None:
            self._picture = PictureDialog(self, self)
            self._picture.exclude_button.hide()  # what a run learned from is not changed any more
        self._picture.set_pictures(self)
        self._picture.show_picture(row)

    @Slot(QRect)
    def _on_moved(self, place: QRect) -> None:
        """Keep what the keyboard goes to in sight."""
        centre = self.list.mapTo(self._page_widget, place.center())
        self._scroll.ensureVisible(centre.x(), centre.y(), 0, place.height())
