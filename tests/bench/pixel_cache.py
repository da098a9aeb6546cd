"""What decoding once is worth: the same pictures decoded, read from the table on disk, and from memory.

    python -m tests.bench.pixel_cache DATA [--most 400] [--rounds 3]

Seconds to make all pictures ready, or to take a view of each, the best of some rounds gone through in turn.
The disk is as the system has it: what was written a moment ago is still in its memory. "decoded and kept"
beside "decoded" is what it costs to leave them to the next run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ftgui.core.hashing import content_name
from ftgui.core.preprocessing import Preprocessing
from ftgui.data.dataset import Picture
from ftgui.data.kept_pixels import PixelPlace
from ftgui.data.pixels import PixelStore, keeping_pixels
from ftgui.data.scan import scan_dataset
from tests.bench.machine import machine_facts, now

BATCH = 32
ROOM = 10**12


def main() -> None:
    """Measure both kinds of pixels and print a table."""
    parser = argparse.ArgumentParser(description="What decoding once is worth.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--most", type=int, default=400, help="pictures to take (default 400)")
    parser.add_argument("--rounds", type=int, default=3, help="of which the best counts (default 3)")
    asked = parser.parse_args()
    dataset = scan_dataset(asked.data)
    pictures = (*dataset.train, *dataset.val)[: asked.most]
    print(f"{now()}, {machine_facts()}\n{len(pictures)} pictures of {asked.data}\n")
    for augment in ("none", "standard"):
        seconds = measure(Path(dataset.root), pictures, augment, asked.rounds)
        print(f"augment {augment}: {rows_on_disk(Path(dataset.root), pictures, augment)}")
        for way, spent in seconds.items():
            ratio = seconds["decoded"] / spent
            print(f"  {way:30} {spent:8.3f} s {len(pictures) / spent:8.0f} pictures/s  × {ratio:.1f}")


def measure(root: Path, pictures: tuple[Picture, ...], augment: str, rounds: int) -> dict[str, float]:
    """Return the least seconds of each way."""
    contents = {picture.path: content_name(root / picture.path) for picture in pictures}

    def store(budget: int) -> PixelStore:
        return PixelStore(
            root, pictures, Preprocessing(), augment=augment, budget_bytes=budget, contents=contents
        )

    best: dict[str, float] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            place = PixelPlace(Path(folder), ROOM)
            in_memory, on_disk = store(ROOM), store(0)
            ways: dict[str, Callable[[], None]] = {
                "decoded": lambda kept=in_memory: load(kept, None),
                "decoded and kept": lambda where=place: load(store(0), where),
                "found on disk": lambda kept=on_disk, where=place: load(kept, where),
                "batches from disk": lambda kept=on_disk: take(kept),
                "batches from disk, again": lambda kept=on_disk: take(kept),
                "batches from memory": lambda kept=in_memory: take(kept),
            }
            for way, go in ways.items():
                with timed() as spent:
                    go()
                best[way] = min(best.get(way, spent[0]), spent[0])
            assert on_disk.decoded == 0
    return best


@contextmanager
def timed() -> Iterator[list[float]]:
    spent = [0.0]
    began = time.perf_counter()
    yield spent
    spent[0] = time.perf_counter() - began


def load(store: PixelStore, place: PixelPlace | None) -> None:
    with keeping_pixels([store], place):
        for _ in store.load():
            pass


def take(store: PixelStore) -> None:
    """Take a view of each picture once, so many at a time."""
    for first in range(0, len(store.pictures), BATCH):
        indices = range(first, min(first + BATCH, len(store.pictures)))
        store.batch(indices, [n % store.views for n in indices])


def rows_on_disk(root: Path, pictures: tuple[Picture, ...], augment: str) -> str:
    """Say how much a picture takes on the disk beside its pixels alone."""
    with tempfile.TemporaryDirectory() as folder:
        contents = {picture.path: content_name(root / picture.path) for picture in pictures}
        store = PixelStore(
            root, pictures, Preprocessing(), augment=augment, budget_bytes=ROOM, contents=contents
        )
        load(store, PixelPlace(Path(folder), ROOM))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        assert store.table is not None
        pixels = [store.table.get(content) for content in contents.values()]
        alone = sum(each.nbytes for each in pixels if each is not None)
        return f"{size / len(pictures) / 1e3:.0f} kB a picture on disk, {size / alone:.2f} times its pixels"


if __name__ == "__main__":
    main()
