"""A run folder, written from events."""

from __future__ import annotations

import csv
import errno
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ftgui.core import files, records
from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Picture, Split
from ftgui.runs import store as store_module
from ftgui.runs.store import (
    METRIC_COLUMNS,
    RunStore,
    SplitFile,
    Summary,
    add_window_pause,
    in_words,
    metrics_csv,
    read_summary,
)
from ftgui.training.config import TrainConfig
from ftgui.training.events import EpochEnded, RunWarning
from tests.fixtures import Finished
from tests.training.test_events import ENDED, EPOCH, MOVED, ONE_OF_EACH, STARTED

VERSIONS = {"ftgui": "0", "torch": "2"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    store = RunStore(tmp_path / "run", VERSIONS)
    yield store
    store.close()


def epoch(number: int, **changes: Any) -> EpochEnded:
    return msgspec.structs.replace(EPOCH, epoch=number, **changes)


def epochs_in_metrics(folder: Path) -> list[int]:
    with (folder / "metrics.csv").open(newline="") as stream:
        return [int(row["epoch"]) for row in csv.DictReader(stream)]


def names(store: RunStore) -> set[str]:
    """Return the files of a run, its lock aside."""
    return {path.name for path in store.folder.iterdir()} - {".lock"}


def test_a_store_begins_with_an_empty_log_and_no_events(store: RunStore) -> None:
    assert names(store) == {"events.jsonl", "log.txt"}


def test_a_folder_that_holds_anything_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FtguiError, match="never writes over it"):
        RunStore(tmp_path, VERSIONS)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_batches_and_progress_are_not_kept(store: RunStore) -> None:
    store.record(ONE_OF_EACH["batch_ended"])
    store.record(ONE_OF_EACH["phase_progress"])
    assert (store.folder / "events.jsonl").read_bytes() == b""
    assert (store.folder / "log.txt").read_bytes() == b""


def test_what_is_recorded_is_on_the_disk_at_once(store: RunStore) -> None:
    for tag in ("run_started", "run_warning", "checkpoint_saved", "epoch_ended"):
        store.record(ONE_OF_EACH[tag])
        assert (
            (store.folder / "events.jsonl")
            .read_text()
            .endswith(records.to_json_line(ONE_OF_EACH[tag]) + "\n")
        )
    assert (store.folder / "metrics.csv").exists()
    assert records.read_json(store.folder / "config.json", TrainConfig) == STARTED.config
    assert not (store.folder / "summary.json").exists()


def test_the_summary_is_what_went_in(store: RunStore) -> None:
    for event in (STARTED, EPOCH, ENDED):
        store.record(event)
    summary = read_summary(store.folder)
    assert summary == Summary(started=STARTED, ended=ENDED, versions=VERSIONS)


def test_a_run_that_never_started_has_no_summary(store: RunStore) -> None:
    store.record(ENDED)
    assert "summary.json" not in names(store)
    with pytest.raises(FtguiError, match="holds no finished run"):
        read_summary(store.folder)


def test_only_the_windows_pause_is_added_to_a_summary(store: RunStore) -> None:
    for event in (STARTED, ENDED):
        store.record(event)
    add_window_pause(store.folder, 0.125)
    expected = Summary(started=STARTED, ended=ENDED, versions=VERSIONS, window_longest_pause_seconds=0.125)
    assert read_summary(store.folder) == expected


def test_the_metrics_have_numbers_in_full_and_nothing_for_one_that_is_not_finite() -> None:
    third = msgspec.structs.replace(EPOCH, train_loss=None, val_loss=1 / 3)
    header, first, second = csv.reader(metrics_csv([EPOCH, third]).splitlines())
    assert tuple(header) == METRIC_COLUMNS
    assert dict(zip(header, second, strict=True))["train_loss"] == ""
    assert float(dict(zip(header, second, strict=True))["val_loss"]) == 1 / 3
    assert dict(zip(header, first, strict=True))["train_loss"] == "0.7"
    assert dict(zip(header, first, strict=True))["is_best"] == "True"
    assert "\r" not in metrics_csv([EPOCH])


def test_columns_of_time_end_in_seconds() -> None:
    timed = {name for name in METRIC_COLUMNS if name.endswith("_seconds")}
    assert timed == {"train_seconds", "val_seconds", "total_seconds"}


def test_the_split_is_written_as_it_is(store: RunStore) -> None:
    split = Split(train=(Picture("a/1.jpg", 0), Picture("b/ü.jpg", 1)), val=(Picture("a/2.jpg", 0),))
    store.write_split("/data", ("a", "b"), split)
    written = records.read_json(store.folder / "split.json", SplitFile)
    assert (written.root, written.class_names) == ("/data", ("a", "b"))
    assert (written.train, written.val) == (split.train, split.val)


def test_predictions_name_the_likeliest_class_of_each_picture(store: RunStore) -> None:
    pictures = (Picture("a,b/1.jpg", 0), Picture("c/2.jpg", 1))
    store.write_predictions(pictures, ("a,b", "c"), [[0.25, 0.75], [0.5, 0.5]])
    with (store.folder / "predictions.csv").open(newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["path", "label", "predicted", "probability"],
            ["a,b/1.jpg", "a,b", "c", "0.750000"],
            ["c/2.jpg", "c", "a,b", "0.500000"],
        ]


def test_a_newer_summary_is_refused_by_name(store: RunStore) -> None:
    for event in (STARTED, ENDED):
        store.record(event)
    path = store.folder / "summary.json"
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 2', 1))
    with pytest.raises(FtguiError, match="newer ftgui") as caught:
        read_summary(store.folder)
    assert "summary.json" in caught.value.message


def test_every_event_is_one_line_of_words() -> None:
    for event in ONE_OF_EACH.values():
        assert "\n" not in in_words(event)
    assert "accuracy 0.750" in in_words(EPOCH)
    assert "not finite" in in_words(msgspec.structs.replace(EPOCH, val_loss=None))
    assert in_words(RunWarning(message="It rains.", hint="")) == "It rains."


def test_how_far_a_stage_has_moved_is_in_the_log() -> None:
    assert in_words(MOVED) == (
        "  stem: 3 of 6 entries moved, weights by 2.50e-01, norm statistics by 5.00e-01"
    )
    still = msgspec.structs.replace(MOVED, weights=0.0, statistics=None, changed=0)
    assert in_words(still) == "  stem: 0 of 6 entries moved, weights by 0.00e+00"


def test_metrics_that_a_spreadsheet_holds_open_do_not_end_the_run(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Windows has it. What could not be written is in the next file, and said in the log."""
    real = files.write_text

    def write(path: Path, content: str) -> None:
        if path.name == "metrics.csv":
            raise PermissionError(errno.EACCES, "Permission denied")
        real(path, content)

    store.record(STARTED)
    with monkeypatch.context() as patch:
        patch.setattr(files, "write_text", write)
        store.record(EPOCH)
    assert "metrics.csv" not in names(store)
    assert "metrics.csv could not be written" in (store.folder / "log.txt").read_text()
    store.record(epoch(2))
    assert epochs_in_metrics(store.folder) == [1, 2]


def test_the_metrics_of_short_epochs_are_not_written_after_each_but_all_at_the_end(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole table is written each time: thousands of short epochs would wait for it."""
    monkeypatch.setattr(store_module, "METRICS_EVERY", 3600.0)
    store.record(STARTED)
    for number in range(1, 5):
        store.record(epoch(number))
    assert epochs_in_metrics(store.folder) == [1], "the first is there at once"
    monkeypatch.setattr(store_module, "METRICS_EVERY", 0.0)
    store.record(epoch(5))
    assert epochs_in_metrics(store.folder) == [1, 2, 3, 4, 5]
    monkeypatch.setattr(store_module, "METRICS_EVERY", 3600.0)
    store.record(epoch(6))
    assert epochs_in_metrics(store.folder) == [1, 2, 3, 4, 5]
    store.record(ENDED)
    assert epochs_in_metrics(store.folder) == [1, 2, 3, 4, 5, 6]


def test_a_finished_run_can_be_told_from_its_summary_alone(finished: dict[str, Finished]) -> None:
    for run in finished.values():
        summary = read_summary(run.folder)
        assert summary.ended == run.events[-1]
        assert summary.started.config.strategy == run.config.strategy
        assert not math.isnan(summary.ended.seconds)


def test_an_older_summary_is_read(store: RunStore) -> None:
    """One of before there were plans and resumed runs."""
    for event in (STARTED, ENDED):
        store.record(event)
    path = store.folder / "summary.json"
    plain = json.loads(path.read_text())
    del plain["started"]["resumed_after"], plain["ended"]["moved_tensors"]
    for stage in plain["started"]["stages"]:
        del stage["in_optimizer"], stage["from_epoch"]
    path.write_text(json.dumps(plain))
    assert read_summary(store.folder).started == STARTED
    assert read_summary(store.folder).ended.moved_tensors is None
