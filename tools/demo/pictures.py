"""Drawing whole sets: the demo's folders, and the source set that stays in memory."""

from __future__ import annotations

import io
import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.demo_classes import DEMO_CLASSES
from demo.network import THREADS
from demo.scene import picture
from demo.source_classes import SOURCE_CLASSES

Pixels = NDArray[np.uint8]

DEMO_SIZE = 192
DEMO_PER_CLASS = 45
SOURCE_SIZE = 160
JPEG_QUALITY = 88

_DEMO, _SOURCE = 1, 2


def write_demo(folder: Path, seed: int) -> int:
    """Draw the demo's pictures, one flat folder a class, in place of what was there; says how many bytes."""
    shutil.rmtree(folder, ignore_errors=True)
    for number, (name, drawing) in enumerate(DEMO_CLASSES.items()):
        place = folder / name
        place.mkdir(parents=True)
        for i in range(DEMO_PER_CLASS):
            rng = np.random.default_rng([seed, _DEMO, number, i])
            image = picture(drawing, rng, DEMO_SIZE, oversample=3)
            file = place / f"{name}_{i + 1:02d}.jpg"
            image.save(file, quality=JPEG_QUALITY, optimize=True)
    return sum(file.stat().st_size for file in folder.rglob("*.jpg"))


def draw_source(seed: int, start: int, per_class: int) -> tuple[Pixels, NDArray[np.int64]]:
    """Source pictures number `start` and on of every class, as one array; disjoint ranges never share one."""
    jobs = [(seed, number, start, per_class) for number in range(len(SOURCE_CLASSES))]
    with ProcessPoolExecutor(THREADS, mp_context=get_context("spawn")) as pool:
        pixels = np.concatenate(list(pool.map(_draw_class, jobs)))
    return pixels, np.repeat(np.arange(len(jobs)), per_class)


def _draw_class(job: tuple[int, int, int, int]) -> Pixels:
    seed, number, start, count = job
    drawing = list(SOURCE_CLASSES.values())[number]
    images = []
    for i in range(start, start + count):
        rng = np.random.default_rng([seed, _SOURCE, number, i])
        images.append(_as_jpeg(picture(drawing, rng, SOURCE_SIZE, oversample=2), int(rng.integers(70, 96))))
    return np.stack(images)


def _as_jpeg(image: Image.Image, quality: int) -> Pixels:
    """Through JPEG and back, so that its marks are nothing new when the demo's files are read."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))
