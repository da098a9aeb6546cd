"""The window: composes sessions, panels and menus, and passes intents between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from PySide6.QtCore import QSize, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenu, QVBoxLayout, QWidget

from ftgui.core.errors import FtguiError
from ftgui.core.paths import DEMO_PICTURES, demo_weights, user_data_folder
from ftgui.gui import settings, theme_choice
from ftgui.gui.actions import fill_menus
from ftgui.gui.comparing import Comparisons
from ftgui.gui.dialog_desk import DialogDesk
from ftgui.gui.dialogs import files
from ftgui.gui.dialogs.ask import ask_stop_and_close
from ftgui.gui.dropping import dropped_path, kind_of
from ftgui.gui.item_models.runs_model import RunsModel
from ftgui.gui.news import News, show_in_file_manager
from ftgui.gui.pages.comparison_page import ComparisonPage
from ftgui.gui.pages.data_page import DataPage
from ftgui.gui.pages.moved_page import MovedPage
from ftgui.gui.pages.setup_panel import SetupPanel
from ftgui.gui.pages.train_page import TrainPage
from ftgui.gui.picture_viewer import PictureViewer
from ftgui.gui.projects import Projects
from ftgui.gui.recent import RecentMenu
from ftgui.gui.run_desk import RunDesk
from ftgui.gui.sessions.compared import OpenedComparison
from ftgui.gui.sessions.fetching import Fetching
from ftgui.gui.sessions.forecasting import Forecasting, ForecastJob, forecast_job
from ftgui.gui.sessions.keeping import Keeping
from ftgui.gui.sessions.lr_search import LrSearch
from ftgui.gui.sessions.opening import Opening
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.sessions.project_file import ProjectKeeper
from ftgui.gui.sessions.runs import RunsSession
from ftgui.gui.sessions.training import Job, TrainingSession, TrainingState, train_job
from ftgui.gui.widgets.device_chip import DeviceChip
from ftgui.gui.widgets.message_bar import MessageBar
from ftgui.gui.widgets.tables import Tabs


class MainWindow(QMainWindow):
    """One window; nothing important is more than one click away."""

    def __init__(
        self,
        *,
        runs_folder: Path | None = None,
        job: Job = train_job,
        forecast: ForecastJob = forecast_job,
    ) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle("ftgui")
        self.setAcceptDrops(True)
        self._closing = self._reopens = False
        self.project = ProjectSession(parent=self)
        engine = Lock()  # one thing is computed at a time: timed steps beside a run would be wrong for ever
        self.training = TrainingSession(job, engine, self)
        self.forecasting = Forecasting(self.project, forecast, engine, self)
        self.search = LrSearch(engine, self)
        self.fetching = Fetching(self)
        self.keeping = Keeping(self)
        self.dialogs = DialogDesk(self.project, self.search, self.fetching, self.keeping, self)
        self.runs = RunsModel(self)
        self.reader = RunsSession(self.runs, self)
        unsaved = user_data_folder()
        self.keeper = ProjectKeeper(
            self.project, self.runs, self.reader, (unsaved, runs_folder or unsaved / "runs"), self
        )
        self._centre = centre = QWidget(
            self
        )  # first, and the rest inside it: a tree that is moved is styled anew
        self.setCentralWidget(centre)
        self.setup = SetupPanel(self.project, centre)
        self.messages = MessageBar(parent=centre)
        self.news = News(self.messages, self.project, self)
        self._tabs = Tabs(object_name="pages", accessible_name=self.tr("Pages"), parent=centre)
        self.data = DataPage(self.project, self._tabs)
        self.page = TrainPage(self.training, self.runs, self._tabs)
        self.moved = MovedPage(self.training, self.runs, self._tabs)
        self.comparison = ComparisonPage(self._tabs)
        self.device_chip = DeviceChip()
        plots = (self.page.loss_plot, self.page.accuracy_plot)
        self._opening = Opening((*(plot.make_ready for plot in plots), self._open_last), self)
        self._viewer = PictureViewer(self.project, self.data.pictures, self)
        self.projects = Projects(self.keeper, self.reader, self.training, self.messages, self)
        self.desk = RunDesk(self.project, self.training, self.keeper, self.reader, self.page, self)
        self.comparisons = Comparisons(
            self.project, self.training, self.forecasting, self.keeper, self.comparison, self
        )
        self.desk.may_start = self._may_train
        self.comparisons.may_start = self._may_compare
        self._actions = fill_menus(self, self._handlers())
        self._lay_out()
        self._connect()
        self._restore()
        self._show_busy()
        self._on_possible_changed()
        self._refresh()

    # Intents ----------------------------------------------------------------------------------------------

    def load_when_painted(self, *, demo: bool = False, reopen: bool = False) -> None:
        """Load what takes long as soon as this window, which was told to show itself, is on the screen.

        First what draws the curves, then torch: that takes seconds and is needed only for training.
        ``demo`` fills in the bundled pictures and weights then; ``reopen`` opens the project that was open
        last as soon as curves can be drawn, unless the user has begun something by then.
        """
        self._reopens = reopen
        if demo:
            self._opening.painted.connect(self.open_demo)
        self._opening.watch(self.windowHandle())

    def _open_last(self) -> None:
        if self._reopens and self.project.is_blank and not self.runs.rows and not self.keeper.is_saved:
            self.projects.open_last()

    @Slot()
    def open_demo(self) -> None:
        """Fill in the bundled pictures and weights."""
        try:
            weights = demo_weights()
        except FtguiError as error:
            self.messages.show_error(error)
            return
        self.project.set_dataset(str(DEMO_PICTURES))
        self.project.set_weights(str(weights))

    def find_learning_rate(self) -> None:
        """Search for a learning rate for what the left side says."""
        if self._may_train():
            self.dialogs.find_learning_rate()

    def train(self) -> None:
        """Start training what the left side says."""
        self.desk.start()

    def add_run(self, folder: Path) -> None:
        """Put a run that is on the disk beside those of this window."""
        self.desk.add(folder)

    def open_comparison(self, folder: Path) -> None:
        """Show a comparison that is on the disk, and put its runs beside those of this window."""
        self.comparisons.open(folder, frozenset(row.history.folder for row in self.runs.rows))

    # Making -----------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._tabs.addTab(self.data, self.tr("Data"))
        self._tabs.addTab(self.page, self.tr("Training"))
        self._tabs.setCurrentWidget(self.page)
        self._tabs.addTab(self.comparison, self.tr("Comparison"))
        self._tabs.addTab(self.moved, self.tr("What moved"))
        self._tabs.set_corner(self.device_chip)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.messages)
        right.addWidget(self._tabs, 1)
        row = QHBoxLayout(self._centre)
        row.setContentsMargins(14, 4, 14, 14)
        row.setSpacing(10)
        row.addWidget(self.setup)
        row.addLayout(right, 1)
        room = self.screen().availableSize()
        self.setMinimumSize(QSize(1000, 640).boundedTo(room))
        self.resize(QSize(1440, 900).boundedTo(room))

    def _connect(self) -> None:
        self._opening.engine_loaded.connect(self.project.look_at_machine)
        self.project.changed.connect(self._refresh)
        self.project.machine_failed.connect(self.device_chip.show_failure)
        self.project.machine_failed.connect(self.messages.show_error)
        self.setup.train_clicked.connect(self.desk.start)
        self.setup.compare_clicked.connect(self.comparisons.ask)
        self.training.run_began.connect(self.page.follow_run)
        self.setup.choose_dataset_clicked.connect(self.dialogs.choose_dataset)
        self.setup.choose_weights_clicked.connect(self.dialogs.choose_weights)
        self.setup.look_clicked.connect(self._look_at_pictures)
        self.data.show_requested.connect(self._show_picture)
        self.project.pictures.failed.connect(self.messages.show_error)
        self.setup.catalog_clicked.connect(self.dialogs.open_catalog)
        self.setup.find_lr_clicked.connect(self.find_learning_rate)
        self.page.demo_requested.connect(self.open_demo)
        self.page.failed.connect(self.messages.show_error)
        self.page.runs_card.possible_changed.connect(self._on_possible_changed)
        self.moved.run_chosen.connect(self.page.runs_card.select)
        for page in (self.moved, self.comparison):
            page.failed.connect(self.messages.show_error)
        self.forecasting.changed.connect(self._show_forecasts)
        self.dialogs.settings_closed.connect(self.forecasting.ask_again)
        self.training.state_changed.connect(self._on_training_state)
        self.training.updated.connect(self._tell_arithmetic)
        self.training.failed.connect(self.messages.show_error)
        self.training.warned.connect(self.news.warn)
        self.search.active_changed.connect(self._show_busy)
        self._connect_desks()

    def _connect_desks(self) -> None:
        for desk in (self.desk, self.comparisons):
            desk.began.connect(self.news.clear)
            desk.failed.connect(self.messages.show_error)
        self.desk.told.connect(self.messages.show_info)
        self.desk.exported.connect(self.news.tell_exported)
        self.comparisons.began.connect(self._show_training)
        self.comparisons.opened.connect(self._on_comparison_opened)
        self.reader.loaded.connect(self._find_comparisons)
        self.keeper.opened.connect(self._show_title)
        self.projects.left.connect(self._on_project_left)
        self.projects.moved.connect(self.comparisons.follow)
        self.projects.moved.connect(self._find_comparisons)
        recent = self.findChild(QMenu, "menu_recent")
        assert recent is not None
        self._recent = RecentMenu(recent)
        self._recent.chosen.connect(self.projects.open)

    def _handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "new_project": self.projects.start_new,
            "open_project": self.projects.choose,
            "save_project": self.projects.save,
            "open_dataset": self.dialogs.choose_dataset,
            "open_weights": self.dialogs.choose_weights,
            "open_catalog": self.dialogs.open_catalog,
            "open_demo": self.open_demo,
            "open_run": self.desk.choose,
            "export": self.page.runs_card.export_button.click,
            "settings": self.dialogs.open_settings,
            "quit": self.close,
            "train": self.desk.start,
            "compare": self.comparisons.ask,
            "skip": self.training.skip,
            "open_comparison": self._choose_comparison,
            "pause": self.training.toggle_pause,
            "stop": self.training.stop,
            "continue": self.page.runs_card.continue_button.click,
            "find_lr": self.find_learning_rate,
            "show_folder": self.desk.show_folder,
            "theme_system": theme_choice.choose_system,
            "theme_light": theme_choice.choose_light,
            "theme_dark": theme_choice.choose_dark,
            "strategies": self.dialogs.tell_strategies,
            "about": self.dialogs.tell_about,
        }

    def _restore(self) -> None:
        geometry = settings.read_bytes("geometry")
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
        self._actions[f"theme_{settings.read_theme()}"].setChecked(True)

    # What happens -----------------------------------------------------------------------------------------

    @property
    def _is_busy(self) -> bool:
        """Whether the engine is at work on a run or a search: it does one thing at a time."""
        return self.training.is_active or self.search.is_active

    def _may_train(self) -> bool:
        return not self._is_busy and self.setup.train_button.isEnabled()

    def _may_compare(self) -> bool:
        return not self._is_busy and self.setup.compare_button.isEnabled()

    @Slot()
    def _show_title(self) -> None:
        name = self.keeper.name
        self.setWindowTitle(f"{name} – ftgui" if name else "ftgui")

    @Slot()
    def _on_project_left(self) -> None:
        """Show nothing of the runs of another project."""
        self.training.forget()
        self.comparisons.forget()
        self.moved.show_none()

    @Slot()
    def _find_comparisons(self) -> None:
        """Show what the runs of a project that was opened were compared for."""
        self.comparisons.find(row.history.folder for row in self.runs.rows)

    @Slot()
    def _show_training(self) -> None:
        self._tabs.setCurrentWidget(self.page)

    @Slot(object)
    def _on_comparison_opened(self, opened: OpenedComparison) -> None:
        self.desk.add_compared(opened)
        self._tabs.setCurrentWidget(self.comparison)

    @Slot()
    def _refresh(self) -> None:
        self.device_chip.show_machine(self.project.state.machine, self.project.setting("device"))
        ready = self.setup.train_button.isEnabled()
        self._actions["train"].setEnabled(ready)
        self._actions["find_lr"].setEnabled(ready)
        self._actions["compare"].setEnabled(ready)
        self.page.set_setup(ready=ready, blank=self.project.is_blank)
        self.comparison.set_ready(self.setup.compare_button.isEnabled(), self.setup.ready.text())

    @Slot()
    def _show_busy(self) -> None:
        """Offer what can be started, and what can be asked of the run that goes on."""
        why = self.tr("A learning rate is being looked for.") if self.search.is_active else ""
        training = self.training.is_active
        self.setup.set_busy(
            self.tr("A run is going on; the next can start when it ends.") if training else why
        )
        self.page.runs_card.set_busy(self.tr("Another run goes on.") if training else why)
        live = self.training.state in (TrainingState.RUNNING, TrainingState.PAUSED)
        self._actions["pause"].setEnabled(live)
        self._actions["stop"].setEnabled(live)
        self._actions["skip"].setEnabled(live and self.training.comparing is not None)
        self.comparison.set_busy(self._is_busy)
        self.forecasting.hold(self._is_busy)
        self._refresh()

    @Slot(object)
    def _on_training_state(self, state: TrainingState) -> None:
        self._show_busy()
        self.project.pictures.hold_check(self.training.is_active)
        if state is TrainingState.IDLE and self._closing:
            QTimer.singleShot(0, self.close)

    @Slot()
    def _look_at_pictures(self) -> None:
        self._tabs.setCurrentWidget(self.data)

    @Slot(str)
    def _show_picture(self, path: str) -> None:
        show_in_file_manager((self.project.pictures.root / path).parent)

    @Slot()
    def _tell_arithmetic(self) -> None:
        history = self.training.history
        if history is not None and history.started is not None:
            self.device_chip.show_run(history.started)
            self.forecasting.follow(history)

    @Slot()
    def _show_forecasts(self) -> None:
        told, is_timing = self.forecasting.told, self.forecasting.is_timing
        self.setup.strategies.show_forecasts(told, is_timing=is_timing)

    @Slot()
    def _on_possible_changed(self) -> None:
        card, history = self.page.runs_card, self.page.runs_card.selected_run()
        self._actions["export"].setEnabled(card.export_button.isEnabled())
        self._actions["continue"].setEnabled(card.continue_button.isEnabled())
        self._actions["show_folder"].setEnabled(history is not None)
        if history is not None and not history.is_brief:
            self.moved.show_run(history)

    def _choose_comparison(self) -> None:
        folder = files.choose_comparison(self, self.keeper.runs_folder)
        if folder is not None:
            self.open_comparison(folder)

    # Dropping and closing ---------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_path(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Do the right thing with a project, pictures, a run or a comparison, or with a weights file."""
        path = dropped_path(event.mimeData())
        if path is None:
            return
        event.acceptProposedAction()
        match kind_of(path):
            case "project":
                self.projects.open(path)
            case "run":
                self.add_run(path)
            case "comparison":
                self.open_comparison(path)
            case "dataset":
                self.project.set_dataset(str(path))
            case "weights":
                self.project.set_weights(str(path))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask while a run goes on; otherwise end every thread, then go."""
        if self.training.is_active:
            event.ignore()
            if not self._closing and self.findChild(QWidget, "close_question") is None:
                ask_stop_and_close(self, self._stop_and_close)
            return
        settings.write("geometry", self.saveGeometry())
        self.dialogs.close("lr_finder", "catalog_dialog", "settings_dialog", "compare_dialog")
        self.hide()  # what is still being looked at may take its time; nobody has to watch that
        self._opening.shutdown()
        self._viewer.shutdown()
        self.data.shutdown()
        self.training.shutdown()
        self.forecasting.shutdown()
        self.search.shutdown()
        self.fetching.shutdown()
        self.keeping.shutdown()
        self.desk.shutdown()
        self.comparisons.shutdown()
        self.keeper.shutdown()
        self.reader.shutdown()
        self.project.shutdown()
        super().closeEvent(event)

    def _stop_and_close(self) -> None:
        """Close as soon as the run has ended and kept its weights."""
        if not self.training.is_active:
            self.close()
            return
        self._closing = True
        self.messages.show_info(self.tr("Stopping; the window closes when the best weights are safe."))
        self.training.stop()
