"""The arithmetic of a run: asked for, or found out once on a computer and remembered."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from ftgui.core.errors import FtguiError
from ftgui.core.preprocessing import Preprocessing
from ftgui.core.records import read_json
from ftgui.jobs import arithmetic as arithmetic_job
from ftgui.jobs.arithmetic import settle_arithmetic
from ftgui.jobs.lr_find import find_learning_rate
from ftgui.jobs.resume import resume
from ftgui.jobs.train import train
from ftgui.runs.store import CONFIG, SUMMARY, Summary
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.devices import choose_device
from ftgui.training.events import EpochEnded, PhaseProgress, Reason, RunEnded, RunStarted, Timing
from ftgui.training.tuning import Measured
from tests import samples
from tests.fixtures import Drawn
from tests.freezing.training import differing
from tests.training.small_passes import FEW_PIXELS, tiny_plan

AUTO = {"precision": "auto", "layout": "auto"}
TRYING = "trying this computer's arithmetic"
CANDIDATES = (
    ("fp32", "contiguous"),
    ("fp32", "channels_last"),
    ("bf16", "contiguous"),
    ("bf16", "channels_last"),
)


def timings_in_favour_of(precision: str, layout: str) -> tuple[Timing, ...]:
    """Return what would be measured were this candidate three times as fast as the others."""
    return tuple(
        Timing(precision=p, layout=o, forward=300.0, step=90.0)
        if (p, o) == (precision, layout)
        else Timing(precision=p, layout=o, forward=100.0, step=30.0)
        for p, o in CANDIDATES
    )


class Measuring:
    """In place of the measuring: counts how often it was asked, and answers as told."""

    def __init__(self, answer: tuple[Timing, ...]) -> None:
        self.answer = answer
        self.is_lasting = True
        self.times = 0
        self.seconds = 0.0

    def __call__(self, *_: Any) -> Generator[tuple[int, int], None, Measured]:
        self.times += 1
        for done in (1, 2):
            time.sleep(self.seconds / 2)
            yield done, 2
        return Measured(self.answer, self.is_lasting)


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch) -> Measuring:
    measuring = Measuring(timings_in_favour_of("bf16", "channels_last"))
    monkeypatch.setattr(arithmetic_job, "measure", measuring)
    return measuring


def measured_file(user_home: Path) -> Path:
    return user_home / "config" / "ftgui" / "measured.toml"


# Settled --------------------------------------------------------------------------------------------------


def settled(
    config: TrainConfig | None = None, preprocessing: Preprocessing = FEW_PIXELS, **asked: Any
) -> tuple[str, str]:
    """Settle the arithmetic of the tiny network; return precision and layout."""
    fixed = {"dataset": "", "weights": "", "architecture": "tiny"}
    config = config or TrainConfig(**(fixed | asked))
    steps = settle_arithmetic(config, tiny_plan(), preprocessing, choose_device("cpu"), RunClock())
    while True:
        try:
            next(steps)
        except StopIteration as end:
            filled, _ = end.value
            assert filled == msgspec.structs.replace(config, precision=filled.precision, layout=filled.layout)
            return filled.precision, filled.layout


@pytest.mark.parametrize(("precision", "layout"), CANDIDATES)
def test_the_fastest_is_found_out_once_and_remembered(
    measuring: Measuring, precision: str, layout: str
) -> None:
    measuring.answer = timings_in_favour_of(precision, layout)
    assert settled() == (precision, layout)
    measuring.answer = timings_in_favour_of("fp32", "contiguous")
    assert settled() == settled() == (precision, layout)
    assert measuring.times == 1


@pytest.mark.parametrize(("precision", "layout"), CANDIDATES)
def test_where_both_are_asked_for_nothing_is_measured(
    measuring: Measuring, precision: str, layout: str
) -> None:
    assert settled(precision=precision, layout=layout) == (precision, layout)
    assert measuring.times == 0


def test_where_one_is_asked_for_the_other_is_chosen_by_what_was_measured_for_all(
    measuring: Measuring,
) -> None:
    assert settled(precision="fp32") == ("fp32", "contiguous"), "of two that are equally fast"
    assert settled(layout="contiguous") == ("fp32", "contiguous")
    assert settled(layout="channels_last") == ("bf16", "channels_last")
    assert settled(precision="bf16") == ("bf16", "channels_last")
    assert settled() == ("bf16", "channels_last")
    assert measuring.times == 1


def test_another_network_size_or_number_of_threads_is_measured_anew(measuring: Measuring) -> None:
    settled()
    settled(architecture="other")
    settled(preprocessing=Preprocessing(resize=20, crop=18))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(before + 1)
        settled()
    finally:
        torch.set_num_threads(before)
    assert measuring.times == 4
    settled()
    settled(seed=5, lr=0.5, strategy="full", batch_size=4)
    settled(preprocessing=msgspec.structs.replace(FEW_PIXELS, resize=24))
    assert measuring.times == 4, "none of these decides how fast it is"


def test_another_version_of_torch_is_measured_anew(
    measuring: Measuring, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled()
    monkeypatch.setattr(torch, "__version__", "2.99.0")
    settled()
    assert measuring.times == 2


@pytest.mark.parametrize("asked", [AUTO, {"precision": "auto"}, {"precision": "bf16"}, {"precision": "fp32"}])
def test_where_no_candidate_could_be_timed_the_plain_one_or_the_one_asked_for_is_taken(
    measuring: Measuring, asked: dict[str, str]
) -> None:
    measuring.answer = ()
    expected = asked["precision"].replace("auto", "fp32")
    assert settled(**asked) == (expected, "contiguous")


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\xfe\x00not toml",
        b"arithmetic = 3",
        b'arithmetic = {"tiny" = 5}',
        "timings = 3",
        "timings = [1, 2]",
        'timings = [{precision = "fp32"}]',
        'timings = [{precision = "fp32", layout = "contiguous", forward = "fast", step = 1.0}]',
        "other = 1",
    ],
)
def test_what_is_damaged_is_measured_anew(measuring: Measuring, user_home: Path, damage: bytes | str) -> None:
    """The file, or what it says of this network."""
    settled()
    path = measured_file(user_home)
    if isinstance(damage, bytes):
        path.write_bytes(damage)
    else:
        key = path.read_text().splitlines()[0].removeprefix("[[").removesuffix(".timings]]")
        path.write_text(f"[{key}]\n{damage}\n")
        assert "tiny" in key
    assert settled() == ("bf16", "channels_last")
    assert measuring.times == 2
    assert settled() == ("bf16", "channels_last")
    assert measuring.times == 2, "it is mended"


@pytest.mark.parametrize("rate", ["-1.0", "0.0", "nan"])
def test_rates_that_no_computer_has_are_measured_anew(
    measuring: Measuring, user_home: Path, rate: str
) -> None:
    settled()
    path = measured_file(user_home)
    content = path.read_text()
    path.write_text(content.replace("forward = 300.0", f"forward = {rate}"))
    assert path.read_text() != content
    assert settled() == ("bf16", "channels_last")


def test_a_computer_that_remembers_nothing_measures_each_time(measuring: Measuring, user_home: Path) -> None:
    measured_file(user_home).parent.write_text("a file where a folder should be")
    assert settled() == settled() == ("bf16", "channels_last")
    assert measuring.times == 2


def test_what_was_measured_while_memory_was_short_is_used_and_not_remembered(measuring: Measuring) -> None:
    measuring.is_lasting = False
    assert [settled(**AUTO) for _ in range(2)] == [("bf16", "channels_last")] * 2
    assert measuring.times == 2


def test_fp16_on_the_cpu_is_refused_in_words(measuring: Measuring) -> None:
    for layout in ("auto", "contiguous"):
        with pytest.raises(FtguiError, match="fp16 needs a GPU") as caught:
            settled(precision="fp16", layout=layout)
        assert "bf16" in caught.value.hint
    assert measuring.times == 0


# In a run -------------------------------------------------------------------------------------------------


def load(path: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(path / "best.pth", weights_only=True)
    return state


def run(config: TrainConfig, out: Path) -> tuple[RunStarted, RunEnded, list[str]]:
    """Train; return how it started, how it ended, and its phases."""
    events = list(train(config, out))
    (started,) = (event for event in events if isinstance(event, RunStarted))
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert ended.reason is Reason.COMPLETED
    return started, ended, [event.phase for event in events if isinstance(event, PhaseProgress)]


@pytest.mark.usefixtures("small_crops")
def test_a_run_writes_down_its_arithmetic_and_what_it_was_chosen_by(
    drawn: Drawn, tmp_path: Path, measuring: Measuring
) -> None:
    started, ended, phases = run(drawn.config(**AUTO, epochs=1), tmp_path / "run")
    assert phases.count(TRYING) == 2
    assert (started.precision, started.layout) == ("bf16", "channels_last")
    assert started.timings == measuring.answer
    config = read_json(tmp_path / "run" / CONFIG, TrainConfig)
    assert (config.precision, config.layout) == ("bf16", "channels_last")
    assert config == started.config
    summary = read_json(tmp_path / "run" / SUMMARY, Summary)
    assert (summary.started, summary.ended) == (started, ended)
    again, _, phases = run(drawn.config(**AUTO, epochs=1), tmp_path / "again")
    assert TRYING not in phases
    assert (again.config, again.timings) == (started.config, started.timings)
    repeated, _, _ = run(config, tmp_path / "repeated")
    assert (repeated.config, repeated.timings) == (config, ())
    assert differing(load(tmp_path / "run"), load(tmp_path / "repeated")) == set()
    assert measuring.times == 1


@pytest.mark.long
@pytest.mark.usefixtures("small_crops")
def test_the_seconds_of_a_run_leave_the_measuring_out_and_tell_it(
    drawn: Drawn, tmp_path: Path, measuring: Measuring
) -> None:
    measuring.seconds = 2.0
    began = time.perf_counter()
    _, ended, _ = run(drawn.config(**AUTO, epochs=1), tmp_path / "run")
    outside = time.perf_counter() - began
    assert ended.measuring_seconds >= 2.0
    assert ended.seconds + ended.measuring_seconds <= outside
    assert sum(ended.phase_seconds.values()) <= ended.seconds + 0.5
    _, again, _ = run(drawn.config(**AUTO, epochs=1), tmp_path / "again")
    assert again.measuring_seconds == 0.0


@pytest.mark.usefixtures("small_crops")
def test_a_search_for_a_learning_rate_and_a_run_share_what_was_measured(
    drawn: Drawn, tmp_path: Path, measuring: Measuring
) -> None:
    events = list(find_learning_rate(drawn.config(**AUTO)))
    assert any(isinstance(event, PhaseProgress) and event.phase == TRYING for event in events)
    run(drawn.config(**AUTO, epochs=1), tmp_path / "run")
    assert measuring.times == 1


@pytest.mark.usefixtures("small_crops")
def test_a_run_that_goes_on_keeps_its_arithmetic(
    drawn: Drawn, tmp_path: Path, measuring: Measuring, user_home: Path
) -> None:
    control = RunControl()
    for event in train(drawn.config(**AUTO), tmp_path / "run", control):
        if isinstance(event, EpochEnded):
            control.stop()
    measuring.answer = timings_in_favour_of("fp32", "contiguous")
    measured_file(user_home).unlink()
    events = list(resume(tmp_path / "run", RunControl()))
    (started,) = (event for event in events if isinstance(event, RunStarted))
    assert (started.precision, started.layout) == ("bf16", "channels_last")
    assert measuring.times == 1


@pytest.mark.usefixtures("small_crops")
def test_fp16_on_the_cpu_is_refused_before_anything_is_written(drawn: Drawn, tmp_path: Path) -> None:
    with pytest.raises(FtguiError, match="fp16 needs a GPU"):
        list(train(drawn.config(precision="fp16"), tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.long
@pytest.mark.usefixtures("small_crops")
@pytest.mark.parametrize("strategy", ["partial", "thaw"])
def test_the_first_run_on_a_computer_learns_what_the_second_learns_bit_for_bit(
    drawn: Drawn, tmp_path: Path, user_home: Path, strategy: str
) -> None:
    """The first one finds out the arithmetic and how fast this computer is, on a network with Dropout."""
    weights = samples.calibrated_weights(tmp_path / "weights.pth", "mnasnet0_5")
    config = drawn.config(**AUTO, strategy=strategy, weights=str(weights), epochs=2)
    first, ended, phases = run(config, tmp_path / "first")
    assert TRYING in phases
    assert ended.measuring_seconds > 0
    assert [(t.precision, t.layout) for t in first.timings] == list(CANDIDATES)
    second, again, phases = run(config, tmp_path / "second")
    assert TRYING not in phases
    assert again.measuring_seconds == 0.0
    assert second.config == first.config
    assert differing(load(tmp_path / "first"), load(tmp_path / "second")) == set()
    figures = [
        [line.split(",")[:5] for line in (tmp_path / name / "metrics.csv").read_text().splitlines()]
        for name in ("first", "second")
    ]
    assert figures[0] == figures[1]
