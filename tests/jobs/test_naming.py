"""What a run's pictures hold, found out once; what the user left out; and copies that stay on one side."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ftgui.core.errors import FtguiError
from ftgui.core.hashing import content_name
from ftgui.core.settings import EngineSettings, write_settings
from ftgui.data import content_index, looking
from ftgui.data.content_index import FILE_NAME
from ftgui.data.dataset import Dataset, Picture
from ftgui.jobs.naming import LOOKING, index_place, without_excluded
from ftgui.jobs.prepare import Prepared, prepare
from ftgui.jobs.resume import resume
from ftgui.jobs.train import train
from ftgui.runs.store import CONFIG, SPLIT, read_split
from ftgui.training.clock import RunClock
from ftgui.training.control import RunControl
from ftgui.training.events import EpochEnded, PhaseProgress, Reason, RunEnded, RunWarning
from tests import samples
from tests.fixtures import Drawn

pytestmark = pytest.mark.usefixtures("small_crops")


@pytest.fixture
def data(drawn: Drawn, tmp_path: Path) -> Path:
    """A copy of thirty pictures in three classes, to change."""
    return shutil.copytree(drawn.data, tmp_path / "pictures")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are opened to see what they hold."""
    names: list[str] = []
    real = looking.content_of

    def note(content: bytes) -> bytes:
        names.append("")
        return real(content)

    monkeypatch.setattr(looking, "content_of", note)
    return names


def prepared(config: Any, control: RunControl | None = None) -> Prepared:
    steps: Iterator[Any] = prepare(config, RunClock(), control=control)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Prepared = end.value
            return found


def index_file(user_home: Path) -> Path:
    return user_home / "cache" / "ftgui" / FILE_NAME


# Once -----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take files that were written just now as written long ago."""
    for name in ("FINE_TICK", "COARSE_TICK"):
        monkeypatch.setattr(content_index, name, -(10**12))


def test_each_picture_is_named_by_what_it_holds_and_unchanged_ones_are_not_opened_again(
    drawn: Drawn, data: Path, opened: list[str]
) -> None:
    config = drawn.config(dataset=str(data))
    first = prepared(config).pictures
    paths = [picture.path for picture in (*first.split.train, *first.split.val)]
    assert first.contents == {path: content_name(data / path) for path in paths}
    assert len(opened) == len(paths) == 30
    assert prepared(config).pictures == first
    assert len(opened) == 30, "nothing was opened the second time"
    samples.draw_picture(0, 99).save(data / paths[0])
    changed = prepared(config).pictures
    assert len(opened) == 31
    assert [path for path in paths if changed.contents[path] != first.contents[path]] == [paths[0]]


def test_a_file_that_cannot_be_read_has_no_content_and_is_left_out_in_words(
    drawn: Drawn, data: Path, tmp_path: Path
) -> None:
    gone = data / samples.CLASS_NAMES[0] / "003.png"
    gone.unlink()
    gone.mkdir()  # a folder is no picture
    (data / samples.CLASS_NAMES[1] / "004.png").write_text("a poem")
    events = list(train(drawn.config(dataset=str(data), epochs=1), tmp_path / "run"))
    said = [event.message for event in events if isinstance(event, RunWarning)]
    assert sum("is left out" in words for words in said) == 1
    assert isinstance(events[-1], RunEnded)
    assert events[-1].reason is Reason.COMPLETED


def test_empty_files_are_no_copies_of_each_other(drawn: Drawn, data: Path) -> None:
    for number in range(4):
        (data / samples.CLASS_NAMES[0] / f"00{number}.png").write_bytes(b"")
    for cache in ("on", "off"):
        found = prepared(drawn.config(dataset=str(data), cache=cache)).pictures
        assert not [path for path in found.contents if path.startswith(f"{samples.CLASS_NAMES[0]}/000")]
        assert all(f"00{number}.png" in " ".join(found.notes) for number in range(4))


@pytest.mark.parametrize("off", ["cache", "disk"])
def test_where_nothing_may_be_kept_a_split_is_made_of_what_was_looked_at_all_the_same(
    drawn: Drawn, data: Path, user_home: Path, opened: list[str], off: str
) -> None:
    copy = data / samples.CLASS_NAMES[0] / "copy.png"
    shutil.copy(data / samples.CLASS_NAMES[0] / "000.png", copy)
    if off == "disk":
        write_settings(EngineSettings(cache_gb=0.0))
    config = drawn.config(dataset=str(data), cache="off" if off == "cache" else "on")
    found = prepared(config).pictures
    assert len(opened) == 31
    assert not index_file(user_home).parent.exists()
    write_settings(EngineSettings())
    assert prepared(drawn.config(dataset=str(data))).pictures.split == found.split


@pytest.mark.parametrize("cache", ["on", "off"])
def test_only_pictures_that_can_be_used_are_split(drawn: Drawn, data: Path, cache: str) -> None:
    """Of a class of one good and one broken picture, the good one is learned from."""
    first = sorted((data / samples.CLASS_NAMES[0]).iterdir())
    for path in first[2:]:
        path.unlink()
    first[0].write_bytes(first[0].read_bytes()[:50])
    found = prepared(drawn.config(dataset=str(data), cache=cache)).pictures
    assert [p.path for p in found.split.train if p.label == 0] == [
        f"{samples.CLASS_NAMES[0]}/{first[1].name}"
    ]
    assert not [picture for picture in found.split.val if picture.label == 0]
    assert any(first[0].name in note and "left out" in note for note in found.notes)


def test_a_class_of_which_nothing_can_be_used_stops_the_run_before_it_begins(
    drawn: Drawn, data: Path
) -> None:
    for path in (data / samples.CLASS_NAMES[1]).iterdir():
        path.write_bytes(b"")
    with pytest.raises(FtguiError, match=f"No picture of “{samples.CLASS_NAMES[1]}” can be used"):
        prepared(drawn.config(dataset=str(data)))


def test_with_a_split_of_its_own_and_no_cache_no_file_is_opened(
    drawn: Drawn, tmp_path: Path, opened: list[str]
) -> None:
    data = samples.draw_dataset(tmp_path / "parted", 2, 4, split=True)
    assert prepared(drawn.config(dataset=str(data), cache="off")).pictures.contents == {}
    assert opened == []


def test_the_index_is_kept_where_the_settings_say(drawn: Drawn, tmp_path: Path, user_home: Path) -> None:
    write_settings(EngineSettings(cache_folder=str(tmp_path / "fast disk")))
    prepared(drawn.config())
    assert (tmp_path / "fast disk" / FILE_NAME).exists()
    assert not index_file(user_home).exists()


def test_an_index_that_cannot_be_kept_costs_reading_and_nothing_else(
    drawn: Drawn, tmp_path: Path, opened: list[str]
) -> None:
    (tmp_path / "taken").write_text("a file")
    write_settings(EngineSettings(cache_folder=str(tmp_path / "taken")))
    for times in (1, 2):
        assert len(prepared(drawn.config()).pictures.contents) == 30
        assert len(opened) == 30 * times


# Stop and pause -------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "AT_ONCE", 1)


def is_looking(event: Any, done: int) -> bool:
    return isinstance(event, PhaseProgress) and event.phase == LOOKING and event.done == done


def test_progress_ends_at_the_last_picture_also_where_all_are_known(drawn: Drawn) -> None:
    for _ in range(2):
        told = [e for e in prepare(drawn.config(), RunClock()) if getattr(e, "phase", "") == LOOKING]
        assert told[-1] == PhaseProgress(phase=LOOKING, done=30, total=30)


def test_a_stop_while_pictures_are_named_ends_the_run_and_names_no_more(
    drawn: Drawn, tmp_path: Path, opened: list[str]
) -> None:
    control, events = RunControl(), []
    data = samples.draw_dataset(tmp_path / "many", 2, 200)
    for event in train(drawn.config(dataset=str(data)), tmp_path / "run", control):
        events.append(event)
        if is_looking(event, 3):
            control.stop()
    assert isinstance(events[-1], RunEnded)
    assert events[-1].reason is Reason.STOPPED
    assert len(opened) < 200
    assert not (tmp_path / "run" / SPLIT).exists(), "what it would learn from is not known"
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("ftgui-look")]


def test_a_pause_while_pictures_are_named_holds_and_costs_nothing(drawn: Drawn, data: Path) -> None:
    clock, control = RunClock(), RunControl()
    steps = prepare(drawn.config(dataset=str(data)), clock, control=control)
    while not is_looking(next(steps), 3):
        pass
    control.pause()
    timer = threading.Timer(0.5, control.resume)
    timer.start()
    next(steps)
    timer.join()
    assert clock.paused_seconds >= 0.4
    assert sum(clock.phase_seconds.values()) <= clock.seconds + 0.01
    steps.close()


# Copies ---------------------------------------------------------------------------------------------------


def test_copies_of_a_picture_are_never_judged_on_where_it_was_learned_from(drawn: Drawn, data: Path) -> None:
    for number in range(6):
        for name in samples.CLASS_NAMES[:2]:
            shutil.copy(data / samples.CLASS_NAMES[0] / f"00{number}.png", data / name / f"copy {number}.png")
    for cache in ("on", "off"):
        for seed in range(3):
            split = prepared(drawn.config(dataset=str(data), seed=seed, cache=cache)).pictures.split
            learned, judged = (
                {content_name(data / picture.path) for picture in side} for side in (split.train, split.val)
            )
            assert learned.isdisjoint(judged)
            assert judged


# Left out -------------------------------------------------------------------------------------------------


def dataset_of(*classes: str, val: str = "") -> Dataset:
    """A class for each text, with a picture for each letter."""
    sides = [
        tuple(Picture(f"{label}/{letter}.png", label) for label, one in enumerate(texts) for letter in one)
        for texts in (classes, val.split())
    ]
    names = tuple(map(str, range(len(classes))))
    return Dataset(root="/some/where", class_names=names, train=sides[0], val=sides[1])


def test_pictures_that_the_user_left_out_are_on_neither_side() -> None:
    dataset = dataset_of("abc", "de", val="xy z")
    left, notes = without_excluded(dataset, ("0/b.png", "0/x.png"))
    assert [picture.path for picture in left.train] == ["0/a.png", "0/c.png", "1/d.png", "1/e.png"]
    assert [picture.path for picture in left.val] == ["0/y.png", "1/z.png"]
    assert notes == ()
    assert without_excluded(dataset, ()) == (dataset, ())


def test_pictures_to_be_left_out_that_are_not_there_are_said_up_to_five() -> None:
    _, (note,) = without_excluded(dataset_of("ab", "cd"), ("0/a.png", "nine.png"))
    assert note == "1 picture to be left out cannot be found in “where”: “nine.png”."
    _, (note,) = without_excluded(dataset_of("ab", "cd"), tuple(f"{n}.png" for n in range(7)))
    assert note.startswith("7 pictures to be left out cannot be found in “where”: “0.png”, ")
    assert note.endswith("“4.png” and 2 more.")


def test_a_class_that_is_left_out_wholly_is_refused_in_words() -> None:
    with pytest.raises(FtguiError, match="All pictures of “1” to learn from are left out"):
        without_excluded(dataset_of("ab", "cd", val="x y"), ("1/c.png", "1/d.png"))


def test_validation_that_is_left_out_wholly_is_refused_and_not_taken_from_elsewhere() -> None:
    with pytest.raises(FtguiError, match="All pictures for validation are left out"):
        without_excluded(dataset_of("ab", "cd", val="x y"), ("0/x.png", "1/y.png"))


def test_what_is_left_out_stays_out_when_the_run_goes_on(drawn: Drawn, data: Path, tmp_path: Path) -> None:
    gone = (f"{samples.CLASS_NAMES[0]}/003.png", f"{samples.CLASS_NAMES[2]}/007.png")
    config = drawn.config(dataset=str(data), exclude=(*gone, "nowhere.png"))
    control, events = RunControl(), []
    for event in train(config, tmp_path / "run", control):
        events.append(event)
        if isinstance(event, EpochEnded):
            control.stop()
    said = [event.message for event in events if isinstance(event, RunWarning)]
    assert any("“nowhere.png”" in words for words in said)
    split = read_split(tmp_path / "run")
    paths = {picture.path for picture in (*split.train, *split.val)}
    assert len(paths) == 28
    assert paths.isdisjoint(gone)
    assert '"exclude"' in (tmp_path / "run" / CONFIG).read_text()
    *_, ended = resume(tmp_path / "run", RunControl())
    assert isinstance(ended, RunEnded)
    assert ended.reason is Reason.COMPLETED
    assert read_split(tmp_path / "run") == split


def test_the_index_is_nowhere_where_nothing_may_be_kept(drawn: Drawn) -> None:
    assert index_place(drawn.config(), EngineSettings()) is not None
    assert index_place(drawn.config(cache="off"), EngineSettings()) is None
    assert index_place(drawn.config(), EngineSettings(cache_gb=0.0)) is None
