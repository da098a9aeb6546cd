"""How long a project of a thousand runs takes to open, and how late the event loop is meanwhile.

Run it with ``python -m tests.bench.many_runs [RUNS] [EPOCHS]``, offscreen unless told otherwise.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from ftgui.gui.app import SWITCH_SECONDS, create_window
from ftgui.runs.project import PROJECT_RUNS, ListedRun, ProjectFile, write_project
from ftgui.runs.store import RunStore
from ftgui.training.events import EpochEnded
from tests.bench.lateness import Watch
from tests.gui.scripted import ended, epoch, moved, started

RUNS, EPOCHS, SHOWN = 1000, 100, 6


def main() -> None:
    """Make the runs, open them, and print the figures."""
    asked = [int(each) for each in sys.argv[1:]]
    count, epochs = (*asked, RUNS, EPOCHS)[:2] if len(asked) != 1 else (asked[0], EPOCHS)
    with tempfile.TemporaryDirectory() as place:
        for name in ("FTGUI_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            os.environ[name] = place
        folder = Path(place) / "project"
        make_project(folder, count, epochs)
        print(f"{count:,} runs of {epochs:,} epochs, {SHOWN} of them ticked")
        print(_open(folder, count))


def make_project(folder: Path, count: int, epochs: int) -> None:
    """Write a project of runs, of which the first few are ticked."""
    (folder / PROJECT_RUNS).mkdir(parents=True)
    first = folder / PROJECT_RUNS / "run-0000"
    _write_run(first, epochs)
    for number in range(1, count):
        run = first.with_name(f"run-{number:04}")
        run.mkdir()
        for file in first.iterdir():
            (run / file.name).write_bytes(file.read_bytes())
    listed = (ListedRun(folder=f"{PROJECT_RUNS}/run-{n:04}", shown=n < SHOWN) for n in range(count))
    write_project(folder, ProjectFile(runs=tuple(listed)))


def _write_run(folder: Path, epochs: int) -> None:
    with closing(RunStore(folder, versions={"ftgui": "bench"})) as store:
        store.record(started())
        for number in range(1, epochs + 1):
            for event in moved(number, 0.0, 0.0, 0.1, 0.5):
                store.record(event)
            store.record(_epoch(number, epochs))
        phases = {"training": 1.0 * epochs, "validation": 0.5 * epochs}
        store.record(msgspec.structs.replace(ended(), epochs=epochs, phase_seconds=phases))


def _epoch(number: int, epochs: int) -> EpochEnded:
    return msgspec.structs.replace(epoch(number, 0.5 + 0.4 * number / epochs), train_loss=1 / number)


def _open(folder: Path, count: int) -> str:
    sys.setswitchinterval(SWITCH_SECONDS)  # as the program does
    window = create_window()
    window.show()
    for plot in (window.page.loss_plot, window.page.accuracy_plot):
        plot.make_ready()  # as it is soon after the window is on the screen
    app = QApplication.instance()
    assert app is not None
    for _ in range(20):
        app.processEvents()
    watch = Watch(looks_on=False)
    watch.start()
    began = time.perf_counter()
    window.projects.open(folder)
    while len(window.runs.rows) < count:
        app.processEvents()
    seconds = time.perf_counter() - began
    while time.perf_counter() - began < seconds + 0.5:
        app.processEvents()
    late = watch.take()
    watch.stop()
    before = time.perf_counter()
    window.page.runs_card.table.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    sorting = time.perf_counter() - before
    window.close()
    return (
        f"all rows after {seconds:.2f} s; the event loop late by {late.longest_ms:.0f} ms at most "
        f"(the ten longest: {late.gaps_ms}); sorted in {sorting * 1000:.0f} ms"
    )


if __name__ == "__main__":
    main()
