"""The window: composes sessions, panels and menus, and passes intents between them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from html import escape
from pathlib import Path

from PySide6.QtCore import QMimeData, QSize, Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from ftgui import __version__
from ftgui.core.errors import FtguiError
from ftgui.core.files import unused_folder
from ftgui.core.paths import DEMO_PICTURES, demo_weights, user_data_folder
from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui import settings, theme
from ftgui.gui.actions import fill_menus
from ftgui.gui.dialogs.ask import ask_stop_and_close, tell
from ftgui.gui.item_models.runs_model import RunsModel
from ftgui.gui.pages.setup_panel import SetupPanel
from ftgui.gui.pages.train_page import TrainPage
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.sessions.training import Job, TrainingSession, TrainingState, train_job
from ftgui.gui.sessions.worker import LatestTask
from ftgui.gui.widgets.message_bar import MessageBar
from ftgui.gui.widgets.tables import Tabs
from ftgui.gui.widgets.text import Chip
from ftgui.gui.words import counted, strategy_sentence
from ftgui.runs.history import RunHistory, open_run
from ftgui.training.events import RunWarning

WEIGHTS_SUFFIXES = (".pth", ".pt", ".th", ".tar", ".ckpt", ".bin", ".safetensors")


class MainWindow(QMainWindow):
    """One window; nothing important is more than one click away."""

    def __init__(self, *, runs_folder: Path | None = None, job: Job = train_job) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle("ftgui")
        self.setAcceptDrops(True)
        self._runs_folder = runs_folder or user_data_folder() / "runs"
        self._closing = False
        self._exported: Path | None = None
        self._warnings: list[RunWarning] = []
        self.project = ProjectSession(self)
        self.training = TrainingSession(job, self)
        self.runs = RunsModel(self)
        self._export = LatestTask("export", self)
        self.messages = MessageBar()
        self.setup = SetupPanel(self.project)
        self.page = TrainPage(self.training, self.runs)
        self.device_chip = Chip(self.tr("loading torch …"), object_name="device_chip")
        self._actions = fill_menus(self, self._handlers())
        self._lay_out()
        self._connect()
        self._restore()
        self._on_training_state(self.training.state)
        self._on_possible_changed()
        self._refresh()

    # Intents ----------------------------------------------------------------------------------------------

    def open_demo(self) -> None:
        """Fill in the bundled pictures and weights."""
        try:
            weights = demo_weights()
        except FtguiError as error:
            self.messages.show_error(error)
            return
        self.project.set_dataset(str(DEMO_PICTURES))
        self.project.set_weights(str(weights))

    def train(self) -> None:
        """Start training what the left side says."""
        if self.training.is_active or not self.setup.train_button.isEnabled():
            return
        self.messages.clear()
        self._warnings.clear()
        config = self.project.config()
        folder = unused_folder(self._runs_folder, f"{date.today():%Y-%m-%d}-{config.strategy}")
        history = self.training.start(config, folder, self._run_name(config.strategy))
        self.page.add_run(history)
        self.page.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def export_run(self, history: RunHistory, folder: Path) -> None:
        """Write the export of a run into the new folder ``folder``, off the GUI thread."""
        settings.write("last_export", str(folder.parent))
        self.page.set_exporting(True)
        self._export.ask(_Export(history.folder, folder))

    # Making -----------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        tabs = Tabs(object_name="pages", accessible_name=self.tr("Pages"))
        tabs.addTab(self.page, self.tr("Training"))
        tabs.set_corner(self.device_chip)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.messages)
        right.addWidget(tabs, 1)
        centre = QWidget()
        row = QHBoxLayout(centre)
        row.setContentsMargins(14, 4, 14, 14)
        row.setSpacing(10)
        row.addWidget(self.setup)
        row.addLayout(right, 1)
        self.setCentralWidget(centre)
        room = self.screen().availableSize()
        self.setMinimumSize(QSize(1000, 640).boundedTo(room))
        self.resize(QSize(1440, 900).boundedTo(room))

    def _connect(self) -> None:
        self.project.changed.connect(self._refresh)
        self.project.machine_failed.connect(self._on_machine_failed)
        self.setup.train_clicked.connect(self.train)
        self.setup.choose_dataset_clicked.connect(self._choose_dataset)
        self.setup.choose_weights_clicked.connect(self._choose_weights)
        self.page.export_requested.connect(self._choose_export)
        self.page.demo_requested.connect(self.open_demo)
        self.page.possible_changed.connect(self._on_possible_changed)
        self.messages.action_clicked.connect(self._open_exported)
        self.training.state_changed.connect(self._on_training_state)
        self.training.failed.connect(self.messages.show_error)
        self.training.warned.connect(self._on_warning)
        self._export.done.connect(self._on_exported)
        self._export.failed.connect(self._on_export_failed)

    def _handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "open_dataset": self._choose_dataset,
            "open_weights": self._choose_weights,
            "open_demo": self.open_demo,
            "open_run": self._choose_run,
            "export": self.page.export_button.click,
            "quit": self.close,
            "train": self.train,
            "pause": self.training.toggle_pause,
            "stop": self.training.stop,
            "show_folder": self._show_folder,
            "theme_system": self._theme_system,
            "theme_light": self._theme_light,
            "theme_dark": self._theme_dark,
            "strategies": self._tell_strategies,
            "about": self._tell_about,
        }

    def _restore(self) -> None:
        geometry = settings.read_bytes("geometry")
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
        self._actions[f"theme_{settings.read_theme()}"].setChecked(True)

    def _run_name(self, strategy: str) -> str:
        taken = {row.history.name for row in self.runs.rows}
        names = (strategy if n == 1 else f"{strategy} {n}" for n in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)

    # What happens -----------------------------------------------------------------------------------------

    @Slot()
    def _refresh(self) -> None:
        machine = self.project.state.machine
        if machine is not None:
            device = self._chosen_device()
            threads = counted(machine.threads, self.tr("thread"), self.tr("threads"))
            self.device_chip.set_text(f"{device} · {threads}")
            self.device_chip.setToolTip(f"torch {machine.torch}")
        ready = self.setup.train_button.isEnabled()
        self._actions["train"].setEnabled(ready)
        self.page.set_setup(ready=ready, blank=self.project.is_blank)

    @Slot(object)
    def _on_machine_failed(self, error: FtguiError) -> None:
        self.device_chip.set_text(self.tr("torch cannot be loaded"))
        self.messages.show_error(error)

    def _chosen_device(self) -> str:
        """Return the device that would train, and why it is the one."""
        machine = self.project.state.machine
        assert machine is not None
        asked = self.project.setting("device")
        if asked == "auto":
            best = machine.devices[0]
            return f"{best.name.upper()} ({best.why})"
        if any(choice.name == asked for choice in machine.devices):
            return self.tr("{device} (chosen)").format(device=asked.upper())
        return self.tr("{device} is not available here").format(device=asked.upper())

    @Slot(object)
    def _on_training_state(self, state: TrainingState) -> None:
        self.setup.set_busy(state is not TrainingState.IDLE)
        live = state in (TrainingState.RUNNING, TrainingState.PAUSED)
        self._actions["pause"].setEnabled(live)
        self._actions["stop"].setEnabled(live)
        self._actions["train"].setEnabled(self.setup.train_button.isEnabled())
        if state is TrainingState.IDLE and self._closing:
            QTimer.singleShot(0, self.close)

    @Slot(object)
    def _on_warning(self, warning: RunWarning) -> None:
        """Say what only the run could find; what was known before it stands on the cards already."""
        if warning.message in self.project.notes():
            return
        self._warnings.append(warning)
        first, more = self._warnings[0], len(self._warnings) - 1
        others = counted(more, self.tr("more like it is"), self.tr("more like it are"))
        hint = self.tr("{others} in the run's log.txt.").format(others=others) if more else first.hint
        self.messages.show_warning(first.message, hint)

    @Slot()
    def _on_possible_changed(self) -> None:
        self._actions["export"].setEnabled(self.page.export_button.isEnabled())
        self._actions["show_folder"].setEnabled(self.page.selected_run() is not None)

    @Slot(object)
    def _on_export_failed(self, error: FtguiError) -> None:
        self.page.set_exporting(False)
        self.messages.show_error(error)

    @Slot(object)
    def _on_exported(self, folder: Path) -> None:
        self.page.set_exporting(False)
        self._exported = folder
        self.messages.show_info(
            self.tr("Exported to “{folder}”.").format(folder=folder),
            self.tr("model.pth opens with torchvision alone; predict.py runs without ftgui."),
            self.tr("Open folder"),
        )

    @Slot()
    def _open_exported(self) -> None:
        if self._exported is not None:
            _show_in_file_manager(self._exported)

    # Dialogs ----------------------------------------------------------------------------------------------

    def _choose_dataset(self) -> None:
        start = settings.read_text("last_dataset", str(Path.home()))
        path = QFileDialog.getExistingDirectory(self, self.tr("Choose the folder of pictures"), start)
        if path:
            settings.write("last_dataset", path)
            self.project.set_dataset(path)

    def _choose_weights(self) -> None:
        start = settings.read_text("last_weights", str(Path.home()))
        kinds = f"{self.tr('Weights')} ({' '.join(f'*{suffix}' for suffix in WEIGHTS_SUFFIXES)})"
        path, _ = QFileDialog.getOpenFileName(
            self, self.tr("Choose the weights file"), start, f"{kinds};;{self.tr('All files')} (*)"
        )
        if path:
            settings.write("last_weights", str(Path(path).parent))
            self.project.set_weights(path)

    def _choose_run(self) -> None:
        path = QFileDialog.getExistingDirectory(self, self.tr("Choose a run folder"), str(self._runs_folder))
        if path:
            self.add_run(Path(path))

    def add_run(self, folder: Path) -> None:
        """Put a run that is on the disk beside those of this window."""
        if self.runs.has_folder(folder):
            self.messages.show_info(self.tr("“{name}” is in the table already.").format(name=folder.name))
            return
        try:
            self.page.add_run(open_run(folder))
        except FtguiError as error:
            self.messages.show_error(error)

    @Slot(object)
    def _choose_export(self, history: RunHistory) -> None:
        start = Path(settings.read_text("last_export", str(Path.home()))) / f"{history.name}-export"
        path, _ = QFileDialog.getSaveFileName(
            self, self.tr("A new folder for the export"), str(start), options=QFileDialog.Option.ShowDirsOnly
        )
        if path:
            self.export_run(history, Path(path))

    def _show_folder(self) -> None:
        history = self.page.selected_run()
        if history is not None:
            _show_in_file_manager(history.folder)

    def _tell_strategies(self) -> None:
        multiple = self.project.setting("backbone_lr_mult")
        words = ((s.title, f"{strategy_sentence(s.name, multiple)}. {s.cost}") for s in STRATEGIES.values())
        parts = [f"<p><b>{escape(title)}</b><br>{escape(text)}</p>" for title, text in words]
        tell(self, self.tr("What the strategies do"), "".join(parts), "strategies_help")

    def _tell_about(self) -> None:
        text = self.tr("ftgui {version}\n\nFreezing you can see, trust and compare.\nMIT licence.")
        tell(self, self.tr("About ftgui"), text.format(version=__version__), "about")

    def _theme_system(self) -> None:
        self._choose_theme("system")

    def _theme_light(self) -> None:
        self._choose_theme("light")

    def _theme_dark(self) -> None:
        self._choose_theme("dark")

    def _choose_theme(self, choice: theme.Choice) -> None:
        settings.write("theme", choice)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.choose_theme(app, choice)

    # Dropping and closing ---------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped_path(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Do the right thing with a folder, a run folder or a weights file."""
        path = _dropped_path(event.mimeData())
        if path is None:
            return
        event.acceptProposedAction()
        if path.is_dir() and (path / "events.jsonl").is_file():
            self.add_run(path)
        elif path.is_dir():
            self.project.set_dataset(str(path))
        else:
            self.project.set_weights(str(path))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask while a run goes on; otherwise end every thread, then go."""
        if self.training.is_active:
            event.ignore()
            if not self._closing and self.findChild(QWidget, "close_question") is None:
                ask_stop_and_close(self, self._stop_and_close)
            return
        settings.write("geometry", self.saveGeometry())
        self.hide()  # what is still being looked at may take its time; nobody has to watch that
        self.training.shutdown()
        self._export.shutdown()
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


def _show_in_file_manager(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def _dropped_path(mime: QMimeData) -> Path | None:
    urls = mime.urls()
    return Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None


class _Export:
    """An export as a question for a ``LatestTask``."""

    def __init__(self, run: Path, out: Path) -> None:
        self._run, self._out = run, out

    def __call__(self) -> Path:
        from ftgui.jobs.export import export

        export(self._run, self._out)
        return self._out
