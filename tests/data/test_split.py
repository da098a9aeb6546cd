"""Which pictures are kept back: fair to each class, the same everywhere, and unmoved by what is added."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Dataset, Picture, Split
from ftgui.data.split import split_dataset

fractions = st.floats(0.01, 0.9)
seeds = st.integers(0, 2**31 - 1)
counts = st.lists(st.integers(1, 30), min_size=2, max_size=5).filter(lambda counts: max(counts) > 1)


def dataset_of(*counts: int, names: str = "abcdefgh") -> Dataset:
    """A dataset with so many pictures in each class."""
    pictures = [
        Picture(f"{names[label]}/{number:02}.jpg", label)
        for label, count in enumerate(counts)
        for number in range(count)
    ]
    return Dataset(root="/nowhere", class_names=tuple(names[: len(counts)]), train=tuple(pictures))


def kept(split: Split, name: str) -> set[str]:
    return {picture.path for picture in split.val if picture.path.startswith(f"{name}/")}


@given(counts=counts, fraction=fractions, seed=seeds)
def test_every_picture_is_on_exactly_one_side_in_its_order(
    counts: list[int], fraction: float, seed: int
) -> None:
    dataset = dataset_of(*counts)
    split = split_dataset(dataset, fraction, seed)
    assert tuple(sorted(split.train + split.val, key=lambda picture: picture.path)) == dataset.train
    assert list(split.train) == sorted(split.train, key=lambda picture: picture.path)
    assert list(split.val) == sorted(split.val, key=lambda picture: picture.path)


@given(counts=counts, fraction=fractions, seed=seeds)
@example(counts=[2, 4], fraction=0.9, seed=0)
@example(counts=[2, 4], fraction=0.01, seed=0)
def test_each_class_gives_its_share_and_keeps_a_picture_on_either_side(
    counts: list[int], fraction: float, seed: int
) -> None:
    split = split_dataset(dataset_of(*counts), fraction, seed)
    for label, count in enumerate(counts):
        in_val = sum(picture.label == label for picture in split.val)
        if count == 1:
            assert in_val == 0
        else:
            assert 1 <= in_val <= count - 1
            assert abs(in_val - fraction * count) <= 1


def test_a_share_is_rounded_to_the_nearest() -> None:
    split = split_dataset(dataset_of(10, 38, 40, 4), 0.2, 0)
    assert [len(kept(split, name)) for name in "abcd"] == [2, 8, 8, 1]


def test_a_seed_splits_the_same_everywhere() -> None:
    assert kept(split_dataset(dataset_of(6, 6), 0.34, 0), "a") == {"a/01.jpg", "a/02.jpg"}


def test_another_seed_splits_otherwise() -> None:
    splits = {split_dataset(dataset_of(12, 12), 0.25, seed).val for seed in range(20)}
    assert len(splits) > 15


def test_every_picture_can_be_kept() -> None:
    dataset = dataset_of(10, 10)
    ever = {picture for seed in range(60) for picture in split_dataset(dataset, 0.2, seed).val}
    assert ever == set(dataset.train)


def test_classes_with_the_same_file_names_are_not_split_alike() -> None:
    split = split_dataset(dataset_of(*[20] * 8), 0.5, 0)
    assert len({tuple(sorted(path[2:] for path in kept(split, name))) for name in "abcdefgh"}) > 4


def test_a_class_added_later_moves_no_picture_of_the_others() -> None:
    before = split_dataset(dataset_of(9, 17, names="bc"), 0.3, 5)
    after = split_dataset(dataset_of(4, 9, 17, names="abc"), 0.3, 5)
    assert kept(before, "b") == kept(after, "b")
    assert kept(before, "c") == kept(after, "c")


def test_pictures_added_later_move_few_of_the_same_class() -> None:
    before = kept(split_dataset(dataset_of(20, 20), 0.25, 1), "a")
    after = kept(split_dataset(dataset_of(21, 20), 0.25, 1), "a")
    assert len(before & after) >= len(before) - 1


def test_the_folders_own_split_is_kept() -> None:
    val = (Picture("val/a/1.jpg", 0),)
    dataset = Dataset(root="/nowhere", class_names=("a", "b"), train=dataset_of(4, 4).train, val=val)
    assert split_dataset(dataset, 0.2, 0) == Split(train=dataset.train, val=val)


def test_single_pictures_of_each_class_cannot_be_split() -> None:
    with pytest.raises(FtguiError, match="No class has two pictures"):
        split_dataset(dataset_of(1, 1, 1), 0.2, 0)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_of_all_or_nothing_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="val_fraction"):
        split_dataset(dataset_of(4, 4), fraction, 0)
