"""The same photos and the same split for everyone: a copy that each entrant reads in the same way."""

from __future__ import annotations

import shutil
from pathlib import Path

from ftgui.data.decode import PictureError, decode_picture
from ftgui.data.scan import scan_dataset
from ftgui.data.split import split_dataset

READ_BY_ALL = {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}
"""torchvision's ``ImageFolder`` passes over all others."""


def copy_photos(data: Path, folder: Path) -> tuple[int, int]:
    """Copy a dataset into ``folder``, as ``train`` and ``val`` with a folder a class; return their numbers.

    The folder's own split is kept; where there is none, a fifth of each class is kept for validation. What
    not every entrant reads is left out.
    """
    dataset = scan_dataset(data)
    split = split_dataset(dataset, val_fraction=0.2, seed=0)
    counts = []
    for side, pictures in (("train", split.train), ("val", split.val)):
        counts.append(0)
        for picture in pictures:
            source = dataset.file(picture)
            if source.suffix.lower() not in READ_BY_ALL or not is_readable(source):
                continue
            target = folder / side / dataset.class_names[picture.label]
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / f"{counts[-1]:05}-{source.name}")
            counts[-1] += 1
    return counts[0], counts[1]


def is_readable(path: Path) -> bool:
    try:
        decode_picture(path)
    except PictureError:
        return False
    return True
