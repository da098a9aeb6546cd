"""What a run has to compute, counted: all of it the first time, nothing the second, and only what changed.

Wrong speed is a defect, in either direction: features computed twice, or taken for those of something else.
"""

from __future__ import annotations

import errno
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import torch
from PIL import Image

from ftgui.core.preprocessing import Preprocessing
from ftgui.core.rows import RowTable
from ftgui.core.settings import EngineSettings, write_settings
from ftgui.jobs.resume import resume
from ftgui.jobs.train import train
from ftgui.training import activations, roofs, trainer
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import (
    BatchEnded,
    EpochEnded,
    PhaseProgress,
    Reason,
    RunEnded,
    RunStarted,
    RunWarning,
    TrainingEvent,
)
from tests import fixtures, samples
from tests.fixtures import Drawn, small_pictures
from tests.freezing.training import differing
from tests.harness.surroundings import home_at

CLASSES, PER_CLASS = 3, 4
TRAIN, VAL = CLASSES * PER_CLASS, CLASSES * PER_CLASS // 2
VIEWS = {"none": 1, "flip": 2, "standard": 4}
ALL = 2 * TRAIN + VAL
"""Views of all pictures, with their mirror images where they are learned from."""

pytestmark = [pytest.mark.usefixtures("small_crops"), pytest.mark.long]


class Done(NamedTuple):
    """What a run did."""

    folder: Path
    events: list[TrainingEvent]

    @property
    def ended(self) -> RunEnded:
        assert isinstance(self.events[-1], RunEnded)
        return self.events[-1]

    @property
    def counted(self) -> tuple[int, int, int]:
        """Views sent through frozen stages, pictures decoded, views whose features were found."""
        counters = self.ended.counters
        assert set(counters) == {"prefix_forwards", "decoded_pictures", "cache_hits"}
        return counters["prefix_forwards"], counters["decoded_pictures"], counters["cache_hits"]

    @property
    def said(self) -> list[str]:
        """Warnings, but for that on the drawn weights, which are none of torchvision's."""
        found = [event.message for event in self.events if isinstance(event, RunWarning)]
        return [words for words in found if "preprocessing is a guess" not in words]

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        state: dict[str, torch.Tensor] = torch.load(self.folder / "best.pth", weights_only=True)
        return state

    @property
    def figures(self) -> list[list[str]]:
        """Losses and accuracies of all epochs as they were written."""
        return [line.split(",")[:5] for line in (self.folder / "metrics.csv").read_text().splitlines()]


Run = Callable[..., Done]


def run_with(config: TrainConfig, out: Path, reason: Reason = Reason.COMPLETED) -> Done:
    done = Done(out, list(train(config, out)))
    assert done.ended.reason is reason, done.ended.message
    return done


def assert_same(first: Done, second: Done) -> None:
    """Check that two runs judged, learned and kept the same, bit for bit."""
    assert first.figures == second.figures
    assert differing(first.weights, second.weights) == set()
    predictions = [(done.folder / "predictions.csv").read_text() for done in (first, second)]
    assert predictions[0] == predictions[1]


def assert_nearly_same(first: Done, second: Done) -> None:
    """Check the same but for last bits, which may follow from how many views went through at once."""
    for mine, others in zip(first.figures[1:], second.figures[1:], strict=True):
        assert [*map(float, mine)] == pytest.approx([*map(float, others)], abs=1e-5)
    torch.testing.assert_close(first.weights, second.weights, rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train and val in folders of their own, so that no seed parts them otherwise; look, do not write."""
    folder = tmp_path_factory.mktemp("parted") / "pictures"
    return samples.draw_dataset(folder, CLASSES, PER_CLASS, split=True)


@pytest.fixture
def data(pictures: Path, tmp_path: Path) -> Path:
    """A copy of them, to change."""
    return shutil.copytree(pictures, tmp_path / "pictures")


@pytest.fixture
def run(drawn: Drawn, data: Path, tmp_path: Path) -> Run:
    """Train an epoch, frozen, with mirror images, unless told otherwise."""
    numbers = iter(range(100))

    def go(reason: Reason = Reason.COMPLETED, **changes: Any) -> Done:
        config = drawn.config(**({"dataset": str(data), "epochs": 1} | changes))
        return run_with(config, tmp_path / f"run {next(numbers)}", reason)

    return go


@pytest.fixture(scope="module")
def earlier(
    drawn: Drawn, pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Done]]:
    """The home of a user whose first run has ended, and that run."""
    folder = tmp_path_factory.mktemp("earlier")
    (folder / "home").mkdir()
    with home_at(folder / "home"), small_pictures():
        yield (
            folder / "home",
            run_with(drawn.config(dataset=str(pictures), epochs=1), folder / "run"),
        )


@pytest.fixture
def cold(earlier: tuple[Path, Done], user_home: Path) -> Done:
    """That run; what it left in the user's cache is in this user's."""
    home, done = earlier
    shutil.copytree(home / "cache", user_home / "cache", dirs_exist_ok=True)
    assert done.counted == (ALL, TRAIN + VAL, 0)
    return done


def feature_tables(user_home: Path) -> list[Path]:
    return sorted((user_home / "cache" / "ftgui" / "features").iterdir())


# The first time and the second ----------------------------------------------------------------------------


@pytest.mark.parametrize("augment", VIEWS)
def test_the_first_run_computes_each_view_once_and_the_second_nothing_and_both_learn_the_same(
    run: Run, augment: str
) -> None:
    every = TRAIN * VIEWS[augment] + VAL
    first = run(augment=augment, epochs=2)
    assert first.counted == (every, TRAIN + VAL, 0)
    second = run(augment=augment, epochs=2)
    assert second.counted == (0, 0, every)
    assert_same(first, second)
    assert first.said == second.said == []


OTHERWISE = {
    "lr": {"lr": 0.3},
    "epochs": {"epochs": 4},
    "seed": {"seed": 5},
    "optimizer": {"optimizer": "adamw", "weight_decay": 0.1, "batch_size": 4},
    "objective": {"label_smoothing": 0.1, "class_weights": "balanced", "clip_grad": 1.0},
    "augment none": {"augment": "none"},
    "more classes": {"classes": 5},
}


@pytest.mark.parametrize("changes", OTHERWISE.values(), ids=OTHERWISE)
def test_what_does_not_touch_frozen_stages_or_pictures_has_nothing_computed(
    run: Run, cold: Done, changes: dict[str, Any]
) -> None:
    hits = TRAIN + VAL if changes == {"augment": "none"} else ALL
    assert run(**changes).counted == (0, 0, hits)


def test_a_copy_of_the_pictures_in_another_project_is_known_again(
    run: Run, cold: Done, data: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other project" / "photos"
    other.parent.mkdir()
    data.rename(other)
    warm = run(dataset=str(other))
    assert warm.counted == (0, 0, ALL)
    assert_same(warm, cold)


def test_weights_under_another_name_are_known_again(
    run: Run, cold: Done, drawn: Drawn, tmp_path: Path
) -> None:
    copied = shutil.copy(drawn.weights, tmp_path / "downloaded.pth")
    assert run(weights=str(copied)).counted == (0, 0, ALL)


def test_a_computer_without_a_cache_folder_computes_all(run: Run, cold: Done, user_home: Path) -> None:
    shutil.rmtree(user_home / "cache")
    assert run().counted == (ALL, TRAIN + VAL, 0)


# Where the line is ----------------------------------------------------------------------------------------


def test_another_line_has_all_computed_and_each_keeps_its_own(run: Run, cold: Done, user_home: Path) -> None:
    partial = {"strategy": "partial", "freeze_until": "stage3"}
    assert run(**partial).counted == (ALL, 0, 0), "the pictures are decoded by now"
    assert run(**partial).counted == (0, 0, ALL)
    assert run(strategy="freeze").counted == (0, 0, ALL)
    assert len(feature_tables(user_home)) == 2


def test_partial_with_the_line_at_the_head_finds_what_freeze_left(run: Run, cold: Done) -> None:
    warm = run(strategy="partial", freeze_until="stage4-conv5")
    assert warm.counted == (0, 0, ALL)
    assert_same(warm, cold)


@pytest.mark.parametrize("strategy", ["lr-zero", "small-lr", "full", "scratch"])
def test_where_nothing_is_frozen_nothing_is_computed_ahead_and_pictures_are_decoded_once(
    run: Run, user_home: Path, strategy: str
) -> None:
    first, second = (run(strategy=strategy, epochs=2) for _ in range(2))
    assert (first.counted, second.counted) == ((0, TRAIN + VAL, 0), (0, 0, 0))
    assert_same(first, second)
    assert not (user_home / "cache" / "ftgui" / "features").exists()


@pytest.mark.parametrize("norm", ["adapt", "trainable"])
def test_norms_that_move_have_everything_computed_live_in_each_epoch(run: Run, cold: Done, norm: str) -> None:
    assert run(norm=norm, epochs=2).counted == (2 * (TRAIN + VAL), 0, 0)


def test_without_the_cache_everything_is_computed_in_each_epoch_and_nothing_is_kept(
    run: Run, cold: Done, user_home: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in (user_home / "cache").rglob("*")}
    live = run(cache="off", epochs=2)
    assert live.counted == (2 * (TRAIN + VAL), 3 * (TRAIN + VAL), 0)
    assert {path: path.stat().st_mtime_ns for path in (user_home / "cache").rglob("*")} == before


def test_a_thaw_computes_the_frozen_epochs_once_and_finds_them_again(run: Run) -> None:
    """From the thaw on it learns from pixels, which were decoded for the features before it."""
    thaw = {"strategy": "thaw", "thaw_epoch": 2, "epochs": 3}
    first = run(**thaw)
    assert first.counted == (ALL, TRAIN + VAL, 0)
    second = run(**thaw)
    assert second.counted == (0, 0, ALL)
    assert_same(first, second)


def test_where_features_are_found_pixels_are_not_touched(run: Run, cold: Done, user_home: Path) -> None:
    pixels = user_home / "cache" / "ftgui" / "pixels"
    before = {path: path.stat().st_mtime_ns for path in pixels.rglob("*")}
    assert len(before) > 3
    assert run().counted == (0, 0, ALL)
    assert {path: path.stat().st_mtime_ns for path in pixels.rglob("*")} == before


def test_a_thaw_whose_pixels_are_gone_has_them_decoded_ahead_and_keeps_them(
    run: Run, cold: Done, user_home: Path
) -> None:
    thaw = {"strategy": "thaw", "thaw_epoch": 2, "epochs": 3}
    shutil.rmtree(user_home / "cache" / "ftgui" / "pixels")
    first, second = run(**thaw), run(**thaw)
    assert (first.counted, second.counted) == ((0, TRAIN + VAL, ALL), (0, 0, ALL))
    assert "decoding" in phases_of(first)
    told = [e for e in first.events if isinstance(e, PhaseProgress) and e.phase == "decoding pictures"]
    assert [event.total for event in told] == [TRAIN] * TRAIN + [VAL] * VAL
    assert_same(first, second)


def test_a_picture_that_vanishes_before_a_thaw_needs_it_ends_the_run_in_words(
    drawn: Drawn, data: Path, cold: Done, user_home: Path, tmp_path: Path
) -> None:
    shutil.rmtree(user_home / "cache" / "ftgui" / "pixels")
    config = drawn.config(dataset=str(data), strategy="thaw", thaw_epoch=2, epochs=3)
    for event in train(config, tmp_path / "run"):
        if isinstance(event, EpochEnded):
            (data / "train" / samples.CLASS_NAMES[0] / "002.png").unlink(missing_ok=True)
        last = event
    assert isinstance(last, RunEnded)
    assert last.reason is Reason.FAILED
    assert "train/apples/002.png” can no longer be read" in last.message


def test_live_pictures_of_a_renamed_folder_are_known_again_and_a_changed_one_is_decoded(
    run: Run, data: Path, tmp_path: Path
) -> None:
    full = {"strategy": "full", "augment": "standard"}
    first = run(**full)
    moved = data.rename(tmp_path / "moved")
    second = run(dataset=str(moved), **full)
    assert (first.counted, second.counted) == ((0, TRAIN + VAL, 0), (0, 0, 0))
    repaint(moved / "train" / samples.CLASS_NAMES[1] / "002.png")
    assert run(dataset=str(moved), **full).counted == (0, 1, 0)


def test_a_run_that_goes_on_finds_what_it_left(drawn: Drawn, data: Path, tmp_path: Path) -> None:
    control = RunControl()
    for event in train(drawn.config(dataset=str(data), epochs=3), tmp_path / "run", control):
        if isinstance(event, EpochEnded):
            control.stop()
    done = Done(tmp_path / "run", list(resume(tmp_path / "run", RunControl())))
    assert done.ended.reason is Reason.COMPLETED
    assert done.counted == (ALL, TRAIN + VAL, ALL), (
        "what it computed and decoded before it was stopped, and no more"
    )


# What changed ---------------------------------------------------------------------------------------------


def with_bit_flipped(weights: Path, entry: str, out: Path) -> str:
    state = torch.load(weights, weights_only=True)
    state[entry].view(-1).view(torch.uint8)[0] ^= 1
    torch.save(state, out)
    return str(out)


@pytest.mark.parametrize(
    ("entry", "anew"),
    [
        ("conv1.0.weight", True),
        ("stage3.2.branch2.4.running_var", True),
        ("conv5.1.bias", True),
        ("fc.weight", False),
    ],
)
def test_one_bit_of_one_weight_of_the_frozen_stages_has_all_computed(
    run: Run, cold: Done, drawn: Drawn, tmp_path: Path, entry: str, anew: bool
) -> None:
    """The file's own output layer is none of them: it is replaced."""
    weights = with_bit_flipped(drawn.weights, entry, tmp_path / "weights.pth")
    assert run(weights=weights).counted == ((ALL, 0, 0) if anew else (0, 0, ALL))


def test_one_bit_behind_the_line_has_nothing_computed(
    run: Run, cold: Done, drawn: Drawn, tmp_path: Path
) -> None:
    partial = {"strategy": "partial", "freeze_until": "stage3"}
    run(**partial)
    weights = with_bit_flipped(drawn.weights, "conv5.0.weight", tmp_path / "weights.pth")
    assert run(weights=weights, **partial).counted == (0, 0, ALL)


@pytest.mark.parametrize(
    ("changes", "decoded"),
    [
        ({"crop": 63}, TRAIN + VAL),
        ({"resize": 73}, TRAIN + VAL),
        ({"interpolation": "bicubic"}, TRAIN + VAL),
        ({"std": (0.229, 0.224, 0.226)}, 0),
    ],
    ids=["crop", "resize", "interpolation", "std"],
)
def test_another_way_of_preparing_pictures_has_all_computed(
    run: Run, cold: Done, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], decoded: int
) -> None:
    """What pixels are divided by is none of their business."""
    other: Preprocessing = msgspec.structs.replace(fixtures.SMALL, **changes)
    monkeypatch.setattr(fixtures, "SMALL", other)
    assert run().counted == (ALL, decoded, 0)


@pytest.mark.parametrize(
    "changes", [{"precision": "bf16"}, {"layout": "channels_last"}], ids=lambda changes: next(iter(changes))
)
def test_another_arithmetic_has_all_computed(run: Run, cold: Done, changes: dict[str, str]) -> None:
    assert run(**changes).counted == (ALL, 0, 0)
    assert run().counted == (0, 0, ALL)


def test_more_views_have_the_new_ones_computed(run: Run) -> None:
    run(augment="standard", views=2)
    more = run(augment="standard", views=3)
    assert more.counted == (TRAIN, 0, 2 * TRAIN + VAL)


def repaint(path: Path) -> None:
    """Change one pixel of a picture."""
    with Image.open(path) as image:
        red, green, blue = image.getpixel((20, 20))  # type: ignore[misc]
        image.putpixel((20, 20), ((red + 128) % 256, green, blue))
        image.save(path)


@pytest.mark.parametrize(("part", "views"), [("train", 2), ("val", 1)])
def test_one_pixel_of_one_picture_has_its_views_computed_and_no_others(
    run: Run, cold: Done, data: Path, part: str, views: int
) -> None:
    number = {"train": 2, "val": 5}[part]
    repaint(data / part / samples.CLASS_NAMES[1] / f"{number:03}.png")
    assert run().counted == (views, 1, ALL - views)


@pytest.mark.parametrize(("augment", "anew"), [("none", 0), ("flip", 0), ("standard", 1)])
def test_a_renamed_picture_is_known_by_its_content_but_its_random_crops_follow_from_its_path(
    run: Run, data: Path, augment: str, anew: int
) -> None:
    views = VIEWS[augment]
    run(augment=augment)
    folder = data / "train" / samples.CLASS_NAMES[0]
    (folder / "001.png").rename(folder / "the best one.png")
    warm = run(augment=augment)
    assert warm.counted == (anew * views, 0, (TRAIN - anew) * views + VAL)


def test_a_picture_that_moved_from_val_to_train_has_its_mirror_image_computed(
    run: Run, cold: Done, data: Path
) -> None:
    name = samples.CLASS_NAMES[2]
    (data / "val" / name / "004.png").rename(data / "train" / name / "004.png")
    assert run().counted == (1, 0, ALL)


def test_a_new_picture_has_its_views_computed_and_one_that_is_gone_costs_nothing(
    run: Run, cold: Done, data: Path
) -> None:
    folder = data / "train" / samples.CLASS_NAMES[0]
    samples.draw_picture(0, 77).save(folder / "new.png")
    assert run().counted == (2, 1, ALL)
    (folder / "new.png").unlink()
    (folder / "000.png").unlink()
    assert run().counted == (0, 0, ALL - 2)


def test_a_picture_in_another_class_is_the_same_picture(run: Run, cold: Done, data: Path) -> None:
    folders = [data / "train" / name for name in samples.CLASS_NAMES[:2]]
    (folders[0] / "000.png").rename(folders[1] / "moved.png")
    assert run().counted == (0, 0, ALL)


# Memory, disk, or again -----------------------------------------------------------------------------------

AGAIN = "What does not fit into memory is computed again each time."


def test_without_memory_features_are_read_from_the_disk_and_a_run_learns_the_same(
    run: Run, cold: Done
) -> None:
    write_settings(EngineSettings(cache_memory_share=0.0))
    warm = run()
    assert warm.counted == (0, 0, ALL)
    assert_same(warm, cold)


def test_without_memory_the_first_run_learns_the_same(run: Run, earlier: tuple[Path, Done]) -> None:
    write_settings(EngineSettings(cache_memory_share=0.0))
    first = run()
    assert first.counted == (ALL, TRAIN + VAL, 0)
    assert_same(first, earlier[1])


def test_without_a_disk_features_are_kept_in_memory_and_nothing_is_said(
    run: Run, user_home: Path, earlier: tuple[Path, Done]
) -> None:
    write_settings(EngineSettings(cache_gb=0.0))
    for _ in range(2):
        done = run()
        assert done.counted == (ALL, TRAIN + VAL, 0)
        assert done.said == []
        assert_same(done, earlier[1])
    assert not (user_home / "cache" / "ftgui").exists()


def test_without_memory_and_disk_they_are_computed_in_each_epoch(run: Run) -> None:
    write_settings(EngineSettings(cache_gb=0.0, cache_memory_share=0.0))
    done = run(epochs=3)
    forwards, decoded, hits = done.counted
    assert (forwards - 3 * (TRAIN + VAL), hits) in {(ALL, 0), (0, 0)}
    assert decoded - (TRAIN + VAL) == 3 * (TRAIN + VAL)
    assert done.said == []


def test_the_cache_is_kept_where_the_settings_say(run: Run, tmp_path: Path, user_home: Path) -> None:
    write_settings(EngineSettings(cache_folder=str(tmp_path / "fast disk")))
    run()
    assert len(list((tmp_path / "fast disk" / "features").iterdir())) == 1
    assert not (user_home / "cache" / "ftgui").exists()
    assert run().counted == (0, 0, ALL)


def test_a_full_disk_is_said_in_one_sentence_and_the_run_learns_the_same(
    run: Run, earlier: tuple[Path, Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RowTable, "add", full)
    done = run()
    assert done.counted == (ALL, TRAIN + VAL, 0)
    (words,) = done.said
    assert words.startswith("Features cannot be kept on disk: No space left on device. ")
    assert words.endswith(AGAIN)
    assert_same(done, earlier[1])


@pytest.mark.parametrize("what", ["full disk", "no folder"])
def test_where_pixels_cannot_be_kept_on_disk_that_is_said_and_a_run_learns_the_same(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    kept = run(strategy="full")
    with monkeypatch.context() as patch:
        (tmp_path / "taken").write_text("a file")
        folder = "taken" if what == "no folder" else "other"
        write_settings(EngineSettings(cache_folder=str(tmp_path / folder)))
        patch.setattr(RowTable, "add", full)
        done = run(strategy="full")
    (words,) = done.said
    assert words.startswith("Pixels cannot be kept on disk: ")
    assert words.endswith("What does not fit into memory is decoded again each time.")
    assert done.counted == (0, TRAIN + VAL, 0)
    assert_same(done, kept)


def test_features_are_dearer_than_pixels_and_both_keep_to_one_budget(run: Run, user_home: Path) -> None:
    cache, features = user_home / "cache" / "ftgui", ALL * 1024 * 4
    for more, is_left in ((30 * 3 * 64 * 64, True), (4 * 3 * 64 * 64, False)):
        budget = features + more + 10_000
        shutil.rmtree(cache, ignore_errors=True)
        write_settings(EngineSettings(cache_gb=budget / 1e9))
        assert run().counted == (ALL, TRAIN + VAL, 0)
        kept = [path for name in ("features", "pixels") for path in (cache / name).rglob("rows.bin")]
        assert sum(path.stat().st_size for path in kept) <= budget
        assert run().counted == (0, 0, ALL), "the features are all there"
        assert run(strategy="full").counted[1] < TRAIN + VAL or not is_left


@pytest.mark.parametrize("share", [0.25, 0.0])
def test_a_cache_folder_that_cannot_be_made_is_said_in_one_sentence(
    run: Run, earlier: tuple[Path, Done], tmp_path: Path, share: float
) -> None:
    (tmp_path / "taken").write_text("a file")
    write_settings(EngineSettings(cache_folder=str(tmp_path / "taken"), cache_memory_share=share))
    done = run()
    (words,) = done.said
    assert words.startswith("Features cannot be kept on disk: ")
    assert words.endswith(AGAIN)
    again = 0 if share else TRAIN + VAL
    assert done.counted == (again or ALL, TRAIN + VAL + again, 0)
    if share:
        assert_same(done, earlier[1])


def test_a_budget_that_is_too_small_is_said_in_one_sentence_and_kept_to(
    run: Run, earlier: tuple[Path, Done], user_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activations, "PASS_ROWS", 8)
    row = 1024 * 4
    write_settings(EngineSettings(cache_gb=20.5 * row / 1e9))
    done = run()
    assert done.counted == (ALL, TRAIN + VAL, 0)
    (words,) = done.said
    assert words.startswith("The features of these pictures are more than the cache on disk may hold. ")
    assert words.endswith(AGAIN)
    assert_nearly_same(done, earlier[1])
    (table,) = feature_tables(user_home)
    kept = (table / "rows.bin").stat().st_size // row
    assert 8 <= kept <= 20
    assert run().counted[0] == ALL - kept


def test_a_damaged_row_is_computed_again_and_no_other(run: Run, cold: Done, user_home: Path) -> None:
    (table,) = feature_tables(user_home)
    content = bytearray((table / "rows.bin").read_bytes())
    content[1024 * 4 * 10 + 100] ^= 1
    (table / "rows.bin").write_bytes(content)
    assert run().counted == (1, 0, ALL - 1)
    assert run().counted == (0, 0, ALL)


def test_who_finds_another_program_at_work_reads_what_is_there_and_keeps_the_rest_to_itself(
    run: Run, cold: Done, user_home: Path, data: Path
) -> None:
    (table,) = feature_tables(user_home)
    with RowTable(table, 1024 * 4) as other:
        assert other.is_writable
        warm = run()
        assert warm.counted == (0, 0, ALL)
        assert_same(warm, cold)
        repaint(data / "train" / samples.CLASS_NAMES[0] / "000.png")
        for decoded in (1, 0):
            done = run()
            assert done.counted == (2, decoded, ALL - 2)
            assert done.said == []


# Pictures that cannot be read -----------------------------------------------------------------------------


def test_unreadable_pictures_are_left_out_and_said_alike_the_first_time_and_the_second(
    run: Run, data: Path
) -> None:
    torn, poem = (data / part / samples.CLASS_NAMES[1] / name for part, name in
                  (("train", "001.png"), ("val", "004.png")))  # fmt: skip
    torn.write_bytes(torn.read_bytes()[:900])
    poem.write_text("a poem")
    first, second = run(), run()
    every = 2 * (TRAIN - 1) + VAL - 1
    assert first.counted[::2] == (every, 0)
    assert second.counted[::2] == (0, every)
    assert len(first.said) == 2
    assert "train/bricks/001.png” is left out" in first.said[0]
    assert "val/bricks/004.png” is left out" in first.said[1]
    assert first.said == second.said
    (started,) = (event for event in second.events if isinstance(event, RunStarted))
    assert (started.train_pictures, started.val_pictures) == (TRAIN - 1, VAL - 1)
    assert_same(first, second)
    torn.unlink()
    poem.unlink()
    assert_same(first, run())


def test_a_picture_that_vanishes_while_features_are_kept_nowhere_ends_the_run_in_words(
    drawn: Drawn, data: Path, tmp_path: Path
) -> None:
    write_settings(EngineSettings(cache_gb=0.0, cache_memory_share=0.0))
    gone = data / "train" / samples.CLASS_NAMES[0] / "002.png"
    events = []
    for event in train(drawn.config(dataset=str(data), epochs=2), tmp_path / "run"):
        events.append(event)
        if isinstance(event, BatchEnded) and event.epoch == 1 and event.batch == event.batches:
            gone.unlink(missing_ok=True)
    end = events[-1]
    assert isinstance(end, RunEnded)
    assert end.reason is Reason.FAILED
    assert "train/apples/002.png” can no longer be read" in end.message
    assert end.hint == "Leave the pictures where they are while a run is going on."
    assert end.best_epoch == 1, "what it learned by then is kept"


def test_a_picture_that_vanishes_once_its_features_are_kept_is_not_missed(
    drawn: Drawn, data: Path, tmp_path: Path
) -> None:
    for event in train(drawn.config(dataset=str(data), epochs=2), tmp_path / "run"):
        if isinstance(event, RunStarted):
            shutil.rmtree(data)
        last = event
    assert isinstance(last, RunEnded)
    assert last.reason is Reason.COMPLETED


# On the way -----------------------------------------------------------------------------------------------

PASS = "computing frozen stages"


def decoders() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("ftgui-decode")]


def test_a_stop_in_the_middle_leaves_what_was_computed_by_then_to_the_next_run(
    run: Run,
    drawn: Drawn,
    data: Path,
    tmp_path: Path,
    user_home: Path,
    earlier: tuple[Path, Done],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(activations, "PASS_ROWS", 4)
    control, out = RunControl(), tmp_path / "stopped"
    events = []
    for event in train(drawn.config(dataset=str(data), epochs=1), out, control):
        events.append(event)
        if isinstance(event, PhaseProgress) and event.phase == PASS and event.done == 5:
            control.stop()
    stopped = Done(out, events)
    assert stopped.ended.reason is Reason.STOPPED
    computed = stopped.counted[0]
    assert 8 <= computed <= 12, "two views of five pictures or one more, four at once"
    assert decoders() == []
    (table,) = feature_tables(user_home)
    with RowTable(table, 1024 * 4) as free:
        assert free.is_writable
        assert len(free) == computed
    rest = run()
    assert rest.counted[::2] == (ALL - computed, computed)
    assert_nearly_same(rest, earlier[1])


def test_a_pause_in_the_middle_holds_the_pass_and_costs_nothing(
    drawn: Drawn, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activations, "PASS_ROWS", 4)
    control, holds, events = RunControl(), threading.Event(), []

    def go() -> None:
        for event in train(drawn.config(dataset=str(data), epochs=1), tmp_path / "run", control):
            events.append(event)
            if isinstance(event, PhaseProgress) and event.phase == PASS and event.done == 5:
                if not holds.is_set():
                    control.pause()
                holds.set()

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    assert holds.wait(60)
    count = len(events)
    time.sleep(0.6)
    assert len(events) == count
    control.resume()
    thread.join(60)
    assert not thread.is_alive()
    done = Done(tmp_path / "run", events)
    assert done.ended.reason is Reason.COMPLETED
    assert done.counted == (ALL, TRAIN + VAL, 0)
    assert done.ended.paused_seconds >= 0.3
    assert sum(done.ended.phase_seconds.values()) <= done.ended.seconds + 0.01


def test_a_pass_that_fails_ends_the_run_in_words_and_leaves_neither_threads_nor_a_lock(
    run: Run, user_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activations, "PASS_ROWS", 4)
    real, calls = activations.Prefix.forward, []

    def fail_later(prefix: Any, pixels: torch.Tensor) -> torch.Tensor:
        calls.append(len(pixels))
        if len(calls) > 8:
            raise RuntimeError("not enough memory: you tried to allocate 9000000000 bytes.")
        return real(prefix, pixels)

    with monkeypatch.context() as patch:
        patch.setattr(activations.Prefix, "forward", fail_later)
        failed = run(Reason.FAILED)
    assert failed.ended.message.endswith(".")
    assert decoders() == []
    warm = run()
    assert warm.counted[2] > 0
    assert warm.counted[0] + warm.counted[2] == ALL


# Where the time went --------------------------------------------------------------------------------------


def phases_of(done: Done) -> list[str]:
    return [speed.phase for speed in done.ended.speed]


def test_a_run_says_how_fast_each_phase_went_beside_what_this_computer_can(run: Run) -> None:
    first, second = run(epochs=2), run(epochs=2)
    assert phases_of(first) == ["decoding", "frozen pass", "training the output layer"]
    assert phases_of(second) == ["training the output layer"]
    for speed in (*first.ended.speed, *second.ended.speed):
        assert speed.pictures_per_second > 0
        assert (speed.roof is not None) == (speed.phase == "frozen pass")
        assert speed.roof is None or speed.pictures_per_second <= speed.roof
    assert first.ended.measuring_seconds > 0
    assert second.ended.measuring_seconds == 0.0


def test_the_roof_of_learning_stages_is_measured_once(run: Run) -> None:
    partial = {"strategy": "partial", "freeze_until": "stage3"}
    first, second = run(**partial), run(**partial)
    assert first.ended.speed[2].phase == second.ended.speed[0].phase == "training from stage4-conv5"
    roofs = [first.ended.speed[2].roof or 0, second.ended.speed[0].roof or 0]
    assert 0 < roofs[0] <= roofs[1], "it is the same, or what the second run reached"
    assert second.ended.measuring_seconds == 0.0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"strategy": "full"}, ["decoding", "training the whole network"]),
        ({"cache": "off"}, ["decoding", "training the whole network"]),
        (
            {"strategy": "partial", "freeze_until": "stage3"},
            ["decoding", "frozen pass", "training from stage4-conv5"],
        ),
        (
            {"strategy": "thaw", "thaw_epoch": 2, "epochs": 2},
            ["decoding", "frozen pass", "training the output layer", "training the whole network"],
        ),
    ],
    ids=["full", "live", "partial", "thaw"],
)
def test_each_way_of_learning_has_a_speed_of_its_own(
    run: Run, changes: dict[str, Any], expected: list[str]
) -> None:
    assert phases_of(run(**changes)) == expected


@pytest.mark.parametrize(
    ("phase", "done", "settings", "changes"),
    [
        ("decoding", TRAIN + VAL, EngineSettings(), {"cache": "off"}),
        ("decoding", TRAIN + VAL, EngineSettings(cache_gb=0.0, cache_memory_share=0.0), {}),
        ("frozen pass", 2 * TRAIN, EngineSettings(cache_gb=1e-9, cache_memory_share=0.0), {}),
        ("frozen pass", ALL, EngineSettings(), {}),
    ],
    ids=["live decoding", "decoding again", "computing again", "once"],
)
def test_a_speed_counts_what_was_done_in_the_seconds_of_its_phase_and_no_more(
    run: Run, phase: str, done: int, settings: EngineSettings, changes: dict[str, Any]
) -> None:
    """What is decoded or computed once more while a batch is learned from takes seconds of learning."""
    write_settings(settings)
    ended = run(epochs=6, **changes).ended
    (speed,) = (speed for speed in ended.speed if speed.phase == phase)
    assert speed.pictures_per_second == pytest.approx(done / ended.phase_seconds[phase], rel=0.01)


def test_a_run_that_goes_on_counts_no_seconds_of_before_against_what_it_does_now(
    drawn: Drawn, data: Path, tmp_path: Path, user_home: Path
) -> None:
    """Or it would seem half as fast as the computer is."""
    control, earlier = RunControl(), 0.0
    for event in train(drawn.config(dataset=str(data), epochs=3), tmp_path / "run", control):
        if isinstance(event, EpochEnded):
            control.stop()
        if isinstance(event, RunEnded):
            earlier = event.phase_seconds["frozen pass"]
    shutil.rmtree(user_home / "cache")
    ended = Done(tmp_path / "run", list(resume(tmp_path / "run", RunControl()))).ended
    (speed,) = (speed for speed in ended.speed if speed.phase == "frozen pass")
    now = ended.phase_seconds["frozen pass"] - earlier
    assert speed.pictures_per_second == pytest.approx(ALL / now, rel=0.01)


@pytest.mark.parametrize("strategy", ["freeze", "full"])
def test_a_run_goes_on_where_it_cannot_be_found_out_how_fast_it_could_be(
    run: Run, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    """Measuring takes memory for a copy that the run itself does without."""

    def fail(*_: Any) -> Any:
        raise RuntimeError("can't allocate memory: you tried to allocate 9000000000 bytes.")

    monkeypatch.setattr(roofs, "step_of", fail)
    monkeypatch.setattr(roofs, "drawn_pictures", fail)
    done = run(strategy=strategy)
    assert done.said == []
    assert all(speed.roof is None for speed in done.ended.speed)


@pytest.mark.parametrize(
    ("changes", "kept", "expected"),
    [
        ({}, {}, {1}),
        ({}, {"cache_gb": 0.0}, {1}),
        ({}, {"cache_memory_share": 0.0}, {1}),
        ({}, {"cache_gb": 0.0, "cache_memory_share": 0.0}, {2}),
        ({"cache": "off"}, {}, {2}),
        ({"strategy": "full"}, {}, {2}),
    ],
)
def test_a_head_on_what_is_kept_learns_on_one_thread_and_all_else_on_all(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    kept: dict[str, float],
    expected: set[int],
) -> None:
    """A thread that has to be woken for so little costs more than it brings."""
    seen, real = set(), trainer.train_step

    def step(*arguments: Any) -> Any:
        seen.add(torch.get_num_threads())
        return real(*arguments)

    monkeypatch.setattr(trainer, "train_step", step)
    write_settings(EngineSettings(threads=2, **kept))  # type: ignore[arg-type]
    run(**changes)
    assert seen == expected
    assert torch.get_num_threads() == 2


# Fewer bits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["freeze", "partial"])
def test_in_fewer_bits_kept_and_live_features_end_in_nearly_the_same_predictions(
    drawn: Drawn, tmp_path: Path, strategy: str
) -> None:
    """Folding rounds elsewhere than the network as it is, and learning makes more of it: some change."""
    data = samples.draw_dataset(tmp_path / "pictures", CLASSES, 24, split=True)
    answers = {}
    for cache in ("on", "off"):
        config = drawn.config(dataset=str(data), epochs=3, precision="bf16", strategy=strategy, cache=cache)
        done = run_with(config, tmp_path / cache)
        lines = (done.folder / "predictions.csv").read_text().splitlines()[1:]
        answers[cache] = [line.split(",") for line in lines]
        assert all(bool(tensor.isfinite().all()) for tensor in done.weights.values())
        assert all(0 < float(row[3]) <= 1 for row in answers[cache])
    kept, live = answers["on"], answers["off"]
    assert [row[:2] for row in kept] == [row[:2] for row in live]
    assert len(kept) == CLASSES * 12
    changed = sum(a[2] != b[2] for a, b in zip(kept, live, strict=True))
    assert changed < len(kept) / 3, f"{changed} of {len(kept)} predictions change"
