"""Which arithmetic is chosen, and how it is found out: by turns, on copies, leaving everything as it was."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ftgui.training import tuning
from ftgui.training.events import Timing
from ftgui.training.precision import Arithmetic
from ftgui.training.tuning import Measured, candidates, choose, measure
from tests.freezing.training import differing, state_of
from tests.training.small_passes import FEW_PIXELS, tiny_plan
from tests.training.small_passes import one_thread as one_thread

CPU = torch.device("cpu")
ON_A_CPU = (
    ("fp32", "contiguous"),
    ("fp32", "channels_last"),
    ("bf16", "contiguous"),
    ("bf16", "channels_last"),
)
TURNS = 7


def timings(*rates: float | tuple[float, float]) -> list[Timing]:
    """Return timings of as many candidates, in their order; one rate stands for forward and step alike."""
    pairs = [rate if isinstance(rate, tuple) else (rate, rate) for rate in rates]
    named = zip(ON_A_CPU, pairs, strict=False)
    return [Timing(precision=p, layout=o, forward=f, step=s) for (p, o), (f, s) in named]


def chosen(rates: list[Timing], **asked: str) -> tuple[str, str] | None:
    found = choose(rates, **asked)
    return None if found is None else (found.precision, found.layout)


# Choosing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ((100, 100, 100, 100), ("fp32", "contiguous")),
        ((100, 102, 100, 100), ("fp32", "contiguous")),
        ((100, 110, 100, 100), ("fp32", "channels_last")),
        ((100, 90, 108, 90), ("fp32", "contiguous")),
        ((100, 90, 90, 108), ("fp32", "contiguous")),
        ((100, 90, 130, 90), ("bf16", "contiguous")),
        ((100, 90, 130, 132), ("bf16", "contiguous")),
        ((100, 90, 130, 150), ("bf16", "channels_last")),
        ((100, 200, 210, 150), ("fp32", "channels_last")),
        ((100, 200, 210, 300), ("bf16", "channels_last")),
        ((100, 102, 111, 111), ("bf16", "contiguous")),
    ],
)
def test_the_fastest_is_chosen_and_where_it_is_close_fp32_and_contiguous(
    rates: tuple[float, ...], expected: tuple[str, str]
) -> None:
    assert chosen(timings(*rates)) == expected


def test_what_stays_and_what_learns_count_the_same() -> None:
    """Four times in one make up for a half in the other."""
    assert chosen(timings((100, 100), (400, 50))) == ("fp32", "channels_last")
    assert chosen(timings((100, 100), (50, 400))) == ("fp32", "channels_last")
    assert chosen(timings((100, 100), (400, 25))) == ("fp32", "contiguous")


@pytest.mark.parametrize(("precision", "layout"), ON_A_CPU)
def test_what_was_asked_for_is_chosen_however_slow(precision: str, layout: str) -> None:
    for rates in ((1, 2, 3, 4), (4, 3, 2, 1), (1, 1000, 1000, 1)):
        asked = {"precision": precision, "layout": layout}
        assert chosen(timings(*rates), **asked) == (precision, layout)
        assert chosen(timings(*rates), precision=precision) in [(precision, o) for _, o in ON_A_CPU]
        assert chosen(timings(*rates), layout=layout) in [(p, layout) for p, _ in ON_A_CPU]


def test_of_what_was_asked_for_the_fastest_is_chosen() -> None:
    rates = timings(100, 120, 300, 200)
    assert chosen(rates, precision="fp32") == ("fp32", "channels_last")
    assert chosen(rates, layout="channels_last") == ("bf16", "channels_last")
    assert chosen(rates, layout="contiguous") == ("bf16", "contiguous")


def test_where_nothing_fits_nothing_is_chosen() -> None:
    assert choose([]) is None
    assert choose(timings(1, 2, 3, 4), "fp16") is None
    assert choose(timings(1, 2), "bf16", "contiguous") is None


RATES = st.tuples(*[st.tuples(st.floats(1, 1000), st.floats(1, 1000))] * 4)


@given(RATES)
def test_it_is_a_function_of_the_timings_alone_and_never_much_slower_than_the_best(rates: Any) -> None:
    told = timings(*rates)
    found = choose(told)
    assert found is not None
    assert found in told
    assert choose(told) == choose(copy.deepcopy(told)) == found

    def speed(timing: Timing) -> float:
        return float((timing.forward * timing.step) ** 0.5)

    assert speed(found) * 1.15 >= max(map(speed, told))
    if found.precision != "fp32":
        assert speed(found) > 1.05 * max(speed(t) for t in told if t.precision == "fp32")


# Measuring ------------------------------------------------------------------------------------------------


def measured(applied: Any = None) -> tuple[list[tuple[int, int]], tuple[Timing, ...]]:
    """Measure the tiny network; return the progress that was told, and the timings."""
    told, found = measured_once(applied)
    assert found.is_lasting
    return told, found.timings


def measured_once(applied: Any = None) -> tuple[list[tuple[int, int]], Measured]:
    steps = measure(applied or tiny_plan(), CPU, FEW_PIXELS)
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return told, end.value


def test_on_a_cpu_two_precisions_and_two_layouts_are_tried() -> None:
    assert candidates(CPU) == ON_A_CPU
    assert candidates(torch.device("mps")) == ON_A_CPU[:2]


def test_every_candidate_is_timed_and_progress_told() -> None:
    told, found = measured()
    assert told == [(n, 2 * TURNS) for n in range(1, 2 * TURNS + 1)]
    assert [(t.precision, t.layout) for t in found] == list(ON_A_CPU)
    assert all(t.forward > 0 and t.step > 0 for t in found)


Made = Callable[[Any, Arithmetic], Callable[[int], None]]


class Noted:
    """In place of what is timed: notes who was called with how many pictures; time goes by as said."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str, int]] = []
        self.now = 0.0
        self.seconds: Callable[[tuple[str, str, str], int], float] = lambda *_: 1.0

    def perf_counter(self) -> float:
        return self.now

    def make(self, kind: str) -> Made:
        def of(_: Any, arithmetic: Arithmetic) -> Callable[[int], None]:
            key = (kind, arithmetic.precision, arithmetic.layout)

            def work(count: int) -> None:
                turn = sum(call[:3] == key for call in self.calls)
                self.calls.append((*key, count))
                self.now += self.seconds(key, turn)

            return work

        return of


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Noted:
    noted = Noted()
    monkeypatch.setattr(tuning, "_forward_of", noted.make("forward"))
    monkeypatch.setattr(tuning, "_step_of", noted.make("step"))
    monkeypatch.setattr(tuning, "time", noted)
    return noted


def test_candidates_take_turns_and_each_has_five_timed_batches_after_two_small_ones(noted: Noted) -> None:
    """A machine that slows down halfway slows them all."""
    noted.seconds = lambda *_: 0.2
    measured()
    expected = [
        (kind, precision, layout, size)
        for kind, batch in (("forward", 16), ("step", 8))
        for size in (2, 2, *[batch] * 5)
        for precision, layout in ON_A_CPU
    ]
    assert noted.calls == expected


def test_a_candidate_that_is_far_behind_in_a_small_batch_is_tried_in_no_large_one(noted: Noted) -> None:
    slow = {("forward", "bf16", "contiguous"): 10.0, ("step", "fp32", "channels_last"): 9.0}
    noted.seconds = lambda key, turn: 0.01 * slow.get(key, 2.0) * (10 if turn == 0 else 1)
    _, found = measured()
    for key in slow:
        assert [size for *called, size in noted.calls if tuple(called) == key] == [2, 2]
    assert [t.forward for t in found] == pytest.approx([800, 800, 20, 800])
    assert [t.step for t in found] == pytest.approx([400, 2 / 0.09, 400, 400])
    assert [(t.precision, t.layout) for t in found] == list(ON_A_CPU), "it can still be asked for"


@pytest.mark.parametrize(("seconds", "sizes"), [(1.0, [2, 2, 16]), (1.6, [2, 2]), (4.0, [2, 2])])
def test_a_network_that_takes_long_is_timed_for_ten_seconds_and_no_longer(
    noted: Noted, seconds: float, sizes: list[int]
) -> None:
    noted.seconds = lambda *_: seconds
    told, found = measured()
    of_one = [size for kind, p, o, size in noted.calls if (kind, p, o) == ("forward", "fp32", "contiguous")]
    assert of_one == sizes
    assert [t.forward for t in found] == pytest.approx([sizes[-1] / seconds] * 4)
    assert [t.step for t in found] == pytest.approx([min(sizes[-1], 8) / seconds] * 4)
    assert told[0] == (1, 2 * TURNS)
    assert told[-1][0] < told[-1][1]


def test_a_rate_is_that_of_the_median_batch_without_the_small_ones(noted: Noted) -> None:
    spent = [1.0, 0.002, 0.01, 0.09, 0.02, 0.04, 0.03]
    noted.seconds = lambda key, turn: spent[turn] * (2 if key[1] == "bf16" else 1)
    _, found = measured()
    assert [t.forward for t in found] == pytest.approx([16 / 0.03, 16 / 0.03, 16 / 0.06, 16 / 0.06])
    assert [t.step for t in found] == pytest.approx([8 / 0.03, 8 / 0.03, 8 / 0.06, 8 / 0.06])


@pytest.mark.parametrize("error", [RuntimeError("no kernel"), TypeError("no such numbers")])
@pytest.mark.parametrize("kind", ["forward", "step"])
@pytest.mark.parametrize("turn", [0, 3])
def test_what_a_candidate_cannot_compute_it_is_left_out_for(
    noted: Noted, kind: str, turn: int, error: Exception
) -> None:
    def seconds(key: tuple[str, str, str], at: int) -> float:
        if key == (kind, "bf16", "contiguous") and at == turn:
            raise error
        return 0.1

    noted.seconds = seconds
    told, found = measured()
    assert [(t.precision, t.layout) for t in found] == [ON_A_CPU[n] for n in (0, 1, 3)]
    assert [n for n, _ in told] == list(range(1, 2 * TURNS + 1))
    failed = [call for call in noted.calls if call[1:3] == ("bf16", "contiguous")]
    assert len(failed) == (0 if kind == "forward" else TURNS) + turn + 1, "it was tried once too often"


def test_a_candidate_whose_copy_does_not_fit_into_memory_is_left_out(
    noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = noted.make("step")

    def make(applied: Any, arithmetic: Arithmetic) -> Callable[[int], None]:
        if arithmetic.precision == "fp32":
            raise RuntimeError("can't allocate memory")
        return made(applied, arithmetic)

    monkeypatch.setattr(tuning, "_step_of", make)
    _, (found, is_lasting) = measured_once()
    assert [(t.precision, t.layout) for t in found] == [ON_A_CPU[n] for n in (2, 3)]
    assert not is_lasting, "the next time there may be memory for all"


def test_a_candidate_that_is_left_out_is_let_go_before_the_next_one_is_made(
    noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: list[Any] = []

    class Copy:
        def __call__(self, _: int) -> None:
            raise RuntimeError("can't allocate memory")

    def make(*_: Any) -> Copy:
        assert [each() for each in alive if each() is not None] == []
        copy_ = Copy()
        alive.append(weakref.ref(copy_))
        return copy_

    monkeypatch.setattr(tuning, "_step_of", make)
    for _ in measure(tiny_plan(), CPU, FEW_PIXELS):
        pass
    assert len(alive) == 4


def test_a_mistake_in_the_program_is_not_taken_for_a_candidate_that_cannot(noted: Noted) -> None:
    noted.seconds = lambda *_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        measured()


def test_where_no_candidate_can_there_are_no_timings(noted: Noted) -> None:
    def fail(key: tuple[str, str, str], turn: int) -> float:
        raise RuntimeError

    noted.seconds = fail
    told, found = measured()
    assert found == ()
    assert told[-1] == (2 * TURNS, 2 * TURNS)


@pytest.mark.parametrize("strategy", ["freeze", "partial", "full"])
@pytest.mark.parametrize("training", [False, True])
def test_the_network_is_left_bit_for_bit_and_in_its_modes(strategy: str, training: bool) -> None:
    applied = tiny_plan(strategy)
    if training:
        applied.start_epoch(1)
    model = applied.model
    before, parts = state_of(model), [m.training for m in model.modules()]
    wanted = [p.requires_grad for p in model.parameters()]
    formats = [p.stride() for p in model.parameters()]
    measured(applied)
    assert differing(before, state_of(model)) == set()
    assert [m.training for m in model.modules()] == parts
    assert [p.requires_grad for p in model.parameters()] == wanted
    assert [p.stride() for p in model.parameters()] == formats
    assert all(p.grad is None for p in model.parameters())
    assert len(set(parts)) == (2 if training and strategy != "full" else 1)


def test_no_random_number_is_missed_afterwards() -> None:
    """The network's Dropouts draw some while a training step is timed."""
    applied = tiny_plan()
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    measured(applied)
    assert torch.equal(torch.rand(4), expected)


def test_a_training_step_is_timed_with_everything_learning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the strategy: one choice holds for all runs of a comparison."""
    seen: list[tuple[int, int, bool]] = []
    real = tuning.step_of

    def note(network: torch.nn.Module, arithmetic: Arithmetic) -> Any:
        learning = [p.requires_grad for p in network.parameters()]
        seen.append((sum(learning), len(learning), all(m.training for m in network.modules())))
        return real(network, arithmetic)

    monkeypatch.setattr(tuning, "step_of", note)
    measured(tiny_plan("freeze"))
    count = len([*tiny_plan().model.parameters()])
    assert seen == [(count, count, True)] * 4
