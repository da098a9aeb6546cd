"""Many pictures: does the time grow as their number does, and the memory not at all?

    python -m tests.bench.scaling WEIGHTS [--sizes 1000 4000 16000] [--memory-mb 2]

Pictures of 256 × 256 pixels are generated, and each number of them is trained on with cold caches and so
little memory for features that all but the first few are mapped from disk. Only ratios are judged: what one
more picture costs, from size to size, and the most memory that the process has to itself, mapped pages aside.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from tests.bench.entrants.job import Job, Outcome
from tests.bench.measuring import own_mb, run_job
from tests.bench.table import number, row_of

SIDE, CLASSES = 256, 4
LINEAR = 0.10
"""So much may the cost of one more picture differ from size to size."""


@dataclass(frozen=True)
class Size:
    """What so many pictures took, medians."""

    pictures: int
    seconds: float
    own_mb: float


def draw(path: Path, index: int) -> None:
    """Write picture ``index``: a blurred pattern under noise, with its class's tint, like no other."""
    rng = np.random.default_rng(index)
    tint = np.random.default_rng(index % CLASSES).uniform(40, 215, 3)
    blobs = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize((SIDE, SIDE))
    pixels = 0.5 * np.asarray(blobs, np.float32) + 0.5 * tint + rng.normal(0, 8, (SIDE, SIDE, 1))
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, quality=85)


def draw_all(folder: Path, sizes: Sequence[int]) -> dict[int, Path]:
    """Write a dataset of each size, a folder a class, and return where they are; the same files in all."""
    folders = {size: folder / f"{size}-pictures" for size in sizes}
    for place in folders.values():
        for label in range(CLASSES):
            (place / f"class {label}").mkdir(parents=True)

    def make(index: int) -> None:
        first, *others = (
            place / f"class {index % CLASSES}" / f"{index:06}.jpg"
            for size, place in folders.items()
            if index < size
        )
        draw(first, index)
        for other in others:
            try:
                os.link(first, other)
            except OSError:  # a file system without links
                shutil.copy(first, other)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(make, range(max(sizes))):
            pass
    return folders


def home_with_budget(folder: Path, megabytes: float) -> Path:
    """Make a home of ftgui's in which features may take so much memory a split; return it."""
    share = megabytes * 1e6 / psutil.virtual_memory().available
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "settings.toml").write_text(f"cache_memory_share = {share:.9f}\n", encoding="utf-8")
    return folder


def measure(asked: argparse.Namespace, work: Path) -> list[Size]:
    """Train on every size in turn, ``repeats`` times."""
    folders = draw_all(work / "data", asked.sizes)
    found: dict[int, list[Outcome]] = {size: [] for size in asked.sizes}
    for repeat in range(asked.repeats):
        for size, data in folders.items():
            place = work / f"{size}-{repeat}"
            job = Job(
                module="with_ftgui",
                data=str(data),
                weights=str(asked.weights.absolute()),
                architecture=asked.arch,
                work=str(place / "work"),
                epochs=asked.epochs,
                batch_size=32,
                lr=0.01,
                schedule="cosine",
                options={
                    "strategy": asked.strategy,
                    "augment": "none",
                    "precision": asked.precision,
                    "layout": asked.layout,
                },
            )
            home = home_with_budget(place / "home", asked.memory_mb)
            outcome = run_job(job, environment={"FTGUI_HOME": str(home)}, look=own_mb)
            if outcome.failed:
                sys.exit(f"{size} pictures: {outcome.failed}")
            shutil.rmtree(place)
            found[size].append(outcome)
            print(
                f"{size} pictures: {outcome.seconds:.1f} s, {outcome.sampled_mb:.0f} MB of its own, "
                f"{json.dumps(outcome.notes['counters'])}",
                file=sys.stderr,
                flush=True,
            )
    return [medians(size, outcomes) for size, outcomes in found.items()]


def medians(size: int, outcomes: Sequence[Outcome]) -> Size:
    return Size(
        size,
        statistics.median(outcome.seconds for outcome in outcomes),
        statistics.median(outcome.sampled_mb for outcome in outcomes),
    )


def one_more_picture(sizes: Sequence[Size]) -> list[float]:
    """Return the seconds that one more picture costs, from each size to the next."""
    return [(b.seconds - a.seconds) / (b.pictures - a.pictures) for a, b in pairwise(sizes)]


def is_linear(sizes: Sequence[Size]) -> bool:
    costs = one_more_picture(sizes)
    return max(costs) <= (1 + LINEAR) * min(costs)


def report(sizes: Sequence[Size]) -> str:
    """Return the table in Markdown."""
    first, costs = sizes[0], one_more_picture(sizes)
    lines = [
        row_of(
            [
                "pictures",
                "seconds",
                "ms a picture",
                "ms for one more",
                "of the first",
                "own MB",
                "of the first",
            ]
        ),
        row_of(["---:"] * 7),
    ]
    for index, size in enumerate(sizes):
        cost = costs[index - 1] if index else None
        cells = [
            f"{size.pictures:,}",
            number(size.seconds),
            f"{1e3 * size.seconds / size.pictures:.2f}",
            f"{1e3 * cost:.2f}" if cost else "",
            f"{cost / costs[0]:.2f} ×" if cost else "",
            f"{size.own_mb:.0f}",
            f"{size.own_mb / first.own_mb:.2f} ×",
        ]
        lines.append(row_of(cells))
    verdict = "linear" if is_linear(sizes) else "not linear"
    return "\n".join([*lines, "", f"Time is {verdict} within {100 * LINEAR:.0f} %."])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--arch", default="mobilenet_v2")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 4000, 16000], help="three or more")
    parser.add_argument("--strategy", default="freeze")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory-mb", type=float, default=2.0, help="for the features of each split")
    parser.add_argument("--precision", default="bf16", help="(default bf16)")
    parser.add_argument("--layout", default="channels_last", help="(default channels_last)")
    asked = parser.parse_args()
    asked.sizes = sorted(set(asked.sizes))
    if len(asked.sizes) < 3:
        parser.error("--sizes: three at least, since two points always lie on a line")
    with tempfile.TemporaryDirectory(prefix="ftgui-scaling-") as work:
        print(report(measure(asked, Path(work))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
