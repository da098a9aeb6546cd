"""From a picture file to what a network sees: one road for training, preview, prediction and export.

Imports Pillow and the standard library alone: the source of this file is pasted into each exported
``predict.py``, so that the exported program sees exactly the pixels that training saw.
"""

import logging
import math
import os
import typing
import warnings

from PIL import Image, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
"""Pillow's decoders that are tried, and no others: a file's name decides nothing, its first bytes do.

The one for JPEG opens MPO, the format of cameras with two lenses, too.
"""

MAX_PIXELS = 200_000_000
"""Larger pictures are refused from their header alone, before memory is taken for them."""

# MAX_PIXELS takes the place of Pillow's own limit, which warns on stderr from 89 million on. What else it
# warns of there, such as EXIF data cut short, is decoded all the same, or refused in words.
Image.MAX_IMAGE_PIXELS = None
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").setLevel(logging.CRITICAL)  # what it logs of a damaged file, it raises too

INTERPOLATIONS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}

ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each value of EXIF's orientation."""


class PictureError(ValueError):
    """A picture that cannot be used; the message is one sentence in plain words, without its name."""


def decode_picture(source: str | os.PathLike[str] | typing.IO[bytes]) -> Image.Image:
    """Return a picture as upright RGB, mode ``RGB``, at its full size.

    The first frame of an animation; 16-bit values scaled, not clipped; transparency laid on white.

    Raises:
        PictureError: there is no such file, it is no picture, is damaged or cut off, or too large.
    """
    try:
        with Image.open(source, formats=FORMATS) as image:
            check_size(image.width, image.height)
            image.load()
            return turn(to_rgb(image), orientation(image))
    except PictureError:
        raise
    except Exception as error:  # damaged files make decoders raise nearly anything
        raise PictureError(plain_words(error)) from error


def prepare_picture(image: Image.Image, resize: int, crop: int, interpolation: str) -> Image.Image:
    """Return the ``crop`` by ``crop`` pixels a network sees when nothing is augmented.

    Bit for bit torchvision's ``center_crop(resize(image, resize, antialias=True), crop)``.
    """
    return crop_centre(resize_short_side(image, resize, interpolation), crop)


def resize_short_side(image: Image.Image, size: int, interpolation: str) -> Image.Image:
    """Return ``image`` with its short side at ``size`` pixels, the long side rounded down.

    Raises:
        PictureError: it is so long and narrow that the result would be larger than ``MAX_PIXELS``.
    """
    width, height = image.size
    long = int(size * max(width, height) / min(width, height))
    check_size(size, long)
    target = (size, long) if width <= height else (long, size)
    return image if target == image.size else image.resize(target, INTERPOLATIONS[interpolation])


def crop_centre(image: Image.Image, size: int) -> Image.Image:
    """Return the ``size`` by ``size`` pixels at the centre; black where ``image`` does not reach."""
    left, top = centre_offset(image.width, size), centre_offset(image.height, size)
    return image.crop((left, top, left + size, top + size))


def centre_offset(length: int, size: int) -> int:
    """Return where the middle ``size`` of ``length`` pixels begin: before 0 where there are fewer.

    torchvision rounds halves to even when it cuts, and up or left when it pads.
    """
    return round((length - size) / 2) if length >= size else -((size - length) // 2)


def check_size(width: int, height: int) -> None:
    """Raise PictureError where a picture of this size is refused."""
    if width * height > MAX_PIXELS:
        million = f"{width * height / 1e6:,.0f} million pixels"
        raise PictureError(
            f"It is too large: {width} × {height}, {million} of {MAX_PIXELS // 10**6} allowed."
        )


def orientation(image: Image.Image) -> int:
    """Return EXIF's word on which way is up, 1 to 8; 1, upright, where it cannot be read."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001  the pixels are good whatever is written beside them
        return 1


def turn(image: Image.Image, value: int) -> Image.Image:
    """Return ``image`` turned upright; a value that EXIF does not know turns nothing."""
    return image.transpose(UPRIGHT[value]) if value in UPRIGHT else image


def to_rgb(image: Image.Image) -> Image.Image:
    """Return ``image``, of any mode, as RGB."""
    if image.mode.startswith(("I", "F")):
        return deep_to_grey(image).convert("RGB")
    if image.has_transparency_data:
        return on_white(image.convert("RGBA"))
    return image.convert("RGB")


def on_white(image: Image.Image) -> Image.Image:
    """Return an ``RGBA`` image laid on white paper."""
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image).convert("RGB")


def deep_to_grey(image: Image.Image) -> Image.Image:
    """Return 16-bit, 32-bit or floating-point grey (modes ``I;16…``, ``I``, ``F``) as 8-bit grey.

    Scaled by the range its values are written in, not by those that occur, so that a dark picture stays
    dark: ``Image.convert`` alone would turn everything above 255 white.
    """
    sixteen_bit = image.mode.startswith("I;16") or image.format in ("PNG", "PPM")
    values = image if image.mode == "F" else image.convert("I")
    low, high = (0.0, 65535.0) if sixteen_bit else value_range(values)
    scale = 255 / (high - low)
    # Image.point takes a straight line for these modes; the half rounds, as what follows cuts off.
    return values.convert("F").point(lambda value: value * scale + (0.5 - low * scale)).convert("L")


def value_range(image: Image.Image) -> tuple[float, float]:
    """Return the black and the white of a mode ``I`` or ``F`` image: the narrowest usual range that fits."""
    low, high = (float(value) for value in typing.cast("tuple[float, float]", image.getextrema()))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise PictureError("Its values are not all numbers.")
    for white in (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0):
        if low >= 0 and high <= white:
            return 0.0, white
    return low, max(high, low + 1)


def plain_words(error: Exception) -> str:
    """Return one sentence for what a decoder raised."""
    if isinstance(error, FileNotFoundError):
        return "There is no such file."
    if isinstance(error, IsADirectoryError):
        return "It is a folder."
    if isinstance(error, PermissionError):
        return "It may not be read."
    if isinstance(error, MemoryError):
        return "It needs more memory than there is."
    if isinstance(error, UnidentifiedImageError):
        return "It is empty, damaged, or no picture of a known format."
    return f"It is damaged or cut off ({error or type(error).__name__})."
