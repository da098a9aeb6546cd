"""From a picture file to what a network sees: one road for training, preview, prediction and export.

Imports Pillow and the standard library alone: the source of this file is pasted into each exported
``predict.py``, so that the exported program sees exactly the pixels that training saw.
"""

import contextlib
import logging
import math
import os
import struct
import typing
import warnings
from collections.abc import Iterator

from PIL import Image, ImageFile, UnidentifiedImageError

DECODER = 2
"""Raised whenever the same file gives other pixels than before: a part of the names of what is cached."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
"""Pillow's decoders that are tried, and no others: a file's name decides nothing, its first bytes do.

The one for JPEG opens MPO, the format of cameras with two lenses, too. HEIF is read by a package of its own,
where that is installed.
"""

JPEGS = ("JPEG", "MPO")

HEIF_PACKAGE = "ftgui[heif]"
"""What to install for HEIF; another name in ``predict.py``."""

HEIF_BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
)

MAX_PIXELS = 200_000_000
"""Larger pictures are refused from their header alone, before memory is taken for them."""

MARGIN = 2
"""How many times as long as needed the short side of a JPEG stays that is made smaller while it is decoded.

Measured by ``tests/bench/jpeg_scaling.py``: what the network sees changes by less than bilinear instead of
bicubic resizing would change it.
"""

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

Source = str | os.PathLike[str] | typing.IO[bytes]
Kind = typing.Literal["unreadable", "truncated", "not_a_picture", "empty_file", "too_large", "no_permission"]


class PictureError(ValueError):
    """A picture that cannot be used; the message is one sentence in plain words, without its name."""

    def __init__(self, message: str, kind: Kind = "unreadable") -> None:
        super().__init__(message)
        self.kind: Kind = kind


class Decoded(typing.NamedTuple):
    """A picture as upright ``RGB``, a JPEG perhaps smaller than it is."""

    image: Image.Image
    size: tuple[int, int]
    """Of the whole picture, upright."""
    box: tuple[float, float, float, float]
    """What the picture fills of ``image``: a smaller JPEG's last pixels may reach beyond its edge."""


def decode_picture(source: Source, at_least: int | None = None) -> Image.Image:
    """Return a picture as upright RGB, mode ``RGB``, at its full size.

    The first frame of an animation; 16-bit values scaled, not clipped; transparency laid on white. With
    ``at_least``, the short side that will be needed, a JPEG may come smaller, but ``MARGIN`` times as large
    as that.

    Raises:
        PictureError: there is no such file, it is no picture, is damaged or cut off, or too large.
    """
    return decode_scaled(source, at_least).image


def load_prepared(source: Source, resize: int, crop: int, interpolation: str) -> Image.Image:
    """Return the ``crop`` by ``crop`` pixels of a file that a network sees when nothing is augmented.

    Raises:
        PictureError: as ``decode_picture`` and ``resize_short_side`` do.
    """
    return crop_centre(load_resized(source, resize, interpolation), crop)


def load_resized(source: Source, size: int, interpolation: str) -> Image.Image:
    """Return a file's picture with its short side at ``size`` pixels, a large JPEG decoded smaller.

    Raises:
        PictureError: as ``decode_picture`` and ``resize_short_side`` do.
    """
    image, whole, box = decode_scaled(source, size)
    if image.size == whole:
        return resize_short_side(image, size, interpolation)
    return image.resize(resized_size(whole, size), INTERPOLATIONS[interpolation], box)


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
    target = resized_size(image.size, size)
    return image if target == image.size else image.resize(target, INTERPOLATIONS[interpolation])


def resized_size(size: tuple[int, int], short: int) -> tuple[int, int]:
    """Return width and height with the shorter one at ``short``."""
    width, height = size
    long = int(short * max(width, height) / min(width, height))
    check_size(short, long)
    return (short, long) if width <= height else (long, short)


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
            f"It is too large: {width} × {height}, {million} of {MAX_PIXELS // 10**6} allowed.", "too_large"
        )


def decode_scaled(source: Source, at_least: int | None) -> Decoded:
    """Decode as ``decode_picture`` does, and say which part of the whole picture came."""
    with opened(source) as image:
        whole = image.size
        drafted = draft(image, at_least)
        rgb = to_rgb(image)
        value = orientation(image)
        upright = turn(rgb, value)
        if drafted is None:
            return Decoded(upright, upright.size, (0, 0, *upright.size))
        return Decoded(upright, swapped(whole, value), turned_box(drafted, upright.size, value))


@contextlib.contextmanager
def opened(source: Source) -> Iterator[ImageFile.ImageFile]:
    """Open a picture, not decoded yet, for as long as the block lasts; what fails in it is a PictureError."""
    try:
        with open_picture(source) as image:
            check_size(image.width, image.height)
            yield image
    except PictureError:
        raise
    except Exception as error:  # damaged files make decoders raise nearly anything
        raise refusal(source, error) from error


def open_picture(source: Source) -> ImageFile.ImageFile:
    """Let Pillow's decoders look at the file, and HEIF's where it is for none of them."""
    try:
        return Image.open(source, formats=FORMATS)
    except UnidentifiedImageError:
        if not is_heif(content_of(source, 64)):
            raise
    try:
        import pillow_heif  # optional, and slow to load
    except ImportError:
        raise PictureError(
            f'It is an HEIC photo: pip install "{HEIF_PACKAGE}" lets this program read it.'
        ) from None
    pillow_heif.register_heif_opener()
    return Image.open(source, formats=("HEIF",))


def draft(image: ImageFile.ImageFile, at_least: int | None) -> tuple[float, float] | None:
    """Have a JPEG decoded at a half, a quarter or an eighth; return the width and height it will fill.

    Not HEIF, which Pillow would replace by the thumbnail inside.
    """
    if at_least is None or image.format not in JPEGS:
        return None
    whole, least = image.size, MARGIN * at_least
    chosen = image.draft(None, (least, least))
    return None if chosen is None or image.size == whole else (chosen[1][2], chosen[1][3])


def orientation(image: Image.Image) -> int:
    """Return EXIF's word on which way is up, 1 to 8; 1, upright, where it cannot be read."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001  the pixels are good whatever is written beside them
        return 1


def turn(image: Image.Image, value: int) -> Image.Image:
    """Return ``image`` turned upright; a value that EXIF does not know turns nothing."""
    return image.transpose(UPRIGHT[value]) if value in UPRIGHT else image


def swapped(size: tuple[int, int], value: int) -> tuple[int, int]:
    """Return a size as it is once turned upright."""
    return (size[1], size[0]) if 5 <= value <= 8 else size


def turned_box(
    filled: tuple[float, float], size: tuple[int, int], value: int
) -> tuple[float, float, float, float]:
    """Return where in an upright image of ``size`` the part lies that was its first before it was turned."""
    width, height = (filled[1], filled[0]) if 5 <= value <= 8 else filled
    left = size[0] - width if value in (2, 3, 6, 7) else 0.0
    top = size[1] - height if value in (3, 4, 7, 8) else 0.0
    return left, top, left + width, top + height


def to_rgb(image: ImageFile.ImageFile) -> Image.Image:
    """Return ``image``, of any mode, decoded and as RGB."""
    fit_transparency(image)
    image.load()
    if image.mode.startswith(("I", "F")):
        return deep_to_grey(image).convert("RGB")
    if image.mode == "LAB":
        return lab_to_rgb(image)
    if image.has_transparency_data:
        straight = image.convert("LA") if image.mode == "La" else image  # Pillow knows no other way from it
        return on_white(straight.convert("RGBA"))
    return image.convert("RGB")


def lab_to_rgb(image: Image.Image) -> Image.Image:
    """Return a ``LAB`` image, under D50 as TIFF has it, in sRGB.

    Not by a table of colours, as ``Image.convert`` does: that is off by up to 10.
    """
    from PIL import ImageCms  # seldom needed

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    exact = ImageCms.Flags.NOOPTIMIZE
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB", flags=exact).apply(image)


def on_white(image: Image.Image) -> Image.Image:
    """Return an ``RGBA`` image laid on white paper."""
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image).convert("RGB")


def fit_transparency(image: ImageFile.ImageFile) -> None:
    """Bring a PNG's transparent colour, given at the file's depth, to that of the pixels, 8 bits.

    To be done before they are decoded. Grey of 16 bits keeps its depth.
    """
    clear = image.info.get("transparency")
    if image.format != "PNG" or clear is None or isinstance(clear, bytes):
        return
    depth = image.tile[0][3]
    if depth in ("L;2", "L;4"):
        image.info["transparency"] = clear * (85 if depth == "L;2" else 17)
    elif depth == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in clear)


def deep_to_grey(image: Image.Image) -> Image.Image:
    """Return 16-bit, 32-bit or floating-point grey (modes ``I;16…``, ``I``, ``F``) as 8-bit grey.

    Scaled by the range its values are written in, not by those that occur, so that a dark picture stays
    dark: ``Image.convert`` alone would turn everything above 255 white.
    """
    values = image if image.mode == "F" else image.convert("I")
    low, high = written_range(image) or value_range(values)
    scale = 255 / (high - low)
    # Image.point takes a straight line for these modes; the half rounds, as what follows cuts off.
    grey = values.convert("F").point(lambda value: value * scale + (0.5 - low * scale)).convert("L")
    if tiff_tag(image, PHOTOMETRIC) == WHITE_IS_ZERO:  # Pillow heeds it up to 8 bits
        return grey.point([255 - value for value in range(256)])
    clear = image.info.get("transparency")
    if isinstance(clear, int) and image.mode == "I;16":
        seen = values.point([255 * (value != clear) for value in range(65536)], "L")
        return Image.composite(grey, Image.new("L", grey.size, 255), seen)
    return grey


BITS, PHOTOMETRIC, WHITE_IS_ZERO = 258, 262, 0


def tiff_tag(image: Image.Image, tag: int) -> typing.Any:
    """Return what a TIFF says under ``tag``; None for other formats."""
    return getattr(image, "tag_v2", {}).get(tag)


def written_range(image: Image.Image) -> tuple[float, float] | None:
    """Return the black and the white of a deep image, None where its format leaves them open."""
    if image.mode.startswith("I;16"):
        return 0.0, 4095.0 if tiff_tag(image, BITS) == (12,) else 65535.0
    return (0.0, 65535.0) if image.mode == "I" and image.format in ("PNG", "PPM") else None


def value_range(image: Image.Image) -> tuple[float, float]:
    """Return the black and the white of a mode ``I`` or ``F`` image: the narrowest usual range that fits."""
    low, high = (float(value) for value in typing.cast("tuple[float, float]", image.getextrema()))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise PictureError("Its values are not all numbers.")
    for white in (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0):
        if low >= 0 and high <= white:
            return 0.0, white
    return low, max(high, low + 1)


def refusal(source: Source, error: Exception) -> PictureError:
    """Return what to say of a file whose decoder raised ``error``."""
    if isinstance(error, FileNotFoundError):
        return PictureError("There is no such file.")
    if isinstance(source, str | os.PathLike) and os.path.isdir(source):  # noqa: PTH112  pathlib can raise
        return PictureError("It is a folder.")
    if isinstance(error, PermissionError):
        return PictureError("It may not be read.", "no_permission")
    if isinstance(error, MemoryError):
        return PictureError("It needs more memory than there is.")
    if isinstance(error, OSError) and error.errno is not None:
        return PictureError(f"It cannot be read ({error.strerror}).")
    try:
        return judged(content_of(source), error)
    except (OSError, ValueError, MemoryError):  # a stream that cannot be read again
        return PictureError(f"It is damaged ({error or type(error).__name__}).")


def content_of(source: Source, size: int = -1) -> bytes:
    """Return the first bytes of a file, or all of them; a stream is left at its start."""
    if isinstance(source, str | os.PathLike):
        with open(source, "rb") as stream:  # noqa: PTH123  a str will do
            return stream.read(size)
    source.seek(0)
    content = source.read(size)
    source.seek(0)
    return content


def judged(content: bytes, error: Exception) -> PictureError:
    """Return what to say of a file's content that could not be decoded."""
    if not content:
        return PictureError("It is an empty file.", "empty_file")
    other = other_content(content[:1024])
    if other is not None:
        return other
    said = str(error)
    if "too large" in said:
        return PictureError("It is too large: it would unfold to more than is allowed.", "too_large")
    if any(words in said.lower() for words in ENDS_EARLY) or stated_length(content) > len(content):
        return PictureError("It is cut off: the file ends before the picture does.", "truncated")
    if isinstance(error, UnidentifiedImageError):  # its own words name the file
        return PictureError("It begins like a picture, but is damaged or of a kind that cannot be read.")
    return PictureError(f"It is damaged ({said or type(error).__name__}).")


ENDS_EARLY = ("truncated", "reached eof", "not enough image data", "unexpected end of file")
"""Parts of what Pillow says of a file whose data end too early."""

BEGINNINGS = (b"\xff\xd8", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""Of the formats that can be decoded, as far as a few bytes tell."""

OTHERS: tuple[tuple[tuple[bytes, ...], str, Kind], ...] = (
    (
        (b"version https://git-lfs",),
        "It is not the picture but a Git LFS pointer to it: “git lfs pull” fetches it.",
        "not_a_picture",
    ),
    ((b"<!doctype html", b"<html"), "It is a web page, not a picture.", "not_a_picture"),
    ((b"<svg", b"<?xml"), "It is a drawing (SVG) or other XML, not a photo.", "not_a_picture"),
    ((b"%pdf",), "It is a PDF document, not a picture.", "not_a_picture"),
    ((b"pk\3\4",), "It is a ZIP archive, not a picture.", "not_a_picture"),
    ((b"\x1ae\xdf\xa3", b"\0\0\1\xba"), "It is a video, not a picture.", "not_a_picture"),
    ((b"\xff\x0a", b"\0\0\0\x0cjxl "), "It is a JPEG XL picture: save it as JPEG or PNG.", "unreadable"),
    ((b"\0\0\0\x0cjp  ",), "It is a JPEG 2000 picture: save it as JPEG or PNG.", "unreadable"),
    ((b"8bps",), "It is a Photoshop file: save it as JPEG or PNG.", "unreadable"),
)
"""The first bytes, in small letters, of what is found among pictures but cannot be read as one."""


def other_content(head: bytes) -> PictureError | None:
    """Return what to say of a file that begins so; None where it begins like a picture that can be read."""
    if head.startswith(BEGINNINGS) or (head.startswith(b"BM") and b"\0" in head):
        return None
    if head[:1] == b"P" and head[1:2] in b"123456f" and head[2:3].isspace():
        return None
    if head[:4] == b"RIFF" and b"WEBP".startswith(head[8:12]):
        return None
    if is_heif(head) or is_avif(head):
        return None
    if head[:4] == b"RIFF" or head[4:8] in (b"ftyp", b"moov", b"mdat"):
        return PictureError("It is a video or sound, not a picture.", "not_a_picture")
    small = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginnings, sentence, kind in OTHERS:
        if small.startswith(beginnings):
            return PictureError(sentence, kind)
    if head.isascii() and all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        return PictureError("It is text, not a picture.", "not_a_picture")
    return PictureError("It is no picture of a known format.", "not_a_picture")


def is_heif(head: bytes) -> bool:
    """Whether a file that begins so is an HEIC or HEIF photo."""
    return head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS and not is_avif(head)


def is_avif(head: bytes) -> bool:
    """Whether a file that begins so names AVIF among its brands."""
    brands = head[8 : int.from_bytes(head[:4], "big")]
    return head[4:8] == b"ftyp" and (b"avif" in brands or b"avis" in brands)


def stated_length(content: bytes) -> int:
    """Return how many bytes a picture file has at least, by what its own fields of length say."""
    measure: typing.Callable[[bytes], int]
    for beginning, measure in MEASURES:
        if content.startswith(beginning, 4 if beginning == b"ftyp" else 0):
            try:
                return measure(content)
            except (IndexError, struct.error):  # the fields themselves are beyond the end
                return len(content) + 1
    return 0


def jpeg_length(content: bytes) -> int:
    """Up to the pixels' data, which have no field of length: there the decoder notices."""
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        at += 2 if marker in range(0xD0, 0xDA) else 2 + number(content, ">H", at + 2)
        if marker == 0xDA:
            return at
    return at


def png_length(content: bytes) -> int:
    """Chunk by chunk, to the one that ends it."""
    at = 8
    while content[at + 4 : at + 8] != b"IEND":
        at += 12 + number(content, ">I", at)
    return at + 12


def gif_length(content: bytes) -> int:
    """Block by block, to the end of the first picture."""
    at = 13 + colour_table(content[10])
    while content[at] in b"!,":
        is_picture = content[at] == ord(",")
        at += 11 + colour_table(content[at + 9]) if is_picture else 2
        while content[at]:
            at += 1 + content[at]
        at += 1
        if is_picture:
            return at
    return at


def colour_table(flags: int) -> int:
    """Return the bytes of a GIF's colour table that such flags announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def tiff_length(content: bytes) -> int:
    """The end of the first page's directory, of what it points to, and of its strips or tiles."""
    order = "<" if content[:2] == b"II" else ">"
    start = number(content, order + "I", 4)
    count = number(content, order + "H", start)
    ends = [start + 2 + 12 * count]
    numbers: dict[int, list[int]] = {}
    for at in range(start + 2, ends[0], 12):
        tag, kind, many, place = struct.unpack_from(order + "HHII", content, at)
        size = TIFF_SIZES.get(kind, 0) * many
        place = at + 8 if size <= 4 else place
        ends.append(place + size)
        if tag in (*TIFF_PLACES, *TIFF_LENGTHS) and ends[-1] <= len(content):
            form = f"{order}{many}{'H' if kind == 3 else 'I'}"
            numbers[tag] = list(struct.unpack_from(form, content, place))
    for places, lengths in zip(TIFF_PLACES, TIFF_LENGTHS, strict=True):
        pairs = zip(numbers.get(places, ()), numbers.get(lengths, ()), strict=False)
        ends += [place + length for place, length in pairs]
    return max(ends)


TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
TIFF_PLACES, TIFF_LENGTHS = (273, 324), (279, 325)
"""Of strips and of tiles."""


def boxes_length(content: bytes) -> int:
    """Box by box, of AVIF and HEIF."""
    at = 0
    while at < len(content):
        size = number(content, ">I", at)
        if size == 1:
            size = number(content, ">Q", at + 8)
        if size < 8:  # 0: the last one, up to the end
            return at
        at += size
    return at


def number(content: bytes, form: str, at: int) -> int:
    """Return the whole number at ``at``."""
    return int(struct.unpack_from(form, content, at)[0])


MEASURES: tuple[tuple[bytes, typing.Callable[[bytes], int]], ...] = (
    (b"\xff\xd8", jpeg_length),
    (b"\x89PNG", png_length),
    (b"GIF8", gif_length),
    (b"II*\0", tiff_length),
    (b"MM\0*", tiff_length),
    (b"RIFF", lambda content: 8 + number(content, "<I", 4)),
    (b"BM", lambda content: number(content, "<I", 2)),
    (b"ftyp", boxes_length),
)
