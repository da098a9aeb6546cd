"""What is held equal, from nothing but the files of runs that knew nothing of each other.

Each strategy is trained by a program of its own, and its raw lines are read: no part of ftgui's is asked.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ftgui.freezing.strategies import STRATEGIES
from ftgui.training.checkpoint import BEST
from tests.fixtures import FP32, SMALL, Drawn, run_small
from tests.harness.process import run_ftgui

FIRST = 50
"""Batches that are told."""

AT_ONCE = 2
"""Programs; each computes on one thread."""


class Begun(NamedTuple):
    """How a run began."""

    head: str
    """The hash of the output layer's weights at step 0."""
    batches: list[tuple[list[int], list[int]]]
    """The first batches: the pictures of each, and the view of each picture."""


@pytest.fixture
def small(drawn: Drawn, tmp_path: Path) -> Drawn:
    """The same pictures, and weights beside which it stands that they see them small."""
    run_small(drawn.config(epochs=1), tmp_path / "before")
    return Drawn(drawn.data, tmp_path / "before" / BEST)


def train(drawn: Drawn, out: Path, strategy: str, seed: int) -> Begun:
    """Train in a program of its own; return what the lines of its ``events.jsonl`` say."""
    wanted = ("--strategy", strategy, "--seed", str(seed), "--split-seed", "0", "--augment", "flip")
    short = ("--epochs", "5", "--batch-size", "2", "--device", "cpu", *FP32)
    files = (str(drawn.data), "--weights", str(drawn.weights), "--out", str(out))
    done = run_ftgui("train", *files, *wanted, *short, OMP_NUM_THREADS="1")
    assert (done.returncode, done.stderr) == (0, "")
    lines = (out / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events: list[dict[str, Any]] = [json.loads(line) for line in lines]
    (started,) = (event for event in events if event["event"] == "run_started")
    assert (started["config"]["strategy"], started["config"]["seed"]) == (strategy, seed)
    assert started["preprocessing"]["crop"] == SMALL.crop
    drawn_by_epoch = [event for event in events if event["event"] == "batches_drawn"]
    assert [event["epoch"] for event in drawn_by_epoch] == list(range(1, len(drawn_by_epoch) + 1))
    batches = [
        (pictures, views)
        for event in drawn_by_epoch
        for pictures, views in zip(event["pictures"], event["views"], strict=True)
    ]
    return Begun(started["head_sha256"], batches)


@pytest.mark.long
def test_every_strategy_begins_with_the_same_head_and_batches_in_a_process_of_its_own(
    small: Drawn, tmp_path: Path
) -> None:
    assert set(STRATEGIES) == {"freeze", "lr-zero", "small-lr", "partial", "thaw", "full", "scratch"}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [*((strategy, 0) for strategy in STRATEGIES), ("freeze", 1)]
        *begun, other = pool.map(lambda run: train(small, tmp_path / f"{run[0]}-{run[1]}", *run), asked)
    first = begun[0]
    assert len(first.head) == 64
    assert len(first.batches) == FIRST
    assert {len(pictures) for pictures, _ in first.batches} == {2}
    assert {view for _, views in first.batches for view in views} == {0, 1}
    assert dict.fromkeys(STRATEGIES, first) == dict(zip(STRATEGIES, begun, strict=True))
    assert other.head != first.head
    assert len(other.batches) == FIRST
    assert [pictures for pictures, _ in other.batches] != [pictures for pictures, _ in first.batches]
    assert [views for _, views in other.batches] != [views for _, views in first.batches]
