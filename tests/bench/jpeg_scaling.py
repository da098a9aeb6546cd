"""What a JPEG decoded at a half, a quarter or an eighth costs in pixels and saves in time.

    python -m tests.bench.jpeg_scaling DATA [--most 200]

Four kinds of photos: those of the dataset that are large enough; all of them, with a fourth of the pixels
asked for, beside which they are as large; and photos of 12 megapixels, once mosaics of the dataset's own,
so that their finest detail is a real photo's, once its largest ones enlarged. For each ``MARGIN`` it tells
by how much the prepared pixels differ from those of a full decoding, and beside it by how much they differ
for other reasons that nobody minds. ``--most`` keeps the second kind short.
"""

from __future__ import annotations

import argparse
import io
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import numpy.typing as npt
from PIL import Image

from ftgui.data import decode
from ftgui.data.decode import PictureError, crop_centre, decode_picture, load_prepared, prepare_picture

MARGINS = (1, 1.5, 2, 3, 4)
TWELVE_MEGAPIXELS = (4032, 3024)
INTERPOLATIONS = ("bilinear", "bicubic")
Prepared = npt.NDArray[np.int16]


class Difference(NamedTuple):
    """Of one photo's prepared pixels, in steps of 255."""

    mean: float
    p99: float
    most: float


class Group(NamedTuple):
    """Photos that are looked at together, at one size."""

    name: str
    paths: list[Path]
    resize: int
    crop: int


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="What scaled decoding of JPEGs changes and saves.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--most", type=int, default=200, help="photos of the dataset of the second kind")
    asked = parser.parse_args()
    photos = sorted(path for path in asked.data.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    with tempfile.TemporaryDirectory() as scratch:
        for group in groups(photos, asked.most, Path(scratch)):
            print_group(group)
        print_times(Path(scratch))


def groups(photos: list[Path], most: int, scratch: Path) -> Iterator[Group]:
    """Yield the kinds of photos."""
    sizes = {path: short_side(path) for path in photos}
    large = [path for path in photos if sizes[path] >= 512]
    yield Group("the dataset's large photos", large, 256, 224)
    some = random.Random(0).sample(photos, min(most, len(photos)))
    yield Group("all of its photos, at a fourth of the size", some, 64, 56)
    made = [mosaic(photos, seed, scratch) for seed in range(12)]
    yield Group("12 megapixels, mosaics", made, 256, 224)
    biggest = sorted(photos, key=lambda path: -sizes[path])[:8]
    yield Group("12 megapixels, enlarged", [enlarged(path, scratch) for path in biggest], 256, 224)


def short_side(path: Path) -> int:
    """Return a photo's, 0 where it cannot be used."""
    try:
        return min(decode_picture(path).size)
    except PictureError:
        return 0


def mosaic(photos: list[Path], seed: int, scratch: Path) -> Path:
    """Write 12 megapixels of photos side by side, none made larger or smaller, as a camera would."""
    draw = random.Random(seed)
    sheet = Image.new("RGB", TWELVE_MEGAPIXELS)
    top = 0
    while top < sheet.height:
        left, height = 0, 0
        while left < sheet.width:
            photo = decode_picture(draw.choice(photos))
            sheet.paste(photo, (left, top))
            left += photo.width
            height = max(height, photo.height)
        top += height - 60
    path = scratch / f"mosaic{seed}.jpg"
    sheet.save(path, quality=92, subsampling="4:2:0")
    return path


def enlarged(photo: Path, scratch: Path) -> Path:
    """Write a photo as one of 12 megapixels."""
    path = scratch / f"enlarged-{photo.name}"
    image = decode_picture(photo).resize(TWELVE_MEGAPIXELS, Image.Resampling.LANCZOS)
    image.save(path, quality=92, subsampling="4:2:0")
    return path


def print_group(group: Group) -> None:
    """Print the table of one kind of photos."""
    print(f"\n### {group.name}: {len(group.paths)}, at {group.resize}/{group.crop}\n")
    print("| | photos | mean | p99 | max | worst photo's mean | photos above bilinear vs bicubic |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    filters = {path: measured(path, group, other_filter) for path in group.paths}
    for interpolation in INTERPOLATIONS:
        for margin in MARGINS:
            with mock.patch.object(decode, "MARGIN", margin):
                found = {
                    path: scaled(path, group, interpolation) for path in group.paths if is_scaled(path, group)
                }
            above = sum(difference.mean > filters[path].mean for path, difference in found.items())
            print(line(f"MARGIN {margin}, {interpolation}", list(found.values()), str(above)))
    print(line("bilinear vs bicubic", list(filters.values()), ""))
    for name, other in (("JPEG again, quality 95", encoded_again), ("crop moved by 1 pixel", moved)):
        print(line(name, [measured(path, group, other) for path in group.paths], ""))


def is_scaled(path: Path, group: Group) -> bool:
    """Whether the decoder makes use of the margin now set."""
    decoded = decode.decode_scaled(path, group.resize)
    return decoded.image.size != decoded.size


def scaled(path: Path, group: Group, interpolation: str) -> Difference:
    """Compare full with scaled decoding."""
    full = prepare_picture(decode_picture(path), group.resize, group.crop, interpolation)
    return difference(full, load_prepared(path, group.resize, group.crop, interpolation))


def measured(
    path: Path, group: Group, other: Callable[[Image.Image, Group], tuple[Image.Image, Image.Image]]
) -> Difference:
    """Compare two ways of preparing the same fully decoded photo."""
    return difference(*other(decode_picture(path), group))


def other_filter(image: Image.Image, group: Group) -> tuple[Image.Image, Image.Image]:
    one, other = (prepare_picture(image, group.resize, group.crop, how) for how in INTERPOLATIONS)
    return one, other


def encoded_again(image: Image.Image, group: Group) -> tuple[Image.Image, Image.Image]:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=95)
    again = decode_picture(stream)
    size = group.resize, group.crop, "bilinear"
    return prepare_picture(image, *size), prepare_picture(again, *size)


def moved(image: Image.Image, group: Group) -> tuple[Image.Image, Image.Image]:
    resized = decode.resize_short_side(image, group.resize, "bilinear")
    aside = resized.crop((1, 0, resized.width, resized.height))
    return crop_centre(resized, group.crop), crop_centre(aside, group.crop)


def difference(one: Image.Image, other: Image.Image) -> Difference:
    """Return how far two pictures of one size are apart."""
    apart = np.abs(np.asarray(one, dtype=np.int16) - np.asarray(other, dtype=np.int16))
    return Difference(float(apart.mean()), float(np.percentile(apart, 99)), float(apart.max()))


def line(name: str, found: list[Difference], above: str) -> str:
    """Return a row: means over the photos, but the largest of all pixels for ``max``."""
    if not found:
        return f"| {name} | 0 | | | | | |"
    mean, p99, _ = (statistics.fmean(column) for column in zip(*found, strict=True))
    most, worst = max(one.most for one in found), max(one.mean for one in found)
    return f"| {name} | {len(found)} | {mean:.2f} | {p99:.1f} | {most:.0f} | {worst:.2f} | {above} |"


def print_times(scratch: Path) -> None:
    """Print how long a photo of 12 megapixels takes."""
    paths = sorted(scratch.glob("*.jpg"))
    print(f"\n### Time of a core for each of {len(paths)} photos of 12 megapixels, at 256/224\n")
    full = seconds(paths, lambda path: prepare_picture(decode_picture(path), 256, 224, "bilinear"))
    print(f"- full: {full * 1e3:.0f} ms")
    for margin in MARGINS:
        with mock.patch.object(decode, "MARGIN", margin):
            took = seconds(paths, lambda path: load_prepared(path, 256, 224, "bilinear"))
        print(f"- MARGIN {margin}: {took * 1e3:.0f} ms, {full / took:.2f} times as fast")


def seconds(paths: list[Path], prepare: Callable[[Path], object]) -> float:
    """Return one photo's time on one core: the median of the photos, the best of two rounds each."""
    best = []
    for path in paths:
        rounds = []
        for _ in range(2):
            began = time.thread_time()
            prepare(path)
            rounds.append(time.thread_time() - began)
        best.append(min(rounds))
    return statistics.median(best)


if __name__ == "__main__":
    main()
