"""Resizing and cropping with Pillow alone, bit for bit as torchvision does it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import InterpolationMode, functional
from torchvision.transforms._presets import ImageClassification

from ftgui.core.preprocessing import Preprocessing
from ftgui.data.decode import PictureError, prepare_picture, resize_short_side
from ftgui.data.pixels import channels_first, normalise

sides = st.integers(1, 90)


def noise(width: int, height: int) -> Image.Image:
    values = np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


@settings(max_examples=300)
@given(
    width=sides,
    height=sides,
    resize=sides,
    crop=sides,
    interpolation=st.sampled_from(["bilinear", "bicubic"]),
)
@example(width=33, height=33, resize=33, crop=32, interpolation="bilinear")  # halves round to even
@example(width=35, height=35, resize=35, crop=32, interpolation="bilinear")
@example(width=10, height=80, resize=20, crop=25, interpolation="bicubic")  # padded on one side only
@example(width=50, height=50, resize=50, crop=50, interpolation="bicubic")  # nothing to do
def test_preparing_equals_torchvision_bit_for_bit(
    width: int, height: int, resize: int, crop: int, interpolation: str
) -> None:
    image = noise(width, height)
    resized = functional.resize(image, [resize], InterpolationMode(interpolation), antialias=True)
    expected = functional.center_crop(resized, [crop])
    prepared = prepare_picture(image, resize, crop, interpolation)
    assert prepared.size == (crop, crop)
    assert np.array_equal(np.asarray(prepared), np.asarray(expected))


@pytest.mark.parametrize("size", [(500, 375), (333, 500), (224, 224), (100, 80), (4000, 300)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_the_whole_way_to_the_network_equals_torchvisions_own_preset(
    size: tuple[int, int], interpolation: str
) -> None:
    how = Preprocessing(resize=256, crop=224, interpolation=interpolation)
    preset = ImageClassification(
        crop_size=how.crop, resize_size=how.resize, mean=how.mean, std=how.std,
        interpolation=InterpolationMode(interpolation),
    )  # fmt: skip
    prepared = prepare_picture(noise(*size), how.resize, how.crop, how.interpolation)
    batch = functional.pil_to_tensor(prepared)[None]
    assert np.array_equal(channels_first(prepared), batch[0].numpy())
    assert normalise(batch, how, "cpu")[0].equal(preset(noise(*size)))


def test_a_picture_too_long_to_resize_is_refused_before_it_takes_memory() -> None:
    ribbon = Image.new("RGB", (100_000, 1))
    with pytest.raises(PictureError, match="too large"):
        prepare_picture(ribbon, 256, 224, "bilinear")


def test_resizing_keeps_the_picture_where_it_has_the_size_already() -> None:
    image = noise(40, 30)
    assert resize_short_side(image, 30, "bicubic") is image
