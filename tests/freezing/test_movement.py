"""How far each stage has moved, reckoned by hand on a network small enough for that."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.movement import Movement, MovementMeter
from ftgui.freezing.plan import make_plan
from tests.freezing.tiny import HEAD, MIDDLE, STAGES, STEM, tiny_network

FLOATS = [name for name in (*STEM, *MIDDLE, *HEAD) if not name.endswith("num_batches_tracked")]
STATISTICS = [name for name in FLOATS if "running_" in name]
STAGE_OF = {name: stage.name for stage in STAGES for name in stage.entries}


def metered(strategy: str = "full", fill: float | None = None) -> tuple[AppliedPlan, MovementMeter]:
    """Return a network on its way and its meter; with ``fill`` every parameter is that number."""
    applied = AppliedPlan(tiny_network(), make_plan(strategy, ("stem", "middle", "head")), STAGES)
    if fill is not None:
        with torch.no_grad():
            for parameter in applied.model.parameters():
                parameter.fill_(fill)
    return applied, MovementMeter(applied)


def entry(applied: AppliedPlan, name: str) -> torch.Tensor:
    """Return an entry itself, to write into."""
    tensor: torch.Tensor = applied.model.state_dict()[name]
    return tensor


def by_stage(meter: MovementMeter) -> dict[str, Movement]:
    return {moved.stage: moved for moved in meter.measure()}


def step(applied: AppliedPlan) -> None:
    applied.start_epoch(1)
    applied.model(torch.randn(6, 3, 9, 9)).square().sum().backward()
    torch.optim.SGD(applied.parameter_groups(0.5)).step()  # type: ignore[arg-type]


STILL = [
    Movement(stage="stem", weights=0.0, statistics=0.0, changed=0, entries=6),
    Movement(stage="middle", weights=0.0, statistics=0.0, changed=0, entries=9),
    Movement(stage="head", weights=0.0, statistics=None, changed=0, entries=2),
]
"""In the order from the input to the head; the head has no norms, hence no statistics."""


def test_before_the_first_step_nothing_has_moved() -> None:
    assert list(metered()[1].measure()) == STILL


@pytest.mark.parametrize("strategy", ["freeze", "lr-zero"])
def test_what_stays_is_at_exactly_0_after_a_step_and_the_head_is_not(strategy: str) -> None:
    applied, meter = metered(strategy)
    step(applied)
    stem, middle, head = meter.measure()
    assert [stem, middle] == STILL[:2]
    assert head.weights > 0.01
    assert (head.statistics, head.changed, head.entries) == (None, 2, 2)


def test_what_learns_has_moved_in_all_its_entries() -> None:
    applied, meter = metered("full")
    step(applied)
    moved = by_stage(meter)
    assert {name: (m.changed, m.entries) for name, m in moved.items()} == {
        "stem": (6, 6),
        "middle": (9, 9),
        "head": (2, 2),
    }
    assert all(m.weights > 0 for m in moved.values())
    assert moved["stem"].statistics is not None
    assert moved["stem"].statistics > 0


@given(st.sampled_from(FLOATS), st.integers(0, 10_000), st.integers(0, 31))
def test_one_flipped_bit_is_one_changed_entry_and_a_distance_that_is_not_0(
    name: str, place: int, bit: int
) -> None:
    """The sign of a 0 too, and the least bit of a number whose square is none any more."""
    applied, meter = metered("freeze")
    numbers = entry(applied, name).view(-1).view(torch.int32)
    flip = 1 << bit if bit < 31 else -(2**31)
    numbers[place % len(numbers)] ^= flip
    moved = by_stage(meter)
    own = moved.pop(STAGE_OF[name])
    assert own.changed == 1
    if name in STATISTICS:
        assert own.statistics != 0.0
        assert own.weights == 0.0
    else:
        assert own.weights != 0.0
        assert own.statistics in (0.0, None)
    assert all(other == still for other in moved.values() for still in STILL if other.stage == still.stage)


def test_a_counter_is_a_change_though_no_distance() -> None:
    applied, meter = metered()
    entry(applied, "middle.norm.num_batches_tracked").add_(1)
    moved = by_stage(meter)
    assert moved["middle"] == Movement(stage="middle", weights=0.0, statistics=0.0, changed=1, entries=9)


def test_a_distance_is_relative_to_the_size_at_the_start() -> None:
    """15 numbers of the head at 2, so a size of 2√15; four of them half gone and one all: √(4·1² + 2²)."""
    applied, meter = metered(fill=2.0)
    entry(applied, "head.fc.weight")[0, :4] = 1.0
    entry(applied, "head.fc.bias")[1] = 0.0
    head = by_stage(meter)["head"]
    assert head.weights == pytest.approx(math.sqrt(8) / (2 * math.sqrt(15)), rel=1e-6)
    assert head.changed == 2


def test_statistics_have_a_distance_of_their_own() -> None:
    """Four variances of 1 and four means of 0 make a size of 2; all means go by a half, that is by 1."""
    applied, meter = metered()
    entry(applied, "stem.norm.running_mean").fill_(-0.5)
    stem = by_stage(meter)["stem"]
    assert stem.statistics == pytest.approx(0.5, rel=1e-6)
    assert (stem.weights, stem.changed) == (0.0, 1)


def test_where_all_began_at_0_the_distance_itself_is_told() -> None:
    applied, meter = metered(fill=0.0)
    entry(applied, "head.fc.weight").view(-1)[:2] = torch.tensor([3.0, 4.0])
    assert by_stage(meter)["head"].weights == pytest.approx(5.0)


def test_it_is_always_measured_from_the_start() -> None:
    applied, meter = metered(fill=1.0)
    bias = entry(applied, "head.fc.bias")
    bias.mul_(2)
    first = by_stage(meter)["head"].weights
    bias.mul_(2)
    assert by_stage(meter)["head"].weights == pytest.approx(3 * first)
    bias.fill_(1.0)
    assert by_stage(meter)["head"] == STILL[2], "what has come back has not moved"


def test_a_distance_that_is_no_number_is_passed_on_as_such() -> None:
    applied, meter = metered()
    entry(applied, "head.fc.bias")[0] = math.nan
    moved = by_stage(meter)
    assert math.isnan(moved["head"].weights)
    assert moved["stem"] == STILL[0]


def test_measuring_leaves_the_network_as_it_is() -> None:
    applied, meter = metered()
    step(applied)
    before = {name: tensor.clone() for name, tensor in applied.model.state_dict().items()}
    gradients = {name: p.requires_grad for name, p in applied.model.named_parameters()}
    meter.measure()
    assert all(torch.equal(before[name], tensor) for name, tensor in applied.model.state_dict().items())
    assert {name: p.requires_grad for name, p in applied.model.named_parameters()} == gradients
