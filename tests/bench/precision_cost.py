"""What fast arithmetic costs in accuracy: the same runs in fp32 and in what ``auto`` chooses, pooled.

    python -m tests.bench.precision_cost WEIGHTS DATA [DATA …] [--strategies freeze] [--seeds 0,1,2]

Both learn from the same pictures in the same order, from the same new output layer. It tells the validation
accuracy of each over all datasets and seeds, each picture counting once a seed, and how many predictions
differ.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ftgui.core.process import settle_process


class Row(NamedTuple):
    """One picture as two runs see it."""

    right_fp32: bool
    right_fast: bool
    same: bool


class Pair(NamedTuple):
    """A dataset, strategy and seed in both arithmetics."""

    name: str
    fast: str
    rows: tuple[Row, ...]


def main() -> None:
    """Run all pairs and print a table."""
    parser = argparse.ArgumentParser(description="What fast arithmetic costs in accuracy.")
    parser.add_argument("weights", type=Path)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--strategies", default="freeze")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--epochs", type=int, default=10)
    asked = parser.parse_args()
    settle_process()
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        for pair in _pairs(asked, Path(folder)):
            print(_line(pair.name, pair.fast, pair.rows), flush=True)
            pairs.append(pair)
    everything = tuple(row for pair in pairs for row in pair.rows)
    print(_line("all together", ", ".join(sorted({pair.fast for pair in pairs})), everything))


def _pairs(asked: argparse.Namespace, folder: Path) -> Iterator[Pair]:
    for data in asked.data:
        for strategy in asked.strategies.split(","):
            for seed in map(int, asked.seeds.split(",")):
                name = f"{data.name} {strategy} seed {seed}"
                runs = {
                    precision: _run(asked, data, strategy, seed, precision, folder / f"{name} {precision}")
                    for precision in ("fp32", "auto")
                }
                exact, fast = (_predictions(run) for run in runs.values())
                yield Pair(
                    name,
                    _arithmetic(runs["auto"]),
                    tuple(
                        Row(a[1] == a[0], b[1] == b[0], a[1] == b[1])
                        for a, b in zip(exact, fast, strict=True)
                    ),
                )


def _run(asked: argparse.Namespace, data: Path, strategy: str, seed: int, precision: str, out: Path) -> Path:
    from ftgui.jobs.train import train
    from ftgui.training.config import TrainConfig

    config = TrainConfig(
        dataset=str(data),
        weights=str(asked.weights),
        strategy=strategy,
        seed=seed,
        epochs=asked.epochs,
        precision=precision,  # type: ignore[arg-type]
    )
    *_, ended = train(config, out)
    assert ended.reason == "completed", ended  # type: ignore[union-attr]
    return out


def _predictions(run: Path) -> list[tuple[str, str]]:
    """Return (label, predicted) of each validation picture, of the best epoch."""
    with (run / "predictions.csv").open(encoding="utf-8", newline="") as stream:
        return [(row["label"], row["predicted"]) for row in csv.DictReader(stream)]


def _arithmetic(run: Path) -> str:
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    return f"{config['precision']} {config['layout']}"


def _line(name: str, fast: str, rows: tuple[Row, ...]) -> str:
    exact, quick = (sum(right) / len(rows) for right in zip(*((r[0], r[1]) for r in rows), strict=True))
    changed = sum(not row.same for row in rows)
    return (
        f"{name:48}  {len(rows):5} pictures  fp32 {exact:.4f}  {fast} {quick:.4f}  "
        f"difference {100 * (quick - exact):+.2f} points  {changed} predictions differ"
    )


if __name__ == "__main__":
    main()
