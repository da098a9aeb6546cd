"""Figures and choices as people say them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftgui.core.errors import FtguiError
from ftgui.freezing.plan import NormPolicy
from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui.words import (
    best_words,
    count_words,
    counted,
    cut,
    duration_words,
    is_over,
    measured,
    percent_words,
    progress_words,
    short_title,
    strategy_words,
    what_moves,
)
from ftgui.runs.history import RunHistory, RunState
from ftgui.training.config import TrainConfig
from ftgui.training.events import Reason, TrainingEvent
from tests.gui.scripted import STAGES, batch, ended, epoch, phase, started


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0.0 s"),
        (5.42, "5.4 s"),
        (9.94, "9.9 s"),
        (9.97, "10 s"),
        (38.4, "38 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (192.0, "3 min 12 s"),
        (3599.7, "1 h 0 min"),
        (3840.0, "1 h 4 min"),
        (90_000.0, "25 h 0 min"),
    ],
)
def test_durations_are_as_exact_as_anybody_wants(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0"),
        (1026, "1,026"),
        (9999, "9,999"),
        (12_400, "12.4 k"),
        (999_960, "1.0 M"),
        (11_177_538, "11.2 M"),
    ],
)
def test_counts_are_short(count: int, words: str) -> None:
    assert count_words(count) == words


def test_counts_and_shares_are_written_one_way() -> None:
    assert [counted(n, "epoch", "epochs") for n in (0, 1, 2, 1000)] == [
        "0 epochs",
        "1 epoch",
        "2 epochs",
        "1,000 epochs",
    ]
    assert [percent_words(share) for share in (0.0, 0.2, 0.355)] == ["0 %", "20 %", "36 %"]


def test_only_a_name_that_is_too_long_is_cut() -> None:
    assert cut("x" * 24) == "x" * 24
    assert cut("x" * 25) == "x" * 23 + "…"


@pytest.mark.parametrize(
    ("events", "paused", "stopping", "words"),
    [
        ((), False, False, "getting ready …"),
        ((), True, False, "getting ready … · paused"),
        ((phase("reading weights", 0, 1),), False, False, "reading weights …"),
        ((phase("decoding pictures", 3, 8),), False, False, "decoding pictures 3 of 8"),
        ((phase("decoding pictures", 8, 8),), False, False, "getting ready …"),
        (
            (started(), batch(1, 2)),
            False,
            False,
            "epoch 1 of 10 · 4.0 s left · batch 2 of 2 · 312 pictures/s",
        ),
        ((started(), batch(1, 2)), True, False, "epoch 1 of 10 · paused · batch 2 of 2 · 312 pictures/s"),
        ((started(), batch(1, 2)), True, True, "stopping after this batch …"),
        ((started(), batch(1, 2), ended(Reason.STOPPED, "Stopped.")), False, True, "Stopped."),
    ],
)
def test_the_progress_line_says_where_the_run_stands(
    events: tuple[TrainingEvent, ...], paused: bool, stopping: bool, words: str
) -> None:
    assert progress_words(_history(*events), paused, stopping) == words


def test_the_best_epoch_is_the_last_that_was_a_best_one() -> None:
    assert best_words(_history()) == ""
    history = _history(started(), epoch(1, 0.7), epoch(2, 0.9281), epoch(3, 0.8, is_best=False))
    assert best_words(history) == "best 0.928 (0.86 – 0.96) of 100 at epoch 2"


def test_a_strategy_is_named_with_what_is_special_about_it() -> None:
    config = TrainConfig(dataset="", weights="", strategy="small-lr", backbone_lr_mult=0.025)
    assert strategy_words(config) == "Small learning rate × 0.025"
    assert what_moves(config) == "Extractor at × 0.025, output layer at × 1"
    partial = TrainConfig(dataset="", weights="", strategy="partial", freeze_until="layer3")
    assert strategy_words(partial) == "Freeze up to layer3"
    thaw = TrainConfig(dataset="", weights="", strategy="thaw")
    assert strategy_words(thaw) == "Thaw at epoch 5"
    slow = TrainConfig(dataset="", weights="", strategy="thaw", thaw_epoch=3, backbone_lr_mult=0.05)
    assert strategy_words(slow) == "Thaw at epoch 3, × 0.05"
    scratch = TrainConfig(dataset="", weights="", strategy="scratch")
    assert strategy_words(scratch) == "From scratch"
    random = TrainConfig(dataset="", weights="", strategy="full", init="random")
    assert strategy_words(random) == "Everything learns, random weights"


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_has_words_whatever_is_known(name: str) -> None:
    config = TrainConfig(dataset="", weights="", strategy=name)
    for words in (
        what_moves(config),
        what_moves(config, config.plan(STAGES)),
        strategy_words(config),
        short_title(name),
    ):
        assert words
        assert "{" not in words
        assert len(words) < 70


@pytest.mark.parametrize(
    ("freeze_until", "words"),
    [
        (None, "layer2 and head learn"),
        ("layer2", "Only the new output layer learns"),
        ("layer1", "layer2 and head learn"),
        ("stem", "layer1 to head learn"),
    ],
)
def test_the_stages_behind_the_ice_line_are_named(freeze_until: str | None, words: str) -> None:
    config = TrainConfig(dataset="", weights="", strategy="partial", freeze_until=freeze_until)
    assert what_moves(config, config.plan(STAGES)) == words


def test_rates_that_the_user_gave_are_told_of_wherever_the_strategy_is() -> None:
    def words(**stage_lr: float) -> tuple[str, str]:
        config = TrainConfig(dataset="", weights="", stage_lr=stage_lr)
        return what_moves(config, config.plan(STAGES)), strategy_words(config)

    assert words(layer2=0.5) == (
        "Only the new output layer learns; set by you: layer2 ×\u00a00.5",
        "Freeze extractor; set by you: layer2 ×\u00a00.5",
    )
    assert words(stem=0.0, layer1=0.1, layer2=0.5)[1] == "Freeze extractor; set by you: the rates of 3 stages"
    partial = TrainConfig(dataset="", weights="", strategy="partial", stage_lr={"stem": 0.5})
    assert what_moves(partial, partial.plan(STAGES)).startswith("stem, layer2 and head learn; set by you")


def test_what_was_not_measured_is_not_told() -> None:
    def broken(_name: str) -> str:
        raise FtguiError("There is no such file.")

    assert measured(broken, "freeze") == ""
    assert measured({"freeze": "Measured."}.__getitem__, "thaw") == ""
    assert measured({"freeze": "Measured."}.__getitem__, "freeze") == "Measured."


def test_what_frozen_norms_do_is_said_where_there_are_any() -> None:
    def words(strategy: str, norm: NormPolicy) -> str:
        return what_moves(TrainConfig(dataset="", weights="", strategy=strategy, norm=norm))

    assert words("freeze", "adapt").endswith("learns; frozen norms follow your pictures")
    assert words("lr-zero", "trainable").endswith("; frozen norms learn")
    assert words("full", "trainable") == words("full", "locked")
    for name in ("partial", "thaw"):
        assert words(name, "adapt").endswith("; frozen norms follow your pictures")
    thawed = TrainConfig(dataset="", weights="", strategy="small-lr", stage_lr={"stem": 0.0}, norm="adapt")
    assert what_moves(thawed, thawed.plan(STAGES)).endswith("; frozen norms follow your pictures")
    adapting = TrainConfig(dataset="", weights="", norm="adapt")
    assert strategy_words(adapting) == "Freeze extractor; frozen norms follow your pictures"


def test_a_run_is_over_once_it_neither_prepares_nor_trains() -> None:
    over = {state: is_over(RunHistory("", Path(), state)) for state in RunState}
    assert [state for state in RunState if not over[state]] == [RunState.PREPARING, RunState.TRAINING]


def _history(*events: TrainingEvent) -> RunHistory:
    history = RunHistory("freeze", Path("run"))
    for event in events:
        history.apply(event)
    return history
