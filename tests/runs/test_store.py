"""A run folder, written from events."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Picture, Split
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
from ftgui.training.events import RunWarning
from tests.fixtures import Finished
from tests.training.test_events import ENDED, EPOCH, ONE_OF_EACH, STARTED

VERSIONS = {"ftgui": "0", "torch": "2"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    store = RunStore(tmp_path / "run", VERSIONS)
    yield store
    store.close()


def names(store: RunStore) -> set[str]:
    return {path.name for path in store.folder.iterdir()}


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


def test_a_finished_run_can_be_told_from_its_summary_alone(finished: dict[str, Finished]) -> None:
    for run in finished.values():
        summary = read_summary(run.folder)
        assert summary.ended == run.events[-1]
        assert summary.started.config.strategy == run.config.strategy
        assert not math.isnan(summary.ended.seconds)
