"""What is known of a picture: its format, size and frames, or why it cannot be used."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ftgui.data.decode import PictureError, decode_picture
from ftgui.data.facts import PictureFacts, describe_picture
from tests.data.specimens import image_of, saved, specimens, squares

Coloured = Callable[[int, int], Image.Image]


@pytest.mark.parametrize("name", specimens())
def test_a_picture_of_every_mode_and_format_is_described_as_it_is_decoded(name: str) -> None:
    content = specimens()[name].content
    facts = describe_picture(io.BytesIO(content))
    with Image.open(io.BytesIO(content)) as image:
        assert (facts.format, facts.mode) == (str(image.format).replace("MPO", "JPEG"), image.mode)
    assert (facts.width, facts.height) == decode_picture(io.BytesIO(content)).size
    assert facts.bytes == len(content)
    moves = any(word in name for word in ("animation", "apng", "two pages"))
    assert (facts.frames > 1) == moves


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_frames_and_pages_are_counted(form: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    content = saved(frames[0], form, save_all=True, append_images=frames[1:])
    assert describe_picture(io.BytesIO(content)).frames == 3


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("value", range(1, 9))
def test_width_and_height_are_those_that_are_seen(coloured: Coloured, form: str, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    facts = describe_picture(io.BytesIO(saved(coloured(50, 30), form, exif=exif)))
    assert (facts.width, facts.height) == ((50, 30) if value < 5 else (30, 50))


def test_a_file_is_described_like_its_bytes(tmp_path: Path) -> None:
    content = saved(image_of(squares()), "JPEG")
    path = tmp_path / "it"
    path.write_bytes(content)
    assert describe_picture(path) == describe_picture(io.BytesIO(content))
    assert describe_picture(path) == PictureFacts("JPEG", "RGB", 48, 32, 1, len(content))


def test_what_cannot_be_decoded_cannot_be_described() -> None:
    for content, kind in ((b"", "empty_file"), (b"words", "not_a_picture")):
        with pytest.raises(PictureError) as caught:
            describe_picture(io.BytesIO(content))
        assert caught.value.kind == kind
    nothing = Image.fromarray(np.full((4, 4), np.nan, dtype=np.float32))
    with pytest.raises(PictureError, match="not all numbers"):
        describe_picture(io.BytesIO(saved(nothing, "TIFF")))


def test_an_animation_cut_off_after_its_first_frame_is_a_picture_still() -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    part = content[: len(content) - 20]
    assert decode_picture(io.BytesIO(part)).getpixel((0, 0)) == (255, 0, 0)
    assert describe_picture(io.BytesIO(part)).frames >= 1
