"""Two runs held against each other: no difference is made up, and none is passed over."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ftgui.core.errors import FtguiError
from ftgui.core.preprocessing import Preprocessing
from ftgui.evaluation.statistics import mcnemar_p, wilson_interval
from ftgui.runs.diff import RunDiff, diff_of
from ftgui.runs.diff_answers import EARLY, ONE_SEED, TABLES, Answer, Disagreement
from ftgui.runs.diff_figures import figures, times
from ftgui.runs.history import Outline, RunHistory
from ftgui.runs.predictions import TEST_PREDICTIONS
from ftgui.runs.store import LAST_PREDICTIONS, PREDICTIONS, SPLIT
from ftgui.training.config import SETTINGS
from ftgui.training.events import Reason
from tests.fixtures import Finished
from tests.runs.drawn_diff import draw_run, pictures, sure


def two(tmp_path: Path, first: dict[str, Any], second: dict[str, Any]) -> RunDiff:
    """Return the diff of two runs of these settings."""
    return diff_of(draw_run(tmp_path / "a", **first), draw_run(tmp_path / "b", **second))


def told(diff: RunDiff) -> dict[str, tuple[str, str]]:
    return {each.title: (each.first, each.second) for each in diff.settings}


def answered(tmp_path: Path, first: Any, second: Any, *labels: int) -> RunDiff:
    """Return the diff of two runs that gave these answers to pictures of these classes."""
    val = pictures(*labels)
    return two(tmp_path, {"answers": first, "judged_on": val}, {"answers": second, "judged_on": val})


# What was set differently -----------------------------------------------------------------------------------


def test_runs_that_did_the_same_differ_in_nothing(tmp_path: Path) -> None:
    diff = two(tmp_path, {}, {})
    assert (told(diff), diff.settings_words) == ({}, "Nothing: both did the same, on the same pictures.")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"lr": None}, {"lr": 0.01}, id="the strategy's learning rate"),
        pytest.param({"lr": None, "optimizer": "adamw"}, {"lr": 0.001, "optimizer": "adamw"}, id="adamw's"),
        pytest.param({"init": None}, {"init": "pretrained"}, id="starting weights"),
        pytest.param({"seed": 3}, {"seed": 3, "split_seed": 3}, id="the split's seed"),
        pytest.param({"views": None}, {"views": 2}, id="views"),
        pytest.param(
            {"strategy": "thaw", "epochs": 8}, {"strategy": "thaw", "epochs": 8, "thaw_epoch": 4}, id="thaw"
        ),
        pytest.param(
            {"strategy": "partial"}, {"strategy": "partial", "freeze_until": "layer2"}, id="the ice line"
        ),
        pytest.param({"device": "auto"}, {"device": "cpu"}, id="the device it came out as"),
        pytest.param({"precision": "auto"}, {"precision": "bf16"}, id="the arithmetic it came out as"),
        pytest.param({"freeze_until": "layer1"}, {"freeze_until": None}, id="what freeze does not look at"),
        pytest.param({"momentum": 0.5, "optimizer": "adamw"}, {"optimizer": "adamw"}, id="sgd's own"),
        pytest.param({"early_stop_monitor": "val_accuracy"}, {}, id="early stopping that is off"),
    ],
)
def test_a_default_and_the_same_given_are_no_difference(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert told(two(tmp_path, first, second)) == {}


@pytest.mark.parametrize(
    ("changes", "title", "words"),
    [
        ({"seed": 1}, "Seed", ("0", "1")),
        ({"lr": 0.1}, "Learning rate", ("0.01", "0.1")),
        ({"epochs": 1500}, "Epochs", ("2", "1,500")),
        ({"clip_grad": 0.5}, "Clip gradients at", ("off", "0.5")),
        ({"stage_lr": {"layer4": 0.1}}, "Rates of stages", ("–", "layer4 × 0.1")),
        ({"exclude": ("a.jpg", "b.jpg")}, "Left out by you", ("none", "2 pictures")),
        ({"begun": {"threads": 8}}, "Threads", ("2", "8")),
        ({"begun": {"device": "cuda"}}, "Device", ("cpu", "cuda")),
        ({"begun": {"precision": "fp32"}}, "Arithmetic", ("bf16", "fp32")),
        ({"begun": {"layout": "channels_last"}}, "Arithmetic", ("bf16", "bf16, channels last")),
        ({"begun": {"architecture": "resnet18"}}, "Architecture", ("mobilenet_v2", "resnet18")),
        (
            {"begun": {"weights_sha256": "cd" * 32}},
            "Weights file",
            ("mobilenet.pth (abababab)", "mobilenet.pth (cdcdcdcd)"),
        ),
        ({"begun": {"class_names": ("ants", "bees", "unused_1")}}, "Classes", ("2", "3")),
        (
            {"begun": {"preprocessing": Preprocessing(crop=288)}},
            "Preprocessing",
            ("ImageNet (256 → 224)", "ImageNet (256 → 288)"),
        ),
        ({"versions": {"ftgui": "0", "torch": "2.1"}}, "Version of torch", ("2", "2.1")),
        ({"root": "/pictures"}, "Folder of pictures", ("/photos", "/pictures")),
    ],
)
def test_each_thing_that_differs_is_told_in_words(
    tmp_path: Path, changes: dict[str, Any], title: str, words: tuple[str, str]
) -> None:
    diff = two(tmp_path, {}, changes)
    assert told(diff) == {title: words}
    expected = "Nothing but the seed." if title == "Seed" else f"Nothing but “{title}”."
    assert diff.settings_words == expected


def test_a_split_that_one_folder_does_not_tell_is_no_difference_of_its_own(tmp_path: Path) -> None:
    first, second = draw_run(tmp_path / "first"), draw_run(tmp_path / "second", seed=1)
    third = draw_run(tmp_path / "third")
    for run in (second, third):
        (run.folder / SPLIT).unlink()
    unknown = "One folder does not say which pictures it was given."
    assert diff_of(first, second).settings_words == f"Nothing but the seed. {unknown}"
    assert diff_of(first, third).settings_words == f"Nothing that is known. {unknown}"


def test_every_setting_is_looked_at(tmp_path: Path) -> None:
    """A new setting that nobody told the diff of is found by itself."""
    first = {"strategy": "thaw", "early_stop": 3, "augment": "standard"}
    for number, setting in enumerate(SETTINGS):
        if setting.name in ("device", "precision", "layout", "preprocessing"):
            continue  # told as what they came out as
        choices = [choice for choice in setting.choices if choice not in (setting.default, "standard")]
        value: Any = choices[-1] if choices else "layer1" if setting.kind == "text" else 7
        base = first | ({"strategy": "partial"} if setting.name == "freeze_until" else {})
        diff = two(tmp_path / f"{number}", base, base | {setting.name: value})
        assert setting.label in told(diff), setting.name


def test_a_setting_that_one_of_them_does_not_look_at_is_a_dash(tmp_path: Path) -> None:
    diff = two(tmp_path, {"strategy": "freeze"}, {"strategy": "small-lr"})
    assert told(diff) == {
        "Strategy": ("Freeze extractor", "Small learning rate"),
        "Extractor's share": ("–", "× 0.1"),
    }
    assert diff.settings_words == "2 things were not the same; everything else was."


def test_another_split_is_told_with_how_many_pictures_are_shared(tmp_path: Path) -> None:
    diff = two(
        tmp_path,
        {"answers": sure(0, 0, 1), "judged_on": pictures(0, 0, 1)},
        {"answers": sure(0, 0, 1, 1), "judged_on": pictures(0, 0, 1, 1)},
    )
    first, second = (
        "2 to learn from, 3 to judge on",
        "2 to learn from, 4 to judge on; judged on 3 of the same",
    )
    assert told(diff) == {"Pictures": (first, second)}


def test_a_run_that_did_not_begin_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(FtguiError, match="“waiting” did not begin"):
        diff_of(draw_run(tmp_path / "a"), RunHistory("waiting", tmp_path / "waiting"))


# What came out ----------------------------------------------------------------------------------------------


def test_the_figures_are_those_of_the_runs_and_how_far_they_are_apart(tmp_path: Path) -> None:
    diff = two(
        tmp_path,
        {"answers": sure(0, 0, 0, 1)},
        {
            "answers": sure(0, 0, 0, 0),
            "strategy": "full",
            "ended": {"seconds": 32.0, "peak_memory_mb": 1600.0, "frozen_tensors": 0, "moved_tensors": 314},
        },
    )
    low, high = wilson_interval(0.5, 4)
    accuracy = f"0.500 ({low:.2f} – {high:.2f}) of 4"
    figures = {each.title: (each.first, each.second, each.difference) for each in diff.figures}
    assert figures == {
        "Accuracy, last epoch": (accuracy, accuracy, ""),
        "Accuracy, best epoch (optimistic)": (f"{accuracy}, epoch 1",) * 2 + ("",),
        "Loss, last epoch": ("0.2500", "0.2500", ""),
        "Accuracy in training": ("0.750", "0.750", ""),
        "Loss in training": ("0.2500", "0.2500", ""),
        "Epochs": ("2 of 2", "2 of 2", ""),
        "Time": ("10 s", "32 s", "× 3.2"),
        "An epoch": ("1.5 s", "1.5 s", ""),
        "Parameters that learn": ("2,562", "2.2 M", "× 869"),
        "Entries that moved": ("2", "314", "+312"),
        "Frozen changed": ("0 of 300", "–", ""),
        "Memory": ("600 MB", "1.6 GB", "+1.0 GB"),
    }


def test_a_loss_that_was_not_finite_is_said_to_be_and_not_left_out(tmp_path: Path) -> None:
    fine, bad, blank = (draw_run(tmp_path / name, sure(0)) for name in ("fine", "bad", "blank"))
    bad.epochs[-1] = msgspec.structs.replace(bad.epochs[-1], train_loss=None, val_loss=None)
    blank.epochs.clear()
    assert losses(fine, bad) == dict.fromkeys(LOSSES, ("0.2500", "not finite", ""))
    assert losses(bad, bad) == dict.fromkeys(LOSSES, ("not finite", "not finite", ""))
    assert losses(blank, bad) == dict.fromkeys(LOSSES, ("–", "not finite", ""))
    assert losses(blank, blank) == {}


LOSSES = ("Loss, last epoch", "Loss in training")


def losses(first: RunHistory, second: RunHistory) -> dict[str, tuple[str, str, str]]:
    """What is told of the losses of two runs."""
    told = {each.title: (each.first, each.second, each.difference) for each in figures(first, second)}
    return {title: words for title, words in told.items() if title in LOSSES}


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [(10, 32, "× 3.2"), (10, 3.1, "× 0.31"), (10, 11, "about the same"), (1, 869, "× 869"), (0, 3, "")],
)
def test_ratios_are_said_as_people_say_them(one: float, other: float, words: str) -> None:
    assert times(one, other) == words


def test_a_run_that_was_read_in_brief_is_read_whole(tmp_path: Path) -> None:
    first, second = draw_run(tmp_path / "a", sure(0)), draw_run(tmp_path / "b", sure(1))
    brief = replace(first, name="mine", epochs=[], moved=[], outline=Outline())
    diff = diff_of(brief, second)
    assert diff.figures == diff_of(first, second).figures
    assert "“mine”" in diff.verdict.words


# Who is right more often ------------------------------------------------------------------------------------


def test_a_difference_that_so_few_pictures_cannot_show_is_none(tmp_path: Path) -> None:
    verdict = answered(tmp_path, sure(0, 0, 0, 1), sure(1, 0, 0, 0), 0, 0, 0, 1).verdict
    assert (verdict.only_first, verdict.only_second, verdict.p, verdict.differs) == (2, 0, 0.5, False)
    assert verdict.words == (
        "No difference that 4 pictures can show: “a” alone gets 2 right, “b” alone 0 "
        "(McNemar's exact test, p = 0.50)."
    )
    assert verdict.remarks == (TABLES[LAST_PREDICTIONS],)


def test_a_difference_that_the_pictures_show_is_told_with_its_interval(tmp_path: Path) -> None:
    labels = [0] * 20
    verdict = answered(tmp_path, sure(*[1] * 10, *[0] * 10), sure(*[0] * 19, 1), *labels).verdict
    assert (verdict.only_first, verdict.only_second) == (1, 10)
    assert verdict.p == mcnemar_p(1, 10) < 0.05
    assert verdict.differs
    assert verdict.words.startswith("“b” is right more often, by 45.0 points (")
    assert verdict.words.endswith(
        "): of 20 pictures “a” alone gets 1 right, “b” alone 10 (McNemar's exact test, p = 0.012)."
    )
    assert verdict.remarks == (TABLES[LAST_PREDICTIONS], ONE_SEED)


def test_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    first = draw_run(tmp_path / "one" / "run", sure(*[1] * 8), judged_on=pictures(*[0] * 8))
    second = draw_run(tmp_path / "two" / "run", sure(*[0] * 8), judged_on=pictures(*[0] * 8))
    words = diff_of(first, second).verdict.words
    assert words.startswith("The second is right more often, by 100.0 points")
    assert "the first alone gets 0 right, the second alone 8" in words


def test_the_same_answers_are_no_difference(tmp_path: Path) -> None:
    verdict = answered(tmp_path, sure(0, 1), sure(0, 1), 0, 0).verdict
    assert verdict.words == "No difference: both give the same answer to all 2 pictures."
    assert verdict.disagreements == ()


@pytest.mark.parametrize(
    ("tables", "remark"),
    [
        ((PREDICTIONS, LAST_PREDICTIONS, TEST_PREDICTIONS), TABLES[TEST_PREDICTIONS]),
        ((PREDICTIONS, LAST_PREDICTIONS), TABLES[LAST_PREDICTIONS]),
        ((PREDICTIONS,), TABLES[PREDICTIONS]),
    ],
)
def test_the_most_honest_answers_that_both_have_count(
    tmp_path: Path, tables: tuple[str, ...], remark: str
) -> None:
    first = dict.fromkeys(tables, sure(0, 1))
    second = dict.fromkeys((PREDICTIONS, LAST_PREDICTIONS, TEST_PREDICTIONS), sure(0, 0))
    verdict = answered(tmp_path, first, second, 0, 0).verdict
    assert verdict.remarks == (remark,)
    assert verdict.side == ("test" if TEST_PREDICTIONS in tables else "val")
    assert (verdict.only_first, verdict.only_second) == (0, 1)


def test_a_last_epoch_that_early_stopping_chose_is_optimistic(tmp_path: Path) -> None:
    early = {"answers": sure(0, 1), "ended": {"reason": Reason.EARLY_STOPPED}}
    assert two(tmp_path, early, {"answers": sure(0, 0)}).verdict.remarks == (EARLY,)


def test_runs_on_different_pictures_are_not_compared_picture_by_picture(tmp_path: Path) -> None:
    others = pictures(0, 0, folder="other")
    diff = two(tmp_path, {"answers": sure(0, 1)}, {"answers": sure(0, 0), "judged_on": others})
    assert diff.verdict.p is None
    assert diff.verdict.disagreements == ()
    assert diff.verdict.words == (
        "They were judged on different pictures, so they cannot be compared picture by picture."
    )


def test_of_pictures_that_are_partly_others_the_shared_ones_count(tmp_path: Path) -> None:
    first = {"answers": sure(0, 1, 0), "judged_on": pictures(0, 0, 0)}
    second = {"answers": sure(0, 0), "judged_on": pictures(0, 0)[::-1]}
    verdict = two(tmp_path, first, second).verdict
    assert (verdict.pictures, [each.path for each in verdict.disagreements]) == (2, ["val/1.png"])
    assert verdict.remarks[1] == (
        "They were judged on 3 and 2 pictures; only the 2 that both were given are compared."
    )


def test_the_same_names_in_another_folder_are_the_same_pictures_only_if_all_are(tmp_path: Path) -> None:
    moved = two(tmp_path / "moved", {"answers": sure(0, 1)}, {"answers": sure(0, 0), "root": "/elsewhere"})
    assert moved.verdict.pictures == 2
    other = two(tmp_path / "other", {"answers": sure(0, 1)}, {"answers": sure(0, 0, 0), "root": "/elsewhere"})
    assert other.verdict.p is None


def test_a_run_without_answers_has_its_settings_and_figures_compared(tmp_path: Path) -> None:
    first, second = draw_run(tmp_path / "a", sure(0)), draw_run(tmp_path / "b", sure(1), seed=1)
    (second.folder / LAST_PREDICTIONS).unlink()
    diff = diff_of(first, second)
    assert diff.verdict.words == "There are no answers of both runs to compare picture by picture."
    assert "Seed" in told(diff)
    assert diff.figures


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    first, second = draw_run(tmp_path / "a", sure(0)), draw_run(tmp_path / "b", sure(0))
    (second.folder / LAST_PREDICTIONS).write_text("years of work\n")
    with pytest.raises(FtguiError, match="is no table of predictions"):
        diff_of(first, second)


# Where they disagree ----------------------------------------------------------------------------------------


def test_pictures_that_one_alone_got_right_come_first_the_surest_mistake_first(tmp_path: Path) -> None:
    first = [(0, 0.9), (0, 0.6), (1, 0.8), (1, 0.7), (0, 0.9)]
    second = [(1, 0.6), (1, 0.95), (0, 0.99), (1, 0.7), (0, 0.9)]
    diff = answered(tmp_path, first, second, 0, 0, 0, 0, 0)
    assert [each.path for each in diff.verdict.disagreements] == ["val/1.png", "val/2.png", "val/0.png"]
    assert diff.verdict.disagreements[0] == Disagreement(
        "val/1.png", "ants", Answer("ants", 0.6, True), Answer("bees", 0.95, False)
    )
    assert [each.only_right for each in diff.verdict.disagreements] == ["first", "second", "first"]


def test_where_both_are_wrong_comes_last(tmp_path: Path) -> None:
    first, second = (draw_run(tmp_path / name, sure(0, 0)) for name in "ab")
    header = "path,label,predicted,probability\n"
    (first.folder / LAST_PREDICTIONS).write_text(f"{header}x,ants,bees,0.99\ny,ants,ants,0.6\n")
    (second.folder / LAST_PREDICTIONS).write_text(f"{header}x,ants,wasps,0.98\ny,ants,bees,0.5\n")
    found = diff_of(first, second).verdict.disagreements
    assert [(each.path, each.only_right) for each in found] == [("y", "first"), ("x", "")]


def test_pictures_are_looked_for_where_one_of_the_runs_has_them_still(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    diff = two(
        tmp_path,
        {"answers": sure(0, 1), "root": str(tmp_path / "gone")},
        {"answers": sure(0, 0), "root": str(here)},
    )
    assert diff.root == here


def test_real_runs_of_two_strategies_differ_in_what_they_were_asked(
    finished: dict[str, Finished], tmp_path: Path
) -> None:
    from ftgui.runs.history import open_run

    first, second = (
        open_run(Path(shutil.copytree(finished[name].folder, tmp_path / name)))
        for name in ("partial", "full")
    )
    diff = diff_of(first, second)
    assert told(diff) == {
        "Strategy": ("Freeze up to a stage", "Everything learns"),
        "Frozen up to": (diff.settings[1].first, "–"),
    }
    assert diff.verdict.pictures == first.started.val_pictures  # type: ignore[union-attr]
    assert diff.root.is_dir()
