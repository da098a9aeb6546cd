"""What goes wrong on the way ends a run in one sentence and costs nothing that was there."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import ftgui.training.trainer as trainer_module
from ftgui.core import files
from ftgui.core.errors import FtguiError
from ftgui.jobs import prepare as prepare_job
from ftgui.runs import store as store_module
from ftgui.runs.history import RunState, open_run
from ftgui.runs.store import RunStore, read_summary
from ftgui.training import checkpoint
from ftgui.training.events import EpochEnded, Reason, RunEnded, RunWarning, TrainingEvent
from ftgui.training.feeds import Feed, Passage
from ftgui.training.loops import Evaluation
from tests import samples
from tests.fixtures import Drawn, Finished, run_small

FULL_DISK = OSError(errno.ENOSPC, "No space left on device")


def end_of(events: list[TrainingEvent]) -> RunEnded:
    assert isinstance(events[-1], RunEnded)
    assert sum(isinstance(event, RunEnded) for event in events) == 1
    return events[-1]


def assert_plain_words(end: RunEnded) -> None:
    for words in (end.message, end.hint):
        assert words.endswith(".")
        assert "\n" not in words
        assert "Traceback" not in words


def is_finite(path: Path) -> bool:
    return all(bool(t.isfinite().all()) for t in torch.load(path, weights_only=True).values())


def after_steps(monkeypatch: pytest.MonkeyPatch, count: int, do: Callable[[torch.nn.Module], None]) -> None:
    """Do something to the model right after its n-th step; an epoch of most of these tests has three."""
    real, taken = trainer_module.train_step, []

    def step(passage: Passage, *arguments: Any) -> Any:
        result = real(passage, *arguments)
        taken.append(1)
        if len(taken) == count:
            do(passage.network)
        return result

    monkeypatch.setattr(trainer_module, "train_step", step)


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*arguments: Any, **named: Any) -> Any:
        raise error

    return fail


@pytest.fixture
def each_epoch_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge every epoch better than the one before, so that each writes its weights."""
    losses = iter(range(1000, 0, -1))

    def evaluate(network: torch.nn.Module, feed: Feed, arithmetic: object) -> Any:
        probabilities = torch.full((len(feed.labels), 3), 1 / 3)
        yield (
            len(feed.labels),
            Evaluation(loss=next(losses) / 1000, accuracy=0.5, probabilities=probabilities),
        )

    monkeypatch.setattr(trainer_module, "evaluate", evaluate)


# A loss that is no number ---------------------------------------------------------------------------------


def test_a_learning_rate_that_blows_up_ends_the_run_and_keeps_finite_weights(
    drawn: Drawn, tmp_path: Path
) -> None:
    events = run_small(drawn.config(strategy="full", lr=100.0, batch_size=2), tmp_path / "run")
    end = end_of(events)
    assert end.reason == Reason.NAN_LOSS
    assert end.reason.is_failure
    assert_plain_words(end)
    assert "smaller learning rate" in end.hint
    assert is_finite(tmp_path / "run" / "best.pth")


def poison(model: torch.nn.Module) -> None:
    with torch.no_grad():
        model.fc.bias[0] = float("nan")  # type: ignore[union-attr,operator]


def test_a_nan_in_the_first_epoch_keeps_the_weights_it_began_with(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_steps(monkeypatch, 1, poison)
    events = run_small(drawn.config(), tmp_path / "run")
    end = end_of(events)
    assert (end.reason, end.best_epoch) == (Reason.NAN_LOSS, 1)
    (epoch,) = [event for event in events if isinstance(event, EpochEnded)]
    assert epoch.train_loss is None
    assert not epoch.complete
    assert is_finite(tmp_path / "run" / "best.pth")
    assert ",," not in (tmp_path / "run" / "metrics.csv").read_text().split("\n")[0]
    assert "nan" not in (tmp_path / "run" / "metrics.csv").read_text().lower()
    assert "NaN" not in (tmp_path / "run" / "events.jsonl").read_text()
    assert open_run(tmp_path / "run").state is RunState.FAILED


def test_a_nan_in_a_later_epoch_keeps_the_best_one_before(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_steps(monkeypatch, 4, poison)
    end = end_of(run_small(drawn.config(), tmp_path / "run"))
    assert (end.reason, end.best_epoch, end.epochs) == (Reason.NAN_LOSS, 1, 1)
    assert end.frozen_changed == 0
    assert is_finite(tmp_path / "run" / "best.pth")


@pytest.mark.parametrize("batch_size", [8, 24])
def test_a_nan_from_the_last_step_of_an_epoch_ends_the_run_as_well(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_size: int
) -> None:
    """No training batch sees it any more. With one batch an epoch, none ever would."""
    after_steps(monkeypatch, 24 // batch_size, poison)
    end = end_of(run_small(drawn.config(batch_size=batch_size), tmp_path / "run"))
    assert end.reason == Reason.NAN_LOSS
    assert is_finite(tmp_path / "run" / "best.pth")


# Memory and disk ------------------------------------------------------------------------------------------

OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nGPU 0 has a capacity of 1 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_running_out_of_memory_says_so_and_what_to_do(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(trainer_module, "train_step", raising(error))
    end = end_of(run_small(drawn.config(), tmp_path / "run"))
    assert end.reason == Reason.FAILED
    assert end.message == "The memory is not enough for this run."
    assert "batch size below 8" in end.hint
    assert_plain_words(end)


def test_a_batch_of_one_cannot_be_made_smaller(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_module, "train_step", raising(MemoryError()))
    end = end_of(run_small(drawn.config(batch_size=1), tmp_path / "run"))
    assert "batch size" not in end.hint
    assert_plain_words(end)


def test_running_out_of_memory_in_a_later_epoch_keeps_the_best_weights(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_steps(monkeypatch, 4, raising(MemoryError()))
    end = end_of(run_small(drawn.config(), tmp_path / "run"))
    assert (end.reason, end.best_epoch) == (Reason.FAILED, 1)
    assert is_finite(tmp_path / "run" / "best.pth")
    assert read_summary(tmp_path / "run").ended == end


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_running_out_of_memory_before_training_is_put_in_the_same_words(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """While the weights are read, say; nothing is written by then, so it is raised."""
    monkeypatch.setattr(prepare_job, "load_pretrained", raising(error))
    with pytest.raises(FtguiError, match="memory is not enough"):
        run_small(drawn.config(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("full_at", [2, 3], ids=["checkpoint of epoch 1", "best weights of epoch 2"])
def test_a_full_disk_keeps_the_best_weights_that_were_written(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, each_epoch_better: None, full_at: int
) -> None:
    real, written = torch.save, []

    def save(state: Any, stream: Any) -> None:
        written.append(1)
        if len(written) >= full_at:
            stream.write(b"half of the weights")
            raise FULL_DISK
        real(state, stream)

    monkeypatch.setattr(checkpoint.torch, "save", save)
    events = run_small(drawn.config(), tmp_path / "run")
    end = end_of(events)
    assert (end.reason, end.best_epoch) == (Reason.FAILED, 1)
    assert end.epochs == sum(isinstance(event, EpochEnded) for event in events) <= 2
    assert "No space left on device" in end.message
    assert "room" in end.hint
    assert_plain_words(end)
    assert is_finite(tmp_path / "run" / "best.pth")
    assert (tmp_path / "run" / "checkpoint.pth").exists() == (full_at == 3)
    assert not list((tmp_path / "run").glob(".*")), "no half file is left"
    assert open_run(tmp_path / "run").ended == end


@pytest.mark.parametrize("name", ["metrics.csv", "predictions.csv", "config.json", "split.json"])
def test_a_disk_that_is_full_for_any_file_of_the_run_ends_it_in_words(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    real = files.write_bytes

    def write(path: Path, content: bytes) -> None:
        if path.name == name:
            raise FULL_DISK
        real(path, content)

    monkeypatch.setattr(files, "write_bytes", write)
    end = end_of(run_small(drawn.config(), tmp_path / "run"))
    assert end.reason == Reason.FAILED
    assert "No space left on device" in end.message
    assert_plain_words(end)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk here that is always full")
@pytest.mark.parametrize("names", [("log.txt",), ("events.jsonl",), ("log.txt", "events.jsonl")])
def test_a_disk_that_is_full_from_the_start_ends_the_run_in_words(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    """Even the words about it cannot be written then."""
    real = RunStore._open

    def open_on_full_disk(store: RunStore, name: str) -> Any:
        return Path("/dev/full").open("w", encoding="utf-8") if name in names else real(store, name)

    monkeypatch.setattr(RunStore, "_open", open_on_full_disk)
    end = end_of(run_small(drawn.config(), tmp_path / "run"))
    assert end.reason == Reason.FAILED
    assert "No space left on device" in end.message
    assert_plain_words(end)


def test_a_disk_that_fills_up_while_training_ends_the_run_in_words(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, each_epoch_better: None
) -> None:
    """From the first epoch's end on nothing can be written, not even why."""

    def fill(model: torch.nn.Module) -> None:
        monkeypatch.setattr(store_module.RunStore, "_line", raising(FULL_DISK))
        monkeypatch.setattr(files, "write_bytes", raising(FULL_DISK))
        monkeypatch.setattr(checkpoint, "atomic_writer", raising(FULL_DISK))

    after_steps(monkeypatch, 4, fill)
    end = end_of(run_small(drawn.config(), tmp_path / "run"))
    assert (end.reason, end.best_epoch) == (Reason.FAILED, 1)
    assert "No space left on device" in end.message
    assert is_finite(tmp_path / "run" / "best.pth")


# Folders --------------------------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_with_a_run_in_it_is_never_written_over(drawn: Drawn, finished: dict[str, Finished]) -> None:
    folder = finished["freeze"].folder
    before = contents(folder)
    with pytest.raises(FtguiError, match="never writes over it") as caught:
        run_small(drawn.config(seed=5), folder)
    assert caught.value.hint == "Choose a new or an empty folder."
    assert contents(folder) == before


@pytest.mark.skipif(sys.platform == "win32", reason="/proc is Linux's")
@pytest.mark.parametrize("out", ["/proc/run", "/dev/null/run"])
def test_a_folder_that_cannot_be_written_to_is_said(drawn: Drawn, out: str) -> None:
    with pytest.raises(FtguiError, match=f"^The run cannot be written to “{out}”: ") as caught:
        run_small(drawn.config(), Path(out))
    assert caught.value.hint


def unreadable_pictures(folder: Path) -> None:
    for name in ("apples", "bricks"):
        (folder / name).mkdir(parents=True)
        for number in range(2):
            (folder / name / f"{number}.jpg").write_text(f"no picture {folder} {name} {number}")


def test_pictures_of_which_none_can_be_read_are_no_run_where_they_are_to_be_split(
    drawn: Drawn, tmp_path: Path
) -> None:
    unreadable_pictures(tmp_path / "data")
    with pytest.raises(FtguiError, match="fewer than two readable training pictures"):
        run_small(drawn.config(dataset=str(tmp_path / "data")), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_pictures_of_which_none_can_be_read_end_the_run(drawn: Drawn, tmp_path: Path) -> None:
    for side in ("train", "val"):
        unreadable_pictures(tmp_path / "data" / side)
    events = run_small(drawn.config(dataset=str(tmp_path / "data")), tmp_path / "run")
    assert end_of(events).reason == Reason.FAILED
    assert_plain_words(end_of(events))
    assert sum("left out" in event.message for event in events if isinstance(event, RunWarning)) == 8


# What nobody thought of -----------------------------------------------------------------------------------


def test_a_defect_of_our_own_ends_the_run_in_one_line_and_is_kept_in_the_log(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = RuntimeError("a shape\n  does not fit\nanother one")
    monkeypatch.setattr(trainer_module, "train_step", raising(error))
    end = end_of(run_small(drawn.config(), tmp_path / "run"))
    assert end.reason == Reason.FAILED
    assert "a shape" in end.message
    assert_plain_words(end)
    log = (tmp_path / "run" / "log.txt").read_text()
    assert "Traceback" in log
    assert "another one" in log


@pytest.mark.parametrize("name", ["weights.pth", "pictures"])
def test_what_is_wrong_from_the_start_is_raised_and_nothing_is_written(
    drawn: Drawn, tmp_path: Path, name: str
) -> None:
    key = "weights" if name == "weights.pth" else "dataset"
    with pytest.raises(FtguiError, match=name):
        run_small(drawn.config(**{key: str(tmp_path / name)}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_weights_of_another_architecture_name_both(drawn: Drawn, tmp_path: Path) -> None:
    with pytest.raises(FtguiError, match="do not fit ResNet-18") as caught:
        run_small(drawn.config(architecture="resnet18"), tmp_path / "run")
    assert "shufflenet_v2_x0_5" in str(caught.value)


def test_weights_without_numbers_are_refused_before_training(drawn: Drawn, tmp_path: Path) -> None:
    state = samples.calibrated_model("shufflenet_v2_x0_5", 5).state_dict()
    state["fc.weight"][0, 0] = float("inf")
    torch.save(state, tmp_path / "weights.pth")
    with pytest.raises(FtguiError, match="NaN or infinite"):
        run_small(drawn.config(weights=str(tmp_path / "weights.pth")), tmp_path / "run")


def test_a_blow_up_of_a_network_without_norms_keeps_the_weights_it_began_with(
    drawn: Drawn, tmp_path: Path, small_crops: None
) -> None:
    """Its weights stay finite numbers, so large that no answer of theirs is one."""
    weights = samples.calibrated_weights(tmp_path / "squeezenet.pth", "squeezenet1_1")
    config = drawn.config(weights=str(weights), strategy="full", lr=100.0, batch_size=4, epochs=2)
    end = end_of(run_small(config, tmp_path / "run"))
    assert (end.reason, end.best_epoch) == (Reason.NAN_LOSS, 1)
    before = torch.load(weights, weights_only=True)
    kept = torch.load(tmp_path / "run" / "best.pth", weights_only=True)
    assert all(torch.equal(kept[n], before[n]) for n in before if not n.startswith("classifier."))


def test_a_validation_loss_that_blows_up_first_keeps_the_weights_the_epoch_began_with(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = trainer_module.evaluate, []

    def evaluate(*arguments: Any) -> Any:
        for done, result in real(*arguments):
            seen.append(result)
            first = result is not None and sum(r is not None for r in seen) == 1
            yield done, Evaluation(float("inf"), 0.3, result.probabilities) if first else result

    monkeypatch.setattr(trainer_module, "evaluate", evaluate)
    end = end_of(run_small(drawn.config(), tmp_path / "run"))
    assert (end.reason, end.best_epoch, end.epochs) == (Reason.NAN_LOSS, 1, 1)
    assert is_finite(tmp_path / "run" / "best.pth")
