"""All pictures of a dataset in a grid: filtered, looked at, left out of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QWidget

from ftgui.data.findings import KINDS, Kind
from ftgui.gui.sessions.pictures import PicturesSession
from ftgui.gui.sessions.shown import chosen
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.inputs import CalmComboBox
from ftgui.gui.widgets.text import ElidedText
from ftgui.gui.widgets.thumbnail_grid import ThumbnailGrid
from ftgui.gui.words import counted, cut, natural

if TYPE_CHECKING:
    from ftgui.gui.item_models.pictures_model import Shown

LEFT_OUT = "left_out"
"""Stands among the kinds of findings for what the user left out."""
LONGEST_NAME = 40
WIDEST_BOX = 200


class GridCard(Card):
    """Shows the pictures that its filters let through; a session is asked to leave them out."""

    filters_changed = Signal()
    """The user chose another class, split or finding here."""
    open_requested = Signal(int)
    """The row of a picture to be seen large."""
    show_requested = Signal(str)
    """The path of a picture to be shown in the file manager."""

    def __init__(self, session: PicturesSession, parent: QWidget | None = None) -> None:
        super().__init__(object_name="pictures_card", parent=parent)
        self._session = session
        self.class_name: str | None = None
        self.side: str | None = None
        self.kind: Kind | str | None = None
        self.rows: list[Shown] = []
        """What is shown."""
        self.grid = ThumbnailGrid(parent=self)
        self._classes = _box("filter_class", self.tr("Class"))
        self._sides = _box("filter_side", self.tr("Split"))
        self._kinds = _box("filter_finding", self.tr("Finding"))
        self._count = ElidedText("", "muted", object_name="shown_count")
        self._leave_out = Button(self.tr("Leave out of training"), object_name="leave_out")
        self._use_again = Button(self.tr("Use again"), object_name="use_again")
        self._lay_out()
        session.pictures_changed.connect(self._on_pictures_changed)
        session.marked.connect(self._on_marked)
        for box in (self._classes, self._sides, self._kinds):
            box.activated.connect(self._on_box)
        self.grid.selection_changed.connect(self._show_selection)
        self.grid.opened.connect(self.open_requested)
        self.grid.context_menu_requested.connect(self._show_menu)
        self._leave_out.clicked.connect(self._on_leave_out)
        self._use_again.clicked.connect(self._on_use_again)
        self._on_pictures_changed()

    def filter(self, class_name: str | None, side: str | None, kind: Kind | str | None) -> None:
        """Show the pictures of a class, a side and a finding; None stands for all."""
        self.class_name, self.side, self.kind = class_name, side, kind
        for box, value in ((self._classes, class_name), (self._sides, side), (self._kinds, kind)):
            box.setCurrentIndex(max(0, box.findData(value)))
        self._show_rows()

    def selected_paths(self) -> list[str]:
        return [self.rows[row].path for row in self.grid.selected_rows()]

    # What is shown ----------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        filters, actions = QHBoxLayout(), QHBoxLayout()
        for row in (filters, actions):
            row.setSpacing(8)
        for box in (self._classes, self._sides, self._kinds):
            filters.addWidget(box)
        filters.addStretch()
        actions.addWidget(self._count, 1)
        for button in (self._use_again, self._leave_out):
            actions.addWidget(button)
        self.add(filters)
        self.add(self.grid, 1)
        self.add(actions)

    @Slot()
    def _on_pictures_changed(self) -> None:
        """Offer what there is to choose from, and show what is chosen as far as it still is there."""
        report = self._session.state.report
        names = sorted((entry.name for entry in report.classes), key=natural) if report else []
        sides = self._session.sides()
        _fill(self._classes, self.tr("All classes"), [(cut(name, LONGEST_NAME), name) for name in names])
        _fill(self._sides, self.tr("All splits"), [(side, side) for side in sides])
        self._sides.setVisible(len(sides) > 1)
        self.kind = self.kind if self.kind in self._session.kinds_of_pictures() else None
        self._offer_kinds()
        self.filter(
            self.class_name if self.class_name in names else None,
            self.side if self.side in sides else None,
            self.kind,
        )

    def _offer_kinds(self) -> None:
        """Offer the findings that there are of pictures now, and what is chosen."""
        found = self._session.kinds_of_pictures()
        kinds: list[tuple[str, str]] = [
            (facts.title, kind) for kind, facts in KINDS.items() if kind in found or kind == self.kind
        ]
        if self._session.state.left_out or self.kind == LEFT_OUT:
            kinds.append((self.tr("Left out by you"), LEFT_OUT))
        _fill(self._kinds, self.tr("All pictures"), kinds)
        self._kinds.setCurrentIndex(max(0, self._kinds.findData(self.kind)))

    def _show_rows(self) -> None:
        state = self._session.state
        self.rows = chosen(state.shown.rows, self.class_name, self.side, self._paths())
        self.grid.pictures.set_pictures(self._session.root, self.rows)
        self._show_selection()

    def _paths(self) -> frozenset[str] | None:
        """Return the pictures that the chosen finding is of, None for all."""
        if self.kind is None:
            return None
        return self._session.state.left_out if self.kind == LEFT_OUT else self._session.pictures_of(self.kind)

    @Slot()
    def _on_marked(self) -> None:
        """Show marks where they stand; nothing moves under the user's hand."""
        shown = self._session.state.shown
        self._offer_kinds()
        self.rows[:] = shown.marked(self.rows)
        self.grid.pictures.remark(self.rows)
        self._show_selection()

    @Slot()
    def _show_selection(self) -> None:
        """Say how many are shown and chosen, and offer what can be done with those."""
        total, shown = len(self._session.state.shown.rows), len(self.rows)
        selected = self.grid.selected_rows()
        words = counted(shown, self.tr("picture"), self.tr("pictures"))
        if shown != total:
            words = self.tr("{shown} of {total} pictures").format(shown=f"{shown:,}", total=f"{total:,}")
        if selected:
            words = self.tr("{words}, {count} selected").format(count=f"{len(selected):,}", words=words)
        self._count.setText(words)
        out = sum(self.rows[row].mark == "excluded" for row in selected)
        self._leave_out.setEnabled(out < len(selected))
        self._use_again.setVisible(out > 0)

    # What is asked for ------------------------------------------------------------------------------------

    @Slot(int)
    def _on_box(self, _index: int) -> None:
        self.filter(self._classes.currentData(), self._sides.currentData(), self._kinds.currentData())
        self.filters_changed.emit()

    @Slot()
    def _on_leave_out(self) -> None:
        self._session.leave_out(self.selected_paths(), True)

    @Slot()
    def _on_use_again(self) -> None:
        self._session.leave_out(self.selected_paths(), False)

    @Slot(int, QPoint)
    def _show_menu(self, row: int, where: QPoint) -> None:
        if row < 0:
            return
        menu = QMenu(self)
        menu.setObjectName("picture_menu")
        menu.addAction(self.tr("Look at it"), self._open_current)
        menu.addAction(self.tr("Show in the file manager"), self._show_current)
        menu.addSeparator()
        menu.addAction(self.tr("Leave out of training"), self._on_leave_out).setEnabled(
            self._leave_out.isEnabled()
        )
        menu.addAction(self.tr("Use again"), self._on_use_again).setEnabled(not self._use_again.isHidden())
        menu.popup(where)

    def _open_current(self) -> None:
        self.open_requested.emit(self.grid.current_row())

    def _show_current(self) -> None:
        self.show_requested.emit(self.rows[self.grid.current_row()].path)


def _box(name: str, title: str) -> CalmComboBox:
    box = CalmComboBox(object_name=name, accessible_name=title)
    box.setSizeAdjustPolicy(CalmComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(6)
    box.setMaximumWidth(WIDEST_BOX)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return box


def _fill(box: CalmComboBox, everything: str, choices: list[tuple[str, str]]) -> None:
    """Offer choices, the first being all."""
    box.clear()
    box.addItem(everything, None)
    for words, value in choices:
        box.addItem(words, value)
