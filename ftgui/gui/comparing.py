"""What the window does with comparisons: asked for, followed, opened, gone on with."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from datetime import date
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from ftgui.core.errors import FtguiError
from ftgui.core.files import unused_path
from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui.dialogs.compare import CompareDialog
from ftgui.gui.news import show_in_file_manager
from ftgui.gui.pages.comparison_page import ComparisonPage
from ftgui.gui.sessions.compared import (
    FoundComparisons,
    OpenedComparison,
    find_comparisons,
    read_as_it_is,
    read_opened,
)
from ftgui.gui.sessions.forecasting import Forecasting, Timing
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.sessions.project_file import ProjectKeeper
from ftgui.gui.sessions.training import TrainingSession
from ftgui.gui.sessions.worker import LatestTask
from ftgui.runs.comparison import REPORT, ComparisonFile, ComparisonPlan, Entry, read_comparison
from ftgui.runs.forecast import runs_of_plan, seconds_by_strategy


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
        self.timing = forecasting.beside(self)
        """Of what may be added to a comparison."""
        self._page, self._window = page, window
        self._reading, self._finding, self._again = self._tasks = (
            LatestTask("comparison", self),
            LatestTask("comparisons", self),
            LatestTask("comparison again", self),
        )
        for task, then in zip(self._tasks, (self._on_read, self._on_found, self._on_read_again), strict=True):
            task.done.connect(then)
            task.failed.connect(self.failed)
        training.compared.connect(page.show_result)
        training.comparing_changed.connect(page.show_progress)
        page.compare_requested.connect(self.ask)
        page.continue_requested.connect(self.go_on)
        page.skipped_requested.connect(self.train_skipped)
        page.chosen.connect(self.show_again)
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
            dialog = CompareDialog(self._project, self._window, timing=self._forecasting)
            dialog.start_requested.connect(self._on_asked)
        dialog.show()
        dialog.activateWindow()

    @Slot(object)
    def _on_asked(self, plan: ComparisonPlan) -> None:
        name = f"{date.today():%Y-%m-%d}-comparison"
        self.compare(plan, unused_path(self._keeper.runs_folder, name), _seconds(self._forecasting, plan))

    @Slot(object)
    def extend(self, folder: Path) -> None:
        """Ask what is to be added to a comparison."""
        try:
            existing = read_comparison(folder)
        except FtguiError as error:
            self.failed.emit(error)
            return
        self.timing.ask(tuple(existing.plan.config_of(_first(existing.plan, name)) for name in STRATEGIES))
        dialog = CompareDialog(self._project, self._window, existing=existing, timing=self.timing)
        dialog.start_requested.connect(partial(self._on_more_asked, folder, existing))
        dialog.finished.connect(self._on_extended)
        dialog.show()

    def _on_more_asked(self, folder: Path, existing: ComparisonFile, plan: ComparisonPlan) -> None:
        runs = existing.result.runs if existing.result is not None else ()
        done = {run.name for run in runs if run.state == "done"}
        self.compare(plan, folder, _seconds(self.timing, plan, done))

    @Slot()
    def _on_extended(self) -> None:
        """Time no more of what the dialog asked about: it is gone."""
        self.timing.ask(())

    def compare(
        self,
        plan: ComparisonPlan | None,
        folder: Path,
        told: Mapping[str, float] | None = None,
        *,
        with_skipped: bool = False,
    ) -> None:
        """Compare in a folder; without a plan, go on with the comparison there.

        ``told`` are the seconds that a run of a strategy is thought to take; ``with_skipped`` trains what of
        the plan was skipped, too.
        """
        if not self._training.is_active:
            self.began.emit()
            self._page.follow(folder)
            self._training.compare(plan, folder, told, with_skipped=with_skipped)

    @Slot(object)
    def go_on(self, folder: Path) -> None:
        """Go on with a comparison that has runs left."""
        self.compare(None, folder)

    @Slot(object)
    def train_skipped(self, folder: Path) -> None:
        """Train what was skipped of a comparison after all."""
        try:
            plan = read_comparison(folder).plan
        except FtguiError as error:
            self.failed.emit(error)
            return
        self.compare(plan, folder, with_skipped=True)

    def find(self, runs: Iterable[Path]) -> None:
        """Show the newest of the comparisons that these runs are of, unless one is shown; offer all."""
        self._finding.ask(partial(find_comparisons, tuple(runs)))

    @Slot(object)
    def show_again(self, folder: Path) -> None:
        """Show a comparison whose runs are in the table, as far as the user wants them there."""
        self._again.ask(partial(read_as_it_is, folder))

    def open(self, folder: Path, known: frozenset[Path] = frozenset()) -> None:
        """Read a comparison and its runs off the GUI thread, but those that are ``known`` already."""
        self._reading.ask(partial(read_opened, folder, known))

    @Slot(object)
    def follow(self, moved: dict[Path, Path]) -> None:
        """Show the comparison where it lies now: its runs moved, and it with them."""
        shown = self._page.folder
        for before, now in moved.items():
            if shown is not None and before.is_relative_to(shown):
                self._page.show_none()  # nothing lies any more where the page would look for it
                self.show_again(now.parent.parent)
                return

    def forget(self) -> None:
        """Leave what is being read, and what is shown: another project is open."""
        for task in self._tasks:
            task.forget()
        self._page.show_none()

    def shutdown(self) -> None:
        for task in self._tasks:
            task.shutdown()
        self.timing.shutdown()

    @Slot(object)
    def _on_read_again(self, read: tuple[Path, ComparisonFile]) -> None:
        self._page.show_comparison(*read)

    @Slot(object)
    def _on_found(self, found: FoundComparisons) -> None:
        self._page.set_known(found.folders)
        if found.newest is not None and self._page.folder is None and not self._training.is_active:
            self._page.show_comparison(*found.newest)

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


def _first(plan: ComparisonPlan, strategy: str) -> Entry:
    """Return the first run that a strategy has in a comparison, or would have."""
    return Entry(strategy=strategy, seed=plan.seeds[0])


def _seconds(timing: Timing, plan: ComparisonPlan, done: Container[str] = ()) -> dict[str, float]:
    """Return what a run of each strategy is thought to take, of those that are not done, by name."""
    return seconds_by_strategy(runs_of_plan(plan, timing.forecasts, done))
