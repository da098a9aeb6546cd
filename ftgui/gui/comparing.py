"""What the window does with comparisons: asked for, followed, opened, gone on with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from ftgui.core.errors import FtguiError
from ftgui.core.files import unused_path
from ftgui.gui.dialogs.compare import CompareDialog
from ftgui.gui.news import show_in_file_manager
from ftgui.gui.pages.comparison_page import ComparisonPage
from ftgui.gui.sessions.forecasting import Forecasting
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.sessions.project_file import ProjectKeeper
from ftgui.gui.sessions.training import TrainingSession
from ftgui.gui.sessions.worker import LatestTask
from ftgui.runs.comparison import REPORT, RUNS, ComparisonFile, ComparisonPlan, read_comparison
from ftgui.runs.history import RunHistory, open_run
from ftgui.runs.library import is_run


@dataclass(frozen=True)
class OpenedComparison:
    """A comparison with those of its runs that were not in the table, each with its strategy's number."""

    folder: Path
    comparison: ComparisonFile
    runs: tuple[tuple[RunHistory, int], ...]
    lost: tuple[tuple[str, FtguiError], ...] = ()
    """The names of runs that could not be read, and why."""


class Comparisons(QObject):
    """Passes between the page of comparisons, the dialog, the training session and the disk."""

    began = Signal()
    """A comparison has begun, or goes on."""
    opened = Signal(object)
    """An ``OpenedComparison``, which the page shows now."""
    failed = Signal(object)

    def __init__(
        self,
        project: ProjectSession,
        training: TrainingSession,
        forecasting: Forecasting,
        keeper: ProjectKeeper,
        page: ComparisonPage,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._project, self._training, self._keeper = project, training, keeper
        self._forecasting = forecasting
        self._page, self._window = page, window
        self._reading = LatestTask("comparison", self)
        self._reading.done.connect(self._on_read)
        self._reading.failed.connect(self.failed)
        self._following = LatestTask("moved comparison", self)
        self._following.done.connect(self._on_followed)
        self._following.failed.connect(self.failed)
        training.compared.connect(page.show_result)
        training.comparing_changed.connect(page.show_progress)
        page.compare_requested.connect(self.ask)
        page.continue_requested.connect(self.go_on)
        page.extend_requested.connect(self.extend)
        page.report_requested.connect(self._show_report)
        page.folder_requested.connect(show_in_file_manager)
        self.may_start: Callable[[], bool] = lambda: True
        """Whether something can be started now."""

    @Slot()
    def ask(self) -> None:
        """Ask what is to be compared."""
        if not self.may_start():
            return
        dialog = self._window.findChild(CompareDialog, "compare_dialog")
        if dialog is None:
            dialog = CompareDialog(self._project, self._window, forecasting=self._forecasting)
            dialog.start_requested.connect(self._on_asked)
        dialog.show()
        dialog.activateWindow()

    @Slot(object)
    def _on_asked(self, plan: ComparisonPlan) -> None:
        name = f"{date.today():%Y-%m-%d}-comparison"
        told = {name: forecast.seconds for name, forecast in self._forecasting.told.items()}
        self.compare(plan, unused_path(self._keeper.runs_folder, name), told)

    @Slot(object)
    def extend(self, folder: Path) -> None:
        """Ask what is to be added to a comparison."""
        try:
            existing = read_comparison(folder)
        except FtguiError as error:
            self.failed.emit(error)
            return
        dialog = CompareDialog(self._project, self._window, existing=existing)
        dialog.start_requested.connect(partial(self._on_more_asked, folder))
        dialog.show()

    def _on_more_asked(self, folder: Path, plan: ComparisonPlan) -> None:
        self.compare(plan, folder)

    def compare(
        self, plan: ComparisonPlan | None, folder: Path, told: Mapping[str, float] | None = None
    ) -> None:
        """Compare in a folder; without a plan, go on with the comparison there.

        ``told`` are the seconds that a run of a strategy is thought to take.
        """
        if not self._training.is_active:
            self.began.emit()
            self._page.follow(folder)
            self._training.compare(plan, folder, told)

    @Slot(object)
    def go_on(self, folder: Path) -> None:
        """Go on with a comparison that has runs left."""
        self.compare(None, folder)

    def open(self, folder: Path, known: frozenset[Path] = frozenset()) -> None:
        """Read a comparison and its runs off the GUI thread, but those that are ``known`` already."""
        self._reading.ask(partial(_read, folder, known))

    @Slot(object)
    def follow(self, moved: dict[Path, Path]) -> None:
        """Show the comparison where it lies now: its runs moved, and it with them."""
        shown = self._page.folder
        for before, now in moved.items():
            if shown is not None and before.is_relative_to(shown):
                self._following.ask(partial(_read_moved, now.parent.parent))
                return

    def forget(self) -> None:
        """Leave what is being read, and what is shown: another project is open."""
        self._reading.forget()
        self._following.forget()
        self._page.show_none()

    def shutdown(self) -> None:
        self._reading.shutdown()
        self._following.shutdown()

    @Slot(object)
    def _on_followed(self, moved: tuple[Path, ComparisonFile]) -> None:
        self._page.show_comparison(*moved)

    @Slot(object)
    def _on_read(self, opened: OpenedComparison) -> None:
        self._page.show_comparison(opened.folder, opened.comparison)
        self._keeper.add_comparison(opened.folder)
        self.opened.emit(opened)
        if opened.lost:
            self._tell_lost(opened)

    def _tell_lost(self, opened: OpenedComparison) -> None:
        names = ", ".join(f"“{name}”" for name, _ in opened.lost[:3])
        more = self.tr(" and more") if len(opened.lost) > 3 else ""
        self.failed.emit(
            FtguiError(
                self.tr("Left out of the table, as it cannot be read: {names}{more}.").format(
                    names=names, more=more
                ),
                self.tr("The other runs of the comparison are here."),
                "\n".join(str(error) for _, error in opened.lost),
            )
        )

    @Slot(object)
    def _show_report(self, folder: Path) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder / REPORT)))


def _read(folder: Path, known: frozenset[Path]) -> OpenedComparison:
    comparison = read_comparison(folder)
    runs, lost = [], []
    for entry in comparison.plan.entries():
        place = folder / RUNS / entry.name
        if place in known or not is_run(place):
            continue
        try:
            runs.append((open_run(place), comparison.plan.strategies.index(entry.strategy)))
        except FtguiError as error:
            lost.append((entry.name, error))
        except (OSError, ValueError) as error:
            lost.append((entry.name, FtguiError(f"“{place}” cannot be read.", details=str(error))))
    return OpenedComparison(folder, comparison, tuple(runs), tuple(lost))


def _read_moved(folder: Path) -> tuple[Path, ComparisonFile]:
    return folder, read_comparison(folder)
