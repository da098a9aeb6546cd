"""From files to RGB pixels: every format and mode, and nothing but a PictureError for what is no picture."""

from __future__ import annotations

import ast
import io
import os
import pickle
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from ftgui.data import decode
from ftgui.data.decode import (
    MAX_PIXELS,
    PictureError,
    check_size,
    decode_picture,
    load_prepared,
    prepare_picture,
)
from ftgui.data.facts import describe_picture
from tests.data.specimens import Specimen, specimens, squares
from tests.harness.process import run_python

Coloured = Callable[[int, int], Image.Image]


def saved(image: Image.Image, form: str, **options: object) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    stream.seek(0)
    return stream


def pixels(image: Image.Image) -> np.ndarray:
    assert image.mode == "RGB"
    return np.asarray(image)


def refusal(source: io.BytesIO | Path) -> str:
    with pytest.raises(PictureError) as caught:
        decode_picture(source)
    message = str(caught.value)
    assert message.endswith(".")
    return message


@pytest.mark.parametrize("specimen", [pytest.param(one, id=name) for name, one in specimens().items()])
def test_a_picture_of_every_mode_and_format_is_decoded_to_the_pixels_that_its_bytes_mean(
    specimen: Specimen,
) -> None:
    decoded = pixels(decode_picture(io.BytesIO(specimen.content)))
    assert decoded.shape == specimen.expected.shape
    assert np.abs(decoded - specimen.expected).max() <= specimen.within


def test_of_every_kind_of_pixels_that_pillow_tells_apart_there_is_a_specimen() -> None:
    opened = [Image.open(io.BytesIO(one.content)) for one in specimens().values()]
    kinds = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "LAB", "I", "F", "I;16", "I;16B"}
    assert kinds <= {image.mode for image in opened}
    assert {image.format for image in opened} == {*decode.FORMATS, "MPO"}


TURNED = {
    1: lambda seen: seen,
    2: lambda seen: seen[:, ::-1],
    3: lambda seen: seen[::-1, ::-1],
    4: lambda seen: seen[::-1],
    5: lambda seen: seen.swapaxes(0, 1),
    6: lambda seen: np.rot90(seen, -1),
    7: lambda seen: seen[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}
"""What EXIF's orientations make of what is stored."""


@pytest.mark.parametrize("form", ["JPEG", "MPO", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("value", range(1, 9))
def test_each_orientation_turns_the_stored_pixels_as_exif_defines_it(
    coloured: Coloured, form: str, value: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    stream = saved(coloured(48, 32), form, exif=exif)
    stored = pixels(decode_picture(saved(coloured(48, 32), form)))
    assert np.array_equal(pixels(decode_picture(stream)), TURNED[value](stored))


@pytest.mark.parametrize(
    ("form", "options"),
    [("PNG", {}), ("WEBP", {"lossless": True}), ("BMP", {}), ("TIFF", {}), ("PPM", {})],
)
def test_formats_without_loss_give_the_pixels_back(
    coloured: Coloured, form: str, options: dict[str, bool]
) -> None:
    image = coloured(40, 30)
    assert np.array_equal(pixels(decode_picture(saved(image, form, **options))), pixels(image))


@pytest.mark.parametrize("form", ["JPEG", "MPO", "WEBP", "AVIF", "GIF"])
def test_formats_with_loss_give_nearly_the_pixels_back(coloured: Coloured, form: str) -> None:
    image = coloured(40, 30)
    decoded = pixels(decode_picture(saved(image, form)))
    assert np.abs(decoded.astype(int) - pixels(image)).mean() < 8


def test_a_jpeg_is_decoded_in_full_as_pillow_does(coloured: Coloured) -> None:
    stream = saved(coloured(1600, 1200), "JPEG", quality=70)
    with Image.open(stream) as image:
        expected = pixels(image.convert("RGB"))
    stream.seek(0)
    assert np.array_equal(pixels(decode_picture(stream)), expected)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("ICO", "no picture of a known format"), ("PCX", "no picture of a known format"),
        ("TGA", "no picture of a known format"), ("EPS", "text"),
        ("JPEG2000", "JPEG 2000"), ("PDF", "PDF document"),
    ],
)  # fmt: skip
def test_formats_that_are_not_listed_are_refused_whatever_their_name(
    tmp_path: Path, coloured: Coloured, form: str, words: str
) -> None:
    path = tmp_path / "it.jpg"
    coloured(32, 32).save(path, form)
    assert words in refusal(path)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("value", range(1, 9))
def test_a_picture_is_turned_upright_as_exif_says(coloured: Coloured, form: str, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    stream = saved(coloured(40, 24), form, exif=exif)
    with Image.open(stream) as image:
        expected = pixels(ImageOps.exif_transpose(image).convert("RGB"))
    stream.seek(0)
    decoded = pixels(decode_picture(stream))
    assert decoded.shape == ((24, 40, 3) if value < 5 else (40, 24, 3))
    assert np.array_equal(decoded, expected)


ORIENTATION_IN_WORDS = struct.pack("<4sIHHHI4sI", b"II*\0", 8, 1, 0x0112, 2, 4, b"up!\0", 0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("exif", [b"", b"nonsense", b"II*\0\xff\xff\xff\x7f", b"MM\0*", ORIENTATION_IN_WORDS])
def test_exif_that_cannot_be_read_turns_nothing_and_stops_nothing(coloured: Coloured, exif: bytes) -> None:
    assert decode_picture(saved(coloured(20, 10), "JPEG", exif=b"Exif\0\0" + exif)).size == (20, 10)


def test_an_orientation_that_exif_does_not_know_turns_nothing(coloured: Coloured) -> None:
    exif = Image.Exif()
    exif[0x0112] = 99
    assert decode_picture(saved(coloured(20, 10), "PNG", exif=exif)).size == (20, 10)


@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_are_scaled_not_clipped(form: str) -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    decoded = pixels(decode_picture(saved(Image.fromarray(values), form)))
    assert np.array_equal(decoded[..., 0], np.floor(values / 257 + 0.5))
    assert (decoded == decoded[..., :1]).all()


@pytest.mark.parametrize("form", ["PNG", "PPM"])
def test_a_dark_sixteen_bit_picture_stays_dark(form: str) -> None:
    values = np.full((4, 4), 250, dtype=np.uint16)
    assert pixels(decode_picture(saved(Image.fromarray(values), form))).max() == 1


def test_a_sixteen_bit_picture_is_turned_upright_and_scaled(coloured: Coloured) -> None:
    values = np.arange(20, dtype=np.uint16).reshape(4, 5) * 1000
    exif = Image.Exif()
    exif[0x0112] = 6
    decoded = pixels(decode_picture(saved(Image.fromarray(values), "PNG", exif=exif)))
    assert np.array_equal(decoded[..., 0], np.rot90(np.floor(values / 257 + 0.5), -1))


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        (np.int32, 0, 255), (np.int32, 0, 65535), (np.int32, -70000, 900000),
        (np.float32, 0, 1), (np.float32, 0, 255), (np.float32, 0, 65535), (np.float32, -2, 3),
    ],
)  # fmt: skip
def test_wide_values_are_scaled_by_the_range_they_are_written_in(dtype: type, low: int, high: int) -> None:
    values = np.linspace(low, high, 256).astype(dtype).reshape(16, 16)
    decoded = pixels(decode_picture(saved(Image.fromarray(values), "TIFF")))[..., 0].ravel().astype(int)
    assert np.abs(decoded - np.arange(256)).max() <= 1
    assert (decoded[0], decoded[-1]) == (0, 255)


def test_half_of_a_range_stays_half_as_bright() -> None:
    values = np.linspace(0, 0.5, 256, dtype=np.float32).reshape(16, 16)
    assert pixels(decode_picture(saved(Image.fromarray(values), "TIFF"))).max() == 128


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(value: float) -> None:
    values = np.full((4, 4), value, dtype=np.float32)
    assert "not all numbers" in refusal(saved(Image.fromarray(values), "TIFF"))


def test_an_even_picture_of_wide_values_is_decoded() -> None:
    values = np.full((4, 4), 10**6, dtype=np.int32)
    assert decode_picture(saved(Image.fromarray(values), "TIFF")).size == (4, 4)


@pytest.mark.parametrize(
    ("alpha", "expected"), [(0, (255, 255, 255)), (255, (200, 100, 0)), (51, (244, 224, 204))]
)
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_alpha_is_laid_on_white(form: str, alpha: int, expected: tuple[int, int, int]) -> None:
    decoded = decode_picture(saved(Image.new("RGBA", (3, 2), (200, 100, 0, alpha)), form))
    assert np.abs(pixels(decoded).astype(int) - expected).max() <= 1


def test_grey_with_alpha_is_laid_on_white() -> None:
    image = Image.new("LA", (2, 1), (0, 0))
    image.putpixel((1, 0), (0, 255))
    assert pixels(decode_picture(saved(image, "PNG"))).tolist() == [[[255] * 3, [0] * 3]]


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_a_transparent_palette_entry_is_white(form: str) -> None:
    image = Image.new("P", (2, 1), 0)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    decoded = decode_picture(saved(image, form, transparency=0))
    assert pixels(decoded).tolist() == [[[255, 255, 255], [40, 50, 60]]]


def test_palette_entries_may_each_have_their_own_alpha() -> None:
    image = Image.new("P", (2, 1), 0)
    image.putpalette([0, 0, 0, 0, 0, 0])
    image.putpixel((1, 0), 1)
    decoded = pixels(decode_picture(saved(image, "PNG", transparency=bytes([0, 51]))))
    assert decoded[0, :, 0].tolist() == [255, 204]


def test_a_transparent_colour_of_rgb_is_white() -> None:
    image = Image.new("RGB", (2, 1), (1, 2, 3))
    image.putpixel((1, 0), (9, 9, 9))
    decoded = decode_picture(saved(image, "PNG", transparency=(1, 2, 3)))
    assert pixels(decoded).tolist() == [[[255, 255, 255], [9, 9, 9]]]


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_and_black_and_white_become_rgb(mode: str) -> None:
    image = Image.new(mode, (2, 1), 0)
    image.putpixel((1, 0), 255)
    assert pixels(decode_picture(saved(image, "PNG"))).tolist() == [[[0] * 3, [255] * 3]]


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
@pytest.mark.parametrize(
    ("ink", "colour"),
    [((0, 0, 0, 0), (255, 255, 255)), ((0, 255, 255, 0), (255, 0, 0)), ((0, 0, 0, 255), (0, 0, 0))],
)
def test_printing_inks_become_the_colours_they_print(
    form: str, ink: tuple[int, ...], colour: tuple[int, ...]
) -> None:
    decoded = pixels(decode_picture(saved(Image.new("CMYK", (8, 8), ink), form)))
    assert np.abs(decoded.astype(int) - colour).max() <= 3


@pytest.mark.parametrize(("lab", "colour"), [((255, 128, 128), (255, 255, 255)), ((0, 128, 128), (0, 0, 0))])
def test_lab_becomes_the_colours_it_describes(lab: tuple[int, ...], colour: tuple[int, ...]) -> None:
    values = np.array(lab, dtype=np.uint8) ^ np.array([0, 128, 128], dtype=np.uint8)  # a and b are signed
    image = Image.frombytes("LAB", (2, 2), bytes(values.tolist()) * 4)
    decoded = pixels(decode_picture(saved(image, "TIFF")))
    assert np.abs(decoded.astype(int) - colour).max() <= 3


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF", "AVIF", "MPO"])
def test_of_an_animation_the_first_frame_is_taken(form: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    options = {} if form in ("AVIF", "MPO") else {"lossless": True}
    decoded = pixels(
        decode_picture(saved(frames[0], form, save_all=True, append_images=frames[1:], **options))
    )
    assert np.abs(decoded.astype(int) - (255, 0, 0)).max() <= 5


def png_of_size(width: int, height: int) -> io.BytesIO:
    """A PNG whose header claims a size; its pixels are missing, so decoding it would fail differently."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    data = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunk + data)


@pytest.mark.parametrize("size", [(20_000, 10_001), (100_000, 100_000), (2**30, 2**30)])
def test_a_picture_that_is_too_large_is_refused_from_its_header(size: tuple[int, int]) -> None:
    assert "too large" in refusal(png_of_size(*size))


def test_a_large_picture_within_the_limit_makes_no_noise() -> None:
    assert "too large" not in refusal(
        png_of_size(20_000, 10_000)
    )  # pytest turns Pillow's warning to an error
    check_size(MAX_PIXELS, 1)


def kind_of(content: bytes, read: Callable[[io.BytesIO], object] = decode_picture) -> str:
    """Return in what way a file's content is refused, ``decoded`` where it is not."""
    try:
        read(io.BytesIO(content))
    except PictureError as error:
        return error.kind
    return "decoded"


ENCODED = {
    "JPEG": ("JPEG", {}),
    "progressive JPEG": ("JPEG", {"progressive": True}),
    "MPO": ("MPO", {}),
    "PNG": ("PNG", {}),
    "WebP": ("WEBP", {}),
    "lossless WebP": ("WEBP", {"lossless": True}),
    "GIF": ("GIF", {}),
    "BMP": ("BMP", {}),
    "TIFF": ("TIFF", {}),
    "TIFF, LZW": ("TIFF", {"compression": "tiff_lzw"}),
    "TIFF, deflate": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "PPM": ("PPM", {}),
    "AVIF": ("AVIF", {}),
}


@pytest.mark.parametrize("name", ENCODED)
@pytest.mark.parametrize("read", [decode_picture, describe_picture])
def test_a_picture_that_is_cut_off_is_told_from_a_damaged_one(
    coloured: Coloured, name: str, read: Callable[[io.BytesIO], object]
) -> None:
    form, options = ENCODED[name]
    whole = saved(coloured(64, 64), form, **options).getvalue()
    cuts = [int(len(whole) * tenths / 10) for tenths in range(1, 10)]
    assert {kind_of(whole[:cut], read) for cut in cuts} == {"truncated"}
    assert kind_of(whole, read) == "decoded"


@pytest.mark.parametrize("name", ["JPEG", "progressive JPEG", "PNG"])
def test_wherever_a_jpeg_or_png_is_cut_it_is_cut_off_or_its_pixels_are_whole(
    coloured: Coloured, name: str
) -> None:
    form, options = ENCODED[name]
    whole = saved(coloured(24, 16), form, **options).getvalue()
    for cut in range(4, len(whole)):
        part = whole[:cut]
        if kind_of(part) == "decoded":
            assert form == "PNG"
            assert np.array_equal(decode_picture(io.BytesIO(part)), decode_picture(io.BytesIO(whole)))
        else:
            assert kind_of(part) == "truncated", cut
        assert kind_of(part, describe_picture) == kind_of(part), cut


@pytest.mark.parametrize("form", ["BMP", "TIFF", "PPM"])
def test_a_file_that_pillow_would_map_is_cut_off_like_its_bytes(
    tmp_path: Path, coloured: Coloured, form: str
) -> None:
    path = tmp_path / "it"
    path.write_bytes(saved(coloured(64, 64), form).getvalue()[:6000])
    assert refusal(path) == "It is cut off: the file ends before the picture does."


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_a_picture_cut_off_within_its_header_is_told_too(coloured: Coloured, form: str) -> None:
    assert kind_of(saved(coloured(64, 64), form).getvalue()[:20]) == "truncated"


@pytest.mark.parametrize("name", ENCODED)
def test_a_whole_file_is_as_long_as_its_own_fields_say(coloured: Coloured, name: str) -> None:
    form, options = ENCODED[name]
    whole = saved(coloured(64, 64), form, **options).getvalue()
    stated = decode.stated_length(whole)
    if form in ("PNG", "WEBP", "BMP", "AVIF"):
        assert stated == len(whole)
    assert stated <= len(whole)
    if form != "PPM":
        assert stated > 0


def test_a_damaged_picture_is_not_called_cut_off(coloured: Coloured) -> None:
    content = bytearray(saved(coloured(64, 64), "PNG").getvalue())
    content[len(content) // 2] ^= 255
    assert kind_of(bytes(content)) == "unreadable"
    assert kind_of(b"\xff\xd8\xff\xfe\0\4ab" + bytes(500)) == "unreadable"
    assert kind_of(b"RIFF\x0c\0\0\0WEBPVP8 \0\0\0\0") == "unreadable"


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", "empty_file", "empty file"),
        (b"<!DOCTYPE html><html>not found</html>", "not_a_picture", "web page"),
        (b"\xef\xbb\xbf\r\n <HTML lang=en>", "not_a_picture", "web page"),
        (b"<?xml version='1.0'?><svg/>", "not_a_picture", "SVG"),
        (b"%PDF-1.7\n%\xe2\xe3", "not_a_picture", "PDF"),
        (b"PK\3\4\x14\0\0\0", "not_a_picture", "ZIP"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "not_a_picture", "video"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "not_a_picture", "video"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81", "not_a_picture", "video"),
        (b"RIFF\x24\0\0\0AVI LIST", "not_a_picture", "video"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "not_a_picture", "Git LFS"),
        (b"BMW, Porsche and other words", "not_a_picture", "text"),
        (b"label,width\n1,2\n", "not_a_picture", "text"),
        (b"\x93NUMPY\1\0", "not_a_picture", "no picture of a known format"),
        (b"\xff\x0a\xfa\x7f", "unreadable", "JPEG XL"),
        (b"8BPS\0\1", "unreadable", "Photoshop"),
        (b"\xff\xd8\xff", "truncated", "cut off"),
    ],
)
def test_what_a_file_is_instead_of_a_picture_is_said(content: bytes, kind: str, words: str) -> None:
    with pytest.raises(PictureError, match=words) as caught:
        decode_picture(io.BytesIO(content))
    assert caught.value.kind == kind
    assert str(caught.value).endswith(".")


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such permission")
def test_a_file_that_may_not_be_read_is_its_own_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "it.jpg"
    path.write_bytes(b"")
    monkeypatch.setattr(Image, "open", forbidden)  # root may read everything
    with pytest.raises(PictureError, match="may not be read") as caught:
        decode_picture(path)
    assert caught.value.kind == "no_permission"


def test_a_disk_that_fails_is_not_blamed_on_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*args: object, **kwargs: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Image, "open", failing)
    assert refusal(io.BytesIO(b"x")) == "It cannot be read (Input/output error)."


def webp_of_size(side: int) -> bytes:
    """Return a small lossless WebP whose header claims another size."""
    content = bytearray(saved(Image.new("RGB", (8, 8)), "WEBP", lossless=True).getvalue())
    at = content.index(b"VP8L") + 9
    others = struct.unpack_from("<I", content, at)[0] >> 28
    struct.pack_into("<I", content, at, (side - 1) | (side - 1) << 14 | others << 28)
    return bytes(content)


def tiff_of_size(side: int) -> bytes:
    """Return a small TIFF whose header claims another size."""
    content = bytearray(saved(Image.new("L", (8, 8)), "TIFF").getvalue())
    for tag in (256, 257):
        at = content.index(struct.pack("<H", tag) + b"\4\0\1\0\0\0")
        struct.pack_into("<I", content, at + 8, side)
    return bytes(content)


def test_a_bomb_of_any_format_is_too_large() -> None:
    text = b"iCCPx\0\0" + zlib.compress(bytes(100_000_000), 9)
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    png = saved(Image.new("L", (8, 8)), "PNG").getvalue()
    assert kind_of(webp_of_size(16_383)) == "too_large"
    assert kind_of(tiff_of_size(40_000)) == "too_large"
    assert kind_of(png_of_size(20_000, 10_001).getvalue()) == "too_large"
    assert kind_of(png[:33] + chunk + png[33:]) in ("too_large", "decoded")  # Pillow may leave it packed


def test_a_refusal_keeps_its_kind_from_one_process_to_another() -> None:
    again = pickle.loads(pickle.dumps(PictureError("It is cut off.", "truncated")))
    assert (str(again), again.kind) == ("It is cut off.", "truncated")
    assert PictureError("It is damaged.").kind == "unreadable"


def heic(image: Image.Image, **options: object) -> bytes:
    """Return a photo as HEIC; skip the test where there is no pillow-heif."""
    pytest.importorskip("pillow_heif").register_heif_opener()
    return saved(image, "HEIF", quality=95, **options).getvalue()


def test_heic_is_decoded_like_every_other_photo() -> None:
    seen = specimen_squares()
    decoded = pixels(decode_picture(io.BytesIO(heic(Image.fromarray(seen), chroma="444"))))
    assert np.abs(decoded.astype(int) - seen).max() <= 6


@pytest.mark.parametrize("value", range(1, 9))
def test_heic_is_turned_upright_once(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    seen = specimen_squares()
    content = heic(Image.fromarray(seen), exif=exif.tobytes(), chroma="444")
    assert value == 1 or b"irot" in content or b"imir" in content
    decoded = pixels(decode_picture(io.BytesIO(content)))
    expected = TURNED[value](seen)
    assert decoded.shape == expected.shape
    assert np.abs(decoded.astype(int) - expected).max() <= 6
    facts = describe_picture(io.BytesIO(content))
    assert (facts.format, facts.height, facts.width) == ("HEIF", *expected.shape[:2])


def test_heic_needs_nothing_registered_before(tmp_path: Path) -> None:
    path = tmp_path / "it.jpg"
    path.write_bytes(heic(Image.new("RGB", (48, 32), "red")))
    ended = run_python("-c", f"from ftgui.data.decode import *; print(decode_picture({str(path)!r}).size)")
    assert (ended.stdout, ended.stderr) == ("(48, 32)\n", "")


def test_transparent_heic_is_laid_on_white() -> None:
    content = heic(Image.new("RGBA", (32, 16), (200, 100, 0, 51)), chroma="444")
    decoded = pixels(decode_picture(io.BytesIO(content))).astype(int)
    assert np.abs(decoded - (244, 224, 204)).max() <= 3


def test_heic_comes_whole_whatever_is_needed_of_it() -> None:
    content = heic(noisy(640, 480), thumbnails=[128])
    assert decode_picture(io.BytesIO(content), 20).size == (640, 480)


@pytest.mark.parametrize("tenths", range(1, 10))
def test_heic_that_is_cut_off_is_told(tenths: int) -> None:
    content = heic(noisy(64, 64))
    assert kind_of(content[: len(content) * tenths // 10]) == "truncated"


def specimen_squares() -> np.ndarray:
    """Return squares of colour, no two sides alike."""
    return squares().astype(np.uint8)


HEIC_HEAD = b"\0\0\0\x18ftyp%s\0\0\0\0mif1heic\0\0\0\x08meta"


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"msf1", b"hevc"])
def test_without_its_package_an_heic_photo_is_called_one_and_the_package_named(
    monkeypatch: pytest.MonkeyPatch, brand: bytes
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if it were not installed
    with pytest.raises(PictureError) as caught:
        decode_picture(io.BytesIO(HEIC_HEAD % brand))
    assert caught.value.kind == "unreadable"
    assert str(caught.value) == 'It is an HEIC photo: pip install "ftgui[heif]" lets this program read it.'


def test_a_damaged_avif_is_not_called_heic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    for head in (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif"):
        assert "HEIC" not in refusal(io.BytesIO(head + b"\0\0\0\x08meta"))


def noisy(width: int, height: int, seed: int = 0) -> Image.Image:
    """Return a picture with detail of every size, as photos have."""
    draw = np.random.default_rng(seed)
    layers = [
        np.asarray(
            Image.fromarray(
                draw.integers(0, 256, (max(1, height >> n), max(1, width >> n), 3)).astype(np.uint8)
            ).resize((width, height), Image.Resampling.BICUBIC),
            dtype=float,
        )
        for n in range(1, 8)
    ]
    return Image.fromarray(np.mean(layers, axis=0).astype(np.uint8))


@pytest.mark.parametrize(
    ("size", "at_least", "expected"),
    [
        ((640, 480), 60, (160, 120)),  # a quarter: an eighth would be as short as what is needed
        ((640, 480), 30, (80, 60)),
        ((640, 480), 121, (640, 480)),
        ((640, 480), 120, (320, 240)),
        ((481, 643), 60, (121, 161)),
        ((640, 480), None, (640, 480)),
        ((640, 20), 20, (640, 20)),
    ],
)
def test_a_jpeg_may_be_decoded_smaller_but_twice_as_large_as_needed(
    size: tuple[int, int], at_least: int | None, expected: tuple[int, int]
) -> None:
    assert decode_picture(saved(noisy(*size), "JPEG"), at_least).size == expected


@pytest.mark.parametrize("form", sorted({*decode.FORMATS} - {"JPEG"}))
def test_no_other_format_is_decoded_smaller(form: str) -> None:
    assert decode_picture(saved(noisy(320, 240), form), 20).size == (320, 240)


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("size", [(640, 480), (643, 485), (485, 643), (639, 479)])
def test_a_smaller_decoding_changes_less_than_another_filter_would(size: tuple[int, int], value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    stream = saved(noisy(*size), "JPEG", exif=exif, quality=90)
    full = decode_picture(stream)
    assert decode_picture(stream, 60).size != full.size
    one, other = (
        np.asarray(prepare_picture(full, 60, 56, how), dtype=float) for how in ("bilinear", "bicubic")
    )
    scaled = np.asarray(load_prepared(stream, 60, 56, "bilinear"), dtype=float)
    assert np.abs(scaled - one).mean() < np.abs(other - one).mean()
    # Were the picture a pixel off after it was turned, it would be farther away than this.
    assert np.abs(scaled - one).mean() < 1.0


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_ink_are_decoded_smaller_too(mode: str) -> None:
    stream = saved(noisy(640, 480).convert(mode), "JPEG", quality=95)
    full, scaled = (pixels(load(stream)) for load in (
        lambda one: prepare_picture(decode_picture(one), 60, 56, "bicubic"),
        lambda one: load_prepared(one, 60, 56, "bicubic"),
    ))  # fmt: skip
    assert decode_picture(stream, 60).size == (160, 120)
    assert np.abs(full.astype(int) - scaled).mean() < 1.5


@pytest.mark.parametrize("name", specimens())
def test_what_is_not_decoded_smaller_is_prepared_from_all_of_its_pixels(name: str) -> None:
    stream = io.BytesIO(specimens()[name].content)
    expected = prepare_picture(decode_picture(stream), 20, 16, "bilinear")
    assert np.array_equal(load_prepared(stream, 20, 16, "bilinear"), expected)


def test_a_scaled_jpeg_that_is_too_large_is_refused_by_its_whole_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decode, "MAX_PIXELS", 640 * 480 - 1)
    with pytest.raises(PictureError, match="too large"):
        decode_picture(saved(noisy(640, 480), "JPEG"), 20)


@pytest.mark.real_data
def test_every_large_photo_decoded_smaller_changes_less_than_another_filter_would(real_data: Path) -> None:
    paths = sorted((real_data / "hymenoptera_data").rglob("*.jpg"))
    seen = 0
    for path in paths:
        whole, size = decode.decode_scaled(path, 64).image.size, decode_picture(path).size
        if whole == size:
            continue
        seen += 1
        full = decode_picture(path)
        one, other = (
            np.asarray(prepare_picture(full, 64, 56, how), dtype=float) for how in ("bilinear", "bicubic")
        )
        scaled = np.asarray(load_prepared(path, 64, 56, "bilinear"), dtype=float)
        assert np.abs(scaled - one).mean() < np.abs(other - one).mean(), path.name
    assert seen > 100


@given(
    form=st.sampled_from(decode.FORMATS),
    damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
)
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_picture_is_decoded_or_refused_in_words(form: str, damage: list[tuple[float, int]]) -> None:
    content = bytearray(saved(Image.radial_gradient("L").resize((24, 24)).convert("RGB"), form).getvalue())
    for place, byte in damage:
        content[int(place * len(content))] = byte
    try:
        decoded = decode_picture(io.BytesIO(bytes(content)))
    except PictureError as error:
        said = str(error)
    else:
        said = f"{decoded.mode}."
    assert said.endswith(".")


@given(st.binary(max_size=64))
@example(b"")
@example(b"GIF89a")
@example(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
def test_bytes_that_are_no_picture_are_refused_in_words(content: bytes) -> None:
    assert refusal(io.BytesIO(content))


def test_files_that_cannot_be_opened_are_refused_in_words(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere.jpg") == "There is no such file."
    assert refusal(tmp_path) == "It is a folder."


def test_the_file_is_closed_and_may_be_removed(tmp_path: Path, coloured: Coloured) -> None:
    path = tmp_path / "it.bmp"  # Pillow maps these into memory
    coloured(40, 30).save(path)
    image = decode_picture(path)
    path.write_bytes(b"")
    assert np.array_equal(pixels(image), pixels(coloured(40, 30)))


def test_the_source_is_fit_to_be_pasted_into_another_program() -> None:
    tree = ast.parse(Path(decode.__file__).read_text(encoding="utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules == {
        "collections.abc", "contextlib", "logging", "math", "os", "struct", "typing", "warnings",
        "PIL", "pillow_heif",
    }  # fmt: skip


def test_what_pillow_warns_of_does_not_reach_the_terminal(tmp_path: Path, coloured: Coloured) -> None:
    path = tmp_path / "it.jpg"
    coloured(20, 10).save(path, exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    ended = run_python("-c", f"from ftgui.data.decode import *; print(decode_picture({str(path)!r}).size)")
    assert (ended.stdout, ended.stderr) == ("(20, 10)\n", "")


@pytest.mark.real_data
def test_every_real_photo_is_decoded_as_pillow_alone_would(real_data: Path) -> None:
    for path in sorted((real_data / "hymenoptera_data" / "val").rglob("*.jpg"))[::5]:
        with Image.open(path) as image:
            expected = pixels(ImageOps.exif_transpose(image).convert("RGB"))
        assert np.array_equal(pixels(decode_picture(path)), expected)
