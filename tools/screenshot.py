"""Take the README's pictures: the real window, while the demo trains, and its pictures.

    xvfb-run -a -s "-screen 0 1440x900x24" python tools/screenshot.py docs [--comparison DIR]

Opens the window as ``ftgui demo`` does, presses Train for one strategy, lets it end, presses Train for the
next and takes the picture in the middle of it, then that of the Data page, once in each theme. With
``--comparison``, opens the one in DIR instead and takes the picture of that. Runs and settings go to a folder
of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QAbstractButton, QApplication

from ftgui.core.process import settle_process
from ftgui.gui import theme
from ftgui.gui.app import create_window, make_application
from ftgui.gui.main_window import MainWindow

STRATEGIES = ("strategy_freeze", "strategy_full")
EPOCH_TO_SHOW = 6
THUMBNAILS_MS = 1500
"""By then those in view are decoded."""
SETTLED_MS = 3000
"""By then the window has looked at the demo, and drawn everything."""


class Photographer(QObject):
    """Presses what a user would press, and pictures the window when the time has come."""

    def __init__(self, app: QApplication, window: MainWindow, out: Path) -> None:
        super().__init__()
        self.app, self.window, self.out = app, window, out
        self.waiting = list(STRATEGIES)
        self.taken = False
        window.project.changed.connect(self.on_changed)
        window.training.run_ended.connect(self.on_run_ended)
        window.training.updated.connect(self.on_updated)

    @Slot()
    def on_changed(self) -> None:
        project = self.window.project
        if project.readiness().ready and project.state.machine is not None and len(self.waiting) == 2:
            QTimer.singleShot(0, self.press_train)

    @Slot()
    def press_train(self) -> None:
        if self.waiting and not self.window.training.is_active:
            self.button(self.waiting.pop(0)).click()
            self.button("train_button").click()

    @Slot(object)
    def on_run_ended(self, _history: object) -> None:
        QTimer.singleShot(0, self.window.close if self.taken else self.press_train)

    @Slot()
    def on_updated(self) -> None:
        history = self.window.training.history
        batch = history.batch if history else None
        here = batch is not None and batch.epoch == EPOCH_TO_SHOW and batch.batch > batch.batches // 2
        if here and not self.waiting and not self.taken:
            self.taken = True
            QTimer.singleShot(0, self.take)

    @Slot()
    def take(self) -> None:
        self.picture("window")
        self.button("look_at_pictures").click()
        QTimer.singleShot(THUMBNAILS_MS, self.take_data)

    @Slot()
    def take_data(self) -> None:
        self.picture("data")
        self.window.training.stop()

    def picture(self, name: str) -> None:
        """Save what the window looks like, once in each theme."""
        self.out.mkdir(parents=True, exist_ok=True)
        for tokens in (theme.LIGHT, theme.DARK):
            theme.apply_theme(self.app, tokens)
            QApplication.processEvents()
            self.window.screen().grabWindow(0).save(str(self.out / f"{name}-{tokens.name}.png"))

    def take_comparison(self, folder: Path) -> None:
        self.window.comparisons.opened.connect(self.on_opened)
        self.window.open_comparison(folder)

    @Slot()
    def on_opened(self) -> None:
        QTimer.singleShot(SETTLED_MS, self.take_opened)

    @Slot()
    def take_opened(self) -> None:
        self.picture("comparison")
        self.taken = True
        self.window.close()

    def button(self, name: str) -> QAbstractButton:
        found = self.window.findChild(QAbstractButton, name)
        assert isinstance(found, QAbstractButton), name
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="the folder the pictures go to")
    parser.add_argument("--comparison", type=Path, metavar="DIR", help="picture this one instead")
    arguments = parser.parse_args()
    settle_process()
    os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(XDG_CONFIG_HOME=home, XDG_DATA_HOME=home, XDG_CACHE_HOME=home)
        app = make_application()
        window = create_window(demo=True, runs_folder=Path(home) / "runs")
        photographer = Photographer(app, window, arguments.out)
        window.showMaximized()
        if arguments.comparison is not None:
            photographer.waiting.clear()
            QTimer.singleShot(SETTLED_MS, partial(photographer.take_comparison, arguments.comparison))
        QTimer.singleShot(0, window.project.look_at_machine)
        app.exec()
    return 0 if photographer.taken else 1


if __name__ == "__main__":
    sys.exit(main())
