"""What stays frozen between the weights file and ``best.pth``, reckoned here from the two files alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision

import ftgui.jobs.train as train_job
import ftgui.training.trainer as trainer_module
from ftgui.training.events import Reason, RunEnded, RunWarning
from tests import samples
from tests.fixtures import Drawn, Finished, run_small

pytestmark = pytest.mark.long  # many runs

State = dict[str, torch.Tensor]
HEAD = {"fc.weight", "fc.bias"}
"""The output layer of a ShuffleNet."""


def bits(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().numpy().tobytes()


def load(path: Path) -> State:
    state: State = torch.load(path, weights_only=True)
    return state


def differing(first: State, second: State) -> set[str]:
    assert first.keys() == second.keys()
    return {name for name in first if bits(first[name]) != bits(second[name])}


def best(run: Finished) -> State:
    return load(run.folder / "best.pth")


def ended(run: Finished) -> RunEnded:
    event = run.events[-1]
    assert isinstance(event, RunEnded)
    return event


@pytest.mark.parametrize("name", ["freeze", "lr-zero", "small-lr at 0"])
def test_freezing_moves_nothing_but_the_new_output_layer(
    finished: dict[str, Finished], drawn: Drawn, name: str
) -> None:
    """Parameters and buffers: the running statistics of every BatchNorm are among them."""
    before = load(drawn.weights)
    assert differing(before, best(finished[name])) == HEAD
    assert ended(finished[name]).frozen_tensors == len(before) - len(HEAD)
    assert ended(finished[name]).frozen_changed == 0


def test_lr_zero_ends_with_the_very_weights_of_freeze(finished: dict[str, Finished]) -> None:
    assert differing(best(finished["freeze"]), best(finished["lr-zero"])) == set()


def test_a_small_lr_of_0_is_lr_zero(finished: dict[str, Finished]) -> None:
    assert differing(best(finished["lr-zero"]), best(finished["small-lr at 0"])) == set()


@pytest.mark.parametrize("name", ["small-lr", "full"])
def test_what_learns_moves(finished: dict[str, Finished], drawn: Drawn, name: str) -> None:
    """All but some scales of norms that another norm undoes, channel by channel: their gradient is 0."""
    before = load(drawn.weights)
    unmoved = set(before) - differing(before, best(finished[name]))
    assert all(entry.endswith("branch2.1.weight") for entry in unmoved)
    assert len(unmoved) < 10
    assert ended(finished[name]).frozen_tensors == 0
    assert ended(finished[name]).frozen_changed == 0


def test_partial_moves_what_lies_behind_its_line_and_nothing_before_it(
    finished: dict[str, Finished], drawn: Drawn
) -> None:
    before = load(drawn.weights)
    behind = {name for name in before if name.startswith(("stage4.", "conv5."))} | HEAD
    moved = differing(before, best(finished["partial"]))
    assert moved <= behind
    assert len(moved) > len(behind) - 5, "as above"
    assert ended(finished["partial"]).frozen_tensors == len(before) - len(behind)
    assert ended(finished["partial"]).frozen_changed == 0


@pytest.mark.parametrize("cache", ["off", "on"])
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"strategy": "partial", "freeze_until": "stage4-conv5"}, id="partial before the head"),
        pytest.param({"strategy": "thaw", "thaw_epoch": 4}, id="a thaw that never comes"),
    ],
)
def test_another_road_to_a_frozen_extractor_ends_with_the_very_weights_of_freeze(
    drawn: Drawn, tmp_path: Path, changes: dict[str, Any], cache: str
) -> None:
    own = run_small(drawn.config(cache=cache, **changes), tmp_path / "run")[-1]
    freeze = run_small(drawn.config(cache=cache), tmp_path / "freeze")[-1]
    assert differing(*(load(tmp_path / name / "best.pth") for name in ("run", "freeze"))) == set()
    assert own.frozen_tensors == freeze.frozen_tensors > 0  # type: ignore[union-attr]


def test_scratch_is_judged_by_the_random_weights_that_it_began_with(drawn: Drawn, tmp_path: Path) -> None:
    """At learning rate 0 nothing moves but statistics; beside the file no filter is what it was."""
    end = run_small(drawn.config(strategy="scratch", lr=0.0, epochs=1), tmp_path / "run")[-1]
    file, trained = load(drawn.weights), load(tmp_path / "run" / "best.pth")
    statistics = {name for name in file if name.endswith(("running_mean", "running_var", "_tracked"))}
    assert isinstance(end, RunEnded)
    assert end.moved_tensors == len(statistics)
    assert (end.frozen_tensors, end.frozen_changed) == (0, 0)
    filters = {name for name, tensor in file.items() if tensor.dim() == 4}
    assert differing(file, trained) >= filters
    for name in ("conv1.0.weight", "stage3.1.branch2.0.weight"):
        alike = torch.cosine_similarity(file[name].flatten(), trained[name].flatten(), dim=0)
        assert alike.abs() < 0.3, "they have nothing to do with one another"


@pytest.mark.parametrize("name", ["freeze", "lr-zero", "partial", "small-lr", "full"])
def test_the_entries_that_moved_are_counted_between_the_two_files(
    finished: dict[str, Finished], drawn: Drawn, name: str
) -> None:
    moved = differing(load(drawn.weights), best(finished[name]))
    assert ended(finished[name]).moved_tensors == len(moved | HEAD)


def test_a_small_lr_moves_the_extractor_less_than_a_full_one(
    finished: dict[str, Finished], drawn: Drawn
) -> None:
    before = load(drawn.weights)["conv1.0.weight"]
    small, full = (
        (best(finished[name])["conv1.0.weight"] - before).norm().item() for name in ("small-lr", "full")
    )
    assert 0 < small < 0.5 * full


@pytest.mark.parametrize("schedule", ["constant", "step"])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_lr_zero_is_freeze_with_every_optimizer_and_schedule(
    drawn: Drawn, tmp_path: Path, optimizer: str, schedule: str
) -> None:
    changes = {"optimizer": optimizer, "schedule": schedule, "weight_decay": 0.1, "epochs": 2, "cache": "off"}
    for strategy in ("freeze", "lr-zero"):
        run_small(drawn.config(strategy=strategy, **changes), tmp_path / strategy)
    assert differing(load(tmp_path / "freeze" / "best.pth"), load(tmp_path / "lr-zero" / "best.pth")) == set()


def test_lr_zero_is_freeze_under_a_warm_up_clipped_gradients_and_a_weighted_smoothed_loss(
    drawn: Drawn, tmp_path: Path
) -> None:
    """The extractor's gradients, of lr 0, must not shorten the head's."""
    changes = {
        "warmup_epochs": 1,
        "clip_grad": 0.05,
        "label_smoothing": 0.1,
        "class_weights": "balanced",
        "optimizer": "adamw",
        "epochs": 2,
        "cache": "off",
    }
    for name, strategy, clip in (("a", "freeze", 0.05), ("b", "lr-zero", 0.05), ("c", "freeze", None)):
        run_small(drawn.config(strategy=strategy, **(changes | {"clip_grad": clip})), tmp_path / name)
    freeze, zero, loose = (load(tmp_path / name / "best.pth") for name in "abc")
    assert differing(freeze, zero) == set()
    assert differing(freeze, loose) == HEAD, "or nothing was clipped"


def test_weights_of_minus_zero_keep_their_sign_at_lr_zero(drawn: Drawn, tmp_path: Path) -> None:
    """Adding 0 to -0.0 gives 0.0: another bit, though the same number."""
    state = load(drawn.weights)
    state["conv1.0.weight"].view(-1)[::2] = -0.0
    torch.save(state, tmp_path / "weights.pth")
    config = drawn.config(strategy="lr-zero", weights=str(tmp_path / "weights.pth"), epochs=1)
    events = run_small(config, tmp_path / "run")
    assert differing(state, load(tmp_path / "run" / "best.pth")) == HEAD
    assert events[-1].frozen_changed == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("strategy", ["freeze", "lr-zero"])
def test_statistics_that_may_adapt_are_all_that_moves_besides(
    drawn: Drawn, tmp_path: Path, strategy: str
) -> None:
    events = run_small(drawn.config(strategy=strategy, norm="adapt", epochs=1), tmp_path / "run")
    before = load(drawn.weights)
    statistics = {name for name in before if name.endswith(("running_mean", "running_var", "_tracked"))}
    assert differing(before, load(tmp_path / "run" / "best.pth")) == statistics | HEAD
    assert events[-1].frozen_tensors == len(before) - len(statistics | HEAD)  # type: ignore[union-attr]
    assert events[-1].frozen_changed == 0  # type: ignore[union-attr]


def test_the_dropout_of_a_head_draws_the_same_numbers_whatever_came_before_it(
    drawn: Drawn, tmp_path: Path
) -> None:
    weights = samples.calibrated_weights(tmp_path / "weights.pth", "mnasnet0_5")
    for strategy in ("freeze", "lr-zero"):
        config = drawn.config(strategy=strategy, weights=str(weights), epochs=2, cache="off")
        run_small(config, tmp_path / strategy)
    freeze, zero = (load(tmp_path / strategy / "best.pth") for strategy in ("freeze", "lr-zero"))
    assert differing(freeze, zero) == set()
    assert differing(load(weights), freeze) == {"classifier.1.weight", "classifier.1.bias"}


# Proof ----------------------------------------------------------------------------------------------------


def flip_a_bit(path: Path, name: str) -> None:
    state = load(path)
    state[name].view(torch.int32).view(-1)[0] ^= 1
    torch.save(state, path)


@pytest.fixture
def before_the_proof(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Do something to the files after training and before they are compared."""

    def at_that_moment(do: Any) -> None:
        real = train_job.TrainJob._moved

        def prove(job: Any, *arguments: Any) -> Any:
            do(job)
            return real(job, *arguments)

        monkeypatch.setattr(train_job.TrainJob, "_moved", prove)

    return at_that_moment


@pytest.mark.parametrize("entry", ["conv1.0.weight", "conv1.1.running_var"])
def test_one_bit_planted_in_the_trained_weights_is_found(
    drawn: Drawn, tmp_path: Path, before_the_proof: Any, entry: str
) -> None:
    before_the_proof(lambda job: flip_a_bit(job.out / "best.pth", entry))
    end = run_small(drawn.config(epochs=1), tmp_path / "run")[-1]
    assert isinstance(end, RunEnded)
    assert end.reason == Reason.PROOF_FAILED
    assert end.reason.is_failure
    assert end.frozen_changed == 1
    assert entry in end.message


def test_one_bit_planted_in_the_weights_file_is_found(
    drawn: Drawn, tmp_path: Path, before_the_proof: Any
) -> None:
    weights = samples.calibrated_weights(tmp_path / "weights.pth")
    before_the_proof(lambda _: flip_a_bit(weights, "conv5.0.weight"))
    end = run_small(drawn.config(weights=str(weights), epochs=1), tmp_path / "run")[-1]
    assert isinstance(end, RunEnded)
    assert (end.reason, end.frozen_changed) == (Reason.PROOF_FAILED, 1)


def test_a_bit_of_what_may_move_is_nobodys_business(
    drawn: Drawn, tmp_path: Path, before_the_proof: Any
) -> None:
    before_the_proof(lambda job: flip_a_bit(job.out / "best.pth", "fc.weight"))
    end = run_small(drawn.config(epochs=1), tmp_path / "run")[-1]
    assert isinstance(end, RunEnded)
    assert (end.reason, end.frozen_changed) == (Reason.COMPLETED, 0)


def test_a_weight_that_moves_during_training_is_found(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = trainer_module.train_step

    def clumsy(passage: Any, *arguments: Any) -> Any:
        with torch.no_grad():
            passage.network.conv1[0].weight.view(-1)[7] *= 1 + 2**-20
        return real(passage, *arguments)

    monkeypatch.setattr(trainer_module, "train_step", clumsy)
    end = run_small(drawn.config(epochs=1, cache="off"), tmp_path / "run")[-1]
    assert isinstance(end, RunEnded)
    assert (end.reason, end.frozen_changed, end.moved_tensors) == (Reason.PROOF_FAILED, 1, 3)
    assert "conv1.0.weight" in end.message


def test_a_weights_file_that_is_gone_leaves_the_run_unproven_and_says_so(
    drawn: Drawn, tmp_path: Path, before_the_proof: Any
) -> None:
    weights = samples.calibrated_weights(tmp_path / "weights.pth")
    before_the_proof(lambda _: weights.unlink())
    events = run_small(drawn.config(weights=str(weights), epochs=1), tmp_path / "run")
    end = events[-1]
    assert isinstance(end, RunEnded)
    assert end.reason == Reason.COMPLETED
    assert end.frozen_changed is end.moved_tensors is None, "nothing was compared, so nothing is claimed"
    assert any("could not be checked" in e.message for e in events if isinstance(e, RunWarning))


@pytest.mark.parametrize(("epochs", "found"), [(2, 1), (3, 0)])
def test_a_thaw_vouches_for_what_was_frozen_up_to_the_last_epoch_that_ran(
    drawn: Drawn, tmp_path: Path, before_the_proof: Any, epochs: int, found: int
) -> None:
    """Before the thaw, here in the third epoch, a bit of the extractor counts; from then on it may move."""
    before_the_proof(lambda job: flip_a_bit(job.out / "best.pth", "stage2.0.branch1.0.weight"))
    config = drawn.config(strategy="thaw", thaw_epoch=3, epochs=epochs)
    end = run_small(config, tmp_path / "run")[-1]
    assert isinstance(end, RunEnded)
    assert end.frozen_changed == found
    assert end.frozen_tensors == (len(load(drawn.weights)) - len(HEAD) if found else 0)
    assert end.reason == (Reason.PROOF_FAILED if found else Reason.COMPLETED)


@pytest.mark.parametrize(("entry", "found"), [("stage3.0.branch1.0.weight", 1), ("conv5.0.weight", 0)])
def test_partial_vouches_for_what_lies_before_its_line(
    drawn: Drawn, tmp_path: Path, before_the_proof: Any, entry: str, found: int
) -> None:
    before_the_proof(lambda job: flip_a_bit(job.out / "best.pth", entry))
    end = run_small(drawn.config(strategy="partial", freeze_until="stage3", epochs=1), tmp_path / "run")[-1]
    assert isinstance(end, RunEnded)
    assert end.frozen_changed == found


RANDOM = {"strategy": "freeze", "init": "random", "norm": "adapt", "seed": 4, "epochs": 2}


def random_state(seed: int) -> State:
    """Return torchvision's own random network, for as many classes as the weights file's."""
    torch.manual_seed(seed)
    return dict(torchvision.models.shufflenet_v2_x0_5(weights=None, num_classes=5).state_dict())


def test_random_weights_that_stay_are_those_of_the_seed(drawn: Drawn, tmp_path: Path) -> None:
    end = run_small(drawn.config(**RANDOM), tmp_path / "run")[-1]
    before, after = random_state(seed=4), load(tmp_path / "run" / "best.pth")
    statistics = {name for name in before if name.endswith(("running_mean", "running_var", "_tracked"))}
    assert differing(before, after) == statistics | HEAD
    convolutions = {name for name in before if before[name].ndim == 4}
    assert differing(load(drawn.weights), after) >= convolutions, "none of them is the file's"
    assert differing(random_state(seed=5), after) >= convolutions, "or another seed's"
    assert isinstance(end, RunEnded)
    assert (end.frozen_tensors, end.frozen_changed) == (len(before) - len(statistics | HEAD), 0)


def test_random_weights_that_stay_are_proven_by_the_seeds_network_and_not_by_the_file(
    drawn: Drawn, tmp_path: Path, before_the_proof: Any
) -> None:
    """The file's own weights in their place are found out like any other bits."""

    def put_back(job: Any) -> None:
        state = load(job.out / "best.pth")
        state["conv1.0.weight"] = load(drawn.weights)["conv1.0.weight"]
        torch.save(state, job.out / "best.pth")

    before_the_proof(put_back)
    end = run_small(drawn.config(**RANDOM), tmp_path / "run")[-1]
    assert isinstance(end, RunEnded)
    assert (end.reason, end.frozen_changed) == (Reason.PROOF_FAILED, 1)
    assert "conv1.0.weight" in end.message
