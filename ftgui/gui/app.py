"""The program around the window."""

from __future__ import annotations

import logging
import signal
import sys
import traceback
from pathlib import Path
from types import TracebackType

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from ftgui import __version__
from ftgui.core.errors import FtguiError, first_line
from ftgui.core.paths import RESOURCES
from ftgui.gui import settings, theme
from ftgui.gui.main_window import MainWindow
from ftgui.gui.sessions.forecasting import ForecastJob, forecast_job
from ftgui.gui.sessions.training import Job, train_job

logger = logging.getLogger(__name__)

SWITCH_SECONDS = 0.001
"""How long another thread may run Python while the window waits for its turn; Python's own is 5 ms."""


def make_application() -> QApplication:
    """Return the application, made and named if there is none yet."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
    app.setApplicationName("ftgui")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("io.github.ftgui.ftgui")
    app.setWindowIcon(QIcon(str(RESOURCES / "icons" / "ftgui.svg")))
    theme.choose_theme(app, settings.read_theme())
    return app


def create_window(
    *,
    demo: bool = False,
    runs_folder: Path | None = None,
    job: Job = train_job,
    forecast: ForecastJob = forecast_job,
) -> MainWindow:
    """Return the main window, not shown yet.

    ``demo`` fills in the bundled pictures and weights, ``runs_folder`` says where runs go instead of the
    user's own folder, ``job`` takes the place of training, and ``forecast`` that of timing steps before it.
    """
    make_application()
    window = MainWindow(runs_folder=runs_folder, job=job, forecast=forecast)
    if demo:
        window.open_demo()
    return window


class _Reporter:
    """Says in the window what nobody foresaw, instead of a traceback in a terminal that nobody sees."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        details = "".join(traceback.format_exception(kind, error, trace))
        logger.error("Unexpected: %s", details)
        self._window.messages.show_error(
            FtguiError(
                f"Something went wrong inside ftgui: {first_line(error)}.",
                "Please report it, with the details.",
                details,
            )
        )


def run(*, demo: bool = False) -> int:
    """Open the window and stay until it is closed; return the exit code."""
    sys.setswitchinterval(SWITCH_SECONDS)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C in the terminal ends it; Qt would not hear of it
    window = create_window()
    sys.excepthook = _Reporter(window)
    window.show()
    window.load_when_painted(demo=demo, reopen=not demo)
    return QApplication.exec()
