"""Decoded pictures on disk, for the next epoch, run and strategy: found by what their files hold.

A table holds pictures of one kind, prepared alike. Its rows have one size, so a picture takes as many as it
needs, one behind the other: eight bytes that say how wide and how high it is, then its pixels.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import PIL
from PIL import features

from ftgui.core.kept_rows import KeptRows, RowPlace
from ftgui.core.preprocessing import Preprocessing
from ftgui.core.rows import row_name
from ftgui.data.decode import DECODER

VERSION = 1
"""Of how pixels are laid out in rows."""
SIZE = struct.Struct("<II")
"""Width and height."""
ROWS_A_SQUARE = 3
"""Rows that a square picture takes which is kept whole. One of 4 by 3 then takes four, without a waste."""
CODECS = ("jpg", "libjpeg_turbo", "webp", "avif", "libtiff")
"""Libraries whose version may decide a pixel."""

HEIF = "pillow-heif"
"""The package that decodes photos of phones, if it is there."""

Bytes = npt.NDArray[np.uint8]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


class PixelKind(NamedTuple):
    """What pixels follow from, but for the file."""

    resize: int
    interpolation: str
    crop: int | None
    """None: the whole picture is kept, (height, width, 3); else the centre, (3, crop, crop)."""

    @property
    def name(self) -> str:
        """As people and computers read it."""
        codecs = [features.version(codec) for codec in CODECS] + [_version(HEIF)]
        digest = row_name(VERSION, DECODER, PIL.__version__, codecs, *self).hex()
        return f"{'whole' if self.crop is None else f'centre-{self.crop}-of'}-{self.resize}-{digest}"

    @property
    def row_bytes(self) -> int:
        if self.crop is not None:
            return SIZE.size + 3 * self.crop**2
        return SIZE.size + 3 * self.resize * -(-self.resize // ROWS_A_SQUARE)

    def rows_for(self, width: int, height: int) -> int:
        """Return how many rows such a picture takes."""
        return -(-(SIZE.size + 3 * width * height) // self.row_bytes)

    @property
    def usual_rows(self) -> int:
        """How many rows a picture usually takes: a photo's sides are as 4 to 3."""
        return self.rows_for(self.crop or self.resize * 4 // 3, self.crop or self.resize)

    def fits(self, width: int, height: int) -> bool:
        """Return whether a picture of this kind may have this size."""
        return (width, height) == (self.crop,) * 2 if self.crop else min(width, height) == self.resize


def kind_of(preprocessing: Preprocessing, augment: str) -> PixelKind:
    """Return what is kept for an augmentation."""
    crop = None if augment == "standard" else preprocessing.crop
    return PixelKind(preprocessing.resize, preprocessing.interpolation, crop)


class KeptPixels(KeptRows):
    """The pictures of one kind; what goes wrong on disk is said, not raised. From any thread."""

    def __init__(self, place: RowPlace, kind: PixelKind) -> None:
        super().__init__(place, kind.name, "Pixels", "decoded")
        self.kind = kind
        self.open(kind.row_bytes)

    def get(self, content: bytes) -> Bytes | None:
        """Return the pixels of a file that holds ``content``, mapped into memory; None where there are none.

        None, too, where a part of them is damaged.
        """
        first = _part(content, 0)
        if not self.knows(first):
            return None
        number = int(self.find([first])[0])
        if number < 0:
            return None
        width, height = SIZE.unpack(self.rows()[number, : SIZE.size].tobytes())
        if not self.kind.fits(width, height):
            return None
        count = self.kind.rows_for(width, height)
        numbers = self.find([_part(content, part) for part in range(1, count)])
        if (numbers != np.arange(number + 1, number + count)).any():
            return None
        flat = self.rows()[number : number + count].reshape(-1)[SIZE.size : SIZE.size + 3 * width * height]
        return flat.reshape(self._shape(width, height))

    def _shape(self, width: int, height: int) -> tuple[int, int, int]:
        return (height, width, 3) if self.kind.crop is None else (3, height, width)

    def holds(self, content: bytes) -> bool:
        """Return whether ``get`` finds the pixels, unless they are damaged."""
        return self.knows(_part(content, 0))

    def make_room(self, contents: Collection[bytes]) -> None:
        """Begin anew where these pictures do not fit in and none of them is there."""
        missing = sum(not self.holds(content) for content in contents)
        self._found = self._found or missing < len(contents)
        self.make_room_for(missing * self.kind.usual_rows)

    def put(self, pictures: Sequence[tuple[bytes, Bytes]]) -> list[bool]:
        """Keep the pixels of files that hold these contents; return of each whether it is kept now."""
        names: list[bytes] = []
        rows: list[Bytes] = []
        for content, pixels in dict(pictures).items():
            laid_out = self._laid_out(pixels)
            names += [_part(content, part) for part in range(len(laid_out))]
            rows.append(laid_out)
        if not names:
            return []
        numbers = self.add(names, np.concatenate(rows))
        return [bool((numbers >= 0).all())] * len(pictures)

    def _laid_out(self, pixels: Bytes) -> Bytes:
        """Return the rows of a picture."""
        height, width = pixels.shape[:2] if self.kind.crop is None else pixels.shape[1:]
        rows = np.zeros((self.kind.rows_for(width, height), self.kind.row_bytes), np.uint8)
        flat = rows.reshape(-1)
        flat[: SIZE.size] = np.frombuffer(SIZE.pack(width, height), np.uint8)
        flat[SIZE.size : SIZE.size + pixels.size] = pixels.reshape(-1)
        return rows


def _part(content: bytes, part: int) -> bytes:
    return row_name(content.hex(), part)


@dataclass(frozen=True)
class PixelPlace(RowPlace):
    """Where the pixels of all kinds are kept."""

    def open(self, kind: PixelKind) -> KeptPixels:
        return KeptPixels(self, kind)

    def has(self, kind: PixelKind) -> bool:
        """Return whether anything was ever kept of a kind."""
        return (self.folder / kind.name).is_dir()
