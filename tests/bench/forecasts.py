"""Forecasts beside what then happens: every strategy, each run in a process of its own.

    python -m tests.bench.forecasts DATA WEIGHTS [WEIGHTS …] [--epochs 3] [--strategies A,B,…] [--json FILE]

First all strategies are forecast, with nothing kept of earlier runs; then each is run, ``freeze`` once more
to see what a run is forecast that finds everything on the disk. Each run writes down its own forecast before
it begins, which is the one that it is judged by: within 30 % or a second, memory within 30 %. Returns 1 where
one is not. Beside that it says of each whether it ended within the range that was told.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ftgui.freezing.strategies import STRATEGIES
from ftgui.training.events import RunEnded, RunForecast
from tests.harness.process import run_ftgui

WITHIN, WITHIN_SECONDS = 0.3, 1.0
HOURS = 4 * 3600


class Judged(NamedTuple):
    """A forecast and the run that it was made of."""

    weights: str
    name: str
    told: RunForecast
    ended: RunEnded
    epoch_seconds: float

    @property
    def ratio(self) -> float:
        return self.told.seconds / self.ended.seconds

    @property
    def is_timed_well(self) -> bool:
        apart = abs(self.told.seconds - self.ended.seconds)
        return apart <= max(WITHIN * self.ended.seconds, WITHIN_SECONDS)

    @property
    def is_in_range(self) -> bool:
        return self.told.low <= self.ended.seconds <= self.told.high

    @property
    def memory_ratio(self) -> float | None:
        if self.told.memory_mb is None or self.ended.peak_memory_mb is None:
            return None
        return self.told.memory_mb / self.ended.peak_memory_mb

    @property
    def is_good(self) -> bool:
        ratio = self.memory_ratio
        return self.is_timed_well and (ratio is None or abs(ratio - 1) <= WITHIN)

    @property
    def line(self) -> str:
        told, ended, memory = self.told, self.ended, self.memory_ratio
        return (
            f"{self.name:14} {told.low:7.1f} – {told.high:6.1f}  {told.seconds:7.1f}  {ended.seconds:7.1f}"
            f"  {'inside' if self.is_in_range else 'OUTSIDE':7}"
            f"  {self.ratio:5.2f}  {told.epoch_seconds:7.2f}  {self.epoch_seconds:7.2f}"
            f"  {told.memory_mb or 0:6.0f}  {ended.peak_memory_mb or 0:6.0f}  {memory or 0:5.2f}"
            f"{'' if self.is_good else '  <- off'}"
        )


HEAD = (
    "strategy        range, s          forecast    took   range    ratio"
    "    epoch     took      MB    took  ratio\n"
)


def main() -> int:
    """Forecast, run, and print a table for each weights file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path, nargs="+")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--strategies", default=",".join(STRATEGIES))
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    everything: list[Judged] = []
    with tempfile.TemporaryDirectory() as work:
        for weights in asked.weights:
            print(f"\n{weights.name}, {asked.epochs} epochs\n{HEAD}", end="", flush=True)
            for judged in judge(asked.data, weights, asked.epochs, asked.strategies.split(","), Path(work)):
                print(judged.line, flush=True)
                everything.append(judged)
    if asked.json is not None:
        asked.json.write_text(json.dumps([_plain(each) for each in everything], indent=1), encoding="utf-8")
    off = [each for each in everything if not each.is_good]
    inside = sum(each.is_in_range for each in everything)
    print(
        f"\n{len(everything) - len(off)} of {len(everything)} within {WITHIN:.0%} or {WITHIN_SECONDS:g} s,",
        end=" ",
    )
    print(f"{inside} inside the range that was told")
    return 1 if off else 0


def judge(
    data: Path, weights: Path, epochs: int, names: list[str], work: Path, *more: str
) -> Iterator[Judged]:
    """Forecast all strategies once, and run them one after the other, each finding nothing on the disk.

    ``more`` are arguments of all of them.
    """
    home = work / "home"
    shutil.rmtree(home, ignore_errors=True)
    common = (str(data), "--weights", str(weights), "--epochs", str(epochs), *more)
    _lines(home, "forecast", *common, "--strategies", ",".join(names))
    runs = [(name, name) for name in names] + [("freeze", "freeze, warm")] * ("freeze" in names)
    for strategy, name in runs:
        if name == strategy or "freeze" not in names:
            shutil.rmtree(home / "cache" / "features", ignore_errors=True)
            shutil.rmtree(home / "cache" / "pixels", ignore_errors=True)
        else:  # what the runs before it left goes, and its own twin's comes back
            _lines(home, "train", *common, "--strategy", strategy, "--out", str(_out(work, "twin")))
        events = _lines(home, "train", *common, "--strategy", strategy, "--out", str(_out(work, "run")))
        yield _judged(weights.name, name, events)


def _out(work: Path, name: str) -> Path:
    shutil.rmtree(work / name, ignore_errors=True)
    return work / name


def _lines(home: Path, *asked: str) -> list[dict[str, Any]]:
    done = run_ftgui(*asked, "--json", timeout=HOURS, FTGUI_HOME=str(home))
    if done.returncode:
        sys.exit(f"ftgui {' '.join(asked)}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _judged(weights: str, name: str, events: list[dict[str, Any]]) -> Judged:
    import msgspec

    found = {event["event"]: event for event in events}
    if "run_forecast" not in found:
        sys.exit(f"{name}: nothing was forecast")
    epochs = [e["train_seconds"] + e["val_seconds"] for e in events if e["event"] == "epoch_ended"]
    return Judged(
        weights,
        name,
        msgspec.convert(found["run_forecast"], RunForecast),
        msgspec.convert(found["run_ended"], RunEnded),
        epochs[-1],
    )


def _plain(judged: Judged) -> dict[str, Any]:
    return {
        "weights": judged.weights,
        "strategy": judged.name,
        "forecast_seconds": judged.told.seconds,
        "low": judged.told.low,
        "high": judged.told.high,
        "seconds": judged.ended.seconds,
        "in_range": judged.is_in_range,
        "forecast_mb": judged.told.memory_mb,
        "peak_memory_mb": judged.ended.peak_memory_mb,
    }


if __name__ == "__main__":
    sys.exit(main())
