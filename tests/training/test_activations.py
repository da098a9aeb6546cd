"""Features kept: the very ones that the frozen stages would say now, wherever they lie, or computed anew."""

from __future__ import annotations

import errno
import math
import threading
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from ftgui.core.errors import FtguiError
from ftgui.core.rows import RowTable
from ftgui.data.dataset import Picture
from ftgui.training import activations, kept
from ftgui.training.activations import Activations, fill
from ftgui.training.clock import RunClock
from ftgui.training.kept import FeaturePlace
from ftgui.training.precision import Arithmetic
from tests.freezing.training import bits
from tests.training.small_passes import (
    CPU,
    FEW_PIXELS,
    ROOM,
    all_of,
    assert_all_differ,
    draw,
    filled,
    live,
    make_prefix,
    make_store,
    tiny_plan,
)
from tests.training.small_passes import one_thread as one_thread
from tests.training.small_passes import root as root

COUNT = 6
AUGMENTATIONS = ("none", "flip", "standard")


@pytest.fixture
def pictures(root: Path) -> list[Picture]:
    return draw(root, COUNT)


@pytest.fixture
def place(tmp_path: Path) -> FeaturePlace:
    return FeaturePlace(tmp_path / "features", ROOM)


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send four views through the frozen stages at once, so that six pictures are more than one batch."""
    monkeypatch.setattr(activations, "PASS_ROWS", 4)


def same_bits(first: torch.Tensor, second: torch.Tensor) -> bool:
    return first.shape == second.shape and torch.equal(bits(first.float()), bits(second.float()))


def computed(feed: Activations) -> tuple[int, int, int]:
    """Return what it took: forwards, hits, pictures decoded."""
    return feed.prefix_forwards, feed.hits, feed.store.decoded


def close(first: torch.Tensor, second: torch.Tensor) -> None:
    """Check that they are the same but for the last bits, which may follow from how many went together."""
    torch.testing.assert_close(first, second, rtol=0, atol=2e-6)


def tables(place: FeaturePlace) -> list[Path]:
    return sorted(place.folder.iterdir())


def share(rows: float, sizes: int = 4) -> int:
    """Return the bytes of so many rows of features of the tiny network."""
    return int(rows * sizes * 4)


# What it says ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [1, 2])
@pytest.mark.parametrize("augment", AUGMENTATIONS)
def test_each_view_of_each_picture_has_the_features_that_the_network_gives_it(
    root: Path, pictures: list[Picture], augment: str, line: int
) -> None:
    prefix, store = make_prefix(line), make_store(root, pictures, augment=augment)
    expected = live(store, prefix)
    assert_all_differ(expected)
    feed = filled(make_store(root, pictures, augment=augment), prefix)
    torch.testing.assert_close(all_of(feed), expected, rtol=0, atol=1e-5)
    assert feed.labels.tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("augment", AUGMENTATIONS)
@pytest.mark.parametrize("memory", [ROOM, share(7.5), 0])
def test_a_batch_mixes_pictures_and_views_as_it_likes(
    root: Path, pictures: list[Picture], place: FeaturePlace, augment: str, memory: int
) -> None:
    feed = filled(make_store(root, pictures, augment=augment), place=place, memory=memory)
    expected = live(make_store(root, pictures, augment=augment), feed.prefix)
    indices, views = np.array([5, 0, 3, 3, 1, 0]), np.array([1, 0, 1, 0, 3, 2]) % feed.store.views
    batch = feed.batch(indices, views)
    torch.testing.assert_close(batch, expected[indices, views], rtol=0, atol=1e-5)


@pytest.mark.parametrize("augment", ["none", "flip"])
def test_the_plain_view_is_the_first(root: Path, pictures: list[Picture], augment: str) -> None:
    feed = filled(make_store(root, pictures, augment=augment))
    assert same_bits(feed.batch([4, 1]), all_of(feed)[[4, 1], 0])


def test_the_plain_view_of_random_crops_is_not_among_them_and_is_refused(
    root: Path, pictures: list[Picture]
) -> None:
    feed = filled(make_store(root, pictures, augment="standard"))
    with pytest.raises(ValueError, match="plain view"):
        feed.batch([0])


@pytest.mark.parametrize("memory", [ROOM, 0])
def test_who_writes_into_a_batch_spoils_nothing(
    root: Path, pictures: list[Picture], place: FeaturePlace, memory: int
) -> None:
    """Some Dropouts do; and who learns from it needs a tensor that gradients may be taken of."""
    feed = filled(make_store(root, pictures), place=place, memory=memory)
    before = all_of(feed)
    batch = feed.batch(range(COUNT))
    batch *= 0
    assert same_bits(all_of(feed), before)
    assert not batch.is_inference()
    assert feed.batch([0]).requires_grad_().sum().backward() is None  # type: ignore[no-untyped-call,func-returns-value]


# Where it lies --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("line", [1, 2])
@pytest.mark.parametrize("augment", AUGMENTATIONS)
def test_in_memory_or_mapped_it_is_the_same_bit_for_bit_and_computed_again_nearly(
    root: Path, pictures: list[Picture], place: FeaturePlace, augment: str, line: int
) -> None:
    size = {1: 4 * 14 * 14, 2: 4}[line]

    def made(where: FeaturePlace | None, memory: int) -> Activations:
        return filled(make_store(root, pictures, augment=augment), make_prefix(line), where, memory)

    everything = made(None, ROOM)
    expected, rows = all_of(everything), COUNT * everything.store.views
    for memory in (share(rows, size), share(rows / 2, size), share(1, size), 0):
        assert same_bits(all_of(made(place, memory)), expected)
        close(all_of(made(None, memory)), expected)


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize(("memory", "again"), [(ROOM, 0), (share(COUNT), 0), (share(4), 2), (0, COUNT)])
def test_without_a_place_on_disk_what_does_not_fit_into_memory_is_computed_each_time(
    root: Path, pictures: list[Picture], memory: int, again: int
) -> None:
    feed = filled(make_store(root, pictures), memory=memory)
    first = COUNT - again
    assert computed(feed) == (first, 0, COUNT), "what cannot be kept is not computed before it is asked for"
    for times in (1, 2, 3):
        feed.batch(range(COUNT))
        assert computed(feed) == (first + times * again, 0, COUNT + times * again)
    assert feed.notes == (), "nobody asked for a disk"


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("memory", [ROOM, share(4), 0])
def test_with_a_place_on_disk_nothing_is_computed_twice(
    root: Path, pictures: list[Picture], place: FeaturePlace, memory: int
) -> None:
    feed = filled(make_store(root, pictures), place=place, memory=memory)
    for _ in range(3):
        feed.batch(range(COUNT))
    assert computed(feed) == (COUNT, 0, COUNT)
    assert feed.notes == ()


def test_in_memory_lie_as_many_rows_as_fit(root: Path, pictures: list[Picture], place: FeaturePlace) -> None:
    """One byte less than four rows are three."""
    feed = filled(make_store(root, pictures), place=place, memory=share(4) - 1)
    assert feed._memory.shape == (3, 4)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
@pytest.mark.parametrize("memory", [ROOM, 0])
def test_what_comes_back_from_the_disk_is_what_was_computed_bits_and_layout(
    root: Path, pictures: list[Picture], place: FeaturePlace, precision: str, layout: str, memory: int
) -> None:
    arithmetic = Arithmetic(torch.device("cpu"), precision, FEW_PIXELS, layout)
    fresh = filled(make_store(root, pictures), make_prefix(1, arithmetic=arithmetic))
    cold = filled(make_store(root, pictures), make_prefix(1, arithmetic=arithmetic), place, memory)
    warm = filled(make_store(root, pictures), make_prefix(1, arithmetic=arithmetic), place, memory)
    assert computed(warm) == (0, COUNT, 0)
    batches = [feed.batch(range(COUNT)) for feed in (fresh, cold, warm)]
    assert {batch.dtype for batch in batches} == {arithmetic.dtype}
    assert all(batch.is_contiguous(memory_format=arithmetic.memory_format) for batch in batches)
    assert all(same_bits(batch, batches[0]) for batch in batches)
    network = tiny_plan().model.stem
    assert isinstance(network, torch.nn.Module)
    with torch.no_grad():
        expected = network(arithmetic.inputs(make_store(root, pictures).batch(range(COUNT))))
    torch.testing.assert_close(
        batches[0].float(), expected, rtol=0, atol=1e-5 if precision == "fp32" else 0.1
    )


# Found again ----------------------------------------------------------------------------------------------


def test_the_second_time_nothing_is_computed_decoded_or_built(
    root: Path, pictures: list[Picture], place: FeaturePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    cold = filled(make_store(root, pictures, augment="flip"), place=place)
    assert computed(cold) == (2 * COUNT, 0, COUNT)
    monkeypatch.setattr(activations.Prefix, "network", property(lambda _: pytest.fail("it was built")))
    warm = filled(make_store(root, pictures, augment="flip"), place=place)
    assert computed(warm) == (0, 2 * COUNT, 0)
    assert same_bits(all_of(warm), all_of(cold))
    assert len(tables(place)) == 1


def bit_flipped(name: str) -> Any:
    """Return the frozen stages after one bit of one entry has changed."""
    applied = tiny_plan()
    applied.model.state_dict()[name].view(-1).view(torch.uint8)[0] ^= 1
    return applied


@pytest.mark.parametrize(
    ("entry", "line", "anew"),
    [
        ("stem.conv.weight", 2, True),
        ("stem.norm.running_var", 2, True),
        ("middle.norm.bias", 2, True),
        ("middle.group.weight", 2, True),
        ("stem.norm.running_mean", 1, True),
        ("middle.conv.weight", 1, False),
        ("head.fc.weight", 2, False),
        ("head.fc.bias", 1, False),
    ],
)
def test_one_bit_of_the_frozen_stages_has_all_computed_anew_and_one_behind_them_nothing(
    root: Path, pictures: list[Picture], place: FeaturePlace, entry: str, line: int, anew: bool
) -> None:
    filled(make_store(root, pictures), make_prefix(line), place)
    feed = filled(make_store(root, pictures), make_prefix(line, bit_flipped(entry)), place)
    assert computed(feed) == ((COUNT, 0, COUNT) if anew else (0, COUNT, 0))


@pytest.mark.parametrize(
    "changes",
    [
        {"crop": 15},
        {"resize": 21},
        {"mean": (0.485, 0.456, 0.407)},
        {"std": (0.229, 0.224, 0.226)},
        {"interpolation": "bicubic"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_preprocessing_has_all_computed_anew(
    root: Path, pictures: list[Picture], place: FeaturePlace, changes: dict[str, Any]
) -> None:
    filled(make_store(root, pictures), place=place)
    other = msgspec.structs.replace(FEW_PIXELS, **changes)
    prefix = make_prefix(arithmetic=Arithmetic(torch.device("cpu"), "fp32", other))
    feed = filled(make_store(root, pictures, preprocessing=other), prefix, place)
    assert computed(feed) == (COUNT, 0, COUNT)
    fresh = filled(make_store(root, pictures, preprocessing=other), prefix)
    assert same_bits(all_of(feed), all_of(fresh))


@pytest.mark.parametrize(
    ("precision", "layout"), [("bf16", "contiguous"), ("fp32", "channels_last"), ("bf16", "channels_last")]
)
def test_another_arithmetic_has_all_computed_anew_and_each_keeps_its_own(
    root: Path, pictures: list[Picture], place: FeaturePlace, precision: str, layout: str
) -> None:
    filled(make_store(root, pictures), make_prefix(1), place)
    other = Arithmetic(torch.device("cpu"), precision, FEW_PIXELS, layout)
    feed = filled(make_store(root, pictures), make_prefix(1, arithmetic=other), place)
    assert computed(feed) == (COUNT, 0, COUNT)
    for arithmetic in (CPU, other):
        again = filled(make_store(root, pictures), make_prefix(1, arithmetic=arithmetic), place)
        assert computed(again) == (0, COUNT, 0)


def test_another_line_has_all_computed_anew(root: Path, pictures: list[Picture], place: FeaturePlace) -> None:
    filled(make_store(root, pictures), make_prefix(2), place)
    feed = filled(make_store(root, pictures), make_prefix(1), place)
    assert computed(feed) == (COUNT, 0, COUNT)
    assert len(tables(place)) == 2


def test_another_version_of_torch_has_all_computed_anew(
    root: Path, pictures: list[Picture], place: FeaturePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(make_store(root, pictures), place=place)
    monkeypatch.setattr(torch, "__version__", "2.99.0")
    assert computed(filled(make_store(root, pictures), place=place)) == (COUNT, 0, COUNT)


@pytest.mark.parametrize("augment", AUGMENTATIONS)
def test_one_pixel_of_one_picture_has_that_pictures_views_computed_anew_and_no_others(
    root: Path, pictures: list[Picture], place: FeaturePlace, augment: str
) -> None:
    before = all_of(filled(make_store(root, pictures, augment=augment), place=place))
    with Image.open(root / "3.png") as image:
        red, green, blue = image.getpixel((20, 20))  # type: ignore[misc]
        image.putpixel((20, 20), ((red + 128) % 256, green, blue))
        image.save(root / "3.png")
    feed = filled(make_store(root, pictures, augment=augment), place=place)
    views = feed.store.views
    assert computed(feed) == (views, (COUNT - 1) * views, 1)
    after = all_of(feed)
    changed = [n for n in range(COUNT) if not same_bits(before[n], after[n])]
    assert changed == [3]
    close(after, all_of(filled(make_store(root, pictures, augment=augment))))


@pytest.mark.parametrize(("augment", "anew"), [("none", 0), ("flip", 0), ("standard", 1)])
def test_a_renamed_picture_is_found_by_its_content_unless_its_crops_follow_from_its_path(
    root: Path, pictures: list[Picture], place: FeaturePlace, augment: str, anew: int
) -> None:
    filled(make_store(root, pictures, augment=augment), place=place)
    (root / "2.png").rename(root / "holiday.png")
    renamed = [*pictures[:2], Picture("holiday.png", 2), *pictures[3:]]
    feed = filled(make_store(root, renamed, augment=augment), place=place)
    assert computed(feed) == (anew * feed.store.views, (COUNT - anew) * feed.store.views, anew)
    close(all_of(feed), all_of(filled(make_store(root, renamed, augment=augment))))


def test_the_same_pictures_in_another_folder_and_order_are_found(
    root: Path, pictures: list[Picture], place: FeaturePlace, tmp_path: Path
) -> None:
    first = filled(make_store(root, pictures, augment="standard"), place=place)
    moved = root.rename(tmp_path / "elsewhere")
    again = filled(make_store(moved, pictures[::-1], augment="standard"), place=place)
    assert computed(again) == (0, 4 * COUNT, 0)
    assert same_bits(all_of(again), all_of(first).flip(0))


def test_more_views_have_the_new_ones_computed_and_the_old_ones_found(
    root: Path, pictures: list[Picture], place: FeaturePlace
) -> None:
    filled(make_store(root, pictures, augment="standard", views=2), place=place)
    feed = filled(make_store(root, pictures, augment="standard", views=5), place=place)
    assert computed(feed) == (3 * COUNT, 2 * COUNT, COUNT)
    close(all_of(feed), all_of(filled(make_store(root, pictures, augment="standard", views=5))))
    assert computed(filled(make_store(root, pictures, augment="standard"), place=place)) == (0, 4 * COUNT, 0)


def test_the_plain_view_is_the_same_whatever_it_is_one_of(
    root: Path, pictures: list[Picture], place: FeaturePlace
) -> None:
    """A picture that was judged on, without augmentation, and is learned from now, with its mirror image."""
    filled(make_store(root, pictures, augment="none"), place=place)
    flip = filled(make_store(root, pictures, augment="flip"), place=place)
    assert computed(flip) == (COUNT, COUNT, COUNT)
    standard = filled(make_store(root, pictures, augment="standard"), place=place)
    assert computed(standard) == (4 * COUNT, 0, COUNT), "none of the random crops is one of those"


# What goes wrong on disk ----------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", [ROOM, 0])
def test_a_damaged_row_is_computed_again_and_no_other(
    root: Path, pictures: list[Picture], place: FeaturePlace, memory: int
) -> None:
    before = all_of(filled(make_store(root, pictures), place=place, memory=memory))
    (table,) = tables(place)
    content = bytearray((table / "rows.bin").read_bytes())
    content[share(4) + 7] ^= 1  # in the fifth row
    (table / "rows.bin").write_bytes(content)
    feed = filled(make_store(root, pictures), place=place, memory=memory)
    assert computed(feed) == (1, COUNT - 1, 1)
    close(all_of(feed), before)
    again = filled(make_store(root, pictures), place=place, memory=memory)
    assert computed(again) == (0, COUNT, 0)
    assert same_bits(all_of(again), all_of(feed))


@pytest.mark.parametrize(("name", "anew"), [("rows.bin", 3), ("index.bin", COUNT), ("about.json", 0)])
def test_what_is_left_of_files_that_were_cut_off_is_used_and_the_rest_is_computed(
    root: Path, pictures: list[Picture], place: FeaturePlace, name: str, anew: int
) -> None:
    before = all_of(filled(make_store(root, pictures), place=place))
    (table,) = tables(place)
    content = (table / name).read_bytes()
    (table / name).write_bytes(content[: {"rows.bin": share(3.5), "index.bin": 12, "about.json": 20}[name]])
    for expected in ((anew, COUNT - anew, anew), (0, COUNT, 0)):
        feed = filled(make_store(root, pictures), place=place)
        assert computed(feed) == expected
        close(all_of(feed), before)
        assert feed.notes == ()


def full_after(monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """Let the disk be full after so many writes."""
    real, done = RowTable.add, []

    def add(*arguments: Any) -> Any:
        done.append(1)
        if len(done) > calls:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(RowTable, "add", add)


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("calls", [0, 1])
@pytest.mark.parametrize("memory", [ROOM, share(5), 0])
def test_a_full_disk_is_said_once_and_what_does_not_fit_into_memory_is_computed_each_time(
    root: Path,
    pictures: list[Picture],
    place: FeaturePlace,
    monkeypatch: pytest.MonkeyPatch,
    calls: int,
    memory: int,
) -> None:
    expected = all_of(filled(make_store(root, pictures, augment="flip")))
    with monkeypatch.context() as patch:
        full_after(patch, calls)
        feed = filled(make_store(root, pictures, augment="flip"), place=place, memory=memory)
    in_memory = {ROOM: range(12), share(5): range(5), 0: range(0)}[memory]
    first = 4 * max(math.ceil(len(in_memory) / 4), calls + 1)
    assert computed(feed) == (first, 0, COUNT), "once the disk is full, nothing is computed to be thrown away"
    assert len(feed.notes) == 1
    assert "No space left on device" in feed.notes[0]
    assert feed.notes[0].endswith("What does not fit into memory is computed again each time.")
    close(all_of(feed), expected)
    nowhere = set(range(4 * calls, 12)) - set(in_memory)
    assert feed.prefix_forwards == first + len(nowhere)
    later = filled(make_store(root, pictures, augment="flip"), place=place)
    assert computed(later)[:2] == (2 * COUNT - 4 * calls, 4 * calls), "what was written before is found"
    close(all_of(later), expected)


def test_a_folder_that_cannot_be_made_is_said_and_done_without(
    root: Path, pictures: list[Picture], tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")
    place = FeaturePlace(tmp_path / "taken" / "features", ROOM)
    feed = filled(make_store(root, pictures), place=place, memory=share(4))
    assert computed(feed) == (COUNT, 0, COUNT)
    assert len(feed.notes) == 1
    assert feed.notes[0].startswith("Features cannot be kept on disk: ")
    assert str(tmp_path) not in feed.notes[0]
    close(all_of(feed), all_of(filled(make_store(root, pictures))))
    assert feed.prefix_forwards == COUNT + 2


@pytest.mark.usefixtures("few_at_once")
def test_a_budget_is_kept_to_and_its_end_is_said_once(
    root: Path, pictures: list[Picture], tmp_path: Path
) -> None:
    place = FeaturePlace(tmp_path / "features", share(9))
    expected = all_of(filled(make_store(root, pictures, augment="flip")))
    for hits in (0, 8, 8):
        feed = filled(make_store(root, pictures, augment="flip"), place=place, memory=0)
        assert feed.hits == hits
        assert feed.prefix_forwards == 2 * COUNT - hits
        assert len(feed.notes) == 1
        assert "more than the cache on disk may hold" in feed.notes[0]
        close(all_of(feed), expected)
        (table,) = tables(place)
        assert (table / "rows.bin").stat().st_size == share(8)


def test_what_was_used_longest_ago_makes_room(root: Path, pictures: list[Picture], tmp_path: Path) -> None:
    place = FeaturePlace(tmp_path / "features", ROOM)
    filled(make_store(root, pictures), make_prefix(1), place)
    (old,) = tables(place)
    size = sum(path.stat().st_size for path in old.iterdir())
    tight = FeaturePlace(place.folder, size + 100)
    filled(make_store(root, pictures), make_prefix(2), tight)
    (left,) = tables(place)
    assert left != old
    assert computed(filled(make_store(root, pictures), make_prefix(2), tight)) == (0, COUNT, 0)


@pytest.mark.parametrize("memory", [ROOM, share(4)])
@pytest.mark.parametrize("name", ["mapped", "find"])
def test_a_disk_that_will_not_be_read_is_said_and_done_without(
    root: Path,
    pictures: list[Picture],
    place: FeaturePlace,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    memory: int,
) -> None:
    """Some file systems do not let a file be mapped."""
    expected = all_of(filled(make_store(root, pictures), place=place))

    def fail(*_: Any) -> Any:
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr(RowTable, name, fail)
    feed = filled(make_store(root, pictures), place=place, memory=memory)
    (note,) = feed.notes
    assert note.startswith("Features cannot be ")
    assert "No such device" in note
    close(all_of(feed), expected)


@pytest.mark.parametrize("memory", [ROOM, share(4), 0])
def test_who_finds_another_program_writing_reads_what_is_there_and_keeps_the_rest_to_itself(
    root: Path, pictures: list[Picture], place: FeaturePlace, memory: int
) -> None:
    some = filled(make_store(root, pictures[:3]), place=place)
    (folder,) = tables(place)
    with RowTable(folder, some._shape.bytes) as other:
        assert other.is_writable
        feed = filled(make_store(root, pictures), place=place, memory=memory)
        assert computed(feed) == (3 if memory else 0, 3, 3)
        assert feed.notes == ()
        assert len(other) == 3
    close(all_of(feed), all_of(filled(make_store(root, pictures))))
    assert computed(filled(make_store(root, pictures), place=place)) == (3, 3, 3), "it wrote nothing"


# Pictures that cannot be read -----------------------------------------------------------------------------


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("memory", [ROOM, 0])
@pytest.mark.parametrize("augment", AUGMENTATIONS)
def test_unreadable_pictures_are_left_out_alike_whether_the_others_are_computed_or_found(
    root: Path, pictures: list[Picture], place: FeaturePlace, augment: str, memory: int
) -> None:
    whole = (root / "1.png").read_bytes()
    (root / "1.png").write_bytes(whole[: len(whole) // 2])
    (root / "4.png").unlink()
    readable = [pictures[n] for n in (0, 2, 3, 5)]
    expected = all_of(filled(make_store(root, readable, augment=augment)))
    assert_all_differ(expected)
    told = []
    for forwards, hits in ((4, 0), (0, 4)):
        feed = filled(make_store(root, pictures, augment=augment), place=place, memory=memory)
        views = feed.store.views
        assert computed(feed)[:2] == (forwards * views, hits * views)
        assert list(feed.store.pictures) == readable
        assert feed.labels.tolist() == [0, 2, 0, 2]
        close(all_of(feed), expected)
        told.append(feed.store.unreadable)
    assert told[0] == told[1]
    assert [path for path, _ in told[0]] == ["1.png", "4.png"]
    assert "cut off" in told[0][0][1]
    assert "no such file" in told[0][1][1]


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("broken", [(0,), (5,), (4, 5), (1, 2, 3, 5)])
def test_those_before_and_after_an_unreadable_picture_keep_their_features(
    root: Path, pictures: list[Picture], place: FeaturePlace, broken: tuple[int, ...]
) -> None:
    readable = [picture for number, picture in enumerate(pictures) if number not in broken]
    expected = all_of(filled(make_store(root, readable)))
    for number in broken:
        (root / pictures[number].path).write_bytes(b"a poem")
    for _ in range(2):
        feed = filled(make_store(root, pictures), place=place)
        assert list(feed.store.pictures) == readable
        close(all_of(feed), expected)


def test_where_no_picture_can_be_read_none_is_left(root: Path, pictures: list[Picture]) -> None:
    for picture in pictures:
        (root / picture.path).write_bytes(b"a poem")
    feed = filled(make_store(root, pictures))
    assert feed.store.pictures == ()
    assert len(feed.store.unreadable) == COUNT
    assert feed.prefix_forwards == 0


def test_a_picture_that_vanishes_once_its_features_are_kept_is_not_missed(
    root: Path, pictures: list[Picture], place: FeaturePlace
) -> None:
    feeds = [
        filled(make_store(root, pictures), place=place, memory=0),
        filled(make_store(root, pictures), memory=ROOM),
    ]
    before = all_of(feeds[0])
    for picture in pictures:
        (root / picture.path).unlink()
    assert all(same_bits(all_of(feed), before) for feed in feeds)


def test_a_picture_that_vanishes_while_its_features_are_kept_nowhere_is_said(
    root: Path, pictures: list[Picture]
) -> None:
    feed = filled(make_store(root, pictures), memory=share(2))
    (root / "4.png").unlink()
    feed.batch([0, 1, 3])
    with pytest.raises(FtguiError, match=r"“4.png” can no longer be read: There is no such file"):
        feed.batch([3, 4])


def test_a_picture_that_vanishes_before_the_next_line_is_computed_is_said_and_not_left_out(
    root: Path, pictures: list[Picture]
) -> None:
    """Or the labels and the order of a run that goes on would be of other pictures."""
    store = make_store(root, pictures)
    filled(store, make_prefix(2))
    (root / "4.png").unlink()
    with pytest.raises(FtguiError, match=r"“4.png” can no longer be read: There is no such file"):
        filled(store, make_prefix(1))
    assert len(store.pictures) == COUNT


# A disk that is full of others ---------------------------------------------------------------------------


def test_rows_of_pictures_that_nobody_asks_for_make_room(
    root: Path, pictures: list[Picture], place: FeaturePlace
) -> None:
    place = FeaturePlace(place.folder, share(4))
    filled(make_store(root, pictures[:3]), place=place)
    feed = filled(make_store(root, pictures[3:]), place=place, memory=0)
    assert feed.notes == ()
    again = filled(make_store(root, pictures[3:]), place=place, memory=0)
    assert computed(again) == (0, 3, 0)
    close(all_of(again), all_of(filled(make_store(root, pictures[3:]))))


def test_rows_that_one_of_two_feeds_asks_for_stay(
    root: Path, pictures: list[Picture], place: FeaturePlace
) -> None:
    place = FeaturePlace(place.folder, share(4))
    filled(make_store(root, pictures[:3]), place=place)
    prefix = make_prefix()
    feeds = [Activations(make_store(root, some), prefix, 0) for some in (pictures[3:], pictures[:3])]
    list(fill(feeds, place, RunClock()))
    assert [feed.hits for feed in feeds] == [0, 3]
    assert computed(filled(make_store(root, pictures[:3]), place=place)) == (0, 3, 0)


def test_rows_of_others_stay_where_the_new_ones_would_not_fit_alone(
    root: Path, pictures: list[Picture], place: FeaturePlace
) -> None:
    place = FeaturePlace(place.folder, share(2))
    filled(make_store(root, pictures[:2]), place=place)
    filled(make_store(root, pictures[2:]), place=place)
    assert computed(filled(make_store(root, pictures[:2]), place=place)) == (0, 2, 0)


def test_rows_that_make_room_give_it_back_before_others_come(
    root: Path, pictures: list[Picture], place: FeaturePlace
) -> None:
    """A map of the old file would hold on to it on POSIX, and could not be deleted elsewhere."""
    place = FeaturePlace(place.folder, share(4))
    filled(make_store(root, pictures[:3]), place=place)
    rows = tables(place)[0] / "rows.bin"
    feed = Activations(make_store(root, pictures[3:]), make_prefix(), ROOM)
    for what, _, _ in fill((feed,), place, RunClock()):
        if what == "computing frozen stages":
            break
    maps = Path("/proc/self/maps")
    held = maps.read_text().count(str(rows)) if maps.exists() else 0
    assert held == 0
    assert rows.stat().st_size == 0


def test_rows_of_others_stay_where_there_is_room_for_all(
    root: Path, pictures: list[Picture], place: FeaturePlace
) -> None:
    place = FeaturePlace(place.folder, share(6))
    for some in (pictures[:3], pictures[3:]):
        filled(make_store(root, some), place=place)
    assert computed(filled(make_store(root, pictures), place=place)) == (0, 6, 0)


def test_a_table_that_cannot_begin_anew_is_said_and_done_without(
    root: Path, pictures: list[Picture], place: FeaturePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = FeaturePlace(place.folder, share(4))
    filled(make_store(root, pictures[:3]), place=place)

    def fail(*_: Any) -> Any:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(RowTable, "clear", fail)
    feed = filled(make_store(root, pictures[3:]), place=place, memory=share(2))
    (note,) = feed.notes
    assert note.startswith("Features cannot be kept on disk: Permission denied.")
    close(all_of(feed), all_of(filled(make_store(root, pictures[3:]))))


# On the way -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("few_at_once")
def test_progress_counts_pictures_and_begins_with_those_that_are_found(
    root: Path, pictures: list[Picture], place: FeaturePlace
) -> None:
    def told(chosen: list[Picture], augment: str) -> list[tuple[int, int]]:
        feed = Activations(make_store(root, chosen, augment=augment), make_prefix(), ROOM)
        progress = list(fill((feed,), place, RunClock()))
        assert all(what == "computing frozen stages" for what, _, _ in progress)
        return [(done, total) for _, done, total in progress]

    assert told(pictures[:4], "none") == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert told(pictures, "none") == [(5, 6), (6, 6)]
    assert told(pictures, "flip") == [(n, 6) for n in range(1, 7)], "half of each picture's views are missing"
    assert told(pictures, "flip") == []


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("memory", [ROOM, 0])
def test_who_stops_halfway_leaves_what_was_computed_by_then_and_the_next_one_does_the_rest(
    root: Path, place: FeaturePlace, memory: int
) -> None:
    many = draw(root, 20)
    feed = Activations(make_store(root, many), make_prefix(), memory)
    progress = fill((feed,), place, RunClock())
    while next(progress) != ("computing frozen stages", 10, 20):
        pass
    progress.close()
    assert feed.prefix_forwards == 8, "the last two wait for two more"
    assert not [t.name for t in threading.enumerate() if t.name.startswith("ftgui-decode")]
    (folder,) = tables(place)
    with RowTable(folder, share(1)) as table:
        assert table.is_writable, "it is still locked"
        assert len(table) == 8
    later = filled(make_store(root, many), place=place, memory=memory)
    assert computed(later) == (12, 8, 12)
    close(all_of(later), all_of(filled(make_store(root, many))))


def test_who_drops_it_before_it_began_has_done_nothing(
    root: Path, pictures: list[Picture], place: FeaturePlace
) -> None:
    feed = Activations(make_store(root, pictures), make_prefix(), ROOM)
    fill((feed,), place, RunClock()).close()
    assert computed(feed) == (0, 0, 0)
    assert not place.folder.exists()


@pytest.mark.usefixtures("few_at_once")
def test_a_mistake_in_the_frozen_stages_ends_threads_and_unlocks_the_table(
    root: Path, pictures: list[Picture], place: FeaturePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = activations.Prefix.forward, []

    def fail_later(prefix: Any, pixels: torch.Tensor) -> torch.Tensor:
        calls.append(len(pixels))
        if len(calls) == 3:  # the first finds out the shape
            raise ZeroDivisionError
        return real(prefix, pixels)

    monkeypatch.setattr(activations.Prefix, "forward", fail_later)
    with pytest.raises(ZeroDivisionError):
        filled(make_store(root, pictures), place=place)
    assert calls == [1, 4, 2]
    monkeypatch.undo()
    assert not [t.name for t in threading.enumerate() if t.name.startswith("ftgui-decode")]
    assert filled(make_store(root, pictures), place=place).hits == 4


def test_views_go_through_the_frozen_stages_many_at_once_and_the_rest_together(
    root: Path, pictures: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, sizes = activations.Prefix.forward, []

    def note(prefix: Any, pixels: torch.Tensor) -> torch.Tensor:
        sizes.append(len(pixels))
        return real(prefix, pixels)

    monkeypatch.setattr(activations.Prefix, "forward", note)
    monkeypatch.setattr(activations, "PASS_ROWS", 10)
    filled(make_store(root, pictures, augment="standard"))
    assert sizes == [1, 12, 12], "a picture's views stay together; one blank picture finds out the shape"


@pytest.mark.parametrize("some_missing", [True, False])
def test_how_fast_a_pass_could_be_is_asked_only_where_one_is_needed(
    root: Path, pictures: list[Picture], place: FeaturePlace, some_missing: bool
) -> None:
    class Asked:
        times = 0

        def of_pass(self, _: Any, rows: int) -> float:
            assert rows == activations.PASS_ROWS
            self.times += 1
            return 123.0

    filled(make_store(root, pictures[: 5 if some_missing else 6]), place=place)
    roofs: Any = Asked()
    feed = Activations(make_store(root, pictures), make_prefix(), ROOM, roofs)
    list(fill((feed,), place, RunClock()))
    assert roofs.times == some_missing
    assert feed.roof == (123.0 if some_missing else None)


def test_the_phases_of_a_pass_are_timed_apart(
    root: Path, pictures: list[Picture], place: FeaturePlace
) -> None:
    def phases() -> set[str]:
        clock, feed = RunClock(), Activations(make_store(root, pictures), make_prefix(), ROOM)
        list(fill((feed,), place, clock))
        return set(clock.phase_seconds)

    assert phases() >= {"reading", "decoding", "frozen pass"}
    assert phases().isdisjoint({"decoding", "frozen pass"})


def test_rows_are_kept_while_they_are_computed_and_not_at_the_end(
    root: Path, pictures: list[Picture], place: FeaturePlace, few_at_once: None
) -> None:
    feed = Activations(make_store(root, pictures), make_prefix(), 0)
    sizes: list[int] = []
    for what, done, _ in fill((feed,), place, RunClock()):
        if what != "computing frozen stages":
            continue
        rows = tables(place)[0] / "rows.bin"
        sizes.append(rows.stat().st_size // share(1) if rows.exists() else 0)
        assert done == len(sizes)
    assert sizes == [0, 0, 0, 4, 4, 6]


def test_features_of_a_network_in_train_mode_are_those_of_eval_mode(
    root: Path, pictures: list[Picture]
) -> None:
    """Frozen stages are held in eval mode, whatever the rest of the network is in at the moment."""
    expected = all_of(filled(make_store(root, pictures)))
    applied = tiny_plan()
    applied.model.train()
    feed = filled(make_store(root, pictures), make_prefix(applied=applied))
    assert same_bits(all_of(feed), expected)
    assert applied.model.training, "and it is left as it is"


def test_the_folder_of_a_table_says_whose_features_it_holds(
    root: Path, pictures: list[Picture], place: FeaturePlace
) -> None:
    filled(make_store(root, pictures), make_prefix(1), place)
    (folder,) = tables(place)
    assert folder.name.startswith("tiny-stem-")
    about = msgspec.json.decode((folder / kept.ABOUT).read_bytes(), type=kept.About)
    assert (about.architecture, about.stages) == ("tiny", ("stem",))
    assert about.shape.sizes == (4, 14, 14)
    assert about.shape.bytes == share(1, 4 * 14 * 14)


def test_features_remember_what_they_took_for_who_finds_them(
    root: Path, pictures: list[Picture], place: FeaturePlace
) -> None:
    first = filled(make_store(root, pictures[:2]), place=place)
    assert first.spared_seconds == 0.0
    (folder,) = tables(place)
    took = took_of(folder)
    assert (took.views, took.threads) == (2, torch.get_num_threads())
    assert took.seconds > 0
    found = filled(make_store(root, pictures[:2]), place=place)
    assert found.spared_seconds == pytest.approx(took.seconds)
    assert took_of(folder) == took, "finding them is no work"
    more = filled(make_store(root, pictures), place=place)
    after = took_of(folder)
    assert after.views == len(pictures)
    assert after.seconds > took.seconds
    assert (more.hits, more.prefix_forwards) == (2, len(pictures) - 2)
    assert more.spared_seconds == pytest.approx(after.seconds / after.views * 2), "by the mean of all"


def test_what_features_took_with_other_threads_says_nothing_of_these(
    root: Path, pictures: list[Picture], place: FeaturePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(make_store(root, pictures[:2]), place=place)
    (folder,) = tables(place)
    others = torch.get_num_threads() + 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: others)
    found = filled(make_store(root, pictures[:2]), place=place)
    assert (found.hits, found.spared_seconds) == (2, None)
    filled(make_store(root, pictures), place=place)
    assert (took_of(folder).views, took_of(folder).threads) == (len(pictures) - 2, others)


def test_of_features_that_were_kept_before_anybody_noted_it_nobody_knows_what_they_took(
    root: Path, pictures: list[Picture], place: FeaturePlace
) -> None:
    filled(make_store(root, pictures), place=place)
    (folder,) = tables(place)
    about = msgspec.json.decode((folder / kept.ABOUT).read_bytes())
    del about["took"]
    (folder / kept.ABOUT).write_bytes(msgspec.json.encode(about))
    found = filled(make_store(root, pictures), place=place)
    assert (found.hits, found.spared_seconds) == (len(pictures), None)


def took_of(folder: Path) -> kept.Took:
    """What is written down of the work that is in a table."""
    return msgspec.json.decode((folder / kept.ABOUT).read_bytes(), type=kept.About).took
