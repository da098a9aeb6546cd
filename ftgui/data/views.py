"""Augmentation as a finite set of views: few enough that what is frozen can be computed once for each.

View k of a picture depends on the picture's path and k alone, so every run, seed and strategy sees the same
views; which of them an epoch shows depends on (seed, epoch, picture) alone, cached or not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from ftgui.core.hashing import stable_generator, stable_seed
from ftgui.data.decode import INTERPOLATIONS, crop_centre

MIRRORED = 1
"""The view of ``flip`` that is the mirror image; view 0 is the picture as it is."""

CROP_AREA = (0.35, 1.0)
"""Share of the picture that a random crop of ``standard`` covers.

torchvision's 0.08 is meant for training from scratch, where a crop that misses the object is one of
thousands; here a picture has a handful of views, and such a one would come back every few epochs.
"""
CROP_ASPECT = (3 / 4, 4 / 3)
"""Width over height of a random crop, as in torchvision."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


class View(NamedTuple):
    """How one view is made from the resized picture."""

    box: Box | None = None
    """What is cut out and scaled to the crop; None is the plain centre crop."""
    mirrored: bool = False


def view_parameters(augment: str, path: str, k: int, size: tuple[int, int]) -> View:
    """Return view ``k`` of the picture ``path``, whose resized picture is ``size`` (width, height) pixels.

    View 0 of ``flip`` is the picture as it is and view 1 its mirror image; each of ``standard`` is a random
    crop, mirrored or not.
    """
    if augment != "standard":
        return View(mirrored=k == MIRRORED)
    generator = stable_generator("view", path, k)
    mirrored = bool(generator.random() < 0.5)
    return View(_random_box(generator, *size), mirrored)


def make_view(resized: Image.Image, view: View, crop: int, interpolation: str) -> Image.Image:
    """Return ``view`` of a picture that is resized already, ``crop`` by ``crop`` pixels."""
    if view.box is None:
        image = crop_centre(resized, crop)
    else:
        image = resized.crop(view.box).resize((crop, crop), INTERPOLATIONS[interpolation])
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if view.mirrored else image


def choose_views(seed: int, epoch: int, paths: Sequence[str], k: int) -> npt.NDArray[np.int64]:
    """Return which of ``k`` views each picture shows in an epoch, shape (len(paths),).

    A function of (seed, epoch, path) alone: neither the order of ``paths`` nor the others in it matter.
    """
    if k == 1:
        return np.zeros(len(paths), dtype=np.int64)
    pictures = np.fromiter(map(stable_seed, paths), dtype=np.uint64, count=len(paths))
    mixed = _mix(pictures ^ np.uint64(stable_seed("views", seed, epoch)))
    return ((mixed >> np.uint64(32)) * np.uint64(k) >> np.uint64(32)).astype(np.int64)


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scatter 64-bit values so that all bits of each depend on all of its bits (the end of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _random_box(generator: np.random.Generator, width: int, height: int) -> Box:
    """Draw a crop as torchvision's ``RandomResizedCrop`` does: ten tries, then the largest allowed."""
    for _ in range(10):
        area = width * height * generator.uniform(*CROP_AREA)
        aspect = math.exp(generator.uniform(math.log(CROP_ASPECT[0]), math.log(CROP_ASPECT[1])))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            left, top = int(generator.integers(width - w + 1)), int(generator.integers(height - h + 1))
            return left, top, left + w, top + h
    return _largest_box(width, height)


def _largest_box(width: int, height: int) -> Box:
    """Return the largest centred box whose aspect is allowed: for pictures too long for a random one."""
    low, high = CROP_ASPECT
    w, h = min(width, round(height * high)), min(height, round(width / low))
    left, top = (width - w) // 2, (height - h) // 2
    return left, top, left + w, top + h
