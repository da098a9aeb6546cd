"""Which arithmetic is fastest for a network on this computer: measured once, then remembered."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import NamedTuple

import torch

from ftgui.core.preprocessing import Preprocessing
from ftgui.freezing.apply import AppliedPlan
from ftgui.models.folding import folded
from ftgui.models.head import seeded
from ftgui.models.splitting import Halves
from ftgui.training.devices import is_out_of_memory
from ftgui.training.events import Timing
from ftgui.training.loops import step_of
from ftgui.training.precision import Arithmetic, drawn_pictures, wait_for

TRIAL = 2
"""Pictures of the two small batches with which each candidate begins: the first warms it up."""
ROUNDS = 5
"""Timed batches of each candidate that is not beaten after those, in turn."""
FORWARD_BATCH, STEP_BATCH = 16, 8
BEATEN = 4
"""So many times slower than the best on a small batch, a candidate is not tried on larger ones.

Numbers that a processor only imitates can be fifty times slower."""
ENOUGH_SECONDS = 10.0
"""Of forward passes, and of training steps; then what was timed so far has to do."""
FASTER = 1.1
"""So much faster than fp32 other numbers must be: what they cost is bought for something."""
LAYOUT_FASTER = 1.03


def candidates(device: torch.device) -> tuple[tuple[str, str], ...]:
    """Return each (precision, layout) worth trying."""
    precisions = ["fp32"]
    if device.type == "cpu":
        precisions.append("bf16")
    elif device.type == "cuda":
        precisions.append("bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16")
    return tuple((p, layout) for p in precisions for layout in ("contiguous", "channels_last"))


TURNS = 2 + ROUNDS


class Measured(NamedTuple):
    """What was found out."""

    timings: tuple[Timing, ...]
    is_lasting: bool
    """Not where memory was too short for a candidate: the next time it may do."""


def measure(
    applied: AppliedPlan, device: torch.device, preprocessing: Preprocessing
) -> Generator[tuple[int, int], None, Measured]:
    """Time every candidate, interleaved, on copies of a network; yield (batches done, of how many).

    What a candidate cannot compute, it is left out for.
    """
    tried = [Arithmetic(device, p, preprocessing, layout) for p, layout in candidates(device)]
    makers = [(a, partial(_forward_of, applied, a)) for a in tried]
    forward, enough = yield from _rates(makers, FORWARD_BATCH, 0)
    able = [arithmetic for arithmetic in tried if arithmetic in forward]
    makers = [(a, partial(_step_of, applied, a)) for a in able]
    step, still_enough = yield from _rates(makers, STEP_BATCH, TURNS)
    timings = tuple(
        Timing(precision=a.precision, layout=a.layout, forward=forward[a], step=step[a])
        for a in able
        if a in step
    )
    return Measured(timings, enough and still_enough)


def choose(timings: Sequence[Timing], precision: str = "auto", layout: str = "auto") -> Timing | None:
    """Return the fastest of those that were asked for; where it is close, fp32, and contiguous.

    Frozen stages and learning ones count the same: all strategies of a comparison compute in one arithmetic.
    None where none of these was timed.
    """
    asked = [t for t in timings if precision in ("auto", t.precision) and layout in ("auto", t.layout)]
    best: dict[str, Timing] = {}
    for timing in asked:  # fp32 before others, contiguous before channels last
        other = best.get(timing.precision)
        if other is None or timing.speed > LAYOUT_FASTER * other.speed:
            best[timing.precision] = timing
    chosen: Timing | None = None
    for timing in best.values():
        if chosen is None or timing.speed > FASTER * chosen.speed:
            chosen = timing
    return chosen


Work = Callable[[int], torch.Tensor | None]
"""Does so many pictures and returns what came of them, if that may be looked at."""


def _forward_of(applied: AppliedPlan, arithmetic: Arithmetic) -> Work:
    """Return what sends so many drawn pictures through the network before its head."""
    prefix = Halves(applied.model, applied.stages, len(applied.stages) - 1).prefix
    network = folded(prefix, arithmetic.dtype, arithmetic.memory_format).to(arithmetic.device)

    def forward(count: int) -> torch.Tensor:
        with torch.inference_mode():
            features: torch.Tensor = network(
                arithmetic.inputs(drawn_pictures(arithmetic.preprocessing.crop, count))
            )
        return features

    return forward


def _step_of(applied: AppliedPlan, arithmetic: Arithmetic) -> Work:
    """Return what does a training step of the whole network on so many drawn pictures."""
    network = copy.deepcopy(applied.model).train()
    for parameter in network.parameters():
        parameter.requires_grad = True
    arithmetic.place(network)
    step = step_of(network, arithmetic)
    return lambda count: step(arithmetic.inputs(drawn_pictures(arithmetic.preprocessing.crop, count)))


def _rates(
    makers: Sequence[tuple[Arithmetic, Callable[[], Work]]], batch: int, done_before: int
) -> Generator[tuple[int, int], None, tuple[dict[Arithmetic, float], bool]]:
    """Time each work on batches, in turn.

    Returns:
        Pictures a second of those that can be done, and whether there was memory enough for all.
    """
    candidates = {arithmetic: _Candidate(arithmetic, make) for arithmetic, make in makers}
    enough, began = True, time.perf_counter()
    for number in range(TURNS):
        best = max((each.rate for each in candidates.values() if number > 1), default=0.0)
        for arithmetic in tuple(candidates):
            if candidates[arithmetic].rate * BEATEN < best:
                continue
            try:
                is_able = candidates[arithmetic].run(TRIAL if number < 2 else batch, is_timed=number > 1)
            except (RuntimeError, TypeError, MemoryError) as error:  # no kernel for it, or no memory
                is_able, enough = False, enough and not is_out_of_memory(error)
            if not is_able:
                del candidates[arithmetic]  # and its copy of the network, before the next one makes its own
        yield done_before + number + 1, 2 * TURNS
        if number > 0 and time.perf_counter() - began > ENOUGH_SECONDS:
            break
    return {arithmetic: candidate.rate for arithmetic, candidate in candidates.items()}, enough


class _Candidate:
    """One arithmetic at work."""

    def __init__(self, arithmetic: Arithmetic, make: Callable[[], Work]) -> None:
        self._tried = 0.0
        self._timed: list[float] = []
        self._arithmetic = arithmetic
        self._make = make
        self._work: Work | None = None

    @property
    def rate(self) -> float:
        """Pictures a second: the median of the timed batches; until there are any, of the last trial."""
        return statistics.median(self._timed) if self._timed else self._tried

    def run(self, batch: int, *, is_timed: bool) -> bool:
        """Do a batch; return whether what came of it is sound.

        fp16 is not where it overflows, as in Swin Transformers of padded windows.
        """
        with seeded(0):  # what Dropout draws here must not be missed by the run
            if self._work is None:
                self._work = self._make()
            began = time.perf_counter()
            result = self._work(batch)
            wait_for(self._arithmetic.device)
        rate = batch / max(time.perf_counter() - began, 1e-9)
        if is_timed:
            self._timed.append(rate)
        else:
            self._tried = rate
        return result is None or bool(torch.isfinite(result).all())
