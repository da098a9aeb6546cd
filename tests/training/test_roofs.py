"""How fast this computer is at best: measured aside, once, leaving everything as it was."""

from __future__ import annotations

import copy
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from ftgui.core.settings import recall, remember
from ftgui.data.dataset import Picture
from ftgui.training import roofs as roofs_module
from ftgui.training.clock import RunClock
from ftgui.training.kept import FeaturePlace
from ftgui.training.passages import Caching, Passages
from ftgui.training.precision import Arithmetic
from ftgui.training.prefix import Prefix
from ftgui.training.roofs import Roofs
from tests.freezing.training import differing, state_of
from tests.training.small_passes import CPU, FEW_PIXELS, ROOM, draw, make_prefix, make_store, tiny_plan
from tests.training.small_passes import one_thread as one_thread

PICTURES = 6


@pytest.fixture
def pictures(tmp_path: Path) -> list[Picture]:
    return draw(tmp_path / "pictures", PICTURES)


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures went through a copy of a network in each step that was timed."""
    sizes: list[int] = []
    real = roofs_module.step_of

    def note(network: torch.nn.Module, arithmetic: Arithmetic) -> Any:
        step = real(network, arithmetic)

        def counted(inputs: torch.Tensor) -> Any:
            sizes.append(len(inputs))
            return step(inputs)

        return counted

    monkeypatch.setattr(roofs_module, "step_of", note)
    return sizes


@pytest.fixture
def forwards(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures went through frozen stages each time."""
    sizes: list[int] = []
    real = Prefix.forward

    def note(prefix: Prefix, pixels: torch.Tensor) -> torch.Tensor:
        sizes.append(len(pixels))
        return real(prefix, pixels)

    monkeypatch.setattr(Prefix, "forward", note)
    return sizes


def make(
    tmp_path: Path,
    pictures: list[Picture],
    strategy: str,
    caching: Caching | None = Caching(None, 0.5),  # noqa: B008
    arithmetic: Arithmetic = CPU,
) -> Passages:
    """Return ways through the tiny network, ready for the first epoch and in its modes."""
    applied, root = tiny_plan(strategy), tmp_path / "pictures"
    passages = Passages(
        applied,
        make_store(root, pictures, augment="flip"),
        make_store(root, pictures),
        arithmetic,
        "tiny",
        caching,
        Roofs("tiny", arithmetic, RunClock()),
    )
    for _ in passages.prepare(1, RunClock()):
        pass
    passages.at(1).network.train()
    applied.start_epoch(1)
    return passages


LEARNING = ("partial", "full")
"""Strategies in which more learns than the head, whose steps are too small to be measured."""


@pytest.mark.parametrize("strategy", LEARNING)
def test_measuring_steps_moves_no_weight_no_statistic_and_no_random_number(
    tmp_path: Path, pictures: list[Picture], strategy: str, works: list[int]
) -> None:
    """What it times has norms in train mode, and Dropout."""
    passages = make(tmp_path, pictures, strategy)
    model = passages.applied.model
    before, parts = state_of(model), [m.training for m in model.modules()]
    wanted = [p.requires_grad for p in model.parameters()]
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    rate = passages.step_roof(1, 4)
    assert torch.equal(torch.rand(4), expected)
    assert rate is not None
    assert rate > 0
    assert works == [4] * 4, "one warms up, three are timed"
    assert differing(before, state_of(model)) == set()
    assert [m.training for m in model.modules()] == parts
    assert [p.requires_grad for p in model.parameters()] == wanted
    assert all(p.grad is None for p in model.parameters())


def test_measuring_steps_is_measuring_something_that_would_move(
    tmp_path: Path, pictures: list[Picture]
) -> None:
    """Were it not on a copy, statistics would move: or the test above shows nothing."""
    passages = make(tmp_path, pictures, "full")
    before = state_of(passages.applied.model)
    step = roofs_module.step_of(passages.applied.model, CPU)
    step(passages.at(1).train.batch([0, 1, 2], [0, 0, 0]))
    assert {"stem.norm.running_mean", "middle.norm.running_var"} <= differing(
        before, state_of(passages.applied.model)
    )


def test_measuring_a_pass_moves_nothing_and_counts_nothing(
    tmp_path: Path, pictures: list[Picture], forwards: list[int]
) -> None:
    applied = tiny_plan()
    prefix, before = make_prefix(applied=applied), state_of(applied.model)
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    assert Roofs("tiny", CPU, RunClock()).of_pass(prefix, 5) > 0
    assert torch.equal(torch.rand(4), expected)
    assert forwards == [5] * 4
    assert differing(before, state_of(applied.model)) == set()


@pytest.mark.parametrize(
    "caching",
    [None, Caching(None, 0.5), Caching(None, 0.0)],
    ids=["live", "in memory", "kept nowhere"],
)
@pytest.mark.parametrize("strategy", LEARNING)
def test_what_is_measured_is_not_counted_as_the_runs_own(
    tmp_path: Path, pictures: list[Picture], strategy: str, caching: Caching | None
) -> None:
    """Or the first run on a computer would seem to compute more than the second."""
    passages = make(tmp_path, pictures, strategy, caching)
    before = passages.counters
    assert passages.step_roof(1, 4) is not None
    assert passages.counters == before


@pytest.mark.parametrize("strategy", LEARNING)
def test_no_more_pictures_are_measured_at_once_than_the_largest_batch_has(
    tmp_path: Path, pictures: list[Picture], strategy: str, works: list[int]
) -> None:
    """Six pictures make one batch of six, however large a batch might be: more may not fit into memory."""
    passages = make(tmp_path, pictures, strategy)
    rate = passages.step_roof(1, 4096)
    assert rate is not None
    assert max(works) <= PICTURES


def test_the_steps_of_the_head_alone_are_not_measured(
    tmp_path: Path, pictures: list[Picture], works: list[int]
) -> None:
    """They are a matrix product, beside which all that goes on around it takes longer."""
    assert make(tmp_path, pictures, "freeze").step_roof(1, 4) is None
    assert works == []


@pytest.mark.parametrize("strategy", LEARNING)
def test_it_is_remembered(tmp_path: Path, pictures: list[Picture], strategy: str, works: list[int]) -> None:
    first = make(tmp_path, pictures, strategy).step_roof(1, 4)
    assert len(works) == 4
    assert make(tmp_path, pictures, strategy).step_roof(1, 4) == first
    assert len(works) == 4


def test_a_pass_is_remembered(forwards: list[int]) -> None:
    first = Roofs("tiny", CPU, RunClock()).of_pass(make_prefix(), 5)
    assert Roofs("tiny", CPU, RunClock()).of_pass(make_prefix(), 5) == first
    assert len(forwards) == 4


def test_a_run_that_is_faster_than_its_roof_raises_it_for_those_after_it(forwards: list[int]) -> None:
    """The computer was busy with other things when it was measured."""
    roofs = Roofs("tiny", CPU, RunClock())
    measured = roofs.of_pass(make_prefix(), 5)
    assert roofs.reached(measured, measured / 2) == measured
    assert Roofs("tiny", CPU, RunClock()).of_pass(make_prefix(), 5) == measured
    later = Roofs("tiny", CPU, RunClock())
    assert later.reached(later.of_pass(make_prefix(), 5), 2 * measured) == 2 * measured
    assert Roofs("tiny", CPU, RunClock()).of_pass(make_prefix(), 5) == 2 * measured
    assert len(forwards) == 4


def test_what_was_not_measured_is_not_reached() -> None:
    roofs = Roofs("tiny", CPU, RunClock())
    assert roofs.reached(None, 100.0) is None
    assert roofs.reached(50.0, 100.0) == 100.0


BF16 = Arithmetic(torch.device("cpu"), "bf16", FEW_PIXELS)


@pytest.mark.parametrize(
    ("architecture", "line", "rows", "arithmetic"),
    [
        ("other", 2, 5, CPU),
        ("tiny", 1, 5, CPU),
        ("tiny", 2, 6, CPU),
        ("tiny", 2, 5, BF16),
        ("tiny", 2, 5, Arithmetic(torch.device("cpu"), "fp32", FEW_PIXELS, "channels_last")),
    ],
    ids=["network", "line", "rows", "precision", "layout"],
)
def test_another_pass_is_measured_anew(
    architecture: str, line: int, rows: int, arithmetic: Arithmetic, forwards: list[int]
) -> None:
    Roofs("tiny", CPU, RunClock()).of_pass(make_prefix(), 5)
    forwards.clear()
    Roofs(architecture, arithmetic, RunClock()).of_pass(make_prefix(line, arithmetic=arithmetic), rows)
    assert forwards == [rows] * 4


def test_another_number_of_threads_is_measured_anew(forwards: list[int]) -> None:
    Roofs("tiny", CPU, RunClock()).of_pass(make_prefix(), 5)
    torch.set_num_threads(2)
    Roofs("tiny", CPU, RunClock()).of_pass(make_prefix(), 5)
    assert len(forwards) == 8


@pytest.mark.parametrize(
    ("strategy", "batch_size", "arithmetic"),
    [("full", 4, CPU), ("partial", 3, CPU), ("partial", 4, BF16)],
)
def test_other_steps_are_measured_anew(
    tmp_path: Path,
    pictures: list[Picture],
    strategy: str,
    batch_size: int,
    arithmetic: Arithmetic,
    works: list[int],
) -> None:
    make(tmp_path, pictures, "partial").step_roof(1, 4)
    assert works == [4] * 4
    works.clear()
    make(tmp_path, pictures, strategy, arithmetic=arithmetic).step_roof(1, batch_size)
    assert works == [batch_size] * 4


@pytest.mark.parametrize("nonsense", [-3.0, 0.0, "fast", float("nan")])
def test_a_remembered_rate_that_makes_no_sense_is_measured_anew(
    nonsense: Any, forwards: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[str] = []
    monkeypatch.setattr(roofs_module, "remember", lambda *told: kept.append(told[1]))
    Roofs("tiny", CPU, RunClock()).of_pass(make_prefix(), 5)
    remember("roofs", kept[0], {"pictures_per_second": nonsense})
    assert recall("roofs", kept[0]) is not None
    assert Roofs("tiny", CPU, RunClock()).of_pass(make_prefix(), 5) > 0
    assert len(forwards) == 8


def test_a_computer_that_remembers_nothing_measures_each_time(
    user_home: Path, forwards: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    (user_home / "config" / "ftgui").write_text("a file where a folder should be")
    assert Roofs("tiny", CPU, RunClock()).of_pass(make_prefix(), 5) > 0
    assert Roofs("tiny", CPU, RunClock()).of_pass(make_prefix(), 5) > 0
    assert len(forwards) == 8


def test_the_seconds_of_measuring_are_told_apart_from_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Prefix.forward

    def slow(prefix: Prefix, pixels: torch.Tensor) -> torch.Tensor:
        time.sleep(0.05)
        return real(prefix, pixels)

    monkeypatch.setattr(Prefix, "forward", slow)
    clock = RunClock()
    rate = Roofs("tiny", CPU, clock).of_pass(make_prefix(), 5)
    assert clock.aside_seconds >= 4 * 0.05
    assert clock.seconds < 4 * 0.05
    assert rate <= 5 / 0.05
    aside = clock.aside_seconds
    Roofs("tiny", CPU, clock).of_pass(make_prefix(), 5)
    assert clock.aside_seconds == aside


def test_the_rate_is_that_of_the_median_batch_without_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    now, spent = [0.0], iter([1.0, 0.02, 0.5, 0.04])

    class Clock:
        @staticmethod
        def perf_counter() -> float:
            return now[0]

    def forward(prefix: Prefix, pixels: torch.Tensor) -> torch.Tensor:
        now[0] += next(spent)
        return pixels

    monkeypatch.setattr(roofs_module, "time", Clock)
    monkeypatch.setattr(Prefix, "forward", forward)
    assert Roofs("tiny", CPU, RunClock()).of_pass(make_prefix(), 8) == pytest.approx(200.0)


def test_slow_batches_are_timed_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now, done = [0.0], []

    class Clock:
        @staticmethod
        def perf_counter() -> float:
            return now[0]

    def forward(prefix: Prefix, pixels: torch.Tensor) -> torch.Tensor:
        now[0] += 3.0
        done.append(len(pixels))
        return pixels

    monkeypatch.setattr(roofs_module, "time", Clock)
    monkeypatch.setattr(Prefix, "forward", forward)
    assert Roofs("tiny", CPU, RunClock()).of_pass(make_prefix(), 8) == pytest.approx(8 / 3)
    assert len(done) == 3  # one that warms up, and two


def test_a_pass_is_measured_where_one_is_needed_and_told_by_the_passages(
    tmp_path: Path, pictures: list[Picture], forwards: list[int]
) -> None:
    caching = Caching(FeaturePlace(tmp_path / "features", ROOM))
    cold = make(tmp_path, pictures, "freeze", caching)
    assert cold.pass_roof is not None
    assert cold.pass_roof > 0
    forwards.clear()
    assert make(tmp_path, pictures, "freeze", caching).pass_roof is None
    assert forwards == []
    assert make(tmp_path, pictures, "full", copy.copy(caching)).pass_roof is None
