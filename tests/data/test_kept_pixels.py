"""Decoded pictures on disk: found by what their files hold, the same as decoded anew, and never a must."""

from __future__ import annotations

import errno
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from ftgui.core.hashing import content_name
from ftgui.core.kept_rows import RowPlace
from ftgui.core.preprocessing import Preprocessing
from ftgui.core.rows import RowTable
from ftgui.data import kept_pixels, pixels
from ftgui.data.dataset import Picture
from ftgui.data.kept_pixels import KeptPixels, PixelKind, PixelPlace, kind_of
from ftgui.data.pixels import PixelStore, keeping_pixels
from tests.harness.process import REPOSITORY

SMALL = Preprocessing(resize=40, crop=32)
ROOM = 10**9
SIZES = [(60, 40), (40, 60), (90, 45), (50, 50), (33, 80), (200, 10), (100, 70), (41, 43)]
COUNT = len(SIZES)
CENTRE = kind_of(SMALL, "flip")
AUGMENTATIONS = ("none", "flip", "standard")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "pictures"


@pytest.fixture
def pictures(root: Path, coloured: Callable[[int, int], Image.Image]) -> list[Picture]:
    """Eight pictures, all different."""
    root.mkdir()
    for number, size in enumerate(SIZES):
        coloured(*size).rotate(17 * number).save(root / f"{number}.png")
    return [Picture(f"{number}.png", number % 3) for number in range(COUNT)]


@pytest.fixture
def place(tmp_path: Path) -> PixelPlace:
    return PixelPlace(tmp_path / "pixels", ROOM)


def store_of(root: Path, pictures: Sequence[Picture], **changes: Any) -> PixelStore:
    contents = {p.path: content_name(root / p.path) for p in pictures if (root / p.path).is_file()}
    how: dict[str, Any] = {"preprocessing": SMALL, "budget_bytes": 0, "threads": 2, "contents": contents}
    return PixelStore(root, pictures, **(how | changes))


def loaded(store: PixelStore, place: PixelPlace | None) -> PixelStore:
    with keeping_pixels([store], place):
        for _ in store.load():
            pass
    return store


def all_of(store: PixelStore) -> bytes:
    """Return every view of every picture."""
    count = len(store.pictures)
    return b"".join(store.batch(range(count), [k] * count).numpy().tobytes() for k in range(store.views))


def notes_of(store: PixelStore) -> list[str]:
    return store.table.notes if store.table is not None else []


def tables(place: PixelPlace) -> list[Path]:
    return sorted(place.folder.iterdir())


# Found again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("augment", AUGMENTATIONS)
@pytest.mark.parametrize("budget", [0, ROOM])
def test_what_one_store_decoded_the_next_one_finds_bit_for_bit(
    root: Path, pictures: list[Picture], place: PixelPlace, augment: str, budget: int
) -> None:
    expected = all_of(loaded(store_of(root, pictures, augment=augment, budget_bytes=ROOM), None))
    first = loaded(store_of(root, pictures, augment=augment, budget_bytes=budget), place)
    assert (first.decoded, all_of(first)) == (COUNT, expected)
    assert first.decoded == COUNT, "no batch has anything decoded again"
    second = loaded(store_of(root, pictures, augment=augment, budget_bytes=budget), place)
    shutil.rmtree(root)
    assert all_of(second) == expected
    assert second.decoded == 0


@pytest.mark.parametrize("augment", AUGMENTATIONS)
def test_what_a_stream_decoded_is_found_too(
    root: Path, pictures: list[Picture], place: PixelPlace, augment: str
) -> None:
    streams = []
    for decoded in (COUNT, 0):
        store = store_of(root, pictures, augment=augment)
        with keeping_pixels([store], place):
            streams.append(list(store.stream([(n, range(store.views)) for n in range(COUNT)], 4)))
        assert store.decoded == decoded
    assert all(np.array_equal(*each) for each in zip(*streams, strict=True))


def test_mirror_images_are_made_from_what_plain_pictures_left(
    root: Path, pictures: list[Picture], place: PixelPlace
) -> None:
    loaded(store_of(root, pictures, augment="none"), place)
    assert loaded(store_of(root, pictures, augment="flip"), place).decoded == 0
    assert loaded(store_of(root, pictures, augment="standard"), place).decoded == COUNT
    assert len(tables(place)) == 2


def test_a_folder_that_was_moved_is_known_again(
    root: Path, pictures: list[Picture], place: PixelPlace
) -> None:
    loaded(store_of(root, pictures), place)
    moved = root.rename(root.with_name("elsewhere"))
    (moved / "3.png").rename(moved / "another name.png")
    renamed = [*pictures[:3], Picture("another name.png", 0), *pictures[4:]]
    assert loaded(store_of(moved, renamed), place).decoded == 0


def test_a_changed_byte_has_its_picture_decoded_and_no_other(
    root: Path, pictures: list[Picture], place: PixelPlace
) -> None:
    loaded(store_of(root, pictures), place)
    Image.new("RGB", SIZES[4], "red").save(root / "4.png")
    changed = loaded(store_of(root, pictures), place)
    assert changed.decoded == 1
    assert all_of(changed) == all_of(loaded(store_of(root, pictures, budget_bytes=ROOM), None))


OTHER_PIXELS = {"resize": 41, "crop": 31, "interpolation": "bicubic"}


@pytest.mark.parametrize("name", OTHER_PIXELS)
@pytest.mark.parametrize("augment", AUGMENTATIONS)
def test_pictures_prepared_otherwise_are_decoded_anew_and_both_are_kept(
    root: Path, pictures: list[Picture], place: PixelPlace, augment: str, name: str
) -> None:
    """But for the size of the centre where none is cut out."""
    other = msgspec.structs.replace(SMALL, **{name: OTHER_PIXELS[name]})
    expected = all_of(
        loaded(store_of(root, pictures, preprocessing=other, augment=augment, budget_bytes=ROOM), None)
    )
    loaded(store_of(root, pictures, augment=augment), place)
    store = loaded(store_of(root, pictures, preprocessing=other, augment=augment), place)
    assert store.decoded == (0 if (augment, name) == ("standard", "crop") else COUNT)
    assert all_of(store) == expected
    assert loaded(store_of(root, pictures, augment=augment), place).decoded == 0


def test_what_the_network_is_given_of_the_pixels_changes_no_pixel() -> None:
    assert kind_of(msgspec.structs.replace(SMALL, mean=(0.1, 0.2, 0.3), name="other"), "flip") == CENTRE


@pytest.mark.parametrize("changed", ["decoder", "pillow", "codec", "version"])
def test_another_decoder_shares_nothing(monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    before = CENTRE.name
    with monkeypatch.context() as patch:
        if changed == "codec":
            patch.setattr(kept_pixels.features, "version", lambda _: "99.9")
        elif changed == "pillow":
            patch.setattr("PIL.__version__", "99.9")
        else:
            patch.setattr(kept_pixels, {"decoder": "DECODER", "version": "VERSION"}[changed], 999)
        assert CENTRE.name != before
    assert CENTRE.name == before


@pytest.mark.parametrize("crop", [31, 32, None])
@pytest.mark.parametrize("resize", [31, 40, 224])
def test_a_picture_of_any_shape_takes_the_rows_that_it_needs(resize: int, crop: int | None) -> None:
    kind = PixelKind(resize, "bilinear", crop)
    for long in (resize, resize * 4 // 3, resize * 3 // 2, resize * 20):
        width, height = (crop, crop) if crop else (long, resize)
        rows = kind.rows_for(width, height)
        assert (rows - 1) * kind.row_bytes < 8 + 3 * width * height <= rows * kind.row_bytes
    assert kind.usual_rows == (1 if crop else 4)


# Unreadable, damaged, changed meanwhile -------------------------------------------------------------------


def test_unreadable_pictures_are_found_out_alike_each_time(
    root: Path, pictures: list[Picture], place: PixelPlace
) -> None:
    whole = (root / "1.png").read_bytes()
    (root / "1.png").write_bytes(whole[: len(whole) // 2])
    (root / "4.png").unlink()
    told = []
    for decoded in (COUNT, 2):
        store = loaded(store_of(root, pictures), place)
        assert store.decoded == decoded
        told.append(store.unreadable)
    assert told[0] == told[1]
    assert [path for path, _ in told[0]] == ["1.png", "4.png"]
    assert "no such file" in told[0][1][1]


@pytest.mark.parametrize("augment", ["flip", "standard"])
def test_a_damaged_row_has_its_picture_decoded_again_and_no_other(
    root: Path, pictures: list[Picture], place: PixelPlace, augment: str
) -> None:
    before = all_of(loaded(store_of(root, pictures, augment=augment), place))
    (table,) = tables(place)
    row_bytes = kind_of(SMALL, augment).row_bytes
    content = bytearray((table / "rows.bin").read_bytes())
    content[2 * row_bytes + row_bytes // 2] ^= 1
    (table / "rows.bin").write_bytes(content)
    for decoded in (1, 0):
        store = loaded(store_of(root, pictures, augment=augment), place)
        assert store.decoded == decoded
        assert all_of(store) == before
        assert notes_of(store) == []


def test_a_picture_that_changes_after_it_was_named_is_not_kept_under_that_name(
    root: Path, pictures: list[Picture], place: PixelPlace
) -> None:
    store, original = store_of(root, pictures), (root / "4.png").read_bytes()
    Image.new("RGB", SIZES[4], "red").save(root / "4.png")
    loaded(store, place)
    (root / "4.png").write_bytes(original)
    again = loaded(store_of(root, pictures), place)
    assert again.decoded == 1
    assert all_of(again) == all_of(loaded(store_of(root, pictures, budget_bytes=ROOM), None))


# Disk, memory and others ----------------------------------------------------------------------------------


def test_what_is_on_the_disk_takes_no_memory(root: Path, pictures: list[Picture], place: PixelPlace) -> None:
    store = loaded(store_of(root, pictures, budget_bytes=ROOM), place)
    assert not store._shelf._kept
    assert store._shelf._room == ROOM
    assert not store._fresh


def full(monkeypatch: pytest.MonkeyPatch) -> None:
    def add(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RowTable, "add", add)


def test_a_full_disk_is_said_and_pictures_are_kept_in_memory(
    root: Path, pictures: list[Picture], place: PixelPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    full(monkeypatch)
    store = loaded(store_of(root, pictures, budget_bytes=ROOM), place)
    all_of(store)
    assert store.decoded == COUNT
    (note,) = notes_of(store)
    assert note == (
        "Pixels cannot be kept on disk: No space left on device. "
        "What does not fit into memory is decoded again each time."
    )


def test_a_folder_that_cannot_be_made_is_said_and_done_without(
    root: Path, pictures: list[Picture], tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")
    store = loaded(store_of(root, pictures, budget_bytes=ROOM), PixelPlace(tmp_path / "taken" / "x", ROOM))
    all_of(store)
    assert store.decoded == COUNT
    (note,) = notes_of(store)
    assert note.startswith("Pixels cannot be kept on disk: ")


@pytest.mark.parametrize("rows", [0, 3])
def test_a_budget_is_kept_to_and_its_end_is_said(
    root: Path, pictures: list[Picture], place: PixelPlace, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(pixels, "WRITE_BYTES", 1)
    tight = PixelPlace(place.folder, rows * CENTRE.row_bytes)
    store = loaded(store_of(root, pictures, threads=1), tight)
    (note,) = notes_of(store)
    assert note.startswith("The pixels of these pictures are more than the cache on disk may hold.")
    left = [path / "rows.bin" for path in tables(place)]
    assert sum(path.stat().st_size for path in left if path.exists()) <= rows * CENTRE.row_bytes


def test_one_kind_takes_no_more_than_its_share_and_leaves_others_theirs(
    tmp_path: Path,
) -> None:
    for share, others, rows in ((1.0, 0, 10), (0.5, 0, 5), (0.5, 8, 2), (1.0, 20, 0)):
        place = RowPlace(tmp_path / f"{share} {others}", 10 * CENTRE.row_bytes, share=share)
        table = KeptPixels(place, CENTRE)
        table.leave(others * CENTRE.row_bytes)
        image = np.ones((3, 32, 32), np.uint8)
        kept = [table.put([(bytes([n] * 16), image)]) for n in range(10)]
        table.release()
        assert kept == [[True]] * rows + [[False]] * (10 - rows)


def test_pictures_that_nobody_asks_for_make_room(
    root: Path, pictures: list[Picture], place: PixelPlace
) -> None:
    tight = PixelPlace(place.folder, 5 * CENTRE.row_bytes)
    loaded(store_of(root, pictures[:4]), tight)
    other = loaded(store_of(root, pictures[4:]), tight)
    assert notes_of(other) == []
    assert loaded(store_of(root, pictures[4:]), PixelPlace(place.folder, ROOM)).decoded == 0


def test_pictures_that_one_of_two_stores_asks_for_stay(
    root: Path, pictures: list[Picture], place: PixelPlace
) -> None:
    tight = PixelPlace(place.folder, 5 * CENTRE.row_bytes)
    loaded(store_of(root, pictures[:4]), tight)
    stores = [store_of(root, pictures[4:]), store_of(root, pictures[:4])]
    with keeping_pixels(stores, tight):
        for store in stores:
            list(store.load())
    assert [store.decoded for store in stores] == [4, 0]


def test_the_kind_that_was_used_longest_ago_makes_room_and_so_do_features(
    root: Path, pictures: list[Picture], tmp_path: Path
) -> None:
    """All that is kept shares one budget."""
    for folder in ("pixels", "features"):
        loaded(store_of(root, pictures), PixelPlace(tmp_path / folder, ROOM))
    tight = PixelPlace(tmp_path / "pixels", (COUNT + 2) * CENTRE.row_bytes, beside=(tmp_path / "features",))
    other = msgspec.structs.replace(SMALL, interpolation="bicubic")
    loaded(store_of(root, pictures, preprocessing=other), tight)
    assert [path.name for path in tables(tight)] == [kind_of(other, "none").name]
    assert list((tmp_path / "features").iterdir()) == []


def test_stores_of_one_kind_share_a_table_and_others_have_their_own(
    root: Path, pictures: list[Picture], place: PixelPlace
) -> None:
    flip, none, whole = (store_of(root, pictures, augment=a) for a in ("flip", "none", "standard"))
    with keeping_pixels([flip, none, whole], place) as opened:
        assert flip.table is none.table is opened[0]
        assert whole.table is opened[1]
        assert all(table.takes_more for table in opened)
    assert not any(table.takes_more for table in opened)


def test_who_finds_another_program_writing_reads_what_is_there_and_keeps_the_rest_to_itself(
    root: Path, pictures: list[Picture], place: PixelPlace
) -> None:
    loaded(store_of(root, pictures[:3]), place)
    (folder,) = tables(place)
    with RowTable(folder, CENTRE.row_bytes) as other:
        assert other.is_writable
        store = loaded(store_of(root, pictures, budget_bytes=ROOM), place)
        assert len(other) == 3
        all_of(store)
    assert store.decoded == COUNT - 3
    assert notes_of(store) == []


LOAD = """
import hashlib, sys
from pathlib import Path
from ftgui.data.dataset import Picture
from tests.data.test_kept_pixels import PixelPlace, all_of, loaded, store_of
pictures = [Picture(f"{number}.png", 0) for number in range(8)]
print("ready", flush=True)
sys.stdin.readline()
store = loaded(store_of(Path(sys.argv[1]), pictures), PixelPlace(Path(sys.argv[2]), 10**9))
print(hashlib.sha256(all_of(store)).hexdigest())
"""


def test_two_programs_at_once_see_the_same_pixels_and_leave_a_table_that_is_whole(
    root: Path, pictures: list[Picture], place: PixelPlace
) -> None:
    command = [sys.executable, "-c", LOAD, str(root), str(place.folder)]
    children = [
        subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    said = [child.communicate(timeout=60)[0].strip() for child in children]
    store = loaded(store_of(root, pictures), place)
    assert said == [hashlib.sha256(all_of(store)).hexdigest()] * 2
    assert store.decoded == 0


def test_a_stop_leaves_what_was_decoded_by_then_and_no_lock(
    root: Path, pictures: list[Picture], place: PixelPlace
) -> None:
    store = store_of(root, pictures)
    with keeping_pixels([store], place):
        progress = store.load()
        for _ in range(4):
            next(progress)
        progress.close()
    later = loaded(store_of(root, pictures), place)
    assert later.decoded <= COUNT - 4
    assert later.decoded + store.decoded == COUNT


def test_pictures_known_to_be_readable_are_decoded_ahead_only_where_they_are_nowhere(
    root: Path, pictures: list[Picture], place: PixelPlace
) -> None:
    loaded(store_of(root, pictures[:5]), place)
    store = store_of(root, pictures)
    store.leave_out({})
    with keeping_pixels([store], place):
        assert list(store.load()) == [(1, 3), (2, 3), (3, 3)]
    assert store.decoded == 3


def test_many_pictures_are_written_at_once(
    root: Path, pictures: list[Picture], place: PixelPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, sizes = RowTable.add, []

    def note(table: RowTable, names: Any, rows: Any) -> Any:
        sizes.append(len(names))
        return real(table, names, rows)

    monkeypatch.setattr(RowTable, "add", note)
    loaded(store_of(root, pictures), place)
    assert sizes == [COUNT]
