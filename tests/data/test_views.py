"""Views: few, the same in every run, and chosen by seed, epoch and picture alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import InterpolationMode, functional

from ftgui.data.augmentations import AUGMENTATIONS, view_count
from ftgui.data.decode import crop_centre
from ftgui.data.views import (
    CROP_AREA,
    CROP_ASPECT,
    View,
    choose_views,
    make_view,
    view_parameters,
)

PATHS = [f"train/ants/{number}.jpg" for number in range(4000)]


@pytest.mark.parametrize(
    ("augment", "asked", "count"),
    [
        ("none", None, 1), ("none", 1, 1), ("none", 8, 1),
        ("flip", None, 2), ("flip", 1, 1), ("flip", 2, 2), ("flip", 8, 2),
        ("standard", None, 4), ("standard", 1, 1), ("standard", 8, 8),
    ],
)  # fmt: skip
def test_there_are_as_many_views_as_asked_for_where_the_augmentation_has_them(
    augment: str, asked: int | None, count: int
) -> None:
    assert view_count(augment, asked) == count


def test_each_augmentation_has_its_own_default() -> None:
    assert {augment: view_count(augment) for augment in AUGMENTATIONS} == {
        "none": 1,
        "flip": 2,
        "standard": 4,
    }


def test_view_0_of_flip_is_the_picture_and_view_1_its_mirror_image(
    coloured: Callable[[int, int], Image.Image],
) -> None:
    image = coloured(40, 32)
    plain, mirrored = (
        make_view(image, view_parameters("flip", "a.jpg", k, image.size), 24, "bilinear") for k in (0, 1)
    )
    assert plain.tobytes() == crop_centre(image, 24).tobytes()
    assert np.array_equal(np.asarray(mirrored), np.asarray(plain)[:, ::-1])
    assert mirrored.tobytes() != plain.tobytes()


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_random_crop_equals_torchvisions_bit_for_bit(
    coloured: Callable[[int, int], Image.Image], interpolation: str, mirrored: bool
) -> None:
    image = coloured(80, 60)
    view = View((7, 3, 57, 43), mirrored)
    expected = functional.resized_crop(image, 3, 7, 40, 50, [32, 32], InterpolationMode(interpolation))
    if mirrored:
        expected = functional.hflip(expected)
    assert make_view(image, view, 32, interpolation).tobytes() == expected.tobytes()


@given(
    path=st.text(max_size=20), k=st.integers(0, 63), width=st.integers(1, 3000), height=st.integers(1, 3000)
)
def test_every_crop_lies_within_the_picture(path: str, k: int, width: int, height: int) -> None:
    box = view_parameters("standard", path, k, (width, height)).box
    assert box is not None
    left, top, right, bottom = box
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


@pytest.mark.parametrize("size", [(256, 341), (400, 256), (256, 256)])
def test_crops_have_the_area_and_the_aspect_they_promise(size: tuple[int, int]) -> None:
    boxes = np.array([view_parameters("standard", path, 0, size).box for path in PATHS[:2000]])
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    areas, aspects = widths * heights / (size[0] * size[1]), widths / heights
    assert areas.min() > CROP_AREA[0] - 0.01
    assert areas.min() < CROP_AREA[0] + 0.05
    assert areas.max() > 0.8
    assert aspects.min() > CROP_ASPECT[0] - 0.02
    assert aspects.max() < CROP_ASPECT[1] + 0.02
    assert len(np.unique(boxes[:, 0])) > 40
    assert len(np.unique(boxes[:, 1])) > 40


@pytest.mark.parametrize(
    ("size", "box"), [((2560, 256), (1109, 0, 1450, 256)), ((256, 2560), (0, 1109, 256, 1450))]
)
def test_of_a_ribbon_the_largest_allowed_piece_in_the_middle_is_taken(
    size: tuple[int, int], box: tuple[int, ...]
) -> None:
    assert view_parameters("standard", "ribbon.jpg", 0, size).box == box


def test_half_of_the_random_crops_are_mirrored() -> None:
    mirrored = [view_parameters("standard", path, 1, (300, 256)).mirrored for path in PATHS[:2000]]
    assert 0.45 < np.mean(mirrored) < 0.55


def test_a_view_is_the_same_in_every_run_on_every_machine() -> None:
    assert view_parameters("standard", "train/ants/1.jpg", 2, (341, 256)) == View((14, 16, 257, 240), True)


def test_views_of_a_picture_differ_and_so_do_those_of_pictures() -> None:
    of_one = {view_parameters("standard", PATHS[0], k, (341, 256)) for k in range(16)}
    of_many = {view_parameters("standard", path, 0, (341, 256)) for path in PATHS[:16]}
    assert len(of_one) == len(of_many) == 16


def test_the_choice_of_views_is_the_same_in_every_run_on_every_machine() -> None:
    assert choose_views(3, 2, PATHS[:12], 4).tolist() == [0, 2, 3, 3, 1, 1, 1, 2, 1, 0, 2, 3]


@given(seed=st.integers(0, 2**31 - 1), epoch=st.integers(1, 10_000), k=st.integers(1, 64), data=st.data())
def test_the_choice_for_a_picture_does_not_depend_on_the_others(
    seed: int, epoch: int, k: int, data: st.DataObject
) -> None:
    paths = data.draw(st.lists(st.text(max_size=8), min_size=1, max_size=10, unique=True))
    together = choose_views(seed, epoch, paths, k)
    assert together.dtype == np.int64
    assert all(0 <= view < k for view in together)
    assert [choose_views(seed, epoch, [path], k)[0] for path in paths] == together.tolist()


@pytest.mark.parametrize("k", [2, 3, 4, 7])
def test_every_view_is_chosen_as_often(k: int) -> None:
    counts = np.bincount(choose_views(0, 1, PATHS, k), minlength=k)
    assert counts.min() > len(PATHS) / k * 0.88
    assert counts.max() < len(PATHS) / k * 1.12


def test_epochs_and_seeds_choose_independently() -> None:
    base = choose_views(0, 1, PATHS, 4)
    for seed, epoch in ((0, 2), (1, 1), (1, 2), (0, 3)):
        assert 0.21 < np.mean(choose_views(seed, epoch, PATHS, 4) == base) < 0.29


def test_over_the_epochs_a_picture_shows_all_of_its_views() -> None:
    chosen = np.stack([choose_views(0, epoch, PATHS[:200], 4) for epoch in range(1, 41)])
    assert all(set(column) == {0, 1, 2, 3} for column in chosen.T)
