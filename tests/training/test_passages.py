"""The way that an epoch's batches go: computed once up to the ice line, or through the whole network."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ftgui.data.dataset import Picture
from ftgui.freezing.apply import AppliedPlan
from ftgui.training import passages as passages_module
from ftgui.training.activations import Activations
from ftgui.training.clock import RunClock
from ftgui.training.feeds import PixelFeed
from ftgui.training.kept import FeaturePlace
from ftgui.training.loops import Evaluation, evaluate
from ftgui.training.passages import Caching, Passages
from ftgui.training.precision import Arithmetic
from tests.freezing.training import bits, differing, state_of
from tests.training.small_passes import CPU, FEW_PIXELS, ROOM, STAGES, draw, make_store, tiny_plan
from tests.training.small_passes import one_thread as one_thread
from tests.training.small_passes import root as root

TRAIN, VAL = 4, 2
THAW = 3
IN_MEMORY = Caching(None, 0.5)


@pytest.fixture
def pictures(root: Path) -> list[Picture]:
    return draw(root, TRAIN + VAL)


def make(
    root: Path,
    pictures: list[Picture],
    applied: AppliedPlan,
    caching: Caching | None = IN_MEMORY,
    arithmetic: Arithmetic = CPU,
    **changes: Any,
) -> Passages:
    store: dict[str, Any] = {"augment": "flip"} | changes
    return Passages(
        applied,
        make_store(root, pictures[:TRAIN], **store),
        make_store(root, pictures[TRAIN:], **(store | {"augment": "none"})),
        arithmetic,
        "tiny",
        caching,
    )


def prepared(passages: Passages, epoch: int = 1, clock: RunClock | None = None) -> list[tuple[str, int, int]]:
    return list(passages.prepare(epoch, clock or RunClock()))


def counted(passages: Passages) -> tuple[int, int, int]:
    counters = passages.counters
    return counters.prefix_forwards, counters.decoded_pictures, counters.cache_hits


# Where the line is ----------------------------------------------------------------------------------------

LINES = {
    "freeze": (2, 2, 2, 2),
    "partial": (1, 1, 1, 1),
    "thaw": (2, 2, 0, 0),
    "lr-zero": (0, 0, 0, 0),
    "small-lr": (0, 0, 0, 0),
    "full": (0, 0, 0, 0),
}
"""Of the three stages, in each of four epochs; what thaws does so in the third."""


@pytest.mark.parametrize("strategy", LINES)
def test_what_is_frozen_in_an_epoch_is_computed_once(
    root: Path, pictures: list[Picture], strategy: str
) -> None:
    applied = tiny_plan(strategy, thaw_epoch=THAW)
    passages, naive = make(root, pictures, applied), make(root, pictures, applied, None)
    assert tuple(passages.line(epoch) for epoch in range(1, 5)) == LINES[strategy]
    assert tuple(naive.line(epoch) for epoch in range(1, 5)) == (0, 0, 0, 0)


@pytest.mark.parametrize("norm", ["adapt", "trainable"])
def test_norms_that_adapt_are_no_frozen_stages(root: Path, pictures: list[Picture], norm: str) -> None:
    assert make(root, pictures, tiny_plan("freeze", norm)).line(1) == 0


def test_a_stage_at_learning_rate_0_is_no_frozen_stage(root: Path, pictures: list[Picture]) -> None:
    applied = tiny_plan("freeze", stage_lr={"middle": 0.0})
    assert make(root, pictures, applied).line(1) == 1


# What is made ready ---------------------------------------------------------------------------------------


def test_features_are_computed_for_both_splits_and_for_every_view(
    root: Path, pictures: list[Picture]
) -> None:
    passages = make(root, pictures, tiny_plan())
    told = prepared(passages)
    assert told == [
        ("computing frozen stages", n, count) for count in (TRAIN, VAL) for n in range(1, count + 1)
    ]
    assert counted(passages) == (2 * TRAIN + VAL, TRAIN + VAL, 0)
    passage = passages.at(1)
    assert passage.train.batch([0, 1], [1, 0]).shape == (2, 4)
    assert passage.val.batch([0, 1]).shape == (2, 4)


def test_pixels_are_decoded_where_nothing_is_frozen(root: Path, pictures: list[Picture]) -> None:
    passages = make(root, pictures, tiny_plan("full"), budget_bytes=ROOM)
    told = prepared(passages)
    assert told == [("decoding pictures", n, TRAIN) for n in range(1, TRAIN + 1)] + [
        ("decoding pictures", n, VAL) for n in range(1, VAL + 1)
    ]
    assert counted(passages) == (0, TRAIN + VAL, 0)
    passage = passages.at(1)
    assert passage.network is passages.applied.model
    assert isinstance(passage.train, PixelFeed)
    assert passage.train.batch([0, 1], [1, 0]).shape == (2, 3, 16, 16)


@pytest.mark.parametrize("strategy", ["freeze", "partial", "full"])
def test_later_epochs_find_all_of_it_ready(root: Path, pictures: list[Picture], strategy: str) -> None:
    passages = make(root, pictures, tiny_plan(strategy), budget_bytes=ROOM)
    prepared(passages)
    before, passage = counted(passages), passages.at(1)
    for epoch in (1, 2, 3):
        assert prepared(passages, epoch) == []
        assert counted(passages) == before
        assert passages.at(epoch).network is passage.network


@pytest.mark.parametrize("strategy", ["lr-zero", "small-lr", "full", "scratch"])
def test_where_nothing_is_frozen_nothing_is_kept(
    root: Path, pictures: list[Picture], tmp_path: Path, strategy: str
) -> None:
    place = FeaturePlace(tmp_path / "features", ROOM)
    passages = make(root, pictures, tiny_plan(strategy), Caching(place))
    for epoch in (1, 2):
        prepared(passages, epoch)
        passages.count_live(epoch, TRAIN)
    assert counted(passages) == (0, TRAIN + VAL, 0)
    assert not place.folder.exists()


def test_the_naive_way_keeps_nothing_either(root: Path, pictures: list[Picture], tmp_path: Path) -> None:
    passages = make(root, pictures, tiny_plan(), None)
    assert prepared(passages)[-1] == ("decoding pictures", VAL, VAL)
    assert passages.at(1).network is passages.applied.model


@pytest.mark.parametrize("line", [1, 2])
def test_what_is_left_of_the_network_says_of_features_what_the_whole_says_of_pixels(
    root: Path, pictures: list[Picture], line: int
) -> None:
    applied = tiny_plan("freeze" if line == 2 else "partial")
    passages, naive = make(root, pictures, applied), make(root, pictures, applied, None)
    prepared(passages)
    prepared(naive)
    applied.model.eval()
    behind, whole = passages.at(1), naive.at(1)
    indices, views = [3, 0, 2], [1, 0, 1]
    with torch.no_grad():
        first = behind.arithmetic.forward(behind.network, behind.train.batch(indices, views))
        second = whole.arithmetic.forward(whole.network, whole.train.batch(indices, views))
    assert second.std(dim=0).min() > 1e-3
    torch.testing.assert_close(first, second, rtol=0, atol=1e-5)


def test_both_ways_share_the_weights_that_learn(root: Path, pictures: list[Picture]) -> None:
    passages = make(root, pictures, tiny_plan())
    prepared(passages)
    learning = {id(p) for p in passages.at(1).network.parameters() if p.requires_grad}
    assert learning == {id(p) for p in passages.applied.model.parameters() if p.requires_grad}
    assert len(learning) == 2


@pytest.mark.parametrize(
    ("strategy", "precision", "expected"),
    [("freeze", "bf16", "fp32"), ("partial", "bf16", "bf16"), ("freeze", "fp32", "fp32")],
)
def test_the_head_alone_learns_in_fp32(
    root: Path, pictures: list[Picture], strategy: str, precision: str, expected: str
) -> None:
    arithmetic = Arithmetic(torch.device("cpu"), precision, FEW_PIXELS)
    passages = make(root, pictures, tiny_plan(strategy), arithmetic=arithmetic)
    prepared(passages)
    passage = passages.at(1)
    assert passage.arithmetic.precision == expected
    assert passage.train.batch([0], [0]).dtype == arithmetic.dtype
    assert passage.arithmetic.forward(passage.network, passage.train.batch([0], [0])).dtype == torch.float32


# When the line moves --------------------------------------------------------------------------------------


def test_a_thaw_lets_go_of_the_features_and_counts_what_they_took(
    root: Path, pictures: list[Picture]
) -> None:
    passages = make(root, pictures, tiny_plan("thaw", thaw_epoch=THAW), budget_bytes=ROOM)
    prepared(passages)
    feed = passages.at(1).train
    assert isinstance(feed, Activations)
    gone = weakref.ref(feed)
    before = counted(passages)
    assert before == (2 * TRAIN + VAL, TRAIN + VAL, 0)
    prepared(passages, 2)
    assert gone() is feed
    del feed
    assert prepared(passages, THAW) == [], "the pixels are there: they were decoded for the features"
    gc.collect()
    assert gone() is None
    assert passages.at(THAW).network is passages.applied.model
    for epoch in (THAW, THAW + 1):
        prepared(passages, epoch)
        passages.count_live(epoch, TRAIN)
        assert counted(passages) == before


def test_a_line_that_moves_has_the_features_of_the_new_one_computed(
    root: Path, pictures: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    passages = make(root, pictures, tiny_plan())
    monkeypatch.setattr(passages.applied, "ice_line", lambda epoch: 2 if epoch < THAW else 1)
    prepared(passages)
    prepared(passages, THAW)
    assert counted(passages)[0] == 2 * (2 * TRAIN + VAL)
    assert passages.at(THAW).train.batch([0], [0]).shape == (1, 4, 14, 14)


# What had to be computed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "norm", "counts"),
    [
        ("freeze", "locked", True),
        ("partial", "locked", True),
        ("freeze", "adapt", True),
        ("lr-zero", "locked", False),
        ("full", "locked", False),
    ],
)
def test_a_live_batch_counts_where_frozen_stages_were_computed_for_it(
    root: Path, pictures: list[Picture], strategy: str, norm: str, counts: bool
) -> None:
    """Frozen is what gets no gradients: norms may adapt on the way."""
    passages = make(root, pictures, tiny_plan(strategy, norm), None)
    prepared(passages)
    for epoch, size in ((1, 3), (1, 1), (2, 4)):
        passages.count_live(epoch, size)
    assert passages.counters.prefix_forwards == (8 if counts else 0)


def test_a_live_thaw_counts_up_to_the_thaw(root: Path, pictures: list[Picture]) -> None:
    passages = make(root, pictures, tiny_plan("thaw", thaw_epoch=THAW), None)
    for epoch in (1, 2, 3, 4):
        prepared(passages, epoch)
        passages.count_live(epoch, 5)
    assert passages.counters.prefix_forwards == 10


def test_batches_behind_the_line_count_nothing_while_features_are_kept(
    root: Path, pictures: list[Picture]
) -> None:
    passages = make(root, pictures, tiny_plan())
    prepared(passages)
    before = counted(passages)
    passages.at(1).train.batch([0, 1, 2], [0, 0, 1])
    passages.count_live(1, 3)
    assert counted(passages) == before


def test_without_memory_or_disk_each_batch_counts(root: Path, pictures: list[Picture]) -> None:
    passages = make(root, pictures, tiny_plan(), Caching(None, 0.0))
    prepared(passages)
    before = counted(passages)
    for _ in range(2):
        passages.at(1).train.batch([0, 1, 2], [0, 0, 1])
        passages.at(1).val.batch([0, 1])
    assert counted(passages) == (before[0] + 10, before[1] + 10, 0)


def test_what_an_earlier_run_left_counts_as_found(
    root: Path, pictures: list[Picture], tmp_path: Path
) -> None:
    caching = Caching(FeaturePlace(tmp_path / "features", ROOM))
    prepared(make(root, pictures, tiny_plan(), caching))
    warm = make(root, pictures, tiny_plan(), caching)
    assert prepared(warm) == []
    assert counted(warm) == (0, 0, 2 * TRAIN + VAL)


def test_a_run_is_spared_what_it_finds_kept_but_not_what_it_had_computed_itself(
    root: Path, pictures: list[Picture], tmp_path: Path
) -> None:
    caching, clock = Caching(FeaturePlace(tmp_path / "features", ROOM)), RunClock()
    prepared(make(root, pictures, tiny_plan(), caching), clock=clock)
    assert clock.spared_seconds == 0.0
    computing = clock.phase_seconds["frozen pass"]
    warm, clock = make(root, pictures, tiny_plan(), caching), RunClock()
    prepared(warm, clock=clock)
    spared = clock.spared_seconds
    assert spared is not None
    assert 0 < spared <= computing
    resumed, clock = make(root, pictures, tiny_plan(), caching), RunClock()
    resumed.go_on(1, warm.counters)
    prepared(resumed, 2, clock)
    assert clock.spared_seconds == 0.0
    assert counted(resumed) == (0, 0, 2 * (2 * TRAIN + VAL))


def test_what_is_to_be_said_is_said_once(root: Path, pictures: list[Picture], tmp_path: Path) -> None:
    """Both splits find the disk full; the user is told once."""
    (tmp_path / "taken").write_text("a file")
    passages = make(root, pictures, tiny_plan(), Caching(FeaturePlace(tmp_path / "taken", ROOM)))
    assert passages.new_notes() == []
    prepared(passages)
    (note,) = passages.new_notes()
    assert "cannot be kept on disk" in note
    prepared(passages, 2)
    assert passages.new_notes() == []


@pytest.mark.parametrize(
    ("line", "words"),
    [(0, "training the whole network"), (1, "training from middle"), (2, "training the output layer")],
)
def test_a_way_has_words(root: Path, pictures: list[Picture], line: int, words: str) -> None:
    assert make(root, pictures, tiny_plan()).words(line) == words
    assert [stage.name for stage in STAGES] == ["stem", "middle", "head"]


def test_unless_asked_for_no_roof_is_measured(root: Path, pictures: list[Picture]) -> None:
    passages = make(root, pictures, tiny_plan())
    prepared(passages)
    assert passages.pass_roof is passages.step_roof(1, 4) is None


# Who judges -----------------------------------------------------------------------------------------------


def judged(passages: Passages) -> Evaluation:
    *_, (_, result) = evaluate(*passages.judge(1))
    assert result is not None
    return result


@pytest.fixture
def folded_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fold the norms of the judge however few the pictures are."""
    monkeypatch.setattr(passages_module, "FOLD_FROM", VAL)


@pytest.mark.usefixtures("folded_from")
@pytest.mark.parametrize("strategy", ["full", "small-lr", "lr-zero"])
def test_a_folded_judge_says_what_the_network_says_by_its_weights_of_now(
    root: Path, pictures: list[Picture], strategy: str
) -> None:
    applied = tiny_plan(strategy)
    passages, naive = make(root, pictures, applied), make(root, pictures, applied, None)
    prepared(passages)
    prepared(naive)
    assert passages.judge(1)[0] is not applied.model
    assert naive.judge(1)[0] is applied.model
    told = []
    for _ in range(2):
        first, second = judged(passages), judged(naive)
        torch.testing.assert_close(first.probabilities, second.probabilities, rtol=0, atol=1e-5)
        assert first.loss == pytest.approx(second.loss, abs=1e-5)
        assert first.accuracy == second.accuracy
        told.append(first.loss)
        with torch.no_grad():
            for parameter in applied.model.parameters():
                parameter += 0.3 * torch.ones_like(parameter)
            applied.model.state_dict()["stem.norm.running_mean"].add_(0.5)
    assert abs(told[0] - told[1]) > 1e-3, "or nothing shows that it follows the weights"


@pytest.mark.usefixtures("folded_from")
def test_a_folded_judge_changes_nothing_in_the_network_but_modes(root: Path, pictures: list[Picture]) -> None:
    applied = tiny_plan("full")
    passages = make(root, pictures, applied)
    prepared(passages)
    before = state_of(applied.model)
    gradients = [p.requires_grad for p in applied.model.parameters()]
    applied.model.train()
    judged(passages)
    assert differing(before, state_of(applied.model)) == set()
    assert [p.requires_grad for p in applied.model.parameters()] == gradients
    applied.model.train()
    applied.start_epoch(2)
    assert all(m.training for m in applied.model.modules()), "and the next epoch sets those anew"


def test_too_few_pictures_are_not_worth_folding_for(root: Path, pictures: list[Picture]) -> None:
    passages = make(root, pictures, tiny_plan("full"))
    prepared(passages)
    network, feed, arithmetic = passages.judge(1)
    assert network is passages.applied.model
    assert arithmetic is passages.arithmetic
    assert feed.batch([0]).shape == (1, 3, 16, 16)


@pytest.mark.usefixtures("folded_from")
def test_behind_the_line_judges_what_is_left_of_the_network(root: Path, pictures: list[Picture]) -> None:
    passages = make(root, pictures, tiny_plan())
    prepared(passages)
    network, feed, arithmetic = passages.judge(1)
    passage = passages.at(1)
    assert (network, feed, arithmetic) == (passage.network, passage.val, passage.arithmetic)


@pytest.mark.usefixtures("folded_from")
def test_a_folded_judge_computes_its_head_in_fp32_and_the_rest_in_fewer_bits(
    root: Path, pictures: list[Picture]
) -> None:
    applied = tiny_plan("full")
    arithmetic = Arithmetic(torch.device("cpu"), "bf16", FEW_PIXELS)
    passages = make(root, pictures, applied, arithmetic=arithmetic)
    prepared(passages)
    network, feed, used = passages.judge(1)
    seen: list[torch.dtype] = []
    linear = next(m for m in network.modules() if isinstance(m, nn.Linear))
    handle = linear.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].dtype))
    with torch.no_grad():
        rounded = used.forward(network.eval(), feed.batch([0, 1]))
        handle.remove()
        exact = CPU.forward(applied.model.eval(), feed.batch([0, 1]))
    assert seen == [torch.float32]
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded, exact, rtol=0, atol=0.05)
    assert not torch.equal(bits(rounded), bits(exact))
