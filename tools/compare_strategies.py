"""Measure the seven strategies on real photos; write the README's table and the figures behind the help.

    python tools/compare_strategies.py PICTURES WEIGHTS.pth --work DIR [--write]

Every strategy runs at its own default learning rate with each seed; the same three learning rates are tried
with the first seed. ``scratch`` gets the epochs that it takes to fit its own training pictures. Runs are kept
in DIR, and one that is there already is not done again, so the command can be stopped and started. Last, each
strategy is timed by a run of its own, of five epochs (what ``scratch`` takes beyond those is reckoned from
them), in which nothing is left of earlier runs: leave the machine alone meanwhile.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import sys
from contextlib import suppress
from pathlib import Path

from ftgui.core.process import settle_process

settle_process()  # as the program does first of all

import msgspec  # noqa: E402
import torch  # noqa: E402

from ftgui.core import files, records  # noqa: E402
from ftgui.freezing.facts import FACTS, Facts, Measured  # noqa: E402
from ftgui.freezing.strategies import STRATEGIES  # noqa: E402
from ftgui.jobs.train import train  # noqa: E402
from ftgui.runs.history import RunHistory, open_run  # noqa: E402
from ftgui.training.config import TrainConfig  # noqa: E402
from ftgui.training.events import Reason, RunEnded  # noqa: E402

README = Path(__file__).parents[1] / "README.md"
MARKS = ("<!-- strategies-table -->", "<!-- /strategies-table -->")
SEEDS = (0, 1, 2)
LRS = (0.001, 0.003, 0.01)
EPOCHS, SCRATCH_EPOCHS = 5, 40
ORDER = ("freeze", "thaw", "partial", "small-lr", "full", "lr-zero", "scratch")
NORMS = ("locked", "adapt", "trainable")
HOME = "home"
"""Settings and cache of all runs: not the user's own."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--words", default="photos of ants and bees", help="what the pictures are")
    parser.add_argument(
        "--keep",
        default=(),
        type=lambda names: tuple(names.split(",")),
        metavar="STRATEGIES",
        help="take what these reached from the figures that are there, and only time them anew",
    )
    parser.add_argument("--write", action="store_true", help="write README.md and the figures")
    arguments = parser.parse_args()
    bench = Bench(arguments)
    os.environ["FTGUI_HOME"] = str((arguments.work / HOME).absolute())
    for strategy in ORDER:
        if strategy not in arguments.keep:
            bench.tried(strategy)
            bench.over_seeds(strategy)
    for norm in NORMS:
        bench.over_seeds("freeze", norm)
    facts = bench.facts()
    print(table(facts))
    if arguments.write:
        records.write_json(FACTS, facts)
        write_table(README, table(facts))
    return 0


class Bench:
    """Runs, kept in a folder."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments

    def config(self, strategy: str, lr: float, seed: int, norm: str, epochs: int) -> TrainConfig:
        return TrainConfig(
            dataset=str(self._arguments.pictures),
            weights=str(self._arguments.weights),
            strategy=strategy,
            lr=lr,
            seed=seed,
            norm=norm,  # type: ignore[arg-type]
            epochs=epochs,
            precision=self._arguments.precision,
        )

    def run(
        self, strategy: str, lr: float, seed: int, norm: str = "locked", kind: str = "runs"
    ) -> RunHistory:
        """Return a run, done now unless it is in the folder already."""
        folder = self._arguments.work / kind / f"{strategy}-{norm}-lr{lr:g}-seed{seed}"
        if not (folder / "summary.json").is_file():
            folder = folder if not folder.exists() else files.unused_path(folder.parent, folder.name)
            if kind == "timed":
                with suppress(FileNotFoundError):
                    shutil.rmtree(self._arguments.work / HOME / "cache")
            epochs = SCRATCH_EPOCHS if strategy == "scratch" and kind == "runs" else EPOCHS
            for event in train(self.config(strategy, lr, seed, norm, epochs), folder):
                if isinstance(event, RunEnded) and event.reason is not Reason.COMPLETED:
                    sys.exit(f"{folder}: {event.message}")
        history = open_run(folder)
        last = history.epochs[-1]
        print(
            f"{kind} {folder.name}: val {last.val_accuracy:.3f}, train {last.train_accuracy:.3f}, "
            f"{last.total_seconds:.0f} s",
            flush=True,
        )
        return history

    def over_seeds(self, strategy: str, norm: str = "locked") -> list[RunHistory]:
        return [self.run(strategy, STRATEGIES[strategy].default_lr, seed, norm) for seed in SEEDS]

    def tried(self, strategy: str) -> dict[float, RunHistory]:
        """Return a run of the first seed for each learning rate."""
        return {lr: self.run(strategy, lr, SEEDS[0]) for lr in LRS}

    def measured(self, strategy: str, norm: str = "locked") -> Measured:
        default = STRATEGIES[strategy].default_lr
        timed = self.run(strategy, default, SEEDS[0], norm, "timed")
        if strategy in self._arguments.keep:
            kept = records.read_json(FACTS, Facts).strategies[strategy]
            return msgspec.structs.replace(kept, seconds=seconds_of(timed, kept.epochs))
        own = self.over_seeds(strategy, norm)
        tried = {default: own[0]} if norm != "locked" else self.tried(strategy)
        accuracies = [run.epochs[-1].val_accuracy for run in own]
        return Measured(
            lr=default,
            epochs=len(own[0].epochs),
            val_accuracy=mean(accuracies),
            lowest=min(accuracies),
            highest=max(accuracies),
            train_accuracy=mean([run.epochs[-1].train_accuracy for run in own]),
            best_lr=best_lr(tried),
            best_val_accuracy=tried[best_lr(tried)].epochs[-1].val_accuracy,
            seconds=seconds_of(timed, len(own[0].epochs)),
            moved=sum(event.changed for event in own[0].moved if event.epoch == len(own[0].epochs)),
        )

    def facts(self) -> Facts:
        started = self.run("freeze", STRATEGIES["freeze"].default_lr, SEEDS[0]).started
        assert started is not None
        moved = self.run("full", STRATEGIES["full"].default_lr, SEEDS[0])
        return Facts(
            architecture=started.architecture,
            pictures=self._arguments.words,
            train_pictures=started.train_pictures,
            val_pictures=started.val_pictures,
            seeds=SEEDS,
            lrs=LRS,
            precision=started.precision,
            machine=f"{started.device.upper()}, {started.threads} threads, torch {torch.__version__}, "
            f"{platform.machine()}",
            tensors=sum(event.entries for event in moved.moved if event.epoch == 1),
            strategies={name: self.measured(name) for name in STRATEGIES},
            norms={norm: self.measured("freeze", norm) for norm in NORMS},
        )


def seconds_of(timed: RunHistory, epochs: int) -> float:
    """Return what a run of so many epochs takes, from a timed one of fewer; the first is the slowest."""
    assert timed.ended is not None
    each = (timed.epochs[-1].total_seconds - timed.epochs[0].total_seconds) / (len(timed.epochs) - 1)
    return timed.ended.seconds + each * (epochs - len(timed.epochs))


def best_lr(tried: dict[float, RunHistory]) -> float:
    """Return the lr whose last epoch was most accurate on validation, then the lower loss."""
    return max(
        tried, key=lambda lr: (tried[lr].epochs[-1].val_accuracy, -(tried[lr].epochs[-1].val_loss or 9))
    )


def mean(numbers: list[float]) -> float:
    return float(statistics.mean(numbers))  # exactly: of three equal ones it is that one


def table(facts: Facts) -> str:
    """Return the README's table."""
    lines = [
        "| strategy | lr | validation accuracy | best lr of three | on training | epochs | time | moved |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, own in facts.strategies.items():
        spread = f"{own.val_accuracy:.3f} ({own.lowest:.3f} – {own.highest:.3f})"
        lines.append(
            f"| `{name}` | {own.lr:g} | {spread} | {own.best_val_accuracy:.3f} at {own.best_lr:g} "
            f"| {own.train_accuracy:.3f} | {own.epochs} | {own.seconds:.0f} s "
            f"| {own.moved} of {facts.tensors} |"
        )
    seeds = f"seeds {facts.seeds[0]} to {facts.seeds[-1]}"
    lines.append("")
    lines.append(
        f"`{facts.architecture}`, {facts.train_pictures} {facts.pictures} to learn from and "
        f"{facts.val_pictures} to judge on, {seeds} (mean, lowest, highest), last epoch, {facts.precision}, "
        f"{facts.machine}. The best learning rate of {', '.join(f'{lr:g}' for lr in facts.lrs)} is by seed "
        f"{facts.seeds[0]} alone. Moved: parameters and buffers."
    )
    return "\n".join(lines)


def write_table(readme: Path, text: str) -> None:
    """Put the table between its marks."""
    old = readme.read_text(encoding="utf-8")
    before, rest = old.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    files.write_text(readme, f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}")


if __name__ == "__main__":
    sys.exit(main())
