"""From files to RGB pixels: every format and mode, and nothing but a PictureError for what is no picture."""

from __future__ import annotations

import ast
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from ftgui.data import decode
from ftgui.data.decode import MAX_PIXELS, PictureError, check_size, decode_picture
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


@pytest.mark.parametrize("form", ["ICO", "PCX", "TGA", "JPEG2000", "EPS", "PDF"])
def test_formats_that_are_not_listed_are_refused_whatever_their_name(
    tmp_path: Path, coloured: Coloured, form: str
) -> None:
    path = tmp_path / "it.jpg"
    coloured(32, 32).save(path, form)
    assert "no picture of a known format" in refusal(path)


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


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_picture_that_is_cut_off_is_refused(coloured: Coloured, form: str, share: float) -> None:
    whole = saved(coloured(64, 64), form).getvalue()
    assert "damaged" in refusal(io.BytesIO(whole[: int(len(whole) * share)]))


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
    assert modules == {"logging", "math", "os", "typing", "warnings", "PIL"}


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
