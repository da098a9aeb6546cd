"""The store of pixels: the same bytes whether kept or decoded again, and threads that end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import functional

from ftgui.core.errors import FtguiError
from ftgui.core.preprocessing import Preprocessing
from ftgui.data.dataset import Picture
from ftgui.data.decode import decode_picture, prepare_picture, resize_short_side
from ftgui.data.pixels import PixelStore, normalise
from ftgui.data.scan import scan_dataset
from ftgui.data.views import make_view, view_parameters

SMALL = Preprocessing(resize=40, crop=32)
CROP_BYTES = 3 * 32 * 32
SIZES = [(60, 40), (40, 60), (90, 45), (50, 50), (33, 80), (20, 10), (100, 70), (41, 43)]


@pytest.fixture
def pictures(tmp_path: Path, coloured: Callable[[int, int], Image.Image]) -> list[Picture]:
    """Eight pictures of three classes, in ``tmp_path``."""
    for number, size in enumerate(SIZES):
        coloured(*size).rotate(17 * number).save(tmp_path / f"{number}.png")
    return [Picture(f"{number}.png", number % 3) for number in range(len(SIZES))]


def loaded(store: PixelStore) -> PixelStore:
    for _ in store.load():
        pass
    return store


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("ftgui-decode")]


@pytest.mark.parametrize("augment", ["none", "flip", "standard"])
@pytest.mark.parametrize("budget", [0, 3 * CROP_BYTES, 10**9])
def test_the_plain_view_is_what_is_prepared_for_prediction(
    tmp_path: Path, pictures: list[Picture], augment: str, budget: int
) -> None:
    store = loaded(PixelStore(tmp_path, pictures, SMALL, augment=augment, budget_bytes=budget, threads=2))
    batch = store.batch(range(8))
    assert batch.shape == (8, 3, 32, 32)
    assert batch.dtype == torch.uint8
    assert batch.is_contiguous()
    for row, picture in zip(batch, pictures, strict=True):
        image = prepare_picture(decode_picture(tmp_path / picture.path), 40, 32, "bilinear")
        assert row.equal(functional.pil_to_tensor(image))


@pytest.mark.parametrize("augment", ["none", "flip", "standard"])
@pytest.mark.parametrize("budget", [0, 3 * CROP_BYTES, 10**9])
def test_each_view_is_cut_from_the_resized_picture(
    tmp_path: Path, pictures: list[Picture], augment: str, budget: int
) -> None:
    store = loaded(PixelStore(tmp_path, pictures, SMALL, augment=augment, budget_bytes=budget, threads=2))
    indices = [5, 0, 3, 3, 7]
    views = np.array([1, 0, 1, 0, 1]) % store.views
    batch = store.batch(np.array(indices), views)
    for row, index, k in zip(batch, indices, views, strict=True):
        path = pictures[index].path
        resized = resize_short_side(decode_picture(tmp_path / path), 40, "bilinear")
        view = view_parameters(augment, path, k, resized.size)
        assert row.equal(functional.pil_to_tensor(make_view(resized, view, 32, "bilinear")))


def test_what_fits_is_decoded_once_and_the_rest_each_time(tmp_path: Path, pictures: list[Picture]) -> None:
    store = loaded(PixelStore(tmp_path, pictures, SMALL, budget_bytes=5 * CROP_BYTES + 1, threads=1))
    assert (store.decoded, store.hits) == (8, 0)
    store.batch([0, 1, 4])
    assert (store.decoded, store.hits) == (8, 3)
    store.batch([4, 5, 6, 7])
    assert (store.decoded, store.hits) == (11, 4)


def test_a_store_with_room_needs_the_files_no_more(tmp_path: Path, pictures: list[Picture]) -> None:
    store = loaded(PixelStore(tmp_path, pictures, SMALL, augment="standard", budget_bytes=10**9))
    before = store.batch(range(8), [0, 1, 2, 3] * 2)
    for picture in pictures:
        (tmp_path / picture.path).unlink()
    assert store.batch(range(8), [0, 1, 2, 3] * 2).equal(before)


def test_no_more_is_kept_than_the_budget_allows(tmp_path: Path, pictures: list[Picture]) -> None:
    budget = 20_000
    store = loaded(PixelStore(tmp_path, pictures, SMALL, augment="standard", budget_bytes=budget, threads=4))
    kept = [store._shelf.get(picture.path) for picture in pictures]
    sizes = [content.nbytes for content in kept if content is not None]
    assert budget / 2 < sum(sizes) <= budget


def test_the_default_budget_is_a_share_of_the_memory_there_is(
    tmp_path: Path, pictures: list[Picture]
) -> None:
    store = loaded(PixelStore(tmp_path, pictures, SMALL))
    store.batch(range(8))
    assert store.hits == 8


def test_progress_counts_every_picture(tmp_path: Path, pictures: list[Picture]) -> None:
    store = PixelStore(tmp_path, pictures, SMALL, threads=2)
    assert list(store.load()) == [(done, 8) for done in range(1, 9)]


def test_unreadable_pictures_are_left_out_and_said(tmp_path: Path, pictures: list[Picture]) -> None:
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "4.png").write_bytes(b"<html>not found</html>")
    store = loaded(PixelStore(tmp_path, pictures, SMALL, budget_bytes=4 * CROP_BYTES, threads=2))
    assert [path for path, _ in store.unreadable] == ["1.png", "4.png"]
    assert "cut off" in store.unreadable[0][1]
    assert "not a picture" in store.unreadable[1][1]
    assert [picture.path for picture in store.pictures] == [f"{n}.png" for n in (0, 2, 3, 5, 6, 7)]
    assert store.labels.tolist() == [0, 2, 0, 2, 0, 1]
    assert store.labels.dtype == torch.int64
    expected = prepare_picture(decode_picture(tmp_path / "5.png"), 40, 32, "bilinear")
    assert store.batch([3])[0].equal(functional.pil_to_tensor(expected))


def test_a_picture_that_vanishes_later_is_said(tmp_path: Path, pictures: list[Picture]) -> None:
    store = loaded(PixelStore(tmp_path, pictures, SMALL, budget_bytes=0))
    (tmp_path / "2.png").unlink()
    with pytest.raises(FtguiError, match=r"“2.png” can no longer be read: There is no such file"):
        store.batch([1, 2])
    assert threads() == []


@pytest.mark.parametrize("view", [[0, 2], [0, -1], [0]])
def test_views_that_do_not_exist_are_refused(
    tmp_path: Path, pictures: list[Picture], view: list[int]
) -> None:
    store = loaded(PixelStore(tmp_path, pictures, SMALL, augment="flip"))
    with pytest.raises(ValueError, match="no views"):
        store.batch([0, 1], view)


def test_an_empty_batch_has_no_rows(tmp_path: Path, pictures: list[Picture]) -> None:
    assert loaded(PixelStore(tmp_path, pictures, SMALL)).batch([]).shape == (0, 3, 32, 32)


def test_a_store_without_pictures_loads(tmp_path: Path) -> None:
    store = loaded(PixelStore(tmp_path, [], SMALL))
    assert store.labels.shape == (0,)


def test_loading_to_the_end_leaves_no_threads(tmp_path: Path, pictures: list[Picture]) -> None:
    loaded(PixelStore(tmp_path, pictures, SMALL, threads=3))
    assert threads() == []


def test_closing_the_load_halfway_ends_its_threads_and_its_work(
    tmp_path: Path, pictures: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    def slow(path: Path, *_: Any) -> Image.Image:
        started.append(path)
        time.sleep(0.1)
        return Image.new("RGB", (40, 40))

    monkeypatch.setattr("ftgui.data.pixels.load_resized", slow)
    many = [Picture(f"{number}.png", 0) for number in range(200)]
    progress = PixelStore(tmp_path, many, SMALL, threads=4).load()
    assert next(progress) == (1, 200)
    assert len(threads()) == 4
    before = len(started)
    progress.close()
    assert threads() == []
    assert len(started) <= before + 4, "what waited in the queue was decoded all the same"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The paths that are decoded, which takes no time here."""
    paths: list[Path] = []

    def note(path: Path, *_: Any) -> Image.Image:
        paths.append(path)
        return Image.new("RGB", (40, 40))

    monkeypatch.setattr("ftgui.data.pixels.load_resized", note)
    return paths


def test_decoding_waits_for_a_caller_who_pauses(tmp_path: Path, started: list[Path]) -> None:
    many = [Picture(f"{number}.png", 0) for number in range(500)]
    progress = PixelStore(tmp_path, many, SMALL, threads=2).load()
    next(progress)
    time.sleep(0.2)
    assert len(started) < 20
    assert [done for done, _ in progress] == list(range(2, 501))
    assert [path.name for path in sorted(started, key=lambda path: int(path.stem))] == [p.path for p in many]


def test_dropping_the_load_halfway_ends_its_threads(tmp_path: Path, pictures: list[Picture]) -> None:
    progress = PixelStore(tmp_path, pictures, SMALL, threads=2).load()
    next(progress)
    del progress
    assert threads() == []


def test_pictures_are_decoded_side_by_side(
    tmp_path: Path, pictures: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(4, timeout=20)

    def wait_for_the_others(*_: Any) -> Image.Image:
        together.wait()
        return Image.new("RGB", (40, 40))

    monkeypatch.setattr("ftgui.data.pixels.load_resized", wait_for_the_others)
    store = loaded(PixelStore(tmp_path, pictures, SMALL, threads=4, budget_bytes=0))
    store.batch([0, 1, 2, 3])


def test_a_mistake_in_the_program_is_not_taken_for_a_bad_picture(
    tmp_path: Path, pictures: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Image.Image:
        raise ZeroDivisionError

    monkeypatch.setattr("ftgui.data.pixels.load_resized", broken)
    with pytest.raises(ZeroDivisionError):
        loaded(PixelStore(tmp_path, pictures, SMALL, threads=2))
    assert threads() == []


# One after the other --------------------------------------------------------------------------------------


@pytest.mark.parametrize("augment", ["none", "flip", "standard"])
@pytest.mark.parametrize("budget", [0, 10**9])
def test_a_stream_yields_the_views_asked_for_in_the_order_asked_for(
    tmp_path: Path, pictures: list[Picture], augment: str, budget: int
) -> None:
    whole = loaded(PixelStore(tmp_path, pictures, SMALL, augment=augment))
    last = whole.views - 1
    wanted = [(6, [last]), (0, [*range(whole.views)]), (3, [last, 0]), (3, [0])]
    store = PixelStore(tmp_path, pictures, SMALL, augment=augment, budget_bytes=budget, threads=2)
    for (index, views), pixels in zip(wanted, store.stream(wanted, 4), strict=True):
        assert isinstance(pixels, np.ndarray)
        assert pixels.dtype == np.uint8
        assert torch.from_numpy(pixels).equal(whole.batch([index] * len(views), views))
    (plain,) = store.stream([(1, [None])], 4)
    assert isinstance(plain, np.ndarray)
    assert torch.from_numpy(plain).equal(whole.batch([1]))
    assert threads() == []


def test_a_stream_decodes_a_picture_once_for_all_of_its_views(
    tmp_path: Path, pictures: list[Picture]
) -> None:
    store = PixelStore(tmp_path, pictures, SMALL, augment="standard", budget_bytes=0, threads=2)
    assert [len(pixels) for pixels in store.stream([(n, range(4)) for n in range(8)], 2)] == [4] * 8
    assert store.decoded == 8


def test_what_a_stream_decoded_is_kept_where_it_fits(tmp_path: Path, pictures: list[Picture]) -> None:
    store = PixelStore(tmp_path, pictures, SMALL, budget_bytes=5 * CROP_BYTES, threads=1)
    assert len(list(store.stream([(n, [0]) for n in range(8)], 1))) == 8
    assert (store.decoded, store.hits) == (8, 0)
    store.batch([0, 4, 5])
    assert (store.decoded, store.hits) == (9, 2)


def test_a_stream_says_why_there_are_no_pixels_and_goes_on(tmp_path: Path, pictures: list[Picture]) -> None:
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "4.png").unlink()
    store = PixelStore(tmp_path, pictures, SMALL, threads=2)
    found = list(store.stream([(n, [0]) for n in range(8)], 4))
    assert [n for n, pixels in enumerate(found) if isinstance(pixels, str)] == [1, 4]
    assert "cut off" in str(found[1])
    assert "no such file" in str(found[4])
    assert len(store.pictures) == 8, "who is left out decides who reads the stream"
    assert not store.is_judged


@pytest.mark.parametrize("ahead", [1, 8])
def test_a_stream_decodes_so_many_pictures_ahead_and_no_more(
    tmp_path: Path, started: list[Path], ahead: int
) -> None:
    many = [Picture(f"{number}.png", 0) for number in range(100)]
    stream = PixelStore(tmp_path, many, SMALL, threads=2).stream([(n, [0]) for n in range(100)], ahead)
    for taken in range(1, 4):
        next(stream)
        deadline = time.monotonic() + 20
        while len(started) < taken + ahead and time.monotonic() < deadline:
            time.sleep(0.001)
        assert len(started) == taken + ahead
    time.sleep(0.05)
    assert len(started) == 3 + ahead
    stream.close()
    assert threads() == []


def test_a_mistake_in_the_program_ends_a_stream_and_its_threads(
    tmp_path: Path, pictures: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Image.Image:
        raise ZeroDivisionError

    monkeypatch.setattr("ftgui.data.pixels.load_resized", broken)
    with pytest.raises(ZeroDivisionError):
        list(PixelStore(tmp_path, pictures, SMALL, threads=2).stream([(0, [0])], 1))
    assert threads() == []


# Leaving out ----------------------------------------------------------------------------------------------


def test_leaving_out_parts_the_readable_from_the_others_in_their_order(
    tmp_path: Path, pictures: list[Picture]
) -> None:
    store = PixelStore(tmp_path, pictures, SMALL)
    assert not store.is_judged
    store.leave_out({"6.png": "It is a poem.", "2.png": "It is a song.", "elsewhere.png": "It is not here."})
    assert store.is_judged
    assert store.unreadable == (("2.png", "It is a song."), ("6.png", "It is a poem."))
    assert [picture.path for picture in store.pictures] == [f"{n}.png" for n in (0, 1, 3, 4, 5, 7)]
    assert store.labels.tolist() == [0, 1, 0, 1, 2, 1]
    whole = loaded(PixelStore(tmp_path, pictures, SMALL))
    assert store.batch([2, 5]).equal(whole.batch([3, 7])), "indices count those that are left"


def test_normalising_leaves_the_bytes_alone_and_takes_each_channels_own_numbers() -> None:
    how = Preprocessing(mean=(0.0, 0.5, 1.0), std=(1.0, 0.5, 2.0))
    batch = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 3, 4, 5).contiguous()
    result = normalise(batch, how, "cpu")
    assert result.dtype == torch.float32
    assert result[:, :, 0, 0].tolist() == [[0.0, -1.0, -0.5], [1.0, 1.0, 0.0]]
    assert batch[1].eq(255).all()


@pytest.mark.real_data
def test_all_real_photos_are_decoded(real_data: Path) -> None:
    dataset = scan_dataset(real_data / "hymenoptera_data")
    store = loaded(PixelStore(Path(dataset.root), dataset.val, Preprocessing(), threads=2))
    assert store.unreadable == ()
    assert store.batch(range(153)).float().mean().item() == pytest.approx(120, abs=15)
