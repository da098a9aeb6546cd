"""Which pictures are kept back: fair to each class, the same everywhere, and unmoved by what is added."""

from __future__ import annotations

from collections import Counter, defaultdict

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


# The same picture more than once --------------------------------------------------------------------------

drawn_contents = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=25), min_size=2, max_size=5)
"""Of each class, what each of its pictures holds."""


def contents_of(dataset: Dataset, held: list[list[int]], *, apart: bool = False) -> dict[str, bytes]:
    """What each picture holds; ``apart``: no two classes hold the same."""
    numbers = [(label if apart else 0, number) for label, one in enumerate(held) for number in one]
    return {p.path: repr(n).encode() for p, n in zip(dataset.train, numbers, strict=True)}


def split_of(held: list[list[int]], fraction: float, seed: int, *, apart: bool = False) -> tuple[Split, dict]:
    dataset = dataset_of(*map(len, held))
    contents = contents_of(dataset, held, apart=apart)
    return split_dataset(dataset, fraction, seed, contents), contents


@given(held=drawn_contents, fraction=fractions, seed=seeds)
def test_no_picture_is_on_both_sides_whatever_it_is_called(
    held: list[list[int]], fraction: float, seed: int
) -> None:
    try:
        split, contents = split_of(held, fraction, seed)
    except FtguiError as error:
        assume_alike(error, held)
        return
    learned, judged = ({contents[p.path] for p in side} for side in (split.train, split.val))
    assert judged
    assert learned.isdisjoint(judged)
    assert {p.label for p in split.train} == set(range(len(held))), "each class has something to learn from"
    assert split == split_of(held, fraction, seed)[0]


def assume_alike(error: FtguiError, held: list[list[int]]) -> None:
    """Check that a split was refused only where each class has but one picture, or none could go."""
    assert "No class has two different pictures" in error.message or "two pictures" in error.message
    singles = {content for one in held for content in one if len(set(one)) == 1}
    assert all(len(set(one)) == 1 or set(one) <= singles for one in held)


@given(held=drawn_contents, fraction=fractions, seed=seeds)
def test_shares_are_met_within_the_size_of_the_largest_group(
    held: list[list[int]], fraction: float, seed: int
) -> None:
    if all(len(set(one)) == 1 for one in held):
        held[0] = [0, 1]
    split, contents = split_of(held, fraction, seed, apart=True)
    sides: defaultdict[int, list[set[bytes]]] = defaultdict(lambda: [set(), set()])
    for side, pictures in enumerate((split.train, split.val)):
        for picture in pictures:
            sides[picture.label][side].add(contents[picture.path])
    for label, one in enumerate(held):
        in_val = sum(picture.label == label for picture in split.val)
        if len(set(one)) == 1:
            assert in_val == 0, "there is only one picture, to learn from"
        else:
            assert all(sides[label]), "something on either side"
            assert abs(in_val - fraction * len(one)) <= max(Counter(one).values())


@given(counts=counts, fraction=fractions, seed=seeds)
def test_where_all_pictures_differ_what_they_hold_changes_nothing(
    counts: list[int], fraction: float, seed: int
) -> None:
    dataset = dataset_of(*counts)
    contents = {picture.path: picture.path[::-1].encode() for picture in dataset.train}
    assert split_dataset(dataset, fraction, seed, contents) == split_dataset(dataset, fraction, seed)


def test_a_picture_that_cannot_be_read_is_like_no_other() -> None:
    dataset = dataset_of(4, 4)
    assert split_dataset(dataset, 0.5, 0, {"a/00.jpg": b"1"}) == split_dataset(dataset, 0.5, 0)


def test_copies_in_another_class_go_where_the_picture_goes() -> None:
    held = [[*range(10)], [*range(10)]]
    for seed in range(20):
        split, _ = split_of(held, 0.3, seed)
        assert {path[2:] for path in kept(split, "a")} == {path[2:] for path in kept(split, "b")}
        assert len(kept(split, "a")) == 3


def test_a_class_of_two_large_groups_is_judged_on_the_smaller() -> None:
    for seed in range(10):
        split, _ = split_of([[0] * 9 + [1] * 8, [2, 3]], 0.05, seed, apart=True)
        assert len(kept(split, "a")) == 8


def test_classes_of_one_picture_each_cannot_be_split_however_many_copies_there_are() -> None:
    with pytest.raises(FtguiError, match="No class has two different pictures"):
        split_of([[0, 0, 0], [1, 1]], 0.2, 0, apart=True)


def test_a_large_share_leaves_something_to_learn_from() -> None:
    for seed in range(10):
        split, _ = split_of([[0, 1, 1, 1], [2, 3]], 0.9, seed, apart=True)
        assert {picture.label for picture in split.train} == {0, 1}


def test_what_one_class_wants_takes_no_more_of_another_than_its_share() -> None:
    shared = [*range(10)]
    for seed in range(10):
        split, _ = split_of([[*shared * 3, *range(10, 40)], shared], 0.5, seed)
        assert len(kept(split, "b")) == 5
        assert 28 <= len(kept(split, "a")) <= 32
