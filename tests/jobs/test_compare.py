"""Comparing: one run after the other, everything equal but the strategy, going on wherever it was."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.jobs.compare import compare
from ftgui.jobs.compare_control import CompareControl
from ftgui.jobs.compare_events import (
    ComparedRunEnded,
    ComparedRunStarted,
    ComparisonEnded,
    ComparisonStarted,
)
from ftgui.jobs.predict import predict
from ftgui.runs.comparison import COMPARISON, RUNS, TABLE, Entry, make_plan_of, read_comparison
from ftgui.runs.history import RunState, open_run, read_batches
from ftgui.runs.predictions import TEST_PREDICTIONS, read_predictions
from ftgui.runs.results import ComparisonResult
from ftgui.runs.store import CONFIG, EVENTS, LAST_PREDICTIONS, LOG, METRICS, SUMMARY, read_split
from ftgui.training.config import TrainConfig
from ftgui.training.events import BatchEnded, EpochEnded, Reason
from tests import samples
from tests.fixtures import Drawn, small_pictures
from tests.jobs.comparing import (
    STRATEGIES,
    began,
    run_folder,
    small_plan,
    stamps,
    stop_when,
    to_the_end,
    whole,
)

NAMES = [f"{strategy}-seed{seed}" for seed in (0, 1) for strategy in STRATEGIES]


def result_in(out: Path) -> ComparisonResult:
    result = read_comparison(out).result
    assert result is not None
    return result


def accuracies(out: Path) -> dict[str, float | None]:
    return {run.name: run.accuracy for run in result_in(out).runs}


def metrics(folder: Path) -> list[dict[str, str]]:
    """Return the rows of the metrics without their seconds."""
    with (folder / METRICS).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [{name: row[name] for name in row if not name.endswith("_seconds")} for row in rows]


# What is compared --------------------------------------------------------------------------------


def test_every_strategy_has_a_run_for_the_first_seed_before_any_has_for_the_second(drawn: Drawn) -> None:
    assert [entry.name for entry in small_plan(drawn).entries()] == NAMES
    tried = small_plan(drawn, ("freeze",), (0,), (0.01, 0.1)).entries()
    assert [entry.name for entry in tried] == ["freeze-seed0-lr0.01", "freeze-seed0-lr0.1"]


def test_all_that_was_asked_for_is_run_told_and_written(drawn: Drawn) -> None:
    out = whole(drawn)
    assert sorted(path.name for path in (out / RUNS).iterdir()) == sorted(NAMES)
    result = result_in(out)
    assert [run.name for run in result.runs] == NAMES
    assert {run.state for run in result.runs} == {"done"}
    assert [each.strategy for each in result.strategies] == list(STRATEGIES)
    assert [(pair.first, pair.second) for pair in result.pairs] == [
        ("freeze", "small-lr"),
        ("freeze", "lr-zero"),
        ("small-lr", "lr-zero"),
    ]
    for run in result.runs:
        history = open_run(run_folder(out, run.name))
        assert history.ended is not None
        assert run.accuracy == history.epochs[-1].val_accuracy
        assert run.seconds == history.ended.seconds
        assert run.epochs == 2
    with (out / TABLE).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["name"], float(row["accuracy"])) for row in rows] == list(accuracies(out).items())
    assert not (out / ".lock").exists()


def test_accuracies_are_those_of_the_last_epoch_not_of_the_best(drawn: Drawn) -> None:
    for name in NAMES:
        folder = run_folder(whole(drawn), name)
        last = read_predictions(folder / LAST_PREDICTIONS)
        assert last is not None
        assert last.accuracy == open_run(folder).epochs[-1].val_accuracy
        assert last.paths == tuple(picture.path for picture in read_split(folder).val)
    assert "last epoch" in result_in(whole(drawn)).measure_words


# What is held equal --------------------------------------------------------------------------------


def test_all_runs_of_a_seed_begin_with_the_same_output_layer_and_those_of_another_do_not(
    drawn: Drawn,
) -> None:
    heads = {}
    for name in NAMES:
        lines = (run_folder(whole(drawn), name) / EVENTS).read_text(encoding="utf-8").splitlines()
        (started,) = (e for line in lines if (e := json.loads(line))["event"] == "run_started")
        heads[name] = started["head_sha256"]
    assert len({heads[f"{strategy}-seed0"] for strategy in STRATEGIES}) == 1
    assert len({heads[f"{strategy}-seed1"] for strategy in STRATEGIES}) == 1
    assert len(set(heads.values())) == 2
    assert all(len(head) == 64 for head in heads.values())


def test_the_first_fifty_batches_are_told_and_are_the_same_under_every_strategy(
    drawn: Drawn, tmp_path: Path
) -> None:
    plan = small_plan(drawn, ("freeze", "full"), (0,), batch_size=2, epochs=5, augment="flip")
    to_the_end(plan, tmp_path / "out")
    told = [read_batches(tmp_path / "out" / RUNS / f"{s}-seed0") for s in ("freeze", "full")]
    assert told[0] == told[1]
    batches = [(e, b, v) for e, d in told[0].items() for b, v in zip(d.pictures, d.views, strict=True)]
    assert len(batches) == 50
    learned = len(read_split(tmp_path / "out" / RUNS / "freeze-seed0").train)
    for epoch in (1, 2):
        shown = [picture for e, batch, _ in batches if e == epoch for picture in batch]
        assert sorted(shown) == list(range(learned)), "each picture once an epoch"
    assert {view for _, _, views in batches for view in views} == {0, 1}


def test_the_split_is_the_same_for_all_seeds_though_ftgui_made_it(drawn: Drawn) -> None:
    splits = {
        (split.train, split.val) for name in NAMES for split in [read_split(run_folder(whole(drawn), name))]
    }
    assert len(splits) == 1


def test_what_was_held_equal_is_written_with_what_it_was(drawn: Drawn) -> None:
    held = {each.what: each for each in result_in(whole(drawn)).held_equal}
    assert all(each.equal for each in held.values())
    assert held["Split"].value == "24 pictures to learn from, 6 to judge on"
    assert held["Pictures in order"].value.startswith("the first 6 batches")
    assert {"Weights file", "New output layer", "Epochs", "Batch size", "Device", "Threads"} <= held.keys()


@pytest.mark.parametrize(
    ("what", "event", "change"),
    [
        ("New output layer", "run_started", {"head_sha256": "0" * 64}),
        ("Weights file", "run_started", {"weights_sha256": "0" * 64}),
        ("Threads", "run_started", {"threads": 64}),
        ("Device", "run_started", {"device": "cuda"}),
        ("Arithmetic", "run_started", {"layout": "channels_last"}),
        ("Pictures in order", "batches_drawn", {"views": [[1] * 8, [1] * 8, [1] * 8]}),
    ],
)
def test_what_was_not_equal_is_said(
    drawn: Drawn, tmp_path: Path, what: str, event: str, change: dict[str, object]
) -> None:
    out = Path(shutil.copytree(whole(drawn), tmp_path / "out"))
    file = out / RUNS / "small-lr-seed1" / EVENTS
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    told = [line | change if line["event"] == event else line for line in lines]
    file.write_text(
        "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in told), encoding="utf-8"
    )
    to_the_end(small_plan(drawn), out)
    unequal = [held.what for held in result_in(out).held_equal if not held.equal]
    assert unequal == [what]


def test_all_runs_compute_as_the_first_one_did(drawn: Drawn, tmp_path: Path) -> None:
    """What is fastest is measured for the first; a later measurement must not change it halfway."""
    plan = small_plan(drawn, ("freeze", "lr-zero"), (0,), precision="auto", layout="auto", device="auto")
    to_the_end(plan, tmp_path / "out")
    configs = [
        records.read_json(tmp_path / "out" / RUNS / f"{name}-seed0" / CONFIG, TrainConfig)
        for name in ("freeze", "lr-zero")
    ]
    assert configs[0].precision == configs[1].precision != "auto"
    assert configs[0].layout == configs[1].layout != "auto"
    started = open_run(tmp_path / "out" / RUNS / "lr-zero-seed0").started
    assert started is not None
    assert started.timings == (), "it was told how to compute, and measured nothing"


@pytest.mark.long
def test_pictures_that_come_and_go_between_two_runs_change_nobodys_split(
    drawn: Drawn, tmp_path: Path
) -> None:
    moving = Drawn(Path(shutil.copytree(drawn.data, tmp_path / "data")), drawn.weights)
    out = tmp_path / "out"
    to_the_end(small_plan(moving, ("freeze",), (0,)), out)
    split = read_split(run_folder(out, "freeze-seed0"))
    first = moving.data / split.train[0].path
    (first.parent / "new.png").write_bytes(first.read_bytes()[:-1] + b"!")
    (moving.data / "a new class").mkdir()
    shutil.copy(first, moving.data / "a new class" / "other.png")
    to_the_end(small_plan(moving, ("lr-zero",), (0, 1)), out)
    assert read_split(run_folder(out, "lr-zero-seed0")) == split
    assert read_split(run_folder(out, "lr-zero-seed1")) == split
    assert all(held.equal for held in result_in(out).held_equal)


def test_the_device_of_the_first_run_is_that_of_all(drawn: Drawn, tmp_path: Path) -> None:
    to_the_end(small_plan(drawn, ("freeze", "lr-zero"), (0,), device="auto"), tmp_path / "out")
    config = records.read_json(run_folder(tmp_path / "out", "lr-zero-seed0") / CONFIG, TrainConfig)
    started = open_run(run_folder(tmp_path / "out", "freeze-seed0")).started
    assert started is not None
    assert config.device == started.device != "auto"
    assert all(held.equal for held in result_in(tmp_path / "out").held_equal), "one was told, one found out"


def test_settings_of_one_strategy_mean_nothing_to_the_others(drawn: Drawn) -> None:
    plan = small_plan(drawn, ("freeze", "thaw", "small-lr"), (3,), thaw_epoch=2, backbone_lr_mult=0.5)
    configs = {entry.strategy: plan.config_of(entry) for entry in plan.entries()}
    assert configs["thaw"].thaw_epoch == 2
    assert configs["freeze"].thaw_epoch is None
    assert configs["small-lr"].backbone_lr_mult == 0.5
    assert configs["freeze"].backbone_lr_mult == 0.1
    assert {config.seed for config in configs.values()} == {3}
    assert {config.split_seed for config in configs.values()} == {3}


def test_the_same_comparison_again_gives_the_same_curves(drawn: Drawn, tmp_path: Path) -> None:
    plan = small_plan(drawn, ("freeze", "small-lr"), (0,))
    to_the_end(plan, tmp_path / "again")
    for name in ("freeze-seed0", "small-lr-seed0"):
        again = metrics(run_folder(tmp_path / "again", name))
        assert again == metrics(run_folder(whole(drawn), name))
        assert len(again) == 2


# Going on --------------------------------------------------------------------------------


def test_a_comparison_that_is_complete_is_left_as_it_is(drawn: Drawn, tmp_path: Path) -> None:
    out = Path(shutil.copytree(whole(drawn), tmp_path / "out"))
    before = stamps(out / RUNS)
    events = to_the_end(small_plan(drawn), out)
    assert began(events) == []
    assert isinstance(events[0], ComparisonStarted)
    assert all(run.is_done for run in events[0].runs)
    assert stamps(out / RUNS) == before
    assert result_in(out) == result_in(whole(drawn))


def test_a_strategy_added_later_leaves_the_earlier_runs_untouched(drawn: Drawn, tmp_path: Path) -> None:
    out = Path(shutil.copytree(whole(drawn), tmp_path / "out"))
    before = stamps(out / RUNS)
    events = to_the_end(small_plan(drawn, ("partial",)), out)
    assert began(events) == ["partial-seed0", "partial-seed1"]
    after = stamps(out / RUNS)
    assert {name: after[name] for name in before} == before
    assert [each.strategy for each in result_in(out).strategies] == [*STRATEGIES, "partial"]
    assert len(result_in(out).pairs) == 6


def test_a_seed_added_later_is_judged_on_the_pictures_of_before(drawn: Drawn, tmp_path: Path) -> None:
    out = Path(shutil.copytree(whole(drawn), tmp_path / "out"))
    events = to_the_end(small_plan(drawn, ("freeze",), (0, 1, 2)), out)
    assert began(events) == ["freeze-seed2"]
    split = read_split(run_folder(out, "freeze-seed2"))
    assert split == read_split(run_folder(out, "freeze-seed0"))
    assert [each.strategy for each in result_in(out).strategies] == ["freeze"], "others lack a seed now"


def test_runs_of_the_same_frozen_stages_find_what_the_first_one_kept(drawn: Drawn, tmp_path: Path) -> None:
    out = tmp_path / "out"
    to_the_end(small_plan(drawn, ("freeze",), (0, 1)), out)
    first, second = (open_run(run_folder(out, f"freeze-seed{seed}")).ended for seed in (0, 1))
    assert first is not None
    assert second is not None
    assert first.counters["prefix_forwards"] > 0
    assert second.counters["prefix_forwards"] == 0
    assert second.counters["cache_hits"] > 0


@pytest.mark.parametrize(
    "changes", [{"epochs": 3}, {"augment": "none"}, {"exclude": ("a/0.png",)}, {"val_fraction": 0.4}]
)
def test_other_settings_in_the_same_folder_are_refused(
    drawn: Drawn, tmp_path: Path, changes: dict[str, object]
) -> None:
    out = Path(shutil.copytree(whole(drawn), tmp_path / "out"))
    before = stamps(out)
    with pytest.raises(FtguiError, match="with other settings") as caught:
        to_the_end(small_plan(drawn, **changes), out)
    assert next(iter(changes)) in caught.value.message
    assert stamps(out) == before


def test_other_learning_rates_are_refused_as_all_need_as_many_tries(drawn: Drawn, tmp_path: Path) -> None:
    out = Path(shutil.copytree(whole(drawn), tmp_path / "out"))
    with pytest.raises(FtguiError, match="lrs"):
        to_the_end(small_plan(drawn, lrs=(0.01,)), out)


def test_a_folder_that_holds_something_else_is_refused(drawn: Drawn, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(FtguiError, match="already holds something"):
        to_the_end(small_plan(drawn), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "at",
    [*(pytest.param(each, marks=pytest.mark.long) for each in (BatchEnded, EpochEnded)), ComparedRunEnded],
)
def test_a_comparison_that_was_stopped_goes_on_and_ends_as_if_it_never_had_been(
    drawn: Drawn, tmp_path: Path, at: type[object]
) -> None:
    out, seen = tmp_path / "out", 0

    def third(event: object) -> bool:
        nonlocal seen
        seen += isinstance(event, at)
        return seen == 3

    events = stop_when(small_plan(drawn), out, third)
    ended = events[-1]
    assert isinstance(ended, ComparisonEnded)
    assert ended.reason == "stopped"
    assert len(began(events)) < len(NAMES)
    assert "waiting" in {run.state for run in ended.result.runs}
    again = to_the_end(small_plan(drawn), out)
    finished_before = {run.name for run in ended.result.runs if run.state == "done"}
    assert set(began(again)) == set(NAMES) - finished_before
    for name in NAMES:
        assert metrics(run_folder(out, name)) == metrics(run_folder(whole(drawn), name))
    assert accuracies(out) == accuracies(whole(drawn))


@pytest.mark.long
def test_a_run_that_is_gone_on_with_is_thought_to_take_what_its_epochs_left_to_do(
    drawn: Drawn, tmp_path: Path
) -> None:
    plan = small_plan(drawn, STRATEGIES[:2], (0,), epochs=4)
    stop_when(plan, tmp_path / "out", lambda event: isinstance(event, EpochEnded))
    control = CompareControl(dict.fromkeys(STRATEGIES[:2], 100.0))
    first, second = (
        event
        for event in to_the_end(plan, tmp_path / "out", control)
        if isinstance(event, ComparedRunStarted)
    )
    assert first.goes_on
    assert first.seconds == pytest.approx(75.0)
    assert first.progress.seconds_left == pytest.approx(175.0)
    assert second.seconds == pytest.approx(100.0)


def test_a_run_that_was_killed_before_it_began_begins_anew(drawn: Drawn, tmp_path: Path) -> None:
    out = Path(shutil.copytree(whole(drawn), tmp_path / "out"))
    folder = run_folder(out, "small-lr-seed1")
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in (EVENTS, LOG):
            path.unlink()
    (folder / EVENTS).write_text("", encoding="utf-8")
    assert began(to_the_end(small_plan(drawn), out)) == ["small-lr-seed1"]
    assert metrics(folder) == metrics(run_folder(whole(drawn), "small-lr-seed1"))


def test_a_file_of_the_users_in_such_a_folder_is_not_thrown_away(drawn: Drawn, tmp_path: Path) -> None:
    out = Path(shutil.copytree(whole(drawn), tmp_path / "out"))
    folder = run_folder(out, "small-lr-seed1")
    (folder / EVENTS).write_text("", encoding="utf-8")
    with pytest.raises(FtguiError, match=r"best\.pth"):
        to_the_end(small_plan(drawn), out)
    assert (folder / SUMMARY).is_file()


def test_two_programs_do_not_compare_in_one_folder(drawn: Drawn, tmp_path: Path) -> None:
    out = Path(shutil.copytree(whole(drawn), tmp_path / "out"))
    with FileLock(out / ".lock"), pytest.raises(FtguiError, match="Another program"):
        to_the_end(small_plan(drawn), out)


# Pausing, skipping, failing --------------------------------------------------------------------------------


def test_a_run_that_is_skipped_is_left_out_until_it_is_asked_for_again(drawn: Drawn, tmp_path: Path) -> None:
    out = tmp_path / "out"
    plan = small_plan(drawn, ("freeze", "small-lr"), (0,))
    events = stop_when(plan, out, lambda event: isinstance(event, BatchEnded), skip=True)
    assert began(events) == ["freeze-seed0", "small-lr-seed0"]
    states = {run.name: run.state for run in result_in(out).runs}
    assert states == {"freeze-seed0": "skipped", "small-lr-seed0": "done"}
    assert [each.strategy for each in result_in(out).strategies] == ["small-lr"]
    assert read_comparison(out).skipped == ("freeze-seed0",)
    assert began(to_the_end(small_plan(drawn, ("full",), (0,)), out)) == ["full-seed0"]
    assert began(to_the_end(plan, out)) == ["freeze-seed0"]
    assert read_comparison(out).skipped == ()


def test_going_on_with_what_is_there_leaves_out_what_was_skipped(drawn: Drawn, tmp_path: Path) -> None:
    out, plan = tmp_path / "out", small_plan(drawn, ("freeze", "lr-zero"), (0,))
    stop_when(plan, out, lambda event: isinstance(event, BatchEnded), skip=True)
    with small_pictures():
        events = list(compare(None, out))
    assert began(events) == []
    assert read_comparison(out).skipped == ("freeze-seed0",)


def test_what_is_compared_can_be_read_before_the_first_run_has_ended(drawn: Drawn, tmp_path: Path) -> None:
    out, plan = tmp_path / "out", small_plan(drawn, ("freeze", "lr-zero"), (0,))
    with small_pictures():
        next(events := compare(plan, out))
        assert {run.state for run in result_in(out).runs} == {"waiting"}
        events.close()  # type: ignore[attr-defined]


def test_a_run_that_dies_ends_alone_and_the_comparison_is_failed(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ftgui.training import trainer

    real = trainer.train_step

    def step(passage: Any, optimizer: Any, *rest: Any) -> Any:
        if sum(len(group["params"]) for group in optimizer.param_groups) > 2:  # all but the output layer's
            raise RuntimeError("the machine is on fire")
        return real(passage, optimizer, *rest)

    monkeypatch.setattr(trainer, "train_step", step)
    ended = to_the_end(small_plan(drawn, ("small-lr", "freeze"), (0,)), tmp_path / "out")[-1]
    assert isinstance(ended, ComparisonEnded)
    assert ended.reason == "failed"
    assert [(run.name, run.state) for run in ended.result.runs] == [
        ("small-lr-seed0", "failed"),
        ("freeze-seed0", "done"),
    ]
    monkeypatch.undo()
    again = to_the_end(small_plan(drawn, ("small-lr", "freeze"), (0,)), tmp_path / "out")
    assert began(again) == ["small-lr-seed0"]
    assert {run.state for run in result_in(tmp_path / "out").runs} == {"done"}


# Learning rates --------------------------------------------------------------------------------


@pytest.mark.long
def test_every_strategy_is_tried_with_every_rate_and_judged_by_its_best(drawn: Drawn, tmp_path: Path) -> None:
    out = tmp_path / "out"
    to_the_end(small_plan(drawn, ("freeze", "full"), (0,), (1e-6, 0.05)), out)
    result = result_in(out)
    assert [run.name for run in result.runs] == [
        "freeze-seed0-lr0.000001",
        "freeze-seed0-lr0.05",
        "full-seed0-lr0.000001",
        "full-seed0-lr0.05",
    ]
    by_name = {run.name: run for run in result.runs}
    for each in result.strategies:
        assert each.tries == 2
        tried = [run for run in result.runs if run.strategy == each.strategy]
        best = max(tried, key=lambda run: (run.last_val_accuracy or 0, -(run.last_val_loss or 0)))
        assert each.runs == (best.name,)
        assert each.lr == by_name[best.name].lr
    assert "chosen among 2" in result.optimistic


# Test pictures --------------------------------------------------------------------------------


@pytest.fixture
def with_test_split(drawn: Drawn, tmp_path: Path) -> Drawn:
    data = tmp_path / "data"
    for side, per_class in (("train", 6), ("val", 3), ("test", 4)):
        samples.draw_dataset(data / side, per_class=per_class)
    return Drawn(data, drawn.weights)


def test_where_there_are_test_pictures_the_best_weights_are_judged_on_those(
    with_test_split: Drawn, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    to_the_end(small_plan(with_test_split, ("freeze", "small-lr"), (0,)), out)
    result = result_in(out)
    assert result.measure == "test"
    assert result.optimistic == ""
    for run in result.runs:
        judged = read_predictions(run_folder(out, run.name) / TEST_PREDICTIONS)
        assert judged is not None
        assert len(judged.paths) == run.pictures == 12
        assert run.accuracy == judged.accuracy
        assert all(path.startswith("test/") for path in judged.paths)
        answers = predict(run_folder(out, run.name), [with_test_split.data / p for p in judged.paths], 1)
        assert [answer.classes[0] for answer in answers] == list(judged.predicted)


def test_the_test_pictures_of_a_list_are_found_where_it_lies(drawn: Drawn, tmp_path: Path) -> None:
    data = samples.draw_dataset(tmp_path / "data", per_class=10)
    paths = sorted(path.relative_to(data).as_posix() for path in data.rglob("*.png"))
    assert len(paths) == 30
    sides = ("train",) * 6 + ("val",) * 2 + ("test",) * 2
    lines = [f"{path},{path.split('/')[0]},{sides[number % 10]}" for number, path in enumerate(paths)]
    (data / "all.csv").write_text("\n".join(["path,label,split", *lines]), encoding="utf-8")
    listed, out = Drawn(data / "all.csv", drawn.weights), tmp_path / "out"
    to_the_end(small_plan(listed, ("freeze", "lr-zero"), (0,)), out)
    assert result_in(out).measure == "test"
    assert {run.pictures for run in result_in(out).runs} == {6}


# What cannot be --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategies", "seeds", "lrs", "words"),
    [
        ((), (0,), (), "no strategy"),
        (("freeze",), (), (), "no seed"),
        (("freeze", "freeze"), (0,), (), "strategy “freeze” is named twice"),
        (("freeze",), (1, 1), (), "seed “1” is named twice"),
        (("freeze",), (0,), (0.1, 0.1), "rate “0.1” is named twice"),
        (("melt",), (0,), (), "no strategy “melt”"),
        (("freeze",), (-1,), (), "eed cannot be -1"),
        (("freeze",), (0,), (float("nan"),), "Learning rate"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_written(
    drawn: Drawn,
    tmp_path: Path,
    strategies: tuple[str, ...],
    seeds: tuple[int, ...],
    lrs: tuple[float, ...],
    words: str,
) -> None:
    with pytest.raises(FtguiError, match=words):
        to_the_end(small_plan(drawn, strategies, seeds, lrs), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_rates_of_single_stages_are_refused(drawn: Drawn, tmp_path: Path) -> None:
    with pytest.raises(FtguiError, match="single stages"):
        to_the_end(small_plan(drawn, stage_lr={"stem": 0.5}), tmp_path / "out")


def test_a_comparison_is_read_back_as_it_was_written(drawn: Drawn) -> None:
    comparison = read_comparison(whole(drawn))
    assert comparison.plan == small_plan(drawn)
    assert comparison.plan.entries()[0] == Entry(strategy="freeze", seed=0)
    with pytest.raises(FtguiError, match="holds no comparison"):
        read_comparison(whole(drawn) / RUNS)
    assert (whole(drawn) / COMPARISON).read_bytes().startswith(b'{\n  "format_version": 1')


def test_a_run_of_a_comparison_is_a_run_like_any_other(drawn: Drawn) -> None:
    history = open_run(run_folder(whole(drawn), "lr-zero-seed0"))
    assert history.state is RunState.DONE
    assert history.ended is not None
    assert history.ended.reason is Reason.COMPLETED
    assert history.ended.frozen_changed == 0


def test_a_plan_of_other_seeds_alone_splits_by_the_first_of_them(drawn: Drawn) -> None:
    assert make_plan_of(drawn.config(), ("freeze",), (5, 6)).config.split_seed == 5
    assert make_plan_of(drawn.config(split_seed=2), ("freeze",), (5, 6)).config.split_seed == 2
