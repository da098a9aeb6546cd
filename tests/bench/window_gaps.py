"""How long the window makes its user wait: how late its event loop is while it opens and while it trains.

``python -m tests.bench.window_gaps`` opens the real window in a fresh process, lets it load torch, and then
trains the bundled demo in it (or ``DATA WEIGHTS``) once for each strategy, at full load. A timer in the GUI
thread notices how late it is called; a second thread notes what every thread is doing while it is late.

It needs a screen: a desktop, or ``xvfb-run -a -s "-screen 0 1440x900x24" python -m tests.bench.window_gaps``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.lateness import Lateness, Watch

P99_MS, LONGEST_MS = 16.0, 100.0
"""What is asked for during training."""

OPENING = "opening, torch being loaded"


def measure(options: argparse.Namespace) -> dict[str, Lateness]:
    """Return how late the event loop of one window was, by what went on."""
    command = [sys.executable, "-m", "tests.bench.window_gaps", "--child", *options.paths]
    command += ["--epochs", str(options.epochs), "--strategies", *options.strategies, "--set", *options.set]
    command += ["--no-stacks"] * options.no_stacks
    if options.switch_interval:
        command += ["--switch-interval", str(options.switch_interval)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    return {phase: Lateness(**lateness) for phase, lateness in told.items()}


def report(rounds: list[dict[str, Lateness]]) -> bool:
    """Print what was measured and return whether training kept to what is asked for."""
    good = True
    for phase in rounds[0]:
        each = [of_one[phase] for of_one in rounds]
        p99 = statistics.median(lateness.p99_ms for lateness in each)
        worst = max(each, key=lambda lateness: lateness.longest_ms)
        longest = statistics.median(lateness.longest_ms for lateness in each)
        print(
            f"{phase}: {each[0].seconds:.1f} s, late by p50 {each[0].p50_ms:.1f} ms, p99 {p99:.1f} ms, "
            f"longest {longest:.0f} ms (medians of {len(each)}; worst of all {worst.longest_ms:.0f} ms)"
        )
        print("  meanwhile, at the worst:")
        for line in worst.meanwhile:
            print(f"    {line}")
        if phase != OPENING:
            good &= p99 <= P99_MS and longest <= LONGEST_MS
    print(f"asked for while training: p99 at most {P99_MS:.0f} ms, longest at most {LONGEST_MS:.0f} ms")
    return good


def run_window(options: argparse.Namespace) -> None:
    """Open the window, train in it, and print as JSON how late its event loop was."""
    from ftgui.core.process import settle_process

    settle_process()
    if options.switch_interval:
        sys.setswitchinterval(options.switch_interval)
    from PySide6.QtCore import QObject, QTimer, Slot
    from PySide6.QtWidgets import QApplication

    from ftgui.core.paths import DEMO_PICTURES, demo_weights
    from ftgui.gui.app import create_window

    data, weights = options.paths or (str(DEMO_PICTURES), str(demo_weights()))

    class Driver(QObject):
        """Waits for torch, trains with each strategy in turn, closes the window."""

        def __init__(self) -> None:
            super().__init__()
            self.watch = Watch(looks_on=not options.no_stacks)
            self.waiting = list(options.strategies)
            self.results: dict[str, Lateness] = {}
            window.project.changed.connect(self.on_changed)
            window.training.run_ended.connect(self.on_ended)

        @Slot()
        def begin(self) -> None:
            self.watch.start()

        @Slot()
        def on_changed(self) -> None:
            if OPENING not in self.results and window.project.state.machine is not None:
                self.results[OPENING] = self.watch.take()
                QTimer.singleShot(0, self.choose)

        def choose(self) -> None:
            window.project.set_dataset(data)
            window.project.set_weights(weights)
            window.project.set_setting("epochs", options.epochs)
            for pair in options.set:
                name, _, value = pair.partition("=")
                window.project.set_setting(name, value)
            self.train_when_ready()

        def train_when_ready(self) -> None:
            if not window.setup.train_button.isEnabled():
                QTimer.singleShot(20, self.train_when_ready)
            elif self.waiting:
                window.project.set_strategy(self.waiting[0])
                self.watch.take()
                window.setup.train_button.click()
            else:
                self.watch.stop()
                window.close()

        @Slot(object)
        def on_ended(self, history: object) -> None:
            name = self.waiting.pop(0)
            self.results[f"training, {name}"] = self.watch.take()
            print(name, getattr(history, "state", ""), getattr(history, "ended", ""), file=sys.stderr)
            QTimer.singleShot(200, self.train_when_ready)

    with tempfile.TemporaryDirectory() as folder:
        window = create_window(runs_folder=Path(folder) / "runs")
        driver = Driver()
        window.show()
        QTimer.singleShot(0, driver.begin)
        window.load_when_painted()
        QApplication.exec()
    print(json.dumps({phase: dataclasses.asdict(each) for phase, each in driver.results.items()}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("paths", nargs="*", metavar="DATA WEIGHTS", help="instead of the demo's")
    parser.add_argument("--strategies", nargs="+", default=["freeze", "full"])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=1, help="windows opened, one after another")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other settings, as words")
    parser.add_argument("--switch-interval", type=float, help="seconds, instead of the program's own")
    parser.add_argument("--no-stacks", action="store_true", help="do not note what goes on in a long gap")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run_window(options)
        return 0
    return int(not report([measure(options) for _ in range(options.rounds)]))


if __name__ == "__main__":
    sys.exit(main())
