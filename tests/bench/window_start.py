"""How long it takes from starting the process to a window on the screen, beside a bare one.

``python -m tests.bench.window_start`` starts both in turn, each in a fresh process, and compares medians. The
bare one is what nobody can do without: PySide6, a main window, one plot of pyqtgraph's. The clock runs from
the start of the process until the first picture of the window has been painted.

It needs a screen: a desktop, or

    xvfb-run -a -s "-screen 0 1440x900x24" python -m tests.bench.window_start
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST = 1.5
"""The window may take so many times as long as the bare one."""

TELL_OF_THE_FIRST_PAINT = """
import sys
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

def tell():
    sys.stdout.write("painted\\n")
    sys.stdout.flush()

class FirstExpose(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Expose and watched.isExposed():
            watched.removeEventFilter(self)
            QTimer.singleShot(0, tell)  # the window is painted within this event
        return False

def exec_and_tell(*_):
    window = next(each for each in QApplication.topLevelWindows() if each.isVisible())
    filter = FirstExpose(window)
    window.installEventFilter(filter)
    return loop()

loop, QApplication.exec = QApplication.exec, exec_and_tell
"""

BARE = """
import pyqtgraph
from PySide6.QtWidgets import QMainWindow
app = QApplication(sys.argv[:1])
window = QMainWindow()
window.setCentralWidget(pyqtgraph.PlotWidget())
window.show()
app.exec()
"""

OURS = """
import runpy
sys.argv = ["ftgui"]
runpy.run_module("ftgui", run_name="__main__", alter_sys=True)
"""


def seconds_to_paint(code: str, home: Path) -> float:
    """Return the seconds from starting a process with ``code`` to its window's first paint."""
    environment = os.environ | {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_DATA_HOME": str(home)}
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", TELL_OF_THE_FIRST_PAINT + code],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    with process:
        told = process.stdout.readline()
        seconds = time.perf_counter() - start
        process.kill()
    if told != "painted\n":
        raise RuntimeError("The window did not open.")
    return seconds


def measure(rounds: int) -> dict[str, list[float]]:
    """Return the seconds of the bare window and of ours, started in turn; the first ones do not count."""
    seconds: dict[str, list[float]] = {"bare": [], "ftgui": []}
    with tempfile.TemporaryDirectory() as home:
        for _ in range(rounds + 1):
            for name, code in (("bare", BARE), ("ftgui", OURS)):
                seconds[name].append(seconds_to_paint(code, Path(home)))
    return {name: each[1:] for name, each in seconds.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=15, help="starts of each (default %(default)s)")
    seconds = measure(parser.parse_args().rounds)
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    for name, each in seconds.items():
        print(f"{name:6} median {medians[name]:.3f} s, from {min(each):.3f} to {max(each):.3f} s")
    ratio = medians["ftgui"] / medians["bare"]
    print(f"ftgui takes {ratio:.2f} times as long as the bare window; at most {MOST} is asked for")
    return int(ratio > MOST)


if __name__ == "__main__":
    sys.exit(main())
