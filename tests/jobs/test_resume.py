"""Resuming: a run that was cut anywhere and taken up again ends with the very bits of one that never was."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from filelock import FileLock

from ftgui.core.errors import FtguiError
from ftgui.jobs.resume import resume
from ftgui.jobs.train import train
from ftgui.runs.history import RunState, open_run
from ftgui.runs.store import read_summary
from ftgui.training.config import TrainConfig
from ftgui.training.events import (
    Reason,
    RunEnded,
    RunWarning,
)
from tests import samples
from tests.fixtures import Drawn, small_pictures
from tests.jobs.resuming import (
    Moment,
    assert_same_run,
    best_written,
    during,
    end_of_epoch,
    flat,
    kill_run,
    load,
    metrics,
    movement_told,
    resume_to_the_end,
    stop_run,
    stopped,
    unlike,
    within_epoch,
)

EPOCHS, CUT = 6, 3

pytestmark = [pytest.mark.usefixtures("small_crops"), pytest.mark.long]


def run_config(drawn: Drawn, **changes: Any) -> TrainConfig:
    return drawn.config(**({"epochs": EPOCHS, "weight_decay": 0.01} | changes))


@functools.cache
def straight(config_json: bytes, out: Path) -> Path:
    """Return the folder of an uninterrupted run of a config; made once for all tests."""
    with small_pictures():
        ended = list(train(msgspec.json.decode(config_json, type=TrainConfig), out))[-1]
    assert isinstance(ended, RunEnded)
    return out


@pytest.fixture
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[TrainConfig], Path]:
    """Return the folder of a run that nobody disturbed."""
    base = tmp_path_factory.getbasetemp() / "straight"
    base.mkdir(exist_ok=True)

    def folder(config: TrainConfig) -> Path:
        encoded = msgspec.json.encode(config)
        return straight(encoded, base / f"{abs(hash(encoded))}")

    return folder


# Three and three epochs are six ----------------------------------------------------------------------------

SGD = {
    "freeze": {"strategy": "freeze"},
    "small-lr": {"strategy": "small-lr"},
    "partial": {"strategy": "partial"},
    "thaw before the cut": {"strategy": "thaw", "thaw_epoch": 2},
    "thaw at the cut": {"strategy": "thaw", "thaw_epoch": 4},
    "thaw after the cut": {"strategy": "thaw", "thaw_epoch": 5},
    "full": {"strategy": "full"},
    "lr-zero": {"strategy": "lr-zero"},
    "scratch": {"strategy": "scratch", "lr": 0.005},
}
ADAMW = {
    name: SGD[name] | {"optimizer": "adamw", "lr": 0.002}
    for name in ("full", "lr-zero", "thaw before the cut", "thaw after the cut")
}
OTHERS = {
    "warm-up and clipping": {"strategy": "small-lr", "warmup_epochs": 4, "clip_grad": 0.1},
    "a late thaw that warms up": {"strategy": "thaw", "thaw_epoch": 3, "warmup_epochs": 2, "clip_grad": 0.1},
    "random crops and a weighted loss": {
        "strategy": "freeze",
        "augment": "standard",
        "class_weights": "balanced",
        "label_smoothing": 0.1,
        "schedule": "constant",
        "seed": 5,
    },
    "norms that train": {"strategy": "partial", "norm": "trainable", "schedule": "step"},
    "a random frozen network": {"strategy": "freeze", "init": "random", "norm": "adapt"},
}


@pytest.mark.parametrize(
    "changes",
    [
        *(pytest.param(changes, id=f"{name}, sgd") for name, changes in SGD.items()),
        *(pytest.param(changes, id=f"{name}, adamw") for name, changes in ADAMW.items()),
        *(pytest.param(changes, id=name) for name, changes in OTHERS.items()),
    ],
)
def test_three_and_three_epochs_end_as_six(
    drawn: Drawn, tmp_path: Path, uninterrupted: Callable[[TrainConfig], Path], changes: dict[str, Any]
) -> None:
    config = run_config(drawn, **changes)
    ended = stop_run(end_of_epoch(CUT), config, tmp_path / "run")
    assert ended.epochs == CUT
    before = load(tmp_path / "run" / "checkpoint.pth")
    resume_to_the_end(tmp_path / "run", after=CUT)
    assert_same_run(tmp_path / "run", uninterrupted(config))
    assert unlike_states(before, load(tmp_path / "run" / "checkpoint.pth")), "and it learned on the way"


def unlike_states(first: Any, second: Any) -> set[str]:
    one, other = flat(first["moving"]), flat(second["moving"])
    return {name for name in one if one[name] != other[name]}


def test_the_momentum_matters(drawn: Drawn, tmp_path: Path, uninterrupted: Any) -> None:
    """Or it would be no wonder that it is kept: without it the same epochs lead elsewhere."""
    config = run_config(drawn)
    stop_run(end_of_epoch(CUT), config, tmp_path / "run")
    checkpoint = load(tmp_path / "run" / "checkpoint.pth")
    checkpoint["optimizer"]["state"] = {}
    torch.save(checkpoint, tmp_path / "run" / "checkpoint.pth")
    resume_to_the_end(tmp_path / "run", after=CUT)
    assert unlike(tmp_path / "run" / "checkpoint.pth", uninterrupted(config) / "checkpoint.pth")


def test_the_dropout_of_a_head_goes_on_as_it_would_have(
    drawn: Drawn, tmp_path: Path, uninterrupted: Any
) -> None:
    """Each epoch draws its own random numbers, so none need be kept."""
    weights = samples.calibrated_weights(tmp_path / "weights.pth", "squeezenet1_1")
    config = run_config(drawn, weights=str(weights), epochs=4)
    stop_run(end_of_epoch(2), config, tmp_path / "run")
    torch.manual_seed(12345)
    resume_to_the_end(tmp_path / "run", after=2)
    assert_same_run(tmp_path / "run", uninterrupted(config))


# Cut anywhere ----------------------------------------------------------------------------------------------

THAW = {"strategy": "thaw", "thaw_epoch": 3, "epochs": 5, "lr": 0.005}


@pytest.mark.parametrize(
    ("moment", "after"),
    [
        pytest.param(within_epoch(4), 3, id="in the middle of an epoch"),
        pytest.param(within_epoch(3), 2, id="in the middle of the epoch of the thaw"),
        pytest.param(end_of_epoch(2), 2, id="between two epochs, just before the thaw"),
        pytest.param(within_epoch(1), 0, id="in the middle of the first epoch"),
        pytest.param(within_epoch(5), 4, id="in the middle of the last epoch"),
    ],
)
def test_a_stopped_run_goes_on_after_its_last_whole_epoch(
    drawn: Drawn, tmp_path: Path, uninterrupted: Any, moment: Moment, after: int
) -> None:
    config = run_config(drawn, **THAW)
    stop_run(moment, config, tmp_path / "run")
    resume_to_the_end(tmp_path / "run", after)
    assert_same_run(tmp_path / "run", uninterrupted(config))


def test_a_run_stopped_while_it_is_judged_does_that_epoch_anew(
    drawn: Drawn, tmp_path: Path, uninterrupted: Any
) -> None:
    config = run_config(drawn, **THAW)
    seen = iter(range(1, 1000))
    moment: Moment = lambda event: during("validation")(event) and next(seen) == 3 * 2  # noqa: E731
    stop_run(moment, config, tmp_path / "run")
    done = len(open_run(tmp_path / "run").epochs)
    assert 0 < done < 5
    resume_to_the_end(tmp_path / "run", after=done)
    assert_same_run(tmp_path / "run", uninterrupted(config))


@pytest.mark.parametrize(
    ("moment", "after"),
    [
        pytest.param(within_epoch(4), 3, id="in the middle of an epoch"),
        pytest.param(movement_told(4), 3, id="while it told how far its stages moved"),
        pytest.param(end_of_epoch(4), 3, id="before that epoch's checkpoint was written"),
        pytest.param(within_epoch(1), 0, id="in the first epoch"),
        pytest.param(best_written(1), 0, id="in the first epoch, with weights already kept"),
        pytest.param(during("comparing frozen entries"), 5, id="when all but the proof was done"),
    ],
)
def test_a_killed_run_goes_on_after_its_last_whole_epoch(
    drawn: Drawn, tmp_path: Path, uninterrupted: Any, moment: Moment, after: int
) -> None:
    """No summary, a lock left behind and half a line at the end of its events."""
    config = run_config(drawn, **THAW)
    kill_run(moment, config, tmp_path / "run")
    assert not (tmp_path / "run" / "summary.json").exists()
    assert open_run(tmp_path / "run").state is RunState.INTERRUPTED
    resume_to_the_end(tmp_path / "run", after)
    assert_same_run(tmp_path / "run", uninterrupted(config))


def test_a_run_killed_between_its_better_weights_and_the_end_of_their_epoch_keeps_them(
    drawn: Drawn, tmp_path: Path, uninterrupted: Any
) -> None:
    config = run_config(drawn, **THAW)
    better = [
        epoch.epoch for epoch in open_run(uninterrupted(config)).epochs if epoch.is_best and epoch.epoch > 1
    ]
    assert better, "or there is nothing to show here"
    kill_run(best_written(better[-1]), config, tmp_path / "run")
    resume_to_the_end(tmp_path / "run", after=better[-1] - 1)
    assert_same_run(tmp_path / "run", uninterrupted(config))


def test_a_run_can_be_resumed_again_and_again(drawn: Drawn, tmp_path: Path, uninterrupted: Any) -> None:
    config = run_config(drawn, **THAW)
    folder = tmp_path / "run"
    stop_run(within_epoch(1), config, folder)
    for epoch in (2, 4):
        stopped(end_of_epoch(epoch), functools.partial(resume, folder))
        assert [e.epoch for e in open_run(folder).epochs] == list(range(1, epoch + 1))
        assert len(metrics(folder)) == epoch
    resume_to_the_end(folder, after=4)
    assert_same_run(folder, uninterrupted(config))


def test_a_resumed_run_stopped_before_it_begins_has_lost_nothing(
    drawn: Drawn, tmp_path: Path, uninterrupted: Any
) -> None:
    """After its thaw: from there on it needs the pixels."""
    config = run_config(drawn, **THAW)
    folder = tmp_path / "run"
    stop_run(end_of_epoch(CUT), config, folder)
    ended = stopped(during("decoding pictures"), functools.partial(resume, folder))
    assert ended.epochs == CUT
    assert read_summary(folder).ended == ended
    assert len(metrics(folder)) == CUT
    resume_to_the_end(folder, after=CUT)
    assert_same_run(folder, uninterrupted(config))


def test_a_resumed_run_finds_what_it_computed_before_and_computes_nothing_again(
    drawn: Drawn, tmp_path: Path
) -> None:
    before = stop_run(end_of_epoch(CUT), run_config(drawn), tmp_path / "run")
    views = 24 * 2 + 6
    assert before.counters == {"prefix_forwards": views, "decoded_pictures": 30, "cache_hits": 0}
    after = resume_to_the_end(tmp_path / "run", after=CUT)[-1]
    assert isinstance(after, RunEnded)
    assert after.counters == {"prefix_forwards": views, "decoded_pictures": 30, "cache_hits": views}
    spent = [ended.phase_seconds["frozen pass"] for ended in (before, after)]
    assert spent[0] == spent[1] > 0, "what was spent before counts, and nothing is added"
    assert after.spared_seconds == 0.0, "it has paid for what it finds"


def test_a_resumed_run_was_spared_what_it_found_kept_when_it_began(drawn: Drawn, tmp_path: Path) -> None:
    cold = stop_run(end_of_epoch(1), run_config(drawn), tmp_path / "cold")
    before = stop_run(end_of_epoch(CUT), run_config(drawn), tmp_path / "run")
    after = resume_to_the_end(tmp_path / "run", after=CUT)[-1]
    assert isinstance(after, RunEnded)
    assert cold.spared_seconds == 0.0
    assert before.spared_seconds == after.spared_seconds
    assert before.spared_seconds == pytest.approx(cold.phase_seconds["frozen pass"], rel=0.5)


def test_seconds_go_on_where_they_were(drawn: Drawn, tmp_path: Path) -> None:
    before = stop_run(end_of_epoch(CUT), run_config(drawn), tmp_path / "run")
    events = resume_to_the_end(tmp_path / "run", after=CUT)
    history = open_run(tmp_path / "run")
    totals = [epoch.total_seconds for epoch in history.epochs]
    assert totals == sorted(totals)
    assert len(set(totals)) == EPOCHS
    assert history.ended is not None
    assert history.ended.seconds >= totals[-1]
    trained = before.phase_seconds["training"]
    assert events[-1].phase_seconds["training"] > trained > 0  # type: ignore[union-attr]


def test_movement_is_counted_from_the_runs_start(drawn: Drawn, tmp_path: Path) -> None:
    config = run_config(drawn, strategy="full", schedule="constant")
    stop_run(end_of_epoch(CUT), config, tmp_path / "run")
    resume_to_the_end(tmp_path / "run", after=CUT)
    movement = open_run(tmp_path / "run").movement("weights")
    assert set(map(len, movement.values())) == {EPOCHS}
    for stage, gone in movement.items():
        assert None not in gone
        assert gone[CUT] > 0.5 * gone[CUT - 1] > 0, f"{stage} began anew"  # type: ignore[operator]


# Early stopping --------------------------------------------------------------------------------------------

IMPATIENT = {"strategy": "small-lr", "early_stop": 4, "early_stop_min_delta": 100.0}
"""Nothing improves by that much, so training ends after the first epoch and four more."""


@pytest.mark.parametrize(
    ("cut", "moment", "after"),
    [
        pytest.param(stop_run, end_of_epoch(CUT), CUT, id="stopped before"),
        pytest.param(kill_run, within_epoch(5), 4, id="killed in its last epoch"),
        pytest.param(kill_run, during("comparing frozen entries"), 5, id="killed after its last epoch"),
    ],
)
def test_patience_is_counted_across_the_cut(
    drawn: Drawn, tmp_path: Path, uninterrupted: Any, cut: Any, moment: Moment, after: int
) -> None:
    config = run_config(drawn, **IMPATIENT)
    cut(moment, config, tmp_path / "run")
    events = resume_to_the_end(tmp_path / "run", after)
    assert events[-1].reason is Reason.EARLY_STOPPED  # type: ignore[union-attr]
    assert len(metrics(tmp_path / "run")) == 5
    assert_same_run(tmp_path / "run", uninterrupted(config))


# Pictures and weights --------------------------------------------------------------------------------------


@pytest.fixture
def own(drawn: Drawn, tmp_path: Path) -> Drawn:
    """Files of a test's own, to be changed."""
    shutil.copytree(drawn.data, tmp_path / "pictures")
    shutil.copy(drawn.weights, tmp_path / "weights.pth")
    return Drawn(data=tmp_path / "pictures", weights=tmp_path / "weights.pth")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refusal(folder: Path) -> FtguiError:
    """Return why a run is not resumed, and see that it costs nothing that is there."""
    before = contents(folder)
    with pytest.raises(FtguiError) as caught:
        list(resume(folder))
    assert contents(folder) == before
    for words in (caught.value.message, caught.value.hint):
        assert words.endswith(".")
        assert "\n" not in words
    return caught.value


def test_pictures_that_came_later_are_left_alone(own: Drawn, tmp_path: Path) -> None:
    config = run_config(own)
    list(train(config, tmp_path / "straight"))
    stop_run(end_of_epoch(CUT), config, tmp_path / "run")
    samples.draw_class(own.data / "a new class", label=4, count=3)
    samples.draw_picture(0, 99).save(own.data / samples.CLASS_NAMES[0] / "new.png")
    resume_to_the_end(tmp_path / "run", after=CUT)
    assert_same_run(tmp_path / "run", tmp_path / "straight")


def test_a_picture_that_never_could_be_read_does_not_matter(own: Drawn, tmp_path: Path) -> None:
    (own.data / samples.CLASS_NAMES[1] / "003.png").write_bytes(b"no picture")
    config = run_config(own)
    list(train(config, tmp_path / "straight"))
    stop_run(end_of_epoch(CUT), config, tmp_path / "run")
    resume_to_the_end(tmp_path / "run", after=CUT)
    assert_same_run(tmp_path / "run", tmp_path / "straight")


def test_a_missing_picture_ends_it_in_a_sentence_and_a_picture_put_back_lets_it_go_on(
    own: Drawn, tmp_path: Path
) -> None:
    config = run_config(own)
    list(train(config, tmp_path / "straight"))
    stop_run(end_of_epoch(CUT), config, tmp_path / "run")
    picture = own.data / samples.CLASS_NAMES[1] / "003.png"
    content = picture.read_bytes()
    picture.unlink()
    before = {name: content for name, content in contents(tmp_path / "run").items() if name.endswith(".pth")}
    events = list(resume(tmp_path / "run"))
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert ended.reason is Reason.FAILED
    assert "Not all pictures of this run can be read" in ended.message
    assert any("003.png" in event.message for event in events if isinstance(event, RunWarning))
    assert contents(tmp_path / "run").items() >= before.items()
    picture.write_bytes(content)
    resume_to_the_end(tmp_path / "run", after=CUT)
    assert_same_run(tmp_path / "run", tmp_path / "straight")


def test_other_weights_are_refused_and_the_right_ones_let_it_go_on(own: Drawn, tmp_path: Path) -> None:
    config = run_config(own)
    list(train(config, tmp_path / "straight"))
    stop_run(end_of_epoch(CUT), config, tmp_path / "run")
    content = own.weights.read_bytes()
    samples.calibrated_weights(own.weights, seed=8)
    assert "is not the one that this run began with" in refusal(tmp_path / "run").message
    own.weights.unlink()
    assert "weights.pth" in refusal(tmp_path / "run").message
    own.weights.write_bytes(content)
    resume_to_the_end(tmp_path / "run", after=CUT)
    assert_same_run(tmp_path / "run", tmp_path / "straight")


# Older runs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_run_that_an_older_ftgui_stopped_goes_on(drawn: Drawn, tmp_path: Path, optimizer: str) -> None:
    """Its parameters were stepped one by one, and it knew neither layouts nor a cache."""
    folder = tmp_path / "run"
    stop_run(end_of_epoch(CUT), run_config(drawn, optimizer=optimizer), folder)
    checkpoint = load(folder / "checkpoint.pth")
    for group in checkpoint["optimizer"]["param_groups"]:
        group["fused"] = None
    del checkpoint["scaler"]
    torch.save(checkpoint, folder / "checkpoint.pth")
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    del settings["cache"]
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    ended = resume_to_the_end(folder, after=CUT)[-1]
    assert (ended.epochs, ended.frozen_changed) == (EPOCHS, 0)  # type: ignore[union-attr]


# What cannot go on -----------------------------------------------------------------------------------------


def test_a_complete_run_is_refused(drawn: Drawn, tmp_path: Path) -> None:
    list(train(run_config(drawn, epochs=1), tmp_path / "run"))
    assert "it is complete" in refusal(tmp_path / "run").message


def test_a_run_that_ended_early_is_complete(drawn: Drawn, uninterrupted: Any) -> None:
    assert "it is complete" in refusal(uninterrupted(run_config(drawn, **IMPATIENT))).message


def test_a_run_that_blew_up_is_refused(drawn: Drawn, tmp_path: Path) -> None:
    ended = list(train(run_config(drawn, strategy="full", lr=100.0), tmp_path / "run"))[-1]
    assert isinstance(ended, RunEnded)
    assert ended.reason is Reason.NAN_LOSS
    assert "no longer a finite number" in refusal(tmp_path / "run").message


def test_a_run_stopped_before_its_first_batch_is_refused(drawn: Drawn, tmp_path: Path) -> None:
    stop_run(during("computing frozen stages"), run_config(drawn), tmp_path / "run")
    assert "before its first batch" in refusal(tmp_path / "run").message


def test_a_folder_that_holds_no_run_is_refused(tmp_path: Path) -> None:
    assert "is not a run folder" in refusal(tmp_path).message


def test_a_damaged_checkpoint_is_refused(drawn: Drawn, tmp_path: Path) -> None:
    stop_run(end_of_epoch(1), run_config(drawn, epochs=2), tmp_path / "run")
    checkpoint = tmp_path / "run" / "checkpoint.pth"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    assert "cannot be read" in refusal(tmp_path / "run").message


def test_a_run_that_another_program_writes_is_refused(drawn: Drawn, tmp_path: Path) -> None:
    stop_run(end_of_epoch(1), run_config(drawn, epochs=2), tmp_path / "run")
    with FileLock(tmp_path / "run" / ".lock"):
        assert "Another program is writing" in refusal(tmp_path / "run").message
    resume_to_the_end(tmp_path / "run", after=1)


def test_a_run_whose_frozen_entries_were_changed_is_refused(drawn: Drawn, tmp_path: Path) -> None:
    """Stopped, then tampered with: the proof is red, and there is nothing to go on from."""
    folder = tmp_path / "run"
    stop_run(end_of_epoch(2), run_config(drawn, epochs=3), folder)
    for event in resume(folder):
        if during("comparing frozen entries")(event):
            state = load(folder / "best.pth")
            state["conv1.0.weight"].view(torch.int32).view(-1)[0] ^= 1
            torch.save(state, folder / "best.pth")
    assert isinstance(event, RunEnded)
    assert event.reason is Reason.PROOF_FAILED
    assert event.frozen_changed == 1
    assert "had to stay frozen was changed" in refusal(folder).message
