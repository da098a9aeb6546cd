"""What had to be the same in all runs of a comparison, and whether it was, by what they say themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from ftgui.data.dataset import Picture
from ftgui.runs.held_equal import OWN, Evidence, held_equal
from ftgui.runs.results import HeldEqual
from ftgui.runs.store import SplitFile
from ftgui.training.config import TrainConfig
from ftgui.training.events import BatchesDrawn
from tests.training.test_events import STARTED

SPLIT = SplitFile(
    root="/photos",
    class_names=("ants", "bees"),
    train=(Picture("a.jpg", 0), Picture("b.jpg", 1)),
    val=(Picture("c.jpg", 0),),
)
FIRST = BatchesDrawn(epoch=1, pictures=((0, 1), (2,)), views=((0, 1), (1,)))
SECOND = BatchesDrawn(epoch=2, pictures=((1, 2), (0,)), views=((1, 1), (0,)))
EVERYTHING = (
    "Split",
    "Weights file",
    "New output layer",
    "Pictures in order",
    "Epochs",
    "Batch size",
    "Other settings",
    "Device",
    "Arithmetic",
    "Threads",
)


def run(
    *drawn: BatchesDrawn, split: SplitFile = SPLIT, config: dict[str, Any] | None = None, **changes: Any
) -> Evidence:
    """Return a run that says what all do, but for some changes."""
    replace = msgspec.structs.replace
    shown = {each.epoch: each for each in drawn or (FIRST, SECOND)}
    settings = replace(STARTED.config, **(config or {}))
    started = replace(STARTED, **{"head_sha256": "cd" * 32, "config": settings} | changes)
    return Evidence(started, split, shown)


def without_batches(**changes: Any) -> Evidence:
    """Return a run of an ftgui that did not tell them yet."""
    told = run(**changes)
    return Evidence(told.started, told.split)


def facts(*runs: Evidence) -> dict[str, HeldEqual]:
    return {held.what: held for held in held_equal(runs)}


def unequal(*runs: Evidence) -> list[str]:
    return [held.what for held in held_equal(runs) if not held.equal]


def test_what_is_looked_at_has_an_order() -> None:
    assert tuple(held.what for held in held_equal([run(), run()])) == EVERYTHING
    assert unequal(run(), run(), run()) == []


def test_of_no_run_nothing_is_said() -> None:
    assert held_equal([]) == ()


def test_one_run_alone_is_equal_to_itself() -> None:
    assert unequal(run()) == []


# The pictures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"train": SPLIT.train[:1]},
        {"train": SPLIT.train[::-1]},
        {"train": (Picture("a.jpg", 1), Picture("b.jpg", 1))},
        {"val": (Picture("d.jpg", 0),)},
        {"train": SPLIT.val, "val": SPLIT.train},
        {"class_names": ("bees", "ants")},
        {"class_names": ("ants", "wasps")},
    ],
    ids=[
        "fewer",
        "another order",
        "another class",
        "other pictures",
        "sides swapped",
        "class order",
        "class",
    ],
)
def test_another_split_is_not_the_same(change: dict[str, Any]) -> None:
    other = msgspec.structs.replace(SPLIT, **change)
    assert unequal(run(), run(), run(split=other)) == ["Split"]
    assert unequal(run(split=other), run(), run()) == ["Split"]


def test_the_same_pictures_in_a_folder_that_was_moved_are_the_same() -> None:
    moved = msgspec.structs.replace(SPLIT, root="/elsewhere")
    assert unequal(run(), run(split=moved, config={"dataset": "/elsewhere"})) == ["Other settings"]


# A seed's own ----------------------------------------------------------------------------------------------


def test_runs_of_one_seed_begin_with_one_output_layer_and_those_of_another_need_not() -> None:
    other: dict[str, Any] = {"config": {"seed": 1}, "head_sha256": "ef" * 32}
    assert unequal(run(), run(**other), run(), run(**other)) == []
    assert unequal(run(), run(**other), run(head_sha256="ef" * 32)) == ["New output layer"]
    assert unequal(run(), run(**other), run(), run(**other | {"head_sha256": "01" * 32})) == [
        "New output layer"
    ]


def test_runs_of_one_seed_show_the_same_pictures_and_those_of_another_need_not() -> None:
    other = msgspec.structs.replace(FIRST, pictures=((2, 1), (0,)))
    assert unequal(run(FIRST), run(other, config={"seed": 1})) == []
    assert unequal(run(FIRST), run(other)) == ["Pictures in order"]


@pytest.mark.parametrize(
    "change", [{"pictures": ((1, 0), (2,))}, {"views": ((1, 1), (1,))}], ids=["pictures", "views"]
)
def test_another_order_or_another_view_in_any_epoch_is_not_the_same(change: dict[str, Any]) -> None:
    for epoch in (FIRST, SECOND):
        other = msgspec.structs.replace(epoch, **change)
        rest = SECOND if epoch is FIRST else FIRST
        assert unequal(run(), run(), run(other, rest)) == ["Pictures in order"]


def test_a_run_that_was_cut_off_is_compared_as_far_as_it_got() -> None:
    assert unequal(run(), run(FIRST)) == []
    assert unequal(run(FIRST), run()) == []
    assert facts(run(), run(FIRST))["Pictures in order"].value.startswith("the first 2 batches of each seed")
    assert facts(run(), run())["Pictures in order"].value.startswith("the first 4 batches of each seed")


def test_what_a_third_run_shows_later_is_compared_with_the_second_though_the_first_was_cut_off() -> None:
    other = msgspec.structs.replace(SECOND, views=((0, 0), (0,)))
    assert unequal(run(FIRST), run(), run(FIRST, other)) == ["Pictures in order"]


# Of an older ftgui -----------------------------------------------------------------------------------------


def test_runs_that_all_tell_no_output_layer_and_no_batches_are_equal_in_what_they_tell() -> None:
    old = without_batches(head_sha256="")
    assert unequal(old, old) == []


def test_a_run_that_tells_no_batches_does_not_make_the_others_unequal() -> None:
    assert unequal(run(), without_batches()) == []
    assert unequal(without_batches(), run()) == []


def test_an_output_layer_that_one_run_does_not_tell_is_not_called_the_same() -> None:
    """Nobody can tell whether it was; but for a run of another seed it does not matter."""
    assert unequal(run(), run(head_sha256="")) == ["New output layer"]
    assert unequal(run(), run(head_sha256="", config={"seed": 1})) == []


# The rest --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("Weights file", {"weights_sha256": "00" * 32}),
        ("Epochs", {"config": {"epochs": 11}}),
        ("Batch size", {"config": {"batch_size": 33}}),
        ("Other settings", {"config": {"augment": "none"}}),
        ("Other settings", {"config": {"norm": "adapt"}}),
        ("Other settings", {"config": {"exclude": ("a.jpg",)}}),
        ("Other settings", {"config": {"val_fraction": 0.3}}),
        ("Device", {"device": "cuda"}),
        ("Arithmetic", {"precision": "bf16"}),
        ("Arithmetic", {"layout": "contiguous"}),
        ("Threads", {"threads": 3}),
    ],
)
def test_what_differs_is_told_whichever_run_differs(what: str, changes: dict[str, Any]) -> None:
    other = run(**changes)
    for runs in ((other, run(), run()), (run(), other, run()), (run(), run(), other)):
        assert what in unequal(*runs)
        assert facts(*runs)[what].value.startswith("not the same")


@pytest.mark.parametrize(
    "own",
    [
        {"strategy": "small-lr", "backbone_lr_mult": 0.5},
        {"strategy": "thaw", "thaw_epoch": 3},
        {"strategy": "partial", "freeze_until": "layer2"},
        {"strategy": "scratch", "init": "random"},
        {"lr": 0.5},
    ],
    ids=lambda own: next(iter(own.values())),
)
def test_what_is_a_strategys_own_may_differ(own: dict[str, Any]) -> None:
    assert unequal(run(), run(config=own)) == []


def test_every_setting_that_may_differ_is_one() -> None:
    """A setting that is renamed would be forgotten here without anybody noticing."""
    assert {field.name for field in msgspec.structs.fields(TrainConfig)} >= OWN


def test_settings_that_are_not_the_usual_ones_are_told_in_words() -> None:
    assert facts(run())["Other settings"].value == "the defaults"
    config = {"augment": "standard", "momentum": 0.5, "seed": 3, "epochs": 2, "lr": 0.5}
    said = facts(run(config=config))["Other settings"].value
    assert said.split(", ") == ["momentum 0.5", "augmentation standard"]


def test_values_are_those_of_the_runs() -> None:
    held = facts(run())
    assert held["Split"].value == "80 pictures to learn from, 20 to judge on"
    assert held["Weights file"].value == STARTED.weights_sha256[:12]
    assert (held["Epochs"].value, held["Batch size"].value, held["Threads"].value) == (
        "10",
        "32",
        "2; a small output layer alone learns on one, which is faster",
    )
    assert (held["Device"].value, held["Arithmetic"].value) == ("cpu", STARTED.arithmetic)


def test_runs_that_stopped_early_are_not_said_to_have_trained_as_long_as_all() -> None:
    def stopped(*epochs: int | None, early_stop: int | None = 2) -> HeldEqual:
        asked = run(config={"early_stop": early_stop})
        return facts(*[replace(asked, epochs=count) for count in epochs])["Epochs"]

    assert stopped(10, 10, None) == HeldEqual(what="Epochs", value="10", equal=True)
    rule = "at most 10, by one rule for stopping early: "
    assert stopped(3, 10, None) == HeldEqual(what="Epochs", value=f"{rule}3 to 10 were trained", equal=True)
    assert stopped(4, 4).value == f"{rule}4 were trained"
    assert stopped(4, None, early_stop=None).value == "10", "a run that broke"


def test_one_thread_or_a_gpu_has_no_more_to_say() -> None:
    assert facts(run(threads=1))["Threads"].value == "1"
    assert facts(run(device="cuda"))["Threads"].value == "2"


# What computed it ------------------------------------------------------------------------------------------


def computed_by(name: str, device: str = "cpu", **versions: str) -> Evidence:
    return replace(run(device=device), name=name, versions=versions)


def test_another_pytorch_is_told_with_a_run_of_each() -> None:
    runs = [computed_by("a", torch="2.5"), computed_by("b", torch="2.6"), computed_by("c", torch="2.6")]
    held = facts(*runs)["PyTorch"]
    assert not held.equal
    assert held.value == "not the same in all runs: 2.5 in a and 2.6 in b"
    assert facts(*runs[1:])["PyTorch"] == HeldEqual(what="PyTorch", value="2.6", equal=True)


def test_another_computer_is_told_by_what_computed() -> None:
    mine, yours = {"processor": "Ryzen", "gpu": "H100"}, {"processor": "Xeon", "gpu": "H100"}
    assert unequal(computed_by("a", **mine), computed_by("b", **yours)) == ["Computer"]
    assert unequal(computed_by("a", "cuda", **mine), computed_by("b", "cuda", **yours)) == []
    assert facts(computed_by("a", "cuda", **mine))["Computer"].value == "H100"


def test_what_older_runs_and_those_that_go_on_do_not_say_is_not_held_against_them() -> None:
    assert unequal(computed_by("a", torch="2.5"), computed_by("b")) == []
    assert "PyTorch" not in facts(computed_by("a"), computed_by("b"))


def test_what_was_found_out_for_the_first_run_and_told_to_the_others_is_the_same() -> None:
    asked = {"device": "auto", "precision": "auto", "layout": "auto"}
    assert unequal(run(config=asked), run(config={"device": "cpu", "precision": "fp32"})) == []
