"""What moves, bit for bit, in every way of fine-tuning, beside sets that are written down here by hand.

Nothing here asks the plan what it lets move: networks, groups and sets are spelled out from torchvision's own
names. The real trainer then runs three epochs, and whatever differs in the end has moved.
"""

from __future__ import annotations

import copy
import functools
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ftgui.training import schedules
from ftgui.training.config import TrainConfig
from tests.freezing.training import (
    Learned,
    Network,
    assert_features_vary,
    differing,
    learn,
    stores,
)
from tests.freezing.training import folder as folder

SIZE = 32
EPOCHS, THAW = 3, 3
STRATEGIES = ("freeze", "small-lr", "partial", "thaw", "full", "lr-zero", "scratch")
NORMS = ("locked", "adapt", "trainable")
LR = {"sgd": 0.02, "adamw": 0.002}
FALLING = {"constant": (1, 1, 1), "step": (1, 0.1, 0.01), "cosine": (1, 0.75, 0.25)}
"""The learning rate of each epoch, ``step`` taking its step after each."""


@dataclass(frozen=True)
class Names:
    """One architecture's entries by hand: patterns that each match a whole name."""

    line: str
    """``--freeze-until``: the last stage that ``partial`` keeps."""
    early: str
    """Begins every name up to the line."""
    late: str
    """Begins every name from there to the output layer."""
    convolution: str
    norm: str
    """Together with ``.weight`` or a statistic's name this ends the name of a BatchNorm's entry."""
    output: str
    sizes: dict[str, int]
    """How many names each group has, counted by hand."""

    @property
    def groups(self) -> dict[str, str]:
        scale, statistic = r"\.(weight|bias)", r"\.(running_mean|running_var|num_batches_tracked)"
        return {
            "early convolutions": self.early + self.convolution + r"\.weight",
            "early scales": self.early + self.norm + scale,
            "early statistics": self.early + self.norm + statistic,
            "late convolutions": self.late + self.convolution + r"\.weight",
            "late scales": self.late + self.norm + scale,
            "late statistics": self.late + self.norm + statistic,
            "output": self.output + r"\.(weight|bias)",
        }


BY_HAND = {
    "resnet18": Names(
        line="layer2",
        early=r"(layer[12]\.[01]\.|)",
        late=r"layer[34]\.[01]\.",
        convolution=r"(conv[12]|downsample\.0)",
        norm=r"(bn[12]|downsample\.1)",
        output="fc",
        sizes={  # the stem, 4 in layer1 and 5 in each of the others
            "early convolutions": 10,
            "early scales": 20,
            "early statistics": 30,
            "late convolutions": 10,
            "late scales": 20,
            "late statistics": 30,
            "output": 2,
        },
    ),
    "mobilenet_v2": Names(
        line="features.4-6",
        early=r"features\.(?=[0-6]\.)",
        late=r"features\.(?=([789]|1[0-8])\.)",
        # the first and last layer; the first block, of two convolutions; the others, of three
        convolution=r"((0|18)\.0|1\.conv\.(0\.0|1)|([2-9]|1[0-7])\.conv\.([01]\.0|2))",
        norm=r"((0|18)\.1|1\.conv\.(0\.1|2)|([2-9]|1[0-7])\.conv\.([01]\.1|3))",
        output=r"classifier\.1",
        sizes={  # 1 + 2 + 5 blocks of 3 up to the line; 11 of 3 and 1 after it
            "early convolutions": 18,
            "early scales": 36,
            "early statistics": 54,
            "late convolutions": 34,
            "late scales": 68,
            "late statistics": 102,
            "output": 2,
        },
    ),
}

EARLY = {"early convolutions", "early scales", "early statistics"}
LATE = {"late convolutions", "late scales", "late statistics"}
ALL = EARLY | LATE | {"output"}
STATISTICS = {"early statistics", "late statistics"}
SCALES = {"early scales", "late scales"}

MOVES: dict[tuple[str, str], set[str]] = {
    ("freeze", "locked"): {"output"},
    ("freeze", "adapt"): {"output"} | STATISTICS,
    ("freeze", "trainable"): {"output"} | STATISTICS | SCALES,
    ("lr-zero", "locked"): {"output"},
    ("lr-zero", "adapt"): {"output"} | STATISTICS,
    ("lr-zero", "trainable"): {"output"} | STATISTICS | SCALES,
    ("partial", "locked"): {"output"} | LATE,
    ("partial", "adapt"): {"output"} | LATE | {"early statistics"},
    ("partial", "trainable"): {"output"} | LATE | {"early statistics", "early scales"},
    ("small-lr", "locked"): ALL,
    ("small-lr", "adapt"): ALL,
    ("small-lr", "trainable"): ALL,
    ("thaw", "locked"): ALL,
    ("thaw", "adapt"): ALL,
    ("thaw", "trainable"): ALL,
    ("full", "locked"): ALL,
    ("full", "adapt"): ALL,
    ("full", "trainable"): ALL,
    ("scratch", "locked"): ALL,
    ("scratch", "adapt"): ALL,
    ("scratch", "trainable"): ALL,
}
"""What each strategy moves under each policy for norms that stay. Where a stage learns, so do its norms."""

BEFORE_THE_THAW: dict[str, set[str]] = {
    "locked": {"output"},
    "adapt": {"output"} | STATISTICS,
    "trainable": {"output"} | STATISTICS | SCALES,
}

SHARES: dict[str, tuple[float | None, float | None]] = {
    "freeze": (None, None),
    "lr-zero": (0, 0),
    "partial": (None, 1),
    "small-lr": (0.1, 0.1),
    "thaw": (0.1, 0.1),
    "full": (1, 1),
    "scratch": (1, 1),
}
"""The learning rate of the early and the late convolutions beside the head's. None: in no optimizer."""

EVERY_RUN = list(itertools.product(BY_HAND, STRATEGIES, NORMS, LR, FALLING))
OFTEN = ("sgd", "cosine")
"""The optimizer and the schedule with which all else is tried in every run of the tests."""
CASES = [pytest.param(*names, marks=[] if names[3:] == OFTEN else [pytest.mark.long]) for names in EVERY_RUN]


@functools.cache
def network(folder: Path, architecture: str) -> Network:
    return Network(folder, architecture, SIZE)


def names_in(groups: Iterable[str], architecture: str, all_names: Iterable[str]) -> set[str]:
    names = tuple(all_names)
    return set().union(*(_names_in_one(group, architecture, names) for group in groups))


@functools.cache
def _names_in_one(group: str, architecture: str, all_names: tuple[str, ...]) -> frozenset[str]:
    pattern = BY_HAND[architecture].groups[group]
    return frozenset(name for name in all_names if re.fullmatch(pattern, name))


def run(folder: Path, architecture: str, **settings: Any) -> Learned:
    """Train for three epochs of two batches of four, with all that could move a weight."""
    settings = {"epochs": EPOCHS, "batch_size": 4, "weight_decay": 0.1} | settings
    return learn(network(folder, architecture), stores(folder, SIZE, train=8, val=4), **settings)


@pytest.mark.parametrize("architecture", BY_HAND)
def test_the_groups_written_by_hand_share_out_every_entry(folder: Path, architecture: str) -> None:
    by_hand, all_names = BY_HAND[architecture], list(network(folder, architecture).file.entries)
    groups = {group: names_in({group}, architecture, all_names) for group in by_hand.groups}
    assert {group: len(names) for group, names in groups.items()} == by_hand.sizes
    assert sorted(name for names in groups.values() for name in names) == sorted(all_names)


def test_all_seven_strategies_and_three_policies_are_written_down() -> None:
    assert set(MOVES) == set(itertools.product(STRATEGIES, NORMS))
    assert len(EVERY_RUN) == 2 * 7 * 3 * 2 * 3


@pytest.mark.parametrize(("strategy", "training"), [("freeze", False), ("full", True), ("scratch", True)])
@pytest.mark.parametrize("architecture", BY_HAND)
def test_the_networks_tell_pictures_apart(
    folder: Path, architecture: str, strategy: str, training: bool
) -> None:
    """Or what stays in them would stay for want of anything to learn.

    Random weights do so in training alone, where BatchNorm goes by the batch: they have no statistics yet.
    """
    config = TrainConfig(dataset="", weights="", strategy=strategy)
    model = copy.deepcopy(network(folder, architecture).initial(config)).train(training)
    assert_features_vary(model, stores(folder, SIZE, train=8, val=4).normalised(range(4), val=True))


@pytest.mark.parametrize("architecture", BY_HAND)
def test_scratch_does_not_start_from_the_file(folder: Path, architecture: str) -> None:
    random = network(folder, architecture).initial(TrainConfig(dataset="", weights="", strategy="scratch"))
    file = dict(network(folder, architecture).file.entries)
    output = names_in({"output"}, architecture, file)
    start = {name: tensor for name, tensor in random.state_dict().items() if name not in output}
    unlike = differing(start, {name: file[name] for name in start})
    assert unlike >= names_in({"early convolutions", "late convolutions"} | STATISTICS, architecture, file)


@pytest.mark.parametrize(("architecture", "strategy", "norm", "optimizer", "schedule"), CASES)
def test_just_what_is_planned_moves(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    architecture: str,
    strategy: str,
    norm: str,
    optimizer: str,
    schedule: str,
) -> None:
    monkeypatch.setattr(schedules, "STEP_EPOCHS", 1)
    own = {"freeze_until": BY_HAND[architecture].line} if strategy == "partial" else {}
    own |= {"thaw_epoch": THAW} if strategy == "thaw" else {}
    settings = {"norm": norm, "optimizer": optimizer, "lr": LR[optimizer], "schedule": schedule}
    keep = range(1, THAW) if strategy == "thaw" else ()
    learned = run(folder, architecture, strategy=strategy, keep=keep, **settings, **own)
    planned = names_in(MOVES[strategy, norm], architecture, learned.start)
    moved = learned.moved()
    parameters = {name for name, _ in learned.trainer.model.named_parameters()}
    assert moved - planned == set(), "these moved, and were to stay"
    assert (planned & learned.with_gradient) - moved == set(), "these had gradients, and did not move"
    assert planned - parameters - moved == set(), "these are statistics that were to follow the pictures"
    assert learned.with_gradient == planned & parameters, "what learns had gradients, so nothing is left out"
    assert learned.trainer.applied.moving_entries() == planned, "and the plan says so"
    assert_rates(learned, architecture, strategy, [LR[optimizer] * f for f in FALLING[schedule]])
    if strategy == "thaw":
        waiting = names_in(BEFORE_THE_THAW[norm], architecture, learned.start)
        assert [learned.moved(epoch) for epoch in range(1, THAW)] == [waiting] * (THAW - 1)
        stayed = [len(learned.start) - len(waiting)] * (THAW - 1) + [0] * (EPOCHS + 1 - THAW)
        assert [epoch.frozen_tensors for epoch in learned.ended] == stayed
    else:
        stayed = [len(learned.start) - len(planned)] * EPOCHS
        assert [epoch.frozen_tensors for epoch in learned.ended] == stayed


def assert_rates(learned: Learned, architecture: str, strategy: str, of_head: list[float]) -> None:
    """Hold the learning rates of every step, two an epoch, against those of the head and ``SHARES``."""
    assert [epoch.lr for epoch in learned.ended] == pytest.approx(of_head)
    assert len(learned.rates) == 2 * EPOCHS
    early, late = SHARES[strategy]
    shares = {"early convolutions": early, "late convolutions": late, "output": 1}
    for step, rates in enumerate(learned.rates):
        # what joins late warms up over its first epoch
        ramp = (0, 0, 0, 0, 0.5, 1)[step] if strategy == "thaw" else 1
        expected = {
            name: of_head[step // 2] * share * (1 if group == "output" else ramp)
            for group, share in shares.items()
            if share is not None
            for name in names_in({group}, architecture, learned.start)
        }
        weights = names_in(set(shares), architecture, learned.start)
        assert {name: rate for name, rate in rates.items() if name in weights} == pytest.approx(expected)
