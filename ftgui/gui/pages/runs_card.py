"""The runs there are: a table, and what can be done with those that are selected."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelection, QModelIndex, QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QWidget

from ftgui.gui import settings
from ftgui.gui.item_models.run_columns import COLUMNS, HIDDEN
from ftgui.gui.item_models.runs_filter import RunsFilter
from ftgui.gui.item_models.runs_model import NAME, RunRow, RunsModel
from ftgui.gui.pages.runs_menu import Handler, Possible, RowsMenu
from ftgui.gui.pages.runs_table import make_runs_table
from ftgui.gui.theme import RunColour
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.column_chooser import ColumnChooser
from ftgui.gui.widgets.filter_edit import FilterEdit
from ftgui.gui.widgets.text import Text, tip
from ftgui.gui.words import counted, is_over
from ftgui.runs.history import RunHistory, obstacle_to_resuming


class RunsCard(Card):
    """Shows the model of runs; asks for what its buttons and its menu say."""

    export_requested = Signal(object)
    """The history of the run to export."""
    continue_requested = Signal(object)
    """The history of the run to go on with."""
    diff_requested = Signal(object, object)
    """The histories of two runs to be laid side by side."""
    folder_requested = Signal(object)
    """The history of the run whose folder is to be shown."""
    remove_requested = Signal(object)
    """Histories that are to leave the table."""
    bin_requested = Signal(object)
    """Histories whose folders are to go to the bin."""
    possible_changed = Signal()
    """Another run is selected, or something else can be done with it now."""

    def __init__(self, runs: RunsModel, parent: QWidget | None = None) -> None:
        super().__init__("", parent=parent)
        self.set_title(self.tr("Runs"))
        self._runs = runs
        self._busy = ""
        self._exporting = False
        self.diff_button = Button(self.tr("Diff…"), object_name="diff_button")
        self.diff_button.setAccessibleName(self.tr("Compare the two selected runs"))
        self.continue_button = Button(self.tr("Continue"), icon_name="play", object_name="continue_button")
        self.continue_button.setAccessibleName(self.tr("Go on with the selected run"))
        self.export_button = Button(
            self.tr("Export…"), icon_name="export-variant", object_name="export_button"
        )
        self.export_button.setAccessibleName(self.tr("Export the selected run"))
        self.filter = FilterEdit(object_name="runs_filter", accessible_name=self.tr("Filter the runs"))
        self.filter.setToolTip(self.tr("By words of the name, of what may move, or of the state"))
        self._hint = Text(self.tr("tick to overlay"), "muted", object_name="runs_hint")
        self._proxy = RunsFilter(runs, self)
        self.table = make_runs_table(self._proxy)
        self.menu = RowsMenu(self.table, self._doers())
        self.columns = ColumnChooser(
            self.table, [column.title for column in COLUMNS], ("", "Name"), "runs_columns_menu"
        )
        self._lay_out()
        self._connect()
        self.columns.hide(settings.read_lines("hidden_columns", HIDDEN))
        self.show_possible()

    # What the page asks -----------------------------------------------------------------------------------

    def add_run(self, history: RunHistory, colour: RunColour | None = None) -> RunRow:
        """Put a run in the table and select it."""
        row = self._runs.add(history, colour)
        self.select(history)
        return row

    def select(self, history: RunHistory) -> None:
        """Select a run that is in the table, and show all rows again where the filter hides it."""
        number = next(n for n, row in enumerate(self._runs.rows) if row.history is history)
        place = self._proxy.mapFromSource(self._runs.index(number, NAME))
        if not place.isValid():
            self.filter.clear()
            place = self._proxy.mapFromSource(self._runs.index(number, NAME))
        self.table.selectRow(place.row())
        self.table.setCurrentIndex(place)
        self.table.scrollTo(place)

    def selected_run(self) -> RunHistory | None:
        """Return the run that is selected, the first of several."""
        return next(iter(self.selected_runs()), None)

    def selected_runs(self) -> list[RunHistory]:
        """Return the runs that are selected, from the top."""
        chosen = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [self._proxy.row_at(row).history for row in chosen]

    def set_exporting(self, exporting: bool) -> None:
        """Say that an export is being written: the next has to wait for it."""
        self._exporting = exporting
        self.show_possible()

    def set_busy(self, why: str) -> None:
        """Say in a sentence why no run can go on now; "" where one can."""
        self._busy = why
        self.show_possible()

    @Slot()
    def show_possible(self) -> None:
        """Offer what can be done with the selected run; a tooltip says why not."""
        selected = self.selected_runs()
        for button, obstacle in (
            (self.export_button, self._export_obstacle(selected)),
            (self.continue_button, self._continue_obstacle(selected)),
            (self.diff_button, self._diff_obstacle(selected)),
        ):
            button.setEnabled(not obstacle)
            button.setToolTip(tip(obstacle))
        self.possible_changed.emit()

    # Making -----------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.add_beside_title(self._hint)
        for widget in (self.filter, self.diff_button, self.continue_button, self.export_button):
            self.add_corner(widget)
        self.add(self.table, 1)

    def _connect(self) -> None:
        self.table.selectionModel().selectionChanged.connect(self._on_selected)
        self.table.doubleClicked.connect(self._on_double_clicked)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_menu_asked)
        self.table.delete_pressed.connect(self._on_delete)
        self.export_button.clicked.connect(self._on_export)
        self.continue_button.clicked.connect(self._on_continue)
        self.diff_button.clicked.connect(self._on_diff)
        self.filter.textChanged.connect(self._proxy.look_for)
        self._proxy.found_changed.connect(self._show_count)
        for changed in (self._runs.rowsInserted, self._runs.rowsRemoved, self._runs.modelReset):
            changed.connect(self._show_count)
        self.columns.changed.connect(self._on_columns)

    def _doers(self) -> dict[str, tuple[Handler, Possible]]:
        """Return for each entry of the menu what it does, and whether it can be done."""
        return {
            "toggle": (self._on_toggle, self._has_selection),
            "rename": (self._on_rename, self._has_one),
            "folder": (self._on_folder, self._has_one),
            "export": (self.export_button.click, self.export_button.isEnabled),
            "continue": (self.continue_button.click, self.continue_button.isEnabled),
            "diff": (self.diff_button.click, self.diff_button.isEnabled),
            "remove": (self._on_remove, self._can_remove),
            "bin": (self._on_bin, self._can_bin),
        }

    # What can be done -------------------------------------------------------------------------------------

    def _export_obstacle(self, selected: Sequence[RunHistory]) -> str:
        """Return why nothing can be exported now; empty where it can."""
        if not selected:
            return self.tr("Select a run in the table first.")
        history = selected[0]
        if not is_over(history):
            return self.tr("This run still goes on.")
        if history.is_brief:
            return self._reading_words(history)
        if history.kept is None:
            return self.tr("This run kept no weights.")
        return self.tr("An export is being written.") if self._exporting else ""

    def _continue_obstacle(self, selected: Sequence[RunHistory]) -> str:
        """Return why the selected run cannot go on now; empty where it can."""
        if not selected:
            return self.tr("Select a run in the table first.")
        history = selected[0]
        if not is_over(history):
            return self.tr("This run still goes on.")
        if history.is_brief:
            return self._reading_words(history)
        obstacle = obstacle_to_resuming(history)
        if obstacle:
            return self.tr("This run cannot go on: {obstacle}.").format(obstacle=obstacle)
        return self._busy

    def _diff_obstacle(self, selected: Sequence[RunHistory]) -> str:
        if len(selected) != 2:
            return self.tr("Select two runs, the second with Ctrl held down, to lay them side by side.")
        waiting = [self._reading_words(each) for each in selected if each.is_brief]
        return waiting[0] if waiting else ""

    def _reading_words(self, history: RunHistory) -> str:
        """Return why nothing can be done with a run that was read in brief."""
        if self._runs.is_unreadable(history):
            return self.tr("“{name}” cannot be read.").format(name=history.name)
        return self.tr("“{name}” is being read.").format(name=history.name)

    def _has_selection(self) -> bool:
        return bool(self.selected_runs())

    def _has_one(self) -> bool:
        return len(self.selected_runs()) == 1

    def _can_remove(self) -> bool:
        selected = self.selected_runs()
        return bool(selected) and all(map(self._runs.can_leave, selected))

    def _can_bin(self) -> bool:
        selected = self.selected_runs()
        return bool(selected) and all(map(self._runs.can_go_to_bin, selected))

    # What happens -----------------------------------------------------------------------------------------

    @Slot(QItemSelection, QItemSelection)
    def _on_selected(self, _chosen: QItemSelection, _left: QItemSelection) -> None:
        self.show_possible()

    @Slot()
    def _show_count(self) -> None:
        words = self.tr("tick to overlay")
        if self._proxy.is_filtering:
            words = self.tr("{found} of {runs}").format(
                found=f"{self._proxy.rowCount():,}",
                runs=counted(len(self._runs.rows), self.tr("run"), self.tr("runs")),
            )
        self._hint.setText(words)

    @Slot(object)
    def _on_columns(self, hidden: tuple[str, ...]) -> None:
        settings.write("hidden_columns", "\n".join(hidden))
        self.table.fit()

    @Slot(QPoint)
    def _on_menu_asked(self, place: QPoint) -> None:
        if self._has_selection():
            self.menu.popup(self.table.viewport().mapToGlobal(place))

    @Slot()
    def _on_export(self) -> None:
        history = self.selected_run()
        if history is not None:
            self.export_requested.emit(history)

    @Slot()
    def _on_continue(self) -> None:
        history = self.selected_run()
        if history is not None:
            self.continue_requested.emit(history)

    @Slot()
    def _on_diff(self) -> None:
        first, second = self.selected_runs()
        self.diff_requested.emit(first, second)

    @Slot()
    def _on_folder(self) -> None:
        self.folder_requested.emit(self.selected_run())

    @Slot()
    def _on_remove(self) -> None:
        self.remove_requested.emit(self.selected_runs())

    @Slot()
    def _on_bin(self) -> None:
        self.bin_requested.emit(self.selected_runs())

    @Slot()
    def _on_delete(self) -> None:
        """Do what fits: the project's own runs go to the bin, once that is confirmed; others only leave."""
        selected = self.selected_runs()
        own = list(filter(self._runs.can_go_to_bin, selected))
        others = [each for each in selected if self._runs.can_leave(each)]
        if own:
            self.bin_requested.emit(own)
        elif others:
            self.remove_requested.emit(others)

    @Slot()
    def _on_rename(self) -> None:
        chosen = self.table.selectionModel().selectedRows(NAME)
        if len(chosen) == 1:
            self.table.scrollTo(chosen[0], QAbstractItemView.ScrollHint.EnsureVisible)
            self.table.edit(chosen[0])

    @Slot()
    def _on_toggle(self) -> None:
        """Show the curves of all that are selected, or hide them where all are shown."""
        chosen = [
            self._proxy.mapToSource(index).row() for index in self.table.selectionModel().selectedRows()
        ]
        self._runs.show(chosen, not all(self._runs.rows[row].shown for row in chosen))

    @Slot(QModelIndex)
    def _on_double_clicked(self, index: QModelIndex) -> None:
        """Edit the name; a double click anywhere else in a row shows or hides its curves."""
        if index.column() == NAME:
            self.table.edit(index)
        elif index.column() != 0:
            row = self._proxy.mapToSource(index).row()
            self._runs.show([row], not self._runs.rows[row].shown)
