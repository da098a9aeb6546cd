"""Take the README's picture: the real window, while the demo trains.

    xvfb-run -a -s "-screen 0 1440x900x24" python tools/screenshot.py docs

Opens the window as ``ftgui demo`` does, presses Train for one strategy, lets it end, presses Train for the next
and takes the picture in the middle of it, once in each theme. Uses a folder of its own for runs and settings.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

FIRST, SECOND = "strategy_freeze", "strategy_full"
EPOCH_TO_SHOW = 6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="the folder the pictures go to")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(XDG_CONFIG_HOME=home, XDG_DATA_HOME=home, XDG_CACHE_HOME=home)
        os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
        return photograph(arguments.out, Path(home) / "runs")


def photograph(out: Path, runs_folder: Path) -> int:
    from PySide6.QtCore import QObject, QTimer, Slot
    from PySide6.QtWidgets import QAbstractButton, QApplication

    from ftgui.gui import theme
    from ftgui.gui.app import create_window, make_application

    app = make_application()
    window = create_window(demo=True, runs_folder=runs_folder)

    class Photographer(QObject):
        """Presses what a user would press, and pictures the window when the time has come."""

        def __init__(self) -> None:
            super().__init__()
            self.waiting = [FIRST, SECOND]
            self.taken = False
            window.project.changed.connect(self.on_changed)
            window.training.run_ended.connect(self.on_run_ended)
            window.training.updated.connect(self.on_updated)

        @Slot()
        def on_changed(self) -> None:
            ready = window.project.readiness().ready and window.project.state.machine is not None
            if ready and len(self.waiting) == 2:
                QTimer.singleShot(0, self.press_train)

        @Slot()
        def press_train(self) -> None:
            if self.waiting and not window.training.is_active:
                self.button(self.waiting.pop(0)).click()
                self.button("train_button").click()

        @Slot(object)
        def on_run_ended(self, history: object) -> None:  # noqa: ARG002
            if self.taken:
                window.close()
            else:
                QTimer.singleShot(0, self.press_train)

        @Slot()
        def on_updated(self) -> None:
            history = window.training.history
            batch = history.batch if history else None
            here = batch is not None and batch.epoch == EPOCH_TO_SHOW and batch.batch > batch.batches // 2
            if not self.waiting and here and not self.taken:
                self.taken = True
                QTimer.singleShot(0, self.take)

        @Slot()
        def take(self) -> None:
            out.mkdir(parents=True, exist_ok=True)
            for name, tokens in (("light", theme.LIGHT), ("dark", theme.DARK)):
                theme.apply_theme(app, tokens)
                QApplication.processEvents()
                window.screen().grabWindow(0).save(str(out / f"window-{name}.png"))
            window.training.stop()

        def button(self, name: str) -> QAbstractButton:
            found = window.findChild(QAbstractButton, name)
            assert isinstance(found, QAbstractButton), name
            return found

    photographer = Photographer()
    window.showMaximized()
    QTimer.singleShot(0, window.project.look_at_machine)
    app.exec()
    return 0 if photographer.taken else 1


if __name__ == "__main__":
    sys.exit(main())
