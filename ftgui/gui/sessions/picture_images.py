"""Pictures as Qt draws them. All of this runs off the GUI thread, and brings Pillow only there."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

if TYPE_CHECKING:
    from PIL import Image

ROUNDING = 6 / 96
"""The radius of a thumbnail's corners, of its edge."""
FINER = 4
"""So many times larger the corners are drawn, to be smooth."""

Views = Callable[[Path], "list[Image.Image]"]
"""The augmented views of a picture's file."""


def make_thumbnail(file: str, edge: int) -> QImage:
    """Return the middle of a picture, ``edge`` pixels square with round corners; null where it is broken."""
    from ftgui.data.decode import MARGIN, decode_picture

    try:
        image = _square(decode_picture(file, at_least=edge // MARGIN), edge)
    except Exception:  # noqa: BLE001  whatever is wrong with it is shown, and said by those who check pictures
        return QImage()
    image.putalpha(_corners(edge))
    return to_qimage(image)


def to_qimage(image: Image.Image) -> QImage:
    """Return an RGB or RGBA image as one of Qt's in the layout that it paints fastest."""
    has_alpha = image.mode == "RGBA"
    layout = QImage.Format.Format_RGBA8888 if has_alpha else QImage.Format.Format_RGB888
    fast = QImage.Format.Format_ARGB32_Premultiplied if has_alpha else QImage.Format.Format_RGB32
    line = image.width * len(image.mode)
    return QImage(image.tobytes(), image.width, image.height, line, layout).convertToFormat(fast)


def _square(image: Image.Image, edge: int) -> Image.Image:
    from PIL import Image

    short = min(image.size)
    left, top = (image.width - short) / 2, (image.height - short) / 2
    box = (left, top, left + short, top + short)
    return image.resize((edge, edge), Image.Resampling.BICUBIC, box, reducing_gap=2.0)


@functools.cache
def _corners(edge: int) -> Image.Image:
    """Return a mask that is clear outside of round corners."""
    from PIL import Image, ImageDraw

    large = edge * FINER
    mask = Image.new("L", (large, large))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, large - 1, large - 1), large * ROUNDING, fill=255)
    return mask.resize((edge, edge), Image.Resampling.BOX)


@dataclass(frozen=True)
class SeenPicture:
    """A picture read from its file, and what only the file tells."""

    file: Path
    image: QImage
    """Null where it cannot be shown; ``obstacle`` says why."""
    obstacle: str = ""
    format: str = ""
    width: int = 0
    """0 where it is not known, as the height. Of the upright picture, at its full size."""
    height: int = 0
    bytes: int | None = None
    modified: float | None = None
    """In seconds since 1970."""


@dataclass(frozen=True)
class ReadPicture:
    """Reads a picture to be shown with its long side at no more than ``edge`` pixels."""

    file: Path
    edge: int

    def __call__(self) -> SeenPicture:
        from ftgui.data.decode import PictureError

        seen = _with_status(SeenPicture(self.file, QImage()))
        try:
            seen = _with_header(seen)
            return replace(seen, image=self._image())
        except PictureError as error:
            return replace(seen, obstacle=str(error))

    def _image(self) -> QImage:
        from ftgui.data.decode import MARGIN, decode_picture

        image = decode_picture(self.file, at_least=self.edge // MARGIN)
        image.thumbnail((self.edge, self.edge))
        return to_qimage(image)


def _with_status(seen: SeenPicture) -> SeenPicture:
    try:
        status = seen.file.stat()
    except OSError:
        return seen  # opening it will say why
    return replace(seen, bytes=status.st_size, modified=status.st_mtime)


def _with_header(seen: SeenPicture) -> SeenPicture:
    """Add what a picture says of itself before it is decoded, which may fail later."""
    from ftgui.data.decode import opened, orientation, swapped

    with opened(seen.file) as image:
        width, height = swapped(image.size, orientation(image))
        return replace(seen, format=image.format or "", width=width, height=height)


@dataclass(frozen=True)
class SeenViews:
    """The augmented views of a picture; none where it has none, or is broken."""

    file: Path
    images: Sequence[QImage] = ()


@dataclass(frozen=True)
class MakeViews:
    """Makes a picture's augmented views, to be shown ``edge`` pixels high."""

    views: Views
    file: Path
    edge: int

    def __call__(self) -> SeenViews:
        from ftgui.core.errors import FtguiError
        from ftgui.data.decode import PictureError

        try:
            views = self.views(self.file)
        except (PictureError, OSError, FtguiError):
            return SeenViews(self.file)
        return SeenViews(self.file, tuple(self._small(view) for view in views))

    def _small(self, view: Image.Image) -> QImage:
        width = max(1, round(view.width * self.edge / view.height))
        return to_qimage(view.convert("RGB").resize((width, self.edge), reducing_gap=2.0))
