"""What the window does with runs: begun, gone on with, added, exported, laid side by side, taken away."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

from PySide6.QtCore import QFile, QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from ftgui.core.download_words import megabytes
from ftgui.core.errors import FtguiError
from ftgui.gui.dialogs import files
from ftgui.gui.dialogs.ask import ask_move_to_bin
from ftgui.gui.item_models.runs_model import RunsModel
from ftgui.gui.news import show_in_file_manager
from ftgui.gui.pages.train_page import TrainPage
from ftgui.gui.sessions.compared import OpenedComparison
from ftgui.gui.sessions.export import ExportTask
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.sessions.project_file import ProjectKeeper
from ftgui.gui.sessions.runs import RunsSession
from ftgui.gui.sessions.training import TrainingSession
from ftgui.runs.history import RunHistory, open_run
from ftgui.runs.library import comparison_of, is_being_written, size_of


class RunDesk(QObject):
    """Passes between the table of runs, the training session, the project and the disk."""

    began = Signal()
    """A run has begun, or goes on."""
    told = Signal(str)
    """A sentence for the message bar."""
    exported = Signal(object)
    """The folder of an export."""
    failed = Signal(object)
    """An FtguiError."""

    def __init__(
        self,
        project: ProjectSession,
        training: TrainingSession,
        keeper: ProjectKeeper,
        reader: RunsSession,
        page: TrainPage,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._project, self._training, self._keeper = project, training, keeper
        self._reader, self._page, self._window = reader, page, window
        self._runs: RunsModel = page.runs
        self._card = card = page.runs_card
        self.may_start: Callable[[], bool] = lambda: True
        """Whether something can be started now."""
        self.export_task = ExportTask("export", self)
        self.export_task.done.connect(self._on_exported)
        self.export_task.failed.connect(self._on_export_failed)
        card.export_requested.connect(self._choose_export)
        card.continue_requested.connect(self.go_on)
        card.diff_requested.connect(self.diff)
        card.folder_requested.connect(self._show_folder_of)
        card.remove_requested.connect(self.remove)
        card.bin_requested.connect(self.ask_bin)
        card.possible_changed.connect(self._on_selected)
        reader.completed.connect(self._on_completed)
        reader.failed.connect(self._on_completed)
        reader.loaded.connect(self._on_loaded)

    # Beginning and going on -------------------------------------------------------------------------------

    def start(self) -> None:
        """Start training what the project says."""
        if not self.may_start():
            return
        self.began.emit()
        config = self._project.config()
        name = f"{date.today():%Y-%m-%d}-{config.strategy}"
        folder = self._unused_folder(name)
        self._page.add_run(self._training.start(config, folder, self._unused_name(config.strategy)))
        self._card.table.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(object)
    def go_on(self, history: RunHistory) -> None:
        """Go on with a run that was stopped, in its row of the table."""
        if not self._training.is_active and not history.is_brief:
            self.began.emit()
            self._training.resume(history)

    def _unused_folder(self, name: str) -> Path:
        """Return a folder that is not there, nor that of a run in the table: it may have failed before."""
        names = itertools.chain((name,), (f"{name}-{number}" for number in itertools.count(2)))
        places = (self._keeper.runs_folder / each for each in names)
        return next(each for each in places if not each.exists() and not self._runs.has_folder(each))

    def _unused_name(self, strategy: str) -> str:
        taken = {row.history.name for row in self._runs.rows}
        names = (strategy if n == 1 else f"{strategy} {n}" for n in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)

    # Adding and taking away -------------------------------------------------------------------------------

    def choose(self) -> None:
        """Ask which run on the disk is to be added."""
        folder = files.choose_run(self._window, self._keeper.runs_folder)
        if folder is not None:
            self.add(folder)

    def add(self, folder: Path) -> None:
        """Put a run that is on the disk beside those of this window."""
        if self._runs.has_folder(folder):
            self.told.emit(self.tr("“{name}” is in the table already.").format(name=folder.name))
            return
        try:
            self._page.add_run(open_run(folder))
        except FtguiError as error:
            self.failed.emit(error)

    @Slot(object)
    def add_compared(self, opened: OpenedComparison) -> None:
        """Put the runs of a comparison beside those of this window, a colour a strategy."""
        for history, colour in opened.runs:
            if not self._runs.has_folder(history.folder):
                self._page.add_run(history, colour)

    @Slot(object)
    def remove(self, histories: list[RunHistory]) -> None:
        """Take runs out of the table, and out of the project; nothing on the disk is touched."""
        folders = [history.folder for history in histories]
        self._keeper.leave_out([each for each in folders if self._keeper.has_comparison(comparison_of(each))])
        self._runs.remove(histories)

    @Slot(object)
    def ask_bin(self, histories: list[RunHistory]) -> None:
        """Ask whether the folders of runs are to go to the bin."""
        if self._window.findChild(QWidget, "bin_question") is None:
            size = megabytes(sum(size_of(history.folder) for history in histories))
            names = [history.name for history in histories]
            ask_move_to_bin(self._window, names, size, partial(self._move_to_bin, histories))

    def _move_to_bin(self, histories: list[RunHistory]) -> None:
        """Move what can be moved; a run whose folder stays keeps its row."""
        held = [history for history in histories if is_being_written(history.folder)]
        asked = [history for history in histories if not any(history is each for each in held)]
        gone = [history for history in asked if move_to_bin(history.folder)]
        self._runs.remove(gone)
        left = [history for history in asked if not any(history is each for each in gone)]
        if left:
            hint = self.tr("Nothing was deleted. Delete the folder yourself where there is no bin.")
            self._tell_left(self.tr("“{name}” cannot be moved to the bin."), hint, [*left, *held])
        elif held:
            hint = self.tr("Wait until it is done, or stop it there.")
            self._tell_left(self.tr("Another program is writing “{name}”, so it stays."), hint, held)

    def _tell_left(self, words: str, hint: str, left: list[RunHistory]) -> None:
        folders = "\n".join(str(history.folder) for history in left)
        self.failed.emit(FtguiError(words.format(name=left[0].name), hint, folders))

    # Looking ----------------------------------------------------------------------------------------------

    @Slot(object, object)
    def diff(self, first: RunHistory, second: RunHistory) -> None:
        """Lay two runs side by side."""
        from ftgui.gui.dialogs.diff import DiffDialog  # here: the window need not wait for it

        DiffDialog(first, second, self._window).show()

    def show_folder(self) -> None:
        """Show the folder of the selected run."""
        history = self._card.selected_run()
        if history is not None:
            self._show_folder_of(history)

    @Slot(object)
    def _show_folder_of(self, history: RunHistory) -> None:
        show_in_file_manager(history.folder)

    @Slot()
    def _on_selected(self) -> None:
        """Read all of the run that is looked at, and of the two that could be laid side by side."""
        selected = self._card.selected_runs()
        for history in selected[: 2 if len(selected) == 2 else 1]:
            self._reader.complete(history)

    @Slot(object)
    def _on_completed(self, _history: object) -> None:
        """Say what can be done with a run that is read whole now, or that cannot be."""
        self._card.show_possible()

    @Slot(object)
    def _on_loaded(self, _lost: object) -> None:
        """Begin with the last run whose curves are shown, or the last one."""
        rows = [row for row in self._runs.rows if row.shown] or self._runs.rows
        if rows and self._card.selected_run() is None:
            self._card.select(rows[-1].history)

    # Exporting --------------------------------------------------------------------------------------------

    @Slot(object)
    def _choose_export(self, history: RunHistory) -> None:
        folder = files.choose_export(self._window, history.name)
        if folder is not None:
            self.export(history, folder)

    def export(self, history: RunHistory, folder: Path) -> None:
        """Write the export of a run into the new folder ``folder``, off the GUI thread."""
        self._card.set_exporting(True)
        self.export_task.write(history.folder, folder)

    @Slot(object)
    def _on_exported(self, folder: Path) -> None:
        self._card.set_exporting(False)
        self.exported.emit(folder)

    @Slot(object)
    def _on_export_failed(self, error: FtguiError) -> None:
        self._card.set_exporting(False)
        self.failed.emit(error)

    def shutdown(self) -> None:
        self.export_task.shutdown()


def move_to_bin(folder: Path) -> bool:
    """Move a folder to the system's bin; return whether it is there."""
    moved = QFile.moveToTrash(str(folder))
    return moved[0] if isinstance(moved, tuple) else bool(moved)
