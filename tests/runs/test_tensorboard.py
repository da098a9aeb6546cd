"""What TensorBoard reads of a run is what the run's own table says."""

from __future__ import annotations

import csv
import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ftgui.jobs.resume import resume
from ftgui.jobs.train import train
from ftgui.runs import tensorboard
from ftgui.runs.history import open_run
from ftgui.runs.tensorboard import TENSORBOARD, EventFiles
from ftgui.training.events import EpochEnded, Reason, RunEnded
from tests.fixtures import Drawn, Finished
from tests.harness.process import REPOSITORY, run_python
from tests.jobs.resuming import Moment, end_of_epoch, kill_run, movement_told
from tests.training.test_events import ENDED, EPOCH, MOVED, STARTED

pytest.importorskip("tensorboard")

COLUMNS = {
    "loss/train": "train_loss",
    "loss/val": "val_loss",
    "accuracy/train": "train_accuracy",
    "accuracy/val": "val_accuracy",
    "learning_rate/head": "lr",
}

Points = list[tuple[int, float]]


def read(run: Path) -> Any:
    """Return what TensorBoard's own reader makes of a run's event files."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(run / TENSORBOARD), size_guidance={"scalars": 0, "tensors": 0})
    reader.Reload()
    return reader


def points(reader: Any, tag: str) -> Points:
    return [(point.step, point.value) for point in reader.Scalars(tag)]


def table(run: Path, column: str) -> Points:
    with (run / "metrics.csv").open(newline="") as stream:
        return [(int(row["epoch"]), float(row[column])) for row in csv.DictReader(stream)]


def same(told: Points, expected: Points) -> bool:
    """Whether the steps are the same, and the values but for single precision, which TensorBoard has."""
    return [step for step, _ in told] == [step for step, _ in expected] and [
        value for _, value in told
    ] == pytest.approx([value for _, value in expected], rel=1e-6)


def assert_as_in_the_table(run: Path, epochs: int) -> None:
    reader = read(run)
    for tag, column in COLUMNS.items():
        assert len(table(run, column)) == epochs
        assert same(points(reader, tag), table(run, column)), tag
    for stage, moved in open_run(run).told.items():
        told = points(reader, f"moved_weights/{stage}")
        assert same(told, [(each.epoch, each.weights or 0.0) for each in moved]), stage


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write after each event, as a run of many seconds does."""
    monkeypatch.setattr(tensorboard, "WRITE_EVERY", 0.0)


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def board(tmp_path: Path, notes: list[str]) -> Iterator[EventFiles]:
    files = EventFiles(tmp_path, notes.append)
    yield files
    files.close()


def event_files(run: Path) -> list[Path]:
    return sorted((run / TENSORBOARD).glob("*"))


def epoch(number: int, **changes: Any) -> EpochEnded:
    return msgspec.structs.replace(EPOCH, epoch=number, **changes)


def test_tensorboard_reads_what_the_table_of_a_run_says(finished: dict[str, Finished]) -> None:
    run = finished["thaw"]
    assert_as_in_the_table(run.folder, run.config.epochs)
    moved = points(read(run.folder), "moved_weights/stem")
    assert moved[0] == (1, 0.0), "the extractor stays in the first epoch of this run"
    assert moved[-1][1] > 0.0


def test_the_config_is_told_as_a_text(finished: dict[str, Finished]) -> None:
    (text,) = read(finished["freeze"].folder).Tensors("config")
    said = text.tensor_proto.string_val[0].decode()
    assert json.loads(said) == json.loads((finished["freeze"].folder / "config.json").read_text())
    assert all(line.startswith("    ") for line in said.splitlines()), "Markdown would join its lines"


def test_time_goes_on_as_in_the_run(board: EventFiles, tmp_path: Path) -> None:
    for event in (STARTED, epoch(1, total_seconds=2.5), epoch(2, total_seconds=4.0)):
        board.record(event)
    board.close()
    first, second = (point.wall_time for point in read(tmp_path).Scalars("loss/val"))
    assert second - first == pytest.approx(1.5, abs=1e-3)


def test_a_number_that_is_not_finite_is_left_out(board: EventFiles, tmp_path: Path) -> None:
    for event in (STARTED, epoch(1, train_loss=None), epoch(2, train_loss=0.5)):
        board.record(event)
    board.close()
    assert points(read(tmp_path), "loss/train") == [(2, 0.5)]
    assert [step for step, _ in points(read(tmp_path), "loss/val")] == [1, 2]


def test_nothing_is_written_before_it_is_time_or_the_run_is_over(board: EventFiles, tmp_path: Path) -> None:
    board.record(STARTED)
    board.record(EPOCH)
    assert event_files(tmp_path) == []
    board.close()
    assert len(event_files(tmp_path)) == 1


@pytest.mark.usefixtures("at_once")
def test_a_run_that_goes_on_can_be_watched(board: EventFiles, tmp_path: Path) -> None:
    board.record(STARTED)
    for number in (1, 2, 3):
        board.record(epoch(number))
        assert [step for step, _ in points(read(tmp_path), "loss/val")] == [*range(1, number + 1)]


def test_a_run_that_never_started_leaves_no_folder(board: EventFiles, tmp_path: Path) -> None:
    board.record(ENDED)
    board.close()
    assert list(tmp_path.iterdir()) == []


def without_tensorboard(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == TENSORBOARD else real(name, *more)
    )


def test_without_the_extra_nothing_is_written_and_nothing_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, notes: list[str]
) -> None:
    without_tensorboard(monkeypatch)
    files = EventFiles(tmp_path, notes.append)
    for event in (STARTED, MOVED, EPOCH, ENDED):
        files.record(event)
    files.close()
    assert (list(tmp_path.iterdir()), notes) == ([], [])


@pytest.mark.usefixtures("small_crops")
def test_a_run_without_the_extra_is_as_ever(
    monkeypatch: pytest.MonkeyPatch, drawn: Drawn, tmp_path: Path
) -> None:
    without_tensorboard(monkeypatch)
    *_, last = train(drawn.config(epochs=1), tmp_path / "run")
    assert isinstance(last, RunEnded)
    assert last.reason is Reason.COMPLETED
    assert not (tmp_path / "run" / TENSORBOARD).exists()
    assert "TensorBoard" not in (tmp_path / "run" / "log.txt").read_text()


@pytest.mark.usefixtures("small_crops", "at_once")
@pytest.mark.parametrize("moment", [end_of_epoch(2), movement_told(3)], ids=["epoch 2", "within epoch 3"])
def test_a_run_that_was_killed_and_goes_on_is_told_whole(
    drawn: Drawn, tmp_path: Path, expected_log: Callable[..., None], moment: Moment
) -> None:
    expected_log("Detected out of order event.step", logger="tensorboard")  # how its reader takes things back
    kill_run(moment, drawn.config(epochs=4, strategy="full"), tmp_path / "run")
    for file in event_files(tmp_path / "run"):
        file.write_bytes(file.read_bytes()[:-20])  # what was written last is lost
    list(resume(tmp_path / "run"))
    assert len(event_files(tmp_path / "run")) == 2
    assert_as_in_the_table(tmp_path / "run", epochs=4)


def test_what_cannot_be_written_is_noted_once_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, board: EventFiles, tmp_path: Path, notes: list[str]
) -> None:
    monkeypatch.setattr(tensorboard, "WRITE_EVERY", 0.0)
    (tmp_path / TENSORBOARD).write_text("a file is in the way")
    for event in (STARTED, EPOCH, epoch(2)):
        board.record(event)
    board.close()
    (note,) = notes
    assert note.startswith("TensorBoard's event files could not be written: ")
    assert "File exists" in note
    assert (tmp_path / TENSORBOARD).read_text() == "a file is in the way"


def test_where_not_even_a_note_can_be_written_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(_words: str) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / TENSORBOARD).write_text("a file is in the way")
    files = EventFiles(tmp_path, full)
    files.record(STARTED)
    files.close()


def test_files_of_a_run_are_read_in_the_order_in_which_they_were_written(
    tmp_path: Path, notes: list[str]
) -> None:
    for _ in range(11):
        files = EventFiles(tmp_path, notes.append)
        files.record(STARTED)
        files.close()
    names = [path.name for path in event_files(tmp_path)]
    assert all("tfevents" in name for name in names), "TensorBoard knows them by that"
    written = sorted(event_files(tmp_path), key=lambda path: path.stat().st_mtime_ns)
    assert (written, len(names), notes) == (event_files(tmp_path), 11, [])


WITHOUT_TENSORFLOW = """
import sys, pathlib
import ftgui.runs.tensorboard as ours
assert not [name for name in sys.modules if name.split(".")[0] == "tensorboard"], "loaded too early"
class Finder:
    def find_spec(self, name, *more):
        assert name.split(".")[0] != "tensorflow", "somebody asks for TensorFlow"
sys.meta_path.insert(0, Finder())
from tests.training.test_events import EPOCH, STARTED
files = ours.EventFiles(pathlib.Path(sys.argv[1]), print)
for event in (STARTED, EPOCH):
    files.record(event)
files.close()
"""


def test_tensorboard_is_loaded_late_quietly_and_without_tensorflow(tmp_path: Path) -> None:
    done = run_python("-W", "error", "-c", WITHOUT_TENSORFLOW, str(tmp_path), cwd=REPOSITORY)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert points(read(tmp_path), "loss/val") == [(EPOCH.epoch, pytest.approx(EPOCH.val_loss))]
