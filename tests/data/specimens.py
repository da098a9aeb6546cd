"""One small picture in every mode and format, and the pixels that it is to give, computed without Pillow."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import PIL
from PIL import Image

Values = npt.NDArray[Any]
HEIGHT, WIDTH = 8, 12

DRAW = np.random.default_rng(7)
DEEP = DRAW.integers(0, 65536, (HEIGHT, WIDTH, 4))
"""Red, green, blue and alpha, 16 bits each."""
BYTES = DRAW.integers(0, 256, (HEIGHT, WIDTH, 4))
RGB, RGBA, GREY, ALPHA = BYTES[..., :3], BYTES, BYTES[..., :1], BYTES[..., 3:]
PALETTE = DRAW.integers(0, 256, (256, 3))

BLOCKS = np.array(
    [[(200, 30, 60), (20, 180, 90), (40, 60, 220)], [(250, 240, 10), (128, 128, 128), (5, 5, 5)]]
)
"""Colours that come in squares of 16 pixels: nothing that compressing could lose."""

NEWER = int(PIL.__version__.split(".")[0]) >= 13
"""Pillow 12 reads neither TIFFs of grey multiplied by its alpha nor all of YCbCr."""


class Specimen(NamedTuple):
    """A file's content and what it is to look like."""

    content: bytes
    expected: Values
    within: float = 0.5
    """How far a pixel may be off."""


def on_white(colour: Values, alpha: Values, white: int = 255) -> Values:
    """Return what is seen of colour with an alpha, both up to ``white``, on white paper."""
    return np.asarray(colour * alpha / white + white - alpha)


def squares(colours: Values = BLOCKS) -> Values:
    """Return each colour as a square of 16 pixels."""
    return np.kron(colours, np.ones((16, 16, 1), dtype=int))


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """Return an image as Pillow writes it."""
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def image_of(values: Values, mode: str | None = None) -> Image.Image:
    """Return an image that holds these bytes."""
    array = np.squeeze(values).astype(np.uint8)
    if mode is None:
        return Image.fromarray(array)
    return Image.frombytes(mode, (array.shape[1], array.shape[0]), array.tobytes())


def packed(values: Values, bits: int, order: str) -> list[bytes]:
    """Return the rows of ``values`` (height, width, channels) with as many bits each."""
    if bits in (8, 16, 32):
        kind = {8: "u1", 16: "u2", 32: "u4"}[bits]
        return [row.astype(f"{order}{kind}").tobytes() for row in values]
    spread = values.reshape(len(values), -1, 1) >> np.arange(bits - 1, -1, -1) & 1
    return [np.packbits(row).tobytes() for row in spread.reshape(len(values), -1).astype(np.uint8)]


def png(values: Values, bits: int, colour: int, **chunks: bytes) -> bytes:
    """Write a PNG of this colour type; further chunks come before the pixels."""

    def chunk(name: str, content: bytes) -> bytes:
        named = name.encode() + content
        return struct.pack(">I", len(content)) + named + struct.pack(">I", zlib.crc32(named))

    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row for row in packed(values, bits, ">"))
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    extra = b"".join(chunk(name, content) for name, content in chunks.items())
    pixels = chunk("IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + extra + pixels + chunk("IEND", b"")


def tiff(values: Values, bits: int, photometric: int, order: str = "<", **more: Any) -> bytes:
    """Write a TIFF of one strip; ``kind`` 3 means floating point, ``planes`` one plane after the other."""
    height, width, channels = values.shape
    kind, extra, colours = more.get("kind", 1), more.get("extra"), more.get("colours")
    if kind == 3:
        strip = values.astype(f"{order}f4").tobytes()
    elif more.get("planes"):
        strip = b"".join(
            row for plane in range(channels) for row in packed(values[..., [plane]], bits, order)
        )
    else:
        strip = b"".join(packed(values, bits, order))
    strip_count = channels if more.get("planes") else 1
    tags: dict[int, list[int]] = {
        256: [width], 257: [height], 258: [bits] * channels, 259: [1], 262: [photometric],
        273: [0] * strip_count, 277: [channels], 278: [height],
        279: [len(strip) // strip_count] * strip_count, 284: [2 if more.get("planes") else 1],
        339: [kind] * channels,
    }  # fmt: skip
    if extra is not None:
        tags[338] = [extra]
    if colours is not None:
        tags[320] = [int(value) for value in colours.T.ravel()]
    start = 8 + 2 + 12 * len(tags) + 4
    pixels = start + sum(2 * len(numbers) for numbers in tags.values() if len(numbers) > 2)
    tags[273] = [pixels + index * len(strip) // strip_count for index in range(strip_count)]
    entries, beyond = b"", b""
    for tag, numbers in sorted(tags.items()):
        content = struct.pack(f"{order}{len(numbers)}H", *numbers)
        if len(content) > 4:
            beyond += content
            content = struct.pack(f"{order}I", start + len(beyond) - len(content))
        entries += struct.pack(f"{order}HHI", tag, 3, len(numbers)) + content.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(tags))
    assert len(head + entries) + 4 + len(beyond) == pixels
    return head + entries + bytes(4) + beyond + strip


@functools.cache
def specimens() -> dict[str, Specimen]:
    """Return all of them by name."""
    return {
        name: specimen
        for family in (pngs, transparent_pngs, tiffs, deep_tiffs, alpha_tiffs, inks, jpegs, others, portable)
        for name, specimen in family()
    }


Named = Iterator[tuple[str, Specimen]]


def grey(values: Values) -> Values:
    """Return one channel as three."""
    return np.repeat(values, 3, axis=2)


def pngs() -> Named:
    for bits in (1, 2, 4, 8):
        values, white = GREY >> (8 - bits), 2**bits - 1
        yield f"png grey {bits}", Specimen(png(values, bits, 0), grey(values * (255 // white)))
        colours = PALETTE[: 2**bits]
        content = png(values, bits, 3, PLTE=colours.astype(np.uint8).tobytes())
        yield f"png palette {bits}", Specimen(content, colours[values[..., 0]])
    yield "png grey 16", Specimen(png(DEEP[..., :1], 16, 0), grey(DEEP[..., :1] / 257))
    yield "png rgb 8", Specimen(png(RGB, 8, 2), RGB)
    yield "png rgb 16", Specimen(png(DEEP[..., :3], 16, 2), DEEP[..., :3] / 257, 1)
    yield "png grey alpha 8", Specimen(png(BYTES[..., 2:], 8, 4), grey(on_white(BYTES[..., 2:3], ALPHA)), 1)
    deep = grey(on_white(DEEP[..., 2:3], DEEP[..., 3:], 65535)) / 257
    yield "png grey alpha 16", Specimen(png(DEEP[..., 2:], 16, 4), deep, 2)
    yield "png rgba 8", Specimen(png(RGBA, 8, 6), on_white(RGB, ALPHA), 1)
    deep = on_white(DEEP[..., :3], DEEP[..., 3:], 65535) / 257
    yield "png rgba 16", Specimen(png(DEEP, 16, 6), deep, 2)
    first, second = image_of(RGB), image_of(255 - RGB)
    for default in (False, True):
        content = saved(first, "PNG", save_all=True, append_images=[second, first], default_image=default)
        yield f"apng, default image: {default}", Specimen(content, RGB)


def transparent_pngs() -> Named:
    """Those with one colour, or entries of the palette, that are not seen."""
    for bits in (1, 2, 4, 8, 16):
        values = DEEP[..., :1] >> (16 - bits)
        clear = int(values[3, 4, 0])
        seen = np.where(values == clear, 255, values * 255 / (2**bits - 1))
        yield (
            f"png grey {bits} clear",
            Specimen(png(values, bits, 0, tRNS=struct.pack(">H", clear)), grey(seen)),
        )
    for bits, values in ((8, RGB), (16, DEEP[..., :3])):
        clear = values[3, 4]
        seen = np.where((values == clear).all(axis=2, keepdims=True), 255, values * 255 / (2**bits - 1))
        yield (
            f"png rgb {bits} clear",
            Specimen(png(values, bits, 2, tRNS=struct.pack(">3H", *clear)), seen, 1),
        )
    for bits in (1, 2, 4, 8):
        values, colours = GREY[..., 0] >> (8 - bits), PALETTE[: 2**bits]
        alpha = BYTES[0, : min(2**bits, 8), 3]  # of the first entries; the others are seen
        alphas = np.concatenate([alpha, np.full(2**bits - len(alpha), 255)])[values][..., None]
        options = {"PLTE": colours.astype(np.uint8).tobytes(), "tRNS": alpha.astype(np.uint8).tobytes()}
        content = png(values[..., None], bits, 3, **options)
        yield f"png palette {bits} clear", Specimen(content, on_white(colours[values], alphas), 1)


def tiffs() -> Named:
    for order in "<>":
        for bits in (1, 4, 8):
            values, white = GREY >> (8 - bits), 2**bits - 1
            seen = grey(values * (255 // white))
            yield f"tiff grey {bits} {order}", Specimen(tiff(values, bits, 1, order), seen)
            yield f"tiff white is zero {bits} {order}", Specimen(tiff(values, bits, 0, order), 255 - seen)
        yield f"tiff rgb 8 {order}", Specimen(tiff(RGB, 8, 2, order), RGB)
        yield f"tiff rgb 16 {order}", Specimen(tiff(DEEP[..., :3], 16, 2, order), DEEP[..., :3] / 257, 1)
        content = tiff(GREY, 8, 3, order, colours=PALETTE * 257)
        yield f"tiff palette {order}", Specimen(content, PALETTE[GREY[..., 0]])
    yield "tiff rgb in planes", Specimen(tiff(RGB, 8, 2, planes=True), RGB)
    pages = saved(image_of(RGB), "TIFF", save_all=True, append_images=[image_of(255 - RGB)])
    yield "tiff of two pages", Specimen(pages, RGB)
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits"):
        yield f"tiff {compression}", Specimen(saved(image_of(RGB), "TIFF", compression=compression), RGB)
    bits = image_of(GREY).point([0] * 128 + [255] * 128, "1")
    yield "tiff fax", Specimen(saved(bits, "TIFF", compression="group4"), grey((GREY >= 128) * 255))


def deep_tiffs() -> Named:
    deep = DEEP[..., :1]
    for order in "<>":
        yield f"tiff grey 16 {order}", Specimen(tiff(deep, 16, 1, order), grey(deep / 257))
        for white in (1, 255, 65535):
            values = deep / 65535 * white
            values[0, 0] = white
            content = tiff(values, 32, 1, order, kind=3)
            yield f"tiff float to {white} {order}", Specimen(content, grey(values * 255 / white), 0.51)
    yield "tiff grey 16 white is zero", Specimen(tiff(deep, 16, 0), grey(255 - deep / 257))
    yield "tiff grey 12", Specimen(tiff(deep >> 4, 12, 1), grey((deep >> 4) * 255 / 4095))
    yield (
        "tiff float white is zero",
        Specimen(tiff(deep / 65535, 32, 0, kind=3), grey(255 - deep / 257), 0.51),
    )
    yield "tiff signed 32", Specimen(tiff(deep, 32, 1, kind=2), grey(deep / 257))


def alpha_tiffs() -> Named:
    seen = on_white(RGB, ALPHA)
    before = np.concatenate([RGB * ALPHA // 255, ALPHA], axis=2)  # multiplied by alpha already
    for order in "<>":
        yield f"tiff rgba 8 {order}", Specimen(tiff(RGBA, 8, 2, order, extra=2), seen, 1)
        yield f"tiff premultiplied 8 {order}", Specimen(tiff(before, 8, 2, order, extra=1), seen, 2)
        deep = on_white(DEEP[..., :3], DEEP[..., 3:], 65535) / 257
        yield f"tiff rgba 16 {order}", Specimen(tiff(DEEP, 16, 2, order, extra=2), deep, 2)
        pair = np.concatenate([GREY, ALPHA], axis=2)
        light = grey(on_white(GREY, ALPHA))
        yield f"tiff grey alpha {order}", Specimen(tiff(pair, 8, 1, order, extra=2), light, 1)
        pair = np.concatenate([GREY * ALPHA // 255, ALPHA], axis=2)
        if NEWER:
            yield f"tiff grey premultiplied {order}", Specimen(tiff(pair, 8, 1, order, extra=1), light, 2)
        content = tiff(np.concatenate([GREY, ALPHA], axis=2), 8, 3, order, extra=2, colours=PALETTE * 257)
        yield f"tiff palette alpha {order}", Specimen(content, on_white(PALETTE[GREY[..., 0]], ALPHA), 1)
        content = tiff(RGBA, 8, 2, order, extra=0)
        yield f"tiff rgb and something else {order}", Specimen(content, RGB)


def inks() -> Named:
    """What is not stored as red, green and blue."""
    for order in "<>":
        seen = (255 - BYTES[..., :3]) * (255 - BYTES[..., 3:]) / 255
        yield f"tiff cmyk 8 {order}", Specimen(tiff(BYTES, 8, 5, order), seen, 1)
        seen = (65535 - DEEP[..., :3]) * (65535 - DEEP[..., 3:]) / 65535 / 257
        yield f"tiff cmyk 16 {order}", Specimen(tiff(DEEP, 16, 5, order), seen, 2)
    if NEWER:
        yield (
            "tiff ycbcr",
            Specimen(saved(image_of(ycbcr_of(squares()).round(), "YCbCr"), "TIFF"), squares(), 2),
        )
    lightness, a, b = (
        channel.ravel() for channel in np.meshgrid([90, 128, 190, 230], [-30, 0, 25], [-25, 0, 30])
    )
    lab = np.stack([lightness, a, b], axis=1).reshape(6, 6, 3)
    yield "tiff lab", Specimen(tiff(lab & 255, 8, 8), rgb_of_lab(lab * (100 / 255, 1, 1)), 1)


def ycbcr_of(rgb: Values) -> Values:
    """Return JPEG's luminance and differences of colour (ITU-T T.871)."""
    red, green, blue = (rgb[..., index] for index in range(3))
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.stack([light, 128 + (blue - light) / 1.772, 128 + (red - light) / 1.402], axis=-1)


def rgb_of_lab(lab: Values) -> Values:
    """Return sRGB of CIELAB under D50, by the formulas of CIE 15 and IEC 61966-2-1."""
    middle = (lab[..., 0] + 16) / 116
    roots = np.stack([middle + lab[..., 1] / 500, middle, middle - lab[..., 2] / 200], axis=-1)
    xyz = np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29)) * (0.9642, 1.0, 0.8249)
    from_xyz = np.array(  # to D65 by Bradford included
        [
            (3.1338561, -1.6168667, -0.4906146),
            (-0.9787684, 1.9161415, 0.0334540),
            (0.0719453, -0.2289914, 1.4052427),
        ]
    )
    linear = np.clip(xyz @ from_xyz.T, 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(curved * 255)


def jpegs() -> Named:
    best = {"quality": 100, "subsampling": 0}
    for form in ("JPEG", "MPO"):
        yield f"{form} rgb", Specimen(saved(image_of(squares()), form, **best), squares(), 2)
    yield (
        "JPEG progressive",
        Specimen(saved(image_of(squares()), "JPEG", progressive=True, **best), squares(), 2),
    )
    second = {"save_all": True, "append_images": [image_of(255 - squares())]}
    yield "MPO of two", Specimen(saved(image_of(squares()), "MPO", **second, **best), squares(), 2)
    light = squares(BLOCKS[..., :1])
    yield "JPEG grey", Specimen(saved(image_of(light), "JPEG", quality=100), grey(light), 2)
    ink = squares(np.concatenate([BLOCKS, BLOCKS[..., :1] // 3], axis=2))
    seen = (255 - ink[..., :3]) * (255 - ink[..., 3:]) / 255
    content = saved(image_of(ink, "CMYK"), "JPEG", quality=100)
    yield "JPEG cmyk of Adobe's, inverted", Specimen(content, seen, 3)
    yield "JPEG ycck of Adobe's", Specimen(as_ycck(ink), seen, 4)
    at = content.index(b"\xff\xee")
    yield (
        "JPEG cmyk without a marker, inverted as usual",
        Specimen(content[:at] + content[at + 16 :], seen, 3),
    )


def as_ycck(ink: Values) -> bytes:
    """Return a CMYK JPEG whose colours are stored as YCbCr, which its Adobe marker says."""
    # Pillow inverts what it writes, as Adobe does, and who reads YCCK inverts the three colours once more.
    stored = np.concatenate([255 - ycbcr_of(ink[..., :3]).round(), ink[..., 3:]], axis=2)
    content = saved(image_of(stored, "CMYK"), "JPEG", quality=100)
    at = content.index(b"Adobe")
    return content[: at + 11] + b"\2" + content[at + 12 :]


def others() -> Named:
    image, clear = image_of(RGB), image_of(RGBA)
    seen = on_white(RGB, ALPHA)
    yield "webp", Specimen(saved(image, "WEBP", lossless=True), RGB)
    yield "webp with alpha", Specimen(saved(clear, "WEBP", lossless=True, exact=True), seen, 1)
    following = {"save_all": True, "append_images": [image_of(255 - RGB)], "lossless": True}
    yield "webp animation", Specimen(saved(image, "WEBP", **following), RGB)
    yield "avif", Specimen(saved(image_of(squares()), "AVIF", quality=100, subsampling="4:4:4"), squares(), 3)
    few = image_of(GREY >> 2, "P")
    few.putpalette([int(value) for value in PALETTE[:64].ravel()])
    entries = GREY[..., 0] >> 2
    colours = PALETTE[entries]
    last = few.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    hidden = int(entries[3, 4])
    seen = np.where((entries == hidden)[..., None], 255, colours)
    for form in ("GIF", "BMP", "TIFF"):
        yield f"{form} palette", Specimen(saved(few, form), colours)
    yield "gif interlaced", Specimen(saved(few, "GIF", interlace=1), colours)
    yield "gif clear", Specimen(saved(few, "GIF", transparency=hidden), seen)
    yield "gif animation", Specimen(saved(few, "GIF", save_all=True, append_images=[last]), colours)
    yield "bmp 24", Specimen(saved(image, "BMP"), RGB)
    yield "bmp 8 grey", Specimen(saved(image_of(GREY), "BMP"), grey(GREY))
    yield (
        "bmp 1",
        Specimen(saved(image_of(GREY).point([0] * 128 + [255] * 128, "1"), "BMP"), grey((GREY >= 128) * 255)),
    )
    yield "bmp 16", Specimen(bmp16(), (RGB >> 3) * 255 / 31, 1)


def bmp16() -> bytes:
    """Return a BMP of 5 bits a colour, bottom row first."""
    red, green, blue = (RGB[::-1, :, index] >> 3 for index in range(3))
    pixels = (red << 10 | green << 5 | blue).astype("<u2").tobytes()
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 16, 0, len(pixels), 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, 54) + header + pixels


def portable() -> Named:
    """PBM, PGM, PPM and PFM, as text and as bytes."""
    size, deep = f"{WIDTH} {HEIGHT}\n", DEEP[..., :1]
    black = (GREY >= 128).astype(int)
    text = "\n".join(str(value) for value in black.ravel())
    yield "pbm as text", Specimen(f"P1\n{size}{text}\n".encode(), grey(255 - black * 255))
    content = f"P4\n{size}".encode() + b"".join(packed(black, 1, ">"))
    yield "pbm", Specimen(content, grey(255 - black * 255))
    for number, values in (("2", GREY), ("3", RGB)):
        text = " ".join(str(value) for value in values.ravel())
        seen = values if values.shape[2] == 3 else grey(values)
        yield f"P{number} as text", Specimen(f"P{number}\n# words\n{size}255\n{text}\n".encode(), seen)
    for number, values, deeper in (("5", GREY, deep), ("6", RGB, DEEP[..., :3])):
        seen, seen_deeper = (one if one.shape[2] == 3 else grey(one) for one in (values, deeper))
        head = f"P{number}\n{size}"
        yield f"P{number}", Specimen(f"{head}255\n".encode() + b"".join(packed(values, 8, ">")), seen)
        content = f"{head}65535\n".encode() + b"".join(packed(deeper, 16, ">"))
        yield f"P{number} of 16 bits", Specimen(content, seen_deeper / 257)
        content = f"{head}1023\n".encode() + b"".join(packed(deeper >> 6, 16, ">"))
        yield f"P{number} of 10 bits", Specimen(content, (seen_deeper >> 6) * 255 / 1023, 0.6)
    light = (deep / 65535).astype("<f4")
    for order, scale in (("<", "-1.0"), (">", "1.0")):
        content = f"Pf\n{size}{scale}\n".encode() + light[::-1].astype(f"{order}f4").tobytes()
        yield f"pfm {order}", Specimen(content, grey(light * 255), 0.51)
