"""A run from its first event to its last, and the folder that it leaves."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import torch

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.jobs import arithmetic as arithmetic_job
from ftgui.jobs.train import train
from ftgui.runs.store import METRIC_COLUMNS, SplitFile, Summary
from ftgui.training import trainer as trainer_module
from ftgui.training.config import TrainConfig
from ftgui.training.events import (
    BatchEnded,
    BatchesDrawn,
    CheckpointSaved,
    EpochEnded,
    PhaseProgress,
    Reason,
    RunEnded,
    RunStarted,
    RunWarning,
    StageMoved,
    Timing,
    TrainingEvent,
)
from ftgui.training.loops import Evaluation
from ftgui.training.tuning import Measured
from tests import samples
from tests.fixtures import Drawn, Finished, run_small

Runs = dict[str, Finished]


def only(kind: type[Any], events: Any) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def without_seconds(path: Path) -> str:
    """Return ``metrics.csv`` without its columns of time, as the issue would have it compared."""
    table = rows(path)
    kept = [name for name in table[0] if not name.endswith("_seconds")]
    return "\n".join(",".join(row[name] for name in kept) for row in table)


@pytest.fixture(scope="module")
def run(finished: Runs) -> Finished:
    """The finished run that most of these look at."""
    return finished["freeze"]


def test_events_come_in_the_order_of_what_happens(run: Finished) -> None:
    kinds = [type(event) for event in run.events if not isinstance(event, RunWarning | CheckpointSaved)]
    order = [kind for kind, _ in itertools.groupby(kinds)]
    epoch = [BatchesDrawn, BatchEnded, PhaseProgress, StageMoved, EpochEnded]
    assert order == [PhaseProgress, RunStarted, *epoch * 3, PhaseProgress, RunEnded]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("full", ["decoding pictures"]),
        ("freeze", ["decoding pictures"]),
        ("partial", ["computing frozen stages"]),
    ],
)
def test_the_phases_have_names_and_each_comes_to_its_end(finished: Runs, name: str, first: list[str]) -> None:
    """Without a cache frozen stages are computed in each epoch, and not before the first."""
    phases = only(PhaseProgress, finished[name].events)
    looks = [p for p in phases if p.phase == "looking at pictures"]
    assert phases[: len(looks)] == looks, "they are named before all else"
    assert looks or name == "freeze", "where nothing is kept, only those of one size are"
    phases = phases[len(looks) :]
    assert list(dict.fromkeys(p.phase for p in phases)) == [
        "reading weights",
        *first,
        "validation",
        "comparing frozen entries",
    ]
    for before, after in itertools.pairwise(phases):
        assert after.done >= before.done or before.done == before.total or after.phase != before.phase
    for phase in first:
        assert max(p.done for p in phases if p.phase == phase) == 24
    assert {p.total for p in phases if p.phase == "validation"} == {6}


def test_what_a_run_begins_with_is_all_decided(run: Finished, drawn: Drawn) -> None:
    started = only(RunStarted, run.events)[0]
    assert started.run == str(run.folder)
    assert started.architecture == started.config.architecture == "shufflenet_v2_x0_5"
    assert started.class_names == ("apples", "bricks", "clouds")
    assert (started.train_pictures, started.val_pictures) == (24, 6)
    assert started.device == "cpu"
    assert started.precision == started.config.precision == "fp32"
    assert started.threads == 1, "as many as torch had then"
    fields = started.config.__struct_fields__
    unset = {name for name in fields if getattr(started.config, name) is None}
    nothing_said = {
        "init",
        "preprocessing",
        "freeze_until",
        "thaw_epoch",
        "clip_grad",
        "early_stop",
        "split_seed",
    }
    assert unset == nothing_said, "off, or not its own"
    assert [stage.learns for stage in started.stages] == [False] * (len(started.stages) - 1) + [True]
    assert sum(stage.parameters for stage in started.stages) == started.parameters
    assert sum(stage.cost_share for stage in started.stages) == pytest.approx(1)
    assert started.trainable_parameters == 1024 * 3 + 3
    state = torch.load(drawn.weights, weights_only=True)
    assert started.frozen_tensors == len(state) - 2, "all entries but the two of the output layer"


def test_batches_count_up_within_each_epoch_and_the_last_is_always_reported(run: Finished) -> None:
    batches = only(BatchEnded, run.events)
    for epoch in (1, 2, 3):
        numbers = [b.batch for b in batches if b.epoch == epoch]
        assert numbers == sorted(set(numbers))
        assert numbers[-1] == 3
    assert {b.batches for b in batches} == {3}
    assert batches[-1].seconds_left < batches[0].seconds_left


def test_an_epochs_training_figures_are_the_running_means_of_its_last_batch(run: Finished) -> None:
    for epoch in only(EpochEnded, run.events):
        last = [b for b in only(BatchEnded, run.events) if b.epoch == epoch.epoch][-1]
        assert (epoch.train_loss, epoch.train_accuracy) == (last.loss, last.accuracy)


def test_the_learning_rate_follows_the_cosine(run: Finished) -> None:
    assert [e.lr for e in only(EpochEnded, run.events)] == pytest.approx([0.02, 0.015, 0.005])


def test_the_network_learns(drawn: Drawn, tmp_path: Path) -> None:
    """Even one whose features are random, as long as they tell pictures apart."""
    events = run_small(drawn.config(epochs=12, lr=0.03, batch_size=12), tmp_path / "run")
    first, *_, last = only(EpochEnded, events)
    assert last.train_accuracy > 0.7 > first.train_accuracy
    assert last.train_loss < 0.6 * first.train_loss
    assert events[-1].best_val_accuracy > 0.5, "by chance a third"  # type: ignore[union-attr,operator]


def test_the_folder_holds_what_the_design_says(run: Finished) -> None:
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "best.pth",
        "checkpoint.pth",
        "config.json",
        "events.jsonl",
        "last_predictions.csv",
        "log.txt",
        "metrics.csv",
        "predictions.csv",
        "split.json",
        "summary.json",
        "tensorboard",
    ]


def test_the_metrics_are_a_row_an_epoch(run: Finished) -> None:
    lines = (run.folder / "metrics.csv").read_bytes().decode().split("\n")
    assert lines[0] == (
        "epoch,train_loss,train_accuracy,val_loss,val_accuracy,lr,frozen_tensors,is_best,complete,"
        "train_seconds,val_seconds,total_seconds"
    )
    assert lines[0] == ",".join(METRIC_COLUMNS)
    assert len(lines) == 1 + 3 + 1
    assert lines[-1] == ""
    for row, epoch in zip(rows(run.folder / "metrics.csv"), only(EpochEnded, run.events), strict=True):
        assert int(row["epoch"]) == epoch.epoch
        assert float(row["val_loss"]) == epoch.val_loss, "in full"
        assert float(row["val_accuracy"]) == epoch.val_accuracy
        assert row["is_best"] == str(epoch.is_best)


def test_the_events_file_holds_all_but_batches_and_progress(run: Finished) -> None:
    lines = (run.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    kept = [e for e in run.events if not isinstance(e, BatchEnded | PhaseProgress)]
    assert lines == [records.to_json_line(event) for event in kept]


def test_the_config_file_repeats_the_run(run: Finished, tmp_path: Path) -> None:
    config = records.read_json(run.folder / "config.json", TrainConfig)
    run_small(config, tmp_path / "again")
    again = tmp_path / "again"
    assert without_seconds(again / "metrics.csv") == without_seconds(run.folder / "metrics.csv")
    assert records.read_json(again / "config.json", TrainConfig) == config


def test_defaults_are_written_out_as_they_were_taken(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a later ftgui with other defaults, or another computer, repeats the run all the same."""
    fastest = Timing(precision="bf16", layout="channels_last", forward=200.0, step=200.0)
    monkeypatch.setattr(arithmetic_job, "measure", lambda *_: iter_of(Measured((fastest,), is_lasting=True)))
    asked = drawn.config(
        strategy="full", lr=None, augment="standard", epochs=1, precision="auto", layout="auto"
    )
    started = only(RunStarted, run_small(asked, tmp_path / "run"))[0]
    written = records.read_json(tmp_path / "run" / "config.json", TrainConfig)
    assert (asked.lr, asked.classes, asked.views) == (None, None, None)
    assert (written.lr, written.classes, written.views) == (0.001, 3, 4)
    assert (written.precision, written.layout) == ("bf16", "channels_last")
    assert (started.precision, started.layout, started.timings) == ("bf16", "channels_last", (fastest,))
    assert written.architecture == "shufflenet_v2_x0_5"


def iter_of(result: Any) -> Generator[tuple[int, int], None, Any]:
    """Return a generator that yields once and returns ``result``."""
    yield 1, 1
    return result


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ({"strategy": "partial"}, {"freeze_until": "stage3"}),
        ({"strategy": "partial", "freeze_until": "stem"}, {"freeze_until": "stem"}),
        ({"strategy": "thaw", "epochs": 9}, {"thaw_epoch": 5, "freeze_until": None}),
        ({"strategy": "thaw", "thaw_epoch": 7}, {"thaw_epoch": 7}),
        ({"strategy": "freeze"}, {"freeze_until": None, "thaw_epoch": None}),
    ],
)
@pytest.mark.usefixtures("small_crops")
def test_what_shapes_a_strategy_is_written_out_for_the_strategies_that_look_at_it(
    drawn: Drawn, tmp_path: Path, asked: dict[str, Any], written: dict[str, Any]
) -> None:
    started = next(e for e in train(drawn.config(**asked), tmp_path / "run") if isinstance(e, RunStarted))
    assert {name: getattr(started.config, name) for name in written} == written


def test_the_split_file_names_every_picture_once(run: Finished, drawn: Drawn) -> None:
    split = records.read_json(run.folder / "split.json", SplitFile)
    paths = [picture.path for picture in (*split.train, *split.val)]
    on_disk = [path.relative_to(drawn.data).as_posix() for path in drawn.data.rglob("*.png")]
    assert sorted(paths) == sorted(on_disk)
    assert split.root == str(drawn.data)
    for picture in (*split.train, *split.val):
        assert split.class_names[picture.label] == picture.path.split("/")[0]


def test_the_summary_holds_how_the_run_began_and_ended_and_on_what(run: Finished) -> None:
    summary = records.read_json(run.folder / "summary.json", Summary)
    assert summary.started == only(RunStarted, run.events)[0]
    assert summary.ended == run.events[-1]
    assert summary.versions["torch"] == torch.__version__
    assert summary.window_longest_pause_seconds is None
    assert json.loads((run.folder / "summary.json").read_text())["format_version"] == 1


def test_the_predictions_are_those_of_the_best_epoch_on_the_validation_pictures(run: Finished) -> None:
    split = records.read_json(run.folder / "split.json", SplitFile)
    table = rows(run.folder / "predictions.csv")
    assert [row["path"] for row in table] == [picture.path for picture in split.val]
    assert [row["label"] for row in table] == [split.class_names[p.label] for p in split.val]
    right = sum(row["label"] == row["predicted"] for row in table)
    assert right / len(table) == run.events[-1].best_val_accuracy  # type: ignore[union-attr]
    assert all(1 / 3 <= float(row["probability"]) <= 1 for row in table)


def test_the_end_says_what_the_epochs_said(run: Finished) -> None:
    ended, epochs = run.events[-1], only(EpochEnded, run.events)
    assert isinstance(ended, RunEnded)
    best = max(epochs, key=lambda e: (e.val_accuracy, -e.val_loss, -e.epoch))
    assert (ended.reason, ended.epochs) == (Reason.COMPLETED, 3)
    assert (ended.best_epoch, ended.best_val_accuracy, ended.best_val_loss) == (
        best.epoch,
        best.val_accuracy,
        best.val_loss,
    )
    assert best.is_best
    assert ended.message.endswith(".")
    assert ended.frozen_changed == 0
    assert ended.peak_memory_mb is not None
    assert ended.peak_memory_mb > 50


def test_the_seconds_are_accounted_for(run: Finished) -> None:
    ended = run.events[-1]
    assert isinstance(ended, RunEnded)
    phases = ended.phase_seconds
    assert phases.keys() == {
        "reading", "building", "decoding", "training", "validation", "measuring movement", "writing", "proof"
    }  # fmt: skip
    assert 0.5 * ended.seconds < sum(phases.values()) - phases["writing"] <= ended.seconds
    assert ended.paused_seconds == 0
    epochs = only(EpochEnded, run.events)
    assert sum(e.train_seconds for e in epochs) == pytest.approx(phases["training"], rel=0.3)
    assert [e.total_seconds for e in epochs] == sorted(e.total_seconds for e in epochs)


@pytest.mark.parametrize("strategy", ["freeze", "full"])
def test_the_same_seed_gives_the_same_metrics_byte_for_byte(
    drawn: Drawn, tmp_path: Path, strategy: str
) -> None:
    """With random crops, Dropout's random numbers and whatever the process drew before."""
    config = drawn.config(strategy=strategy, augment="standard", epochs=2)
    for name in ("first", "second"):
        torch.manual_seed(len(name))
        torch.rand(len(name))
        run_small(config, tmp_path / name)
    first, second = (without_seconds(tmp_path / name / "metrics.csv") for name in ("first", "second"))
    assert first == second


def test_another_seed_gives_other_metrics(run: Finished, drawn: Drawn, tmp_path: Path) -> None:
    run_small(drawn.config(seed=1), tmp_path / "run")
    assert without_seconds(tmp_path / "run" / "metrics.csv") != without_seconds(run.folder / "metrics.csv")


def test_classes_asked_for_beyond_those_found_are_spare(drawn: Drawn, tmp_path: Path) -> None:
    events = run_small(drawn.config(classes=5, epochs=1), tmp_path / "run")
    started = only(RunStarted, events)[0]
    assert started.class_names == ("apples", "bricks", "clouds", "unused_1", "unused_2")
    assert torch.load(tmp_path / "run" / "best.pth", weights_only=True)["fc.weight"].shape == (5, 1024)


def test_a_thousand_classes_are_allowed(drawn: Drawn, tmp_path: Path) -> None:
    events = run_small(drawn.config(classes=1000, epochs=1), tmp_path / "run")
    assert only(RunStarted, events)[0].class_names[-1] == "unused_997"
    assert events[-1].reason == Reason.COMPLETED  # type: ignore[union-attr]


def test_a_folders_own_split_is_kept(drawn: Drawn, tmp_path: Path) -> None:
    data = samples.draw_dataset(tmp_path / "data", per_class=4, split=True)
    started = only(RunStarted, run_small(drawn.config(dataset=str(data), epochs=1), tmp_path / "run"))[0]
    assert (started.train_pictures, started.val_pictures) == (12, 6)
    split = records.read_json(tmp_path / "run" / "split.json", SplitFile)
    assert all(picture.path.startswith("val/") for picture in split.val)


def test_a_picture_that_cannot_be_read_is_left_out_and_said(drawn: Drawn, tmp_path: Path) -> None:
    data = samples.draw_dataset(tmp_path / "data", classes=2, per_class=6)
    (data / "apples" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    (data / "bricks" / "text.jpg").write_text("no picture at all")
    events = run_small(drawn.config(dataset=str(data), epochs=1), tmp_path / "run")
    said = [w.message for w in only(RunWarning, events) if "left out" in w.message]
    assert len(said) == 2
    assert any("apples/broken.png" in words for words in said)
    started = only(RunStarted, events)[0]
    assert started.train_pictures + started.val_pictures == 12
    assert events[-1].reason == Reason.COMPLETED  # type: ignore[union-attr]
    split = records.read_json(tmp_path / "run" / "split.json", SplitFile)
    assert not any("broken" in picture.path for picture in (*split.train, *split.val))


def test_a_batch_size_that_leaves_one_picture_over_works_where_all_norms_learn(
    drawn: Drawn, tmp_path: Path
) -> None:
    events = run_small(drawn.config(strategy="full", batch_size=23, epochs=1), tmp_path / "run")
    assert {b.batches for b in only(BatchEnded, events)} == {1}
    assert events[-1].reason == Reason.COMPLETED  # type: ignore[union-attr]


def test_random_weights_are_not_those_of_the_file(drawn: Drawn, tmp_path: Path) -> None:
    run_small(drawn.config(strategy="full", init="random", epochs=1, lr=0.0), tmp_path / "run")
    trained = torch.load(tmp_path / "run" / "best.pth", weights_only=True)
    file = torch.load(drawn.weights, weights_only=True)
    assert not torch.equal(trained["conv1.0.weight"], file["conv1.0.weight"])


def test_bf16_is_recorded_and_its_weights_are_fp32(drawn: Drawn, tmp_path: Path) -> None:
    events = run_small(drawn.config(precision="bf16", epochs=1), tmp_path / "run")
    assert only(RunStarted, events)[0].precision == "bf16"
    state = torch.load(tmp_path / "run" / "best.pth", weights_only=True)
    assert {t.dtype for t in state.values()} == {torch.float32, torch.int64}


def test_the_datasets_folder_is_not_written_to(run: Finished, drawn: Drawn) -> None:
    assert sorted({path.suffix for path in drawn.data.rglob("*")}) == ["", ".png"]


# Which epoch is the best ----------------------------------------------------------------------------------


def judged(accuracy: float, loss: float) -> Evaluation:
    return Evaluation(loss=loss, accuracy=accuracy, probabilities=torch.full((6, 3), 1 / 3))


@pytest.mark.parametrize(
    ("figures", "best"),
    [
        ([(0.5, 1.0), (0.6, 9.0), (0.55, 0.1)], 2),  # the highest accuracy, whatever the loss
        ([(0.5, 1.0), (0.5, 0.8), (0.5, 0.9)], 2),  # then the lower loss
        ([(0.5, 1.0), (0.5, 1.0), (0.5, 1.0)], 1),  # then the earlier epoch
    ],
)
def test_the_best_epoch_has_the_highest_accuracy_then_the_lower_loss_then_comes_first(
    drawn: Drawn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    figures: list[tuple[float, float]],
    best: int,
) -> None:
    told = iter(figures)
    kept = []

    def evaluate(model: torch.nn.Module, feed: object, arithmetic: object) -> Any:
        kept.append(model.state_dict()["fc.weight"].clone())
        yield 6, judged(*next(told))

    monkeypatch.setattr(trainer_module, "evaluate", evaluate)
    events: list[TrainingEvent] = run_small(drawn.config(), tmp_path / "run")
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.best_epoch, ended.best_val_accuracy, ended.best_val_loss) == (best, *figures[best - 1])
    last_best = [e.epoch for e in only(EpochEnded, events) if e.is_best][-1]
    assert last_best == only(CheckpointSaved, events)[-1].epoch == best
    state = torch.load(tmp_path / "run" / "best.pth", weights_only=True)
    assert torch.equal(state["fc.weight"], kept[best - 1])


def test_a_wrong_setting_stops_it_before_anything_is_written(drawn: Drawn, tmp_path: Path) -> None:
    with pytest.raises(FtguiError, match="Epochs cannot be 0"):
        next(iter(train(drawn.config(epochs=0), tmp_path / "run")))
    assert not (tmp_path / "run").exists()
