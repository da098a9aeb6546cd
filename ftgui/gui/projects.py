"""New, open, save: what the window does with projects, and what it says of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from ftgui.core.errors import FtguiError
from ftgui.gui import settings
from ftgui.gui.dialogs import files
from ftgui.gui.recent import note_recent
from ftgui.gui.sessions.project_file import ProjectKeeper
from ftgui.gui.sessions.runs import RunsSession
from ftgui.gui.sessions.training import TrainingSession
from ftgui.gui.widgets.message_bar import MessageBar
from ftgui.gui.words import counted
from ftgui.runs.project import ListedRun, is_project


class Projects(QObject):
    """Does what the File menu says of projects. None can be left, or moved, while a run of it goes on."""

    left = Signal()
    """Another project is about to be open."""
    moved = Signal(object)
    """Where each run lies now, by where it lay, after the project was saved."""

    def __init__(
        self,
        keeper: ProjectKeeper,
        reader: RunsSession,
        training: TrainingSession,
        messages: MessageBar,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._keeper, self._training, self._messages, self._window = keeper, training, messages, window
        keeper.failed.connect(messages.show_error)
        reader.failed.connect(messages.show_error)
        reader.loaded.connect(self._tell_lost)

    def start_new(self) -> None:
        """Begin an empty project."""
        if self._is_held(self.tr("Another project can be begun when it has ended.")):
            return
        self._messages.clear()
        self._keeper.start_new()
        settings.write("last_project", "")
        self.left.emit()

    def choose(self) -> None:
        """Ask which project to open."""
        if not self._is_held(self.tr("Another project can be opened when it has ended.")):
            folder = files.choose_project(self._window)
            if folder is not None:
                self.open(folder)

    @Slot(object)
    def open(self, folder: Path) -> None:
        """Open the project in ``folder``."""
        if self._is_held(self.tr("Another project can be opened when it has ended.")):
            return
        self._messages.clear()
        try:
            kept = self._keeper.open(folder.absolute())
        except FtguiError as error:
            self._messages.show_error(error)
            return
        note_recent(folder.absolute())
        self.left.emit()
        if kept is not None:
            self._messages.show_warning(
                self.tr("The file of the project “{name}” is damaged.").format(name=folder.name),
                self.tr("It is kept as “{file}”. The runs in the project's folder are here.").format(
                    file=kept.name
                ),
            )

    def open_last(self) -> None:
        """Open the project that was open last, where it is still there; a new one otherwise."""
        folder = settings.read_text("last_project")
        if folder and is_project(Path(folder)):
            self.open(Path(folder))
        elif folder:
            words = self.tr("The project “{folder}” is not there any more.").format(folder=folder)
            self._messages.show_info(words, self.tr("This is a new one."))

    def save(self) -> None:
        """Ask for a new folder, and have the project there from now on."""
        if self._is_held(self.tr("The project can be saved when it has ended.")):
            return
        folder = files.choose_new_project(self._window)
        if folder is None:
            return
        try:
            lies = self._keeper.save_as(folder.absolute())
        except FtguiError as error:
            self._messages.show_error(error)
            return
        note_recent(folder.absolute())
        self.moved.emit({before: now for before, now in lies.items() if before != now})
        self._tell_saved(folder, [place for before, place in lies.items() if before == place])

    def _is_held(self, then: str) -> bool:
        """Say that a run goes on, where one does."""
        if self._training.is_active:
            self._messages.show_info(self.tr("A run is going on."), then)
        return self._training.is_active

    def _tell_saved(self, folder: Path, stayed: list[Path]) -> None:
        outside = [place for place in stayed if not place.is_relative_to(folder)]
        words = self.tr("{runs} that lie elsewhere, or that another program writes, stay there.").format(
            runs=counted(len(outside), self.tr("run"), self.tr("runs"))
        )
        self._messages.show_info(
            self.tr("The project is saved in “{folder}”. From now on it is kept up to date there.").format(
                folder=folder
            ),
            words if outside else "",
        )

    @Slot(object)
    def _tell_lost(self, lost: tuple[tuple[ListedRun, FtguiError], ...]) -> None:
        if not lost:
            return
        runs = counted(len(lost), self.tr("run"), self.tr("runs"))
        names = ", ".join(f"“{Path(run.folder).name}”" for run, _ in lost[:3])
        more = self.tr(" and more") if len(lost) > 3 else ""
        self._messages.show_error(
            FtguiError(
                self.tr("{runs} of this project cannot be read: {names}{more}.").format(
                    runs=runs, names=names, more=more
                ),
                self.tr("The project remembers them: they are back when their folders are."),
                "\n".join(str(error) for _, error in lost),
            )
        )
