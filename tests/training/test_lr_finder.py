"""The learning rate range test: what it tries, when it ends, what it suggests."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ftgui.data.dataset import Picture
from ftgui.data.pixels import PixelStore
from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.plan import make_plan
from ftgui.training import lr_finder
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.feeds import Passage, PixelFeed
from ftgui.training.lr_finder import LrFinder, LrFound, LrTrial, suggest
from ftgui.training.objective import Objective
from ftgui.training.precision import Arithmetic
from tests import samples
from tests.fixtures import SMALL
from tests.freezing.tiny import HEAD, STAGES, tiny_network

CPU = Arithmetic(torch.device("cpu"), "fp32", SMALL)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> PixelStore:
    """Nine decoded pictures of three classes; look, do not write."""
    root = samples.draw_dataset(tmp_path_factory.mktemp("data"), classes=3, per_class=3)
    store = PixelStore(
        root,
        [Picture(f"{samples.CLASS_NAMES[label]}/{n:03}.png", label) for label in range(3) for n in range(3)],
        SMALL,
        augment="flip",
        threads=1,
    )
    for _ in store.load():
        pass
    return store


@pytest.fixture(autouse=True)
def _one_thread() -> Iterable[None]:
    with samples.one_thread():
        yield


def finder(pictures: PixelStore, strategy: str = "full", norm: str = "locked", **changes: Any) -> LrFinder:
    config = TrainConfig(dataset="d", weights="w", strategy=strategy, norm=norm, batch_size=4, **changes)  # type: ignore[arg-type]
    plan = make_plan(strategy, ("stem", "middle", "head"), norm=norm)  # type: ignore[arg-type]
    applied, feed = AppliedPlan(tiny_network(), plan, STAGES), PixelFeed(pictures, CPU)
    return LrFinder(
        config=config,
        applied=applied,
        passage=Passage(applied.model, feed, feed, CPU),
        paths=[picture.path for picture in pictures.pictures],
        views=pictures.views,
        objective=Objective(),
        control=RunControl(),
    )


def found_by(finder: LrFinder, each: Callable[[int], None] = lambda _: None) -> LrFound:
    """Run it to its end, and look in after each step."""
    steps = finder.run()
    while True:
        try:
            each(next(steps))
        except StopIteration as end:
            found: LrFound = end.value
            return found


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Let every step be ``step(passage, optimizer, …)``, which returns a loss, or calls the real one."""

    def use(told: Callable[..., Any]) -> None:
        def stand_in(*arguments: Any) -> Any:
            loss = told(*arguments)
            return loss if isinstance(loss, tuple) else (torch.tensor(float(loss)), None)

        monkeypatch.setattr(lr_finder, "train_step", stand_in)

    return use


def losses(*told: float) -> Callable[..., float]:
    """Return steps of these losses, the last of which goes on for ever."""
    left = list(told)
    return lambda *_: left.pop(0) if len(left) > 1 else left[0]


# What it says ----------------------------------------------------------------------------------------------


def test_what_is_found_is_of_the_strategy_that_was_asked_for(pictures: PixelStore) -> None:
    assert found_by(finder(pictures, "lr-zero")).strategy == "lr-zero"


# What it tries ---------------------------------------------------------------------------------------------


def test_sixty_rates_rise_evenly_from_a_hundred_thousandth_to_ten(pictures: PixelStore, step: Any) -> None:
    step(losses(1.0))
    told: list[int] = []
    rates = [trial.lr for trial in found_by(finder(pictures), told.append).trials]
    assert told == list(range(1, 61))
    assert (rates[0], rates[-1]) == (pytest.approx(1e-5), pytest.approx(10.0))
    ratios = [later / sooner for sooner, later in itertools.pairwise(rates)]
    assert ratios == pytest.approx([10 ** (6 / 59)] * 59)


@pytest.mark.parametrize(
    ("strategy", "norm", "multiples"),
    [
        ("full", "locked", {"stem": {1.0}, "middle": {1.0}, "head": {1.0}}),
        ("small-lr", "locked", {"stem": {0.1}, "middle": {0.1}, "head": {1.0}}),
        ("lr-zero", "locked", {"stem": {0.0}, "middle": {0.0}, "head": {1.0}}),
        ("lr-zero", "trainable", {"stem": {0.0, 1.0}, "middle": {0.0, 1.0}, "head": {1.0}}),
        ("freeze", "locked", {"head": {1.0}}),
        ("thaw", "locked", {"stem": {0.0}, "middle": {0.0}, "head": {1.0}}),  # as in its first epoch
    ],
)
def test_every_stage_has_its_own_multiple_of_the_rate(
    pictures: PixelStore, step: Any, strategy: str, norm: str, multiples: dict[str, set[float]]
) -> None:
    seen: list[tuple[str, float]] = []

    def watched(_: Passage, optimizer: torch.optim.Optimizer, *more: Any) -> float:
        seen.extend((group["stage"], group["lr"]) for group in optimizer.param_groups)
        return 1.0

    step(watched)
    trials = found_by(finder(pictures, strategy, norm)).trials
    groups = len(seen) // len(trials)
    shares: dict[str, set[float]] = {}
    for index, (stage, lr) in enumerate(seen):
        shares.setdefault(stage, set()).add(round(lr / trials[index // groups].lr, 6))
    assert shares == multiples


@pytest.mark.parametrize("strategy", ["freeze", "lr-zero", "thaw"])
def test_an_extractor_that_stays_stays_bit_for_bit(pictures: PixelStore, strategy: str) -> None:
    looking = finder(pictures, strategy)
    before = {name: tensor.clone() for name, tensor in looking.applied.model.state_dict().items()}
    found_by(looking)
    after = looking.applied.model.state_dict()
    assert {name for name in before if not torch.equal(before[name], after[name])} == set(HEAD)


def test_it_learns_by_the_objective_and_clips_as_the_run_would(pictures: PixelStore, step: Any) -> None:
    seen = set()

    def watched(*arguments: Any) -> float:
        passage, _, objective, inputs, labels, clip, scaler = arguments
        seen.add((passage.arithmetic, objective.label_smoothing, clip, scaler, len(inputs), len(labels)))
        return 1.0

    step(watched)
    looking = finder(pictures, clip_grad=0.5)
    objective = Objective(label_smoothing=0.25)
    found_by(LrFinder(**{**vars(looking), "objective": objective}))
    assert seen == {(CPU, 0.25, 0.5, None, 4, 4), (CPU, 0.25, 0.5, None, 5, 5)}, (
        "nine pictures in batches of four"
    )


# When it ends ----------------------------------------------------------------------------------------------


def test_a_loss_is_smoothed_without_the_bias_of_its_start(pictures: PixelStore, step: Any) -> None:
    """A mean in which each loss weighs 0.85 of the one after it: of 1 and 2, (0.85·1 + 2) / 1.85."""
    step(losses(1.0, 2.0, 0.5))
    first, second, third, *_ = found_by(finder(pictures)).trials
    assert (first.loss, first.smoothed_loss) == (1.0, pytest.approx(1.0))
    assert (second.loss, second.smoothed_loss) == (2.0, pytest.approx(2.85 / 1.85))
    assert third.smoothed_loss == pytest.approx((0.85**2 + 0.85 * 2 + 0.5) / (0.85**2 + 0.85 + 1))


def test_a_loss_that_rises_to_three_times_its_lowest_ends_the_test(pictures: PixelStore, step: Any) -> None:
    """Ten of 1, whose mean weighs some 0.82 beside a new one's 0.18: 12 brings it to 2.98, 13 to 3.16."""
    step(losses(*[1.0] * 10, 13.0, 1.0))
    trials = found_by(finder(pictures)).trials
    assert len(trials) == 11
    assert 3 < trials[-1].smoothed_loss < 3.3
    step(losses(*[1.0] * 10, 12.0, 1.0))
    assert len(found_by(finder(pictures)).trials) == 60


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_test_and_is_not_told(
    pictures: PixelStore, step: Any, loss: float
) -> None:
    step(losses(4.0, 3.0, 2.0, 1.0, loss))
    found = found_by(finder(pictures))
    assert [trial.loss for trial in found.trials] == [4.0, 3.0, 2.0, 1.0]
    assert found.suggestion is None, "too few to say"


def test_a_stop_ends_it_at_once(pictures: PixelStore, step: Any) -> None:
    step(losses(1.0))
    looking = finder(pictures)

    def stop(done: int) -> None:
        if done == 7:
            looking.control.stop()

    assert len(found_by(looking, stop).trials) == 7


def test_a_test_that_was_stopped_suggests_nothing(pictures: PixelStore, step: Any) -> None:
    """The loss was falling, but nobody knows yet where it would have fallen most."""
    step(losses(*[3.0 - 0.1 * n for n in range(30)]))
    looking = finder(pictures)

    def stop(done: int) -> None:
        if done == 20:
            looking.control.stop()

    assert found_by(looking, stop).suggestion is None


# What it suggests ------------------------------------------------------------------------------------------


def curve(*told: float) -> list[LrTrial]:
    return [LrTrial(lr=10 ** (n / 10 - 5), loss=loss, smoothed_loss=loss) for n, loss in enumerate(told)]


def falling(steepest: int, lowest: int, count: int = 60) -> list[LrTrial]:
    """Return a curve that falls from 2 along an S, most steeply in its middle, and rises from a point on."""
    wave = [2 - 1.5 / (1 + math.exp(-(n - steepest) / 3)) for n in range(lowest + 1)]
    return curve(*wave, *(wave[-1] + 0.1 * n for n in range(1, count - lowest)))


@pytest.mark.parametrize(("steepest", "lowest"), [(20, 40), (35, 45), (8, 30)])
def test_the_suggestion_is_where_the_loss_falls_most_steeply(steepest: int, lowest: int) -> None:
    assert suggest(falling(steepest, lowest)) == pytest.approx(10 ** (steepest / 10 - 5))


@pytest.mark.parametrize(
    "told",
    [
        [1.0] * 20,
        [1.0 + 0.1 * n for n in range(20)],
        [2.0, 1.0, 3.0, 4.0, 5.0, 6.0],  # one batch that was easier than the rest
        [3.0, 2.0, 1.0, 0.5],  # too few steps to say
        [],
    ],
)
def test_nothing_is_suggested_where_the_loss_does_not_fall(told: list[float]) -> None:
    assert suggest(curve(*told)) is None


def test_a_fall_after_the_lowest_point_does_not_count() -> None:
    """It fell gently to 1, sprang up and fell from there steeply, yet never below."""
    gentle = [3 - 0.1 * n for n in range(21)]
    trials = curve(*gentle, 3.0, 6.0, 3.0, 1.5, 4.0)
    suggestion = suggest(trials)
    assert suggestion is not None
    assert suggestion <= trials[20].lr


@given(st.lists(st.floats(0.01, 100), max_size=60))
def test_a_suggestion_is_a_rate_that_was_tried_up_to_the_lowest_loss(told: list[float]) -> None:
    trials = curve(*told)
    suggestion = suggest(trials)
    lowest = min(range(len(told)), key=told.__getitem__, default=0)
    assert suggestion is None or suggestion in [trial.lr for trial in trials[: lowest + 1]]


def test_the_same_seed_finds_the_same(pictures: PixelStore) -> None:
    """Whatever was drawn in this process before: the head has a Dropout."""
    found = []
    for drawn in (1, 2):
        looking = finder(pictures, "full")
        torch.manual_seed(drawn)
        found.append(found_by(looking))
    assert found[0].trials == found[1].trials
