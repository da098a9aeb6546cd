"""What is known of a picture once it was decoded: that it can be, and what is in the file."""

from __future__ import annotations

import os

import msgspec
from PIL import ImageFile

from ftgui.data.decode import JPEGS, Source, opened, orientation, swapped, to_rgb


class PictureFacts(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """What a picture's file holds."""

    format: str
    """Pillow's name of it; a camera's MPO is a ``JPEG``."""
    mode: str
    """Pillow's word for its kind of pixels as they are stored, such as ``RGB``, ``P`` or ``I;16``."""
    width: int
    """As it is seen, upright."""
    height: int
    frames: int
    """More than 1 for animations and files of several pages."""
    bytes: int


def describe_picture(source: Source) -> PictureFacts:
    """Decode a picture wholly, and return what it is.

    Raises:
        PictureError: it cannot be used; its ``kind`` says in what way.
    """
    with opened(source) as image:
        form, mode, size = str(image.format), image.mode, image.size
        if form in JPEGS:
            image.draft(None, (1, 1))  # an eighth: all data are still read, and fewer pixels computed
            image.load()
            return PictureFacts("JPEG", mode, *swapped(size, orientation(image)), 1, length(source))
        frames = frame_count(image)
        to_rgb(image)
        size = swapped(image.size, orientation(image))
        return PictureFacts(form, mode, *size, frames, length(source))


def frame_count(image: ImageFile.ImageFile) -> int:
    """Return how many frames or pages can be found; those after the first need not be whole."""
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # noqa: BLE001  only the first one matters, and decoding it tells what is wrong
        image.seek(0)
        return 1


def length(source: Source) -> int:
    """Return the bytes of a file; a stream is left at its end."""
    if isinstance(source, str | os.PathLike):
        return os.stat(source).st_size  # noqa: PTH116  a str will do
    return source.seek(0, os.SEEK_END)
