"""What a comparison says: in sentences, strategy by strategy, pair by pair, and what was held equal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ftgui.gui.item_models.strategies_model import StrategiesModel
from ftgui.gui.pages.cost_card import CostCard
from ftgui.gui.sessions.training import Comparing
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.inputs import CalmComboBox
from ftgui.gui.widgets.naming import name_widget, set_style_property
from ftgui.gui.widgets.status_lines import StatusLines, Told
from ftgui.gui.widgets.tables import ROW_HEIGHT, DotDelegate, RingedTable, style_table
from ftgui.gui.widgets.text import StatusLine, Text
from ftgui.gui.words import counted
from ftgui.runs.comparison import REPORT, ComparisonFile
from ftgui.runs.comparison_words import pair_figures
from ftgui.runs.progress import Progress, left_words
from ftgui.runs.results import ComparisonResult, HeldEqual, PairResult, RunResult
from ftgui.training.events import Reason

DOT_WIDTH = 36

Left = Literal["unfinished", "skipped", ""]
"""What a comparison still has to do."""


class ComparisonPage(QWidget):
    """Shows one comparison, while its runs go on and afterwards."""

    report_requested = Signal(object)
    """The folder whose report is to be opened."""
    folder_requested = Signal(object)
    continue_requested = Signal(object)
    """The folder of a comparison that has runs left."""
    skipped_requested = Signal(object)
    """The folder of a comparison whose skipped runs are to be trained after all."""
    extend_requested = Signal(object)
    """The folder of a comparison to which strategies or runs are to be added."""
    chosen = Signal(object)
    """The folder of another comparison of the project."""
    compare_requested = Signal()
    failed = Signal(object)
    """An FtguiError: a picture or numbers could not be written."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("comparison_page")
        self.folder: Path | None = None
        self._followed: Path | None = None
        """The comparison whose news is to be shown though another one is, or none."""
        self._busy = False
        self._left: Left = ""
        self._known: tuple[Path, ...] = ()
        """The comparisons of the project."""
        self.choice = CalmComboBox(
            object_name="comparison_choice", accessible_name=self.tr("Which comparison is shown")
        )
        self._facts = Text("", "muted", wrap=True, object_name="comparison_facts")
        self._state = StatusLine(object_name="comparison_state")
        self._sentences = Text("", "strong", wrap=True, selectable=True, object_name="comparison_sentences")
        self._measure = Text("", "muted", wrap=True, object_name="comparison_measure")
        self.report_button = Button(
            self.tr("Report"),
            icon_name="file-document-outline",
            object_name="open_report",
            accessible_name=self.tr("Open the report"),
        )
        self.folder_button = Button(
            self.tr("Folder"),
            object_name="show_comparison_folder",
            accessible_name=self.tr("Show the folder"),
        )
        for button in (self.report_button, self.folder_button):
            button.setToolTip(button.accessibleName())
        self.continue_button = Button(
            self.tr("Continue"), icon_name="play", object_name="continue_comparison"
        )
        self.extend_button = Button(self.tr("Add…"), object_name="extend_comparison")
        self.extend_button.setToolTip(self.tr("Add strategies, or more runs of each, to this comparison"))
        self.compare_button = Button(self.tr("Compare…"), object_name="begin_comparison")
        self._why = Text("", "muted", wrap=True, object_name="comparison_why")
        self._why.hide()
        self._far = Text("", "plain", object_name="comparison_progress")
        self._bar = self._make_bar()
        self._going = QWidget()
        self._going.hide()
        self.model = StrategiesModel(self)
        self.table = self._make_table()
        self.cost = CostCard()
        self.cost.failed.connect(self.failed)
        self._pairs, self._held = StatusLines(), StatusLines()
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self._show_possible()

    def show_comparison(self, folder: Path, comparison: ComparisonFile) -> None:
        """Show a comparison that was read from its folder, and no news of another one."""
        self._followed = None
        nothing = ComparisonResult(measure="last epoch", measure_words="", runs=())
        self._show(folder, comparison.result or nothing)

    def set_known(self, folders: Sequence[Path]) -> None:
        """Offer these comparisons, where there are several."""
        self._known = tuple(folders)
        self._show_choice()

    def follow(self, folder: Path) -> None:
        """Show the comparison in ``folder``, which begins or goes on, as soon as there is news of it."""
        self._followed = folder

    @Slot(object, object)
    def show_result(self, folder: Path, result: ComparisonResult) -> None:
        """Show what is known by now, if it is of the comparison shown or followed, or if none is shown."""
        if self.folder is None or folder in (self.folder, self._followed):
            self._show(folder, result)

    @Slot(object)
    def show_progress(self, comparing: Comparing | None) -> None:
        """Show how far the comparison is that goes on, if it is the one shown; None: none goes on."""
        if comparing is not None and comparing.folder != self.folder:
            self._show_begun(comparing)
        progress = comparing.progress if comparing is not None and comparing.folder == self.folder else None
        self._going.setVisible(progress is not None)
        self._state.setVisible(progress is None)
        if progress is not None:
            self._far.setText(self._far_words(progress))
            self._bar.setRange(0, progress.total)
            self._bar.setValue(progress.done)

    def _show_begun(self, comparing: Comparing) -> None:
        """Show a comparison of which nothing is known but that it goes on, if it is to be shown."""
        self.show_result(
            comparing.folder,
            ComparisonResult(measure="last epoch", measure_words="", runs=comparing.waiting),
        )

    def _far_words(self, progress: Progress) -> str:
        words = self._done_words(progress.done, progress.total)
        left = left_words(progress)
        return f"{words} · {left}" if left else words

    def _done_words(self, done: int, runs: int) -> str:
        """Return "5 of 21 runs done"."""
        return self.tr("{done} of {runs} done").format(
            done=f"{done:,}", runs=counted(runs, self.tr("run"), self.tr("runs"))
        )

    def _show(self, folder: Path, result: ComparisonResult) -> None:
        if folder != self.folder:
            self._going.hide()
            self._state.show()
        self.folder = folder
        self._show_choice()
        done = sum(run.state == "done" for run in result.runs)
        self._left = _left(result.runs)
        self._facts.setText(_facts(result))
        words = self._done_words(done, len(result.runs))
        self._state.set_status("ok" if done == len(result.runs) else "info", f"{words}.")
        nothing = self.tr("Nothing can be said before two strategies have all of their runs.")
        self._sentences.setText("\n".join(map(_plain, result.sentences)) or nothing)
        self._measure.setText(" ".join(filter(None, (result.measure_words, result.optimistic))))
        names = tuple(dict.fromkeys(run.strategy for run in result.runs))
        colours = {name: number for number, name in enumerate(names)}
        self.model.set_result(result, colours)
        blank = self.model.blank_columns()
        for column in range(self.model.columnCount()):
            self.table.setColumnHidden(column, column in blank)
        self.cost.show_strategies(result.strategies, colours, is_optimistic=bool(result.optimistic))
        for card in (self._strategies, self.cost):
            card.setVisible(bool(result.strategies))
        room = self.table.horizontalHeader().height() + self.table.horizontalScrollBar().sizeHint().height()
        self.table.setFixedHeight(ROW_HEIGHT * max(1, len(result.strategies)) + room)
        self._pairs.set_lines([_pair_line(pair) for pair in result.pairs] or [Told("plain", nothing)])
        self._held.set_lines([_held_line(held) for held in result.held_equal])
        self._stack.setCurrentIndex(1)
        self._show_possible()

    def show_none(self) -> None:
        """Show no comparison: another project is open."""
        self.folder = self._followed = None
        self._known = ()
        self._left = ""
        self._stack.setCurrentIndex(0)
        self._show_possible()

    def set_busy(self, busy: bool) -> None:
        """Say whether the engine is at work: a comparison can go on when it is not."""
        self._busy = busy
        self._show_possible()

    def set_ready(self, ready: bool, why: str = "") -> None:
        """Say whether a comparison may be asked for, and, where not, why, in a sentence."""
        self.compare_button.setEnabled(ready)
        self.compare_button.setToolTip("" if ready else why)
        self._why.setText("" if ready else why)
        self._why.setVisible(bool(why) and not ready)

    # Making -----------------------------------------------------------------------------------------------

    def _make_bar(self) -> QProgressBar:
        bar = QProgressBar()
        name_widget(bar, object_name="comparison_bar", accessible_name=self.tr("Progress of the comparison"))
        bar.setTextVisible(False)
        set_style_property(bar, "kind", "running")
        return bar

    def _make_table(self) -> RingedTable:
        table = RingedTable()
        style_table(
            table, object_name="strategies_table", accessible_name=self.tr("What each strategy reached")
        )
        table.setModel(self.model)
        table.setItemDelegateForColumn(0, DotDelegate(table))
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        header.setStretchLastSection(True)
        table.setColumnWidth(0, DOT_WIDTH)
        table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # as tall as its rows
        return table

    def _lay_out(self) -> None:
        page = QWidget()
        page.setProperty("role", "page")
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(10)
        self._strategies = self._table_card()
        for card in (self._head(), self._strategies, self.cost, self._below()):
            column.addWidget(card)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        self._stack.addWidget(self._empty_card())
        self._stack.addWidget(scroll)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 10, 0, 0)
        outer.addWidget(self._stack)

    def _empty_card(self) -> Card:
        card = Card()
        words = Text(
            self.tr("Which way of freezing is best for your pictures? Compare some, everything else equal."),
            "muted",
            object_name="comparison_empty",
        )
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        card.body.addStretch(1)
        card.add(words)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.compare_button)
        row.addStretch(1)
        card.add(row)
        self._why.setAlignment(Qt.AlignmentFlag.AlignCenter)
        card.add(self._why)
        card.body.addStretch(1)
        return card

    def _head(self) -> Card:
        card = Card(self.tr("What it says"), object_name="comparison_head")
        self.choice.hide()
        buttons = (self.continue_button, self.extend_button, self.folder_button, self.report_button)
        for widget in (self.choice, *buttons):
            card.add_corner(widget)
        going = QVBoxLayout(self._going)
        going.setContentsMargins(0, 0, 0, 4)
        going.setSpacing(6)
        going.addWidget(self._far)
        going.addWidget(self._bar)
        card.add(self._facts)
        card.add(self._going)
        card.add(self._sentences)
        card.add(self._measure)
        card.add(self._state)
        return card

    def _table_card(self) -> Card:
        card = Card(self.tr("Strategies"), object_name="comparison_strategies")
        card.add(self.table)
        return card

    def _below(self) -> QWidget:
        pairs = Card(self.tr("Two by two"), object_name="comparison_pairs_card")
        held = Card(self.tr("Held equal"), object_name="comparison_held_card")
        for card, lines in ((pairs, self._pairs), (held, self._held)):
            card.add(lines)
            card.body.addStretch(1)
        below = QWidget()
        row = QHBoxLayout(below)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(pairs, 3)
        row.addWidget(held, 2)
        return below

    def _connect(self) -> None:
        self.report_button.clicked.connect(self._on_report)
        self.folder_button.clicked.connect(self._on_folder)
        self.continue_button.clicked.connect(self._on_continue)
        self.extend_button.clicked.connect(self._on_extend)
        self.compare_button.clicked.connect(self.compare_requested)
        self.choice.activated.connect(self._on_chosen)

    # What happens -----------------------------------------------------------------------------------------

    def _show_choice(self) -> None:
        """Offer what is known, with what is shown chosen."""
        if self.folder is not None and self.folder not in self._known:
            self._known = (self.folder, *self._known)
        names = [folder.name for folder in self._known]
        if [self.choice.itemText(place) for place in range(self.choice.count())] != names:
            self.choice.clear()
            self.choice.addItems(names)
        self.choice.setCurrentIndex(self._known.index(self.folder) if self.folder is not None else -1)
        self.choice.setVisible(len(self._known) > 1)

    @Slot(int)
    def _on_chosen(self, place: int) -> None:
        if self._known[place] != self.folder:
            self.chosen.emit(self._known[place])

    def _show_possible(self) -> None:
        self.report_button.setEnabled(self.folder is not None and (self.folder / REPORT).is_file())
        self.folder_button.setEnabled(self.folder is not None)
        self.continue_button.setVisible(bool(self._left))
        skipped = self._left == "skipped"
        self.continue_button.setText(self.tr("Train the skipped") if skipped else self.tr("Continue"))
        for button in (self.continue_button, self.extend_button):
            button.setEnabled(not self._busy)

    @Slot()
    def _on_report(self) -> None:
        self.report_requested.emit(self.folder)

    @Slot()
    def _on_folder(self) -> None:
        self.folder_requested.emit(self.folder)

    @Slot()
    def _on_continue(self) -> None:
        requested = self.skipped_requested if self._left == "skipped" else self.continue_requested
        requested.emit(self.folder)

    @Slot()
    def _on_extend(self) -> None:
        self.extend_requested.emit(self.folder)


def _left(runs: Sequence[RunResult]) -> Left:
    """Return what a comparison still has to do: runs that were skipped come after all others."""
    if any(map(_is_unfinished, runs)):
        return "unfinished"
    return "skipped" if any(run.state == "skipped" for run in runs) else ""


def _is_unfinished(run: RunResult) -> bool:
    """Whether a run would be done, or gone on with, if the comparison went on."""
    broke = run.state == "failed" and run.reason == Reason.FAILED
    return broke or run.state in ("waiting", "stopped", "interrupted")


def _pair_line(pair: PairResult) -> Told:
    return Told("info" if pair.differs else "plain", _plain(pair.words), pair_figures(pair))


def _held_line(held: HeldEqual) -> Told:
    return Told("ok" if held.equal else "error", f"{held.what}: {held.value}")


def _facts(result: ComparisonResult) -> str:
    """Return what was compared, in a line."""
    if not result.architecture:
        return ""
    judged = f", {result.pictures:,} to judge on" if result.pictures else ""
    return " · ".join(
        (
            result.dataset,
            f"{len(result.class_names):,} classes",
            f"{result.train_pictures:,} pictures to learn from{judged}",
            result.architecture,
            f"{result.device}, {result.arithmetic}",
        )
    )


def _plain(words: str) -> str:
    """Return a sentence with its names in quotes instead of the marks that reports take for code."""
    parts = words.split("`")
    return "".join(f"“{part}”" if number % 2 else part for number, part in enumerate(parts))
